/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on whole caches and systems, and looking in: see ops.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/slablist.h"
#include "tests/ops_impl.h"

static void op_tune(struct ops *o, struct ops_pool *pool)
{
	struct slab_config c = pool->config, now;
	struct err e = { "" };
	int r;

	o->what = "tune";
	if (!ops_pick(o->in, 4)) {
		/* back to something plain, so that not everything ends under debugging */
		slab_config_profile(&c, slab_profiles[ops_pick(o->in, 3)].name, NULL);
		for (const struct opt *row = slab_config_opts; row->name; row++)
			if (row->flags & OPT_FIXED)
				memcpy((char *)&c + row->offset,
				       (char *)&pool->config + row->offset, sizeof(unsigned));
	}
	ops_toggle(o->in, &c, o->nodes, 0);
	r = kmem_cache_tune(pool->cache, &c, &e);
	kmem_cache_config(pool->cache, &now);
	if (r) {
		if (memcmp(&now, &pool->config, sizeof(now)))
			ops_fail(o, "tune failed and changed something");
		if (!e.text[0] ||
		    (r != -EINVAL && r != -E2BIG && r != -EBUSY &&
		     !(r == -ENOMEM && (o->injecting || pool->config.fail != FAIL_OFF ||
					c.backing == BACKING_HUGETLB))))
			ops_fail(o, "tune: %d, %s", r, e.text);
		o->st->tunes_refused++;
		return;
	}
	if (memcmp(&now, &c, sizeof(now)))
		ops_fail(o, "other toggles are in force than were set");
	o->st->tunes++;
	ops_in_force(o, pool);
	if (!ops_pick(o->in, 3) && kmem_cache_check(pool->cache, &e))
		ops_fail(o, "%s", e.text);
}

/* A general cache, which other caches' descriptors may lie in: all but what op_kmalloc() counts on. */
static void op_tune_general(struct ops *o)
{
	struct kmem_cache *cache = kmem_kmalloc_cache(o->s, ops_size(o->in));
	struct slab_config c, before;
	struct err e = { "" };
	int r;

	o->what = "tune a general cache";
	kmem_cache_config(cache, &before);
	c = before;
	ops_toggle(o->in, &c, o->nodes, 0);
	c.red_zone = before.red_zone;
	c.store_user = before.store_user;
	c.placement = before.placement;
	c.place_node = before.place_node;
	memcpy(c.place_weights, before.place_weights, sizeof(c.place_weights));
	c.fail = before.fail;
	r = kmem_cache_tune(cache, &c, &e);
	if (r && (!e.text[0] || (r != -EINVAL && r != -E2BIG && r != -EBUSY &&
				 !(r == -ENOMEM && (o->injecting || before.fail != FAIL_OFF ||
						    c.backing == BACKING_HUGETLB)))))
		ops_fail(o, "tune: %d, %s", r, e.text);
	if (kmem_cache_destroy(cache, &e) != -EINVAL)
		ops_fail(o, "a general cache was destroyed");
}

struct seen {
	struct ops *o;
	struct ops_pool *pool;
	uint64_t slabs, inuse, bytes;
};

static void see_slab(const struct kmem_slab_view *v, void *arg)
{
	struct seen *s = arg;
	const char *page = v->page, *at = v->s_mem;

	s->slabs++;
	s->inuse += v->inuse;
	s->bytes += v->bytes;
	if (at < page + v->colouroff ||
	    at + (size_t)v->geometry->num * v->geometry->size > page + v->bytes)
		ops_fail(s->o, "slab %p: objects outside", v->page);
	if (v->list != (!v->inuse ? 2u : v->inuse == v->geometry->num ? 0u : 1u))
		ops_fail(s->o, "slab %p: %u of %u out, on list %u", v->page, v->inuse,
			 v->geometry->num, v->list);
	if (v->node != kmem_obj_node(s->o->s, v->s_mem))
		ops_fail(s->o, "slab %p: not of node %u", v->page, v->node);
	if (((uintptr_t)v->s_mem + v->geometry->obj_offset) % s->pool->align ||
	    v->geometry->size % s->pool->align)
		ops_fail(s->o, "slab %p: objects are not aligned to %u", v->page, s->pool->align);
}

static void check_info(struct ops *o, struct kmem_cache *c, const struct kmem_cache_info *i)
{
	uint64_t sum = i->bytes_asked + i->bytes_free_objs + i->bytes_rounding +
		       i->bytes_stride_pad + i->bytes_mgmt + i->bytes_colour + i->bytes_tail;

	if (sum != i->bytes_held)
		ops_fail(o, "%s: parts are %llu bytes, held %llu", kmem_cache_name(c),
			 (unsigned long long)sum, (unsigned long long)i->bytes_held);
	if (i->active_objs > i->num_objs || i->queued > i->active_objs ||
	    i->active_slabs > i->num_slabs || i->num_objs > i->max_objs ||
	    i->shared_avail > i->queued)
		ops_fail(o, "%s: numbers of slabinfo contradict each other", kmem_cache_name(c));
	if (i->list_allocs - i->list_frees != i->active_objs)
		ops_fail(o, "%s: %llu objects left slabs, %llu came back, %llu are out",
			 kmem_cache_name(c), (unsigned long long)i->list_allocs,
			 (unsigned long long)i->list_frees, (unsigned long long)i->active_objs);
	if (i->grown - i->reaped != i->num_slabs)
		ops_fail(o, "%s: %llu slabs grown, %llu reaped, %llu there", kmem_cache_name(c),
			 (unsigned long long)i->grown, (unsigned long long)i->reaped,
			 (unsigned long long)i->num_slabs);
}

static void op_info(struct ops *o, struct ops_pool *pool)
{
	struct seen s = { .o = o, .pool = pool };
	struct kmem_cache_info i;

	o->what = "info";
	kmem_cache_get_info(pool->cache, &i);
	check_info(o, pool->cache, &i);
	if (i.active_objs - i.queued != pool->n || i.bytes_asked != (uint64_t)pool->n * pool->size)
		ops_fail(o, "%s: %llu objects out, %llu queued, %zu live", i.name,
			 (unsigned long long)i.active_objs, (unsigned long long)i.queued, pool->n);
	kmem_for_each_slab(pool->cache, see_slab, &s);
	if (s.slabs != i.num_slabs || s.inuse != i.active_objs || s.bytes != i.bytes_held)
		ops_fail(o, "%s: the slabs are not what its numbers say", i.name);
}

static void see_cache(struct kmem_cache *c, void *arg)
{
	struct kmem_cache_info i;

	kmem_cache_get_info(c, &i);
	check_info(arg, c, &i);
}

/* What is printed must be what a reader of the kernel's format (and of JSON) understands. */
static void op_print(struct ops *o)
{
	int stats = (int)ops_pick(o->in, 2);
	struct slablist l;
	struct err e = { "" };
	char *text = NULL;
	json_t *j;
	size_t len;
	FILE *f;

	o->what = "slabinfo";
	f = open_memstream(&text, &len);
	if (!f || kmem_slabinfo_text(o->s, f, stats) || fclose(f))
		ops_fail(o, "cannot print slabinfo");
	if (slablist_parse(text, len, "slabinfo", &l, &e))
		ops_fail(o, "%s in\n%s", e.text, text);
	for (unsigned i = 1; i < OPS_POOLS; i++)
		if (o->pool[i].cache && !slablist_find(&l, kmem_cache_name(o->pool[i].cache)))
			ops_fail(o, "slabinfo lacks %s", kmem_cache_name(o->pool[i].cache));
	slablist_release(&l);
	free(text);
	text = NULL;
	f = open_memstream(&text, &len);
	if (!f || kmem_slabinfo_json(o->s, f) || fclose(f))
		ops_fail(o, "cannot print JSON");
	j = json_loadb(text, len, 0, NULL);
	if (!j)
		ops_fail(o, "not JSON: %s", text);
	json_decref(j);
	free(text);
	kmem_for_each_cache(o->s, see_cache, o);
}

/* "name limit batchcount shared" for a general cache or one of ours: silly numbers are ignored. */
static void op_write_numbers(struct ops *o, struct ops_pool *pool)
{
	int limit = (int)ops_pick(o->in, 150) - 2, batch = (int)ops_pick(o->in, 80) - 2;
	int shared = (int)ops_pick(o->in, 9) - 1, ours = ops_pick(o->in, 5) != 0, silly, r;
	struct kmem_cache *c = ours ? pool->cache : kmem_kmalloc_cache(o->s, ops_size(o->in));
	struct slab_config before, after;
	struct err e = { "" };
	char line[128];

	silly = limit < 1 || batch < 1 || batch > limit || shared < 0;
	snprintf(line, sizeof(line), "%s %d %d %d", kmem_cache_name(c), limit, batch, shared);
	kmem_cache_config(c, &before);
	r = kmem_slabinfo_write(o->s, line, &e);
	kmem_cache_config(c, &after);
	if (r && r != -EBUSY &&
	    !(r == -ENOMEM &&
	      (o->injecting || before.fail != FAIL_OFF || before.backing == BACKING_HUGETLB)))
		ops_fail(o, "write '%s': %d, %s", line, r, e.text);
	if (!r && !silly) {
		before.limit = (unsigned)limit;
		before.batchcount = (unsigned)batch;
		before.shared = (unsigned)shared;
	}
	if (memcmp(&before, &after, sizeof(before)))
		ops_fail(o, "after '%s' other toggles are in force", line);
	if (ours)
		ops_in_force(o, pool);
}

static void op_write(struct ops *o, struct ops_pool *pool)
{
	static const char *const bad[] = {
		"", "nosuch 1 1 1", "cache", "size-64 x 1 1", "size-64 120 60", " \n"
	};
	struct err e = { "" };

	o->what = "write";
	if (pool && ops_pick(o->in, 4)) {
		op_write_numbers(o, pool);
		return;
	}
	if (kmem_slabinfo_write(o->s, bad[ops_pick(o->in, sizeof(bad) / sizeof(bad[0]))], &e) !=
	    -EINVAL)
		ops_fail(o, "a line without sense was taken");
}

static void op_reap(struct ops *o)
{
	o->what = "reap";
	o->reap_ms += ops_pick(o->in, 2500);
	for (unsigned i = 0; i < o->s->nr_slots; i++)
		if (ops_pick(o->in, 3))
			kmem_reap(o->s, i, o->reap_ms);
	kmem_reap(o->s, o->s->nr_slots + 7, o->reap_ms); /* no such CPU: nothing happens */
}

static void op_node_limit(struct ops *o)
{
	o->what = "node limit";
	kmem_system_node_limit(o->s, (unsigned)ops_pick(o->in, o->nodes),
			       ops_pick(o->in, 3) ? 0 : ops_pick(o->in, 256) << 13);
}

static void op_fail_at(struct ops *o)
{
	o->what = "fail_at";
	o->injecting = !ops_pick(o->in, 3);
	kmem_system_fail_at(o->s, o->injecting ? 1 + ops_pick(o->in, 60) : 0);
}

static void op_shrink(struct ops *o, struct ops_pool *pool)
{
	o->what = "shrink";
	if (kmem_cache_shrink(pool->cache) != (pool->n > 0))
		ops_fail(o, "shrink with %zu live objects is mistaken about slabs that remain",
			 pool->n);
}

void ops_rare(struct ops *o, struct ops_pool *pool)
{
	uint64_t what = ops_pick(o->in, 200);

	if (what < 50 && pool)
		op_tune(o, pool);
	else if (what < 100)
		op_reap(o);
	else if (what < 120 && pool)
		op_info(o, pool);
	else if (what < 135)
		op_node_limit(o);
	else if (what < 150)
		op_fail_at(o);
	else if (what < 165 && pool)
		op_shrink(o, pool);
	else if (what < 178)
		ops_create(o);
	else if (what < 186 && pool)
		ops_destroy(o, pool);
	else if (what < 189)
		op_write(o, pool);
	else if (what < 192)
		op_tune_general(o);
	else if (what < 196)
		op_print(o);
	else
		ops_check_all(o);
}
