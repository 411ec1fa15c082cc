/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run's folder to verdicts: what counts, what spoils a comparison, which config is meant. Runs are
 * made in memory (run_help.c); gates and sentences are in test_compare_say.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "tests/run_help.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- which config ---- */

static void test_config_names(void **state)
{
	static const struct {
		const char *text;
		int config;
		const char *message;
	} row[] = {
		{ "colour=1,n=8", 2, NULL },
		{ "n=8,colour=1", 2, NULL },
		{ "x/colour=2,n=16", 5, NULL },
		{ "y", 6, NULL },
		{ "y/colour=0", 6, NULL },
		{ "colour=0", 6, NULL }, /* the whole label of one */
		{ "x/colour=0", -EINVAL, "is 2 configs (colour=0,n=8; colour=0,n=16)" },
		{ "colour=1", -EINVAL, "name more of their settings" },
		{ "x", -EINVAL, "6 configs" },
		{ "colour=3", -EINVAL, "axis colour has no value '3': it has 0, 1, 2" },
		{ "color=1,n=8", -EINVAL, "did you mean 'colour=...'" },
		{ "nothing", -EINVAL, "expected AXIS=VALUE,... or EXPERIMENT" },
		{ "colour=1,n=8,z=1", -EINVAL, "no config 'colour=1,n=8,z=1'" },
		{ "y/n=8", -EINVAL, "no config has all of 'n=8'" },
	};
	struct results r;
	struct maker m;

	(void)state;
	make_begin(&m, 1);
	make_read(&m, &r);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct err e = { "" };
		int got = results_config(&r, row[i].text, &e);

		if (got != row[i].config || (row[i].message && !strstr(e.text, row[i].message)))
			fail_msg("'%s': %d '%s'", row[i].text, got, e.text);
	}
	results_release(&r);
}

/* ---- what counts ---- */

static void test_counting(void **state)
{
	static const char *const states[] = { "ok",	 "failed",  "crashed",
					      "timeout", "invalid", "disturbed" };
	struct results r;
	struct maker m;
	const struct res_config *c;
	struct res_summary s;
	unsigned b;
	int metric;

	(void)state;
	make_begin(&m, 8);
	for (b = 0; b < 6; b++) {
		make_value(&m, b, 0, "t", 1 + b, "ns", "clock");
		make_end(&m, b, 0, states[b], "why");
	}
	/* disturbed twice and then ok; block 7 is not there */
	for (b = 0; b < 3; b++) {
		make_value(&m, 6, 0, "t", 100 + b, "ns", "clock");
		make_end(&m, 6, 0, b < 2 ? "disturbed" : "ok", "");
	}
	make_read(&m, &r);
	c = &r.config[0];
	assert_int_equal(c->ok, 2);
	assert_int_equal(c->failed, 1);
	assert_int_equal(c->crashed, 1);
	assert_int_equal(c->timeout, 1);
	assert_int_equal(c->invalid, 1);
	assert_int_equal(c->disturbed, 1);
	assert_int_equal(c->repeated, 2);
	assert_int_equal(results_not_run(&r, 0), 1);
	assert_int_equal(results_not_run(&r, 1), 8);
	metric = results_metric(&r, "t", NULL);
	assert_true(metric >= 0);
	results_summary(&r, 0, (unsigned)metric, &s);
	assert_int_equal(s.n, 2);
	assert_true(s.min == 1 && s.max == 102);
	results_release(&r);
}

/* ---- verdicts and what spoils them ---- */

#define CONFIDENT                                                   \
	{                                                           \
		.confidence = 0.95, .delta = 0.01, .comparisons = 1 \
	}

static void judged(struct comparison *c, const struct results *r, unsigned a, unsigned b,
		   const char *metric)
{
	const struct verdict_rules rules = CONFIDENT;

	judge_begin(c, r, a, r, b, metric);
	judge(c, &rules);
}

static void expect(const struct comparison *c, enum judge_word word, const char *reason)
{
	if (c->word != word || !strstr(c->reason, reason))
		fail_msg("%s '%s', expected %s '%s'", judge_words[c->word], c->reason,
			 judge_words[word], reason);
}

static void test_measured(void **state)
{
	struct comparison c;
	struct results r;
	struct maker m;

	(void)state;
	make_begin(&m, 8);
	make_series(&m, 0, "time.ns_per_op", 10, 0.01, "ns", "clock");
	make_series(&m, 1, "time.ops_per_s", 10, 0.01, "1/s", "clock");
	make_series(&m, 2, "time.ns_per_op", 5, 0.01, "ns", "clock");
	make_series(&m, 3, "time.ops_per_s", 5, 0.01, "1/s", "clock");
	make_series(&m, 4, "time.ns_per_op", 10.02, 0.01, "ns", "clock");
	make_read(&m, &r);
	judged(&c, &r, 2, 0, "time.ns_per_op");
	expect(&c, WORD_FASTER, "");
	assert_int_equal(c.better, 1);
	assert_int_equal(c.kind, JUDGE_PAIRED);
	judged(&c, &r, 0, 2, "time.ns_per_op");
	expect(&c, WORD_SLOWER, "");
	assert_int_equal(c.better, -1);
	judged(&c, &r, 3, 1, "time.ops_per_s");
	expect(&c, WORD_SLOWER, "");
	assert_int_equal(c.better, -1);
	judged(&c, &r, 1, 3, "time.ops_per_s");
	expect(&c, WORD_FASTER, "");
	judged(&c, &r, 4, 0, "time.ns_per_op");
	expect(&c, WORD_EQUIVALENT, "");
	assert_int_equal(c.better, 0);
	/* the other one's metric */
	judged(&c, &r, 1, 0, "time.ns_per_op");
	expect(&c, WORD_INVALID, "colour=0,n=16: time.ns_per_op was not measured");
	results_release(&r);
}

static void test_zeros_are_differences(void **state)
{
	struct comparison c;
	struct results r;
	struct maker m;
	unsigned b;

	(void)state;
	make_begin(&m, 8);
	for (b = 0; b < 8; b++) {
		make_value(&m, b, 0, "rusage.minor_faults", b ? b : 0, "faults", "kernel");
		make_end(&m, b, 0, "ok", "");
		make_value(&m, b, 1, "rusage.minor_faults", b + 10, "faults", "kernel");
		make_end(&m, b, 1, "ok", "");
		make_value(&m, b, 2, "rusage.minor_faults", 0, "faults", "kernel");
		make_end(&m, b, 2, "ok", "");
		make_value(&m, b, 3, "rusage.minor_faults", 0, "faults", "kernel");
		make_end(&m, b, 3, "ok", "");
	}
	make_read(&m, &r);
	judged(&c, &r, 1, 0, "rusage.minor_faults");
	expect(&c, WORD_MORE, "");
	assert_int_equal(c.better, -1);
	assert_true(c.v.difference && c.v.ratio == 10 && c.v.lo == 10 && c.v.hi == 10);
	judged(&c, &r, 3, 2, "rusage.minor_faults");
	expect(&c, WORD_EQUIVALENT, "");
	assert_true(c.v.difference && c.v.ratio == 0);
	results_release(&r);
}

static void test_exact(void **state)
{
	struct comparison c;
	struct results r;
	struct maker m;

	(void)state;
	make_begin(&m, 2); /* too few for statistics */
	make_series(&m, 0, "slabinfo.bytes_held", 4096, 0, "bytes", "engine");
	make_series(&m, 1, "slabinfo.bytes_held", 8192, 0, "bytes", "engine");
	make_series(&m, 2, "slabinfo.bytes_held", 8192, 0, "bytes", "engine");
	make_series(&m, 3, "slabinfo.bytes_held", 8192, 1, "bytes", "engine");
	make_series(&m, 4, "slabinfo.bytes_held", 0, 0, "bytes", "engine");
	make_series(&m, 5, "slabinfo.bytes_held", 4096, 0, "bytes", "kernel");
	make_read(&m, &r);
	judged(&c, &r, 1, 0, "slabinfo.bytes_held");
	expect(&c, WORD_MORE, "");
	assert_true(c.kind == JUDGE_EXACT && c.v.ratio == 2 && c.better == -1 && !c.testable);
	judged(&c, &r, 0, 1, "slabinfo.bytes_held");
	expect(&c, WORD_LESS, "");
	assert_int_equal(c.better, 1);
	judged(&c, &r, 1, 2, "slabinfo.bytes_held");
	expect(&c, WORD_SAME, "");
	judged(&c, &r, 1, 4, "slabinfo.bytes_held");
	expect(&c, WORD_MORE, "");
	assert_true(c.v.difference && c.v.ratio == 8192);
	/* one that varies is no longer exact, and that is said */
	judged(&c, &r, 3, 0, "slabinfo.bytes_held");
	expect(&c, WORD_INCONCLUSIVE, "2 pairs: an interval needs 6");
	assert_non_null(
		strstr(c.warning, "varies between launches of colour=1,n=16 (8192 to 8193)"));
	results_release(&r);
}

static void test_invalid(void **state)
{
	struct comparison c;
	struct results r;
	struct maker m;
	char aside[160];
	unsigned b, i;

	(void)state;
	make_begin(&m, 8);
	for (b = 0; b < 8; b++) {
		for (i = 0; i < 6; i++) {
			if (i < 4)
				make_value(&m, b, i, "t", 5 + i + 0.01 * b, "ns", "clock");
			if (i == 4)
				make_state(&m, b, i, "t", "5", b == 3 ? "scaled" : "exact", "");
			if (i == 5)
				make_state(&m, b, i, "t", "", "unavailable", "no PMU (ENOENT)");
			/* 0: all ok; 1: 5 of 8 aside; 2: 3 of 8 aside; 3: 2 of 8 aside */
			if ((i == 1 && b < 5) || (i == 2 && b < 3) || (i == 3 && b < 2))
				make_end(&m, b, i, b == 1 ? "invalid" : "disturbed",
					 b == 1 ? "placement: 3 pages" : "run_delay 12 % of it");
			else
				make_end(&m, b, i, "ok", "");
		}
	}
	make_read(&m, &r);
	assert_int_equal(judge_aside(&r, 1, aside, sizeof(aside)), 5);
	assert_string_equal(aside, "5 of 8 launches set aside (run_delay, and other reasons)");
	assert_int_equal(judge_aside(&r, 0, aside, sizeof(aside)), 0);
	judged(&c, &r, 1, 0, "t");
	expect(&c, WORD_INVALID, "5 of 8 launches set aside");
	judged(&c, &r, 0, 1, "t");
	expect(&c, WORD_INVALID, "5 of 8 launches set aside");
	judged(&c, &r, 2, 0, "t");
	expect(&c, WORD_INVALID, "5 pairs are left, an interval needs 6");
	judged(&c, &r, 3, 0, "t");
	expect(&c, WORD_SLOWER, "");
	assert_int_equal(c.v.pairs, 6);
	judged(&c, &r, 4, 0, "t");
	expect(&c, WORD_INVALID, "multiplexed");
	judged(&c, &r, 5, 0, "t");
	expect(&c, WORD_INVALID, "unavailable: no PMU (ENOENT)");
	assert_false(c.testable);
	judged(&c, &r, 6, 0, "t"); /* not run yet */
	expect(&c, WORD_INCONCLUSIVE, "0 pairs: an interval needs 6");
	results_release(&r);
}

/* ---- many, and two runs ---- */

static void test_correction(void **state)
{
	struct compare_request q = { .baseline = "colour=0", .delta = 0.01, .confidence = 0.95 };
	struct compare c = { .base = NULL };
	struct results r;
	struct maker m;
	unsigned i;

	(void)state;
	make_begin(&m, 7); /* enough for one comparison, and not for four */
	for (i = 0; i < 6; i++)
		make_series(&m, i, "time.ns_per_op", 10 + i, 0.001, "ns", "clock");
	make_read(&m, &r);
	c.base = c.mine = &r;
	assert_int_equal(compare_add_run(&c, &q, NULL), 0);
	assert_int_equal(c.nr, 4);
	compare_judge(&c, &q);
	assert_int_equal(c.together, 4);
	assert_true(fabs(c.each - 0.9875) < 1e-12);
	assert_int_equal(compare_count(&c, WORD_INCONCLUSIVE), 4);
	assert_int_equal(c.item[0].v.least, 8);
	compare_release(&c);
	c.base = c.mine = &r;
	assert_int_equal(compare_add(&c, &q, 2, 0, NULL), 0);
	compare_judge(&c, &q);
	assert_int_equal(c.item[0].word, WORD_SLOWER);
	compare_release(&c);
	results_release(&r);
}

static void test_two_runs(void **state)
{
	struct compare_request q = { .delta = 0.01, .confidence = 0.95 };
	struct compare c = { .base = NULL };
	struct results r[2];
	struct maker m;
	unsigned i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		make_begin(&m, 8);
		m.host = k ? "there" : "here";
		/* config 0: 20 % apart; 1: apart, and not beyond delta; 2: only in one */
		for (i = 0; i < 2 + k; i++)
			make_series(&m, i, "time.ns_per_op", 10 + k * (i ? 0.1 : 2), 0.005, "ns",
				    "clock");
		make_read(&m, &r[k]);
	}
	c.base = &r[0];
	c.mine = &r[1];
	assert_int_equal(compare_add_runs(&c, &q, NULL), 0);
	assert_int_equal(c.nr, 7);
	compare_judge(&c, &q);
	assert_int_equal(c.item[0].kind, JUDGE_UNPAIRED);
	assert_int_equal(c.item[0].word, WORD_SLOWER);
	assert_int_equal(c.item[1].word, WORD_INCONCLUSIVE);
	assert_true(c.item[1].v.lo > 1); /* a pair's rule would have said slower */
	assert_int_equal(compare_environment(&c, NULL), 0);
	assert_int_equal(c.nr_env, 1);
	assert_string_equal(compare_unlike(&c)->name, "hostname");
	compare_release(&c);
	/* configs of two names: what was asked of them differs */
	c.base = &r[0];
	c.mine = &r[1];
	assert_int_equal(compare_add(&c, &q, 2, 0, NULL), 0);
	assert_int_equal(compare_environment(&c, NULL), 0);
	assert_int_equal(c.nr_env, 2);
	assert_string_equal(c.env[1].name, "option ops");
	assert_string_equal(c.env[1].base, "1");
	assert_string_equal(c.env[1].mine, "2");
	compare_release(&c);
	results_release(&r[0]);
	results_release(&r[1]);
}

/* ---- what drifts, what moves along ---- */

static void test_warnings(void **state)
{
	struct compare_request q = { .delta = 0.01, .confidence = 0.95 };
	struct compare c = { .base = NULL };
	struct results r;
	struct maker m;
	unsigned b;

	(void)state;
	make_begin(&m, 20);
	for (b = 0; b < 20; b++) {
		unsigned first = b % 2, i;

		for (i = 0; i < 2; i++) {
			unsigned config = i ? !first : first;
			/* 0 rises; 1 does not, and is slower where it comes first */
			double t = config ? 10 + (i ? 0 : 1) + 0.01 * (b * 7 % 20) : 10 + 0.1 * b;

			make_value(&m, b, config, "time.ns_per_op", t, "ns", "clock");
			make_end(&m, b, config, "ok", "");
		}
	}
	make_read(&m, &r);
	c.base = c.mine = &r;
	assert_int_equal(compare_add(&c, &q, 1, 0, NULL), 0);
	compare_judge(&c, &q);
	assert_int_equal(c.nr_warnings, 2);
	assert_non_null(strstr(c.warning[0], "drift: time.ns_per_op of x/colour=0,n=8 rises"));
	assert_non_null(strstr(c.warning[1], "order: time.ns_per_op of x/colour=0,n=16 is +"));
	compare_release(&c);
	results_release(&r);
}

static void test_explain(void **state)
{
	struct explanation e[EXPLAIN_MOST];
	struct comparison c;
	struct results r;
	struct maker m;
	unsigned b, changed, n, config;

	(void)state;
	make_begin(&m, 16);
	for (b = 0; b < 16; b++)
		for (config = 0; config < 2; config++) {
			double wave = b * 5 % 16, other = b * 3 % 16;

			make_value(&m, b, config, "time.ns_per_op", config ? 20 + wave : 10, "ns",
				   "clock");
			make_value(&m, b, config, "time.cpu_ns", config ? 20 + wave : 10, "ns",
				   "clock");
			make_value(&m, b, config, "perf.misses", config ? 50 + wave : 10, "lines",
				   "hardware");
			make_value(&m, b, config, "perf.other", config ? 50 + other : 10, "lines",
				   "hardware");
			make_value(&m, b, config, "perf.same", 7 + wave, "lines", "hardware");
			make_value(&m, b, config, "slabinfo.num_slabs", config ? 3 : 4, "slabs",
				   "engine");
			make_value(&m, b, config, "effective.colour", config, "1", "config");
			make_end(&m, b, config, "ok", "");
		}
	make_read(&m, &r);
	judged(&c, &r, 1, 0, "time.ns_per_op");
	n = explain(&c, 0.95, e, &changed);
	assert_int_equal(changed, 3);
	assert_int_equal(n, 3);
	assert_string_equal(r.metric[e[0].metric].name, "perf.misses");
	assert_true(fabs(e[0].rho - 1) < 1e-12 && e[0].n == 16 && e[0].p < 1e-6);
	assert_string_equal(r.metric[e[1].metric].name, "perf.other");
	assert_true(fabs(e[1].rho) < 0.6);
	assert_string_equal(r.metric[e[2].metric].name, "slabinfo.num_slabs");
	assert_true(isnan(e[2].rho) && e[2].exact && e[2].ratio == 0.75);
	results_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_names), cmocka_unit_test(test_counting),
		cmocka_unit_test(test_measured),     cmocka_unit_test(test_zeros_are_differences),
		cmocka_unit_test(test_exact),	     cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_correction),   cmocka_unit_test(test_two_runs),
		cmocka_unit_test(test_warnings),     cmocka_unit_test(test_explain),
	};

	/* no A/A run of the developer's own may change a verdict */
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
