/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two variants' caches over a batch of pieces, in three loops without branches that depend on what
 * is looked up: where each piece lies; the L1, which passes on what missed; the L2 over those. Two,
 * as each lookup in a set waits for the one before, and layouts have hot sets: the other's go on meanwhile.
 */
#include "collectors/model/variants_impl.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* A line on its way, in one word: its tag above; below, flags and the bits of its number that pick sets. */
#define SET_MASK ((1u << 20) - 1)
/* A set of the L2 is asked for so many lines before it is looked at; behind the last ones is room, with
 * anything in it. */
#define AHEAD 12

/* Bring @tag to the top of a stack of @depth; a bit for the place where it was, 0 if nowhere. */
static inline unsigned top_plain(uint32_t *s, uint32_t tag, unsigned depth)
{
	uint32_t above = tag;

	for (unsigned p = 0; p < depth; p++) {
		uint32_t here = s[p];

		s[p] = above;
		if (here == tag)
			return 1u << p;
		above = here;
	}
	return 0;
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2,bmi,popcnt")))

/* Row m: -1 where m has a bit. Those that are asked for are 0 and 2^n - 1. */
static const int32_t taken[256][8] __attribute__((aligned(32))) = {
	[1] = { -1 },
	[3] = { -1, -1 },
	[7] = { -1, -1, -1 },
	[15] = { -1, -1, -1, -1 },
	[31] = { -1, -1, -1, -1, -1 },
	[63] = { -1, -1, -1, -1, -1, -1 },
	[127] = { -1, -1, -1, -1, -1, -1, -1 },
	[255] = { -1, -1, -1, -1, -1, -1, -1, -1 },
};

AVX2 static inline unsigned equal_mask(__m256i a, __m256i b)
{
	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b)));
}

/* Places up to the lowest bit of @found take their neighbour's tag (all if there is none), the rest stays. */
AVX2 static inline __m256i pushed(__m256i was, __m256i neighbour, unsigned found, unsigned from)
{
	__m256i row =
		_mm256_load_si256((const __m256i *)taken[(found ^ (found - 1)) >> from & 0xff]);

	return _mm256_blendv_epi8(was, neighbour, row);
}

AVX2 static inline unsigned top8_avx2(uint32_t *stack, uint32_t tag32)
{
	const __m256i turned = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
	__m256i *s = (__m256i *)stack;
	__m256i was = _mm256_load_si256(s), tag = _mm256_set1_epi32((int)tag32);
	unsigned found = equal_mask(was, tag);
	__m256i next = _mm256_blend_epi32(_mm256_permutevar8x32_epi32(was, turned), tag, 1);

	_mm256_store_si256(s, pushed(was, next, found, 0));
	return found;
}

AVX2 static inline unsigned top16_avx2(uint32_t *stack, uint32_t tag32)
{
	const __m256i turned = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
	__m256i *s = (__m256i *)stack;
	__m256i lo = _mm256_load_si256(s), hi = _mm256_load_si256(s + 1);
	__m256i tag = _mm256_set1_epi32((int)tag32), tlo, thi;
	unsigned found = equal_mask(lo, tag) | equal_mask(hi, tag) << 8;

	tlo = _mm256_permutevar8x32_epi32(lo, turned);
	thi = _mm256_blend_epi32(_mm256_permutevar8x32_epi32(hi, turned), tlo, 1);
	tlo = _mm256_blend_epi32(tlo, tag, 1);
	_mm256_store_si256(s, pushed(lo, tlo, found, 0));
	_mm256_store_si256(s + 1, pushed(hi, thi, found, 8));
	return found;
}

AVX2 static inline unsigned top_avx2(uint32_t *stack, uint32_t tag, unsigned depth)
{
	return depth == 8 ? top8_avx2(stack, tag) : top16_avx2(stack, tag);
}
#endif

/* One or two lines more; one that is the same as the line before changes nothing and is left out. */
static inline unsigned emit(uint64_t *restrict at, unsigned n, uint32_t *last, uint64_t first,
			    uint64_t end)
{
	at[n] = first;
	n += first >> 32 != *last;
	at[n] = end;
	n += first >> 32 != end >> 32;
	*last = (uint32_t)(end >> 32);
	return n;
}

/* Lines of the pieces. */
static unsigned place_plain(const struct variant *v, unsigned shift, const struct ops *o,
			    uint64_t *restrict at)
{
	const uint64_t num = v->layout.g.num;
	uint32_t last = UINT32_MAX;
	unsigned rest = 0;

	for (unsigned i = 0; i < o->n; i++) {
		const struct variant_part *p = &v->part[o->what[i] >> PART_SHIFT & 3];
		uint64_t slab = o->object[i] / num;
		uint64_t to = slab * p->slab + (v->colour_off[slab] & p->colour) +
			      (o->object[i] - slab * num) * p->object + p->add + o->offset[i];
		uint32_t line = (uint32_t)(to >> shift);
		uint32_t end = (uint32_t)((to + o->more[i]) >> shift);
		/* a raw piece is object 0 with strides of 0, and brings its own line and tag */
		uint32_t tag = p->area | o->raw_tag[i];

		rest = emit(at, rest, &last,
			    (uint64_t)(line | tag) << 32 | o->what[i] |
				    ((line | o->raw_line[i]) & SET_MASK),
			    (uint64_t)(end | tag) << 32 | o->what[i] |
				    ((end | o->raw_line[i]) & SET_MASK));
	}
	return rest;
}

#if defined(__x86_64__)
/* Four objects' slabs. (k + 1/2) / num is at least 1 / (2 num) away from any whole number: rounding
 * does not matter. */
AVX2 static inline __m128i four_slabs(__m128i object, __m256d inverse)
{
	__m256d k = _mm256_add_pd(_mm256_cvtepi32_pd(object), _mm256_set1_pd(0.5));

	return _mm256_cvttpd_epi32(_mm256_mul_pd(k, inverse));
}

AVX2 static inline __m256i load(const uint32_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* The fields of the four parts, to be looked up by a permutation. */
struct part_rows {
	uint32_t slab[8], colour[8], object[8], add[8], area[8];
};

static struct part_rows rows_of(const struct variant *v)
{
	struct part_rows r = { .slab = { 0 } };

	for (unsigned i = 0; i < VARIANTS_PARTS; i++) {
		r.slab[i] = (uint32_t)v->part[i].slab;
		r.colour[i] = v->part[i].colour;
		r.object[i] = v->part[i].object;
		r.add[i] = v->part[i].add;
		r.area[i] = v->part[i].area;
	}
	return r;
}

/* Row m: the words of 64 bits of which m has a bit, in their order. */
static const int32_t chosen[16][8] __attribute__((aligned(32))) = {
	{ 0 },
	{ 0, 1 },
	{ 2, 3 },
	{ 0, 1, 2, 3 },
	{ 4, 5 },
	{ 0, 1, 4, 5 },
	{ 2, 3, 4, 5 },
	{ 0, 1, 2, 3, 4, 5 },
	{ 6, 7 },
	{ 0, 1, 6, 7 },
	{ 2, 3, 6, 7 },
	{ 0, 1, 2, 3, 6, 7 },
	{ 4, 5, 6, 7 },
	{ 0, 1, 4, 5, 6, 7 },
	{ 2, 3, 4, 5, 6, 7 },
	{ 0, 1, 2, 3, 4, 5, 6, 7 },
};

/* Eight pieces: the lines in which they begin and end, and which of these are wanted. */
struct eight {
	__m256i low, line, low_end, end, want, want_end;
};

AVX2 static inline unsigned emit4(uint64_t *at, unsigned n, __m256i words, unsigned want)
{
	__m256i row = _mm256_load_si256((const __m256i *)chosen[want]);

	_mm256_storeu_si256((__m256i *)(at + n), _mm256_permutevar8x32_epi32(words, row));
	return n + (unsigned)__builtin_popcount(want);
}

AVX2 static inline unsigned emit8(uint64_t *at, unsigned n, struct eight e)
{
	/* pieces 0, 1, 4, 5 and 2, 3, 6, 7 */
	__m256i a = _mm256_unpacklo_epi32(e.low, e.line), b = _mm256_unpackhi_epi32(e.low, e.line);
	__m256i c = _mm256_unpacklo_epi32(e.low_end, e.end);
	__m256i d = _mm256_unpackhi_epi32(e.low_end, e.end);
	__m256i p04 = _mm256_unpacklo_epi64(a, c), p15 = _mm256_unpackhi_epi64(a, c);
	__m256i p26 = _mm256_unpacklo_epi64(b, d), p37 = _mm256_unpackhi_epi64(b, d);
	unsigned w01 = (unsigned)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_unpacklo_epi32(e.want, e.want_end)));
	unsigned w23 = (unsigned)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_unpackhi_epi32(e.want, e.want_end)));

	n = emit4(at, n, _mm256_permute2x128_si256(p04, p15, 0x20), w01 & 15);
	n = emit4(at, n, _mm256_permute2x128_si256(p26, p37, 0x20), w23 & 15);
	n = emit4(at, n, _mm256_permute2x128_si256(p04, p15, 0x31), w01 >> 4);
	return emit4(at, n, _mm256_permute2x128_si256(p26, p37, 0x31), w23 >> 4);
}

/* Eight at once, where addresses fit in 32 bits. */
AVX2 static unsigned place_avx2(const struct variant *v, unsigned shift, const struct ops *o,
				uint64_t *restrict at)
{
	const struct part_rows r = rows_of(v);
	const __m256i num = _mm256_set1_epi32((int)v->layout.g.num);
	const __m256d inverse = _mm256_set1_pd(1.0 / v->layout.g.num);
	const __m128i by = _mm_cvtsi32_si128((int)shift);
	const __m256i set_mask = _mm256_set1_epi32(SET_MASK), three = _mm256_set1_epi32(3);
	const __m256i back = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
	const __m256i count = _mm256_set1_epi32((int)o->n);
	__m256i nr = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), last = _mm256_set1_epi32(-1);
	unsigned rest = 0;

	for (unsigned i = 0; i < o->n; i += 8) {
		__m256i k = load(o->object + i), what = load(o->what + i);
		__m256i part = _mm256_and_si256(_mm256_srli_epi32(what, PART_SHIFT), three);
		__m256i slab = _mm256_set_m128i(four_slabs(_mm256_extracti128_si256(k, 1), inverse),
						four_slabs(_mm256_castsi256_si128(k), inverse));
		__m256i pos = _mm256_sub_epi32(k, _mm256_mullo_epi32(slab, num));
		__m256i to = _mm256_and_si256(_mm256_i32gather_epi32((const int *)v->colour_off,
								     slab, 4),
					      _mm256_permutevar8x32_epi32(load(r.colour), part));
		__m256i line, end, tag, raw = load(o->raw_line + i), low, low_end, before, same;

		to = _mm256_add_epi32(to, _mm256_mullo_epi32(slab, _mm256_permutevar8x32_epi32(
									   load(r.slab), part)));
		to = _mm256_add_epi32(to, _mm256_mullo_epi32(pos, _mm256_permutevar8x32_epi32(
									  load(r.object), part)));
		to = _mm256_add_epi32(to, _mm256_permutevar8x32_epi32(load(r.add), part));
		to = _mm256_add_epi32(to, load(o->offset + i));
		line = _mm256_srl_epi32(to, by);
		end = _mm256_srl_epi32(_mm256_add_epi32(to, load(o->more + i)), by);
		tag = _mm256_or_si256(_mm256_permutevar8x32_epi32(load(r.area), part),
				      load(o->raw_tag + i));
		low = _mm256_or_si256(what, _mm256_and_si256(_mm256_or_si256(line, raw), set_mask));
		low_end = _mm256_or_si256(what,
					  _mm256_and_si256(_mm256_or_si256(end, raw), set_mask));
		line = _mm256_or_si256(line, tag);
		end = _mm256_or_si256(end, tag);
		/* the line before each: of the last eight's last one, then this eight's */
		before = _mm256_permutevar8x32_epi32(end, back);
		before = _mm256_blend_epi32(before, last, 1);
		last = _mm256_permutevar8x32_epi32(end, back);
		same = _mm256_cmpgt_epi32(count, nr);
		nr = _mm256_add_epi32(nr, _mm256_set1_epi32(8));
		before = _mm256_andnot_si256(_mm256_cmpeq_epi32(line, before), same);
		same = _mm256_andnot_si256(_mm256_cmpeq_epi32(line, end), same);
		rest = emit8(at, rest, (struct eight){ low, line, low_end, end, before, same });
	}
	return rest;
}

AVX2 static unsigned place_either(const struct variant *v, unsigned shift, const struct ops *o,
				  uint64_t *restrict at)
{
	return v->small ? place_avx2(v, shift, o, at) : place_plain(v, shift, o, at);
}
#endif

/* A level of one of the two, and the lines on their way to it: @n, of which those that missed stay, and are counted. */
struct lane {
	uint32_t *stacks, mask, ways; /* ways: bits of places */
	uint64_t *at;
	unsigned n, rest;
	uint64_t *misses, *set_misses, *set_accesses; /* the last one of an L2 only */
};

#define LEVEL(name, top, attribute)                                                                \
	attribute static inline __attribute__((always_inline)) void name##_one(                    \
		struct lane *l, unsigned i, const unsigned depth)                                  \
	{                                                                                          \
		const uint64_t a = l->at[i];                                                       \
		uint32_t set = (uint32_t)a & l->mask;                                              \
		unsigned found = top(l->stacks + (size_t)set * depth, (uint32_t)(a >> 32), depth); \
                                                                                                   \
		if (l->set_accesses) { /* larger than the L1 that it runs in */                    \
			__builtin_prefetch(                                                        \
				l->stacks + ((size_t)l->at[i + AHEAD] & l->mask) * depth, 1);      \
			l->set_accesses[set]++;                                                    \
		}                                                                                  \
		l->at[l->rest] = a;                                                                \
		l->rest += (found & l->ways ? 0 : 1) & (unsigned)(a >> KEEP_SHIFT);                \
	}                                                                                          \
	attribute static inline __attribute__((always_inline)) void name(                          \
		struct lane *l, struct lane *m, const unsigned depth)                              \
	{                                                                                          \
		unsigned i = 0, both = l->n < m->n ? l->n : m->n;                                  \
                                                                                                   \
		for (; i < both; i++) {                                                            \
			name##_one(l, i, depth);                                                   \
			name##_one(m, i, depth);                                                   \
		}                                                                                  \
		for (unsigned j = i; j < l->n; j++)                                                \
			name##_one(l, j, depth);                                                   \
		for (unsigned j = i; j < m->n; j++)                                                \
			name##_one(m, j, depth);                                                   \
		count_misses(l);                                                                   \
		count_misses(m);                                                                   \
	}

/* By part, 16 bits each: a batch is shorter than that can hold. */
_Static_assert(2 * OPS < 1 << 16, "counts of a batch fit in 16 bits");
static inline void count_misses(struct lane *l)
{
	uint64_t parts = 0;

	for (unsigned i = 0; i < l->rest; i++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): at[] is filled up to rest */
		parts += UINT64_C(1) << (l->at[i] >> PART_SHIFT & 3) * 16;
		l->set_misses[(uint32_t)l->at[i] & l->mask]++;
	}
	for (unsigned i = 0; i < VARIANTS_PARTS; i++)
		l->misses[i] += parts >> i * 16 & 0xffff;
	l->n = l->rest;
}

static inline struct lane lane_l1(struct variant *v, const struct caches *c, uint64_t *at,
				  unsigned n)
{
	return (struct lane){ .stacks = v->l1,
			      .mask = c->l1_mask,
			      .ways = (1u << c->l1_ways) - 1,
			      .at = at,
			      .n = n,
			      .misses = v->l1_misses,
			      .set_misses = v->l1_set };
}

static inline struct lane lane_l2(struct variant *v, const struct caches *c, const struct lane *l1)
{
	return (struct lane){ .stacks = v->l2,
			      .mask = c->l2_mask,
			      .ways = (1u << c->l2_ways) - 1,
			      .at = l1->at,
			      .n = l1->n,
			      .misses = v->l2_misses,
			      .set_misses = v->l2_miss_set,
			      .set_accesses = v->l2_access_set };
}

#define RUN(name, place, level, attribute)                                                         \
	attribute static inline __attribute__((always_inline)) void name(                          \
		struct variant *v, struct variant *w, const struct caches *c, const struct ops *o, \
		const unsigned l1_depth, const unsigned l2_depth)                                  \
	{                                                                                          \
		uint64_t at[2][2 * OPS + 1 + AHEAD];                                               \
		struct lane a = lane_l1(v, c, at[0], place(v, c->shift, o, at[0]));                \
		struct lane b = lane_l1(w, c, at[1], v == w ? 0 : place(w, c->shift, o, at[1]));   \
                                                                                                   \
		level(&a, &b, l1_depth);                                                           \
		if (!c->l2)                                                                        \
			return;                                                                    \
		a = lane_l2(v, c, &a);                                                             \
		b = lane_l2(w, c, &b);                                                             \
		level(&a, &b, l2_depth);                                                           \
	}                                                                                          \
	attribute void variants_##name(struct variant *v, struct variant *w,                       \
				       const struct caches *c, const struct ops *o)                \
	{                                                                                          \
		if (c->l1_depth == 8 && c->l2_depth == 8)                                          \
			name(v, w, c, o, 8, 8);                                                    \
		else if (c->l1_depth == 8)                                                         \
			name(v, w, c, o, 8, 16);                                                   \
		else if (c->l2_depth == 8)                                                         \
			name(v, w, c, o, 16, 8);                                                   \
		else                                                                               \
			name(v, w, c, o, 16, 16);                                                  \
	}

/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
LEVEL(level_plain, top_plain, )
/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): at[] is filled up to what place() returns */
RUN(run_plain, place_plain, level_plain, )
#if defined(__x86_64__)
/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
LEVEL(level_avx2, top_avx2, AVX2)
/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): at[] is filled up to what place() returns */
RUN(run_avx2, place_either, level_avx2, AVX2)
#endif
