/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_SCRIPT_H
#define SLABSCOPE_KMEMTRACE_SCRIPT_H

/*
 * A trace cut into parts for workers who play it together, again and again.
 *
 *	trace	  0 alloc a   1 alloc b   2 free a   3 alloc c ...     records, numbered `at`
 *	CPU	  0           1           1          0
 *	worker 0  [at 0: alloc a, turn 0]            [at 3: alloc c in a's slot, turn 1] ...   ev[0][]
 *	worker 1              [at 1: alloc b]  [at 2: free a, turn 0]                          ev[1][]
 *
 * A record is its CPU's worker's: CPU modulo number of workers. An event's turn says how often its slot was used
 * before, so that whoever comes to it too early can see that it has to wait. Behind the trace, what is still live is
 * freed by those who allocated it (*drained*), so that every pass begins with nothing.
 *
 * Invariants: at grows along ev[w][]; each `at` in 0 .. length - 1 is in one of them; for each slot, along `at`,
 * allocations and frees take turns, beginning with an allocation of turn 0, as often as turns[slot] says.
 *
 * Memory: 16 bytes a record, in files that are deleted already (spill.h), and what is live.
 */

#include "lib/kmemtrace/source.h"
#include "lib/spill.h"

#define KMEMSCRIPT_ANY 255 /* node */

enum kmemscript_op { KMEMSCRIPT_ALLOC, KMEMSCRIPT_FREE };

struct kmemscript_event {
	uint32_t at, slot, turn;
	uint16_t cache;
	uint8_t op;
	uint8_t node; /* of an allocation, or KMEMSCRIPT_ANY; higher ones than 254 are 254 */
};

struct kmemscript_part {
	struct spill file;
	const struct kmemscript_event *ev;
	uint64_t nr;
};

struct kmemscript {
	struct kmemscript_part *part; /* [workers] */
	unsigned workers;
	uint64_t length;			   /* records of a pass, drained ones included */
	uint64_t allocs, frees, implicit, drained; /* of a pass; frees without the other two */
	uint32_t slots;
	uint32_t *turns; /* [slots]: allocations in it, in a pass */
	struct kmemtrace_cache *cache;
	uint32_t nr_caches;
	struct kmemtrace_totals totals; /* of the whole trace */
};

/* @only: records of the cache of that name, or NULL or "": all. -ENOENT: there is none. */
int kmemscript_load(struct kmemscript *s, const char *path, bool partial, const char *only,
		    unsigned workers, struct err *e);
void kmemscript_fini(struct kmemscript *s);
/* The invariants hold. */
bool kmemscript_check(const struct kmemscript *s);

#endif
