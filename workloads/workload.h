/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_WORKLOAD_H
#define SLABSCOPE_WORKLOAD_H

/*
 * A workload: what runs. One file, one const struct workload, one line in workloads/workloads.def.
 *
 * Who calls what, in this order:
 *
 *	setup            once, at worker 0's CPU           makes the caches
 *	setup_worker     each worker in turn, at its CPU   fills them (pages on its node)
 *	settle_worker    each worker in turn, at its CPU   after all setup_worker: return surplus
 *	step             every worker, warm-up             at the same time as the others
 *	step             every worker, measured
 *	verify           once, at worker 0's CPU
 *	teardown         once, always, also after a failed setup
 *
 * "At its CPU": natively on the worker's own pinned thread; modelled, with that CPU set. All but
 * `step` lie outside the measured region by construction, and never run while another hook runs.
 *
 * `step` does exactly @n operations (*done = n, WL_DONE), or stops early: WL_BLOCKED when it waits
 * for another worker (call again later for the rest), WL_FAILED when it cannot go on (w->error is
 * -errno, w->err says why). *done then says how many were done. Every worker is asked for the same
 * number in all, so workers that wait for each other get through. The same step runs natively (one
 * pinned thread per worker) and modelled (one thread stepping all workers), so it never blocks in
 * the kernel and never spins for another worker.
 *
 * All randomness comes from worker->rng (seeded from the trial's seed and the worker's number).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/allocator.h"
#include "lib/err.h"
#include "lib/opt.h"
#include "lib/rng.h"

enum wl_status { WL_DONE, WL_BLOCKED, WL_FAILED };

struct wl_timer; /* workloads/timed.h */

struct wl_worker {
	unsigned id;
	unsigned cpu; /* as the machine numbers them */
	struct rng rng;
	void *priv;		 /* the workload's own; freed by teardown */
	uint64_t sum;		 /* sink for what was read, so that no read is dead */
	uint64_t ops;		 /* operations done so far, warm-up included; counted by step */
	int error;		 /* WL_FAILED: -errno */
	struct err err;		 /* and its text */
	struct wl_timer *timing; /* NULL: operations are not timed one by one */
} __attribute__((aligned(256))); /* no two workers share a line, nor a pair of lines */

struct wl_env {
	const void *params; /* the workload's options, laid out as wl->opts says */
	const struct allocator_ops *ops;
	struct kmem_system *system;	    /* NULL for peers */
	const struct kmem_machine *machine; /* also for peers: page and line size */
	const struct slab_config *config;   /* toggles of the trial */
	unsigned workers;
	struct wl_worker *worker; /* [workers], from wl_workers_create() */
	uint64_t seed;
	void *priv; /* the workload's own; freed by teardown */
	/* what setup made, for collectors: caches in use */
	struct seam_cache *cache;
	unsigned nr_caches;
};

/* Per operation, exactly or on average: what per-operation metrics are derived from. */
struct wl_cost {
	double allocs, frees; /* calls per operation */
	double visits;	      /* times that an object's memory is looked at */
	double lines;	      /* cache lines of objects touched, counted once per visit */
	double own_lines;     /* cache lines of the workload's own data (orders, slots), at least */
	double waiting; /* memory accesses that begin when the one in front is done (a chase), at least */
	const char *unit; /* what one operation is: "visit", "alloc+free" */
};

/* Where a workload's own values go; the runner's. */
struct wl_report {
	void (*value)(struct wl_report *r, const char *metric, double value, const char *unit);
	void (*missing)(struct wl_report *r, const char *metric, const char *unit, const char *why);
	/* The trial is not what was asked for: kept, not counted. */
	void (*invalid)(struct wl_report *r, const char *why);
};

typedef enum wl_status wl_step_fn(struct wl_env *env, struct wl_worker *w, uint64_t n,
				  uint64_t *done);

struct workload {
	const char *name, *help;
	const char *doc;	/* what it stands for and what it stresses; several lines */
	const struct opt *opts; /* may be NULL */
	size_t params_size;
	bool children; /* other programs do the work, which the step launches: see struct collector.children */
	int (*setup)(struct wl_env *env, struct err *e);
	int (*setup_worker)(struct wl_env *env, struct wl_worker *w,
			    struct err *e); /* may be NULL */
	int (*settle_worker)(struct wl_env *env, struct wl_worker *w,
			     struct err *e); /* may be NULL */
	/* [0]: through the table; [1]: our engine, inlined. Called through wl_step(). timed: the same
	 * with single operations timed, see workloads/timed.h */
	wl_step_fn *step[2], *timed[2];
	int (*verify)(struct wl_env *env,
		      struct err *e); /* contents and accounts; -EILSEQ and why if wrong */
	void (*teardown)(struct wl_env *env);
	void (*cost)(const struct wl_env *env, struct wl_cost *cost);
	/* what it saw itself and no collector can, after verify; may be NULL, and is not called in
	 * modelled trials. Metrics are called WORKLOAD.what, of the whole trial */
	void (*report)(const struct wl_env *env, struct wl_report *r);
	/* checks options together before any trial; may be NULL */
	int (*validate)(const void *params, struct err *e);
	/* bytes of memory the trial will hold for each worker, for --plan; may be NULL */
	uint64_t (*memory)(const void *params, const struct slab_config *c);
};

extern const struct workload *const workloads[];	/* NULL ends */
const struct workload *workload_find(const char *name); /* '-' and '_' are the same */

/* ---- for those who run workloads ---- */

/* Workers 0 .. n-1, each with a random stream of its own from @seed; NULL: no memory. */
struct wl_worker *wl_workers_create(unsigned n, uint64_t seed);
void wl_workers_destroy(struct wl_worker *w);

/* The step that fits the trial's allocator, and what is asked of the worker. */
static inline enum wl_status wl_step(const struct workload *wl, struct wl_env *env,
				     struct wl_worker *w, uint64_t n, uint64_t *done)
{
	return (w->timing ? wl->timed : wl->step)[env->ops->is_slab ? 1 : 0](env, w, n, done);
}

/* ---- for workloads ---- */

/* Append a cache of @size bytes per object to env->cache[], which may move: from setup only. */
int wl_cache_create(struct wl_env *env, const char *name, size_t size, struct err *e);
void wl_caches_destroy(struct wl_env *env);

/* Leave the reason in the worker and return WL_FAILED. */
enum wl_status wl_fail(struct wl_worker *w, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A load and a store that the compiler neither drops nor repeats nor moves. */
#define WL_READ(p) (*(const volatile uint64_t *)(p))
#define WL_WRITE(p, v) (*(volatile uint64_t *)(p) = (v))

#endif
