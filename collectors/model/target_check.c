/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a target must fulfil before it is modelled. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"

#define CACHE_MOST ((uint64_t)1 << 30)
#define PAGE_MOST ((uint64_t)16 << 30)

static bool pow2(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* Unknown, or a number that may stand in a file: with 3 places. */
static bool good_number(double v)
{
	return isnan(v) || (v >= 0 && v <= 1000001);
}

static int check_geometry(const struct mt_cache *c, const char *name, struct err *e)
{
	uint64_t bytes;

	if (!pow2(c->line) || c->line < 4 || c->line > 4096)
		return err_set(e, -EINVAL, "%s: a line of %u bytes; a power of two from 4 to 4096",
			       name, c->line);
	if (!c->ways || c->ways > MT_WAYS)
		return err_set(e, -EINVAL, "%s: %u ways; 1 to %u", name, c->ways, MT_WAYS);
	if (!c->slices || c->slices > MT_CPUS)
		return err_set(e, -EINVAL, "%s: %u slices; 1 to %u", name, c->slices, MT_CPUS);
	if (c->size > CACHE_MOST)
		return err_set(e, -EINVAL, "%s: more than 1G", name);
	bytes = (uint64_t)c->line * c->ways * c->slices;
	if (!c->sets || c->sets > CACHE_MOST || bytes * c->sets != c->size)
		return err_set(e, -EINVAL,
			       "%s: %u sets x %u ways x %u bytes x %u slices is not its size of "
			       "%llu bytes",
			       name, c->sets, c->ways, c->line, c->slices,
			       (unsigned long long)c->size);
	if (c->hash && c->slices == 1)
		return err_set(e, -EINVAL, "%s: a hash of slices, and one slice", name);
	return 0;
}

static int check_policy(const struct mt_cache *c, const char *name, struct err *e)
{
	const struct mt_qlru *q = &c->qlru;

	if (c->policy > MT_RANDOM || c->inclusion > MT_VICTIM)
		return err_set(e, -EINVAL, "%s: no such policy or inclusion", name);
	if (c->policy == MT_PLRU && !pow2(c->ways))
		return err_set(e, -EINVAL, "%s: a tree (plru) needs a power of two of ways, not %u",
			       name, c->ways);
	if (c->policy == MT_QLRU &&
	    (q->h3 > 2 || q->h2 > 1 || q->insert > 3 || q->replace > 2 || q->update > 3))
		return err_set(e, -EINVAL, "%s: no QLRU_H%u%u_M%u_R%u_U%u", name, q->h3, q->h2,
			       q->insert, q->replace, q->update);
	if (!good_number(c->latency))
		return err_set(e, -EINVAL, "%s: a latency of %g cycles", name, c->latency);
	if (!good_number(c->outstanding) || c->outstanding < 1)
		return err_set(e, -EINVAL, "%s: %g misses at once; 1 or more", name,
			       c->outstanding);
	if (!good_number(c->per_cycle) || c->per_cycle == 0)
		return err_set(e, -EINVAL, "%s: %g hits in a cycle", name, c->per_cycle);
	return 0;
}

/* A level and the one above it. */
static int check_pair(const struct mt_cache *up, const struct mt_cache *c, const char *up_name,
		      const char *name, struct err *e)
{
	bool moves = c->inclusion == MT_EXCLUSIVE || c->inclusion == MT_VICTIM;

	if (c->line < up->line)
		return err_set(e, -EINVAL, "%s: a line of %u bytes, and %s has one of %u", name,
			       c->line, up_name, up->line);
	if (moves && c->line != up->line)
		return err_set(e, -EINVAL,
			       "%s: %s, so lines move between it and %s, but they are %u and %u "
			       "bytes long",
			       name, mt_inclusion_names[c->inclusion], up_name, c->line, up->line);
	if (c->inclusion == MT_EXCLUSIVE && up->write_through)
		return err_set(e, -EINVAL,
			       "%s: exclusive, but %s writes through to it what it holds itself",
			       name, up_name);
	if (!c->shared_by || c->shared_by % up->shared_by)
		return err_set(e, -EINVAL,
			       "%s: shared by %u CPUs, which the %u of %s do not divide", name,
			       c->shared_by, up->shared_by, up_name);
	return 0;
}

static int check_caches(const struct mt_target *t, struct err *e)
{
	if (!t->nr_levels || t->nr_levels > MT_LEVELS)
		return err_set(e, -EINVAL, "no l1d: a target has at least that");
	for (unsigned i = 0; i < t->nr_levels; i++) {
		const struct mt_cache *c = &t->cache[i];
		const char *name = mt_level_names[i];
		int r;

		if (!c->size)
			return err_set(e, -EINVAL, "%s is missing, and there is a level behind it",
				       name);
		r = check_geometry(c, name, e);
		if (!r)
			r = check_policy(c, name, e);
		if (!r && i)
			r = check_pair(c - 1, c, mt_level_names[i - 1], name, e);
		if (r)
			return r;
	}
	if (t->cache[0].inclusion != MT_NINE)
		return err_set(e, -EINVAL, "l1d: %s of the level above, and there is none",
			       mt_inclusion_names[t->cache[0].inclusion]);
	if (!t->cache[0].shared_by)
		return err_set(e, -EINVAL, "l1d: shared by no CPU");
	if (t->cpus % t->cache[t->nr_levels - 1].shared_by)
		return err_set(e, -EINVAL,
			       "%s: shared by %u CPUs, which does not divide the %u CPUs",
			       mt_level_names[t->nr_levels - 1],
			       t->cache[t->nr_levels - 1].shared_by, t->cpus);
	return 0;
}

static int check_tlb(const struct mt_tlb *v, const char *page, const char *name, struct err *e)
{
	if (!v->entries && !v->ways)
		return 0;
	if (!v->ways || v->entries > 65536 || v->entries % v->ways)
		return err_set(e, -EINVAL, "%s: %s: %u entries are not a multiple of %u ways", page,
			       name, v->entries, v->ways);
	if (v->ways > MT_WAYS && v->ways != v->entries)
		return err_set(e, -EINVAL, "%s: %s: %u ways; 1 to %u, or all entries", page, name,
			       v->ways, MT_WAYS);
	return 0;
}

static int check_pages(const struct mt_target *t, struct err *e)
{
	if (!t->nr_pages || t->nr_pages > MT_PAGE_SIZES)
		return err_set(e, -EINVAL, "%u page sizes; 1 to %u", t->nr_pages, MT_PAGE_SIZES);
	for (unsigned i = 0; i < t->nr_pages; i++) {
		const struct mt_page *p = &t->page[i];
		char name[48];
		int r;

		mt_page_part(p, name, sizeof(name));
		if (!pow2(p->size) || p->size < 4096 || p->size > PAGE_MOST)
			return err_set(e, -EINVAL, "%s: a power of two from 4K to 16G", name);
		if (i && p->size <= t->page[i - 1].size)
			return err_set(e, -EINVAL, "%s: stands behind a page size as large", name);
		r = check_tlb(&p->dtlb, name, "dtlb", e);
		if (!r)
			r = check_tlb(&p->stlb, name, "stlb", e);
		if (r)
			return r;
		if (p->stlb_with < 0)
			continue;
		if (p->stlb.entries)
			return err_set(e, -EINVAL, "%s: an stlb of its own, and one that it shares",
				       name);
		if ((unsigned)p->stlb_with >= t->nr_pages || !t->page[p->stlb_with].stlb.entries)
			return err_set(e, -EINVAL,
				       "%s: shares the stlb of a page size that has none", name);
	}
	return 0;
}

static int check_machine(const struct mt_target *t, struct err *e)
{
	if (!t->cpus || t->cpus > MT_CPUS)
		return err_set(e, -EINVAL, "%u CPUs; 1 to %u", t->cpus, MT_CPUS);
	if (!t->nodes || t->nodes > MT_NODES)
		return err_set(e, -EINVAL, "%u nodes; 1 to %u", t->nodes, MT_NODES);
	for (unsigned i = 0; i < t->cpus; i++)
		if (t->node_of[i] >= t->nodes)
			return err_set(e, -EINVAL, "CPU %u is on node %u of %u", i, t->node_of[i],
				       t->nodes);
	for (unsigned i = 0; i < t->nodes; i++)
		for (unsigned j = 0; j < t->nodes; j++) {
			unsigned d = t->distance[i][j];

			if (i == j ? d != 10 : d < 10 || d > 255)
				return err_set(e, -EINVAL,
					       "distance from node %u to %u is %u; 10 to itself, "
					       "10 to 255 to others",
					       i, j, d);
		}
	if (!good_number(t->ghz) || t->ghz == 0)
		return err_set(e, -EINVAL, "%g GHz", t->ghz);
	if (!good_number(t->dram_ns[0]) || !good_number(t->dram_ns[1]) ||
	    !good_number(t->walk_cycles) || !good_number(t->stlb_cycles))
		return err_set(e, -EINVAL, "a time of memory, STLB or a page walk below 0");
	if (!good_number(t->walks) || t->walks < 1)
		return err_set(e, -EINVAL, "%g page walks at once; 1 or more", t->walks);
	return 0;
}

int mt_check(const struct mt_target *t, struct err *e)
{
	int r = check_machine(t, e);

	if (!r)
		r = check_caches(t, e);
	return r ? r : check_pages(t, e);
}
