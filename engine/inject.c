/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Failure injection: one function that every allocation point asks. */
#include "engine/internal.h"
#include "lib/rng.h"

/* Passage @n of a seeded coin: stateless, so that a run can be repeated whatever the threads did. */
static int coin(uint64_t seed, uint64_t n, double prob)
{
	struct rng r;

	rng_seed(&r, seed ^ (n * 0x9E3779B97F4A7C15u));
	return rng_double(&r) < prob;
}

static int inject_cache(struct kmem_cache_core *core, const struct slab_config *c,
			enum slab_fail_point point)
{
	uint64_t n, done;
	int hit;

	if (c->fail == FAIL_OFF || (c->fail_point != FAIL_ANY && c->fail_point != (unsigned)point))
		return 0;
	n = atomic_fetch_add(&core->fail_seen, 1) + 1;
	hit = c->fail == FAIL_NTH ? n % c->fail_nth == 0 : coin(c->seed, n, c->fail_prob);
	if (!hit)
		return 0;
	do {
		done = atomic_load(&core->fail_done);
		if (c->fail_times && done >= c->fail_times)
			return 0;
	} while (!atomic_compare_exchange_weak(&core->fail_done, &done, done + 1));
	return 1;
}

int inject(struct kmem_system *s, struct kmem_cache_core *core, enum slab_fail_point point)
{
	uint64_t at = atomic_load_explicit(&s->fail_at, memory_order_relaxed);
	const struct kmem_conf *conf = core ? core_conf(core) : NULL;

	if (at && atomic_fetch_add(&s->fail_seen, 1) + 1 == at)
		return 1;
	return conf ? inject_cache(core, &conf->config, point) : 0;
}

void *meta_alloc_injected(struct kmem_system *s, struct kmem_cache_core *core, size_t size)
{
	return inject(s, core, FAIL_ARRAY) ? NULL : meta_alloc(s->meta, size);
}

uint64_t kmem_system_fail_at(struct kmem_system *s, uint64_t at)
{
	uint64_t seen = atomic_exchange(&s->fail_seen, 0);

	atomic_store(&s->fail_at, at);
	return seen;
}
