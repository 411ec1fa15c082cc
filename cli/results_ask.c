/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run's results, asked: names, numbers of one config, and which config is meant. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/results.h"
#include "cli/suggest.h"
#include "lib/host.h"

#define MOST_SUGGESTED 500

int results_metric(const struct results *r, const char *name, struct err *e)
{
	const char *names[MOST_SUGGESTED + 1], *near;
	unsigned i;

	for (i = 0; i < r->nr_metrics; i++)
		if (!strcmp(r->metric[i].name, name))
			return i;
	for (i = 0; i < r->nr_metrics && i < MOST_SUGGESTED; i++)
		names[i] = r->metric[i].name;
	names[i] = NULL;
	near = suggest(name, names);
	return err_set(e, -EINVAL, "no metric '%s' in %s%s%s%s (--all shows all)", name, r->path,
		       near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int results_axis(const struct results *r, unsigned exp, const char *name)
{
	const struct res_exp *x = &r->exp[exp];
	unsigned a;

	for (a = 0; a < x->nr_axes; a++)
		if (!strcmp(x->axis[a].name, name))
			return a;
	return -1;
}

const double *results_values(const struct results *r, unsigned config, unsigned metric)
{
	return r->value + ((size_t)config * r->nr_metrics + metric) * r->blocks;
}

const char *results_axis_value(const struct results *r, unsigned config, unsigned axis)
{
	const struct res_config *c = &r->config[config];

	return r->exp[c->exp].axis[axis].value[c->at[axis]];
}

const char *results_state(const struct results *r, unsigned config, unsigned metric)
{
	const struct sample *s = r->row[(size_t)config * r->nr_metrics + metric];

	return s ? s->state : "missing";
}

int results_has(const struct results *r, unsigned config, unsigned metric)
{
	return r->row[(size_t)config * r->nr_metrics + metric] != NULL;
}

const char *results_note(const struct results *r, unsigned config, unsigned metric)
{
	const struct sample *s = r->row[(size_t)config * r->nr_metrics + metric];

	return s ? s->note : "";
}

static void summarise(double *v, unsigned n, struct res_summary *s)
{
	memset(s, 0, sizeof(*s));
	s->n = stat_sort(v, n);
	if (!s->n)
		return;
	s->median = stat_median(v, s->n);
	s->min = v[0];
	s->max = v[s->n - 1];
	s->have_interval = !stat_sign_interval(v, s->n, RESULTS_CONFIDENCE, &s->interval);
}

void results_summary(const struct results *r, unsigned config, unsigned metric,
		     struct res_summary *s)
{
	double v[r->blocks];

	memcpy(v, results_values(r, config, metric), sizeof(v));
	summarise(v, r->blocks, s);
}

void results_ratio(const struct results *r, unsigned config, unsigned base, unsigned metric,
		   struct res_summary *s)
{
	const double *x = results_values(r, config, metric), *y = results_values(r, base, metric);
	double v[r->blocks];
	unsigned b;

	for (b = 0; b < r->blocks; b++)
		v[b] = x[b] > 0 && y[b] > 0 ? log(x[b] / y[b]) : NAN;
	summarise(v, r->blocks, s);
	if (!s->n)
		return;
	s->median = exp(s->median);
	s->min = exp(s->min);
	s->max = exp(s->max);
	s->interval.lo = exp(s->interval.lo);
	s->interval.hi = exp(s->interval.hi);
}

/* Does @text ("a=1,b=2") say anything of axis @name? Its value and length, or NULL. */
static const char *baseline_value(const char *text, const char *name, size_t *len)
{
	size_t n = strlen(name);

	while (*text) {
		size_t item = strcspn(text, ",");

		if (item > n && !strncmp(text, name, n) && text[n] == '=') {
			*len = item - n - 1;
			return text + n + 1;
		}
		text += item + (text[item] == ',');
	}
	return NULL;
}

int results_baseline(const struct results *r, unsigned config, const char *text)
{
	const struct res_config *c = &r->config[config];
	const struct res_exp *x = &r->exp[c->exp];
	unsigned i, a, named = 0, commas = 0;
	const char *p;
	size_t len;

	for (a = 0; a < x->nr_axes; a++)
		named += baseline_value(text, x->axis[a].name, &len) != NULL;
	for (p = text; *p; p++)
		commas += *p == ',';
	if (named != commas + 1)
		return -1; /* it names an axis that this experiment does not have */
	for (i = x->first; i < x->first + x->nr_configs; i++) {
		for (a = 0; a < x->nr_axes; a++) {
			const char *t = baseline_value(text, x->axis[a].name, &len);
			const char *have = results_axis_value(r, i, a);

			if (t ? strlen(have) != len || strncmp(have, t, len) :
				r->config[i].at[a] != c->at[a])
				break;
		}
		if (a == x->nr_axes)
			return i;
	}
	return -1;
}

/* ---- a config by its name ---- */

/* "EXPERIMENT/rest": which one, and the rest; -1: it names none. */
static int named_experiment(const struct results *r, const char *text, const char **rest)
{
	unsigned x;

	for (x = 0; x < r->nr_exp; x++) {
		size_t n = strlen(r->exp[x].name);

		if (strncmp(text, r->exp[x].name, n) || (text[n] && text[n] != '/'))
			continue;
		*rest = text + n + (text[n] == '/');
		return (int)x;
	}
	*rest = text;
	return -1;
}

/* Has @config all settings of @text? */
static int has_settings(const struct results *r, unsigned config, const char *text)
{
	const struct res_config *c = &r->config[config];
	const struct res_exp *x = &r->exp[c->exp];
	unsigned a, items = 0, named = 0;
	const char *p;
	size_t len;

	for (p = text; *p; p += strcspn(p, ","), p += *p == ',')
		items++;
	for (a = 0; a < x->nr_axes; a++) {
		const char *t = baseline_value(text, x->axis[a].name, &len);
		const char *have = results_axis_value(r, config, a);

		if (t && (strlen(have) != len || strncmp(have, t, len)))
			return 0;
		named += t != NULL;
	}
	return named == items;
}

static const char *near_axis(const struct results *r, const char *axis)
{
	const char *names[MOST_SUGGESTED + 1];
	unsigned x, a, n = 0;

	for (x = 0; x < r->nr_exp; x++)
		for (a = 0; a < r->exp[x].nr_axes && n < MOST_SUGGESTED; a++)
			names[n++] = r->exp[x].axis[a].name;
	names[n] = NULL;
	return suggest(axis, names);
}

static int no_such_value(const struct results *r, const struct res_axis *axis, const char *value,
			 struct err *e)
{
	char list[200] = "";
	unsigned v;

	for (v = 0; v < axis->nr && strlen(list) < sizeof(list) - 40; v++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%.30s", v ? ", " : "",
			 axis->value[v]);
	return err_set(e, -EINVAL, "%s: axis %s has no value '%.40s': it has %s%s", r->path,
		       axis->name, value, list, v < axis->nr ? ", ..." : "");
}

/* Why no config has the settings of @text, which is not empty. */
static int no_such_config(const struct results *r, const char *text, struct err *e)
{
	const char *p = text;

	for (; *p; p += strcspn(p, ","), p += *p == ',') {
		char item[200], *eq;
		const char *near;
		unsigned x;
		int a = -1;

		snprintf(item, sizeof(item), "%.*s", (int)strcspn(p, ","), p);
		eq = strchr(item, '=');
		if (eq)
			*eq = '\0';
		for (x = 0; x < r->nr_exp && a < 0; x++)
			a = results_axis(r, x, item);
		if (a >= 0 && eq) {
			const struct res_axis *axis = &r->exp[x - 1].axis[a];
			unsigned v;

			for (v = 0; v < axis->nr && strcmp(axis->value[v], eq + 1); v++)
				;
			if (v == axis->nr)
				return no_such_value(r, axis, eq + 1, e);
			continue;
		}
		near = near_axis(r, item);
		return err_set(e, -EINVAL,
			       "%s: no config '%.60s': expected AXIS=VALUE,... or EXPERIMENT%s%s%s",
			       r->path, text, near ? "; did you mean '" : "", near ? near : "",
			       near ? "=...'?" : "");
	}
	return err_set(e, -EINVAL, "%s: no config has all of '%.100s'", r->path, text);
}

static int several_configs(const struct results *r, unsigned first, unsigned second, unsigned found,
			   const char *text, struct err *e)
{
	const struct res_config *a = &r->config[first], *b = &r->config[second];

	if (a->exp != b->exp)
		return err_set(e, -EINVAL,
			       "%s: '%.60s' is in several experiments: say %s/... or %s/...",
			       r->path, text, r->exp[a->exp].name, r->exp[b->exp].name);
	return err_set(e, -EINVAL,
		       "%s: '%.60s' is %u configs (%.60s; %.60s%s): name more of their settings",
		       r->path, text, found, a->label, b->label, found > 2 ? "; ..." : "");
}

int results_config(const struct results *r, const char *text, struct err *e)
{
	const char *rest;
	int exp = named_experiment(r, text, &rest), how;
	unsigned c, found, which[2];

	/* first by the whole label, then by some of its settings */
	for (how = 0; how < 2; how++) {
		for (c = found = 0; c < r->nr_configs; c++) {
			if (exp >= 0 && r->config[c].exp != (unsigned)exp)
				continue;
			if (how ? has_settings(r, c, rest) : !strcmp(r->config[c].label, rest))
				which[found++ > 0] = c;
		}
		if (found == 1)
			return (int)which[0];
		if (found)
			return several_configs(r, which[0], which[1], found, text, e);
	}
	return no_such_config(r, rest, e);
}

/* ---- numbers ---- */

unsigned results_not_run(const struct results *r, unsigned config)
{
	const struct res_config *c = &r->config[config];

	return r->blocks - c->ok - c->failed - c->crashed - c->timeout - c->invalid - c->disturbed;
}

int results_emulated(const struct results *r)
{
	int metric = results_metric(r, "effective.emulated", NULL);
	struct res_summary s;

	for (unsigned c = 0; metric >= 0 && c < r->nr_configs; c++) {
		results_summary(r, c, (unsigned)metric, &s);
		if (s.n && s.max > 0)
			return 1;
	}
	return 0;
}

const char *results_cpu_emulated(const struct results *r)
{
	const char *is =
		json_string_value(json_object_get(json_object_get(r->run, "host"), "hypervisor"));

	return is && !strncmp(is, HOST_EMULATED, strlen(HOST_EMULATED)) ? is : NULL;
}

const char *results_number(double v, char *buf, size_t len)
{
	double m = fabs(v);

	if (!isfinite(v))
		snprintf(buf, len, "-");
	else if (v == floor(v) && m < 1e9)
		snprintf(buf, len, "%.0f", v);
	else if (m >= 1000 && m < 1e9)
		snprintf(buf, len, "%.0f", v);
	else if (m >= 1e9 || (m < 0.001 && m > 0))
		snprintf(buf, len, "%.3e", v);
	else
		snprintf(buf, len, "%.*f", m >= 100 ? 1 : m >= 10 ? 2 : m >= 1 ? 3 : 4, v);
	return buf;
}
