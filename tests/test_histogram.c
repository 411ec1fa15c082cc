/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log-bucket histogram against arrays of the same values, sorted. */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/histogram.h"
#include "lib/rng.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct hist *fresh(void)
{
	struct hist *h = malloc(sizeof(*h));

	assert_non_null(h);
	hist_reset(h);
	return h;
}

static void sound(const struct hist *h)
{
	struct err e;

	if (hist_check(h, &e))
		fail_msg("%s", e.text);
}

/* The buckets are all numbers, in order, without a gap, each less than 1/64 wide. */
static void test_buckets(void **state)
{
	(void)state;
	assert_int_equal(hist_low(0), 0);
	assert_true(hist_high(HIST_BUCKETS - 1) == UINT64_MAX);
	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		uint64_t low = hist_low(b), high = hist_high(b);

		assert_true(low <= high);
		assert_true(!b || low == hist_high(b - 1) + 1);
		assert_int_equal(hist_bucket(low), b);
		assert_int_equal(hist_bucket(high), b);
		assert_int_equal(hist_bucket(low + (high - low) / 2), b);
		/* a value each at first, then less than 1/64 of it wide */
		assert_true(b < 2 * HIST_SUB ? low == high :
					       (unsigned __int128)(high - low) * HIST_SUB < low);
	}
}

static void test_rank(void **state)
{
	static const struct {
		uint64_t count, num, den, rank;
	} rows[] = {
		{ 1, 0, 1, 1 },
		{ 1, 1, 2, 1 },
		{ 1, 1, 1, 1 },
		{ 2, 1, 2, 1 },
		{ 3, 1, 2, 2 },
		{ 4, 1, 2, 2 },
		{ 10, 9, 10, 9 },
		{ 11, 9, 10, 10 },
		{ 100, 99, 100, 99 },
		{ 101, 99, 100, 100 },
		{ 100, 7, 100, 7 }, /* 0.07 x 100 is above 7 in floating point */
		{ 1000, 999, 1000, 999 },
		{ 1001, 999, 1000, 1000 },
		{ 12345, 0, 5, 1 },
		{ 12345, 5, 5, 12345 },
		{ UINT64_MAX, 1, 1, UINT64_MAX },
		{ UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		{ UINT64_MAX, 1, UINT64_MAX, 1 },
		{ UINT64_MAX, 1, 2, UINT64_C(1) << 63 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (hist_rank(rows[i].count, rows[i].num, rows[i].den) != rows[i].rank)
			fail_msg("%" PRIu64 "/%" PRIu64 " of %" PRIu64 ": rank %" PRIu64
				 ", not %" PRIu64,
				 rows[i].num, rows[i].den, rows[i].count,
				 hist_rank(rows[i].count, rows[i].num, rows[i].den), rows[i].rank);
}

/* ---- against sorted arrays ---- */

static uint64_t draw_small(struct rng *r)
{
	return rng_below(r, 128);
}

static uint64_t draw_wide(struct rng *r)
{
	return rng_u64(r) >> rng_below(r, 64);
}

static uint64_t draw_ticks(struct rng *r)
{
	return 78 + 26 * rng_below(r, 4) + (rng_below(r, 500) ? 0 : rng_below(r, 1u << 20));
}

static uint64_t draw_one(struct rng *r)
{
	(void)r;
	return UINT64_C(123456789);
}

static uint64_t draw_edges(struct rng *r)
{
	return (UINT64_C(1) << rng_below(r, 64)) + rng_below(r, 3) - 1;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void against(const struct hist *h, uint64_t *v, size_t n)
{
	static const uint64_t quantiles[][2] = { { 0, 1 },	{ 1, 2 }, { 9, 10 },   { 99, 100 },
						 { 999, 1000 }, { 1, 3 }, { 1, 1000 }, { 1, 1 } };
	unsigned __int128 sum = 0;

	qsort(v, n, sizeof(*v), by_value);
	for (size_t i = 0; i < n; i++)
		sum += v[i];
	sound(h);
	assert_true(h->count == n && h->min == v[0] && h->max == v[n - 1] && h->sum == sum);
	assert_true(hist_mean(h) == (double)sum / (double)n);
	for (size_t i = 0; i < COUNT(quantiles); i++) {
		uint64_t rank = hist_rank(n, quantiles[i][0], quantiles[i][1]);
		uint64_t is = hist_quantile(h, quantiles[i][0], quantiles[i][1]);
		uint64_t should = v[rank - 1];

		/* never below, and above by less than 1/64 */
		if (is < should || (unsigned __int128)(is - should) * HIST_SUB > should)
			fail_msg("quantile %" PRIu64 "/%" PRIu64 " of %zu: %" PRIu64
				 " for %" PRIu64,
				 quantiles[i][0], quantiles[i][1], n, is, should);
		assert_true(should >= 2 * HIST_SUB || is == should);
		/* counting from the top gives the same: those above are n - rank but for the bucket */
		assert_true(hist_above(h, is) <= n - rank);
	}
	assert_true(hist_quantile(h, 1, 1) == h->max);
}

static void test_quantiles(void **state)
{
	static uint64_t (*const draws[])(struct rng * r) = { draw_small, draw_wide, draw_ticks,
							     draw_one, draw_edges };
	static const size_t sizes[] = { 1, 2, 3, 10, 11, 100, 101, 1000, 1001, 20000 };
	struct hist *h = fresh();
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (size_t d = 0; d < COUNT(draws); d++)
		for (size_t k = 0; k < COUNT(sizes); k++) {
			uint64_t *v = malloc(sizes[k] * sizeof(*v));

			assert_non_null(v);
			hist_reset(h);
			for (size_t i = 0; i < sizes[k]; i++)
				hist_record(h, v[i] = draws[d](&r));
			against(h, v, sizes[k]);
			free(v);
		}
	free(h);
}

/* Parts that are added up are what one histogram of everything is, byte for byte. */
static void test_merge(void **state)
{
	struct hist *all = fresh(), *sum = fresh(), *part = fresh();
	struct rng r;

	(void)state;
	rng_seed(&r, 4);
	hist_merge(sum, part); /* nothing to nothing */
	sound(sum);
	assert_int_equal(sum->count, 0);
	for (int k = 0; k < 20; k++) {
		hist_reset(part);
		for (uint64_t n = rng_below(&r, 300); n; n--) {
			uint64_t v = draw_wide(&r);

			hist_record(part, v);
			hist_record(all, v);
		}
		hist_merge(sum, part);
		sound(sum);
	}
	assert_memory_equal(sum, all, sizeof(*all));
	hist_reset(part);
	hist_merge(part, all); /* something to nothing */
	assert_memory_equal(part, all, sizeof(*all));
	free(all);
	free(sum);
	free(part);
}

static void test_empty_and_extremes(void **state)
{
	struct hist *h = fresh();

	(void)state;
	sound(h);
	assert_int_equal(hist_quantile(h, 1, 2), 0);
	assert_true(hist_mean(h) == 0);
	assert_int_equal(hist_above(h, 0), 0);
	hist_record(h, UINT64_MAX);
	hist_record(h, UINT64_MAX);
	hist_record(h, 0);
	sound(h);
	assert_true(h->sum == (unsigned __int128)UINT64_MAX * 2);
	assert_true(hist_quantile(h, 1, 3) == 0);
	assert_true(hist_quantile(h, 1, 2) == UINT64_MAX);
	assert_int_equal(hist_above(h, 0), 2);
	assert_int_equal(hist_above(h, UINT64_MAX), 0);
	free(h);
}

/* Whatever is bent in it, the check finds it. */
static void test_check(void **state)
{
	struct hist *h = fresh(), *bad = fresh();
	struct err e;

	(void)state;
	for (uint64_t v = 1; v < 100000; v = v * 3 / 2 + 1)
		hist_record(h, v);
	sound(h);
#define BEND(what)                                              \
	do {                                                    \
		memcpy(bad, h, sizeof(*h));                     \
		what;                                           \
		e.text[0] = '\0';                               \
		assert_int_equal(hist_check(bad, &e), -EILSEQ); \
		assert_true(strlen(e.text) > 0);                \
	} while (0)
	BEND(bad->count++);
	BEND(bad->count--);
	BEND(bad->bucket[7]++);
	BEND(bad->bucket[HIST_BUCKETS - 1]++);
	BEND(bad->sum = 1);
	BEND(bad->sum *= 2);
	BEND(bad->min = 0);
	BEND(bad->min = h->max + 1);
	BEND(bad->max = h->min);
	BEND(bad->max = UINT64_MAX);
#undef BEND
	free(h);
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_rank),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_empty_and_extremes),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
