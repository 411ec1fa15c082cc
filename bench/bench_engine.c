/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fast path against the C library's malloc, in one process, in turns.
 *
 *	pair    alloc, free, again
 *	batch   128 allocs, then the 128 frees in a random order, again
 *
 * both over LIVE objects that stay allocated (a peer's figures depend on that), at 64 and 1024
 * bytes, objects not touched. Each allocator has its own copy of the loop, calls as direct as its
 * API allows; `slab-call` is our engine through the seam's table, `null` the table with nothing
 * behind it, `loop` what the loop itself costs. Nothing is taken off: all of them include it.
 *
 * A figure is the thread's CPU time per alloc+free pair over one round of a cell; all cells run
 * once in every round, in an order that turns, so that a disturbance meets them alike. Ratios are
 * taken within a round.
 *
 *	bench_engine [--rounds N] [--pairs N] [--csv FILE]
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/allocator.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/host.h"
#include "lib/rng.h"
#include "lib/stat.h"

#define LIVE 100u
#define BATCH 128u
#define ORDERS 64 /* different random orders, used in turn: no predictor learns one */
#define MAX_ROUNDS 1001u

enum load { LOAD_PAIR, LOAD_BATCH, LOADS };
enum who { WHO_LOOP, WHO_NULL, WHO_SLAB, WHO_SLAB_CALL, WHO_MALLOC, WHOS };
static const char *const load_name[] = { "pair", "batch128-random" };
static const char *const who_name[] = { "loop", "null", "slab", "slab-call", "malloc" };
static const unsigned sizes[] = { 64, 1024 };
#define SIZES (sizeof(sizes) / sizeof(*sizes))

struct plan {
	unsigned rounds;
	uint64_t pairs; /* per cell and round */
	const char *csv;
	uint8_t order[ORDERS][BATCH];
};

struct cell {
	enum load load;
	unsigned size;
	enum who who;
	struct seam_cache cache;
	double *cpu, *wall; /* ns per pair, by round */
};

/* ---- the loops ---- */

/* The compiler must believe that somebody looks at @p. */
static inline void escape(void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* What a loop calls with, in registers: `memory` in the engine's assembly makes the compiler load
 * anything else anew at each call. */
struct hands {
	struct seam_cache *c;
	struct kmem_cache *slab;
	size_t size;
};

static inline __attribute__((always_inline)) void *take(struct hands h, const enum who who)
{
	if (who == WHO_LOOP)
		return h.c;
	if (who == WHO_SLAB)
		return kmem_cache_alloc(h.slab, 0);
	if (who == WHO_MALLOC)
		return malloc(h.size);
	return seam_alloc(h.c, false);
}

static inline __attribute__((always_inline)) void give(struct hands h, void *p, const enum who who)
{
	if (who == WHO_LOOP)
		escape(p);
	else if (who == WHO_SLAB)
		kmem_cache_free(h.slab, p);
	else if (who == WHO_MALLOC)
		free(p);
	else
		seam_free(h.c, p, false);
}

static inline __attribute__((always_inline)) void loop_pair(struct seam_cache *c, uint64_t n,
							    const enum who who)
{
	struct hands h = { c, c->slab, c->size };

	while (n--) {
		void *p = take(h, who);

		escape(p);
		give(h, p, who);
	}
}

static inline __attribute__((always_inline)) void
loop_batch(struct seam_cache *c, uint64_t n, const struct plan *pl, const enum who who)
{
	struct hands h = { c, c->slab, c->size };
	void *p[BATCH];

	for (uint64_t b = 0; b < n / BATCH; b++) {
		const uint8_t *order = pl->order[b % ORDERS];

		for (unsigned i = 0; i < BATCH; i++)
			p[i] = take(h, who);
		escape(p);
		for (unsigned i = 0; i < BATCH; i++)
			give(h, p[order[i]], who);
	}
}

#define LOOPS(name, who)                                                                     \
	static __attribute__((noinline)) void pair_##name(struct seam_cache *c, uint64_t n,  \
							  const struct plan *pl)             \
	{                                                                                    \
		(void)pl;                                                                    \
		loop_pair(c, n, who);                                                        \
	}                                                                                    \
	static __attribute__((noinline)) void batch_##name(struct seam_cache *c, uint64_t n, \
							   const struct plan *pl)            \
	{                                                                                    \
		loop_batch(c, n, pl, who);                                                   \
	}
LOOPS(loop, WHO_LOOP)
LOOPS(null, WHO_NULL)
LOOPS(slab, WHO_SLAB)
LOOPS(slab_call, WHO_SLAB_CALL)
LOOPS(malloc, WHO_MALLOC)

static void (*const loops[LOADS][WHOS])(struct seam_cache *, uint64_t, const struct plan *) = {
	{ pair_loop, pair_null, pair_slab, pair_slab_call, pair_malloc },
	{ batch_loop, batch_null, batch_slab, batch_slab_call, batch_malloc },
};

/* ---- one cell ---- */

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void run(struct cell *x, const struct plan *pl, unsigned round)
{
	uint64_t pairs = pl->pairs / BATCH * BATCH, cpu, wall;
	void *live[LIVE];

	for (unsigned i = 0; i < LIVE; i++)
		live[i] = x->cache.ops->alloc(&x->cache);
	loops[x->load][x->who](&x->cache, pairs / 16 / BATCH * BATCH + BATCH, pl); /* warm */
	wall = clock_ns();
	cpu = cpu_ns();
	loops[x->load][x->who](&x->cache, pairs, pl);
	cpu = cpu_ns() - cpu;
	wall = clock_ns() - wall;
	x->cpu[round] = (double)cpu / (double)pairs;
	x->wall[round] = (double)wall / (double)pairs;
	for (unsigned i = 0; i < LIVE; i++)
		x->cache.ops->free(&x->cache, live[i]);
}

static int cell_init(struct cell *x, const struct plan *pl, struct kmem_system *sys,
		     const struct slab_config *cfg, struct err *e)
{
	char name[64];
	struct allocator_request r = { .name = name, .size = x->size, .config = cfg };

	snprintf(name, sizeof(name), "%s-%s-%u", who_name[x->who], load_name[x->load], x->size);
	x->cache.ops = allocator_find(x->who <= WHO_NULL   ? "null" :
				      x->who == WHO_MALLOC ? "malloc" :
							     "slab");
	if (!x->cache.ops)
		return err_set(e, -ENOENT, "no allocator for %s", who_name[x->who]);
	r.system = x->cache.ops->is_slab ? sys : NULL;
	x->cpu = calloc(pl->rounds, sizeof(*x->cpu));
	x->wall = calloc(pl->rounds, sizeof(*x->wall));
	if (!x->cpu || !x->wall)
		return err_set(e, -ENOMEM, "no memory for %u rounds", pl->rounds);
	return x->cache.ops->create(&x->cache, &r, e);
}

/* ---- what came out ---- */

struct spread {
	double min, median, max;
};

static struct spread spread_of(const double *v, unsigned n)
{
	double s[MAX_ROUNDS];

	memcpy(s, v, n * sizeof(*v));
	stat_sort(s, n);
	return (struct spread){ s[0], stat_median(s, n), s[n - 1] };
}

/* @base's time over @x's, round by round. */
static struct spread ratio_of(const struct cell *base, const struct cell *x, unsigned n)
{
	double v[MAX_ROUNDS] = { 0 };

	for (unsigned i = 0; i < n; i++)
		v[i] = x->cpu[i] > 0 ? base->cpu[i] / x->cpu[i] : 0;
	return spread_of(v, n);
}

/* What the project promises of `slab`: pair at most a quarter, batch at most a fifth of malloc's
 * time. */
static double goal(enum load load)
{
	return load == LOAD_PAIR ? 4 : 5;
}

static void print_group(const struct cell *group, const struct plan *pl)
{
	const struct cell *base = &group[WHO_MALLOC];

	for (unsigned w = 0; w < WHOS; w++) {
		const struct cell *x = &group[w];
		struct spread c = spread_of(x->cpu, pl->rounds), t = spread_of(x->wall, pl->rounds);
		struct spread r = ratio_of(base, x, pl->rounds);

		printf("%-16s %5u  %-10s %8.2f %8.2f %8.2f   %8.2f", load_name[x->load], x->size,
		       who_name[w], c.min, c.median, c.max, t.median);
		if (w != WHO_MALLOC)
			printf("   %6.2f  (%.2f..%.2f)", r.median, r.min, r.max);
		if (w == WHO_SLAB)
			printf("  goal %.0f: %s", goal(x->load),
			       r.median >= goal(x->load) ? "reached" : "missed");
		putchar('\n');
	}
}

static int write_csv(const struct cell *cells, unsigned n, const struct plan *pl, struct err *e)
{
	struct file_out f;
	int r = file_begin(&f, pl->csv, e);

	if (r)
		return r;
	fprintf(f.stream, "load,object_size,allocator,version,ns_min,ns_median,rounds\n");
	for (unsigned i = 0; i < n; i++) {
		struct spread c = spread_of(cells[i].cpu, pl->rounds);

		fprintf(f.stream, "%s,%u,%s,%s,%.3f,%.3f,%u\n", load_name[cells[i].load],
			cells[i].size, who_name[cells[i].who], cells[i].cache.ops->version(), c.min,
			c.median, pl->rounds);
	}
	return file_commit(&f, e);
}

/* ---- all of it ---- */

/* One CPU for the whole run: cells must not differ by where they ran. Harmless if it fails. */
static void stay_here(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void print_head(const struct kmem_machine *m, const struct plan *pl)
{
	printf("slabscope %s (%s, %s), profile fast, CPU from %s; malloc %s\n",
	       host_build_version(), host_build_variant(), host_build_compiler(),
	       m->cpu_source == KMEM_CPU_RSEQ ? "rseq" : "the thread's slot",
	       allocator_find("malloc")->version());
	printf("%u rounds of %llu pairs, %u live objects\n", pl->rounds,
	       (unsigned long long)pl->pairs, LIVE);
	if (host_build_is_slow())
		printf("note: this build is sanitized or not optimised: its times mean nothing\n");
	printf("%-16s %5s  %-10s %8s %8s %8s   %8s   malloc / it\n", "load", "bytes", "allocator",
	       "min", "median", "max", "wall");
	printf("%-16s %5s  %-10s %26s   %8s   median  (min..max)\n", "", "", "",
	       "CPU ns per alloc+free", "median");
}

static int measure(struct plan *pl, struct cell *cells, unsigned n, struct err *e)
{
	struct kmem_system_config sc = { .populate = 1 };
	struct kmem_machine m;
	struct kmem_system *sys;
	struct slab_config cfg;
	int r = kmem_machine_native(&m, e);

	sc.machine = &m;
	if (!r)
		r = slab_config_profile(&cfg, "fast", e);
	if (!r)
		r = kmem_system_create(&sys, &sc, e);
	if (r)
		return r;
	for (unsigned i = 0; i < n && !r; i++)
		r = cell_init(&cells[i], pl, sys, &cfg, e);
	if (r)
		return r;
	print_head(&m, pl);
	for (unsigned round = 0; round < pl->rounds; round++)
		for (unsigned i = 0; i < n; i++)
			run(&cells[(i + round) % n], pl, round);
	for (unsigned i = 0; i < n; i += WHOS)
		print_group(&cells[i], pl);
	if (pl->csv)
		r = write_csv(cells, n, pl, e);
	for (unsigned i = 0; i < n; i++) {
		cells[i].cache.ops->destroy(&cells[i].cache);
		free(cells[i].cpu);
		free(cells[i].wall);
	}
	return kmem_system_destroy(sys, r ? NULL : e) ? -EBUSY : r;
}

static int parse(struct plan *pl, int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "pairs", required_argument, NULL, 'p' },
		{ "csv", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'r')
			pl->rounds = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'p')
			pl->pairs = strtoull(optarg, NULL, 10);
		else if (o == 'c')
			pl->csv = optarg;
		else
			return -EINVAL;
	}
	if (optind < argc || !pl->rounds || pl->rounds > MAX_ROUNDS || pl->pairs < BATCH) {
		fprintf(stderr,
			"bench_engine: expected --rounds 1..%u, --pairs %u or more, --csv FILE\n",
			MAX_ROUNDS, BATCH);
		return -EINVAL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct plan pl = { .rounds = 15, .pairs = 1000000 };
	struct cell cells[LOADS * SIZES * WHOS];
	struct err e = { "" };
	struct rng rng;
	unsigned n = 0;

	if (parse(&pl, argc, argv))
		return 2;
	memset(cells, 0, sizeof(cells));
	for (unsigned load = 0; load < LOADS; load++)
		for (unsigned s = 0; s < SIZES; s++)
			for (unsigned w = 0; w < WHOS; w++, n++) {
				cells[n].load = (enum load)load;
				cells[n].size = sizes[s];
				cells[n].who = (enum who)w;
			}
	rng_seed(&rng, 1);
	for (unsigned k = 0; k < ORDERS; k++) {
		for (unsigned i = 0; i < BATCH; i++)
			pl.order[k][i] = (uint8_t)i;
		rng_shuffle(&rng, pl.order[k], BATCH, 1);
	}
	stay_here();
	if (measure(&pl, cells, n, &e)) {
		fprintf(stderr, "bench_engine: %s\n", e.text);
		return 1;
	}
	return 0;
}
