/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cache-scratch: passive false sharing. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt cache_scratch_opts[] = {
	BATCH_OPTS("1", "8", "1k", "1", "even", "lifo", "1", "100", "0", "0", "on"),
	{ .name = NULL },
};

const struct workload workload_cache_scratch = {
	.name = "cache-scratch",
	.help = "workers that begin with neighbouring objects of one allocator, and write what they get",
	.doc = "After cache-scratch of Hoard: the first worker allocates an object for each worker, one\n"
	       "beside the other, and each frees the one it was given; then all allocate, write a\n"
	       "hundred times and free. An allocator that hands a worker's freed object out again to\n"
	       "the same worker leaves them writing the same line for ever (passive false sharing).\n"
	       "A queue per CPU does just that, and returns nothing; objects of a line each\n"
	       "(hwcache_align) cure it. In the model use model_chunk=1: turns are operations.",
	.opts = cache_scratch_opts,
	BATCH_WORKLOAD,
};
