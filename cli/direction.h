/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_DIRECTION_H
#define SLABSCOPE_DIRECTION_H

/*
 * What less of a metric means, by its name or, failing that, its unit: whether it is good, and what
 * people call it. One row each in direction.c.
 */

struct direction {
	int better;		 /* -1: less is better, 1: more is better, 0: neither */
	int speed;		 /* a time or a rate: faster, slower; else an amount: less, more */
	const char *less, *more; /* as in a sentence: faster, slower; fewer, more; lower, higher */
};

/* Never NULL: a metric that nothing is known of is an amount that is neither good nor bad. */
const struct direction *direction_of(const char *metric, const char *unit);

/* Sources whose numbers are counted or computed, not measured: engine, config, model. Where such a
 * number is the same in all launches, it is exact. */
int direction_exact_source(const char *source);

#endif
