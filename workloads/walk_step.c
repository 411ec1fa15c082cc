/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walk: the loops that are measured. Compiled once more by walk_step_timed.c. */

#include <errno.h>
#include <inttypes.h>

#include "workloads/pick.h"
#include "workloads/timed.h"
#include "workloads/walk.h"

/* Look at @node: true if its key is @key, and then *@good: its hot bytes are as they were written. */
static inline __attribute__((always_inline)) bool walk_look(struct wl_worker *w,
							    struct walk_node *node, uint64_t key,
							    uint64_t stamp_key, uint64_t words,
							    uint64_t *sum, bool *good)
{
	bool found;

	WL_TIME(w, WL_VISIT, {
		found = WL_READ(&node->key) == key;
		if (found) {
			uint64_t stamp = WL_READ(&node->stamp);

			*good = stamp == wl_stamp(stamp_key, key, node);
			for (uint64_t i = 0; i < words; i++)
				*sum += WL_READ(walk_words(node) + i) - stamp;
		}
	});
	return found;
}

/* Where the pointer to the object of @key is; NULL: it was not found where it should be, or is damaged. */
static inline __attribute__((always_inline)) struct walk_node **
walk_find(struct wl_worker *w, struct walk_worker *ww, uint64_t key, uint64_t *sum,
	  const unsigned kind)
{
	struct walk_set *s = ww->now;
	struct walk_node **link = &s->root[kind == WALK_HASH ? walk_bucket(key, ww->shift) : 0];
	bool good = false;

	while (*link) {
		struct walk_node *node = *link;

		if (walk_look(w, node, key, s->stamp_key, ww->words, sum, &good))
			return good ? link : NULL;
		link = kind == WALK_TREE && key > node->key ? &node->b : &node->a;
	}
	return NULL;
}

/* The next one of the list: its key is whatever it is, and the list is in order of keys. */
static inline __attribute__((always_inline)) struct walk_node **
walk_next(struct wl_worker *w, struct walk_worker *ww, uint64_t *sum)
{
	struct walk_set *s = ww->now;
	struct walk_node **link = *ww->link ? ww->link : &s->root[0];
	bool good = false;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no list is empty */
	walk_look(w, *link, (*link)->key, s->stamp_key, ww->words, sum, &good);
	return good ? link : NULL;
}

/* The object at @link makes room for a new one of the same key, which then is at @link. */
static inline __attribute__((always_inline)) enum wl_status
walk_replace(struct wl_worker *w, struct walk_worker *ww, struct seam_cache *c,
	     struct walk_node **link, const bool direct)
{
	struct walk_node *old = *link, *node;
	uint64_t key = old->key;
	char *obj;

	WL_TIME(w, WL_ALLOC, obj = seam_alloc(c, direct));
	if (__builtin_expect(!obj, 0))
		return wl_fail(w, -ENOMEM, "worker %u: no memory for an object of %zu bytes", w->id,
			       c->size);
	node = (struct walk_node *)(void *)(obj + ww->offset);
	WL_TIME(w, WL_VISIT, {
		walk_node_init(node, ww->set.stamp_key, key, ww->words);
		node->a = old->a;
		node->b = old->b;
	});
	*link = node;
	ww->set.node[key] = node;
	WL_TIME(w, WL_FREE, seam_free(c, (char *)old - ww->offset, direct));
	return WL_DONE;
}

/* On to the next worker's objects. */
static void walk_move(struct wl_env *env, struct walk_worker *ww)
{
	ww->whose = (ww->whose + 1) % env->workers;
	ww->now = &((struct walk_worker *)env->worker[ww->whose].priv)->set;
	ww->link = &ww->now->root[0];
}

/* @direct and @kind are constants of each instance. */
static inline __attribute__((always_inline)) enum wl_status
walk_loop(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct,
	  const unsigned kind)
{
	const struct walk_params *p = env->params;
	struct walk_worker *ww = w->priv;
	struct seam_cache c = env->cache[0];
	struct rng rng = w->rng;
	enum wl_status status = WL_DONE;
	uint64_t k, sum = w->sum;

	for (k = 0; k < n; k++) {
		uint64_t op = w->ops + k;
		struct walk_node **link;

		if (p->move && op && op % p->move == 0)
			walk_move(env, ww);
		link = kind == WALK_LIST ? walk_next(w, ww, &sum) :
					   walk_find(w, ww, rng_below(&rng, ww->n), &sum, kind);
		if (__builtin_expect(!link, 0)) {
			status = wl_fail(w, -EILSEQ,
					 "worker %u: an object was not found, or was damaged, "
					 "after %" PRIu64 " operations",
					 w->id, op);
			break;
		}
		if (p->turnover && pick_share(op, p->turnover))
			status = walk_replace(w, ww, &c, link, direct);
		if (__builtin_expect(status != WL_DONE, 0))
			break;
		if (kind == WALK_LIST)
			ww->link = &(*link)->a;
	}
	w->rng = rng;
	w->sum = sum;
	w->ops += k;
	*done = k;
	return status;
}

static inline __attribute__((always_inline)) enum wl_status
walk_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct)
{
	const struct walk_params *p = env->params;

	switch (p->kind) {
	case WALK_HASH:
		return walk_loop(env, w, n, done, direct, WALK_HASH);
	case WALK_TREE:
		return walk_loop(env, w, n, done, direct, WALK_TREE);
	default:
		return walk_loop(env, w, n, done, direct, WALK_LIST);
	}
}

enum wl_status WL_STEP(walk_step_table)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					uint64_t *done)
{
	return walk_step(env, w, n, done, false);
}

enum wl_status WL_STEP(walk_step_direct)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					 uint64_t *done)
{
	return walk_step(env, w, n, done, true);
}
