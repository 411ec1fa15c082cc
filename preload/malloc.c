/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* malloc and its relatives: who gets the request, and whose an address is. */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/pages.h"
#include "preload/preload.h"

#define unlikely(x) __builtin_expect(!!(x), 0)
#define NOINLINE __attribute__((noinline, cold))
#define PUBLIC __attribute__((visibility("default")))

/* What nothing else has; zeroed. */
static NOINLINE void *alloc_elsewhere(size_t size, size_t align)
{
	void *p = NULL;

	if (size <= 1024 && !malloc_map.base)
		p = boot_alloc(size, align);
	if (!p)
		p = large_alloc(size, align);
	if (!p)
		errno = ENOMEM;
	return p;
}

/* The class has no cache yet, or its cache nothing to give. */
static NOINLINE void *alloc_class_slow(unsigned class, unsigned flags)
{
	struct kmem_cache *c = atomic_load_explicit(&malloc_class[class], memory_order_acquire);
	int saved = errno;
	void *p = NULL;

	if (!c)
		c = class_cache(class);
	if (c)
		p = kmem_cache_alloc(c, flags);
	errno = saved;
	return p ? p : alloc_elsewhere(class_size(class), MALLOC_ALIGN);
}

static inline void *alloc_class(unsigned class, unsigned flags)
{
	struct kmem_cache *c = atomic_load_explicit(&malloc_class[class], memory_order_acquire);
	void *p;

	if (unlikely(!c))
		return alloc_class_slow(class, flags);
	p = kmem_fast_pop(c);
	if (unlikely(!p))
		return alloc_class_slow(class, flags);
	if (flags & KMEM_ZERO)
		memset(p, 0, c->object_size);
	return p;
}

static inline void *alloc(size_t size, unsigned flags)
{
	if (unlikely(size - 1 >= CLASS_MAX)) {
		if (size)
			return alloc_elsewhere(size, MALLOC_ALIGN);
		size = 1;
	}
	return alloc_class(class_of(size), flags);
}

/* NULL: not in a slab. */
static inline struct kmem_cache *cache_of(const void *p)
{
	struct kmem_page *page = pages_lookup(&malloc_map, p);

	if (!page)
		return NULL;
	if (unlikely(!page->cache))
		die("%p: this was never allocated, or is free already", p);
	return page->cache;
}

static NOINLINE void free_slow(struct kmem_cache *c, void *p)
{
	int saved = errno;

	if (c)
		kmem_cache_free_slow(c, p);
	else if (p && !boot_owns(p))
		large_free(p);
	errno = saved;
}

static inline void release(void *p)
{
	struct kmem_cache *c = cache_of(p);

	if (unlikely(!c || !kmem_fast_push(c, p)))
		free_slow(c, p);
}

static size_t usable(const void *p)
{
	struct kmem_cache *c = cache_of(p);

	if (c)
		return c->object_size;
	return boot_owns(p) ? boot_size(p) : large_size(p);
}

/* A class whose objects are aligned to their size, or to a page. */
static void *alloc_aligned_class(size_t align, size_t size)
{
	unsigned shift = 64 - (unsigned)__builtin_clzl((size < align ? align : size) - 1), class;
	int saved = errno;
	struct kmem_cache *c;
	void *p;

	if (shift < ALIGNED_MIN_SHIFT)
		shift = ALIGNED_MIN_SHIFT;
	class = CLASS_NR + shift - ALIGNED_MIN_SHIFT;
	c = atomic_load_explicit(&malloc_class[class], memory_order_acquire);
	if (!c)
		c = class_cache(class);
	p = c ? kmem_cache_alloc(c, 0) : NULL;
	errno = saved;
	return p;
}

static void *alloc_aligned(size_t align, size_t size)
{
	void *p = NULL;

	/* an object of no bytes would begin where its memory ends, and the address be somebody else's */
	if (!size)
		size = 1;
	if (align <= MALLOC_ALIGN)
		return alloc(size, 0);
	if (align <= 64 && size <= CLASS_MAX - align) {
		/* a class of a multiple of 32 or 64 bytes is aligned so, unless colour_off says otherwise */
		p = alloc((size + align - 1) & ~(align - 1), 0);
		if (!p || !((uintptr_t)p & (align - 1)))
			return p;
		release(p);
		p = NULL;
	}
	if (align <= 4096 && size <= (size_t)1 << (ALIGNED_MIN_SHIFT + ALIGNED_NR - 1))
		p = alloc_aligned_class(align, size);
	return p ? p : alloc_elsewhere(size, align);
}

static bool power_of_two(size_t n)
{
	return n && !(n & (n - 1));
}

/* ---- what programs call ---- */

PUBLIC void *malloc(size_t size)
{
	return alloc(size, 0);
}

PUBLIC void free(void *p)
{
	release(p);
}

PUBLIC void *calloc(size_t n, size_t size)
{
	size_t bytes;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes))) {
		errno = ENOMEM;
		return NULL;
	}
	return alloc(bytes, KMEM_ZERO);
}

PUBLIC void *realloc(void *p, size_t size)
{
	size_t old;
	void *q;

	if (!p)
		return alloc(size, 0);
	if (!size) {
		release(p);
		return NULL;
	}
	if (!cache_of(p) && !boot_owns(p) && size > CLASS_MAX) {
		q = large_resize(p, size);
		if (!q)
			errno = ENOMEM;
		return q;
	}
	old = usable(p);
	/* shrinking within the same object while at least half of it is used */
	if (size <= old && size >= old / 2)
		return p;
	q = alloc(size, 0);
	if (!q)
		return NULL;
	memcpy(q, p, size < old ? size : old);
	release(p);
	return q;
}

PUBLIC void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(p, bytes);
}

PUBLIC int posix_memalign(void **out, size_t align, size_t size)
{
	int saved = errno;
	void *p;

	if (!power_of_two(align) || align % sizeof(void *))
		return EINVAL;
	p = alloc_aligned(align, size);
	errno = saved;
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

PUBLIC void *memalign(size_t align, size_t size)
{
	if (!power_of_two(align)) {
		errno = EINVAL;
		return NULL;
	}
	return alloc_aligned(align, size);
}

PUBLIC void *aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

PUBLIC void *valloc(size_t size)
{
	return alloc_aligned((size_t)sysconf(_SC_PAGESIZE), size);
}

PUBLIC void *pvalloc(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (size > PTRDIFF_MAX - page) {
		errno = ENOMEM;
		return NULL;
	}
	return alloc_aligned(page, size ? (size + page - 1) & ~(page - 1) : page);
}

PUBLIC size_t malloc_usable_size(void *p)
{
	return p ? usable(p) : 0;
}
