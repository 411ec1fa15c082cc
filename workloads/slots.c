/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before and after the loops of slots_step.c; see slots.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "workloads/slots.h"

const char *const slots_choice_names[] = { "random", "fifo", "pareto", NULL };

/* ---- before ---- */

static int setup_caches(struct wl_env *env, struct slots_env *se, struct err *e)
{
	const struct slots_params *p = env->params;
	int err = mix_create(env, &p->mix, "slots", e);

	for (unsigned k = 0; k < p->mix.classes && !err; k++) {
		/* large classes set the limit; in small ones what fits is written */
		size_t lines = wl_stamp_lines(mix_size(&p->mix, k), se->line);

		if (k == p->mix.classes - 1)
			err = wl_touch(&se->touch[k], p->touch, mix_size(&p->mix, k), se->line,
				       "touch", e);
		else
			se->touch[k] = p->touch < lines ? p->touch : (unsigned)lines;
	}
	return err;
}

int slots_setup(struct wl_env *env, struct err *e)
{
	const struct slots_params *p = env->params;
	struct slots_env *se = calloc(1, sizeof(*se));
	uint64_t seed = env->seed ^ UINT64_C(0x736c6f7473); /* a stream of its own */
	int err;

	if (!se)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = se;
	se->line = env->machine->cache_line;
	se->aliases = env->ops->aliases;
	se->key = rng_splitmix64(&seed);
	se->partner = calloc(env->workers, sizeof(*se->partner));
	se->table = calloc(env->workers, sizeof(*se->table));
	if (!se->partner || !se->table)
		return err_set(e, -ENOMEM, "no memory for %u workers", env->workers);
	err = ring_partners(env, p->pairs, se->partner, e);
	return err ? err : setup_caches(env, se, e);
}

/* A new object, outside the measured region; obj NULL: there is no memory. */
static struct slot make(struct wl_env *env, struct wl_worker *w)
{
	const struct slots_params *p = env->params;
	const struct slots_env *se = env->priv;
	struct slots_worker *sw = w->priv;
	unsigned class = p->mix.classes > 1 ? mix_pick(&w->rng, p->mix.classes, p->mix.draw) : 0;
	struct slot s = { .tag = slots_tag(sw, w->id, class) };

	s.obj = env->ops->alloc(&env->cache[class]);
	if (s.obj)
		wl_stamp_write(s.obj, slots_stamp(se->key, s.tag, s.obj), se->line,
			       se->touch[class]);
	return s;
}

static int setup_rings(struct wl_env *env, struct slots_worker *sw, struct err *e)
{
	const struct slots_params *p = env->params;
	uint64_t depth = 2;

	/* nobody can be further ahead of the next one than once around */
	while (depth < env->workers + 1)
		depth *= 2;
	sw->inbox = ring_create(depth, 1);
	if (p->share)
		sw->out = ring_create(2 * p->depth, 2 * p->batch);
	return sw->inbox && (sw->out || !p->share) ? 0 : err_set(e, -ENOMEM, "no memory for rings");
}

int slots_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct slots_params *p = env->params;
	struct slots_env *se = env->priv;
	struct slots_worker *sw = calloc(1, sizeof(*sw));
	int err;

	if (!sw)
		return err_set(e, -ENOMEM, "no memory");
	w->priv = sw;
	sw->n = p->n;
	sw->table = se->table[w->id] = calloc(p->n, sizeof(*sw->table));
	if (!sw->table)
		return err_set(e, -ENOMEM, "no memory for %" PRIu64 " slots", p->n);
	err = setup_rings(env, sw, e);
	for (uint64_t i = 0; i < p->n && !err; i++) {
		sw->table[i] = make(env, w);
		if (!sw->table[i].obj)
			err = err_set(e, -ENOMEM, "no memory for object %" PRIu64 " of %" PRIu64, i,
				      p->n);
	}
	for (uint64_t i = 0; sw->out && i < p->batch && !err; i++) {
		struct slot s = make(env, w);

		if (!s.obj)
			return err_set(e, -ENOMEM, "no memory for the ring's objects");
		ring_put(sw->out, s.obj);
		ring_put(sw->out, (void *)(uintptr_t)s.tag);
	}
	return err;
}

int slots_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct slots_env *se = env->priv;
	struct slots_worker *sw = w->priv;

	(void)e;
	sw->in = ((struct slots_worker *)env->worker[se->partner[w->id]].priv)->out;
	sw->successors =
		((struct slots_worker *)env->worker[(w->id + 1) % env->workers].priv)->inbox;
	return 0;
}

/* ---- after ---- */

static int verify_slot(const struct slots_env *se, struct wl_worker *w, const struct slot *s,
		       struct err *e)
{
	uint64_t stamp = slots_stamp(se->key, s->tag, s->obj);
	unsigned touch = se->aliases ? 0 : se->touch[slots_class(s->tag)], bad;

	if (!s->obj)
		return err_set(e, -EILSEQ, "worker %u: a slot without object", w->id);
	bad = wl_stamp_read(s->obj, stamp, se->line, touch);
	if (bad == touch)
		return 0;
	wl_broken(w, s->tag, s->obj, bad, WL_READ((char *)s->obj + bad * se->line), stamp + bad);
	return err_set(e, -EILSEQ, "%s", w->err.text);
}

static int verify_ring(const struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct slots_params *p = env->params;
	const struct ring *r = ((struct slots_worker *)w->priv)->out;
	uint64_t exchanges = w->ops / 100 * p->share + w->ops % 100 * p->share / 100;

	if (r->head != 2 * (p->batch + exchanges) || r->tail != 2 * exchanges)
		return err_set(e, -EILSEQ,
			       "worker %u: %" PRIu64 " objects handed over and %" PRIu64
			       " taken, not %" PRIu64 " and %" PRIu64,
			       w->id, r->head / 2, r->tail / 2, p->batch + exchanges, exchanges);
	for (uint64_t i = r->tail; i != r->head; i += 2) {
		struct slot s = { ring_at(r, i), (uintptr_t)ring_at(r, i + 1) };
		int err = verify_slot(env->priv, w, &s, e);

		if (err)
			return err;
	}
	return 0;
}

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
			err = verify_slot(se, w, &sw->table[i], e);
		if (!err && sw->out)
			err = verify_ring(env, w, e);
		if (err)
			return err;
	}
	return 0;
}

static void give_back(struct wl_env *env, void *obj, uint64_t tag)
{
	if (obj)
		env->ops->free(&env->cache[slots_class(tag)], obj);
}

void slots_teardown(struct wl_env *env)
{
	const struct slots_params *p = env->params;
	struct slots_env *se = env->priv;

	for (unsigned id = 0; se && id < env->workers; id++) {
		struct slots_worker *sw = env->worker[id].priv;
		struct ring *r = sw ? sw->out : NULL;

		for (uint64_t i = 0; se->table && se->table[id] && i < p->n; i++)
			give_back(env, se->table[id][i].obj, se->table[id][i].tag);
		if (se->table)
			free(se->table[id]);
		for (uint64_t i = r ? r->tail : 0; r && i != r->head; i += 2)
			give_back(env, ring_at(r, i), (uintptr_t)ring_at(r, i + 1));
		ring_destroy(r);
		if (sw)
			ring_destroy(sw->inbox);
		free(sw);
		env->worker[id].priv = NULL;
	}
	wl_caches_destroy(env);
	if (se) {
		free(se->partner);
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
	double entry = (double)sizeof(struct slot) / (double)se->line, lines = 0, visits = 0;

	for (unsigned k = 0; k < p->mix.classes; k++) /* on average over what is drawn */
		if (se->touch[k]) { /* checked when it goes, written when it comes */
			visits += 2 * mix_chance(&p->mix, k);
			lines += (se->touch[k] + 1.0) * mix_chance(&p->mix, k);
		}
	*cost = (struct wl_cost){
		.allocs = 1,
		.frees = 1,
		.visits = visits,
		.lines = lines,
		/* the slot, a line of its own unless slots are taken in a row; the rings */
		.own_lines = (p->choice == CHOICE_FIFO ? entry : 1) + 2 * entry * p->share / 100,
		.unit = "free+alloc",
	};
}

int slots_validate(const void *params, struct err *e)
{
	const struct slots_params *p = params;
	int err = mix_check(&p->mix, e);

	if (!err)
		err = wl_touch_check(p->touch, p->mix.object_size, "touch", e);
	if (!err && p->depth < 2 * p->batch)
		err = err_set(e, -EINVAL,
			      "depth: %" PRIu64 " places are too few for batches of %" PRIu64
			      ": twice as many are needed",
			      p->depth, p->batch);
	return err;
}

uint64_t slots_memory(const void *params, const struct slab_config *c)
{
	const struct slots_params *p = params;
	uint64_t live = p->n + (p->share ? p->depth : 0);

	(void)c;
	return (uint64_t)((double)live * (mix_mean(&p->mix) + (double)sizeof(struct slot)));
}
