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

void check_numastat(void)
{
	unsigned share[GUEST_NODES];

	for (unsigned from = 0; from < guest.nr; from++) {
		unsigned to = (from + 1) % guest.nr;

		memset(share, 0, sizeof(share));
		share[from] = PAGES;
		touched("local", PLACE_LOCAL, from, 0, share);
		share[from] = 0;
		share[to] = PAGES;
		touched("bind", PLACE_BIND, from, to, share);
		for (unsigned i = 0; i < guest.nr; i++)
			share[i] = PAGES / guest.nr;
		touched("interleave-page", PLACE_INTERLEAVE_PAGE, from, 0, share);
	}
}
