/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sh8: a mix of sizes, freed by others. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt sh8_opts[] = {
	BATCH_OPTS("500", "8", "1000", "10", "small", "reverse", "1", "1", "30", "50", "off"),
	{ .name = NULL },
};

const struct workload workload_sh8 = {
	.name = "sh8",
	.help = "as sh6, and half of the objects are freed by another worker",
	.doc = "Like sh8bench of MicroQuill, whose source may not be passed on: sh6 in which threads free\n"
	       "what other threads allocated. It adds to many caches at once that memory of each of\n"
	       "them wanders between CPUs.",
	.opts = sh8_opts,
	BATCH_WORKLOAD,
};
