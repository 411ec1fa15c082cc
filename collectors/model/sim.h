/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_SIM_H
#define SLABSCOPE_MODEL_SIM_H

/*
 * The modelled machine: a target's caches, TLBs, directory and nodes, fed with loads and stores.
 *
 * Rules (they are checked against scalar twins in the tests):
 *	a load and a store look up, refresh and allocate alike (where the level allocates on writes)
 *	an access that spans lines counts once per line; TLBs: once per page
 *	a miss looks in the next level; write-backs do not touch the next level's order
 *	L1 is looked up by virtual address, all below by frame (collectors/model/frames.h)
 *	private caches are kept coherent by MESI with a directory of sharers; a store to a line that
 *	others hold invalidates theirs, and their next miss on it is a coherence miss
 */

#include <stdbool.h>
#include <stdint.h>

#include "collectors/model/target.h"

enum sim_level { SIM_L1D, SIM_L2, SIM_L3, SIM_DTLB, SIM_STLB, SIM_LEVELS };
extern const char *const sim_level_names[]; /* "l1d", "l2", "l3", "dtlb", "stlb", NULL */

enum sim_kind { SIM_COMPULSORY, SIM_CAPACITY, SIM_CONFLICT, SIM_COHERENCE, SIM_KINDS };
extern const char *const sim_kind_names[];

enum sim_frames { SIM_IDENTITY, SIM_RANDOM_FRAMES, SIM_THP, SIM_HUGETLB, SIM_PAGEMAP };
extern const char
	*const sim_frames_names[]; /* "identity", "random", "thp", "hugetlb", "pagemap", NULL */

struct sim_options {
	enum sim_frames frames;
	uint64_t seed;
	bool kinds; /* keep the fully associative twins: misses by kind */
	bool sets;  /* histograms by set */
	/* For tests of the shorter ways: one access after the other by the general way alone. Same counts, to the unit. */
	bool general;
	/* Called on each miss of a level, with the address that missed; NULL: not. @kind: SIM_KINDS without `kinds`. */
	void (*miss)(void *arg, enum sim_level level, unsigned cpu, uint64_t addr, bool write,
		     enum sim_kind kind);
	void *arg;
	/* Node of the page at @addr, asked once per page at its first touch by @cpu; NULL: the toucher's. */
	unsigned (*node_of)(void *arg, uint64_t page_addr, unsigned cpu);
};

struct sim_counts {
	uint64_t accesses[SIM_LEVELS], misses[SIM_LEVELS], writebacks[SIM_LEVELS];
	uint64_t kind[SIM_LEVELS][SIM_KINDS]; /* with options.kinds */
	/* MESI, by the CPU that asked: copies that its stores took from others, stores that hit a line others may have,
	 * dirty lines that others had */
	uint64_t invalidations, upgrades, interventions;
	/* Misses of the last level on a CPU's path, all of them: filled from memory, or from another CPU's cache, of the
	 * same node and of others. */
	uint64_t local, remote;
	uint64_t cache_local, cache_remote;
};

struct sim;

int sim_create(struct sim **s, const struct mt_target *t, const struct sim_options *o,
	       struct err *e);
void sim_destroy(struct sim *s);

/* One load or store of @size bytes by @cpu. */
void sim_access(struct sim *s, unsigned cpu, uint64_t addr, unsigned size, bool write);
/* The same for memcpy and friends: once per line. */
void sim_range(struct sim *s, unsigned cpu, uint64_t addr, uint64_t size, bool write);
/* Everything queued has gone through all levels: before counts are read. */
void sim_flush(struct sim *s);
/* Counts start again at 0; caches stay warm. */
void sim_reset_counts(struct sim *s);
/* The memory is gone (unmapped): lines and translations of it are dropped without write-back. */
void sim_forget(struct sim *s, uint64_t addr, uint64_t size);

/* Of one CPU, or (cpu < 0) of all. */
void sim_counts(const struct sim *s, int cpu, struct sim_counts *out);
/* Fills from memory: traffic[from][to], from = the CPU's node. */
void sim_traffic(const struct sim *s, uint64_t traffic[MT_NODES][MT_NODES]);
/* With options.sets: accesses and misses of each set of @level, all CPUs added; how many sets there are. */
unsigned sim_sets(const struct sim *s, enum sim_level level, const uint64_t **accesses,
		  const uint64_t **misses);
/* The target has that level, and figures for it (TLBs: for the page size in use): else its counts mean nothing. */
bool sim_has(const struct sim *s, enum sim_level level);
/* -ENOMEM: memory or line numbers (2^30) ran out, and accesses were left out since. */
int sim_failed(const struct sim *s);
/* Where random replacement of one cache starts: rng_seed() of this. */
uint64_t sim_seed(uint64_t seed, unsigned level, unsigned nr);
/*
 * An estimate of memory time, in ns, under that name: counts x what the target says an access costs where it is found.
 * @waiting: the share (0 to 1) of accesses that cannot begin before the one in front of them is done.
 *	one that waits		the latency of the level; of memory
 *	one that does not	by Little's law (L = lambda W: J. D. C. Little 1961): latency / misses that may be under
 *				way at once (the fewest of all levels above), but no less than 1 / hits per cycle. A hit
 *				of L1: 1 / hits per cycle
 *	its translation		nothing from the dTLB; else stlb_cycles, and walk_cycles if the STLB has it not; where
 *				nothing waits / misses of L1 at once, / walks at once. What the target does not know is
 *				left out
 * The share is taken to be the same at all levels. Where the target does not say how much overlaps, nothing does. NaN where
 * it has no latency, memory or GHz and needs one. Work between accesses, write-backs and prefetch are not in it.
 */
double sim_memory_time(const struct sim *s, int cpu, double waiting);
/* Every invariant: tags of a set differ, one owner, no stale sharer, inclusion. 0 or -EILSEQ and which. */
int sim_check(const struct sim *s, struct err *e);

#endif
