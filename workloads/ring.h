/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RING_H
#define SLABSCOPE_RING_H

/*
 * A ring of objects from one worker to one other (or to itself), and who is whose partner.
 *
 * Objects become visible to the consumer, and places to the producer, in batches: each side shows
 * where it is after every `batch` objects only, so both work in peace meanwhile, as those who hand
 * over whole lists do. Nobody waits inside: room and ready say what there is, and a step returns
 * WL_BLOCKED.
 *
 * Because of that, `batch` objects are put in before anything runs (ring_prime). Let a producer have
 * done p objects and its consumer c. In the ring are batch + p - c. If the producer is done and the
 * consumer is not (p > c), at least batch + 1 are in it and at most batch - 1 of these are not shown:
 * the consumer goes on. If the consumer is done and the producer is not (p < c), at most batch - 1
 * are in it and at most batch - 1 places are not shown as free: with a depth of 2 x batch or more
 * the producer goes on. So workers that are asked for the same number of objects get through,
 * whatever the numbers, and batches go on over the end of a step.
 *
 * Invariants: tail <= head <= tail + depth; shown values are never ahead of head and tail, and less
 * than `batch` behind.
 */

#include <stdbool.h>
#include <stdint.h>

#include "workloads/workload.h"

#define RING_LINE 128 /* two lines: the neighbour's is prefetched with it */

struct ring {
	/* what both read, one writes: each alone */
	uint64_t shown_head __attribute__((aligned(RING_LINE)));
	uint64_t shown_tail __attribute__((aligned(RING_LINE)));
	/* the producer's */
	uint64_t head __attribute__((aligned(RING_LINE))); /* objects put in so far */
	uint64_t tail_seen, unshown;
	/* the consumer's */
	uint64_t tail __attribute__((aligned(RING_LINE))); /* objects taken out so far */
	uint64_t head_seen, unshown_tail;
	/* never written while anybody runs */
	void **entry __attribute__((aligned(RING_LINE)));
	uint64_t depth; /* a power of two */
	uint64_t batch;
};

/* NULL: no memory. @depth: a power of two, 2 x @batch or more. */
struct ring *ring_create(uint64_t depth, uint64_t batch);
void ring_destroy(struct ring *r); /* NULL is fine; objects are the caller's */

/* The producer's: may one more object be put in? */
static inline __attribute__((always_inline)) bool ring_room(struct ring *r)
{
	if (r->head - r->tail_seen < r->depth)
		return true;
	r->tail_seen = __atomic_load_n(&r->shown_tail, __ATOMIC_ACQUIRE);
	return r->head - r->tail_seen < r->depth;
}

/* After ring_room(). The object's number is the head before. */
static inline __attribute__((always_inline)) void ring_put(struct ring *r, void *obj)
{
	r->entry[r->head++ & (r->depth - 1)] = obj;
	if (++r->unshown < r->batch)
		return;
	r->unshown = 0;
	__atomic_store_n(&r->shown_head, r->head, __ATOMIC_RELEASE);
}

/* The consumer's: is there an object? */
static inline __attribute__((always_inline)) bool ring_ready(struct ring *r)
{
	if (r->head_seen != r->tail)
		return true;
	r->head_seen = __atomic_load_n(&r->shown_head, __ATOMIC_ACQUIRE);
	return r->head_seen != r->tail;
}

/* After ring_ready(): the object that is next, number r->tail; it stays until ring_drop(). */
static inline __attribute__((always_inline)) void *ring_next(const struct ring *r)
{
	return r->entry[r->tail & (r->depth - 1)];
}

static inline __attribute__((always_inline)) void ring_drop(struct ring *r)
{
	r->tail++;
	if (++r->unshown_tail < r->batch)
		return;
	r->unshown_tail = 0;
	__atomic_store_n(&r->shown_tail, r->tail, __ATOMIC_RELEASE);
}

/* When nobody runs: object number @i, tail <= i < head. */
static inline void *ring_at(const struct ring *r, uint64_t i)
{
	return r->entry[i & (r->depth - 1)];
}

/* ---- who works with whom ---- */

enum ring_pairs {
	PAIR_ANY,   /* 0 with 1, 2 with 3, ... */
	PAIR_NODE,  /* on the same node */
	PAIR_OTHER, /* on different nodes */
	PAIR_SELF   /* each with itself: the same work, and nothing is shared */
};
extern const char *const ring_pair_names[];

/*
 * The partner of each worker into partner[env->workers]: partner[partner[i]] == i. Who is left over
 * is its own. -EINVAL: they do not pair up so, with the reason and what would help.
 */
int ring_partners(const struct wl_env *env, unsigned pairs, unsigned *partner, struct err *e);

#endif
