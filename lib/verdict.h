/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_VERDICT_H
#define SLABSCOPE_VERDICT_H

/*
 * From paired launches to a verdict.
 *
 * Pair i is one block: a_i and b_i are what the two configs measured in launches next to each other.
 * r_i = log(a_i / b_i). Estimate: median of r; interval: exact, by order statistics (sign test), at a
 * confidence corrected for the number of comparisons that are looked at together (Bonferroni:
 * 1 - alpha / comparisons). With d = log(1 + delta) and [lo, hi] the interval of r:
 *
 *	invalid       too little of what was measured can be believed (the caller says so)
 *	equivalent    -d <= lo and hi <= d
 *	faster        hi < 0   (lower is better; higher is better: the other way round)
 *	slower        lo > 0
 *	inconclusive  all else, and where n pairs can give no interval
 *
 * An interval that lies inside +-delta and excludes 0 is equivalent: the difference is real and too
 * small to matter, and the effect is printed with it.
 *
 * Where a ratio makes no sense (a count that is 0 in some launches), the same is done with the
 * differences. Runs that were not interleaved have no pairs: there, all differences of the
 * logarithms and the U test's interval (lib/rank.h), and `beyond_delta`.
 *
 * No function allocates or keeps state.
 */

#include <stddef.h>

#include "lib/stat.h"

enum verdict {
	VERDICT_FASTER,
	VERDICT_SLOWER,
	VERDICT_EQUIVALENT,
	VERDICT_INCONCLUSIVE,
	VERDICT_INVALID
};
extern const char *const verdict_names[]; /* "faster", "slower", ..., NULL */

struct verdict_rules {
	double confidence;    /* of all comparisons together: 0.95 */
	double delta;	      /* what does not matter, as a ratio: 0.01 = 1 % */
	unsigned comparisons; /* >= 1 */
	int higher_is_better;
	/* faster and slower only where the whole interval lies outside +-delta: between runs that
	 * were not interleaved, what drifted from one to the other looks like an effect */
	int beyond_delta;
	int no_further; /* do not work out `further`, which costs more than all the rest */
};

struct verdict_result {
	enum verdict verdict;
	size_t pairs;
	double ratio; /* exp(median of r); NaN without pairs */
	int have_interval;
	double lo, hi;	   /* of the ratio */
	double confidence; /* asked of this one comparison, corrected */
	double coverage;   /* what the interval really has */
	double sd;	   /* robust: 1.4826 x MAD of r; NaN below 2 pairs */
	size_t further; /* inconclusive: further pairs that would probably decide; 0: unknown or too many to say */
	size_t least;	/* fewest pairs that give any interval at this confidence */
	size_t others;	/* not paired: values of the other side; `pairs` are this side's */
	int difference; /* ratio, lo, hi, sd are of the differences, in the metric's unit */
};

#define VERDICT_POWER 0.8 /* what `further` aims at */

/* @a and @b are of @n blocks, NaN where a launch gave no number; both must be > 0 to make a pair. */
void verdict_pairs(const double *a, const double *b, size_t n, const struct verdict_rules *rules,
		   struct verdict_result *out);
/* The same of @n log ratios, in any order; @r is sorted on return. */
void verdict_ratios(double *r, size_t n, const struct verdict_rules *rules,
		    struct verdict_result *out);

/* The same of @n differences; what does not matter is @margin, in their unit. */
void verdict_differences(double *d, size_t n, double margin, const struct verdict_rules *rules,
			 struct verdict_result *out);
/* Two samples that are not paired, NaN and what is not above 0 left out. Both are logarithms and
 * sorted on return. `further` is for each side. */
void verdict_unpaired(double *a, size_t m, double *b, size_t n, const struct verdict_rules *rules,
		      struct verdict_result *out);

/* The same of what may be 0: differences, of which @margin does not matter. */
void verdict_unpaired_differences(double *a, size_t m, double *b, size_t n, double margin,
				  const struct verdict_rules *rules, struct verdict_result *out);

/*
 * How likely the interval of @n pairs lies on the right side of 0, when the log ratios are normal
 * about @effect with standard deviation @sd: exact for the sign test. 0 if @n is too small for an
 * interval at @confidence.
 */
double verdict_power(size_t n, double sd, double effect, double confidence);
/* How likely it lies inside +-@d (a lower bound, sharp where it is near 1). */
double verdict_power_equivalent(size_t n, double sd, double effect, double d, double confidence);

/*
 * The smallest number of pairs that have a power of @power: to see @effect, and to see that it lies
 * inside +-@d. 0: more than a million, or never. For 95 % and 80 % the first is about
 * 12.3 (sd / effect)^2: pi / 2 (z(0.975) + z(0.8))^2, pi / 2 being the price of the sign test.
 */
size_t verdict_pairs_needed(double sd, double effect, double confidence, double power);
size_t verdict_pairs_equivalent(double sd, double effect, double d, double confidence,
				double power);

/* The smallest effect (log ratio) that @n pairs show with power @power; NaN if n is too small. */
double verdict_smallest_effect(double sd, size_t n, double confidence, double power);

#endif
