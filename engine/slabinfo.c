/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a cache holds, as numbers, as the kernel's slabinfo text (format 2.1), and as JSON.
 *
 * Bytes, per slab of S bytes with geometry g, exactly:
 *	S = num * size + on-slab management + colour in use + tail
 *	num * size = num * object_size + num * (rounding + stride_pad)
 * and num * object_size is split into what users hold (asked) and what is free or queued.
 */
#include "engine/internal.h"

struct tally {
	struct kmem_cache_info *i;
	uint64_t user_out; /* bytes of objects that slabs count as out, as users see them */
};

static void tally_slab(struct kmem_cache_core *core, const struct slab *slab, struct tally *t)
{
	const struct slab_geometry *g = &core->geo[slab->geometry]->g;
	uint64_t bytes = (uint64_t)g->page_size << g->gfporder,
		 mgmt = g->off_slab || g->objfreelist ? 0 : g->slab_size;

	t->i->num_objs += g->num;
	t->i->num_slabs++;
	t->i->active_slabs += slab->inuse > 0;
	t->i->active_objs += slab->inuse;
	t->i->bytes_held += bytes;
	t->user_out += (uint64_t)slab->inuse * g->object_size;
	t->i->bytes_free_objs += (uint64_t)(g->num - slab->inuse) * g->object_size;
	t->i->bytes_rounding += (uint64_t)g->num * (g->size - g->object_size - g->stride_pad);
	t->i->bytes_stride_pad += (uint64_t)g->num * g->stride_pad;
	t->i->bytes_mgmt += mgmt;
	t->i->bytes_mgmt_off += g->off_slab ? g->slab_size : 0;
	t->i->bytes_colour += slab->colouroff;
	t->i->bytes_tail += bytes - (uint64_t)g->num * g->size - mgmt - slab->colouroff;
}

static void tally_list(struct kmem_cache_core *core, struct list_head *h, struct tally *t)
{
	for (struct list_head *p = h->next; p != h; p = p->next)
		tally_slab(core, list_slab(p), t);
}

static void tally_node(struct kmem_cache_core *core, struct kmem_list3 *l3, struct tally *t)
{
	struct kmem_cache_info *i = t->i;

	tally_list(core, &l3->slabs_full, t);
	tally_list(core, &l3->slabs_partial, t);
	tally_list(core, &l3->slabs_free, t);
	i->list_allocs += l3->list_allocs;
	i->list_frees += l3->list_frees;
	i->max_freeable += l3->max_free;
	i->reaped += l3->reaped;
	i->refills += l3->refills;
	i->refills_shared += l3->refills_shared;
	i->flushes += l3->flushes;
	i->flushes_shared += l3->flushes_shared;
	i->lock_acquisitions += l3->refills + l3->flushes + l3->other_locks;
	if (l3->shared) {
		i->shared_avail += l3->shared->avail;
		i->queued += l3->shared->avail;
	}
	for (unsigned k = 0; k < core->sys->machine.nr_nodes; k++)
		if (l3->alien[k]) {
			i->queued += l3->alien[k]->ac.avail;
			i->lock_acquisitions += l3->alien[k]->locks;
		}
}

static void tally_cpus(struct kmem_cache_core *core, struct kmem_cache_info *i)
{
	const struct kmem_counters *n = &core->count;
	uint64_t stat[4];

	for (int k = 0; k < 4; k++)
		stat[k] = counted(&n->direct[k]);
	for (unsigned c = 0; c < core->cache->nr_slots; c++) {
		if (core->frozen[c] != &kmem_stub_none)
			i->queued += core->frozen[c]->avail;
		for (int k = 0; k < 4; k++)
			stat[k] += core->cache->slot[c].stat[k];
	}
	i->have_cpustat = core_conf(core)->config.stats == STATS_FULL;
	i->alloc_hit = stat[STAT_ALLOCHIT];
	i->alloc_miss = stat[STAT_ALLOCMISS];
	i->free_hit = stat[STAT_FREEHIT];
	i->free_miss = stat[STAT_FREEMISS];
}

void kmem_cache_get_info(struct kmem_cache *c, struct kmem_cache_info *i)
{
	struct kmem_cache_core *core = c->core;
	const struct slab_geometry *g;
	struct tally t = { .i = i };
	uint64_t queued;

	memset(i, 0, sizeof(*i));
	pthread_mutex_lock(&core->sys->chain_lock);
	cache_freeze(core);
	g = &core->geo[core_conf(core)->geo]->g;
	memcpy(i->name, core->name, sizeof(i->name));
	i->objsize = g->size;
	i->num = g->num;
	i->pagesperslab = 1u << g->gfporder;
	i->limit = g->limit;
	i->batchcount = g->batchcount;
	i->shared = g->shared;
	for (unsigned n = 0; n < core->sys->machine.nr_nodes; n++)
		tally_node(core, core->l3[n], &t);
	tally_cpus(core, i);
	i->lock_acquisitions += core->colour_locks;
	cache_thaw(core);
	pthread_mutex_unlock(&core->sys->chain_lock);
	queued = i->queued * core->object_size;
	i->bytes_asked = t.user_out - queued;
	i->bytes_free_objs += queued;
	i->max_objs = counted(&core->count.max_objs);
	i->grown = counted(&core->count.grown);
	i->errors = counted(&core->count.errors);
	i->node_allocs = counted(&core->count.node_allocs);
	i->remote_frees = counted(&core->count.remote_frees);
	i->alien_overflow = counted(&core->count.alien_overflow);
	i->fallbacks = counted(&core->count.fallbacks);
	i->grow_failures = counted(&core->count.grow_failures);
}

void kmem_cache_geometry(struct kmem_cache *c, struct slab_geometry *g)
{
	pthread_mutex_lock(&c->core->sys->chain_lock);
	*g = c->core->geo[core_conf(c->core)->geo]->g;
	pthread_mutex_unlock(&c->core->sys->chain_lock);
}

void kmem_cache_config(struct kmem_cache *c, struct slab_config *out)
{
	*out = core_conf(c->core)->config;
}

const char *kmem_cache_name(const struct kmem_cache *c)
{
	return c->core->name;
}

static void view_list(struct kmem_cache_core *core, struct list_head *h, unsigned list,
		      void (*fn)(const struct kmem_slab_view *v, void *arg), void *arg)
{
	struct kmem_slab_view v;

	for (struct list_head *p = h->next; p != h; p = p->next) {
		slab_view(core, list_slab(p), list, &v);
		fn(&v, arg);
	}
}

void kmem_for_each_slab(struct kmem_cache *c, void (*fn)(const struct kmem_slab_view *v, void *arg),
			void *arg)
{
	struct kmem_cache_core *core = c->core;

	pthread_mutex_lock(&core->sys->chain_lock);
	cache_freeze(core);
	for (unsigned i = 0; i < core->sys->machine.nr_nodes; i++) {
		view_list(core, &core->l3[i]->slabs_full, 0, fn, arg);
		view_list(core, &core->l3[i]->slabs_partial, 1, fn, arg);
		view_list(core, &core->l3[i]->slabs_free, 2, fn, arg);
	}
	cache_thaw(core);
	pthread_mutex_unlock(&core->sys->chain_lock);
}

/* ---- text and JSON ---- */

struct printer {
	FILE *f;
	int stats, first;
};

static void print_text(struct kmem_cache *c, void *arg)
{
	const struct printer *p = arg;
	struct kmem_cache_info i;

	kmem_cache_get_info(c, &i);
	fprintf(p->f, "%-17s %6llu %6llu %6u %4u %4u", i.name, (unsigned long long)i.active_objs,
		(unsigned long long)i.num_objs, i.objsize, i.num, i.pagesperslab);
	fprintf(p->f, " : tunables %4u %4u %4u", i.limit, i.batchcount, i.shared);
	fprintf(p->f, " : slabdata %6llu %6llu %6llu", (unsigned long long)i.active_slabs,
		(unsigned long long)i.num_slabs, (unsigned long long)i.shared_avail);
	if (p->stats) {
		fprintf(p->f, " : globalstat %7llu %6llu %5llu %4llu %4llu %4llu %4llu %4llu %4llu",
			(unsigned long long)i.list_allocs, (unsigned long long)i.max_objs,
			(unsigned long long)i.grown, (unsigned long long)i.reaped,
			(unsigned long long)i.errors, (unsigned long long)i.max_freeable,
			(unsigned long long)i.node_allocs, (unsigned long long)i.remote_frees,
			(unsigned long long)i.alien_overflow);
		if (i.have_cpustat) /* else left out: not counted is not 0, and readers want numbers */
			fprintf(p->f, " : cpustat %6llu %6llu %6llu %6llu",
				(unsigned long long)i.alloc_hit, (unsigned long long)i.alloc_miss,
				(unsigned long long)i.free_hit, (unsigned long long)i.free_miss);
	}
	fputc('\n', p->f);
}

int kmem_slabinfo_text(struct kmem_system *s, FILE *f, int stats)
{
	struct printer p = { .f = f, .stats = stats };

	fprintf(f, "slabinfo - version: 2.1%s\n", stats ? " (statistics)" : "");
	fputs("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
	      " : tunables <limit> <batchcount> <sharedfactor>"
	      " : slabdata <active_slabs> <num_slabs> <sharedavail>",
	      f);
	if (stats)
		fputs(" : globalstat <listallocs> <maxobjs> <grown> <reaped> <error> <maxfreeable> <nodeallocs>"
		      " <remotefrees> <alienoverflow> : cpustat <allochit> <allocmiss> <freehit> <freemiss>",
		      f);
	fputc('\n', f);
	kmem_for_each_cache(s, print_text, &p);
	return ferror(f) ? -EIO : 0;
}

/* One row per number of struct kmem_cache_info. */
/* clang-format off */
static const struct {
	const char *name;
	size_t offset;
	unsigned cpustat;
} fields[] = {
#define FIELD(name) { #name, offsetof(struct kmem_cache_info, name), 0 }
	FIELD(active_objs), FIELD(num_objs), FIELD(active_slabs), FIELD(num_slabs), FIELD(shared_avail),
	FIELD(queued), FIELD(list_allocs), FIELD(list_frees), FIELD(max_objs), FIELD(grown), FIELD(reaped),
	FIELD(errors), FIELD(max_freeable), FIELD(node_allocs), FIELD(remote_frees), FIELD(alien_overflow),
	FIELD(refills), FIELD(refills_shared), FIELD(flushes), FIELD(flushes_shared), FIELD(fallbacks),
	FIELD(grow_failures), FIELD(lock_acquisitions), FIELD(bytes_held), FIELD(bytes_asked), FIELD(bytes_free_objs),
	FIELD(bytes_rounding), FIELD(bytes_stride_pad), FIELD(bytes_mgmt), FIELD(bytes_mgmt_off),
	FIELD(bytes_colour), FIELD(bytes_tail),
#undef FIELD
#define FIELD(name) { #name, offsetof(struct kmem_cache_info, name), 1 }
	FIELD(alloc_hit), FIELD(alloc_miss), FIELD(free_hit), FIELD(free_miss),
#undef FIELD
};
/* clang-format on */

static void print_json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f)
			fprintf(f, "\\u%04x", (unsigned char)*s);
		else
			fputc(*s, f);
	fputc('"', f);
}

static void print_json(struct kmem_cache *c, void *arg)
{
	struct printer *p = arg;
	struct kmem_cache_info i;

	kmem_cache_get_info(c, &i);
	fprintf(p->f, "%s\n  {\"name\": ", p->first ? "" : ",");
	p->first = 0;
	print_json_string(p->f, i.name);
	fprintf(p->f, ", \"objsize\": %u, \"objperslab\": %u, \"pagesperslab\": %u", i.objsize,
		i.num, i.pagesperslab);
	fprintf(p->f, ", \"limit\": %u, \"batchcount\": %u, \"shared\": %u", i.limit, i.batchcount,
		i.shared);
	for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
		uint64_t v;

		memcpy(&v, (char *)&i + fields[k].offset, sizeof(v));
		if (fields[k].cpustat && !i.have_cpustat)
			fprintf(p->f, ", \"%s\": null", fields[k].name);
		else
			fprintf(p->f, ", \"%s\": %llu", fields[k].name, (unsigned long long)v);
	}
	fputc('}', p->f);
}

int kmem_slabinfo_json(struct kmem_system *s, FILE *f)
{
	struct printer p = { .f = f, .first = 1 };

	fprintf(f, "{\"version\": 1, \"emulated_nodes\": %s, \"caches\": [",
		s->machine.emulated ? "true" : "false");
	kmem_for_each_cache(s, print_json, &p);
	fputs("\n]}\n", f);
	return ferror(f) ? -EIO : 0;
}

/* ---- writing tunables ---- */

struct wanted {
	const char *name;
	struct kmem_cache *found;
};

static void match(struct kmem_cache *c, void *arg)
{
	struct wanted *w = arg;

	if (!strcmp(c->core->name, w->name))
		w->found = c;
}

int kmem_slabinfo_write(struct kmem_system *s, const char *line, struct err *e)
{
	char name[KMEM_NAME_MAX];
	struct wanted w = { .name = name };
	struct slab_config cfg;
	int limit, batch, shared, r = 0;

	if (strlen(line) > 128)
		return err_set(e, -EINVAL, "slabinfo: a line of at most 128 bytes is expected");
	if (sscanf(line, "%63s %d %d %d", name, &limit, &batch, &shared) != 4)
		return err_set(e, -EINVAL,
			       "slabinfo: expected \"name limit batchcount shared\", got '%s'",
			       line);
	pthread_mutex_lock(
		&s->chain_lock); /* from the name to the end: the cache must not be destroyed meanwhile */
	kmem_for_each_cache(s, match, &w);
	if (!w.found) {
		r = err_set(e, -EINVAL, "slabinfo: no cache %s", name);
	} else if (limit >= 1 && batch >= 1 && batch <= limit &&
		   shared >= 0) { /* else ignored, as the kernel */
		kmem_cache_config(w.found, &cfg);
		cfg.limit = (unsigned)limit;
		cfg.batchcount = (unsigned)batch;
		cfg.shared = (unsigned)shared;
		r = kmem_cache_tune(w.found, &cfg, e);
	}
	pthread_mutex_unlock(&s->chain_lock);
	return r;
}
