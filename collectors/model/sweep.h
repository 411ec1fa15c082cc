/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_SWEEP_H
#define SLABSCOPE_MODEL_SWEEP_H

/*
 * Many caches in one pass over a trace: LRU, one line size, every associativity of 1 .. 16 for every
 * power of two of sets of 64 .. 8192: 128 geometries. Exact: equal to 128 simulations.
 *
 * One stack of the 16 last lines per set and set count. A line found at position p of its stack hits
 * in caches of more than p ways and misses in the others, so the histogram of positions is the
 * answer for all of them. A line on top of its stack at one set count is so at every larger one,
 * and nothing changes there: only what was not on top goes on to the next set count.
 *
 * Addresses are taken as they are (frames: identity). Loads and stores alike; an access that spans
 * lines counts once per line. Not for several threads.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define SWEEP_WAYS 16u
#define SWEEP_SETS_MIN 64u
#define SWEEP_SETS_MAX 8192u
#define SWEEP_COUNTS 8u /* set counts */

struct sweep;
struct trace_ref;

/* @line: bytes, a power of two of 8 .. 4096. */
int sweep_create(struct sweep **s, unsigned line, struct err *e);
void sweep_destroy(struct sweep *s);
/* Plain C where there would be AVX2: for tests and benchmarks. Before the first access. */
void sweep_plain(struct sweep *s);
/* "avx2" or "plain". */
const char *sweep_how(const struct sweep *s);

void sweep_access(struct sweep *s, uint64_t addr, unsigned size);
void sweep_refs(struct sweep *s, const struct trace_ref *ref, size_t n);

/* What waits goes through; before counts are read. -E2BIG: more than 2^26 - 1 pieces of 64 lines were
 * touched; -ENOMEM. Then the counts are not to be used. */
int sweep_flush(struct sweep *s, struct err *e);
uint64_t sweep_accesses(const struct sweep *s);
/* Misses of a cache of @sets (one of the eight) and @ways (1 .. 16). */
uint64_t sweep_misses(const struct sweep *s, unsigned sets, unsigned ways);

#endif
