/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gperftools' tcmalloc, with the size given to free. */
#include "engine/peer.h"

static const char *const sonames[] = { "libtcmalloc_minimal.so.4", "libtcmalloc.so.4", NULL };
static const struct peer_library lib_tcmalloc = {
	.name = "tcmalloc",
	.soname = sonames,
	.package = "libtcmalloc-minimal4",
	.alloc = "tc_malloc",
	.free_sized = "tc_free_sized",
};

static int tcmalloc_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	c->size = r->size;
	return peer_create(c, &lib_tcmalloc, e);
}

static const char *tcmalloc_version(void)
{
	const char *(*version)(int *, int *, const char **);

	*(void **)&version = peer_symbol(&lib_tcmalloc, "tc_version");
	/* "gperftools 2.10" */
	return version ? version(NULL, NULL, NULL) : "not here";
}

extern const struct allocator_ops allocator_tcmalloc;
const struct allocator_ops allocator_tcmalloc = {
	.name = "tcmalloc",
	.help = "gperftools' tcmalloc (Debian: libtcmalloc-minimal4), if it is on the machine",
	.create = tcmalloc_create,
	.alloc = peer_alloc,
	.free = peer_free,
	.destroy = peer_destroy,
	.version = tcmalloc_version,
};
