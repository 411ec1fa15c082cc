/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_RANK_H
#define SLABSCOPE_RANK_H

/*
 * Statistics of ranks: the shift between two samples that are not paired, and whether two
 * sequences move together.
 *
 * Nothing allocates or keeps state.
 */

#include <stddef.h>

/*
 * P(U <= @u), U being Mann and Whitney's statistic of @m and @n values that come from the same
 * continuous distribution (1947). Exact where m + n <= 128 and m n <= 4096, by counting; else the
 * normal approximation with a correction for continuity, whose tails are the longer ones.
 */
double rank_u_upto(size_t m, size_t n, size_t u);

struct rank_shift {
	double estimate; /* median of all m n differences (Hodges and Lehmann 1963); NaN: none */
	int have_interval;
	double lo, hi; /* the rank-th smallest and the rank-th largest difference */
	size_t rank;   /* from 1 */
	double coverage;
};

/*
 * By how much the values of @a lie above those of @b, both sorted, without NaN. The interval
 * inverts the U test: exact if the two distributions differ by a shift and nothing else; with ties
 * at least that. No interval where @m and @n are too small for @confidence.
 */
void rank_shift(const double *a, size_t m, const double *b, size_t n, double confidence,
		struct rank_shift *out);

/* Fewest values on each side for which rank_shift() has an interval. 0 if @confidence is not inside
 * (0, 1). */
size_t rank_shift_least(double confidence);

/* The rank of @v among @sorted[@n], from 1; the mean rank of those that are equal to it. */
double rank_mean(const double *sorted, size_t n, double v);

/* Spearman's correlation of @n pairs without NaN, ties sharing their mean rank; NaN where one side
 * does not vary. @scratch[2 n]. */
double rank_spearman(const double *x, const double *y, size_t n, double *scratch);

/* How likely a correlation of @rho or beyond (either sign) is among @n pairs that have nothing to do
 * with each other: Fieller, Hartley and Pearson's approximation (1957). 1 below 5 pairs. */
double rank_spearman_p(double rho, size_t n);

#endif
