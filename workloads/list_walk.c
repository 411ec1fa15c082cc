/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list-walk: objects in a list. The work is walk.c's. */

#include "workloads/walk.h"

static const struct opt list_walk_opts[] = {
	WALK_OPTS("list", "1000", "300", "48", "random", "0", "off"),
	{ .name = NULL },
};

const struct workload workload_list_walk = {
	.name = "list-walk",
	.help = "walk a list of objects, reading 48 hot bytes of 300 in each",
	.doc = "Stands for lists of cached objects that are walked: inodes of a superblock, tasks, pages\n"
	       "on an LRU. The object is the inode of Bonwick's paper (1994), 300 bytes of which 48\n"
	       "are looked at, so every slab has the same few hot lines per object. Each visit waits\n"
	       "for the one before. Neither 300 nor its stride is a power of two: compare\n"
	       "object_size=512. turnover replaces objects, and the list comes to lie where the\n"
	       "allocator puts them.",
	.opts = list_walk_opts,
	WALK_WORKLOAD,
};
