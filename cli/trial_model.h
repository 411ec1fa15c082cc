/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TRIAL_MODEL_H
#define SLABSCOPE_TRIAL_MODEL_H

/*
 * A modelled trial: the workers of a simulated machine, stepped by one OS thread.
 *
 * `model` in the list of collectors makes a trial modelled (x->model is set). The machine is then the
 * target's, `workers` and `cpus` are of its CPUs, and the crew has no threads: whatever a worker does,
 * the main thread does with that worker's CPU taken on. Steps go in rounds: in each, every worker
 * that has operations left gets a turn of at most `model_chunk` of them, in an order that is drawn
 * anew from the trial's seed. A blocked worker is asked again in the next round. There is no clock: `ops`
 * and `warmup_ops` auto are numbers, so the same seed does the same.
 *
 * Hooks are on in `step` only, warm-up included. In the model build each worker steps on a stack of its
 * own, as threads do; on one for all, its lines would wander from one simulated CPU to the other.
 */

#include "cli/trial_exec.h"
#include "collectors/model/params.h"
#include "lib/rng.h"

#define TRIAL_MODEL_STACK ((size_t)256 << 10) /* the lowest page of each cannot be touched */

struct trial_model {
	const struct model_params *params;
	struct mt_target target;
	struct rng rng;	 /* the order of turns */
	uint64_t *left;	 /* [workers], operations */
	char *stacks;	 /* [workers], TRIAL_MODEL_STACK bytes each; NULL: on the main thread\'s */
	unsigned *order; /* [workers] */
};

/* Set x->model if the trial is a modelled one. */
int trial_model_open(struct trial_exec *x, struct err *e);
void trial_model_close(struct trial_exec *x);

/* x->machine and x->cpu. */
int trial_model_machine(struct trial_exec *x, struct err *e);
/* The main thread is @cpu from now on, for the engine and for the model; or none. */
int trial_model_bind(struct trial_exec *x, unsigned cpu, struct err *e);
void trial_model_unbind(struct trial_exec *x);

/* All workers do @n operations each. -EDEADLK: all that have some left wait. */
int trial_model_steps(struct trial_exec *x, uint64_t n, struct err *e);
/* What auto stands for. */
uint64_t trial_model_ops(const struct trial_exec *x);

/* A target that was read, kept from one config of a plan to the next: hwloc takes its time to read `host`. Begins as {}. */
struct trial_model_target {
	bool have;
	char target[OPT_STR_MAX], fill[OPT_STR_MAX]; /* as they were asked for */
	struct mt_target t;
};

/* What can be known before: names, the target's CPUs and nodes. @m: filled with its machine. */
struct kmem_machine;
int trial_model_validate(const struct trial_spec *s, struct kmem_machine *m,
			 struct trial_model_target *kept, struct err *e);
/* A record is of one trial, and of a modelled one; @trials: of the whole run. */
int trial_model_check_record(const struct trial_spec *s, uint64_t trials, struct err *e);

/* The collectors of @list that run in the native trial, into @rest (may be "" when there are none). */
void trial_model_split(const char *list, char rest[OPT_STR_MAX]);

/* trial_main()'s trial_run() in the model build: on a stack that begins at a round address. */
int trial_model_run(const struct trial_spec *s, int out);

#endif
