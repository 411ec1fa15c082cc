/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "engine/peer.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Sanitizers take what others' allocators do for leaks and races: no peers in such builds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NO_PEERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define NO_PEERS 1
#endif
#endif
#ifndef NO_PEERS
#define NO_PEERS 0
#endif

/* dlopen() counts: asking again gives the same library. It is never closed, its threads and caches may live. */
static void *library(const struct peer_library *l)
{
	void *h = NULL;

	for (unsigned i = 0; !NO_PEERS && l->soname[i] && !h; i++)
		h = dlopen(l->soname[i], RTLD_NOW | RTLD_LOCAL);
	return h;
}

void *peer_symbol(const struct peer_library *l, const char *name)
{
	void *h = library(l);

	return h && name ? dlsym(h, name) : NULL;
}

const char *peer_file(const struct peer_library *l)
{
	static __thread char path[PATH_MAX];
	void *sym = peer_symbol(l, l->alloc);
	const char *base;
	Dl_info in;

	if (!sym || !dladdr(sym, &in) || !in.dli_fname || !realpath(in.dli_fname, path))
		return NULL;
	base = strrchr(path, '/');
	return base ? base + 1 : path;
}

int peer_create(struct seam_cache *c, const struct peer_library *l, struct err *e)
{
	struct peer_calls *calls;

	if (!library(l))
		return err_set(e, -ENOSYS,
			       "%s: %.200s; Debian's package is %s (for 'static TLS': start with "
			       "GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384)",
			       l->name, NO_PEERS ? "none in a sanitized build" : dlerror(),
			       l->package);
	calls = calloc(1, sizeof(*calls));
	if (!calls)
		return err_set(e, -ENOMEM, "%s: no memory", l->name);
	/* POSIX lets a pointer from dlsym() be that of a function; ISO C has no cast for it */
	*(void **)&calls->alloc = peer_symbol(l, l->alloc);
	*(void **)&calls->free = peer_symbol(l, l->free);
	*(void **)&calls->free_sized = peer_symbol(l, l->free_sized);
	*(void **)&calls->free_slice = peer_symbol(l, l->free_slice);
	if (!calls->alloc || (!calls->free && !calls->free_sized && !calls->free_slice)) {
		free(calls);
		return err_set(e, -ENOSYS, "%s: %s has no %s", l->name, l->soname[0], l->alloc);
	}
	c->priv = calls;
	return 0;
}

void *peer_alloc(struct seam_cache *c)
{
	return ((const struct peer_calls *)c->priv)->alloc(c->size);
}

void peer_free(struct seam_cache *c, void *obj)
{
	const struct peer_calls *calls = c->priv;

	if (calls->free)
		calls->free(obj);
	else if (calls->free_sized)
		calls->free_sized(obj, c->size);
	else
		calls->free_slice(c->size, obj);
}

void peer_destroy(struct seam_cache *c)
{
	free(c->priv);
	c->priv = NULL;
}

const struct peer_calls *peer_direct(const struct seam_cache *c)
{
	return c->ops->alloc == peer_alloc ? c->priv : NULL;
}

/* ---- plug-ins ---- */

static int plugin_path(const char *name, char *path, size_t n)
{
	const char *dir = getenv("SLABSCOPE_PEERS");
	char self[PATH_MAX];
	ssize_t len;

	if (dir)
		return snprintf(path, n, "%s/%s.so", dir, name) < (int)n ? 0 : -ENAMETOOLONG;
	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return -errno;
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	return snprintf(path, n, "%s/peers/%s.so", self, name) < (int)n ? 0 : -ENAMETOOLONG;
}

const struct peer_plugin *peer_plugin(const char *name, struct err *e)
{
	const struct peer_plugin *p = NULL;
	char path[PATH_MAX + 64];
	void *h;

	if (NO_PEERS || plugin_path(name, path, sizeof(path)) || access(path, R_OK)) {
		err_set(e, -ENOSYS,
			"%s: its plug-in was not built (the package's headers were not there)",
			name);
		return NULL;
	}
	h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (h)
		p = dlsym(h, "slabscope_peer");
	if (!p || p->abi != PEER_PLUGIN_ABI) {
		err_set(e, -ENOSYS, "%s: %.300s", name,
			h ? "the plug-in is of another version" : dlerror());
		return NULL;
	}
	return p;
}
