/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_WHO_H
#define SLABSCOPE_MODEL_WHO_H

/*
 * Whose memory missed: each miss of the model is given to a structure of the engine, to a cache and a
 * line of its objects, and to what the allocator was doing.
 *
 * A miss comes in the middle of the engine's work, with its locks held, so the engine cannot be asked
 * then. Slabs are known from its watcher, by page. What is not in a slab is noted by line, and the
 * engine is asked what it was when the region is over: such memory keeps its place.
 *
 *	slab page -> header or index (on the slab, or an object of another cache: off-slab)
 *		  -> object: cache, line of the object
 *		  -> padding: colour, tail
 *	else, at the end: array, shared, alien, head (of caches and nodes), page map, meta,
 *		  the workload's own memory, the program's (stack and globals)
 */

#include <stdbool.h>
#include <stdint.h>

#include "collectors/model/model.h"
#include "collectors/model/sim.h"
#include "engine/kmem_cache.h"

enum who_part {
	WHO_OBJECT,
	WHO_HEADER,
	WHO_INDEX,
	WHO_ARRAY,
	WHO_SHARED,
	WHO_ALIEN,
	WHO_HEAD,
	WHO_PAGEMAP,
	WHO_META,
	WHO_WORKLOAD,
	WHO_OTHER,
	WHO_NR
};
extern const char *const who_names[]; /* "object", "header", ..., NULL */

#define WHO_IN_SLAB (WHO_INDEX + 1) /* parts of slabs: their misses are also kept by set of L1 */
#define WHO_CACHES 64		    /* told apart; the rest are counted together in the last one */
#define WHO_LINES 64		    /* of an object; the same */

struct who_cache {
	const struct kmem_cache *cache;
	char name[64];
	uint64_t misses[SIM_LEVELS];
	uint64_t line[SIM_LEVELS][WHO_LINES];
};

struct who;

/* @line, @sets: of L1. @s NULL: another allocator, of whose memory nothing is known. */
int who_create(struct who **w, struct kmem_system *s, unsigned page_size, unsigned line,
	       unsigned sets, struct err *e);
void who_destroy(struct who *w); /* NULL is fine */

/* Slabs from now on by the watcher, those that live already by asking: outside the region. */
int who_watch(struct who *w, struct err *e);
/* For struct sim_options; @arg is the struct who. */
void who_miss(void *arg, enum sim_level level, unsigned cpu, uint64_t addr, bool write,
	      enum sim_kind kind);
/* Counts start at 0. */
void who_reset(struct who *w);
/* Ask about everything that was noted: outside the region, before counts are read. 0 or -ENOMEM (also
 * if there was no memory for a note during the region). */
int who_settle(struct who *w, struct err *e);

struct who_counts {
	uint64_t part[SIM_LEVELS][WHO_NR];
	uint64_t op[SIM_LEVELS][MODEL_OPS]; /* by model_state.op */
	uint64_t hidden;		    /* misses in padding of slabs: they are in WHO_OTHER */
	unsigned sets;			    /* of L1 */
	uint64_t *set[WHO_IN_SLAB];	    /* [sets], l1d */
	unsigned nr_caches;
	struct who_cache cache[WHO_CACHES];
};
const struct who_counts *who_counts(const struct who *w);

#endif
