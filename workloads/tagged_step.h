/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TAGGED_STEP_H
#define SLABSCOPE_TAGGED_STEP_H

/* What happens to single objects in the loops of slots and batch. For the files that are compiled
 * twice, after workloads/timed.h. */

#include <errno.h>

#include "workloads/tagged.h"
#include "workloads/timed.h"

/* What a loop needs, copied to the stack. */
struct tagged_loop {
	struct wl_worker *w;
	struct tagged_worker *tw;
	struct seam_cache cache[MIX_MOST];
	unsigned touch[MIX_MOST];
	unsigned classes, draw;
	struct rng rng; /* the worker's; the loop writes it back */
	size_t line;
	uint64_t key;
	bool aliases;
};

static inline __attribute__((always_inline)) void
tagged_loop_init(struct tagged_loop *l, struct wl_env *env, const struct tagged_env *te,
		 struct wl_worker *w, struct tagged_worker *tw)
{
	l->w = w;
	l->tw = tw;
	l->classes = te->p->mix.classes;
	l->draw = te->p->mix.draw;
	l->rng = w->rng;
	l->line = te->line;
	l->key = te->key;
	l->aliases = te->aliases;
	for (unsigned k = 0; k < l->classes; k++) {
		l->cache[k] = env->cache[k];
		l->touch[k] = te->touch[k];
	}
}

/* May two partners exchange an object now? Else WL_BLOCKED. */
static inline __attribute__((always_inline)) bool tagged_may_exchange(struct tagged_worker *tw)
{
	return ring_room(tw->out) && ring_ready(tw->in);
}

/* The object in @t goes to the partner; one that the partner gave takes its place. */
static inline __attribute__((always_inline)) void tagged_exchange(struct tagged_worker *tw,
								  struct tagged *t)
{
	ring_put(tw->out, t->obj);
	ring_put(tw->out, (void *)(uintptr_t)t->tag);
	t->obj = ring_next(tw->in);
	ring_drop(tw->in);
	t->tag = (uintptr_t)ring_next(tw->in);
	ring_drop(tw->in);
}

/* Look at the object in @t and free it. */
static inline __attribute__((always_inline)) enum wl_status
tagged_free(struct tagged_loop *l, struct tagged *t, const bool direct)
{
	struct wl_worker *w = l->w;
	unsigned class = tagged_class(t->tag), touch = l->touch[class];
	uint64_t is = 0, stamp = wl_stamp(l->key, t->tag, t->obj);
	char *obj = t->obj;

	WL_TIME_IF(touch, w, WL_VISIT, if (touch) is = WL_READ(obj));
	if (__builtin_expect(touch && is != stamp && !l->aliases, 0))
		return wl_broken(w, t->tag, obj, 0, is, stamp);
	t->obj = NULL;
	WL_TIME(w, WL_FREE, seam_free(&l->cache[class], obj, direct));
	return WL_DONE;
}

/* A new object into @t, written @writes times; @mixed: of a class that is drawn. */
static inline __attribute__((always_inline)) enum wl_status
tagged_alloc(struct tagged_loop *l, struct tagged *t, unsigned writes, const bool direct,
	     const bool mixed)
{
	struct wl_worker *w = l->w;
	unsigned class = mixed ? mix_pick(&l->rng, l->classes, l->draw) : 0;
	/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): filled for every class */
	unsigned touch = l->touch[class];
	char *obj;

	WL_TIME(w, WL_ALLOC, obj = seam_alloc(&l->cache[class], direct));
	if (__builtin_expect(!obj, 0))
		return wl_fail(w, -ENOMEM, "worker %u: no memory for an object of %zu bytes", w->id,
			       l->cache[class].size);
	t->tag = tagged_new(l->tw, w->id, class);
	t->obj = obj;
	WL_TIME_IF(touch, w, WL_VISIT, {
		uint64_t stamp = wl_stamp(l->key, t->tag, obj);

		for (unsigned i = 0; i < writes; i++)
			wl_stamp_write(obj, stamp, l->line, touch);
	});
	return WL_DONE;
}

#endif
