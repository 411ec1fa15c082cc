/* SPDX-License-Identifier: GPL-2.0-or-later */
/* frag: fragmentation over time. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt frag_opts[] = {
	BATCH_OPTS("20000", "256", "1k", "1", "even", "random", "1", "1", "5", "0", "off"),
	{ .name = "trim",
	  BATCH_FIELD(trim),
	  .type = OPT_ENUM,
	  .names = batch_trim_names,
	  .def = "shrink",
	  .help = "after each round of frees: nothing, shrink the caches, or a tick of the reaper" },
	{ .name = "samples",
	  BATCH_FIELD(samples),
	  .type = OPT_UINT,
	  .max = 1000,
	  .flags = OPT_OFF,
	  .unit = "looks",
	  .def = "16",
	  .help = "how often it is told what the caches hold: after freeing, filling, freeing, ..." },
	{ .name = NULL },
};

const struct workload workload_frag = {
	.name = "frag",
	.help = "grow, free at random, give memory back, grow again: utilisation over time",
	.doc = "Stands for a load that comes and goes while some objects stay: a cache that shrinks\n"
	       "under pressure, a day and a night. Of all objects a random part is freed (keep says how\n"
	       "many of a hundred stay), then the engine is asked to give memory back, then it grows\n"
	       "again. What stays pins the slabs that it lies in: with num objects to a slab and a\n"
	       "share k that stays, only (1-k)^num of the slabs are empty, so order, which decides num,\n"
	       "matters most. frag.utilisation_N and frag.bytes_held_N are what users have over what\n"
	       "is held for it, from the first round on, warm-up included: even N after freeing, odd N\n"
	       "after growing. Only the engine can tell.",
	.opts = frag_opts,
	BATCH_WORKLOAD,
	.report = batch_report,
};
