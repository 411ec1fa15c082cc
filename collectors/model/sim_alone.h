/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_SIM_ALONE_H
#define SLABSCOPE_MODEL_SIM_ALONE_H

/*
 * One core by itself, as most runs have it, with rows that are vectors: the way of a reference through sim.c and walk.c
 * once more, for machines that ask for nothing else. What is counted is the same to the unit; what it costs is not,
 * as nothing is asked of a table.
 *
 *	sim_alone.c   the TLBs and L1       sim_below.c   what a miss of L1 does
 *
 * Such machines: one core has touched memory; lines of 64 bytes and pages of 4 KiB; 2^n sets in L1; two or three levels of LRU in up to
 * 16 ways, which write back and allocate; L2 filled by misses. Where nothing below can change L1 and nobody is told
 * of misses, they wait (struct sim_wait).
 */

#include "collectors/model/level_avx2.h"
#include "collectors/model/sim_impl.h"

#ifdef LEVEL_AVX2

#define LINE SIM_LINE
#define PAGE SIM_PAGE
#define LINES (PAGE - LINE)
#define IN_PAGE ((UINT32_C(1) << LINES) - 1)

/* sim_below.c: a miss of L1, in full. */
void sim_alone_miss(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t lid, unsigned set,
		    bool write);
/* All that waits of L1. */
void sim_alone_settle_l1(struct sim *s);

#endif
#endif
