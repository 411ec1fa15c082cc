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

#include "workloads/workload.h"

enum churn_lifetime { LIFE_RANDOM, LIFE_FIFO, LIFE_LIFO, LIFE_PARETO };
static const char *const lifetime_names[] = { "random", "fifo", "lifo", "pareto", NULL };

struct churn_params {
	uint64_t n;
	uint64_t object_size;
	uint64_t burst;
	unsigned touch;
	unsigned lifetime;
};

static const struct opt churn_opts[] = {
	{ .name = "n",
	  .type = OPT_U64,
	  .offset = offsetof(struct churn_params, n),
	  .min = 1,
	  .max = 1u << 28,
	  .unit = "objects",
	  .def = "1000",
	  .help = "live objects of each worker" },
	{ .name = "object_size",
	  .type = OPT_SIZE,
	  .offset = offsetof(struct churn_params, object_size),
	  .min = 1,
	  .max = KMALLOC_MAX_SIZE,
	  .unit = "bytes",
	  .def = "256",
	  .help = "size of each object" },
	{ .name = "burst",
	  .type = OPT_U64,
	  .offset = offsetof(struct churn_params, burst),
	  .min = 1,
	  .max = 1u << 20,
	  .unit = "objects",
	  .def = "256",
	  .help = "most objects freed before as many are allocated; at most n" },
	{ .name = "touch",
	  .type = OPT_UINT,
	  .offset = offsetof(struct churn_params, touch),
	  .max = 1u << 20,
	  .unit = "lines",
	  .def = "1",
	  .flags = OPT_AUTO,
	  .help = "cache lines written in each new object; auto: all of them" },
	{ .name = "lifetime",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct churn_params, lifetime),
	  .names = lifetime_names,
	  .def = "random",
	  .help = "which object goes: any, the oldest, the newest, or mostly a few (80/20)" },
	{ .name = NULL },
};

struct churn_env {
	size_t line;
	unsigned touch; /* resolved */
	bool aliases;	/* live objects may share memory: stamps are read, but need not be right */
};

struct churn_worker {
	void **slot;
	uint64_t *hole; /* [burst] slots that the running round has emptied */
	uint64_t n, next;
	uint64_t burst; /* resolved: <= n */
	uint64_t key;
};

static inline uint64_t churn_stamp(const struct churn_worker *cw, uint64_t i, const void *obj)
{
	return cw->key ^ (uintptr_t)obj ^ (i * UINT64_C(0x9e3779b97f4a7c15));
}

static inline __attribute__((always_inline)) void churn_touch(char *obj, uint64_t stamp,
							      size_t line, unsigned touch)
{
	for (unsigned l = 0; l < touch; l++)
		WL_WRITE(obj + l * line, stamp + l);
}

/* A slot of n: the first fifth gets four fifths of all picks, and so on inside it, six times. */
static uint64_t pick_pareto(struct rng *rng, uint64_t n)
{
	uint64_t r = rng_u64(rng);

	for (int i = 0; i < 6 && n >= 5; i++, r >>= 8) {
		if ((r & 0xff) >= 205) /* 205/256 = 0.8008 */
			break;
		n /= 5;
	}
	return rng_below(rng, n);
}

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

static enum wl_status churn_broken(struct wl_worker *w, uint64_t i, const void *obj, uint64_t is,
				   uint64_t should)
{
	return wl_fail(w, -EILSEQ,
		       "worker %u, slot %" PRIu64 ": object %p holds %016" PRIx64
		       ", not its stamp %016" PRIx64 ": it was damaged or handed out twice",
		       w->id, i, obj, is, should);
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

		if (ce->touch && WL_READ(obj) != churn_stamp(cw, i, obj) && !ce->aliases) {
			churn_broken(w, i, obj, WL_READ(obj), churn_stamp(cw, i, obj));
			return -EILSEQ;
		}
		seam_free(c, obj, direct);
		cw->slot[i] = NULL;
		cw->hole[j] = i;
	}
	return 0;
}

/* Fill the slots that the round has left; returns how many were filled. */
static inline __attribute__((always_inline)) uint64_t churn_alloc(const struct churn_env *ce,
								  struct churn_worker *cw,
								  struct seam_cache *c, uint64_t b,
								  const bool direct)
{
	size_t line = ce->line;
	unsigned touch = ce->touch;

	for (uint64_t j = 0; j < b; j++) {
		uint64_t i = cw->hole[j];
		char *obj = seam_alloc(c, direct);

		if (__builtin_expect(!obj, 0))
			return j;
		cw->slot[i] = obj;
		churn_touch(obj, churn_stamp(cw, i, obj), line, touch);
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
		got = churn_alloc(ce, cw, &c, b, direct);
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

static enum wl_status churn_step_table(struct wl_env *env, struct wl_worker *w, uint64_t n,
				       uint64_t *done)
{
	return churn_step(env, w, n, done, false);
}

static enum wl_status churn_step_direct(struct wl_env *env, struct wl_worker *w, uint64_t n,
					uint64_t *done)
{
	return churn_step(env, w, n, done, true);
}

static int churn_setup(struct wl_env *env, struct err *e)
{
	const struct churn_params *p = env->params;
	size_t line = env->machine->cache_line;
	struct churn_env *ce = calloc(1, sizeof(*ce));
	/* only lines in which a whole stamp fits */
	size_t lines = p->object_size < sizeof(uint64_t) ?
			       0 :
			       (p->object_size - sizeof(uint64_t)) / line + 1;

	if (!ce)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = ce;
	ce->line = line;
	ce->aliases = env->ops->aliases;
	ce->touch = p->touch == OPT_AUTO_UINT ? (unsigned)lines : p->touch;
	if (ce->touch > lines)
		return err_set(e, -EINVAL,
			       "touch: %u lines of %zu bytes do not fit an object of %" PRIu64
			       " bytes",
			       ce->touch, line, p->object_size);
	return wl_cache_create(env, "churn", p->object_size, e);
}

static int churn_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
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
		churn_touch(obj, churn_stamp(cw, i, obj), ce->line, ce->touch);
	}
	return 0;
}

static int verify_object(const struct churn_env *ce, struct wl_worker *w, uint64_t i, struct err *e)
{
	struct churn_worker *cw = w->priv;
	char *obj = cw->slot[i];
	uint64_t stamp = churn_stamp(cw, i, obj);

	if (!obj)
		return err_set(e, -EILSEQ, "worker %u, slot %" PRIu64 ": no object", w->id, i);
	for (unsigned l = 0; l < ce->touch && !ce->aliases; l++) {
		uint64_t is = WL_READ(obj + l * ce->line);

		if (is == stamp + l)
			continue;
		churn_broken(w, i, obj, is, stamp + l);
		return err_set(e, -EILSEQ, "line %u: %s", l, w->err.text);
	}
	return 0;
}

static int churn_verify(struct wl_env *env, struct err *e)
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

static void churn_teardown(struct wl_env *env)
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

static void churn_cost(const struct wl_env *env, struct wl_cost *cost)
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
		.unit = "free+alloc",
	};
}

static int churn_validate(const void *params, struct err *e)
{
	const struct churn_params *p = params;

	if (p->touch && p->touch != OPT_AUTO_UINT && p->object_size < sizeof(uint64_t))
		return err_set(e, -EINVAL,
			       "touch: %u lines, but an object of %" PRIu64
			       " bytes has no room for a stamp of %zu; "
			       "use touch=0",
			       p->touch, p->object_size, sizeof(uint64_t));
	return 0;
}

static uint64_t churn_memory(const void *params, const struct slab_config *c)
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
	.params_size = sizeof(struct churn_params),
	.setup = churn_setup,
	.setup_worker = churn_setup_worker,
	.step = { churn_step_table, churn_step_direct },
	.verify = churn_verify,
	.teardown = churn_teardown,
	.cost = churn_cost,
	.validate = churn_validate,
	.memory = churn_memory,
};
