/* SPDX-License-Identifier: GPL-2.0-or-later */
/* churn: the loops that are measured. Compiled once more by churn_step_timed.c. */

#include <errno.h>
#include <inttypes.h>

#include "workloads/churn.h"
#include "workloads/pick.h"
#include "workloads/timed.h"

/* The slot of the @j-th object of a round. One that this round has emptied already gives way to the
 * next one; a round is no longer than the table, so there is one. */
static inline __attribute__((always_inline)) uint64_t
churn_pick(struct churn_worker *cw, struct rng *rng, const unsigned lifetime, uint64_t j)
{
	uint64_t i;

	switch (lifetime) {
	case LIFE_FIFO:
		i = cw->next++;
		if (cw->next == cw->n)
			cw->next = 0;
		return i;
	case LIFE_LIFO:
		return cw->n - 1 - j;
	case LIFE_PARETO:
		i = pick_pareto(rng, cw->n);
		break;
	default:
		i = rng_below(rng, cw->n);
		break;
	}
	while (__builtin_expect(!cw->slot[i], 0))
		i = i + 1 == cw->n ? 0 : i + 1;
	return i;
}

/* The visit to an object that goes. */
static inline __attribute__((always_inline)) uint64_t churn_look(struct wl_worker *w,
								 const char *obj)
{
	uint64_t is;

	WL_TIME(w, WL_VISIT, is = WL_READ(obj));
	return is;
}

/* Free the @b objects of a round; cw->hole[] says which slots they leave. */
static inline __attribute__((always_inline)) int
churn_free(const struct churn_env *ce, struct wl_worker *w, struct seam_cache *c, struct rng *rng,
	   uint64_t b, const bool direct, const unsigned lifetime)
{
	struct churn_worker *cw = w->priv;

	for (uint64_t j = 0; j < b; j++) {
		uint64_t i = churn_pick(cw, rng, lifetime, j);
		char *obj = cw->slot[i];

		if (ce->touch && churn_look(w, obj) != churn_stamp(cw, i, obj) && !ce->aliases) {
			wl_broken(w, i, obj, 0, WL_READ(obj), churn_stamp(cw, i, obj));
			return -EILSEQ;
		}
		WL_TIME(w, WL_FREE, seam_free(c, obj, direct));
		cw->slot[i] = NULL;
		cw->hole[j] = i;
	}
	return 0;
}

/* Fill the slots that the round has left; returns how many were filled. */
static inline __attribute__((always_inline)) uint64_t
churn_alloc(const struct churn_env *ce, struct wl_worker *w, struct churn_worker *cw,
	    struct seam_cache *c, uint64_t b, const bool direct)
{
	size_t line = ce->line;
	unsigned touch = ce->touch;

	for (uint64_t j = 0; j < b; j++) {
		uint64_t i = cw->hole[j];
		char *obj;

		WL_TIME(w, WL_ALLOC, obj = seam_alloc(c, direct));
		if (__builtin_expect(!obj, 0))
			return j;
		cw->slot[i] = obj;
		WL_TIME_IF(touch, w, WL_VISIT,
			   wl_stamp_write(obj, churn_stamp(cw, i, obj), line, touch));
	}
	return b;
}

/* @n operations in rounds of 1 .. burst. @direct, @lifetime and @single (burst == 1) are constants of
 * each instance, so none of them is decided inside the loop. */
static inline __attribute__((always_inline)) enum wl_status
churn_loop(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct,
	   const unsigned lifetime, const bool single)
{
	const struct churn_env *ce = env->priv;
	struct churn_worker *cw = w->priv;
	struct seam_cache c = env->cache[0]; /* a copy on the stack: its fields stay in registers */
	struct rng rng = w->rng;
	enum wl_status status = WL_DONE;
	uint64_t k = 0;

	while (k < n) {
		uint64_t b = single ? 1 : 1 + rng_below(&rng, cw->burst), got;

		if (!single && b > n - k)
			b = n - k;
		if (churn_free(ce, w, &c, &rng, b, direct, lifetime)) {
			status = WL_FAILED;
			break;
		}
		got = churn_alloc(ce, w, cw, &c, b, direct);
		k += got;
		if (__builtin_expect(got < b, 0)) {
			status = wl_fail(
				w, -ENOMEM,
				"worker %u: no memory for an object of %zu bytes after %" PRIu64
				" operations",
				w->id, c.size, w->ops + k);
			break;
		}
	}
	w->rng = rng;
	w->ops += k;
	*done = k;
	return status;
}

static inline __attribute__((always_inline)) enum wl_status
churn_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done, const bool direct)
{
	const struct churn_params *p = env->params;
	bool single = ((struct churn_worker *)w->priv)->burst == 1;

#define LOOP(life)                                                  \
	(single ? churn_loop(env, w, n, done, direct, life, true) : \
		  churn_loop(env, w, n, done, direct, life, false))
	switch (p->lifetime) {
	case LIFE_FIFO:
		return LOOP(LIFE_FIFO);
	case LIFE_LIFO:
		return LOOP(LIFE_LIFO);
	case LIFE_PARETO:
		return LOOP(LIFE_PARETO);
	default:
		return LOOP(LIFE_RANDOM);
	}
#undef LOOP
}

enum wl_status WL_STEP(churn_step_table)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					 uint64_t *done)
{
	return churn_step(env, w, n, done, false);
}

enum wl_status WL_STEP(churn_step_direct)(struct wl_env *env, struct wl_worker *w, uint64_t n,
					  uint64_t *done)
{
	return churn_step(env, w, n, done, true);
}
