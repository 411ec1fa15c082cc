/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before and after the loops of walk_step.c; see walk.h. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "workloads/walk.h"

const char *const walk_kind_names[] = { "list", "hash", "tree", NULL };
const char *const walk_pattern_names[] = { "in-order", "random", NULL };

/* ---- the shape, by keys ---- */

static void list_shape(struct walk_set *s, uint64_t n)
{
	s->root_key[0] = 0;
	for (uint64_t k = 0; k + 1 < n; k++)
		s->a[k] = (uint32_t)(k + 1);
}

/* Each one at the head of its chain. */
static void hash_shape(struct walk_set *s, uint64_t n, unsigned shift)
{
	for (uint64_t k = 0; k < n; k++) {
		uint64_t bucket = walk_bucket(k, shift);

		s->a[k] = s->root_key[bucket];
		s->root_key[bucket] = (uint32_t)k;
	}
}

/* Keys lo .. hi-1: the middle one, and both halves below it. */
static uint32_t tree_shape(struct walk_set *s, uint64_t lo, uint64_t hi)
{
	uint64_t mid = lo + (hi - lo) / 2;

	if (lo == hi)
		return WALK_NONE;
	s->a[mid] = tree_shape(s, lo, mid);
	s->b[mid] = tree_shape(s, mid + 1, hi);
	return (uint32_t)mid;
}

/* Visits to find all below @key once, @key itself being visit number @depth. */
static uint64_t path_below(const struct walk_set *s, uint32_t key, uint64_t depth)
{
	uint64_t sum = 0;

	for (; key != WALK_NONE; key = s->a[key], depth++) /* chains are long, trees are not deep */
		sum += depth + path_below(s, s->b[key], depth + 1);
	return sum;
}

static uint64_t path_of(const struct walk_set *s, unsigned kind, uint64_t n)
{
	uint64_t sum = 0;

	for (uint64_t i = 0; i < s->roots && kind != WALK_LIST; i++)
		sum += path_below(s, s->root_key[i], 1);
	return kind == WALK_LIST ? n : sum;
}

static int make_shape(struct walk_set *s, const struct walk_params *p, unsigned shift,
		      struct err *e)
{
	s->roots = p->kind == WALK_HASH && shift < 64 ? UINT64_C(1) << (64 - shift) : 1;
	s->root = calloc(s->roots, sizeof(*s->root));
	s->root_key = malloc(s->roots * sizeof(*s->root_key));
	s->node = calloc(p->n, sizeof(*s->node));
	s->a = malloc(p->n * sizeof(*s->a));
	s->b = malloc(p->n * sizeof(*s->b));
	if (!s->root || !s->root_key || !s->node || !s->a || !s->b)
		return err_set(e, -ENOMEM, "no memory for %" PRIu64 " objects", p->n);
	for (uint64_t i = 0; i < s->roots; i++)
		s->root_key[i] = WALK_NONE;
	for (uint64_t k = 0; k < p->n; k++)
		s->a[k] = s->b[k] = WALK_NONE;
	if (p->kind == WALK_LIST)
		list_shape(s, p->n);
	else if (p->kind == WALK_HASH)
		hash_shape(s, p->n, shift);
	else
		s->root_key[0] = tree_shape(s, 0, p->n);
	return 0;
}

/* ---- before ---- */

int walk_setup(struct wl_env *env, struct err *e)
{
	const struct walk_params *p = env->params;

	env->priv = calloc(1, sizeof(struct walk_env));
	if (!env->priv)
		return err_set(e, -ENOMEM, "no memory");
	if (env->ops->aliases)
		return err_set(
			e, -ENOTSUP,
			"objects point to each other, and those of allocator %s share memory",
			env->ops->name);
	return wl_cache_create(env, "walk", p->object_size, e);
}

static struct walk_node *node_of(const struct walk_set *s, uint32_t key)
{
	return key == WALK_NONE ? NULL : s->node[key];
}

static int make_objects(struct wl_env *env, struct wl_worker *w, const uint32_t *order,
			struct err *e)
{
	const struct walk_params *p = env->params;
	struct walk_worker *ww = w->priv;
	struct walk_set *s = &ww->set;

	for (uint64_t i = 0; i < p->n; i++) {
		char *obj = env->ops->alloc(&env->cache[0]);

		if (!obj)
			return err_set(e, -ENOMEM, "no memory for object %" PRIu64 " of %" PRIu64,
				       i, p->n);
		s->node[order[i]] = (struct walk_node *)(void *)(obj + p->hot_offset);
		walk_node_init(s->node[order[i]], s->stamp_key, order[i], ww->words);
	}
	for (uint64_t k = 0; k < p->n; k++) {
		s->node[k]->a = node_of(s, s->a[k]);
		s->node[k]->b = node_of(s, s->b[k]);
	}
	for (uint64_t i = 0; i < s->roots; i++)
		s->root[i] = node_of(s, s->root_key[i]);
	return 0;
}

/* Bits of the number of buckets so that each has @load objects or less. */
static unsigned bucket_shift(const struct walk_params *p)
{
	unsigned shift = 64;

	while (p->n > (uint64_t)p->load << (64 - shift))
		shift--;
	return shift;
}

int walk_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e)
{
	const struct walk_params *p = env->params;
	struct walk_env *we = env->priv;
	struct walk_worker *ww = calloc(1, sizeof(*ww));
	uint32_t *order;
	int err;

	if (!ww)
		return err_set(e, -ENOMEM, "no memory");
	w->priv = ww;
	ww->n = p->n;
	ww->words = (p->hot - sizeof(struct walk_node)) / sizeof(uint64_t);
	ww->offset = p->hot_offset;
	ww->shift = bucket_shift(p);
	ww->set.stamp_key = rng_u64(&w->rng);
	err = make_shape(&ww->set, p, ww->shift, e);
	if (err)
		return err;
	ww->now = &ww->set;
	ww->whose = w->id;
	ww->link = &ww->set.root[0];
	if (!w->id)
		we->path = path_of(&ww->set, p->kind, p->n);
	order = malloc(p->n * sizeof(*order));
	if (!order)
		return err_set(e, -ENOMEM, "no memory for %" PRIu64 " objects", p->n);
	for (uint64_t i = 0; i < p->n; i++)
		order[i] = (uint32_t)i;
	if (p->pattern == WALK_RANDOM)
		rng_shuffle(&w->rng, order, p->n, sizeof(*order));
	err = make_objects(env, w, order, e);
	free(order);
	return err;
}

/* ---- after ---- */

static int verify_node(struct wl_worker *w, const struct walk_worker *ww, uint32_t key,
		       struct err *e)
{
	const struct walk_set *s = &ww->set;
	struct walk_node *node = s->node[key];
	uint64_t stamp = wl_stamp(s->stamp_key, key, node), i = 0;

	while (i < ww->words && WL_READ(walk_words(node) + i) == stamp + 1 + i)
		i++;
	if (node->key == key && node->stamp == stamp && i == ww->words &&
	    node->a == node_of(s, s->a[key]) && node->b == node_of(s, s->b[key]))
		return 0;
	return err_set(e, -EILSEQ,
		       "worker %u, object %p of key %" PRIu32
		       ": key, links, stamp or hot words are not as they were written: it was "
		       "damaged or handed out twice",
		       w->id, (void *)node, key);
}

int walk_verify(struct wl_env *env, struct err *e)
{
	const struct walk_params *p = env->params;

	for (unsigned id = 0; id < env->workers; id++) {
		struct wl_worker *w = &env->worker[id];
		const struct walk_worker *ww = w->priv;
		const struct walk_set *s = &ww->set;
		uint64_t moves = p->move && w->ops ? (w->ops - 1) / p->move : 0;

		if (ww->whose != (id + moves) % env->workers)
			return err_set(e, -EILSEQ, "worker %u: not where it should have moved to",
				       id);
		for (uint64_t k = 0; k < p->n; k++) {
			int err = verify_node(w, ww, (uint32_t)k, e);

			if (err)
				return err;
		}
		for (uint64_t i = 0; i < s->roots; i++)
			if (s->root[i] != node_of(s, s->root_key[i]))
				return err_set(e, -EILSEQ, "worker %u: head %" PRIu64 " is wrong",
					       id, i);
	}
	return 0;
}

void walk_teardown(struct wl_env *env)
{
	for (unsigned id = 0; id < env->workers; id++) {
		struct walk_worker *ww = env->worker[id].priv;
		struct walk_set *s = ww ? &ww->set : NULL;

		if (!ww)
			continue;
		for (uint64_t k = 0; s->node && k < ww->n; k++)
			if (s->node[k])
				env->ops->free(&env->cache[0], (char *)s->node[k] - ww->offset);
		free(s->root);
		free(s->root_key);
		free(s->node);
		free(s->a);
		free(s->b);
		free(ww);
		env->worker[id].priv = NULL;
	}
	wl_caches_destroy(env);
	free(env->priv);
	env->priv = NULL;
}

/* ---- what is known beforehand ---- */

void walk_cost(const struct wl_env *env, struct wl_cost *cost)
{
	const struct walk_params *p = env->params;
	const struct walk_env *we = env->priv;
	double visits = (double)we->path / (double)p->n, turnover = p->turnover / 100.0;
	size_t line = env->machine->cache_line;
	/* of an object that begins with a line */
	size_t whole = (p->hot_offset % line + p->hot - 1) / line + 1;
	double lines = (double)whole;

	*cost = (struct wl_cost){
		.allocs = turnover,
		.frees = turnover,
		.visits = visits + turnover, /* a new one is written */
		.lines = visits - 1 + lines * (1 + turnover),
		/* the bucket; where a new object is noted */
		.own_lines = (p->kind == WALK_HASH ? 1 : 0) + turnover,
		.unit = p->kind == WALK_LIST ? "visit" : "look-up",
	};
}

int walk_validate(const void *params, struct err *e)
{
	const struct walk_params *p = params;

	if (p->hot_offset % sizeof(uint64_t) || p->hot % sizeof(uint64_t))
		return err_set(e, -EINVAL, "hot, hot_offset: multiples of %zu are needed",
			       sizeof(uint64_t));
	if (p->hot_offset + p->hot > p->object_size)
		return err_set(e, -EINVAL,
			       "hot: %" PRIu64 " bytes at %" PRIu64
			       " do not fit an object of %" PRIu64,
			       p->hot, p->hot_offset, p->object_size);
	if (p->move && p->turnover)
		return err_set(e, -EINVAL,
			       "move: objects that others look at cannot be replaced; use "
			       "turnover=0");
	return 0;
}

uint64_t walk_memory(const void *params, const struct slab_config *c)
{
	const struct walk_params *p = params;

	(void)c;
	return p->n * (p->object_size + sizeof(void *) + 3 * sizeof(uint32_t));
}
