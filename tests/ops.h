/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_OPS_H
#define SLABSCOPE_TESTS_OPS_H

/*
 * Random operations on an engine, against a shadow of what is live.
 *
 *	numbers (a seed's, or a fuzzer's bytes) --> ops_run(): one system on a machine made for it
 *	     each operation --> engine
 *	                    --> shadow: a bit per word that a user holds, a list of live objects per cache
 *
 * What is demanded: no two live objects share a word; alignment as promised; what was written stays; constructed
 * objects come constructed, zeroed ones zero; the node that was asked for, unless that one had no pages; NULL only
 * where memory was out or a failure injected; accounts that add up; nothing left after destroy. What is found
 * wrong is printed with seed and number of the operation, then abort().
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "engine/kmem_cache.h"
#include "lib/rng.h"

/* Where choices come from. With @data: its bytes, until they are used up; else numbers of @rng, without end. */
struct ops_source {
	const uint8_t *data;
	size_t len, at;
	struct rng rng;
	uint64_t seed; /* for messages */
};

void ops_source_bytes(struct ops_source *in, const uint8_t *data, size_t len);
void ops_source_seed(struct ops_source *in, uint64_t seed);
/* 0 .. n - 1; 0 when the bytes are used up. */
uint64_t ops_pick(struct ops_source *in, uint64_t n);
int ops_dry(const struct ops_source *in);

#define OPS_OPTIONS_MAX 64

/* What was done, for tests that want to see that everything was. */
struct ops_stats {
	uint64_t ops, allocs, nulls, injected, frees, tunes, tunes_refused, creates, checks,
		destroys_refused;
	uint64_t rseq_runs, slot_runs;
	uint64_t option
		[OPS_OPTIONS_MAX]; /* caches in which row i of slab_config_opts was not at its default */
};

/* At most @most operations (fewer if the source runs dry) on one system, from create to destroy. */
void ops_run(struct ops_source *in, uint64_t most, struct ops_stats *st);

/* ---- toggles: ops_toggles.c ---- */

/* Change a few rows of @c (@fixed: also those that a live cache cannot change) to other values, mostly sensible
 * ones. The result may still be refused by the engine. */
void ops_toggle(struct ops_source *in, struct slab_config *c, unsigned nodes, int fixed);

/* ---- shadow: ops_shadow.c ---- */

struct ops_live {
	void *p;
	uint64_t id; /* what its bytes are made of */
	uint32_t size;
};

struct ops_pool {
	struct kmem_cache *cache; /* NULL: not in use (pool 0 is kmalloc's) */
	struct slab_config config;
	unsigned size, align; /* bytes; alignment that was promised */
	unsigned ctor;	      /* 1: objects begin with OPS_CTOR while they are free */
	struct ops_live *live;
	size_t n, room;
};

#define OPS_CTOR UINT64_C(0x436f6e7374727563)
#define OPS_POOLS 7

struct ops {
	struct ops_source *in;
	struct ops_stats *st;
	struct kmem_system *s;
	struct ops_pool pool[OPS_POOLS];
	uint64_t *words; /* a bit per 8 bytes of the engine's reservation: a user holds it */
	size_t words_len;
	uintptr_t base;
	uint64_t next_id, done, live_bytes;
	unsigned nodes, cpus, rseq, names;
	unsigned short cpu[64]; /* rseq: those we may run on */
	struct kmem_machine *machine;
	uint64_t reap_ms;
	unsigned tide;	  /* of 840 operations on a cache, so many allocate */
	int injecting;	  /* the whole system has a failure coming */
	const char *what; /* the operation in progress */
};

void ops_fail(const struct ops *o, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void shadow_init(struct ops *o);
void shadow_release(struct ops *o);
/* The engine handed out @p of @pool: check it, mark it, fill it. @zeroed: it must be all zero. */
void shadow_take(struct ops *o, struct ops_pool *pool, void *p, uint32_t size, int zeroed);
/* Live object @i of @pool goes back: its contents are checked, its marks removed. Returns its address. */
void *shadow_give(struct ops *o, struct ops_pool *pool, size_t i);
void shadow_verify(const struct ops *o, const struct ops_live *l);

#endif
