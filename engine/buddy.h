/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_BUDDY_H
#define SLABSCOPE_BUDDY_H

/*
 * Buddy bookkeeping of one arena: which power-of-two runs of pages are uncommitted, free, or handed
 * out. Pure accounts: no system call, no lock (the arena's lock is held by the caller).
 *
 * One byte per page says what begins there: kind and order at a block's first page, 0 inside a
 * block. A block that is not handed out is linked through the link of its first page,
 * which carries no slab then.
 *
 *	page     0        4    5    6        8                16
 *	state    USED 2   FREE FREE USED 1   SPACE 3          ...
 *	                  0    0
 *
 * Two sets of lists: BUDDY_SPACE blocks are address space without memory; BUDDY_CLEAN and
 * BUDDY_DIRTY blocks are committed and share a set: clean ones were not written since they were
 * committed or trimmed.
 *
 * Invariants (buddy_check()):
 *	blocks tile the arena: each begins where the one before ends, aligned to its size
 *	no two buddies of one set and order are both on its lists (they would be one block)
 *	pages of a set == sum over its lists of (1 << order)
 */

#include <stdint.h>

#include "engine/pages.h"

#define BUDDY_ORDERS 32

enum buddy_kind { BUDDY_NONE, BUDDY_SPACE, BUDDY_CLEAN, BUDDY_DIRTY, BUDDY_USED };
enum buddy_set { BUDDY_SET_SPACE, BUDDY_SET_FREE, BUDDY_SETS };

struct buddy {
	struct kmem_page *page; /* of the arena's first page */
	struct list_head *link; /* [nr_pages] */
	uint8_t *state;		/* [nr_pages] */
	unsigned max_order;	/* no block is larger; nr_pages == 1 << max_order */
	uint64_t pages[BUDDY_SETS], used;
	uint32_t filled[BUDDY_SETS]; /* bit n: list[][n] is not empty */
	struct list_head list[BUDDY_SETS][BUDDY_ORDERS];
};

#define BUDDY_NOTHING (~(uint64_t)0)

/* All of it one block of space. @state is zero on entry. */
void buddy_init(struct buddy *b, struct kmem_page *page, struct list_head *link, uint8_t *state,
		unsigned max_order);

/* Take a block of @order from a set: its first page, or BUDDY_NOTHING. *@kind is what it was. The
 * block belongs to nobody until buddy_give() or buddy_use(). */
uint64_t buddy_take(struct buddy *b, enum buddy_set set, unsigned order, enum buddy_kind *kind);

/* Put a block that belongs to nobody back as @kind, joined with its buddies. */
void buddy_give(struct buddy *b, uint64_t at, unsigned order, enum buddy_kind kind);

/* A block that belongs to nobody is handed out; and taken back (-1: no block of that order begins
 * there). */
void buddy_use(struct buddy *b, uint64_t at, unsigned order);
int buddy_unuse(struct buddy *b, uint64_t at, unsigned order);

/* What begins at page @at. */
static inline enum buddy_kind buddy_kind_at(const struct buddy *b, uint64_t at)
{
	return (enum buddy_kind)(b->state[at] >> 5);
}

static inline unsigned buddy_order_at(const struct buddy *b, uint64_t at)
{
	return b->state[at] & 31;
}

/* Free (committed) blocks of one order. */
uint64_t buddy_free_blocks(const struct buddy *b, unsigned order);

int buddy_check(const struct buddy *b, struct err *e);

#endif
