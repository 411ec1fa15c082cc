/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sh6: a mix of sizes. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt sh6_opts[] = {
	BATCH_OPTS("500", "8", "1000", "10", "small", "reverse", "1", "1", "30", "0", "off"),
	{ .name = NULL },
};

const struct workload workload_sh6 = {
	.name = "sh6",
	.help = "a mix of small sizes, freed now oldest first, now newest first, some of it later",
	.doc = "Like sh6bench of MicroQuill, whose source may not be passed on: blocks of a mix of sizes\n"
	       "in batches, most of them small, freed partly in the order they came in and partly the\n"
	       "other way round, some only in later rounds. It stresses many caches at once: their\n"
	       "arrays compete for the L1 cache, and slabs stay partly used.",
	.opts = sh6_opts,
	BATCH_WORKLOAD,
};
