/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jemalloc: its malloc, in a library of its own beside the C library's. */
#include "engine/peer.h"

static const char *const sonames[] = { "libjemalloc.so.2", NULL };
static const struct peer_library lib_jemalloc = {
	.name = "jemalloc",
	.soname = sonames,
	.package = "libjemalloc2",
	.alloc = "malloc",
	.free = "free",
};

static int jemalloc_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	c->size = r->size;
	return peer_create(c, &lib_jemalloc, e);
}

/* "5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c" */
static const char *jemalloc_version(void)
{
	int (*ctl)(const char *, void *, size_t *, void *, size_t);
	static __thread const char *text;
	size_t n = sizeof(text);

	*(void **)&ctl = peer_symbol(&lib_jemalloc, "mallctl");
	return ctl && !ctl("version", &text, &n, NULL, 0) ? text : "not here";
}

extern const struct allocator_ops allocator_jemalloc;
const struct allocator_ops allocator_jemalloc = {
	.name = "jemalloc",
	.help = "jemalloc (Debian: libjemalloc2), if it is on the machine",
	.create = jemalloc_create,
	.alloc = peer_alloc,
	.free = peer_free,
	.destroy = peer_destroy,
	.version = jemalloc_version,
};
