/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEM_CACHE_H
#define SLABSCOPE_KMEM_CACHE_H

/*
 * A configurable slab allocator: Linux's classic SLAB in user space.
 *
 *	struct kmem_system   one allocator: a machine, its pages, its caches, a reaper
 *	struct kmem_cache    one cache of equal objects
 *
 * Life: kmem_machine_native() -> kmem_system_create() -> kmem_cache_create() -> alloc/free ->
 * kmem_cache_destroy() -> kmem_system_destroy(). Several systems may live side by side.
 *
 * The path of an object:
 *
 *	alloc/free --> array_cache of the CPU --> shared array of the node --> slabs of the node --> pages
 *	               no lock, inline           node's lock: slabs_partial, slabs_free, slabs_full
 *
 * Threads: everything may be called by any thread at any time except where said; none of it from signal
 * handlers. fork(): the child may use the system if no other thread was inside it at the fork, or if
 * kmem_system_fork_prepare() and _done() stood around it.
 *
 * How the fast path stays without lock: slot[cpu].ac points to the CPU's array while nobody owns it, and to an
 * always-empty, always-full stub while somebody does. A fast operation is a restartable sequence (x86-64,
 * glibc >= 2.35): load ac, change its top entry, commit with one store to `avail`; the kernel restarts it when
 * the thread is preempted or moved. Slow operations take the array away first (exchange with the stub), so they
 * may work on it at leisure: refill, flush, resize, drain. Taking the array of another CPU is followed by
 * membarrier, which restarts sequences that run there. Without rseq a thread has a slot of its own and marks it
 * busy around the operation; nothing on either path is an atomic read-modify-write.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/geometry.h"
#include "engine/machine.h"
#include "engine/rseq.h"
#include "engine/slab_config.h"
#include "lib/err.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kmem_system;
struct kmem_cache_core;

/* gfp-like flags */
#define KMEM_ZERO 0x1u	   /* clear the object */
#define KMEM_THISNODE 0x2u /* no fallback to other nodes */

/* What kmalloc(0) returns; kfree() of it and of NULL does nothing. */
#define KMEM_ZERO_SIZE_PTR ((void *)16)

/* One per-CPU queue of objects: LIFO, entry[avail - 1] is the next one out. */
struct array_cache {
	uint32_t avail;	  /* objects in entry[]; with touched one 64-bit word for the fast path */
	uint32_t touched; /* allocated from since the reaper last looked */
	uint32_t push_limit; /* what the inline free compares avail with: limit on a machine with one node; 0 with
				several, where a free must test the object's node first and is a call */
	uint32_t limit;	     /* avail <= limit */
	uint32_t batchcount; /* moved at once by refill and flush */
	uint32_t unused;
	uintptr_t lo;	/* objects below lo, */
	uintptr_t span; /* or at lo + span and above, belong to another node (or to nobody) */
	void *entry[];
};

#if defined(__aarch64__) || defined(__powerpc64__)
#define KMEM_SLOT_SHIFT 7
#else
#define KMEM_SLOT_SHIFT 6
#endif

/* One per CPU; padded to a line of its own. */
struct kmem_slot {
	struct array_cache
		*ac; /* the array, or the stub while somebody owns it (or always: slow mode) */
	struct array_cache *home; /* (private) where a slow-only cache keeps the array */
	uint32_t busy;		  /* slot mode: the owning thread is inside a fast operation */
	uint32_t colour_next;	  /* (private) SCOPE_CPU */
	uint32_t reap_next;	  /* (private) round robin over alien caches */
	uint64_t stat[4];	  /* (private) STATS_FULL: allochit, allocmiss, freehit, freemiss */
} __attribute__((aligned(1 << KMEM_SLOT_SHIFT)));

struct kmem_cache {
	/* touched by every alloc and free, never written after create */
	struct kmem_cache_core *core;
	unsigned object_size; /* bytes the user may use */
	unsigned nr_slots;
	unsigned need_fence; /* slot mode without membarrier: the fast path orders its mark itself */
	struct kmem_slot slot[];
};

/* ---- systems ---- */

/* A line about misuse or corruption: double free, foreign free, overwritten red zone, leak at destroy.
 * @text names cache, object, slab, colour and both callers; several lines. The default writes it to stderr and
 * aborts. If the handler returns, the operation is dropped and the memory left as it is. Called with locks
 * possibly held: it must not call the engine. */
typedef void (*kmem_report_fn)(void *arg, const char *text);

struct kmem_system_config {
	const struct kmem_machine *machine; /* copied; NULL: kmem_machine_native() */
	const struct slab_config
		*general; /* toggles of the general caches; NULL: profile kernel-2.6.22 */
	uint64_t node_bytes, limit_bytes; /* see struct pages_config */
	unsigned populate;
	unsigned max_slots; /* KMEM_CPU_SLOT: threads that can have an array; 0: max(nr_cpus, 64) */
	kmem_report_fn report;
	void *report_arg;
	uint64_t fail_at; /* as kmem_system_fail_at(), for passages while the system is created; 0: off */
};

int kmem_system_create(struct kmem_system **out, const struct kmem_system_config *c, struct err *e);

/* Destroys general caches and memory. -EBUSY (text names them) if other caches exist: nothing is done then. */
int kmem_system_destroy(struct kmem_system *s, struct err *e);

/*
 * Around fork(), by the thread that forks: everything is held still from _prepare() until _done(), which is called in
 * the parent and in the child (@child 1). What other threads had under way is lost to the child: at most the slabs and
 * batches that they were moving. The reaper does not run in the child. For pthread_atfork().
 */
void kmem_system_fork_prepare(struct kmem_system *s);
void kmem_system_fork_done(struct kmem_system *s, int child);

/*
 * vfork(): the child runs on its parent's memory, struct rseq included, but the kernel restarts none of its sequences and
 * leaves the CPU number as it was: a fast operation of the child would race with the threads of that CPU. The child may
 * use the system once it has set cpu_id_start to this, the number of a slot that never has an array; before the parent
 * uses it again, cpu_id_start must be the CPU's. The same goes for any task that clone(CLONE_VM) made without the C
 * library. 0: slots of threads, nothing to be done.
 */
unsigned kmem_system_spare_slot(const struct kmem_system *s);

const struct kmem_machine *kmem_system_machine(const struct kmem_system *s);
struct pages_map;
/* For who looks up many addresses (engine/pages.h); fixed for the life of the system. */
const struct pages_map *kmem_system_map(const struct kmem_system *s);

/* KMEM_CPU_SLOT: this thread is CPU @slot from now on (-1: give the slot back, also done at thread exit).
 * -EBUSY: another thread has it; -EINVAL: outside 0..KMEM_MAX_CPUS-1. A thread that never asks gets a free slot at
 * its first slow operation. Process-wide: the number is the same in every system. */
int kmem_thread_bind(int slot);

/* The CPU this thread would use now: its slot, or what rseq says; -1: none. */
int kmem_thread_cpu(const struct kmem_system *s);

/* ---- caches ---- */

/*
 * Create a cache of @size bytes per object. @c NULL: profile kernel-2.6.22. @ctor (may be NULL) constructs each
 * object when its slab is grown (with poison: at each allocation). Name is copied (at most 63 bytes).
 * -EINVAL bad size or toggles; -EEXIST name taken; -ENOMEM.
 */
int kmem_cache_create(struct kmem_system *s, const char *name, size_t size,
		      const struct slab_config *c, void (*ctor)(void *obj), struct kmem_cache **out,
		      struct err *e);

/* -EBUSY if objects are still out: the cache stays; -EINVAL: a general cache. No other thread may use the cache.
 * NULL is fine. */
int kmem_cache_destroy(struct kmem_cache *c, struct err *e);

/* Drain all queues, free all empty slabs. 0, or 1 if slabs with objects remain. */
int kmem_cache_shrink(struct kmem_cache *c);

/* Change toggles of a live cache, under load if need be. Slabs grown from now on follow @n; older ones keep
 * their geometry. All queues are emptied and rebuilt. -EINVAL: @n is invalid or changes an OPT_FIXED toggle;
 * -EBUSY: too many geometries alive; -ENOMEM. On failure nothing has changed. */
int kmem_cache_tune(struct kmem_cache *c, const struct slab_config *n, struct err *e);

/* NULL when there is no memory where the placement allows it. */
static inline void *kmem_cache_alloc(struct kmem_cache *c, unsigned flags);
/* An object from @node (-1: as kmem_cache_alloc). Falls back by distance unless KMEM_THISNODE. */
void *kmem_cache_alloc_node(struct kmem_cache *c, unsigned flags, int node);
/* NULL is allowed. The object must have come from @c. */
static inline void kmem_cache_free(struct kmem_cache *c, void *obj);
static inline void *kmem_cache_zalloc(struct kmem_cache *c);
/* All @n or none: returns n, or 0 with nothing allocated. */
size_t kmem_cache_alloc_bulk(struct kmem_cache *c, unsigned flags, size_t n, void **p);
void kmem_cache_free_bulk(struct kmem_cache *c, size_t n, void **p);

/* What is in force: geometry of new slabs, toggles as asked. Copies. */
void kmem_cache_geometry(struct kmem_cache *c, struct slab_geometry *g);
void kmem_cache_config(struct kmem_cache *c, struct slab_config *out);
const char *kmem_cache_name(const struct kmem_cache *c);
struct kmem_cache *kmem_cache_of(struct kmem_system *s,
				 const void *obj);		/* NULL: not in a slab of @s */
unsigned kmem_obj_node(struct kmem_system *s, const void *obj); /* node of the arena it lies in */

/* General caches. kmalloc(0) is KMEM_ZERO_SIZE_PTR; above KMALLOC_MAX_SIZE: NULL. */
void *kmem_kmalloc(struct kmem_system *s, size_t size, unsigned flags);
void kmem_kfree(struct kmem_system *s, void *obj);
size_t kmem_ksize(struct kmem_system *s, const void *obj);
struct kmem_cache *kmem_kmalloc_cache(struct kmem_system *s, size_t size); /* NULL: none */

/* ---- reaping ---- */

/* One reaper tick of @cpu at time @now_ms (any clock that only grows): ages its arrays, one alien array, the
 * node's shared array and free slabs when their time has come (4000 ms). The kernel ticks every 2000 ms. */
void kmem_reap(struct kmem_system *s, unsigned cpu, uint64_t now_ms);
/* A thread that ticks for every CPU each @period_ms. -EALREADY if it runs. Stopped by _stop or destroy. */
int kmem_reaper_start(struct kmem_system *s, unsigned period_ms, struct err *e);
void kmem_reaper_stop(struct kmem_system *s);

/* ---- looking in ---- */

struct kmem_cache_info {
	char name[64];
	unsigned objsize, num, pagesperslab;
	unsigned limit, batchcount, shared;
	uint64_t active_objs, num_objs, active_slabs, num_slabs, shared_avail,
		queued; /* objects in CPU, shared, alien queues */
	/* globalstat */
	uint64_t list_allocs; /* objects taken from a slab (refill and direct) */
	uint64_t list_frees;
	uint64_t max_objs; /* highest num_objs */
	uint64_t grown, reaped, errors, max_freeable, node_allocs, remote_frees, alien_overflow;
	uint64_t refills, refills_shared, flushes, flushes_shared, fallbacks, grow_failures;
	/* How often a lock of this cache was taken to allocate, free, grow, shrink or reap: of a node's lists (with its
	 * shared array), of an alien cache, of the colour. Not those of the page allocator, which all caches share, and
	 * not what statistics, checks and tuning take, which hold everything. Exact in every stats mode. */
	uint64_t lock_acquisitions;
	/* cpustat: only with stats=full (or debugging); otherwise have_cpustat = 0 and these mean nothing */
	unsigned have_cpustat;
	uint64_t alloc_hit, alloc_miss, free_hit, free_miss;
	/* bytes: held == objects + user_slack + management + colour + tail + padding, exactly (see slabinfo.c) */
	uint64_t bytes_held;  /* pages in slabs */
	uint64_t bytes_asked; /* active objects as the user sees them: out to users, not queued */
	uint64_t bytes_free_objs; /* objects free or queued, as the user sees them */
	uint64_t bytes_rounding; /* stride minus object size: alignment, debug words, without stride_pad */
	uint64_t bytes_stride_pad; /* stride_pad */
	uint64_t bytes_mgmt;	   /* on-slab management */
	uint64_t bytes_mgmt_off;   /* off-slab management, held elsewhere: not part of bytes_held */
	uint64_t bytes_colour;	   /* bytes in front, used by the slab's colour */
	uint64_t bytes_tail;	   /* the rest of left_over */
};
/* A consistent picture: all queues and lists are held still meanwhile. */
void kmem_cache_get_info(struct kmem_cache *c, struct kmem_cache_info *i);
/* Calls @fn for each cache, newest first. */
void kmem_for_each_cache(struct kmem_system *s, void (*fn)(struct kmem_cache *c, void *arg),
			 void *arg);
/* The kernel's text, format 2.1; statistics columns with @stats where have_cpustat. */
int kmem_slabinfo_text(struct kmem_system *s, FILE *f, int stats);
int kmem_slabinfo_json(struct kmem_system *s, FILE *f);
/* "name limit batchcount shared" as written to /proc/slabinfo: -EINVAL unknown name; silly numbers ignored. */
int kmem_slabinfo_write(struct kmem_system *s, const char *line, struct err *e);
/* Calls @fn for each slab: what placement checks, plots and tests need. Held still meanwhile. */
struct kmem_slab_view {
	const void *page, *mgmt, *s_mem;
	size_t bytes;
	unsigned colour, colouroff, node, inuse, list; /* list: 0 full, 1 partial, 2 free */
	const struct slab_geometry *geometry;
};
void kmem_for_each_slab(struct kmem_cache *c, void (*fn)(const struct kmem_slab_view *v, void *arg),
			void *arg);

/* ---- watching ---- */

/*
 * Slabs as they come and go, for who keeps a map of them. One watcher per system; without one it costs a load
 * when a slab is grown or freed, and nothing elsewhere.
 *
 *	KMEM_WATCH_PAGES  the slab has its pages, and nothing of them was touched yet; mgmt is NULL where the
 *	                  management will lie outside the slab or in an object
 *	KMEM_WATCH_GROWN  it is whole, and on no list yet
 *	KMEM_WATCH_FREED  its pages are about to be given back; also after PAGES alone, when growing fails
 *
 * Called by the thread that grows or frees, one call at a time, locks possibly held: it must not call the engine.
 */
enum kmem_watch_event { KMEM_WATCH_PAGES, KMEM_WATCH_GROWN, KMEM_WATCH_FREED };
struct kmem_watch {
	void (*slab)(struct kmem_watch *w, enum kmem_watch_event event, struct kmem_cache *c,
		     const struct kmem_slab_view *v);
};
/* From now on @w (NULL: nobody). When it returns, no call to the one before is under way. Slabs that live already
 * are kmem_for_each_slab()'s to tell; ask it afterwards, and be ready to hear of one twice. */
void kmem_system_watch(struct kmem_system *s, struct kmem_watch *w);

/* Which of the system's memory @addr lies in. */
enum kmem_where {
	KMEM_ELSEWHERE,
	KMEM_IN_PAGES,	 /* where slabs are */
	KMEM_IN_ACCOUNT, /* the map from pages to slabs, and the page allocator's accounts */
	KMEM_IN_META	 /* cache heads, arrays, node lists */
};
enum kmem_where kmem_system_where(struct kmem_system *s, const void *addr);

/* Calls @fn for each piece of KMEM_IN_META memory that @c uses now. Held still meanwhile. */
enum kmem_part {
	KMEM_PART_HEAD,
	KMEM_PART_NODE,
	KMEM_PART_ARRAY,
	KMEM_PART_SHARED,
	KMEM_PART_ALIEN
};
void kmem_for_each_part(struct kmem_cache *c,
			void (*fn)(enum kmem_part part, const void *addr, size_t bytes, void *arg),
			void *arg);

/* Every equation of the headers, over all slabs, queues and pages of the cache. 0, or -EINVAL and which one. */
int kmem_cache_check(struct kmem_cache *c, struct err *e);
int kmem_system_check(struct kmem_system *s, struct err *e);

/* Failure injection for the whole system: passage number @at (1-based, counted from this call over all points)
 * fails, once. 0: off. Returns how many passages there were since the last call. */
uint64_t kmem_system_fail_at(struct kmem_system *s, uint64_t at);

/* Page blocks for tests: make a node full (bytes it may hold; 0: no limit). */
void kmem_system_node_limit(struct kmem_system *s, unsigned node, uint64_t bytes);

/* ---- the fast path ---- */

void *kmem_cache_alloc_slow(struct kmem_cache *c, unsigned flags);
void kmem_cache_free_slow(struct kmem_cache *c, void *obj);
extern __thread int kmem_tls_slot;

#include "engine/fastpath.h"

static inline void *kmem_cache_alloc(struct kmem_cache *c, unsigned flags)
{
	void *obj = kmem_fast_pop(c);

	if (__builtin_expect(!obj, 0))
		return kmem_cache_alloc_slow(c, flags);
	if (flags & KMEM_ZERO)
		memset(obj, 0, c->object_size);
	return obj;
}

static inline void *kmem_cache_zalloc(struct kmem_cache *c)
{
	return kmem_cache_alloc(c, KMEM_ZERO);
}

static inline void kmem_cache_free(struct kmem_cache *c, void *obj)
{
	if (__builtin_expect(!obj, 0))
		return;
	if (__builtin_expect(!kmem_fast_push(c, obj), 0))
		kmem_cache_free_slow(c, obj);
}

#ifdef __cplusplus
}
#endif

#endif
