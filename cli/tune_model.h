/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_MODEL_H
#define SLABSCOPE_TUNE_MODEL_H

/* Points of a space, tried on the model: one trial of slabscope-model each. And a guess at what they
 * would come to that needs no trial. */

#include "cli/launch.h"
#include "cli/trial.h"
#include "cli/tune_objective.h"
#include "cli/tune_space.h"
#include "collectors/model/target.h"

struct tune_model {
	const struct tune_space *space;
	const struct tune_objective *objective;
	struct launcher *launcher;
	struct trial_spec base;	       /* collect=model, ops and warmup_ops are numbers */
	struct tune_values *values;    /* [points], of full length; n 0: none yet */
	struct tune_values brief_base; /* what stands, brief */
	unsigned failed;	       /* points that could not be run */
	struct err why;		       /* the last of them */
};

/* @spec is copied; @launcher stays the caller's. */
int tune_model_init(struct tune_model *m, const struct tune_space *s,
		    const struct tune_objective *o, const struct trial_spec *spec,
		    struct launcher *launcher, struct err *e);
void tune_model_release(struct tune_model *m);

/* One modelled trial of @s (changed: it collects nothing but the model's counts). As tune_model_trial(). */
int tune_model_launch(struct launcher *l, struct trial_spec *s, struct tune_values *out,
		      struct err *e);

/* A trial of point @p with more settings ("n=32"; NULL ends), share of the length. -ECANCELED: the trial
 * did not end well, @e says how; -EINTR: a signal; else -errno. */
int tune_model_trial(struct tune_model *m, unsigned p, double share, const char *const *more,
		     struct tune_values *out, struct err *e);

/* For struct tune_search. */
int tune_model_eval(void *model, unsigned p, double share, double *score, struct err *e);
double tune_model_cost(void *model, double share);
/* Processor seconds of all trials of this process. */
double tune_model_spent(void);

/*
 * The guess: what the workload's hot lines would miss in the L1 and L2 of the target with the layout of
 * each point, by a sketch of the workload (which lines it touches in what order) through
 * collectors/model/variants.h. @out: [points], cycles per operation; NaN where the target's caches are not
 * of a kind that variants has, or the workload has no sketch. Good for an order of trials, for nothing else.
 */
int tune_sketch(const struct tune_space *s, const struct trial_spec *spec,
		const struct mt_target *t, double *out, struct err *e);
/* The same of one layout. */
double tune_sketch_one(const struct slab_geometry *g, const struct slab_config *c,
		       const struct trial_spec *spec, const struct mt_target *t);

#endif
