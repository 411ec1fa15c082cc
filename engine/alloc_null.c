/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The allocator that does nothing, so that what is left of a measurement is the harness. alloc
 * hands out the next object of a ring, free forgets it:
 *
 *	ring 0: | 0 | 1 | 2 | ... | per_ring - 1 |   next[0] --> goes round
 *	ring 1: | 0 | 1 | ...
 *
 * Memory is always valid and aligned to a cache line, and the last NULL_OBJECTS objects that a
 * thread took are distinct (fewer for objects above NULL_RING_BYTES / NULL_OBJECTS bytes). Older
 * ones that are still live share memory with new ones, and so may those of threads that fall into
 * the same ring: `aliases` is set, and a workload's verify must not look at contents. The ring is
 * small for a reason: a larger one would walk through the caches, which no allocator that reuses
 * what was just freed does.
 */
#include "engine/allocator.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NULL_RINGS 64
#define NULL_OBJECTS 4096
#define NULL_RING_BYTES (UINT64_C(4) << 20)
#define NULL_ALIGN 128

struct null_ring {
	_Atomic uint32_t next;
} __attribute__((aligned(NULL_ALIGN)));

struct null_cache {
	struct null_ring ring[NULL_RINGS];
	char *base;
	size_t stride, ring_bytes, len;
	uint32_t mask; /* objects per ring, less one */
};

/* Nothing but an address that differs from thread to thread. */
static __thread const char here = 0;

static unsigned ring_of_thread(void)
{
	return (unsigned)(((uint64_t)(uintptr_t)&here * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}
_Static_assert(NULL_RINGS == 1 << (64 - 58), "ring_of_thread() gives 6 bits");

static int null_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	size_t stride = (r->size + 63) & ~(size_t)63;
	struct null_cache *n;
	uint32_t per = NULL_OBJECTS;

	if (!r->size || r->size > KMALLOC_MAX_SIZE)
		return err_set(e, -EINVAL, "null: object size %zu: expected 1 to %u", r->size,
			       KMALLOC_MAX_SIZE);
	while (per > 1 && per * (uint64_t)stride > NULL_RING_BYTES)
		per >>= 1;
	n = aligned_alloc(NULL_ALIGN, sizeof(*n));
	if (!n)
		return err_set(e, -ENOMEM, "null: no memory for its rings");
	memset(n, 0, sizeof(*n));
	n->stride = stride;
	n->mask = per - 1;
	n->ring_bytes = per * stride;
	n->len = NULL_RINGS * n->ring_bytes;
	n->base = aligned_alloc(4096, (n->len + 4095) & ~(size_t)4095); /* touched as it is used */
	if (!n->base) {
		free(n);
		return err_set(e, -ENOMEM, "null: no memory for %u rings of objects", NULL_RINGS);
	}
	c->size = r->size;
	c->priv = n;
	return 0;
}

static void *null_alloc(struct seam_cache *c)
{
	struct null_cache *n = c->priv;
	unsigned ring = ring_of_thread();
	/* two threads in one ring may take the same object: allowed here, and cheaper than a locked
	 * add */
	uint32_t i = atomic_load_explicit(&n->ring[ring].next, memory_order_relaxed);

	atomic_store_explicit(&n->ring[ring].next, i + 1, memory_order_relaxed);
	return n->base + ring * n->ring_bytes + (i & n->mask) * n->stride;
}

static void null_free(struct seam_cache *c, void *obj)
{
	(void)c;
	(void)obj;
}

static void null_destroy(struct seam_cache *c)
{
	struct null_cache *n = c->priv;

	if (!n)
		return;
	free(n->base);
	free(n);
	c->priv = NULL;
}

static const char *null_version(void)
{
	return "1";
}

extern const struct allocator_ops allocator_null;
const struct allocator_ops allocator_null = {
	.name = "null",
	.help = "hands out memory of a ring and forgets what is freed: measures the harness",
	.aliases = 1,
	.create = null_create,
	.alloc = null_alloc,
	.free = null_free,
	.destroy = null_destroy,
	.version = null_version,
};
