/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_PAGES_IMPL_H
#define SLABSCOPE_PAGES_IMPL_H

/*
 * Arenas: where blocks of pages come from. The accounts are buddy.c's, the system calls
 * pages_sys.c's.
 *
 *	             commit (a chunk at least)            pages_alloc
 *	address space --------------------> free blocks ----------------> handed out
 *	              <-------------------- (clean, dirty) <-------------
 *	             trim (hugetlb), failure              pages_free
 *
 * Locks: one per arena, over its struct buddy and its commits. A node's `held` and `limit` are
 * atomic, for its three arenas share them: pages_alloc() books the bytes in `held` first, then
 * takes the lock. So
 *	node.held >= sum of used bytes over its arenas, == when no call is under way.
 */

#include <stdatomic.h>

#include "engine/buddy.h"
#include "engine/lock.h"
#include "engine/pages_sys.h"

struct arena {
	struct kmem_lock lock;
	unsigned ready; /* buddy is set up: at first use, so that unused arenas cost nothing */
	uint64_t first; /* number of its first page in the map */
	uintptr_t start;
	struct buddy buddy;
};

struct node {
	int os_node; /* bind to it; -1: do not */
	_Atomic uint64_t held, limit, peak;
	_Atomic uint64_t allocs, frees, failures;
	struct arena arena[BACKING_NR];
} __attribute__((aligned(128)));

struct pages {
	struct pages_map map;
	const struct pages_sys *sys;
	void *state;		/* a byte per page, for struct buddy */
	struct list_head *link; /* one per page, the same */
	void *accounts;		/* one mapping: map.head, map.page, link, map.block, state */
	size_t accounts_len;
	size_t self_len; /* bytes of this struct, which is mapped */
	uint64_t arena_bytes, chunk[BACKING_NR];
	unsigned nr_nodes, populate;
	uint64_t hugetlb;	    /* bytes of a page of the pool; 0: none */
	_Atomic unsigned bad_frees; /* frees of what was not handed out so; the first one: */
	_Atomic uintptr_t bad_addr;
	_Atomic unsigned bad_order;
	struct node node[];
};

static inline unsigned pages_log2(uint64_t n)
{
	return 63 - (unsigned)__builtin_clzll(n);
}

static inline void *pages_addr(const struct pages *p, const struct arena *a, uint64_t at)
{
	return (void *)(a->start + (at << p->map.page_shift));
}

#define PAGES_TEXT 32

/* "8 MiB", "4 KiB", "100 bytes" */
const char *pages_bytes_text(uint64_t n, char buf[PAGES_TEXT]);

/* Make a free block of at least @order out of address space. The arena's lock is held. */
int pages_commit(struct pages *p, unsigned node, unsigned backing, unsigned order, struct err *e);

#endif
