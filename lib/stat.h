/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_STAT_H
#define SLABSCOPE_STAT_H

/*
 * Statistics of a handful of launches: robust, exact where possible, and silent where the data do
 * not carry them.
 *
 * Functions that take @sorted want ascending values without NaN; stat_sort() makes them so. Nothing
 * allocates.
 */

#include <stddef.h>

/* Sort @v[n] ascending. Returns how many values are not NaN: those come first, in order; NaNs
 * follow. */
size_t stat_sort(double *v, size_t n);

/*
 * Quantile @p (0..1) by linear interpolation between order statistics at 1 + (n - 1) p: definition
 * 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50
 * (1996). @n must be >= 1.
 */
double stat_quantile(const double *sorted, size_t n, double p);

/* The middle value, or the mean of the two middle ones. @n >= 1. */
double stat_median(const double *sorted, size_t n);

/*
 * Median absolute deviation from the median, raw; times 1.4826 it estimates a normal distribution's
 * standard deviation (Hampel 1974). Found by merging the two sides of the sorted values, so no
 * scratch space. @n >= 1.
 */
double stat_mad(const double *sorted, size_t n);

/* An interval for a median whose ends are two of the values. */
struct stat_interval {
	double lo, hi;
	size_t rank;	 /* lo is the rank-th smallest, hi the rank-th largest, from 1 */
	double coverage; /* exact probability that the interval holds the median */
};

/*
 * Distribution-free interval for the median: inverting the sign test, [x(k), x(n+1-k)] holds it
 * with probability 1 - 2 P(B <= k - 1), B binomial(n, 1/2), whatever the (continuous) distribution;
 * with ties, at least that. (Thompson 1936; Conover, Practical Nonparametric Statistics, 3.2.)
 * Takes the greatest k whose coverage is at least @confidence. Returns 0, or -ERANGE where @n is
 * too small for any (all of it covers 1 - 2^(1-n): 6 values for 95 %) or @confidence is not inside
 * (0, 1); *@out is untouched then.
 */
int stat_sign_interval(const double *sorted, size_t n, double confidence,
		       struct stat_interval *out);

/* Fewest values for which stat_sign_interval() gives one. 0 if @confidence is not inside (0, 1). */
size_t stat_sign_least(double confidence);

/* Coverage of [x(k), x(n+1-k)]; 0 where k is not in 1 .. (n+1)/2. */
double stat_sign_coverage(size_t n, size_t k);

#endif
