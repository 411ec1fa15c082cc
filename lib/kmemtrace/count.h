/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_COUNT_H
#define SLABSCOPE_KMEMTRACE_COUNT_H

/* What a trace says of each cache: how many objects, how long they live, who frees them. Memory: as the source's, and
 * a histogram (30 kB) for each cache. */

#include "lib/histogram.h"
#include "lib/kmemtrace/source.h"

struct kmemcount {
	uint64_t allocs, frees, implicit;
	uint64_t live, peak;   /* objects */
	uint64_t cross;	       /* frees (implicit ones too) by another CPU than the allocation's */
	struct hist *lifetime; /* ns from allocation to free, without implicit ones */
};

struct kmemcounts {
	struct kmemcount *cache; /* [nr], by the trace's numbers */
	uint32_t nr, room;
	struct kmemcount_born {
		uint64_t ns;
		uint16_t cpu;
	} * born; /* by slot */
	uint32_t slots;
};

/* One record more of @t, just read. */
int kmemcount_add(struct kmemcounts *c, const struct kmemtrace *t, const struct kmemtrace_record *r,
		  struct err *e);
void kmemcounts_fini(struct kmemcounts *c);

#endif
