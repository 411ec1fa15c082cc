/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The C library's malloc, or whatever was preloaded in its place: version() says which. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "engine/allocator.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

static int malloc_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	(void)e;
	c->size = r->size;
	return 0;
}

static void *malloc_alloc(struct seam_cache *c)
{
	return malloc(c->size);
}

static void malloc_free(struct seam_cache *c, void *obj)
{
	(void)c;
	free(obj);
}

static void malloc_destroy(struct seam_cache *c)
{
	(void)c;
}

/* "2.36" for glibc's own; the path of the library that replaced it otherwise. */
static const char *malloc_version(void)
{
	const void *sym = dlsym(RTLD_DEFAULT, "malloc");
	const char *base;
	Dl_info in;

	if (sym && dladdr(sym, &in) && in.dli_fname) {
		base = strrchr(in.dli_fname, '/');
		base = base ? base + 1 : in.dli_fname;
		if (strncmp(base, "libc.so", 7) && strncmp(base, "libc-", 5))
			return in.dli_fname;
	}
#ifdef __GLIBC__
	return gnu_get_libc_version();
#else
	return "unknown";
#endif
}

extern const struct allocator_ops allocator_malloc;
const struct allocator_ops allocator_malloc = {
	.name = "malloc",
	.help = "the C library's malloc, or what LD_PRELOAD put in its place",
	.create = malloc_create,
	.alloc = malloc_alloc,
	.free = malloc_free,
	.destroy = malloc_destroy,
	.version = malloc_version,
};
