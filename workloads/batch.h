/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_BATCH_H
#define SLABSCOPE_BATCH_H

/*
 * The generator under batch, threadtest, cache-scratch, cache-thrash, sh6, sh8, mstress and frag: allocate
 * a number of objects, then free them in some order, again and again.
 *
 * A worker has n places. A round frees m of the objects, where m = n - n * keep / 100, and
 * then fills their places again; with keep=0 that is all of them. One operation is two calls, whichever they
 * are, so over whole rounds it is one allocation and one free. Rounds go on over the end of a step.
 *
 *	free_order	which m, and in which order
 *	fifo		the oldest, oldest first
 *	lifo		the newest, newest first
 *	random		any
 *	reverse		by turns: one round as fifo, the next as lifo
 *
 * With share, of so many frees in a hundred the object is handed to the partner, and one that the
 * partner handed over is freed instead; objects and rings are workloads/tagged.h's. Since m is the same for all
 * workers, they exchange equally often.
 *
 * With handed, the first worker allocates the first objects of all others, one beside the other,
 * and they free them before anything is measured: each goes on with memory that shares lines with the neighbour's.
 *
 * With trim, each worker asks the engine to give memory back when it has freed a round's objects: by
 * shrinking the caches, or by a tick of the reaper for its CPU, 4 s after the one before.
 * With samples, the first worker looks at what the caches hold after each half of a round, so many times, first after
 * freeing; batch_report() tells it.
 *
 * Places 0 .. m-1 of a round are place(j), by which the round before filled them:
 *	fifo: (start + j) % n, start moves by m each round;  lifo: n - 1 - j freed, n - m + j filled;
 *	random: at[j], drawn when it is freed, Fisher-Yates.
 */

#include "workloads/tagged.h"

enum batch_trim { TRIM_NONE, TRIM_SHRINK, TRIM_REAP };
enum batch_order { ORDER_LIFO, ORDER_FIFO, ORDER_RANDOM, ORDER_REVERSE };

struct batch_params {
	struct tagged_params tagged;
	uint64_t n;
	unsigned order, keep, writes, handed;
	unsigned trim, samples; /* 0 where a workload has no such option */
};

struct batch_sample {
	uint64_t asked,
		held; /* bytes, of all caches: what users have, and what it takes to hold it */
};

struct batch_env {
	struct tagged_env tagged;
	uint64_t round;		     /* m */
	struct tagged *handed;	     /* [workers], while it is set up */
	struct batch_sample *sample; /* [nr_samples] of samples */
	unsigned nr_samples;
};

struct batch_worker {
	struct tagged_worker tagged;
	struct tagged *place;
	uint32_t *at; /* [n] permutation of places; only for random */
	uint64_t n, round;
	uint64_t calls; /* alloc and free, so far: 2 per operation, and the one that was left over */
	uint64_t frees;	   /* so far */
	uint64_t j;	   /* calls of this half of the round so far */
	uint64_t start;	   /* fifo: the oldest place */
	uint64_t ticks;	   /* of the reaper */
	bool filling, odd; /* odd: reverse, a round as lifo */
};

extern const char *const batch_order_names[], *const batch_trim_names[];
int batch_setup(struct wl_env *env, struct err *e);
int batch_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int batch_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int batch_verify(struct wl_env *env, struct err *e);
void batch_teardown(struct wl_env *env);
void batch_cost(const struct wl_env *env, struct wl_cost *cost);
int batch_validate(const void *params, struct err *e);
uint64_t batch_memory(const void *params, const struct slab_config *c);
void batch_report(const struct wl_env *env, struct wl_report *r);
/* A worker has come to the end of half a round: trim and samples. */
void batch_half_over(struct wl_env *env, struct wl_worker *w);
wl_step_fn batch_step_table, batch_step_direct, batch_step_table_timed, batch_step_direct_timed;

/* What every workload of this generator has besides name, help, doc and options. */
#define BATCH_WORKLOAD                                                                        \
	.params_size = sizeof(struct batch_params), .setup = batch_setup,                     \
	.setup_worker = batch_setup_worker, .settle_worker = batch_settle_worker,             \
	.step = { batch_step_table, batch_step_direct },                                      \
	.timed = { batch_step_table_timed, batch_step_direct_timed }, .verify = batch_verify, \
	.teardown = batch_teardown, .cost = batch_cost, .validate = batch_validate,           \
	.memory = batch_memory

/* Rows of its option tables, with the defaults of each workload. All of them are in each. */
#define BATCH_FIELD(f) .offset = offsetof(struct batch_params, f)
#define BATCH_OPTS(n_, size, largest, nr, how, order_, touch_, writes_, keep_, share_, handed_)       \
	{ .name = "n",                                                                                \
	  BATCH_FIELD(n),                                                                             \
	  .type = OPT_U64,                                                                            \
	  .min = 1,                                                                                   \
	  .max = 1u << 26,                                                                            \
	  .unit = "objects",                                                                          \
	  .def = n_,                                                                                  \
	  .help = "objects of each worker when all are there" },                                      \
		TAGGED_OPTS(struct batch_params, tagged, size, largest, nr, how, touch_, share_),     \
		{ .name = "free_order",                                                               \
		  BATCH_FIELD(order),                                                                 \
		  .type = OPT_ENUM,                                                                   \
		  .names = batch_order_names,                                                         \
		  .def = order_,                                                                      \
		  .help = "newest first, oldest first, any, or oldest and newest first by turns" },   \
		{ .name = "keep",                                                                     \
		  BATCH_FIELD(keep),                                                                  \
		  .type = OPT_UINT,                                                                   \
		  .max = 99,                                                                          \
		  .unit = "%",                                                                        \
		  .def = keep_,                                                                       \
		  .help = "objects that stay over a round" },                                         \
		{ .name = "writes",                                                                   \
		  BATCH_FIELD(writes),                                                                \
		  .type = OPT_UINT,                                                                   \
		  .min = 1,                                                                           \
		  .max = 1u << 20,                                                                    \
		  .unit = "times",                                                                    \
		  .def = writes_,                                                                     \
		  .help = "how often the touched lines of each new object are written" },             \
	{                                                                                             \
		.name = "handed", BATCH_FIELD(handed), .type = OPT_BOOL, .def = handed_,              \
		.help = "each worker begins with an object of the first worker's, beside the others'" \
	}

#endif
