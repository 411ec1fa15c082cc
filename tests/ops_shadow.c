/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What users hold: see ops.h. */
#include "tests/ops.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/internal.h"

#define WORD 8u
#define FULL 1024u /* objects up to here are filled and compared whole, larger ones in pieces */

void ops_fail(const struct ops *o, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "ops: seed %llu, operation %llu (%s): ", (unsigned long long)o->in->seed,
		(unsigned long long)o->done, o->what);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void shadow_init(struct ops *o)
{
	const struct pages_map *m = o->s->map;

	/* a bit per word of the whole reservation; memory comes only where bits are set */
	o->base = m->base;
	o->words_len = (m->end - m->base) / WORD / 8;
	o->words = mmap(NULL, o->words_len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (o->words == MAP_FAILED)
		ops_fail(o, "no memory for the shadow");
}

void shadow_release(struct ops *o)
{
	munmap(o->words, o->words_len);
	for (unsigned i = 0; i < OPS_POOLS; i++)
		free(o->pool[i].live);
}

/* Set (or clear) the bits of [p, p + size), each of which must be clear (or set). */
static void mark(struct ops *o, const void *p, uint32_t size, int set)
{
	uint64_t from = ((uintptr_t)p - o->base) / WORD,
		 to = ((uintptr_t)p - o->base + size - 1) / WORD;

	while (from <= to) {
		uint64_t last = to < (from | 63) ? to : (from | 63);
		uint64_t bits = (~UINT64_C(0) >> (63 - (last - from))) << (from & 63);

		if ((o->words[from / 64] & bits) != (set ? 0 : bits))
			ops_fail(o,
				 set ? "%p of %u bytes overlaps a live object" :
				       "%p of %u bytes was not marked: the shadow is wrong",
				 p, size);
		o->words[from / 64] ^= bits;
		from = last + 1;
	}
}

static uint64_t word_of(uint64_t id, size_t at)
{
	return (id * UINT64_C(0x9E3779B97F4A7C15)) ^ (at * UINT64_C(0xff51afd7ed558ccd));
}

/* Every byte of small objects; of large ones head, tail, and a word here and there. */
static size_t next_at(size_t at, size_t size)
{
	size_t step = 1;

	if (size > FULL && at >= 256 && at + 512 < size)
		step = 251;
	return at + step * WORD;
}

static void fill(const struct ops_live *l)
{
	for (size_t at = 0; at < l->size; at = next_at(at, l->size)) {
		uint64_t w = word_of(l->id, at);

		memcpy((char *)l->p + at, &w, l->size - at < WORD ? l->size - at : WORD);
	}
}

void shadow_verify(const struct ops *o, const struct ops_live *l)
{
	for (size_t at = 0; at < l->size; at = next_at(at, l->size)) {
		uint64_t w = word_of(l->id, at);

		if (memcmp((char *)l->p + at, &w, l->size - at < WORD ? l->size - at : WORD))
			ops_fail(o, "object %p of %u bytes was overwritten near byte %zu", l->p,
				 l->size, at);
	}
}

static int all_zero(const char *p, size_t n)
{
	return !n || (!p[0] && !memcmp(p, p + 1, n - 1));
}

void shadow_take(struct ops *o, struct ops_pool *pool, void *p, uint32_t size, int zeroed)
{
	const uint64_t ctor = OPS_CTOR;
	struct ops_live *l;

	if ((uintptr_t)p < o->base || (uintptr_t)p + size > o->s->map->end)
		ops_fail(o, "%p is not in the engine's memory", p);
	if ((uintptr_t)p % pool->align)
		ops_fail(o, "%p is not aligned to %u", p, pool->align);
	mark(o, p, size, 1);
	if (zeroed && !all_zero(p, size))
		ops_fail(o, "%p is not zero", p);
	if (pool->ctor && !zeroed && memcmp(p, &ctor, sizeof(ctor)))
		ops_fail(o, "%p is not constructed", p);
	if (pool->n == pool->room) {
		pool->room = pool->room ? 2 * pool->room : 64;
		pool->live = realloc(pool->live, pool->room * sizeof(pool->live[0]));
		if (!pool->live)
			ops_fail(o, "no memory for the shadow");
	}
	l = &pool->live[pool->n++];
	*l = (struct ops_live){ .p = p, .id = ++o->next_id, .size = size };
	o->live_bytes += size;
	fill(l);
}

void *shadow_give(struct ops *o, struct ops_pool *pool, size_t i)
{
	const uint64_t ctor = OPS_CTOR;
	struct ops_live l = pool->live[i];

	shadow_verify(o, &l);
	mark(o, l.p, l.size, 0);
	pool->live[i] = pool->live[--pool->n];
	o->live_bytes -= l.size;
	if (pool->ctor) /* users give objects back constructed */
		memcpy(l.p, &ctor, sizeof(ctor));
	return l.p;
}
