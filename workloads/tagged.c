/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "workloads/tagged.h"

int tagged_setup(struct wl_env *env, struct tagged_env *te, const struct tagged_params *p,
		 const char *name, struct err *e)
{
	uint64_t seed = env->seed ^ UINT64_C(0x746167676564); /* a stream of its own */
	int err;

	te->p = p;
	te->line = env->machine->cache_line;
	te->aliases = env->ops->aliases;
	te->key = rng_splitmix64(&seed);
	te->partner = calloc(env->workers, sizeof(*te->partner));
	if (!te->partner)
		return err_set(e, -ENOMEM, "no memory for %u workers", env->workers);
	err = ring_partners(env, p->pairs, te->partner, e);
	if (!err)
		err = mix_create(env, &p->mix, name, e);
	for (unsigned k = 0; k < p->mix.classes && !err; k++) {
		/* the largest class sets the limit; in smaller ones what fits is written */
		size_t lines = wl_stamp_lines(mix_size(&p->mix, k), te->line);

		if (k == p->mix.classes - 1)
			err = wl_touch(&te->touch[k], p->touch, mix_size(&p->mix, k), te->line,
				       "touch", e);
		else
			te->touch[k] = p->touch < lines ? p->touch : (unsigned)lines;
	}
	return err;
}

void tagged_env_release(struct tagged_env *te)
{
	free(te->partner);
}

struct tagged tagged_make(struct wl_env *env, const struct tagged_env *te, struct wl_worker *w,
			  struct tagged_worker *tw)
{
	const struct mix_params *m = &te->p->mix;
	unsigned class = m->classes > 1 ? mix_pick(&w->rng, m->classes, m->draw) : 0;
	struct tagged t = { .tag = tagged_new(tw, w->id, class) };

	t.obj = env->ops->alloc(&env->cache[class]);
	if (t.obj)
		wl_stamp_write(t.obj, wl_stamp(te->key, t.tag, t.obj), te->line, te->touch[class]);
	return t;
}

int tagged_setup_worker(struct wl_env *env, const struct tagged_env *te, struct wl_worker *w,
			struct tagged_worker *tw, struct err *e)
{
	const struct tagged_params *p = te->p;

	if (!p->share)
		return 0;
	tw->out = ring_create(2 * p->depth, 2 * p->batch);
	if (!tw->out)
		return err_set(e, -ENOMEM, "no memory for a ring of %" PRIu64, p->depth);
	for (uint64_t i = 0; i < p->batch; i++) {
		struct tagged t = tagged_make(env, te, w, tw);

		if (!t.obj)
			return err_set(e, -ENOMEM, "no memory for the ring's objects");
		ring_put(tw->out, t.obj);
		ring_put(tw->out, (void *)(uintptr_t)t.tag);
	}
	return 0;
}

int tagged_verify(const struct tagged_env *te, struct wl_worker *w, const struct tagged *t,
		  struct err *e)
{
	uint64_t stamp = wl_stamp(te->key, t->tag, t->obj);
	unsigned touch = te->aliases ? 0 : te->touch[tagged_class(t->tag)], bad;

	if (!t->obj)
		return err_set(e, -EILSEQ, "worker %u: a place without object", w->id);
	bad = wl_stamp_read(t->obj, stamp, te->line, touch);
	if (bad == touch)
		return 0;
	wl_broken(w, t->tag, t->obj, bad, WL_READ((char *)t->obj + bad * te->line), stamp + bad);
	return err_set(e, -EILSEQ, "%s", w->err.text);
}

static struct tagged at(const struct ring *r, uint64_t i)
{
	return (struct tagged){ ring_at(r, i), (uintptr_t)ring_at(r, i + 1) };
}

int tagged_verify_ring(const struct tagged_env *te, struct wl_worker *w,
		       const struct tagged_worker *tw, uint64_t nr, struct err *e)
{
	const struct tagged_params *p = te->p;
	const struct ring *r = tw->out;
	uint64_t exchanges = nr / 100 * p->share + nr % 100 * p->share / 100;
	int err = 0;

	if (!r)
		return 0;
	if (r->head != 2 * (p->batch + exchanges) || r->tail != 2 * exchanges)
		return err_set(e, -EILSEQ,
			       "worker %u: %" PRIu64 " objects handed over and %" PRIu64
			       " taken, not %" PRIu64 " and %" PRIu64,
			       w->id, r->head / 2, r->tail / 2, p->batch + exchanges, exchanges);
	for (uint64_t i = r->tail; i != r->head && !err; i += 2) {
		struct tagged t = at(r, i);

		err = tagged_verify(te, w, &t, e);
	}
	return err;
}

void tagged_give_back(struct wl_env *env, const struct tagged *t)
{
	if (t->obj)
		env->ops->free(&env->cache[tagged_class(t->tag)], t->obj);
}

void tagged_worker_release(struct wl_env *env, struct tagged_worker *tw)
{
	for (uint64_t i = tw->out ? tw->out->tail : 0; tw->out && i != tw->out->head; i += 2) {
		struct tagged t = at(tw->out, i);

		tagged_give_back(env, &t);
	}
	ring_destroy(tw->out);
}

void tagged_cost(const struct tagged_env *te, unsigned writes, double *visits, double *lines)
{
	*visits = *lines = 0;
	for (unsigned k = 0; k < te->p->mix.classes; k++)
		if (te->touch[k]) {
			*visits += (writes ? 2 : 1) * mix_chance(&te->p->mix, k);
			*lines += ((writes ? te->touch[k] : 0) + 1.0) * mix_chance(&te->p->mix, k);
		}
}

int tagged_check(const struct tagged_params *p, struct err *e)
{
	int err = mix_check(&p->mix, e);

	if (!err)
		err = wl_touch_check(p->touch, p->mix.object_size, "touch", e);
	if (!err && p->depth < 2 * p->batch)
		err = err_set(e, -EINVAL,
			      "ring_depth: %" PRIu64 " places are too few for batches of %" PRIu64
			      ": twice as many are needed",
			      p->depth, p->batch);
	return err;
}

uint64_t tagged_memory(const struct tagged_params *p, uint64_t live)
{
	live += p->share ? p->depth : 0;
	return (uint64_t)((double)live * (mix_mean(&p->mix) + (double)sizeof(struct tagged)));
}
