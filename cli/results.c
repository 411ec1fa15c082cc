/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run's folder, read. What is asked of it: results_ask.c. */

#include "cli/results.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/rundir.h"

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

/* The experiments' configs are 0 .. @configs - 1, one experiment's after the other's. */
static int experiments_cover(const struct results *r, size_t configs)
{
	size_t next = 0;
	unsigned x;

	for (x = 0; x < r->nr_exp; x++) {
		if (r->exp[x].first != next)
			return 0;
		next += r->exp[x].nr_configs;
	}
	return next == configs;
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
	if (json_array_size(configs) * (size_t)blocks > PLAN_MOST_TRIALS)
		return bad_json(r, "more trials than a plan can have", e);
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
	if (!experiments_cover(r, json_array_size(configs)))
		return bad_json(r, "experiments: expected to have the configs, in order, each once",
				e);
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

/* Where a status row's state is counted; NULL: no such state. */
static unsigned *counter_of(struct res_config *c, const char *state)
{
	const struct {
		const char *state;
		unsigned *count;
	} known[] = {
		{ "ok", &c->ok },	    { "failed", &c->failed },
		{ "crashed", &c->crashed }, { "timeout", &c->timeout },
		{ "invalid", &c->invalid }, { "disturbed", &c->disturbed },
	};
	unsigned i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].state, state))
			return known[i].count;
	return NULL;
}

static int count_status(struct results *r, const struct sample *s, struct err *e)
{
	struct res_config *c = &r->config[s->config];
	unsigned *count = counter_of(c, s->state);
	const struct sample **at;

	if (!count)
		return err_set(e, -EINVAL,
			       "%s/" SAMPLES_FILE
			       ": trial %s: state '%.40s' is none of ok, failed, crashed, timeout, "
			       "invalid, disturbed",
			       r->path, s->trial, s->state);
	if (s->superseded) {
		c->repeated++;
		return 0;
	}
	at = &r->status[(size_t)s->config * r->blocks + s->block];
	if (*at)
		return err_set(e, -EINVAL,
			       "%s/" SAMPLES_FILE
			       ": trials %s and %s are both block %u of config %u",
			       r->path, (*at)->trial, s->trial, s->block, s->config);
	(*count)++;
	*at = s;
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

	r->status = calloc((size_t)r->nr_configs * r->blocks, sizeof(*r->status));
	if (!index || !r->status) {
		free(index);
		return err_set(e, -ENOMEM, "out of memory");
	}
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
			ok = !strcmp(row->state, "ok") && !row->superseded;
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

static int take(struct results *r, const char *path, json_t *run, struct err *e)
{
	memset(r, 0, sizeof(*r));
	r->run = run;
	if (snprintf(r->path, sizeof(r->path), "%s", path) >= (int)sizeof(r->path) - 80)
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", path);
	return read_run(r, e);
}

int results_read(struct results *r, const char *path, struct err *e)
{
	char file[PATH_MAX];
	json_t *run;
	int rc = run_json_read(path, &run, e);

	memset(r, 0, sizeof(*r));
	if (rc)
		return rc;
	rc = take(r, path, run, e);
	if (!rc && snprintf(file, sizeof(file), "%s/%s", path, SAMPLES_FILE) < (int)sizeof(file))
		rc = samples_read(&r->samples, file, e);
	if (!rc)
		rc = read_samples(r, e);
	if (rc)
		results_release(r);
	return rc;
}

int results_make(struct results *r, const char *path, json_t *run, char *text, size_t len,
		 struct err *e)
{
	int rc = take(r, path, json_incref(run), e);

	if (rc)
		free(text);
	else
		rc = samples_parse(&r->samples, text, len, SAMPLES_FILE, e);
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
	free(r->status);
	samples_release(&r->samples);
	json_decref(r->run);
	memset(r, 0, sizeof(*r));
}
