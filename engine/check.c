/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* kmem_cache_check(): every equation of internal.h, slab.h and geometry.h, over all slabs, queues and pages. */
#include <stdarg.h>
#include <stdlib.h>

#include "engine/internal.h"

struct checker {
	struct kmem_cache_core *core;
	struct err *e;
	uint64_t inuse, num_objs, slabs; /* over all nodes */
	uint64_t geo_slabs[KMEM_GEO_MAX];
	uint64_t queued;
};

static int bad(struct checker *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct checker *k, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(k->e, -EINVAL, "cache %s: %s", k->core->name, text);
}

static int check_layout(struct checker *k, const struct slab *slab, const struct slab_geometry *g)
{
	char *page = slab_page(slab, g);
	size_t bytes = (size_t)g->page_size << g->gfporder, front = 0;
	unsigned n;
	const struct kmem_page *p = pages_entries(k->core->sys->map, page, g->gfporder, &n);

	if (!g->off_slab && g->rules != RULES_6_1)
		front = g->slab_size;
	if ((char *)slab->s_mem != page + slab->colouroff + front)
		return bad(k, "slab %p: s_mem != page + colouroff + management", (void *)page);
	if (slab->colouroff != slab->colour * g->colour_off ||
	    (slab->colour && slab->colour >= g->colour))
		return bad(k, "slab %p: colour %u of %u, offset %u", (void *)page, slab->colour,
			   g->colour, slab->colouroff);
	if (slab->colouroff + front + (size_t)g->num * g->size > bytes)
		return bad(k, "slab %p: objects do not fit", (void *)page);
	for (unsigned i = 0; i < n; i++)
		if (p[i].cache != k->core->cache || p[i].slab != slab)
			return bad(k, "slab %p: piece %u of %u is not mapped to it", (void *)page,
				   i, n);
	return 0;
}

static int check_objects(struct checker *k, const struct slab *slab, const struct kmem_geo *geo)
{
	uint8_t *free_map = meta_alloc(k->core->sys->meta, geo->g.num);
	int r = 0;

	if (!free_map)
		return err_set(k->e, -ENOMEM, "no memory to check cache %s", k->core->name);
	if (slab_free_map(slab, &geo->g, free_map))
		r = bad(k, "slab %p: free index is broken", slab_page(slab, &geo->g));
	for (unsigned i = 0; !r && geo->debug && i < geo->g.num; i++) {
		void *obj = index_to_obj(slab, &geo->g, i);

		if (free_map[i])
			r = debug_check_free(&geo->g, obj,
					     geo->g.objfreelist && slab->freelist == obj, k->e);
	}
	meta_free(k->core->sys->meta, free_map);
	return r;
}

static int check_list(struct checker *k, struct kmem_list3 *l3, struct list_head *h, unsigned list,
		      uint64_t *slabs, uint64_t *objs, uint64_t *free_objs)
{
	const struct list_head *prev = h;

	for (struct list_head *p = h->next; p != h; prev = p, p = p->next) {
		const struct slab *slab = list_slab(p);
		struct kmem_geo *geo =
			slab->geometry < KMEM_GEO_MAX ? k->core->geo[slab->geometry] : NULL;
		unsigned want;
		int r;

		if (p->prev != prev || p->next->prev != p || !geo)
			return bad(k, "node %u: a list is broken", l3->nodeid);
		want = !slab->inuse ? 2 : slab->inuse == geo->g.num ? 0 : 1;
		if (want != list || slab->inuse > geo->g.num)
			return bad(k, "node %u: slab with %u of %u objects out is on list %u",
				   l3->nodeid, slab->inuse, geo->g.num, list);
		if (slab->nodeid != l3->nodeid ||
		    pages_node(k->core->sys->map, slab->s_mem) != l3->nodeid)
			return bad(k, "slab of node %u is in the lists of node %u", slab->nodeid,
				   l3->nodeid);
		r = check_layout(k, slab, &geo->g);
		if (!r)
			r = check_objects(k, slab, geo);
		if (r)
			return r;
		++*slabs;
		*objs += geo->g.num;
		*free_objs += geo->g.num - slab->inuse;
		k->inuse += slab->inuse;
		k->geo_slabs[slab->geometry]++;
	}
	return 0;
}

static int check_node(struct checker *k, struct kmem_list3 *l3)
{
	uint64_t slabs = 0, objs = 0, free_objs = 0, full, partial;
	int r;

	r = check_list(k, l3, &l3->slabs_full, 0, &slabs, &objs, &free_objs);
	full = slabs;
	if (!r)
		r = check_list(k, l3, &l3->slabs_partial, 1, &slabs, &objs, &free_objs);
	partial = slabs - full;
	if (!r)
		r = check_list(k, l3, &l3->slabs_free, 2, &slabs, &objs, &free_objs);
	if (r)
		return r;
	if (free_objs != l3->free_objects || objs != l3->num_objs || slabs != l3->num_slabs ||
	    full != l3->num_full || slabs - full - partial != l3->num_free)
		return bad(
			k,
			"node %u: counted %llu slabs %llu objects %llu free, accounts say %llu %llu %llu",
			l3->nodeid, (unsigned long long)slabs, (unsigned long long)objs,
			(unsigned long long)free_objs, (unsigned long long)l3->num_slabs,
			(unsigned long long)l3->num_objs, (unsigned long long)l3->free_objects);
	k->num_objs += objs;
	k->slabs += slabs;
	return 0;
}

static int pointer_order(const void *a, const void *b)
{
	const void *x = *(void *const *)a, *y = *(void *const *)b;

	return x < y ? -1 : x > y;
}

/* Queued objects of one array: of this cache, this node, object starts, out of their slab. */
static int check_queue(struct checker *k, const struct array_cache *ac, unsigned node, void **all)
{
	if (ac->avail > ac->limit && ac->avail)
		return bad(k, "a queue holds %u of at most %u", ac->avail, ac->limit);
	for (unsigned i = 0; i < ac->avail; i++) {
		void *obj = ac->entry[i];
		const struct kmem_page *p = pages_lookup(k->core->sys->map, obj);
		const struct kmem_geo *geo;
		unsigned n;

		if (!p || p->cache != k->core->cache)
			return bad(k, "queued %p is not an object of this cache", obj);
		geo = k->core->geo[p->slab->geometry];
		n = obj_to_index(p->slab, &geo->g, obj);
		if (n >= geo->g.num || index_to_obj(p->slab, &geo->g, n) != obj)
			return bad(k, "queued %p is not an object's start", obj);
		if (p->slab->nodeid != node)
			return bad(k, "queued %p is of node %u, the queue of node %u", obj,
				   p->slab->nodeid, node);
		if (geo->debug) {
			int r = debug_check_free(&geo->g, obj, 0, k->e);

			if (r)
				return r;
		}
		all[k->queued++] = obj;
	}
	return 0;
}

/* @all is sorted, so the objects of a slab stand together: one free map per slab. */
static int check_queued_out(struct checker *k, void **all)
{
	struct kmem_cache_core *core = k->core;
	const struct slab *last = NULL;
	uint8_t *map = NULL;
	int r = 0;

	for (uint64_t i = 0; !r && i < k->queued; i++) {
		const struct slab *slab = pages_lookup(core->sys->map, all[i])->slab;
		const struct slab_geometry *g = &core->geo[slab->geometry]->g;

		if (slab != last) {
			meta_free(core->sys->meta, map);
			map = meta_alloc(core->sys->meta, g->num);
			if (!map || slab_free_map(slab, g, map))
				r = bad(k, "slab %p: cannot read its free index",
					slab_page(slab, g));
			last = slab;
		}
		if (!r && map && map[obj_to_index(slab, g, all[i])])
			r = bad(k, "%p is in a queue and free in its slab (freed twice?)", all[i]);
	}
	meta_free(core->sys->meta, map);
	return r;
}

static int check_queues(struct checker *k, void **all)
{
	struct kmem_cache_core *core = k->core;
	unsigned nodes = core->sys->machine.nr_nodes;
	int r = 0;

	for (unsigned c = 0; !r && c < core->cache->nr_slots; c++)
		if (core->frozen[c] != &kmem_stub_none)
			r = check_queue(k, core->frozen[c], cpu_to_node(core->sys, (int)c), all);
	for (unsigned n = 0; !r && n < nodes; n++) {
		if (core->l3[n]->shared)
			r = check_queue(k, core->l3[n]->shared, n, all);
		for (unsigned o = 0; !r && o < nodes; o++)
			if (core->l3[n]->alien[o] && core->l3[n]->alien[o]->ac.avail)
				r = check_queue(k, &core->l3[n]->alien[o]->ac, o, all);
	}
	if (r)
		return r;
	qsort(all, k->queued, sizeof(*all), pointer_order);
	for (uint64_t i = 1; i < k->queued; i++)
		if (all[i] == all[i - 1])
			return bad(k, "%p is in two queues, or twice in one (freed twice?)",
				   all[i]);
	return check_queued_out(k, all);
}

static uint64_t most_queued(struct kmem_cache_core *core)
{
	unsigned nodes = core->sys->machine.nr_nodes;
	uint64_t n = 0;

	for (unsigned c = 0; c < core->cache->nr_slots; c++)
		if (core->frozen[c] != &kmem_stub_none)
			n += core->frozen[c]->limit;
	for (unsigned i = 0; i < nodes; i++) {
		if (core->l3[i]->shared)
			n += core->l3[i]->shared->limit;
		n += (uint64_t)nodes * KMEM_ALIEN_LIMIT;
	}
	return n;
}

static int check_all(struct checker *k)
{
	struct kmem_cache_core *core = k->core;
	void **all = meta_alloc(core->sys->meta, (most_queued(core) + 1) * sizeof(*all));
	int r = 0;

	if (!all)
		return err_set(k->e, -ENOMEM, "no memory to check cache %s", core->name);
	for (unsigned n = 0; !r && n < core->sys->machine.nr_nodes; n++)
		r = check_node(k, core->l3[n]);
	for (int i = 0; !r && i < KMEM_GEO_MAX; i++) {
		uint64_t said = core->geo[i] ? atomic_load(&core->geo[i]->nslabs) : 0;

		/* a slab that is being grown or destroyed is counted and on no list */
		if (said < k->geo_slabs[i])
			r = bad(k, "geometry %d: %llu slabs, account says %llu", i,
				(unsigned long long)k->geo_slabs[i], (unsigned long long)said);
		if (!r && core->geo[i])
			r = slab_geometry_check(&core->geo[i]->g, k->e);
	}
	if (!r)
		r = check_queues(k, all);
	if (!r && k->queued > k->inuse)
		r = bad(k, "%llu objects queued, only %llu out of their slabs",
			(unsigned long long)k->queued, (unsigned long long)k->inuse);
	meta_free(core->sys->meta, all);
	return r;
}

int kmem_cache_check(struct kmem_cache *c, struct err *e)
{
	struct checker k = { .core = c->core, .e = e };
	int r;

	pthread_mutex_lock(&c->core->sys->chain_lock);
	cache_freeze(c->core);
	r = check_all(&k);
	cache_thaw(c->core);
	pthread_mutex_unlock(&c->core->sys->chain_lock);
	return r;
}

int kmem_system_check(struct kmem_system *s, struct err *e)
{
	int r = 0;

	pthread_mutex_lock(&s->chain_lock);
	for (struct list_head *p = s->chain.next; !r && p != &s->chain; p = p->next)
		r = kmem_cache_check(list_entry(p, struct kmem_cache_core, chain)->cache, e);
	pthread_mutex_unlock(&s->chain_lock);
	return r ? r : pages_check(s->pages, e);
}
