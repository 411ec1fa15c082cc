/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hot-header: the case that slab colouring was made for.
 *
 * Each worker visits `n` live objects, over and over, always at the same offset: a list head, a
 * lock, a state word. The objects lie one in each slab (or as many as `slabs` asks), all at the
 * same place in their slab. Slabs start at page boundaries, so without colour all hot lines fall into
 * the same set of an L1 whose way is a page, and at most `ways` of them stay there: with k colours the
 * cliff is at n = ways x k.
 *
 * How a slab's object is chosen: fill many slabs, keep objects 0, 1, ... of the first `slabs` slabs
 * in the order that they were grown in (so colours come out as the allocator dealt them), give the
 * others back. Where slabs are unknown (peers), fill n x k objects, k = page / size, and keep every
 * k-th by address: about one in each page, at whatever offsets the peer's size class makes.
 *
 * Hot line l of an object:
 *
 *	obj + hot_offset + l * line:	word 0 (hot)			word 1
 *		load			a random value			stamp
 *		rmw			a random value + visits		stamp
 *		chase, l == 0		-> next object's hot word	stamp
 *		chase, l > 0		a random value			stamp
 *
 * The order of visits is drawn once. A chase finds it in the objects themselves: successive objects
 * of a random permutation, linked, are one random cycle. Independent visits need it from elsewhere:
 * an array of 32-bit offsets, one cache line per 16 visits with 64-byte lines, read in a row, that
 * begins half a page away from the first hot line so that it meets uncoloured hot lines late. It is
 * counted as own_lines.
 *
 * Invariants, after V operations of a worker: hot word j holds value_j + V/n + (j < V%n ? 1 : 0)
 * (rmw); sum == V/n * (sum of values) + sum of the first V%n (load; chase: of lines l > 0); the
 * chase's cursor stands at object V%n. verify() checks them, so a visit that did not happen is
 * found.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/hot_header.h"
#include "workloads/workload.h"

static const char *const access_names[] = { "load", "rmw", "chase", NULL };
static const char *const pattern_names[] = { "in-order", "random", NULL };

#define FIELD(f) .offset = offsetof(struct hot_params, f)
static const struct opt hot_opts[] = {
	{ .name = "n",
	  .type = OPT_U64,
	  FIELD(n),
	  .min = 1,
	  .max = 1u << 26,
	  .unit = "objects",
	  .def = "64",
	  .help = "live hot objects of each worker" },
	{ .name = "object_size",
	  .type = OPT_SIZE,
	  FIELD(object_size),
	  .min = 16,
	  .max = KMALLOC_MAX_SIZE,
	  .unit = "bytes",
	  .def = "256",
	  .help = "size of each object" },
	{ .name = "slabs",
	  .type = OPT_U64,
	  FIELD(slabs),
	  .min = 1,
	  .max = 1u << 26,
	  .unit = "slabs",
	  .def = "auto",
	  .flags = OPT_AUTO,
	  .help = "slabs that the objects are spread over; auto: one for each object" },
	{ .name = "access",
	  .type = OPT_ENUM,
	  FIELD(access),
	  .names = access_names,
	  .def = "chase",
	  .help = "what a visit does: load, read-modify-write, or load what the next one waits for" },
	{ .name = "pattern",
	  .type = OPT_ENUM,
	  FIELD(pattern),
	  .names = pattern_names,
	  .def = "random",
	  .help = "order of visits: by address, or one random order repeated" },
	{ .name = "lines",
	  .type = OPT_UINT,
	  FIELD(lines),
	  .min = 1,
	  .max = 1u << 16,
	  .unit = "lines",
	  .def = "1",
	  .help = "cache lines of each object that a visit touches" },
	{ .name = "hot_offset",
	  .type = OPT_SIZE,
	  FIELD(hot_offset),
	  .max = KMALLOC_MAX_SIZE,
	  .unit = "bytes",
	  .def = "0",
	  .help = "where in the object the first hot word lies; a multiple of 8" },
	{ .name = NULL },
};

/* ---- set-up ---- */

static int hot_setup(struct wl_env *env, struct err *e)
{
	const struct hot_params *p = env->params;
	struct hot_env *he = calloc(1, sizeof(*he));

	if (!he)
		return err_set(e, -ENOMEM, "no memory");
	env->priv = he;
	he->line = env->machine->cache_line;
	he->page = env->machine->page_size;
	he->lines = p->lines;
	if (p->hot_offset + (p->lines - 1) * he->line + 2 * sizeof(uint64_t) > p->object_size)
		return err_set(e, -EINVAL,
			       "object_size: %" PRIu64
			       " bytes are too few for %u hot lines of %zu bytes at %" PRIu64,
			       p->object_size, p->lines, he->line, p->hot_offset);
	return wl_cache_create(env, "hot-header", p->object_size, e);
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t) * (char *const *)a, y = (uintptr_t) * (char *const *)b;

	return x < y ? -1 : x > y;
}

/* Compact order: offsets from the lowest hot word, in units of what all of them are multiples of.
 * If they are too far apart for 32 bits (nodes lie far from each other), hot[] itself is the order.
 */
static int make_order(const struct hot_env *he, struct hot_worker *hw, struct err *e)
{
	uintptr_t low = UINTPTR_MAX, high = 0, bits = 0;
	size_t start;

	for (uint64_t i = 0; i < hw->n; i++) {
		uintptr_t a = (uintptr_t)hw->hot[i];

		low = a < low ? a : low;
		high = a > high ? a : high;
	}
	for (uint64_t i = 0; i < hw->n; i++)
		bits |= (uintptr_t)hw->hot[i] - low;
	hw->base = (char *)low;
	hw->shift = bits ? (unsigned)__builtin_ctzl(bits) : 0;
	if ((high - low) >> hw->shift > UINT32_MAX)
		return 0;
	start = (low + he->page / 2) % he->page / he->line * he->line;
	if (posix_memalign(&hw->order_mem, he->page, start + hw->n * sizeof(uint32_t)))
		return err_set(e, -ENOMEM, "no memory for the order of %" PRIu64 " visits", hw->n);
	hw->order = (uint32_t *)((char *)hw->order_mem + start);
	for (uint64_t i = 0; i < hw->n; i++)
		hw->order[i] = (uint32_t)(((uintptr_t)hw->hot[i] - low) >> hw->shift);
	return 0;
}

/* What every word of every hot line starts as. */
static void fill_objects(const struct hot_env *he, struct hot_worker *hw, struct rng *rng,
			 unsigned access)
{
	hw->key = rng_u64(rng);
	for (uint64_t i = 0; i < hw->n; i++)
		for (unsigned l = 0; l < he->lines; l++) {
			char *p = hw->hot[i] + l * he->line;

			WL_WRITE(p, hot_value(hw, i, l));
			WL_WRITE(p + sizeof(uint64_t), hot_stamp(hw, p));
		}
	if (access != HOT_CHASE)
		return;
	for (uint64_t i = 0; i < hw->n; i++)
		WL_WRITE(hw->hot[i], (uintptr_t)hw->hot[i + 1 == hw->n ? 0 : i + 1]);
}

static int hot_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct hot_params *p = env->params;
	const struct hot_env *he = env->priv;
	struct hot_worker *hw = calloc(1, sizeof(*hw));
	int err;

	if (!hw)
		return err_set(e, -ENOMEM, "no memory");
	w->priv = hw;
	hw->hot = calloc(p->n, sizeof(*hw->hot));
	if (!hw->hot)
		return err_set(e, -ENOMEM, "no memory for %" PRIu64 " objects", p->n);
	err = hot_choose(env, hw, e);
	if (err)
		return err;
	for (uint64_t i = 0; i < hw->n; i++)
		hw->hot[i] += p->hot_offset;
	qsort(hw->hot, hw->n, sizeof(*hw->hot), by_address);
	if (p->pattern == HOT_RANDOM)
		rng_shuffle(&w->rng, hw->hot, hw->n, sizeof(*hw->hot));
	fill_objects(he, hw, &w->rng, p->access);
	hw->cursor = hw->hot[0];
	return p->access == HOT_CHASE ? 0 : make_order(he, hw, e);
}

static int hot_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	struct hot_worker *hw = w->priv;

	(void)e;
	while (hw->nr_surplus)
		env->ops->free(&env->cache[0], hw->surplus[--hw->nr_surplus]);
	free(hw->surplus);
	hw->surplus = NULL;
	return 0;
}

/* ---- afterwards ---- */

static int verify_line(const struct hot_params *p, const struct hot_worker *hw,
		       const struct wl_worker *w, uint64_t i, unsigned l, size_t line,
		       struct err *e)
{
	const char *at = hw->hot[i] + l * line;
	uint64_t is = WL_READ(at), should = hot_value(hw, i, l);

	if (WL_READ(at + sizeof(uint64_t)) != hot_stamp(hw, at))
		return err_set(e, -EILSEQ,
			       "worker %u: the stamp of object %" PRIu64 ", line %u at %p is gone",
			       w->id, i, l, (const void *)at);
	if (p->access == HOT_RMW)
		should += w->ops / hw->n + (i < w->ops % hw->n);
	else if (p->access == HOT_CHASE && l == 0)
		should = (uintptr_t)hw->hot[i + 1 == hw->n ? 0 : i + 1];
	if (is != should)
		return err_set(e, -EILSEQ,
			       "worker %u: object %" PRIu64 ", line %u at %p holds %016" PRIx64
			       ", not %016" PRIx64 " after %" PRIu64 " visits",
			       w->id, i, l, (const void *)at, is, should, w->ops);
	return 0;
}

/* What all loads of the worker must have added up to. */
static uint64_t expected_sum(const struct hot_params *p, const struct hot_env *he,
			     const struct hot_worker *hw, uint64_t ops)
{
	uint64_t sum = 0;

	if (p->access == HOT_RMW)
		return 0;
	for (uint64_t i = 0; i < hw->n; i++)
		for (unsigned l = p->access == HOT_CHASE; l < he->lines; l++)
			sum += hot_value(hw, i, l) * (ops / hw->n + (i < ops % hw->n));
	return sum;
}

static int hot_verify(struct wl_env *env, struct err *e)
{
	const struct hot_params *p = env->params;
	const struct hot_env *he = env->priv;

	for (unsigned id = 0; id < env->workers; id++) {
		const struct wl_worker *w = &env->worker[id];
		const struct hot_worker *hw = w->priv;
		uint64_t at = w->ops % hw->n;

		for (uint64_t i = 0; i < hw->n; i++)
			for (unsigned l = 0; l < he->lines; l++) {
				int err = verify_line(p, hw, w, i, l, he->line, e);

				if (err)
					return err;
			}
		if (hw->sum != expected_sum(p, he, hw, w->ops))
			return err_set(e, -EILSEQ,
				       "worker %u: what was read does not add up after %" PRIu64
				       " visits",
				       id, w->ops);
		if (p->access == HOT_CHASE ? hw->cursor != hw->hot[at] : hw->pos != at)
			return err_set(e, -EILSEQ,
				       "worker %u: %" PRIu64
				       " visits do not end at object %" PRIu64,
				       id, w->ops, at);
	}
	return 0;
}

static void hot_teardown(struct wl_env *env)
{
	const struct hot_params *p = env->params;

	for (unsigned id = 0; id < env->workers; id++) {
		struct hot_worker *hw = env->worker[id].priv;

		if (!hw)
			continue;
		hot_settle_worker(env, &env->worker[id], NULL);
		for (uint64_t i = 0; i < hw->n; i++)
			env->ops->free(&env->cache[0], hw->hot[i] - p->hot_offset);
		free(hw->hot);
		free(hw->order_mem);
		free(hw);
		env->worker[id].priv = NULL;
	}
	wl_caches_destroy(env);
	free(env->priv);
	env->priv = NULL;
}

static void hot_cost(const struct wl_env *env, struct wl_cost *cost)
{
	const struct hot_params *p = env->params;
	const struct hot_env *he = env->priv;
	const struct hot_worker *hw = env->worker[0].priv;
	double entry = p->access == HOT_CHASE ? 0 :
		       hw && hw->order	      ? sizeof(uint32_t) :
						sizeof(char *);

	*cost = (struct wl_cost){
		.visits = 1,
		.lines = p->lines,
		.own_lines = entry / (double)he->line,
		.waiting = p->access == HOT_CHASE, /* the link; other lines of the object do not */
		.unit = "visit",
	};
}

static int hot_validate(const void *params, struct err *e)
{
	const struct hot_params *p = params;

	if (p->hot_offset % sizeof(uint64_t))
		return err_set(e, -EINVAL, "hot_offset: expected a multiple of %zu, got %" PRIu64,
			       sizeof(uint64_t), p->hot_offset);
	if (p->hot_offset + 2 * sizeof(uint64_t) > p->object_size)
		return err_set(e, -EINVAL,
			       "hot_offset: %" PRIu64
			       " leaves no room for two words in an object of %" PRIu64 " bytes",
			       p->hot_offset, p->object_size);
	return 0;
}

static uint64_t hot_memory(const void *params, const struct slab_config *c)
{
	const struct hot_params *p = params;
	uint64_t slabs = p->slabs < p->n ? p->slabs : p->n; /* auto is larger than any n */
	struct slab_geometry_in in;
	struct slab_geometry g;

	slab_geometry_in_init(&in, (unsigned)p->object_size);
	if (slab_geometry(&in, c, &g, NULL))
		return p->n * p->object_size;
	return slabs * ((uint64_t)in.page_size << g.gfporder) +
	       p->n * (sizeof(char *) + sizeof(uint32_t));
}

const struct workload workload_hot_header = {
	.name = "hot-header",
	.help = "visits to the hot line of n live objects, each in a slab of its own",
	.doc = "Stands for structures that are found and locked through one line: inodes,\n"
	       "sockets, page headers, list heads. Nothing is allocated while it is measured.\n"
	       "Without colour the hot lines of all slabs meet in the same cache set; n lines\n"
	       "stay in L1 up to n = ways x colours where one way of L1 is a page. chase shows\n"
	       "the latency of each visit, load what out-of-order execution leaves of it, rmw\n"
	       "what write-backs add. Independent visits read their order from an array of 4\n"
	       "bytes per visit; a chase finds it in the objects. Allocators without slabs\n"
	       "get objects about a page apart.",
	.opts = hot_opts,
	.params_size = sizeof(struct hot_params),
	.setup = hot_setup,
	.setup_worker = hot_setup_worker,
	.settle_worker = hot_settle_worker,
	.step = { hot_step, hot_step },
	.timed = { hot_step_timed, hot_step_timed },
	.verify = hot_verify,
	.teardown = hot_teardown,
	.cost = hot_cost,
	.validate = hot_validate,
	.memory = hot_memory,
};
