/* SPDX-License-Identifier: GPL-2.0-or-later */
/* burst: many live objects, freed and allocated in bursts. The work is churn.c's. */

#include "workloads/churn.h"

static const struct opt burst_opts[] = {
	CHURN_OPTS("50000", "512", "0"),
	{ .name = NULL },
};

const struct workload workload_burst = {
	.name = "burst",
	.help = "of 50000 live objects up to 512 random ones go at a time, and as many come",
	.doc = "Stands for work that comes in lumps: a timer that expires a list, a cache that is\n"
	       "pruned, a burst of requests. Each round frees 1 to 512 objects taken anywhere from\n"
	       "a live set far larger than the queues and allocates as many. Queues of usual length\n"
	       "overflow and run empty in turn, so their limit and batchcount decide how much of it\n"
	       "reaches the slabs, and slabs are as mixed as they can be. churn with other defaults;\n"
	       "objects are not touched unless asked, so that it is the allocator that is measured.",
	.opts = burst_opts,
	CHURN_WORKLOAD,
};
