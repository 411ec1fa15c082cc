/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_BENCH_LOADS_H
#define SLABSCOPE_BENCH_LOADS_H

/*
 * The seven loads that allocators of equal objects are compared by.
 *
 *	pair   alloc, free, again
 *	rand   128 allocs, then the 128 frees in a random order
 *	big    100,000 allocs, the first line of each written; frees in a random order
 *	pc     a thread on one CPU allocates, one on another frees, 64 objects are handed over at once
 *	two    two threads, each `rand` on its own objects, the first line of each written
 *	churn  50,000 live: free one at random, alloc one, write its first line
 *	burst  50,000 live: free 1 to 512 at random, alloc as many, write the first line of each
 *
 * pair and rand run over 100 objects that stay live. A pass to warm up goes before the pass that is measured. The
 * figure is the process's CPU time per alloc+free pair, all threads together; pc's is the time that passed inside alloc and
 * free, without waits (a hand-over that took longer than PC_LOST was interrupted, and is left out).
 *
 * Whoever includes this defines before
 *	static inline __attribute__((always_inline)) void *take(struct hands h, int how);
 *	static inline __attribute__((always_inline)) void give(struct hands h, void *p, int how);
 * and instantiates the loops with LOADS(name, how), where `how` is a constant that the two above choose by.
 */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "engine/allocator.h"
#include "engine/lock.h"
#include "engine/peer.h"
#include "lib/clock.h"

enum { LIVE = 100, BATCH = 128, ORDERS = 64, BIG = 100000, HELD = 50000, BURST = 512 };
enum { PC_BATCH = 64, PC_RING = 8 };
#define PC_LOST 200000.0 /* ns */

/* What a loop calls with, by value: `memory` in the engine's assembly makes the compiler load anything else anew. */
struct hands {
	struct seam_cache *c;
	struct kmem_cache *slab;
	void *pool;
	size_t size;
	struct peer_calls calls;
};

/* Random orders and numbers, made before anything is measured. */
struct load_data {
	uint8_t order[ORDERS][BATCH];
	uint32_t big[BIG];	  /* a permutation */
	uint32_t any[1u << 16];	  /* below HELD */
	uint16_t burst[1u << 10]; /* 1 .. BURST */
};

struct load_run {
	struct hands h;
	const struct load_data *d;
	void (*thread)(void); /* NULL, or what each thread says first */
	int cpu[2];
	uint64_t pairs; /* to run; what was run afterwards */
	double ns;	/* out: per pair */
	double ticks_per_ns;
	uint64_t began;
};

enum { LOAD_PAIR, LOAD_RAND, LOAD_BIG, LOAD_PC, LOAD_TWO, LOAD_CHURN, LOAD_BURST, LOADS_NR };
typedef void (*load_fn)(struct load_run *r);

static inline uint64_t load_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline void load_begin(struct load_run *r)
{
	r->began = load_cpu_ns();
}

static inline void load_end(struct load_run *r, uint64_t pairs)
{
	r->ns = (double)(load_cpu_ns() - r->began) / (double)pairs;
	r->pairs = pairs;
}

/* The compiler must believe that somebody looks at @p. */
static inline __attribute__((always_inline)) void escape(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

static inline __attribute__((always_inline)) void touch(void *p)
{
	*(volatile uint64_t *)p = 1;
}

static inline void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static inline __attribute__((always_inline)) void *take(struct hands h, int how);
static inline __attribute__((always_inline)) void give(struct hands h, void *p, int how);
#define LOAD_INLINE static inline __attribute__((always_inline))

/* ---- one thread ---- */

LOAD_INLINE void pair_pass(struct hands h, uint64_t n, const int how)
{
	while (n--) {
		void *p = take(h, how);

		escape(p);
		give(h, p, how);
	}
}

LOAD_INLINE void rand_pass(struct hands h, uint64_t n, const struct load_data *d, bool write,
			   const int how)
{
	void *p[BATCH];

	for (uint64_t b = 0; b < n / BATCH; b++) {
		const uint8_t *order = d->order[b % ORDERS];

		for (unsigned i = 0; i < BATCH; i++) {
			p[i] = take(h, how);
			if (write)
				touch(p[i]);
		}
		escape(p);
		for (unsigned i = 0; i < BATCH; i++)
			give(h, p[order[i]], how);
	}
}

LOAD_INLINE void over_live(struct load_run *r, bool batches, const int how)
{
	uint64_t n = r->pairs / BATCH * BATCH;
	struct hands h = r->h;
	void *live[LIVE];

	for (unsigned i = 0; i < LIVE; i++)
		live[i] = take(h, how);
	for (int pass = 0; pass < 2; pass++) {
		load_begin(r);
		if (batches)
			rand_pass(h, n, r->d, false, how);
		else
			pair_pass(h, n, how);
		load_end(r, n);
	}
	for (unsigned i = 0; i < LIVE; i++)
		give(h, live[i], how);
}

LOAD_INLINE void big_load(struct load_run *r, const int how)
{
	static void *p[BIG];
	const uint32_t *order = r->d->big;
	uint64_t passes = r->pairs / BIG ? r->pairs / BIG : 1;
	struct hands h = r->h;

	for (uint64_t pass = 0; pass <= passes; pass++) {
		if (pass == 1)
			load_begin(r);
		for (unsigned i = 0; i < BIG; i++) {
			p[i] = take(h, how);
			touch(p[i]);
		}
		for (unsigned i = 0; i < BIG; i++)
			give(h, p[order[i]], how);
	}
	load_end(r, passes * BIG);
}

LOAD_INLINE void hold(struct hands h, void **p, const int how)
{
	for (unsigned i = 0; i < HELD; i++) {
		p[i] = take(h, how);
		touch(p[i]);
	}
}

LOAD_INLINE void churn_load(struct load_run *r, const int how)
{
	static void *p[HELD];
	const uint32_t *any = r->d->any;
	struct hands h = r->h;

	hold(h, p, how);
	for (int pass = 0; pass < 2; pass++) {
		load_begin(r);
		for (uint64_t i = 0; i < r->pairs; i++) {
			/* the table once more, shifted, where it ends */
			unsigned k = (any[i & 0xffff] + (unsigned)(i >> 16) * 7919u) % HELD;

			give(h, p[k], how);
			p[k] = take(h, how);
			touch(p[k]);
		}
		load_end(r, r->pairs);
	}
	for (unsigned i = 0; i < HELD; i++)
		give(h, p[i], how);
}

LOAD_INLINE void burst_load(struct load_run *r, const int how)
{
	static void *p[HELD];
	const uint32_t *any = r->d->any;
	struct hands h = r->h;
	uint32_t at = 0;

	hold(h, p, how);
	for (int pass = 0; pass < 2; pass++) {
		uint64_t done = 0;

		load_begin(r);
		for (unsigned b = 0; done < r->pairs; b++) {
			unsigned n = r->d->burst[b & 1023];

			/* those to be freed are swapped to the end, so none is met twice */
			for (unsigned i = 0; i < n; i++) {
				unsigned k = any[at++ & 0xffff] % (HELD - i);
				void *out = p[k];

				p[k] = p[HELD - 1 - i];
				p[HELD - 1 - i] = out;
				give(h, out, how);
			}
			for (unsigned i = 0; i < n; i++) {
				p[HELD - 1 - i] = take(h, how);
				touch(p[HELD - 1 - i]);
			}
			done += n;
		}
		load_end(r, done);
	}
	for (unsigned i = 0; i < HELD; i++)
		give(h, p[i], how);
}

/* ---- two threads ---- */

struct load_two {
	struct load_run *r;
	pthread_barrier_t at;
	uint64_t n;
};

LOAD_INLINE void two_thread(struct load_two *t, int cpu, const int how)
{
	struct hands h = t->r->h;
	const struct load_data *d = t->r->d;
	uint64_t n = t->n;
	void *live[LIVE];

	if (t->r->thread)
		t->r->thread();
	pin(cpu);
	for (unsigned i = 0; i < LIVE; i++)
		live[i] = take(h, how);
	for (int pass = 0; pass < 2; pass++) {
		pthread_barrier_wait(&t->at); /* the clock is read */
		pthread_barrier_wait(&t->at);
		rand_pass(h, n, d, true, how);
		pthread_barrier_wait(&t->at);
	}
	for (unsigned i = 0; i < LIVE; i++)
		give(h, live[i], how);
}

static inline void two_load(struct load_run *r, void *(*a)(void *), void *(*b)(void *))
{
	struct load_two t = { .r = r, .n = r->pairs / 2 / BATCH * BATCH };
	pthread_t id[2];

	pthread_barrier_init(&t.at, NULL, 3);
	pthread_create(&id[0], NULL, a, &t);
	pthread_create(&id[1], NULL, b, &t);
	for (int pass = 0; pass < 2; pass++) {
		pthread_barrier_wait(&t.at);
		load_begin(r);
		pthread_barrier_wait(&t.at);
		pthread_barrier_wait(&t.at);
		load_end(r, 2 * t.n);
	}
	pthread_join(id[0], NULL);
	pthread_join(id[1], NULL);
	pthread_barrier_destroy(&t.at);
}

struct load_pc {
	struct load_run *r;
	uint64_t batches;
	double ticks[2], objects[2]; /* by the producer, the consumer */
	_Alignas(128) _Atomic uint64_t put;
	_Alignas(128) _Atomic uint64_t got;
	void *ring[PC_RING][PC_BATCH];
};

static inline void pc_wait(_Atomic uint64_t *a, uint64_t above)
{
	for (unsigned spins = 0; atomic_load_explicit(a, memory_order_acquire) <= above; spins++) {
		if (spins < 200)
			kmem_cpu_relax();
		else
			sched_yield();
	}
}

static inline void pc_note(struct load_pc *x, unsigned who, uint64_t ticks, uint64_t batch)
{
	if (batch < x->batches / 4 || (double)ticks > PC_LOST * x->r->ticks_per_ns)
		return; /* warming up, or interrupted */
	x->ticks[who] += (double)ticks;
	x->objects[who] += PC_BATCH;
}

LOAD_INLINE void pc_produce(struct load_pc *x, const int how)
{
	struct hands h = x->r->h;

	pin(x->r->cpu[0]);
	for (uint64_t b = 0; b < x->batches; b++) {
		void **to = x->ring[b % PC_RING];
		uint64_t t;

		if (b >= PC_RING)
			pc_wait(&x->got, b - PC_RING);
		t = clock_ticks_begin();
		for (unsigned i = 0; i < PC_BATCH; i++)
			to[i] = take(h, how);
		pc_note(x, 0, clock_ticks_end() - t, b);
		atomic_store_explicit(&x->put, b + 1, memory_order_release);
	}
}

LOAD_INLINE void pc_consume(struct load_pc *x, const int how)
{
	struct hands h = x->r->h;

	if (x->r->thread)
		x->r->thread();
	pin(x->r->cpu[1]);
	for (uint64_t b = 0; b < x->batches; b++) {
		void **from = x->ring[b % PC_RING];
		uint64_t t;

		pc_wait(&x->put, b);
		t = clock_ticks_begin();
		for (unsigned i = 0; i < PC_BATCH; i++)
			give(h, from[i], how);
		pc_note(x, 1, clock_ticks_end() - t, b);
		atomic_store_explicit(&x->got, b + 1, memory_order_release);
	}
}

LOAD_INLINE void pc_load(struct load_run *r, void *(*consumer)(void *), const int how)
{
	static struct load_pc x;
	pthread_t id;

	x.r = r;
	x.batches = r->pairs / PC_BATCH;
	pthread_create(&id, NULL, consumer, &x);
	pc_produce(&x, how);
	pthread_join(id, NULL);
	r->pairs = (uint64_t)x.objects[0];
	r->ns = (x.ticks[0] / x.objects[0] + x.ticks[1] / x.objects[1]) / r->ticks_per_ns;
}

/* ---- instances ---- */

#define LOAD_LOOP static __attribute__((noinline)) void
#define LOADS(name, how)                                                                        \
	LOAD_LOOP pair_##name(struct load_run *r)                                               \
	{                                                                                       \
		over_live(r, false, how);                                                       \
	}                                                                                       \
	LOAD_LOOP rand_##name(struct load_run *r)                                               \
	{                                                                                       \
		over_live(r, true, how);                                                        \
	}                                                                                       \
	LOAD_LOOP big_##name(struct load_run *r)                                                \
	{                                                                                       \
		big_load(r, how);                                                               \
	}                                                                                       \
	LOAD_LOOP churn_##name(struct load_run *r)                                              \
	{                                                                                       \
		churn_load(r, how);                                                             \
	}                                                                                       \
	LOAD_LOOP burst_##name(struct load_run *r)                                              \
	{                                                                                       \
		burst_load(r, how);                                                             \
	}                                                                                       \
	static void *two_a_##name(void *t)                                                      \
	{                                                                                       \
		two_thread(t, ((struct load_two *)t)->r->cpu[0], how);                          \
		return NULL;                                                                    \
	}                                                                                       \
	static void *two_b_##name(void *t)                                                      \
	{                                                                                       \
		two_thread(t, ((struct load_two *)t)->r->cpu[1], how);                          \
		return NULL;                                                                    \
	}                                                                                       \
	LOAD_LOOP two_##name(struct load_run *r)                                                \
	{                                                                                       \
		two_load(r, two_a_##name, two_b_##name);                                        \
	}                                                                                       \
	static void *pc_b_##name(void *x)                                                       \
	{                                                                                       \
		pc_consume(x, how);                                                             \
		return NULL;                                                                    \
	}                                                                                       \
	LOAD_LOOP pc_##name(struct load_run *r)                                                 \
	{                                                                                       \
		pc_load(r, pc_b_##name, how);                                                   \
	}                                                                                       \
	static const load_fn loads_##name[LOADS_NR] = { pair_##name, rand_##name, big_##name,   \
							pc_##name,   two_##name,  churn_##name, \
							burst_##name }

#endif
