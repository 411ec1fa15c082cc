/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens when a node is full: by the engine's own limit, and because the kernel has no page left there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/guest/help.h"

#define SIZE 1000	/* 4 of them in a page */
#define LARGE 30000	/* so that few objects fill a pool of huge pages */
#define LIMIT_PAGES 16u /* slabs that a node may hold */
#define POOL_PAGES 2u	/* huge pages that a node has */

static char pool_path[GUEST_NODES][120];
static size_t huge_size;

/* Places of a cache's objects on each node before it is full. */
static unsigned per_node(const struct guest_objects *o, bool pool)
{
	struct slab_geometry g;
	uint64_t slab;

	kmem_cache_geometry(o->cache, &g);
	slab = UINT64_C(4096) << g.gfporder;
	if (pool)
		return (unsigned)(POOL_PAGES * huge_size / slab) * g.num;
	for (unsigned i = 0; i < guest.nr; i++)
		kmem_system_node_limit(o->sys, i, LIMIT_PAGES * slab);
	return LIMIT_PAGES * g.num;
}

static void node_list(char *text, const unsigned *node, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		text += sprintf(text, " %u", node[i]);
}

/* Objects until there is no more memory: they come from the nodes in @order, and from each all that it has. */
static void overflow(bool pool, const char *policy, enum slab_placement placement, unsigned from,
		     unsigned node, const unsigned *order)
{
	unsigned seen = 0, back = 0, room, met[GUEST_NODES] = { 0 };
	char is[100] = "", should[100] = "";
	struct guest_objects o;
	struct slab_config c;

	guest_pin(from);
	guest_config(&c, placement, node);
	c.backing = pool ? BACKING_HUGETLB : BACKING_BASE;
	guest_fill_begin(&o, &c, pool ? LARGE : SIZE);
	room = per_node(&o, pool);
	guest_fill(&o, GUEST_OBJECTS);
	for (unsigned i = 0; i < o.nr; i++) {
		unsigned k = 0;

		while (k < seen && met[k] != o.node[i])
			k++;
		if (k == seen && seen < GUEST_NODES)
			met[seen++] = o.node[i];
		else
			back += k + 1 < seen;
	}
	node_list(is, met, seen);
	node_list(should, order, guest.nr);
	check(!strcmp(is, should),
	      "fallback of %s%s by distance from node %u: nodes in order%s, expected%s", policy,
	      pool ? " with empty pools" : "", order[0], is, should);
	check(!back && o.nr == room * guest.nr,
	      "fallback of %s: %u objects of full nodes, expected %u, %u of a nearer node behind one of a farther",
	      policy, o.nr, room * guest.nr, back);
	guest_fill_end(&o);
}

/* bind never leaves its node */
static void bound(bool pool, unsigned from, unsigned node)
{
	unsigned want[GUEST_NODES] = { 0 };
	struct guest_objects o;
	struct slab_config c;

	guest_pin(from);
	guest_config(&c, PLACE_BIND, node);
	c.backing = pool ? BACKING_HUGETLB : BACKING_BASE;
	guest_fill_begin(&o, &c, pool ? LARGE : SIZE);
	want[node] = per_node(&o, pool);
	guest_fill(&o, GUEST_OBJECTS);
	guest_expect(&o, pool ? "bind to a node whose pool is empty" : "bind to a full node", from,
		     want);
	guest_fill_end(&o);
}

static void every_node(bool pool)
{
	unsigned order[GUEST_NODES], turned[GUEST_NODES];

	for (unsigned node = 0; node < guest.nr; node++) {
		unsigned from = (node + 1) % guest.nr;

		guest_by_distance(node, order);
		overflow(pool, "local", PLACE_LOCAL, node, 0, order);
		overflow(pool, "preferred", PLACE_PREFERRED, from, node, order);
		for (unsigned i = 0; i < guest.nr; i++)
			turned[i] = order[guest.nr - 1 - i];
		overflow(pool, "farthest", PLACE_FARTHEST, node, 0, turned);
		bound(pool, from, node);
	}
}

void check_fallback(void)
{
	every_node(false);
}

static unsigned long number_in(const char *path)
{
	unsigned long n = 0;
	FILE *f = fopen(path, "re");

	if (!f || fscanf(f, "%lu", &n) != 1)
		die("%s: %s", path, strerror(errno));
	fclose(f);
	return n;
}

static void set_pool(unsigned node, unsigned pages)
{
	FILE *f = fopen(pool_path[node], "we");

	if (!f || fprintf(f, "%u\n", pages) < 0 || fclose(f))
		die("%s: %s", pool_path[node], strerror(errno));
	if (number_in(pool_path[node]) != pages)
		die("node %u: %lu huge pages of %u asked", node, number_in(pool_path[node]), pages);
}

static size_t default_huge_page(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	size_t kib = 0;
	char line[200];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Hugepagesize: %zu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	if (!kib)
		die("this kernel has no huge pages");
	return kib << 10;
}

/* A pool of huge pages is a part of a node that the kernel says is full. */
void check_pools(void)
{
	huge_size = default_huge_page();
	for (unsigned i = 0; i < guest.nr; i++) {
		sprintf(pool_path[i],
			"/sys/devices/system/node/node%u/hugepages/hugepages-%zukB/nr_hugepages", i,
			huge_size >> 10);
		set_pool(i, POOL_PAGES);
	}
	every_node(true);
	for (unsigned i = 0; i < guest.nr; i++)
		set_pool(i, 0);
}
