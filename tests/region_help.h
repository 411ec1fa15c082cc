/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_REGION_HELP_H
#define SLABSCOPE_TESTS_REGION_HELP_H

/*
 * A measured region without a runner: worker threads, collectors' hooks in their order around a
 * function of the test's own, and the values that come out. A practice round without hooks goes
 * before, so that nothing on the way to the region happens for the first time.
 */

#include <pthread.h>

#include "collectors/collector.h"

#define REGION_WORKERS 4
#define REGION_VALUES 512

/* A sanitizer keeps shadow beside all memory, which faults too: so many faults more than without one
 * may lie between a collector's readings and getrusage's. */
#if defined(__has_feature)
#define REGION_FEATURE(x) __has_feature(x)
#else
#define REGION_FEATURE(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) || \
	REGION_FEATURE(thread_sanitizer) || REGION_FEATURE(address_sanitizer)
#define REGION_SHADOW 64
#else
#define REGION_SHADOW 0
#endif

struct region_value {
	struct value v;
	char metric[96], unit[32], note[512];
};

struct region {
	struct value_sink sink; /* first */
	const struct collector *collector;
	struct collect_ctx ctx;
	struct wl_env env;
	unsigned workers;
	/* what each worker does in the region; @practice: do it, but leave what is to be measured */
	void (*work)(struct region *r, unsigned worker, int practice);
	void *arg;
	long faults[REGION_WORKERS]; /* minor and major, by getrusage around work() */
	pthread_barrier_t gate;
	struct region_value value[REGION_VALUES];
	unsigned nr_values, nr_flags;
};

/* Options of @c from "name=value" words, NULL ends; malloc'd. */
void *region_params(const struct collector *c, const char *const *words);
/* All of it, from open to close. r->collector, work, workers, ctx.params and env are set. */
void region_run(struct region *r);
/* The whole trial's value of @metric, or NULL. */
const struct value *region_find(const struct region *r, const char *metric);
/* The same; fails the test when there is none or it is unavailable. */
double region_get(const struct region *r, const char *metric);

#endif
