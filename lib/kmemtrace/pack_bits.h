/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_PACK_BITS_H
#define SLABSCOPE_KMEMTRACE_PACK_BITS_H

/* What writer and reader of pack.h's format share. */

#include <stddef.h>
#include <stdint.h>

#define KMEMPACK_HEAD 16u /* bytes of a block's head */

/* Tags: enum kmemtrace_kind, and */
#define KMEMPACK_ALLOC_NODE 3u
#define KMEMPACK_CACHE 4u

static inline size_t kmempack_put(unsigned char *to, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		to[n++] = (unsigned char)(v | 0x80);
	to[n++] = (unsigned char)v;
	return n;
}

static inline uint64_t kmempack_zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static inline int64_t kmempack_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ -(v & 1));
}

#endif
