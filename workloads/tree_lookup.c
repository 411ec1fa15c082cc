/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree-lookup: nodes of a search tree. The work is walk.c's. */

#include "workloads/walk.h"

static const struct opt tree_lookup_opts[] = {
	WALK_OPTS("tree", "10000", "128", "64", "random", "10", "off"),
	{ .name = NULL },
};

const struct workload workload_tree_lookup = {
	.name = "tree-lookup",
	.help = "look random keys up in a balanced search tree, some nodes replaced",
	.doc = "Stands for trees whose nodes come from a cache of their own: memory areas of a process,\n"
	       "timers, extents. A look-up is a path of about log2 n nodes, the upper ones hot and\n"
	       "shared by all paths, the lower ones cold. Nodes are smaller than half a page and of a\n"
	       "power of two, so the path meets few sets; turnover scatters a tree that was built in\n"
	       "order.",
	.opts = tree_lookup_opts,
	WALK_WORKLOAD,
};
