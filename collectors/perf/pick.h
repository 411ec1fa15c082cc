/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_PICK_H
#define SLABSCOPE_PERF_PICK_H

/* Of several ways to count a quantity, the first whose events the kernel opens. */

#include "collectors/perf/choose.h"
#include "collectors/perf/sys.h"

struct perf_pick {
	int chosen;  /* index of the candidate; -1: none opens */
	unsigned nr; /* candidates that were tried and refused: why[0 .. nr-1], in their order */
	struct perf_refusal why[EV_CANDIDATES_MAX];
	unsigned bad[EV_CANDIDATES_MAX]; /* the term that was refused */
};

/* Tries @cand[@nr] in order on the calling thread; returns ->chosen. */
int perf_pick(struct perf_pick *out, const struct perf_sys *sys, const struct ev_candidate *cand,
	      unsigned nr, enum perf_side side, const struct perf_place *p);

/* The refusal to tell when none opens: one that can be remedied before one that cannot, then that
 * of the most trusted candidate. NULL: none was tried. */
const struct perf_refusal *perf_pick_why(const struct perf_pick *pick);

#endif
