/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_FRAMES_H
#define SLABSCOPE_MODEL_FRAMES_H

/*
 * Which frame each page is in, and on which node; decided at the page's first touch.
 *
 *	identity   frame = page
 *	random     the k-th page of a node gets the k-th number of a permutation drawn from the seed: no two the same
 *	thp        2 MiB frames, drawn in the same way: each aligned 2 MiB of addresses lies in one
 *	hugetlb    2 MiB frames, one after the other as they are asked for, as from a pool made at boot
 *	pagemap    as /proc/self/pagemap says (needs CAP_SYS_ADMIN); pages of it that are not in memory get random frames
 *
 * Pages get dense numbers, from 0, so that what is kept by page or by line is an array. The number of a page that was
 * forgotten is used again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "collectors/model/sim.h"

#define FRAMES_NONE UINT32_C(0xffffffff)
#define FRAMES_NODE_BITS 24 /* base frames of a node before its numbers go on elsewhere: 64 GiB */

/* Numbers to dense numbers: chains in arrays. */
struct frames_map {
	uint64_t *key;
	uint32_t *next, *head;
	uint32_t nr, room, heads, free; /* free: chain of numbers to use again */
};

struct frames_page {
	uint64_t page;	/* virtual: address / page size */
	uint64_t frame; /* of the base size */
	uint32_t huge;	/* dense number of the huge page, FRAMES_NONE: none */
	uint32_t node;
	uint32_t set[MT_LEVELS -
		     1]; /* the machine's: where its first line lies in each level below L1 */
};

struct frames_huge {
	uint64_t frame; /* of 2 MiB */
	uint32_t node, pages;
};

struct frames {
	enum sim_frames kind;
	uint64_t seed, page_size;
	unsigned huge_shift; /* base pages of a huge page, as a power of two */
	unsigned (*node_of)(void *arg, uint64_t page_addr, unsigned cpu);
	void *arg;
	struct frames_map map, huge_map;
	struct frames_page *page; /* by dense number; room: map.room */
	struct frames_huge *huge;
	uint64_t drawn[MT_NODES];
	uint64_t unmapped; /* pagemap: pages that were not in memory */
	unsigned nodes;
	int fd;
};

int frames_init(struct frames *f, const struct sim_options *o, uint64_t page_size, unsigned nodes,
		struct err *e);
void frames_fini(struct frames *f);

/* The dense number of a page, FRAMES_NONE if it was not touched. */
uint32_t frames_find(const struct frames *f, uint64_t page);
/* The same; touches it if need be. FRAMES_NONE: no memory. @node: the toucher's. */
uint32_t frames_touch(struct frames *f, uint64_t page, unsigned cpu, unsigned node);
void frames_forget(struct frames *f, uint32_t dense);

/* The k-th of the numbers below 2^bits in an order drawn from the seed; a permutation. */
uint64_t frames_permute(uint64_t seed, uint64_t k, unsigned bits);

#endif
