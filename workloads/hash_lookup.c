/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hash-lookup: the dentry and inode caches. The work is walk.c's. */

#include "workloads/walk.h"

static const struct opt hash_lookup_opts[] = {
	WALK_OPTS("hash", "10000", "300", "48", "random", "5", "off"),
	{ .name = NULL },
};

const struct workload workload_hash_lookup = {
	.name = "hash-lookup",
	.help = "look random objects up in a hash table with chains, some of them replaced",
	.doc = "Stands for the dentry and inode caches: an array of bucket heads, chains through the\n"
	       "objects themselves, 48 hot bytes of 300 (Bonwick 1994), five look-ups in a hundred\n"
	       "followed by an eviction and a new object. A look-up is the bucket's line, then a line\n"
	       "of each object on the chain, each waiting for the one before: whether these lines\n"
	       "collide in sets is what colouring decides.",
	.opts = hash_lookup_opts,
	WALK_WORKLOAD,
};
