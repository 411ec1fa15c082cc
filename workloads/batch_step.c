/* SPDX-License-Identifier: GPL-2.0-or-later */
/* batch: the loops that are measured. Compiled once more by batch_step_timed.c. */

#include "workloads/batch.h"
#include "workloads/tagged_step.h"
#include "workloads/timed.h"

/* Number @j of those that this round frees. */
static inline __attribute__((always_inline)) uint64_t
batch_victim(struct batch_worker *bw, struct rng *rng, uint64_t j, const unsigned order)
{
	uint64_t i, pick;
	uint32_t was;

	switch (order) {
	case ORDER_FIFO:
		i = bw->start + j;
		return i < bw->n ? i : i - bw->n;
	case ORDER_RANDOM:
		pick = j + rng_below(rng, bw->n - j);
		was = bw->at[pick];
		bw->at[pick] = bw->at[j];
		return bw->at[j] = was;
	case ORDER_REVERSE:
		return bw->odd ? bw->n - 1 - j : j;
	default:
		return bw->n - 1 - j;
	}
}

/* Number @j of those that are filled again. */
static inline __attribute__((always_inline)) uint64_t batch_hole(const struct batch_worker *bw,
								 uint64_t j, const unsigned order)
{
	uint64_t i = bw->start + j;

	switch (order) {
	case ORDER_FIFO:
		return i < bw->n ? i : i - bw->n;
	case ORDER_RANDOM:
		return bw->at[j];
	case ORDER_REVERSE:
		return bw->odd ? bw->n - bw->round + j : j;
	default:
		return bw->n - bw->round + j;
	}
}

/* A half of the round is over. */
static inline void batch_turn(struct batch_worker *bw)
{
	bw->j = 0;
	bw->filling = !bw->filling;
	if (bw->filling)
		return;
	bw->odd = !bw->odd;
	bw->start += bw->round;
	if (bw->start >= bw->n)
		bw->start -= bw->n;
}

/* Up to @most calls of one half of a round; *@did are done. @direct, @mixed (more than one class),
 * @share (not 0) and @order are constants of each instance. */
static inline __attribute__((always_inline)) enum wl_status
batch_half(struct tagged_loop *l, struct batch_worker *bw, const struct batch_params *p,
	   uint64_t most, uint64_t *did, const bool direct, const bool mixed, const bool share,
	   const unsigned order)
{
	uint64_t end = bw->round - bw->j < most ? bw->round : bw->j + most, j = bw->j;
	enum wl_status status = WL_DONE;

	for (; bw->filling && j < end; j++) {
		status = tagged_alloc(l, &bw->place[batch_hole(bw, j, order)], p->writes, direct,
				      mixed);
		if (__builtin_expect(status != WL_DONE, 0))
			break;
	}
	for (; !bw->filling && j < end; j++) {
		bool gives = share && pick_share(bw->frees, p->tagged.share);
		struct tagged *t;

		if (gives && __builtin_expect(!tagged_may_exchange(&bw->tagged), 0)) {
			status = WL_BLOCKED;
			break;
		}
		t = &bw->place[batch_victim(bw, &l->rng, j, order)];
		if (gives)
			tagged_exchange(&bw->tagged, t);
		status = tagged_free(l, t, direct);
		if (__builtin_expect(status != WL_DONE, 0))
			break;
		bw->frees++;
	}
	*did = j - bw->j;
	bw->j = j;
	return status;
}

static inline __attribute__((always_inline)) enum wl_status
batch_loop(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct,
	   const bool mixed, const bool share, const unsigned order)
{
	const struct batch_params *p = env->params;
	struct batch_worker *bw = w->priv;
	uint64_t target = 2 * (w->ops + n), did;
	enum wl_status status = WL_DONE;
	struct tagged_loop l;

	tagged_loop_init(&l, env, &((const struct batch_env *)env->priv)->tagged, w, &bw->tagged);
	while (bw->calls < target && status == WL_DONE) {
		status = batch_half(&l, bw, p, target - bw->calls, &did, direct, mixed, share,
				    order);
		bw->calls += did;
		if (bw->j == bw->round) {
			batch_turn(bw);
			if (p->trim || p->samples)
				batch_half_over(env, w);
		}
	}
	w->rng = l.rng;
	*done = bw->calls / 2 - w->ops;
	w->ops = bw->calls / 2;
	return status;
}

static inline __attribute__((always_inline)) enum wl_status
batch_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct)
{
	const struct batch_params *p = env->params;
	bool mixed = p->tagged.mix.classes > 1, share = p->tagged.share != 0;

#define LOOP(order)                                                                  \
	(mixed || share ? batch_loop(env, w, n, done, direct, mixed, share, order) : \
			  batch_loop(env, w, n, done, direct, false, false, order))
	switch (p->order) {
	case ORDER_FIFO:
		return LOOP(ORDER_FIFO);
	case ORDER_RANDOM:
		return LOOP(ORDER_RANDOM);
	case ORDER_REVERSE:
		return LOOP(ORDER_REVERSE);
	default:
		return LOOP(ORDER_LIFO);
	}
#undef LOOP
}

enum wl_status WL_STEP(batch_step_table)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					 uint64_t *done)
{
	return batch_step(env, w, n, done, false);
}

enum wl_status WL_STEP(batch_step_direct)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					  uint64_t *done)
{
	return batch_step(env, w, n, done, true);
}
