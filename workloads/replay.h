/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_REPLAY_H
#define SLABSCOPE_REPLAY_H

/* Private to replay.c (before and after) and replay_step.c (what is measured). */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/kmemtrace/script.h"
#include "lib/opt.h"
#include "workloads/workload.h"

struct replay_params {
	char trace[OPT_STR_MAX];
	char only[OPT_STR_MAX];
	char cache_toggles[OPT_STR_MAX];
	unsigned touch;
	unsigned partial;
};

struct replay_slot {
	void *obj;
	uint32_t turn;	/* 2 x times used, + 1 while live; only kept by several workers */
	uint32_t turns; /* in a pass */
};

struct replay_env {
	struct kmemscript script;
	struct replay_slot *slot;
	unsigned *touch; /* lines, by cache of the trace */
	int *seam;	 /* number in env->cache[], by cache of the trace; -1: it is not used */
	size_t line;
	unsigned nodes;
	bool aliases;
};

struct replay_worker {
	uint64_t at;   /* records of the pass that lie behind, everybody's */
	uint64_t next; /* event of ev[] */
	uint32_t pass;
};

static inline uint64_t replay_stamp(uint32_t slot, const void *obj)
{
	return (uintptr_t)obj ^ ((slot + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* replay_step.c, and the same again with single operations timed: replay_step_timed.c */
wl_step_fn replay_step_table, replay_step_direct, replay_step_table_timed, replay_step_direct_timed;

#endif
