/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_CHURN_H
#define SLABSCOPE_CHURN_H

/* Private to churn.c (before and after) and churn_step.c (what is measured). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/stamp.h"
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
	return wl_stamp(cw->key, i, obj);
}

/* churn_step.c, and the same again with single operations timed: churn_step_timed.c */
wl_step_fn churn_step_table, churn_step_direct, churn_step_table_timed, churn_step_direct_timed;

#endif
