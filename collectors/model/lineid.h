/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_LINEID_H
#define SLABSCOPE_MODEL_LINEID_H

/*
 * Dense numbers for pieces of the address space, in order of their first touch, so that 32-bit tags
 * are exact for any 64-bit address: a tag is the piece's number and the line within it. A hash table
 * that grows with the memory touched, and a small direct-mapped one in front of it. Zero is valid.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define LINEID_BITS 6 /* lines per piece: 64 */
#define LINEID_MOST ((1u << (32 - LINEID_BITS)) - 1)
#define LINEID_FRONT 1024u

struct lineid_entry {
	uint64_t piece1; /* piece + 1; 0: free */
	uint32_t id;
};

struct lineid {
	struct lineid_entry front[LINEID_FRONT];
	struct lineid_entry *table;
	size_t room; /* a power of two, or 0 */
	uint32_t n;
};

/* The slow way: the table. 0, -ENOMEM, -E2BIG. */
int lineid_find(struct lineid *l, uint64_t piece, uint32_t *id);
void lineid_release(struct lineid *l);

static inline int lineid_get(struct lineid *l, uint64_t piece, uint32_t *id)
{
	struct lineid_entry *f = &l->front[(piece ^ piece >> 10) & (LINEID_FRONT - 1)];
	int rc;

	if (f->piece1 == piece + 1) {
		*id = f->id;
		return 0;
	}
	rc = lineid_find(l, piece, id);
	if (!rc)
		*f = (struct lineid_entry){ piece + 1, *id };
	return rc;
}

#endif
