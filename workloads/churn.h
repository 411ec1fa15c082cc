/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_CHURN_H
#define SLABSCOPE_CHURN_H

/* The generator under churn and burst: churn.c (before and after) and churn_step.c (what is measured). */

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

extern const char *const churn_lifetime_names[];

int churn_setup(struct wl_env *env, struct err *e);
int churn_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int churn_verify(struct wl_env *env, struct err *e);
void churn_teardown(struct wl_env *env);
void churn_cost(const struct wl_env *env, struct wl_cost *cost);
int churn_validate(const void *params, struct err *e);
uint64_t churn_memory(const void *params, const struct slab_config *c);
/* churn_step.c, and the same again with single operations timed: churn_step_timed.c */
wl_step_fn churn_step_table, churn_step_direct, churn_step_table_timed, churn_step_direct_timed;

/* What every workload of this generator has besides name, help, doc and options. */
#define CHURN_WORKLOAD                                                                        \
	.params_size = sizeof(struct churn_params), .setup = churn_setup,                     \
	.setup_worker = churn_setup_worker, .step = { churn_step_table, churn_step_direct },  \
	.timed = { churn_step_table_timed, churn_step_direct_timed }, .verify = churn_verify, \
	.teardown = churn_teardown, .cost = churn_cost, .validate = churn_validate,           \
	.memory = churn_memory

/* Its option table, with the defaults of each workload. */
#define CHURN_FIELD(f) .name = #f, .offset = offsetof(struct churn_params, f)
#define CHURN_OPTS(n_, burst_, touch_)                                                       \
	{ CHURN_FIELD(n),                                                                    \
	  .type = OPT_U64,                                                                   \
	  .min = 1,                                                                          \
	  .max = 1u << 28,                                                                   \
	  .unit = "objects",                                                                 \
	  .def = n_,                                                                         \
	  .help = "live objects of each worker" },                                           \
		{ CHURN_FIELD(object_size),	.type = OPT_SIZE, .min = 1,                  \
		  .max = KMALLOC_MAX_SIZE,	.unit = "bytes",  .def = "256",              \
		  .help = "size of each object" },                                           \
		{ CHURN_FIELD(burst),                                                        \
		  .type = OPT_U64,                                                           \
		  .min = 1,                                                                  \
		  .max = 1u << 20,                                                           \
		  .unit = "objects",                                                         \
		  .def = burst_,                                                             \
		  .help = "most objects freed before as many are allocated; at most n" },    \
		{ CHURN_FIELD(touch),                                                        \
		  .type = OPT_UINT,                                                          \
		  .max = 1u << 20,                                                           \
		  .unit = "lines",                                                           \
		  .def = touch_,                                                             \
		  .flags = OPT_AUTO,                                                         \
		  .help = "cache lines written in each new object; auto: all of them" },     \
	{                                                                                    \
		CHURN_FIELD(lifetime),                                                       \
			.type = OPT_ENUM, .names = churn_lifetime_names, .def = "random",    \
			.help = "which object goes: any, the oldest, the newest, or mostly " \
				"a few (80/20)"                                              \
	}

#endif
