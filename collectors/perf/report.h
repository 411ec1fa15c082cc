/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_REPORT_H
#define SLABSCOPE_PERF_REPORT_H

/*
 * What was counted, as values: perf.X of all workers together and of each, perf.X_per_op, formulas
 * over what was counted together, perf.empty_X (what start and stop count themselves) and perf.read_ns.
 *
 * A sum is exact when all its parts are, scaled by the smallest share when one is scaled, and
 * unavailable when one is.
 */

#include "collectors/perf/worker.h"

void perf_report(const struct perf_plan *p, const struct perf_worker *w, unsigned workers,
		 uint64_t ops, struct value_sink *out);

#endif
