/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cache-thrash: active false sharing. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt cache_thrash_opts[] = {
	BATCH_OPTS("1", "8", "1k", "1", "even", "lifo", "1", "100", "0", "0", "off"),
	{ .name = NULL },
};

const struct workload workload_cache_thrash = {
	.name = "cache-thrash",
	.help = "workers that allocate small objects of their own and write them",
	.doc = "After cache-thrash of Hoard: all workers allocate at the same time, write a hundred times\n"
	       "and free. An allocator that serves several threads from one line shares it among them\n"
	       "(active false sharing). With a queue per CPU only refills can do that: a slab that is\n"
	       "half handed to one CPU and half to another. cache-scratch is the same with a bad start.",
	.opts = cache_thrash_opts,
	BATCH_WORKLOAD,
};
