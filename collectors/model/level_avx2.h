/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_LEVEL_AVX2_H
#define SLABSCOPE_MODEL_LEVEL_AVX2_H

/*
 * A row of LRU in one or two vectors: compare with all ways at once, and rotate the front by a permutation whose row is
 * chosen by where the line was. Inlined in the access path of sim.c, and behind struct level_ops for the rest.
 *
 * Functions of their own target, so that the program runs where there is no AVX2.
 */

#if defined(__x86_64__) && !defined(SLABSCOPE_MODEL_PLAIN)
#define LEVEL_AVX2 1
#include <immintrin.h>

#include "collectors/model/level.h"

#define LEVEL_SIMD __attribute__((target("avx2,bmi,bmi2")))
#define LEVEL_SIMD_INLINE static inline __attribute__((always_inline, target("avx2,bmi,bmi2")))

/* Row p: the first p + 1 elements one further, the rest as they are; element 0 is then written over. */
extern const uint32_t level_turn[8][8];

LEVEL_SIMD_INLINE unsigned level_match(const uint32_t *row, uint32_t tag)
{
	__m256i v = _mm256_load_si256((const __m256i *)(const void *)row);
	__m256i bare = _mm256_andnot_si256(_mm256_set1_epi32(LEVEL_FLAGS), v);
	__m256i same = _mm256_cmpeq_epi32(bare, _mm256_set1_epi32((int)tag));

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}

/* The way at @at goes to the front as @word; those before it move by one. */
LEVEL_SIMD_INLINE void level_front8(uint32_t *row, unsigned at, uint32_t word)
{
	__m256i turn = _mm256_load_si256((const __m256i *)(const void *)level_turn[at]);
	__m256i v = _mm256_load_si256((const __m256i *)(const void *)row);

	v = _mm256_permutevar8x32_epi32(v, turn);
	v = _mm256_blend_epi32(v, _mm256_set1_epi32((int)word), 1);
	_mm256_store_si256((__m256i *)(void *)row, v);
}

LEVEL_SIMD_INLINE void level_front16(uint32_t *row, unsigned at, uint32_t word)
{
	if (at >= 8) {
		level_front8(row + 8, at - 8, row[7]);
		at = 7;
	}
	level_front8(row, at, word);
}

LEVEL_SIMD_INLINE uint32_t level_lookup8(uint32_t *row, uint32_t tag, uint32_t flags)
{
	unsigned m = level_match(row, tag), at;
	uint32_t old;

	if (__builtin_expect(!m, 0))
		return LEVEL_EMPTY;
	at = (unsigned)__builtin_ctz(m);
	old = row[at];
	level_front8(row, at, old | flags);
	return old;
}

LEVEL_SIMD_INLINE uint32_t level_lookup16(uint32_t *row, uint32_t tag, uint32_t flags)
{
	unsigned m = level_match(row, tag) | level_match(row + 8, tag) << 8, at;
	uint32_t old;

	if (__builtin_expect(!m, 0))
		return LEVEL_EMPTY;
	at = (unsigned)__builtin_ctz(m);
	old = row[at];
	level_front16(row, at, old | flags);
	return old;
}
#endif

#endif
