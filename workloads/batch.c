/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch: fill and empty. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt batch_opts[] = {
	BATCH_OPTS("1000", "256", "1k", "1", "even", "lifo", "1", "1", "0", "0", "off"),
	{ .name = NULL },
};

const struct workload workload_batch = {
	.name = "batch",
	.help = "allocate a number of objects, free them all in some order, again and again",
	.doc = "Stands for work in generations: all that a request, a frame or a compilation unit needs\n"
	       "is made, used and thrown away together. free_order=lifo suits a queue whose newest\n"
	       "object is taken first, fifo and random empty slabs in other orders than they were\n"
	       "filled, reverse changes between both. n against limit decides whether slabs are\n"
	       "reached at all; keep leaves some objects of each generation behind in their slabs.",
	.opts = batch_opts,
	BATCH_WORKLOAD,
};
