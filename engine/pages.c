/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arenas: reserving them, and blocks in and out. See pages_impl.h. */
#include "engine/pages_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/geometry.h"

#define MiB (UINT64_C(1) << 20)
#define GiB (UINT64_C(1) << 30)

#define CHUNK_MIN (2 * MiB)
#define NODE_BYTES (64 * GiB) /* address space per node and backing when nothing is asked for ... */
#define TOTAL_BYTES (8192 * GiB)    /* ... and for all of it: a sixteenth of what 47 bits give */
#define NODE_BYTES_MAX (4096 * GiB) /* BUDDY_ORDERS orders of 4 KiB pages, and some */

/* A sanitizer or valgrind keeps shadow beside every byte that is mapped: ask for less of it there.
 * */
#if defined(__has_feature)
#define PAGES_FEATURE(x) __has_feature(x)
#else
#define PAGES_FEATURE(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) ||           \
	PAGES_FEATURE(thread_sanitizer) || PAGES_FEATURE(address_sanitizer) || \
	PAGES_FEATURE(memory_sanitizer)
#define BUILD_NODE_BYTES (8 * GiB)
#define BUILD_TOTAL_BYTES (192 * GiB)
#else
#define BUILD_NODE_BYTES NODE_BYTES
#define BUILD_TOTAL_BYTES TOTAL_BYTES
#endif

static uint64_t pow2_up(uint64_t n)
{
	return n <= 1 ? 1 : UINT64_C(1) << (64 - __builtin_clzll(n - 1));
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- create, destroy ---- */

/* Drop [addr, addr + len) around [*base, *base + want), which is aligned. */
static void keep_aligned(const struct pages_sys *sys, void *addr, size_t len, uintptr_t want,
			 uintptr_t align, uintptr_t *base)
{
	uintptr_t start = (uintptr_t)addr, end = start + len;

	*base = (start + align - 1) & ~(align - 1);
	if (*base > start)
		sys->unmap(addr, *base - start);
	if (end > *base + want)
		sys->unmap((void *)(*base + want), end - *base - want);
}

/* The range, the page array and the state bytes for arenas of @bytes each: all or nothing. */
static size_t accounts_bytes(uint64_t nr)
{
	return nr * (sizeof(struct kmem_page_head) + sizeof(struct kmem_page) +
		     sizeof(struct list_head) + sizeof(uint8_t)) +
	       (nr >> PAGES_BLOCK_ORDER) * sizeof(struct kmem_page);
}

static int reserve(struct pages *p, uint64_t bytes)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	uint64_t span = bytes * BACKING_NR, total = span * p->nr_nodes;
	/* Blocks are aligned to their size up to 1 GiB (and always to a huge page). */
	uint64_t align = bytes < GiB ? bytes : GiB, nr = total >> p->map.page_shift;
	void *range = NULL, *accounts = NULL;
	int r;

	if (total / p->nr_nodes != span || total + align < total || total + align > SIZE_MAX)
		return -ENOMEM;
	if (p->hugetlb > align && p->hugetlb <= bytes)
		align = p->hugetlb;
	r = p->sys->map(&range, total + align, PROT_NONE, flags);
	if (r)
		return r;
	r = p->sys->map(&accounts, accounts_bytes(nr), PROT_READ | PROT_WRITE, flags);
	if (r) {
		p->sys->unmap(range, total + align);
		return r;
	}
	/* Touched here and there only: a huge page for each place would be waste. Refused: no harm.
	 * */
	p->sys->advise(accounts, accounts_bytes(nr), MADV_NOHUGEPAGE);
	keep_aligned(p->sys, range, total + align, total, align, &p->map.base);
	p->map.end = p->map.base + total;
	p->map.node_span = span;
	p->accounts = accounts;
	p->accounts_len = accounts_bytes(nr);
	p->map.head = accounts;
	p->map.page = (void *)(p->map.head + nr);
	p->link = (void *)(p->map.page + nr);
	p->map.block = (void *)(p->link + nr);
	p->state = p->map.block + (nr >> PAGES_BLOCK_ORDER);
	p->arena_bytes = bytes;
	return 0;
}

/* Less and less until it fits: RLIMIT_AS, 39-bit address spaces, strict overcommit (valgrind says
 * EINVAL). */
static int reserve_some(struct pages *p, uint64_t asked, struct err *e)
{
	uint64_t least = max_u64(p->chunk[BACKING_BASE], p->chunk[BACKING_THP]);
	uint64_t bytes = asked ? pow2_up(asked < NODE_BYTES_MAX ? asked : NODE_BYTES_MAX) :
				 BUILD_NODE_BYTES;
	char buf[PAGES_TEXT];
	int r;

	/* a block of the largest order of the general caches must fit */
	least = max_u64(least, (uint64_t)KMALLOC_MAX_SIZE);
	while (!asked && bytes * BACKING_NR * p->nr_nodes > BUILD_TOTAL_BYTES)
		bytes >>= 1;
	for (bytes = max_u64(bytes, least);; bytes >>= 1) {
		r = reserve(p, bytes);
		if (!r || bytes <= least)
			break;
	}
	if (!r)
		return 0;
	return err_set(e, r,
		       "cannot reserve %s of address space for each of %u nodes: %s (ulimit -v?)",
		       pages_bytes_text(bytes * BACKING_NR, buf), p->nr_nodes, strerror(-r));
}

static void init_node(struct pages *p, unsigned n, const struct kmem_machine *m, uint64_t limit)
{
	struct node *node = &p->node[n];

	node->os_node = m->nr_nodes > 1 && !m->emulated ? m->os_node[n] : -1;
	atomic_init(&node->limit, limit);
	for (unsigned i = 0; i < BACKING_NR; i++) {
		struct arena *a = &node->arena[i];

		kmem_lock_init(&a->lock);
		a->start = p->map.base + n * p->map.node_span + i * p->arena_bytes;
		a->first = (a->start - p->map.base) >> p->map.page_shift;
	}
}

int pages_create_with(struct pages **out, const struct kmem_machine *m,
		      const struct pages_config *c, const struct pages_sys *sys, struct err *e)
{
	static const struct pages_config none;
	unsigned host = (unsigned)sysconf(_SC_PAGESIZE);
	size_t len = sizeof(struct pages) + m->nr_nodes * sizeof(struct node);
	struct pages *p;
	int r;

	*out = NULL;
	if (!c)
		c = &none;
	if (!m->nr_nodes || m->nr_nodes > KMEM_MAX_NODES)
		return err_set(e, -EINVAL, "%u nodes: expected 1 to %u", m->nr_nodes,
			       KMEM_MAX_NODES);
	if (m->page_size & (m->page_size - 1) || m->page_size < host || m->page_size > MiB)
		return err_set(
			e, -EINVAL,
			"page size %u: expected a power of two from the machine's %u to 1 MiB",
			m->page_size, host);
	/* not malloc: the engine may stand behind it */
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_set(e, -ENOMEM, "no memory for the accounts of %u nodes", m->nr_nodes);
	p->self_len = len;
	p->sys = sys;
	p->nr_nodes = m->nr_nodes;
	p->populate = c->populate;
	p->map.page_shift = pages_log2(m->page_size);
	p->hugetlb = sys->hugetlb_size();
	p->chunk[BACKING_BASE] = CHUNK_MIN;
	p->chunk[BACKING_THP] = max_u64(CHUNK_MIN, sys->thp_size());
	p->chunk[BACKING_HUGETLB] = max_u64(CHUNK_MIN, p->hugetlb);
	r = reserve_some(p, c->node_bytes, e);
	if (r) {
		munmap(p, len);
		return r;
	}
	for (unsigned n = 0; n < p->nr_nodes; n++)
		init_node(p, n, m, c->limit_bytes);
	*out = p;
	return 0;
}

int pages_create(struct pages **out, const struct kmem_machine *m, const struct pages_config *c,
		 struct err *e)
{
	return pages_create_with(out, m, c, &pages_sys_native, e);
}

void pages_destroy(struct pages *p)
{
	if (!p)
		return;
	p->sys->unmap((void *)p->map.base, p->map.end - p->map.base);
	p->sys->unmap(p->accounts, p->accounts_len);
	munmap(p, p->self_len);
}

const struct pages_map *pages_map(const struct pages *p)
{
	return &p->map;
}

int pages_is_account(const struct pages *p, const void *addr)
{
	uintptr_t a = (uintptr_t)addr;

	return a - (uintptr_t)p->accounts < p->accounts_len || a - (uintptr_t)p < p->self_len;
}

/* ---- alloc, free ---- */

/* Book @bytes on the node unless its limit forbids. */
static int book(struct node *node, unsigned n, uint64_t bytes, struct err *e)
{
	uint64_t limit = atomic_load_explicit(&node->limit, memory_order_relaxed);
	uint64_t held = atomic_load_explicit(&node->held, memory_order_relaxed);
	char buf[PAGES_TEXT];

	do {
		if (limit && held + bytes > limit)
			return err_set(e, -ENOMEM, "node %u is full (limit %s)", n,
				       pages_bytes_text(limit, buf));
	} while (!atomic_compare_exchange_weak_explicit(
		&node->held, &held, held + bytes, memory_order_relaxed, memory_order_relaxed));
	return 0;
}

static void note_peak(struct node *node)
{
	uint64_t held = atomic_load_explicit(&node->held, memory_order_relaxed);
	uint64_t peak = atomic_load_explicit(&node->peak, memory_order_relaxed);

	while (held > peak &&
	       !atomic_compare_exchange_weak_explicit(&node->peak, &peak, held,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

static void ready(struct pages *p, struct arena *a)
{
	if (a->ready)
		return;
	buddy_init(&a->buddy, p->map.page + a->first, p->link + a->first,
		   (uint8_t *)p->state + a->first, pages_log2(p->arena_bytes) - p->map.page_shift);
	a->ready = 1;
}

/* A block of the arena, marked as handed out. The lock is held. */
static void *take_block(struct pages *p, unsigned n, unsigned backing, unsigned order,
			struct err *e)
{
	struct arena *a = &p->node[n].arena[backing];
	enum buddy_kind kind;
	uint64_t at;
	void *addr;
	int r;

	ready(p, a);
	at = buddy_take(&a->buddy, BUDDY_SET_FREE, order, &kind);
	if (at == BUDDY_NOTHING) {
		if (pages_commit(p, n, backing, order, e))
			return NULL;
		at = buddy_take(&a->buddy, BUDDY_SET_FREE, order, &kind);
	}
	addr = pages_addr(p, a, at);
	if (kind == BUDDY_CLEAN &&
	    p->populate) { /* it was trimmed: its faults are to be taken again */
		r = pages_populate(p->sys, addr, (size_t)1 << (order + p->map.page_shift));
		if (r) {
			buddy_give(&a->buddy, at, order, BUDDY_CLEAN);
			err_set(e, r, "node %u: cannot populate a block: %s", n, strerror(-r));
			return NULL;
		}
	}
	buddy_use(&a->buddy, at, order);
	return addr;
}

void *pages_alloc(struct pages *p, unsigned node, unsigned order, unsigned backing, struct err *e)
{
	struct arena *a;
	struct node *nd;
	uint64_t bytes;
	void *addr;

	if (node >= p->nr_nodes || backing >= BACKING_NR) {
		err_set(e, -EINVAL, "node %u, backing %u: there are %u nodes and %u backings", node,
			backing, p->nr_nodes, BACKING_NR);
		return NULL;
	}
	nd = &p->node[node];
	a = &nd->arena[backing];
	if (order > pages_log2(p->arena_bytes < GiB ? p->arena_bytes : GiB) - p->map.page_shift) {
		err_set(e, -E2BIG, "order %u is larger than any block", order);
		goto failed;
	}
	bytes = UINT64_C(1) << (order + p->map.page_shift);
	if (book(nd, node, bytes, e))
		goto failed;
	kmem_lock(&a->lock);
	addr = take_block(p, node, backing, order, e);
	kmem_unlock(&a->lock);
	if (!addr) {
		atomic_fetch_sub_explicit(&nd->held, bytes, memory_order_relaxed);
		goto failed;
	}
	note_peak(nd);
	atomic_fetch_add_explicit(&nd->allocs, 1, memory_order_relaxed);
	return addr;
failed:
	atomic_fetch_add_explicit(&nd->failures, 1, memory_order_relaxed);
	return NULL;
}

/* A caller's bug, found where nothing can be returned: kept for pages_check(), the memory left
 * alone. */
static void bad_free(struct pages *p, void *addr, unsigned order)
{
	if (atomic_fetch_add(&p->bad_frees, 1))
		return;
	atomic_store(&p->bad_addr, (uintptr_t)addr);
	atomic_store(&p->bad_order, order);
}

static void clear_blocks(const struct pages_map *map, const void *addr, unsigned order)
{
	unsigned n;
	struct kmem_page *block = pages_entries(map, addr, order, &n);

	for (unsigned i = 0; i < n; i++)
		if (block[i].slab)
			block[i] = (struct kmem_page){ NULL, NULL };
}

void pages_free(struct pages *p, void *addr, unsigned order)
{
	uintptr_t off = (uintptr_t)addr - p->map.base;
	struct kmem_page *page;
	struct node *node;
	struct arena *a;
	uint64_t at;

	if (off >= p->map.end - p->map.base || off & ((UINT64_C(1) << p->map.page_shift) - 1) ||
	    order >= BUDDY_ORDERS) {
		bad_free(p, addr, order);
		return;
	}
	page = &p->map.page[off >> p->map.page_shift];
	node = &p->node[off / p->map.node_span];
	a = &node->arena[off % p->map.node_span / p->arena_bytes];
	at = (uint64_t)(page - p->map.page) - a->first;
	kmem_lock(&a->lock);
	if (!a->ready || buddy_unuse(&a->buddy, at, order)) {
		kmem_unlock(&a->lock);
		bad_free(p, addr, order);
		return;
	}
	/* Free pages carry no slab; the caller has mostly seen to it, and then nothing is written.
	 * */
	for (uint64_t i = 0; i < UINT64_C(1) << order; i++)
		if (page[i].cache || page[i].slab) {
			page[i].cache = NULL;
			page[i].slab = NULL;
		}
	if (order >= PAGES_BLOCK_ORDER)
		clear_blocks(&p->map, addr, order);
	buddy_give(&a->buddy, at, order, BUDDY_DIRTY);
	kmem_unlock(&a->lock);
	atomic_fetch_sub_explicit(&node->held, UINT64_C(1) << (order + p->map.page_shift),
				  memory_order_relaxed);
	atomic_fetch_add_explicit(&node->frees, 1, memory_order_relaxed);
}

void pages_set_limit(struct pages *p, unsigned node, uint64_t bytes)
{
	if (node < p->nr_nodes)
		atomic_store_explicit(&p->node[node].limit, bytes, memory_order_relaxed);
}

/* ---- fork ---- */

static void each_arena(struct pages *p, void (*op)(struct kmem_lock *))
{
	for (unsigned n = 0; n < p->nr_nodes; n++)
		for (unsigned i = 0; i < BACKING_NR; i++)
			op(&p->node[n].arena[i].lock);
}

static void lock_op(struct kmem_lock *l)
{
	kmem_lock(l);
}

static void unlock_op(struct kmem_lock *l)
{
	kmem_unlock(l);
}

void pages_fork_lock(struct pages *p)
{
	each_arena(p, lock_op);
}

void pages_fork_unlock(struct pages *p)
{
	each_arena(p, unlock_op);
}
