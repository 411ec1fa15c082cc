/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking into the arenas. See pages_impl.h. */
#include "engine/pages_impl.h"

#include <errno.h>

static uint64_t committed_pages(const struct arena *a)
{
	return a->ready ? a->buddy.pages[BUDDY_SET_FREE] + a->buddy.used : 0;
}

void pages_node_stats(struct pages *p, unsigned node, struct pages_stats *s)
{
	struct node *n = &p->node[node];

	*s = (struct pages_stats){ .committed = 0 };
	for (unsigned i = 0; i < BACKING_NR; i++) {
		struct arena *a = &n->arena[i];

		kmem_lock(&a->lock);
		s->committed += committed_pages(a) << p->map.page_shift;
		s->allocated += a->ready ? a->buddy.used << p->map.page_shift : 0;
		kmem_unlock(&a->lock);
	}
	s->peak = atomic_load_explicit(&n->peak, memory_order_relaxed);
	s->allocs = atomic_load_explicit(&n->allocs, memory_order_relaxed);
	s->frees = atomic_load_explicit(&n->frees, memory_order_relaxed);
	s->failures = atomic_load_explicit(&n->failures, memory_order_relaxed);
}

uint64_t pages_free_blocks(struct pages *p, unsigned node, unsigned backing, unsigned order)
{
	struct arena *a = &p->node[node].arena[backing];
	uint64_t n;

	kmem_lock(&a->lock);
	n = a->ready && order < BUDDY_ORDERS ? buddy_free_blocks(&a->buddy, order) : 0;
	kmem_unlock(&a->lock);
	return n;
}

uint64_t pages_chunk_bytes(const struct pages *p, unsigned backing)
{
	return p->chunk[backing];
}

uint64_t pages_arena_bytes(const struct pages *p)
{
	return p->arena_bytes;
}

/* One node with its three locks held: buddy_check() of each arena, space + committed == the arena,
 * and what is booked on the node covers what is handed out. */
static int check_node(struct pages *p, unsigned n, struct err *e)
{
	static const char *const name[] = { "base", "thp", "hugetlb" };
	struct node *node = &p->node[n];
	uint64_t used = 0, held;

	for (unsigned i = 0; i < BACKING_NR; i++) {
		const struct arena *a = &node->arena[i];

		if (!a->ready)
			continue;
		if (buddy_check(&a->buddy, e))
			return err_prefix(e, -EINVAL, "node %u, %s", n, name[i]);
		if ((a->buddy.pages[BUDDY_SET_SPACE] + committed_pages(a)) << p->map.page_shift !=
		    p->arena_bytes)
			return err_set(
				e, -EINVAL,
				"node %u, %s: space + free + handed out pages are not the arena", n,
				name[i]);
		used += a->buddy.used << p->map.page_shift;
	}
	held = atomic_load_explicit(&node->held, memory_order_relaxed);
	if (held < used)
		return err_set(e, -EINVAL, "node %u: %llu bytes booked, %llu handed out", n,
			       (unsigned long long)held, (unsigned long long)used);
	return 0;
}

int pages_check(struct pages *p, struct err *e)
{
	unsigned bad = atomic_load(&p->bad_frees);

	for (unsigned n = 0; n < p->nr_nodes; n++) {
		int r;

		for (unsigned i = 0; i < BACKING_NR; i++)
			kmem_lock(&p->node[n].arena[i].lock);
		r = check_node(p, n, e);
		for (unsigned i = 0; i < BACKING_NR; i++)
			kmem_unlock(&p->node[n].arena[i].lock);
		if (r)
			return r;
	}
	if (bad)
		return err_set(
			e, -EINVAL,
			"%u frees of blocks that were not handed out so; the first: %p, order %u",
			bad, (void *)atomic_load(&p->bad_addr), atomic_load(&p->bad_order));
	return 0;
}
