/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MIX_H
#define SLABSCOPE_MIX_H

/*
 * A mix of sizes: a cache for each of up to MIX_MOST size classes from object_size to largest_size, in equal
 * ratios, rounded up to words. mix=even draws each class as often as any other; mix=small draws
 * each half as often as the next smaller one, the last two alike.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/rng.h"
#include "workloads/workload.h"

#define MIX_MOST 32u

enum mix_draw { MIX_EVEN, MIX_SMALL };
extern const char *const mix_draw_names[];

/* What options set; part of a workload's params. */
struct mix_params {
	uint64_t object_size, largest_size;
	unsigned classes; /* 1: object_size only */
	unsigned draw;	  /* enum mix_draw */
};

/* The size of class @k < classes. */
uint64_t mix_size(const struct mix_params *p, unsigned k);
/* How often class @k is drawn. */
double mix_chance(const struct mix_params *p, unsigned k);
/* Bytes of an object, on average over what is drawn. */
double mix_mean(const struct mix_params *p);
/* -EINVAL: classes of the same size, or the wrong way round. */
int mix_check(const struct mix_params *p, struct err *e);
/* Appends the caches to env->cache[], class k as number k: they must be the first. */
int mix_create(struct wl_env *env, const struct mix_params *p, const char *name, struct err *e);

static inline __attribute__((always_inline)) unsigned mix_pick(struct rng *rng, unsigned classes,
							       unsigned draw)
{
	uint64_t bits;

	if (draw == MIX_EVEN)
		return (unsigned)rng_below(rng, classes);
	bits = rng_u64(rng) | UINT64_C(1) << (classes - 1);
	return (unsigned)__builtin_ctzll(bits);
}

/* Rows of an option table; @member: the struct mix_params in struct @where. */
#define MIX_OPTS(where, member, size, largest, nr, how)                                            \
	{ .name = "object_size",                                                                   \
	  .type = OPT_SIZE,                                                                        \
	  .offset = offsetof(where, member.object_size),                                           \
	  .min = 1,                                                                                \
	  .max = KMALLOC_MAX_SIZE,                                                                 \
	  .unit = "bytes",                                                                         \
	  .def = size,                                                                             \
	  .help = "size of each object, or of the smallest class" },                               \
		{ .name = "largest_size",                                                          \
		  .type = OPT_SIZE,                                                                \
		  .offset = offsetof(where, member.largest_size),                                  \
		  .min = 1,                                                                        \
		  .max = KMALLOC_MAX_SIZE,                                                         \
		  .unit = "bytes",                                                                 \
		  .def = largest,                                                                  \
		  .help = "size of the largest class, with classes above 1" },                     \
		{ .name = "classes",                                                               \
		  .type = OPT_UINT,                                                                \
		  .offset = offsetof(where, member.classes),                                       \
		  .min = 1,                                                                        \
		  .max = MIX_MOST,                                                                 \
		  .unit = "caches",                                                                \
		  .def = nr,                                                                       \
		  .help = "size classes in equal ratios, a cache for each; 1: object_size only" }, \
	{                                                                                          \
		.name = "mix", .type = OPT_ENUM, .offset = offsetof(where, member.draw),           \
		.names = mix_draw_names, .def = how,                                               \
		.help = "which class an object is of: all alike, or each half as often as the "    \
			"next smaller one"                                                         \
	}

#endif
