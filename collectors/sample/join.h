/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SAMPLE_JOIN_H
#define SLABSCOPE_SAMPLE_JOIN_H

/*
 * Samples joined with the log of slabs: what each address was part of when it was sampled.
 *
 * An address is exactly one of enum sample_part, so their counts add up to the samples. Of an object
 * of the workload's caches it is also counted by the slab's colour and node, by the line in the slab,
 * and by line and field of the object. These use at most so many counters; where there would be more,
 * a counter stands for some neighbours (`step`), or the last one for all the rest (colours).
 */

#include "collectors/sample/ring.h"
#include "collectors/sample/slablog.h"

enum sample_part {
	PART_OBJECT,	   /* what a user may use of an object of the workload's caches */
	PART_PADDING,	   /* between these: red zones, alignment, stride_pad */
	PART_HEADER,	   /* struct slab, in the slab or in another cache's object */
	PART_INDEX,	   /* the free index, the same */
	PART_SLACK,	   /* of a slab: in front of it by its colour, or left over */
	PART_OTHER_CACHE,  /* objects of other caches, in which no management lies */
	PART_QUEUE,	   /* arrays of CPUs, shared and alien ones */
	PART_ENGINE,	   /* cache heads, node lists, page map, accounts */
	PART_UNKNOWN_SLAB, /* where slabs are, but the log knows none */
	PART_ELSEWHERE,	   /* the workload's own data, stacks, code */
	PART_NR
};
extern const char *const sample_part_names[]; /* [PART_NR] */

/* Where memory came from: enough of the hardware's answers to count by. */
enum sample_level {
	LEVEL_L1,
	LEVEL_LFB,
	LEVEL_L2,
	LEVEL_L3,
	LEVEL_LOCAL_DRAM,
	LEVEL_REMOTE_DRAM,
	LEVEL_REMOTE_CACHE,
	LEVEL_UNKNOWN,
	LEVEL_NR
};
extern const char *const sample_level_names[]; /* [LEVEL_NR] */

#define JOIN_COLOURS 32
#define JOIN_LINES 64
#define JOIN_OBJECT_LINES 16
#define JOIN_FIELDS 32
#define JOIN_NODES 8

struct join_parts; /* pieces of the engine's own memory */

/* What is counted against: fixed before the first sample. */
struct join_map {
	const struct slab_log *log; /* settled */
	struct kmem_system *system;
	struct kmem_cache *const *cache; /* the workload's */
	unsigned nr_caches;
	unsigned line; /* bytes */
	struct join_parts *parts;
	/* over the geometries of the workload's caches */
	unsigned colours, lines, line_step, object_lines, object_line_step, fields, field_bytes,
		nodes;
};

struct join_counts {
	uint64_t samples;
	uint64_t part[PART_NR];
	uint64_t colour[JOIN_COLOURS + 1]; /* the last: all that are higher */
	uint64_t line[JOIN_LINES], object_line[JOIN_OBJECT_LINES], field[JOIN_FIELDS];
	uint64_t node[JOIN_NODES + 1];
	uint64_t level[LEVEL_NR], hitm, tlb_miss;
};

/* Fills what is said above from log, system and caches. -ENOMEM. */
int join_map_init(struct join_map *m, const struct slab_log *log, struct kmem_system *s,
		  struct kmem_cache *const *cache, unsigned nr_caches, unsigned line,
		  unsigned nodes);
void join_map_release(struct join_map *m);

/* The part that @addr was of at @t. @slab (may be NULL): the slab that it lay in, or NULL. */
enum sample_part join_part(const struct join_map *m, uint64_t addr, uint64_t t,
			   const struct slab_record **slab);
/* @sample_type: which fields of @s mean anything. */
void join_add(const struct join_map *m, struct join_counts *c, const struct sample *s,
	      uint64_t sample_type);

#endif
