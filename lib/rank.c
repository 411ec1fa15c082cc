/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ranks: the U test turned into an interval, and Spearman's correlation. */

#include "lib/rank.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lib/stat.h"

#define EXACT_VALUES 128 /* C(128, 64) < 2^128: counts fit */
#define EXACT_PAIRS 4096

/* ---- the distribution of U ---- */

static int is_exact(size_t m, size_t n)
{
	return m && n && m <= EXACT_VALUES && n <= EXACT_VALUES && m + n <= EXACT_VALUES &&
	       m * n <= EXACT_PAIRS;
}

/*
 * How many of the C(m + n, m) orders have U = u, for u up to h = m n / 2, in @c[h + 1]: the
 * coefficients of prod_i (1 - q^(n + i)) / (1 - q^i). Unsigned, so what a subtraction takes too much
 * comes back in the division.
 */
static unsigned __int128 u_counts(size_t m, size_t n, unsigned __int128 *c)
{
	size_t h = m * n / 2, i, u;
	unsigned __int128 total = 0;

	memset(c, 0, (h + 1) * sizeof(*c));
	c[0] = 1;
	for (i = 1; i <= m; i++) {
		for (u = h; u >= n + i; u--)
			c[u] -= c[u - n - i];
		for (u = i; u <= h; u++)
			c[u] += c[u - i];
	}
	for (u = 0; u <= h; u++) /* symmetric about m n / 2 */
		total += 2 * c[u];
	return m * n % 2 ? total : total - c[h];
}

static double normal_upto(double z)
{
	return erfc(-z * M_SQRT1_2) / 2;
}

static double u_normal(double m, double n, double u)
{
	return normal_upto((u + 0.5 - m * n / 2) / sqrt(m * n * (m + n + 1) / 12));
}

double rank_u_upto(size_t m, size_t n, size_t u)
{
	unsigned __int128 c[EXACT_PAIRS / 2 + 1], total, upto = 0;
	size_t i;

	if (u >= m * n)
		return 1;
	if (!is_exact(m, n))
		return u_normal((double)m, (double)n, (double)u);
	if (2 * u >= m * n) /* the other half */
		return 1 - rank_u_upto(m, n, m * n - u - 1);
	total = u_counts(m, n, c);
	for (i = 0; i <= u; i++)
		upto += c[i];
	return (double)upto / (double)total;
}

/* The greatest k with P(U <= k - 1) <= @tail, and that probability; 0: none. */
static size_t u_rank(size_t m, size_t n, double tail, double *p)
{
	unsigned __int128 c[EXACT_PAIRS / 2 + 1], total, upto = 0;
	size_t k, lo = 0, hi = m * n / 2;

	*p = 0;
	if (is_exact(m, n)) {
		total = u_counts(m, n, c);
		for (k = 0; k < hi && (double)(upto + c[k]) <= tail * (double)total; k++)
			upto += c[k];
		*p = (double)upto / (double)total;
		return k;
	}
	while (lo < hi) {
		k = lo + (hi - lo + 1) / 2;
		if (u_normal((double)m, (double)n, (double)k - 1) <= tail)
			lo = k;
		else
			hi = k - 1;
	}
	*p = lo ? u_normal((double)m, (double)n, (double)lo - 1) : 0;
	return lo;
}

size_t rank_shift_least(double confidence)
{
	size_t n;
	double p;

	if (!(confidence > 0 && confidence < 1))
		return 0;
	for (n = 1; n < EXACT_VALUES / 2; n++)
		if (u_rank(n, n, (1 - confidence) / 2, &p))
			break;
	return n;
}

/* ---- order statistics of all differences, without making them ---- */

/* How many a[i] - b[j] are at most @x. Rounded subtraction keeps the order, so two pointers do. */
static size_t differences_upto(const double *a, size_t m, const double *b, size_t n, double x)
{
	size_t i, j = 0, count = 0;

	for (i = 0; i < m; i++) {
		while (j < n && a[i] - b[j] > x)
			j++;
		count += n - j;
	}
	return count;
}

/* Doubles as integers of the same order, and back. */
static uint64_t key_of(double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

static double of_key(uint64_t key)
{
	double v;

	key = key >> 63 ? key & ~((uint64_t)1 << 63) : ~key;
	memcpy(&v, &key, sizeof(v));
	return v + 0.0; /* no -0 */
}

/* The @k-th smallest difference, from 1: the least number that so many do not exceed. */
static double difference_at(const double *a, size_t m, const double *b, size_t n, size_t k)
{
	uint64_t lo = key_of(a[0] - b[n - 1]), hi = key_of(a[m - 1] - b[0]);

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (differences_upto(a, m, b, n, of_key(mid)) >= k)
			hi = mid;
		else
			lo = mid + 1;
	}
	return of_key(lo);
}

void rank_shift(const double *a, size_t m, const double *b, size_t n, double confidence,
		struct rank_shift *out)
{
	size_t all = m * n;
	double p;

	*out = (struct rank_shift){ .estimate = NAN, .lo = NAN, .hi = NAN };
	if (!m || !n)
		return;
	out->estimate = difference_at(a, m, b, n, (all + 1) / 2) / 2 +
			difference_at(a, m, b, n, all / 2 + 1) / 2;
	if (!(confidence > 0 && confidence < 1))
		return;
	out->rank = u_rank(m, n, (1 - confidence) / 2, &p);
	out->have_interval = out->rank > 0;
	if (!out->have_interval)
		return;
	out->coverage = 1 - 2 * p;
	out->lo = difference_at(a, m, b, n, out->rank);
	out->hi = difference_at(a, m, b, n, all + 1 - out->rank);
}

/* ---- moving together ---- */

double rank_mean(const double *sorted, size_t n, double v)
{
	size_t below = 0, upto, hi = n;

	while (below < hi) {
		size_t mid = below + (hi - below) / 2;

		if (sorted[mid] < v)
			below = mid + 1;
		else
			hi = mid;
	}
	for (upto = below, hi = n; upto < hi;) {
		size_t mid = upto + (hi - upto) / 2;

		if (sorted[mid] <= v)
			upto = mid + 1;
		else
			hi = mid;
	}
	return (double)(below + upto + 1) / 2;
}

double rank_spearman(const double *x, const double *y, size_t n, double *scratch)
{
	double *sx = scratch, *sy = scratch + n, mean = (double)(n + 1) / 2;
	double xx = 0, yy = 0, xy = 0;
	size_t i;

	if (n < 2)
		return NAN;
	memcpy(sx, x, n * sizeof(*sx));
	memcpy(sy, y, n * sizeof(*sy));
	stat_sort(sx, n);
	stat_sort(sy, n);
	for (i = 0; i < n; i++) {
		double dx = rank_mean(sx, n, x[i]) - mean, dy = rank_mean(sy, n, y[i]) - mean;

		xx += dx * dx;
		yy += dy * dy;
		xy += dx * dy;
	}
	return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

double rank_spearman_p(double rho, size_t n)
{
	int sign;

	if (n < 5 || isnan(rho))
		return 1;
	if (fabs(rho) >= 1) /* two of all orders */
		return 2 * exp(-lgamma_r((double)n + 1, &sign));
	return 2 * normal_upto(-fabs(atanh(rho)) * sqrt(((double)n - 3) / 1.06));
}
