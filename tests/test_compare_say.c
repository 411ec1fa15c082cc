/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fails a gate, and verdicts as sentences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/compare.h"
#include "tests/run_help.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- gates ---- */

/* A comparison with the interval [lo, hi], of a metric. */
static struct comparison with(const char *metric, const char *unit, enum judge_word word, double lo,
			      double hi)
{
	struct comparison c = { .metric = metric, .unit = unit, .word = word };

	c.direction = direction_of(metric, unit);
	c.v = (struct verdict_result){ .have_interval = lo > 0, .lo = lo, .hi = hi };
	return c;
}

static void test_gates(void **state)
{
	static const struct {
		const char *gate, *metric, *unit;
		enum judge_word word;
		double lo, hi;
		int fails;
	} row[] = {
		{ "slower", "t", "ns", WORD_SLOWER, 1.005, 1.02, 1 },
		{ "slower", "t", "ns", WORD_EQUIVALENT, 1.005, 1.009, 0 },
		{ "slower:2%", "t", "ns", WORD_SLOWER, 1.021, 1.05, 1 },
		{ "slower:2", "t", "ns", WORD_SLOWER, 1.021, 1.05, 1 },
		{ "slower:2%", "t", "ns", WORD_SLOWER, 1.019, 1.05, 0 },
		{ "slower:0%", "t", "ns", WORD_EQUIVALENT, 1.001, 1.005, 1 },
		{ "slower:2%", "r", "1/s", WORD_SLOWER, 0.90, 0.97, 1 },
		{ "slower:2%", "r", "1/s", WORD_SLOWER, 0.90, 0.985, 0 },
		{ "slower:2%", "r", "1/s", WORD_FASTER, 1.2, 1.3, 0 },
		{ "faster:5%", "t", "ns", WORD_FASTER, 0.8, 0.9, 1 },
		{ "faster:5%", "r", "1/s", WORD_FASTER, 1.06, 1.1, 1 },
		{ "slower:2%", "bytes", "bytes", WORD_MORE, 2, 2, 0 },
		{ "more:5%", "bytes", "bytes", WORD_MORE, 2, 2, 1 },
		{ "more", "bytes", "bytes", WORD_MORE, 1.01, 1.01, 1 },
		{ "less:5%", "bytes", "bytes", WORD_LESS, 0.5, 0.9, 1 },
		{ "less:5%", "bytes", "bytes", WORD_LESS, 0.5, 0.96, 0 },
		{ "invalid", "t", "ns", WORD_INVALID, 0, 0, 1 },
		{ "invalid", "t", "ns", WORD_INCONCLUSIVE, 0, 0, 0 },
		{ "inconclusive", "t", "ns", WORD_INCONCLUSIVE, 0.9, 1.1, 1 },
		{ "slower:2%", "t", "ns", WORD_INCONCLUSIVE, 0, 0, 0 },
		{ "m>5%", "m", "1", WORD_MORE, 1.06, 1.1, 1 },
		{ "m>5%", "m", "1", WORD_MORE, 1.04, 1.1, 0 },
		{ "m<5%", "m", "1", WORD_LESS, 0.9, 0.94, 1 },
		{ "m>5%", "n", "1", WORD_MORE, 2, 2, 0 },
	};
	static const char *const bad[] = { "",		 "slowr",      "slower:",    "slower:x",
					   "invalid:2%", "equivalent", "slower:-1%", "m>",
					   "m>x",	 "same" };
	struct gate g;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct comparison c =
			with(row[i].metric, row[i].unit, row[i].word, row[i].lo, row[i].hi);

		assert_int_equal(gate_parse(&g, row[i].gate, &e), 0);
		if (gate_fails(&g, &c) != row[i].fails)
			fail_msg("row %zu: '%s'", i, row[i].gate);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (gate_parse(&g, bad[i], &e) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
}

/* What was 0 and is not any more is beyond every percentage. */
static void test_gate_of_a_difference(void **state)
{
	struct comparison c = with("rusage.major_faults", "faults", WORD_MORE, 3, 5);
	struct gate g;

	(void)state;
	c.v.difference = 1;
	assert_int_equal(gate_parse(&g, "rusage.major_faults>900%", NULL), 0);
	assert_int_equal(gate_fails(&g, &c), 1);
	c.b.s.median = 100;
	assert_int_equal(gate_fails(&g, &c), 0);
	assert_int_equal(gate_parse(&g, "more:2%", NULL), 0);
	assert_int_equal(gate_fails(&g, &c), 1);
	assert_int_equal(gate_parse(&g, "more:3.5%", NULL), 0);
	assert_int_equal(gate_fails(&g, &c), 0);
}

/* ---- sentences ---- */

static void test_sentences(void **state)
{
	static const struct {
		const char *metric, *unit;
		enum judge_word word;
		double ratio, lo, hi;
		const char *says;
	} row[] = {
		{ "t", "ns", WORD_FASTER, 0.2352, 0.2321, 0.2377,
		  "colour=1,n=8 is faster than x/colour=0,n=8: 4.25 x (ratio 0.2352, 95 % interval 0.2321 to "
		  "0.2377, 12 pairs)" },
		{ "t", "ns", WORD_SLOWER, 1.03, 1.02, 1.04, ": 3 % more time (ratio 1.03," },
		{ "t", "ns", WORD_FASTER, 0.97, 0.96, 0.98, ": 3 % less time (" },
		{ "t", "1/s", WORD_FASTER, 2, 1.9, 2.1, "is faster than x/colour=0,n=8: 2.00 x" },
		{ "t", "1/s", WORD_SLOWER, 0.9, 0.8, 0.95, ": 10 % less (" },
		{ "f", "faults", WORD_LESS, 0.5, 0.4, 0.6,
		  "has fewer f than x/colour=0,n=8: 0.50 x" },
		{ "t", "ns", WORD_EQUIVALENT, 1.001, 0.999, 1.003,
		  "are equivalent: within 1 % (ratio 1.001" },
		{ "t", "ns", WORD_EQUIVALENT, 1.004, 1.002, 1.006,
		  "within 1 %, though not the same" },
	};
	struct compare c = { .delta = 0.01, .nr = 0 };
	struct results r;
	struct maker m;
	char text[900];

	(void)state;
	make_begin(&m, 1);
	make_read(&m, &r);
	c.base = c.mine = &r;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct comparison x =
			with(row[i].metric, row[i].unit, row[i].word, row[i].lo, row[i].hi);

		x.v.ratio = row[i].ratio;
		x.v.pairs = 12;
		x.v.confidence = 0.95;
		x.a = (struct judge_side){ .run = &r, .config = 2 };
		x.b = (struct judge_side){ .run = &r, .config = 0 };
		compare_sentence(&c, &x, text, sizeof(text));
		if (!strstr(text, row[i].says))
			fail_msg("row %zu: %s", i, text);
	}
	results_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gates),
		cmocka_unit_test(test_gate_of_a_difference),
		cmocka_unit_test(test_sentences),
	};

	return cmocka_run_group_tests_name("compare_say", tests, NULL, NULL);
}
