/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_PRELOAD_H
#define SLABSCOPE_PRELOAD_H

/*
 * libslabscope-malloc.so: the engine behind malloc, for LD_PRELOAD.
 *
 *	size          where it comes from                                        how free() knows it
 *	0 .. 256 KiB  a cache of its class, made when first asked for            the page map
 *	above         a mapping of its own, behind a header (large.c)            everything else
 *	any, early    a small static arena (boot.c): while the engine comes up,  its address
 *	              and from inside the making of a cache
 *
 * Classes: steps of 16 bytes up to 128, then four to a doubling; so at most a fifth of an object is rounding above 128
 * bytes. Sizes that are a power of two from 128 bytes to 64 KiB have a second class, aligned to the size (at most a
 * page), for memalign. Nothing here calls stdio, dlsym or malloc.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/kmem_cache.h"

#define CLASS_MAX ((size_t)256 << 10) /* bytes of the largest class */
#define CLASS_NR 52
#define ALIGNED_MIN_SHIFT 7 /* 128 bytes */
#define ALIGNED_NR 10	    /* to 64 KiB */
#define MALLOC_ALIGN 16	    /* what malloc() promises */

/* ---- config.c: SLABSCOPE_MALLOC ---- */

struct malloc_config {
	char profile[OPT_STR_MAX];
	unsigned nodes; /* 0: the machine's */
	unsigned slabinfo;
	struct slab_config plain; /* the profile */
	struct slab_config slab;  /* with what else was asked for */
};

extern const struct opt malloc_opts[]; /* profile, nodes, slabinfo; the rest is slab_config_opts[] */

/* Reads the environment. A setting that is none is told on stderr, and left out. Never fails. */
void config_read(struct malloc_config *c);
/* All of c->slab goes for these many nodes; else it is told, and c->slab is the profile alone. */
void config_check(struct malloc_config *c, unsigned nr_nodes);
/* Toggles of a class: @base with @align, and with queues that hold fewer of larger objects. */
void config_class(const struct malloc_config *c, const struct slab_config *base, unsigned size,
		  unsigned align, struct slab_config *out);

/* ---- machine.c, in place of hwloc, which would cost each process 10 ms: kmem_machine_native() ---- */

/* ---- boot.c ---- */

/* Aligned to @align, a power of two; zeroed. NULL: the arena is full. */
void *boot_alloc(size_t size, size_t align);
bool boot_owns(const void *p);
size_t boot_size(const void *p);

/* ---- large.c: mappings of their own. Zeroed; NULL: no memory ---- */

void *large_alloc(size_t size, size_t align);
void large_free(void *p);
size_t large_size(const void *p);
/* Another size at another place, contents kept; NULL: no memory, and @p is as it was. */
void *large_resize(void *p, size_t size);

/* ---- vfork.c ---- */

/* kmem_system_spare_slot(); 0 until the engine is up. */
extern unsigned malloc_spare_slot;

/* ---- say.c ---- */

/* A line to stderr, without stdio. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The same, and the end. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- classes.c ---- */

/* The engine's map from address to cache; base == end until it is up. */
extern struct pages_map malloc_map;
extern struct kmem_cache *_Atomic malloc_class[CLASS_NR + ALIGNED_NR];

/* The cache of a class. NULL: not now (the engine comes up, or has no such cache): take it from elsewhere. Brings the
 * engine up when first called. */
struct kmem_cache *class_cache(unsigned class);
/* Bytes of an object of a class. */
size_t class_size(unsigned class);

/* @size from 1 to CLASS_MAX. */
static inline unsigned class_of(size_t size)
{
	unsigned e;

	if (size <= 128)
		return (unsigned)(size - 1) / 16;
	e = 63 - (unsigned)__builtin_clzl(size - 1);
	return 8 + (e - 7) * 4 + (unsigned)((size - 1) >> (e - 2) & 3);
}

#endif
