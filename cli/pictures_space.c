/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of memory: what slabs hold, what it costs against time, and two settings of it at once. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"

static const char held[] = "slabinfo.bytes_held";

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

/* ---- where bytes went ---- */

int picture_space(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	static const struct picture_part part[] = {
		{ "slabinfo.bytes_asked", "asked for" },
		{ "slabinfo.bytes_free_objs", "free objects" },
		{ "slabinfo.bytes_rounding", "rounding" },
		{ "slabinfo.bytes_stride_pad", "stride padding" },
		{ "slabinfo.bytes_mgmt", "management" },
		{ "slabinfo.bytes_mgmt_off", "management, off-slab" },
		{ "slabinfo.bytes_colour", "colour" },
		{ "slabinfo.bytes_tail", "tail" },
	};
	unsigned config[PICTURE_MOST_GROUPS], n, i;
	double scale[PICTURE_MOST_GROUPS];

	if (index)
		return 0;
	if (results_metric(a->r, held, NULL) < 0)
		return err_set(e, -ENODATA, "%s: no %s", a->r->exp[a->exp].name, held);
	n = picture_configs(a->r, a->exp, config);
	for (i = 0; i < n; i++) {
		double off = picture_median(a->r, config[i], "slabinfo.bytes_mgmt_off");

		scale[i] = 100 / (picture_median(a->r, config[i], held) + (off > 0 ? off : 0));
	}
	if (picture_stack(p, a, part, sizeof(part) / sizeof(part[0]), scale))
		return no_memory(e);
	picture_title(p, a, "where the bytes of the slabs went", 0);
	snprintf(p->ylabel, sizeof(p->ylabel), "%% of bytes held (asked for: higher is better)");
	return 1;
}

/* ---- space against speed ---- */

static int put_pareto(struct picture *p, const struct picture_ask *a, const char *baseline,
		      unsigned setting, unsigned value, unsigned metric)
{
	const struct results *r = a->r;
	const struct res_exp *x = &r->exp[a->exp];
	struct res_summary s;
	unsigned i;
	double at;
	int base;

	for (i = x->first; i < x->first + x->nr_configs; i++) {
		base = results_baseline(r, i, baseline);
		if (r->config[i].at[setting] != value || base < 0 || (unsigned)base == i)
			continue;
		results_ratio(r, i, (unsigned)base, metric, &s);
		at = picture_median(r, i, held) / picture_median(r, (unsigned)base, held);
		if (s.n && at > 0 && isfinite(at) &&
		    picture_add(p, at, s.median, s.have_interval ? s.interval.lo : s.median,
				s.have_interval ? s.interval.hi : s.median))
			return -ENOMEM;
	}
	return 0;
}

/* Does no point hold more or less than its baseline? */
static int same_space(const struct picture *p)
{
	unsigned i, k;

	for (i = 0; i < p->nr_series; i++)
		for (k = 0; k < p->series[i].nr; k++)
			if (p->series[i].point[k].x != 1)
				return 0;
	return 1;
}

/* The mean of a series of ratios. */
static struct picture_point mean_of(const struct picture_series *s)
{
	struct picture_point at = { 0, 0, 0, 0 };
	unsigned k;

	for (k = 0; k < s->nr; k++) {
		at.x += log(s->point[k].x) / s->nr;
		at.y += log(s->point[k].y) / s->nr;
	}
	at.x = exp(at.x);
	at.y = exp(at.y);
	return at;
}

static int by_space(const void *a, const void *b)
{
	const struct picture_point *p = a, *q = b;

	return p->x != q->x ? (p->x < q->x ? -1 : 1) : p->y < q->y ? -1 : p->y > q->y;
}

/* Of the settings' means and the baseline, those that nothing beats in both, from the smallest on. */
static int put_front(struct picture *p)
{
	struct picture_point at[PICTURE_MOST_SERIES + 1] = { { 1, 1, 0, 0 } };
	unsigned n = 1, i;
	double least = INFINITY;
	int rc = 0;

	for (i = 0; i < p->nr_series; i++)
		at[n++] = mean_of(&p->series[i]);
	qsort(at, n, sizeof(*at), by_space);
	if (!picture_begin(p, 0, "front"))
		return 0;
	p->front = 1;
	for (i = 0; i < n && !rc; i++)
		if (at[i].y < least) {
			least = at[i].y;
			rc = picture_add(p, at[i].x, at[i].y, at[i].y, at[i].y);
		}
	return rc;
}

/* The largest x over the smallest, the baseline's 1 included. */
static double widest_x(const struct picture *p)
{
	double lo = 1, hi = 1;
	unsigned i, k;

	for (i = 0; i < p->nr_series; i++)
		for (k = 0; k < p->series[i].nr; k++) {
			lo = fmin(lo, p->series[i].point[k].x);
			hi = fmax(hi, p->series[i].point[k].x);
		}
	return hi / lo;
}

int picture_pareto(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	const struct results *r = a->r;
	const struct res_exp *x = &r->exp[a->exp];
	int setting = picture_setting(r, a->exp);
	int m = results_metric(r, a->y ? a->y : PICTURE_METRIC, NULL);
	char baseline[160], prefix[200];
	unsigned v;
	int rc = 0;

	if (index)
		return 0;
	if (setting < 0 || m < 0 || results_metric(r, held, NULL) < 0)
		return err_set(e, -ENODATA, "%s: no two configs with a time and %s", x->name, held);
	snprintf(baseline, sizeof(baseline), "%.60s=%.90s", x->axis[setting].name,
		 x->axis[setting].value[0]);
	if (a->baseline)
		snprintf(baseline, sizeof(baseline), "%.150s", a->baseline);
	for (v = 0; v < x->axis[setting].nr && !rc; v++) {
		struct picture_series *s = picture_begin(p, v, x->axis[setting].value[v]);

		rc = s ? put_pareto(p, a, baseline, (unsigned)setting, v, (unsigned)m) : 0;
		if (s && !s->nr)
			p->nr_series--;
	}
	if (!rc && same_space(p))
		return err_set(e, -ENODATA, "%s: all configs hold as much memory as %.80s", x->name,
			       baseline);
	if (!rc && picture_points(p))
		rc = put_front(p);
	snprintf(prefix, sizeof(prefix), "ratio to %.80s: ", baseline);
	picture_title(p, a, "space against speed", 1);
	picture_axis_label(p->xlabel, sizeof(p->xlabel), prefix, held, "bytes");
	picture_axis_label(p->ylabel, sizeof(p->ylabel), prefix, r->metric[m].name,
			   r->metric[m].unit);
	snprintf(p->keytitle, sizeof(p->keytitle), "%s", x->axis[setting].name);
	p->base = p->xbase = 1;
	p->ylog = !a->linear;
	p->xlog2 = !a->linear && widest_x(p) > 4;
	return rc ? no_memory(e) : 1;
}

/* ---- colour_off by order ---- */

/* The first config of the @index'th combination of all axes but two; -1: none. */
static int combination(const struct results *r, unsigned exp, int one, int other, unsigned index)
{
	const struct res_exp *x = &r->exp[exp];
	unsigned i;

	for (i = x->first; i < x->first + x->nr_configs; i++)
		if (!r->config[i].at[one] && !r->config[i].at[other] && !index--)
			return (int)i;
	return -1;
}

static int put_grid(struct picture *p, const struct picture_ask *a, unsigned first, unsigned one,
		    unsigned other, unsigned metric)
{
	const struct results *r = a->r;
	const struct res_exp *x = &r->exp[a->exp];
	unsigned i, k;
	int rc = 0;

	picture_begin(p, 0, r->metric[metric].name);
	for (i = 0; i < x->axis[one].nr && !rc; i++)
		rc = picture_group(p, x->axis[one].value[i]);
	for (i = 0; i < x->axis[other].nr && !rc; i++)
		rc = picture_row(p, x->axis[other].value[i]);
	for (i = x->first; i < x->first + x->nr_configs && !rc; i++) {
		double v = picture_median(r, i, r->metric[metric].name);

		for (k = 0; k < x->nr_axes; k++)
			if (k != one && k != other && r->config[i].at[k] != r->config[first].at[k])
				break;
		if (k == x->nr_axes && !isnan(v))
			rc = picture_add(p, r->config[i].at[one], r->config[i].at[other], v, v);
	}
	return rc;
}

int picture_offsets(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	const struct results *r = a->r;
	int one = results_axis(r, a->exp, a->x ? a->x : "colour_off");
	int other = results_axis(r, a->exp, a->by ? a->by : "order");
	int m = results_metric(r, a->y ? a->y : PICTURE_METRIC, NULL), first, rc;
	char text[120];

	if (one < 0 || other < 0 || one == other || m < 0)
		return err_set(e, -ENODATA, "%s: has not both axes, colour_off and order",
			       r->exp[a->exp].name);
	first = combination(r, a->exp, one, other, index);
	if (first < 0)
		return 0;
	rc = put_grid(p, a, (unsigned)first, (unsigned)one, (unsigned)other, (unsigned)m);
	if (rc)
		return err_set(e, rc,
			       rc == -E2BIG ? "an axis has too many values for a grid" :
					      "out of memory");
	snprintf(text, sizeof(text), "%.40s by %.40s", r->exp[a->exp].axis[one].name,
		 r->exp[a->exp].axis[other].name);
	picture_title(p, a, text, 1);
	snprintf(p->xlabel, sizeof(p->xlabel), "%s", r->exp[a->exp].axis[one].name);
	snprintf(p->ylabel, sizeof(p->ylabel), "%s", r->exp[a->exp].axis[other].name);
	picture_axis_label(p->zlabel, sizeof(p->zlabel), "", r->metric[m].name, r->metric[m].unit);
	if (index)
		snprintf(p->name, sizeof(p->name), "-%u", index);
	return 1;
}
