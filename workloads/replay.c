/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay: what a kernel asked its slab allocator for, recorded, asked of ours.
 *
 * One operation is one record of the trace: an allocation or a free, by the worker of its CPU (CPU modulo workers); the
 * others pass over it. A worker that comes to a record too early, since another one has still to allocate or free the
 * object before it, is blocked: what the trace orders for one object stays in order, all else runs side by side. At
 * the end what is still live is freed, and it begins anew.
 *
 *	script.part[w].ev[]   this worker's records        (lib/kmemtrace/script.h)
 *	slot[]                objects that may be live, by the trace's slots
 *	slot[i].turn          whose turn it is: a record may go ahead when it has come to its own
 *
 * Invariants: outside step, with all workers at the same record, slot[i].obj != NULL just where the trace's object i is
 *	       live; word 0 of line l < touch of it == replay_stamp(i, obj) + l.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/replay.h"

static const struct opt replay_opts[] = {
	{ .name = "trace",
	  .type = OPT_STR,
	  .offset = offsetof(struct replay_params, trace),
	  .unit = "file",
	  .def = "",
	  .help = "the trace: of 'slabscope record', or text of perf script, ftrace, trace-cmd" },
	{ .name = "only",
	  .type = OPT_STR,
	  .offset = offsetof(struct replay_params, only),
	  .def = "",
	  .help = "only records of the cache of this name" },
	{ .name = "cache_toggles",
	  .type = OPT_STR,
	  .offset = offsetof(struct replay_params, cache_toggles),
	  .unit = "file",
	  .def = "none",
	  .help = "toggles by cache, as `tune --trace` writes them; caches without a section have the trial's" },
	{ .name = "touch",
	  .type = OPT_UINT,
	  .offset = offsetof(struct replay_params, touch),
	  .max = 1u << 16,
	  .unit = "lines",
	  .def = "1",
	  .flags = OPT_AUTO,
	  .help = "cache lines written in each new object, as far as it has them; auto: all" },
	{ .name = "partial",
	  .type = OPT_BOOL,
	  .offset = offsetof(struct replay_params, partial),
	  .def = "off",
	  .help = "a damaged trace is replayed up to the damage" },
	{ .name = NULL },
};

/* Lines of an object in which a whole stamp fits, as many as are wanted. */
static unsigned lines_of(const struct replay_params *p, uint32_t size, size_t line)
{
	size_t lines = size < sizeof(uint64_t) ? 0 : (size - sizeof(uint64_t)) / line + 1;

	return p->touch < lines ? p->touch : (unsigned)lines;
}

static bool by_cache(const struct replay_params *p)
{
	return *p->cache_toggles && strcmp(p->cache_toggles, "none") != 0;
}

/* A cache with toggles of its own, where there are any for it. */
static int make_cache(struct wl_env *env, const struct kmemtrace_cache *c, struct err *e)
{
	const struct replay_params *p = env->params;
	const struct slab_config *trial = env->config;
	struct slab_config own;
	int rc = by_cache(p) ? slab_config_read_cache(&own, p->cache_toggles, c->name, e) : 0;

	if (rc < 0)
		return rc;
	if (rc)
		env->config = &own;
	rc = wl_cache_create(env, c->name, c->req, e);
	env->config = trial;
	return rc;
}

/* Caches of the trace that are used get a cache of ours. */
static int make_caches(struct wl_env *env, struct replay_env *re, struct err *e)
{
	const struct kmemscript *s = &re->script;

	for (uint32_t i = 0; i < s->nr_caches; i++)
		re->seam[i] = -1;
	for (unsigned w = 0; w < s->workers; w++) {
		for (uint64_t k = 0; k < s->part[w].nr; k++) {
			uint16_t i = s->part[w].ev[k].cache;
			int err;

			if (re->seam[i] >= 0)
				continue;
			re->seam[i] = (int)env->nr_caches;
			err = make_cache(env, &s->cache[i], e);
			if (err)
				return err;
		}
	}
	return 0;
}

static int replay_setup(struct wl_env *env, struct err *e)
{
	const struct replay_params *p = env->params;
	struct replay_env *re = calloc(1, sizeof(*re));
	struct kmemscript *s;
	int err;

	if (!re)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = re;
	s = &re->script;
	err = kmemscript_load(s, p->trace, p->partial, p->only, env->workers, e);
	if (err)
		return err;
	re->line = env->machine->cache_line;
	re->nodes = env->machine->nr_nodes;
	re->aliases = env->ops->aliases;
	re->slot = calloc(s->slots, sizeof(*re->slot));
	re->touch = calloc(s->nr_caches, sizeof(*re->touch));
	re->seam = calloc(s->nr_caches, sizeof(*re->seam));
	if (!re->slot || !re->touch || !re->seam)
		return err_set(e, -ENOMEM, "no memory for %" PRIu32 " objects", s->slots);
	for (uint32_t i = 0; i < s->slots; i++)
		re->slot[i].turns = s->turns[i];
	for (uint32_t i = 0; i < s->nr_caches; i++)
		re->touch[i] = lines_of(p, s->cache[i].req, re->line);
	return make_caches(env, re, e);
}

static int replay_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct replay_env *re = env->priv;
	const struct kmemscript_part *part = &re->script.part[w->id];

	w->priv = calloc(1, sizeof(struct replay_worker));
	if (!w->priv)
		return err_set(e, -ENOMEM, "no memory");
	/* from disk, before anything is measured */
	for (uint64_t k = 0; k < part->nr; k += 64)
		w->sum += WL_READ(&part->ev[k]);
	return 0;
}

static int verify_object(const struct replay_env *re, uint32_t slot, uint16_t cache, struct err *e)
{
	char *obj = re->slot[slot].obj;

	for (unsigned l = 0; l < re->touch[cache] && !re->aliases; l++) {
		uint64_t is = WL_READ(obj + l * re->line), should = replay_stamp(slot, obj) + l;

		if (is != should)
			return err_set(e, -EILSEQ,
				       "object %p of %s, line %u, holds %016" PRIx64
				       ", not %016" PRIx64 ": it was damaged or handed out twice",
				       (void *)obj, re->script.cache[cache].name, l, is, should);
	}
	return 0;
}

/* Which objects the trace says are live behind its first @at records: their cache + 1, by slot. */
static void should_live(const struct kmemscript *s, uint64_t at, uint32_t *cache, uint64_t *next)
{
	for (uint64_t i = 0; i < at; i++) {
		for (unsigned w = 0; w < s->workers; w++) {
			const struct kmemscript_event *ev = &s->part[w].ev[next[w]];

			if (next[w] >= s->part[w].nr || ev->at != i)
				continue;
			cache[ev->slot] = ev->op == KMEMSCRIPT_ALLOC ? ev->cache + 1u : 0;
			next[w]++;
			break;
		}
	}
}

static int verify_slots(const struct replay_env *re, const uint32_t *cache, struct err *e)
{
	for (uint32_t i = 0; i < re->script.slots; i++) {
		int err;

		if (!re->slot[i].obj != !cache[i])
			return err_set(e, -EILSEQ,
				       "object %" PRIu32 " of the trace: %s, but should%s be", i,
				       re->slot[i].obj ? "live" : "not live",
				       cache[i] ? "" : " not");
		err = cache[i] ? verify_object(re, i, (uint16_t)(cache[i] - 1), e) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int replay_verify(struct wl_env *env, struct err *e)
{
	const struct replay_env *re = env->priv;
	const struct replay_worker *first = env->worker[0].priv;
	uint32_t *cache;
	uint64_t *next;
	int err;

	for (unsigned w = 1; w < env->workers; w++) {
		const struct replay_worker *rw = env->worker[w].priv;

		if (rw->at != first->at || rw->pass != first->pass)
			return err_set(e, -EILSEQ,
				       "worker %u is at record %" PRIu64 ", worker 0 at %" PRIu64,
				       w, rw->at, first->at);
	}
	cache = calloc(re->script.slots, sizeof(*cache));
	next = calloc(env->workers, sizeof(*next));
	if (cache && next) {
		should_live(&re->script, first->at, cache, next);
		err = verify_slots(re, cache, e);
	} else {
		err = err_set(e, -ENOMEM, "no memory to verify");
	}
	free(cache);
	free(next);
	return err;
}

/* The last allocation of each slot that was done: its record, and which cache it is from. */
struct last {
	uint32_t at; /* + 1 */
	uint16_t cache;
};

/* Objects go back to the caches that they are from. */
static void free_all(struct wl_env *env, struct replay_env *re)
{
	const struct kmemscript *s = &re->script;
	struct last *last = calloc(s->slots, sizeof(*last));

	for (unsigned w = 0; last && w < env->workers; w++) {
		const struct replay_worker *rw = env->worker[w].priv;

		for (uint64_t k = 0; rw && k < rw->next; k++) {
			const struct kmemscript_event *ev = &s->part[w].ev[k];

			if (ev->op == KMEMSCRIPT_ALLOC && ev->at >= last[ev->slot].at)
				last[ev->slot] = (struct last){ ev->at + 1, ev->cache };
		}
	}
	for (uint32_t i = 0; last && i < s->slots; i++)
		if (re->slot[i].obj)
			env->ops->free(&env->cache[re->seam[last[i].cache]], re->slot[i].obj);
	free(last);
}

static void replay_teardown(struct wl_env *env)
{
	struct replay_env *re = env->priv;

	if (re && re->slot && re->seam)
		free_all(env, re);
	for (unsigned w = 0; w < env->workers; w++) {
		free(env->worker[w].priv);
		env->worker[w].priv = NULL;
	}
	wl_caches_destroy(env);
	if (!re)
		return;
	kmemscript_fini(&re->script);
	free(re->slot);
	free(re->touch);
	free(re->seam);
	free(re);
	env->priv = NULL;
}

static void replay_cost(const struct wl_env *env, struct wl_cost *cost)
{
	const struct replay_env *re = env->priv;
	const struct kmemscript *s = &re->script;
	/* each worker is asked for every record and does its own */
	double records = (double)s->length * env->workers, visits = 0, lines = 0;

	for (unsigned w = 0; w < s->workers; w++) {
		for (uint64_t k = 0; k < s->part[w].nr; k++) {
			unsigned touch = re->touch[s->part[w].ev[k].cache];

			visits += touch != 0;
			lines += s->part[w].ev[k].op == KMEMSCRIPT_ALLOC ? touch : touch != 0;
		}
	}
	*cost = (struct wl_cost){
		.allocs = (double)s->allocs / records,
		.frees = (double)(s->length - s->allocs) / records,
		.visits = visits / records,
		.lines = lines / records,
		/* the record, in a row, and the slot */
		.own_lines = ((double)sizeof(struct kmemscript_event) / (double)re->line + 1) /
			     env->workers,
		.unit = "record",
	};
}

static int replay_validate(const void *params, struct err *e)
{
	const struct replay_params *p = params;
	struct slab_config c;
	struct kmemtrace *t;
	int err;

	if (!*p->trace)
		return err_set(e, -EINVAL,
			       "trace: which file? (--trace FILE, or 'slabscope replay FILE')");
	if (!strcmp(p->trace, "-"))
		return err_set(e, -EINVAL,
			       "trace: every trial reads it anew, so it cannot be standard input; "
			       "'slabscope record --from - --output FILE' makes a file of it");
	err = kmemtrace_open(&t, p->trace, p->partial, e);
	if (!err)
		kmemtrace_close(t);
	if (!err && by_cache(p) && (err = slab_config_read_cache(&c, p->cache_toggles, "", e)) > 0)
		err = 0;
	return err;
}

const struct workload workload_replay = {
	.name = "replay",
	.help = "allocations and frees that a real kernel recorded, in their order",
	.doc = "Stands for itself: a trace of kmem_cache_alloc and kmem_cache_free, with its caches,\n"
	       "sizes, CPUs, lifetimes and peaks. Records of CPU c are done by worker c modulo\n"
	       "workers; order is kept for each object, and one worker keeps it whole. Objects that\n"
	       "the trace leaves live are freed at its end, and it begins anew. What the recorded\n"
	       "programs did to their objects the trace does not say: `touch` lines of each are\n"
	       "written when it comes, and the first is read when it goes. Stresses many caches at\n"
	       "once, real mixtures of lifetimes, and with several workers frees by other CPUs.",
	.opts = replay_opts,
	.params_size = sizeof(struct replay_params),
	.setup = replay_setup,
	.setup_worker = replay_setup_worker,
	.step = { replay_step_table, replay_step_direct },
	.timed = { replay_step_table_timed, replay_step_direct_timed },
	.verify = replay_verify,
	.teardown = replay_teardown,
	.cost = replay_cost,
	.validate = replay_validate,
};
