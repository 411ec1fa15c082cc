/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots: the loops that are measured. Compiled once more by slots_step_timed.c. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "workloads/pick.h"
#include "workloads/slots.h"
#include "workloads/timed.h"

/* What a loop needs, copied to the stack. */
struct slots_loop {
	struct wl_worker *w;
	struct slots_worker *sw;
	struct seam_cache cache[MIX_MOST];
	unsigned touch[MIX_MOST];
	struct rng rng;
	size_t line;
	uint64_t key;
	bool aliases;
};

/* The whole table goes to the next worker. WL_BLOCKED: the one from before has not come yet. */
static __attribute__((noinline)) enum wl_status slots_pass_on(struct slots_worker *sw)
{
	if (sw->table) {
		/* there is room: see setup_rings() */
		ring_put(sw->successors, sw->table);
		sw->table = NULL;
	}
	if (!ring_ready(sw->inbox))
		return WL_BLOCKED;
	sw->table = ring_next(sw->inbox);
	ring_drop(sw->inbox);
	sw->passed = true;
	return WL_DONE;
}

/* The object in @s goes to the partner; one that the partner gave takes its place. */
static inline __attribute__((always_inline)) void slots_exchange(struct slots_worker *sw,
								 struct slot *s)
{
	ring_put(sw->out, s->obj);
	ring_put(sw->out, (void *)(uintptr_t)s->tag);
	s->obj = ring_next(sw->in);
	ring_drop(sw->in);
	s->tag = (uintptr_t)ring_next(sw->in);
	ring_drop(sw->in);
}

static inline __attribute__((always_inline)) uint64_t slots_pick(struct slots_loop *l,
								 const unsigned choice)
{
	struct slots_worker *sw = l->sw;
	uint64_t i;

	if (choice == CHOICE_PARETO)
		return pick_pareto(&l->rng, sw->n);
	if (choice == CHOICE_RANDOM)
		return rng_below(&l->rng, sw->n);
	i = sw->next++;
	if (sw->next == sw->n)
		sw->next = 0;
	return i;
}

/* One operation on slot @s: what is in it goes, a new object comes. */
static inline __attribute__((always_inline)) enum wl_status
slots_replace(struct slots_loop *l, struct slot *s, unsigned class, const bool direct)
{
	struct wl_worker *w = l->w;
	unsigned was = slots_class(s->tag), touch = l->touch[was];
	uint64_t is = 0, stamp = slots_stamp(l->key, s->tag, s->obj);
	char *obj = s->obj;

	WL_TIME_IF(touch, w, WL_VISIT, if (touch) is = WL_READ(obj));
	if (__builtin_expect(touch && is != stamp && !l->aliases, 0))
		return wl_broken(w, s->tag, obj, 0, is, stamp);
	s->obj = NULL;
	WL_TIME(w, WL_FREE, seam_free(&l->cache[was], obj, direct));
	WL_TIME(w, WL_ALLOC, obj = seam_alloc(&l->cache[class], direct));
	if (__builtin_expect(!obj, 0))
		return wl_fail(w, -ENOMEM, "worker %u: no memory for an object of %zu bytes", w->id,
			       l->cache[class].size);
	s->tag = slots_tag(l->sw, w->id, class);
	s->obj = obj;
	touch = l->touch[class];
	WL_TIME_IF(touch, w, WL_VISIT,
		   wl_stamp_write(obj, slots_stamp(l->key, s->tag, obj), l->line, touch));
	return WL_DONE;
}

/* @direct, @mixed (more than one class), @strangers (share or hand_over) and @choice are constants
 * of each instance. */
static inline __attribute__((always_inline)) enum wl_status
slots_loop(struct wl_env *env, struct slots_loop *l, uint64_t n, uint64_t *done, const bool direct,
	   const bool mixed, const bool strangers, const unsigned choice)
{
	const struct slots_params *p = env->params;
	struct slots_worker *sw = l->sw;
	enum wl_status status = WL_DONE;
	uint64_t k;

	for (k = 0; k < n; k++) {
		uint64_t op = l->w->ops + k;
		bool gives = strangers && p->share && slots_exchanges(op, p->share);
		unsigned class = 0;
		struct slot *s;

		if (strangers && p->hand_over && op && op % p->hand_over == 0 && !sw->passed) {
			status = slots_pass_on(sw);
			if (status != WL_DONE)
				break;
		}
		if (gives && __builtin_expect(!ring_room(sw->out) || !ring_ready(sw->in), 0)) {
			status = WL_BLOCKED;
			break;
		}
		s = &sw->table[slots_pick(l, choice)];
		if (gives)
			slots_exchange(sw, s);
		if (mixed)
			class = mix_pick(&l->rng, p->mix.classes, p->mix.draw);
		status = slots_replace(l, s, class, direct);
		if (__builtin_expect(status != WL_DONE, 0))
			break;
		if (strangers)
			sw->passed = false;
	}
	l->w->ops += k;
	*done = k;
	return status;
}

static inline __attribute__((always_inline)) enum wl_status
slots_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct)
{
	const struct slots_params *p = env->params;
	const struct slots_env *se = env->priv;
	bool mixed = p->mix.classes > 1, strangers = p->share || p->hand_over;
	struct slots_loop l = { .w = w,
				.sw = w->priv,
				.rng = w->rng,
				.line = se->line,
				.key = se->key,
				.aliases = se->aliases };
	enum wl_status status;

	for (unsigned k = 0; k < p->mix.classes; k++) {
		l.cache[k] = env->cache[k];
		l.touch[k] = se->touch[k];
	}
#define LOOP(choice)                                                             \
	(mixed	   ? slots_loop(env, &l, n, done, direct, true, true, choice) :  \
	 strangers ? slots_loop(env, &l, n, done, direct, false, true, choice) : \
		     slots_loop(env, &l, n, done, direct, false, false, choice))
	switch (p->choice) {
	case CHOICE_FIFO:
		status = LOOP(CHOICE_FIFO);
		break;
	case CHOICE_PARETO:
		status = LOOP(CHOICE_PARETO);
		break;
	default:
		status = LOOP(CHOICE_RANDOM);
		break;
	}
#undef LOOP
	w->rng = l.rng;
	return status;
}

enum wl_status WL_STEP(slots_step_table)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					 uint64_t *done)
{
	return slots_step(env, w, n, done, false);
}

enum wl_status WL_STEP(slots_step_direct)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					  uint64_t *done)
{
	return slots_step(env, w, n, done, true);
}
