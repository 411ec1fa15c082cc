/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune_objective.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trial.h"

/* Names of ours, and what they are in a trial. */
static const struct {
	const char *name, *model, *host;
} words[] = {
	{ "time", "model.memory_time_per_op", "time.ns_per_op" },
	{ "misses", "model.l1d_misses_per_op", NULL },
	{ "memory", NULL, NULL },
	{ "held", "held", "slabinfo.bytes_held" },
};

/* ---- numbers of a trial ---- */

double tune_value(const struct tune_values *v, const char *name)
{
	for (unsigned i = 0; i < v->n; i++)
		if (!strcmp(v->v[i].name, name))
			return v->v[i].v;
	return NAN;
}

void tune_values_release(struct tune_values *v)
{
	free(v->v);
	*v = (struct tune_values){ NULL, 0 };
}

static int put(struct tune_values *v, const char *prefix, const char *name, double x)
{
	if (!(v->n & (v->n - 1))) { /* it is full at each power of two */
		struct tune_value *more = realloc(v->v, (v->n ? v->n * 2 : 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		v->v = more;
	}
	snprintf(v->v[v->n].name, sizeof(v->v[v->n].name), "%s%s", prefix, name);
	v->v[v->n++].v = x;
	return 0;
}

static int put_line(struct tune_values *v, const struct trial_line *l)
{
	char *end;
	double x;

	if (l->kind == TRIAL_VALUE && l->value.worker == -1)
		return put(v, "", l->value.metric,
			   l->value.state == VALUE_UNAVAILABLE ? NAN : l->value.value);
	if (l->kind != TRIAL_EFFECTIVE)
		return 0;
	x = strtod(l->text, &end);
	return end == l->text || *end ? 0 : put(v, "effective.", l->name, x);
}

/* Slabs, and for each of them what its management takes elsewhere is not counted: it is another cache's. */
static int put_held(struct tune_values *v)
{
	double slabs = tune_value(v, "effective.slabs");
	double bytes =
		tune_value(v, "effective.page_size") * exp2(tune_value(v, "effective.gfporder"));

	return put(v, "", "held", slabs * bytes);
}

int tune_values_parse(struct tune_values *v, char *out, struct err *e)
{
	char *save = NULL;
	int rc = 0;

	*v = (struct tune_values){ NULL, 0 };
	for (char *line = strtok_r(out, "\n", &save); line && !rc;
	     line = strtok_r(NULL, "\n", &save)) {
		struct trial_line l;

		rc = trial_line_parse(line, &l, e);
		if (!rc && put_line(v, &l))
			rc = err_set(e, -ENOMEM, "out of memory");
	}
	if (!rc && put_held(v))
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc)
		tune_values_release(v);
	return rc;
}

/* ---- the objective ---- */

static int bad(const char *text, struct err *e)
{
	return err_set(
		e, -EINVAL,
		"objective: expected time, misses, memory, held, a metric, or a sum as in 0.8*time+0.2*memory, got '%.80s'",
		text);
}

/* One term, "0.8*time" or "time"; returns what is behind it, or NULL. */
static const char *take_term(struct tune_term *t, const char *p)
{
	size_t n = 0;
	char *end;

	t->weight = 1;
	while (*p == ' ')
		p++;
	if (isdigit((unsigned char)*p) || *p == '.') {
		t->weight = strtod(p, &end);
		for (p = end; *p == ' '; p++)
			;
		if (*p++ != '*')
			return NULL;
		while (*p == ' ')
			p++;
	}
	if (!(t->weight > 0) || !isfinite(t->weight))
		return NULL;
	for (; isalnum((unsigned char)*p) || (*p && strchr("_.-", *p)); p++) {
		if (n == sizeof(t->name) - 1)
			return NULL;
		t->name[n++] = *p;
	}
	t->name[n] = '\0';
	while (*p == ' ')
		p++;
	return n ? p : NULL;
}

int tune_objective_parse(struct tune_objective *o, const char *text, struct err *e)
{
	const char *p = text;

	o->nr = 0;
	do {
		if (o->nr == TUNE_TERMS_MOST)
			return err_set(e, -EINVAL, "objective: at most %u terms", TUNE_TERMS_MOST);
		p = take_term(&o->term[o->nr], p);
		if (!p || (*p && *p != '+'))
			return bad(text, e);
		if (!strchr(o->term[o->nr].name, '.')) {
			size_t i = 0;

			while (i < sizeof(words) / sizeof(*words) &&
			       strcmp(words[i].name, o->term[o->nr].name))
				i++;
			if (i == sizeof(words) / sizeof(*words))
				return bad(text, e);
		}
		o->nr++;
	} while (*p++ == '+');
	return 0;
}

int tune_term_is_memory(const struct tune_term *t)
{
	return !strcmp(t->name, "memory");
}

int tune_term_is_counted(const struct tune_term *t)
{
	return strchr(t->name, '.') && strncmp(t->name, "model.", 6) != 0;
}

const char *tune_term_metric(const struct tune_term *t, int modelled)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(words[i].name, t->name))
			return modelled ? words[i].model : words[i].host;
	if (!strncmp(t->name, "model.", 6))
		return modelled ? t->name : NULL;
	/* what only the machine can count is pruned by time */
	return modelled ? words[0].model : t->name;
}

/* Of two numbers that may be 0: no misses at all cannot be made fewer, and few are no infinite loss. */
static double ratio(double now, double base)
{
	if (isnan(now) || isnan(base))
		return NAN;
	if (base > 0)
		return now / base;
	return now == base ? 1 : 1 + now;
}

/* @metric of both; where the target's latencies are not known, misses stand for the time, in both. */
static double ratio_of(const char *metric, int modelled, const struct tune_values *now,
		       const struct tune_values *base)
{
	double x = tune_value(now, metric), y = tune_value(base, metric);

	if ((isnan(x) || isnan(y)) && modelled && !strcmp(metric, words[0].model)) {
		x = tune_value(now, words[1].model);
		y = tune_value(base, words[1].model);
	}
	return ratio(x, y);
}

double tune_objective_score(const struct tune_objective *o, int modelled,
			    const struct tune_values *now, const struct tune_values *base,
			    double memory)
{
	double sum = 0, weights = 0;

	for (unsigned i = 0; i < o->nr; i++) {
		const struct tune_term *t = &o->term[i];
		const char *metric = tune_term_metric(t, modelled);

		if (tune_term_is_memory(t))
			sum += t->weight * memory;
		else if (!metric)
			return INFINITY;
		else
			sum += t->weight * ratio_of(metric, modelled, now, base);
		weights += t->weight;
	}
	return isnan(sum) ? INFINITY : sum / weights;
}
