/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proofs of events: the verdict on invented counts, and kernels with real software events. */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <linux/perf_event.h>
#include <sched.h>

#include "collectors/perf/proof.h"
#include "lib/hostfs.h"
#include "tests/perf_fake.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct proof_row row_of(double exact, double approximate, bool at_least)
{
	return (struct proof_row){ "q",	  &proof_touch, KNOWN_LINES, PERF_USER,
				   exact, approximate,	at_least };
}

static struct proof_sample sample(double known, double counted)
{
	return (struct proof_sample){
		.known = known, .count = { .value = counted, .state = VALUE_EXACT, .share = 1 }
	};
}

/* ---- the verdict ---- */

/* 1000 are known; so much was counted, within 1 % is exact and within 10 % approximate. */
static const struct {
	const char *name;
	double counted, known;
	bool at_least, guest;
	enum proof_verdict verdict;
	double off;	    /* NaN: none */
	const char *reason; /* part of it; "" : none at all */
} cases[] = {
	{ "the same", 1000, 1000, false, false, PROOF_EXACT, 0, "" },
	{ "within", 1010, 1000, false, false, PROOF_EXACT, 0.01, "" },
	{ "within, below", 990, 1000, false, false, PROOF_EXACT, -0.01, "" },
	{ "off by 1.5 %", 1015, 1000, false, false, PROOF_APPROXIMATE, 0.015,
	  "off by +1.5 %: 1015 counted, 1000 cache lines are known" },
	{ "off by -1.5 %", 985, 1000, false, false, PROOF_APPROXIMATE, -0.015, "off by -1.5 %" },
	{ "off by 40 %", 1400, 1000, false, false, PROOF_WRONG, 0.4, "off by +40 %" },
	{ "twice", 2000, 1000, false, true, PROOF_WRONG, 1, "off by +100 %: 2000 counted" },
	{ "zero", 0, 1000, false, false, PROOF_WRONG, -1, "it opens and counts nothing" },
	{ "zero in a guest", 0, 1000, false, true, PROOF_WRONG, -1, "(hypervisor KVM?)" },
	{ "none and none", 0, 0, false, false, PROOF_EXACT, 0, "" },
	{ "some and none", 5, 0, false, false, PROOF_WRONG, INFINITY,
	  "off by all of it: 5 counted, 0" },
	{ "enough", 5000, 1000, true, false, PROOF_APPROXIMATE, NAN, "plausible" },
	{ "just enough", 1000, 1000, true, false, PROOF_APPROXIMATE, NAN, "plausible" },
	{ "too few", 999, 1000, true, false, PROOF_WRONG, -0.001, "too few" },
	{ "zero of at least", 0, 1000, true, false, PROOF_WRONG, -1, "counts nothing" },
};

static void test_verdicts(void **state)
{
	struct perf_place place = { .hypervisor_name = "KVM" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct proof_row row = row_of(0.01, 0.1, cases[i].at_least);
		struct proof_sample s = sample(cases[i].known, cases[i].counted);
		struct proof_result r;

		place.hypervisor = cases[i].guest;
		proof_judge(&r, &row, &s, 1, &place);
		if (r.verdict != cases[i].verdict || !strstr(r.why.reason, cases[i].reason) ||
		    (!*cases[i].reason && *r.why.reason))
			fail_msg("%s: %s, '%s'", cases[i].name, proof_verdict_names[r.verdict],
				 r.why.reason);
		if (isnan(cases[i].off) ?
			    !isnan(r.off) :
			    r.off != cases[i].off && fabs(r.off - cases[i].off) > 1e-12)
			fail_msg("%s: off %g", cases[i].name, r.off);
		assert_true(r.known == cases[i].known && r.counted == cases[i].counted);
		assert_int_equal(r.verdict == PROOF_WRONG, *r.why.remedy != '\0');
		assert_int_equal(r.why.error, 0);
	}
}

/* A number that never came is no zero. */
static void test_no_number(void **state)
{
	struct proof_row row = row_of(0.01, 0.1, false);
	struct proof_sample s[3] = { sample(1000, 0), sample(1000, 0), sample(1000, 1015) };
	struct proof_result r;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		s[i].count.state = VALUE_UNAVAILABLE;
		strcpy(s[i].count.why.reason, "never on a counter");
		strcpy(s[i].count.why.remedy, "count less");
		s[i].count.why.error = EBUSY;
	}
	proof_judge(&r, &row, s, 2, NULL);
	assert_int_equal(r.verdict, PROOF_UNCOUNTED);
	assert_string_equal(r.why.reason, "never on a counter");
	assert_string_equal(r.why.remedy, "count less");
	assert_int_equal(r.why.error, EBUSY);
	assert_true(isnan(r.counted) && isnan(r.known) && isnan(r.off));
	/* one repetition that counted is enough, and nothing of the others is told */
	proof_judge(&r, &row, s, 3, NULL);
	assert_int_equal(r.verdict, PROOF_APPROXIMATE);
	assert_int_equal(r.why.error, 0);
	assert_true(r.counted == 1015);
	proof_judge(&r, &row, s, 0, NULL);
	assert_int_equal(r.verdict, PROOF_UNCOUNTED);
}

/* What came in between spoils one repetition, and not the verdict. */
static void test_median(void **state)
{
	struct proof_row row = row_of(0.01, 0.1, false);
	struct proof_sample s[5] = { sample(1000, 7000), sample(1000, 1001), sample(1000, 0),
				     sample(2000, 2002), sample(1000, 1002) };
	struct proof_result r;

	(void)state;
	proof_judge(&r, &row, s, 5, NULL);
	assert_int_equal(r.verdict, PROOF_EXACT);
	assert_true(fabs(r.off - 0.001) < 1e-12);
}

static void test_scaled(void **state)
{
	struct proof_row row = row_of(0.01, 0.1, false);
	struct proof_sample s = sample(1000, 1000);
	struct proof_result r;

	(void)state;
	proof_judge(&r, &row, &s, 1, NULL);
	assert_false(r.scaled);
	assert_true(r.share == 1);
	s.count.state = VALUE_SCALED;
	s.count.share = 0.37;
	proof_judge(&r, &row, &s, 1, NULL);
	assert_int_equal(r.verdict, PROOF_EXACT);
	assert_true(r.scaled && r.share == 0.37);
}

static void test_table(void **state)
{
	(void)state;
	for (const struct proof_row *r = proof_rows; r->quantity; r++) {
		assert_ptr_equal(proof_find(r->quantity), r); /* none twice */
		assert_true(r->exact >= 0 && r->exact <= r->approximate && r->approximate < 1);
		assert_true(r->kernel->prepare && r->kernel->go && r->kernel->release);
		assert_non_null(proof_what_names[r->what]);
	}
	assert_null(proof_find("nothing"));
}

/* ---- kernels, with what this kernel counts ---- */

static struct proof_machine machine;
static struct perf_place place;

static void software(struct ev_term *t, uint64_t config)
{
	memset(t, 0, sizeof(*t));
	t->factor = 1;
	t->event.type = PERF_TYPE_SOFTWARE;
	t->event.config = config;
}

/* Faults are exact or nothing is; the rest depends on what the kernel lets us count. */
static void test_faults(void **state)
{
	struct proof_result r;
	struct ev_term t;

	(void)state;
	software(&t, PERF_COUNT_SW_PAGE_FAULTS);
	proof_run(&r, proof_find("page-faults"), &perf_sys_kernel, &machine, &t, 1, &place);
	if (r.verdict == PROOF_UNCOUNTED) {
		print_message("not permitted here: %s\n", r.why.reason);
		skip();
	}
	assert_int_equal(r.verdict, PROOF_EXACT);
	assert_true(r.known == 512 && r.counted == 512 && r.off == 0);
	software(&t, PERF_COUNT_SW_PAGE_FAULTS_MIN);
	proof_run(&r, proof_find("minor-faults"), &perf_sys_kernel, &machine, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_EXACT);
	/* an event that never happens here is found out */
	software(&t, PERF_COUNT_SW_EMULATION_FAULTS);
	proof_run(&r, proof_find("page-faults"), &perf_sys_kernel, &machine, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_WRONG);
	assert_non_null(strstr(r.why.reason, "counts nothing"));
}

/* Faults + minor faults - minor faults are faults: terms and their factors. */
static void test_sums(void **state)
{
	struct proof_result r;
	struct ev_term t[3];

	(void)state;
	software(&t[0], PERF_COUNT_SW_PAGE_FAULTS);
	software(&t[1], PERF_COUNT_SW_PAGE_FAULTS_MIN);
	software(&t[2], PERF_COUNT_SW_PAGE_FAULTS_MIN);
	t[1].factor = 3;
	t[2].factor = -2;
	proof_run(&r, proof_find("page-faults"), &perf_sys_kernel, &machine, t, 3, &place);
	if (r.verdict == PROOF_UNCOUNTED)
		skip();
	assert_int_equal(r.verdict, PROOF_WRONG);
	assert_true(r.counted == 1024);
}

static void test_switches(void **state)
{
	static const struct {
		const char *quantity;
		uint64_t config;
	} rows[] = {
		{ "context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES },
		{ "cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS },
	};
	cpu_set_t before, after;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct proof_result r;
		struct ev_term t;

		software(&t, rows[i].config);
		proof_run(&r, proof_find(rows[i].quantity), &perf_sys_kernel, &machine, &t, 1,
			  &place);
		if (r.verdict == PROOF_UNCOUNTED || r.verdict == PROOF_SKIPPED) {
			print_message("%s: %s\n", rows[i].quantity, r.why.reason);
			continue;
		}
		/* others may move or stop us once more; most of the time they do not */
		if (r.verdict != PROOF_EXACT && r.verdict != PROOF_APPROXIMATE)
			fail_msg("%s: %s", rows[i].quantity, r.why.reason);
		assert_true(r.counted >= 20);
	}
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
}

/* What a kernel cannot do here is skipped, with the reason, and nothing stays open. */
static void test_skipped(void **state)
{
	struct proof_machine less = machine;
	struct proof_result r;
	struct ev_term t;

	(void)state;
	software(&t, PERF_COUNT_SW_PAGE_FAULTS);
	perf_fake_reset();
	less.nr_cpus = 1;
	proof_run(&r, proof_find("cpu-migrations"), &perf_fake_sys, &less, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_SKIPPED);
	assert_non_null(strstr(r.why.reason, "two CPUs"));
	less.remote = -1;
	proof_run(&r, proof_find("dram-remote"), &perf_fake_sys, &less, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_SKIPPED);
	assert_non_null(strstr(r.why.reason, "two memory nodes"));
	less.llc = 0;
	proof_run(&r, proof_find("llc-misses"), &perf_fake_sys, &less, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_SKIPPED);
	less.llc = 64 << 20;
	less.line = 64;
	less.memory = 1 << 20;
	proof_run(&r, proof_find("llc-misses"), &perf_fake_sys, &less, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_SKIPPED);
	assert_int_equal(r.why.error, ENOMEM);
	less.quick = true;
	proof_run(&r, proof_find("llc-misses"), &perf_fake_sys, &less, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_SKIPPED);
	assert_non_null(strstr(r.why.remedy, "quick"));
	assert_int_equal(perf_fake.opens, 0);
	assert_int_equal(perf_fake_leaks(), 0);
}

/* The fake's time stands still: an event that opens, and sees nothing. Every kernel runs. */
static void test_every_kernel(void **state)
{
	struct proof_machine small = machine;

	(void)state;
	small.line = small.line ? small.line : 64;
	small.l2 = 64 * 1024;
	small.llc = 256 * 1024;
	small.memory = 64 << 20;
	small.quick = false;
	perf_fake_reset();
	perf_fake.step = 10;
	for (const struct proof_row *row = proof_rows; row->quantity; row++) {
		struct proof_result r;
		struct ev_term t = { .factor = 1, .event = { .type = PERF_TYPE_RAW, .config = 1 } };

		proof_run(&r, row, &perf_fake_sys, &small, &t, 1, &place);
		if (r.verdict == PROOF_SKIPPED)
			continue;
		if (r.verdict != PROOF_WRONG || !(r.known > 0))
			fail_msg("%s: %s, known %g, counted %g, '%s'", row->quantity,
				 proof_verdict_names[r.verdict], r.known, r.counted, r.why.reason);
	}
	assert_int_equal(perf_fake_leaks(), 0);
}

static void test_refused(void **state)
{
	static const struct perf_fake_rule rules[] = { { ENOENT, -1, -1, -1, 0 }, { 0 } };
	struct proof_result r;
	struct ev_term t = { .factor = 1, .event = { .type = PERF_TYPE_RAW, .config = 1 } };

	(void)state;
	perf_fake_reset();
	perf_fake.rule = rules;
	proof_run(&r, proof_find("l1d-loads"), &perf_fake_sys, &machine, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_UNCOUNTED);
	assert_int_equal(r.why.error, ENOENT);
	assert_true(*r.why.reason);
	perf_fake_reset();
	perf_fake.stopped = true;
	perf_fake.step = 10;
	proof_run(&r, proof_find("l1d-loads"), &perf_fake_sys, &machine, &t, 1, &place);
	assert_int_equal(r.verdict, PROOF_UNCOUNTED);
	assert_true(isnan(r.counted));
	assert_int_equal(perf_fake_leaks(), 0);
}

static int find_machine(void **state)
{
	struct hostfs fs = { "" };

	(void)state;
	perf_place_read(&place, &fs);
	return proof_machine_init(&machine, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts), cmocka_unit_test(test_no_number),
		cmocka_unit_test(test_median),	 cmocka_unit_test(test_scaled),
		cmocka_unit_test(test_table),	 cmocka_unit_test(test_faults),
		cmocka_unit_test(test_sums),	 cmocka_unit_test(test_switches),
		cmocka_unit_test(test_skipped),	 cmocka_unit_test(test_every_kernel),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("proof", tests, find_machine, NULL);
}
