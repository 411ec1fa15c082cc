/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for who asks before the engine is up, or from inside the making of a cache: a static arena that is only ever
 * filled. What is freed of it stays; large_alloc() takes over when it is full.
 */
#include <stdatomic.h>

#include "preload/preload.h"

#define BOOT_BYTES ((size_t)32 << 10)

static _Alignas(64) char arena[BOOT_BYTES];
static _Atomic size_t used;

/* Before each object: its size, in the word before it. */
void *boot_alloc(size_t size, size_t align)
{
	size_t at = atomic_load(&used), start;

	if (align < MALLOC_ALIGN)
		align = MALLOC_ALIGN;
	if (size > BOOT_BYTES || align > 64)
		return NULL;
	do {
		start = (at + sizeof(size_t) + align - 1) & ~(align - 1);
		if (start + size > BOOT_BYTES)
			return NULL;
	} while (!atomic_compare_exchange_weak(&used, &at, start + size));
	memcpy(arena + start - sizeof(size_t), &size, sizeof(size));
	return arena + start;
}

bool boot_owns(const void *p)
{
	return (uintptr_t)p - (uintptr_t)arena < BOOT_BYTES;
}

size_t boot_size(const void *p)
{
	size_t size;

	memcpy(&size, (const char *)p - sizeof(size), sizeof(size));
	return size;
}
