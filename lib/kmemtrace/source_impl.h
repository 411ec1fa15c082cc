/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_SOURCE_IMPL_H
#define SLABSCOPE_KMEMTRACE_SOURCE_IMPL_H

/* The inside of a source, shared by source.c (any), text.c and unpack.c (one form each), names.c (text without names). */

#include "lib/intern.h"
#include "lib/kmemtrace/event.h"
#include "lib/kmemtrace/live.h"
#include "lib/kmemtrace/source.h"
#include "lib/spill.h"
#include "lib/stream.h"

/* A form: how the next record is got. 1, 0 at the end, -errno. */
typedef int kmemtrace_next_fn(struct kmemtrace *t, struct kmemtrace_record *r, struct err *e);

/* Names of allocations, learnt in a first pass. */
struct kmemtrace_names {
	bool learnt;
	struct intern name, site; /* site: "SITE\1REQ\1ALLOC" */
	struct spill of_alloc;	  /* uint32_t [allocation]: name + 1 */
	uint64_t allocs;
	uint32_t *of_site; /* [site]: name + 1 */
	uint32_t site_room;
};

struct kmemtrace_slot {
	uint32_t cache;
	bool live;
};

struct kmemtrace {
	struct stream *s;
	char *path;
	const void *data; /* in place of a file */
	size_t len;
	const char *name; /* for messages */
	const char *form;
	bool partial, over;
	kmemtrace_next_fn *next;
	struct kmemtrace_cache *cache;
	uint32_t nr_caches, cache_room;
	struct kmemtrace_slot *slot;
	uint32_t slot_room;
	struct kmemtrace_totals n;
	bool any;	/* a record was given */
	uint64_t first; /* ns */

	/* text */
	struct live live;
	struct intern caches; /* "NAME\1REQ\1ALLOC" */
	struct kmemtrace_names names;
	uint64_t ordinal; /* of the next allocation */
	bool waiting;	  /* one record for which another made room */
	struct kmemtrace_record wait;

	/* our own format */
	uint64_t at; /* ns of the record before */
	unsigned char *block;
	size_t block_len, block_at;
	uint64_t block_offset; /* in the unpacked file */
	uint32_t block_left;   /* records */
};

/* source.c: what is read, from its beginning */
int kmemtrace_stream(const struct kmemtrace *t, struct stream **s, struct err *e);
/* Of a record that is about to be given: slots, totals; -EINVAL: a free of a slot that is not live, ... */
int kmemtrace_account(struct kmemtrace *t, struct kmemtrace_record *r, struct err *e);
/* A cache more; its number, or -errno. */
int64_t kmemtrace_add_cache(struct kmemtrace *t, const char *name, size_t len, uint64_t req,
			    uint64_t alloc, struct err *e);

/* text.c, unpack.c */
kmemtrace_next_fn kmemtrace_next_text, kmemtrace_next_packed;
#define KMEMTRACE_MAGIC "SLABTRC1"
/* The form of what begins with these bytes; -EINVAL and a remedy for those that are none of ours. */
int kmemtrace_guess(struct kmemtrace *t, const unsigned char *p, size_t len, struct err *e);

/* names.c: the first pass; later the name of allocation number @ordinal, never NULL: *@guess if it was not learnt from
 * its own free, @buf is room for one made up. */
int kmemtrace_learn(struct kmemtrace *t, struct err *e);
const char *kmemtrace_name(struct kmemtrace *t, uint64_t ordinal, const struct kmem_event *ev,
			   char buf[KMEMTRACE_NAME_MAX], bool *guess);
void kmemtrace_names_fini(struct kmemtrace_names *n);
/* "TEXT\1REQ\1ALLOC", cut to KMEMTRACE_KEY_MAX. */
#define KMEMTRACE_KEY_MAX (KMEMTRACE_NAME_MAX + 48)
void kmemtrace_key(char key[KMEMTRACE_KEY_MAX], const char *text, size_t len,
		   const struct kmem_event *ev);

#endif
