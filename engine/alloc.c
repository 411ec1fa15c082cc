/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Allocation behind the fast path: refill of the CPU's array, the node's lists, fallback by distance, placement
 * policies, bulk.
 */
#include "engine/internal.h"

/* ---- the node's lists ---- */

/* l3->lock held. The slab to take from next: head of partial, else head of free. */
static struct slab *first_slab(struct kmem_list3 *l3)
{
	if (!list_empty(&l3->slabs_partial))
		return list_slab(l3->slabs_partial.next);
	if (list_empty(&l3->slabs_free))
		return NULL;
	l3->free_touched = 1;
	l3->num_free--; /* the caller takes at least one object of it */
	return list_slab(l3->slabs_free.next);
}

/* l3->lock held. Objects were taken from @slab: put it where its inuse says. */
static void fix_slab_list(struct kmem_list3 *l3, struct slab *slab, const struct slab_geometry *g)
{
	list_del(&slab->list);
	if (slab->inuse == g->num) {
		list_add(&slab->list, &l3->slabs_full);
		l3->num_full++;
	} else {
		list_add(&slab->list, &l3->slabs_partial);
	}
}

/* l3->lock held. Up to @batch objects from slabs into @ac; a miss never takes more than the lists hold. */
static void refill_from_slabs(struct kmem_cache_core *core, struct kmem_list3 *l3,
			      struct array_cache *ac, unsigned batch)
{
	unsigned before = ac->avail;
	struct slab *slab;

	while (batch && (slab = first_slab(l3))) {
		const struct kmem_geo *geo = core->geo[slab->geometry];

		if (!geo->g.index_bytes) {
			unsigned n = geo->g.num - slab->inuse;

			n = n < batch ? n : batch;
			slab_get_bits(slab, &geo->g, &ac->entry[ac->avail], n);
			ac->avail += n;
			batch -= n;
		}
		for (; slab->inuse < geo->g.num && batch; batch--)
			ac->entry[ac->avail++] = slab_get_obj(core, slab, geo);
		fix_slab_list(l3, slab, &geo->g);
	}
	l3->free_objects -= ac->avail - before;
	l3->list_allocs += ac->avail - before;
}

/* @ac is ours and empty. 1: it has objects now. */
static KMEM_PHASE(refill) int cache_alloc_refill(struct kmem_cache_core *core,
						 struct array_cache *ac, unsigned node)
{
	struct kmem_list3 *l3 = core->l3[node];

	do {
		unsigned batch = ac->batchcount;

		/* nobody used this array lately: do not pull much into it */
		if (!ac->touched && batch > KMEM_BATCHREFILL_LIMIT)
			batch = KMEM_BATCHREFILL_LIMIT;
		kmem_lock(&l3->lock);
		if (l3->shared && transfer_objects(ac, l3->shared, batch)) {
			l3->shared->touched = 1;
			l3->refills_shared++;
		} else {
			refill_from_slabs(core, l3, ac, batch);
		}
		if (ac->avail)
			l3->refills++;
		else
			l3->other_locks++;
		kmem_unlock(&l3->lock);
	} while (!ac->avail && cache_grow(core, node, NULL, NULL));
	return ac->avail > 0;
}

static void *take_one(struct kmem_cache_core *core, struct kmem_list3 *l3)
{
	const struct kmem_geo *geo;
	struct slab *slab;
	void *obj = NULL;

	list_lock(l3);
	slab = first_slab(l3);
	if (slab) {
		geo = core->geo[slab->geometry];
		obj = slab_get_obj(core, slab, geo);
		fix_slab_list(l3, slab, &geo->g);
		l3->free_objects--;
		l3->list_allocs++;
	}
	kmem_unlock(&l3->lock);
	return obj;
}

/* ---- fallback ---- */

/* Pages from the first node of @zonelist that has some, for a new slab of the current geometry. */
static int grow_anywhere(struct kmem_cache_core *core, const uint8_t *zonelist, unsigned *node)
{
	struct kmem_system *s = core->sys;
	const struct kmem_conf *conf;
	struct kmem_geo *geo;
	void *pages = NULL;

	list_lock(core->l3[0]); /* tune swaps conf with every node's lock held */
	conf = core_conf(core);
	geo = core->geo[conf->geo];
	atomic_fetch_add(&geo->nslabs, 1);
	kmem_unlock(&core->l3[0]->lock);
	if (!inject(s, core, FAIL_PAGES))
		for (unsigned i = 0; i < s->machine.nr_nodes && !pages; i++)
			pages = pages_alloc(s->pages, zonelist[i], geo->g.gfporder,
					    conf->config.backing, NULL);
	if (!pages) {
		atomic_fetch_sub(&geo->nslabs, 1);
		return 0;
	}
	*node = pages_node(s->map, pages); /* where they really come from */
	return cache_grow(core, *node, pages, geo);
}

static uint64_t node_free_objects(struct kmem_list3 *l3)
{
	uint64_t n;

	list_lock(l3);
	n = l3->free_objects;
	kmem_unlock(&l3->lock);
	return n;
}

/* Any node: first those that have free objects, in order of @zonelist, then new pages from anywhere. */
static void *fallback_alloc(struct kmem_cache_core *core, const uint8_t *zonelist)
{
	unsigned node;
	void *obj;

	count(&core->count.fallbacks);
	do {
		for (unsigned i = 0; i < core->sys->machine.nr_nodes; i++) {
			if (!node_free_objects(core->l3[zonelist[i]]))
				continue;
			obj = take_one(core, core->l3[zonelist[i]]);
			if (obj)
				return obj;
		}
		if (!grow_anywhere(core, zonelist, &node))
			return NULL;
		obj = take_one(core, core->l3[node]);
	} while (!obj); /* another CPU stole the new objects */
	return obj;
}

void *cache_alloc_node(struct kmem_cache_core *core, unsigned node, unsigned flags,
		       const uint8_t *zonelist)
{
	void *obj;

	do {
		obj = take_one(core, core->l3[node]);
	} while (!obj && cache_grow(core, node, NULL, NULL));
	if (!obj && !(flags & KMEM_THISNODE) && core->sys->machine.nr_nodes > 1)
		obj = fallback_alloc(core, zonelist);
	return obj;
}

/* ---- placement policies ---- */

/* interleave by page: stay on a node while it has free objects, then go on to the next one */
static unsigned next_page_node(struct kmem_cache_core *core)
{
	unsigned nodes = core->sys->machine.nr_nodes, at = atomic_load(&core->rotor);

	/* the policies that go by object let the rotor run on: it may be beyond the nodes */
	if (node_free_objects(core->l3[(at + nodes - 1) % nodes]))
		return (at + nodes - 1) % nodes;
	if (atomic_compare_exchange_strong(&core->rotor, &at, (at + 1) % nodes))
		return at % nodes;
	return (atomic_load(&core->rotor) + nodes - 1) % nodes;
}

static unsigned weighted_node(struct kmem_cache_core *core, const struct kmem_conf *conf)
{
	unsigned at = atomic_fetch_add(&core->rotor, 1) % conf->weight_sum, node = 0;

	while (at >= conf->weight[node])
		at -= conf->weight[node++];
	return node;
}

static void farthest_first(const struct kmem_system *s, unsigned node, uint8_t *order)
{
	unsigned n = s->machine.nr_nodes;

	for (unsigned i = 0; i < n; i++)
		order[i] = s->zonelist[node][n - 1 - i];
}

/* alternate_node_alloc: the node that the policy wants for this object. Sets *local when the ordinary path (the
 * CPU's array) serves it. */
static void *alternate_node_alloc(struct kmem_cache_core *core, const struct kmem_conf *conf,
				  unsigned flags, unsigned here, bool *local)
{
	struct kmem_system *s = core->sys;
	uint8_t order[KMEM_MAX_NODES] = { 0 };
	unsigned node = here;

	*local = false;
	switch (conf->config.placement) {
	case PLACE_BIND:
	case PLACE_PREFERRED:
		node = conf->config.place_node;
		break;
	case PLACE_INTERLEAVE_OBJECT:
		node = atomic_fetch_add(&core->rotor, 1) % s->machine.nr_nodes;
		break;
	case PLACE_WEIGHTED:
		node = weighted_node(core, conf);
		break;
	case PLACE_INTERLEAVE_PAGE: /* never by the array, which would run ahead by a batch */
		node = next_page_node(core);
		return cache_alloc_node(core, node, flags, s->zonelist[node]);
	case PLACE_FARTHEST:
		farthest_first(s, here, order);
		node = s->zonelist[here][s->machine.nr_nodes - 1];
		if (node != here)
			return cache_alloc_node(core, node, flags, order);
		break;
	}
	*local = node == here;
	return *local ? NULL : cache_alloc_node(core, node, flags, s->zonelist[node]);
}

/* ---- one object ---- */

static void stat_cpu(struct kmem_cache_core *core, int cpu, int owned, unsigned what)
{
	if (owned)
		core->cache->slot[cpu].stat[what]++;
	else
		count(&core->count.direct[what]);
}

/* The ordinary path: the CPU's array, its node, then the others. @want: that node, should the thread have moved
 * to a CPU of another one meanwhile (-1: whichever it is on). */
static void *alloc_local(struct kmem_cache_core *core, unsigned flags, int want)
{
	struct kmem_cache *c = core->cache;
	struct array_cache *ac;
	void *obj = NULL;
	unsigned node;
	int cpu;

	ac = slot_claim(c, &cpu);
	node = cpu_to_node(core->sys, cpu);
	if (want >= 0 && node != (unsigned)want) {
		if (ac)
			slot_release(c, cpu, ac);
		ac = NULL;
		node = (unsigned)want;
	}
	if (!ac) { /* somebody works on the array: straight to the lists */
		stat_cpu(core, cpu, 0, STAT_ALLOCMISS);
		return cache_alloc_node(core, node, flags, core->sys->zonelist[node]);
	}
	stat_cpu(core, cpu, 1, ac->avail ? STAT_ALLOCHIT : STAT_ALLOCMISS);
	if (ac->avail || cache_alloc_refill(core, ac, node)) {
		ac->touched = 1;
		obj = ac->entry[--ac->avail];
	}
	slot_release(c, cpu, ac);
	if (!obj && !(flags & KMEM_THISNODE) && core->sys->machine.nr_nodes > 1)
		obj = fallback_alloc(core, core->sys->zonelist[node]);
	return obj;
}

void *cache_alloc_caller(struct kmem_cache *c, unsigned flags, int node, const void *caller)
{
	struct kmem_cache_core *core = c->core;
	const struct kmem_conf *conf = core_conf(core);
	unsigned here = cpu_to_node(core->sys, kmem_thread_cpu(core->sys));
	bool local = true;
	void *obj = NULL;

	if (inject(core->sys, core, FAIL_OBJECT)) {
		count(&core->count.errors);
		return NULL;
	}
	if (node >= 0 && (unsigned)node >= core->sys->machine.nr_nodes)
		return NULL;
	if (node >= 0 && (unsigned)node != here) {
		count(&core->count.node_allocs);
		local = false;
		obj = cache_alloc_node(core, (unsigned)node, flags, core->sys->zonelist[node]);
	} else if (node < 0 && conf->config.placement != PLACE_LOCAL) {
		if (conf->config.placement == PLACE_BIND)
			flags |= KMEM_THISNODE;
		obj = alternate_node_alloc(core, conf, flags, here, &local);
	}
	if (local)
		obj = alloc_local(core, flags,
				  node < 0 && conf->config.placement == PLACE_LOCAL ? -1 :
										      (int)here);
	if (!obj) {
		count(&core->count.errors);
		return NULL;
	}
	if (atomic_load_explicit(&core->slow_only, memory_order_relaxed)) {
		struct slab *slab = pages_lookup(core->sys->map, obj)->slab;
		struct kmem_geo *geo = core->geo[slab->geometry];

		if (geo->debug)
			debug_alloc(core, &geo->g, obj, caller);
	}
	if (flags & KMEM_ZERO)
		memset(obj, 0, core->object_size);
	return obj;
}

void *kmem_cache_alloc_slow(struct kmem_cache *c, unsigned flags)
{
	return cache_alloc_caller(c, flags, -1, __builtin_return_address(0));
}

void *kmem_cache_alloc_node(struct kmem_cache *c, unsigned flags, int node)
{
	return cache_alloc_caller(c, flags, node, __builtin_return_address(0));
}

/* ---- bulk ---- */

/* Whole arrays at a time, with the array claimed once. Returns how many came. */
static size_t alloc_bulk_array(struct kmem_cache_core *core, size_t n, void **p)
{
	struct array_cache *ac;
	size_t i = 0;
	int cpu;

	ac = slot_claim(core->cache, &cpu);
	if (!ac)
		return 0;
	/* asked with the array in hand: tune cannot change it now */
	if (atomic_load(&core->slow_only))
		n = 0;
	while (i < n && (ac->avail || cache_alloc_refill(core, ac, cpu_to_node(core->sys, cpu)))) {
		ac->touched = 1;
		while (i < n && ac->avail)
			p[i++] = ac->entry[--ac->avail];
	}
	slot_release(core->cache, cpu, ac);
	return i;
}

size_t kmem_cache_alloc_bulk(struct kmem_cache *c, unsigned flags, size_t n, void **p)
{
	struct kmem_cache_core *core = c->core;
	size_t i = 0;

	if (!atomic_load(&core->slow_only))
		i = alloc_bulk_array(core, n, p);
	for (; i < n; i++) {
		p[i] = cache_alloc_caller(c, flags & ~KMEM_ZERO, -1, __builtin_return_address(0));
		if (!p[i]) {
			kmem_cache_free_bulk(c, i, p);
			return 0;
		}
	}
	/* not before all are there: those that go back must still be constructed */
	for (i = 0; (flags & KMEM_ZERO) && i < n; i++)
		memset(p[i], 0, core->object_size);
	return n;
}
