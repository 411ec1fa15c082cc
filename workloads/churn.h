/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_CHURN_H
#define SLABSCOPE_CHURN_H

/* Private to churn.c (before and after) and churn_step.c (what is measured). */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/workload.h"

enum churn_lifetime { LIFE_RANDOM, LIFE_FIFO, LIFE_LIFO, LIFE_PARETO };

struct churn_params {
	uint64_t n;
	uint64_t object_size;
	uint64_t burst;
	unsigned touch;
	unsigned lifetime;
};

struct churn_env {
	size_t line;
	unsigned touch; /* resolved */
	bool aliases;	/* live objects may share memory: stamps are read, but need not be right */
};

struct churn_worker {
	void **slot;
	uint64_t *hole; /* [burst] slots that the running round has emptied */
	uint64_t n, next;
	uint64_t burst; /* resolved: <= n */
	uint64_t key;
};

static inline uint64_t churn_stamp(const struct churn_worker *cw, uint64_t i, const void *obj)
{
	return cw->key ^ (uintptr_t)obj ^ (i * UINT64_C(0x9e3779b97f4a7c15));
}

static inline __attribute__((always_inline)) void churn_touch(char *obj, uint64_t stamp,
							      size_t line, unsigned touch)
{
	for (unsigned l = 0; l < touch; l++)
		WL_WRITE(obj + l * line, stamp + l);
}

/* Slot @i's object holds @is, and not @should. */
static inline enum wl_status churn_broken(struct wl_worker *w, uint64_t i, const void *obj,
					  uint64_t is, uint64_t should)
{
	return wl_fail(w, -EILSEQ,
		       "worker %u, slot %" PRIu64 ": object %p holds %016" PRIx64
		       ", not its stamp %016" PRIx64 ": it was damaged or handed out twice",
		       w->id, i, obj, is, should);
}

/* churn_step.c, and the same again with single operations timed: churn_step_timed.c */
wl_step_fn churn_step_table, churn_step_direct, churn_step_table_timed, churn_step_direct_timed;

#endif
