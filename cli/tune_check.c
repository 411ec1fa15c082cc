/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Can the objective be had at all? Asked before anything is tried. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"
#include "cli/suggest.h"
#include "cli/tune.h"

#define MOST_NAMES 2000u

/* What stands, briefly, on this machine; whether something disturbs it does not matter here. */
static int try_once(struct tuning *t, struct launch *r, struct err *e)
{
	struct trial_spec s;
	char *text = NULL;
	int rc = trial_spec_copy(&s, &t->spec, e);

	if (rc)
		return rc;
	rc = trial_spec_set(&s, "duration_ms", "1", e);
	if (!rc) {
		text = plan_spec_text(&s);
		rc = text ? launch_trial(t->launcher, text, r, e) :
			    err_set(e, -ENOMEM, "out of memory");
	}
	free(text);
	trial_spec_release(&s);
	if (rc)
		return rc;
	if (r->status == LAUNCH_OK || r->status == LAUNCH_DISTURBED || r->status == LAUNCH_INVALID)
		return 0;
	rc = r->status == LAUNCH_INTERRUPTED ?
		     err_set(e, -EINTR, "interrupted") :
		     err_set(e, -EIO, "what stands cannot be run: %s", r->note);
	launch_release(r);
	return rc;
}

/* Values of the whole trial, as lines that are cut; NULL ends. */
static unsigned values(char *out, struct trial_line *line)
{
	char *save = NULL;
	unsigned n = 0;

	for (char *p = strtok_r(out, "\n", &save); p && n < MOST_NAMES;
	     p = strtok_r(NULL, "\n", &save))
		if (!trial_line_parse(p, &line[n], NULL) && line[n].kind == TRIAL_VALUE &&
		    line[n].value.worker == -1)
			n++;
	return n;
}

static int none_of_that_name(const char *name, const struct trial_line *line, unsigned n,
			     const char *collect, struct err *e)
{
	const char *names[MOST_NAMES + 1], *near;

	for (unsigned i = 0; i < n; i++)
		names[i] = line[i].value.metric;
	names[n] = NULL;
	near = suggest(name, names);
	return err_set(
		e, -EINVAL,
		"objective: no metric '%s' is measured by --collect %s%s%s%s; a trial's metrics: `slabscope stat RUN --all`",
		name, collect, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int check_term(const char *name, const struct trial_line *line, unsigned n,
		      const char *collect, struct err *e)
{
	for (unsigned i = 0; i < n; i++) {
		const struct value *v = &line[i].value;

		if (strcmp(v->metric, name) != 0)
			continue;
		if (v->state != VALUE_UNAVAILABLE)
			return 0;
		return err_set(e, -EOPNOTSUPP, "objective: %s is unavailable here: %s", name,
			       v->note && *v->note ? v->note : "the trial does not say why");
	}
	return none_of_that_name(name, line, n, collect, e);
}

int tune_check_host(struct tuning *t, struct err *e)
{
	const struct tune_objective *o = &t->objective;
	struct trial_line *line;
	struct launch r;
	unsigned n;
	int rc = try_once(t, &r, e);

	if (rc)
		return rc;
	line = calloc(MOST_NAMES, sizeof(*line));
	n = line ? values(r.out, line) : 0;
	rc = line ? 0 : err_set(e, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < o->nr && !rc; i++)
		if (!tune_term_is_memory(&o->term[i]))
			rc = check_term(tune_term_metric(&o->term[i], 0), line, n,
					t->spec.run.collect, e);
	free(line);
	launch_release(&r);
	return rc;
}

/* The model's numbers of what stands: all that the objective wants of them is there. */
int tune_check_model(const struct tuning *t, struct err *e)
{
	const struct tune_values *v = &t->model.values[0];
	const char *names[MOST_NAMES + 1], *near;
	unsigned n = 0;

	for (unsigned i = 0; i < t->objective.nr; i++) {
		const struct tune_term *x = &t->objective.term[i];
		const char *metric = tune_term_metric(x, 1);
		double base =
			tune_objective_score(&(struct tune_objective){ { *x }, 1 }, 1, v, v, 1);

		if (isfinite(base))
			continue;
		for (unsigned k = 0; k < v->n && n < MOST_NAMES; k++)
			if (!strncmp(v->v[k].name, "model.", 6))
				names[n++] = v->v[k].name;
		names[n] = NULL;
		near = suggest(metric ? metric : x->name, names);
		return err_set(
			e, -EINVAL,
			"objective: the model of %s has no number '%s'%s%s%s; `slabscope run -c model --target %s` shows what it has",
			t->target, metric ? metric : x->name, near ? "; did you mean '" : "",
			near ? near : "", near ? "'?" : "", t->target);
	}
	return 0;
}

/* Numbers of hardware alone, and nobody who asks hardware. */
int tune_check_objective(const struct tuning *t, struct err *e)
{
	for (unsigned i = 0; i < t->objective.nr && !t->on_host; i++)
		if (tune_term_is_counted(&t->objective.term[i]))
			return err_set(
				e, -EINVAL,
				"objective: %s is counted on this machine alone, and here the model decides (%s); it has time, misses, memory, held and model.*",
				t->objective.term[i].name,
				t->q->model_only ? "--model-only" :
				strcmp(t->target, "host") != 0 ?
						   "--target" :
						   "a part of the objective is the model's");
	return 0;
}
