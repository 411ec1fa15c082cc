/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From log ratios to a verdict, and how many pairs one would take. */

#include "lib/verdict.h"

#include <math.h>
#include <string.h>

#include "lib/rank.h"

#define MOST_PAIRS 1000000
#define MAD_TO_SD 1.4826
#define U_EFFICIENCY 1.5 /* 3 / pi to the sign test's 2 / pi */
#define LEAST_FOR_SD 4	 /* below, the scatter of so few says nothing of how many more it takes */

const char *const verdict_names[] = { "faster",	      "slower",	 "equivalent",
				      "inconclusive", "invalid", NULL };

/* ---- binomial tails, the sign test's rank ---- */

/* P(B = k), B binomial(n, p), 0 < p < 1. */
static double binomial(size_t n, size_t k, double p)
{
	int sign;

	return exp(lgamma_r((double)n + 1, &sign) - lgamma_r((double)k + 1, &sign) -
		   lgamma_r((double)(n - k) + 1, &sign) + (double)k * log(p) +
		   (double)(n - k) * log1p(-p));
}

/* P(B <= k): the tail on the side of k where terms only fall, so that their sum can stop. */
static double binomial_upto(size_t n, size_t k, double p)
{
	double sum = 0, term, odds = p / (1 - p);
	size_t i;

	if (k >= n || p <= 0)
		return 1;
	if (p >= 1)
		return 0;
	if ((double)k <= (double)n * p) {
		term = binomial(n, k, p);
		for (i = k; term > sum * 1e-17; i--) {
			sum += term;
			if (!i)
				break;
			term *= (double)i / ((double)(n - i + 1) * odds);
		}
		return fmin(sum, 1);
	}
	term = binomial(n, k + 1, p);
	for (i = k + 1; term > sum * 1e-17; i++) {
		sum += term;
		if (i == n)
			break;
		term *= (double)(n - i) * odds / (double)(i + 1);
	}
	return fmax(1 - sum, 0);
}

/* The greatest k for which [x(k), x(n + 1 - k)] has the confidence; 0: none. */
static size_t rank_of(size_t n, double confidence)
{
	size_t lo = 0, hi = (n + 1) / 2;

	while (lo < hi) {
		size_t mid = lo + (hi - lo + 1) / 2;

		if (binomial_upto(n, mid - 1, 0.5) <= (1 - confidence) / 2)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

/* The fewest pairs whose rank is @k: of all with that rank they have the most power. */
static size_t pairs_of_rank(size_t k, double confidence)
{
	size_t lo = 2 * k - 1, hi = 4 * k + 64;

	while (binomial_upto(hi, k - 1, 0.5) > (1 - confidence) / 2)
		hi *= 2;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (binomial_upto(mid, k - 1, 0.5) <= (1 - confidence) / 2)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static double normal_upto(double z)
{
	return erfc(-z * M_SQRT1_2) / 2;
}

/* P(a log ratio lies above @x). */
static double above(double x, double effect, double sd)
{
	if (sd > 0)
		return normal_upto((effect - x) / sd);
	return effect > x ? 1 : effect < x ? 0 : 0.5;
}

/* ---- power ---- */

static double power_at(size_t n, size_t k, double sd, double effect)
{
	return binomial_upto(n, k - 1, above(0, -fabs(effect), sd));
}

/* All but at most k - 1 of them below d, and all but at most k - 1 above -d. */
static double power_inside(size_t n, size_t k, double sd, double effect, double d)
{
	double high = 1 - binomial_upto(n, k - 1, above(d, effect, sd));
	double low = 1 - binomial_upto(n, k - 1, above(d, -effect, sd));

	return fmax(0, 1 - high - low);
}

static int confidence_ok(double c)
{
	return c > 0 && c < 1;
}

double verdict_power(size_t n, double sd, double effect, double confidence)
{
	size_t k = confidence_ok(confidence) ? rank_of(n, confidence) : 0;

	return k ? power_at(n, k, sd, effect) : 0;
}

double verdict_power_equivalent(size_t n, double sd, double effect, double d, double confidence)
{
	size_t k = confidence_ok(confidence) ? rank_of(n, confidence) : 0;

	return k ? power_inside(n, k, sd, effect, d) : 0;
}

struct aim {
	double sd, effect, d; /* d < 0: to see the effect; else: that it lies inside */
	double confidence, power;
};

static int reached(const struct aim *a, size_t k)
{
	size_t n = pairs_of_rank(k, a->confidence);
	double p = a->d < 0 ? power_at(n, k, a->sd, a->effect) :
			      power_inside(n, k, a->sd, a->effect, a->d);

	return p >= a->power;
}

/* Power grows with the rank, but for a last step or two that rounding to whole pairs takes. */
static size_t pairs_for(const struct aim *a)
{
	size_t lo = 1, hi = 1, n;

	if (!confidence_ok(a->confidence) || !(a->power < 1) || !(a->sd >= 0) || isnan(a->effect))
		return 0;
	while (!reached(a, hi)) {
		lo = hi + 1;
		hi *= 2;
		if (hi > MOST_PAIRS)
			return 0;
	}
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (reached(a, mid))
			hi = mid;
		else
			lo = mid + 1;
	}
	while (lo > 1 && reached(a, lo - 1))
		lo--;
	n = pairs_of_rank(lo, a->confidence);
	return n > MOST_PAIRS ? 0 : n;
}

size_t verdict_pairs_needed(double sd, double effect, double confidence, double power)
{
	const struct aim a = { sd, effect, -1, confidence, power };

	return effect ? pairs_for(&a) : 0;
}

size_t verdict_pairs_equivalent(double sd, double effect, double d, double confidence, double power)
{
	const struct aim a = { sd, effect, d, confidence, power };

	return fabs(effect) < d ? pairs_for(&a) : 0;
}

double verdict_smallest_effect(double sd, size_t n, double confidence, double power)
{
	size_t k = confidence_ok(confidence) ? rank_of(n, confidence) : 0;
	double lo = 0, hi = 40; /* in standard deviations */

	if (!k || !(power < 1))
		return NAN;
	for (int i = 0; i < 100; i++) {
		double mid = (lo + hi) / 2;

		if (power_at(n, k, 1, mid) >= power)
			hi = mid;
		else
			lo = mid;
	}
	return sd * hi;
}

/* ---- verdicts ---- */

static void begin(const struct verdict_rules *rules, struct verdict_result *out)
{
	double alpha = 1 - rules->confidence;

	memset(out, 0, sizeof(*out));
	out->verdict = VERDICT_INCONCLUSIVE;
	out->ratio = out->lo = out->hi = out->sd = NAN;
	out->confidence = 1 - alpha / (rules->comparisons ? rules->comparisons : 1);
}

/* What the interval says of a shift of 0, when +-@d does not matter. */
static enum verdict decide(const struct verdict_rules *rules, double lo, double hi, double d)
{
	double edge = rules->beyond_delta ? d : 0;

	if (-d <= lo && hi <= d)
		return VERDICT_EQUIVALENT;
	if (hi < -edge)
		return rules->higher_is_better ? VERDICT_SLOWER : VERDICT_FASTER;
	if (lo > edge)
		return rules->higher_is_better ? VERDICT_FASTER : VERDICT_SLOWER;
	return VERDICT_INCONCLUSIVE;
}

/* Pairs in all that would probably decide, if the effect is what it looks like; 0: unknown. */
static size_t deciding(const struct verdict_rules *rules, const struct verdict_result *v,
		       double effect, double d, double power)
{
	double beyond = rules->beyond_delta ? fabs(effect) - d : fabs(effect);
	size_t seen, inside;

	seen = beyond > 0 ? verdict_pairs_needed(v->sd, beyond, v->confidence, power) : 0;
	inside = verdict_pairs_equivalent(v->sd, effect, d, v->confidence, power);
	return !seen || (inside && inside < seen) ? inside : seen;
}

/* @n did not decide. Where they should have, by the power that `further` aims at, bad luck is asked
 * for more of it; @efficiency: of the test against the sign test. */
static void want_more(const struct verdict_rules *rules, struct verdict_result *v, size_t n,
		      double effect, double d, double efficiency)
{
	static const double power[] = { VERDICT_POWER, 0.95, 0.99 };
	size_t all = 0, i;

	if (rules->no_further)
		return;
	for (i = 0; i < 3 && n >= LEAST_FOR_SD && !isnan(v->sd) && all <= n; i++)
		all = (size_t)ceil((double)deciding(rules, v, effect, d, power[i]) / efficiency);
	if (n < v->least && all < v->least)
		all = v->least;
	v->further = all > n ? all - n : 0;
}

/* The shift and its interval as they are; ratio, lo and hi are of the values in @r. */
static void shifts(double *r, size_t n, double d, const struct verdict_rules *rules,
		   struct verdict_result *v)
{
	struct stat_interval in;

	begin(rules, v);
	n = stat_sort(r, n);
	v->pairs = n;
	v->least = stat_sign_least(v->confidence);
	if (!n)
		return want_more(rules, v, 0, 0, d, 1);
	v->ratio = stat_median(r, n);
	v->sd = n > 1 ? MAD_TO_SD * stat_mad(r, n) : NAN;
	v->have_interval = !stat_sign_interval(r, n, v->confidence, &in);
	if (v->have_interval) {
		v->lo = in.lo;
		v->hi = in.hi;
		v->coverage = in.coverage;
		v->verdict = decide(rules, in.lo, in.hi, d);
	}
	if (v->verdict == VERDICT_INCONCLUSIVE)
		want_more(rules, v, n, v->ratio, d, 1);
}

static void to_ratios(struct verdict_result *v)
{
	v->ratio = exp(v->ratio);
	v->lo = exp(v->lo);
	v->hi = exp(v->hi);
}

void verdict_ratios(double *r, size_t n, const struct verdict_rules *rules,
		    struct verdict_result *out)
{
	shifts(r, n, log1p(rules->delta), rules, out);
	to_ratios(out);
}

void verdict_differences(double *d, size_t n, double margin, const struct verdict_rules *rules,
			 struct verdict_result *out)
{
	shifts(d, n, margin, rules, out);
	out->difference = 1;
}

void verdict_pairs(const double *a, const double *b, size_t n, const struct verdict_rules *rules,
		   struct verdict_result *out)
{
	double r[n + 1];

	for (size_t i = 0; i < n; i++)
		r[i] = a[i] > 0 && b[i] > 0 ? log(a[i] / b[i]) : NAN;
	verdict_ratios(r, n, rules, out);
}

/* ---- not paired ---- */

static void logarithms(double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = v[i] > 0 ? log(v[i]) : NAN;
}

static void unpaired(double *a, size_t m, double *b, size_t n, double d,
		     const struct verdict_rules *rules, struct verdict_result *v)
{
	struct rank_shift s;
	double sa, sb;

	begin(rules, v);
	m = stat_sort(a, m);
	n = stat_sort(b, n);
	v->pairs = m;
	v->others = n;
	v->least = rank_shift_least(v->confidence);
	rank_shift(a, m, b, n, v->confidence, &s);
	v->ratio = s.estimate;
	if (m > 1 && n > 1) {
		sa = MAD_TO_SD * stat_mad(a, m);
		sb = MAD_TO_SD * stat_mad(b, n);
		v->sd = sqrt(sa * sa + sb * sb);
	}
	v->have_interval = s.have_interval;
	if (s.have_interval) {
		v->lo = s.lo;
		v->hi = s.hi;
		v->coverage = s.coverage;
		v->verdict = decide(rules, s.lo, s.hi, d);
	}
	if (v->verdict == VERDICT_INCONCLUSIVE)
		want_more(rules, v, m < n ? m : n, v->ratio, d, U_EFFICIENCY);
}

void verdict_unpaired(double *a, size_t m, double *b, size_t n, const struct verdict_rules *rules,
		      struct verdict_result *out)
{
	logarithms(a, m);
	logarithms(b, n);
	unpaired(a, m, b, n, log1p(rules->delta), rules, out);
	to_ratios(out);
}

void verdict_unpaired_differences(double *a, size_t m, double *b, size_t n, double margin,
				  const struct verdict_rules *rules, struct verdict_result *out)
{
	unpaired(a, m, b, n, margin, rules, out);
	out->difference = 1;
}
