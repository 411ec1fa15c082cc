/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mstress: phases. The work is batch_gen.c's. */

#include "workloads/batch.h"

static const struct opt mstress_opts[] = {
	BATCH_OPTS("1000", "16", "4k", "9", "small", "random", "1", "1", "50", "25", "off"),
	{ .name = NULL },
};

const struct workload workload_mstress = {
	.name = "mstress",
	.help = "phases that keep half of what they find and give a quarter of what goes to others",
	.doc = "Like mstress of mimalloc's suite: phases that allocate objects of very different sizes,\n"
	       "free half of all at random, and hand a quarter of these to another thread. There the\n"
	       "threads of each phase are new; here workers stay, so arrays of threads that are gone\n"
	       "are not stressed. It stresses slabs that never empty, and all ways of an object back\n"
	       "to its slab at the same time.",
	.opts = mstress_opts,
	BATCH_WORKLOAD,
};
