/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slots: the loops that are measured. Compiled once more by slots_step_timed.c. */

#include "workloads/pick.h"
#include "workloads/slots.h"
#include "workloads/tagged_step.h"
#include "workloads/timed.h"

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

static inline __attribute__((always_inline)) uint64_t
slots_pick(struct slots_worker *sw, struct rng *rng, const unsigned choice)
{
	uint64_t i;

	if (choice == CHOICE_PARETO)
		return pick_pareto(rng, sw->n);
	if (choice == CHOICE_RANDOM)
		return rng_below(rng, sw->n);
	i = sw->next++;
	if (sw->next == sw->n)
		sw->next = 0;
	return i;
}

/* @direct, @mixed (more than one class), @strangers (share or hand_over) and @choice are constants
 * of each instance. */
static inline __attribute__((always_inline)) enum wl_status
slots_loop(struct wl_env *env, struct tagged_loop *l, uint64_t n, uint64_t *done, const bool direct,
	   const bool mixed, const bool strangers, const unsigned choice)
{
	const struct slots_params *p = env->params;
	struct slots_worker *sw = l->w->priv;
	enum wl_status status = WL_DONE;
	uint64_t k;

	for (k = 0; k < n; k++) {
		uint64_t op = l->w->ops + k;
		bool gives = strangers && p->tagged.share && pick_share(op, p->tagged.share);
		struct tagged *t;

		if (strangers && p->hand_over && op && op % p->hand_over == 0 && !sw->passed)
			status = slots_pass_on(sw);
		if (status == WL_DONE && gives &&
		    __builtin_expect(!tagged_may_exchange(&sw->tagged), 0))
			status = WL_BLOCKED;
		if (__builtin_expect(status != WL_DONE, 0))
			break;
		t = &sw->table[slots_pick(sw, &l->rng, choice)];
		if (gives)
			tagged_exchange(&sw->tagged, t);
		status = tagged_free(l, t, direct);
		if (status == WL_DONE)
			status = tagged_alloc(l, t, 1, direct, mixed);
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
	bool mixed = p->tagged.mix.classes > 1, strangers = p->tagged.share || p->hand_over;
	struct tagged_loop l;
	enum wl_status status;

	tagged_loop_init(&l, env, &se->tagged, w, &((struct slots_worker *)w->priv)->tagged);
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
