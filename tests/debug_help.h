/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_DEBUG_HELP_H
#define SLABSCOPE_TESTS_DEBUG_HELP_H

/* A system with one cache to be maltreated, and what the engine reports of it. */

#include "tests/ops_impl.h"

#define TEXT 4096

struct bench {
	struct kmem_system *s;
	struct kmem_cache *c;
	struct slab_geometry g;
	unsigned size;
	unsigned reports;
	char text[TEXT]; /* of the last one */
};

/* Four CPUs, @nodes nodes, a cache "victim" of objects of @size bytes; the caller is CPU 0. */
void bench_begin(struct bench *b, const struct slab_config *cfg, unsigned size, unsigned nodes);
void bench_sound(struct bench *b);
/* Nothing was lost to the misuse. */
void bench_end(struct bench *b);

#endif
