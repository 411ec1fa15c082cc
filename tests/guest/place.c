/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every placement policy on real nodes, and what happens when a node is full. Where a page lies, the kernel says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/help.h"

#define OBJECTS \
	1200u	  /* a multiple of all numbers of nodes and of the sums of weights in use here */
#define SIZE 1000 /* 4 of them in a page with their header's room: a slab is a page */

struct objects {
	struct kmem_system *sys;
	struct kmem_cache *cache;
	unsigned nr;
	void *obj[OBJECTS];
	unsigned node[OBJECTS];	     /* of the object's first byte */
	unsigned count[GUEST_NODES]; /* objects there */
};

static void begin(struct objects *o, const struct slab_config *c)
{
	memset(o, 0, sizeof(*o));
	o->sys = guest_system();
	o->cache = guest_cache(o->sys, c, SIZE);
}

/* @n objects more, or as many as there are. */
static void fill(struct objects *o, unsigned n)
{
	while (n-- && (o->obj[o->nr] = kmem_cache_alloc(o->cache, 0)))
		memset(o->obj[o->nr++], 0x5a, SIZE);
	guest_census(o->obj, o->nr, o->node);
	memset(o->count, 0, sizeof(o->count));
	for (unsigned i = 0; i < o->nr; i++)
		o->count[o->node[i]]++;
}

static void end(struct objects *o)
{
	for (unsigned i = 0; i < o->nr; i++)
		kmem_cache_free(o->cache, o->obj[i]);
	guest_end(o->sys, o->cache);
}

/* "0 1200 0 0" */
static const char *counts(const unsigned *n, char *text)
{
	char *at = text;

	for (unsigned i = 0; i < guest.nr; i++)
		at += sprintf(at, "%s%u", i ? " " : "", n[i]);
	return text;
}

/* All objects lie as @want says, by node. */
static void expect(const struct objects *o, const char *policy, unsigned from, const unsigned *want)
{
	char a[100], b[100];

	check(!memcmp(o->count, want, sizeof(o->count)),
	      "policy %s from node %u: objects by node %s, expected %s", policy, from,
	      counts(o->count, a), counts(want, b));
}

static void one_node(enum slab_placement placement, const char *name, unsigned from, unsigned asked,
		     unsigned expected)
{
	unsigned want[GUEST_NODES] = { 0 };
	struct slab_config c;
	struct objects o;
	char policy[40];

	guest_pin(from);
	guest_config(&c, placement, asked);
	begin(&o, &c);
	fill(&o, OBJECTS);
	want[expected] = OBJECTS;
	snprintf(policy, sizeof(policy), "%s (node %u)", name, expected);
	expect(&o, policy, from, want);
	end(&o);
}

static void by_object(unsigned from, bool weighted)
{
	static const unsigned weight[2][GUEST_NODES] = { { 1, 1, 1, 1, 1, 1, 1, 1 },
							 { 3, 1, 2, 2 } };
	unsigned want[GUEST_NODES] = { 0 }, sum = 0, turn = 0, wrong = 0, left;
	struct slab_config c;
	struct objects o;

	guest_pin(from);
	guest_config(&c, weighted ? PLACE_WEIGHTED : PLACE_INTERLEAVE_OBJECT, 0);
	strcpy(c.place_weights, guest.nr > 2 ? "3:1:2:2" : "3:1");
	begin(&o, &c);
	fill(&o, OBJECTS);
	for (unsigned i = 0; i < guest.nr; i++)
		sum += weight[weighted][i];
	for (unsigned i = 0; i < guest.nr; i++)
		want[i] = OBJECTS / sum * weight[weighted][i];
	expect(&o, weighted ? "weighted" : "interleave-object", from, want);
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
	end(&o);
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
	struct objects o;
	char text[100];

	guest_pin(from);
	guest_config(&c, PLACE_INTERLEAVE_PAGE, 0);
	begin(&o, &c);
	fill(&o, OBJECTS);
	kmem_cache_get_info(o.cache, &info);
	kmem_for_each_slab(o.cache, count_slab, &r);
	for (unsigned i = 0; i < guest.nr; i++) {
		least = r.slabs[i] < least ? r.slabs[i] : least;
		most = r.slabs[i] > most ? r.slabs[i] : most;
	}
	check(most - least <= 1 && least, "policy interleave-page from node %u: slabs by node %s",
	      from, counts(r.slabs, text));
	for (unsigned i = 1; i < o.nr; i++)
		changes += o.node[i] != o.node[i - 1];
	check(changes == info.num_slabs - 1,
	      "policy interleave-page: %u changes of node over %llu slabs", changes,
	      (unsigned long long)info.num_slabs);
	end(&o);
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

/* ---- full nodes ---- */

/* Nodes in the order in which the first object came from them, as "3 2 1 0"; and objects of each in one run. */
static void overflow(const char *policy, enum slab_placement placement, unsigned from,
		     unsigned node, const unsigned *order)
{
	enum { PAGES = 16 };
	unsigned seen = 0, back = 0, met[GUEST_NODES] = { 0 };
	char is[100] = "", should[100] = "";
	struct slab_geometry g;
	struct slab_config c;
	struct objects o;
	uint64_t bytes;

	guest_pin(from);
	guest_config(&c, placement, node);
	begin(&o, &c);
	kmem_cache_geometry(o.cache, &g);
	bytes = PAGES * (UINT64_C(4096) << g.gfporder);
	for (unsigned i = 0; i < guest.nr; i++)
		kmem_system_node_limit(o.sys, i, bytes);
	fill(&o, OBJECTS);
	for (unsigned i = 0; i < o.nr; i++) {
		unsigned k = 0;

		while (k < seen && met[k] != o.node[i])
			k++;
		if (k == seen && seen < GUEST_NODES)
			met[seen++] = o.node[i];
		else
			back += k + 1 < seen;
	}
	for (unsigned i = 0; i < seen; i++)
		sprintf(is + strlen(is), " %u", met[i]);
	for (unsigned i = 0; i < guest.nr; i++)
		sprintf(should + strlen(should), " %u", order[i]);
	check(!strcmp(is, should),
	      "fallback of %s by distance from node %u: nodes in order%s, expected%s", policy,
	      order[0], is, should);
	check(!back && o.nr == PAGES * g.num * guest.nr,
	      "fallback of %s: %u objects of full nodes, expected %u, %u of a nearer node behind one of a farther",
	      policy, o.nr, PAGES * g.num * guest.nr, back);
	end(&o);
}

/* bind never leaves its node */
static void bound(unsigned from, unsigned node)
{
	unsigned want[GUEST_NODES] = { 0 };
	struct slab_geometry g;
	struct slab_config c;
	struct objects o;

	guest_pin(from);
	guest_config(&c, PLACE_BIND, node);
	begin(&o, &c);
	kmem_cache_geometry(o.cache, &g);
	kmem_system_node_limit(o.sys, node, 4096u << g.gfporder);
	fill(&o, OBJECTS);
	want[node] = g.num;
	expect(&o, "bind to a full node", from, want);
	end(&o);
}

void check_fallback(void)
{
	unsigned order[GUEST_NODES], turned[GUEST_NODES];

	for (unsigned node = 0; node < guest.nr; node++) {
		unsigned from = (node + 1) % guest.nr;

		guest_by_distance(node, order);
		overflow("local", PLACE_LOCAL, node, 0, order);
		overflow("preferred", PLACE_PREFERRED, from, node, order);
		for (unsigned i = 0; i < guest.nr; i++)
			turned[i] = order[guest.nr - 1 - i];
		overflow("farthest", PLACE_FARTHEST, node, 0, turned);
		bound(from, node);
	}
}
