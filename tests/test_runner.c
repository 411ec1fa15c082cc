/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner with trials that are played: order, repeats, resuming, budget, precision, and what is
 * said at the end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/run_report.h"
#include "cli/runner.h"
#include "lib/file.h"

#define MOST_BLOCKS 64
#define MOST_CONFIGS 4

/* Trials as a play: what each attempt says, and after how many attempts a signal comes. */
struct play {
	/* the text of descriptor 3 for this attempt, malloc'd */
	char *(*says)(const struct play *y, unsigned block, unsigned config, unsigned attempt);
	unsigned attempts[MOST_BLOCKS][MOST_CONFIGS]; /* ended ones */
	unsigned launched;
	int interrupt_at; /* this attempt of the process is interrupted; -1: none */
	double noise;
};

static char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *text(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	assert_true(vasprintf(&s, fmt, ap) >= 0);
	va_end(ap);
	return s;
}

static int played(void *arg, unsigned block, unsigned config, const char *spec, struct launch *r,
		  struct err *e)
{
	struct play *y = arg;

	(void)e;
	assert_non_null(strstr(spec, "workload=null"));
	memset(r, 0, sizeof(*r));
	r->seconds = 0.5;
	if ((int)y->launched++ == y->interrupt_at) {
		r->status = LAUNCH_INTERRUPTED;
		r->code = SIGINT;
		return 0;
	}
	r->out = y->says(y, block, config, y->attempts[block][config]++);
	r->out_len = strlen(r->out);
	return 0;
}

/* A folder with a plan in it. */
struct fixture {
	struct plan p;
	struct rundir d;
	char dir[64];
};

static void begin(struct fixture *x, const char *job)
{
	struct job j;
	struct err e;

	strcpy(x->dir, "/tmp/slabscope-runner.XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	if (job_read_text(&j, job, "job", &e) || plan_make(&x->p, &j, &e) ||
	    rundir_create(&x->d, x->dir, 0, &e))
		fail_msg("%s", e.text);
	job_release(&j);
}

static void end(struct fixture *x)
{
	char path[PATH_MAX];

	unlink(rundir_file(&x->d, SAMPLES_FILE, path));
	rundir_close(&x->d);
	plan_release(&x->p);
	assert_int_equal(rmdir(x->dir), 0);
}

static void run(const struct fixture *x, struct play *y, double budget_s, struct run_result *r)
{
	const struct run_request q = {
		.budget_s = budget_s, .quiet = 2, .launch = played, .launch_arg = y
	};
	struct err e;

	y->launched = 0;
	if (run_trials(&x->p, &x->d, &q, r, &e))
		fail_msg("%s", e.text);
}

static char *samples_text(const struct fixture *x)
{
	char path[PATH_MAX], *s;

	assert_int_equal(file_read(rundir_file(&x->d, SAMPLES_FILE, path), 0, &s, NULL, NULL), 0);
	return s;
}

#define THREE                                                 \
	"[global]\nseed = 3\nlaunches = 4\nworkload = null\n" \
	"[a]\nlimit = 4,8,16\nbatchcount = 2\n"

/* ---- repeats ---- */

/* How many attempts of which trial are disturbed: 9 is all of them. */
static const unsigned disturbances[4][3] = { { 0, 1, 0 }, { 2, 0, 1 }, { 0, 0, 0 }, { 9, 1, 3 } };

static char *says_disturbed(const struct play *y, unsigned block, unsigned config, unsigned attempt)
{
	(void)y;
	return text("value time.ns_per_op %u ns exact 1 clock -1\n%send\n", 10 + attempt,
		    attempt < disturbances[block][config] ? "disturbed run_delay: 12 %\n" : "");
}

/* Attempts in the order they have to be made in. */
static unsigned expected_order(const struct fixture *x, char id[][PLAN_ID_MAX])
{
	unsigned b, round, i, n = 0;

	for (b = 0; b < 4; b++)
		for (round = 0; round <= x->p.run.repeats; round++)
			for (i = 0; i < 3; i++) {
				unsigned c = x->p.order[b * 3 + i];

				if (disturbances[b][c] >= round)
					plan_trial_id(b, c, id[n++]);
			}
	return n;
}

static void test_repeats(void **state)
{
	struct play y = { .says = says_disturbed, .interrupt_at = -1 };
	char want[40][PLAN_ID_MAX], path[PATH_MAX];
	struct fixture x;
	struct run_result r;
	struct samples s;
	unsigned i, n, k = 0;
	double *v;

	(void)state;
	begin(&x, THREE);
	run(&x, &y, 0, &r);
	n = expected_order(&x, want);
	assert_int_equal(n, 12 + 1 + 2 + 1 + 2 + 1 + 2);
	assert_int_equal(samples_read(&s, rundir_file(&x.d, SAMPLES_FILE, path), NULL), 0);
	for (i = 0; i < s.nr; i++)
		if (samples_is_status(&s.row[i]))
			assert_string_equal(s.row[i].trial, want[k++]);
	assert_int_equal(k, n);
	assert_int_equal(s.nr_trials, 12);
	samples_release(&s);
	assert_int_equal(r.end, RUN_ALL);
	assert_int_equal(r.blocks, 4);
	assert_int_equal(r.count.trials, 12);
	assert_int_equal(r.count.attempts, n);
	assert_int_equal(r.count.repeated, 6);
	assert_int_equal(r.count.status[LAUNCH_OK], 10);
	assert_int_equal(r.count.status[LAUNCH_DISTURBED], 2);
	assert_string_equal(r.count.aside, "run_delay");
	/* the last attempt's value counts, and none of a trial that stays disturbed */
	assert_int_equal(rundir_values(&x.d, &x.p, "time.ns_per_op", &v, NULL), 0);
	assert_true(v[1 * 4 + 0] == 11 && v[0 * 4 + 1] == 12 && v[2 * 4 + 2] == 10);
	assert_true(isnan(v[0 * 4 + 3]) && isnan(v[2 * 4 + 3]) && v[1 * 4 + 3] == 11);
	free(v);
	run_result_release(&r);
	end(&x);
}

/* Stopped at any attempt and gone on with, the file becomes the same, byte for byte. */
static void test_resume_anywhere(void **state)
{
	struct fixture x;
	struct run_result r;
	char *whole, *now;
	int at, n;

	(void)state;
	{
		struct play y = { .says = says_disturbed, .interrupt_at = -1 };

		begin(&x, THREE);
		run(&x, &y, 0, &r);
		n = (int)y.launched;
		whole = samples_text(&x);
		run_result_release(&r);
		end(&x);
	}
	for (at = 0; at < n; at++) {
		struct play y = { .says = says_disturbed, .interrupt_at = at };

		begin(&x, THREE);
		run(&x, &y, 0, &r);
		assert_int_equal(r.end, RUN_SIGNAL);
		assert_int_equal(r.signal, SIGINT);
		assert_int_equal(run_exit_status(&r), 130);
		run_result_release(&r);
		y.interrupt_at = -1;
		run(&x, &y, 0, &r);
		assert_int_equal(r.end, RUN_ALL);
		assert_int_equal(y.launched, n - at);
		run_result_release(&r);
		run(&x, &y, 0, &r); /* and nothing is left */
		assert_int_equal(y.launched, 0);
		assert_int_equal(r.there, 12);
		run_result_release(&r);
		now = samples_text(&x);
		assert_string_equal(now, whole);
		free(now);
		end(&x);
	}
	free(whole);
}

static void test_no_repeats(void **state)
{
	struct play y = { .says = says_disturbed, .interrupt_at = -1 };
	struct fixture x;
	struct run_result r;

	(void)state;
	begin(&x, "[global]\nseed = 3\nlaunches = 4\nworkload = null\nrepeats = 0\n"
		  "[a]\nlimit = 4,8,16\nbatchcount = 2\n");
	run(&x, &y, 0, &r);
	assert_int_equal(y.launched, 12);
	assert_int_equal(r.count.status[LAUNCH_DISTURBED], 6);
	assert_int_equal(r.count.repeated, 0);
	run_result_release(&r);
	end(&x);
}

/* ---- budget ---- */

static char *says_ok(const struct play *y, unsigned block, unsigned config, unsigned attempt)
{
	(void)attempt;
	/* without noise the same in each launch; with it, far apart and not in step */
	return text("value time.ns_per_op %.17g ns exact 1 clock -1\nend\n",
		    100 * (1 + config) * (1 + y->noise * ((block * 7 + config * 5) % 11)));
}

/* A budget that nothing fits into: one launch, whole, each time; none at all where all is there. */
static void test_budget(void **state)
{
	struct play y = { .says = says_ok, .interrupt_at = -1 };
	struct fixture x;
	struct run_result r;
	unsigned i;

	(void)state;
	begin(&x, THREE);
	for (i = 1; i <= 4; i++) {
		run(&x, &y, 1e-9, &r);
		assert_int_equal(r.end, i < 4 ? RUN_BUDGET : RUN_ALL);
		assert_int_equal(r.blocks, i);
		assert_int_equal(y.launched, 3);
		assert_int_equal(r.there, 3 * (i - 1));
		run_result_release(&r);
	}
	run(&x, &y, 1e-9, &r);
	assert_int_equal(r.end, RUN_ALL);
	assert_int_equal(y.launched, 0);
	run_result_release(&r);
	end(&x);
}

/* The plan's own budget, and a negative one that takes it away. */
static void test_budget_of_plan(void **state)
{
	static const char job[] =
		"[global]\nseed = 3\nlaunches = 3\nworkload = null\ntime_budget = 0.0000001s\n[a]\n";
	struct play y = { .says = says_ok, .interrupt_at = -1 };
	struct fixture x;
	struct run_result r;

	(void)state;
	begin(&x, job);
	run(&x, &y, 0, &r);
	assert_int_equal(r.end, RUN_BUDGET);
	assert_int_equal(r.blocks, 1);
	run_result_release(&r);
	run(&x, &y, -1, &r);
	assert_int_equal(r.end, RUN_ALL);
	assert_int_equal(r.blocks, 3);
	run_result_release(&r);
	end(&x);
}

/* ---- precision ---- */

static char *says_one_disturbed(const struct play *y, unsigned block, unsigned config,
				unsigned attempt)
{
	return config == 1 ?
		       text("value time.ns_per_op 1 ns exact 1 clock -1\ndisturbed steal\nend\n") :
		       says_ok(y, block, config, attempt);
}

static char *says_no_time(const struct play *y, unsigned block, unsigned config, unsigned attempt)
{
	(void)y, (void)block, (void)config, (void)attempt;
	return text("end\n");
}

static const struct {
	const char *launches, *axis;
	char *(*says)(const struct play *y, unsigned block, unsigned config, unsigned attempt);
	double noise;
	enum run_end end;
	unsigned blocks, looked, within, of;
} precisions[] = {
	/* no noise: at the first look that gives an interval at the corrected confidence */
	{ "64", "limit = 4,8", says_ok, 0, RUN_PRECISION, 8, 8, 1, 1 },
	{ "64", "", says_ok, 0, RUN_PRECISION, 8, 8, 1, 1 },
	{ "64", "limit = 4,8,16", says_ok, 0, RUN_PRECISION, 16, 16, 2, 2 },
	{ "12", "limit = 4,8", says_ok, 0, RUN_PRECISION, 8, 8, 1, 1 },
	/* too much noise: to the end, and the last look says so */
	{ "20", "limit = 4,8", says_ok, 0.5, RUN_ALL, 20, 20, 0, 1 },
	{ "20", "", says_ok, 0.5, RUN_ALL, 20, 20, 0, 1 },
	/* too few for any interval */
	{ "5", "limit = 4,8", says_ok, 0, RUN_ALL, 5, 5, 0, 1 },
	/* one of the two never gives a number, or none does */
	{ "16", "limit = 4,8,16", says_one_disturbed, 0, RUN_ALL, 16, 16, 1, 2 },
	{ "16", "limit = 4,8", says_no_time, 0, RUN_ALL, 16, 16, 0, 1 },
};

static void test_precision(void **state)
{
	struct fixture x;
	struct run_result r;
	char job[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(precisions) / sizeof(precisions[0]); i++) {
		struct play y = { .says = precisions[i].says,
				  .interrupt_at = -1,
				  .noise = precisions[i].noise };

		snprintf(job, sizeof(job),
			 "[global]\nseed = 3\nprecision = 1%%\nlaunches = %s\nworkload = null\n"
			 "repeats = 0\n[a]\nbatchcount = 2\n%s\n",
			 precisions[i].launches, precisions[i].axis);
		begin(&x, job);
		run(&x, &y, 0, &r);
		if (r.end != precisions[i].end || r.blocks != precisions[i].blocks ||
		    r.precision.launches != precisions[i].looked ||
		    r.precision.within != precisions[i].within ||
		    r.precision.nr != precisions[i].of)
			fail_msg("row %zu: end %d, %u launches, %u of %u within after %u", i, r.end,
				 r.blocks, r.precision.within, r.precision.nr,
				 r.precision.launches);
		run_result_release(&r);
		run(&x, &y, 0, &r); /* gone on with: looks the same, and runs nothing */
		assert_int_equal(y.launched, 0);
		assert_int_equal(r.end, precisions[i].end);
		run_result_release(&r);
		end(&x);
	}
}

/* The error is divided by looks and comparisons. */
static void test_precision_looks(void **state)
{
	static const unsigned want[] = { 8, 16, 32, 64, 100 };
	struct precision p;
	struct fixture x;
	unsigned i;

	(void)state;
	begin(&x, "[global]\nseed = 1\nprecision = 2%\nlaunches = 100\nworkload = null\n"
		  "[a]\nbatchcount = 2\nlimit = 4,8,16\n[b]\n");
	assert_int_equal(precision_init(&p, &x.p, NULL), 0);
	assert_int_equal(p.nr_looks, 5);
	for (i = 0; i < 5; i++)
		assert_int_equal(p.look[i], want[i]);
	assert_int_equal(p.nr, 3); /* two comparisons, and b by itself */
	assert_true(fabs(p.confidence - (1 - 0.05 / 15)) < 1e-12);
	assert_true(precision_has_look(&p, 16) && !precision_has_look(&p, 17));
	precision_release(&p);
	end(&x);
}

static void test_precision_needs_time(void **state)
{
	struct precision p;
	struct fixture x;
	struct err e;

	(void)state;
	begin(&x, "[global]\nseed = 1\nprecision = 2%\nworkload = null\ncollect = rusage\n[a]\n");
	assert_int_equal(precision_init(&p, &x.p, &e), -EINVAL);
	assert_non_null(strstr(e.text, "collect has to name time"));
	end(&x);
}

/* ---- what is said ---- */

static char *says_states(const struct play *y, unsigned block, unsigned config, unsigned attempt)
{
	static const char *const flags[] = { "", "invalid pages: 3 % on node 1\n",
					     "disturbed steal: 4 %\n" };

	(void)y, (void)attempt;
	return text("%send\n", block || config ? flags[config] : "");
}

static char *says_invalid(const struct play *y, unsigned block, unsigned config, unsigned attempt)
{
	(void)y, (void)block, (void)config, (void)attempt;
	return text("invalid pages: all on node 1\nend\n");
}

static char *says_one_repeated(const struct play *y, unsigned block, unsigned config,
			       unsigned attempt)
{
	(void)y;
	return text("%send\n", block || config || attempt ? "" : "disturbed steal: 4 %\n");
}

static const struct {
	char *(*says)(const struct play *y, unsigned block, unsigned config, unsigned attempt);
	double budget_s;
	int status;
	const char *said;
} reports[] = {
	{ says_ok, 0, 0, "" },
	{ says_disturbed, 0, 0,
	  "slabscope run: 6 of 12 trials were disturbed and repeated; 2 stay set aside (run_delay)\n" },
	{ says_states, 0, 0,
	  "slabscope run: 4 of 12 trials are not ok: 4 invalid\n"
	  "slabscope run: 4 of 12 trials were disturbed and repeated; 4 stay set aside (steal)\n"
	  "slabscope run: a limit=8 has no valid trial: invalid: pages: 3 % on node 1\n"
	  "slabscope run: a limit=16 has no valid trial: disturbed: steal: 4 %\n" },
	{ says_invalid, 0, 1,
	  "slabscope run: 12 of 12 trials are not ok: 12 invalid\n"
	  "slabscope run: a limit=4 has no valid trial: invalid: pages: all on node 1\n"
	  "slabscope run: a limit=8 has no valid trial: invalid: pages: all on node 1\n"
	  "slabscope run: a limit=16 has no valid trial: invalid: pages: all on node 1\n" },
	{ says_one_repeated, 0, 0, "slabscope run: 1 of 12 trials was disturbed and repeated\n" },
	{ says_ok, 1e-9, 0,
	  "slabscope run: 1 of 4 launches done, the next would not end within 0 s\n"
	  "go on with: slabscope run --resume DIR\n" },
};

static void test_reports(void **state)
{
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		struct play y = { .says = reports[i].says, .interrupt_at = -1 };
		struct fixture x;
		struct run_result r;
		char *said = NULL;
		json_t *o;
		FILE *f;

		begin(&x, THREE);
		run(&x, &y, reports[i].budget_s, &r);
		f = open_memstream(&said, &len);
		run_report(f, &x.p, &r, "DIR");
		fclose(f);
		assert_string_equal(said, reports[i].said);
		assert_int_equal(run_exit_status(&r), reports[i].status);
		o = run_report_json(&x.p, &r);
		assert_int_equal(json_integer_value(json_object_get(o, "launches")), r.blocks);
		assert_int_equal(json_integer_value(
					 json_object_get(json_object_get(o, "trials"), "invalid")),
				 r.count.status[LAUNCH_INVALID]);
		json_decref(o);
		free(said);
		run_result_release(&r);
		end(&x);
	}
}

/* ---- what is said meanwhile ---- */

/* What run_trials() says on standard error. */
static char *said_meanwhile(struct fixture *x, struct play *y, int quiet)
{
	const struct run_request q = { .quiet = quiet, .launch = played, .launch_arg = y };
	int keep = dup(STDERR_FILENO), fd;
	char path[] = "/tmp/slabscope-said.XXXXXX", *s;
	struct run_result r;
	struct err e;
	int rc;

	fd = mkstemp(path);
	assert_true(keep >= 0 && fd >= 0);
	fflush(stderr);
	dup2(fd, STDERR_FILENO);
	rc = run_trials(&x->p, &x->d, &q, &r, &e);
	fflush(stderr);
	dup2(keep, STDERR_FILENO);
	close(keep);
	close(fd);
	if (rc)
		fail_msg("%s", e.text);
	run_result_release(&r);
	assert_int_equal(file_read(path, 0, &s, NULL, NULL), 0);
	unlink(path);
	return s;
}

/* The first trial fails, all others are disturbed each time, and say what they could not measure. */
static char *says_failed_then_disturbed(const struct play *y, unsigned block, unsigned config,
					unsigned attempt)
{
	(void)block, (void)config, (void)attempt;
	return text("%s%send\n",
		    y->launched > 1 ? "value perf.x - 1 unavailable 1 hardware -1 no PMU\n" : "",
		    y->launched > 1 ? "disturbed run_delay: 12 %\n" : "invalid pages\n");
}

static unsigned times(const char *text_, const char *what)
{
	unsigned n = 0;

	for (; (text_ = strstr(text_, what)); text_ += strlen(what))
		n++;
	return n;
}

static void test_said_meanwhile(void **state)
{
	static const struct {
		char *(*says)(const struct play *y, unsigned block, unsigned config,
			      unsigned attempt);
		int quiet;
		unsigned missing, repeated, aside; /* lines of each kind */
		const char *last;
	} row[] = {
		/* said once, though no trial is ever ok, and with the first that measured anything */
		{ says_failed_then_disturbed, 0, 1, 22, 11,
		  "12/12 trials, 22 repeats, 12 not ok\n" },
		{ says_failed_then_disturbed, 1, 0, 0, 11, NULL },
		{ says_failed_then_disturbed, 2, 0, 0, 0, NULL },
		{ says_disturbed, 0, 0, 9, 2, "12/12 trials, 9 repeats, 2 not ok\n" },
		{ says_ok, 0, 0, 0, 0, "12/12 trials\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct play y = { .says = row[i].says, .interrupt_at = -1 };
		struct fixture x;
		char *s;

		begin(&x, THREE);
		s = said_meanwhile(&x, &y, row[i].quiet);
		if (times(s, "not measured here: perf (perf.x): no PMU") != row[i].missing ||
		    times(s, " (is repeated)\n") != row[i].repeated ||
		    times(s, "disturbed: run_delay: 12 %\n") != row[i].aside ||
		    (row[i].last ? !strstr(s, row[i].last) : times(s, "trials") != 0))
			fail_msg("row %zu: %s", i, s);
		free(s);
		end(&x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repeats),		cmocka_unit_test(test_resume_anywhere),
		cmocka_unit_test(test_no_repeats),	cmocka_unit_test(test_budget),
		cmocka_unit_test(test_budget_of_plan),	cmocka_unit_test(test_precision),
		cmocka_unit_test(test_precision_looks), cmocka_unit_test(test_precision_needs_time),
		cmocka_unit_test(test_reports),		cmocka_unit_test(test_said_meanwhile),
	};

	return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
