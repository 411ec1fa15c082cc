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
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cli/judge.h"
#include "cli/runner.h"
#include "cli/tune.h"

#define FROM_MODEL 7u	  /* candidates that the model sends */
#define MOST 64u	  /* candidates without a model */
#define FIRST_LAUNCHES 4u /* of each in the first round; two more in each further one */
#define CONFIRM_LAUNCHES 20u
#define DURATION_MS \
	"20" /* many short launches rather than few long ones: fewer of them are disturbed */
/* A candidate that still looks better, with an interval that does not rule out such a gain, leaves the
 * question open. */
#define WIDE 0.1

struct contest {
	struct tuning *t;
	unsigned point[MOST]; /* candidates that are left; what stands is not among them */
	unsigned n;
	char folder[PATH_MAX];
	uint64_t seed;
	unsigned round;
	char aside[200]; /* why no candidate of a round could be compared; "" */
};

/* ---- candidates ---- */

static int worse(const struct tuning *t, unsigned a, unsigned b)
{
	const double *score = t->found.full ? t->found.full : t->prior;

	if (score[a] != score[b] && !(isnan(score[a]) && isnan(score[b])))
		return isnan(score[a]) || score[a] > score[b];
	return t->space.point[a].changes > t->space.point[b].changes;
}

/* The best by the model; without one as many as may be, by the guess. */
static void enter(struct contest *c)
{
	unsigned most = c->t->found.full ? FROM_MODEL : MOST;

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

/* ---- one run ---- */

static int set_number(struct job_section *s, const char *name, uint64_t v, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return job_set(s, name, text, "tune", e);
}

static int set_variants(const struct contest *c, struct job_section *s, struct err *e)
{
	char *text = NULL, setting[512];
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	fputs("stands:", f);
	for (unsigned i = 0; i < c->n; i++)
		fprintf(f, " | p%u: %s", c->point[i],
			tune_point_text(&c->t->space, c->point[i], " ", setting, sizeof(setting)));
	rc = fclose(f) ? err_set(e, -ENOMEM, "out of memory") :
			 job_set(s, "variant", text, "tune", e);
	free(text);
	return rc;
}

static int make_job(const struct contest *c, unsigned launches, struct job *j, struct err *e)
{
	const struct job_section *given = &c->t->q->given;
	int rc = job_section(j, "tune", e);

	if (!rc)
		rc = job_set(&j->exp[0], "duration_ms", DURATION_MS, "tune", e);
	for (unsigned i = 0; i < given->nr && !rc; i++) {
		const struct job_setting *s = &given->set[i];

		rc = job_set(opt_find(run_opts_table, s->name) ? &j->global : &j->exp[0], s->name,
			     s->text, s->where, e);
	}
	if (!rc)
		rc = set_number(&j->global, "launches", launches, e);
	if (!rc)
		rc = set_number(&j->global, "seed", c->seed + c->round, e);
	return rc ? rc : set_variants(c, &j->exp[0], e);
}

static int run(struct contest *c, const struct plan *p, const struct job *j, const char *folder,
	       struct err *e)
{
	const struct run_request how = { .quiet = c->t->q->verbose ? 0 : 2,
					 .verbose = c->t->q->verbose };
	struct launcher *l = c->t->launcher;
	struct run_result r;
	struct rundir d;
	int rc = rundir_create(&d, folder, 0, e), again;

	if (rc)
		return rc;
	rc = rundir_describe(&d, p, j, 0, NULL, e);
	if (!rc) {
		launcher_release(l); /* the runner has one of its own */
		rc = run_trials(p, &d, &how, &r, e);
		if (!rc && r.end == RUN_SIGNAL)
			rc = err_set(e, -EINTR, "interrupted");
		run_result_release(&r);
		again = launcher_init(l, rc ? NULL : e);
		rc = rc ? rc : again;
	}
	rundir_close(&d);
	return rc;
}

/* Run what is left and what stands, and read it. */
static int round_of(struct contest *c, unsigned launches, const char *name, struct results *r,
		    struct err *e)
{
	char folder[PATH_MAX + 32];
	struct job j = { 0 };
	struct plan p;
	int rc = make_job(c, launches, &j, e);

	c->round++;
	if (!rc)
		rc = plan_make(&p, &j, e);
	if (rc) {
		job_release(&j);
		return rc;
	}
	snprintf(folder, sizeof(folder), "%s/%s", c->folder, name);
	rc = run(c, &p, &j, folder, e);
	if (!rc)
		rc = results_read(r, folder, e);
	plan_release(&p);
	job_release(&j);
	return rc;
}

/* ---- what it says ---- */

/*
 * Log of the objective of config @config against config 0, block by block, into out[blocks]; NaN where
 * there is none. -EINVAL: a metric of the objective was not measured.
 */
static int log_scores(const struct contest *c, const struct results *r, unsigned config,
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
			if (metric < 0)
				return -EINVAL;
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
static int estimate(const struct contest *c, const struct results *r, unsigned config, double *out,
		    struct err *e)
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

/* The better half stays, of those that look better than what stands. */
static int halve(struct contest *c, const struct results *r, struct err *e)
{
	unsigned left = 0, seen = 0, most = c->n > 1 ? c->n / 2 : 1, keep[MOST] = { 0 };
	double score[MOST], kept[MOST];

	for (unsigned i = 0; i < c->n; i++) {
		unsigned at;
		int rc = estimate(c, r, i + 1, &score[i], e);

		if (rc)
			return rc;
		seen += !isnan(score[i]);
		if (isnan(score[i]) || score[i] >= 0)
			continue;
		for (at = left; at && kept[at - 1] > score[i]; at--)
			if (at < most) {
				keep[at] = keep[at - 1];
				kept[at] = kept[at - 1];
			}
		if (at < most) {
			keep[at] = c->point[i];
			kept[at] = score[i];
			left += left < most;
		}
	}
	if (!seen)
		judge_aside(r, 0, c->aside, sizeof(c->aside));
	if (!seen && !*c->aside)
		judge_aside(r, 1, c->aside, sizeof(c->aside));
	memcpy(c->point, keep, left * sizeof(*keep));
	c->n = left;
	return 0;
}

/* ---- the end ---- */

/* A sum of several metrics has no comparison of its own: the same rules on its ratios. */
static int judge_sum(const struct contest *c, const struct results *r, struct verdict_result *v,
		     struct err *e)
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

static void conclude(struct contest *c, const struct verdict_result *v, int better,
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

static unsigned confirm_launches(const struct tuning *t)
{
	for (unsigned i = 0; i < t->q->given.nr; i++)
		if (!strcmp(t->q->given.set[i].name, "launches"))
			return (unsigned)strtoul(t->q->given.set[i].text, NULL, 10);
	return CONFIRM_LAUNCHES;
}

static int confirm(struct contest *c, struct err *e)
{
	const struct verdict_rules rules = { .confidence = 0.95,
					     .delta = c->t->q->delta,
					     .comparisons = 1 };
	const struct tune_objective *o = &c->t->objective;
	const char *metric = o->nr == 1 ? tune_term_metric(&o->term[0], 0) : NULL;
	struct comparison x;
	struct results r;
	unsigned launches = confirm_launches(c->t);
	int rc = round_of(c, launches ? launches : CONFIRM_LAUNCHES, "confirm", &r, e);

	if (rc)
		return rc;
	snprintf(c->t->folder, sizeof(c->t->folder), "%.240s/confirm", c->folder);
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

static int open_contest(struct contest *c, struct tuning *t, struct err *e)
{
	time_t now = time(NULL);
	uint32_t seed;
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
	for (unsigned i = 0; i < t->q->given.nr; i++)
		if (!strcmp(t->q->given.set[i].name, "seed") &&
		    strcmp(t->q->given.set[i].text, "auto"))
			c->seed = strtoull(t->q->given.set[i].text, NULL, 0);
	return 0;
}

int tune_host(struct tuning *t, struct err *e)
{
	struct contest c;
	int rc = open_contest(&c, t, e);

	if (!rc)
		enter(&c);
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
	if (rc)
		return rc;
	if (c.n)
		return confirm(&c, e);
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
