/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_SLABLIST_H
#define SLABSCOPE_SLABLIST_H

/*
 * Listings of /proc/slabinfo, versions 2.0 and 2.1, of SLAB and of SLUB, with or without the
 * statistics columns. A line is
 *
 *	NAME active_objs num_objs objsize objperslab pagesperslab
 *		: tunables limit batchcount shared : slabdata active_slabs num_slabs sharedavail
 *		[: globalstat ...] [: cpustat ...]
 *
 * (Version 2.0 names the tunables "batchcount limit" in its header, yet prints limit first.) A name
 * may hold blanks: it is what lies before the five numbers. Listings come from users and from
 * copies by hand, so a damaged line is an error that names line and field; nothing is guessed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

struct slablist_row {
	const char *name;
	uint64_t active_objs, num_objs; /* SLAB counts objects in per-CPU arrays as active */
	uint32_t objsize;		/* bytes, after alignment (and debugging) */
	uint32_t objperslab;		/* of the allocator that wrote the listing */
	uint32_t pagesperslab;		/* pages of the machine that wrote it */
	bool has_tunables;		/* false: all three printed 0, as SLUB does */
	uint32_t limit, batchcount, shared;
	uint64_t active_slabs, num_slabs, sharedavail;
	unsigned line; /* in the listing, from 1 */
};

struct slablist {
	struct slablist_row *row;
	size_t n;
	unsigned version; /* 20 or 21 */
	bool statistics;  /* header says so */
	char *text;	  /* what the names point into */
};

/*
 * Parse @text[len]; @file is its name in messages. 0, or -EINVAL (bad line: "FILE:LINE: FIELD:
 * ...", no header, no caches), -ENOMEM. *@out is filled only on success; release it then.
 */
int slablist_parse(const char *text, size_t len, const char *file, struct slablist *out,
		   struct err *e);

/* The same for a file ("-": standard input). /proc/slabinfo itself needs root on most machines:
 * -EACCES. */
int slablist_read(const char *path, struct slablist *out, struct err *e);

/* The row called @name (the first, should there be two), or NULL. */
const struct slablist_row *slablist_find(const struct slablist *l, const char *name);

void slablist_release(struct slablist *l);

#endif
