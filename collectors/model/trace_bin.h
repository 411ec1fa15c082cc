/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_TRACE_BIN_H
#define SLABSCOPE_MODEL_TRACE_BIN_H

/*
 * The binary trace. Little-endian throughout.
 *
 *	header	"slabtrc\n", u32 version, u32 encoding (0 words, 1 packed)
 *
 *	word	63      56 55    54   48 47                0
 *		|  cpu   | w | size    |  address           |
 *		size 1..126: bytes. 127: a second word has the size in bits 0..31 and bits 48..63 of
 *		the address in 32..47, the rest 0. 0: the end; bits 0..47 are the number of records
 *
 *	packed	first byte: bit 0 store, bit 1 size and CPU follow, bits 2..6 the low bits of the
 *		zigzag difference to the record before, bit 7 more of them follow (LEB128);
 *		then, with bit 1, size and CPU (LEB128 both), else they are as before.
 *		Size 0: the end; in the CPU's place stands the number of records
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/model/trace.h"

#define TRACE_HEADER 16
#define TRACE_RECORD_MAX 32 /* no record is longer */

enum trace_encoding { TRACE_ENC_WORDS, TRACE_ENC_PACKED };

/* What a record is relative to. */
struct trace_bin {
	enum trace_encoding encoding;
	uint64_t addr;
	uint32_t size;
	uint16_t cpu;
	uint64_t count; /* records until now */
	bool ended;
};

bool trace_bin_is(const unsigned char *p, size_t len);
/* Read a header. Bytes used, or -1 and why. */
int trace_bin_begin(struct trace_bin *b, const unsigned char *p, size_t len, const char **why);
/* Take a record out of @len bytes: bytes used (b->ended: it was the end mark), or -1 and why. */
int trace_bin_get(struct trace_bin *b, const unsigned char *p, size_t len, struct trace_ref *ref,
		  const char **why);

/* Write header, record, end mark to @p (TRACE_RECORD_MAX bytes); bytes written. */
int trace_bin_header(struct trace_bin *b, enum trace_encoding encoding, unsigned char *p);
int trace_bin_put(struct trace_bin *b, unsigned char *p, const struct trace_ref *ref);
int trace_bin_end(const struct trace_bin *b, unsigned char *p);

#endif
