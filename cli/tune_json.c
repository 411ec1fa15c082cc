/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>

#include "cli/tune.h"

/* JSON has no NaN and no infinity. */
static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *settings(const struct tuning *t, unsigned p)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < t->space.nr_toggles; i++)
		if (t->space.point[p].at[i])
			json_object_set_new(
				o, t->space.toggle[i].row->name,
				json_string(t->space.toggle[i].value[t->space.point[p].at[i]]));
	return o;
}

static json_t *gain(const struct tuning *t)
{
	const struct tune_gain *g = &t->gain;

	if (!g->source)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:i}", "metric", g->metric, "ratio",
			 number(g->ratio), "low", number(g->low), "high", number(g->high), "source",
			 g->source, "pairs", (int)g->pairs);
}

static json_t *pareto(const struct tuning *t)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < t->nr_pareto; i++) {
		unsigned p = t->pareto[i];

		json_array_append_new(
			a, json_pack("{s:o, s:o, s:o, s:b}", "setting", settings(t, p),
				     "bytes_per_object", number(t->space.point[p].bytes_per_object),
				     "l1d_misses_per_op", number(tune_point_misses(t, p)), "pick",
				     p && p == t->pick));
	}
	return a;
}

static json_t *alike(const struct tuning *t)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < t->nr_alike; i++)
		json_array_append_new(a, settings(t, t->alike[i]));
	return a;
}

static json_t *sense(const struct tuning *t)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < t->nr_sense; i++) {
		const struct tune_sense *s = &t->sense[i];
		const struct tune_toggle *x = &t->space.toggle[s->toggle];

		json_array_append_new(a,
				      json_pack("{s:s, s:s, s:o}", "toggle", x->row->name, "value",
						x->value[s->value], "ratio", number(s->ratio)));
	}
	return a;
}

static json_t *moves(const struct tuning *t)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < t->nr_moves; i++)
		json_array_append_new(a, json_pack("{s:s, s:o, s:s}", "with", t->move[i].what,
						   "ratio", number(t->move[i].ratio), "source",
						   t->move[i].source));
	return a;
}

/* The lowest score that was seen, as a ratio to what stands. */
static double least(const struct tuning *t)
{
	double v = NAN;

	for (unsigned p = 0; t->found.full && p < t->space.nr_points; p++)
		v = fmin(v, t->found.full[p] / t->found.full[0]);
	return v;
}

static json_t *effort(const struct tuning *t)
{
	return json_pack("{s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:f}", "least_ratio",
			 number(least(t)), "possible", (int)t->space.possible, "points",
			 (int)t->space.nr_points, "over_memory", (int)t->space.over, "trials",
			 (int)t->found.fulls, "brief_trials", (int)t->found.briefs, "failed",
			 (int)t->model.failed, "cpu_seconds", t->cpu_seconds);
}

json_t *tune_json(const struct tuning *t)
{
	const struct tune_point *a = &t->space.point[0], *b = &t->space.point[t->pick];
	json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:s, s:s, s:{s:f, s:f}}",
			      "format", 1, "verdict", tune_verdict_names[t->verdict], "workload",
			      t->spec.run.workload, "target", t->target, "object_size",
			      (int)a->geometry.object_size, "decided_by",
			      t->on_host ? "hardware" : "model", "pick", settings(t, t->pick),
			      "gain", gain(t), "reason", t->reason, "why_not", t->why_not, "memory",
			      "bytes_per_object", b->bytes_per_object, "was", a->bytes_per_object);

	if (!o)
		return NULL;
	json_object_set_new(o, "pareto", pareto(t));
	json_object_set_new(o, "not_distinguishable", alike(t));
	json_object_set_new(o, "toggles", sense(t));
	json_object_set_new(o, "elsewhere", moves(t));
	json_object_set_new(o, "effort", effort(t));
	if (t->folder[0])
		json_object_set_new(o, "launches", json_string(t->folder));
	if (t->region_ms && *t->region_ms)
		json_object_set_new(o, "shortened_to_ms", json_integer(atoi(t->region_ms)));
	return o;
}
