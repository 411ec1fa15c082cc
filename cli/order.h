/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_ORDER_H
#define SLABSCOPE_ORDER_H

/*
 * In which order each block runs the configs, so that whatever drifts or echoes falls on all of
 * them alike.
 *
 * Comparisons are made within an experiment, so its configs stand next to each other in a block,
 * and the experiments of a block are ordered in the same way as the configs of an experiment:
 *
 *	block:	[ c3 c1 c0 c2 ] [ c5 c4 ] [ c6 ]	one bracket per experiment
 *
 * For k things the rows come from a Williams design, w = 0, k-1, 1, k-2, ... with every row
 * w + j (mod k) and, where k is odd, every such row backwards too (for even k they are there
 * already). Rows go in pairs, one and the same backwards:
 *
 *	k = 2:	AB BA | BA AB | ...	k = 3:	ACB BCA | BAC CAB | CBA ABC | ...
 *
 * Of each group of k (k odd: 2k) blocks:	everything stands at each place equally often, and
 *	each follows directly on each other equally often (once; k odd: twice);
 * of each pair of blocks 2i, 2i+1:		everything has the same mean place, so that a linear
 *	drift over a block cancels, also in runs that are too short for a whole group.
 *
 * For each group the names, the order of the pairs, and each pair's direction are drawn anew; a
 * group that the run ends in is so a random subset of its pairs.
 */

#include <stdint.h>

#include "lib/err.h"

/*
 * The order of @blocks blocks over experiments of size[0 .. n-1] configs, numbered from 0 through
 * all of them: a malloc'd array of blocks x sum of sizes, each block a permutation. A pure function
 * of its arguments, in time proportional to its result. -ENOMEM.
 */
int order_make(uint32_t **order, const unsigned *size, unsigned n, unsigned blocks, uint64_t seed,
	       struct err *e);

/* Blocks of a whole group of @k things: 1 for one, k if even, else 2k. */
unsigned order_group(unsigned k);

#endif
