/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Operations timed one by one: how many, which ones, and that nothing else changes by it. Times are
 * checked against a clock of the test's own, which moves when it is read and when the test's allocator is
 * called: churn's timed steps are compiled here once more with that clock. What the latency collector makes of it
 * all is in test_latency.c.
 */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/workloads_help.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the clock, and an allocator that takes its time ---- */

#define READ_COST 20 /* ticks from one reading to the next, if nothing lies between them */

static struct {
	uint64_t now;
	uint64_t calls;	     /* of alloc */
	uint64_t slow_every; /* which of them take long */
	uint64_t quick, slow;
} fake;

static uint64_t fake_ticks(void)
{
	uint64_t t = fake.now;

	fake.now += READ_COST;
	return t;
}

#define WL_TIMED
#define WL_TICKS_BEGIN() fake_ticks()
#define WL_TICKS_END() fake_ticks()
#define churn_step_table_timed fake_step_table
#define churn_step_direct_timed fake_step_direct
#include "workloads/churn_step.c"

static void *fake_alloc(struct seam_cache *c)
{
	fake.now += ++fake.calls % fake.slow_every ? fake.quick : fake.slow;
	return mock_ops.alloc(c);
}

/* ---- timers on a rig ---- */

#define ALL_OPS (1u << WL_ALLOC | 1u << WL_FREE | 1u << WL_VISIT)

static void attach(struct rig *r, uint64_t every, unsigned ops)
{
	for (unsigned i = 0; i < r->env.workers; i++) {
		struct wl_timer *t = aligned_alloc(_Alignof(struct wl_timer), sizeof(*t));

		assert_non_null(t);
		wl_timer_init(t, every, ops, i);
		r->env.worker[i].timing = t;
	}
}

static void detach(struct rig *r)
{
	for (unsigned i = 0; i < r->env.workers; i++) {
		free(r->env.worker[i].timing);
		r->env.worker[i].timing = NULL;
	}
}

static void sound(const struct hist *h)
{
	struct err e;

	if (hist_check(h, &e))
		fail_msg("%s", e.text);
}

/* churn on the slow allocator, by the test's clock, all steps timed or one in @every. */
static void fake_run(struct rig *r, struct mock *m, const char *options, uint64_t every, uint64_t n)
{
	static struct workload faked;
	static struct allocator_ops ops;

	mock_now = m;
	ops = mock_ops;
	ops.alloc = fake_alloc;
	rig_init(r, "churn", options, &ops, 1, 21);
	faked = *r->wl;
	faked.timed[0] = fake_step_table;
	faked.timed[1] = fake_step_direct;
	r->wl = &faked;
	assert_int_equal(rig_setup(r), 0);
	fake.calls = 0;
	attach(r, every, ALL_OPS);
	assert_int_equal(rig_steps(r, n), WL_DONE);
	assert_int_equal(r->wl->verify(&r->env, &r->e), 0);
}

static void fake_done(struct rig *r, struct mock *m)
{
	detach(r);
	rig_release(r);
	mock_done(m);
}

/* ---- counts, and what stays as it is ---- */

/* The timed steps do what the others do: the same calls, the same random numbers, the same sums. And
 * each operation is one observation, as many as cost() says. */
static void compare_case(const struct wl_case *wc, const struct allocator_ops *ops,
			 unsigned workers)
{
	struct rig plain, timed;
	uint64_t seen[WL_OPS] = { 0 };
	struct wl_cost cost;

	rig_init(&plain, wc->workload, wc->options, ops, workers, 7);
	rig_init(&timed, wc->workload, wc->options, ops, workers, 7);
	assert_int_equal(rig_setup(&plain), 0);
	assert_int_equal(rig_setup(&timed), 0);
	assert_int_equal(rig_steps(&plain, 333), WL_DONE);
	attach(&timed, 1, ALL_OPS);
	if (rig_steps(&timed, 333) != WL_DONE)
		fail_msg("%s %s on %s: %s", wc->workload, wc->options, ops->name,
			 timed.env.worker[0].err.text);
	timed.wl->cost(&timed.env, &cost);
	for (unsigned i = 0; i < workers; i++) {
		const struct wl_worker *a = &plain.env.worker[i], *b = &timed.env.worker[i];
		const struct wl_timer *t = b->timing;

		assert_true(a->sum == b->sum && a->ops == b->ops);
		assert_memory_equal(&a->rng, &b->rng, sizeof(a->rng));
		for (unsigned op = 0; op < WL_OPS; op++) {
			seen[op] += t->hist[op].count;
			sound(&t->hist[op]);
		}
		assert_int_equal(t->backwards, 0);
	}
	/* of all together: some workers only allocate, others only free */
	wl_case_expect(wc, seen[WL_ALLOC], cost.allocs, 333, workers);
	wl_case_expect(wc, seen[WL_FREE], cost.frees, 333, workers);
	wl_case_expect(wc, seen[WL_VISIT], cost.visits, 333, workers);
	if (timed.wl->verify(&timed.env, &timed.e))
		fail_msg("%s %s on %s: %s", wc->workload, wc->options, ops->name, timed.e.text);
	detach(&timed);
	rig_release(&plain);
	rig_release(&timed);
}

static void test_counts(void **state)
{
	static const char *const names[] = { "slab", "malloc" };

	(void)state;
	for (size_t a = 0; a < COUNT(names); a++)
		for (size_t i = 0; i < nr_wl_cases; i++)
			for (unsigned workers = 1; workers <= 3; workers += 2)
				compare_case(&wl_cases[i], allocator_find(names[a]), workers);
}

/* The same objects are freed, in the same order. */
static void test_same_order(void **state)
{
	static const uint64_t every[] = { 0, 1, 7 }; /* 0: not timed */
	uint64_t order[COUNT(every)];

	(void)state;
	for (size_t i = 0; i < COUNT(every); i++) {
		struct mock m = { .nr = 0 };
		struct rig r;

		mock_now = &m;
		rig_init(&r, "churn", "n=40", &mock_ops, 2, 5);
		assert_int_equal(rig_setup(&r), 0);
		if (every[i])
			attach(&r, every[i], ALL_OPS);
		assert_int_equal(rig_steps(&r, 300), WL_DONE);
		order[i] = m.order;
		detach(&r);
		rig_release(&r);
		mock_done(&m);
	}
	assert_true(order[0] == order[1] && order[0] == order[2]);
}

/* Kinds that are not asked for are not timed. */
static void test_kinds(void **state)
{
	(void)state;
	for (unsigned ops = 0; ops <= ALL_OPS; ops++) {
		struct mock m = { .nr = 0 };
		struct rig r;

		mock_now = &m;
		rig_init(&r, "churn", "n=20", &mock_ops, 1, 5);
		assert_int_equal(rig_setup(&r), 0);
		attach(&r, 1, ops);
		assert_int_equal(rig_steps(&r, 100), WL_DONE);
		for (unsigned op = 0; op < WL_OPS; op++)
			assert_int_equal(r.env.worker[0].timing->hist[op].count,
					 !(ops & 1u << op) ? 0 :
					 op == WL_VISIT	   ? 200 :
							     100);
		detach(&r);
		rig_release(&r);
		mock_done(&m);
	}
}

/* ---- which ones are timed ---- */

static void test_distances(void **state)
{
	static const uint64_t every[] = { 1, 2, 3, 64, 1000, UINT64_C(1) << 32 };

	(void)state;
	for (size_t i = 0; i < COUNT(every); i++) {
		struct wl_timer t = { .every = every[i], .state = i };
		double sum = 0;
		unsigned n = 20000;

		for (unsigned k = 0; k < n; k++) {
			uint64_t d = wl_timer_distance(&t);

			assert_true(d >= 1 && d <= 2 * every[i] - 1);
			sum += (double)d;
		}
		/* five standard errors of a mean of uniform numbers */
		assert_true(fabs(sum / n - (double)every[i]) <=
			    5 * (double)every[i] / sqrt(3.0 * n));
	}
}

/* What happens to every 64th operation is seen in one of 64 that are timed, not in all or none of them. */
static void test_no_lockstep(void **state)
{
	struct mock m = { .nr = 0 };
	const struct hist *h;
	struct rig r;

	(void)state;
	fake.slow_every = 64;
	fake.quick = 0;
	fake.slow = 1000;
	fake_run(&r, &m, "n=64 lifetime=fifo burst=1", 64, 128000);
	h = &r.env.worker[0].timing->hist[WL_ALLOC];
	sound(h);
	assert_in_range(h->count, 1900, 2100);		   /* 2000 */
	assert_in_range(hist_above(h, READ_COST), 10, 60); /* 31 */
	assert_int_equal(h->max, 1000 + READ_COST);
	fake_done(&r, &m);
}

/* ---- times ---- */

/* One alloc in 500 takes long: the median and p99 do not see it, p99.9 does, as does the maximum. */
static void test_tail(void **state)
{
	struct mock m = { .nr = 0 };
	const struct wl_timer *t;
	const struct hist *h;
	struct rig r;

	(void)state;
	fake.slow_every = 500;
	fake.quick = 70;
	fake.slow = 5000;
	fake_run(&r, &m, "n=100", 1, 20000);
	t = r.env.worker[0].timing;
	h = &t->hist[WL_ALLOC];
	sound(h);
	assert_int_equal(h->count, 20000);
	assert_int_equal(h->min, 70 + READ_COST);
	assert_int_equal(hist_quantile(h, 1, 2), 70 + READ_COST); /* exact below 128 */
	assert_int_equal(hist_quantile(h, 99, 100), 70 + READ_COST);
	assert_int_equal(hist_quantile(h, 998, 1000), 70 + READ_COST); /* 40 of 20000 are slow */
	assert_int_equal(hist_quantile(h, 999, 1000), 5000 + READ_COST);
	assert_int_equal(hist_above(h, 70 + READ_COST), 40);
	assert_int_equal(h->max, 5000 + READ_COST);
	assert_true(h->sum == 19960 * (70 + READ_COST) + 40 * (5000 + READ_COST));
	/* nothing of it is in the others: they are as long as an empty pair */
	assert_int_equal(t->hist[WL_FREE].max, READ_COST);
	assert_int_equal(t->hist[WL_VISIT].max, READ_COST);
	assert_int_equal(t->hist[WL_VISIT].min, READ_COST);
	fake_done(&r, &m);
}

/* A counter that goes backwards is no observation, and is counted. */
static void test_backwards(void **state)
{
	struct mock m = { .nr = 0 };
	const struct wl_timer *t;
	struct rig r;

	(void)state;
	fake.now = 1000000;
	fake.slow_every = 10;
	fake.quick = 30;
	fake.slow = -(uint64_t)100;
	fake_run(&r, &m, "n=100", 1, 1000);
	t = r.env.worker[0].timing;
	assert_int_equal(t->backwards, 100);
	assert_int_equal(t->hist[WL_ALLOC].count, 900);
	assert_int_equal(t->hist[WL_ALLOC].max, 30 + READ_COST);
	fake_done(&r, &m);
}

static void test_clock_cost(void **state)
{
	struct hist *h = calloc(1, sizeof(*h));

	(void)state;
	assert_non_null(h);
	wl_timer_clock_cost(h, 1000);
	sound(h);
	assert_int_equal(h->count, 1000);
	free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),	    cmocka_unit_test(test_same_order),
		cmocka_unit_test(test_kinds),	    cmocka_unit_test(test_distances),
		cmocka_unit_test(test_no_lockstep), cmocka_unit_test(test_tail),
		cmocka_unit_test(test_backwards),   cmocka_unit_test(test_clock_cost),
	};

	return cmocka_run_group_tests_name("timed", tests, NULL, NULL);
}
