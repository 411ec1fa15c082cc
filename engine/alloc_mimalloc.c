/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Microsoft's mimalloc. */
#include "engine/peer.h"

static const char *const sonames[] = { "libmimalloc.so.2", "libmimalloc.so.2.0", "libmimalloc.so.3",
				       NULL };
static const struct peer_library lib_mimalloc = {
	.name = "mimalloc",
	.soname = sonames,
	.package = "libmimalloc2.0",
	.alloc = "mi_malloc",
	.free = "mi_free",
};

static int mimalloc_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	c->size = r->size;
	return peer_create(c, &lib_mimalloc, e);
}

static const char *mimalloc_version(void)
{
	static __thread char text[32];
	int (*version)(void), v;

	*(void **)&version = peer_symbol(&lib_mimalloc, "mi_version");
	if (!version)
		return "not here";
	v = version(); /* 209: 2.0.9 */
	snprintf(text, sizeof(text), "%d.%d.%d", v / 100, v / 10 % 10, v % 10);
	return text;
}

extern const struct allocator_ops allocator_mimalloc;
const struct allocator_ops allocator_mimalloc = {
	.name = "mimalloc",
	.help = "mimalloc (Debian: libmimalloc2.0), if it is on the machine",
	.create = mimalloc_create,
	.alloc = peer_alloc,
	.free = peer_free,
	.destroy = peer_destroy,
	.version = mimalloc_version,
};
