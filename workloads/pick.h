/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PICK_H
#define SLABSCOPE_PICK_H

/* Which member of a live set goes next, and which of many operations do something more. */

#include <stdbool.h>

#include "lib/rng.h"

/* Of each hundred, @share are picked, evenly spread: is number @nr? */
static inline bool pick_share(uint64_t nr, unsigned share)
{
	uint64_t at = nr % 100;

	return (at + 1) * share / 100 != at * share / 100;
}

/* One of @n: the first fifth gets four fifths of all picks, and so on inside it, six times. */
static inline uint64_t pick_pareto(struct rng *rng, uint64_t n)
{
	uint64_t r = rng_u64(rng);

	for (int i = 0; i < 6 && n >= 5; i++, r >>= 8) {
		if ((r & 0xff) >= 205) /* 205/256 = 0.8008 */
			break;
		n /= 5;
	}
	return rng_below(rng, n);
}

#endif
