/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/buddy.h"

#include <errno.h>

static const char *const kind_name[] = { "nothing", "space", "clean", "dirty", "used" };

static struct list_head *node_at(const struct buddy *b, uint64_t at)
{
	return &b->link[at];
}

static uint64_t page_of(const struct buddy *b, const struct list_head *l)
{
	return (uint64_t)(l - b->link);
}

static enum buddy_set set_of(enum buddy_kind kind)
{
	return kind == BUDDY_SPACE ? BUDDY_SET_SPACE : BUDDY_SET_FREE;
}

static void mark(struct buddy *b, uint64_t at, enum buddy_kind kind, unsigned order)
{
	b->state[at] = (uint8_t)(kind == BUDDY_NONE ? 0 : kind << 5 | order);
}

/* Dirty blocks go to the front, warm in the caches; clean ones to the back, so that trimmed memory
 * stays so. */
static void link_block(struct buddy *b, uint64_t at, unsigned order, enum buddy_kind kind)
{
	enum buddy_set set = set_of(kind);
	struct list_head *h = &b->list[set][order], *n = node_at(b, at);
	struct list_head *prev = kind == BUDDY_CLEAN ? h->prev : h;

	n->prev = prev;
	n->next = prev->next;
	prev->next->prev = n;
	prev->next = n;
	b->filled[set] |= UINT32_C(1) << order;
	b->pages[set] += UINT64_C(1) << order;
	mark(b, at, kind, order);
}

static void unlink_block(struct buddy *b, uint64_t at)
{
	enum buddy_set set = set_of(buddy_kind_at(b, at));
	unsigned order = buddy_order_at(b, at);
	struct list_head *n = node_at(b, at);

	n->prev->next = n->next;
	n->next->prev = n->prev;
	if (b->list[set][order].next == &b->list[set][order])
		b->filled[set] &= ~(UINT32_C(1) << order);
	b->pages[set] -= UINT64_C(1) << order;
	mark(b, at, BUDDY_NONE, 0);
}

void buddy_init(struct buddy *b, struct kmem_page *page, struct list_head *link, uint8_t *state,
		unsigned max_order)
{
	*b = (struct buddy){ .page = page, .link = link, .state = state, .max_order = max_order };
	for (unsigned set = 0; set < BUDDY_SETS; set++)
		for (unsigned i = 0; i < BUDDY_ORDERS; i++)
			b->list[set][i].next = b->list[set][i].prev = &b->list[set][i];
	link_block(b, 0, max_order, BUDDY_SPACE);
}

uint64_t buddy_take(struct buddy *b, enum buddy_set set, unsigned order, enum buddy_kind *kind)
{
	uint32_t fit = order < BUDDY_ORDERS ? b->filled[set] & (~UINT32_C(0) << order) : 0;
	unsigned have;
	uint64_t at;

	if (!fit)
		return BUDDY_NOTHING;
	have = (unsigned)__builtin_ctz(fit);
	at = page_of(b, b->list[set][have].next);
	*kind = buddy_kind_at(b, at);
	unlink_block(b, at);
	while (have > order) {
		have--;
		link_block(b, at + (UINT64_C(1) << have), have, *kind);
	}
	return at;
}

void buddy_give(struct buddy *b, uint64_t at, unsigned order, enum buddy_kind kind)
{
	for (; order < b->max_order; order++) {
		uint64_t other = at ^ (UINT64_C(1) << order);
		enum buddy_kind k = buddy_kind_at(b, other);

		if (k == BUDDY_NONE || k == BUDDY_USED || set_of(k) != set_of(kind) ||
		    buddy_order_at(b, other) != order)
			break;
		unlink_block(b, other);
		if (k == BUDDY_DIRTY)
			kind = BUDDY_DIRTY;
		at &= other;
	}
	link_block(b, at, order, kind);
}

void buddy_use(struct buddy *b, uint64_t at, unsigned order)
{
	mark(b, at, BUDDY_USED, order);
	b->used += UINT64_C(1) << order;
}

int buddy_unuse(struct buddy *b, uint64_t at, unsigned order)
{
	if (at >> b->max_order || buddy_kind_at(b, at) != BUDDY_USED ||
	    buddy_order_at(b, at) != order)
		return -1;
	mark(b, at, BUDDY_NONE, 0);
	b->used -= UINT64_C(1) << order;
	return 0;
}

uint64_t buddy_free_blocks(const struct buddy *b, unsigned order)
{
	const struct list_head *h = &b->list[BUDDY_SET_FREE][order];
	uint64_t n = 0;

	for (const struct list_head *l = h->next; l != h; l = l->next)
		n++;
	return n;
}

/* One list: links, kinds, orders. Adds its pages to *@pages. */
static int check_list(const struct buddy *b, unsigned set, unsigned order, uint64_t *pages,
		      struct err *e)
{
	const struct list_head *h = &b->list[set][order];

	if ((h->next != h) != (b->filled[set] >> order & 1))
		return err_set(e, -EINVAL, "list of order %u: filled bit is wrong", order);
	for (const struct list_head *l = h->next; l != h; l = l->next) {
		uint64_t at = page_of(b, l);
		enum buddy_kind k;

		if (at >> b->max_order || l->next->prev != l || l->prev->next != l)
			return err_set(e, -EINVAL, "list of order %u: broken link", order);
		k = buddy_kind_at(b, at);
		if (k == BUDDY_NONE || k == BUDDY_USED || set_of(k) != (enum buddy_set)set ||
		    buddy_order_at(b, at) != order)
			return err_set(
				e, -EINVAL,
				"page %llu: on the %s list of order %u, but is %s of order %u",
				(unsigned long long)at, set ? "free" : "space", order, kind_name[k],
				buddy_order_at(b, at));
		*pages += UINT64_C(1) << order;
		if (*pages >> b->max_order > 1)
			return err_set(e, -EINVAL, "list of order %u: a circle", order);
	}
	return 0;
}

/* The block at @at: aligned, not one half of a pair that should be one, nothing begins inside. */
static int check_block(const struct buddy *b, uint64_t at, enum buddy_kind k, unsigned order,
		       struct err *e)
{
	uint64_t other = at ^ (UINT64_C(1) << order);

	if (at & ((UINT64_C(1) << order) - 1))
		return err_set(e, -EINVAL, "page %llu: a block of order %u is not aligned",
			       (unsigned long long)at, order);
	if (k != BUDDY_USED && order < b->max_order && buddy_order_at(b, other) == order &&
	    buddy_kind_at(b, other) != BUDDY_NONE && buddy_kind_at(b, other) != BUDDY_USED &&
	    set_of(buddy_kind_at(b, other)) == set_of(k))
		return err_set(e, -EINVAL, "pages %llu and %llu: both buddies of order %u are %s",
			       (unsigned long long)at, (unsigned long long)other, order,
			       kind_name[k]);
	if (k == BUDDY_SPACE)
		return 0; /* not looked into: its bytes were never touched */
	for (uint64_t i = at; i < at + (UINT64_C(1) << order); i++) {
		if (b->state[i] && i != at)
			return err_set(
				e, -EINVAL,
				"page %llu begins a block inside the block of order %u at %llu",
				(unsigned long long)i, order, (unsigned long long)at);
		if (k != BUDDY_USED && b->page[i].cache)
			return err_set(e, -EINVAL, "page %llu is free but belongs to a cache",
				       (unsigned long long)i);
	}
	return 0;
}

int buddy_check(const struct buddy *b, struct err *e)
{
	uint64_t listed[BUDDY_SETS] = { 0, 0 }, tiled[BUDDY_SETS] = { 0, 0 }, used = 0, at = 0;

	for (unsigned set = 0; set < BUDDY_SETS; set++)
		for (unsigned order = 0; order <= b->max_order; order++) {
			int r = check_list(b, set, order, &listed[set], e);

			if (r)
				return r;
		}
	while (!(at >> b->max_order)) {
		enum buddy_kind k = buddy_kind_at(b, at);
		unsigned order = buddy_order_at(b, at);
		int r;

		if (k == BUDDY_NONE || order > b->max_order)
			return err_set(e, -EINVAL,
				       "page %llu: no block begins here, but the one before ended",
				       (unsigned long long)at);
		r = check_block(b, at, k, order, e);
		if (r)
			return r;
		if (k == BUDDY_USED)
			used += UINT64_C(1) << order;
		else
			tiled[set_of(k)] += UINT64_C(1) << order;
		at += UINT64_C(1) << order;
	}
	for (unsigned set = 0; set < BUDDY_SETS; set++)
		if (tiled[set] != listed[set] || tiled[set] != b->pages[set])
			return err_set(e, -EINVAL,
				       "%s pages: %llu in blocks, %llu on lists, %llu counted",
				       set ? "free" : "space", (unsigned long long)tiled[set],
				       (unsigned long long)listed[set],
				       (unsigned long long)b->pages[set]);
	if (used != b->used)
		return err_set(e, -EINVAL, "used pages: %llu in blocks, %llu counted",
			       (unsigned long long)used, (unsigned long long)b->used);
	return 0;
}
