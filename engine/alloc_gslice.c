/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GLib's slices, which are malloc's from 2.76 on. */
#include "engine/peer.h"

static const char *const sonames[] = { "libglib-2.0.so.0", NULL };
static const struct peer_library lib_gslice = {
	.name = "gslice",
	.soname = sonames,
	.package = "libglib2.0-0",
	.alloc = "g_slice_alloc",
	.free_slice = "g_slice_free1",
};

static int gslice_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	c->size = r->size;
	return peer_create(c, &lib_gslice, e);
}

static const char *gslice_version(void)
{
	const unsigned *v[3] = { peer_symbol(&lib_gslice, "glib_major_version"),
				 peer_symbol(&lib_gslice, "glib_minor_version"),
				 peer_symbol(&lib_gslice, "glib_micro_version") };
	static __thread char text[32];

	if (!v[0] || !v[1] || !v[2])
		return "not here";
	snprintf(text, sizeof(text), "%u.%u.%u", *v[0], *v[1], *v[2]);
	return text;
}

extern const struct allocator_ops allocator_gslice;
const struct allocator_ops allocator_gslice = {
	.name = "gslice",
	.help = "GLib's g_slice_alloc (Debian: libglib2.0-0), if it is on the machine",
	.create = gslice_create,
	.alloc = peer_alloc,
	.free = peer_free,
	.destroy = peer_destroy,
	.version = gslice_version,
};
