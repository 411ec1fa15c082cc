/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pc: producer and consumer. The work is flow.c's. */

#include "workloads/flow.h"

static const struct opt pc_opts[] = {
	FLOW_OBJECT_SIZE("256", "size of each object"),
	FLOW_TOUCH(touch, "1",
		   "cache lines that the producer writes and the consumer reads; auto: all"),
	FLOW_BATCH("32"),
	FLOW_DEPTH("256"),
	FLOW_PAIRS("any"),
	FLOW_ROLES("split"),
	{ .name = NULL },
};

const struct workload workload_pc = {
	.name = "pc",
	.help = "producers allocate, consumers on other CPUs free; batches through rings",
	.doc = "Stands for pipelines: packets that one CPU receives and another one frees, requests\n"
	       "and their completions, file pages written by one and reclaimed by another. The\n"
	       "consumer's array fills and the producer's empties, so whole batches flow between\n"
	       "them through the shared array or the slabs, and lines of objects through the\n"
	       "coherence protocol. With pairs=other every free is of another node's object:\n"
	       "alien caches take them in, or without them every one takes that node's lock.\n"
	       "pairs=self is the same work without sharing. depth is how far a producer may be\n"
	       "ahead, and so how many objects are live.",
	.opts = pc_opts,
	FLOW_WORKLOAD,
};
