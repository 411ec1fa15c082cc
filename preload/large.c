/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects that are a mapping each, behind a header of one line; mremap() resizes them without copying. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/preload.h"

#define LARGE_HEADER 64
#define LARGE_MAGIC UINT64_C(0x51ab5c09e1a46e00)

/* Directly before the object, in the same page or the one before. */
struct large {
	uint64_t magic; /* with the object's address: one that was copied somewhere else is none */
	char *base;	/* of the mapping */
	size_t bytes;	/* of the mapping */
	size_t size;	/* from the object to the mapping's end */
};

_Static_assert(sizeof(struct large) <= LARGE_HEADER, "the header has its line");

static size_t page_up(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (n + page - 1) & ~(page - 1);
}

static struct large *header(const void *p)
{
	return (struct large *)((uintptr_t)p - LARGE_HEADER);
}

static void put_header(char *p, char *base, size_t bytes)
{
	struct large *h = header(p);

	h->magic = LARGE_MAGIC ^ (uintptr_t)p;
	h->base = base;
	h->bytes = bytes;
	h->size = (size_t)(base + bytes - p);
}

static struct large *checked(const void *p, const char *doing)
{
	struct large *h = header(p);

	if ((uintptr_t)p % MALLOC_ALIGN || h->magic != (LARGE_MAGIC ^ (uintptr_t)p))
		die("%s(%p): this was never allocated, or is free already", doing, p);
	return h;
}

void *large_alloc(size_t size, size_t align)
{
	size_t extra = align > LARGE_HEADER ? align : LARGE_HEADER, bytes, start, end;
	char *base, *p;

	if (extra > PTRDIFF_MAX / 2 || size > PTRDIFF_MAX - extra - (64 << 10))
		return NULL;
	bytes = page_up(size + extra);
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)base + LARGE_HEADER + align - 1) & ~(uintptr_t)(align - 1));
	/* an alignment above a page leaves whole pages in front and behind */
	start = (size_t)(p - LARGE_HEADER - base) & ~(page_up(1) - 1);
	if (start)
		munmap(base, start);
	end = page_up((size_t)(p + size - base));
	if (end < bytes)
		munmap(base + end, bytes - end);
	put_header(p, base + start, end - start);
	return p;
}

void large_free(void *p)
{
	struct large *h = checked(p, "free");
	int saved = errno;

	munmap(h->base, h->bytes);
	errno = saved;
}

size_t large_size(const void *p)
{
	return checked(p, "malloc_usable_size")->size;
}

void *large_resize(void *p, size_t size)
{
	struct large *h = checked(p, "realloc");
	size_t front = (size_t)((char *)p - h->base), bytes;
	char *base;

	if (size > PTRDIFF_MAX - front - (64 << 10))
		return NULL;
	bytes = page_up(front + size);
	if (bytes == h->bytes)
		return p;
	base = mremap(h->base, h->bytes, bytes, MREMAP_MAYMOVE);
	if (base == MAP_FAILED)
		return NULL;
	put_header(base + front, base, bytes);
	return base + front;
}
