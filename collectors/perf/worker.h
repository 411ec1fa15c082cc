/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_WORKER_H
#define SLABSCOPE_PERF_WORKER_H

/* One worker's counters: a group for each set of the plan, opened, started and stopped by the
 * thread that they count. */

#include "collectors/perf/plan.h"

#define PERF_EMPTY_REGIONS 100

/* How counters are read. */
enum perf_read_by { PERF_READ_AUTO, PERF_READ_RDPMC, PERF_READ_CALL };

struct perf_slot {
	struct perf_group group;
	bool open;
	struct perf_refusal why; /* not open */
	/* an empty region, started and stopped as the measured one is: least of all tries */
	bool calibrated;
	double empty[PERF_GROUP_MAX];
	uint64_t read_ns; /* one reading, least of all tries */
	const char *read_how;
};

struct perf_worker {
	struct perf_slot *slot; /* [plan->nr_sets] */
	unsigned nr;
} __attribute__((aligned(256)));

/* Opens and calibrates. -ENOMEM only: a group that does not open is a slot with a reason. */
int perf_worker_open(struct perf_worker *w, const struct perf_plan *p, enum perf_read_by by,
		     struct err *e);
/* The sets of @pass; the hardware's are nearest the region. */
void perf_worker_start(struct perf_worker *w, const struct perf_plan *p, unsigned pass);
void perf_worker_stop(struct perf_worker *w, const struct perf_plan *p, unsigned pass);
void perf_worker_close(struct perf_worker *w); /* any thread; harmless on a zeroed one */

#endif
