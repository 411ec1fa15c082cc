/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope tune: which toggles are best for a workload on a CPU. */
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/compare.h"
#include "cli/launch_model.h"
#include "cli/options.h"
#include "cli/run_tables.h"
#include "cli/tune.h"
#include "cli/tune_trace.h"

#define TUNE_WORKLOAD "hot-header" /* a trial's default */
#define MANY_MEMORY 0.1		   /* where nobody looks at each cache's price */

enum plain_id {
	P_HOT,
	P_CACHES,
	P_TOP,
	P_JOBS,
	P_OBJECTIVE,
	P_MEMORY,
	P_VARY,
	P_DELTA,
	P_EFFORT,
	P_EXHAUST,
	P_MODEL_ONLY,
	P_HARDWARE_ONLY,
	P_NO_SENSE,
	P_OUT,
	P_CONFIG,
	P_C,
	P_JSON,
	P_QUIET,
	P_VERBOSE,
};

static const struct cli_plain options[] = {
	{ "hot", 0, "LINES[@OFFSET]",
	  "cache lines of an object that a visit touches, and from which byte on", P_HOT },
	{ "objective", 0, "WHAT",
	  "what is to become small: time, misses, memory, held, a metric, or a sum as in 0.8*time+0.2*memory (time)",
	  P_OBJECTIVE },
	{ "memory", 0, "+PCT|any",
	  "settings that take more bytes per object than this above what stands are left out (any; of listings and traces +10%)",
	  P_MEMORY },
	{ "vary", 0, "TOGGLE=LIST",
	  "choose among these values, instead of the built-in candidates; may be given several times",
	  P_VARY },
	{ "caches", 0, "FILE|auto", "advice for each cache of a slabinfo listing, by the model",
	  P_CACHES },
	{ "top", 0, "N",
	  "of a listing only the caches with the most active bytes, of a trace with the most records (all)",
	  P_TOP },
	{ "jobs", 'j', "N",
	  "caches of a listing or a trace that are tuned at a time (one for each CPU)", P_JOBS },
	{ "delta", 0, "PCT", "a gain that does not matter (1%)", P_DELTA },
	{ "effort", 0, "PCT",
	  "modelled trials, as a share of the settings that differ; at least 16 (5%)", P_EFFORT },
	{ "exhaustive", 0, NULL, "every setting that differs, at full length", P_EXHAUST },
	{ "model-only", 0, NULL, "the model decides, also for this machine", P_MODEL_ONLY },
	{ "hardware-only", 0, NULL, "no modelled trials; at most 64 settings", P_HARDWARE_ONLY },
	{ "no-sensitivity", 0, NULL, "leave out the reason and how far the advice reaches",
	  P_NO_SENSE },
	{ "out", 'o', "DIR", "folder for the launches on this machine [results/tune-TIME]", P_OUT },
	{ "config", 0, "FILE", "write the pick as a job file, which run and the library read",
	  P_CONFIG },
	{ "c-source", 0, "FILE", "write the pick as C source for kmem_cache_create()", P_C },
	{ "json", 0, NULL, "print JSON", P_JSON },
	{ "quiet", 'q', NULL, "no progress", P_QUIET },
	{ "verbose", 'v', NULL, "pass on what trials say, and progress of the runs", P_VERBOSE },
	{ .name = NULL },
};

static int take_row(void *arg, const struct cli_table *t, const struct opt *row, const char *text,
		    struct err *e)
{
	struct tune_request *q = arg;

	(void)t;
	if (strcmp(row->name, "target"))
		return job_set(&q->given, row->name, text, "command line", e);
	if (q->nr_targets == sizeof(q->target) / sizeof(*q->target))
		return err_set(e, -E2BIG, "target: at most 16");
	q->target[q->nr_targets++] = text;
	return 0;
}

/* "2@64": lines and hot_offset where the workload has them, else touch. Once all is known that was given. */
static int apply_hot(struct tune_request *q, const char *text, struct err *e)
{
	const char *at = strchr(text, '@');
	const struct workload *wl = workload_find(TUNE_WORKLOAD);
	const char *name;
	char lines[32];
	int rc;

	for (unsigned i = 0; i < q->given.nr; i++)
		if (!strcmp(q->given.set[i].name, "workload"))
			wl = workload_find(q->given.set[i].text);
	name = wl && wl->opts && opt_find(wl->opts, "lines") ? "lines" : "touch";
	if (snprintf(lines, sizeof(lines), "%.*s", (int)(at ? at - text : (int)strlen(text)),
		     text) >= (int)sizeof(lines))
		return err_set(e, -EINVAL, "hot: expected LINES or LINES@OFFSET, got '%.40s'",
			       text);
	rc = job_set(&q->given, name, lines, "--hot", e);
	return rc || !at ? rc : job_set(&q->given, "hot_offset", at + 1, "--hot", e);
}

static int take_percent(const char *text, double least, double most, double *v, struct err *e)
{
	return percent_parse(*text == '+' ? text + 1 : text, least, most, v, e);
}

static int take_number(const char *text, unsigned most, unsigned *v, struct err *e)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !n || n > most)
		return err_set(e, -EINVAL, "expected a number from 1 to %u, got '%.40s'", most,
			       text);
	*v = (unsigned)n;
	return 0;
}

static int take_choice(struct tune_request *q, int id, const char *text, struct err *e)
{
	switch (id) {
	case P_VARY:
		if (q->nr_vary == TUNE_TOGGLES_MOST)
			return err_set(e, -E2BIG, "at most %u toggles", TUNE_TOGGLES_MOST);
		q->vary[q->nr_vary++] = text;
		return 0;
	case P_MEMORY:
		if (!strcmp(text, "any"))
			q->memory = INFINITY;
		else if (take_percent(text, 0, 1000, &q->memory, e))
			return -EINVAL;
		else
			q->memory += 1;
		return 0;
	case P_DELTA:
		return take_percent(text, 0, 100, &q->delta, e);
	case P_EFFORT:
		return take_percent(text, 0, 100, &q->effort, e);
	case P_JOBS:
		return take_number(text, 64, &q->jobs, e);
	default: /* P_TOP */
		return take_number(text, 1000000, &q->top, e);
	}
}

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct tune_request *q = arg;
	int rc;

	switch (p->id) {
	case P_HOT:
		return q->hot = text, 0;
	case P_OBJECTIVE:
		return q->objective = text, 0;
	case P_CACHES:
		return q->caches = text, 0;
	case P_EXHAUST:
		return q->exhaust = 1, 0;
	case P_MODEL_ONLY:
		return q->model_only = 1, 0;
	case P_HARDWARE_ONLY:
		return q->hardware_only = 1, 0;
	case P_NO_SENSE:
		return q->no_sense = 1, 0;
	case P_OUT:
		return q->out = text, 0;
	case P_CONFIG:
		return q->config_file = text, 0;
	case P_C:
		return q->c_file = text, 0;
	case P_JSON:
		return q->json = 1, 0;
	case P_QUIET:
		return q->quiet = 1, 0;
	case P_VERBOSE:
		return q->verbose = 1, 0;
	default:
		rc = take_choice(q, p->id, text, e);
		return rc ? err_prefix(e, rc, "%s", p->name) : 0;
	}
}

/* ---- output ---- */

static int write_file(const char *name, const struct tuning *t,
		      void (*write)(const struct tuning *t, FILE *f), struct err *e)
{
	FILE *f = name ? fopen(name, "w") : NULL;
	int bad;

	if (!name)
		return 0;
	if (!f)
		return err_set(e, -errno, "%s: %s", name, strerror(errno));
	write(t, f);
	bad = ferror(f);
	if (fclose(f) || bad)
		return err_set(e, -EIO, "%s: %s", name, strerror(errno));
	return 0;
}

static int print_json(json_t *o, struct err *e)
{
	if (!o || json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12)))
		return err_set(e, -EIO, "the JSON cannot be written");
	putchar('\n');
	return 0;
}

/* One target after the other; JSON of several is an array. */
static int tune_targets(const struct tune_request *q, struct launcher *l, struct err *e)
{
	json_t *all = q->nr_targets > 1 && q->json ? json_array() : NULL;
	unsigned n = q->nr_targets ? q->nr_targets : 1;
	int rc = 0;

	for (unsigned i = 0; i < n && !rc; i++) {
		struct tuning *t = calloc(1, sizeof(*t));

		if (!t)
			return err_set(e, -ENOMEM, "out of memory");
		rc = tune_one(t, q, &q->given, q->nr_targets ? q->target[i] : NULL, l, e);
		if (!rc && all)
			json_array_append_new(all, tune_json(t));
		else if (!rc && q->json) {
			json_t *o = tune_json(t);

			rc = print_json(o, e);
			json_decref(o);
		} else if (!rc) {
			if (i)
				putchar('\n');
			tune_text(t, stdout);
		}
		if (!rc)
			rc = write_file(q->config_file, t, tune_write_config, e);
		if (!rc)
			rc = write_file(q->c_file, t, tune_write_c, e);
		tuning_release(t);
		free(t);
	}
	if (all && !rc)
		rc = print_json(all, e);
	json_decref(all);
	return rc;
}

/* ---- the command ---- */

/* Before minutes of work: the file, or a new one in its folder, can be written. */
static int check_file(const char *name, struct err *e)
{
	char folder[PATH_MAX];

	if (!name || !access(name, W_OK))
		return 0;
	snprintf(folder, sizeof(folder), "%s", name);
	if (errno == ENOENT && !access(dirname(folder), W_OK))
		return 0;
	return err_set(e, -errno, "%s: %s", name, strerror(errno));
}

static int check(const struct tune_request *q, struct err *e)
{
	char program[PATH_MAX];
	int rc;

	if (q->model_only && q->hardware_only)
		return err_set(e, -EINVAL, "--model-only and --hardware-only exclude each other");
	if (q->exhaust && q->hardware_only)
		return err_set(e, -EINVAL, "--exhaustive is of modelled trials");
	if (q->hardware_only && q->nr_targets)
		return err_set(e, -EINVAL,
			       "--hardware-only is about this machine, without --target");
	if (q->caches && q->trace)
		return err_set(e, -EINVAL, "--caches and --trace exclude each other");
	if ((q->caches || q->trace) && (q->hardware_only || q->c_file || q->nr_targets > 1))
		return err_set(
			e, -EINVAL,
			"--caches and --trace go with one --target, and not with --hardware-only or --c-source");
	if (q->nr_targets > 1 && (q->config_file || q->c_file))
		return err_set(e, -EINVAL, "--config and --c-source go with one --target");
	if (*trial_build_flaw()) {
		const struct job_setting *s = q->given.set;
		unsigned i = 0;

		while (i < q->given.nr && strcmp(s[i].name, "allow_debug"))
			i++;
		if (i == q->given.nr)
			return err_set(
				e, -EPERM,
				"figures of this build do not count (%s); --allow-debug tunes all the same",
				trial_build_flaw());
	}
	rc = check_file(q->config_file, e);
	if (!rc)
		rc = check_file(q->c_file, e);
	return rc || q->hardware_only ? rc : model_program(program, e);
}

static int run(const struct tune_request *q, struct err *e)
{
	struct launcher l;
	int rc = launcher_init(&l, e);

	if (rc)
		return rc;
	l.timeout = 600;
	l.verbose = q->verbose;
	if (q->trace)
		rc = tune_trace(q, &l, stdout, e);
	else
		rc = q->caches ? tune_listing(q, &l, stdout, e) : tune_targets(q, &l, e);
	launcher_release(&l);
	return rc;
}

/* --trace is an option of the workload replay, and here a question of its own. */
static int find_trace(struct tune_request *q, struct err *e)
{
	const char *workload = NULL;

	for (unsigned i = 0; i < q->given.nr; i++) {
		const struct job_setting *s = &q->given.set[i];

		if (!strcmp(s->name, "workload"))
			workload = s->text;
		else if (!strcmp(s->name, "trace"))
			q->trace = s->text;
		else if (!strcmp(s->name, "cache_toggles"))
			return err_set(e, -EINVAL, "cache_toggles: tune finds them; it takes none");
	}
	if (q->trace && workload && strcmp(workload, "replay") != 0)
		return err_set(e, -EINVAL, "--trace is of the workload replay, not of %s",
			       workload);
	if (!q->trace && workload && !strcmp(workload, "replay"))
		return err_set(e, -EINVAL, "trace: which file? (--trace FILE)");
	return 0;
}

static void forget(struct tune_request *q)
{
	struct job j = { .global = q->given };

	job_release(&j);
}

int cmd_tune(int argc, char **argv)
{
	struct tune_request q = {
		.objective = "time", .delta = TUNE_DELTA, .effort = TUNE_EFFORT, .least = TUNE_LEAST
	};
	struct run_tables tables;
	const struct cli_spec spec = {
		.command = "slabscope tune",
		.usage = "--workload NAME --object-size N [OPTION]...\n"
			 "       slabscope tune --caches FILE [OPTION]...\n"
			 "       slabscope tune --trace FILE [OPTION]...",
		.about =
			"Which toggles are best for a workload, on this machine or on a modelled CPU (--target).\n"
			"The model tries what looks promising. Where the target is this machine, the best of it goes through\n"
			"rounds of paired launches, and the winner against what stands on fresh ones; elsewhere the model alone\n"
			"decides, and that is said. Toggles that are given are what stands.\n"
			"--caches and --trace give advice for each cache of a slabinfo listing or of a recorded trace, by the model.\n"
			"`--workload NAME --help` has the options of that workload.",
		.tables = tables.table,
		.plain = options,
		.row = take_row,
		.option = take_plain,
	};
	struct err e = { "" };
	int n, rc;

	run_tables_init(&tables);
	run_tables_choose(&tables, argc, argv);
	n = cli_parse(&spec, argc, argv, &q, &e);
	rc = n < 0 ? n : 0;
	if (!rc && n < argc)
		rc = err_set(&e, -EINVAL, "unexpected argument '%s'", argv[n]);
	if (!rc)
		rc = find_trace(&q, &e);
	if (!rc && q.hot)
		rc = apply_hot(&q, q.hot, &e);
	if (!rc && !q.memory)
		q.memory = q.caches || q.trace ? 1 + MANY_MEMORY : INFINITY;
	if (!rc)
		rc = check(&q, &e);
	if (!rc)
		rc = run(&q, &e);
	forget(&q);
	if (n == CLI_HELP)
		return 0;
	if (rc == -EINTR)
		return 130;
	if (rc == -EINVAL || rc == -E2BIG)
		return cli_usage_error(&spec, &e);
	if (rc == -EOPNOTSUPP) {
		cli_failure(&spec, &e);
		return EXIT_CANNOT;
	}
	return rc ? cli_failure(&spec, &e) : 0;
}
