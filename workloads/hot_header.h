/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_HOT_HEADER_H
#define SLABSCOPE_HOT_HEADER_H

/* Private to hot_header.c (before and after), hot_choose.c (which objects) and hot_step.c (what is
 * measured). */

#include <stddef.h>
#include <stdint.h>

#include "workloads/workload.h"

enum hot_access { HOT_LOAD, HOT_RMW, HOT_CHASE };
enum hot_pattern { HOT_IN_ORDER, HOT_RANDOM };

struct hot_params {
	uint64_t n;
	uint64_t object_size;
	uint64_t slabs;
	uint64_t hot_offset;
	unsigned access, pattern;
	unsigned lines;
};

struct hot_env {
	size_t line, page;
	unsigned lines;
};

struct hot_worker {
	/* read while measured */
	uint32_t *order; /* offsets of hot words from base >> shift, in visiting order; NULL: use
			    hot[] */
	char *base;
	unsigned shift;
	const char *cursor; /* chase: where it stands */
	uint64_t n, pos;
	uint64_t sum; /* of all that was loaded */
	/* not touched while measured (but hot[] where order is NULL) */
	char **hot; /* hot words in visiting order */
	uint64_t key;
	char **surplus; /* objects to give back when all workers have chosen */
	size_t nr_surplus;
	void *order_mem;
};

static inline uint64_t hot_value(const struct hot_worker *hw, uint64_t i, unsigned l)
{
	uint64_t state = hw->key + i * 65537 + l;

	return rng_splitmix64(&state);
}

static inline uint64_t hot_stamp(const struct hot_worker *hw, const char *line)
{
	return ~hw->key ^ (uintptr_t)line;
}

/*
 * Allocate, and choose the worker's objects: hw->hot[0 .. hw->n) are addresses of objects (n =
 * params->n on success), the rest goes to hw->surplus. On failure n is 0 and all that was allocated
 * is surplus.
 */
int hot_choose(struct wl_env *env, struct hot_worker *hw, struct err *e);

/* hot_step.c, and the same again with single visits timed: hot_step_timed.c */
wl_step_fn hot_step, hot_step_timed;

#endif
