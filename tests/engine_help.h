/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_ENGINE_HELP_H
#define SLABSCOPE_TESTS_ENGINE_HELP_H

/* What the engine's tests share: a small synthetic machine, one cache, a look at its slabs. */

#include "engine/kmem_cache.h"

#define KERNEL "kernel-2.6.22"

/* The slab that an object lies in. */
struct et_find {
	const void *obj;
	struct kmem_slab_view v;
	struct slab_geometry g;
	int found;
};

struct kmem_system *et_system_of(unsigned cpus, unsigned nodes);
struct slab_config et_config(const char *profile);
struct kmem_cache *et_cache_of(struct kmem_system *s, const char *name, size_t size,
			       const struct slab_config *cfg);
void et_on_cpu(int cpu);
void et_sound(struct kmem_system *s);
void et_end(struct kmem_system *s, struct kmem_cache *c);
struct kmem_cache_info et_info(struct kmem_cache *c);
struct et_find et_slab_of(struct kmem_cache *c, const void *obj);
unsigned et_obj_number(struct kmem_cache *c, const void *obj);

#endif
