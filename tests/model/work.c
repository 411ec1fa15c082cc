/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *	walk     the first line of many aligned pages: one set of L1
 *	walk61   the same, with the line moved through 61 colours
 *	random   words of 64 MiB
 *	hot      words of 16 KiB: all of it stays
 *	stream   words of 8 MiB in order
 *	slab     objects of a small slab allocator, allocated, visited and freed in random order
 */

#include "tests/model/work.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA ((unsigned char *)0x200000000000)
#define ARENA_BYTES (UINT64_C(80) << 20)
#define MiB (UINT64_C(1) << 20)

int work_map(void)
{
	void *p = mmap(ARENA, ARENA_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	return p == (void *)ARENA ? 0 : -EEXIST;
}

/* A generator that lives in a register. */
static inline uint64_t next(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

static inline uint64_t below(uint64_t *x, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)next(x) * n) >> 64);
}

static inline uint64_t word(uint64_t at)
{
	return *(const volatile uint64_t *)(ARENA + at);
}

/* ---- reading ---- */

static uint64_t walk(uint64_t n, unsigned colours)
{
	uint64_t sum = 0;

	while (n--)
		for (unsigned page = 0; page < 4096; page++)
			sum += word((uint64_t)page * 4096 + page % colours * 64);
	return sum;
}

static uint64_t work_walk(uint64_t n)
{
	return walk(n, 1);
}

static uint64_t work_walk61(uint64_t n)
{
	return walk(n, 61);
}

static uint64_t at_random(uint64_t n, uint64_t bytes)
{
	uint64_t x = 88172645463325252u, sum = 0;

	while (n--)
		sum += word(below(&x, bytes / 8) * 8);
	return sum;
}

static uint64_t work_random(uint64_t n)
{
	return at_random(n, 64 * MiB);
}

static uint64_t work_hot(uint64_t n)
{
	return at_random(n, 16384);
}

static uint64_t work_stream(uint64_t n)
{
	uint64_t sum = 0;

	while (n--)
		for (uint64_t at = 0; at < 8 * MiB; at += 8)
			sum += word(at);
	return sum;
}

/* ---- a small slab allocator ---- */

#define OBJECT 64
#define OBJECTS 62 /* of a page: header and index take the rest */
#define SLOTS 32768
#define NONE 0xff

struct head {
	struct head *next, *prev; /* of the slabs with free objects, when it has some */
	uint32_t used;
	uint8_t first, index[OBJECTS];
};

struct slab_work {
	struct head partial; /* list */
	uint64_t pages;
	unsigned char *slot[SLOTS];
};

/* Behind the state come the slabs. */
#define STATE ((struct slab_work *)ARENA)
#define FIRST_PAGE (ARENA + MiB)

static unsigned char *object(struct head *h, unsigned i)
{
	return (unsigned char *)h + 4096 - OBJECTS * OBJECT + (size_t)i * OBJECT;
}

static void link_in(struct head *list, struct head *h)
{
	h->next = list->next;
	h->prev = list;
	list->next->prev = h;
	list->next = h;
}

static void unlink_it(struct head *h)
{
	h->next->prev = h->prev;
	h->prev->next = h->next;
}

static struct head *grow(struct slab_work *s)
{
	struct head *h = (struct head *)(FIRST_PAGE + s->pages++ * 4096);

	h->used = 0;
	h->first = 0;
	for (unsigned i = 0; i < OBJECTS; i++)
		h->index[i] = i + 1 < OBJECTS ? (uint8_t)(i + 1) : NONE;
	link_in(&s->partial, h);
	return h;
}

static unsigned char *take(struct slab_work *s)
{
	struct head *h = s->partial.next == &s->partial ? grow(s) : s->partial.next;
	unsigned i = h->first;

	h->first = h->index[i];
	if (++h->used == OBJECTS)
		unlink_it(h);
	return object(h, i);
}

static void give(struct slab_work *s, unsigned char *p)
{
	struct head *h = (struct head *)((uintptr_t)p & ~(uintptr_t)4095);
	unsigned i = (unsigned)((size_t)(p - object(h, 0)) / OBJECT);

	h->index[i] = h->first;
	h->first = (uint8_t)i;
	if (h->used-- == OBJECTS)
		link_in(&s->partial, h);
}

static uint64_t work_slab(uint64_t n)
{
	struct slab_work *s = STATE;
	uint64_t x = 2463534242u, sum = 0;

	memset(s->slot, 0, sizeof(s->slot));
	s->pages = 0;
	s->partial.next = s->partial.prev = &s->partial;
	while (n--) {
		uint64_t i = below(&x, SLOTS);

		if (s->slot[i]) {
			sum += *(const volatile uint64_t *)s->slot[i];
			give(s, s->slot[i]);
			s->slot[i] = NULL;
		} else {
			s->slot[i] = take(s);
			*(volatile uint64_t *)s->slot[i] = i;
		}
	}
	return sum;
}

/* ---- all ---- */

int work_run(const char *name, uint64_t n, uint64_t *sum)
{
	static const struct {
		const char *name;
		uint64_t (*run)(uint64_t n);
	} works[] = {
		{ "walk", work_walk }, { "walk61", work_walk61 }, { "random", work_random },
		{ "hot", work_hot },   { "stream", work_stream }, { "slab", work_slab },
	};

	for (unsigned i = 0; i < sizeof(works) / sizeof(works[0]); i++)
		if (!strcmp(works[i].name, name)) {
			*sum = works[i].run(n);
			return 0;
		}
	return -ENOENT;
}
