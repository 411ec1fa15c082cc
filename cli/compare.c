/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope compare: pairs of configs, their verdicts, and what drifts. */

#include "cli/compare.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/noise_line.h"
#include "lib/rank.h"

#define DEFAULT_METRIC "time.ns_per_op"
#define LEAST_FOR_DRIFT 10
#define DRIFT_LEVEL 0.01 /* of a warning without cause, all of a table's together */

/* ---- which against which ---- */

static struct comparison *new_item(struct compare *c)
{
	if (!(c->nr & (c->nr - 1))) {
		struct comparison *p = realloc(c->item, (c->nr ? 2 * c->nr : 1) * sizeof(*p));

		if (!p)
			return NULL;
		c->item = p;
	}
	return &c->item[c->nr++];
}

static int add_metric(struct compare *c, unsigned a, unsigned b, const char *metric, struct err *e)
{
	struct comparison *x;

	if (results_metric(c->mine, metric, e) < 0 && results_metric(c->base, metric, NULL) < 0)
		return -EINVAL;
	x = new_item(c);
	if (!x)
		return err_set(e, -ENOMEM, "out of memory");
	judge_begin(x, c->mine, a, c->base, b, metric);
	return 0;
}

int compare_add(struct compare *c, const struct compare_request *q, unsigned a, unsigned b,
		struct err *e)
{
	unsigned m;
	int rc = 0;

	if (!q->nr_metrics)
		return add_metric(c, a, b, DEFAULT_METRIC, e);
	for (m = 0; m < q->nr_metrics && !rc; m++)
		rc = add_metric(c, a, b, q->metric[m], e);
	return rc;
}

static int add_against_baseline(struct compare *c, const struct compare_request *q, struct err *e)
{
	const struct results *r = c->base;
	unsigned i;
	int rc = 0;

	for (i = 0; i < r->nr_configs && !rc; i++) {
		int b = results_baseline(r, i, q->baseline);

		if (b >= 0 && (unsigned)b != i)
			rc = compare_add(c, q, i, (unsigned)b, e);
	}
	if (rc || c->nr)
		return rc;
	/* why it is none: what a config's name would be told */
	rc = results_config(r, q->baseline, e);
	return rc < 0 ? err_prefix(e, rc, "--baseline") :
			err_set(e, -EINVAL, "--baseline: nothing else in %s to compare with '%s'",
				r->path, q->baseline);
}

int compare_add_run(struct compare *c, const struct compare_request *q, struct err *e)
{
	const struct results *r = c->base;

	if (q->baseline)
		return add_against_baseline(c, q, e);
	if (r->nr_configs == 2)
		return compare_add(c, q, 1, 0, e);
	if (r->nr_configs < 2)
		return err_set(e, -EINVAL, "%s has only one config: name a second run", r->path);
	return err_set(e, -EINVAL,
		       "%s has %u configs: say which two (%s:%.40s %s:%.40s), or --baseline %s=%s",
		       r->path, r->nr_configs, r->path, r->config[0].label, r->path,
		       r->config[1].label, r->exp[0].nr_axes ? r->exp[0].axis[0].name : "AXIS",
		       r->exp[0].nr_axes ? r->exp[0].axis[0].value[0] : "VALUE");
}

static int same_config(const struct results *r, unsigned a, const struct results *s, unsigned b)
{
	return !strcmp(r->config[a].label, s->config[b].label) &&
	       !strcmp(r->exp[r->config[a].exp].name, s->exp[s->config[b].exp].name);
}

static void leave_out(struct compare *c, const struct results *r, unsigned config, unsigned *nr)
{
	size_t len = strlen(c->left_out);

	if (++*nr <= 3)
		snprintf(c->left_out + len, sizeof(c->left_out) - len, "%s%.40s", len ? "; " : "",
			 r->config[config].label);
}

int compare_add_runs(struct compare *c, const struct compare_request *q, struct err *e)
{
	unsigned char *used = calloc(c->base->nr_configs, 1);
	unsigned a, b, nr = 0;
	int rc = used ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (a = 0; a < c->mine->nr_configs && !rc; a++) {
		for (b = 0; b < c->base->nr_configs; b++)
			if (!used[b] && same_config(c->mine, a, c->base, b))
				break;
		if (b == c->base->nr_configs) {
			leave_out(c, c->mine, a, &nr);
			continue;
		}
		used[b] = 1;
		rc = compare_add(c, q, a, b, e);
	}
	for (b = 0; b < c->base->nr_configs && !rc; b++)
		if (!used[b])
			leave_out(c, c->base, b, &nr);
	if (nr > 3)
		snprintf(c->left_out + strlen(c->left_out),
			 sizeof(c->left_out) - strlen(c->left_out), "; and %u more", nr - 3);
	free(used);
	if (!rc && !c->nr)
		rc = err_set(e, -EINVAL,
			     "%s and %s have no config of the same name: say which (RUN:CONFIG)",
			     c->base->path, c->mine->path);
	return rc;
}

/* ---- what has to be said ---- */

static void warn(struct compare *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct compare *c, const char *fmt, ...)
{
	va_list ap;

	if (c->nr_warnings == COMPARE_MOST_WARNINGS)
		return;
	va_start(ap, fmt);
	vsnprintf(c->warning[c->nr_warnings++], sizeof(c->warning[0]), fmt, ap);
	va_end(ap);
}

/* The launches' numbers in the order of the blocks, and each one's place; how many. */
static unsigned series(const struct judge_side *s, double *v, double *at)
{
	const double *from;
	unsigned b, n = 0;

	if (s->metric < 0)
		return 0;
	from = results_values(s->run, s->config, (unsigned)s->metric);
	for (b = 0; b < s->run->blocks; b++)
		if (!isnan(from[b])) {
			v[n] = from[b];
			at[n++] = b;
		}
	return n;
}

/* From the first third of the launches to the last, as a ratio. */
static double growth(double *v, unsigned n)
{
	unsigned third = n / 3;

	stat_sort(v, third);
	stat_sort(v + n - third, third);
	return stat_median(v + n - third, third) / stat_median(v, third);
}

static void check_drift(struct compare *c, const struct comparison *x, const struct judge_side *s)
{
	unsigned n, blocks = s->run->blocks;
	double v[blocks], at[blocks], scratch[2 * blocks], rho;
	char name[160];

	n = series(s, v, at);
	if (n < LEAST_FOR_DRIFT)
		return;
	rho = rank_spearman(at, v, n, scratch);
	if (!(rank_spearman_p(rho, n) < DRIFT_LEVEL / (2 * c->together)))
		return;
	warn(c,
	     "drift: %s of %s %s over the run (by %+.1f %% from its first third to its last, Spearman %.2f over %u launches)%s",
	     x->metric, compare_name(c, s, name, sizeof(name)), rho > 0 ? "rises" : "falls",
	     100 * (growth(v, n) - 1), rho, n,
	     c->base == c->mine ? "; pairs are made within blocks and do not see it" : "");
}

/* Did @a run before @b in this block? */
static int ran_first(const struct comparison *x, unsigned block)
{
	const struct results *r = x->a.run;

	return r->status[(size_t)x->a.config * r->blocks + block] <
	       r->status[(size_t)x->b.config * r->blocks + block];
}

/* Is the ratio another where a came first? */
static void check_order(struct compare *c, const struct comparison *x)
{
	unsigned b, first = 0, second = 0, blocks = x->a.run->blocks;
	double r[blocks], early[blocks], late[blocks];
	struct rank_shift s;
	char name[160];

	if (x->kind != JUDGE_PAIRED || !x->testable || judge_ratios(x, r))
		return;
	for (b = 0; b < blocks; b++) {
		if (isnan(r[b]))
			continue;
		if (ran_first(x, b))
			early[first++] = r[b];
		else
			late[second++] = r[b];
	}
	stat_sort(early, first);
	stat_sort(late, second);
	rank_shift(early, first, late, second, 1 - DRIFT_LEVEL / c->together, &s);
	if (s.have_interval && (s.lo > 0 || s.hi < 0))
		warn(c,
		     "order: %s of %s is %+.1f %% where it is launched before what it is compared with (%u blocks, against %u)",
		     x->metric, compare_name(c, &x->a, name, sizeof(name)), 100 * expm1(s.estimate),
		     first, second);
}

static void check_run(struct compare *c, const struct results *r)
{
	const char *flaw =
		json_string_value(json_object_get(json_object_get(r->run, "versions"), "flaw"));

	if (flaw && *flaw)
		warn(c, "%s: figures of that build do not count: %.100s", r->path, flaw);
	if (r->samples.torn_lines)
		warn(c, "%s: %u line(s) of a trial that is not whole are left out", r->path,
		     r->samples.torn_lines);
	if (results_cpu_emulated(r))
		warn(c, "%s: the CPU was %s: no time of it means anything", r->path,
		     results_cpu_emulated(r));
	if (results_emulated(r))
		warn(c,
		     "%s: nodes are emulated: their pages all lie on the machine's own; the figures say nothing of NUMA",
		     r->path);
}

static void check(struct compare *c)
{
	unsigned i;

	check_run(c, c->base);
	if (c->mine != c->base)
		check_run(c, c->mine);
	for (i = 0; i < c->nr; i++) {
		const struct comparison *x = &c->item[i];

		if (x->kind == JUDGE_EXACT)
			continue;
		if (!i || x->b.config != x[-1].b.config || x->b.metric != x[-1].b.metric)
			check_drift(c, x, &x->b);
		check_drift(c, x, &x->a);
		check_order(c, x);
	}
}

/* ---- verdicts ---- */

/* Is @metric of what the A/A run measured: the same collector's, and a time or rate as well? */
static int is_of(const struct hostnoise *n, const struct comparison *x)
{
	size_t len = strcspn(n->metric, ".") + 1;

	return !strcmp(n->metric, x->metric) ||
	       (x->direction->speed && !strncmp(n->metric, x->metric, len));
}

double compare_delta(const struct compare *c, const struct comparison *x)
{
	/* nothing that is within the noise of the host is claimed where drift may be all of it */
	return c->base != c->mine && c->have_noise && is_of(&c->noise, x) ?
		       fmax(c->delta, expm1(c->noise.noise_floor)) :
		       c->delta;
}

unsigned compare_testable(const struct compare *c)
{
	unsigned i, n = 0;

	for (i = 0; i < c->nr; i++)
		n += (unsigned)c->item[i].testable;
	return n;
}

void compare_judge(struct compare *c, const struct compare_request *q)
{
	struct verdict_rules rules = { .confidence = q->confidence };
	unsigned i;

	c->have_noise = noise_line(c->mine->run, &c->noise, c->noise_line, sizeof(c->noise_line));
	c->confidence = q->confidence;
	c->delta = q->delta;
	c->together = c->beside + compare_testable(c);
	c->together = c->together ? c->together : 1;
	c->each = 1 - (1 - q->confidence) / c->together;
	rules.comparisons = c->together;
	for (i = 0; i < c->nr; i++) {
		rules.delta = compare_delta(c, &c->item[i]);
		judge(&c->item[i], &rules);
	}
	check(c);
}

unsigned compare_count(const struct compare *c, enum judge_word word)
{
	unsigned i, n = 0;

	for (i = 0; i < c->nr; i++)
		n += c->item[i].word == word;
	return n;
}

void compare_release(struct compare *c)
{
	free(c->item);
	free(c->env);
	memset(c, 0, sizeof(*c));
}
