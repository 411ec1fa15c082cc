/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RUNNER_H
#define SLABSCOPE_RUNNER_H

#include "cli/plan.h"
#include "cli/rundir.h"

struct run_result {
	unsigned planned, there, ran; /* trials: of the plan, whole before we began, run by us */
	unsigned count[4]; /* of those run: ok, failed, crashed, timeout (enum launch_status) */
	int signal;	   /* that interrupted it, or 0 */
};

/*
 * Run the trials of @p that @d does not hold yet, in the plan's order, each appended and synced as
 * it ends. @timeout overrides the plan's where it is > 0. 0 with @r filled (also when interrupted);
 * -errno when trials cannot be started or written.
 */
int run_trials(const struct plan *p, const struct rundir *d, double timeout, int quiet, int verbose,
	       struct run_result *r, struct err *e);

/* What a run would take, on @f: experiments, axes, order of trials, memory, time. */
int run_print_plan(const struct plan *p, FILE *f, int verbose, struct err *e);

#endif
