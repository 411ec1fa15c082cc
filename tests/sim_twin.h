/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_SIM_TWIN_H
#define SLABSCOPE_TESTS_SIM_TWIN_H

/*
 * The modelled machine once more, written without a thought for speed and without the model's code: lines by their full
 * number, time stamps for order, trees as recursion. One CPU; and cores with one private LRU level each and MESI.
 */

#include <stdbool.h>
#include <stdint.h>

#include "collectors/model/sim.h"
#include "lib/rng.h"

struct twin_way {
	uint64_t line, stamp;
	bool valid, dirty;
	int age;
};

struct twin_cache {
	struct mt_cache c;
	struct twin_way *way; /* [sets * slices][ways] */
	bool *node; /* [sets * slices][ways]: trees, heap order, root of tree g at g * size */
	uint64_t now;
	struct rng rng;
	/* a fully associative twin of the twin, for kinds */
	struct twin_way *full;
	uint64_t *ever;
	unsigned nr_ever, nr_full;
};

struct twin {
	struct mt_target t;
	struct twin_cache level[MT_LEVELS];
	struct sim_counts n;
	bool kinds;
};

void twin_init(struct twin *w, const struct mt_target *t, uint64_t seed, bool kinds);
void twin_fini(struct twin *w);
/* One line-sized piece of memory, by its virtual and its physical address. */
void twin_line(struct twin *w, uint64_t addr, uint64_t physical, bool write);

#define TWIN_CORES 64
struct twin_mesi {
	struct mt_target t;
	struct twin_way *way[TWIN_CORES]; /* valid, dirty; age: 1 exclusive or modified, 0 shared */
	struct sim_counts n[TWIN_CORES];
	uint64_t now;
	uint64_t page_node[4096]; /* first toucher's node + 1, by page */
};

void twin_mesi_init(struct twin_mesi *m, const struct mt_target *t);
void twin_mesi_fini(struct twin_mesi *m);
void twin_mesi_access(struct twin_mesi *m, unsigned cpu, uint64_t addr, bool write);

/* Policies worth a test. */
struct twin_policy {
	const char *what;
	enum mt_policy policy;
	struct mt_qlru q;
};
extern const struct twin_policy twin_policies[];
extern const unsigned twin_nr_policies;

/* A machine of one CPU drawn from @r: up to three levels of any policy and inclusion; each second time LRU only, and 2^n
 * sets in L1. */
void twin_draw(struct mt_target *t, struct rng *r);

/* A level by hand. */
struct mt_cache twin_level(unsigned sets, unsigned ways, unsigned line, enum mt_policy policy);
/* One CPU, one node, pages of 4 KiB, no TLB. */
void twin_target(struct mt_target *t, unsigned nr_levels, const struct mt_cache *level);

#endif
