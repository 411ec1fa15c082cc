/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_PEER_H
#define SLABSCOPE_PEER_H

/*
 * Peers behind the seam: other people's allocators, found when the program runs. Nothing is linked with
 * them; what is not on the machine is -ENOSYS, with the package that brings it.
 */

#include "engine/allocator.h"

/* The functions of a peer. One of the three ways to free is there; a NULL is not. */
struct peer_calls {
	void *(*alloc)(size_t size);
	void (*free)(void *obj);
	void (*free_sized)(void *obj, size_t size); /* as C23 and C++14 do */
	void (*free_slice)(size_t size, void *obj); /* as GLib does */
};

/* A library, and what to look for in it. */
struct peer_library {
	const char *name;	   /* of the allocator */
	const char *const *soname; /* any of them, the first that loads; NULL ends */
	const char *package;	   /* of Debian */
	const char *alloc, *free, *free_sized, *free_slice; /* symbols; NULL: has none */
};

/* The seam's operations for such a library. */
int peer_create(struct seam_cache *c, const struct peer_library *l, struct err *e);
void *peer_alloc(struct seam_cache *c);
void peer_free(struct seam_cache *c, void *obj);
void peer_destroy(struct seam_cache *c);
/* Symbol @name of it; NULL: no library, or it has none. */
void *peer_symbol(const struct peer_library *l, const char *name);
/* "5.3.0" after the soname's file, for libraries that do not tell: "libtbbmalloc.so.2.8". NULL: not here. */
const char *peer_file(const struct peer_library *l);

/* What a loop may call without the seam between; NULL: @c is not of peer_create(). */
const struct peer_calls *peer_direct(const struct seam_cache *c);

/*
 * A peer whose calls are inline, and which therefore comes as a plug-in of our own: NAME.so in the folder `peers` beside
 * the program (or in $SLABSCOPE_PEERS), with this as its symbol `slabscope_peer`.
 */
struct peer_plugin {
	unsigned abi; /* PEER_PLUGIN_ABI */
	/* A pool of objects of @size bytes; NULL, and why in @e. Any thread may use it. */
	void *(*open)(const char *name, size_t size, struct err *e);
	void *(*alloc)(void *pool);
	void (*free)(void *pool, void *obj);
	void (*close)(void *pool);
	const char *(*version)(void);
	void (*thread)(void); /* said by a thread before its first call, to be as fast as can be */
	const void *loads;    /* bench/loads.h: the loops of the benchmark, with its calls inline */
};
#define PEER_PLUGIN_ABI 1

/* What a seam's cache of a plug-in has as priv; the peer's own calls work on pool. */
struct peer_pool {
	const struct peer_plugin *plugin;
	void *pool;
};

/* NULL, and why in @e (may be NULL). Loaded once and kept. */
const struct peer_plugin *peer_plugin(const char *name, struct err *e);

#endif
