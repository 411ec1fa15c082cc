/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Caches: create, destroy, shrink, tune. */
#include "engine/internal.h"

/* ---- freezing ---- */

static void lock_nodes(struct kmem_cache_core *core, void (*op)(struct kmem_lock *))
{
	unsigned nodes = core->sys->machine.nr_nodes;

	for (unsigned i = 0; i < nodes; i++)
		for (unsigned k = 0; k < nodes; k++)
			if (core->l3[i]->alien[k])
				op(&core->l3[i]->alien[k]->lock);
	for (unsigned i = 0; i < nodes; i++)
		op(&core->l3[i]->lock);
}

static void lock_op(struct kmem_lock *l)
{
	kmem_lock(l);
}

static void unlock_op(struct kmem_lock *l)
{
	kmem_unlock(l);
}

void cache_freeze(struct kmem_cache_core *core)
{
	slot_claim_all(core->cache, core->frozen);
	lock_nodes(core, lock_op);
}

void cache_thaw(struct kmem_cache_core *core)
{
	lock_nodes(core, unlock_op);
	for (unsigned i = 0; i < core->cache->nr_slots; i++)
		slot_release(core->cache, (int)i, core->frozen[i]);
}

/* Frozen. The contents of every queue go back to the slabs. */
static void empty_queues(struct kmem_cache_core *core, struct list_head *doomed)
{
	unsigned nodes = core->sys->machine.nr_nodes;

	for (unsigned i = 0; i < core->cache->nr_slots; i++) {
		struct array_cache *ac = core->frozen[i];

		if (ac != &kmem_stub_none && ac->avail) {
			free_block(core, core->l3[cpu_to_node(core->sys, (int)i)], ac->entry,
				   ac->avail, doomed);
			ac->avail = 0;
		}
	}
	for (unsigned i = 0; i < nodes; i++) {
		struct kmem_list3 *l3 = core->l3[i];

		for (unsigned k = 0; k < nodes; k++)
			if (l3->alien[k]) {
				struct alien_cache *a = l3->alien[k];

				free_block(core, core->l3[k], a->ac.entry, a->ac.avail, doomed);
				a->ac.avail = 0;
			}
		if (l3->shared) {
			free_block(core, l3, l3->shared->entry, l3->shared->avail, doomed);
			l3->shared->avail = 0;
		}
	}
}

void drain_queues(struct kmem_cache_core *core)
{
	struct list_head doomed;

	list_init(&doomed);
	cache_freeze(core);
	empty_queues(core, &doomed);
	cache_thaw(core);
	destroy_slabs(core, &doomed);
}

/* ---- tune ---- */

static int check_fixed(struct kmem_cache_core *core, const struct slab_config *n, struct err *e)
{
	for (const struct opt *o = slab_config_opts; o->name; o++)
		if ((o->flags & OPT_FIXED) && !opt_equal(o, &core_conf(core)->config, n))
			return err_set(e, -EINVAL, "%s: %s is fixed for the life of a cache",
				       core->name, o->name);
	return 0;
}

static void switch_path(struct kmem_cache_core *core, unsigned slow)
{
	/* frozen: both fields of every slot are stubs and ours; who comes with the old answer finds a stub */
	atomic_store_explicit(&core->slow_only, slow, memory_order_release);
}

int kmem_cache_tune(struct kmem_cache *c, const struct slab_config *cfg, struct err *e)
{
	struct kmem_cache_core *core = c->core;
	struct kmem_system *s = core->sys;
	struct list_head doomed;
	struct new_setting n;
	int r;

	list_init(&doomed);
	pthread_mutex_lock(&s->chain_lock);
	r = check_fixed(core, cfg, e);
	if (!r)
		r = setting_prepare(core, cfg, &n, e);
	if (r) {
		pthread_mutex_unlock(&s->chain_lock);
		return r;
	}
	cache_freeze(core);
	empty_queues(core, &doomed);
	for (unsigned i = 0; i < c->nr_slots; i++) {
		if (core->frozen[i] != &kmem_stub_none)
			meta_free(s->meta, core->frozen[i]);
		core->frozen[i] =
			&kmem_stub_none; /* made anew, with the new limit, when the CPU needs one */
	}
	setting_apply(core, &n);
	switch_path(core, setting_wants_slow(core, cfg));
	cache_thaw(core);
	destroy_slabs(core, &doomed);
	setting_release(s, &n);
	pthread_mutex_unlock(&s->chain_lock);
	return 0;
}

/* ---- create and destroy ---- */

void cache_free_core(struct kmem_cache_core *core)
{
	struct kmem_system *s = core->sys;
	struct kmem_cache *c = core->cache;

	for (unsigned i = 0; i < s->machine.nr_nodes; i++) {
		struct kmem_list3 *l3 = core->l3[i];

		if (!l3)
			continue;
		for (unsigned k = 0; k < s->machine.nr_nodes; k++)
			meta_free(s->meta, l3->alien[k]);
		meta_free(s->meta, l3->shared);
		meta_free(s->meta, l3);
	}
	for (unsigned i = 0; c && i < c->nr_slots; i++) {
		struct array_cache *ac = core->slow_only ? c->slot[i].home : c->slot[i].ac;

		if (ac != &kmem_stub_none && ac != &kmem_stub_owned)
			meta_free(s->meta, ac);
	}
	for (int i = 0; i < KMEM_GEO_MAX; i++)
		meta_free(s->meta, core->geo[i]);
	while (core->confs) {
		struct kmem_conf *conf = core->confs;

		core->confs = conf->next;
		meta_free(s->meta, conf);
	}
	meta_free(s->meta, core->frozen);
	meta_free(s->meta, c);
	meta_free(s->meta, core);
}

static struct kmem_cache_core *core_create(struct kmem_system *s, const char *name, size_t size,
					   void (*ctor)(void *), unsigned internal)
{
	struct kmem_cache_core *core = meta_alloc_injected(
		s, NULL, sizeof(*core) + s->machine.nr_nodes * sizeof(core->l3[0]));
	struct kmem_cache *c;

	if (!core)
		return NULL;
	core->sys = s;
	core->object_size = (unsigned)size;
	core->internal = internal;
	core->ctor = ctor;
	memcpy(core->name, name, strlen(name) + 1);
	c = core->cache =
		meta_alloc_injected(s, NULL, sizeof(*c) + s->alloc_slots * sizeof(c->slot[0]));
	core->frozen = meta_alloc_injected(s, NULL, s->nr_slots * sizeof(core->frozen[0]));
	if (!c || !core->frozen)
		goto fail;
	c->core = core;
	c->object_size = core->object_size;
	c->nr_slots = s->nr_slots;
	c->need_fence = !s->barriers;
	for (unsigned i = 0; i < s->alloc_slots; i++)
		c->slot[i].ac = c->slot[i].home = &kmem_stub_owned;
	for (unsigned i = 0; i < s->machine.nr_nodes; i++) {
		core->l3[i] = list3_create(s, NULL, i);
		if (!core->l3[i])
			goto fail;
	}
	return core;
fail:
	cache_free_core(core);
	return NULL;
}

static int name_taken(struct kmem_system *s, const char *name)
{
	for (struct list_head *p = s->chain.next; p != &s->chain; p = p->next)
		if (!strcmp(list_entry(p, struct kmem_cache_core, chain)->name, name))
			return 1;
	return 0;
}

static int check_request(struct kmem_system *s, const char *name, size_t size,
			 const struct slab_config *cfg, struct err *e)
{
	if (!name || !*name || strlen(name) >= KMEM_NAME_MAX)
		return err_set(e, -EINVAL, "cache name: expected 1 to %d bytes", KMEM_NAME_MAX - 1);
	if (!size || size > KMALLOC_MAX_SIZE)
		return err_set(e, -EINVAL, "%s: object size %zu: expected 1 to %u bytes", name,
			       size, KMALLOC_MAX_SIZE);
	if (slab_config_validate(cfg, s->machine.nr_nodes, e))
		return err_prefix(e, -EINVAL, "%s", name);
	if (name_taken(s, name))
		return err_set(e, -EEXIST, "cache %s exists", name);
	return 0;
}

int cache_create_core(struct kmem_system *s, const char *name, size_t size,
		      const struct slab_config *cfg, void (*ctor)(void *), unsigned internal,
		      struct kmem_cache **out, struct err *e)
{
	struct kmem_cache_core *core;
	struct new_setting n;
	int r;

	r = check_request(s, name, size, cfg, e);
	if (r)
		return r;
	core = core_create(s, name, size, ctor, internal);
	if (!core)
		return err_set(e, -ENOMEM, "%s: no memory for the cache", name);
	r = setting_prepare(core, cfg, &n, e);
	if (r) {
		cache_free_core(core);
		return err_prefix(e, r, "cache %s", name);
	}
	setting_apply(core, &n);
	setting_release(s, &n);
	switch_path(core, setting_wants_slow(core, cfg));
	for (unsigned i = 0; i < s->nr_slots; i++)
		slot_release(core->cache, (int)i, &kmem_stub_none);
	list_add(&core->chain, &s->chain);
	*out = core->cache;
	return 0;
}

int kmem_cache_create(struct kmem_system *s, const char *name, size_t size,
		      const struct slab_config *c, void (*ctor)(void *obj), struct kmem_cache **out,
		      struct err *e)
{
	struct slab_config plain;
	int r;

	if (!c) {
		memset(&plain, 0, sizeof(plain));
		slab_config_profile(&plain, "kernel-2.6.22", NULL);
		c = &plain;
	}
	pthread_mutex_lock(&s->chain_lock);
	r = cache_create_core(s, name, size, c, ctor, 0, out, e);
	pthread_mutex_unlock(&s->chain_lock);
	return r;
}

static int shrink(struct kmem_cache_core *core)
{
	uint64_t left = 0;

	drain_queues(core);
	for (unsigned i = 0; i < core->sys->machine.nr_nodes; i++) {
		drain_freelist(core, core->l3[i], UINT64_MAX);
		list_lock(core->l3[i]);
		left += core->l3[i]->num_slabs;
		kmem_unlock(&core->l3[i]->lock);
	}
	return left > 0;
}

int kmem_cache_shrink(struct kmem_cache *c)
{
	int left;

	pthread_mutex_lock(&c->core->sys->chain_lock);
	left = shrink(c->core);
	pthread_mutex_unlock(&c->core->sys->chain_lock);
	return left;
}

int kmem_cache_destroy(struct kmem_cache *c, struct err *e)
{
	struct kmem_cache_core *core;
	struct kmem_system *s;
	uint64_t out = 0;

	if (!c)
		return 0;
	core = c->core;
	s = core->sys;
	if (core->internal)
		return err_set(e, -EINVAL,
			       "cache %s is a general cache: it lives as long as its system",
			       core->name);
	pthread_mutex_lock(&s->chain_lock);
	if (shrink(core)) {
		for (unsigned i = 0; i < s->machine.nr_nodes; i++)
			out += core->l3[i]->num_objs - core->l3[i]->free_objects;
		pthread_mutex_unlock(&s->chain_lock);
		return err_set(e, -EBUSY, "cache %s: %llu objects are still out", core->name,
			       (unsigned long long)out);
	}
	list_del(&core->chain);
	cache_free_core(core);
	pthread_mutex_unlock(&s->chain_lock);
	return 0;
}
