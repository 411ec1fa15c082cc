/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PRECISION_H
#define SLABSCOPE_PRECISION_H

/*
 * When is a run with `precision` done? When each experiment's configs are known well enough against
 * its first one: the interval of the median ratio of `time.ns_per_op` has a half width of at most
 * the precision (as a log ratio). An experiment of one config is compared with nothing: its median's
 * own interval has to be so narrow.
 *
 * Looking after each block until it fits would find narrow intervals by luck. So there are few looks,
 * fixed by the plan (after 8, 16, 32, ... launches and at the end), and the error that is allowed
 * is divided by looks and comparisons: each interval is taken at 1 - (1 - 0.95) / (looks x
 * comparisons). The width is what stops a run, never the verdict.
 */

#include "cli/plan.h"

#define PRECISION_METRIC "time.ns_per_op"
#define PRECISION_COLLECTOR "time"
#define PRECISION_CONFIDENCE 0.95 /* of all looks and comparisons together */
#define PRECISION_FIRST_LOOK 8
#define PRECISION_LOOKS 32

struct precision_item {
	unsigned config, base; /* the same: no comparison, the median of one config */
	double half_width;     /* at the last look, as a ratio (0.01: 1 %); NaN: no interval */
};

struct precision {
	double asked; /* ratio; 0: none was asked for, and there are no looks */
	unsigned look[PRECISION_LOOKS],
		nr_looks;  /* launches after which it is looked at, ascending */
	double confidence; /* of each interval */
	struct precision_item *item;
	unsigned nr;
	unsigned launches; /* at the last look; 0: none yet */
	unsigned within;   /* items that are narrow enough; nr: reached */
};

/* -EINVAL if a config does not measure the metric; -ENOMEM. */
int precision_init(struct precision *x, const struct plan *p, struct err *e);
void precision_release(struct precision *x);

/* Is there a look after @launches? */
int precision_has_look(const struct precision *x, unsigned launches);
/* Look at the first @launches blocks: @v is rundir_values(). -ENOMEM. */
int precision_look(struct precision *x, const struct plan *p, const double *v, unsigned launches,
		   struct err *e);
int precision_reached(const struct precision *x);

#endif
