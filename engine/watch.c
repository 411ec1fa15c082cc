/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Watching slabs come and go, and telling what an address is of: for maps of memory, never for running. */
#include "engine/internal.h"

void slab_view(struct kmem_cache_core *core, const struct slab *slab, unsigned list,
	       struct kmem_slab_view *v)
{
	const struct slab_geometry *g = &core->geo[slab->geometry]->g;

	*v = (struct kmem_slab_view){
		.page = slab_page(slab, g),
		.s_mem = slab->s_mem,
		.colour = slab->colour,
		.colouroff = slab->colouroff,
		.node = slab->nodeid,
		.inuse = slab->inuse,
		.list = list,
		.bytes = (size_t)g->page_size << g->gfporder,
		.geometry = g,
		.mgmt = g->rules == RULES_6_1 ? slab->freelist : (const void *)slab,
	};
}

/* The same of a slab that will be: where alloc_slabmgmt() is going to put things. */
static void view_planned(const struct kmem_geo *geo, const char *page, unsigned node,
			 unsigned colour, struct kmem_slab_view *v)
{
	const struct slab_geometry *g = &geo->g;
	unsigned off = colour * g->colour_off;
	size_t bytes = (size_t)g->page_size << g->gfporder;

	*v = (struct kmem_slab_view){
		.page = page,
		.s_mem = page + off + slab_front(g),
		.colour = colour,
		.colouroff = off,
		.node = node,
		.list = 2,
		.bytes = bytes,
		.geometry = g,
	};
	if (g->off_slab || g->objfreelist)
		return;
	v->mgmt = g->rules == RULES_6_1 ? page + bytes - g->slab_size :
					  page + (g->colour_header ? off : 0);
}

void watch_tell(struct kmem_cache_core *core, enum kmem_watch_event event,
		const struct kmem_geo *geo, const void *page, const struct slab *slab,
		unsigned node, unsigned colour)
{
	struct kmem_system *s = core->sys;
	struct kmem_slab_view v;
	struct kmem_watch *w;

	if (slab)
		slab_view(core, slab, 2, &v);
	else
		view_planned(geo, page, node, colour, &v);
	kmem_lock(&s->watch_lock);
	w = atomic_load_explicit(&s->watch, memory_order_relaxed);
	if (w)
		w->slab(w, event, core->cache, &v);
	kmem_unlock(&s->watch_lock);
}

void kmem_system_watch(struct kmem_system *s, struct kmem_watch *w)
{
	kmem_lock(&s->watch_lock);
	atomic_store_explicit(&s->watch, w, memory_order_relaxed);
	kmem_unlock(&s->watch_lock);
}

enum kmem_where kmem_system_where(struct kmem_system *s, const void *addr)
{
	if (pages_lookup(s->map, addr))
		return KMEM_IN_PAGES;
	if (pages_is_account(s->pages, addr))
		return KMEM_IN_ACCOUNT;
	if (meta_owns(s->meta, addr) || (uintptr_t)addr - (uintptr_t)s < sizeof(*s))
		return KMEM_IN_META;
	return KMEM_ELSEWHERE;
}

/* ---- parts ---- */

struct part_call {
	void (*fn)(enum kmem_part part, const void *addr, size_t bytes, void *arg);
	void *arg;
};

static void tell_array(const struct part_call *call, enum kmem_part part,
		       const struct array_cache *ac)
{
	if (ac && ac != &kmem_stub_none && ac != &kmem_stub_owned)
		call->fn(part, ac, sizeof(*ac) + ac->limit * sizeof(ac->entry[0]), call->arg);
}

static void tell_node(const struct part_call *call, struct kmem_list3 *l3, unsigned nodes)
{
	call->fn(KMEM_PART_NODE, l3, sizeof(*l3) + nodes * sizeof(l3->alien[0]), call->arg);
	tell_array(call, KMEM_PART_SHARED, l3->shared);
	for (unsigned i = 0; i < nodes; i++) {
		const struct alien_cache *a = l3->alien[i];

		if (a)
			call->fn(KMEM_PART_ALIEN, a,
				 sizeof(*a) + KMEM_ALIEN_LIMIT * sizeof(a->ac.entry[0]), call->arg);
	}
}

void kmem_for_each_part(struct kmem_cache *c,
			void (*fn)(enum kmem_part part, const void *addr, size_t bytes, void *arg),
			void *arg)
{
	struct kmem_cache_core *core = c->core;
	struct kmem_system *s = core->sys;
	const struct part_call call = { fn, arg };
	unsigned nodes = s->machine.nr_nodes;

	pthread_mutex_lock(&s->chain_lock);
	cache_freeze(core);
	fn(KMEM_PART_HEAD, c, sizeof(*c) + s->alloc_slots * sizeof(c->slot[0]), arg);
	fn(KMEM_PART_HEAD, core, sizeof(*core) + nodes * sizeof(core->l3[0]), arg);
	for (unsigned i = 0; i < c->nr_slots; i++)
		tell_array(&call, KMEM_PART_ARRAY, core->frozen[i]);
	for (unsigned i = 0; i < nodes; i++)
		tell_node(&call, core->l3[i], nodes);
	cache_thaw(core);
	pthread_mutex_unlock(&s->chain_lock);
}
