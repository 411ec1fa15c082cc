/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * churn: a live set in which old objects keep making room for new ones.
 *
 * Each worker has a table of `n` slots, each slot a live object. A round picks some slots, frees
 * their objects, allocates as many and writes to them; one freed and one allocated are one
 * operation. An allocator that hands out last what was freed last answers rounds of one with the
 * same object each time and nothing else ever happens, so rounds are 1 .. `burst` long, drawn anew
 * each time: longer ones empty and fill the queues and reach the slabs behind them. What is written is a stamp that depends on
 * worker, slot and address, so an object that was handed out twice, or damaged by others while it
 * was live, is found when it is freed.
 *
 * Invariants: slot[i] != NULL for all i outside step (a failed allocation ends the trial);
 *	       word 0 of line l < touch of slot[i] == churn_stamp(worker, i, slot[i]) + l.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "workloads/churn.h"

const char *const churn_lifetime_names[] = { "random", "fifo", "lifo", "pareto", NULL };

static const struct opt churn_opts[] = {
	CHURN_OPTS("1000", "256", "1"),
	{ .name = NULL },
};

int churn_setup(struct wl_env *env, struct err *e)
{
	const struct churn_params *p = env->params;
	size_t line = env->machine->cache_line;
	struct churn_env *ce = calloc(1, sizeof(*ce));
	int err;

	if (!ce)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = ce;
	ce->line = line;
	ce->aliases = env->ops->aliases;
	err = wl_touch(&ce->touch, p->touch, p->object_size, line, "touch", e);
	return err ? err : wl_cache_create(env, "churn", p->object_size, e);
}

int churn_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct churn_params *p = env->params;
	const struct churn_env *ce = env->priv;
	struct churn_worker *cw = calloc(1, sizeof(*cw));

	if (!cw)
		return err_set(e, -ENOMEM, "no memory");
	w->priv = cw;
	cw->key = rng_u64(&w->rng);
	cw->slot = calloc(p->n, sizeof(*cw->slot));
	cw->burst = p->burst < p->n ? p->burst : p->n;
	cw->hole = calloc(cw->burst, sizeof(*cw->hole));
	if (!cw->slot || !cw->hole)
		return err_set(e, -ENOMEM, "no memory for %" PRIu64 " slots", p->n);
	for (uint64_t i = 0; i < p->n; i++) {
		char *obj = env->ops->alloc(&env->cache[0]);

		if (!obj)
			return err_set(e, -ENOMEM, "no memory for object %" PRIu64 " of %" PRIu64,
				       i, p->n);
		cw->slot[i] = obj;
		cw->n = i + 1;
		wl_stamp_write(obj, churn_stamp(cw, i, obj), ce->line, ce->touch);
	}
	return 0;
}

static int verify_object(const struct churn_env *ce, struct wl_worker *w, uint64_t i, struct err *e)
{
	struct churn_worker *cw = w->priv;
	char *obj = cw->slot[i];
	uint64_t stamp = churn_stamp(cw, i, obj);
	unsigned bad;

	if (!obj)
		return err_set(e, -EILSEQ, "worker %u, slot %" PRIu64 ": no object", w->id, i);
	bad = ce->aliases ? ce->touch : wl_stamp_read(obj, stamp, ce->line, ce->touch);
	if (bad == ce->touch)
		return 0;
	wl_broken(w, i, obj, bad, WL_READ(obj + bad * ce->line), stamp + bad);
	return err_set(e, -EILSEQ, "%s", w->err.text);
}

int churn_verify(struct wl_env *env, struct err *e)
{
	const struct churn_params *p = env->params;

	for (unsigned id = 0; id < env->workers; id++) {
		struct wl_worker *w = &env->worker[id];
		struct churn_worker *cw = w->priv;

		if (cw->n != p->n)
			return err_set(e, -EILSEQ,
				       "worker %u: %" PRIu64 " live objects, not %" PRIu64, id,
				       cw->n, p->n);
		for (uint64_t i = 0; i < cw->n; i++) {
			int err = verify_object(env->priv, w, i, e);

			if (err)
				return err;
		}
	}
	return 0;
}

void churn_teardown(struct wl_env *env)
{
	for (unsigned id = 0; id < env->workers; id++) {
		struct churn_worker *cw = env->worker[id].priv;

		if (!cw)
			continue;
		for (uint64_t i = 0; i < cw->n; i++)
			if (cw->slot[i])
				env->ops->free(&env->cache[0], cw->slot[i]);
		free(cw->slot);
		free(cw->hole);
		free(cw);
		env->worker[id].priv = NULL;
	}
	wl_caches_destroy(env);
	free(env->priv);
	env->priv = NULL;
}

void churn_cost(const struct wl_env *env, struct wl_cost *cost)
{
	const struct churn_params *p = env->params;
	const struct churn_env *ce = env->priv;
	double entry = (double)sizeof(void *) / (double)ce->line;
	int in_row = p->lifetime == LIFE_FIFO || p->lifetime == LIFE_LIFO;

	*cost = (struct wl_cost){
		.allocs = 1,
		.frees = 1,
		.visits = ce->touch ? 2 : 0, /* checked when it goes, written when it comes */
		.lines = ce->touch ? ce->touch + 1.0 : 0,
		/* the slot, a line of its own unless slots are taken in a row, and the hole */
		.own_lines = (in_row ? entry : 1) + entry,
		.waiting = 2, /* for the array's count, which the operation before wrote */
		.unit = "free+alloc",
	};
}

int churn_validate(const void *params, struct err *e)
{
	const struct churn_params *p = params;

	return wl_touch_check(p->touch, p->object_size, "touch", e);
}

uint64_t churn_memory(const void *params, const struct slab_config *c)
{
	const struct churn_params *p = params;

	(void)c;
	return p->n * (p->object_size + sizeof(void *));
}

const struct workload workload_churn = {
	.name = "churn",
	.help = "a live set in which each operation frees one object and allocates another",
	.doc = "Stands for servers and kernels in their steady state: a population of objects of\n"
	       "stable size whose members come and go. With bursts longer than `limit` it\n"
	       "stresses the queues and the way back to the slabs; `touch` lines of each new\n"
	       "object go through the caches. lifetime=fifo makes every object as old as the set\n"
	       "is large, random fragments slabs, pareto mixes short lives with long ones, and\n"
	       "lifo with burst=1 is the hot pair over a live set.",
	.opts = churn_opts,
	CHURN_WORKLOAD,
};
