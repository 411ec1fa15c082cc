/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_ENGINE_INTERNAL_H
#define SLABSCOPE_ENGINE_INTERNAL_H

/*
 * All data structures of the engine, and who may touch what.
 *
 *   kmem_system --chain--> kmem_cache_core <--> kmem_cache (public head + one kmem_slot per CPU)
 *                            |                     slot[cpu].ac --> array_cache of that CPU (or a stub)
 *                            |-- conf --> kmem_conf (toggles in force, immutable)
 *                            |-- geo[] --> kmem_geo (each geometry that has slabs, and the current one)
 *                            `-- l3[node] --> kmem_list3
 *                                              |-- slabs_partial, slabs_full, slabs_free --> struct slab
 *                                              |-- shared   (array_cache of the node)
 *                                              `-- alien[n] (objects of node n, freed by CPUs of this node)
 *
 * Locks, in the order in which they may be taken:
 *	system.chain_lock    the chain of caches, reaping, tuning
 *	array ownership      slot claimed (see slot.c); several: ascending slot numbers, by one freezer at a time
 *	alien_cache.lock     ascending (node, other)
 *	kmem_list3.lock      ascending node numbers
 *	meta lock, page locks, system.watch_lock (leaves)
 * No operation on another cache (slabp_cache) happens with a list3 or alien lock held: doomed slabs are collected
 * and destroyed after unlocking.
 *
 * Invariants (kmem_cache_check):
 *	per node: free_objects == sum of (num - inuse) over the slabs of the three lists
 *	          num_objs == sum of num, num_slabs, num_full, num_free == number of slabs: all, full, free
 *	          a slab's list is decided by inuse (see slab.h)
 *	per cache: sum of inuse == objects with users + in CPU arrays + in shared arrays + in alien arrays
 *	           geo[i].nslabs == number of slabs that say geometry == i
 *	an object of node n lies in: CPU arrays of CPUs of n, the shared array of n, alien[n] of other nodes
 */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "engine/kmem_cache.h"
#include "engine/lock.h"
#include "engine/pages.h"
#include "engine/slab.h"

#define KMEM_NAME_MAX 64
#define KMEM_GEO_MAX 256
#define KMEM_ALIEN_LIMIT 12	  /* entries per remote node, as in 2.6.22 */
#define KMEM_BATCHREFILL_LIMIT 16 /* refill of an array that nobody touched lately */
#define KMEM_REAP_NODE_MS 4000	  /* REAPTIMEOUT_LIST3 */

struct alien_cache {
	struct kmem_lock lock;
	uint64_t locks;	       /* statistics: how often `lock` was taken */
	struct array_cache ac; /* entries follow */
};

/* What refill from and flush to the shared array touch stands first, in one line of 64 bytes: other CPUs take it away all
 * the time. */
struct kmem_list3 {
	struct kmem_lock lock;
	unsigned nodeid;
	/* under lock */
	struct array_cache *shared;				   /* NULL: none */
	uint64_t refills, refills_shared, flushes, flushes_shared; /* statistics */
	uint64_t num_free, max_free;				   /* max_free: statistics */
	struct list_head slabs_partial, slabs_full, slabs_free;
	uint64_t free_objects, num_objs, num_slabs, num_full;
	unsigned free_limit;
	unsigned colour_next; /* SCOPE_NODE */
	unsigned free_touched;
	uint64_t next_reap;			  /* ms */
	uint64_t list_allocs, list_frees, reaped; /* statistics */
	uint64_t other_locks; /* statistics: how often `lock` was taken, other than for a refill or flush */
	/* by other node; NULL: never had alien caches; limit 0: switched off. Live until the cache is destroyed. */
	struct alien_cache *_Atomic alien[];
};

/* Toggles in force. Immutable once published; kept until the cache is destroyed, since a slow operation may still
 * read one that tune has replaced. Equal settings reuse an old one, so their number is bounded. */
struct kmem_conf {
	struct kmem_conf *next;
	struct slab_config config;
	uint16_t geo;	     /* current geometry; valid while this is the current conf */
	unsigned weight_sum; /* of weight[] */
	uint8_t weight[KMEM_MAX_NODES];
};

struct kmem_geo {
	struct slab_geometry g;
	struct kmem_cache *slabp_cache; /* off-slab management; NULL on-slab */
	uint16_t id;			/* core->geo[id] is this */
	_Atomic uint64_t nslabs; /* slabs grown with it, alive; raised before the slab exists */
	unsigned current;	 /* not bit-fields: tune writes it while others read debug */
	unsigned debug;		 /* red zone, poison or store-user; set before it is published */
};

/* Atomic: counted where no lock is held. */
struct kmem_counters {
	_Atomic uint64_t grown, errors, node_allocs, remote_frees, alien_overflow, fallbacks,
		grow_failures;
	_Atomic uint64_t max_objs, objs;
	_Atomic uint64_t direct[4]; /* STATS_FULL without an array: see kmem_slot.stat */
};

struct kmem_cache_core {
	/* 1) what the cache is; fixed */
	struct kmem_cache *cache;
	struct kmem_system *sys;
	char name[KMEM_NAME_MAX];
	unsigned object_size, internal; /* internal: a general cache */
	void (*ctor)(void *);
	/* 2) what is in force; changed by tune with the cache frozen */
	struct kmem_conf *_Atomic conf;
	struct kmem_geo *geo[KMEM_GEO_MAX];
	atomic_uint slow_only; /* arrays are in slot.home: every operation is a slow one */
	/* 3) growing */
	struct kmem_lock colour_lock; /* SCOPE_CACHE */
	unsigned colour_next;
	uint64_t colour_locks; /* statistics: how often colour_lock was taken */
	atomic_uint rotor;     /* interleave */
	/* 4) injection */
	_Atomic uint64_t fail_seen, fail_done;
	/* 5) statistics */
	struct kmem_counters count;
	/* 6) chain and freezing, under system.chain_lock */
	struct list_head chain;
	struct kmem_conf *confs;
	struct array_cache **frozen; /* [nr_slots], while frozen */
	struct kmem_list3 *l3[];     /* [nr_nodes] */
};

struct kmem_meta; /* meta.c */

struct kmem_system {
	struct kmem_machine machine;
	struct pages *pages;
	const struct pages_map *map;
	struct kmem_meta *meta;
	unsigned nr_slots; /* CPUs that can have an array */
	unsigned alloc_slots; /* slots that exist: the inline path indexes by the real CPU even where the machine is
				 synthetic and smaller; those beyond nr_slots hold the stub for ever. The last is
				 kmem_system_spare_slot() */
	unsigned barriers; /* KMEM_BARRIER_ALL */
	kmem_report_fn report;
	void *report_arg;
	pthread_mutex_t chain_lock;
	struct list_head chain;		/* newest first */
	struct kmem_cache *kmalloc[32]; /* ascending sizes, as kmalloc_sizes() */
	_Atomic uint64_t fail_seen, fail_at;
	uint8_t zonelist[KMEM_MAX_NODES][KMEM_MAX_NODES];
	struct kmem_lock watch_lock; /* held around every call of the watcher */
	struct kmem_watch *_Atomic watch;
	pthread_t reaper;
	pthread_mutex_t reaper_lock;
	pthread_cond_t reaper_cond;
	unsigned reaper_period, reaper_running, reaper_stop;
};

/*
 * A function that the modelled memory hierarchy tells apart. In its build (-DKMEM_PHASES) the function lies in a section
 * of its own, by which an address inside it is known; elsewhere this says nothing.
 */
#ifdef KMEM_PHASES
#define KMEM_PHASE(name) __attribute__((noinline, section("kmem_" #name)))
#else
#define KMEM_PHASE(name)
#endif

/* ---- lists ---- */

static inline void list_init(struct list_head *h)
{
	h->next = h->prev = h;
}

static inline bool list_empty(const struct list_head *h)
{
	return h->next == h;
}

static inline void list_add(struct list_head *n, struct list_head *h)
{
	n->next = h->next;
	n->prev = h;
	h->next->prev = n;
	h->next = n;
}

static inline void list_add_tail(struct list_head *n, struct list_head *h)
{
	list_add(n, h->prev);
}

static inline void list_del(struct list_head *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
}

#define list_entry(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))

static inline struct slab *list_slab(struct list_head *p)
{
	return list_entry(p, struct slab, list);
}

/* ---- meta.c: memory for the engine's own structures, never from malloc ---- */

int meta_create(struct kmem_meta **out, struct err *e);
void meta_destroy(struct kmem_meta *m);
void *meta_alloc(struct kmem_meta *m, size_t size); /* zeroed, line aligned; NULL */
void meta_free(struct kmem_meta *m, void *p);	    /* NULL is allowed */
uint64_t meta_live(struct kmem_meta *m);	    /* blocks handed out and not returned */
bool meta_owns(struct kmem_meta *m,
	       const void *p); /* in a chunk; blocks mapped one by one are not found */

void meta_fork_lock(struct kmem_meta *m);
void meta_fork_unlock(struct kmem_meta *m);

/* ---- inject.c ---- */

/* 1: this passage of @point must fail. @core may be NULL (system-wide only). */
int inject(struct kmem_system *s, struct kmem_cache_core *core, enum slab_fail_point point);
void *meta_alloc_injected(struct kmem_system *s, struct kmem_cache_core *core, size_t size);

/* ---- slot.c: who owns a CPU's array ---- */

extern struct array_cache kmem_stub_owned, kmem_stub_none;

/* Take the array of the CPU that runs this thread. *cpu: that CPU (-1: no slot). NULL: somebody else owns it, or
 * there is no memory for one. Give it back with slot_release(). */
struct array_cache *slot_claim(struct kmem_cache *c, int *cpu);
int slot_push_local(struct kmem_cache *c, void *obj);
void slot_release(struct kmem_cache *c, int cpu, struct array_cache *ac);
/* Take the array of any CPU, waiting for it. kmem_stub_none: it has none (to be released all the same). */
struct array_cache *slot_claim_remote(struct kmem_cache *c, unsigned cpu);
/* All of them, into @ac[nr_slots]; one barrier for all. */
void slot_claim_all(struct kmem_cache *c, struct array_cache **ac);
struct array_cache *array_create(struct kmem_system *s, struct kmem_cache_core *core, unsigned node,
				 unsigned limit, unsigned batchcount);
unsigned cpu_to_node(const struct kmem_system *s, int cpu);
/* In the child of a fork(): this thread is the only one, so no other has a slot or is busy in @c. */
void slot_forked(void);
void slot_forked_cache(struct kmem_cache *c);

/* ---- system.c ---- */

void system_init_locks(struct kmem_system *s);

/* ---- list3.c ---- */

struct kmem_list3 *list3_create(struct kmem_system *s, struct kmem_cache_core *core, unsigned node);
void *slab_get_obj(struct kmem_cache_core *core, struct slab *slab, const struct kmem_geo *geo);
/* index=bits: the next @n (there are so many) into @p, the last one first. */
void slab_get_bits(struct slab *slab, const struct slab_geometry *g, void **p, unsigned n);
/* Put objects (all of the node of @l3) back into their slabs; slabs to be destroyed go to @doomed. l3->lock held. */
void free_block(struct kmem_cache_core *core, struct kmem_list3 *l3, void **p, unsigned n,
		struct list_head *doomed);
/* Free up to @most empty slabs from the tail of slabs_free; returns how many. No lock held. */
uint64_t drain_freelist(struct kmem_cache_core *core, struct kmem_list3 *l3, uint64_t most);
unsigned transfer_objects(struct array_cache *to, struct array_cache *from, unsigned max);
void destroy_slabs(struct kmem_cache_core *core, struct list_head *doomed);
/* Object (as users see it) number @i of @slab, and back. */
void *index_to_obj(const struct slab *slab, const struct slab_geometry *g, unsigned i);
unsigned obj_to_index(const struct slab *slab, const struct slab_geometry *g, const void *obj);
void *slab_page(const struct slab *slab, const struct slab_geometry *g);
void *slab_index_base(const struct slab *slab, const struct slab_geometry *g);
unsigned index_get(const void *base, unsigned width, unsigned i);
void index_set(void *base, unsigned width, unsigned i, unsigned v);
void slab_freelist_init(struct slab *slab, const struct slab_geometry *g);
/* Marks the free objects of @slab in @map (num bytes); -EINVAL if the index is broken. */
int slab_free_map(const struct slab *slab, const struct slab_geometry *g, uint8_t *map);

/* ---- grow.c ---- */

/* One more slab on @node. 1: grown; 0: not (counted). No lock held. With @pages (the fallback path): these pages,
 * which lie on that node and were got for @pages_geo, whose nslabs the caller has raised; both are consumed. */
int cache_grow(struct kmem_cache_core *core, unsigned node, void *pages,
	       struct kmem_geo *pages_geo);
void slab_destroy(struct kmem_cache_core *core, struct slab *slab);
unsigned colour_of(const struct kmem_conf *conf, const struct slab_geometry *g, unsigned *next);

/* ---- alloc.c, free.c, cache.c ---- */

void *cache_alloc_node(struct kmem_cache_core *core, unsigned node, unsigned flags,
		       const uint8_t *zonelist);
void *cache_alloc_caller(struct kmem_cache *c, unsigned flags, int node, const void *caller);
void cache_free_caller(struct kmem_cache *c, void *obj, const void *caller);
void cache_flusharray(struct kmem_cache_core *core, struct array_cache *ac, unsigned node,
		      struct list_head *doomed);
void drain_alien(struct kmem_cache_core *core, struct alien_cache *a, unsigned owner,
		 struct list_head *doomed);
void drain_queues(struct kmem_cache_core *core); /* all CPU, alien and shared arrays */
int cache_create_core(struct kmem_system *s, const char *name, size_t size,
		      const struct slab_config *cfg, void (*ctor)(void *), unsigned internal,
		      struct kmem_cache **out, struct err *e);
void cache_free_core(struct kmem_cache_core *core);
struct kmem_cache *find_general(struct kmem_system *s, size_t size);

/* Everything held still: arrays claimed, alien and node locks taken. system.chain_lock held. */
void cache_freeze(struct kmem_cache_core *core);
void cache_thaw(struct kmem_cache_core *core);

/* ---- setting.c: toggles in force ---- */

/* What a change of toggles needs, got before anything is changed. */
struct new_setting {
	struct slab_geometry g;
	struct kmem_cache *slabp;
	struct kmem_conf *conf;
	struct kmem_geo *geo;
	int place;
	struct array_cache *shared[KMEM_MAX_NODES];
	struct alien_cache **alien; /* [nodes * nodes], those that are missing */
};

/* 0, or -errno with nothing kept. system.chain_lock held. */
int setting_prepare(struct kmem_cache_core *core, const struct slab_config *cfg,
		    struct new_setting *n, struct err *e);
/* Publishes @n; the cache is frozen and its queues are empty, or nobody knows it yet. */
void setting_apply(struct kmem_cache_core *core, struct new_setting *n);
/* Frees what is left in @n, before or after setting_apply(). */
void setting_release(struct kmem_system *s, struct new_setting *n);
/* 1: every operation must take the slow path. */
unsigned setting_wants_slow(const struct kmem_cache_core *core, const struct slab_config *cfg);

/* ---- watch.c ---- */

/* @slab NULL: before (or instead of) there is one. */
void watch_tell(struct kmem_cache_core *core, enum kmem_watch_event event,
		const struct kmem_geo *geo, const void *page, const struct slab *slab,
		unsigned node, unsigned colour);

static inline bool watched(struct kmem_cache_core *core)
{
	return atomic_load_explicit(&core->sys->watch, memory_order_relaxed) != NULL;
}

/* What the world sees of @slab, which is on list @list. */
void slab_view(struct kmem_cache_core *core, const struct slab *slab, unsigned list,
	       struct kmem_slab_view *v);

/* ---- debug.c ---- */

/* At grow: red zones inactive, poison, construct. */
void debug_init_obj(struct kmem_cache_core *core, const struct slab_geometry *g, void *obj);
/* At alloc; at free 0, or -EINVAL: reported, the free must be dropped. */
void debug_alloc(struct kmem_cache_core *core, const struct slab_geometry *g, void *obj,
		 const void *caller);
int debug_free(struct kmem_cache_core *core, const struct slab *slab, const struct slab_geometry *g,
	       void *obj, const void *caller);
void debug_destroy_obj(struct kmem_cache_core *core, const struct slab *slab,
		       const struct slab_geometry *g, void *obj, int holds_index);
void debug_poison_free(const struct slab_geometry *g, void *obj);
void report_bad_free(struct kmem_cache_core *core, void *obj, const void *caller);
/* 0, or -EINVAL: a free object's poison or red zones are damaged (for kmem_cache_check). */
int debug_check_free(const struct slab_geometry *g, const void *obj, int holds_index,
		     struct err *e);

static inline const struct kmem_conf *core_conf(struct kmem_cache_core *core)
{
	return atomic_load_explicit(&core->conf, memory_order_acquire);
}

static inline void count(_Atomic uint64_t *c)
{
	atomic_fetch_add_explicit(c, 1, memory_order_relaxed);
}

static inline uint64_t counted(const _Atomic uint64_t *c)
{
	return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)c, memory_order_relaxed);
}

/* l3->lock, counted; a refill and a flush count themselves. */
static inline void list_lock(struct kmem_list3 *l3)
{
	kmem_lock(&l3->lock);
	l3->other_locks++;
}

enum { STAT_ALLOCHIT, STAT_ALLOCMISS, STAT_FREEHIT, STAT_FREEMISS };

#endif
