/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every placement policy on real nodes. Where a page lies, the kernel says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/help.h"

#define SIZE 1000 /* 4 of them in a page with their header's room: a slab is a page */

static void one_node(enum slab_placement placement, const char *name, unsigned from, unsigned asked,
		     unsigned expected)
{
	unsigned want[GUEST_NODES] = { 0 };
	struct slab_config c;
	struct guest_objects o;
	char policy[40];

	guest_pin(from);
	guest_config(&c, placement, asked);
	guest_fill_begin(&o, &c, SIZE);
	guest_fill(&o, GUEST_OBJECTS);
	want[expected] = GUEST_OBJECTS;
	snprintf(policy, sizeof(policy), "%s (node %u)", name, expected);
	guest_expect(&o, policy, from, want);
	guest_fill_end(&o);
}

static void by_object(unsigned from, bool weighted)
{
	static const unsigned weight[2][GUEST_NODES] = { { 1, 1, 1, 1, 1, 1, 1, 1 },
							 GUEST_WEIGHTS };
	unsigned want[GUEST_NODES] = { 0 }, sum = 0, turn = 0, wrong = 0, left;
	struct slab_config c;
	struct guest_objects o;

	guest_pin(from);
	guest_config(&c, weighted ? PLACE_WEIGHTED : PLACE_INTERLEAVE_OBJECT, 0);
	strcpy(c.place_weights, guest_weights());
	guest_fill_begin(&o, &c, SIZE);
	guest_fill(&o, GUEST_OBJECTS);
	for (unsigned i = 0; i < guest.nr; i++)
		sum += weight[weighted][i];
	for (unsigned i = 0; i < guest.nr; i++)
		want[i] = GUEST_OBJECTS / sum * weight[weighted][i];
	guest_expect(&o, weighted ? "weighted" : "interleave-object", from, want);
	/* and in turn, object by object */
	left = weight[weighted][0];
	for (unsigned i = 0; i < o.nr; i++, left--) {
		if (!left) {
			turn = (turn + 1) % guest.nr;
			left = weight[weighted][turn];
		}
		wrong += o.node[i] != turn;
	}
	check(!wrong, "policy %s: %u of %u objects out of turn",
	      weighted ? "weighted" : "interleave-object", wrong, o.nr);
	guest_fill_end(&o);
}

struct rotation {
	unsigned slabs[GUEST_NODES];
};

static void count_slab(const struct kmem_slab_view *v, void *arg)
{
	struct rotation *r = arg;
	void *page = (void *)(uintptr_t)v->page;
	unsigned node;

	guest_census(&page, 1, &node);
	r->slabs[node]++;
}

static void by_page(unsigned from)
{
	struct rotation r = { { 0 } };
	unsigned changes = 0, least = ~0u, most = 0;
	struct kmem_cache_info info;
	struct slab_config c;
	struct guest_objects o;
	char text[100];

	guest_pin(from);
	guest_config(&c, PLACE_INTERLEAVE_PAGE, 0);
	guest_fill_begin(&o, &c, SIZE);
	guest_fill(&o, GUEST_OBJECTS);
	kmem_cache_get_info(o.cache, &info);
	kmem_for_each_slab(o.cache, count_slab, &r);
	for (unsigned i = 0; i < guest.nr; i++) {
		least = r.slabs[i] < least ? r.slabs[i] : least;
		most = r.slabs[i] > most ? r.slabs[i] : most;
	}
	check(most - least <= 1 && least, "policy interleave-page from node %u: slabs by node %s",
	      from, guest_counts(r.slabs, text));
	for (unsigned i = 1; i < o.nr; i++)
		changes += o.node[i] != o.node[i - 1];
	check(changes == info.num_slabs - 1,
	      "policy interleave-page: %u changes of node over %llu slabs", changes,
	      (unsigned long long)info.num_slabs);
	guest_fill_end(&o);
}

void check_policies(void)
{
	unsigned order[GUEST_NODES];

	for (unsigned from = 0; from < guest.nr; from++) {
		guest_by_distance(from, order);
		one_node(PLACE_LOCAL, "local", from, 0, from);
		one_node(PLACE_FARTHEST, "farthest", from, 0, order[guest.nr - 1]);
		for (unsigned to = 0; to < guest.nr; to++) {
			one_node(PLACE_BIND, "bind", from, to, to);
			one_node(PLACE_PREFERRED, "preferred", from, to, to);
		}
		by_object(from, false);
		by_object(from, true);
		by_page(from);
	}
}
