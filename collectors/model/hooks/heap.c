/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of engine and workload at addresses that nothing else in the process decides: which sets a trial uses follows
 * from them. The Makefile renames malloc and mmap in instrumented objects, as it does memcpy, so that what the model
 * itself needs (which depends on its options and its target) lies elsewhere. Where an address is taken, memory comes
 * from the C library and the kernel after all, and model_state.moved says so.
 *
 * A workload takes its memory at set-up and gives it back at the end: blocks lie one behind the other, and what is
 * free is used again once everything behind it is free too. One thread, as everything here.
 *
 * No page has memory of two CPUs: threads have arenas of their own from a C library, and a page lies on the node of who
 * touches it first.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collectors/model/hooks/touch.h"

/* Far from where Linux and valgrind put programs, libraries, stacks and themselves, also with 39-bit addresses. */
#define HEAP_AT ((uintptr_t)0x400000000)
#define MAPS_AT ((uintptr_t)0x800000000)
#define HEAP_STEP ((size_t)4 << 20)
#define HUGE_MIN ((size_t)2 << 20)
#define OWN_STEP ((size_t)64 << 10) /* as large as pages of targets are */

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* Linux 4.17; before it, a hint */
#endif

struct block {
	struct block *before;
	uintptr_t begin; /* the heap's end before it was taken */
	size_t size;
	unsigned cpu, is_free;
};

static struct {
	uintptr_t end, have; /* 0: nothing yet */
	struct block *last;
	uintptr_t maps;
} heap;

static uintptr_t round_up(uintptr_t at, size_t to)
{
	return (at + (to - 1)) & ~(uintptr_t)(to - 1);
}

/* 0, or -1: somebody is there, or there is no memory. */
static int map_at(uintptr_t at, size_t len, int prot, int flags)
{
	void *p = mmap((void *)at, len, prot, flags | MAP_FIXED_NOREPLACE, -1, 0);

	if (p == (void *)at)
		return 0;
	if (p != MAP_FAILED)
		munmap(p, len);
	return -1;
}

static int heap_reach(uintptr_t end)
{
	size_t len;

	if (!heap.have)
		heap.have = heap.end = HEAP_AT;
	if (end <= heap.have)
		return 0;
	len = round_up(end - heap.have, HEAP_STEP);
	if (map_at(heap.have, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE))
		return -1;
	heap.have += len;
	return 0;
}

static int is_ours(const void *p)
{
	return (uintptr_t)p - HEAP_AT < heap.have - HEAP_AT && heap.have;
}

static struct block *block_of(void *p)
{
	return (struct block *)((char *)p - sizeof(struct block));
}

void *model_aligned_alloc(size_t align, size_t size)
{
	struct block *b;
	uintptr_t at;

	if (align < 16)
		align = 16;
	if (size > MAPS_AT - HEAP_AT)
		return NULL;
	heap_reach(HEAP_AT);
	at = heap.end;
	if (heap.last && heap.last->cpu != model_state.cpu)
		at = round_up(at, OWN_STEP);
	at = round_up(at + sizeof(*b), align);
	if (heap_reach(at + size)) {
		model_state.moved = 1;
		return aligned_alloc(align, round_up(size, align));
	}
	b = block_of((void *)at);
	*b = (struct block){
		.before = heap.last, .begin = heap.end, .size = size, .cpu = model_state.cpu
	};
	heap.last = b;
	heap.end = at + size;
	return (void *)at;
}

void *model_malloc(size_t size)
{
	return model_aligned_alloc(16, size);
}

void *model_calloc(size_t n, size_t size)
{
	size_t all;
	void *p;

	if (__builtin_mul_overflow(n, size, &all))
		return NULL;
	p = model_malloc(all);
	return p ? memset(p, 0, all) : NULL;
}

int model_posix_memalign(void **p, size_t align, size_t size)
{
	void *got = model_aligned_alloc(align, size);

	if (got)
		*p = got;
	return got ? 0 : ENOMEM;
}

void model_free(void *p)
{
	if (!is_ours(p)) {
		free(p);
		return;
	}
	block_of(p)->is_free = 1;
	for (; heap.last && heap.last->is_free; heap.last = heap.last->before)
		heap.end = heap.last->begin;
}

void *model_realloc(void *p, size_t size)
{
	struct block *b;
	void *new;

	if (!p)
		return model_malloc(size);
	if (!is_ours(p))
		return realloc(p, size);
	b = block_of(p);
	if (size <= b->size)
		return p;
	if (b == heap.last && !heap_reach((uintptr_t)p + size)) {
		b->size = size;
		heap.end = (uintptr_t)p + size;
		return p;
	}
	new = model_malloc(size);
	if (!new)
		return NULL;
	memcpy(new, p, b->size);
	model_free(p);
	return new;
}

/* Addresses are not used again: there are plenty. */
void *model_mmap(void *addr, size_t len, int prot, int flags, int fd, long offset)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), huge = (size_t)(flags >> 26 & 63);
	uintptr_t at = heap.maps ? heap.maps : MAPS_AT;
	void *p;

	if (flags & MAP_HUGETLB)
		at = round_up(at, huge ? (size_t)1 << huge : HUGE_MIN);
	if (!addr && fd < 0 && len && !map_at(at, len, prot, flags)) {
		heap.maps = at + round_up(len, page);
		return (void *)at;
	}
	p = mmap(addr, len, prot, flags, fd, offset);
	if (p != MAP_FAILED && !addr)
		model_state.moved = 1;
	return p;
}
