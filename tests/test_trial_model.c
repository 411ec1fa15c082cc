/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modelled trials: workers stepped by one thread, what is refused, two launches that are one trial. What the
 * model counts is not seen in this build: tests/cli/model.sh looks at it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/launch_model.h"
#include "cli/trial_model.h"
#include "collectors/model/model.h"
#include "tests/trial_help.h"

#define TURNS_MOST 4096
#define BIG "target=l1d=32K/8/64:lru,cpus=64,nodes=4\n"

/* ---- workloads that note who had which turn ---- */

struct turns {
	unsigned nr;
	struct {
		unsigned worker;
		uint64_t asked;
	} at[TURNS_MOST];
	unsigned ball; /* ping-pong: whose turn it is */
	int bad;       /* a turn at the wrong CPU, or with hooks off */
};

static int turns_setup(struct wl_env *env, struct err *e)
{
	(void)e;
	env->priv = calloc(1, sizeof(struct turns));
	return env->priv ? 0 : -ENOMEM;
}

static void turns_teardown(struct wl_env *env)
{
	free(env->priv);
	env->priv = NULL;
}

static void turns_cost(const struct wl_env *env, struct wl_cost *cost)
{
	(void)env;
	*cost = (struct wl_cost){ .unit = "step" };
}

static struct turns *note_turn(struct wl_env *env, struct wl_worker *w, uint64_t n)
{
	struct turns *t = env->priv;

	t->bad |= model_state.cpu != w->cpu || !model_state.on || model_state.op != MODEL_OTHER ||
		  kmem_thread_cpu(env->system) != (int)w->cpu;
	if (t->nr < TURNS_MOST) {
		t->at[t->nr].worker = w->id;
		t->at[t->nr++].asked = n;
	}
	return t;
}

static enum wl_status plain_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	note_turn(env, w, n);
	w->ops += n;
	*done = n;
	return WL_DONE;
}

/* One operation each, in turn. */
static enum wl_status pong_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done)
{
	struct turns *t = note_turn(env, w, n);

	*done = 0;
	if (t->ball % env->workers != w->id)
		return WL_BLOCKED;
	t->ball++;
	w->ops++;
	*done = 1;
	return n == 1 ? WL_DONE : WL_BLOCKED;
}

static enum wl_status stuck_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	(void)env;
	*done = 0;
	if (w->id && w->ops == 5)
		return WL_BLOCKED;
	*done = w->id && n > 5 - w->ops ? 5 - w->ops : n;
	w->ops += *done;
	return *done == n ? WL_DONE : WL_BLOCKED;
}

static enum wl_status fail_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done)
{
	(void)env;
	*done = 0;
	if (w->id == 2)
		return wl_fail(w, -ENOMEM, "worker 2 has enough");
	w->ops += n;
	*done = n;
	return WL_DONE;
}

/* Of each round of a phase: every worker that has operations left, once, with at most a chunk. */
static int turns_verify(struct wl_env *env, struct err *e)
{
	const struct turns *t = env->priv;
	unsigned n = env->workers;

	if (t->bad)
		return err_set(e, -EILSEQ, "a turn at another CPU");
	for (unsigned i = 0; i < t->nr; i += n) {
		uint64_t seen = 0;

		for (unsigned k = i; k < i + n && k < t->nr; k++) {
			seen |= UINT64_C(1) << t->at[k].worker;
			if (t->at[k].asked > 3)
				return err_set(e, -EILSEQ, "%" PRIu64 " operations at once",
					       t->at[k].asked);
		}
		if (seen != (UINT64_C(1) << n) - 1)
			return err_set(e, -EILSEQ, "turns %u to %u are not of all workers", i,
				       i + n - 1);
	}
	return 0;
}

static int just_ends(struct wl_env *env, struct err *e)
{
	return ((struct turns *)env->priv)->bad ? err_set(e, -EILSEQ, "bad turn") : 0;
}

/* The order as a number, by way of the error's text. */
static int tell_order(struct wl_env *env, struct err *e)
{
	const struct turns *t = env->priv;
	uint64_t h = 1;

	for (unsigned i = 0; i < t->nr; i++)
		h = h * 31 + t->at[i].worker;
	return err_set(e, -EILSEQ, "order %" PRIx64, h);
}

#define WORKLOAD(step_fn, verify_fn)                                                \
	{                                                                           \
		.name = "own", .setup = turns_setup, .step = { step_fn, step_fn },  \
		.verify = verify_fn, .teardown = turns_teardown, .cost = turns_cost \
	}
static const struct workload plain = WORKLOAD(plain_step, turns_verify),
			     pong = WORKLOAD(pong_step, just_ends),
			     stuck = WORKLOAD(stuck_step, just_ends),
			     fails = WORKLOAD(fail_step, just_ends),
			     ordered = WORKLOAD(plain_step, tell_order),
			     quick = WORKLOAD(plain_step, just_ends);

static struct outcome *outcome(const char *spec, const struct workload *wl)
{
	struct outcome *o = calloc(1, sizeof(*o));
	char text[512];

	assert_non_null(o);
	snprintf(text, sizeof(text), "collect=model\n%s", spec);
	run_trial(text, wl, o);
	return o;
}

static void test_turns(void **state)
{
	static const struct {
		const struct workload *wl;
		const char *spec, *error;
	} rows[] = {
		{ &plain, BIG "workers=4\nmodel_chunk=3\nops=10\nwarmup_ops=20\n", "" },
		{ &plain, BIG "workers=63\nmodel_chunk=1\nops=7\nwarmup_ops=0\n", "" },
		{ &plain, BIG "workers=1\nmodel_chunk=3\nops=10\n", "10 operations at once" },
		{ &pong, BIG "workers=5\nops=40\n", "" },
		{ &stuck, BIG "workers=3\nops=40\n",
		  "deadlock: all workers that are left wait: 1, 2" },
		{ &fails, BIG "workers=4\nops=40\n", "worker 2 has enough" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome *o = outcome(rows[i].spec, rows[i].wl);

		assert_true(WIFEXITED(o->status));
		if (*rows[i].error ? !strstr(o->error, rows[i].error) :
				     *o->error || !o->ended || WEXITSTATUS(o->status))
			fail_msg("row %u: '%s'", i, o->error);
		free(o);
	}
}

/* The order is the seed's, and another one in each round. */
static void test_order(void **state)
{
	static const char *const seeds[] = { "seed=1\n", "seed=1\n", "seed=2\n" };
	char text[3][512];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		char spec[128];
		struct outcome *o;

		snprintf(spec, sizeof(spec), "%s%sworkers=8\nops=100\n", BIG, seeds[i]);
		o = outcome(spec, &ordered);
		assert_non_null(strstr(o->error, "order "));
		memcpy(text[i], o->error, sizeof(text[i]));
		free(o);
	}
	assert_string_equal(text[0], text[1]);
	assert_string_not_equal(text[0], text[2]);
}

/* ---- the machine ---- */

static void test_machine(void **state)
{
	static const struct {
		const char *spec, *name, *value;
	} rows[] = {
		{ BIG "workers=8\n", "cpus", "0,16,32,48,1,17,33,49" },
		{ "target=l1d=32K/8/64:lru:shared=2,cpus=8,nodes=2\nworkers=6\n", "cpus",
		  "0,4,2,6,1,5" },
		{ BIG "workers=2\ncpus=63,5\n", "cpus", "63,5" },
		{ BIG, "nodes", "4" },
		{ BIG, "cpu_source", "slot" },
		{ "target=l1d=32K/8/128:lru\n", "cache_line", "128" },
		{ BIG, "ops", "200000" },
		{ BIG "workers=64\n", "ops", "3100" },
		{ BIG "workers=64\nduration_ms=1\n", "warmup_ops", "3100" },
		{ BIG "workers=64\nwarmup_ops=5\n", "warmup_ops", "5" },
		{ BIG "nodes=4\n", "nodes", "4" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome *o = outcome(rows[i].spec, &quick);
		char is[256] = "?";

		field_of(o, "effective", rows[i].name, is, sizeof(is));
		if (strcmp(is, rows[i].value) || !o->ended)
			fail_msg("row %u: %s is %s, not %s: '%s'", i, rows[i].name, is,
				 rows[i].value, o->error);
		/* a native build has no figures, and says so */
		assert_non_null(
			strstr(o->text, "\nvalue model.l1d_misses_per_op - misses unavailable"));
		free(o);
	}
}

/* The engine under many CPUs of one thread, on several nodes. */
static void test_engine(void **state)
{
	struct outcome *o = outcome(
		BIG
		"workload=churn\nn=100\nobject_size=192\nburst=40\nworkers=8\nops=2000\nallocator=slab\n",
		workload_find("churn"));

	(void)state;
	if (!o->ended) /* caches were checked on the way */
		fail_msg("'%s'", o->error);
	free(o);
}

static void test_refused(void **state)
{
	static const struct {
		const char *spec, *error;
		int status;
	} rows[] = {
		{ "collect=model\n" BIG, "`model` runs in slabscope-model only", 2 },
		{ "collect=model\n" BIG "workers=65\n", "may run on 64 CPUs only", 2 },
		{ "collect=model\n" BIG "cpus=64\n", "CPU 64", 2 },
		{ "collect=model\n" BIG "nodes=3\n", "nodes: 3, but the target has 4", 2 },
		{ "collect=model\n" BIG "reap_ms=100\n", "has no clock", 2 },
		{ "collect=model\n" BIG "placement=bind\nplace_node=4\n", "node", 2 },
		{ "collect=model\ntarget=no-such-cpu\n", "no-such-cpu", 2 },
		{ "collect=model\ntarget=l1d=32K/7/64\n", "target", 2 },
		{ "collect=model\nmodel_frames=some\n", "model_frames", 2 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome *o = calloc(1, sizeof(*o));
		char spec[512];

		assert_non_null(o);
		snprintf(spec, sizeof(spec), "%sallow_debug=on\n", rows[i].spec);
		run_trial(spec, NULL, o);
		if (!WIFEXITED(o->status) || WEXITSTATUS(o->status) != rows[i].status ||
		    !strstr(o->error, rows[i].error))
			fail_msg("row %u: status %d, '%s'", i, o->status, o->error);
		free(o);
	}
}

/* Clocks in a trial that has none. */
static void test_other_collectors(void **state)
{
	struct outcome *o = calloc(1, sizeof(*o));

	(void)state;
	assert_non_null(o);
	run_trial("collect=time,model\n" BIG, &plain, o);
	assert_non_null(strstr(o->error, "'time' measures this machine"));
	memset(o, 0, sizeof(*o));
	run_trial("collect=slabinfo,model\nops=10\n" BIG, &pong, o);
	assert_true(o->ended);
	free(o);
}

/* ---- two launches, one trial ---- */

static void test_split(void **state)
{
	static const char *const rows[][2] = {
		{ "model", "" },
		{ "time,model", "time" },
		{ "model,rusage,time", "rusage,time" },
		{ "rusage,model,time", "rusage,time" },
		{ "time", "time" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char rest[OPT_STR_MAX];

		trial_model_split(rows[i][0], rest);
		assert_string_equal(rest, rows[i][1]);
		assert_int_equal(model_in_list(rows[i][0]), i != 4);
	}
	assert_int_equal(model_in_list("models"), 0);
	assert_int_equal(model_in_list(""), 0);
}

static struct launch launch_of(const char *out, enum launch_status status, const char *note)
{
	struct launch l = { .status = status, .seconds = 2 };

	if (out)
		assert_non_null(l.out = strdup(out));
	l.out_len = out ? strlen(out) : 0;
	snprintf(l.note, sizeof(l.note), "%s", note);
	return l;
}

static void test_merge(void **state)
{
	static const struct {
		const char *native, *model;
		enum launch_status status;
		const char *note, *out;
	} rows[] = {
		{ "phase spec\neffective ops 7\neffective num 15\nvalue time.x 1\nend\n",
		  "effective ops 9\neffective num 15\neffective target zen4\nvalue model.x 2\nend\n",
		  LAUNCH_OK, "",
		  "phase spec\neffective ops 7\neffective num 15\nvalue time.x 1\n"
		  "effective model.ops 9\neffective target zen4\nvalue model.x 2\nend\n" },
		/* a name that begins like another, a value that begins like another */
		{ "effective cpus 0,1\nend\n", "effective cpu 0\neffective cpus 0\nend\n",
		  LAUNCH_OK, "",
		  "effective cpus 0,1\neffective cpu 0\neffective model.cpus 0\nend\n" },
		{ "effective a \nend\n", "effective a \nend\n", LAUNCH_OK, "",
		  "effective a \nend\n" },
		/* not whole: no end; a line that was cut off is not taken over */
		{ "value time.x 1\nend\n", "phase setup\nvalue mod", LAUNCH_CRASHED,
		  "model: SIGSEGV in setup", "value time.x 1\nphase setup\n" },
		{ "end\n", NULL, LAUNCH_TIMEOUT, "model: SIGSEGV in setup", "" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct launch native = launch_of(rows[i].native, LAUNCH_OK, ""),
			      model = launch_of(rows[i].model, rows[i].status, "SIGSEGV in setup");
		struct err e;

		assert_int_equal(launch_merge(&native, &model, &e), 0);
		assert_int_equal(native.status, rows[i].status);
		assert_string_equal(native.note, rows[i].note);
		assert_string_equal(native.out, rows[i].out);
		assert_int_equal(native.out_len, strlen(rows[i].out));
		assert_true(native.seconds == 4);
		launch_release(&native);
		launch_release(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),	cmocka_unit_test(test_order),
		cmocka_unit_test(test_machine), cmocka_unit_test(test_engine),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_other_collectors),
		cmocka_unit_test(test_split),	cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests_name("trial_model", tests, NULL, NULL);
}
