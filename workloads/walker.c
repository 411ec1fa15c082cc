/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walker: data that stays where its reader was. The work is walk.c's. */

#include "workloads/walk.h"

static const struct opt walker_opts[] = {
	WALK_OPTS("list", "2000", "300", "48", "random", "0", "4000"),
	{ .name = NULL },
};

const struct workload workload_walker = {
	.name = "walker",
	.help = "workers that walk lists in turn: a thread that moves node, and data that stays",
	.doc = "Stands for a thread that the scheduler moves to another node while its data stays where it\n"
	       "was first touched. After `move` visits each worker goes on with the list of the next\n"
	       "one; with CPUs that are dealt out node by node, that is another node's memory each\n"
	       "time. Nothing is allocated or written in between, so what is seen is the price of\n"
	       "distance: the share of remote fills, and whether the new node's caches get to hold\n"
	       "the list before it moves on. Compare move=off, and placements.",
	.opts = walker_opts,
	WALK_WORKLOAD,
};
