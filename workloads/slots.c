/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before and after the loops of slots_step.c; see slots.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "workloads/slots.h"

const char *const slots_choice_names[] = { "random", "fifo", "pareto", NULL };

/* ---- before ---- */

int slots_setup(struct wl_env *env, struct err *e)
{
	const struct slots_params *p = env->params;
	struct slots_env *se = calloc(1, sizeof(*se));

	if (!se)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = se;
	se->table = calloc(env->workers, sizeof(*se->table));
	if (!se->table)
		return err_set(e, -ENOMEM, "no memory for %u workers", env->workers);
	return tagged_setup(env, &se->tagged, &p->tagged, "slots", e);
}

int slots_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct slots_params *p = env->params;
	struct slots_env *se = env->priv;
	struct slots_worker *sw = calloc(1, sizeof(*sw));
	uint64_t depth = 2;

	if (!sw)
		return err_set(e, -ENOMEM, "no memory");
	w->priv = sw;
	sw->n = p->n;
	sw->table = se->table[w->id] = calloc(p->n, sizeof(*sw->table));
	/* nobody can be further ahead of the next one than once around */
	while (depth < env->workers + 1)
		depth *= 2;
	sw->inbox = ring_create(depth, 1);
	if (!sw->table || !sw->inbox)
		return err_set(e, -ENOMEM, "no memory for %" PRIu64 " slots", p->n);
	for (uint64_t i = 0; i < p->n; i++) {
		sw->table[i] = tagged_make(env, &se->tagged, w, &sw->tagged);
		if (!sw->table[i].obj)
			return err_set(e, -ENOMEM, "no memory for object %" PRIu64 " of %" PRIu64,
				       i, p->n);
	}
	return tagged_setup_worker(env, &se->tagged, w, &sw->tagged, e);
}

int slots_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct slots_env *se = env->priv;
	const struct slots_worker *partner = env->worker[se->tagged.partner[w->id]].priv;
	const struct slots_worker *next = env->worker[(w->id + 1) % env->workers].priv;
	struct slots_worker *sw = w->priv;

	(void)e;
	sw->tagged.in = partner->tagged.out;
	sw->successors = next->inbox;
	return 0;
}

/* ---- after ---- */

int slots_verify(struct wl_env *env, struct err *e)
{
	const struct slots_params *p = env->params;
	const struct slots_env *se = env->priv;

	for (unsigned id = 0; id < env->workers; id++) {
		struct wl_worker *w = &env->worker[id];
		const struct slots_worker *sw = w->priv;
		uint64_t passed = p->hand_over && w->ops ? (w->ops - 1) / p->hand_over : 0;
		unsigned whose =
			(id + env->workers - (unsigned)(passed % env->workers)) % env->workers;
		int err = 0;

		if (sw->table != se->table[whose])
			return err_set(e, -EILSEQ,
				       "worker %u: not the table of worker %u after %" PRIu64
				       " times that tables were handed over",
				       id, whose, passed);
		for (uint64_t i = 0; i < p->n && !err; i++)
			err = tagged_verify(&se->tagged, w, &sw->table[i], e);
		if (!err)
			err = tagged_verify_ring(&se->tagged, w, &sw->tagged, w->ops, e);
		if (err)
			return err;
	}
	return 0;
}

void slots_teardown(struct wl_env *env)
{
	const struct slots_params *p = env->params;
	struct slots_env *se = env->priv;

	for (unsigned id = 0; se && id < env->workers; id++) {
		struct slots_worker *sw = env->worker[id].priv;

		if (!sw)
			continue;
		for (uint64_t i = 0; se->table[id] && i < p->n; i++)
			tagged_give_back(env, &se->table[id][i]);
		free(se->table[id]);
		tagged_worker_release(env, &sw->tagged);
		ring_destroy(sw->inbox);
		free(sw);
		env->worker[id].priv = NULL;
	}
	wl_caches_destroy(env);
	if (se) {
		tagged_env_release(&se->tagged);
		free(se->table);
	}
	free(se);
	env->priv = NULL;
}

/* ---- what is known beforehand ---- */

void slots_cost(const struct wl_env *env, struct wl_cost *cost)
{
	const struct slots_params *p = env->params;
	const struct slots_env *se = env->priv;
	double entry = (double)sizeof(struct tagged) / (double)se->tagged.line;

	*cost = (struct wl_cost){
		.allocs = 1,
		.frees = 1,
		/* the slot, a line of its own unless slots are taken in a row; the rings */
		.own_lines =
			(p->choice == CHOICE_FIFO ? entry : 1) + 2 * entry * p->tagged.share / 100,
		.unit = "free+alloc",
	};
	tagged_cost(&se->tagged, 1, &cost->visits, &cost->lines);
}

int slots_validate(const void *params, struct err *e)
{
	return tagged_check(&((const struct slots_params *)params)->tagged, e);
}

uint64_t slots_memory(const void *params, const struct slab_config *c)
{
	const struct slots_params *p = params;

	(void)c;
	return tagged_memory(&p->tagged, p->n);
}
