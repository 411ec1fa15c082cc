/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/launch_model.h"
#include "collectors/model/params.h"

const char *const tune_verdict_names[] = { "change", "keep-default", "inconclusive", NULL };

static double self_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* ---- before trials ---- */

/* The one setting that a run and its trials share. */
static int is_seed(const struct job_setting *s)
{
	return !strcmp(s->name, "seed") && strcmp(s->text, "auto") != 0;
}

int tune_read_given(struct trial_spec *spec, const struct job_section *given, struct err *e)
{
	int rc = trial_spec_init(spec, e);

	for (int early = 1; early >= 0 && !rc; early--)
		for (unsigned i = 0; i < given->nr && !rc; i++) {
			const struct job_setting *s = &given->set[i];

			if ((opt_find(run_opts_table, s->name) && !is_seed(s)) ||
			    early != (!strcmp(s->name, "profile") || !strcmp(s->name, "workload")))
				continue;
			rc = trial_spec_set(spec, s->name, s->text, e);
		}
	return rc;
}

const char *tune_profile(const struct tune_request *q)
{
	for (unsigned i = q->given.nr; i--;)
		if (!strcmp(q->given.set[i].name, "profile"))
			return q->given.set[i].text;
	return slab_profiles[0].name;
}

/* The object size that the workload's caches have. */
static int object_size(const struct trial_spec *s, unsigned given, unsigned *size, struct err *e)
{
	const struct opt *row = s->wl && s->wl->opts ? opt_find(s->wl->opts, "object_size") : NULL;
	unsigned classes = 1;
	uint64_t v;

	if (given) {
		*size = given;
		return 0;
	}
	if (!row || row->type != OPT_SIZE)
		return err_set(e, -EINVAL,
			       "workload %s has no object_size, so there is no one cache to tune",
			       s->run.workload);
	memcpy(&v, (const char *)s->params + row->offset, sizeof(v));
	*size = (unsigned)v;
	row = opt_find(s->wl->opts, "classes");
	if (row)
		memcpy(&classes, (const char *)s->params + row->offset, sizeof(classes));
	if (classes > 1)
		return err_set(
			e, -EINVAL,
			"workload %s has caches of %u sizes, and tune is about one (--classes 1)",
			s->run.workload, classes);
	return 0;
}

/* Every part of the objective can be had on this machine. */
static int measurable(const struct tune_objective *o)
{
	for (unsigned i = 0; i < o->nr; i++)
		if (!tune_term_is_memory(&o->term[i]) && !tune_term_metric(&o->term[i], 0))
			return 0;
	return 1;
}

static int read_target(struct tuning *t, struct err *e)
{
	struct model_params p = { .frames = 0 };

	t->machine = malloc(sizeof(*t->machine));
	if (!t->machine)
		return err_set(e, -ENOMEM, "out of memory");
	if (snprintf(p.target, sizeof(p.target), "%s", t->target) >= (int)sizeof(p.target))
		return err_set(e, -EINVAL, "target: at most %zu characters", sizeof(p.target) - 1);
	if (t->on_host && t->q->hardware_only)
		return kmem_machine_native(t->machine, e);
	if (trial_spec_set(&t->spec, "target", t->target, e) || model_target(&t->mt, &p, e) ||
	    model_machine(t->machine, &t->mt, e))
		return -EINVAL;
	return 0;
}

int tune_prepare(struct tuning *t, struct err *e)
{
	struct tune_space_in in = { .base = &t->spec.config,
				    .vary = t->q->vary,
				    .nr_vary = t->q->nr_vary,
				    .memory = t->q->memory };
	unsigned size = 0;
	int rc = read_target(t, e);

	if (!rc)
		rc = object_size(&t->spec, t->q->object_size, &size, e);
	if (rc)
		return rc;
	slab_geometry_in_init(&in.machine, size);
	in.machine.cpus = t->machine->nr_cpus;
	in.machine.page_size = t->machine->page_size;
	in.machine.cache_line = t->machine->cache_line;
	in.nodes = t->machine->nr_nodes;
	in.workers = t->spec.run.workers;
	rc = tune_space_make(&t->space, &in, e);
	if (rc)
		return rc;
	t->prior = malloc(t->space.nr_points * sizeof(*t->prior));
	if (!t->prior)
		return err_set(e, -ENOMEM, "out of memory");
	for (unsigned p = 0; p < t->space.nr_points; p++)
		t->prior[p] = NAN;
	return t->mt.nr_levels ? tune_sketch(&t->space, &t->spec, &t->mt, t->prior, e) : 0;
}

/* ---- the model's word ---- */

static void name_gain(struct tuning *t)
{
	const char *metric = t->objective.nr == 1 ? tune_term_metric(&t->objective.term[0], 1) :
						    NULL;

	if (metric && !strcmp(metric, "model.memory_time_per_op") &&
	    isnan(tune_value(&t->model.values[0], metric)))
		metric = "model.l1d_misses_per_op"; /* what stood for it */
	snprintf(t->gain.metric, sizeof(t->gain.metric), "%s",
		 metric		      ? metric :
		 t->objective.nr == 1 ? t->objective.term[0].name :
					"objective");
}

static int search(struct tuning *t, struct err *e)
{
	struct tune_search s = {
		.space = &t->space,
		.prior = t->prior,
		.eval = tune_model_eval,
		.cost = tune_model_cost,
		.arg = &t->model,
		.brief = TUNE_BRIEF,
		.effort = t->q->effort,
		.least = t->q->least,
	};
	double score;
	int rc = tune_model_init(&t->model, &t->space, &t->objective, &t->spec, t->launcher, e);

	if (rc)
		return rc;
	rc = tune_model_eval(&t->model, 0, 1, &score, e);
	if (rc == -ECANCELED)
		rc = err_prefix(e, -EIO, "what stands cannot be run");
	if (!rc)
		rc = tune_check_model(t, e);
	if (rc)
		return rc;
	return t->q->exhaust ? tune_exhaust(&s, &t->found, e) : tune_search(&s, &t->found, e);
}

/* Counts are exact: a gain is real, and the question is only whether it matters. */
static void believe_model(struct tuning *t)
{
	unsigned pick = t->found.pick;
	double ratio = t->found.full[pick] / t->found.full[0];

	name_gain(t);
	t->gain.source = "model";
	t->gain.ratio = t->gain.low = t->gain.high = ratio;
	t->pick = pick;
	t->verdict = TUNE_CHANGE;
	if (!pick || ratio > 1 / (1 + t->q->delta)) {
		t->verdict = TUNE_KEEP;
		t->pick = 0;
		if (pick)
			snprintf(
				t->why_not, sizeof(t->why_not),
				"the best that was found gains %.2g %%, which does not matter (--delta %.2g %%)",
				(1 - ratio) * 100, t->q->delta * 100);
		else
			snprintf(t->why_not, sizeof(t->why_not),
				 "nothing that was tried is better");
	}
}

int tune_one(struct tuning *t, const struct tune_request *q, const struct job_section *given,
	     const char *target, struct launcher *launcher, struct err *e)
{
	double begin = self_seconds() + tune_model_spent();
	int rc;

	memset(t, 0, sizeof(*t));
	t->q = q;
	t->target = target ? target : "host";
	t->launcher = launcher;
	rc = tune_objective_parse(&t->objective, q->objective, e);
	t->on_host = !q->model_only && !strcmp(t->target, "host") && measurable(&t->objective);
	if (!rc)
		rc = tune_read_given(&t->spec, given, e);
	if (!rc)
		rc = tune_check_objective(t, e);
	if (!rc)
		rc = tune_prepare(t, e);
	if (!rc && t->on_host)
		rc = tune_check_host(t, e);
	if (!rc && !(t->on_host && q->hardware_only))
		rc = search(t, e);
	if (!rc) {
		if (t->on_host)
			rc = tune_host(t, e);
		else
			believe_model(t);
	}
	if (!rc && t->found.full)
		rc = tune_pareto(t, e);
	if (!rc && t->found.full && !q->no_sense)
		rc = tune_reason(t, e);
	if (!rc && t->found.full && !q->no_sense)
		rc = tune_sensitivity(t, e);
	t->cpu_seconds = self_seconds() + tune_model_spent() - begin;
	return rc;
}

void tuning_release(struct tuning *t)
{
	if (t->found.full)
		tune_found_release(&t->found);
	if (t->model.values)
		tune_model_release(&t->model);
	tune_space_release(&t->space);
	tune_values_release(&t->base);
	tune_values_release(&t->best);
	trial_spec_release(&t->spec);
	free(t->prior);
	free(t->machine);
	free(t->pareto);
	free(t->alike);
	memset(t, 0, sizeof(*t));
}
