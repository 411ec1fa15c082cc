/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs made in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/run_help.h"

void make_begin(struct maker *m, unsigned blocks)
{
	memset(m, 0, sizeof(*m));
	m->blocks = blocks;
	m->host = "here";
	m->f = open_memstream(&m->text, &m->len);
	assert_non_null(m->f);
	fputs("# slabscope samples 3\ntrial,block,config,experiment,label,metric,value,unit,state,share,"
	      "source,worker,note\n",
	      m->f);
}

void make_value(struct maker *m, unsigned block, unsigned config, const char *metric, double value,
		const char *unit, const char *source)
{
	fprintf(m->f, "b%u-c%u,%u,%u,x,l,%s,%.17g,%s,exact,1,%s,-1,\n", block, config, block,
		config, metric, value, unit, source);
}

void make_state(struct maker *m, unsigned block, unsigned config, const char *metric,
		const char *value, const char *state, const char *note)
{
	fprintf(m->f, "b%u-c%u,%u,%u,x,l,%s,%s,ns,%s,0.5,hardware,-1,%s\n", block, config, block,
		config, metric, value, state, note);
}

void make_end(struct maker *m, unsigned block, unsigned config, const char *state, const char *note)
{
	fprintf(m->f, "b%u-c%u,%u,%u,x,l,trial.status,0,1,%s,1,runner,-1,%s\n", block, config,
		block, config, state, note);
}

void make_series(struct maker *m, unsigned config, const char *metric, double base, double step,
		 const char *unit, const char *source)
{
	for (unsigned b = 0; b < m->blocks; b++) {
		make_value(m, b, config, metric, base + b * step, unit, source);
		make_end(m, b, config, "ok", "");
	}
}

/* x: colour 0, 1, 2 by n 8, 16; y: colour 0; in this order configs 0 to 6. */
static const char run_json[] =
	"{'format': 1, 'blocks': %u, 'began': 'then', 'plan_hash': '0',"
	" 'host': {'hostname': '%s', 'kernel': '6', 'cpu_model': 'c', 'cpus_online': '2'},"
	" 'machine': {'nodes': 1},"
	" 'experiments': [{'name': 'x', 'first_config': 0, 'configs': 6, 'axes': ["
	"   {'name': 'colour', 'values': ['0', '1', '2']}, {'name': 'n', 'values': ['8', '16']}]},"
	"  {'name': 'y', 'first_config': 6, 'configs': 1, 'axes': ["
	"   {'name': 'colour', 'values': ['0']}]}],"
	" 'configs': ["
	"  {'label': 'colour=0,n=8', 'axes': {'colour': '0', 'n': '8'}, 'requested': {'ops': '1'}},"
	"  {'label': 'colour=0,n=16', 'axes': {'colour': '0', 'n': '16'}},"
	"  {'label': 'colour=1,n=8', 'axes': {'colour': '1', 'n': '8'}, 'requested': {'ops': '2'}},"
	"  {'label': 'colour=1,n=16', 'axes': {'colour': '1', 'n': '16'}},"
	"  {'label': 'colour=2,n=8', 'axes': {'colour': '2', 'n': '8'}},"
	"  {'label': 'colour=2,n=16', 'axes': {'colour': '2', 'n': '16'}},"
	"  {'label': 'colour=0', 'axes': {'colour': '0'}}]}";

void make_read(struct maker *m, struct results *r)
{
	char text[sizeof(run_json) + 100], *p;
	json_error_t je;
	struct err e;
	json_t *run;

	fclose(m->f);
	snprintf(text, sizeof(text), run_json, m->blocks, m->host);
	for (p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	run = json_loads(text, 0, &je);
	assert_non_null(run);
	if (results_make(r, "run", run, m->text, m->len, &e))
		fail_msg("%s", e.text);
	json_decref(run);
}
