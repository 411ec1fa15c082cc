/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A cache's toggles in force: from what was asked to geometry, queues and limits, got first and then published at
 * once, so that a change that fails has changed nothing.
 */
#include "engine/internal.h"

/* ---- geometry and toggles in force ---- */

static int compute_geometry(struct kmem_cache_core *core, const struct slab_config *cfg,
			    struct slab_geometry *g, struct kmem_cache **slabp, struct err *e)
{
	const struct kmem_machine *m = &core->sys->machine;
	struct slab_geometry_in in;
	int r;

	slab_geometry_in_init(&in, core->object_size);
	in.ctor = core->ctor != NULL;
	in.cpus = m->nr_cpus;
	in.page_size = m->page_size;
	in.cache_line = m->cache_line;
	in.kmalloc_self = core->internal;
	for (;;) {
		r = slab_geometry(&in, cfg, g, e);
		*slabp = NULL;
		if (r || !g->off_slab)
			return r;
		*slabp = find_general(core->sys, g->slab_size);
		if (*slabp)
			return 0;
		if (in.no_off_slab || cfg->mgmt == MGMT_OFF)
			return err_set(e, -EINVAL,
				       "no general cache for %u bytes of off-slab management",
				       g->slab_size);
		in.no_off_slab = 1; /* early: the general caches are still being made */
	}
}

/* A place in core->geo[] for @g: the same geometry if it lives, else a free or dead one. -1: none. */
static int geo_find(struct kmem_cache_core *core, const struct slab_geometry *g)
{
	int place = -1;

	for (int i = 0; i < KMEM_GEO_MAX; i++) {
		struct kmem_geo *geo = core->geo[i];

		if (geo && !memcmp(&geo->g, g, sizeof(*g)))
			return i;
		if (place < 0 && (!geo || (!geo->current && !atomic_load(&geo->nslabs))))
			place = i;
	}
	return place;
}

static int same_config(const struct slab_config *a, const struct slab_config *b)
{
	for (const struct opt *o = slab_config_opts; o->name; o++)
		if (!opt_equal(o, a, b))
			return 0;
	return 1;
}

static struct kmem_conf *conf_find(struct kmem_cache_core *core, const struct slab_config *cfg)
{
	struct kmem_conf *conf;

	for (conf = core->confs; conf; conf = conf->next)
		if (same_config(&conf->config, cfg))
			return conf;
	conf = meta_alloc_injected(core->sys, core, sizeof(*conf));
	if (!conf)
		return NULL;
	conf->config = *cfg;
	slab_config_weights(cfg, core->sys->machine.nr_nodes, conf->weight, NULL);
	for (unsigned i = 0; i < core->sys->machine.nr_nodes; i++)
		conf->weight_sum += conf->weight[i];
	conf->next = core->confs;
	core->confs = conf;
	return conf;
}

static unsigned free_limit(const struct kmem_cache_core *core, const struct slab_config *cfg,
			   const struct slab_geometry *g, unsigned node)
{
	if (cfg->free_limit != KMEM_AUTO)
		return cfg->free_limit;
	return (1 + kmem_machine_node_cpus(&core->sys->machine, node)) * g->batchcount + g->num;
}

/* Any object must pass through the slow path: debugging, full statistics, injection, a policy that decides per
 * object, or slots on a build whose inline path knows only rseq. */
unsigned setting_wants_slow(const struct kmem_cache_core *core, const struct slab_config *cfg)
{
	unsigned slow = cfg->stats == STATS_FULL || cfg->placement != PLACE_LOCAL ||
			(cfg->fail != FAIL_OFF &&
			 (cfg->fail_point == FAIL_ANY || cfg->fail_point == FAIL_OBJECT));

#ifdef KMEM_RSEQ
	slow |= core->sys->machine.cpu_source == KMEM_CPU_SLOT;
#endif
	for (int i = 0; i < KMEM_GEO_MAX; i++)
		if (core->geo[i] && core->geo[i]->debug &&
		    (core->geo[i]->current || atomic_load(&core->geo[i]->nslabs)))
			slow = 1;
	return slow;
}

/* ---- what a change of toggles needs, got before anything is changed ---- */

void setting_release(struct kmem_system *s, struct new_setting *n)
{
	unsigned nodes = s->machine.nr_nodes;

	meta_free(s->meta, n->geo);
	for (unsigned i = 0; i < nodes; i++)
		meta_free(s->meta, n->shared[i]);
	for (unsigned i = 0; n->alien && i < nodes * nodes; i++)
		meta_free(s->meta, n->alien[i]);
	meta_free(s->meta, n->alien);
}

static int setting_aliens(struct kmem_cache_core *core, struct new_setting *n)
{
	struct kmem_system *s = core->sys;
	unsigned nodes = s->machine.nr_nodes;

	n->alien = meta_alloc_injected(s, core, sizeof(n->alien[0]) * nodes * nodes);
	if (!n->alien)
		return -ENOMEM;
	for (unsigned i = 0; i < nodes * nodes; i++) {
		if (i / nodes == i % nodes || core->l3[i / nodes]->alien[i % nodes])
			continue;
		n->alien[i] = meta_alloc_injected(
			s, core, sizeof(*n->alien[i]) + KMEM_ALIEN_LIMIT * sizeof(void *));
		if (!n->alien[i])
			return -ENOMEM;
		kmem_lock_init(&n->alien[i]->lock);
	}
	return 0;
}

/* Whether there are any huge pages to be had is better said here, with the reason, than by NULL later. */
static int probe_backing(struct kmem_cache_core *core, const struct slab_config *cfg,
			 const struct slab_geometry *g, struct err *e)
{
	void *pages;

	if (cfg->backing != BACKING_HUGETLB ||
	    (core_conf(core) && core_conf(core)->config.backing == BACKING_HUGETLB))
		return 0;
	pages = pages_alloc(core->sys->pages, 0, g->gfporder, cfg->backing, e);
	if (!pages)
		return -ENOMEM;
	pages_free(core->sys->pages, pages, g->gfporder);
	return 0;
}

int setting_prepare(struct kmem_cache_core *core, const struct slab_config *cfg,
		    struct new_setting *n, struct err *e)
{
	struct kmem_system *s = core->sys;
	int r;

	memset(n, 0, sizeof(*n));
	r = slab_config_validate(cfg, s->machine.nr_nodes, e);
	if (!r)
		r = slab_rules_runs(cfg->rules, e);
	if (!r)
		r = compute_geometry(core, cfg, &n->g, &n->slabp, e);
	if (r)
		return r;
	r = probe_backing(core, cfg, &n->g, e);
	if (r)
		return r;
	n->place = geo_find(core, &n->g);
	if (n->place < 0)
		return err_set(e, -EBUSY, "%s: slabs of %d geometries are alive", core->name,
			       KMEM_GEO_MAX);
	n->conf = conf_find(core, cfg);
	n->geo = meta_alloc_injected(s, core, sizeof(*n->geo));
	r = n->conf && n->geo ? 0 : -ENOMEM;
	for (unsigned i = 0; !r && n->g.shared && i < s->machine.nr_nodes; i++) {
		n->shared[i] =
			array_create(s, core, i, n->g.shared * n->g.batchcount, n->g.batchcount);
		if (!n->shared[i])
			r = -ENOMEM;
	}
	if (!r && cfg->alien && s->machine.nr_nodes > 1)
		r = setting_aliens(core, n);
	if (!r)
		return 0;
	setting_release(s, n);
	return err_set(e, r, "%s: no memory for queues", core->name);
}

/* Frozen, queues empty. Publishes @n; what is left in it afterwards is to be released. */
void setting_apply(struct kmem_cache_core *core, struct new_setting *n)
{
	struct kmem_system *s = core->sys;
	unsigned nodes = s->machine.nr_nodes;
	struct kmem_geo *geo = core->geo[n->place], *old = NULL;

	if (core->conf)
		old = core->geo[core_conf(core)->geo];
	if (!geo || memcmp(&geo->g, &n->g, sizeof(n->g))) {
		struct kmem_geo *dead = geo;

		geo = n->geo;
		geo->id = (uint16_t)n->place;
		geo->g = n->g;
		geo->slabp_cache = n->slabp;
		geo->debug = n->g.red_zone || n->g.poison || n->g.store_user;
		core->geo[n->place] = geo;
		n->geo = dead;
	}
	if (old)
		old->current = 0;
	geo->current = 1;
	n->conf->geo = (uint16_t)n->place;
	for (unsigned i = 0; i < nodes; i++) {
		struct kmem_list3 *l3 = core->l3[i];
		struct array_cache *shared = l3->shared;

		l3->shared = n->shared[i];
		n->shared[i] = shared;
		l3->free_limit = free_limit(core, &n->conf->config, &n->g, i);
		for (unsigned k = 0; k < nodes; k++) {
			struct alien_cache *a = l3->alien[k];

			if (!a && n->alien) {
				a = n->alien[i * nodes + k];
				n->alien[i * nodes + k] = NULL;
				atomic_store(&l3->alien[k], a);
			}
			if (a)
				a->ac.limit = n->conf->config.alien ? KMEM_ALIEN_LIMIT : 0;
		}
	}
	atomic_store_explicit(&core->conf, n->conf, memory_order_release);
}
