/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantities into sets and passes, over an invented kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/pick.h"
#include "tests/perf_plan_help.h"

/* ---- fitting ---- */

static const struct {
	unsigned counters, passes;
	bool l1_together, base_everywhere;
} fits[] = {
	{ 1, 8, false, false }, { 2, 4, true, false }, { 3, 6, false, true },
	{ 4, 3, true, true },	{ 5, 2, true, true },  { 6, 2, true, true },
	{ 7, 2, true, true },	{ 8, 1, true, true },  { 16, 1, true, true },
};

static void test_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(fits); i++) {
		fresh(fits[i].counters);
		want_usual();
		make_plan(PERF_SIDES_USER);
		if (plan.passes != fits[i].passes)
			fail_msg("%u counters: %u passes", fits[i].counters, plan.passes);
		for (unsigned s = 0; s < plan.nr_sets; s++) {
			assert_true(plan.set[s].nr <= fits[i].counters);
			assert_int_equal(plan.set[s].pass, s);
			if (fits[i].base_everywhere)
				for (unsigned b = 0; b < 2; b++) {
					const struct perf_event ev = raw_event(b);

					assert_true(perf_set_find(&plan.set[s], &ev) >= 0);
				}
		}
		for (unsigned k = 0; k < plan.nr_items; k++)
			assert_true(plan.item[k].counted);
		assert_int_equal(item("l1d_misses")->at[0].set == item("l1d_accesses")->at[0].set,
				 fits[i].l1_together);
		finish(0);
	}
}

/* Some counters are others': what fits is found out by trial, not by what the PMU has. */
static void test_fits_beside_others(void **state)
{
	(void)state;
	fresh(8);
	perf_fake.taken = 4;
	want_usual();
	make_plan(PERF_SIDES_USER);
	assert_int_equal(plan.passes, 3);
	finish(0);
	fresh(8);
	perf_fake.taken = 8;
	want_usual();
	make_plan(PERF_SIDES_USER);
	assert_int_equal(plan.passes, 1);
	assert_int_equal(plan.nr_sets, 0);
	for (unsigned k = 0; k < plan.nr_items; k++) {
		assert_false(plan.item[k].counted);
		assert_non_null(strstr(plan.item[k].why.reason, "did not fit"));
	}
	finish(0);
}

/* An expression of more events than there are counters is counted in passes, and adds up. */
static void test_taken_apart(void **state)
{
	struct ev_candidate *c;

	(void)state;
	fresh(1);
	c = want("sum", "lines");
	c->nr_terms = 3;
	for (unsigned t = 0; t < 3; t++)
		c->term[t] = (struct ev_term){ t == 2 ? -0.5 : 2, raw_event(10 + t) };
	make_plan(PERF_SIDES_USER);
	assert_int_equal(plan.passes, 3);
	open_workers(1, PERF_READ_AUTO);
	run_passes(1, 1000);
	report(1, 0);
	assert_exact("perf.sum", -1, 2 * 11 * 1000 + 2 * 12 * 1001 - 0.5 * 13 * 1002);
	assert_non_null(strstr(value_of("perf.sum", -1)->note, "different passes of 3"));
	assert_null(value_of("perf.sum_per_op", -1)); /* of no operations */
	finish(1);
}

/* ---- sides ---- */

static const struct {
	enum perf_sides sides;
	unsigned passes;
	const char *there[3], *not_there[3];
} sides[] = {
	{ PERF_SIDES_USER, 1, { "perf.cycles", "perf.page_faults" }, { "perf.cycles_kernel" } },
	{ PERF_SIDES_KERNEL,
	  1,
	  { "perf.cycles_kernel", "perf.page_faults_kernel" },
	  { "perf.cycles", "perf.context_switches_kernel", "perf.page_faults" } },
	{ PERF_SIDES_BOTH, 1, { "perf.cycles_both", "perf.page_faults_both" }, { "perf.cycles" } },
	{ PERF_SIDES_SPLIT,
	  2,
	  { "perf.cycles_kernel", "perf.cycles", "perf.page_faults_kernel" },
	  { "perf.task_clock_kernel" } },
};

static void test_sides(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(sides); i++) {
		fresh(6);
		want_mixed();
		make_plan(sides[i].sides);
		assert_int_equal(plan.passes, sides[i].passes);
		open_workers(1, PERF_READ_AUTO);
		run_passes(1, 1000);
		report(1, 10);
		for (unsigned k = 0; k < 3; k++) {
			if (sides[i].there[k] && !value_of(sides[i].there[k], -1))
				fail_msg("row %zu: no %s", i, sides[i].there[k]);
			if (sides[i].not_there[k] && value_of(sides[i].not_there[k], -1))
				fail_msg("row %zu: %s", i, sides[i].not_there[k]);
		}
		/* of no side, and under no other name; switches are counted with the kernel's */
		assert_exact("perf.context_switches", -1,
			     1000 * perf_fake_rate(PERF_TYPE_SOFTWARE, 3, PERF_BOTH));
		assert_exact("perf.task_clock", -1,
			     1000 * perf_fake_rate(PERF_TYPE_SOFTWARE, 1, PERF_USER));
		if (sides[i].sides == PERF_SIDES_SPLIT) {
			assert_exact("perf.l1d_misses", -1, 1000 * 4);
			assert_exact("perf.l1d_misses_kernel", -1, 1001 * 4 * 1000.0);
			assert_exact("perf.l1d_misses_kernel_per_op", -1, 1001 * 4 * 100.0);
			assert_exact("perf.page_faults_kernel", -1,
				     1000 * perf_fake_rate(PERF_TYPE_SOFTWARE, 2, PERF_KERNEL));
		}
		finish(1);
	}
}

/* ---- refusals ---- */

static void test_no_pmu(void **state)
{
	static const struct perf_fake_rule rule[] = { { ENOENT, PERF_TYPE_RAW, -1, -1, 0 },
						      { ENOENT, PERF_TYPE_HARDWARE, -1, -1, 0 },
						      { 0 } };
	char first[1300] = "";

	(void)state;
	fresh(6);
	perf_fake.rule = rule;
	plan.place.pmu = false;
	want_usual();
	wants.want[0].extra = true; /* cycles: nobody asked */
	want_one("page-faults", soft_event(PERF_COUNT_SW_PAGE_FAULTS));
	want("no-such", "lines");
	wants.want[wants.nr - 1].nr = 0;
	snprintf(wants.want[wants.nr - 1].why.reason, PERF_REASON_MAX, "not on this CPU");
	make_plan(PERF_SIDES_SPLIT);
	assert_int_equal(plan.passes, 1);
	open_workers(2, PERF_READ_AUTO);
	run_passes(2, 500);
	report(2, 100);
	assert_exact("perf.page_faults", -1,
		     2 * 500 * perf_fake_rate(PERF_TYPE_SOFTWARE, 2, PERF_USER));
	assert_string_equal(value_of("perf.page_faults", -1)->source, "software");
	assert_null(value_of("perf.cycles", -1));
	/* one reason, in the same words, for all that wants a PMU, on either side */
	for (unsigned i = 0; i < nr_caught; i++) {
		if (caught[i].state != VALUE_UNAVAILABLE)
			continue;
		assert_string_equal(caught[i].source, "hardware");
		if (!*first)
			strcpy(first, caught[i].note);
		assert_string_equal(caught[i].note, first);
	}
	assert_non_null(strstr(first, "no hardware PMU"));
	assert_non_null(strstr(first, "(ENOENT)"));
	assert_unavailable("perf.no_such", "no hardware PMU");
	assert_unavailable("perf.l1d_miss_rate", "no hardware PMU");
	assert_unavailable("perf.l2_misses_kernel", "no hardware PMU");
	finish(2);
}

/* With a PMU, each has its own reason. */
static void test_refused(void **state)
{
	static const struct perf_fake_rule rule[] = { { EACCES, -1, -1, PERF_KERNEL, 0 },
						      { EINVAL, PERF_TYPE_RAW, 3, -1, 0 },
						      { 0 } };

	(void)state;
	fresh(6);
	perf_fake.rule = rule;
	want_usual();
	make_plan(PERF_SIDES_SPLIT);
	assert_int_equal(plan.passes, 2);
	open_workers(1, PERF_READ_AUTO);
	run_passes(1, 500);
	report(1, 100);
	assert_unavailable("perf.l1d_misses", "(EINVAL)");
	assert_unavailable("perf.l1d_misses_per_op", "(EINVAL)");
	assert_unavailable("perf.l1d_miss_rate", "(EINVAL)");
	assert_unavailable("perf.l1d_misses_kernel", "paranoid=2 forbids counting the kernel");
	assert_exact("perf.l1d_accesses", -1, 500 * 3);
	finish(1);
}

static void test_pick(void **state)
{
	static const struct perf_fake_rule rule[] = { { EINVAL, PERF_TYPE_RAW, 1, -1, 0 },
						      { ENOENT, PERF_TYPE_RAW, 2, -1, 0 },
						      { EACCES, PERF_TYPE_RAW, 3, -1, 0 },
						      { EBUSY, PERF_TYPE_RAW, 4, -1, 0 },
						      { 0 } };
	static const struct {
		uint64_t config[4]; /* two terms each, from the second on the same */
		unsigned nr;
		int chosen, error;
	} rows[] = {
		{ { 9 }, 1, 0, 0 },	     { { 1, 9 }, 2, 1, 0 },
		{ { 1, 2, 8, 9 }, 4, 2, 0 }, { { 1, 2 }, 2, -1, EINVAL },
		{ { 2, 1 }, 2, -1, ENOENT }, { { 1, 3 }, 2, -1, EACCES },
		{ { 4, 3 }, 2, -1, EACCES }, { { 1, 4, 2 }, 3, -1, EBUSY },
		{ { 0 }, 0, -1, 0 },
	};
	const struct perf_place place = { .paranoid = 2, .pmu = true };

	(void)state;
	perf_fake_reset();
	perf_fake.rule = rule;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct ev_candidate c[4] = { { .nr_terms = 0 } };
		struct perf_pick pick;
		const struct perf_refusal *why;

		for (unsigned k = 0; k < rows[i].nr; k++) {
			c[k].nr_terms = 2;
			c[k].term[0].event = raw_event(7);
			c[k].term[1].event = raw_event(rows[i].config[k]);
		}
		assert_int_equal(perf_pick(&pick, &perf_fake_sys, c, rows[i].nr, PERF_USER, &place),
				 rows[i].chosen);
		assert_int_equal(pick.nr,
				 rows[i].chosen < 0 ? rows[i].nr : (unsigned)rows[i].chosen);
		for (unsigned k = 0; k < pick.nr; k++)
			assert_int_equal(pick.bad[k], 1);
		why = perf_pick_why(&pick);
		if (rows[i].chosen < 0 && rows[i].nr)
			assert_int_equal(why->error, rows[i].error);
		assert_int_equal(perf_fake_leaks(), 0);
	}
}

/* A worse candidate counts, and the note says so. */
static void test_fallback(void **state)
{
	static const struct perf_fake_rule rule[] = { { EINVAL, PERF_TYPE_RAW, 3, -1, 0 }, { 0 } };
	struct ev_candidate *c;

	(void)state;
	fresh(6);
	perf_fake.rule = rule;
	c = want("l1d-misses", "lines");
	wants.want[0].nr = 2;
	c[0].nr_terms = c[1].nr_terms = 1;
	c[0].term[0] = (struct ev_term){ 1, raw_event(3) };
	c[1].term[0] = (struct ev_term){ 1, raw_event(5) };
	c[1].origin = EV_GENERIC;
	snprintf(c[1].expression, sizeof(c[1].expression), "perf::L1-DCACHE-LOAD-MISSES");
	snprintf(c[1].note, sizeof(c[1].note), "loads only");
	make_plan(PERF_SIDES_USER);
	open_workers(1, PERF_READ_AUTO);
	run_passes(1, 100);
	report(1, 100);
	assert_exact("perf.l1d_misses", -1, 600);
	assert_string_equal(
		value_of("perf.l1d_misses", -1)->note,
		"perf::L1-DCACHE-LOAD-MISSES [type=4 config=0x5]; generic; a better one "
		"was refused (EINVAL); loads only");
	finish(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),	    cmocka_unit_test(test_fits_beside_others),
		cmocka_unit_test(test_taken_apart), cmocka_unit_test(test_sides),
		cmocka_unit_test(test_no_pmu),	    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_pick),	    cmocka_unit_test(test_fallback),
	};

	return cmocka_run_group_tests_name("perf_plan", tests, NULL, NULL);
}
