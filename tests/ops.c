/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations: see ops.h. */
#include "tests/ops.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/ops_impl.h"

/* ---- where choices come from ---- */

void ops_source_bytes(struct ops_source *in, const uint8_t *data, size_t len)
{
	memset(in, 0, sizeof(*in));
	in->data = data;
	in->len = len;
}

void ops_source_seed(struct ops_source *in, uint64_t seed)
{
	memset(in, 0, sizeof(*in));
	in->seed = seed;
	rng_seed(&in->rng, seed);
}

uint64_t ops_pick(struct ops_source *in, uint64_t n)
{
	unsigned bytes = n <= 256 ? 1 : n <= 65536 ? 2 : 4;
	uint64_t v = 0;

	if (!in->data)
		return rng_below(&in->rng, n);
	while (bytes--)
		v = v << 8 | (in->at < in->len ? in->data[in->at++] : 0);
	return v % n;
}

int ops_dry(const struct ops_source *in)
{
	return in->data && in->at == in->len;
}

/* ---- what may be expected of an allocation ---- */

/* The node that @pool's placement wants now: -1 any (or one of *mask). */
static int wanted_node(struct ops *o, const struct ops_pool *pool, uint64_t *mask, int *strict)
{
	unsigned here = ops_here(o);
	uint8_t weight[KMEM_MAX_NODES];

	*mask = ~UINT64_C(0);
	*strict = 0;
	switch (pool->config.placement) {
	case PLACE_LOCAL:
		return (int)here;
	case PLACE_BIND:
		*strict = 1;
		return (int)pool->config.place_node;
	case PLACE_PREFERRED:
		return (int)pool->config.place_node;
	case PLACE_FARTHEST:
		return o->s->zonelist[here][o->nodes - 1];
	case PLACE_WEIGHTED:
		if (slab_config_weights(&pool->config, o->nodes, weight, NULL))
			ops_fail(o, "weights in force do not parse");
		*mask = 0;
		for (unsigned i = 0; i < o->nodes; i++)
			*mask |= (uint64_t)(weight[i] > 0) << i;
	}
	return -1;
}

struct expected {
	uint64_t failures[KMEM_MAX_NODES]; /* of each node's pages, before */
	uint64_t mask;
	int node, strict;
};

static uint64_t node_failures(struct ops *o, unsigned node)
{
	struct pages_stats st;

	pages_node_stats(o->s->pages, node, &st);
	return st.failures;
}

static void expect_node(struct ops *o, const struct ops_pool *pool, int node, unsigned flags,
			struct expected *x)
{
	x->node = wanted_node(o, pool, &x->mask, &x->strict);
	if (node >= 0) {
		x->node = node;
		x->strict = 0;
		x->mask = ~UINT64_C(0);
	}
	if (flags & KMEM_THISNODE)
		x->strict = 1;
	for (unsigned i = 0; i < o->nodes; i++)
		x->failures[i] = node_failures(o, i);
}

static int injected(const struct ops *o, const struct ops_pool *pool)
{
	return o->injecting || pool->config.fail != FAIL_OFF || o->pool[0].config.fail != FAIL_OFF;
}

/* Node @n could not give pages since expect_node(). */
static int was_full(struct ops *o, const struct expected *x, unsigned n)
{
	return node_failures(o, n) > x->failures[n];
}

static void check_null(struct ops *o, const struct ops_pool *pool, const struct expected *x)
{
	int full = 0;

	o->st->nulls++;
	if (injected(o, pool)) {
		o->st->injected++;
		return;
	}
	for (unsigned i = 0; i < o->nodes; i++)
		full |= was_full(o, x, i) && (!x->strict || x->node < 0 || x->node == (int)i);
	if (!full)
		ops_fail(o, "NULL, though no node was full");
}

static void check_node(struct ops *o, const struct ops_pool *pool, const struct expected *x,
		       const void *p)
{
	unsigned got = kmem_obj_node(o->s, p);
	int full = 0;

	if (x->node == (int)got || (x->node < 0 && !x->strict && (x->mask >> got & 1)))
		return;
	if (x->strict && x->node >= 0)
		ops_fail(o, "node %u instead of %d, which was bound", got, x->node);
	if (x->node < 0 &&
	    x->strict) /* interleaved, and no fallback: any node that the policy may choose */
		full = (int)(x->mask >> got & 1);
	for (unsigned i = 0; i < o->nodes; i++)
		full |= was_full(o, x, i) &&
			(x->node < 0 ? (int)(x->mask >> i & 1) : x->node == (int)i);
	if (!full && !injected(o, pool))
		ops_fail(o, "node %u instead of %d, which was not full", got, x->node);
}

/* ---- allocations ---- */

static unsigned pick_flags(struct ops *o)
{
	return (ops_pick(o->in, 6) ? 0 : KMEM_ZERO) | (ops_pick(o->in, 8) ? 0 : KMEM_THISNODE);
}

static void op_alloc(struct ops *o, struct ops_pool *pool)
{
	unsigned flags = pick_flags(o), how = (unsigned)ops_pick(o->in, 8);
	struct expected x;
	int node = -1;
	void *p;

	o->what = "alloc";
	if (how == 0) {
		node = (int)ops_pick(o->in, o->nodes + 1) - 1;
		o->what = "alloc_node";
	} else if (how == 1) {
		flags = KMEM_ZERO;
		o->what = "zalloc";
	}
	expect_node(o, pool, node, flags, &x);
	if (how == 0)
		p = kmem_cache_alloc_node(pool->cache, flags, node);
	else if (how == 1)
		p = kmem_cache_zalloc(pool->cache);
	else
		p = kmem_cache_alloc(pool->cache, flags);
	o->st->allocs++;
	if (!p) {
		check_null(o, pool, &x);
		return;
	}
	check_node(o, pool, &x, p);
	shadow_take(o, pool, p, pool->size, flags & KMEM_ZERO);
	if (kmem_cache_of(o->s, p) != pool->cache)
		ops_fail(o, "%p is said to be of another cache", p);
}

static void op_alloc_bulk(struct ops *o, struct ops_pool *pool)
{
	unsigned most = pool->size > 4096 ? 6 : 70, n = (unsigned)ops_pick(o->in, most),
		 flags = pick_flags(o);
	struct expected x;
	void *p[70];
	size_t got;

	o->what = "alloc_bulk";
	expect_node(o, pool, -1, flags, &x);
	got = kmem_cache_alloc_bulk(pool->cache, flags, n, p);
	o->st->allocs++;
	if (got != n && got)
		ops_fail(o, "%zu of %u objects: all or none was promised", got, n);
	if (!got && n)
		check_null(o, pool, &x);
	for (size_t i = 0; i < got; i++) {
		check_node(o, pool, &x, p[i]);
		shadow_take(o, pool, p[i], pool->size, flags & KMEM_ZERO);
	}
}

static void op_free(struct ops *o, struct ops_pool *pool)
{
	o->what = "free";
	if (!ops_pick(o->in, 500))
		kmem_cache_free(pool->cache, NULL);
	if (!pool->n)
		return;
	o->st->frees++;
	kmem_cache_free(pool->cache, shadow_give(o, pool, ops_pick(o->in, pool->n)));
}

static void op_free_bulk(struct ops *o, struct ops_pool *pool)
{
	unsigned n = (unsigned)ops_pick(o->in, 70);
	void *p[70];

	o->what = "free_bulk";
	if (n > pool->n)
		n = (unsigned)pool->n;
	for (unsigned i = 0; i < n; i++)
		p[i] = shadow_give(o, pool, ops_pick(o->in, pool->n));
	o->st->frees += n;
	kmem_cache_free_bulk(pool->cache, n, p);
}

static void op_kmalloc(struct ops *o)
{
	size_t size = ops_size(o->in), holds;
	unsigned flags = pick_flags(o);
	struct ops_pool *pool = &o->pool[0];
	struct expected x;
	void *p;

	o->what = "kmalloc";
	if (!ops_pick(o->in, 100)) {
		size = ops_pick(o->in, 2) ? 0 : KMALLOC_MAX_SIZE + 1u;
		p = kmem_kmalloc(o->s, size, flags);
		if (p != (size ? NULL : KMEM_ZERO_SIZE_PTR))
			ops_fail(o, "kmalloc(%zu) is %p", size, p);
		kmem_kfree(o->s, p);
		return;
	}
	expect_node(o, pool, -1, flags, &x);
	p = kmem_kmalloc(o->s, size, flags);
	o->st->allocs++;
	if (!p) {
		check_null(o, pool, &x);
		return;
	}
	holds = kmem_ksize(o->s, p);
	if (holds < size || holds != kmalloc_size_for((unsigned)size, o->s->machine.cache_line))
		ops_fail(o, "kmalloc(%zu) from a cache of %zu", size, holds);
	check_node(o, pool, &x, p);
	pool->align = ops_promised_align(o, &pool->config, (unsigned)holds);
	shadow_take(o, pool, p, (uint32_t)size, flags & KMEM_ZERO);
}

static void op_kfree(struct ops *o)
{
	struct ops_pool *pool = &o->pool[0];

	o->what = "kfree";
	if (!pool->n)
		return;
	o->st->frees++;
	kmem_kfree(o->s, shadow_give(o, pool, ops_pick(o->in, pool->n)));
}

static void op_verify(struct ops *o, struct ops_pool *pool)
{
	o->what = "verify";
	if (pool->n)
		shadow_verify(o, &pool->live[ops_pick(o->in, pool->n)]);
}

/* ---- CPUs ---- */

/* On to another CPU: a slot (also one that is none of this system's), or really another one under rseq. */
static void op_cpu(struct ops *o)
{
	cpu_set_t set;
	int slot;

	o->what = "cpu";
	if (!o->rseq) {
		slot = (int)ops_pick(o->in, o->cpus + 1) - 1;
		if (!ops_pick(o->in, 30))
			slot = (int)o->s->nr_slots + 1;
		if (kmem_thread_bind(slot))
			ops_fail(o, "cannot be CPU %d", slot);
		return;
	}
	CPU_ZERO(&set);
	CPU_SET(o->cpu[ops_pick(o->in, o->cpus)], &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		ops_fail(o, "cannot move to another CPU");
}

unsigned ops_here(struct ops *o)
{
	int cpu = kmem_thread_cpu(o->s);

	return cpu < 0 ? 0 : o->s->machine.cpu_node[(unsigned)cpu % o->s->machine.nr_cpus];
}

/* ---- one operation ---- */

static struct ops_pool *some_pool(struct ops *o)
{
	unsigned at = (unsigned)ops_pick(o->in, OPS_POOLS - 1);

	for (unsigned i = 0; i < OPS_POOLS - 1; i++) {
		struct ops_pool *pool = &o->pool[1 + (at + i) % (OPS_POOLS - 1)];

		if (pool->cache)
			return pool;
	}
	return NULL;
}

static void pool_op(struct ops *o, struct ops_pool *pool, uint64_t what)
{
	/* enough is enough: then whatever wants more gives something back */
	int enough = o->live_bytes > (16u << 20) || pool->n > 2500;

	/* tides: sometimes most give, sometimes most take */
	if (o->done % 512 == 0)
		o->tide = 250 + 125 * (unsigned)ops_pick(o->in, 4);
	if (what < o->tide)
		enough ? op_free_bulk(o, pool) : op_alloc(o, pool);
	else if (what < 740)
		op_free(o, pool);
	else if (what < 780)
		enough ? op_free_bulk(o, pool) : op_alloc_bulk(o, pool);
	else if (what < 820)
		op_free_bulk(o, pool);
	else
		op_verify(o, pool);
}

static void one(struct ops *o)
{
	struct ops_pool *pool = some_pool(o);
	uint64_t what = ops_pick(o->in, 1000);

	o->done++;
	if (what < 840 && pool)
		pool_op(o, pool, what);
	else if (what < 880)
		o->live_bytes > (16u << 20) ? op_kfree(o) : op_kmalloc(o);
	else if (what < 915)
		op_kfree(o);
	else if (what < 960)
		op_cpu(o);
	else
		ops_rare(o, pool);
}

void ops_run(struct ops_source *in, uint64_t most, struct ops_stats *st)
{
	struct ops o = { .in = in, .st = st, .what = "create" };

	ops_begin(&o);
	while (o.done < most && !ops_dry(in))
		one(&o);
	ops_end(&o);
	st->ops += o.done;
}
