/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before and after the loops of batch_step.c; see batch.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "workloads/batch.h"

const char *const batch_order_names[] = { "lifo", "fifo", "random", "reverse", NULL };
const char *const batch_trim_names[] = { "none", "shrink", "reap", NULL };

#define REAP_MS 4000 /* between ticks: when queues and free slabs have come of age */

/* ---- before ---- */

int batch_setup(struct wl_env *env, struct err *e)
{
	const struct batch_params *p = env->params;
	struct batch_env *be = calloc(1, sizeof(*be));

	if (!be)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = be;
	be->round = p->n - p->n * p->keep / 100;
	be->handed = calloc(env->workers, sizeof(*be->handed));
	be->sample = calloc(p->samples + 1, sizeof(*be->sample));
	if (!be->handed || !be->sample)
		return err_set(e, -ENOMEM, "no memory for %u workers", env->workers);
	return tagged_setup(env, &be->tagged, &p->tagged, "batch", e);
}

/* The first worker, for all others. */
static int hand_out(struct wl_env *env, struct batch_env *be, struct wl_worker *w,
		    struct batch_worker *bw, struct err *e)
{
	for (unsigned i = 0; i < env->workers; i++) {
		be->handed[i] = tagged_make(env, &be->tagged, w, &bw->tagged);
		if (!be->handed[i].obj)
			return err_set(e, -ENOMEM, "no memory for worker %u's first object", i);
	}
	return 0;
}

static int fill(struct wl_env *env, const struct batch_env *be, struct wl_worker *w,
		struct batch_worker *bw, struct err *e)
{
	for (uint64_t i = 0; i < bw->n; i++) {
		bw->place[i] = tagged_make(env, &be->tagged, w, &bw->tagged);
		if (!bw->place[i].obj)
			return err_set(e, -ENOMEM, "no memory for object %" PRIu64 " of %" PRIu64,
				       i, bw->n);
		if (bw->at)
			bw->at[i] = (uint32_t)i;
	}
	return 0;
}

int batch_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct batch_params *p = env->params;
	struct batch_env *be = env->priv;
	struct batch_worker *bw = calloc(1, sizeof(*bw));
	int err = 0;

	if (!bw)
		return err_set(e, -ENOMEM, "no memory");
	w->priv = bw;
	bw->n = p->n;
	bw->round = be->round;
	bw->place = calloc(p->n, sizeof(*bw->place));
	if (p->order == ORDER_RANDOM)
		bw->at = calloc(p->n, sizeof(*bw->at));
	if (!bw->place || (!bw->at && p->order == ORDER_RANDOM))
		return err_set(e, -ENOMEM, "no memory for %" PRIu64 " places", p->n);
	if (p->handed && !w->id)
		err = hand_out(env, be, w, bw, e);
	if (!err && !p->handed)
		err = fill(env, be, w, bw, e);
	return err ? err : tagged_setup_worker(env, &be->tagged, w, &bw->tagged, e);
}

/* With handed, places are filled when everybody has given the first worker's object back: it is what
 * comes first out of the worker's queue. */
int batch_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct batch_params *p = env->params;
	struct batch_env *be = env->priv;
	struct batch_worker *bw = w->priv;
	const struct batch_worker *partner = env->worker[be->tagged.partner[w->id]].priv;

	bw->tagged.in = partner->tagged.out;
	if (!p->handed)
		return 0;
	tagged_give_back(env, &be->handed[w->id]);
	be->handed[w->id].obj = NULL;
	return fill(env, be, w, bw, e);
}

/* ---- between halves of a round ---- */

static void take_sample(const struct wl_env *env, struct batch_sample *s)
{
	for (unsigned i = 0; i < env->nr_caches; i++) {
		struct kmem_cache_info info;

		kmem_cache_get_info(env->cache[i].slab, &info);
		s->asked += info.bytes_asked;
		s->held += info.bytes_held + info.bytes_mgmt_off;
	}
}

void batch_half_over(struct wl_env *env, struct wl_worker *w)
{
	const struct batch_params *p = env->params;
	struct batch_env *be = env->priv;
	struct batch_worker *bw = w->priv;

	if (!env->ops->is_slab)
		return;
	if (bw->filling && p->trim == TRIM_REAP)
		kmem_reap(env->system, w->cpu, ++bw->ticks * REAP_MS);
	for (unsigned i = 0; i < env->nr_caches && bw->filling && p->trim == TRIM_SHRINK; i++)
		kmem_cache_shrink(env->cache[i].slab);
	if (!w->id && be->nr_samples < p->samples)
		take_sample(env, &be->sample[be->nr_samples++]);
}

void batch_report(const struct wl_env *env, struct wl_report *r)
{
	const struct batch_env *be = env->priv;
	double least = 1;

	if (!be->nr_samples) {
		r->missing(
			r, "frag.utilisation_least", "1",
			env->ops->is_slab ?
				"not half a round was finished, or samples=off; use more ops, or a "
				"smaller n" :
				"this allocator does not say what it holds; use allocator=slab");
		return;
	}
	for (unsigned i = 0; i < be->nr_samples; i++) {
		const struct batch_sample *s = &be->sample[i];
		double utilisation = s->held ? (double)s->asked / (double)s->held : 1;
		char metric[64];

		least = utilisation < least ? utilisation : least;
		snprintf(metric, sizeof(metric), "frag.utilisation_%u", i);
		r->value(r, metric, utilisation, "1");
		snprintf(metric, sizeof(metric), "frag.bytes_held_%u", i);
		r->value(r, metric, (double)s->held, "bytes");
	}
	r->value(r, "frag.utilisation_least", least, "1");
}

/* ---- after ---- */

/* Objects that are there now. */
static uint64_t population(const struct batch_worker *bw)
{
	return bw->filling ? bw->n - bw->round + bw->j : bw->n - bw->j;
}

static int verify_places(const struct batch_env *be, struct wl_worker *w, struct err *e)
{
	const struct batch_worker *bw = w->priv;
	uint64_t there = 0;

	for (uint64_t i = 0; i < bw->n; i++) {
		int err = bw->place[i].obj ? tagged_verify(&be->tagged, w, &bw->place[i], e) : 0;

		if (err)
			return err;
		there += bw->place[i].obj != NULL;
	}
	if (there == population(bw) && bw->calls / 2 == w->ops)
		return 0;
	return err_set(e, -EILSEQ,
		       "worker %u: %" PRIu64 " objects after %" PRIu64 " calls, not %" PRIu64
		       " after %" PRIu64,
		       w->id, there, bw->calls, population(bw), 2 * w->ops);
}

int batch_verify(struct wl_env *env, struct err *e)
{
	const struct batch_env *be = env->priv;

	for (unsigned id = 0; id < env->workers; id++) {
		struct wl_worker *w = &env->worker[id];
		const struct batch_worker *bw = w->priv;
		int err = verify_places(be, w, e);

		if (!err)
			err = tagged_verify_ring(&be->tagged, w, &bw->tagged, bw->frees, e);
		if (err)
			return err;
	}
	return 0;
}

void batch_teardown(struct wl_env *env)
{
	struct batch_env *be = env->priv;

	for (unsigned id = 0; be && id < env->workers; id++) {
		struct batch_worker *bw = env->worker[id].priv;

		if (be->handed)
			tagged_give_back(env, &be->handed[id]);
		if (!bw)
			continue;
		for (uint64_t i = 0; bw->place && i < bw->n; i++)
			tagged_give_back(env, &bw->place[i]);
		tagged_worker_release(env, &bw->tagged);
		free(bw->place);
		free(bw->at);
		free(bw);
		env->worker[id].priv = NULL;
	}
	wl_caches_destroy(env);
	if (be) {
		tagged_env_release(&be->tagged);
		free(be->handed);
		free(be->sample);
	}
	free(be);
	env->priv = NULL;
}

/* ---- what is known beforehand ---- */

void batch_cost(const struct wl_env *env, struct wl_cost *cost)
{
	const struct batch_params *p = env->params;
	const struct batch_env *be = env->priv;
	double line = (double)be->tagged.line, entry = (double)sizeof(struct tagged) / line;

	*cost = (struct wl_cost){
		.allocs = 1,
		.frees = 1,
		/* each place twice, in a row unless they are drawn; the rings */
		.own_lines = (p->order == ORDER_RANDOM ? 2 : 2 * entry) +
			     2 * entry * p->tagged.share / 100,
		.unit = "alloc+free",
	};
	tagged_cost(&be->tagged, 1, &cost->visits, &cost->lines);
}

int batch_validate(const void *params, struct err *e)
{
	const struct batch_params *p = params;

	return tagged_check(&p->tagged, e);
}

uint64_t batch_memory(const void *params, const struct slab_config *c)
{
	const struct batch_params *p = params;

	(void)c;
	return tagged_memory(&p->tagged, p->n) +
	       (p->order == ORDER_RANDOM ? p->n * sizeof(uint32_t) : 0);
}
