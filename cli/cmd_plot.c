/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope plot: pictures of a run. Lines over a numeric axis, bars over names; intervals
 * always. */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/picture.h"
#include "cli/results.h"
#include "cli/with_run.h"

enum plain_id { P_X, P_Y, P_BY, P_EXP, P_BASELINE, P_FORMAT, P_NAME, P_LINEAR };

#define MOST_PICTURES 64

static const char default_metric[] = "time.ns_per_op";

struct request {
	const char *x, *y, *by, *exp, *baseline, *name;
	enum picture_format format;
	int linear;
};

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct request *q = arg;
	unsigned i;

	switch (p->id) {
	case P_X:
		q->x = text;
		return 0;
	case P_Y:
		q->y = text;
		return 0;
	case P_BY:
		q->by = text;
		return 0;
	case P_EXP:
		q->exp = text;
		return 0;
	case P_BASELINE:
		q->baseline = text;
		return 0;
	case P_NAME:
		q->name = text;
		return 0;
	case P_LINEAR:
		return q->linear = 1, 0;
	default:
		for (i = 0; picture_formats[i]; i++)
			if (!strcmp(picture_formats[i], text))
				return q->format = i, 0;
		return err_set(e, -EINVAL, "--format: expected svg, png, pdf or terminal, got '%s'",
			       text);
	}
}

static const struct cli_plain options[] = {
	{ "x", 'x', "AXIS",
	  "axis to the right [n, or the longest numeric axis; else the longest of names]", P_X },
	{ "y", 'y', "METRIC", "metric upwards [time.ns_per_op]", P_Y },
	{ "by", 0, "AXIS",
	  "axis of the series [the next one]; what is left over gives a picture each", P_BY },
	{ "experiment", 'e', "NAME", "only this experiment [all that have an axis]", P_EXP },
	{ "baseline", 'b', "AXIS=VALUE,...",
	  "ratio to the config with these values and otherwise the same, launch by launch",
	  P_BASELINE },
	{ "format", 'f', "FORMAT", "svg, png, pdf or terminal [svg]", P_FORMAT },
	{ "name", 0, "NAME", "of the files, without suffix [the experiment's]", P_NAME },
	{ "linear", 0, NULL, "no logarithmic axes", P_LINEAR },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope plot",
	.usage = "RUN [OPTION]...",
	.about =
		"Draws medians with their exact intervals: lines over a numeric axis, bars over an axis of names. Puts\n"
		"NAME.svg, NAME.gp and NAME.dat into the run's plots/ and prints the pictures' paths. Without options:\n"
		"one picture per experiment.",
	.plain = options,
	.option = take_plain,
};

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

static int choose(const struct results *r, unsigned exp, const struct request *q, struct choice *c,
		  struct err *e)
{
	const struct res_exp *x = &r->exp[exp];
	unsigned a;
	int rc = 0, m;

	*c = (struct choice){ .exp = exp, .x = -1, .by = -1, .baseline = q->baseline };
	m = results_metric(r, q->y ? q->y : default_metric, e);
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

static const char *requested(const struct results *r, unsigned config, const char *option)
{
	const char *s = json_string_value(json_object_get(
		json_object_get(json_array_get(json_object_get(r->run, "configs"), config),
				"requested"),
		option));

	return s ? s : "";
}

static int higher_is_better(const char *metric)
{
	static const char *const ends[] = { "ops_per_s", "utilisation", "on_asked_node" };
	size_t n = strlen(metric), m;
	unsigned i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		m = strlen(ends[i]);
		if (n >= m && !strcmp(metric + n - m, ends[i]))
			return 1;
	}
	return 0;
}

static void words(struct picture *p, const struct results *r, const struct choice *c,
		  unsigned config)
{
	const struct res_exp *x = &r->exp[c->exp];
	const struct res_metric *m = &r->metric[c->metric];
	const char *better = higher_is_better(m->name) ? "higher" : "lower";
	size_t n;
	unsigned a;

	snprintf(p->xlabel, sizeof(p->xlabel), "%s%s", x->axis[c->x].name,
		 strcmp(x->axis[c->x].name, "n") ? "" : " (live objects)");
	if (c->baseline)
		snprintf(p->ylabel, sizeof(p->ylabel), "%s: ratio to %s (%s is better)", m->name,
			 c->baseline, better);
	else
		snprintf(p->ylabel, sizeof(p->ylabel), "%s, %s (%s is better)", m->name,
			 strcmp(m->unit, "1") ? m->unit : "ratio", better);
	if (c->by >= 0)
		snprintf(p->keytitle, sizeof(p->keytitle), "%s", x->axis[c->by].name);
	snprintf(p->title, sizeof(p->title), "%s: %s", x->name, requested(r, config, "workload"));
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

/* File name: experiment, metric if it was asked for, values of the axes that are left over. */
static void file_name(struct picture *p, const struct results *r, const struct choice *c,
		      unsigned config, const struct request *q)
{
	const struct res_exp *x = &r->exp[c->exp];
	size_t n;
	unsigned a;
	char *s;

	snprintf(p->name, sizeof(p->name), "%s", q->name ? q->name : x->name);
	n = strlen(p->name);
	if (!q->name)
		snprintf(p->name + n, sizeof(p->name) - n, "%s%s%s", q->y ? "-" : "",
			 q->y ? q->y : "", c->baseline ? "-ratio" : "");
	for (a = 0; a < x->nr_axes; a++) {
		n = strlen(p->name);
		if ((int)a != c->x && (int)a != c->by)
			snprintf(p->name + n, sizeof(p->name) - n, "-%s%s", x->axis[a].name,
				 results_axis_value(r, config, a));
	}
	for (s = p->name; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			*s = '_';
	if (*p->name == '.')
		*p->name = '_';
}

/* ---- numbers ---- */

static double axis_number(const char *t)
{
	return strcmp(t, "off") ? strtod(t, NULL) : 0;
}

static int put_point(struct picture *p, const struct results *r, const struct choice *c,
		     unsigned config)
{
	const struct res_axis *axis = &r->exp[c->exp].axis[c->x];
	struct res_summary s = { 0 };
	double x = p->kind == PICTURE_BARS ? r->config[config].at[c->x] :
					     axis_number(axis->value[r->config[config].at[c->x]]);
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
	struct picture_series *s = &p->series[p->nr_series++];
	unsigned i;

	s->hue = value > 0 ? value : 0;
	snprintf(s->name, sizeof(s->name), "%s",
		 value >= 0 ? x->axis[c->by].value[value] : x->name);
	for (i = x->first; i < x->first + x->nr_configs; i++)
		if (same_picture(r, c, first, i) &&
		    (value < 0 || (int)r->config[i].at[c->by] == value) && put_point(p, r, c, i))
			return -ENOMEM;
	qsort(s->point, s->nr, sizeof(*s->point), by_x);
	if (!s->nr)
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
	    strcmp(requested(r, first, "workload"), "hot-header") ||
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
		double colours = axis_number(p->series[i].name);

		strtod(p->series[i].name, &end);
		if (!*end || !strcmp(p->series[i].name, "off"))
			p->series[i].mark = ways * (colours > 1 ? colours : 1);
	}
	snprintf(p->xlabel, sizeof(p->xlabel), "n (live objects); dotted: %d ways x colours", ways);
}

static int wants_log_y(const struct picture *p)
{
	double lo = INFINITY, hi = 0;
	unsigned i, k;

	for (i = 0; i < p->nr_series; i++)
		for (k = 0; k < p->series[i].nr; k++) {
			lo = fmin(lo, p->series[i].point[k].lo);
			hi = fmax(hi, p->series[i].point[k].hi);
		}
	return lo > 0 && hi / lo > 20;
}

/* Geometric steps, as 8, 16, 32: the axis is drawn in them. */
static int wants_log_x(const struct res_axis *a)
{
	double lo = INFINITY, hi = 0;
	unsigned i;

	for (i = 0; i < a->nr; i++) {
		lo = fmin(lo, axis_number(a->value[i]));
		hi = fmax(hi, axis_number(a->value[i]));
	}
	return lo > 0 && a->nr > 2 && hi / lo >= 8;
}

static int make_picture(struct picture *p, const struct results *r, const struct choice *c,
			unsigned first, const struct request *q, struct err *e)
{
	const struct res_exp *x = &r->exp[c->exp];
	const struct res_axis *axis = &x->axis[c->x];
	unsigned i;

	memset(p, 0, sizeof(*p));
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
		p->group[p->nr_groups++] = axis->value[i];
	words(p, r, c, first);
	file_name(p, r, c, first, q);
	mark_cache(p, r, c, first);
	p->xlog2 = p->kind == PICTURE_LINES && !q->linear && wants_log_x(axis);
	p->ylog = !q->linear && (c->baseline || wants_log_y(p));
	p->base = c->baseline ? 1 : 0;
	if (p->kind == PICTURE_BARS && !c->baseline)
		p->ylog = 0; /* a bar's length is its value */
	return 0;
}

/* ---- the command ---- */

static int draw(const struct results *r, const struct choice *c, unsigned first,
		const struct request *q)
{
	struct picture *p = malloc(sizeof(*p));
	char dir[PATH_MAX], file[PATH_MAX];
	struct err e;
	int rc, status = 0;

	if (!p)
		return 1;
	*file = '\0';
	rc = make_picture(p, r, c, first, q, &e);
	if (!rc && !picture_points(p))
		rc = err_set(&e, -ENODATA, "%s: %s has no valid value: no picture",
			     r->exp[c->exp].name, r->metric[c->metric].name);
	if (!rc && snprintf(dir, sizeof(dir), "%s/plots", r->path) < (int)sizeof(dir))
		rc = picture_write(p, dir, q->format, file, &e);
	if (rc)
		status = rc == -E2BIG ? cli_usage_error(&spec, &e) : cli_failure(&spec, &e);
	else if (*file)
		puts(file);
	picture_release(p);
	free(p);
	return rc == -ENOSYS ? EXIT_CANNOT : status;
}

/* One picture for each combination of the axes that are left over. */
static int draw_experiment(const struct results *r, const struct choice *c, const struct request *q)
{
	const struct res_exp *x = &r->exp[c->exp];
	unsigned i, k, pictures = 0;
	int status = 0;

	for (i = x->first; i < x->first + x->nr_configs && !status; i++) {
		for (k = x->first; k < i && !same_picture(r, c, k, i); k++)
			;
		if (k < i)
			continue; /* drawn with an earlier config */
		if (pictures++ == MOST_PICTURES) {
			fprintf(stderr,
				"slabscope plot: %s: only the first %d pictures are drawn\n",
				x->name, MOST_PICTURES);
			break;
		}
		status = draw(r, c, i, q);
	}
	return status;
}

static int draw_all(const struct results *r, const void *request)
{
	const struct request *q = request;
	unsigned i, drawn = 0;
	int status = 0;
	struct err e;

	if (!q->y && results_metric(r, default_metric, NULL) < 0) {
		err_set(&e, -ENODATA,
			"%s: no trial that is ok has %s: no picture (--y names another metric)",
			r->path, default_metric);
		return cli_failure(&spec, &e);
	}
	for (i = 0; i < r->nr_exp && !status; i++) {
		struct choice c;

		if (q->exp ? strcmp(q->exp, r->exp[i].name) != 0 : !r->exp[i].nr_axes)
			continue;
		/* an axis that was asked for need not be in every experiment */
		if (choose(r, i, q, &c, &e)) {
			if (q->exp || results_metric(r, q->y ? q->y : default_metric, NULL) < 0)
				return cli_usage_error(&spec, &e);
			continue;
		}
		if (q->baseline && results_baseline(r, r->exp[i].first, q->baseline) < 0)
			continue;
		drawn++;
		status = draw_experiment(r, &c, q);
	}
	if (drawn || status)
		return status;
	err_set(&e, -EINVAL, "no experiment of %s has %s", r->path,
		q->exp || q->x || q->by || q->baseline ? "what was asked for" :
							 "an axis to draw over");
	return cli_usage_error(&spec, &e);
}

int cmd_plot(int argc, char **argv)
{
	struct request q = { .format = FORMAT_SVG };

	return with_run(&spec, argc, argv, &q, draw_all);
}
