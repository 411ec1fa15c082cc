/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Freeing behind the fast path: flush of a full array, alien caches, single objects. */
#include "engine/internal.h"

/* The oldest batchcount pointers leave a full array: to the shared array if that has any room, else to slabs. */
KMEM_PHASE(flush)
void cache_flusharray(struct kmem_cache_core *core, struct array_cache *ac, unsigned node,
		      struct list_head *doomed)
{
	struct kmem_list3 *l3 = core->l3[node];
	unsigned batch = ac->batchcount < ac->avail ? ac->batchcount : ac->avail;
	struct array_cache *shared;

	kmem_lock(&l3->lock);
	shared = l3->shared;
	l3->flushes++;
	if (shared && shared->avail < shared->limit) {
		if (batch > shared->limit - shared->avail)
			batch = shared->limit - shared->avail;
		memcpy(&shared->entry[shared->avail], ac->entry, batch * sizeof(void *));
		shared->avail += batch;
		l3->flushes_shared++;
	} else {
		free_block(core, l3, ac->entry, batch, doomed);
	}
	if (l3->num_free >
	    l3->max_free) /* as STATS_SET_FREEABLE: free slabs, looked at here only */
		l3->max_free = l3->num_free;
	kmem_unlock(&l3->lock);
	ac->avail -= batch;
	memmove(ac->entry, &ac->entry[batch], ac->avail * sizeof(void *));
}

/* a->lock held. All objects of @a go home: the owner's shared array first, then its slabs. */
KMEM_PHASE(flush)
void drain_alien(struct kmem_cache_core *core, struct alien_cache *a, unsigned owner,
		 struct list_head *doomed)
{
	struct kmem_list3 *l3 = core->l3[owner];

	if (!a->ac.avail)
		return;
	list_lock(l3);
	if (l3->shared)
		transfer_objects(l3->shared, &a->ac, a->ac.limit);
	free_block(core, l3, a->ac.entry, a->ac.avail, doomed);
	kmem_unlock(&l3->lock);
	a->ac.avail = 0;
}

static void free_direct(struct kmem_cache_core *core, unsigned node, void *obj)
{
	struct kmem_list3 *l3 = core->l3[node];
	struct list_head doomed;

	list_init(&doomed);
	list_lock(l3);
	free_block(core, l3, &obj, 1, &doomed);
	kmem_unlock(&l3->lock);
	destroy_slabs(core, &doomed);
}

/* An object of node @owner freed by a CPU of node @here. Without alien caches: straight to the owner's lists. */
static void cache_free_alien(struct kmem_cache_core *core, unsigned here, unsigned owner, void *obj)
{
	struct alien_cache *a =
		atomic_load_explicit(&core->l3[here]->alien[owner], memory_order_acquire);
	struct list_head doomed;

	count(&core->count.remote_frees);
	if (!a) {
		free_direct(core, owner, obj);
		return;
	}
	list_init(&doomed);
	kmem_lock(&a->lock);
	a->locks++;
	if (!a->ac.limit) { /* switched off */
		kmem_unlock(&a->lock);
		free_direct(core, owner, obj);
		return;
	}
	if (a->ac.avail == a->ac.limit) {
		count(&core->count.alien_overflow);
		drain_alien(core, a, owner, &doomed);
	}
	a->ac.entry[a->ac.avail++] = obj;
	kmem_unlock(&a->lock);
	destroy_slabs(core, &doomed);
}

static void free_local(struct kmem_cache_core *core, struct array_cache *ac, int cpu, void *obj)
{
	struct list_head doomed;

	list_init(&doomed);
	core->cache->slot[cpu].stat[ac->avail < ac->limit ? STAT_FREEHIT : STAT_FREEMISS]++;
	if (ac->avail >= ac->limit)
		cache_flusharray(core, ac, cpu_to_node(core->sys, cpu), &doomed);
	ac->entry[ac->avail++] = obj;
	slot_release(core->cache, cpu, ac);
	destroy_slabs(core, &doomed);
}

void cache_free_caller(struct kmem_cache *c, void *obj, const void *caller)
{
	struct kmem_cache_core *core = c->core;
	struct kmem_page *page = pages_lookup(core->sys->map, obj);
	struct array_cache *ac;
	unsigned owner;
	int cpu;

	if (!obj)
		return;
	if (!page || page->cache != c) {
		report_bad_free(core, obj, caller);
		return;
	}
	if (atomic_load_explicit(&core->slow_only, memory_order_relaxed)) {
		struct kmem_geo *geo = core->geo[page->slab->geometry];

		if (debug_free(core, page->slab, &geo->g, obj, caller))
			return;
	}
	owner = pages_node(core->sys->map, obj);
	cpu = kmem_thread_cpu(core->sys);
	if (owner != cpu_to_node(core->sys, cpu)) {
		cache_free_alien(core, cpu_to_node(core->sys, cpu), owner, obj);
		return;
	}
	ac = slot_claim(c, &cpu);
	/* the thread may have moved since; the array must be one of the owner's */
	if (ac && cpu_to_node(core->sys, cpu) != owner) {
		slot_release(c, cpu, ac);
		ac = NULL;
	}
	if (ac) {
		free_local(core, ac, cpu, obj);
	} else {
		count(&core->count.direct[STAT_FREEMISS]);
		free_direct(core, owner, obj);
	}
}

void kmem_cache_free_slow(struct kmem_cache *c, void *obj)
{
	if (c->core->sys->machine.nr_nodes == 1 || !slot_push_local(c, obj))
		cache_free_caller(c, obj, __builtin_return_address(0));
}

/* Objects of this CPU's node into its array, flushing as it fills. Returns how many of the first were taken;
 * stops at one that belongs elsewhere. */
static size_t free_bulk_array(struct kmem_cache *c, size_t n, void **p)
{
	struct list_head doomed;
	struct array_cache *ac;
	size_t i;
	int cpu;

	ac = slot_claim(c, &cpu);
	if (!ac)
		return 0;
	list_init(&doomed);
	for (i = 0; i < n && (uintptr_t)p[i] - ac->lo < ac->span; i++) {
		if (ac->avail >= ac->limit)
			cache_flusharray(c->core, ac, cpu_to_node(c->core->sys, cpu), &doomed);
		ac->entry[ac->avail++] = p[i];
	}
	slot_release(c, cpu, ac);
	destroy_slabs(c->core, &doomed);
	return i;
}

void kmem_cache_free_bulk(struct kmem_cache *c, size_t n, void **p)
{
	int fast = !atomic_load(&c->core->slow_only);
	size_t i = 0;

	while (i < n) {
		if (fast)
			i += free_bulk_array(c, n - i, p + i);
		if (i < n)
			cache_free_caller(c, p[i++], __builtin_return_address(0));
	}
}
