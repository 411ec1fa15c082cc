/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before and after the loops of flow_step.c; see flow.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "workloads/flow.h"

const char *const flow_role_names[] = { "split", "both", NULL };

/* ---- before ---- */

int flow_setup(struct wl_env *env, struct err *e)
{
	const struct flow_params *p = env->params;
	size_t line = env->machine->cache_line;
	struct flow_env *fe = calloc(1, sizeof(*fe));
	int err;

	if (!fe)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = fe;
	fe->line = line;
	fe->aliases = env->ops->aliases;
	if (fe->aliases && p->data_size)
		return err_set(e, -ENOTSUP,
			       "headers point to data, and objects of allocator %s share memory",
			       env->ops->name);
	fe->partner = calloc(env->workers, sizeof(*fe->partner));
	if (!fe->partner)
		return err_set(e, -ENOMEM, "no memory");
	err = ring_partners(env, p->pairs, fe->partner, e);
	if (!err)
		err = wl_touch(&fe->touch, p->touch, p->object_size, line, "touch", e);
	if (!err && p->data_size)
		err = wl_touch(&fe->data_touch, p->data_touch, p->data_size, line, "data_touch", e);
	if (!err)
		err = wl_cache_create(env, p->data_size ? "flow-header" : "flow", p->object_size,
				      e);
	if (!err && p->data_size)
		err = wl_cache_create(env, "flow-data", p->data_size, e);
	return err;
}

/* Put one message into the worker's ring, outside the measured region. */
static int prime(struct wl_env *env, struct flow_worker *fw, struct err *e)
{
	const struct flow_env *fe = env->priv;
	uint64_t number = fw->out->head;
	void *data = NULL;
	char *obj = env->ops->alloc(&env->cache[0]);

	if (obj && env->nr_caches > 1) {
		data = env->ops->alloc(&env->cache[1]);
		if (!data) {
			env->ops->free(&env->cache[0], obj);
			obj = NULL;
		}
	}
	if (!obj)
		return err_set(e, -ENOMEM, "no memory for message %" PRIu64, number);
	if (data) {
		*flow_data(obj) = data;
		wl_stamp_write(data, wl_stamp(fw->key, number, data), fe->line, fe->data_touch);
	}
	wl_stamp_write(obj, flow_header_stamp(fw->key, number, obj, data), fe->line, fe->touch);
	ring_put(fw->out, obj);
	return 0;
}

/* The producer makes its ring, at its CPU. */
int flow_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct flow_params *p = env->params;
	struct flow_env *fe = env->priv;
	struct flow_worker *fw = calloc(1, sizeof(*fw));
	unsigned partner = fe->partner[w->id];

	if (!fw)
		return err_set(e, -ENOMEM, "no memory");
	w->priv = fw;
	fw->key = rng_u64(&w->rng);
	if (p->roles == ROLE_SPLIT && partner < w->id)
		return 0; /* only consumes */
	fw->out = ring_create(p->depth, p->batch);
	if (!fw->out)
		return err_set(e, -ENOMEM, "no memory for a ring of %" PRIu64, p->depth);
	fe->producers++;
	for (uint64_t i = 0; i < p->batch; i++) {
		int err = prime(env, fw, e);

		if (err)
			return err;
	}
	return 0;
}

/* Now all rings are there. */
int flow_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	struct flow_env *fe = env->priv;
	struct flow_worker *fw = w->priv;
	const struct flow_worker *from = env->worker[fe->partner[w->id]].priv;

	(void)e;
	fw->in = from->out;
	/* who only produces and its partner: the ring is the partner's to empty */
	if (fw->in)
		fe->consumers++;
	fw->in_key = from->key;
	return 0;
}

/* ---- after ---- */

static int verify_message(const struct flow_env *fe, struct wl_worker *w,
			  const struct flow_worker *fw, uint64_t number, bool two)
{
	char *obj = ring_at(fw->out, number), *data = two ? *flow_data(obj) : NULL;
	uint64_t stamp = flow_header_stamp(fw->key, number, obj, data);
	unsigned bad = wl_stamp_read(obj, stamp, fe->line, fe->touch);

	if (bad < fe->touch) {
		wl_broken(w, number, obj, bad, WL_READ(obj + bad * fe->line), stamp + bad);
		return -EILSEQ;
	}
	if (!data)
		return 0;
	stamp = wl_stamp(fw->key, number, data);
	bad = wl_stamp_read(data, stamp, fe->line, fe->data_touch);
	if (bad == fe->data_touch)
		return 0;
	wl_broken(w, number, data, bad, WL_READ(data + bad * fe->line), stamp + bad);
	return -EILSEQ;
}

int flow_verify(struct wl_env *env, struct err *e)
{
	const struct flow_params *p = env->params;
	const struct flow_env *fe = env->priv;

	for (unsigned id = 0; id < env->workers; id++) {
		struct wl_worker *w = &env->worker[id];
		const struct flow_worker *fw = w->priv;
		const struct ring *r = fw->out;
		uint64_t out;

		if (!r)
			continue;
		out = env->worker[fe->partner[id]].ops;
		if (r->head != p->batch + w->ops || r->tail != out)
			return err_set(e, -EILSEQ,
				       "worker %u: %" PRIu64 " messages in and %" PRIu64
				       " out, not %" PRIu64 " and %" PRIu64,
				       id, r->head, r->tail, p->batch + w->ops, out);
		for (uint64_t i = r->tail; i != r->head && !fe->aliases; i++)
			if (verify_message(fe, w, fw, i, p->data_size != 0))
				return err_set(e, -EILSEQ, "%s", w->err.text);
	}
	return 0;
}

/* Data is found through its header, so a header that is damaged takes its data along. */
static void discard(struct wl_env *env, struct flow_worker *fw, uint64_t number)
{
	char *obj = ring_at(fw->out, number);

	if (env->nr_caches > 1) {
		void *data = *flow_data(obj);

		if (WL_READ(obj) == flow_header_stamp(fw->key, number, obj, data))
			env->ops->free(&env->cache[1], data);
	}
	env->ops->free(&env->cache[0], obj);
}

void flow_teardown(struct wl_env *env)
{
	struct flow_env *fe = env->priv;

	for (unsigned id = 0; id < env->workers; id++) {
		struct flow_worker *fw = env->worker[id].priv;

		if (!fw)
			continue;
		for (uint64_t i = fw->out ? fw->out->tail : 0; fw->out && i != fw->out->head; i++)
			discard(env, fw, i);
		ring_destroy(fw->out);
		free(fw);
		env->worker[id].priv = NULL;
	}
	wl_caches_destroy(env);
	if (fe)
		free(fe->partner);
	free(fe);
	env->priv = NULL;
}

/* ---- what is known beforehand ---- */

void flow_cost(const struct wl_env *env, struct wl_cost *cost)
{
	const struct flow_params *p = env->params;
	const struct flow_env *fe = env->priv;
	double objects = p->data_size ? 2 : 1;
	double in = (double)fe->producers / env->workers,
	       out = (double)fe->consumers / env->workers;

	*cost = (struct wl_cost){
		.allocs = in * objects,
		.frees = out * objects,
		.visits = (in + out) * ((fe->touch ? 1 : 0) + (fe->data_touch ? 1 : 0)),
		.lines = (in + out) * (fe->touch + fe->data_touch),
		.own_lines = (in + out) * (double)sizeof(void *) / (double)fe->line,
		.unit = p->roles == ROLE_BOTH ? "alloc+free" : "alloc or free",
	};
}

int flow_validate(const void *params, struct err *e)
{
	const struct flow_params *p = params;
	int err = wl_touch_check(p->touch, p->object_size, "touch", e);

	if (!err && p->data_size)
		err = wl_touch_check(p->data_touch, p->data_size, "data_touch", e);
	if (err)
		return err;
	if (p->depth < 2 * p->batch)
		return err_set(e, -EINVAL,
			       "depth: %" PRIu64 " places are too few for batches of %" PRIu64
			       ": twice as many are needed",
			       p->depth, p->batch);
	if (p->data_size && (p->object_size < 2 * sizeof(uint64_t) || !p->touch))
		return err_set(e, -EINVAL,
			       "object_size, touch: a header with data holds a stamp and a pointer "
			       "and is written, so at least %zu bytes and one line",
			       2 * sizeof(uint64_t));
	return 0;
}

/* A ring that is full, to each worker: none has more than one of its own. */
uint64_t flow_memory(const void *params, const struct slab_config *c)
{
	const struct flow_params *p = params;

	(void)c;
	return p->depth * (p->object_size + p->data_size + sizeof(void *));
}
