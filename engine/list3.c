/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Slabs and the node's lists: where an object lies in its slab, which are free, and the moves between
 * slabs_full, slabs_partial and slabs_free.
 *
 * The free index of a slab is a list (2.6.22: index[i] names the next free one) or a stack (6.1: index[inuse] is
 * the next one out), both LIFO; or bits (index=bits), of which the lowest goes out first: objects leave in the order of
 * their addresses whatever the order they came back in, and a new slab is walked through from its start.
 */
#include "engine/internal.h"

/* ---- objects and index ---- */

void *slab_page(const struct slab *slab, const struct slab_geometry *g)
{
	/* blocks are aligned to their size */
	return (void *)((uintptr_t)slab->s_mem & ~(((uintptr_t)g->page_size << g->gfporder) - 1));
}

void *index_to_obj(const struct slab *slab, const struct slab_geometry *g, unsigned i)
{
	return (char *)slab->s_mem + (size_t)i * g->size + g->obj_offset;
}

unsigned obj_to_index(const struct slab *slab, const struct slab_geometry *g, const void *obj)
{
	return slab_index(
		g, (unsigned long)((const char *)obj - g->obj_offset - (const char *)slab->s_mem));
}

unsigned index_get(const void *base, unsigned width, unsigned i)
{
	switch (width) {
	case 1:
		return ((const uint8_t *)base)[i];
	case 2:
		return ((const uint16_t *)base)[i];
	default:
		return ((const uint32_t *)base)[i];
	}
}

void index_set(void *base, unsigned width, unsigned i, unsigned v)
{
	switch (width) {
	case 1:
		((uint8_t *)base)[i] = (uint8_t)v;
		break;
	case 2:
		((uint16_t *)base)[i] = (uint16_t)v;
		break;
	default:
		((uint32_t *)base)[i] = v;
	}
}

static bool is_stack(const struct slab_geometry *g)
{
	return g->rules == RULES_6_1;
}

static bool is_bits(const struct slab_geometry *g)
{
	return !g->index_bytes;
}

static uint64_t *slab_bits(const struct slab *slab, const struct slab_geometry *g)
{
	return (uint64_t *)((uintptr_t)slab + g->header_bytes);
}

void *slab_index_base(const struct slab *slab, const struct slab_geometry *g)
{
	return is_stack(g) ? slab->freelist : (char *)(uintptr_t)slab + g->header_bytes;
}

void slab_freelist_init(struct slab *slab, const struct slab_geometry *g)
{
	void *base = slab_index_base(slab, g);
	unsigned step = !is_stack(g);

	if (is_bits(g)) {
		memset(base, 0xff, g->num / 64 * 8);
		if (g->num % 64)
			((uint64_t *)base)[g->num / 64] = (UINT64_C(1) << g->num % 64) - 1;
		slab->free = 0;
		return;
	}
	/* list: i names i + 1, the last entry is never followed (inuse says when the slab is full) */
	for (unsigned i = 0; i < g->num; i++)
		index_set(base, g->index_bytes, i, i + step == g->num ? 0 : i + step);
	if (!is_stack(g))
		slab->free = 0;
	else
		index_set(base, g->index_bytes, g->num - 1, g->num - 1);
}

void slab_get_bits(struct slab *slab, const struct slab_geometry *g, void **p, unsigned n)
{
	uint64_t *bits = slab_bits(slab, g), word;
	unsigned w = slab->free;

	slab->inuse += n;
	while (n) {
		char *first = (char *)slab->s_mem + g->obj_offset + (size_t)w * 64 * g->size;

		for (word = bits[w]; word && n; word &= word - 1) {
			p[--n] = first + (size_t)(unsigned)__builtin_ctzll(word) * g->size;
			/* into the second level: a batch would push out of the first what is in use */
			__builtin_prefetch(p[n], 1, 2);
		}
		bits[w] = word;
		w += !word && n;
	}
	slab->free = w;
}

void *slab_get_obj(struct kmem_cache_core *core, struct slab *slab, const struct kmem_geo *geo)
{
	const struct slab_geometry *g = &geo->g;
	void *base = slab_index_base(slab, g), *obj;
	unsigned i;

	(void)core;
	if (is_bits(g)) {
		slab_get_bits(slab, g, &obj, 1);
		return obj;
	}
	if (!is_stack(g)) {
		i = slab->free;
		slab->free = index_get(base, g->index_bytes, i);
		slab->inuse++;
		return index_to_obj(slab, g, i);
	}
	obj = index_to_obj(slab, g, index_get(base, g->index_bytes, slab->inuse++));
	if (g->objfreelist && slab->inuse == g->num) {
		/* the last free object: the index lay in this very one */
		slab->freelist = NULL;
		if (g->poison)
			debug_poison_free(g, obj);
	}
	return obj;
}

static void slab_put_obj(struct slab *slab, const struct slab_geometry *g, void *obj)
{
	unsigned i = obj_to_index(slab, g, obj);

	if (is_bits(g)) {
		slab_bits(slab, g)[i / 64] |= UINT64_C(1) << i % 64;
		if (i / 64 < slab->free)
			slab->free = i / 64;
		slab->inuse--;
		return;
	}
	if (is_stack(g)) {
		if (!slab->freelist) /* objfreelist, slab was full: the index moves into this object */
			slab->freelist = obj;
		index_set(slab->freelist, g->index_bytes, --slab->inuse, i);
		return;
	}
	index_set(slab_index_base(slab, g), g->index_bytes, i, slab->free);
	slab->free = i;
	slab->inuse--;
}

/* As many bits as free objects, none beyond the last, none below `free`. */
static int bits_free_map(const struct slab *slab, const struct slab_geometry *g, uint8_t *map)
{
	const uint64_t *bits = slab_bits(slab, g);
	unsigned n = 0, words = (g->num + 63) / 64;

	for (unsigned i = 0; i < words * 64; i++) {
		if (!(bits[i / 64] >> i % 64 & 1))
			continue;
		if (i >= g->num || i / 64 < slab->free)
			return -EINVAL;
		map[i] = 1;
		n++;
	}
	return n == g->num - slab->inuse ? 0 : -EINVAL;
}

int slab_free_map(const struct slab *slab, const struct slab_geometry *g, uint8_t *map)
{
	const void *base = slab_index_base(slab, g);
	unsigned i = slab->free;

	memset(map, 0, g->num);
	if (slab->inuse > g->num)
		return -EINVAL;
	if (is_bits(g))
		return bits_free_map(slab, g, map);
	for (unsigned k = slab->inuse; k < g->num; k++) {
		if (is_stack(g))
			i = index_get(base, g->index_bytes, k);
		if (i >= g->num || map[i])
			return -EINVAL;
		map[i] = 1;
		if (!is_stack(g))
			i = index_get(base, g->index_bytes, i);
	}
	return 0;
}

/* ---- the node ---- */

struct kmem_list3 *list3_create(struct kmem_system *s, struct kmem_cache_core *core, unsigned node)
{
	struct kmem_list3 *l3 = meta_alloc_injected(
		s, core, sizeof(*l3) + s->machine.nr_nodes * sizeof(l3->alien[0]));

	if (!l3)
		return NULL;
	kmem_lock_init(&l3->lock);
	l3->nodeid = node;
	list_init(&l3->slabs_partial);
	list_init(&l3->slabs_full);
	list_init(&l3->slabs_free);
	return l3;
}

unsigned transfer_objects(struct array_cache *to, struct array_cache *from, unsigned max)
{
	unsigned room = to->limit - to->avail, n = from->avail < max ? from->avail : max;

	if (n > room)
		n = room;
	memcpy(&to->entry[to->avail], &from->entry[from->avail - n], n * sizeof(void *));
	from->avail -= n;
	to->avail += n;
	return n;
}

/* @slab is on no list and has no objects out: keep it, or doom it. */
static void slab_emptied(struct kmem_cache_core *core, struct kmem_list3 *l3, struct slab *slab,
			 const struct slab_geometry *g, struct list_head *doomed)
{
	if (l3->free_objects > l3->free_limit && !core_conf(core)->config.rcu) {
		l3->free_objects -= g->num;
		l3->num_objs -= g->num;
		l3->num_slabs--;
		l3->reaped++;
		list_add(&slab->list, doomed);
	} else {
		list_add(&slab->list, &l3->slabs_free);
		l3->num_free++;
	}
}

/* @slab is no longer full, or has become empty: it changes lists. inuse is what it was before. */
static void slab_turned(struct kmem_cache_core *core, struct kmem_list3 *l3, struct slab *slab,
			const struct slab_geometry *g, struct list_head *doomed)
{
	l3->num_full -= slab->inuse == g->num;
	slab->inuse--;
	list_del(&slab->list);
	if (slab->inuse)
		list_add_tail(&slab->list, &l3->slabs_partial);
	else
		slab_emptied(core, l3, slab, g, doomed);
}

/* ---- free_block() for index=bits ---- */

static inline void bits_put(struct slab *slab, uint64_t *bits, unsigned i)
{
	*bits |= UINT64_C(1) << i % 64;
	if (i / 64 < slab->free)
		slab->free = i / 64;
}

/* One object, whatever it is. False: its slab has another index. A slab changes lists only where its inuse says so. @geo is
 * set to its slab's geometry, if it is ours. */
static bool free_bits_one(struct kmem_cache_core *core, struct kmem_list3 *l3, void *p,
			  struct list_head *doomed, const struct kmem_geo **geo)
{
	struct kmem_page *page = pages_lookup(core->sys->map, p);
	const struct slab_geometry *g;
	struct slab *slab;
	uint64_t *bits;
	unsigned i;

	if (!page || page->cache != core->cache) { /* the fast path let it in: not ours */
		report_bad_free(core, p, NULL);
		return true;
	}
	slab = page->slab;
	*geo = core->geo[slab->geometry];
	g = &(*geo)->g;
	if (!is_bits(g))
		return false;
	i = obj_to_index(slab, g, p);
	bits = &slab_bits(slab, g)[i / 64]; /* looked at only if there is such an object */
	if (i >= g->num || *bits >> i % 64 & 1) {
		report_bad_free(core, p, NULL);
		return true;
	}
	bits_put(slab, bits, i);
	l3->free_objects++;
	if (slab->inuse == g->num || slab->inuse == 1)
		slab_turned(core, l3, slab, g, doomed);
	else
		slab->inuse--;
	return true;
}

/*
 * The same for objects of slabs in blocks, all of geometry @geo, whose slab stays on its list: up to the first that is
 * another one. Returns how many. Loads that free many objects in any order are bound by this loop, so it calls nothing
 * and has what it needs in registers.
 */
static __attribute__((noinline)) unsigned free_bits_run(const struct pages_map *map,
							const struct kmem_cache *cache,
							const struct kmem_geo *geo, void *const *p,
							unsigned n)
{
	const struct kmem_page *const block = map->block;
	const uintptr_t base = map->base, size = map->end - map->base;
	const unsigned shift = map->page_shift + PAGES_BLOCK_ORDER, id = geo->id, num = geo->g.num,
		       recip = geo->g.recip_m, header = geo->g.header_bytes;
	unsigned k;

	for (k = 0; k < n; k++) {
		uintptr_t off = (uintptr_t)p[k] - base;
		struct slab *slab;
		uint64_t *bits;
		unsigned i;

		if (off >= size || block[off >> shift].cache != cache)
			break;
		slab = block[off >> shift].slab;
		i = (unsigned)(((uintptr_t)p[k] - (uintptr_t)slab->s_mem) * recip >> 32);
		bits = (uint64_t *)((uintptr_t)slab + header) + i / 64;
		/* neither full nor about to become empty: inuse is 2 to num - 1 */
		if (slab->geometry != id || i >= num || slab->inuse - 2 >= num - 2 ||
		    *bits >> i % 64 & 1)
			break;
		bits_put(slab, bits, i);
		slab->inuse--;
	}
	return k;
}

/* Up to the first object that is of a slab with another index; returns how many were done. What the first object's slab
 * says is looked at, not the settings in force: that would be one more line which all nodes share. */
static unsigned free_bits(struct kmem_cache_core *core, struct kmem_list3 *l3, void **p, unsigned n,
			  struct list_head *doomed)
{
	const struct kmem_geo *geo = NULL;
	unsigned k = 0, run;

	while (k < n) {
		if (!free_bits_one(core, l3, p[k], doomed, &geo))
			return k;
		k++;
		if (!geo || geo->g.obj_offset || geo->g.gfporder < PAGES_BLOCK_ORDER)
			continue;
		run = free_bits_run(core->sys->map, core->cache, geo, p + k, n - k);
		l3->free_objects += run;
		k += run;
	}
	return k;
}

void free_block(struct kmem_cache_core *core, struct kmem_list3 *l3, void **p, unsigned n,
		struct list_head *doomed)
{
	for (unsigned k = free_bits(core, l3, p, n, doomed); k < n; k++) {
		struct kmem_page *page = pages_lookup(core->sys->map, p[k]);
		const struct slab_geometry *g;
		struct slab *slab;

		if (!page || page->cache != core->cache) { /* the fast path let it in: not ours */
			report_bad_free(core, p[k], NULL);
			continue;
		}
		slab = page->slab;
		g = &core->geo[slab->geometry]->g;
		if (is_bits(g)) {
			k += free_bits(core, l3, &p[k], n - k, doomed) - 1;
			continue;
		}
		if (slab->inuse == g->num)
			l3->num_full--;
		slab_put_obj(slab, g, p[k]);
		l3->free_objects++;
		list_del(&slab->list);
		if (slab->inuse)
			list_add_tail(&slab->list, &l3->slabs_partial);
		else
			slab_emptied(core, l3, slab, g, doomed);
	}
	l3->list_frees += n;
}

uint64_t drain_freelist(struct kmem_cache_core *core, struct kmem_list3 *l3, uint64_t most)
{
	struct list_head doomed;
	uint64_t n = 0;

	list_init(&doomed);
	list_lock(l3);
	while (n < most && !list_empty(&l3->slabs_free)) {
		struct slab *slab = list_slab(l3->slabs_free.prev);
		unsigned num = core->geo[slab->geometry]->g.num;

		list_del(&slab->list);
		l3->free_objects -= num;
		l3->num_objs -= num;
		l3->num_slabs--;
		l3->num_free--;
		l3->reaped++;
		list_add_tail(&slab->list, &doomed);
		n++;
	}
	kmem_unlock(&l3->lock);
	destroy_slabs(core, &doomed);
	return n;
}

void destroy_slabs(struct kmem_cache_core *core, struct list_head *doomed)
{
	while (!list_empty(doomed)) {
		struct slab *slab = list_slab(doomed->next);

		list_del(&slab->list);
		slab_destroy(core, slab);
	}
}
