/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/stat.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int by_value(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	if (isnan(a) || isnan(b))
		return !!isnan(a) - !!isnan(b);
	return (a > b) - (a < b);
}

size_t stat_sort(double *v, size_t n)
{
	if (n)
		qsort(v, n, sizeof(*v), by_value);
	while (n && isnan(v[n - 1]))
		n--;
	return n;
}

double stat_quantile(const double *sorted, size_t n, double p)
{
	double at = (double)(n - 1) * fmin(fmax(p, 0.0), 1.0);
	size_t below = (size_t)at;
	double part = at - (double)below;

	if (below + 1 >= n || part == 0.0)
		return sorted[below];
	return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

double stat_median(const double *sorted, size_t n)
{
	if (n % 2)
		return sorted[n / 2];
	return sorted[n / 2 - 1] / 2 + sorted[n / 2] / 2;
}

/*
 * Deviations grow to both sides of the median: take the smaller of the next ones left and right
 * until the middle of all n has been reached.
 */
double stat_mad(const double *sorted, size_t n)
{
	double median = stat_median(sorted, n), last = 0, before = 0;
	size_t right = n / 2, left = right; /* next to take: sorted[left - 1], sorted[right] */

	for (size_t taken = 0; taken <= n / 2; taken++) {
		double l = left ? median - sorted[left - 1] : INFINITY;
		double r = right < n ? sorted[right] - median : INFINITY;

		before = last;
		if (l <= r) {
			last = l;
			left--;
		} else {
			last = r;
			right++;
		}
	}
	return n % 2 ? last : before / 2 + last / 2;
}

/* P(B <= k), B binomial(n, 1/2). Logarithms, so that n may exceed what 2^-n can be written for. */
static double binomial_half_upto(size_t n, size_t k)
{
	double sum = 0;
	int sign;

	for (size_t i = 0; i <= k; i++)
		sum += exp(lgamma_r((double)n + 1, &sign) - lgamma_r((double)i + 1, &sign) -
			   lgamma_r((double)(n - i) + 1, &sign) - (double)n * M_LN2);
	return sum;
}

double stat_sign_coverage(size_t n, size_t k)
{
	if (!k || 2 * k > n + 1)
		return 0;
	return fmax(0.0, 1 - 2 * binomial_half_upto(n, k - 1));
}

static int confidence_ok(double c)
{
	return c > 0 && c < 1; /* false for NaN */
}

size_t stat_sign_least(double confidence)
{
	size_t n = 2;

	if (!confidence_ok(confidence))
		return 0;
	while (stat_sign_coverage(n, 1) < confidence)
		n++;
	return n;
}

int stat_sign_interval(const double *sorted, size_t n, double confidence, struct stat_interval *out)
{
	size_t lo = 1, hi = (n + 1) / 2;

	if (!confidence_ok(confidence) || n < 2 || stat_sign_coverage(n, 1) < confidence)
		return -ERANGE;
	/* Coverage falls as k grows: the greatest k that still has enough. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo + 1) / 2;

		if (stat_sign_coverage(n, mid) >= confidence)
			lo = mid;
		else
			hi = mid - 1;
	}
	*out = (struct stat_interval){ .lo = sorted[lo - 1],
				       .hi = sorted[n - lo],
				       .rank = lo,
				       .coverage = stat_sign_coverage(n, lo) };
	return 0;
}
