/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_SOURCE_H
#define SLABSCOPE_KMEMTRACE_SOURCE_H

/*
 * A trace of a slab allocator, one record after the other, whatever it is stored as:
 *
 *	text of perf script, ftrace, trace-cmd (event.h)  --\
 *	                                                     >-- records: allocate, free --> replay, pack.h, count.h
 *	our own format (pack.h)                           --/
 *
 * each of them packed by gzip, bzip2, xz, zstd or lz4, or not (stream.h).
 *
 * Objects are known by slots: small numbers, used again once the object is freed (live.h). Of text:
 *
 *	an allocation at an address that is still live   first frees what was there: an *implicit* free. The tracepoints
 *	                                                 do not show objects that were freed in bulk
 *	a free of an address that is not live            is left out: *unmatched*. The object is older than the trace
 *	what is still live at the end                    stays so
 *	an allocation without the cache's name           gets it from the free of the same object; if that does not
 *	                                                 come, from what the same call site allocated with the same
 *	                                                 sizes; else it is called after its size. Needs a first pass
 *	                                                 through the file, so it cannot come from a pipe
 *	kfree of a live address                          is its free
 *
 * Memory: by the number of live objects, caches and call sites, not by the length; but with nameless allocations four
 * bytes each, in a file that is deleted already.
 *
 * Damage: an error that names line or offset. With `partial` the trace ends there, and ->damage of the totals says it.
 * One thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define KMEMTRACE_CACHES 65535u /* most caches of a trace */
#define KMEMTRACE_NAME_MAX 128u /* bytes of a cache's name, the rest is cut off */

enum kmemtrace_kind {
	KMEMTRACE_ALLOC,
	KMEMTRACE_FREE,
	KMEMTRACE_IMPLICIT, /* a free that the trace does not show */
	KMEMTRACE_KINDS
};

struct kmemtrace_record {
	uint64_t ns; /* since the first record; may go back where CPUs' buffers were merged */
	enum kmemtrace_kind kind;
	uint32_t cache; /* of kmemtrace_cache(); also of frees */
	uint32_t slot;
	uint16_t cpu;
	int16_t node; /* of allocations: asked for; -1: any */
};

struct kmemtrace_cache {
	char name[KMEMTRACE_NAME_MAX];
	uint32_t req, alloc; /* bytes of an object, bytes from one to the next */
};

/* Of what was read so far, and of the whole when it has ended. */
struct kmemtrace_totals {
	uint64_t allocs, frees, implicit; /* records; frees: without implicit ones */
	uint64_t unmatched;		  /* frees left out */
	uint64_t failed;		  /* allocations that failed, frees of nothing: left out */
	uint64_t other;			  /* lines about something else */
	uint64_t lost;	     /* events that the recorder lost, as it says; each report at least 1 */
	uint64_t renamed;    /* allocations named after their call site or size */
	uint64_t live, peak; /* objects */
	uint64_t ns;	     /* from the first record to the last */
	uint32_t slots, cpus; /* numbers in use are below these */
	struct err damage;    /* "": it was whole */
};

struct kmemtrace;

/* "-" is standard input. */
int kmemtrace_open(struct kmemtrace **out, const char *path, bool partial, struct err *e);
/* What would be in a file: @len bytes that the caller keeps until it closes the trace. */
int kmemtrace_open_memory(struct kmemtrace **out, const void *data, size_t len, bool partial,
			  struct err *e);
/* The next record: 1, 0 at the end, or -errno: -EINVAL, -EBADMSG (checksum), -ENODATA (cut off), -EIO, -ENOMEM, and
 * -ESPIPE: nameless allocations from a pipe. */
int kmemtrace_next(struct kmemtrace *t, struct kmemtrace_record *r, struct err *e);
void kmemtrace_close(struct kmemtrace *t); /* NULL is harmless */

/* Caches seen so far; the pointer is valid until the next record. */
const struct kmemtrace_cache *kmemtrace_cache(const struct kmemtrace *t, uint32_t *nr);
const struct kmemtrace_totals *kmemtrace_totals(const struct kmemtrace *t);
/* "perf script text", "slabscope trace, version 1", ... */
const char *kmemtrace_form(const struct kmemtrace *t);

#endif
