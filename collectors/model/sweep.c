/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many geometries in one pass: stacks of 16 tags, in batches, set count by set count. */
#include "collectors/model/sweep.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "collectors/model/lineid.h"
#include "collectors/model/trace.h"

#define BATCH 2048u

/* A line on its way: its tag, and the bits that pick the set at every set count. */
struct item {
	uint32_t tag, index;
};

typedef unsigned step_fn(uint32_t *stacks, uint32_t mask, const struct item *in, struct item *out,
			 unsigned n, uint64_t *hist);

struct sweep {
	unsigned shift; /* log2 of the line */
	uint64_t last;	/* line before this one */
	bool any;
	int failed;
	uint64_t accesses;
	step_fn *step;
	uint32_t *stacks[SWEEP_COUNTS];
	uint64_t hist[SWEEP_COUNTS][SWEEP_WAYS + 1]; /* positions; [16]: not there */
	struct lineid ids;
	unsigned n;
	struct item batch[BATCH];
};

/* ---- one set count over a batch; returns how many go on ---- */

static unsigned step_plain(uint32_t *stacks, uint32_t mask, const struct item *in, struct item *out,
			   unsigned n, uint64_t *hist)
{
	unsigned rest = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t *s = stacks + (size_t)(in[i].index & mask) * SWEEP_WAYS;
		uint32_t tag = in[i].tag, above = tag;
		unsigned p = 0;

		for (; p < SWEEP_WAYS; p++) {
			uint32_t here = s[p];

			s[p] = above;
			if (here == tag)
				break;
			above = here;
		}
		hist[p]++;
		if (p)
			out[rest++] = in[i];
	}
	return rest;
}

#if defined(__x86_64__)
/* moved[p]: all ones in the places that get their neighbour's tag when position p comes to the top. */
static const int32_t moved_row[48] = {
	-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
};

/*
 * The same without a branch: compare all 16, turn both halves by one, and take the turned tags up
 * to the position found. The row of -1 and 0 is read at an offset that depends on the position.
 */
__attribute__((target("avx2,bmi"))) static unsigned step_avx2(uint32_t *stacks, uint32_t mask,
							      const struct item *in,
							      struct item *out, unsigned n,
							      uint64_t *hist)
{
	const __m256i turn = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
	unsigned rest = 0;

	for (unsigned i = 0; i < n; i++) {
		__m256i *s = (__m256i *)(stacks + (size_t)(in[i].index & mask) * SWEEP_WAYS);
		__m256i lo = _mm256_load_si256(s), hi = _mm256_load_si256(s + 1);
		__m256i tag = _mm256_set1_epi32((int)in[i].tag);
		unsigned m = (unsigned)_mm256_movemask_ps(
			_mm256_castsi256_ps(_mm256_cmpeq_epi32(lo, tag)));
		unsigned p;
		const int32_t *row;
		__m256i tlo, thi;

		m |= (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(hi, tag)))
		     << 8;
		p = _tzcnt_u32(m | 1u << SWEEP_WAYS);
		/* p + 1 places move; from 16 on all do */
		row = moved_row + (SWEEP_WAYS - 1) - (p < SWEEP_WAYS ? p : SWEEP_WAYS - 1);
		tlo = _mm256_permutevar8x32_epi32(lo, turn);
		thi = _mm256_blend_epi32(_mm256_permutevar8x32_epi32(hi, turn), tlo, 1);
		tlo = _mm256_blend_epi32(tlo, tag, 1);
		_mm256_store_si256(s, _mm256_blendv_epi8(lo, tlo,
							 _mm256_loadu_si256((const __m256i *)row)));
		_mm256_store_si256(
			s + 1, _mm256_blendv_epi8(hi, thi,
						  _mm256_loadu_si256((const __m256i *)(row + 8))));
		hist[p]++;
		out[rest] = in[i];
		rest += p != 0;
	}
	return rest;
}
#endif

/* ---- batches ---- */

static void run(struct sweep *s)
{
	unsigned n = s->n;

	for (unsigned k = 0; k < SWEEP_COUNTS && n; k++) {
		unsigned on = s->step(s->stacks[k], (SWEEP_SETS_MIN << k) - 1, s->batch, s->batch,
				      n, s->hist[k]);

		/* what was on top here is on top at all larger set counts */
		for (unsigned j = k + 1; j < SWEEP_COUNTS; j++)
			s->hist[j][0] += n - on;
		n = on;
	}
	s->n = 0;
}

/* A line that is not the one before. */
static void take(struct sweep *s, uint64_t line)
{
	uint32_t id;

	s->last = line;
	s->any = true;
	if (s->failed)
		return;
	s->failed = lineid_get(&s->ids, line >> LINEID_BITS, &id);
	if (s->failed)
		return;
	s->batch[s->n++] = (struct item){
		.tag = id << LINEID_BITS | (uint32_t)(line & ((1u << LINEID_BITS) - 1)),
		.index = (uint32_t)line,
	};
	if (s->n == BATCH)
		run(s);
}

static inline void one(struct sweep *s, uint64_t addr, unsigned size)
{
	uint64_t line = addr >> s->shift, end = (addr + (size - 1)) >> s->shift;

	s->accesses += end - line + 1;
	if (line != s->last || !s->any)
		take(s, line);
	while (line != end)
		take(s, ++line);
}

void sweep_access(struct sweep *s, uint64_t addr, unsigned size)
{
	one(s, addr, size);
}

void sweep_refs(struct sweep *s, const struct trace_ref *ref, size_t n)
{
	for (size_t i = 0; i < n; i++)
		one(s, ref[i].addr, ref[i].size);
}

int sweep_flush(struct sweep *s, struct err *e)
{
	run(s);
	if (s->failed == -ENOMEM)
		return err_set(e, -ENOMEM, "out of memory");
	if (s->failed)
		return err_set(e, s->failed, "the trace touches too much memory for a sweep");
	return 0;
}

uint64_t sweep_accesses(const struct sweep *s)
{
	return s->accesses;
}

uint64_t sweep_misses(const struct sweep *s, unsigned sets, unsigned ways)
{
	unsigned k = 0;
	uint64_t misses = 0;

	while (k < SWEEP_COUNTS - 1 && SWEEP_SETS_MIN << k < sets)
		k++;
	for (unsigned p = ways; p <= SWEEP_WAYS; p++)
		misses += s->hist[k][p];
	return misses;
}

/* ---- making one ---- */

void sweep_plain(struct sweep *s)
{
	s->step = step_plain;
}

const char *sweep_how(const struct sweep *s)
{
	return s->step == step_plain ? "plain" : "avx2";
}

int sweep_create(struct sweep **out, unsigned line, struct err *e)
{
	struct sweep *s;

	if (line < 8 || line > 4096 || line & (line - 1))
		return err_set(e, -EINVAL, "line: expected a power of two of 8 to 4096, got %u",
			       line);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	s->shift = (unsigned)__builtin_ctz(line);
	s->step = step_plain;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
		s->step = step_avx2;
#endif
	for (unsigned k = 0; k < SWEEP_COUNTS; k++) {
		size_t bytes = (size_t)(SWEEP_SETS_MIN << k) * SWEEP_WAYS * sizeof(uint32_t);

		s->stacks[k] = aligned_alloc(64, bytes);
		if (!s->stacks[k]) {
			sweep_destroy(s);
			return err_set(e, -ENOMEM, "out of memory");
		}
		memset(s->stacks[k], 0xff, bytes); /* a tag that no line has */
	}
	*out = s;
	return 0;
}

void sweep_destroy(struct sweep *s)
{
	if (!s)
		return;
	for (unsigned k = 0; k < SWEEP_COUNTS; k++)
		free(s->stacks[k]);
	lineid_release(&s->ids);
	free(s);
}
