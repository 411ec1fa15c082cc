/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The modelled machine by itself, fed from memory: references per second of CPU time, as
 *
 *	measure,value,unit,against,ratio
 *
 * All measures run once in every round, in turn, so that a disturbance meets them alike; a value is the median over
 * rounds, a ratio the median of the rounds' ratios. Traces: a toy slab allocator (alloc, free, visit of 32768 slots of
 * 64 bytes), random words of 64 MiB, and 16 KiB that always hit.
 *
 *	model_core [--rounds N] [--refs N] [--only MEASURE]    (--only: what it is a ratio to is not run)
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/model/sim.h"
#include "lib/rng.h"
#include "lib/stat.h"

#define MAX_ROUNDS 101u
#define CHUNK 64 /* references of one CPU before the next has its turn */

struct ref {
	uint64_t addr;
	bool write;
};

enum trace { SLAB, RANDOM, HOT, TRACES };

struct bench {
	struct ref *ref[TRACES];
	size_t refs;
	unsigned rounds;
	const char *only;
};

/* ---- traces ---- */

#define BASE UINT64_C(0x200000000000)
#define SLOTS 32768u
#define OBJECT 64u
#define PER_SLAB 62u /* behind a header of 128 bytes in a page of 4 KiB */

static void slab_trace(struct ref *ref, size_t n)
{
	uint64_t slots = BASE + (UINT64_C(1) << 30), cache = BASE + (UINT64_C(1) << 31);
	uint32_t *stack = malloc(SLOTS * sizeof(*stack)), *held = calloc(SLOTS, sizeof(*held));
	unsigned top = SLOTS;
	struct rng r;

	if (!stack || !held)
		exit(1);
	rng_seed(&r, 42);
	for (uint32_t i = 0; i < SLOTS; i++)
		stack[i] = i + 1;
	for (size_t i = 0; i < n;) {
		unsigned slot = (unsigned)rng_below(&r, SLOTS);
		bool free_it = held[slot] || !top;
		uint32_t o = free_it ? held[slot] : stack[top - 1];
		uint64_t slab = BASE + (o - 1) / PER_SLAB * UINT64_C(4096);
		uint64_t object = slab + 128 + (o - 1) % PER_SLAB * OBJECT;
		/* the slot, the CPU's array, the object; each 16th time the slab's header and free list */
		const struct ref op[] = {
			{ slots + slot * UINT64_C(8), false },
			{ cache, false },
			{ cache, true },
			{ cache + 64 + top % 16 * 8, free_it },
			{ object, true },
			{ object + 8, true },
			{ object + 24, false },
			{ object + 48, false },
			{ slots + slot * UINT64_C(8), true },
			{ slab, false },
			{ slab, true },
			{ slab + 64 + (o - 1) % PER_SLAB, true },
		};
		unsigned parts = top % 16 ? 9 : 12;

		for (unsigned j = 0; j < parts && i < n; j++)
			ref[i++] = op[j];
		if (free_it)
			stack[top++] = o;
		else
			top--;
		held[slot] = free_it ? 0 : o;
	}
	free(stack);
	free(held);
}

static int make_traces(struct bench *b)
{
	struct rng r;

	for (unsigned t = 0; t < TRACES; t++) {
		b->ref[t] = calloc(b->refs, sizeof(struct ref));
		if (!b->ref[t])
			return -ENOMEM;
	}
	slab_trace(b->ref[SLAB], b->refs);
	rng_seed(&r, 7);
	for (size_t i = 0; i < b->refs; i++) {
		b->ref[RANDOM][i] =
			(struct ref){ BASE + (rng_below(&r, 1 << 26) & ~UINT64_C(7)), false };
		b->ref[HOT][i] =
			(struct ref){ BASE + (rng_below(&r, 1 << 14) & ~UINT64_C(7)), false };
	}
	return 0;
}

/* ---- machines ---- */

static struct mt_cache level(uint64_t size, unsigned ways)
{
	return (struct mt_cache){ .size = size,
				  .line = 64,
				  .ways = ways,
				  .sets = (unsigned)(size / 64 / ways),
				  .slices = 1,
				  .policy = MT_LRU,
				  .shared_by = 1,
				  .latency = NAN,
				  .outstanding = NAN,
				  .per_cycle = NAN };
}

enum machine { TWO, FULL, FOUR, MACHINES };

static void make_target(struct mt_target *t, enum machine m)
{
	memset(t, 0, sizeof(*t));
	strcpy(t->name, "bench");
	t->cache[0] = level(32 << 10, 8);
	t->cache[1] = level(1 << 20, 8);
	t->nr_levels = 2;
	t->page[0] = (struct mt_page){ .size = 4096, .stlb_with = -1 };
	t->nr_pages = t->cpus = t->nodes = 1;
	t->distance[0][0] = 10;
	if (m == TWO)
		return;
	t->cache[2] = level(32 << 20, 16);
	t->nr_levels = 3;
	t->page[0].dtlb = (struct mt_tlb){ 64, 4 };
	t->page[0].stlb = (struct mt_tlb){ 1536, 12 };
	if (m == FULL)
		return;
	t->cpus = 4;
	t->cache[2].shared_by = 4;
}

/* ---- measures ---- */

enum how { ALONE, WITH_KINDS, STORM, APART };

static const struct measure {
	const char *name;
	enum machine machine;
	enum how how;
	enum trace trace;
	int against;
} measures[] = {
	{ "l1_l2_slab", TWO, ALONE, SLAB, -1 },
	{ "full_slab", FULL, ALONE, SLAB, 0 },
	{ "l1_l2_random", TWO, ALONE, RANDOM, 0 },
	{ "full_random", FULL, ALONE, RANDOM, 1 },
	{ "l1_l2_hot", TWO, ALONE, HOT, 0 },
	{ "full_hot", FULL, ALONE, HOT, 1 },
	{ "full_slab_kinds_sets", FULL, WITH_KINDS, SLAB, 1 },
	{ "mesi4_slab_sharing", FOUR, STORM, SLAB, 1 },
	{ "mesi4_slab_apart", FOUR, APART, SLAB, 1 },
};
#define MEASURES (sizeof(measures) / sizeof(*measures))

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Sharing: all four work on the same slabs in turns. Apart: each on addresses of its own. */
static void feed(struct sim *s, const struct ref *ref, size_t n, enum how how)
{
	if (how == ALONE || how == WITH_KINDS) {
		for (size_t i = 0; i < n; i++)
			sim_access(s, 0, ref[i].addr, 8, ref[i].write);
	} else {
		for (size_t i = 0; i < n; i++) {
			unsigned cpu = i / CHUNK % 4;
			uint64_t own = how == APART ? (uint64_t)cpu << 40 : 0;

			sim_access(s, cpu, ref[i].addr + own, 8, ref[i].write);
		}
	}
	sim_flush(s);
}

static int run(const struct bench *b, const struct measure *m, double *rate)
{
	struct sim_options o = { .frames = SIM_IDENTITY,
				 .kinds = m->how == WITH_KINDS,
				 .sets = m->how == WITH_KINDS };
	struct mt_target t;
	struct sim *s;
	struct err e;
	double start;

	*rate = NAN;
	if (b->only && strcmp(b->only, m->name) != 0)
		return 0;
	make_target(&t, m->machine);
	if (sim_create(&s, &t, &o, &e)) {
		fprintf(stderr, "model_core: %s\n", e.text);
		return -EINVAL;
	}
	feed(s, b->ref[m->trace], b->refs / 8, m->how); /* pages are there, tables are warm */
	start = cpu_seconds();
	feed(s, b->ref[m->trace], b->refs, m->how);
	*rate = (double)b->refs / (cpu_seconds() - start);
	sim_destroy(s);
	return 0;
}

static int ascending(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median_of(const double *v, unsigned n)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, v, n * sizeof(*v));
	qsort(sorted, n, sizeof(*sorted), ascending);
	return stat_median(sorted, n);
}

static void print(double rate[MEASURES][MAX_ROUNDS], unsigned rounds)
{
	puts("measure,value,unit,against,ratio");
	for (size_t m = 0; m < MEASURES; m++) {
		int against = measures[m].against;
		double ratio[MAX_ROUNDS];

		if (isnan(rate[m][0]))
			continue;
		printf("%s,%.4g,refs/s,", measures[m].name, median_of(rate[m], rounds));
		if (against < 0 || isnan(rate[against][0])) {
			puts(",");
			continue;
		}
		for (unsigned i = 0; i < rounds; i++)
			ratio[i] = rate[m][i] / rate[against][i];
		printf("%s,%.3f\n", measures[against].name, median_of(ratio, rounds));
	}
}

int main(int argc, char **argv)
{
	static double rate[MEASURES][MAX_ROUNDS];
	struct bench b = { .refs = 4000000, .rounds = 5 };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--rounds"))
			b.rounds = (unsigned)strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--refs"))
			b.refs = strtoul(argv[i + 1], NULL, 10);
		else if (!strcmp(argv[i], "--only"))
			b.only = argv[i + 1];
	}
	if (!b.rounds || b.rounds > MAX_ROUNDS || b.refs < 64 || make_traces(&b)) {
		fprintf(stderr, "model_core: --rounds 1 to %u, --refs 64 or more\n", MAX_ROUNDS);
		return 2;
	}
	for (unsigned round = 0; round < b.rounds; round++)
		for (size_t m = 0; m < MEASURES; m++)
			if (run(&b, &measures[(m + round) % MEASURES],
				&rate[(m + round) % MEASURES][round]))
				return 1;
	print(rate, b.rounds);
	for (unsigned t = 0; t < TRACES; t++)
		free(b.ref[t]);
	return 0;
}
