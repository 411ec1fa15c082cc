/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A metric over the axes of an experiment: lines over a numeric axis, bars over names; intervals
 * always. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"

/* What is drawn: which axes play which part in one experiment. */
struct choice {
	unsigned exp, metric;
	int x, by; /* axes; by: -1 none */
	const char *baseline;
};

/* ---- choosing ---- */

/* The longest axis but @other that is @numeric; 'n' before all others. */
static int longest(const struct res_exp *x, int numeric, int other)
{
	int best = -1;
	unsigned a;

	for (a = 0; a < x->nr_axes; a++) {
		if ((int)a == other || x->axis[a].numeric != numeric)
			continue;
		if (numeric && !strcmp(x->axis[a].name, "n"))
			return a;
		if (best < 0 || x->axis[a].nr > x->axis[best].nr)
			best = a;
	}
	return best;
}

static int choose_axis(const struct results *r, unsigned exp, const char *name, int *axis,
		       struct err *e)
{
	*axis = results_axis(r, exp, name);
	if (*axis >= 0)
		return 0;
	return err_set(e, -EINVAL, "experiment '%s' has no axis '%s'", r->exp[exp].name, name);
}

static int choose(const struct results *r, unsigned exp, const struct picture_ask *q,
		  struct choice *c, struct err *e)
{
	const struct res_exp *x = &r->exp[exp];
	unsigned a;
	int rc = 0, m;

	*c = (struct choice){ .exp = exp, .x = -1, .by = -1, .baseline = q->baseline };
	m = results_metric(r, q->y ? q->y : PICTURE_METRIC, e);
	if (m < 0)
		return m;
	c->metric = m;
	if (q->by)
		rc = choose_axis(r, exp, q->by, &c->by, e);
	if (!rc && q->x)
		rc = choose_axis(r, exp, q->x, &c->x, e);
	if (rc)
		return rc;
	/* real caches are what a picture of them is about */
	if (c->x < 0 && results_axis(r, exp, "cache") != c->by)
		c->x = results_axis(r, exp, "cache");
	if (c->x < 0)
		c->x = longest(x, 1, c->by);
	if (c->x < 0)
		c->x = longest(x, 0, c->by);
	for (a = 0; a < x->nr_axes && c->by < 0; a++)
		if ((int)a != c->x)
			c->by = a;
	return c->x >= 0 ? 0 :
			   err_set(e, -EINVAL, "experiment '%s' has no axis to draw over", x->name);
}

/* ---- words ---- */

static void words(struct picture *p, const struct results *r, const struct choice *c,
		  unsigned config)
{
	const struct res_exp *x = &r->exp[c->exp];
	const struct res_metric *m = &r->metric[c->metric];
	char base[120] = "";
	size_t n;
	unsigned a;

	snprintf(p->xlabel, sizeof(p->xlabel), "%s%s", x->axis[c->x].name,
		 strcmp(x->axis[c->x].name, "n") ? "" : " (live objects)");
	if (c->baseline)
		snprintf(base, sizeof(base), "ratio to %.80s: ", c->baseline);
	picture_axis_label(p->ylabel, sizeof(p->ylabel), base, m->name, m->unit);
	if (c->by >= 0)
		snprintf(p->keytitle, sizeof(p->keytitle), "%s", x->axis[c->by].name);
	snprintf(p->title, sizeof(p->title), "%s: %s", x->name,
		 picture_requested(r, config, "workload"));
	for (a = 0; a < x->nr_axes; a++) {
		n = strlen(p->title);
		if ((int)a != c->x && (int)a != c->by)
			snprintf(p->title + n, sizeof(p->title) - n, ", %s=%s", x->axis[a].name,
				 results_axis_value(r, config, a));
	}
	n = strlen(p->title);
	snprintf(p->title + n, sizeof(p->title) - n, "%s; median of %u launches%s",
		 results_emulated(r) ? " (emulated nodes)" : "", r->blocks,
		 r->blocks < stat_sign_least(RESULTS_CONFIDENCE) ? " (too few for intervals)" :
								   ", 95 % intervals");
}

/* Of the file's name: metric if it was asked for, values of the axes that are left over. */
static void file_name(struct picture *p, const struct results *r, const struct choice *c,
		      unsigned config, const struct picture_ask *q)
{
	const struct res_exp *x = &r->exp[c->exp];
	size_t n;
	unsigned a;

	*p->name = '\0';
	if (!q->name)
		snprintf(p->name, sizeof(p->name), "%s%s%s", q->y ? "-" : "", q->y ? q->y : "",
			 c->baseline ? "-ratio" : "");
	for (a = 0; a < x->nr_axes; a++) {
		n = strlen(p->name);
		if ((int)a != c->x && (int)a != c->by)
			snprintf(p->name + n, sizeof(p->name) - n, "-%s%s", x->axis[a].name,
				 results_axis_value(r, config, a));
	}
}

/* ---- numbers ---- */

static int put_point(struct picture *p, const struct results *r, const struct choice *c,
		     unsigned config)
{
	const struct res_axis *axis = &r->exp[c->exp].axis[c->x];
	struct res_summary s = { 0 };
	double x = p->kind == PICTURE_BARS ?
			   r->config[config].at[c->x] :
			   picture_axis_number(axis->value[r->config[config].at[c->x]]);
	int base = c->baseline ? results_baseline(r, config, c->baseline) : -1;

	if (!c->baseline)
		results_summary(r, config, c->metric, &s);
	else if (base >= 0 && (unsigned)base != config)
		results_ratio(r, config, base, c->metric, &s);
	if (!s.n)
		return 0; /* nothing measured: no point */
	return picture_add(p, x, s.median, s.have_interval ? s.interval.lo : s.median,
			   s.have_interval ? s.interval.hi : s.median);
}

/* Does @config belong to the picture of @first: the same on every axis that is left over? */
static int same_picture(const struct results *r, const struct choice *c, unsigned first,
			unsigned config)
{
	unsigned a;

	for (a = 0; a < r->exp[c->exp].nr_axes; a++)
		if ((int)a != c->x && (int)a != c->by &&
		    r->config[first].at[a] != r->config[config].at[a])
			return 0;
	return 1;
}

static int by_x(const void *a, const void *b)
{
	const struct picture_point *p = a, *q = b;

	return p->x < q->x ? -1 : p->x > q->x;
}

static int fill_series(struct picture *p, const struct results *r, const struct choice *c,
		       unsigned first, int value)
{
	const struct res_exp *x = &r->exp[c->exp];
	struct picture_series *s =
		picture_begin(p, value > 0 ? (unsigned)value : 0,
			      value >= 0 ? x->axis[c->by].value[value] : x->name);
	unsigned i;

	for (i = x->first; i < x->first + x->nr_configs; i++)
		if (same_picture(r, c, first, i) &&
		    (value < 0 || (int)r->config[i].at[c->by] == value) && put_point(p, r, c, i))
			return -ENOMEM;
	if (s->nr)
		qsort(s->point, s->nr, sizeof(*s->point), by_x);
	else
		p->nr_series--; /* the baseline itself, or all of its trials went wrong */
	return 0;
}

/* Where a run over n objects leaves the L1: ways x colours per series, all of it for everybody. */
static void mark_cache(struct picture *p, const struct results *r, const struct choice *c,
		       unsigned first)
{
	const struct res_exp *x = &r->exp[c->exp];
	int size = 0, ways = 0, line = 0;
	unsigned i;

	if (p->kind != PICTURE_LINES || strcmp(x->axis[c->x].name, "n") ||
	    strcmp(picture_requested(r, first, "workload"), "hot-header") ||
	    json_unpack(json_object_get(r->run, "machine"), "{s:i, s:i, s:i}", "l1d_size", &size,
			"l1d_ways", &ways, "cache_line", &line) ||
	    size <= 0 || line <= 0)
		return;
	p->capacity = (double)size / line;
	snprintf(p->capacity_text, sizeof(p->capacity_text), "all %.0f lines of L1d", p->capacity);
	if (ways <= 0 || c->by < 0 || strcmp(x->axis[c->by].name, "colour"))
		return;
	for (i = 0; i < p->nr_series; i++) {
		char *end;
		double colours = picture_axis_number(p->series[i].name);

		strtod(p->series[i].name, &end);
		if (!*end || !strcmp(p->series[i].name, "off"))
			p->series[i].mark = ways * (colours > 1 ? colours : 1);
	}
	snprintf(p->xlabel, sizeof(p->xlabel), "n (live objects); dotted: %d ways x colours", ways);
}

/* Geometric steps, as 8, 16, 32: the axis is drawn in them. */
static int wants_log_x(const struct res_axis *a)
{
	double lo = INFINITY, hi = 0;
	unsigned i;

	for (i = 0; i < a->nr; i++) {
		lo = fmin(lo, picture_axis_number(a->value[i]));
		hi = fmax(hi, picture_axis_number(a->value[i]));
	}
	return lo > 0 && a->nr > 2 && hi / lo >= 8;
}

static int make_one(struct picture *p, const struct results *r, const struct choice *c,
		    unsigned first, const struct picture_ask *q, struct err *e)
{
	const struct res_exp *x = &r->exp[c->exp];
	const struct res_axis *axis = &x->axis[c->x];
	unsigned i;

	p->kind = axis->numeric && strcmp(axis->name, "cache") ? PICTURE_LINES : PICTURE_BARS;
	if (c->by >= 0 && x->axis[c->by].nr > PICTURE_MOST_SERIES)
		return err_set(e, -E2BIG,
			       "axis '%s' has %u values: more than %d series cannot be told apart",
			       x->axis[c->by].name, x->axis[c->by].nr, PICTURE_MOST_SERIES);
	if (p->kind == PICTURE_BARS && axis->nr > PICTURE_MOST_GROUPS)
		return err_set(e, -E2BIG, "axis '%s' has %u values: more than %d groups of bars",
			       axis->name, axis->nr, PICTURE_MOST_GROUPS);
	for (i = 0; c->by < 0 ? i < 1 : i < x->axis[c->by].nr; i++)
		if (fill_series(p, r, c, first, c->by < 0 ? -1 : (int)i))
			return err_set(e, -ENOMEM, "out of memory");
	for (i = 0; p->kind == PICTURE_BARS && i < axis->nr; i++)
		if (picture_group(p, axis->value[i]))
			return err_set(e, -ENOMEM, "out of memory");
	words(p, r, c, first);
	file_name(p, r, c, first, q);
	mark_cache(p, r, c, first);
	p->xlog2 = p->kind == PICTURE_LINES && !q->linear && wants_log_x(axis);
	p->ylog = !q->linear && (c->baseline || picture_wants_log_y(p));
	p->base = c->baseline ? 1 : 0;
	if (p->kind == PICTURE_BARS && !c->baseline)
		p->ylog = 0; /* a bar's length is its value */
	return 0;
}

/* ---- one of them ---- */

/* The first config of the @index'th combination of the axes that are left over; -1: none. */
static int combination(const struct results *r, const struct choice *c, unsigned index)
{
	const struct res_exp *x = &r->exp[c->exp];
	unsigned i, k, nr = 0;

	for (i = x->first; i < x->first + x->nr_configs; i++) {
		for (k = x->first; k < i && !same_picture(r, c, k, i); k++)
			;
		if (k == i && nr++ == index)
			return (int)i; /* not drawn with an earlier config */
	}
	return -1;
}

int picture_cost(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	struct choice c;
	int rc = choose(a->r, a->exp, a, &c, e), first;

	if (rc)
		return rc;
	first = combination(a->r, &c, index);
	if (first < 0)
		return 0;
	rc = make_one(p, a->r, &c, (unsigned)first, a, e);
	if (rc)
		return rc;
	if (!picture_points(p))
		return err_set(e, -ENODATA, "%s: %s has no valid value: no picture",
			       a->r->exp[c.exp].name, a->r->metric[c.metric].name);
	return 1;
}
