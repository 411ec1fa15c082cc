/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_ALIVE_H
#define SLABSCOPE_PERF_ALIVE_H

/*
 * Events that open and count nothing. A virtual PMU often has a row for every event and wires two of them; what the
 * others read is 0, and not a count. So before anything is measured, every event of a plan is counted once over code that
 * does a little of all there is (perf_alive_work()), and what reads 0 there is taken out of the plan:
 *
 *	quantities of which the code does some for certain (loads, lines from memory, new pages, ...): always
 *	others (remote memory, ...), for which 0 can be the truth: if one of the certain ones was dead, too
 *
 * It costs less than a millisecond for each set of events.
 */

#include "collectors/perf/plan.h"

/* Counts @p's hardware events over @work on the calling thread, and marks items: not ->counted, with ->why. */
void perf_plan_alive(struct perf_plan *p, void (*work)(void));

/* Loads, stores, branches, pages touched for the first time, and lines that come from memory: hundreds of each. */
void perf_alive_work(void);

#endif
