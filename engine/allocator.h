/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_ALLOCATOR_H
#define SLABSCOPE_ALLOCATOR_H

/*
 * The allocator seam: a workload allocates only through it, so that every workload runs on our
 * engine and on peers. One const ops table per allocator, one line in engine/allocators.def.
 *
 * The seam costs nothing where it matters: a workload's loop is an always_inline function with a
 * constant `direct`; with direct = 1 the calls below are the engine's own inlined fast path.
 */

#include <stdbool.h>
#include <stddef.h>

#include "engine/kmem_cache.h"

struct allocator_request {
	const char *name;		  /* of the cache */
	size_t size;			  /* bytes per object */
	const struct slab_config *config; /* toggles; peers ignore them */
	struct kmem_system *system;	  /* our engine's; NULL for peers */
};

/* alloc and free change what priv points to, never the struct: a loop may work on a copy of its
 * own. Any thread may free what another one allocated. */
struct seam_cache {
	const struct allocator_ops *ops;
	struct kmem_cache *slab; /* our engine's cache; NULL for peers */
	void *priv;
	size_t size;
};

struct allocator_ops {
	const char *name, *help;
	unsigned is_slab; /* 1: our engine: needs a system, takes toggles */
	unsigned aliases; /* 1: live objects may share memory (null): contents mean nothing, do not
			     verify them */
	/* @c is zero but for ops and size. 0, or -errno; -ENOSYS with reason and remedy when the peer is
	 * not on this machine */
	int (*create)(struct seam_cache *c, const struct allocator_request *r, struct err *e);
	void *(*alloc)(struct seam_cache *c);
	void (*free)(struct seam_cache *c, void *obj);
	void (*destroy)(struct seam_cache *c);
	const char *(*version)(void);
};

extern const struct allocator_ops *const allocators[]; /* NULL ends */
const struct allocator_ops *allocator_find(const char *name);

static inline __attribute__((always_inline)) void *seam_alloc(struct seam_cache *c,
							      const bool direct)
{
	return direct ? kmem_cache_alloc(c->slab, 0) : c->ops->alloc(c);
}

static inline __attribute__((always_inline)) void seam_free(struct seam_cache *c, void *obj,
							    const bool direct)
{
	if (direct)
		kmem_cache_free(c->slab, obj);
	else
		c->ops->free(c, obj);
}

#endif
