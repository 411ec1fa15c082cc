/* SPDX-License-Identifier: GPL-2.0-or-later */
/* replay: the loop that is measured. Compiled once more by replay_step_timed.c. */

#include "workloads/replay.h"
#include "workloads/timed.h"

static inline __attribute__((always_inline)) void *replay_new(const struct replay_env *re,
							      struct seam_cache *c,
							      const struct kmemscript_event *ev,
							      const bool direct)
{
	if (direct && __builtin_expect(ev->node != KMEMSCRIPT_ANY, 0))
		return kmem_cache_alloc_node(c->slab, 0, (int)(ev->node % re->nodes));
	return seam_alloc(c, direct);
}

static inline __attribute__((always_inline)) enum wl_status
replay_alloc(const struct replay_env *re, struct wl_worker *w, struct seam_cache *c,
	     const struct kmemscript_event *ev, const bool direct)
{
	struct replay_slot *s = &re->slot[ev->slot];
	unsigned touch = re->touch[ev->cache];
	char *obj;

	WL_TIME(w, WL_ALLOC, obj = replay_new(re, c, ev, direct));
	if (__builtin_expect(!obj, 0))
		return wl_fail(w, -ENOMEM, "record %" PRIu32 ": no memory for an object of %s",
			       ev->at, re->script.cache[ev->cache].name);
	WL_TIME_IF(touch, w, WL_VISIT, {
		uint64_t stamp = replay_stamp(ev->slot, obj);

		for (unsigned l = 0; l < touch; l++)
			WL_WRITE(obj + l * re->line, stamp + l);
	});
	s->obj = obj;
	return WL_DONE;
}

static inline __attribute__((always_inline)) enum wl_status
replay_free(const struct replay_env *re, struct wl_worker *w, struct seam_cache *c,
	    const struct kmemscript_event *ev, const bool direct)
{
	struct replay_slot *s = &re->slot[ev->slot];
	char *obj = s->obj;

	if (re->touch[ev->cache]) {
		uint64_t is;

		WL_TIME(w, WL_VISIT, is = WL_READ(obj));
		if (__builtin_expect(is != replay_stamp(ev->slot, obj), 0) && !re->aliases)
			return wl_fail(w, -EILSEQ,
				       "record %" PRIu32 ": object %p of %s holds %016" PRIx64
				       ", not its stamp %016" PRIx64
				       ": it was damaged or handed out twice",
				       ev->at, (void *)obj, re->script.cache[ev->cache].name, is,
				       replay_stamp(ev->slot, obj));
	}
	s->obj = NULL;
	WL_TIME(w, WL_FREE, seam_free(c, obj, direct));
	return WL_DONE;
}

/* Records up to @end, everybody's, of which this worker's own are done. @alone: nobody is waited for. */
static inline __attribute__((always_inline)) enum wl_status
replay_until(struct wl_env *env, struct wl_worker *w, uint64_t end, const bool direct,
	     const bool alone)
{
	const struct replay_env *re = env->priv;
	const struct kmemscript_part *part = &re->script.part[w->id];
	struct replay_worker *rw = w->priv;

	for (; rw->next < part->nr; rw->next++) {
		const struct kmemscript_event *ev = &part->ev[rw->next];
		struct replay_slot *s = &re->slot[ev->slot];
		struct seam_cache *c;
		uint32_t turn = 0;
		enum wl_status status;

		if (ev->at >= end)
			break;
		rw->at = ev->at;
		if (!alone) {
			turn = 2 * (rw->pass * s->turns + ev->turn) + (ev->op == KMEMSCRIPT_FREE);
			if (__atomic_load_n(&s->turn, __ATOMIC_ACQUIRE) != turn)
				return WL_BLOCKED;
		}
		c = &env->cache[re->seam[ev->cache]];
		status = ev->op == KMEMSCRIPT_ALLOC ? replay_alloc(re, w, c, ev, direct) :
						      replay_free(re, w, c, ev, direct);
		if (__builtin_expect(status != WL_DONE, 0))
			return status;
		if (!alone)
			__atomic_store_n(&s->turn, turn + 1, __ATOMIC_RELEASE);
	}
	rw->at = end;
	return WL_DONE;
}

static inline __attribute__((always_inline)) enum wl_status
replay_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct)
{
	const struct replay_env *re = env->priv;
	uint64_t length = re->script.length, before = 0, left = n;
	struct replay_worker *rw = w->priv;
	enum wl_status status = WL_DONE;

	while (left && status == WL_DONE) {
		uint64_t end = length - rw->at < left ? length : rw->at + left;

		before = rw->at;
		status = env->workers == 1 ? replay_until(env, w, end, direct, true) :
					     replay_until(env, w, end, direct, false);
		left -= rw->at - before;
		if (rw->at == length) {
			rw->at = rw->next = 0;
			rw->pass++;
		}
	}
	*done = n - left;
	w->ops += *done;
	return status;
}

enum wl_status WL_STEP(replay_step_table)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					  uint64_t *done)
{
	return replay_step(env, w, n, done, false);
}

enum wl_status WL_STEP(replay_step_direct)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					   uint64_t *done)
{
	return replay_step(env, w, n, done, true);
}
