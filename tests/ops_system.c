/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Systems and caches come and go: see ops.h. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ops_impl.h"

static void unexpected_report(void *arg, const char *text)
{
	fputs(text, stderr);
	ops_fail(arg, "a report, though nothing was misused");
}

static void construct(void *obj)
{
	const uint64_t mark = OPS_CTOR;

	memcpy(obj, &mark, sizeof(mark));
}

/* Mostly small, seldom large. */
size_t ops_size(struct ops_source *in)
{
	static const unsigned most[] = { 64, 64, 256, 256, 256, 600, 600, 2100, 5000, 20000 };
	unsigned kind = (unsigned)ops_pick(in, 200);

	if (!kind)
		return 1 + ops_pick(in, 600000);
	if (kind < 4)
		return 1 + ops_pick(in, 140000);
	return 1 + ops_pick(in, most[kind % (sizeof(most) / sizeof(most[0]))]);
}

unsigned ops_promised_align(const struct ops *o, const struct slab_config *c, unsigned size)
{
	unsigned align = o->s->machine.cache_line;

	/* 2.6.22: debugging overrules the line, not the caller's alignment */
	if (!c->hwcache_align || (c->rules == RULES_2_6_22 && (c->red_zone || c->store_user)))
		align = 8;
	while (align > 8 && size <= align / 2)
		align /= 2;
	return c->align > align ? c->align : align;
}

void ops_in_force(struct ops *o, struct ops_pool *pool)
{
	struct slab_config plain;
	unsigned align;

	kmem_cache_config(pool->cache, &pool->config);
	align = ops_promised_align(o, &pool->config, pool->size);
	if (align < pool->align) /* and stays so: slabs of that time live on */
		pool->align = align;
	memset(&plain, 0, sizeof(plain));
	opt_defaults(slab_config_opts, &plain);
	for (unsigned i = 0; slab_config_opts[i].name && i < OPS_OPTIONS_MAX; i++)
		o->st->option[i] += !opt_equal(&slab_config_opts[i], &plain, &pool->config);
}

/* ---- caches ---- */

void ops_create(struct ops *o)
{
	struct ops_pool *pool = NULL;
	struct slab_config c;
	struct err e = { "" };
	char name[32];
	int r;

	o->what = "create";
	for (unsigned i = 1; i < OPS_POOLS && !pool; i++)
		if (!o->pool[i].cache)
			pool = &o->pool[i];
	if (!pool)
		return;
	slab_config_profile(&c, slab_profiles[ops_pick(o->in, 3)].name, &e);
	for (uint64_t n = ops_pick(o->in, 4); n; n--)
		ops_toggle(o->in, &c, o->nodes, 1);
	pool->size = (unsigned)ops_size(o->in);
	pool->ctor = pool->size >= sizeof(uint64_t) && !ops_pick(o->in, 3);
	snprintf(name, sizeof(name), "cache-%u", o->names++);
	r = kmem_cache_create(o->s, name, pool->size, &c, pool->ctor ? construct : NULL,
			      &pool->cache, &e);
	if (r) {
		pool->cache = NULL;
		if (!e.text[0])
			ops_fail(o, "create failed (%d) and says nothing", r);
		/* slabs larger than any block, or toggles that do not go together, are refused by name */
		if (r != -EINVAL && r != -E2BIG &&
		    !(r == -ENOMEM &&
		      (o->injecting || c.fail != FAIL_OFF || c.backing == BACKING_HUGETLB)))
			ops_fail(o, "create: %d, %s", r, e.text);
		return;
	}
	if (kmem_cache_create(o->s, name, 8, &c, NULL, &pool->cache, &e) != -EEXIST)
		ops_fail(o, "two caches of one name");
	o->st->creates++;
	pool->align = ~0u;
	ops_in_force(o, pool);
}

static void must_be_busy(struct ops *o, struct ops_pool *pool)
{
	struct err e = { "" };

	if (kmem_cache_destroy(pool->cache, &e) != -EBUSY || !e.text[0])
		ops_fail(o, "a cache with %zu live objects was destroyed", pool->n);
	o->st->destroys_refused++;
}

void ops_destroy(struct ops *o, struct ops_pool *pool)
{
	struct err e = { "" };

	o->what = "destroy";
	if (pool->n)
		must_be_busy(o, pool);
	while (pool->n)
		kmem_cache_free(pool->cache, shadow_give(o, pool, pool->n - 1));
	if (kmem_cache_destroy(pool->cache, &e))
		ops_fail(o, "%s", e.text);
	pool->cache = NULL;
}

/* ---- systems ---- */

/* The first CPUs that we may run on, so that we can really move between them. */
static int native(struct ops *o)
{
	cpu_set_t set;
	struct err e;

	if (kmem_machine_native(o->machine, &e) || o->machine->cpu_source != KMEM_CPU_RSEQ ||
	    sched_getaffinity(0, sizeof(set), &set))
		return -1;
	for (unsigned i = 0; i < CPU_SETSIZE && o->cpus < 64; i++)
		if (CPU_ISSET(i, &set))
			o->cpu[o->cpus++] = (unsigned short)i;
	o->nodes = 1 + (unsigned)ops_pick(o->in, 3);
	return kmem_machine_emulate(o->machine, o->nodes, &e);
}

static void synthetic(struct ops *o)
{
	struct err e;

	o->cpus = 1 + (unsigned)ops_pick(o->in, 6);
	o->nodes = 1 + (unsigned)ops_pick(o->in, 4);
	if (kmem_machine_synthetic(o->machine, o->cpus, o->nodes, &e))
		ops_fail(o, "%s", e.text);
	o->machine->page_size = 4096u << 2 * ops_pick(o->in, 3);
	o->machine->cache_line = 32u << ops_pick(o->in, 4);
}

static void make_system(struct ops *o)
{
	struct kmem_system_config sc = { .machine = o->machine,
					 .node_bytes = 128u << 20,
					 .report = unexpected_report,
					 .report_arg = o };
	struct slab_config general;
	struct err e = { "" };

	slab_config_profile(&general, slab_profiles[ops_pick(o->in, 3)].name, NULL);
	if (!ops_pick(o->in, 3))
		ops_toggle(o->in, &general, o->nodes, 1);
	sc.general = &general;
	if (!o->rseq)
		sc.max_slots = o->cpus + (unsigned)ops_pick(o->in, 5);
	if (kmem_system_create(&o->s, &sc, &e)) {
		if (!e.text[0])
			ops_fail(o, "create failed and says nothing");
		/* toggles that general caches cannot have, or a failure injected into them */
		sc.general = NULL;
		if (kmem_system_create(&o->s, &sc, &e))
			ops_fail(o, "%s", e.text);
	}
}

void ops_begin(struct ops *o)
{
	o->machine = calloc(1, sizeof(*o->machine));
	if (!o->machine)
		ops_fail(o, "no memory for the machine");
	o->rseq = !ops_pick(o->in, 4);
	if (o->rseq && native(o)) {
		o->rseq = 0;
		o->cpus = 0;
	}
	if (!o->rseq) {
		synthetic(o);
		if (kmem_thread_bind(0))
			ops_fail(o, "cannot be CPU 0");
	}
	o->tide = 450;
	make_system(o);
	*(o->rseq ? &o->st->rseq_runs : &o->st->slot_runs) += 1;
	shadow_init(o);
	o->pool[0].cache = kmem_kmalloc_cache(o->s, 1);
	ops_in_force(o, &o->pool[0]);
	for (unsigned i = 0; i < 3; i++)
		ops_create(o);
}

uint64_t ops_meta_expected(struct kmem_system *s)
{
	unsigned nodes = s->machine.nr_nodes;
	uint64_t n = 0;

	for (struct list_head *p = s->chain.next; p != &s->chain; p = p->next) {
		struct kmem_cache_core *core = list_entry(p, struct kmem_cache_core, chain);

		n += 3; /* core, public head, frozen[] */
		for (struct kmem_conf *c = core->confs; c; c = c->next)
			n++;
		for (unsigned i = 0; i < KMEM_GEO_MAX; i++)
			n += core->geo[i] != NULL;
		for (unsigned i = 0; i < nodes; i++) {
			n += 1 + (core->l3[i]->shared != NULL);
			for (unsigned k = 0; k < nodes; k++)
				n += core->l3[i]->alien[k] != NULL;
		}
		for (unsigned i = 0; i < s->nr_slots; i++) {
			struct kmem_slot *slot = &core->cache->slot[i];

			n += slot->ac != &kmem_stub_none && slot->ac != &kmem_stub_owned;
			n += slot->home != &kmem_stub_none && slot->home != &kmem_stub_owned;
		}
	}
	return n;
}

int ops_accounts_still(struct kmem_system *s)
{
	for (struct list_head *p = s->chain.next; p != &s->chain; p = p->next) {
		struct kmem_cache_core *core = list_entry(p, struct kmem_cache_core, chain);
		uint64_t slabs = 0, objs = 0, by_geometry = 0;

		for (unsigned i = 0; i < s->machine.nr_nodes; i++) {
			slabs += core->l3[i]->num_slabs;
			objs += core->l3[i]->num_objs;
		}
		for (unsigned i = 0; i < KMEM_GEO_MAX; i++)
			by_geometry += core->geo[i] ? atomic_load(&core->geo[i]->nslabs) : 0;
		if (slabs != by_geometry || objs != counted(&core->count.objs))
			return 0;
	}
	return 1;
}

void ops_check_all(struct ops *o)
{
	uint64_t live = meta_live(o->s->meta), expected = ops_meta_expected(o->s);
	struct err e = { "" };

	o->st->checks++;
	if (kmem_system_check(o->s, &e))
		ops_fail(o, "%s", e.text);
	if (!ops_accounts_still(o->s))
		ops_fail(o, "slabs or objects are counted that are on no list");
	if (live != expected)
		ops_fail(o,
			 "%llu blocks of the engine's own memory are out, its structures are %llu",
			 (unsigned long long)live, (unsigned long long)expected);
}

uint64_t ops_pages_left(struct kmem_system *s)
{
	uint64_t left = 0;

	/* descriptors of larger objects' slabs lie in caches of smaller ones */
	for (unsigned i = sizeof(s->kmalloc) / sizeof(s->kmalloc[0]); i-- > 0;)
		if (s->kmalloc[i])
			kmem_cache_shrink(s->kmalloc[i]);
	for (unsigned n = 0; n < s->machine.nr_nodes; n++) {
		struct pages_stats ps;

		pages_node_stats(s->pages, n, &ps);
		left += ps.allocated;
	}
	return left;
}

void ops_end(struct ops *o)
{
	struct err e = { "" };

	o->what = "end";
	ops_check_all(o);
	kmem_system_fail_at(o->s, 0);
	for (unsigned i = 1; i < OPS_POOLS; i++)
		if (o->pool[i].cache)
			ops_destroy(o, &o->pool[i]);
	o->what = "end";
	while (o->pool[0].n)
		kmem_kfree(o->s, shadow_give(o, &o->pool[0], o->pool[0].n - 1));
	ops_check_all(o);
	if (ops_pages_left(o->s))
		ops_fail(o, "pages are lost");
	ops_check_all(o);
	shadow_release(o);
	if (kmem_system_destroy(o->s, &e))
		ops_fail(o, "%s", e.text);
	if (o->rseq) {
		cpu_set_t set;

		CPU_ZERO(&set);
		for (unsigned i = 0; i < o->cpus; i++)
			CPU_SET(o->cpu[i], &set);
		sched_setaffinity(0, sizeof(set), &set);
	}
	free(o->machine);
}
