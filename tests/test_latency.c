/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The latency collector: what it says after how many operations, and that it has a pass to itself. */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collectors/collector.h"
#include "tests/trial_help.h"
#include "tests/workloads_help.h"
#include "workloads/timed.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what it says ---- */

struct said {
	char metric[48], unit[16], note[200];
	double value;
	int state, worker;
};

struct listener {
	struct value_sink sink; /* first: put() gets it back */
	struct said said[256];
	unsigned n, flags;
	char flag[200];
};

static void hear(struct value_sink *s, const struct value *v)
{
	struct listener *l = (struct listener *)s;
	struct said *is = &l->said[l->n++];

	assert_true(l->n <= COUNT(l->said));
	snprintf(is->metric, sizeof(is->metric), "%s", v->metric);
	snprintf(is->unit, sizeof(is->unit), "%s", v->unit);
	snprintf(is->note, sizeof(is->note), "%s", v->note ? v->note : "");
	is->value = v->value;
	is->state = (int)v->state;
	is->worker = v->worker;
	assert_string_equal(v->source, "clock");
}

static void hear_flag(struct value_sink *s, enum trial_flag flag, const char *reason)
{
	struct listener *l = (struct listener *)s;

	assert_int_equal(flag, FLAG_INVALID);
	l->flags++;
	snprintf(l->flag, sizeof(l->flag), "%s", reason);
}

static const struct said *said(const struct listener *l, const char *metric, int worker)
{
	for (unsigned i = 0; i < l->n; i++)
		if (!strcmp(l->said[i].metric, metric) && l->said[i].worker == worker)
			return &l->said[i];
	return NULL;
}

/* A region of @n operations of each worker with the collector around it, as a trial runs it. */
static void collect(const char *workload, const char *options, const char *collector_options,
		    unsigned workers, uint64_t n, uint64_t backwards, struct listener *l)
{
	const struct collector *col = collector_find("latency");
	struct collect_ctx c = { .workers = workers };
	void *params = calloc(1, col->params_size);
	struct mock m = { .nr = 0 };
	struct err e = { .text = "" };
	struct rig r;

	assert_non_null(params);
	memset(l, 0, sizeof(*l));
	l->sink.put = hear;
	l->sink.flag = hear_flag;
	mock_now = &m;
	rig_init(&r, workload, options, &mock_ops, workers, 3);
	opt_defaults(col->opts, params);
	rig_options(col->opts, params, collector_options);
	c.env = &r.env;
	c.wl = r.wl;
	c.params = params;
	assert_int_equal(col->open(&c, &e), 0);
	assert_int_equal(rig_setup(&r), 0);
	for (unsigned i = 0; i < workers; i++)
		assert_int_equal(col->thread_open(&c, i, &e), 0);
	assert_int_equal(rig_steps(&r, 50), WL_DONE); /* warm-up is not timed */
	for (unsigned i = 0; i < workers; i++)
		col->thread_start(&c, i);
	assert_int_equal(rig_steps(&r, n), WL_DONE);
	r.env.worker[0].timing->backwards = backwards;
	for (unsigned i = 0; i < workers; i++)
		col->thread_stop(&c, i);
	for (unsigned i = 0; i < workers; i++)
		assert_null(r.env.worker[i].timing);
	c.worker_ops = n;
	c.ops = n * workers;
	r.wl->cost(&r.env, &c.cost);
	col->emit(&c, &l->sink);
	col->close(&c);
	col->close(&c); /* twice does no harm */
	free(params);
	rig_release(&r);
	mock_done(&m);
}

static void test_collector(void **state)
{
	enum { NOT = -1 }; /* not said at all */
	static const struct {
		const char *workload, *options, *collector;
		unsigned workers;
		uint64_t n;
		const char *metric;
		int worker, state;
		double value;	  /* NAN: any */
		const char *note; /* a part of it */
	} rows[] = {
#define CHURN "churn", "n=100"
#define HOT "hot-header", "n=16"
#define ONE "latency_every=1", 1
#define TWO "latency_every=1", 2
		{ CHURN, ONE, 1000, "latency.alloc_count", -1, VALUE_EXACT, 1000, "" },
		{ CHURN, ONE, 1000, "latency.free_count", -1, VALUE_EXACT, 1000, "" },
		{ CHURN, ONE, 1000, "latency.visit_count", -1, VALUE_EXACT, 2000, "" },
		{ CHURN, ONE, 1000, "latency.alloc_p99", -1, VALUE_EXACT, NAN, "" },
		{ CHURN, ONE, 1000, "latency.alloc_p999", -1, VALUE_UNAVAILABLE, NAN,
		  "1000 timed, needs more than 1000" },
		{ CHURN, ONE, 1001, "latency.alloc_p999", -1, VALUE_EXACT, NAN, "" },
		{ CHURN, ONE, 100, "latency.alloc_p99", -1, VALUE_UNAVAILABLE, NAN,
		  "latency_every" },
		{ CHURN, ONE, 101, "latency.alloc_p99", -1, VALUE_EXACT, NAN, "" },
		{ CHURN, ONE, 10, "latency.alloc_p90", -1, VALUE_UNAVAILABLE, NAN, "10 timed" },
		{ CHURN, ONE, 11, "latency.alloc_p90", -1, VALUE_EXACT, NAN, "" },
		{ CHURN, ONE, 2, "latency.alloc_p50", -1, VALUE_UNAVAILABLE, NAN, "2 timed" },
		{ CHURN, ONE, 3, "latency.alloc_p50", -1, VALUE_EXACT, NAN, "" },
		{ CHURN, ONE, 1, "latency.alloc_max", -1, VALUE_EXACT, NAN, "" },
		{ CHURN, ONE, 1, "latency.every", -1, VALUE_EXACT, 1, "" },
		{ CHURN, ONE, 1, "latency.clock_cost_p50", -1, VALUE_EXACT, NAN, "subtracted" },
		{ CHURN, ONE, 1, "latency.clock_step", -1, VALUE_EXACT, NAN, "multiples" },
		{ CHURN, ONE, 1, "latency.visit_mean", -1, VALUE_EXACT, NAN, "" },
		{ HOT, ONE, 500, "latency.free_mean", -1, VALUE_UNAVAILABLE, NAN,
		  "hot-header does no free" },
		{ CHURN, ONE, 100, "latency.ns_per_op", -1, VALUE_EXACT, NAN, "time.ns_per_op" },
		{ CHURN, ONE, 100, "latency.alloc_count", 0, NOT, NAN, "" },
		{ CHURN, TWO, 101, "latency.alloc_count", -1, VALUE_EXACT, 202, "" },
		{ CHURN, TWO, 101, "latency.alloc_count", 0, VALUE_EXACT, 101, "" },
		{ CHURN, TWO, 101, "latency.free_p99", 1, VALUE_EXACT, NAN, "" },
		{ CHURN, TWO, 101, "latency.free_p999", 1, NOT, NAN, "" },
		{ CHURN, "latency_every=1 latency_ops=free", 1, 5, "latency.free_count", -1,
		  VALUE_EXACT, 5, "" },
		{ CHURN, "latency_every=1 latency_ops=free", 1, 5, "latency.alloc_count", -1, NOT,
		  NAN, "" },
		{ CHURN, "latency_every=1 latency_ops=visit", 1, 5, "latency.alloc_max", -1, NOT,
		  NAN, "" },
		{ CHURN, "latency_every=1 latency_ops=alloc", 1, 5, "latency.alloc_count", -1,
		  VALUE_EXACT, 5, "" },
		{ HOT, ONE, 500, "latency.visit_count", -1, VALUE_EXACT, 500, "" },
		{ HOT, ONE, 500, "latency.alloc_p50", -1, VALUE_UNAVAILABLE, NAN,
		  "hot-header does no alloc" },
		{ HOT, ONE, 500, "latency.free_max", -1, VALUE_UNAVAILABLE, NAN,
		  "hot-header does no free" },
		{ HOT, "latency_every=4294967296", 1, 5, "latency.visit_max", -1, VALUE_UNAVAILABLE,
		  NAN, "0 timed" },
		{ HOT, "latency_every=4294967296", 1, 5, "latency.visit_count", -1, VALUE_EXACT, 0,
		  "" },
		{ "churn", "n=100 touch=0", ONE, 5, "latency.visit_max", -1, VALUE_UNAVAILABLE, NAN,
		  "churn does no visit" },
		{ "null", "", ONE, 5, "latency.visit_max", -1, VALUE_UNAVAILABLE, NAN,
		  "null does no visit" },
	};
	static struct listener l;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct said *s;

		collect(rows[i].workload, rows[i].options, rows[i].collector, rows[i].workers,
			rows[i].n, 0, &l);
		assert_int_equal(l.flags, 0);
		s = said(&l, rows[i].metric, rows[i].worker);
		if (rows[i].state == NOT) {
			assert_null(s);
			continue;
		}
		if (!s)
			fail_msg("row %zu: no %s", i, rows[i].metric);
		assert_int_equal(s->state, rows[i].state);
		assert_true(isnan(rows[i].value) || s->value == rows[i].value);
		if (!strstr(s->note, rows[i].note))
			fail_msg("row %zu: '%s' does not say '%s'", i, s->note, rows[i].note);
	}
}

/* Quantiles rise; what is not there has a reason; each metric is said once for each worker. */
static void test_collector_order(void **state)
{
	static const char *const rising[] = { "latency.alloc_p50", "latency.alloc_p90",
					      "latency.alloc_p99", "latency.alloc_p999",
					      "latency.alloc_max" };
	static struct listener l;

	(void)state;
	collect("churn", "n=100", "latency_every=1", 2, 3000, 0, &l);
	for (int worker = -1; worker < 2; worker++)
		for (size_t i = 1; i < COUNT(rising); i++)
			assert_true(said(&l, rising[i - 1], worker)->value <=
				    said(&l, rising[i], worker)->value);
	assert_true(said(&l, "latency.clock_cost_min", -1)->value <=
		    said(&l, "latency.clock_cost_p50", -1)->value);
	assert_true(said(&l, "latency.clock_cost_p50", -1)->value <=
		    said(&l, "latency.clock_cost_p999", -1)->value);
	assert_true(said(&l, "latency.clock_cost_mean", -1)->value >=
		    said(&l, "latency.clock_cost_min", -1)->value);
	assert_true(said(&l, "latency.alloc_mean", -1)->value <=
		    said(&l, "latency.alloc_max", -1)->value);
	assert_true(said(&l, "latency.clock_step", -1)->value > 0);
	assert_string_equal(l.said[0].metric, "latency.alloc_p50"); /* what is there comes first */
	for (unsigned i = 0; i < l.n; i++) {
		assert_ptr_equal(said(&l, l.said[i].metric, l.said[i].worker), &l.said[i]);
		assert_true(l.said[i].state != VALUE_UNAVAILABLE || *l.said[i].note);
	}
	collect("hot-header", "n=16", "latency_every=1", 1, 3000, 0, &l);
	assert_string_equal(l.said[0].metric, "latency.visit_p50");
}

static void test_collector_backwards(void **state)
{
	static struct listener l;

	(void)state;
	collect("churn", "n=100", "latency_every=1", 1, 100, 3, &l);
	assert_int_equal(l.flags, 1);
	assert_non_null(strstr(l.flag, "backwards during 3"));
}

/* ---- in a trial ---- */

/* Counts its steps by kind; what it finds wrong with them, verify() says. */
static int own_setup(struct wl_env *env, struct err *e)
{
	(void)e;
	env->priv = calloc(2, sizeof(uint64_t));
	return env->priv ? 0 : -ENOMEM;
}

static enum wl_status own_steps(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done)
{
	((uint64_t *)env->priv)[w->timing != NULL] += n;
	w->ops += n;
	*done = n;
	return WL_DONE;
}

static int own_verify(struct wl_env *env, struct err *e)
{
	const uint64_t *n = env->priv;

	/* 10 to warm up, 100 for the others, 100 for latency */
	return n[0] == 110 && n[1] == 100 ? 0 :
					    err_set(e, -EILSEQ, "%u steps and %u timed ones",
						    (unsigned)n[0], (unsigned)n[1]);
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

/* The region is run once for all others, without time stamps, and once more with them. */
static void test_own_pass(void **state)
{
	static const struct workload own = {
		.name = "own",
		.setup = own_setup,
		.step = { own_steps, own_steps },
		.timed = { own_steps, own_steps },
		.verify = own_verify,
		.teardown = own_teardown,
		.cost = own_cost,
	};
	static const char *const orders[] = { "time,latency,rusage", "latency,time" };
	static struct outcome o;
	char spec[128];

	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		snprintf(spec, sizeof(spec), "ops=100\nwarmup_ops=10\ncollect=%s\n", orders[i]);
		run_trial(spec, &own, &o);
		if (*o.error)
			fail_msg("%s: %s", orders[i], o.error);
		assert_true(o.ended);
	}
}

static void test_in_a_trial(void **state)
{
	static const struct {
		const char *spec, *metric, *value; /* NULL: any number above 0 */
	} rows[] = {
		{ "workload=churn\nallocator=slab", "latency.alloc_count", "2000" },
		{ "workload=churn\nallocator=malloc", "latency.free_count", "2000" },
		{ "workload=hot-header\naccess=rmw", "latency.visit_count", "2000" },
		{ "workload=hot-header\naccess=load", "latency.visit_p999", NULL },
		{ "workload=churn\nred_zone=on\npoison=on", "latency.alloc_p999", NULL },
		{ "workload=churn", "time.ns_per_op", NULL },
	};
	static struct outcome o;
	char spec[256], buf[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(spec, sizeof(spec),
			 "%s\nops=2000\nwarmup_ops=100\ncollect=time,latency\nlatency_every=1\n"
			 "allow_debug=on\n",
			 rows[i].spec);
		run_trial(spec, NULL, &o);
		expect_whole(&o, rows[i].spec);
		assert_non_null(field_of(&o, "value", rows[i].metric, buf, sizeof(buf)));
		if (rows[i].value)
			assert_string_equal(buf, rows[i].value);
		else
			assert_true(atof(buf) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collector),	    cmocka_unit_test(test_collector_order),
		cmocka_unit_test(test_collector_backwards), cmocka_unit_test(test_own_pass),
		cmocka_unit_test(test_in_a_trial),
	};

	return cmocka_run_group_tests_name("latency", tests, NULL, NULL);
}
