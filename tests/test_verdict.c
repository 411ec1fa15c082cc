/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Verdicts and the statistics below them, against a second implementation that counts: all sign
 * patterns, all ways to deal out ranks, binomials in integers. What simulated launches say is in
 * test_verdict_sim.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/rank.h"
#include "lib/rng.h"
#include "lib/verdict.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void near(double got, double want, double by)
{
	if (!(fabs(got - want) <= by))
		fail_msg("expected %.17g, got %.17g", want, got);
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* ---- the second implementation ---- */

/* Of the 2^n patterns of signs, those with at most @k minuses. */
static uint64_t patterns_upto(unsigned n, unsigned k)
{
	uint64_t count = 0, p;

	for (p = 0; p < (uint64_t)1 << n; p++)
		count += (unsigned)__builtin_popcountll(p) <= k;
	return count;
}

/* The same by Pascal's triangle, for n up to 62. */
static uint64_t binomials_upto(unsigned n, unsigned k)
{
	uint64_t c = 1, sum = 0;
	unsigned i;

	for (i = 0; i <= k && i <= n; i++) {
		sum += c;
		c = (uint64_t)((unsigned __int128)c * (n - i) / (i + 1));
	}
	return sum;
}

/* Greatest k with 2 P(B <= k - 1) <= 1 - confidence, by integers. */
static unsigned rank_by_counting(unsigned n, double confidence)
{
	unsigned k = 0;

	while (k < (n + 1) / 2 &&
	       2 * (long double)binomials_upto(n, k) <=
		       (1 - (long double)confidence) * (long double)((uint64_t)1 << n))
		k++;
	return k;
}

static long double power_by_counting(unsigned n, unsigned k, long double q)
{
	long double sum = 0, c = 1;
	unsigned i;

	for (i = 0; i < k; i++) {
		sum += c * powl(q, i) * powl(1 - q, n - i);
		c = c * (n - i) / (i + 1);
	}
	return sum;
}

/* How often U = u when m of m + n ranks are dealt out in every way; count[m n + 1]. */
static void deal(unsigned m, unsigned n, uint64_t *count)
{
	uint32_t p;

	memset(count, 0, (m * n + 1) * sizeof(*count));
	for (p = 0; p < 1u << (m + n); p++) {
		unsigned i, seen = 0, u = 0;

		if ((unsigned)__builtin_popcount(p) != m)
			continue;
		for (i = 0; i < m + n; i++) {
			if (p >> i & 1)
				u += seen; /* others below this one */
			else
				seen++;
		}
		count[u]++;
	}
}

/* ---- the sign test ---- */

static void test_counts_agree(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 14; n++)
		for (unsigned k = 0; k <= n; k++)
			assert_true(patterns_upto(n, k) == binomials_upto(n, k));
}

static void test_interval_by_counting(void **state)
{
	static const double confidence[] = { 0.5, 0.9, 0.95, 0.99, 0.995, 0.9990, 0.9999 };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7);
	for (unsigned n = 0; n <= 60; n++)
		for (size_t c = 0; c < ARRAY_SIZE(confidence); c++) {
			struct verdict_rules rules = { .confidence = confidence[c],
						       .comparisons = 1 };
			double r[61], copy[61];
			struct verdict_result v;
			unsigned k;

			for (unsigned i = 0; i < n; i++)
				copy[i] = r[i] = rng_double(&rng) - 0.4;
			qsort(copy, n, sizeof(*copy), ascending);
			verdict_ratios(r, n, &rules, &v);
			k = n < 2 ? 0 : rank_by_counting(n, confidence[c]);
			if (v.have_interval != (k > 0))
				fail_msg("%u values at %g: interval %d, rank %u", n, confidence[c],
					 v.have_interval, k);
			assert_int_equal(v.pairs, n);
			assert_int_equal(n >= v.least, k > 0);
			if (!k)
				continue;
			near(log(v.lo), copy[k - 1], 1e-12);
			near(log(v.hi), copy[n - k], 1e-12);
			near(v.coverage,
			     1 - 2 * (double)binomials_upto(n, k - 1) / (double)((uint64_t)1 << n),
			     1e-10);
			assert_true(v.coverage >= confidence[c]);
		}
}

/* Every pattern of signs about a true median of 0: the interval holds it in the share that it
 * says. */
static void test_coverage_by_enumeration(void **state)
{
	(void)state;
	for (unsigned n = 6; n <= 14; n++) {
		const struct verdict_rules rules = { .confidence = 0.95, .comparisons = 1 };
		uint64_t p, held = 0;
		double coverage = 0;

		for (p = 0; p < (uint64_t)1 << n; p++) {
			double r[14];
			struct verdict_result v;

			for (unsigned i = 0; i < n; i++)
				r[i] = (p >> i & 1 ? -1.0 : 1.0) * (0.01 + 0.001 * i);
			verdict_ratios(r, n, &rules, &v);
			held += v.lo < 1 && v.hi > 1;
			coverage = v.coverage;
		}
		near((double)held / (double)((uint64_t)1 << n), coverage, 1e-12);
	}
}

/* ---- verdicts ---- */

#define SIX(a, b, c, d, e, f)    \
	{                        \
		a, b, c, d, e, f \
	}

/* Six pairs: the 95 % interval is least and greatest. a to b, rules, what comes out. */
static const struct {
	double a[6], b[6];
	double delta;
	unsigned comparisons;
	int higher, beyond;
	enum verdict verdict;
	double ratio, lo, hi; /* lo 0: no interval */
} cases[] = {
	{ SIX(2, 2, 2, 2, 2, 2), SIX(4, 4, 4, 4, 4, 4), 0.01, 1, 0, 0, VERDICT_FASTER, 0.5, 0.5,
	  0.5 },
	{ SIX(2, 2, 2, 2, 2, 2), SIX(4, 4, 4, 4, 4, 4), 0.01, 1, 1, 0, VERDICT_SLOWER, 0.5, 0.5,
	  0.5 },
	{ SIX(4, 4, 4, 4, 4, 4), SIX(2, 2, 2, 2, 2, 2), 0.01, 1, 0, 0, VERDICT_SLOWER, 2, 2, 2 },
	{ SIX(4, 4, 4, 4, 4, 4), SIX(2, 2, 2, 2, 2, 2), 0.01, 1, 1, 0, VERDICT_FASTER, 2, 2, 2 },
	{ SIX(1, 1, 1, 1, 1, 1), SIX(1, 1, 1, 1, 1, 1), 0, 1, 0, 0, VERDICT_EQUIVALENT, 1, 1, 1 },
	/* inside delta, and not the same */
	{ SIX(1.004, 1.005, 1.006, 1.007, 1.008, 1.009), SIX(1, 1, 1, 1, 1, 1), 0.01, 1, 0, 0,
	  VERDICT_EQUIVALENT, 1.00649984, 1.004, 1.009 },
	{ SIX(1.004, 1.005, 1.006, 1.007, 1.008, 1.009), SIX(1, 1, 1, 1, 1, 1), 0.008, 1, 0, 0,
	  VERDICT_SLOWER, 1.00649984, 1.004, 1.009 },
	{ SIX(1.004, 1.005, 1.006, 1.007, 1.008, 1.009), SIX(1, 1, 1, 1, 1, 1), 0.008, 1, 0, 1,
	  VERDICT_INCONCLUSIVE, 1.00649984, 1.004, 1.009 },
	{ SIX(1.01, 1.02, 1.03, 1.04, 1.05, 1.06), SIX(1, 1, 1, 1, 1, 1), 0.008, 1, 0, 1,
	  VERDICT_SLOWER, 1.03498792, 1.01, 1.06 },
	/* just inside delta, and just outside */
	{ SIX(1, 1, 1, 1, 1, 1.0099), SIX(1, 1, 1, 1, 1, 1), 0.01, 1, 0, 0, VERDICT_EQUIVALENT, 1,
	  1, 1.0099 },
	{ SIX(1, 1, 1, 1, 1, 1.0101), SIX(1, 1, 1, 1, 1, 1), 0.01, 1, 0, 0, VERDICT_INCONCLUSIVE, 1,
	  1, 1.0101 },
	/* one the other way */
	{ SIX(2, 2, 2, 2, 2, 5), SIX(4, 4, 4, 4, 4, 4), 0.01, 1, 0, 0, VERDICT_INCONCLUSIVE, 0.5,
	  0.5, 1.25 },
	/* six are too few for two comparisons, and five for one */
	{ SIX(2, 2, 2, 2, 2, 2), SIX(4, 4, 4, 4, 4, 4), 0.01, 2, 0, 0, VERDICT_INCONCLUSIVE, 0.5, 0,
	  0 },
	{ SIX(2, 2, 2, 2, 2, NAN), SIX(4, 4, 4, 4, 4, 4), 0.01, 1, 0, 0, VERDICT_INCONCLUSIVE, 0.5,
	  0, 0 },
	{ SIX(2, 2, 2, 2, 2, 2), SIX(4, 4, 4, 4, 4, NAN), 0.01, 1, 0, 0, VERDICT_INCONCLUSIVE, 0.5,
	  0, 0 },
	/* what is not above 0 makes no pair */
	{ SIX(2, 2, 2, 2, 2, 0), SIX(4, 4, 4, 4, 4, 4), 0.01, 1, 0, 0, VERDICT_INCONCLUSIVE, 0.5, 0,
	  0 },
	{ SIX(2, 2, 2, 2, 2, 2), SIX(4, 4, 4, 4, 4, -1), 0.01, 1, 0, 0, VERDICT_INCONCLUSIVE, 0.5,
	  0, 0 },
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct verdict_rules rules = { .confidence = 0.95,
						     .delta = cases[i].delta,
						     .comparisons = cases[i].comparisons,
						     .higher_is_better = cases[i].higher,
						     .beyond_delta = cases[i].beyond };
		struct verdict_result v;

		verdict_pairs(cases[i].a, cases[i].b, 6, &rules, &v);
		if (v.verdict != cases[i].verdict || v.have_interval != (cases[i].lo > 0))
			fail_msg("row %zu: %s, interval %d", i, verdict_names[v.verdict],
				 v.have_interval);
		near(v.ratio, cases[i].ratio, 1e-6);
		if (cases[i].lo > 0) {
			near(v.lo, cases[i].lo, 1e-12);
			near(v.hi, cases[i].hi, 1e-12);
		}
		assert_true(v.have_interval || v.further >= v.least - v.pairs);
		assert_false(v.difference);
	}
}

static void test_no_pairs(void **state)
{
	const struct verdict_rules rules = { .confidence = 0.95, .delta = 0.01 };
	struct verdict_result v;

	(void)state;
	verdict_ratios(NULL, 0, &rules, &v);
	assert_int_equal(v.verdict, VERDICT_INCONCLUSIVE);
	assert_true(isnan(v.ratio) && isnan(v.sd) && !v.have_interval);
	assert_int_equal(v.least, 6);
	assert_int_equal(v.further, 6);
	verdict_unpaired(NULL, 0, NULL, 0, &rules, &v);
	assert_int_equal(v.verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(v.further, 4);
}

static void test_differences(void **state)
{
	const struct verdict_rules rules = { .confidence = 0.95, .delta = 0.01, .comparisons = 1 };
	static const struct {
		double d[7], margin;
		enum verdict verdict;
		double median, lo, hi;
	} row[] = {
		{ { 3, 4, 5, 6, 7, 8, 9 }, 0, VERDICT_SLOWER, 6, 3, 9 },
		{ { -3, -4, -5, -6, -7, -8, -9 }, 0, VERDICT_FASTER, -6, -9, -3 },
		{ { 0, 0, 0, 0, 0, 0, 0 }, 0, VERDICT_EQUIVALENT, 0, 0, 0 },
		{ { 0, 0, 0, 0, 0, 0, 1 }, 0, VERDICT_INCONCLUSIVE, 0, 0, 1 },
		{ { -1, 0, 0, 0, 0, 0, 1 }, 1, VERDICT_EQUIVALENT, 0, -1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct verdict_result v;
		double d[7];

		memcpy(d, row[i].d, sizeof(d));
		verdict_differences(d, 7, row[i].margin, &rules, &v);
		if (v.verdict != row[i].verdict || v.ratio != row[i].median || v.lo != row[i].lo ||
		    v.hi != row[i].hi || !v.difference)
			fail_msg("row %zu: %s %g [%g, %g]", i, verdict_names[v.verdict], v.ratio,
				 v.lo, v.hi);
	}
}

/* ---- not paired ---- */

static void test_u_by_dealing(void **state)
{
	uint64_t count[65];

	(void)state;
	for (unsigned m = 1; m <= 8; m++)
		for (unsigned n = 1; n <= 8; n++) {
			uint64_t all = 0, upto = 0;
			unsigned u;

			deal(m, n, count);
			for (u = 0; u <= m * n; u++)
				all += count[u];
			for (u = 0; u <= m * n; u++) {
				upto += count[u];
				near(rank_u_upto(m, n, u), (double)upto / (double)all, 1e-13);
			}
		}
}

/* Counting and the approximation beyond it meet: C(128, 64) orders are counted, 65 by 64 are not.
 * The approximation is not the more daring of the two in the tails. */
static void test_u_large(void **state)
{
	(void)state;
	for (unsigned u = 1400; u <= 2000; u += 50) {
		double counted = rank_u_upto(64, 64, u);

		near(rank_u_upto(65, 64, u + 32), counted, 0.02);
	}
	near(rank_u_upto(64, 64, 2047), 0.5, 0.002);
	near(rank_u_upto(64, 64, 4095), 1, 1e-15);
	assert_true(rank_u_upto(64, 64, 0) > 0 && rank_u_upto(64, 64, 0) < 1e-37);
	for (unsigned u = 0; u < 1400; u += 100) {
		double z = (u + 0.5 - 2048) / sqrt(64 * 64 * 129 / 12.0);

		assert_true(rank_u_upto(64, 64, u) <= 1.02 * erfc(-z / sqrt(2)) / 2);
	}
}

/* All differences in a row, and the rank by dealing. */
static void test_shift_by_enumeration(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 11);
	for (unsigned m = 1; m <= 8; m++)
		for (unsigned n = 1; n <= 8; n++) {
			double a[8], b[8], d[64];
			uint64_t count[65], all = 0, upto = 0;
			struct rank_shift s;
			unsigned i, j, k;

			for (i = 0; i < m; i++)
				a[i] = floor(rng_double(&rng) * 20) - 3; /* with ties */
			for (j = 0; j < n; j++)
				b[j] = floor(rng_double(&rng) * 20);
			qsort(a, m, sizeof(*a), ascending);
			qsort(b, n, sizeof(*b), ascending);
			for (i = 0; i < m; i++)
				for (j = 0; j < n; j++)
					d[i * n + j] = a[i] - b[j];
			qsort(d, m * n, sizeof(*d), ascending);
			deal(m, n, count);
			for (i = 0; i <= m * n; i++)
				all += count[i];
			for (k = 0;
			     k < m * n / 2 && 2.0 * (double)(upto + count[k]) <= 0.05 * (double)all;
			     k++)
				upto += count[k];
			rank_shift(a, m, b, n, 0.95, &s);
			near(s.estimate, d[(m * n - 1) / 2] / 2 + d[m * n / 2] / 2, 0);
			assert_int_equal(s.have_interval, k > 0);
			assert_int_equal(s.rank, k);
			if (!k)
				continue;
			near(s.lo, d[k - 1], 0);
			near(s.hi, d[m * n - k], 0);
			near(s.coverage, 1 - 2.0 * (double)upto / (double)all, 1e-12);
		}
	assert_int_equal(rank_shift_least(0.95), 4);
	assert_int_equal(rank_shift_least(1), 0);
}

static void test_unpaired_verdict(void **state)
{
	struct verdict_rules rules = { .confidence = 0.95, .delta = 0.01, .comparisons = 1 };
	double a[] = { 1.10, 1.11, NAN, 1.12, 1.13 }, b[] = { 1.00, 1.01, 1.02, 1.03, 0 };
	double c[] = { 1.10, 1.11, 1.12 }, d[] = { 1.00, 1.01, 1.02, 1.03 };
	struct verdict_result v;

	(void)state;
	verdict_unpaired(a, 5, b, 5, &rules, &v);
	assert_int_equal(v.verdict, VERDICT_SLOWER);
	assert_int_equal(v.pairs, 4);
	assert_int_equal(v.others, 4);
	near(v.lo, 1.10 / 1.03, 1e-12);
	near(v.hi, 1.13, 1e-12);
	verdict_unpaired(c, 3, d, 4, &rules, &v);
	assert_int_equal(v.verdict, VERDICT_INCONCLUSIVE);
	assert_int_equal(v.further, 1);
}

/* ---- how many ---- */

static double share_above(double effect, double sd)
{
	return erfc(-effect / sd / sqrt(2)) / 2;
}

/* No smaller number of pairs has the power, by trying each. */
static void test_pairs_needed(void **state)
{
	static const struct {
		double sd, effect, confidence, power;
	} row[] = {
		{ 0.01, 0.02, 0.95, 0.8 },  { 0.01, 0.01, 0.95, 0.8 },	{ 0.01, -0.01, 0.95, 0.8 },
		{ 0.02, 0.02, 0.99, 0.9 },  { 0.01, 0.1, 0.95, 0.8 },	{ 0, 0.01, 0.95, 0.8 },
		{ 0.03, 0.025, 0.95, 0.8 }, { 0.01, 0.01, 0.995, 0.8 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		double q = row[i].sd > 0 ? 1 - share_above(fabs(row[i].effect), row[i].sd) : 0;
		size_t got = verdict_pairs_needed(row[i].sd, row[i].effect, row[i].confidence,
						  row[i].power);
		unsigned n, k;

		for (n = 2; n <= 60; n++) {
			long double p;

			k = rank_by_counting(n, row[i].confidence);
			p = k ? power_by_counting(n, k, q) : 0;
			if (row[i].sd > 0)
				near(verdict_power(n, row[i].sd, row[i].effect, row[i].confidence),
				     (double)p, 1e-9);
			if (p >= row[i].power)
				break;
		}
		if (got != n)
			fail_msg("row %zu: %zu pairs, by counting %u", i, got, n);
	}
	/* the approximation that measurement is planned by: 12.3 (sd / effect)^2 */
	near((double)verdict_pairs_needed(0.02, 0.01, 0.95, 0.8), 49.3, 4);
	near((double)verdict_pairs_needed(0.02, 0.001, 0.95, 0.8), 4934, 60);
	/* never, or more than a million */
	assert_int_equal(verdict_pairs_needed(0.02, 0, 0.95, 0.8), 0);
	assert_int_equal(verdict_pairs_needed(0.02, 1e-6, 0.95, 0.8), 0);
	assert_int_equal(verdict_pairs_needed(NAN, 0.01, 0.95, 0.8), 0);
	assert_int_equal(verdict_pairs_needed(0.02, 0.01, 1, 0.8), 0);
	assert_int_equal(verdict_pairs_needed(0.02, 0.01, 0.95, 1), 0);
	assert_int_equal(verdict_pairs_equivalent(0.02, 0.01, 0.01, 0.95, 0.8), 0);
}

static void test_smallest_effect(void **state)
{
	static const size_t n[] = { 6, 9, 12, 20, 49, 500 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		double e = verdict_smallest_effect(0.02, n[i], 0.95, 0.8);

		near(verdict_power(n[i], 0.02, e, 0.95), 0.8, 1e-9);
		assert_true(verdict_power(n[i], 0.02, 0.99 * e, 0.95) < 0.8);
	}
	assert_true(isnan(verdict_smallest_effect(0.02, 5, 0.95, 0.8)));
}

/* ---- Spearman ---- */

static void test_spearman(void **state)
{
	static const double x[] = { 1, 2, 3, 4, 5, 6 }, up[] = { 1, 4, 9, 16, 25, 36 };
	static const double down[] = { 6, 5, 4, 3, 2, 1 }, flat[] = { 2, 2, 2, 2, 2, 2 };
	static const double mixed[] = { 2, 1, 4, 3, 6, 5 }, tied[] = { 1, 1, 2, 2, 3, 3 };
	double scratch[12];

	(void)state;
	near(rank_spearman(x, up, 6, scratch), 1, 1e-15);
	near(rank_spearman(x, down, 6, scratch), -1, 1e-15);
	near(rank_spearman(x, mixed, 6, scratch), 1 - 6.0 * 6 / (6 * 35), 1e-15);
	/* ranks 1.5 1.5 3.5 3.5 5.5 5.5: 16 / sqrt(17.5 x 16) */
	near(rank_spearman(x, tied, 6, scratch), 16 / sqrt(17.5 * 16), 1e-15);
	assert_true(isnan(rank_spearman(x, flat, 6, scratch)));
	assert_true(isnan(rank_spearman(x, up, 1, scratch)));
	near(rank_spearman_p(1, 6), 2.0 / 720, 1e-15);
	near(rank_spearman_p(0, 20), 1, 1e-15);
	near(rank_spearman_p(0.9, 4), 1, 0);
	/* tables have 0.591 for 5 % of 12, 0.377 of 28 (two-sided) */
	near(rank_spearman_p(0.591, 12), 0.05, 0.006);
	near(rank_spearman_p(0.377, 28), 0.05, 0.006);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_agree),
		cmocka_unit_test(test_interval_by_counting),
		cmocka_unit_test(test_coverage_by_enumeration),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_no_pairs),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_u_by_dealing),
		cmocka_unit_test(test_u_large),
		cmocka_unit_test(test_shift_by_enumeration),
		cmocka_unit_test(test_unpaired_verdict),
		cmocka_unit_test(test_pairs_needed),
		cmocka_unit_test(test_smallest_effect),
		cmocka_unit_test(test_spearman),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
