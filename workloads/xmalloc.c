/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xmalloc: half of the threads only allocate, the other half only free. The work is flow.c's. */

#include "workloads/flow.h"

static const struct opt xmalloc_opts[] = {
	FLOW_OBJECT_SIZE("64", "size of each object"),
	FLOW_TOUCH(touch, "1",
		   "cache lines that the producer writes and the consumer reads; auto: all"),
	FLOW_BATCH("4096"),
	FLOW_DEPTH("16384"),
	FLOW_PAIRS("any"),
	FLOW_ROLES("split"),
	{ .name = NULL },
};

const struct workload workload_xmalloc = {
	.name = "xmalloc",
	.help = "half of the threads only allocate, half only free, thousands at a time",
	.doc = "After the program of that name (Lever and Boreham 2000; in mimalloc's suite\n"
	       "xmalloc-test): lists of 4096 objects of 64 bytes are handed from threads that only\n"
	       "allocate to threads that only free. No queue of an allocator is as long as such a\n"
	       "list, so it is the way back of memory from those who free to those who allocate\n"
	       "that is measured. pc with other defaults.",
	.opts = xmalloc_opts,
	FLOW_WORKLOAD,
};
