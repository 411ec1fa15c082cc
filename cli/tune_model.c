/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune_model.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/launch_model.h"
#include "cli/plan.h"
#include "collectors/model/params.h"

#define LEAST_OPS 500u
#define BESIDES 2.3e6 /* accesses: tune_model_cost() */

static int set(struct trial_spec *s, const char *name, uint64_t v, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return trial_spec_set(s, name, text, e);
}

/* What the trial would take: so that shares of it can be asked for. */
static int fix_length(struct trial_spec *s, struct err *e)
{
	int rc = 0;

	if (s->run.ops == OPT_AUTO_U64)
		rc = set(s, "ops", MODEL_AUTO_OPS / s->run.workers, e);
	if (!rc && s->run.warmup_ops == OPT_AUTO_U64)
		rc = set(s, "warmup_ops", s->run.ops, e);
	return rc;
}

/* Nothing but the model, and of it what costs little. */
static int only_counts(struct trial_spec *s, struct err *e)
{
	int rc = trial_spec_set(s, "collect", "model", e);

	return rc ? rc : trial_spec_set(s, "model_who", "off", e);
}

int tune_model_init(struct tune_model *m, const struct tune_space *s,
		    const struct tune_objective *o, const struct trial_spec *spec,
		    struct launcher *launcher, struct err *e)
{
	int rc;

	*m = (struct tune_model){ .space = s, .objective = o, .launcher = launcher };
	rc = trial_spec_copy(&m->base, spec, e);
	if (rc)
		return rc;
	rc = only_counts(&m->base, e);
	if (!rc)
		rc = fix_length(&m->base, e);
	m->values = calloc(s->nr_points, sizeof(*m->values));
	if (!rc && !m->values)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc)
		tune_model_release(m);
	return rc;
}

void tune_model_release(struct tune_model *m)
{
	for (unsigned p = 0; m->values && p < m->space->nr_points; p++)
		tune_values_release(&m->values[p]);
	tune_values_release(&m->brief_base);
	free(m->values);
	m->values = NULL;
	trial_spec_release(&m->base);
}

/* What one launch came to. */
static int outcome(struct launch *r, struct tune_values *out, struct err *e)
{
	if (r->status == LAUNCH_INTERRUPTED)
		return err_set(e, -EINTR, "interrupted");
	if (r->status != LAUNCH_OK)
		return err_set(e, -ECANCELED, "%s: %s", launch_status_names[r->status], r->note);
	return tune_values_parse(out, r->out, e);
}

int tune_model_launch(struct launcher *l, struct trial_spec *s, struct tune_values *out,
		      struct err *e)
{
	struct launch r;
	int rc = only_counts(s, e);

	if (!rc)
		rc = launch_modelled(l, s, &r, e);
	if (rc)
		return rc;
	rc = outcome(&r, out, e);
	launch_release(&r);
	return rc;
}

int tune_model_trial(struct tune_model *m, unsigned p, double share, const char *const *more,
		     struct tune_values *out, struct err *e)
{
	struct trial_spec s;
	struct launch r;
	uint64_t ops, warm;
	int rc = trial_spec_copy(&s, &m->base, e);

	if (rc)
		return rc;
	s.config = m->space->point[p].config;
	ops = (uint64_t)ceil((double)s.run.ops * share);
	warm = (uint64_t)ceil((double)s.run.warmup_ops * share);
	s.run.ops = ops < LEAST_OPS && s.run.ops > LEAST_OPS ? LEAST_OPS : ops;
	s.run.warmup_ops = warm < LEAST_OPS && s.run.warmup_ops > LEAST_OPS ? LEAST_OPS : warm;
	while (!rc && more && *more)
		rc = trial_spec_set_pair(&s, *more++, e);
	if (!rc)
		rc = launch_modelled(m->launcher, &s, &r, e);
	trial_spec_release(&s);
	if (rc)
		return rc;
	rc = outcome(&r, out, e);
	launch_release(&r);
	return rc;
}

int tune_model_eval(void *model, unsigned p, double share, double *score, struct err *e)
{
	struct tune_model *m = model;
	const struct tune_point *point = m->space->point;
	struct tune_values v, *base = share < 1 ? &m->brief_base : &m->values[0];
	int rc;

	*score = 1;
	if (!p && share >= 1 &&
	    base->n) /* it was tried already: to see whether the objective can be had */
		return 0;
	rc = tune_model_trial(m, p, share, NULL, &v, e);
	*score = INFINITY;
	if (rc == -ECANCELED && p) {
		m->failed++;
		if (e)
			m->why = *e;
		return 0;
	}
	if (rc)
		return rc;
	if (!p) {
		tune_values_release(base);
		*base = v;
	}
	*score = tune_objective_score(m->objective, 1, &v, base,
				      point[p].bytes_per_object / point[0].bytes_per_object);
	if (share < 1 && p)
		tune_values_release(&v);
	else if (p)
		m->values[p] = v;
	return 0;
}

/*
 * In accesses: those that are simulated, and what a trial takes besides, mostly to clear its pages. Measured: 35 ms and
 * 15 ns an access, on two computers within a third; it only says what trials are worth, so it need not be exact, but
 * the same each time.
 */
double tune_model_cost(void *model, double share)
{
	const struct tune_model *m = model;
	const struct trial_opts *run = &m->base.run;
	double all = tune_value(&m->values[0], "model.l1d_accesses");
	double least = run->ops > LEAST_OPS ? (double)LEAST_OPS / (double)run->ops : 1;

	if (isnan(all))
		return 1;
	all *= 1 + (double)run->warmup_ops / (double)(run->ops ? run->ops : 1);
	return BESIDES + all * (share < least ? least : share);
}

double tune_model_spent(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}
