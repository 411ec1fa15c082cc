/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scalable allocator of oneTBB. */
#include "engine/peer.h"

static const char *const sonames[] = { "libtbbmalloc.so.2", NULL };
static const struct peer_library lib_tbb = {
	.name = "tbb",
	.soname = sonames,
	.package = "libtbbmalloc2",
	.alloc = "scalable_malloc",
	.free = "scalable_free",
};

static int tbb_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	c->size = r->size;
	return peer_create(c, &lib_tbb, e);
}

/* It does not tell: the name of its file is all there is. */
static const char *tbb_version(void)
{
	const char *file = peer_file(&lib_tbb);

	return file ? file : "not here";
}

extern const struct allocator_ops allocator_tbb;
const struct allocator_ops allocator_tbb = {
	.name = "tbb",
	.help = "oneTBB's scalable_malloc (Debian: libtbbmalloc2), if it is on the machine",
	.create = tbb_create,
	.alloc = peer_alloc,
	.free = peer_free,
	.destroy = peer_destroy,
	.version = tbb_version,
};
