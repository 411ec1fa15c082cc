/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RUNNER_H
#define SLABSCOPE_RUNNER_H

/*
 * Runs what a folder lacks of its plan, block after block:
 *
 *	[budget: would it end in time?] configs in the plan's order; then, up to `repeats` times, those
 *	that were disturbed, in the same order [precision: look]
 *
 * A repeat so stands near the trials that it is compared with, and a block's last attempt is made
 * before the next block begins. Where a run goes on follows from samples.csv alone.
 */

#include "cli/plan.h"
#include "cli/precision.h"
#include "cli/rundir.h"
#include "cli/state.h"

enum run_end {
	RUN_ALL,       /* of the plan is done */
	RUN_PRECISION, /* it was reached before that */
	RUN_BUDGET,    /* the next block would not end in time */
	RUN_SIGNAL,
};
extern const char *const run_end_names[]; /* "all", "precision", "time_budget", "signal" */

struct run_request {
	double timeout, budget_s; /* > 0: instead of the plan's; budget_s < 0: none */
	int quiet, verbose;
	/* What runs one trial: 0 and *@r, or -errno. NULL: launch_trial(), which a test replaces. */
	int (*launch)(void *arg, unsigned block, unsigned config, const char *spec,
		      struct launch *r, struct err *e);
	void *launch_arg;
};

struct run_result {
	enum run_end end;
	unsigned planned, there,
		ran;	 /* trials: of the plan, settled before we began; attempts that we made */
	unsigned blocks; /* launches that are whole */
	double seconds, budget_s;   /* that it took us; that it might (0: as long as it likes) */
	int signal;		    /* that interrupted it, or 0 */
	struct run_counts count;    /* of the whole folder */
	struct precision precision; /* as of the last look */
	struct state_empty *empty;  /* configs without figures */
	unsigned nr_empty;
};

/*
 * Run the trials of @p that @d does not hold yet, each appended and synced as it ends. 0 with @r
 * filled (also when interrupted); -errno when trials cannot be started or written.
 * run_result_release() either way.
 */
int run_trials(const struct plan *p, const struct rundir *d, const struct run_request *q,
	       struct run_result *r, struct err *e);
void run_result_release(struct run_result *r);

#endif
