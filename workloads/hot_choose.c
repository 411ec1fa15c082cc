/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hot-header: which objects are the live ones. See hot_header.c for what is wanted and why.
 *
 * Our engine: `slabs` slabs with objects 0 .. per-1 of each, per = ceil(n / slabs); object i is
 * number i / slabs of slab i % slabs. A slab counts when this worker holds those objects of it;
 * slabs are taken in the order in which the worker met them, which is the order that they were
 * grown in. Objects that other workers or queues hold may leave holes, then more are allocated.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/hot_header.h"

/* All that the worker has allocated, in order. */
struct pile {
	char **obj;
	size_t n, room;
};

struct place {
	const char *page, *s_mem;
	size_t bytes, size;
	uint64_t met; /* 1 + number of slabs met before; 0: not met */
	char **own;   /* [per] in struct places: objects 0 .. per-1, where this worker holds them */
	unsigned held; /* of those */
};

struct places {
	struct place *slab;
	size_t n, room;
	char **own;
	int failed;
};

static int pile_more(struct pile *p, struct seam_cache *c, size_t n, struct err *e)
{
	while (n--) {
		if (p->n == p->room) {
			size_t room = p->room ? p->room * 2 : 1024;
			char **more = realloc(p->obj, room * sizeof(*more));

			if (!more)
				return err_set(e, -ENOMEM, "no memory for a list of %zu objects",
					       room);
			p->obj = more;
			p->room = room;
		}
		p->obj[p->n] = c->ops->alloc(c);
		if (!p->obj[p->n])
			return err_set(e, -ENOMEM, "no memory for object %zu of %zu bytes",
				       p->n + 1, c->size);
		p->n++;
	}
	return 0;
}

/* Called with the cache held still: only takes notes. */
static void note_slab(const struct kmem_slab_view *v, void *arg)
{
	struct places *all = arg;

	if (all->n == all->room) {
		size_t room = all->room ? all->room * 2 : 256;
		struct place *more = realloc(all->slab, room * sizeof(*more));

		if (!more) {
			all->failed = 1;
			return;
		}
		all->slab = more;
		all->room = room;
	}
	all->slab[all->n++] = (struct place){
		.page = v->page,
		.s_mem = v->s_mem,
		.bytes = v->bytes,
		.size = v->geometry->size,
	};
}

static int by_page(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->page < y->page ? -1 : x->page > y->page;
}

static struct place *place_of(const struct places *all, const char *obj)
{
	size_t lo = 0, hi = all->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (obj < all->slab[mid].page)
			hi = mid;
		else if (obj >= all->slab[mid].page + all->slab[mid].bytes)
			lo = mid + 1;
		else
			return &all->slab[mid];
	}
	return NULL;
}

static void places_release(struct places *all)
{
	free(all->slab);
	free(all->own);
	memset(all, 0, sizeof(*all));
}

/* Who holds what: fills @all from the cache and the pile, returns the number of slabs that count or
 * -errno. */
static int64_t places_survey(struct places *all, struct kmem_cache *c, const struct pile *pile,
			     unsigned per, struct err *e)
{
	uint64_t met = 0;
	int64_t whole = 0;

	kmem_for_each_slab(c, note_slab, all);
	if (!all->failed)
		all->own = calloc(all->n ? all->n : 1, per * sizeof(*all->own));
	if (!all->own)
		return err_set(e, -ENOMEM, "no memory for a list of %zu slabs", all->n);
	qsort(all->slab, all->n, sizeof(*all->slab), by_page);
	for (size_t i = 0; i < all->n; i++)
		all->slab[i].own = all->own + i * per;
	for (size_t i = 0; i < pile->n; i++) {
		struct place *s = place_of(all, pile->obj[i]);
		size_t index;

		if (!s)
			return err_set(e, -EFAULT, "object %p lies in no slab of its cache",
				       (void *)pile->obj[i]);
		if (!s->met)
			s->met = ++met;
		index = (size_t)(pile->obj[i] - s->s_mem) / s->size;
		if (index >= per || s->own[index])
			continue;
		s->own[index] = pile->obj[i];
		whole += ++s->held == per;
	}
	return whole;
}

static int by_met(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->met < y->met ? -1 : x->met > y->met;
}

/* Move the chosen objects to hw->hot. @all is sorted anew; place_of() does not work afterwards. */
static void take(struct places *all, struct hot_worker *hw, uint64_t n, uint64_t slabs,
		 unsigned per)
{
	uint64_t s = 0;

	qsort(all->slab, all->n, sizeof(*all->slab), by_met);
	for (size_t i = 0; i < all->n && s < slabs; i++) {
		if (all->slab[i].held != per)
			continue;
		for (uint64_t k = 0; s + k * slabs < n; k++)
			hw->hot[s + k * slabs] = all->slab[i].own[k];
		s++;
	}
	hw->n = n;
}

static int by_pointer(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (char *const *)a, y = (uintptr_t) * (char *const *)b;

	return x < y ? -1 : x > y;
}

/* The pile without what was chosen becomes surplus. Sorts the pile. */
static int keep_rest(struct pile *pile, struct hot_worker *hw, struct err *e)
{
	size_t left = 0, k = 0;
	char **chosen;

	if (!pile->n)
		return 0;
	chosen = malloc((hw->n ? hw->n : 1) * sizeof(*chosen));
	if (!chosen)
		return err_set(e, -ENOMEM, "no memory for a list of %" PRIu64 " objects", hw->n);
	memcpy(chosen, hw->hot, hw->n * sizeof(*chosen));
	qsort(chosen, hw->n, sizeof(*chosen), by_pointer);
	qsort(pile->obj, pile->n, sizeof(*pile->obj), by_pointer);
	for (size_t i = 0; i < pile->n; i++) {
		if (k < hw->n && pile->obj[i] == chosen[k])
			k++;
		else
			pile->obj[left++] = pile->obj[i];
	}
	pile->n = left;
	free(chosen);
	return 0;
}

static int choose_slab(struct wl_env *env, struct hot_worker *hw, struct pile *pile, struct err *e)
{
	const struct hot_params *p = env->params;
	struct seam_cache *c = &env->cache[0];
	uint64_t slabs = p->slabs < p->n ? p->slabs : p->n; /* auto is larger than any n */
	uint64_t per = (p->n + slabs - 1) / slabs;
	struct slab_geometry g;
	struct places all = { .n = 0 };
	size_t more;

	kmem_cache_geometry(c->slab, &g);
	if (per > g.num)
		return err_set(e, -EINVAL,
			       "slabs: %" PRIu64 " slabs of %u objects do not hold %" PRIu64
			       " objects",
			       slabs, g.num, p->n);
	more = slabs * g.num;
	/* holes are few and bounded by what queues and other workers hold: each turn adds more than
	 * a slab, and the sum of all turns stays below a small multiple of what is needed */
	for (int turn = 0; turn < 32; turn++) {
		int64_t whole;
		int err = pile_more(pile, c, more, e);

		if (err)
			return err;
		whole = places_survey(&all, c->slab, pile, (unsigned)per, e);
		if (whole < 0) {
			places_release(&all);
			return (int)whole;
		}
		if ((uint64_t)whole >= slabs) {
			take(&all, hw, p->n, slabs, (unsigned)per);
			places_release(&all);
			return 0;
		}
		more = (slabs - (uint64_t)whole + 2) * g.num;
		places_release(&all);
	}
	return err_set(e, -EBUSY,
		       "found no %" PRIu64 " slabs with their first %" PRIu64
		       " objects in %zu allocated",
		       slabs, per, pile->n);
}

/* No slabs to be seen: about one object in each page (or `slabs` runs of a page's bytes). */
static int choose_peer(struct wl_env *env, struct hot_worker *hw, struct pile *pile, struct err *e)
{
	const struct hot_params *p = env->params;
	uint64_t slabs = p->slabs < p->n ? p->slabs : p->n;
	uint64_t in_page = (env->machine->page_size + p->object_size - 1) / p->object_size;
	uint64_t step = in_page * slabs / p->n;
	int err;

	if (!step)
		step = 1;
	if (env->ops->aliases && env->workers > 1)
		return err_set(
			e, -ENOTSUP,
			"allocator %s may give the same memory to two workers, which hot-header "
			"cannot run on",
			env->ops->name);
	err = pile_more(pile, &env->cache[0], p->n * step, e);
	if (err || !pile->n)
		return err;
	qsort(pile->obj, pile->n, sizeof(*pile->obj), by_pointer);
	for (size_t i = 1; i < pile->n; i++)
		if ((size_t)(pile->obj[i] - pile->obj[i - 1]) < p->object_size)
			return err_set(
				e, -ENOTSUP,
				"allocator %s hands out the same memory twice, which hot-header "
				"cannot run on: its objects are live at once",
				env->ops->name);
	for (uint64_t i = 0; i < p->n; i++)
		hw->hot[i] = pile->obj[i * step];
	hw->n = p->n;
	return 0;
}

int hot_choose(struct wl_env *env, struct hot_worker *hw, struct err *e)
{
	struct pile pile = { .n = 0 };
	int err = env->cache[0].slab ? choose_slab(env, hw, &pile, e) :
				       choose_peer(env, hw, &pile, e);

	if (!err)
		err = keep_rest(&pile, hw, e);
	if (err)
		hw->n = 0;
	hw->surplus = pile.obj;
	hw->nr_surplus = pile.n;
	return err;
}
