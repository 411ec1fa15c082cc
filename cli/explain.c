/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What moved together with a metric: of all other metrics of the same launches, those that changed
 * between the two configs, ordered by how well their log ratios follow the first one's from launch to
 * launch. A change without correlation may be the cause all the same: what is exact does not vary.
 */

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "lib/rank.h"

/* Another figure of the same collector says the same again, and of a time another time; what was asked
 * for explains nothing, and which single set of a cache it was, too little. */
static int is_candidate(const struct results *r, unsigned metric, const struct comparison *x)
{
	const char *name = r->metric[metric].name;
	size_t n = strcspn(x->metric, ".");

	/* traffic is operations times lines: with ops=auto whoever is faster has more of it */
	if (strcmp(r->metric[metric].source, "config") == 0 || !strncmp(name, "trial.", 6) ||
	    !strncmp(name, "numa.traffic_", 13) || !fnmatch("model.*_sets_[0-9]*", name, 0) ||
	    !fnmatch("model.*_hot_set*", name, 0))
		return 0;
	if (x->direction->speed && direction_of(name, r->metric[metric].unit)->speed)
		return 0;
	return strncmp(name, x->metric, n) || name[n] != '.';
}

static double correlation(const double *r, const double *s, unsigned blocks, unsigned *n)
{
	double u[blocks], v[blocks], scratch[2 * blocks];
	unsigned b;

	for (b = *n = 0; b < blocks; b++)
		if (!isnan(r[b]) && !isnan(s[b])) {
			u[*n] = r[b];
			v[(*n)++] = s[b];
		}
	return rank_spearman(u, v, *n, scratch);
}

static void sort(struct explanation *e, unsigned n)
{
	unsigned i, j;

	for (i = 1; i < n; i++) {
		struct explanation one = e[i];
		double key = isnan(one.rho) ? -1 : fabs(one.rho);

		for (j = i; j; j--) {
			double before = isnan(e[j - 1].rho) ? -1 : fabs(e[j - 1].rho);

			if (before > key ||
			    (before == key && fabs(log(e[j - 1].ratio)) >= fabs(log(one.ratio))))
				break;
			e[j] = e[j - 1];
		}
		e[j] = one;
	}
}

/* Did it change? Then @e says how, and how far along with @r. */
static int changed_with(const struct comparison *y, const double *r,
			const struct verdict_rules *rules, struct explanation *e)
{
	unsigned blocks = y->a.run->blocks;
	struct comparison z = *y;
	double s[blocks];

	judge(&z, rules);
	if (z.word > WORD_MORE || (z.v.difference && z.kind != JUDGE_EXACT))
		return 0;
	*e = (struct explanation){ .metric = z.a.metric,
				   .from = z.b.s.median,
				   .to = z.a.s.median,
				   .ratio = !z.v.difference   ? z.v.ratio :
					    z.a.s.median == 0 ? 0 :
								INFINITY,
				   .exact = z.kind == JUDGE_EXACT };
	judge_ratios(&z, s);
	e->rho = correlation(r, s, blocks, &e->n);
	e->p = rank_spearman_p(e->rho, e->n);
	return 1;
}

unsigned explain(const struct comparison *x, double confidence, struct explanation *out,
		 unsigned *changed)
{
	const struct results *r = x->a.run;
	struct verdict_rules rules = { .confidence = confidence, .no_further = 1 };
	struct comparison *y;
	struct explanation *all;
	double main[r->blocks];
	unsigned m, n = 0;

	*changed = 0;
	if (x->a.run != x->b.run || x->word == WORD_INVALID || judge_ratios(x, main))
		return 0;
	y = calloc(r->nr_metrics + 1, sizeof(*y));
	all = calloc(r->nr_metrics + 1, sizeof(*all));
	for (m = 0; y && all && m < r->nr_metrics; m++) {
		if (!is_candidate(r, m, x))
			continue;
		judge_begin(&y[n], r, x->a.config, r, x->b.config, r->metric[m].name);
		rules.comparisons += (unsigned)y[n++].testable;
	}
	for (m = 0; y && all && m < n; m++)
		*changed += (unsigned)changed_with(&y[m], main, &rules, &all[*changed]);
	n = *changed < EXPLAIN_MOST ? *changed : EXPLAIN_MOST;
	if (all) {
		sort(all, *changed);
		memcpy(out, all, n * sizeof(*out));
	}
	free(all);
	free(y);
	return n;
}
