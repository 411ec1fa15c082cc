/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole trials in child processes, those that go wrong among them; test_trial_spec.c has what comes before. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/trial_help.h"

static void test_whole_trials(void **state)
{
	static const char *const rows[] = {
		"workload=null\nops=1000\n",
		"workload=hot-header\nn=16\nops=1000\nwarmup_ops=100\n",
		"workload=hot-header\naccess=rmw\nn=16\nops=1000\nallocator=malloc\n",
		"workload=churn\nn=100\nops=1000\n",
		"workload=churn\nn=100\nops=1000\nallocator=malloc\n",
		"workload=churn\nn=100\nops=1000\nallocator=null\n",
		"workload=churn\nn=100\nops=1000\nprofile=fast\n",
		"workload=churn\nn=100\nops=1000\nprofile=kernel-6.1\nstats=full\n",
		"workload=churn\nn=100\nops=1000\nnodes=2\nplacement=interleave-object\n",
		"workload=churn\nn=100\nops=1000\nred_zone=on\npoison=on\n",
		"workload=churn\nn=100\nops=1000\ncollect=null\n",
		"workload=churn\nn=100\nops=1000\ncollect=\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct outcome o;
		char text[512], buf[64];

		snprintf(text, sizeof(text), "%sallow_debug=on\n", rows[i]);
		run_trial(text, NULL, &o);
		expect_whole(&o, rows[i]);
		assert_non_null(field_of(&o, "effective", "ops", buf, sizeof(buf)));
		assert_string_equal(buf, "1000");
		if (strstr(rows[i], "collect="))
			continue;
		assert_non_null(field_of(&o, "value", "time.ns_per_op", buf, sizeof(buf)));
		assert_true(atof(buf) > 0);
		assert_non_null(field_of(&o, "value", "rusage.minor_faults", buf, sizeof(buf)));
		assert_non_null(field_of(&o, "value", "slabinfo.grown", buf, sizeof(buf)));
		if (strstr(rows[i], "allocator="))
			assert_string_equal(buf, "-"); /* not 0: not known */
	}
}

/* Two workers, where there are two CPUs. */
static void test_two_workers(void **state)
{
	static struct outcome o;
	char buf[64];

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	run_trial("workload=churn\nn=100\nops=2000\nworkers=2\nallow_debug=on\n", NULL, &o);
	expect_whole(&o, "churn, 2 workers");
	assert_non_null(strstr(o.text, " clock 1\n")); /* worker 1 has its own line */
	assert_non_null(field_of(&o, "effective", "cpus", buf, sizeof(buf)));
	assert_non_null(strchr(buf, ','));
}

/* ops=auto ends, with a number that people can repeat. */
static void test_auto_ops(void **state)
{
	static struct outcome o;
	unsigned long long ops;
	char buf[64];

	(void)state;
	run_trial("workload=churn\nn=100\nduration_ms=5\nallow_debug=on\n", NULL, &o);
	expect_whole(&o, "ops=auto");
	assert_non_null(field_of(&o, "effective", "ops", buf, sizeof(buf)));
	ops = strtoull(buf, NULL, 10);
	assert_true(ops > 0);
	while (ops >= 100) {
		assert_int_equal(ops % 10, 0);
		ops /= 10;
	}
}

/* The same specification gives the same counts: nothing the engine did depends on the clock. */
static void test_same_seed(void **state)
{
	static const char spec[] =
		"workload=churn\nn=500\nops=20000\nwarmup_ops=1000\nseed=5\nworkers=1\n"
		"colour_seq=random\nallow_debug=on\n";
	static const char *const metrics[] = { "slabinfo.refills",	"slabinfo.flushes",
					       "slabinfo.list_allocs",	"slabinfo.num_slabs",
					       "slabinfo.bytes_colour", "slabinfo.bytes_asked" };
	static struct outcome a, b;

	(void)state;
	run_trial(spec, NULL, &a);
	run_trial(spec, NULL, &b);
	expect_whole(&a, "first");
	expect_whole(&b, "second");
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		char x[64], y[64];

		assert_non_null(field_of(&a, "value", metrics[i], x, sizeof(x)));
		assert_non_null(field_of(&b, "value", metrics[i], y, sizeof(y)));
		assert_string_equal(x, y);
	}
}

static void test_bad_spec(void **state)
{
	static const struct {
		const char *text, *expect;
	} rows[] = {
		{ "workload=nothing\n", "nothing" },
		{ "nonsense\n", "line 1" },
		{ "workload=churn\nn=0\n", "line 2" },
		{ "cpus=0\nworkers=2\n", "workers" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct outcome o;

		run_trial(rows[i].text, NULL, &o);
		assert_true(WIFEXITED(o.status));
		assert_int_equal(WEXITSTATUS(o.status), 2);
		assert_string_equal(o.phase, "spec");
		if (!strstr(o.error, rows[i].expect))
			fail_msg("'%s' does not say %s", o.error, rows[i].expect);
		assert_false(o.ended);
	}
}

static void test_debug_build(void **state)
{
	static struct outcome o;

	(void)state;
	run_trial("workload=null\nops=10\n", NULL, &o);
	if (!*trial_build_flaw()) {
		expect_whole(&o, "release build");
		return;
	}
	assert_true(WIFEXITED(o.status));
	assert_int_equal(WEXITSTATUS(o.status), 2);
	assert_non_null(strstr(o.error, "allow_debug"));
}

/* What is impossible in setup: exit 1, and no value. */
static void test_failed_setup(void **state)
{
	static struct outcome o;

	(void)state;
	run_trial("workload=hot-header\nn=1000\nslabs=1\nobject_size=2k\nallow_debug=on\n", NULL,
		  &o);
	assert_true(WIFEXITED(o.status));
	assert_int_equal(WEXITSTATUS(o.status), 1);
	assert_string_equal(o.phases, "spec setup teardown");
	assert_non_null(strstr(o.error, "slabs"));
	assert_int_equal(o.values, 0);
	assert_false(o.ended);
}

/* The engine's failure injection reaches a trial: no memory while it runs is an error of the trial.
 */
static void test_injected_failure(void **state)
{
	static struct outcome o;

	(void)state;
	run_trial("workload=churn\nn=50\nops=100000\nobject_size=2k\nfail=nth\n"
		  "fail_point=object\nfail_nth=5000\n"
		  "allow_debug=on\n",
		  NULL, &o);
	assert_true(WIFEXITED(o.status));
	assert_int_equal(WEXITSTATUS(o.status), 1);
	assert_non_null(strstr(o.error, "no memory"));
	assert_false(o.ended);
}

/* ---- workloads that misbehave ---- */

static int own_setup(struct wl_env *env, struct err *e)
{
	(void)e;
	env->priv = calloc(1, sizeof(uint64_t));
	return env->priv ? 0 : -ENOMEM;
}

static enum wl_status count_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	(void)env;
	w->ops += n;
	*done = n;
	return WL_DONE;
}

static enum wl_status abort_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	(void)env;
	(void)w;
	(void)n;
	(void)done;
	abort();
}

/* One operation of each worker in turn: the others are blocked meanwhile. */
static enum wl_status turns_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	uint64_t *turn = env->priv;

	*done = 0;
	while (*done < n) {
		if (__atomic_load_n(turn, __ATOMIC_ACQUIRE) % env->workers != w->id)
			return WL_BLOCKED;
		w->ops++;
		++*done;
		__atomic_add_fetch(turn, 1, __ATOMIC_RELEASE);
	}
	return WL_DONE;
}

/* Worker 1 fails; worker 0 waits for it for ever. */
static enum wl_status orphan_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				  uint64_t *done)
{
	(void)env;
	(void)n;
	*done = 0;
	return w->id ? wl_fail(w, -EIO, "worker %u gave up", w->id) : WL_BLOCKED;
}

static enum wl_status short_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	(void)env;
	w->ops += n - (n > 10);
	*done = n;
	return WL_DONE;
}

static int own_verify(struct wl_env *env, struct err *e)
{
	(void)env;
	(void)e;
	return 0;
}

static int bad_verify(struct wl_env *env, struct err *e)
{
	(void)env;
	return err_set(e, -EILSEQ, "object 7 is not what it was");
}

static void own_teardown(struct wl_env *env)
{
	free(env->priv);
	env->priv = NULL;
}

static void own_cost(const struct wl_env *env, struct wl_cost *cost)
{
	(void)env;
	*cost = (struct wl_cost){ .unit = "step" };
}

#define OWN(step_fn, verify_fn)                                                  \
	{                                                                        \
		.name = "own", .setup = own_setup, .step = { step_fn, step_fn }, \
		.verify = verify_fn, .teardown = own_teardown, .cost = own_cost  \
	}

static void test_own_workloads(void **state)
{
	static const struct workload fine = OWN(count_step, own_verify),
				     aborts = OWN(abort_step, own_verify),
				     turns = OWN(turns_step, own_verify),
				     orphan = OWN(orphan_step, own_verify),
				     lazy = OWN(short_step, own_verify),
				     wrong = OWN(count_step, bad_verify);
	static const struct {
		const struct workload *wl;
		const char *spec;
		int signal, status;
		const char *phases, *error;
	} rows[] = {
		{ &fine, "", 0, 0, "setup warmup measure verify emit teardown", "" },
		{ &aborts, "warmup_ops=0\n", SIGABRT, 0, "setup warmup measure", "" },
		{ &aborts, "warmup_ops=10\n", SIGABRT, 0, "setup warmup", "" },
		{ &wrong, "", 0, 1, "setup warmup measure verify teardown", "object 7" },
		{ &lazy, "", 0, 1, "setup warmup measure verify teardown", "counted" },
		{ &turns, "workers=2\nops=500\n", 0, 0, "setup warmup measure verify emit teardown",
		  "" },
		{ &orphan, "workers=2\nwarmup_ops=0\n", 0, 1, "setup warmup measure teardown",
		  "worker 1 gave up" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct outcome o;
		char spec[256];

		if (strstr(rows[i].spec, "workers=2") && sysconf(_SC_NPROCESSORS_ONLN) < 2)
			continue;
		snprintf(spec, sizeof(spec), "ops=100\n%s", rows[i].spec);
		run_trial(spec, rows[i].wl, &o);
		if (rows[i].signal)
			assert_true(WIFSIGNALED(o.status) && WTERMSIG(o.status) == rows[i].signal);
		else
			assert_true(WIFEXITED(o.status) && WEXITSTATUS(o.status) == rows[i].status);
		assert_string_equal(o.phases, rows[i].phases);
		if (!strstr(o.error, rows[i].error))
			fail_msg("row %zu: '%s' does not say '%s'", i, o.error, rows[i].error);
		assert_int_equal(o.ended, !rows[i].signal && !rows[i].status);
	}
}

/* A trial that is killed while it measures has said so, in whole lines. */
static void test_killed(void **state)
{
	int spec[2], out[2], status;
	char text[4096] = "";
	size_t len = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(spec), 0);
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		alarm(60);
		close(spec[1]);
		close(out[0]);
		_exit(trial_main(spec[0], out[1]));
	}
	close(spec[0]);
	close(out[1]);
	dprintf(spec[1], "workload=null\nwarmup_ops=0\nops=1000000000000\nallow_debug=on\n");
	close(spec[1]);
	while (!strstr(text, "phase measure\n") && len < sizeof(text) - 1) {
		ssize_t n = read(out[0], text + len, sizeof(text) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(text[len - 1], '\n');
	assert_null(strstr(text, "end\n"));
	assert_int_equal(read(out[0], text, sizeof(text)), 0);
	close(out[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_trials),  cmocka_unit_test(test_two_workers),
		cmocka_unit_test(test_auto_ops),      cmocka_unit_test(test_same_seed),
		cmocka_unit_test(test_bad_spec),      cmocka_unit_test(test_debug_build),
		cmocka_unit_test(test_failed_setup),  cmocka_unit_test(test_injected_failure),
		cmocka_unit_test(test_own_workloads), cmocka_unit_test(test_killed),
	};

	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
