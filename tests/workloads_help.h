/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_WORKLOADS_HELP_H
#define SLABSCOPE_TESTS_WORKLOADS_HELP_H

/*
 * What tests of workloads from the inside share: an allocator that counts calls, knows what is live, and
 * misbehaves when told to; and one workload, ready to run on it or on any other.
 */

#include <stddef.h>
#include <stdint.h>

#include "workloads/workload.h"

struct mock {
	uint64_t allocs, frees, fail_at; /* fail_at: this allocation gives NULL; 0: none does */
	char **live;
	size_t nr, room;
	char *twice;	/* not NULL: what each allocation gives */
	uint64_t order; /* hash over the serial numbers of freed objects */
};

extern struct mock *mock_now; /* of the running test: the seam hands no context to create() */
extern const struct allocator_ops mock_ops;
void mock_done(struct mock *m); /* all must have been freed */

struct rig {
	const struct workload *wl;
	struct wl_env env;
	struct slab_config config;
	struct kmem_machine machine;
	void *params;
	struct err e;
};

/* Set options as "a=1 b=2"; fails the test on a bad one. */
void rig_options(const struct opt *opts, void *params, const char *text);
/* A workload with such @options and nothing else yet. */
void rig_params(struct rig *r, const char *workload, const char *options);
/* The environment, on the rig's machine and config; @report: see kmem_system_config. */
void rig_env(struct rig *r, const struct allocator_ops *ops, unsigned workers, uint64_t seed,
	     kmem_report_fn report);
/* Both, on this machine as it is, with the default profile. */
void rig_init(struct rig *r, const char *workload, const char *options,
	      const struct allocator_ops *ops, unsigned workers, uint64_t seed);
int rig_setup(struct rig *r);
/* @n operations of each worker, in slices, workers in turn as the model does it. WL_BLOCKED: all that have some left
 * wait for each other. */
enum wl_status rig_steps(struct rig *r, uint64_t n);
void rig_release(struct rig *r);

/* Workloads and options that between them reach every loop. */
struct wl_case {
	const char *workload, *options;
	unsigned slack; /* calls that a worker may be ahead or behind of cost(), which is an average */
};
/* @seen calls of @workers after @ops operations each are what cost() said: @each per operation. */
void wl_case_expect(const struct wl_case *wc, uint64_t seen, double each, uint64_t ops,
		    unsigned workers);
extern const struct wl_case wl_cases[];
extern const size_t nr_wl_cases;

#endif
