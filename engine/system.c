/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Systems: one allocator with its machine, pages, chain of caches and general caches. */
#include <stdlib.h>
#include <sys/mman.h>

#include "engine/internal.h"
#include "engine/membarrier.h"

static void report_default(void *arg, const char *text)
{
	(void)arg;
	fputs(text, stderr);
	abort();
}

/* Ascending, so that a cache's off-slab management finds its (smaller) general cache. */
static int create_general(struct kmem_system *s, const struct slab_config *cfg, struct err *e)
{
	const unsigned *size = kmalloc_sizes(s->machine.cache_line);
	char name[KMEM_NAME_MAX];

	for (unsigned i = 0; size[i]; i++) {
		int r;

		snprintf(name, sizeof(name), cfg->rules == RULES_6_1 ? "kmalloc-%u" : "size-%u",
			 size[i]);
		r = cache_create_core(s, name, size[i], cfg, NULL, 1, &s->kmalloc[i], e);
		if (r)
			return r;
	}
	return 0;
}

static void config_general(struct slab_config *out, const struct slab_config *wanted)
{
	memset(out, 0, sizeof(*out));
	slab_config_profile(out, "kernel-2.6.22", NULL);
	if (wanted)
		*out = *wanted;
	if (out->mgmt == MGMT_OFF) /* the smallest have nowhere else to keep their headers */
		out->mgmt = MGMT_AUTO;
	out->hwcache_align = 1; /* as ARCH_KMALLOC_FLAGS */
}

static unsigned count_slots(const struct kmem_machine *m, unsigned max_slots)
{
	unsigned n = m->nr_cpus;

	if (m->cpu_source == KMEM_CPU_SLOT)
		n = max_slots ? max_slots : n > 64 ? n : 64;
	return n < KMEM_MAX_CPUS ? n : KMEM_MAX_CPUS;
}

static void system_free(struct kmem_system *s)
{
	while (!list_empty(&s->chain)) {
		struct kmem_cache_core *core =
			list_entry(s->chain.next, struct kmem_cache_core, chain);

		list_del(&core->chain);
		cache_free_core(core);
	}
	pages_destroy(s->pages);
	meta_destroy(s->meta);
	pthread_mutex_destroy(&s->chain_lock);
	pthread_mutex_destroy(&s->reaper_lock);
	pthread_cond_destroy(&s->reaper_cond);
	munmap(s, sizeof(*s));
}

/* Also in the child of a fork(), where a mutex that the parent locked cannot be unlocked. */
void system_init_locks(struct kmem_system *s)
{
	pthread_mutexattr_t a;
	pthread_condattr_t c;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(
		&a, PTHREAD_MUTEX_RECURSIVE); /* kmem_for_each_cache() and what it calls */
	pthread_mutex_init(&s->chain_lock, &a);
	pthread_mutexattr_destroy(&a);
	pthread_mutex_init(&s->reaper_lock, NULL);
	pthread_condattr_init(&c);
	pthread_condattr_setclock(&c, CLOCK_MONOTONIC);
	pthread_cond_init(&s->reaper_cond, &c);
	pthread_condattr_destroy(&c);
}

static int system_machine(struct kmem_system *s, const struct kmem_system_config *c, struct err *e)
{
	int r = 0;

	if (c->machine)
		s->machine = *c->machine;
	else
		r = kmem_machine_native(&s->machine, e);
	if (r)
		return r;
	s->barriers = (unsigned)kmem_membarrier_register();
#ifdef KMEM_RSEQ
	if (!(s->barriers & KMEM_BARRIER_RSEQ))
		s->machine.cpu_source = KMEM_CPU_SLOT;
#else
	s->machine.cpu_source = KMEM_CPU_SLOT;
#endif
	s->barriers &= KMEM_BARRIER_ALL;
	s->nr_slots = s->alloc_slots = count_slots(&s->machine, c->max_slots);
#ifdef KMEM_RSEQ
	if (s->alloc_slots < kmem_possible_cpus())
		s->alloc_slots = kmem_possible_cpus();
	s->alloc_slots += s->machine.cpu_source == KMEM_CPU_RSEQ;
#endif
	for (unsigned i = 0; i < s->machine.nr_nodes; i++)
		kmem_machine_zonelist(&s->machine, i, s->zonelist[i]);
	return 0;
}

int kmem_system_create(struct kmem_system **out, const struct kmem_system_config *c, struct err *e)
{
	struct kmem_system *s =
		mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct pages_config pc = { .node_bytes = c->node_bytes,
				   .limit_bytes = c->limit_bytes,
				   .populate = c->populate };
	struct slab_config general;
	int r;

	if (s == MAP_FAILED)
		return err_set(e, -ENOMEM, "no memory for an allocator");
	system_init_locks(s);
	list_init(&s->chain);
	s->report = c->report ? c->report : report_default;
	s->report_arg = c->report_arg;
	atomic_store(&s->fail_at, c->fail_at);
	config_general(&general, c->general);
	r = system_machine(s, c, e);
	if (!r)
		r = meta_create(&s->meta, e);
	if (!r)
		r = pages_create(&s->pages, &s->machine, &pc, e);
	if (!r) {
		s->map = pages_map(s->pages);
		r = create_general(s, &general, e);
	}
	if (r) {
		system_free(s);
		return r;
	}
	*out = s;
	return 0;
}

int kmem_system_destroy(struct kmem_system *s, struct err *e)
{
	if (!s)
		return 0;
	pthread_mutex_lock(&s->chain_lock);
	for (struct list_head *p = s->chain.next; p != &s->chain; p = p->next) {
		struct kmem_cache_core *core = list_entry(p, struct kmem_cache_core, chain);

		if (!core->internal) {
			err_set(e, -EBUSY, "cache %s still exists", core->name);
			pthread_mutex_unlock(&s->chain_lock);
			return -EBUSY;
		}
	}
	pthread_mutex_unlock(&s->chain_lock);
	kmem_reaper_stop(s);
	system_free(s);
	return 0;
}

unsigned kmem_system_spare_slot(const struct kmem_system *s)
{
	return s->machine.cpu_source == KMEM_CPU_RSEQ ? s->alloc_slots - 1 : 0;
}

const struct kmem_machine *kmem_system_machine(const struct kmem_system *s)
{
	return &s->machine;
}

const struct pages_map *kmem_system_map(const struct kmem_system *s)
{
	return s->map;
}

void kmem_system_node_limit(struct kmem_system *s, unsigned node, uint64_t bytes)
{
	pages_set_limit(s->pages, node, bytes);
}

struct kmem_cache *kmem_cache_of(struct kmem_system *s, const void *obj)
{
	struct kmem_page *p = pages_lookup(s->map, obj);

	return p ? p->cache : NULL;
}

unsigned kmem_obj_node(struct kmem_system *s, const void *obj)
{
	return pages_node(s->map, obj);
}

void kmem_for_each_cache(struct kmem_system *s, void (*fn)(struct kmem_cache *c, void *arg),
			 void *arg)
{
	pthread_mutex_lock(&s->chain_lock);
	for (struct list_head *p = s->chain.next; p != &s->chain; p = p->next)
		fn(list_entry(p, struct kmem_cache_core, chain)->cache, arg);
	pthread_mutex_unlock(&s->chain_lock);
}

/* ---- general caches ---- */

struct kmem_cache *find_general(struct kmem_system *s, size_t size)
{
	for (unsigned i = 0; i < sizeof(s->kmalloc) / sizeof(s->kmalloc[0]) && s->kmalloc[i]; i++)
		if (s->kmalloc[i]->object_size >= size)
			return s->kmalloc[i];
	return NULL;
}

struct kmem_cache *kmem_kmalloc_cache(struct kmem_system *s, size_t size)
{
	return find_general(s, size);
}

void *kmem_kmalloc(struct kmem_system *s, size_t size, unsigned flags)
{
	struct kmem_cache *c;

	if (!size)
		return KMEM_ZERO_SIZE_PTR;
	c = find_general(s, size);
	return c ? kmem_cache_alloc(c, flags) : NULL;
}

void kmem_kfree(struct kmem_system *s, void *obj)
{
	struct kmem_cache *c;

	if (!obj || obj == KMEM_ZERO_SIZE_PTR)
		return;
	c = kmem_cache_of(s, obj);
	if (c)
		kmem_cache_free(c, obj);
	else
		cache_free_caller(s->kmalloc[0], obj, __builtin_return_address(0)); /* reports it */
}

size_t kmem_ksize(struct kmem_system *s, const void *obj)
{
	struct kmem_cache *c = obj == KMEM_ZERO_SIZE_PTR ? NULL : kmem_cache_of(s, obj);

	return c ? c->object_size : 0;
}
