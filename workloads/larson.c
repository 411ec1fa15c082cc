/* SPDX-License-Identifier: GPL-2.0-or-later */
/* larson: a server whose objects outlive their threads. The work is slots.c's. */

#include "workloads/slots.h"

static const struct opt larson_opts[] = {
	SLOTS_OPTS("5000", "8", "1000", "12", "even", "random", "1", "0", "10000"),
	{ .name = NULL },
};

const struct workload workload_larson = {
	.name = "larson",
	.help = "a server: random slots of an array are replaced, and the array changes hands",
	.doc = "After Larson and Krishnan (1998): each worker replaces random slots of an array of\n"
	       "5000 objects of 8 to 1000 bytes and writes to each new one; after hand_over\n"
	       "operations the whole array passes to the next worker, who goes on with it, so for a\n"
	       "while nearly all that is freed was allocated by somebody else. There the array goes\n"
	       "to a thread that is made for it; here workers stay, and the next one takes it. It\n"
	       "stresses frees by strangers, alien caches, and memory that flows around in a ring.",
	.opts = larson_opts,
	SLOTS_WORKLOAD,
};
