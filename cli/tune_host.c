/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this machine says: successive halving, then a confirmation.
 *
 * Each round is a run like any other (cli/runner.h): what stands and the candidates in balanced random
 * order, a fresh process each. After it the better half stays, by the median of the log ratios to what
 * stands, launch by launch, as far as it is below 1. The last one is run against what stands once more, on
 * launches that had no part in choosing it, and judged as `slabscope compare` judges: a candidate that was
 * only lucky is found out there, and the confidence needs no correction for how many there were.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cli/judge.h"
#include "cli/tune_host.h"

#define FROM_MODEL 7u	  /* candidates that the model sends */
#define FIRST_LAUNCHES 4u /* of each in the first round; two more in each further one */
#define CONFIRM_LAUNCHES 20u
#define USABLE 0.6 /* of the comparisons with what stands: below, the next pace */
/* A candidate that still looks better, with an interval that does not rule out such a gain, leaves the
 * question open. */
#define WIDE 0.1

/* ---- candidates ---- */

static int worse(const struct tuning *t, unsigned a, unsigned b)
{
	const double *score = t->found.full ? t->found.full : t->prior;

	if (score[a] != score[b] && !(isnan(score[a]) && isnan(score[b])))
		return isnan(score[a]) || score[a] > score[b];
	return t->space.point[a].changes > t->space.point[b].changes;
}

/* The best by the model; without one as many as may be, by the guess. */
static void enter(struct tune_contest *c)
{
	unsigned most = c->t->found.full ? FROM_MODEL : TUNE_CANDIDATES;

	for (unsigned p = 1; p < c->t->space.nr_points; p++) {
		unsigned i;

		if (c->t->found.full && !isfinite(c->t->found.full[p]))
			continue;
		for (i = c->n; i && worse(c->t, c->point[i - 1], p); i--)
			if (i < most)
				c->point[i] = c->point[i - 1];
		if (i < most)
			c->point[i] = p;
		c->n += c->n < most;
	}
}

/* ---- what it says ---- */

/* No launch of config 0 or of @config counts, so there are no metrics either. */
static int all_aside(const struct results *r, unsigned config)
{
	return !r->config[0].ok || !r->config[config].ok;
}

static int no_scores(const struct results *r, double *out)
{
	for (unsigned b = 0; b < r->blocks; b++)
		out[b] = NAN;
	return 0;
}

/*
 * Log of the objective of config @config against config 0, block by block, into out[blocks]; NaN where
 * there is none. -EINVAL: a metric of the objective was not measured.
 */
static int log_scores(const struct tune_contest *c, const struct results *r, unsigned config,
		      double *out, struct err *e)
{
	const struct tune_objective *o = &c->t->objective;
	const struct tune_point *p = c->t->space.point;
	double weights = 0;

	for (unsigned b = 0; b < r->blocks; b++)
		out[b] = 0;
	for (unsigned i = 0; i < o->nr; i++) {
		const char *name = tune_term_metric(&o->term[i], 0);
		double w = o->term[i].weight, memory = 1;
		struct comparison x = { .direction = NULL };
		int metric = -1;

		weights += w;
		if (tune_term_is_memory(&o->term[i])) {
			memory = config ? p[c->point[config - 1]].bytes_per_object /
						  p[0].bytes_per_object :
					  1;
		} else {
			metric = results_metric(r, name, e);
			if (metric < 0 && !all_aside(r, config))
				return -EINVAL;
			if (metric < 0)
				return no_scores(r, out);
			judge_begin(&x, r, config, r, 0, name);
		}
		for (unsigned b = 0; b < r->blocks; b++) {
			double v = memory;

			if (metric >= 0)
				v = results_values(r, config, (unsigned)metric)[b] /
				    results_values(r, 0, (unsigned)metric)[b];
			if (metric >= 0 && x.direction && x.direction->better > 0)
				v = 1 / v;
			out[b] += w * v;
		}
	}
	for (unsigned b = 0; b < r->blocks; b++)
		out[b] = out[b] > 0 ? log(out[b] / weights) : NAN;
	return 0;
}

/* The median; NaN without any. */
static int estimate(const struct tune_contest *c, const struct results *r, unsigned config,
		    double *out, struct err *e)
{
	double *v = calloc(r->blocks + 1, sizeof(*v));
	size_t have;
	int rc = v ? log_scores(c, r, config, v, e) : err_set(e, -ENOMEM, "out of memory");

	if (!rc) {
		have = stat_sort(v, r->blocks);
		*out = have ? stat_median(v, have) : NAN;
	}
	free(v);
	return rc;
}

/* The part of all comparisons with what stands that can be made. */
static int usable(const struct tune_contest *c, const struct results *r, double *share,
		  struct err *e)
{
	double *v = calloc(r->blocks + 1, sizeof(*v));
	unsigned have = 0;
	int rc = v ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (unsigned i = 0; i < c->n && !rc; i++) {
		rc = log_scores(c, r, i + 1, v, e);
		for (unsigned b = 0; b < r->blocks && !rc; b++)
			have += !isnan(v[b]);
	}
	free(v);
	*share = (double)have / (double)(r->blocks * c->n);
	return rc;
}

/* A round; and once more with shorter launches as long as too many are disturbed, unless their length was given. */
static int round_of(struct tune_contest *c, unsigned launches, const char *name, struct results *r,
		    struct err *e)
{
	double share;
	int rc;

	c->round++;
	for (;;) {
		rc = tune_contest_run(c, launches, name, r, e);
		if (rc)
			return rc;
		rc = usable(c, r, &share, e);
		if (!rc && (share >= USABLE || !tune_paces[c->pace + 1].ms ||
			    tune_contest_given(c, "duration_ms") || tune_contest_given(c, "ops")))
			return 0;
		results_release(r);
		if (rc)
			return rc;
		c->pace++;
	}
}

/* Fewer changes, then less memory. */
static int simpler(const struct tune_contest *c, unsigned a, unsigned b)
{
	const struct tune_point *x = &c->t->space.point[c->point[a]];
	const struct tune_point *y = &c->t->space.point[c->point[b]];

	return x->changes != y->changes ? x->changes < y->changes :
					  x->bytes_per_object < y->bytes_per_object;
}

/* Of @order[n], best first, the one to confirm: what is no worse than the best by more than what matters, and simplest. */
static unsigned last_one(const struct tune_contest *c, const unsigned *order, unsigned n,
			 const double *score)
{
	unsigned pick = order[0];

	for (unsigned i = 1; i < n; i++)
		if (score[order[i]] <= score[order[0]] + log1p(c->t->q->delta) &&
		    simpler(c, order[i], pick))
			pick = order[i];
	return pick;
}

/* The better half stays, of those that look better than what stands. */
static int halve(struct tune_contest *c, const struct results *r, struct err *e)
{
	unsigned n = 0, seen = 0, most = c->n > 1 ? c->n / 2 : 1;
	unsigned order[TUNE_CANDIDATES] = { 0 }, keep[TUNE_CANDIDATES];
	double score[TUNE_CANDIDATES];

	for (unsigned i = 0; i < c->n; i++) {
		unsigned at;
		int rc = estimate(c, r, i + 1, &score[i], e);

		if (rc)
			return rc;
		seen += !isnan(score[i]);
		if (isnan(score[i]) || score[i] >= 0)
			continue;
		for (at = n++; at && score[order[at - 1]] > score[i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	if (!seen)
		judge_aside(r, 0, c->aside, sizeof(c->aside));
	if (!seen && !*c->aside)
		judge_aside(r, 1, c->aside, sizeof(c->aside));
	if (n && most == 1)
		order[0] = last_one(c, order, n, score);
	n = n < most ? n : most;
	for (unsigned i = 0; i < n; i++)
		keep[i] = c->point[order[i]];
	memcpy(c->point, keep, n * sizeof(*keep));
	c->n = n;
	return 0;
}

/* ---- the end ---- */

/* A sum of several metrics has no comparison of its own: the same rules on its ratios. */
static int judge_sum(const struct tune_contest *c, const struct results *r,
		     struct verdict_result *v, struct err *e)
{
	const struct verdict_rules rules = { .confidence = 0.95,
					     .delta = c->t->q->delta,
					     .comparisons = 1 };
	double *x = calloc(r->blocks + 1, sizeof(*x));
	unsigned n = 0;
	int rc = x ? log_scores(c, r, 1, x, e) : err_set(e, -ENOMEM, "out of memory");

	for (unsigned b = 0; b < r->blocks && !rc; b++)
		if (!isnan(x[b]))
			x[n++] = x[b];
	if (!rc)
		verdict_ratios(x, n, &rules, v);
	free(x);
	return rc;
}

static void conclude(struct tune_contest *c, const struct verdict_result *v, int better,
		     const char *invalid)
{
	struct tuning *t = c->t;
	struct tune_gain *g = &t->gain;

	g->source = "hardware";
	g->pairs = (unsigned)v->pairs;
	g->ratio = v->ratio;
	g->low = v->have_interval ? v->lo : NAN;
	g->high = v->have_interval ? v->hi : NAN;
	t->verdict = TUNE_KEEP;
	if (invalid || !v->have_interval) {
		t->verdict = TUNE_INCONCLUSIVE;
		snprintf(t->why_not, sizeof(t->why_not), "the launches cannot be judged: %.400s",
			 invalid ? invalid : "there are too few pairs");
	} else if (better > 0) {
		t->verdict = TUNE_CHANGE;
		t->pick = c->point[0];
	} else if (v->verdict == VERDICT_INCONCLUSIVE && v->lo < 1 - WIDE &&
		   v->ratio < 1 - t->q->delta) {
		t->verdict = TUNE_INCONCLUSIVE;
		snprintf(
			t->why_not, sizeof(t->why_not),
			"the best candidate's ratio lies between %.4g and %.4g; a gain of %.0f %% is not ruled out (more --launches)",
			v->lo, v->hi, (1 - v->lo) * 100);
	} else if (v->verdict == VERDICT_EQUIVALENT) {
		snprintf(
			t->why_not, sizeof(t->why_not),
			"on fresh launches the best candidate does the same (ratio %.4g, 95 %% interval %.4g to %.4g)",
			v->ratio, v->lo, v->hi);
	} else {
		snprintf(
			t->why_not, sizeof(t->why_not),
			"the best candidate's gain was not there on fresh launches (ratio %.4g, 95 %% interval %.4g to %.4g)",
			v->ratio, v->lo, v->hi);
	}
}

static unsigned confirm_launches(const struct tune_contest *c)
{
	const char *text = tune_contest_given(c, "launches");
	unsigned n = text ? (unsigned)strtoul(text, NULL, 10) : 0;

	return n ? n : CONFIRM_LAUNCHES;
}

static int confirm(struct tune_contest *c, struct err *e)
{
	const struct verdict_rules rules = { .confidence = 0.95,
					     .delta = c->t->q->delta,
					     .comparisons = 1 };
	const struct tune_objective *o = &c->t->objective;
	const char *metric = o->nr == 1 ? tune_term_metric(&o->term[0], 0) : NULL;
	struct comparison x;
	struct results r;
	int rc = round_of(c, confirm_launches(c), "confirm", &r, e);

	if (rc)
		return rc;
	snprintf(c->t->folder, sizeof(c->t->folder), "%s", c->last);
	snprintf(c->t->gain.metric, sizeof(c->t->gain.metric), "%s", metric ? metric : "objective");
	if (metric) {
		judge_begin(&x, &r, 1, &r, 0, metric);
		judge(&x, &rules);
		conclude(c, &x.v, x.better, x.word == WORD_INVALID ? x.reason : NULL);
	} else {
		struct verdict_result v;

		rc = judge_sum(c, &r, &v, e);
		if (!rc)
			conclude(c, &v, v.verdict == VERDICT_FASTER, NULL);
	}
	results_release(&r);
	return rc;
}

static int open_contest(struct tune_contest *c, struct tuning *t, struct err *e)
{
	time_t now = time(NULL);
	uint32_t seed;
	const char *text;
	char stamp[32];
	struct tm tm;

	memset(c, 0, sizeof(*c));
	c->t = t;
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H-%M-%S", localtime_r(&now, &tm));
	if (t->q->out)
		snprintf(c->folder, sizeof(c->folder), "%s", t->q->out);
	else
		snprintf(c->folder, sizeof(c->folder), "results/tune-%s", stamp);
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return err_set(e, -errno, "getrandom: %s", strerror(errno));
	c->seed = seed;
	text = tune_contest_given(c, "seed");
	if (text && strcmp(text, "auto") != 0)
		c->seed = strtoull(text, NULL, 0);
	return 0;
}

int tune_host(struct tuning *t, struct err *e)
{
	struct tune_contest c;
	int rc = open_contest(&c, t, e);

	if (!rc)
		enter(&c);
	t->region_ms = "";
	while (!rc && c.n > 1) {
		char name[32];
		struct results r;

		snprintf(name, sizeof(name), "round-%u", c.round + 1);
		rc = round_of(&c, FIRST_LAUNCHES + 2 * c.round, name, &r, e);
		if (rc)
			break;
		rc = halve(&c, &r, e);
		results_release(&r);
	}
	if (!rc && c.n)
		rc = confirm(&c, e);
	if (c.pace)
		t->region_ms = tune_paces[c.pace].ms;
	if (rc || c.n)
		return rc;
	t->verdict = *c.aside ? TUNE_INCONCLUSIVE : TUNE_KEEP;
	if (*c.aside)
		snprintf(
			t->why_not, sizeof(t->why_not),
			"no candidate could be compared: %s; `slabscope doctor` says what disturbs",
			c.aside);
	else
		snprintf(t->why_not, sizeof(t->why_not), "%s",
			 c.round ? "no candidate looked better than what stands" :
				   "there is nothing else to try");
	return 0;
}
