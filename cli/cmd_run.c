/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope run: options or a job file -> plan -> trials -> results folder. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cli/aa.h"
#include "cli/caches.h"
#include "cli/commands.h"
#include "cli/job.h"
#include "cli/launch_model.h"
#include "cli/options.h"
#include "cli/plan_print.h"
#include "cli/run_command.h"
#include "cli/run_report.h"
#include "cli/run_tables.h"
#include "cli/rundir.h"
#include "cli/runner.h"
#include "collectors/model/params.h"

enum plain_id {
	P_OUT,
	P_RESUME,
	P_FORCE,
	P_PLAN,
	P_SHOWJOB,
	P_QUIET,
	P_VERBOSE,
	P_AA,
	P_AA_COMPARISONS,
	P_COLLECT,
	P_SPECIAL, /* job_specials[id - P_SPECIAL] */
};

/* What the command line said. */
struct request {
	struct job_section given; /* settings, in order */
	const char *out, *resume;
	double timeout, budget_s; /* with --resume; 0: the plan's; budget_s < 0: none */
	int force, plan, showjob, quiet, verbose, aa;
	unsigned aa_comparisons; /* 0: not given */
};

static int take_row(void *arg, const struct cli_table *t, const struct opt *row, const char *text,
		    struct err *e)
{
	struct request *q = arg;

	(void)t;
	return job_set(&q->given, row->name, text, "command line", e);
}

static int take_count(const char *text, unsigned least, unsigned most, unsigned *v, struct err *e)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[strspn(text, "0123456789")] || end == text || n < least || n > most)
		return err_set(e, -EINVAL, "expected a number from %u to %u, got '%.40s'", least,
			       most, text);
	*v = (unsigned)n;
	return 0;
}

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct request *q = arg;

	switch (p->id) {
	case P_OUT:
		q->out = text;
		return 0;
	case P_RESUME:
		q->resume = text;
		return 0;
	case P_FORCE:
		return q->force = 1, 0;
	case P_PLAN:
		return q->plan = 1, 0;
	case P_SHOWJOB:
		return q->showjob = 1, 0;
	case P_QUIET:
		return q->quiet++, 0;
	case P_VERBOSE:
		return q->verbose = 1, 0;
	case P_AA:
		return q->aa = 1, 0;
	case P_AA_COMPARISONS:
		return take_count(text, 1, AA_MOST, &q->aa_comparisons, e);
	default: /* P_COLLECT is the row of that name, with a letter */
		return job_set(&q->given, p->name, text, "command line", e);
	}
}

static const struct cli_plain own_options[] = {
	{ "collect", 'c', "LIST", "what measures: see --collect below", P_COLLECT },
	{ "out", 'o', "DIR", "results folder [results/JOB, or results/ and the time]", P_OUT },
	{ "resume", 0, "DIR", "go on with a run that was stopped or killed", P_RESUME },
	{ "force", 'f', NULL, "replace an earlier run in the folder", P_FORCE },
	{ "plan", 0, NULL, "print trials, memory and time, and run nothing", P_PLAN },
	{ "showjob", 0, NULL, "print the job file that says the same, and run nothing", P_SHOWJOB },
	{ "aa", 0, NULL,
	  "compare one config with itself: what noise this host has, kept for stat, compare and doctor",
	  P_AA },
	{ "aa-comparisons", 0, "N", "how many times, with --launches pairs each (40)",
	  P_AA_COMPARISONS },
	{ "quiet", 'q', NULL,
	  "no progress, and no word of trials that are repeated; twice: no trouble of single trials either",
	  P_QUIET },
	{ "verbose", 'v', NULL, "pass on what trials say; the whole order with --plan", P_VERBOSE },
};
#define NR_OWN (sizeof(own_options) / sizeof(own_options[0]))

/* What getopt is made from. */
struct grammar {
	struct run_tables tables;
	struct cli_plain plain[32];
	struct cli_spec spec;
};

static void grammar_init(struct grammar *g)
{
	unsigned i, k;

	memset(g, 0, sizeof(*g));
	run_tables_init(&g->tables);
	memcpy(g->plain, own_options, sizeof(own_options));
	for (k = NR_OWN, i = 0; job_specials[i].name; i++, k++)
		g->plain[k] = (struct cli_plain){ job_specials[i].name, 0, job_specials[i].metavar,
						  job_specials[i].help, P_SPECIAL + i };
	g->spec = (struct cli_spec){
		.command = "slabscope run",
		.usage = "[JOB.ini] [OPTION]... [-- COMMAND [ARGUMENT]...]",
		.about =
			"Runs every config of the job once per launch, in balanced random order, each trial in a fresh process.\n"
			"A value may be a list (8,16,32) or a range (0-3, 8-512*2, 0-1024+256): then it is an axis. Options\n"
			"given beside a job file hold for all of its experiments. Prints the folder of the results.\n"
			"With -- it is COMMAND that runs, once in each trial, with the config's allocator behind its malloc:\n"
			"--workload command, and unless said otherwise --ops 1 --warmup-ops off --profile fast.\n"
			"`--workload NAME --help` has the options of that workload, `slabscope list workloads` all of them.",
		.tables = g->tables.table,
		.plain = g->plain,
		.row = take_row,
		.option = take_plain,
	};
}

/* ---- the job ---- */

static int add_given(struct job *j, const struct request *q, int from_file, struct err *e)
{
	unsigned i;
	int rc = 0;

	if (!from_file)
		rc = job_section(j, "main", e);
	for (i = 0; i < q->given.nr && !rc; i++) {
		const struct job_setting *s = &q->given.set[i];

		if (from_file || opt_find(run_opts_table, s->name))
			rc = job_override(j, s->name, s->text, s->where, e);
		else
			rc = job_set(&j->exp[0], s->name, s->text, s->where, e);
	}
	return rc;
}

/* A seed that people can type. */
static int draw_seed(struct job *j, struct err *e)
{
	const struct job_setting *s = job_find(j, NULL, "seed");
	uint32_t seed;
	char text[16];

	if (s && strcmp(s->text, "auto"))
		return 0;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return err_set(e, -errno, "getrandom: %s", strerror(errno));
	snprintf(text, sizeof(text), "%" PRIu32, seed);
	return job_set(&j->global, "seed", text, "drawn",
		       e); /* a section that sets it is told so */
}

/* results/demo for examples/demo.ini; results/2026-11-22T20-45-00 without a file, results/aa-... of
 * an A/A run. */
static void default_out(const char *file, int aa, char out[PATH_MAX])
{
	const char *base = file ? strrchr(file, '/') : NULL;
	time_t now = time(NULL);
	char stamp[32];
	struct tm tm;

	base = base ? base + 1 : file;
	if (base && strcmp(base, "-") && !aa) {
		size_t n = strlen(base);

		if (n > 4 && !strcmp(base + n - 4, ".ini"))
			n -= 4;
		snprintf(out, PATH_MAX, "results/%.*s", (int)n, base);
		return;
	}
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H-%M-%S", localtime_r(&now, &tm));
	snprintf(out, PATH_MAX, "results/%s%s", aa ? "aa-" : "", stamp);
}

/* ---- running ---- */

/* No debug or sanitizer build measures unless told to; and modelled trials need their program. */
static int check_build(const struct plan *p, struct err *e)
{
	const char *flaw = trial_build_flaw();
	char program[PATH_MAX];
	unsigned c;

	for (c = 0; c < p->nr_configs; c++) {
		struct trial_spec s;
		unsigned allowed, modelled;

		if (plan_spec(p, c, &s, e))
			return -EINVAL;
		allowed = s.run.allow_debug || !*flaw;
		modelled = (unsigned)model_in_list(s.run.collect);
		trial_spec_release(&s);
		if (modelled && model_program(program, e))
			return -ENOENT;
		if (!allowed)
			return err_set(
				e, -EPERM,
				"figures of this build do not count (%s); --allow-debug measures all the same",
				flaw);
	}
	return 0;
}

/* What came of it: said, and noted in run.json. */
static int conclude(const struct rundir *d, const struct plan *p, const struct run_result *r,
		    const struct request *q)
{
	int status = run_exit_status(r);
	struct err e;

	run_report(stderr, p, r, d->path);
	if (rundir_note(d, "reached", run_report_json(p, r), &e)) {
		fprintf(stderr, "slabscope run: %s (the samples are whole)\n", e.text);
		return status ? status : 1;
	}
	if (r->end == RUN_SIGNAL)
		return status;
	if (aa_is(p) && aa_report(stdout, p, d, &e)) {
		fprintf(stderr, "slabscope run: %s\n", e.text);
		status = status ? status : 1;
	}
	if (!q->quiet)
		fprintf(stderr, "%u trials in %s; look with: slabscope stat %s\n", r->count.trials,
			d->path, d->path);
	printf("%s\n", d->path);
	return status;
}

static int run_in(struct rundir *d, const struct plan *p, const struct request *q,
		  const struct cli_spec *spec)
{
	const struct run_request how = { .timeout = q->timeout,
					 .budget_s = q->budget_s,
					 .quiet = q->quiet,
					 .verbose = q->verbose };
	struct run_result r;
	struct err e;
	int status;

	if (run_trials(p, d, &how, &r, &e)) {
		cli_failure(spec, &e);
		fprintf(stderr, "what was done is kept; go on with: slabscope run --resume %s\n",
			d->path);
		status = 1;
	} else {
		status = conclude(d, p, &r, q);
	}
	run_result_release(&r);
	return status;
}

static int do_resume(const struct request *q, const struct cli_spec *spec)
{
	struct rundir d;
	struct plan p;
	struct job j;
	struct err e;
	json_t *run;
	int status;

	if (rundir_open(&d, q->resume, &e))
		return cli_failure(spec, &e);
	if (run_json_read(d.path, &run, &e)) {
		rundir_close(&d);
		return cli_failure(spec, &e);
	}
	if (run_json_plan(run, d.path, &j, &p, &e)) {
		json_decref(run);
		rundir_close(&d);
		return cli_failure(spec, &e);
	}
	if (q->plan)
		status = plan_print(&p, stdout, q->verbose, &e) ? cli_failure(spec, &e) : 0;
	else
		status = check_build(&p, &e) ? cli_failure(spec, &e) : run_in(&d, &p, q, spec);
	plan_release(&p);
	job_release(&j);
	json_decref(run);
	rundir_close(&d);
	return status;
}

static int do_plan(struct job *j, const struct plan *p, const char *file, const struct request *q,
		   const struct cli_spec *spec, int argc, char **argv)
{
	char out[PATH_MAX];
	struct rundir d;
	struct err e;
	int status;

	if (q->plan)
		return plan_print(p, stdout, q->verbose, &e) ? cli_failure(spec, &e) : 0;
	if (check_build(p, &e))
		return cli_failure(spec, &e);
	if (q->out)
		snprintf(out, sizeof(out), "%s", q->out);
	else
		default_out(file, q->aa, out);
	if (rundir_create(&d, out, q->force, &e))
		return cli_failure(spec, &e);
	if (rundir_describe(&d, p, j, argc, argv, &e))
		status = cli_failure(spec, &e);
	else
		status = run_in(&d, p, q, spec);
	rundir_close(&d);
	return status;
}

/* The job that was asked for, or with --aa what is made of it. */
static int final_job(struct job *j, const struct request *q, struct err *e)
{
	struct job aa;
	int rc = draw_seed(j, e);

	if (!rc)
		rc = caches_resolve(j, e);
	if (rc || !q->aa)
		return rc;
	rc = aa_job(&aa, j, q->aa_comparisons ? q->aa_comparisons : AA_COMPARISONS, e);
	if (rc)
		return rc;
	job_release(j);
	*j = aa;
	return 0;
}

static int do_job(const char *file, const struct request *q, const struct cli_spec *spec, int argc,
		  char **argv)
{
	struct job j = { 0 };
	struct precision x;
	char *shown = NULL;
	struct plan p;
	struct err e;
	int status;
	int rc = file ? job_read(&j, file, &e) : 0;

	if (!rc)
		rc = add_given(&j, q, file != NULL, &e);
	if (!rc && q->showjob && !q->aa)
		shown = job_text(&j); /* without the seed that is drawn now */
	if (!rc)
		rc = final_job(&j, q, &e);
	if (!rc && q->showjob && q->aa)
		shown = job_text(&j);
	if (!rc)
		rc = plan_make(&p, &j, &e);
	if (!rc) {
		rc = precision_init(&x, &p, &e);
		precision_release(&x);
		if (rc)
			plan_release(&p);
	}
	if (rc) {
		job_release(&j);
		free(shown);
		return rc == -ENOMEM ? cli_failure(spec, &e) : cli_usage_error(spec, &e);
	}
	if (q->showjob)
		status = shown && fputs(shown, stdout) >= 0 ? 0 : 1;
	else
		status = do_plan(&j, &p, file, q, spec, argc, argv);
	free(shown);
	plan_release(&p);
	job_release(&j);
	return status;
}

static int resume_setting(struct request *q, const struct job_setting *s, struct err *e)
{
	struct run_opts o;
	int rc;

	if (!strcmp(s->name, "timeout")) {
		rc = opt_parse(opt_find(run_opts_table, "timeout"), &o, s->text, e);
		q->timeout = rc ? 0 : o.timeout;
		return rc;
	}
	if (!strcmp(s->name, "time_budget")) {
		rc = job_duration(s->text, &q->budget_s, e);
		q->budget_s = q->budget_s > 0 ? q->budget_s : -1;
		return rc ? err_prefix(e, rc, "--time-budget") : 0;
	}
	return err_set(e, -EINVAL, "--resume: %s is the folder's and cannot be given", s->name);
}

/* With --resume the job is the folder's: only how long it and each trial may take can be said
 * anew. */
static int check_resume(struct request *q, int operands, struct err *e)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < q->given.nr && !rc; i++)
		rc = resume_setting(q, &q->given.set[i], e);
	if (rc)
		return rc;
	if (operands || q->out || q->force || q->showjob || q->aa)
		return err_set(
			e, -EINVAL,
			"--resume: goes with --timeout, --time-budget, --plan, -q and -v only");
	return 0;
}

int cmd_run(int argc, char **argv)
{
	char **words = NULL; /* behind -- */
	struct grammar *g = malloc(sizeof(*g));
	struct request q = { .given = { 0 } };
	struct job holder = { 0 };
	struct err e;
	int n, status, all = argc;

	if (!g)
		return 1;
	grammar_init(g);
	run_tables_choose(&g->tables, argc, argv);
	if (!strcmp(argv[0], "replay")) /* cmd_replay.c, with its options as ours */
		g->spec.command = "slabscope replay";
	for (n = 1; n < all && !words; n++)
		if (!strcmp(argv[n], "--")) {
			words = &argv[n + 1];
			argc = n;
		}
	n = cli_parse(&g->spec, argc, argv, &q, &e);
	if (n >= 0 && words) {
		int rc = run_command(&q.given, words, n < argc, &e);

		n = rc ? rc : n;
	}
	if (n >= 0 && q.aa_comparisons && !q.aa)
		n = err_set(&e, -EINVAL, "--aa-comparisons: goes with --aa");
	if (n == CLI_HELP) {
		status = 0;
	} else if (n < 0) {
		status = cli_usage_error(&g->spec, &e);
	} else if (argc - n > 1) {
		err_set(&e, -EINVAL, "expected one job file, got '%s' and '%s'", argv[n],
			argv[n + 1]);
		status = cli_usage_error(&g->spec, &e);
	} else if (q.resume) {
		status = check_resume(&q, argc - n, &e) ? cli_usage_error(&g->spec, &e) :
							  do_resume(&q, &g->spec);
	} else if (n == argc && !q.given.nr && !q.aa) {
		err_set(&e, -EINVAL, "expected a job file or options that say what to run");
		status = cli_usage_error(&g->spec, &e);
	} else {
		status = do_job(n < argc ? argv[n] : NULL, &q, &g->spec, all, argv);
	}
	holder.global = q.given;
	job_release(&holder);
	free(g);
	return status;
}
