/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of launches: each one's number, when it ran, and single operations inside. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/pictures.h"

#define MOST_VALUES 8	  /* configs of one picture of latency */
#define MOST_TRIALS 4000u /* points of one picture of trials */

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

static int metric_of(const struct picture_ask *a, struct err *e)
{
	return results_metric(a->r, a->y ? a->y : PICTURE_METRIC, e);
}

/* ---- launches ---- */

static int put_launches(struct picture *p, const struct results *r, const unsigned *config,
			unsigned n, unsigned metric)
{
	unsigned i, b;
	int rc = 0;

	picture_begin(p, 5, "a launch");
	for (i = 0; i < n; i++) {
		const double *v = results_values(r, config[i], metric);

		for (b = 0; b < r->blocks && !rc; b++)
			if (!isnan(v[b]))
				rc = picture_add(p, i, v[b], v[b], v[b]);
	}
	picture_begin(p, 1, "median, 95 % interval");
	for (i = 0; i < n && !rc; i++) {
		struct res_summary s;

		results_summary(r, config[i], metric, &s);
		if (s.n)
			rc = picture_add(p, i, s.median, s.have_interval ? s.interval.lo : s.median,
					 s.have_interval ? s.interval.hi : s.median);
	}
	return rc;
}

int picture_launches(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	unsigned config[PICTURE_MOST_GROUPS], n;
	int m = metric_of(a, e), rc;

	if (index)
		return 0;
	if (m < 0)
		return -ENODATA;
	n = picture_configs(a->r, a->exp, config);
	rc = picture_config_groups(p, a->r, config, n);
	rc = rc ? rc : put_launches(p, a->r, config, n, (unsigned)m);
	picture_title(p, a, "every launch that counts", 0);
	picture_axis_label(p->ylabel, sizeof(p->ylabel), "", a->r->metric[m].name,
			   a->r->metric[m].unit);
	p->ylog = !a->linear && picture_wants_log_y(p);
	return rc ? no_memory(e) : 1;
}

/* ---- trials in their order ---- */

/* What became of an attempt, as a series; also the hue. */
enum { COUNTED, REPEATED, SET_ASIDE, NR_FATES };
static const char *const fates[] = { "counts", "disturbed, repeated", "set aside" };
static const unsigned fate_hues[] = { 5, 1, 6 };

static int fate(const struct sample *status)
{
	if (status->superseded)
		return REPEATED;
	return strcmp(status->state, "ok") ? SET_ASIDE : COUNTED;
}

/* One series: attempts of @which, at the place where each ran. */
static int put_trials(struct picture *p, const struct picture_ask *a, unsigned metric, int which)
{
	const struct results *r = a->r;
	const struct res_exp *x = &r->exp[a->exp];
	const char *name = r->metric[metric].name;
	double value = NAN, median;
	unsigned at = 0;
	size_t i;

	for (i = 0; i < r->samples.nr && at < MOST_TRIALS; i++) {
		const struct sample *s = &r->samples.row[i];

		if (s->config < x->first || s->config >= x->first + x->nr_configs)
			continue;
		if (s->worker == -1 && !strcmp(s->metric, name))
			value = s->value;
		if (!samples_is_status(s))
			continue;
		at++;
		median = picture_median(r, s->config, name);
		if (fate(s) == which && value > 0 && median > 0 &&
		    picture_add(p, at, value / median, value / median, value / median))
			return -ENOMEM;
		value = NAN;
	}
	return 0;
}

int picture_trials(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	int m = metric_of(a, e), which, rc = 0;
	struct picture_series *s;

	if (index)
		return 0;
	if (m < 0)
		return -ENODATA;
	for (which = 0; which < NR_FATES && !rc; which++) {
		s = picture_begin(p, fate_hues[which], fates[which]);
		rc = s ? put_trials(p, a, (unsigned)m, which) : 0;
		if (s && !s->nr)
			p->nr_series--;
	}
	picture_title(p, a, "trials as they ran, each against its config's median", 0);
	snprintf(p->xlabel, sizeof(p->xlabel), "place in the run's order");
	picture_axis_label(p->ylabel, sizeof(p->ylabel),
			   "ratio to the median: ", a->r->metric[m].name, a->r->metric[m].unit);
	p->base = 1;
	p->ylog = !a->linear && picture_wants_log_y(p);
	return rc ? no_memory(e) : 1;
}

/* ---- latency ---- */

static const char *const operations[] = { "alloc", "free", "visit" };
static const struct {
	const char *suffix, *name;
} quantiles[] = { { "p50", "p50" }, { "p90", "p90" }, { "p99", "p99" }, { "p999", "p99.9" } };

#define NR(a) (sizeof(a) / sizeof((a)[0]))

/* The @index'th operation that was timed; NULL: none. */
static const char *operation(const struct picture_ask *a, unsigned index)
{
	char name[64];
	unsigned i, k;

	for (i = 0; i < NR(operations); i++) {
		snprintf(name, sizeof(name), "latency.%s_p50", operations[i]);
		for (k = a->r->exp[a->exp].first;
		     k < a->r->exp[a->exp].first + a->r->exp[a->exp].nr_configs; k++)
			if (!isnan(picture_median(a->r, k, name)))
				break;
		if (k < a->r->exp[a->exp].first + a->r->exp[a->exp].nr_configs && !index--)
			return operations[i];
	}
	return NULL;
}

static int put_quantiles(struct picture *p, const struct results *r, unsigned config,
			 const char *kind)
{
	char name[64];
	unsigned q;
	int rc = 0;

	for (q = 0; q < NR(quantiles) && !rc; q++) {
		struct res_summary s = { 0 };
		int m;

		snprintf(name, sizeof(name), "latency.%s_%s", kind, quantiles[q].suffix);
		m = results_metric(r, name, NULL);
		if (m >= 0)
			results_summary(r, config, (unsigned)m, &s);
		if (s.n)
			rc = picture_add(p, q, s.median, s.have_interval ? s.interval.lo : s.median,
					 s.have_interval ? s.interval.hi : s.median);
	}
	return rc;
}

int picture_latency(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	const struct results *r = a->r;
	const char *kind = operation(a, index);
	unsigned config[PICTURE_MOST_GROUPS], n, i;
	char text[200], others[120] = "";
	int setting = picture_setting(r, a->exp), rc = 0;

	if (!kind)
		return index ? 0 :
			       err_set(e, -ENODATA,
				       "%s: single operations were not timed (--collect +latency)",
				       r->exp[a->exp].name);
	for (i = 0; i < NR(quantiles) && !rc; i++)
		rc = picture_group(p, quantiles[i].name);
	n = picture_values(r, a->exp, MOST_VALUES, config);
	for (i = 0; i < n && !rc; i++) {
		picture_begin(p, i,
			      setting >= 0 ? results_axis_value(r, config[i], (unsigned)setting) :
					     r->exp[a->exp].name);
		rc = put_quantiles(p, r, config[i], kind);
	}
	if (n)
		picture_others(r, config[0], others, sizeof(others));
	snprintf(text, sizeof(text), "latency of %s%s%s", kind, *others ? ", " : "", others);
	picture_title(p, a, text, 1);
	snprintf(p->xlabel, sizeof(p->xlabel), "quantile of single operations");
	snprintf(p->ylabel, sizeof(p->ylabel), "latency.%s, ns, clock included (lower is better)",
		 kind);
	if (setting >= 0)
		snprintf(p->keytitle, sizeof(p->keytitle), "%s", r->exp[a->exp].axis[setting].name);
	snprintf(p->name, sizeof(p->name), "-%s", kind);
	p->ylog = !a->linear && picture_wants_log_y(p);
	return rc ? no_memory(e) : 1;
}
