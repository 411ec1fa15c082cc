/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/runner.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/launch.h"
#include "cli/progress.h"
#include "cli/record.h"

/* ---- running ---- */

struct running {
	const struct plan *p;
	struct launcher launcher;
	struct progress progress;
	struct run_result *r;
	int fd, quiet;
};

/* The specification of one trial as text: the config's, with the block's seed. */
static char *trial_text(const struct plan *p, unsigned block, unsigned config, struct err *e)
{
	struct trial_spec s;
	char *text;

	if (plan_spec(p, config, &s, e))
		return NULL;
	s.run.seed = plan_trial_seed(p, block);
	text = plan_spec_text(&s);
	trial_spec_release(&s);
	if (!text)
		err_set(e, -ENOMEM, "out of memory");
	return text;
}

static void report(struct running *g, unsigned block, unsigned config, const struct launch *l)
{
	const struct plan *p = g->p;
	char id[PLAN_ID_MAX];

	if (l->status == LAUNCH_OK || g->quiet > 1)
		return;
	plan_trial_id(block, config, id);
	progress_clear(&g->progress);
	fprintf(stderr, "slabscope run: trial %s (%s %s): %s: %s\n", id,
		p->exp[p->config[config].exp].name, p->config[config].label,
		launch_status_names[l->status], l->note);
}

static int one_trial(struct running *g, unsigned block, unsigned config, struct err *e)
{
	struct samples_buf rows = { 0 };
	struct launch l;
	char *text = trial_text(g->p, block, config, e);
	int rc = text ? launch_trial(&g->launcher, text, &l, e) : -EINVAL;

	free(text);
	if (rc)
		return rc;
	if (l.status == LAUNCH_INTERRUPTED) {
		g->r->signal = l.code;
	} else {
		record_trial(&rows, g->p, block, config, &l);
		rc = samples_append(g->fd, &rows, e);
		samples_buf_release(&rows);
		if (!rc) {
			report(g, block, config, &l);
			g->r->count[l.status]++;
			g->r->ran++;
			progress_step(&g->progress, l.status == LAUNCH_OK,
				      g->p->config[config].label);
		}
	}
	launch_release(&l);
	return rc;
}

static int all_trials(struct running *g, const unsigned char *done, struct err *e)
{
	const struct plan *p = g->p;
	size_t i, n = (size_t)p->blocks * p->nr_configs;
	int rc = 0;

	for (i = 0; i < n && !rc && !g->r->signal; i++) {
		unsigned block = i / p->nr_configs, config = p->order[i];

		if (!done[(size_t)block * p->nr_configs + config])
			rc = one_trial(g, block, config, e);
	}
	return rc;
}

int run_trials(const struct plan *p, const struct rundir *d, double timeout, int quiet, int verbose,
	       struct run_result *r, struct err *e)
{
	struct running g = { .p = p, .r = r, .quiet = quiet };
	char path[PATH_MAX];
	unsigned char *done;
	int rc;

	memset(r, 0, sizeof(*r));
	r->planned = p->blocks * p->nr_configs;
	rc = rundir_done(d, p, &done, &r->there, e);
	if (rc)
		return rc;
	rc = samples_open(rundir_file(d, SAMPLES_FILE, path), &g.fd, e);
	if (!rc) {
		rc = launcher_init(&g.launcher, e);
		if (!rc) {
			g.launcher.timeout = timeout > 0 ? timeout : p->timeout;
			g.launcher.verbose = verbose;
			progress_begin(&g.progress, r->planned - r->there, quiet);
			rc = all_trials(&g, done, e);
			progress_clear(&g.progress);
			launcher_release(&g.launcher);
		}
		close(g.fd);
	}
	free(done);
	return rc;
}

/* ---- the plan as text ---- */

/* Process start, set-up and tear-down of one trial: what a null trial takes on a slow machine,
 * roughly. */
#define TRIAL_EXTRA_S 0.03

struct estimate {
	double seconds;
	uint64_t memory;
	unsigned by_ops;	 /* configs whose length is a count of operations: time unknown */
	unsigned unknown_memory; /* configs whose workload does not say */
};

static int estimate(const struct plan *p, struct estimate *s, struct err *e)
{
	unsigned c;

	memset(s, 0, sizeof(*s));
	for (c = 0; c < p->nr_configs; c++) {
		struct trial_spec t;
		uint64_t memory = 0;
		int rc = plan_spec(p, c, &t, e);

		if (rc)
			return rc;
		if (t.run.ops != OPT_AUTO_U64)
			s->by_ops++;
		else
			s->seconds += p->blocks *
				      (t.run.duration_ms / 1000.0 * (t.run.warmup_ops ? 2 : 1) +
				       TRIAL_EXTRA_S);
		if (t.wl->memory)
			memory = t.wl->memory(t.params, &t.config) * t.run.workers;
		else
			s->unknown_memory++;
		if (memory > s->memory)
			s->memory = memory;
		trial_spec_release(&t);
	}
	return 0;
}

static void print_experiment(const struct plan_exp *x, FILE *f)
{
	unsigned a, v;

	fprintf(f, "experiment %s: %u config%s\n", x->name, x->nr_configs,
		x->nr_configs == 1 ? "" : "s");
	for (a = 0; a < x->nr_fixed; a++)
		fprintf(f, "  %-16s %s\n", x->fixed[a].name, x->fixed[a].text);
	for (a = 0; a < x->nr_axes; a++) {
		fprintf(f, "  %-16s", x->axis[a].name);
		for (v = 0; v < x->axis[a].nr; v++)
			fprintf(f, " %s", x->axis[a].value[v].label);
		fputs("   (axis)\n", f);
	}
}

static void print_order(const struct plan *p, FILE *f, unsigned blocks)
{
	unsigned b, i;

	for (b = 0; b < blocks; b++)
		for (i = 0; i < p->nr_configs; i++) {
			unsigned c = p->order[(size_t)b * p->nr_configs + i];
			char id[PLAN_ID_MAX];

			plan_trial_id(b, c, id);
			fprintf(f, "  %s  %s %s\n", id, p->exp[p->config[c].exp].name,
				p->config[c].label);
		}
}

int run_print_plan(const struct plan *p, FILE *f, int verbose, struct err *e)
{
	unsigned i, shown = verbose ? p->blocks : 1;
	struct estimate s;
	char t[40];
	int rc = estimate(p, &s, e);

	if (rc)
		return rc;
	for (i = 0; i < p->nr_exp; i++)
		print_experiment(&p->exp[i], f);
	fprintf(f, "order of trials%s:\n", shown < p->blocks ? " (first block; -v shows all)" : "");
	print_order(p, f, shown);
	fprintf(f, "trials: %u = %u configs x %u launches; seed %" PRIu64 "; plan %s\n",
		p->nr_configs * p->blocks, p->nr_configs, p->blocks, p->seed, p->hash);
	if (s.unknown_memory == p->nr_configs)
		fputs("memory: not known (the workload does not say)\n", f);
	else
		fprintf(f, "memory: up to %.1f MiB in one trial%s\n", s.memory / 1048576.0,
			s.unknown_memory ? ", without those whose workload does not say" : "");
	if (s.by_ops == p->nr_configs)
		fputs("time: not known, ops is given\n", f);
	else
		fprintf(f, "time: about %s%s (regions, warm-up, and %g s more per trial)\n",
			progress_duration(s.seconds, t, sizeof(t)),
			s.by_ops ? ", without the configs whose ops is given" : "", TRIAL_EXTRA_S);
	return 0;
}
