/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is reported of counters: sums, states, formulas, reasons; over an invented kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/alive.h"
#include "tests/perf_plan_help.h"

static const struct ev_derived d_far = { .name = "far",
					 .unit = "1",
					 .formula = "l1d-misses / dtlb-walks" };
static const struct ev_derived *const far_formula[] = { &d_far, NULL };

static void test_workers(void **state)
{
	(void)state;
	fresh(4);
	want_usual();
	make_plan(PERF_SIDES_USER);
	assert_int_equal(plan.passes, 3);
	open_workers(3, PERF_READ_AUTO);
	run_passes(3, 1000);
	report(3, 300);
	for (unsigned i = 0; i < NR_USUAL; i++) {
		char metric[80], name[64];
		const struct perf_item *it;
		double one;

		perf_metric_name(name, sizeof(name), usual[i]);
		it = item(name);
		one = (1000.0 + plan.set[it->at[0].set].pass) * (1 + i);
		snprintf(metric, sizeof(metric), "perf.%s", name);
		assert_exact(metric, -1, 3 * one);
		for (int w = 0; w < 3; w++)
			assert_exact(metric, w, one);
		snprintf(metric, sizeof(metric), "perf.%s_per_op", name);
		assert_exact(metric, -1, 3 * one / 300);
		snprintf(metric, sizeof(metric), "perf.empty_%s", name);
		assert_exact(metric, -1, 0);
	}
	assert_exact("perf.ipc", -1, 2);
	assert_exact("perf.l1d_miss_rate", -1, 4.0 / 3);
	assert_exact("perf.llc_miss_rate", -1, 7.0 / 6);
	assert_string_equal(value_of("perf.cycles", -1)->source, "hardware");
	assert_non_null(strstr(value_of("perf.cycles", -1)->note,
			       "r0 [type=4 config=0x0]; libpfm4 (fake); pass 1 of 3"));
	assert_non_null(strstr(value_of("perf.l2_misses", -1)->note, "pass 2 of 3"));
	assert_true(value_of("perf.read_ns", -1)->value > 0);
	assert_string_equal(value_of("perf.read_ns", -1)->source, "clock");
	finish(3);
}

/* Parts of a formula that were counted in different passes are not divided. */
static void test_formula_apart(void **state)
{
	(void)state;
	fresh(3);
	plan.derived = far_formula;
	want_usual();
	make_plan(PERF_SIDES_USER);
	open_workers(1, PERF_READ_AUTO);
	run_passes(1, 1000);
	report(1, 1);
	assert_unavailable("perf.far", "different passes are not divided");
	finish(1);
}

/* Nothing in the denominator. */
static void test_formula_zero(void **state)
{
	(void)state;
	fresh(6);
	want_usual();
	make_plan(PERF_SIDES_USER);
	open_workers(1, PERF_READ_AUTO);
	run_passes(1, 0);
	report(1, 1);
	assert_exact("perf.l1d_accesses", -1, 0); /* the truth, counted */
	assert_unavailable("perf.l1d_miss_rate", "division by nothing");
	finish(1);
}

static void test_starved(void **state)
{
	(void)state;
	fresh(8);
	perf_fake.step = 0;
	perf_fake.live = true; /* while it is planned */
	want_usual();
	make_plan(PERF_SIDES_USER);
	perf_fake.live = false;
	assert_int_equal(plan.passes, 1);
	open_workers(1, PERF_READ_AUTO);
	perf_fake_run(100000);
	perf_worker_start(&worker[0], &plan, 0);
	perf_fake_run(1000);
	perf_fake_warp(-630);
	perf_worker_stop(&worker[0], &plan, 0);
	report(1, 1);
	assert_unavailable("perf.cycles", "starved: ran 37 % of the region");
	assert_unavailable("perf.cycles", "perf_multiplex=on");
	assert_unavailable("perf.cycles_per_op", "starved");
	assert_unavailable("perf.ipc", "starved");
	finish(1);
}

static void test_multiplex(void **state)
{
	const struct caught *c;

	(void)state;
	fresh(3);
	plan.multiplex = true;
	want_usual();
	make_plan(PERF_SIDES_USER);
	assert_int_equal(plan.passes, 1);
	assert_int_equal(plan.nr_sets, 6);
	perf_fake.share = 0.25;
	open_workers(2, PERF_READ_AUTO);
	run_passes(2, 1000000);
	report(2, 1000);
	c = value_of("perf.l2_misses", -1);
	assert_non_null(c);
	assert_int_equal(c->state, VALUE_SCALED);
	assert_float_equal(c->share, 0.25, 1e-3);
	assert_float_equal(c->value / (2 * 5e6), 1, 1e-2);
	assert_int_equal(value_of("perf.l2_misses_per_op", -1)->state, VALUE_SCALED);
	assert_int_equal(value_of("perf.ipc", -1)->state, VALUE_SCALED);
	assert_float_equal(value_of("perf.ipc", -1)->value, 2, 1e-2);
	/* the first part of a formula that does not fit is unavailable, not divided */
	assert_unavailable("perf.l1d_miss_rate", "do not fit into one group");
	finish(2);
}

static void test_negative(void **state)
{
	struct ev_candidate *c;

	(void)state;
	fresh(6);
	c = want("difference", "lines");
	snprintf(c->expression, sizeof(c->expression), "r1 - r9");
	c->nr_terms = 2;
	c->term[0] = (struct ev_term){ 1, raw_event(1) };
	c->term[1] = (struct ev_term){ -1, raw_event(9) };
	make_plan(PERF_SIDES_USER);
	open_workers(1, PERF_READ_AUTO);
	run_passes(1, 100);
	report(1, 1);
	assert_unavailable("perf.difference", "r1 - r9 came out as -800");
	finish(1);
}

/* One worker out of descriptors: no sum, and the others' own counts stand. */
static void test_worker_emfile(void **state)
{
	(void)state;
	fresh(8);
	want_usual();
	make_plan(PERF_SIDES_USER);
	perf_fake.open_max = 8 + 8 + 3;
	open_workers(3, PERF_READ_AUTO);
	assert_int_equal(perf_fake_leaks(), 16);
	run_passes(3, 1000);
	report(3, 1);
	assert_unavailable("perf.cycles", "too many open files");
	assert_unavailable("perf.ipc", "(EMFILE)");
	assert_exact("perf.cycles", 0, 1000);
	assert_exact("perf.cycles", 1, 1000);
	assert_int_equal(value_of("perf.cycles", 2)->state, VALUE_UNAVAILABLE);
	finish(3);
}

static void test_read_by(void **state)
{
	static const struct {
		enum perf_read_by by;
		bool possible;
		const char *how;
	} rows[] = {
		{ PERF_READ_AUTO, true, "by rdpmc, 2 events" },
		{ PERF_READ_AUTO, false, "by read, 2 events" },
		{ PERF_READ_CALL, true, "by read, 2 events" },
		{ PERF_READ_RDPMC, true, "by rdpmc, 2 events" },
		{ PERF_READ_RDPMC, false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		fresh(6);
		perf_fake.rdpmc = perf_fake.user_time = rows[i].possible;
		perf_fake.live = true;
		want_mixed();
		make_plan(PERF_SIDES_USER);
		open_workers(1, rows[i].by);
		run_passes(1, 1000);
		report(1, 1);
		assert_exact("perf.page_faults", -1,
			     1000 * perf_fake_rate(PERF_TYPE_SOFTWARE, 2, PERF_USER));
		if (rows[i].how) {
			assert_exact("perf.l1d_misses", -1, 4000);
			assert_string_equal(value_of("perf.read_ns", -1)->note, rows[i].how);
		} else {
			assert_unavailable("perf.l1d_misses", "read from user space");
		}
		finish(1);
	}
}

/* What a pass that was not run would have counted is not known. */
static void test_pass_not_run(void **state)
{
	(void)state;
	fresh(3);
	want_usual();
	make_plan(PERF_SIDES_USER);
	open_workers(1, PERF_READ_AUTO);
	perf_worker_start(&worker[0], &plan, 0);
	perf_fake_run(1000);
	perf_worker_stop(&worker[0], &plan, 0);
	report(1, 1);
	assert_exact("perf.cycles", -1, 1000);
	assert_unavailable("perf.dtlb_walks", "never on a counter");
	finish(1);
}

static void work(void)
{
	perf_fake_run(100);
}

/* Events that open and count nothing are not counted, and no 0 is reported of them; what can be 0 in truth is believed
 * while the PMU counts all that cannot. */
static void test_dead(void **state)
{
	static const struct {
		uint64_t dead;
		bool remote; /* has a number */
	} c[] = { { 0, true },
		  { 1u << 8, true },
		  { 1u << 8 | 1u << 3, false },
		  { 0xfc | 1u << 8, false } };

	(void)state;
	for (size_t i = 0; i < LEN(c); i++) {
		fresh(4);
		perf_fake.dead = c[i].dead;
		want_usual();
		want_one("dram-remote", raw_event(8));
		make_plan(PERF_SIDES_USER);
		perf_plan_alive(&plan, work);
		open_workers(1, PERF_READ_AUTO);
		run_passes(1, 1000);
		report(1, 1);
		for (unsigned k = 0; k < nr_caught; k++)
			assert_true(strncmp(caught[k].metric, "perf.empty", 10) == 0 ||
				    caught[k].value != 0 || caught[k].state == VALUE_UNAVAILABLE ||
				    (c[i].dead == 1u << 8));
		assert_exact("perf.cycles", -1, 1000);
		if (c[i].dead & 1u << 3) {
			assert_unavailable("perf.l1d_misses", "it opens and counts nothing");
			assert_unavailable("perf.l1d_miss_rate", "it opens and counts nothing");
			assert_null(value_of("perf.empty_l1d_misses", -1));
			assert_unavailable("perf.dram_remote", "not counted either");
		}
		assert_int_equal(value_of("perf.dram_remote", -1)->state != VALUE_UNAVAILABLE,
				 c[i].remote);
		finish(1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_workers),	      cmocka_unit_test(test_formula_apart),
		cmocka_unit_test(test_formula_zero),  cmocka_unit_test(test_starved),
		cmocka_unit_test(test_multiplex),     cmocka_unit_test(test_negative),
		cmocka_unit_test(test_worker_emfile), cmocka_unit_test(test_read_by),
		cmocka_unit_test(test_pass_not_run),  cmocka_unit_test(test_dead),
	};

	return cmocka_run_group_tests_name("perf_report", tests, NULL, NULL);
}
