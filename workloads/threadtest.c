/* SPDX-License-Identifier: GPL-2.0-or-later */
/* threadtest: each thread for itself. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt threadtest_opts[] = {
	BATCH_OPTS("100000", "64", "1k", "1", "even", "fifo", "1", "1", "0", "0", "off"),
	{ .name = NULL },
};

const struct workload workload_threadtest = {
	.name = "threadtest",
	.help = "each worker allocates 100000 equal objects and frees them all, sharing nothing",
	.doc = "After threadtest of Hoard (Berger and others 2000): threads that have nothing to do with\n"
	       "each other, so what is lost with more of them is lost in the allocator: locks, shared\n"
	       "lists, lines that are written by several CPUs. Batches are far longer than any queue.\n"
	       "Run it with workers=1,2,4,... and compare operations per second and worker.",
	.opts = threadtest_opts,
	BATCH_WORKLOAD,
};
