/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cache_grow and what it takes apart again: colour, pages, management, page map, objects. */
#include "engine/internal.h"
#include "lib/rng.h"

/* ---- colour ---- */

/* An odd stride near the golden section of @n and coprime to it: neighbours in time lie far apart in space. */
static unsigned odd_stride(unsigned n)
{
	for (unsigned s = (n * 5 / 8) | 1;; s += 2) {
		unsigned a = s, b = n;

		while (b) {
			unsigned t = a % b;

			a = b;
			b = t;
		}
		if (a == 1)
			return s;
	}
}

static unsigned colour_at(const struct slab_config *c, unsigned colours, unsigned n)
{
	struct rng r;

	switch (c->colour_seq) {
	case SEQ_ODD:
		return (unsigned)((uint64_t)n * odd_stride(colours) % colours);
	case SEQ_RANDOM:
		rng_seed(&r, c->seed + n);
		return (unsigned)rng_below(&r, colours);
	case SEQ_RUNS:
		return n / c->colour_run;
	default:
		return n;
	}
}

/* Colour number of the next slab; advances *@next. The counter runs 0 .. period-1 and wraps; 2.6.22 uses it and
 * then advances it, 6.1 the other way round (so its first slab gets colour 1 where there are two). */
unsigned colour_of(const struct kmem_conf *conf, const struct slab_geometry *g, unsigned *next)
{
	const struct slab_config *c = &conf->config;
	unsigned period = g->colour, now;

	if (g->colour <= 1) {
		*next = 0;
		return 0;
	}
	if (c->colour_seq == SEQ_RUNS)
		period *= c->colour_run;
	else if (c->colour_seq == SEQ_RANDOM)
		period = 1u << 31;
	now = *next < period ? *next : 0; /* tune may have left fewer colours */
	*next = now + 1 < period ? now + 1 : 0;
	if (slab_rules[g->rules].colour_pre_advance)
		now = *next;
	return colour_at(c, g->colour, now);
}

/* l3->lock held: conf and the node's counter stand still. */
static unsigned take_colour(struct kmem_cache_core *core, struct kmem_list3 *l3,
			    const struct kmem_conf *conf, const struct slab_geometry *g)
{
	unsigned *next, colour;
	int cpu;

	if (conf->config.colour_scope == SCOPE_NODE)
		return colour_of(conf, g, &l3->colour_next);
	cpu = kmem_thread_cpu(core->sys);
	next = conf->config.colour_scope == SCOPE_CPU && cpu >= 0 ?
		       &core->cache->slot[cpu].colour_next :
		       &core->colour_next;
	kmem_lock(&core->colour_lock);
	core->colour_locks++;
	colour = colour_of(conf, g, next);
	kmem_unlock(&core->colour_lock);
	return colour;
}

/* ---- management ---- */

static struct slab *alloc_slabmgmt(struct kmem_cache_core *core, const struct kmem_geo *geo,
				   char *page, unsigned node, unsigned colour)
{
	const struct slab_geometry *g = &geo->g;
	uint32_t off = colour * g->colour_off;
	bool stack = g->rules == RULES_6_1;
	struct slab *slab;
	char *mgmt = NULL;

	if (g->off_slab) {
		if (inject(core->sys, core, FAIL_MGMT))
			return NULL;
		/* the same node when possible, any other rather than none */
		mgmt = cache_alloc_caller(geo->slabp_cache, 0, (int)node, NULL);
		if (!mgmt)
			return NULL;
	}
	if (stack) {
		slab = pages_head(core->sys->map, page);
		slab->s_mem = page + off;
		if (g->off_slab)
			slab->freelist = mgmt;
		else if (!g->objfreelist)
			slab->freelist =
				page + ((size_t)g->page_size << g->gfporder) - g->slab_size;
	} else {
		slab = (struct slab *)(mgmt ? mgmt : page + (g->colour_header ? off : 0));
		slab->s_mem = page + off + (g->off_slab ? 0 : g->slab_size);
		slab->free = 0;
	}
	slab->colouroff = off;
	slab->colour = (uint16_t)colour;
	slab->inuse = 0;
	slab->nodeid = (uint16_t)node;
	slab->unused = 0;
	if (g->objfreelist)
		slab->freelist = index_to_obj(slab, g, g->num - 1);
	return slab;
}

/* @slab NULL: no longer. */
static void slab_map_pages(struct kmem_cache_core *core, struct slab *slab, void *page,
			   const struct slab_geometry *g)
{
	const struct pages_map *map = core->sys->map;
	struct kmem_page entry = { slab ? core->cache : NULL, slab };
	unsigned n;
	struct kmem_page *p = pages_entries(map, page, g->gfporder, &n);

	for (unsigned i = 0; i < n; i++)
		p[i] = entry;
}

static void cache_init_objs(struct kmem_cache_core *core, struct slab *slab,
			    const struct kmem_geo *geo)
{
	const struct slab_geometry *g = &geo->g;

	for (unsigned i = 0; i < g->num; i++) {
		void *obj = index_to_obj(slab, g, i);

		if (geo->debug)
			debug_init_obj(core, g, obj);
		if (core->ctor && !g->poison)
			core->ctor(obj);
	}
	slab_freelist_init(slab, g);
}

/* ---- grow ---- */

static void count_objs(struct kmem_cache_core *core, uint64_t num)
{
	uint64_t now = atomic_fetch_add(&core->count.objs, num) + num,
		 max = counted(&core->count.max_objs);

	while (now > max && !atomic_compare_exchange_weak(&core->count.max_objs, &max, now))
		;
}

KMEM_PHASE(grow)
int cache_grow(struct kmem_cache_core *core, unsigned node, void *pages, struct kmem_geo *pages_geo)
{
	struct kmem_list3 *l3 = core->l3[node];
	const struct kmem_conf *conf;
	struct kmem_geo *geo;
	struct slab *slab;
	unsigned colour;

	list_lock(l3);
	conf = core_conf(core);
	geo = pages_geo ? pages_geo : core->geo[conf->geo];
	if (!pages_geo)
		atomic_fetch_add(&geo->nslabs, 1);
	colour = take_colour(core, l3, conf, &geo->g);
	kmem_unlock(&l3->lock);

	if (!pages && !inject(core->sys, core, FAIL_PAGES))
		pages = pages_alloc(core->sys->pages, node, geo->g.gfporder, conf->config.backing,
				    NULL);
	if (!pages)
		goto failed;
	if (watched(core))
		watch_tell(core, KMEM_WATCH_PAGES, geo, pages, NULL, node, colour);
	slab = alloc_slabmgmt(core, geo, pages, node, colour);
	if (!slab)
		goto opps1;
	slab->geometry = geo->id;
	slab_map_pages(core, slab, pages, &geo->g);
	cache_init_objs(core, slab, geo);
	if (watched(core))
		watch_tell(core, KMEM_WATCH_GROWN, geo, pages, slab, node, colour);

	list_lock(l3);
	list_add_tail(&slab->list, &l3->slabs_free);
	l3->free_objects += geo->g.num;
	l3->num_objs += geo->g.num;
	l3->num_slabs++;
	l3->num_free++;
	kmem_unlock(&l3->lock);
	count(&core->count.grown);
	count_objs(core, geo->g.num);
	return 1;
opps1:
	if (watched(core))
		watch_tell(core, KMEM_WATCH_FREED, geo, pages, NULL, node, colour);
	pages_free(core->sys->pages, pages, geo->g.gfporder);
failed:
	atomic_fetch_sub(&geo->nslabs, 1);
	count(&core->count.grow_failures);
	return 0;
}

void slab_destroy(struct kmem_cache_core *core, struct slab *slab)
{
	struct kmem_geo *geo = core->geo[slab->geometry];
	const struct slab_geometry *g = &geo->g;
	char *page = slab_page(slab, g);
	void *mgmt = NULL;

	if (geo->debug)
		for (unsigned i = 0; i < g->num; i++) {
			void *obj = index_to_obj(slab, g, i);

			debug_destroy_obj(core, slab, g, obj,
					  g->objfreelist && slab->freelist == obj);
		}
	if (g->off_slab)
		mgmt = g->rules == RULES_6_1 ? slab->freelist : (void *)slab;
	slab_map_pages(core, NULL, page, g);
	if (watched(core))
		watch_tell(core, KMEM_WATCH_FREED, geo, page, slab, slab->nodeid, slab->colour);
	pages_free(core->sys->pages, page, g->gfporder);
	if (mgmt)
		cache_free_caller(geo->slabp_cache, mgmt, NULL);
	atomic_fetch_sub(&core->count.objs, g->num);
	atomic_fetch_sub(&geo->nslabs, 1); /* last: from here on the geometry may be reused */
}
