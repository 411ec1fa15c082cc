/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_THREADS_HELP_H
#define SLABSCOPE_TESTS_THREADS_HELP_H

/*
 * A stage for many threads in the same caches.
 *
 * Who holds an object writes its number into a table outside the engine (one byte per word of memory): an object
 * that is handed out twice is found at once, with no help from what it contains. Its contents are written and
 * compared too, with plain stores: a thread sanitizer sees whoever else touches them.
 *
 *	SLABSCOPE_THREADS_OPS=n  operations per thread (default 150000; fewer under a sanitizer)
 */

#include <pthread.h>

#include "tests/ops_impl.h"

#define WORKERS 8 /* at most */
#define CACHES 2
#define HELD 48
#define RING 64

struct ring {
	pthread_mutex_t lock;
	unsigned n;
	struct {
		unsigned char *p;
		unsigned cache;
		uint64_t stamp;
	} at[RING];
};

struct stage {
	struct kmem_system *s;
	struct kmem_cache *c[CACHES];
	unsigned size[CACHES];
	_Atomic unsigned char *owner; /* of each word of the engine's memory; 0: nobody */
	size_t words;
	unsigned workers, ops, nodes;
	unsigned least; /* tunes and looks before the workers may end */
	struct ring ring[WORKERS];
	atomic_uint running;
	atomic_ulong allocs, nulls, frees, handed, tunes, looks;
};

struct worker {
	struct stage *st;
	unsigned me;
	struct rng rng;
	struct {
		unsigned char *p;
		unsigned cache;
		uint64_t stamp;
	} held[HELD];
	unsigned n;
	unsigned long allocs, nulls, frees, handed;
};

/* Where an array's owner comes from, and over how many nodes. */
struct thread_mode {
	const char *name;
	unsigned source, nodes;
};
#define MODES 4
extern const struct thread_mode modes[MODES];

/* 0 for one that this build or machine has not: rseq under a thread sanitizer, on an old kernel. */
int has_mode(const struct thread_mode *m);

int sanitized(void);
unsigned ops_per_thread(void);

/* Say what is wrong and abort, on whatever thread finds it: cmocka's asserts belong to the main one. */
void broken(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Two caches, of objects of @small and @large bytes. */
void stage_begin(struct stage *st, unsigned source, unsigned nodes, const struct slab_config *cfg,
		 unsigned small, unsigned large);
void stage_end(struct stage *st); /* nothing may be left */
void start(pthread_t *t, void *(*fn)(void *), void *arg);

/* @p of cache number @cache was allocated: it must be nobody's, and is @w's from now on. */
void hold(struct worker *w, unsigned cache, unsigned char *p);
/* It is about to be freed: it must be as it was left. */
unsigned char *let_go(struct worker *w, unsigned char *p, unsigned cache, uint64_t stamp);
unsigned char *let_go_held(struct worker *w, unsigned i, unsigned *cache);
/* Each word of @p must be @stamp. */
void compare_stamp(const unsigned char *p, unsigned size, uint64_t stamp);
/* Off to another CPU, with whatever the worker holds. */
void work_move(struct worker *w);

#endif
