/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/histogram.h"

void hist_reset(struct hist *h)
{
	memset(h, 0, sizeof(*h));
}

void hist_merge(struct hist *to, const struct hist *from)
{
	if (!from->count)
		return;
	to->min = !to->count || from->min < to->min ? from->min : to->min;
	to->max = !to->count || from->max > to->max ? from->max : to->max;
	to->count += from->count;
	to->sum += from->sum;
	for (unsigned b = 0; b < HIST_BUCKETS; b++)
		to->bucket[b] += from->bucket[b];
}

uint64_t hist_rank(uint64_t count, uint64_t num, uint64_t den)
{
	uint64_t rank = (uint64_t)(((unsigned __int128)count * num + den - 1) / den);

	return rank ? rank : 1;
}

uint64_t hist_quantile(const struct hist *h, uint64_t num, uint64_t den)
{
	uint64_t rank, seen = 0;

	if (!h->count)
		return 0;
	rank = hist_rank(h->count, num, den);
	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		seen += h->bucket[b];
		if (seen >= rank)
			return hist_high(b) < h->max ? hist_high(b) : h->max;
	}
	return h->max;
}

uint64_t hist_above(const struct hist *h, uint64_t v)
{
	uint64_t n = 0;

	for (unsigned b = hist_bucket(v) + 1; b < HIST_BUCKETS; b++)
		n += h->bucket[b];
	return n;
}

double hist_mean(const struct hist *h)
{
	return h->count ? (double)h->sum / (double)h->count : 0;
}

/* Least and greatest value must lie in the first and the last bucket that is not empty. */
static int check_ends(const struct hist *h, struct err *e)
{
	unsigned first = 0, last = HIST_BUCKETS - 1;

	while (!h->bucket[first])
		first++;
	while (!h->bucket[last])
		last--;
	if (h->min > h->max || hist_bucket(h->min) != first || hist_bucket(h->max) != last)
		return err_set(e, -EILSEQ,
			       "values %" PRIu64 " .. %" PRIu64 ", but buckets %u .. %u are in use",
			       h->min, h->max, first, last);
	return 0;
}

int hist_check(const struct hist *h, struct err *e)
{
	unsigned __int128 low = 0, high = 0;
	uint64_t count = 0;

	for (unsigned b = 0; b < HIST_BUCKETS; b++) {
		count += h->bucket[b];
		low += (unsigned __int128)h->bucket[b] * hist_low(b);
		high += (unsigned __int128)h->bucket[b] * hist_high(b);
	}
	if (count != h->count)
		return err_set(e, -EILSEQ, "%" PRIu64 " values, but %" PRIu64 " in the buckets",
			       h->count, count);
	if (h->sum < low || h->sum > high)
		return err_set(e, -EILSEQ, "the sum is not one of values in these buckets");
	return count ? check_ends(h, e) : 0;
}
