/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_HISTOGRAM_H
#define SLABSCOPE_HISTOGRAM_H

/*
 * A histogram of non-negative whole numbers with logarithmic buckets: fixed memory, no allocation,
 * one addition to record, the same relative error everywhere.
 *
 *	values 0 .. 127			a bucket each: exact
 *	values 2^k .. 2^(k+1) - 1	64 buckets of 2^(k-6) values each, k = 7 .. 63
 *
 * so the highest value of a bucket is above its lowest by less than 1/64 of it, and a quantile, which
 * is given as the highest value that its bucket may hold, is above the true one by less than 1/64 and
 * never below. Count, sum, least and greatest value are exact. All of a uint64_t is covered.
 *
 * A struct hist is some 30 kB and belongs to one thread; histograms of several threads are added up
 * afterwards. hist_reset() makes an empty one; all bytes zero is one too.
 */

#include <stdint.h>

#include "lib/err.h"

#define HIST_SUB_BITS 6 /* 2^6 buckets for each power of two */
#define HIST_SUB (1u << HIST_SUB_BITS)
#define HIST_BUCKETS ((64 - HIST_SUB_BITS + 1) * HIST_SUB)

struct hist {
	uint64_t count;
	uint64_t min, max;     /* meaningless when count is 0 */
	unsigned __int128 sum; /* 2^64 values below 2^64 fit */
	uint64_t bucket[HIST_BUCKETS];
};

static inline unsigned hist_bucket(uint64_t v)
{
	unsigned shift;

	if (v < 2 * HIST_SUB)
		return (unsigned)v;
	/* so that HIST_SUB <= v >> shift < 2 HIST_SUB */
	shift = 63 - HIST_SUB_BITS - (unsigned)__builtin_clzll(v);
	return shift * HIST_SUB + (unsigned)(v >> shift);
}

/* The lowest and the highest value of bucket @b < HIST_BUCKETS. */
static inline uint64_t hist_low(unsigned b)
{
	unsigned shift = b < 2 * HIST_SUB ? 0 : b / HIST_SUB - 1;

	return (uint64_t)(b - shift * HIST_SUB) << shift;
}

static inline uint64_t hist_high(unsigned b)
{
	unsigned shift = b < 2 * HIST_SUB ? 0 : b / HIST_SUB - 1;

	return hist_low(b) + ((UINT64_C(1) << shift) - 1);
}

static inline void hist_record(struct hist *h, uint64_t v)
{
	h->min = !h->count || v < h->min ? v : h->min;
	h->max = !h->count || v > h->max ? v : h->max;
	h->count++;
	h->sum += v;
	h->bucket[hist_bucket(v)]++;
}

void hist_reset(struct hist *h);

/* Add what @from has counted to @to. */
void hist_merge(struct hist *to, const struct hist *from);

/* The rank of the quantile @num / @den among @count > 0 values, from 1: the least rank with at least
 * that share of the values at or below it. Whole numbers, so that no rounding moves it: 0.99 of 100
 * is rank 99. 0 < @den, @num <= @den. */
uint64_t hist_rank(uint64_t count, uint64_t num, uint64_t den);

/*
 * The value of that rank in ascending order, as the highest that its bucket may hold, but no more than
 * the greatest that was recorded. So the quantile 0 / 1 is the first bucket's and 1 / 1 is max, exactly.
 * 0 when nothing was recorded.
 */
uint64_t hist_quantile(const struct hist *h, uint64_t num, uint64_t den);

/* How many of the values lie above @v, to within the bucket that @v is in (which counts as not
 * above). */
uint64_t hist_above(const struct hist *h, uint64_t v);

/* The mean of all values, exact but for the rounding of the division. 0 when nothing was recorded. */
double hist_mean(const struct hist *h);

/* Do the parts fit each other? -EILSEQ and what does not. */
int hist_check(const struct hist *h, struct err *e);

#endif
