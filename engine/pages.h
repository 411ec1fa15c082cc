/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_PAGES_H
#define SLABSCOPE_PAGES_H

/*
 * Pages: the only place that maps memory.
 *
 * One contiguous range of address space is reserved at create; each node owns a part of it, and each
 * backing (base, THP, hugetlb) a part of that, so an address tells its node by arithmetic alone:
 *
 *	base                                                                       base + nr_nodes * node_span
 *	| node 0: base pages | THP | hugetlb | node 1: base pages | THP | hugetlb | ...
 *
 * Memory is committed in chunks, bound to the node (mbind) where the node is real, and handed out in
 * power-of-two blocks by a buddy scheme. Beside the range lie two arrays with an entry per page, the two halves of
 * the kernel's struct page: struct kmem_page, the O(1) map from an address to (cache, slab), and struct
 * kmem_page_head, the home of rules-6.1 slab headers.
 *
 * Invariants (pages_check()): the free blocks of an arena are disjoint, aligned to their size (relative to
 * the arena), never both buddies of a pair free; free pages + allocated pages == committed pages.
 *
 * Thread rules: every function may be called by any thread at any time; one lock per (node, backing).
 */

#include <stddef.h>
#include <stdint.h>

#include "engine/machine.h"
#include "engine/slab.h"
#include "engine/slab_config.h"
#include "lib/err.h"

struct pages;

struct kmem_page {
	struct kmem_cache *cache; /* NULL: no slab here */
	struct slab *slab;
};

/* Slabs from this order on are in the map of blocks instead, which is so much smaller that it stays in cache where the
 * map of pages does not. An entry belongs to the slab that fills the block, or is empty: no slab that is smaller, or
 * its user, sees it change. */
#define PAGES_BLOCK_ORDER 4

/* A page's other half, apart from the map so that the map of what most look up stays dense. */
struct kmem_page_head {
	struct slab slab; /* rules 6.1: the slab's header, in the head of its first page */
} __attribute__((aligned(64)));

struct pages_config {
	uint64_t node_bytes; /* address space per node and backing; 0: as much as 47-bit space sensibly allows
				 (64 GiB, less with many nodes); halved until the reservation succeeds */
	uint64_t limit_bytes; /* pages_alloc() fails for a node that would hold more than this; 0: no limit */
	unsigned populate; /* 1: touch memory when a chunk is committed, so that no page fault is left for later */
};

struct pages_stats {
	uint64_t committed;		  /* bytes readable and writable */
	uint64_t allocated;		  /* bytes in blocks handed out */
	uint64_t peak;			  /* highest value of allocated */
	uint64_t allocs, frees, failures; /* calls */
};

int pages_create(struct pages **out, const struct kmem_machine *m, const struct pages_config *c,
		 struct err *e);
void pages_destroy(struct pages *p); /* unmaps everything; NULL is allowed */

/* 2^@order contiguous pages on @node, aligned to their size, contents undefined. NULL and the reason in @e
 * (-errno through e is not needed: the text says "node 1 is full (limit 8 MiB)", "hugetlb pool is empty: ..."). */
void *pages_alloc(struct pages *p, unsigned node, unsigned order, unsigned backing, struct err *e);
void pages_free(struct pages *p, void *addr, unsigned order);

/* Change the limit of one node (bytes, 0: none): makes a node "full" for fallback tests. */
void pages_set_limit(struct pages *p, unsigned node, uint64_t bytes);

/* Give the memory of free blocks back to the kernel (MADV_DONTNEED); returns bytes given back. */
uint64_t pages_trim(struct pages *p);

void pages_node_stats(struct pages *p, unsigned node, struct pages_stats *s);

/*
 * Ask the kernel on which OS node each page at @addr[0..n) lies (move_pages with no target).
 * @node[i] >= 0: OS node; -ENOENT or (Linux 6.1) -EFAULT: never touched; other -errno as the kernel says.
 * Returns 0, or -errno when the question itself is refused (-ENOSYS, -EPERM): then nothing is known.
 */
int pages_where(void *const *addr, size_t n, int *node, struct err *e);

/* 1: @addr lies in the map below or in other accounts of @p. */
int pages_is_account(const struct pages *p, const void *addr);

int pages_check(struct pages *p, struct err *e);

/* Every lock, around a fork(). No other function in between. */
void pages_fork_lock(struct pages *p);
void pages_fork_unlock(struct pages *p);

/* The layout, for the arithmetic below; set once by pages_create(), never changes. */
struct pages_map {
	uintptr_t base;	     /* start of the reservation */
	uintptr_t end;	     /* one past it */
	uintptr_t node_span; /* bytes per node */
	unsigned page_shift;
	struct kmem_page *page; /* one per page from base on; of slabs below PAGES_BLOCK_ORDER */
	struct kmem_page_head *head; /* the same */
	struct kmem_page *
		block; /* one per 2^PAGES_BLOCK_ORDER pages: as page, where one slab has all of them */
};
const struct pages_map *pages_map(const struct pages *p);

/* NULL: @addr lies elsewhere. Of a page without a slab: an entry with NULLs. */
static inline struct kmem_page *pages_lookup(const struct pages_map *m, const void *addr)
{
	uintptr_t off = (uintptr_t)addr - m->base;
	struct kmem_page *b;

	if (off >= m->end - m->base)
		return NULL;
	b = &m->block[off >> m->page_shift >> PAGES_BLOCK_ORDER];
	return b->slab ? b : &m->page[off >> m->page_shift];
}

/* The entries of a slab of @order at @addr, which lies in the range, and how many. */
static inline struct kmem_page *pages_entries(const struct pages_map *m, const void *addr,
					      unsigned order, unsigned *n)
{
	uintptr_t at = ((uintptr_t)addr - m->base) >> m->page_shift;

	*n = order < PAGES_BLOCK_ORDER ? 1u << order : 1u << (order - PAGES_BLOCK_ORDER);
	return order < PAGES_BLOCK_ORDER ? &m->page[at] : &m->block[at >> PAGES_BLOCK_ORDER];
}

/* @addr lies in the range. */
static inline struct slab *pages_head(const struct pages_map *m, const void *addr)
{
	return &m->head[((uintptr_t)addr - m->base) >> m->page_shift].slab;
}

static inline unsigned pages_node(const struct pages_map *m, const void *addr)
{
	return (unsigned)(((uintptr_t)addr - m->base) / m->node_span);
}

#endif
