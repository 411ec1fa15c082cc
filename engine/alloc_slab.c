/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Our engine behind the seam, for code that does not instantiate its loop with direct = 1. */
#include "engine/allocator.h"

#include <errno.h>

#ifndef SLABSCOPE_VERSION
#define SLABSCOPE_VERSION "unknown"
#endif

static int slab_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	if (!r->system)
		return err_set(e, -EINVAL, "slab: no system to create cache %s in", r->name);
	c->size = r->size;
	return kmem_cache_create(r->system, r->name, r->size, r->config, NULL, &c->slab, e);
}

static void *slab_alloc(struct seam_cache *c)
{
	return kmem_cache_alloc(c->slab, 0);
}

static void slab_free(struct seam_cache *c, void *obj)
{
	kmem_cache_free(c->slab, obj);
}

/* Objects that are still out: the engine's report function has said so, and the cache stays with
 * its system. */
static void slab_destroy(struct seam_cache *c)
{
	if (!kmem_cache_destroy(c->slab, NULL))
		c->slab = NULL;
}

static const char *slab_version(void)
{
	return SLABSCOPE_VERSION;
}

extern const struct allocator_ops allocator_slab;
const struct allocator_ops allocator_slab = {
	.name = "slab",
	.help = "this project's slab allocator; takes every toggle",
	.is_slab = 1,
	.create = slab_create,
	.alloc = slab_alloc,
	.free = slab_free,
	.destroy = slab_destroy,
	.version = slab_version,
};
