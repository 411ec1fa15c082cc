/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_PACK_H
#define SLABSCOPE_KMEMTRACE_PACK_H

/*
 * Our own format of a trace, version 1: what source.h makes of text, in some 4.5 bytes a record once it is packed by
 * zstd. Little-endian; numbers marked * are LEB128 (seven bits a byte, lowest first), s* zigzag LEB128.
 *
 *	file	"SLABTRC1", blocks
 *	block	"DATA" or "END ", u32 bytes of payload, u32 records in it, u32 crc32 (zlib's) of the payload, payload
 *	DATA	records, whole ones:
 *		*tag = kind + 8 cpu, then by kind
 *		0 alloc		s*ns since the record before, *cache, *slot
 *		1 free		s*ns, *slot
 *		2 implicit free s*ns, *slot
 *		3 alloc, node	s*ns, *cache, *slot, *node
 *		4 cache		*req, *alloc, *length, name; numbered from 0 in the order of the file. cpu 0. Counts as
 *				no record
 *	END	*allocs *frees *implicit *unmatched *failed *other *lost *renamed: the last block, and only once
 *
 * The whole may be packed by anything that stream.h unpacks; what is written here is packed by zstd. A file without END
 * was cut off. A reader needs memory for live objects and one block, of at most KMEMPACK_BLOCK bytes.
 */

#include <stdint.h>

#include "lib/err.h"
#include "lib/kmemtrace/source.h"

#define KMEMPACK_BLOCK (1u << 20)  /* of any file */
#define KMEMPACK_WRITE (64u << 10) /* of those written here: what a file that is cut off loses */

struct kmempack;

/* Write to @path by way of a temporary file beside it: on failure, and until the end, what was there stays. */
int kmempack_begin(struct kmempack **out, const char *path, struct err *e);
/* Copy what is left of @t, with its totals: 0, or whatever reading or writing said. */
int kmempack_copy(struct kmempack *p, struct kmemtrace *t, struct err *e);
/* Complete under its name; on failure nothing is. Either way @p is gone. */
int kmempack_commit(struct kmempack *p, struct err *e);
void kmempack_abort(struct kmempack *p); /* NULL is harmless */

#endif
