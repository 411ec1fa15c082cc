/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Simulated launches whose truth is known: how often a verdict is wrong, how often the interval holds
 * the truth, and how often an effect is seen, against what lib/verdict.h says. Seeds are fixed. With
 * 2500 experiments a share of 5 % is known to about +-0.44 points (one standard deviation).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/rank.h"
#include "lib/rng.h"
#include "lib/stat.h"
#include "lib/verdict.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define EXPERIMENTS 2500
#define MOST_BLOCKS 60
#define MOST_CONFIGS 8
#define FALSE_ALARMS 0.06 /* at most, where 5 % are asked for */

/* ---- noise ---- */

static double normal(struct rng *r)
{
	double u = 1 - rng_double(r), v = rng_double(r);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

enum shape { NORMAL, LOGNORMAL, EXPONENTIAL };

/* Mean about 0, standard deviation about 1; the skewed ones have their tail above, as times do. */
static double noise(struct rng *r, enum shape shape)
{
	switch (shape) {
	case LOGNORMAL:
		return (exp(normal(r)) - exp(0.5)) / sqrt((M_E - 1) * M_E);
	case EXPONENTIAL:
		return -log(1 - rng_double(r)) - 1;
	default:
		return normal(r);
	}
}

/* What launches are like. */
struct world {
	double between; /* standard deviation from launch to launch */
	double within;	/* of repetitions inside one */
	unsigned reps;
	double drift; /* over the whole run, linear */
	double ar;    /* correlation of one launch's noise with the one before it */
	enum shape shape;
};

/* One run in progress: launches come one after the other. */
struct run {
	const struct world *w;
	struct rng *rng;
	double last; /* of the correlated noise */
	unsigned done, all;
};

static void run_begin(struct run *run, const struct world *w, struct rng *rng, unsigned all)
{
	*run = (struct run){ .w = w, .rng = rng, .all = all };
	run->last = normal(rng);
}

/* The next launch's figure: the median of its repetitions, as a launch reports it. */
static double launch(struct run *run, double effect)
{
	const struct world *w = run->w;
	double rep[16], level = 1 + w->drift * run->done++ / run->all;
	unsigned i;

	if (w->ar > 0)
		run->last = w->ar * run->last + sqrt(1 - w->ar * w->ar) * normal(run->rng);
	else
		run->last = noise(run->rng, w->shape);
	level *= 1 + w->between * run->last;
	for (i = 0; i < w->reps; i++)
		rep[i] = level * exp(effect) * (1 + w->within * noise(run->rng, w->shape));
	stat_sort(rep, w->reps);
	return stat_median(rep, w->reps);
}

/* Blocks of @k configs, each block begun by another one, every second backwards: for two, ABBA. */
static void balanced(struct run *run, unsigned k, unsigned blocks, double effect,
		     double v[MOST_CONFIGS][MOST_BLOCKS])
{
	unsigned b, i;

	for (b = 0; b < blocks; b++)
		for (i = 0; i < k; i++) {
			unsigned at = b % 2 ? k - 1 - i : i;
			unsigned c = (at + b / 2) % k;

			v[c][b] = launch(run, c ? effect : 0);
		}
}

/* AAAA...BBBB. */
static void sequential(struct run *run, unsigned blocks, double effect,
		       double v[MOST_CONFIGS][MOST_BLOCKS])
{
	unsigned b, c;

	for (c = 0; c < 2; c++)
		for (b = 0; b < blocks; b++)
			v[c][b] = launch(run, c ? effect : 0);
}

static int is_alarm(const struct verdict_result *v)
{
	return v->verdict == VERDICT_FASTER || v->verdict == VERDICT_SLOWER;
}

/* ---- false alarms ---- */

static const struct {
	const char *name;
	struct world w;
	unsigned blocks;
} quiet[] = {
	{ "1 % / 1 %, 10 x 10", { 0.01, 0.01, 10, 0, 0, NORMAL }, 10 },
	{ "1 % / 1 %, 20 x 5", { 0.01, 0.01, 5, 0, 0, NORMAL }, 20 },
	{ "3 % / 1 %, 20 x 5", { 0.03, 0.01, 5, 0, 0, NORMAL }, 20 },
	{ "3 % / 1 %, 12 x 5", { 0.03, 0.01, 5, 0, 0, NORMAL }, 12 },
	{ "3 % / 1 %, 6 x 5", { 0.03, 0.01, 5, 0, 0, NORMAL }, 6 },
	{ "3 % / 1 %, 50 x 3", { 0.03, 0.01, 3, 0, 0, NORMAL }, 50 },
	{ "drift 1 %", { 0.01, 0.01, 3, 0.01, 0, NORMAL }, 20 },
	{ "drift 3 %", { 0.01, 0.01, 3, 0.03, 0, NORMAL }, 20 },
	{ "drift 3 %, 30 blocks", { 0.01, 0.01, 3, 0.03, 0, NORMAL }, 30 },
	{ "AR 0.5", { 0.01, 0.01, 3, 0, 0.5, NORMAL }, 20 },
	{ "AR 0.9", { 0.01, 0.01, 3, 0, 0.9, NORMAL }, 20 },
	{ "AR 0.7, drift 3 %", { 0.01, 0.01, 3, 0.03, 0.7, NORMAL }, 20 },
	{ "lognormal 3 %", { 0.03, 0.01, 3, 0, 0, LOGNORMAL }, 20 },
	{ "lognormal 3 %, 9 blocks", { 0.03, 0.01, 3, 0, 0, LOGNORMAL }, 9 },
	{ "exponential 3 %", { 0.03, 0.01, 3, 0, 0, EXPONENTIAL }, 20 },
	{ "exponential 3 %, drift 3 %", { 0.03, 0.01, 3, 0.03, 0, EXPONENTIAL }, 20 },
};

/* With delta 0 nothing is equivalent, so that every interval without 1 is an alarm. */
static void test_false_alarms(void **state)
{
	const struct verdict_rules rules = { .confidence = 0.95,
					     .comparisons = 1,
					     .no_further = 1 };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20261);
	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++) {
		unsigned alarms = 0, x;

		for (x = 0; x < EXPERIMENTS; x++) {
			double v[MOST_CONFIGS][MOST_BLOCKS];
			struct verdict_result r;
			struct run run;

			run_begin(&run, &quiet[i].w, &rng, 2 * quiet[i].blocks);
			balanced(&run, 2, quiet[i].blocks, 0, v);
			verdict_pairs(v[1], v[0], quiet[i].blocks, &rules, &r);
			assert_true(r.have_interval);
			alarms += (unsigned)is_alarm(&r);
		}
		print_message("  %-28s %4.1f %% false alarms\n", quiet[i].name,
			      100.0 * alarms / EXPERIMENTS);
		if (alarms > FALSE_ALARMS * EXPERIMENTS)
			fail_msg("%s: %u of %u", quiet[i].name, alarms, EXPERIMENTS);
	}
}

/* Seven configs against an eighth: one alarm anywhere in the table counts. */
static void test_false_alarms_of_a_table(void **state)
{
	static const struct world worlds[] = {
		{ 0.03, 0.01, 3, 0, 0, NORMAL },
		{ 0.01, 0.01, 3, 0.03, 0, NORMAL },
		{ 0.03, 0.01, 3, 0, 0, LOGNORMAL },
	};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20262);
	for (size_t i = 0; i < ARRAY_SIZE(worlds); i++) {
		unsigned corrected = 0, plain = 0, x, c;

		for (x = 0; x < EXPERIMENTS; x++) {
			double v[MOST_CONFIGS][MOST_BLOCKS];
			int any[2] = { 0, 0 };
			struct run run;

			run_begin(&run, &worlds[i], &rng, 8 * 16);
			balanced(&run, 8, 16, 0, v);
			for (c = 1; c < 8; c++)
				for (unsigned how = 0; how < 2; how++) {
					const struct verdict_rules rules = { .confidence = 0.95,
									     .comparisons =
										     how ? 7 : 1,
									     .no_further = 1 };
					struct verdict_result r;

					verdict_pairs(v[c], v[0], 16, &rules, &r);
					any[how] |= is_alarm(&r);
				}
			plain += (unsigned)any[0];
			corrected += (unsigned)any[1];
		}
		print_message(
			"  world %zu: tables with a false alarm %4.1f %%, uncorrected %4.1f %%\n",
			i, 100.0 * corrected / EXPERIMENTS, 100.0 * plain / EXPERIMENTS);
		assert_true(corrected <= FALSE_ALARMS * EXPERIMENTS);
		assert_true(plain > 1.5 * FALSE_ALARMS * EXPERIMENTS); /* what is corrected for */
	}
}

/* Runs that were not interleaved: right where launches are independent; wrong with drift, which is
 * why they have a stricter rule and a warning. That the same simulation can fail is shown here. */
static void test_sequential(void **state)
{
	static const struct {
		const char *name;
		struct world w;
		int fails; /* the plain rule */
	} row[] = {
		{ "1 % / 1 %", { 0.01, 0.01, 3, 0, 0, NORMAL }, 0 },
		{ "lognormal 3 %", { 0.03, 0.01, 3, 0, 0, LOGNORMAL }, 0 },
		{ "AR 0.7", { 0.01, 0.01, 3, 0, 0.7, NORMAL }, 1 },
		{ "drift 3 %", { 0.01, 0.01, 3, 0.03, 0, NORMAL }, 1 },
	};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20263);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		unsigned plain = 0, strict = 0, x;

		for (x = 0; x < EXPERIMENTS; x++) {
			struct verdict_rules rules = { .confidence = 0.95,
						       .comparisons = 1,
						       .no_further = 1 };
			double v[MOST_CONFIGS][MOST_BLOCKS], w[2][MOST_BLOCKS];
			struct verdict_result r;
			struct run run;

			run_begin(&run, &row[i].w, &rng, 2 * 20);
			sequential(&run, 20, 0, v);
			for (unsigned b = 0; b < 20; b++) {
				w[0][b] = v[0][b];
				w[1][b] = v[1][b];
			}
			verdict_unpaired(v[1], 20, v[0], 20, &rules, &r);
			plain += (unsigned)is_alarm(&r);
			rules.beyond_delta = 1;
			rules.delta = 0.01;
			verdict_unpaired(w[1], 20, w[0], 20, &rules, &r);
			strict += (unsigned)is_alarm(&r);
		}
		print_message("  %-14s %4.1f %% false alarms, beyond 1 %%: %4.1f %%\n", row[i].name,
			      100.0 * plain / EXPERIMENTS, 100.0 * strict / EXPERIMENTS);
		if (row[i].fails)
			assert_true(plain > 0.15 * EXPERIMENTS && strict < plain);
		else
			assert_true(plain <= FALSE_ALARMS * EXPERIMENTS && strict <= plain);
	}
}

/* ---- intervals ---- */

/* The interval holds the true median ratio as often as it says it does. */
static void test_coverage(void **state)
{
	static const struct {
		enum shape shape;
		unsigned n;
	} row[] = {
		{ NORMAL, 6 },	   { NORMAL, 12 },     { NORMAL, 20 },
		{ NORMAL, 49 },	   { LOGNORMAL, 6 },   { LOGNORMAL, 10 },
		{ LOGNORMAL, 30 }, { EXPONENTIAL, 9 }, { EXPONENTIAL, 20 },
	};
	/* medians of the noise */
	const double median[] = { 0, (1 - exp(0.5)) / sqrt((M_E - 1) * M_E), M_LN2 - 1 };
	const struct verdict_rules rules = { .confidence = 0.95,
					     .comparisons = 1,
					     .no_further = 1 };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20264);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		double truth = exp(0.02 + 0.03 * median[row[i].shape]), said = 0;
		unsigned held = 0, x, b;

		for (x = 0; x < EXPERIMENTS; x++) {
			double r[MOST_BLOCKS];
			struct verdict_result v;

			for (b = 0; b < row[i].n; b++)
				r[b] = 0.02 + 0.03 * noise(&rng, row[i].shape);
			verdict_ratios(r, row[i].n, &rules, &v);
			held += v.lo <= truth && truth <= v.hi;
			said = v.coverage;
		}
		if (fabs((double)held / EXPERIMENTS - said) > 0.012)
			fail_msg("row %zu: held in %u of %u, said %g", i, held, EXPERIMENTS, said);
	}
}

static void test_coverage_unpaired(void **state)
{
	static const struct {
		enum shape shape;
		unsigned m, n;
	} row[] = { { NORMAL, 4, 4 },
		    { NORMAL, 10, 14 },
		    { NORMAL, 20, 20 },
		    { LOGNORMAL, 12, 8 },
		    { EXPONENTIAL, 20, 20 } };
	const struct verdict_rules rules = { .confidence = 0.95,
					     .comparisons = 1,
					     .no_further = 1 };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20265);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		double said = 0, truth = exp(0.02);
		unsigned held = 0, x, b;

		for (x = 0; x < EXPERIMENTS; x++) {
			double u[MOST_BLOCKS], v[MOST_BLOCKS];
			struct verdict_result r;

			for (b = 0; b < row[i].m; b++)
				u[b] = exp(0.02 + 0.03 * noise(&rng, row[i].shape));
			for (b = 0; b < row[i].n; b++)
				v[b] = exp(0.03 * noise(&rng, row[i].shape));
			verdict_unpaired(u, row[i].m, v, row[i].n, &rules, &r);
			held += r.lo <= truth && truth <= r.hi;
			said = r.coverage;
		}
		if (fabs((double)held / EXPERIMENTS - said) > 0.012)
			fail_msg("row %zu: held in %u of %u, said %g", i, held, EXPERIMENTS, said);
	}
}

/* ---- power ---- */

/* Simulated verdicts of @n pairs whose log ratios are normal about @effect. */
static double seen(struct rng *rng, unsigned n, double sd, double effect, double delta,
		   double confidence, enum verdict want)
{
	const struct verdict_rules rules = {
		.confidence = confidence, .comparisons = 1, .delta = delta, .no_further = 1
	};
	unsigned hits = 0, x, b;

	for (x = 0; x < EXPERIMENTS; x++) {
		double r[n];
		struct verdict_result v;

		for (b = 0; b < n; b++)
			r[b] = effect + sd * normal(rng);
		verdict_ratios(r, n, &rules, &v);
		hits += v.verdict == want;
	}
	return (double)hits / EXPERIMENTS;
}

static void test_power(void **state)
{
	static const struct {
		unsigned n;
		double sd, effect, confidence;
	} row[] = {
		{ 6, 0.01, 0.01, 0.95 },  { 12, 0.01, 0.01, 0.95 },   { 20, 0.02, 0.01, 0.95 },
		{ 49, 0.02, 0.01, 0.95 }, { 49, 0.02, -0.01, 0.95 },  { 20, 0.01, 0.01, 0.995 },
		{ 30, 0.03, 0.02, 0.9 },  { 100, 0.02, 0.005, 0.95 },
	};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20266);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		double formula =
			verdict_power(row[i].n, row[i].sd, row[i].effect, row[i].confidence);
		double got = seen(&rng, row[i].n, row[i].sd, row[i].effect, 0, row[i].confidence,
				  row[i].effect < 0 ? VERDICT_FASTER : VERDICT_SLOWER);

		print_message("  %3u pairs, sd %g, effect %+g: %.3f seen, %.3f by the formula\n",
			      row[i].n, row[i].sd, row[i].effect, got, formula);
		if (fabs(got - formula) > 0.03)
			fail_msg("row %zu: %g, by the formula %g", i, got, formula);
	}
}

/* As many pairs as it asks for do see it, as often as was asked for. */
static void test_pairs_needed(void **state)
{
	static const struct {
		double sd, effect, confidence, power;
	} row[] = {
		{ 0.02, 0.01, 0.95, 0.8 },
		{ 0.01, 0.01, 0.95, 0.8 },
		{ 0.01, 0.015, 0.99, 0.9 },
		{ 0.03, 0.02, 0.9975, 0.8 },
	};
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20267);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		size_t n = verdict_pairs_needed(row[i].sd, row[i].effect, row[i].confidence,
						row[i].power);
		double got = seen(&rng, (unsigned)n, row[i].sd, row[i].effect, 0, row[i].confidence,
				  VERDICT_SLOWER);

		assert_true(got > row[i].power - 0.03);
		assert_true(got < row[i].power + 0.1); /* whole pairs, few of them */
	}
}

static void test_pairs_equivalent(void **state)
{
	static const struct {
		double sd, effect, delta;
	} row[] = { { 0.01, 0, 0.01 }, { 0.01, 0.004, 0.01 }, { 0.02, 0, 0.03 } };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20268);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		double d = log1p(row[i].delta), got, formula;
		size_t n = verdict_pairs_equivalent(row[i].sd, row[i].effect, d, 0.95, 0.8);

		formula = verdict_power_equivalent(n, row[i].sd, row[i].effect, d, 0.95);
		got = seen(&rng, (unsigned)n, row[i].sd, row[i].effect, row[i].delta, 0.95,
			   VERDICT_EQUIVALENT);
		print_message("  %3zu pairs: %.3f equivalent, %.3f by the formula\n", n, got,
			      formula);
		assert_true(formula >= 0.8 && fabs(got - formula) < 0.03);
	}
}

/* What an inconclusive verdict asks for is of the right size: the effect is guessed from the same few
 * pairs, so single answers scatter, and the median of them is what is looked at. */
static void test_further(void **state)
{
	const struct verdict_rules rules = { .confidence = 0.95, .comparisons = 1, .delta = 0.001 };
	double answer[EXPERIMENTS];
	size_t nr = 0, needed = verdict_pairs_needed(0.02, 0.01, 0.95, 0.8);
	struct rng rng;
	unsigned x, b;

	(void)state;
	rng_seed(&rng, 20269);
	for (x = 0; x < EXPERIMENTS; x++) {
		double r[20];
		struct verdict_result v;

		for (b = 0; b < 20; b++)
			r[b] = 0.01 + 0.02 * normal(&rng);
		verdict_ratios(r, 20, &rules, &v);
		if (v.verdict == VERDICT_INCONCLUSIVE && v.further)
			answer[nr++] = (double)v.further + 20;
	}
	assert_true(nr > EXPERIMENTS / 4);
	stat_sort(answer, nr);
	print_message("  of 20 pairs, median answer %.0f in all; %zu are needed\n",
		      stat_median(answer, nr), needed);
	/* those that did not decide saw a smaller effect than there is, so they ask for more */
	assert_true(stat_median(answer, nr) > (double)needed / 2);
	assert_true(stat_median(answer, nr) < 4 * (double)needed);
}

/* Spearman's p is about what it says: 1 % of unrelated sequences reach 1 %. */
static void test_spearman_p(void **state)
{
	static const unsigned n[] = { 10, 12, 20, 50 };
	struct rng rng;

	(void)state;
	rng_seed(&rng, 20270);
	for (size_t i = 0; i < ARRAY_SIZE(n); i++) {
		unsigned below = 0, x, b;

		for (x = 0; x < 4 * EXPERIMENTS; x++) {
			double u[50], v[50], scratch[100];

			for (b = 0; b < n[i]; b++) {
				u[b] = b;
				v[b] = rng_double(&rng);
			}
			below += rank_spearman_p(rank_spearman(u, v, n[i], scratch), n[i]) < 0.01;
		}
		if (fabs((double)below / (4 * EXPERIMENTS) - 0.01) > 0.004)
			fail_msg("%u: %u of %u below 1 %%", n[i], below, 4 * EXPERIMENTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_false_alarms),
		cmocka_unit_test(test_false_alarms_of_a_table),
		cmocka_unit_test(test_sequential),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_coverage_unpaired),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_pairs_needed),
		cmocka_unit_test(test_pairs_equivalent),
		cmocka_unit_test(test_further),
		cmocka_unit_test(test_spearman_p),
	};

	return cmocka_run_group_tests_name("verdict_sim", tests, NULL, NULL);
}
