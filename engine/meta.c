/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for the engine's own structures: arrays, node lists, cache heads. Never malloc, so that the engine can
 * stand behind malloc, and so that its own memory can be counted.
 *
 * Blocks are powers of two from 128 bytes on, each behind a header of one line; freed ones wait in a list per
 * size. Chunks are mapped as needed and unmapped at destroy; blocks above META_BIG are mapped one by one.
 */
#include <sys/mman.h>

#include "engine/internal.h"

#define META_LINE 128 /* largest line among the machines we run on; keeps blocks line aligned */
#define META_CHUNK ((size_t)1 << 20)
#define META_BIG (META_CHUNK / 4)
#define META_CLASSES 32

struct meta_block {
	struct meta_block *next; /* free: next of its size */
	size_t bytes;		 /* whole block with header */
};

struct meta_chunk {
	struct meta_chunk *next;
};

struct kmem_meta {
	struct kmem_lock lock;
	struct meta_chunk *chunks;
	char *at, *end; /* unused rest of the newest chunk */
	struct meta_block *free[META_CLASSES];
	uint64_t live;
};

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int meta_create(struct kmem_meta **out, struct err *e)
{
	struct kmem_meta *m = map(sizeof(*m));

	if (!m)
		return err_set(e, -ENOMEM, "no memory for the allocator's own structures");
	*out = m;
	return 0;
}

void meta_destroy(struct kmem_meta *m)
{
	if (!m)
		return;
	while (m->chunks) {
		struct meta_chunk *c = m->chunks;

		m->chunks = c->next;
		munmap(c, META_CHUNK);
	}
	munmap(m, sizeof(*m));
}

static unsigned meta_class(size_t bytes)
{
	return 63 - (unsigned)__builtin_clzl(bytes);
}

/* m->lock held */
static struct meta_block *meta_carve(struct kmem_meta *m, size_t bytes)
{
	struct meta_block *b;

	if ((size_t)(m->end - m->at) < bytes) {
		struct meta_chunk *c = map(META_CHUNK);

		if (!c)
			return NULL;
		c->next = m->chunks;
		m->chunks = c;
		m->at = (char *)c + META_LINE;
		m->end = (char *)c + META_CHUNK;
	}
	b = (struct meta_block *)m->at;
	m->at += bytes;
	b->bytes = bytes;
	return b;
}

void *meta_alloc(struct kmem_meta *m, size_t size)
{
	size_t bytes = 2 * META_LINE;
	bool used = false;
	struct meta_block *b;

	while (bytes < size + META_LINE)
		bytes *= 2;
	if (bytes > META_BIG) {
		b = map(bytes);
		if (b)
			b->bytes = bytes;
		kmem_lock(&m->lock);
		m->live += b != NULL;
		kmem_unlock(&m->lock);
		return b ? (char *)b + META_LINE : NULL;
	}
	kmem_lock(&m->lock);
	b = m->free[meta_class(bytes)];
	used = b != NULL;
	if (b)
		m->free[meta_class(bytes)] = b->next;
	else
		b = meta_carve(m, bytes);
	m->live += b != NULL;
	kmem_unlock(&m->lock);
	if (!b)
		return NULL;
	/* fresh from the kernel it is zero, and pages that nobody needs yet stay untouched */
	if (used)
		memset((char *)b + META_LINE, 0, bytes - META_LINE);
	return (char *)b + META_LINE;
}

void meta_free(struct kmem_meta *m, void *p)
{
	struct meta_block *b;

	if (!p)
		return;
	b = (struct meta_block *)((char *)p - META_LINE);
	kmem_lock(&m->lock);
	m->live--;
	if (b->bytes <= META_BIG) {
		b->next = m->free[meta_class(b->bytes)];
		m->free[meta_class(b->bytes)] = b;
		b = NULL;
	}
	kmem_unlock(&m->lock);
	if (b)
		munmap(b, b->bytes);
}

bool meta_owns(struct kmem_meta *m, const void *p)
{
	uintptr_t a = (uintptr_t)p;
	bool found;

	kmem_lock(&m->lock);
	found = a - (uintptr_t)m < sizeof(*m);
	for (struct meta_chunk *c = m->chunks; c && !found; c = c->next)
		found = a - (uintptr_t)c < META_CHUNK;
	kmem_unlock(&m->lock);
	return found;
}

uint64_t meta_live(struct kmem_meta *m)
{
	uint64_t n;

	kmem_lock(&m->lock);
	n = m->live;
	kmem_unlock(&m->lock);
	return n;
}

void meta_fork_lock(struct kmem_meta *m)
{
	kmem_lock(&m->lock);
}

void meta_fork_unlock(struct kmem_meta *m)
{
	kmem_unlock(&m->lock);
}
