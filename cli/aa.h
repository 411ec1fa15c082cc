/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_AA_H
#define SLABSCOPE_AA_H

/*
 * `slabscope run --aa`: one config against itself, many times. What it finds is noise, so it says
 * what this host can show at all, and whether the intervals keep what they promise.
 *
 *	[aa01]			one experiment per comparison; a block runs all of them, the two
 *	variant = a: | b:	launches of each next to each other
 *	...
 *
 * The job is one like any other: stat, compare and --resume work on its folder.
 */

#include <stdio.h>

#include "cli/hostnoise.h"
#include "cli/job.h"
#include "cli/plan.h"
#include "cli/rundir.h"

#define AA_COMPARISONS 40 /* unless said otherwise */
#define AA_MOST 1000
#define AA_DURATION_MS "20" /* unless the job says otherwise: many launches matter, not long ones */
#define AA_METRIC "time.ns_per_op"
#define AA_CONFIDENCE 0.95 /* of each comparison by itself */

/* Make @out of @j, whose seed is a number and which has to be one config. -EINVAL naming the axes
 * that it has, or the option that does not go with it. @out holds nothing on failure. */
int aa_job(struct job *out, const struct job *j, unsigned comparisons, struct err *e);

/* Is @p such a job's plan: nothing but pairs of variants that set nothing? */
int aa_is(const struct plan *p);

struct aa_result {
	unsigned comparisons, judged; /* of the plan; with enough pairs for an interval */
	unsigned pairs;		      /* of each, median of those judged */
	unsigned faster, slower;      /* of those judged; both are false alarms */
	double coverage;	      /* what the intervals promise, mean of those judged */
	double expected;	      /* false alarms, if they keep it */
	unsigned most;		      /* at most so many in 95 % of such runs */
	double chance;		      /* of at least as many as there were */
	double sd, noise_floor;	      /* of log ratios; NaN: not known */
	double smallest_effect;	      /* ratio - 1, at power 0.8; NaN: not known */
};

/*
 * Of @comparisons, whose values are v[2 i * blocks + b] and v[(2 i + 1) * blocks + b], NaN for none.
 * No +-delta: an interval without 0 is a false alarm, however small. -ENOMEM.
 */
int aa_evaluate(struct aa_result *r, const double *v, unsigned comparisons, unsigned blocks,
		struct err *e);

/* Evaluate the run @d of @p, print it on @f, and keep it for this host. -ERANGE where no comparison
 * has pairs enough. */
int aa_report(FILE *f, const struct plan *p, const struct rundir *d, struct err *e);

#endif
