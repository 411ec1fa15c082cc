/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel counts of the engine's pages is what their placement says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/help.h"

#define PAGES 4096u
/* Page tables, accounts and what the rest of the guest takes meanwhile. */
#define NOISE (PAGES / 32)

static const char *const field[] = { "numa_hit", "numa_miss", "numa_foreign", "local_node",
				     "other_node" };
enum { HIT, MISS, FOREIGN, LOCAL, OTHER, FIELDS };

struct stat {
	int64_t n[GUEST_NODES][FIELDS];
};

static void read_stat(struct stat *s)
{
	for (unsigned i = 0; i < guest.nr; i++)
		for (unsigned f = 0; f < FIELDS; f++)
			s->n[i][f] = (int64_t)guest_numastat(i, field[f]);
}

/* PAGES pages, each an object of its own, touched from node @from; @share of them should come to each node. */
static void touched(const char *name, enum slab_placement placement, unsigned from, unsigned node,
		    const unsigned *share)
{
	struct stat before, after;
	struct slab_config c;
	struct kmem_system *s;
	struct kmem_cache *cache;
	void **obj = calloc(PAGES, sizeof(*obj));

	if (!obj)
		die("no memory");
	guest_pin(from);
	guest_config(&c, placement, node);
	strcpy(c.place_weights, guest_weights());
	c.mgmt = MGMT_OFF;
	s = guest_system();
	cache = guest_cache(s, &c, 4096);
	for (unsigned i = 0; i < PAGES; i++)
		if (!(obj[i] = kmem_cache_alloc(cache, 0)))
			die("no memory");
	read_stat(&before);
	for (unsigned i = 0; i < PAGES; i++)
		*(volatile char *)obj[i] = 1;
	read_stat(&after);
	for (unsigned i = 0; i < guest.nr; i++) {
		int64_t want[FIELDS] = { share[i], 0, 0, i == from ? share[i] : 0,
					 i == from ? 0 : share[i] };

		for (unsigned f = 0; f < FIELDS; f++) {
			int64_t got = after.n[i][f] - before.n[i][f];

			check(llabs((long long)(got - want[f])) <= NOISE,
			      "numastat of %s from node %u: node %u %s %+lld, expected %+lld (within %u)",
			      name, from, i, field[f], (long long)got, (long long)want[f], NOISE);
		}
	}
	for (unsigned i = 0; i < PAGES; i++)
		kmem_cache_free(cache, obj[i]);
	guest_end(s, cache);
	free(obj);
}

/* Pages of each node: @weight of @sum. */
static void shared(const char *name, enum slab_placement placement, unsigned from,
		   const unsigned *weight, unsigned sum)
{
	unsigned share[GUEST_NODES] = { 0 };

	for (unsigned i = 0; i < guest.nr; i++)
		share[i] = PAGES / sum * weight[i];
	touched(name, placement, from, 0, share);
}

static void one_node(const char *name, enum slab_placement placement, unsigned from, unsigned node)
{
	unsigned share[GUEST_NODES] = { 0 };

	share[node] = PAGES;
	touched(name, placement, from, node, share);
}

void check_numastat(void)
{
	static const unsigned even[GUEST_NODES] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	static const unsigned weighted[GUEST_NODES] = GUEST_WEIGHTS;
	unsigned order[GUEST_NODES];

	for (unsigned from = 0; from < guest.nr; from++) {
		one_node("local", PLACE_LOCAL, from, from);
		one_node("bind", PLACE_BIND, from, (from + 1) % guest.nr);
		shared("interleave-page", PLACE_INTERLEAVE_PAGE, from, even, guest.nr);
	}
	guest_by_distance(0, order);
	one_node("preferred", PLACE_PREFERRED, 0, 1);
	one_node("farthest", PLACE_FARTHEST, 0, order[guest.nr - 1]);
	shared("interleave-object", PLACE_INTERLEAVE_OBJECT, 0, even, guest.nr);
	shared("weighted", PLACE_WEIGHTED, 0, weighted, guest.nr > 2 ? 8 : 4);
}
