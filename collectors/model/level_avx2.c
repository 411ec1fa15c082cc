/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LRU by AVX2 behind struct level_ops, and whether this CPU has it. */
#include "collectors/model/level_avx2.h"
#include "collectors/model/level.h"

#ifdef LEVEL_AVX2
const uint32_t level_turn[8][8] __attribute__((aligned(32))) = {
	{ 0, 1, 2, 3, 4, 5, 6, 7 }, { 1, 0, 2, 3, 4, 5, 6, 7 }, { 2, 0, 1, 3, 4, 5, 6, 7 },
	{ 3, 0, 1, 2, 4, 5, 6, 7 }, { 4, 0, 1, 2, 3, 5, 6, 7 }, { 5, 0, 1, 2, 3, 4, 6, 7 },
	{ 6, 0, 1, 2, 3, 4, 5, 7 }, { 7, 0, 1, 2, 3, 4, 5, 6 },
};

const uint32_t level_close[8][8] __attribute__((aligned(32))) = {
	{ 1, 2, 3, 4, 5, 6, 7, 7 }, { 0, 2, 3, 4, 5, 6, 7, 7 }, { 0, 1, 3, 4, 5, 6, 7, 7 },
	{ 0, 1, 2, 4, 5, 6, 7, 7 }, { 0, 1, 2, 3, 5, 6, 7, 7 }, { 0, 1, 2, 3, 4, 6, 7, 7 },
	{ 0, 1, 2, 3, 4, 5, 7, 7 }, { 0, 1, 2, 3, 4, 5, 6, 7 },
};

LEVEL_SIMD static uint32_t lookup8(struct level *l, unsigned set, uint32_t tag, uint32_t flags)
{
	return level_lookup8(l->row + (size_t)set * 8, tag, flags);
}

LEVEL_SIMD static uint32_t insert8(struct level *l, unsigned set, uint32_t word)
{
	uint32_t *row = l->row + (size_t)set * 8, out = row[l->ways - 1];

	level_front8(row, l->ways - 1, word);
	return out;
}

LEVEL_SIMD static uint32_t lookup16(struct level *l, unsigned set, uint32_t tag, uint32_t flags)
{
	return level_lookup16(l->row + (size_t)set * 16, tag, flags);
}

LEVEL_SIMD static uint32_t insert16(struct level *l, unsigned set, uint32_t word)
{
	uint32_t *row = l->row + (size_t)set * 16, out = row[l->ways - 1];

	level_front16(row, l->ways - 1, word);
	return out;
}

LEVEL_SIMD static uint32_t *find(const struct level *l, unsigned set, uint32_t tag)
{
	return level_at(l, set, tag);
}

static const struct level_ops lru8 = { lookup8, insert8, find };
static const struct level_ops lru16 = { lookup16, insert16, find };

const struct level_ops *level_lru_avx2(unsigned ways)
{
	if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi") ||
	    !__builtin_cpu_supports("bmi2") || ways > 16)
		return NULL;
	return ways <= 8 ? &lru8 : &lru16;
}
#else
const struct level_ops *level_lru_avx2(unsigned ways)
{
	(void)ways;
	return NULL;
}
#endif
