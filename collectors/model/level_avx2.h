/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_LEVEL_AVX2_H
#define SLABSCOPE_MODEL_LEVEL_AVX2_H

/*
 * A row of LRU in one or two vectors: compare with all ways at once, and rotate the front by a permutation whose row is
 * chosen by where the line was. Inlined in the paths of an access (sim.c, sim_alone.c, sim_many.c), and behind struct level_ops for the rest.
 *
 * Functions of their own target, so that the program runs where there is no AVX2.
 */

#if defined(__x86_64__) && !defined(SLABSCOPE_MODEL_PLAIN)
#define LEVEL_AVX2 1
#include <immintrin.h>

#include "collectors/model/level.h"

#define LEVEL_SIMD __attribute__((target("avx2,bmi,bmi2")))
#define LEVEL_SIMD_INLINE static inline __attribute__((always_inline, target("avx2,bmi,bmi2")))

/* Row p: element p, then those before it, then the rest as they are. */
extern const uint32_t level_turn[8][8];
/* Row p: without element p, and 7 again at the end. */
extern const uint32_t level_close[8][8];

LEVEL_SIMD_INLINE __m256i level_load(const uint32_t *row)
{
	return _mm256_load_si256((const __m256i *)(const void *)row);
}

LEVEL_SIMD_INLINE void level_store(uint32_t *row, __m256i v)
{
	_mm256_store_si256((__m256i *)(void *)row, v);
}

/* A word in element 0, zeroes behind it. */
LEVEL_SIMD_INLINE __m256i level_lane(uint32_t word)
{
	return _mm256_zextsi128_si256(_mm_cvtsi32_si128((int)word));
}

/* The same with anything behind it. */
LEVEL_SIMD_INLINE __m256i level_low(uint32_t word)
{
	return _mm256_castsi128_si256(_mm_cvtsi32_si128((int)word));
}

/* The row with its way @at in front. */
LEVEL_SIMD_INLINE __m256i level_turned(const uint32_t *row, unsigned at)
{
	return _mm256_permutevar8x32_epi32(level_load(row), level_load(level_turn[at]));
}

LEVEL_SIMD_INLINE uint32_t level_first(__m256i v)
{
	return (uint32_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(v));
}

LEVEL_SIMD_INLINE unsigned level_match(const uint32_t *row, uint32_t tag)
{
	__m256i id = _mm256_srli_epi32(level_load(row), 2), same;

	same = _mm256_cmpeq_epi32(id, _mm256_set1_epi32((int)level_id(tag)));

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(same));
}

/* The way at @at goes to the front as @word; those before it move by one. */
LEVEL_SIMD_INLINE void level_front8(uint32_t *row, unsigned at, uint32_t word)
{
	level_store(row, _mm256_blend_epi32(level_turned(row, at), level_low(word), 1));
}

LEVEL_SIMD_INLINE void level_front16(uint32_t *row, unsigned at, uint32_t word)
{
	if (at >= 8) {
		level_front8(row + 8, at - 8, row[7]);
		at = 7;
	}
	level_front8(row, at, word);
}

/* What is found is not read by itself: it was often written just now, as part of a vector. */
LEVEL_SIMD_INLINE uint32_t level_lookup8(uint32_t *row, uint32_t tag, uint32_t flags)
{
	unsigned m = level_match(row, tag);
	__m256i v;

	if (__builtin_expect(!m, 0))
		return LEVEL_EMPTY;
	v = level_turned(row, (unsigned)__builtin_ctz(m));
	level_store(row, _mm256_or_si256(v, level_lane(flags)));
	return level_first(v);
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

/* ---- a level's row, of either width ---- */

LEVEL_SIMD_INLINE uint32_t *level_row(const struct level *l, unsigned set)
{
	return l->row + (size_t)set * l->stride;
}

LEVEL_SIMD_INLINE uint32_t level_lookup(struct level *l, unsigned set, uint32_t tag, uint32_t flags)
{
	uint32_t *row = level_row(l, set);

	return l->stride == 8 ? level_lookup8(row, tag, flags) : level_lookup16(row, tag, flags);
}

/* As struct level_ops's insert. */
LEVEL_SIMD_INLINE uint32_t level_put(struct level *l, unsigned set, uint32_t word)
{
	uint32_t *row = level_row(l, set), out = row[l->ways - 1];

	if (l->stride == 8)
		level_front8(row, l->ways - 1, word);
	else
		level_front16(row, l->ways - 1, word);
	return out;
}

LEVEL_SIMD_INLINE unsigned level_which(const struct level *l, const uint32_t *row, uint32_t tag)
{
	unsigned m = level_match(row, tag);

	return l->stride == 8 ? m : m | level_match(row + 8, tag) << 8;
}

LEVEL_SIMD_INLINE uint32_t *level_at(const struct level *l, unsigned set, uint32_t tag)
{
	uint32_t *row = level_row(l, set);
	unsigned m = level_which(l, row, tag);

	return m ? row + __builtin_ctz(m) : NULL;
}

/* Without way @at; @last comes in at the end. */
LEVEL_SIMD_INLINE void level_close8(uint32_t *row, unsigned at, uint32_t last)
{
	__m256i v = _mm256_permutevar8x32_epi32(level_load(row), level_load(level_close[at]));

	level_store(row, _mm256_blend_epi32(v, _mm256_set1_epi32((int)last), 0x80));
}

/* As level_remove(). */
LEVEL_SIMD_INLINE uint32_t level_cut(struct level *l, unsigned set, uint32_t tag)
{
	uint32_t *row = level_row(l, set), out;
	unsigned m = level_which(l, row, tag), at;

	if (!m)
		return LEVEL_EMPTY;
	at = (unsigned)__builtin_ctz(m);
	out = row[at];
	if (at >= 8) {
		level_close8(row + 8, at - 8, LEVEL_EMPTY);
		return out;
	}
	level_close8(row, at, l->stride == 8 ? LEVEL_EMPTY : row[8]);
	if (l->stride != 8)
		level_close8(row + 8, 0, LEVEL_EMPTY);
	return out;
}
#endif

#endif
