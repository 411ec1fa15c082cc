/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects that are a mapping each, behind a header of one line; mremap() resizes them without copying. A few that were
 * freed are kept, since a buffer that comes and goes would otherwise fault in all of its pages each time.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/lock.h"
#include "preload/preload.h"

#define LARGE_HEADER 64
#define KEPT_NR 8
#define KEPT_MOST ((size_t)2 << 20) /* bytes of each at most */
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

/* ---- mappings that were freed: whole ones, with the object directly behind the header ---- */

static struct {
	struct kmem_lock lock;
	unsigned next; /* whose turn it is to go */
	struct {
		char *base;
		size_t bytes;
	} at[KEPT_NR];
} kept;

/* One of @bytes, or up to a quarter more. */
static char *kept_take(size_t *bytes)
{
	char *base = NULL;

	if (*bytes > KEPT_MOST)
		return NULL;
	kmem_lock(&kept.lock);
	for (unsigned i = 0; i < KEPT_NR && !base; i++)
		if (kept.at[i].bytes >= *bytes && kept.at[i].bytes <= *bytes + *bytes / 4) {
			base = kept.at[i].base;
			*bytes = kept.at[i].bytes;
			kept.at[i].bytes = 0;
		}
	kmem_unlock(&kept.lock);
	return base;
}

/* Keeps [base, base + bytes) in the place of another, which *base and *bytes are afterwards (bytes 0: none). */
static void kept_put(char **base, size_t *bytes)
{
	char *in = *base;
	size_t in_bytes = *bytes;
	unsigned i = 0;

	kmem_lock(&kept.lock);
	while (i < KEPT_NR && kept.at[i].bytes)
		i++;
	if (i == KEPT_NR)
		i = kept.next++ % KEPT_NR;
	*base = kept.at[i].base;
	*bytes = kept.at[i].bytes;
	kept.at[i].base = in;
	kept.at[i].bytes = in_bytes;
	kmem_unlock(&kept.lock);
}

void large_fork_lock(void)
{
	kmem_lock(&kept.lock);
}

void large_fork_unlock(void)
{
	kmem_unlock(&kept.lock);
}

/* ---- objects ---- */

static void *large_again(size_t size, bool zero)
{
	size_t bytes = page_up(size + LARGE_HEADER);
	char *base = kept_take(&bytes);

	if (!base)
		return NULL;
	put_header(base + LARGE_HEADER, base, bytes);
	return zero ? memset(base + LARGE_HEADER, 0, size) : base + LARGE_HEADER;
}

void *large_alloc(size_t size, size_t align, bool zero)
{
	size_t extra = align > LARGE_HEADER ? align : LARGE_HEADER, bytes, start, end;
	char *base, *p;

	if (size > PTRDIFF_MAX - extra - (64 << 10))
		return NULL;
	p = align <= LARGE_HEADER ? large_again(size, zero) : NULL;
	if (p)
		return p;
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
	size_t bytes = h->bytes;
	char *base = h->base;
	int saved = errno;

	h->magic = 0;
	if (bytes <= KEPT_MOST && (char *)p == base + LARGE_HEADER)
		kept_put(&base, &bytes);
	if (bytes)
		munmap(base, bytes);
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
