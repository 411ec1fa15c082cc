/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/results.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/rundir.h"
#include "cli/suggest.h"

#define MOST_SUGGESTED 500
#define MOST_BLOCKS 100000 /* launches' bound; arrays of so many lie on the stack */

/* ---- run.json ---- */

static int bad_json(const struct results *r, const char *what, struct err *e)
{
	return err_set(e, -EINVAL, "%s/%s: %s", r->path, RUN_FILE, what);
}

static int is_number(const char *t)
{
	char *end;
	double v = strtod(t, &end);

	return !strcmp(t, "off") || (end != t && !*end && isfinite(v));
}

static int read_axis(struct results *r, json_t *j, struct res_axis *a, struct err *e)
{
	json_t *values, *v;
	size_t i;

	if (json_unpack(j, "{s:s, s:o}", "name", &a->name, "values", &values) ||
	    !json_array_size(values))
		return bad_json(r, "axes: expected a name and values", e);
	a->value = calloc(json_array_size(values), sizeof(*a->value));
	if (!a->value)
		return err_set(e, -ENOMEM, "out of memory");
	a->numeric = 1;
	json_array_foreach(values, i, v)
	{
		a->value[i] = json_string_value(v);
		if (!a->value[i])
			return bad_json(r, "axes: values: expected texts", e);
		a->numeric &= is_number(a->value[i]);
		a->nr++;
	}
	return 0;
}

static int read_exp(struct results *r, json_t *j, struct res_exp *x, struct err *e)
{
	json_t *axes, *a;
	int first, configs, rc = 0;
	size_t i;

	if (json_unpack(j, "{s:s, s:i, s:i, s:o}", "name", &x->name, "first_config", &first,
			"configs", &configs, "axes", &axes) ||
	    first < 0 || configs < 1 || !json_is_array(axes))
		return bad_json(r, "experiments: expected name, first_config, configs, axes", e);
	x->first = first;
	x->nr_configs = configs;
	x->axis = calloc(json_array_size(axes) + 1, sizeof(*x->axis));
	if (!x->axis)
		return err_set(e, -ENOMEM, "out of memory");
	json_array_foreach(axes, i, a)
	{
		x->nr_axes++;
		rc = read_axis(r, a, &x->axis[i], e);
		if (rc)
			return rc;
	}
	return 0;
}

static int read_config(struct results *r, json_t *j, unsigned n, struct err *e)
{
	struct res_config *c = &r->config[n];
	const struct res_exp *x;
	json_t *axes;
	unsigned a, v;

	while (c->exp < r->nr_exp && n >= r->exp[c->exp].first + r->exp[c->exp].nr_configs)
		c->exp++;
	if (c->exp == r->nr_exp || n < r->exp[c->exp].first ||
	    json_unpack(j, "{s:s, s:o}", "label", &c->label, "axes", &axes))
		return bad_json(
			r, "configs: expected label and axes, for every config of the experiments",
			e);
	x = &r->exp[c->exp];
	c->at = calloc(x->nr_axes + 1, sizeof(*c->at));
	if (!c->at)
		return err_set(e, -ENOMEM, "out of memory");
	for (a = 0; a < x->nr_axes; a++) {
		const char *t = json_string_value(json_object_get(axes, x->axis[a].name));

		for (v = 0; t && v < x->axis[a].nr; v++)
			if (!strcmp(t, x->axis[a].value[v]))
				break;
		if (!t || v == x->axis[a].nr)
			return bad_json(r, "configs: axes: a value that is not one of the axis's",
					e);
		c->at[a] = v;
	}
	return 0;
}

static int read_run(struct results *r, struct err *e)
{
	json_t *exps, *configs, *j;
	int blocks, rc;
	size_t i;

	if (json_unpack(r->run, "{s:i, s:o, s:o}", "blocks", &blocks, "experiments", &exps,
			"configs", &configs) ||
	    blocks < 1 || blocks > MOST_BLOCKS || !json_array_size(exps) ||
	    !json_array_size(configs))
		return bad_json(r, "expected blocks, experiments, configs", e);
	r->blocks = blocks;
	r->exp = calloc(json_array_size(exps), sizeof(*r->exp));
	r->config = calloc(json_array_size(configs), sizeof(*r->config));
	if (!r->exp || !r->config)
		return err_set(e, -ENOMEM, "out of memory");
	json_array_foreach(exps, i, j)
	{
		r->nr_exp++;
		rc = read_exp(r, j, &r->exp[i], e);
		if (rc)
			return rc;
	}
	json_array_foreach(configs, i, j)
	{
		r->nr_configs++;
		rc = read_config(r, j, i, e);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- samples ---- */

static int add_metric(struct results *r, const struct sample *s)
{
	unsigned i;

	for (i = 0; i < r->nr_metrics; i++)
		if (!strcmp(r->metric[i].name, s->metric))
			return i;
	if (!(i & (i - 1))) {
		struct res_metric *m = realloc(r->metric, (i ? 2 * i : 1) * sizeof(*m));

		if (!m)
			return -ENOMEM;
		r->metric = m;
	}
	r->metric[r->nr_metrics++] = (struct res_metric){ s->metric, s->unit, s->source };
	return i;
}

static int count_status(struct results *r, const struct sample *s, struct err *e)
{
	struct res_config *c = &r->config[s->config];

	if (!strcmp(s->state, "ok"))
		c->ok++;
	else if (!strcmp(s->state, "failed"))
		c->failed++;
	else if (!strcmp(s->state, "crashed"))
		c->crashed++;
	else if (!strcmp(s->state, "timeout"))
		c->timeout++;
	else
		return err_set(e, -EINVAL,
			       "%s/" SAMPLES_FILE
			       ": trial %s: state '%s' is none of ok, failed, crashed, timeout",
			       r->path, s->trial, s->state);
	return 0;
}

static unsigned badness(const char *state)
{
	return !strcmp(state, "exact") ? 0 : !strcmp(state, "scaled") ? 1 : 2;
}

static void keep_value(struct results *r, const struct sample *s, unsigned metric)
{
	size_t at = (size_t)s->config * r->nr_metrics + metric;

	r->value[at * r->blocks + s->block] = s->value;
	if (!r->row[at] || badness(s->state) > badness(r->row[at]->state))
		r->row[at] = s;
}

static int read_samples(struct results *r, struct err *e)
{
	const struct samples *s = &r->samples;
	int *index = malloc((s->nr + 1) * sizeof(*index));
	size_t i, n;
	int ok, rc = 0;

	if (!index)
		return err_set(e, -ENOMEM, "out of memory");
	memset(index, -1, (s->nr + 1) * sizeof(*index));
	for (i = 0; i < s->nr && !rc; i++) {
		const struct sample *row = &s->row[i];

		if (row->config >= r->nr_configs || row->block >= r->blocks)
			rc = err_set(e, -EINVAL,
				     "%s/" SAMPLES_FILE ": trial %s is not of this run's plan",
				     r->path, row->trial);
		else if (samples_is_status(row))
			rc = count_status(r, row, e);
	}
	/* backwards: a trial's status is its last row, and only what an ok one measured counts */
	for (ok = 0, i = s->nr; i-- && !rc;) {
		const struct sample *row = &s->row[i];

		if (samples_is_status(row))
			ok = !strcmp(row->state, "ok");
		else if (ok && row->worker < 0 && strcmp(row->state, "text"))
			index[i] = 0;
	}
	for (i = 0; i < s->nr && !rc; i++)
		if (!index[i]) {
			index[i] = add_metric(r, &s->row[i]);
			rc = index[i] < 0 ? err_set(e, -ENOMEM, "out of memory") : 0;
		}
	n = (size_t)r->nr_configs * r->nr_metrics * r->blocks;
	r->value = rc ? NULL : malloc((n + 1) * sizeof(*r->value));
	r->row = rc ? NULL : calloc((size_t)r->nr_configs * r->nr_metrics + 1, sizeof(*r->row));
	if (!rc && (!r->value || !r->row))
		rc = err_set(e, -ENOMEM, "out of memory");
	for (i = 0; i < n && !rc; i++)
		r->value[i] = NAN;
	for (i = 0; i < s->nr && !rc; i++)
		if (index[i] >= 0)
			keep_value(r, &s->row[i], index[i]);
	free(index);
	return rc;
}

int results_read(struct results *r, const char *path, struct err *e)
{
	char file[PATH_MAX];
	int rc;

	memset(r, 0, sizeof(*r));
	if (snprintf(r->path, sizeof(r->path), "%s", path) >= (int)sizeof(r->path) - 80)
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", path);
	rc = run_json_read(path, &r->run, e);
	if (rc)
		return rc;
	rc = read_run(r, e);
	if (!rc && snprintf(file, sizeof(file), "%s/%s", path, SAMPLES_FILE) < (int)sizeof(file))
		rc = samples_read(&r->samples, file, e);
	if (!rc)
		rc = read_samples(r, e);
	if (rc)
		results_release(r);
	return rc;
}

void results_release(struct results *r)
{
	unsigned i, a;

	for (i = 0; i < r->nr_exp; i++) {
		for (a = 0; a < r->exp[i].nr_axes; a++)
			free(r->exp[i].axis[a].value);
		free(r->exp[i].axis);
	}
	for (i = 0; i < r->nr_configs; i++)
		free(r->config[i].at);
	free(r->exp);
	free(r->config);
	free(r->metric);
	free(r->value);
	free(r->row);
	samples_release(&r->samples);
	json_decref(r->run);
	memset(r, 0, sizeof(*r));
}

/* ---- asking ---- */

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
