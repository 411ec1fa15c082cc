/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TRIAL_EXEC_H
#define SLABSCOPE_TRIAL_EXEC_H

/*
 * The inside of a running trial, private to cli/trial*.c: the crew of worker threads, and what they
 * do.
 *
 * Between jobs the workers sleep; the main thread hands out one job at a time, to all of them at
 * once (trial_crew_all) or to one after the other (trial_crew_turns), and sleeps until it is done.
 * So hooks that must not run beside others do not, and the main thread does not disturb a measured
 * region.
 */

#include <hwloc.h>
#include <pthread.h>

#include "cli/trial.h"
#include "engine/machine.h"

#define TRIAL_MAX_COLLECTORS 16

struct trial_exec;
struct trial_hand;
struct trial_model; /* cli/trial_model.h */

/* What a worker does for the crew; 0 or -errno with the text in @e. */
typedef int trial_job(struct trial_exec *x, struct trial_hand *h, struct err *e);

/* One worker thread. */
struct trial_hand {
	struct trial_exec *x;
	struct wl_worker *w;
	pthread_t thread;
	unsigned job_seen; /* jobs taken so far */
	uint64_t ns;	   /* of the last steps */
	int error;
	struct err err;
} __attribute__((aligned(256)));

struct trial_exec {
	const struct trial_spec *spec;
	int out;
	struct slab_config config;
	struct kmem_machine *machine;
	hwloc_topology_t topo;
	int have_topo;
	hwloc_cpuset_t home; /* where the main thread may run when workers do */
	unsigned *cpu;	     /* [workers] */
	struct kmem_system *system;
	const struct allocator_ops *allocator;
	struct wl_env env;
	int have_setup;		   /* teardown is owed */
	struct trial_model *model; /* the trial is modelled: one thread is all workers; or NULL */

	unsigned nr_collectors;
	const struct collector *collector[TRIAL_MAX_COLLECTORS];
	struct collect_ctx ctx[TRIAL_MAX_COLLECTORS];
	unsigned passes_of[TRIAL_MAX_COLLECTORS];
	unsigned first_pass[TRIAL_MAX_COLLECTORS]; /* 0, but for those with passes to themselves */
	unsigned passes, pass; /* how often the region is run, and which time it is */

	uint64_t warmup_ops, ops; /* of each worker, as it came out */

	/* the crew; under lock */
	pthread_mutex_t lock;
	pthread_cond_t wake, done;
	struct trial_hand *hand; /* [workers] */
	unsigned nr_hands;	 /* threads that run */
	trial_job *job;		 /* NULL: go home */
	unsigned job_nr;
	int job_for; /* worker, or -1: all */
	unsigned pending;

	uint64_t steps;	  /* parameter of the jobs that step */
	unsigned arrived; /* atomic: workers at the measured region's start */
	int failed;	  /* atomic: a worker cannot go on, so nobody should wait for it */
};

/* trial_crew.c */
int trial_crew_start(struct trial_exec *x, struct err *e);
int trial_crew_all(struct trial_exec *x, trial_job *job, struct err *e);
int trial_crew_turns(struct trial_exec *x, trial_job *job, struct err *e);
void trial_crew_stop(struct trial_exec *x); /* joins all threads; may be called twice */
/* Bind the calling thread to @cpu: by hwloc, and in slot mode as that CPU of the engine. */
int trial_bind(struct trial_exec *x, unsigned cpu, struct err *e);
int trial_unbind(struct trial_exec *x, struct err *e);

/* trial_exec.c */
int trial_prepare_workers(struct trial_exec *x,
			  struct err *e); /* setup_worker, settle_worker, thread_open */
int trial_warm_up(struct trial_exec *x, struct err *e); /* also settles x->ops */
int trial_measure(struct trial_exec *x, struct err *e);

/* trial_effective.c */
void trial_emit_effective(struct trial_exec *x, struct value_sink *sink);
void trial_effective(int out, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
