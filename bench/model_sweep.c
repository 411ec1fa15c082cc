/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one pass is worth: 128 geometries at once against one simulated alone, and 16 layouts at once
 * against 16 passes. On a stream as a slab allocator makes it: slots drawn at random are allocated,
 * used and freed; refills and flushes touch headers and free indexes.
 *
 *	bench_model_sweep [--refs N] [--rounds N] [--csv FILE]
 *
 * CPU time of the thread, the least of the rounds, all measures taking turns. Two kinds of ratio:
 * with the stream in memory, which compares the models alone; and with the workload run in each
 * pass (`_with_workload`), which is what many passes cost. Addresses for the passes by the simulated
 * machine are worked out before the clock runs, in its favour.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/model/sim.h"
#include "collectors/model/sweep.h"
#include "collectors/model/trace.h"
#include "collectors/model/variants.h"
#include "lib/rng.h"

#define SLOTS 32768u
#define OBJECT 64u
#define FIELDS 64u
#define QUEUE 120u
#define BATCHCOUNT 60u
#define VARIANTS 16u
#define RAW_TABLE UINT64_C(0x10000000)
#define RAW_QUEUE UINT64_C(0x20000000)
#define RAW_PAGES UINT64_C(0x30000000)

static void die(const char *what)
{
	fprintf(stderr, "bench_model_sweep: %s\n", what);
	exit(1);
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- the stream ---- */

struct stream {
	struct variants_ref *ref;
	size_t n, most;
	uint32_t queue[QUEUE], free[SLOTS * 2], slot[SLOTS];
	unsigned queued, nr_free;
	struct rng rng;
};

static void put(struct stream *s, unsigned part, uint64_t where, unsigned offset, unsigned size,
		unsigned write)
{
	if (s->n < s->most)
		s->ref[s->n++] = (struct variants_ref){ where, offset, (uint16_t)size,
							(uint8_t)part, (uint8_t)write };
}

static void raw(struct stream *s, uint64_t addr, unsigned write)
{
	put(s, VARIANTS_RAW, addr, 0, 8, write);
}

/* One object between its slab and the queue: header's counters, index, queue's entry. */
static void between(struct stream *s, uint32_t k, unsigned entry, unsigned back)
{
	if (back)
		raw(s, RAW_PAGES + k / 32 * 64u, 0);
	put(s, VARIANTS_HEADER, k, 24, 8, 0);
	put(s, VARIANTS_INDEX, k, 0, 4, back);
	put(s, VARIANTS_HEADER, k, 24, 8, 1);
	put(s, VARIANTS_HEADER, k, 32, 8, 1);
	raw(s, RAW_QUEUE + 64 + entry * 8u, !back);
}

static uint32_t take(struct stream *s)
{
	raw(s, RAW_QUEUE, 0);
	if (!s->queued)
		while (s->queued < BATCHCOUNT) {
			uint32_t k = s->free[--s->nr_free];

			between(s, k, s->queued, 0);
			s->queue[s->queued++] = k;
		}
	raw(s, RAW_QUEUE, 1);
	raw(s, RAW_QUEUE + 64 + (s->queued - 1) * 8u, 0);
	return s->queue[--s->queued];
}

static void give(struct stream *s, uint32_t k)
{
	raw(s, RAW_QUEUE, 0);
	if (s->queued == QUEUE) {
		for (unsigned i = 0; i < BATCHCOUNT; i++) {
			between(s, s->queue[i], i, 1);
			s->free[s->nr_free++] = s->queue[i];
		}
		s->queued -= BATCHCOUNT;
		memmove(s->queue, s->queue + BATCHCOUNT, s->queued * sizeof(*s->queue));
	}
	raw(s, RAW_QUEUE + 64 + s->queued * 8u, 1);
	raw(s, RAW_QUEUE, 1);
	s->queue[s->queued++] = k;
}

/* The workload from its beginning, into the same memory. */
static void run_workload(struct stream *s)
{
	s->n = s->queued = s->nr_free = 0;
	memset(s->slot, 0, sizeof(s->slot));
	rng_seed(&s->rng, 4);
	while (s->nr_free < SLOTS * 2) {
		s->free[s->nr_free] = SLOTS * 2 - 1 - s->nr_free;
		s->nr_free++;
	}
	while (s->n < s->most) {
		unsigned slot = (unsigned)rng_below(&s->rng, SLOTS);

		raw(s, RAW_TABLE + slot * 8u, 0);
		if (s->slot[slot]) {
			put(s, VARIANTS_OBJECT, s->slot[slot] - 1, 0, 8, 0);
			give(s, s->slot[slot] - 1);
			s->slot[slot] = 0;
		} else {
			s->slot[slot] = take(s) + 1;
			for (unsigned at = 0; at < FIELDS; at += 8)
				put(s, VARIANTS_OBJECT, s->slot[slot] - 1, at, 8, 1);
		}
		raw(s, RAW_TABLE + slot * 8u, 1);
	}
}

/* ---- what is measured ---- */

enum measure { ONE, SWEEP, ONE_VARIANT, ALL_VARIANTS, SIM_VARIANTS, WORKLOAD, MEASURES };

struct bench {
	struct stream stream;
	struct trace_ref *addr[VARIANTS];
	struct variants_layout layout[VARIANTS];
	double best[MEASURES];	   /* seconds */
	uint64_t misses[MEASURES]; /* of a geometry's L1; of all variants' L2 */
};

static const struct variants_options caches = { 64, 64, 8, 2048, 8 };

/* Colours 0 to 15 of a line, bought with objects where there is no room. */
static void make_layouts(struct bench *b)
{
	struct slab_geometry_in in;
	struct err e;

	slab_geometry_in_init(&in, OBJECT);
	for (unsigned i = 0; i < VARIANTS; i++) {
		struct variants_layout *l = &b->layout[i];

		opt_defaults(slab_config_opts, &l->c);
		l->c.mgmt = MGMT_ON;
		l->c.order = i / 8;
		l->c.colour = i % 8 * 2;
		l->c.colour_slack = SLACK_OBJECT;
		l->c.colour_header = i & 1;
		if (slab_geometry(&in, &l->c, &l->g, &e))
			die(e.text);
	}
}

/* Each variant's addresses, for passes one by one. */
static void make_addresses(struct bench *b)
{
	struct variants *v;

	if (variants_create(&v, &caches, b->layout, VARIANTS, NULL))
		die("variants");
	for (unsigned i = 0; i < VARIANTS; i++) {
		b->addr[i] = calloc(b->stream.n, sizeof(**b->addr));
		if (!b->addr[i])
			die("out of memory");
		for (size_t k = 0; k < b->stream.n; k++) {
			const struct variants_ref *r = &b->stream.ref[k];

			/* bits above 48 mean nothing to a machine: the areas move down */
			b->addr[i][k].addr = variants_address(v, i, r);
			if (r->part != VARIANTS_RAW)
				b->addr[i][k].addr =
					UINT64_C(1) << 40 |
					(b->addr[i][k].addr & ((UINT64_C(1) << 40) - 1));
			b->addr[i][k].size = r->size;
			b->addr[i][k].write = r->write;
		}
	}
	variants_destroy(v);
}

/* One pass of the simulated machine; L1 or last-level misses. */
static uint64_t pass_sim(const char *target, const struct trace_ref *ref, size_t n, unsigned level)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };
	struct mt_target *t = calloc(1, sizeof(*t));
	struct sim_counts c;
	struct sim *s;
	struct err e;

	if (!t || mt_read(t, target, NULL, &e) || sim_create(&s, t, &o, &e))
		die("the target is refused");
	for (size_t i = 0; i < n; i++)
		sim_access(s, 0, ref[i].addr, ref[i].size, ref[i].write);
	sim_flush(s);
	sim_counts(s, -1, &c);
	sim_destroy(s);
	free(t);
	return c.misses[level];
}

static uint64_t pass_sweep(const struct trace_ref *ref, size_t n)
{
	struct sweep *s;
	uint64_t misses;

	if (sweep_create(&s, 64, NULL))
		die("sweep");
	sweep_refs(s, ref, n);
	if (sweep_flush(s, NULL))
		die("sweep");
	misses = sweep_misses(s, 64, 8);
	sweep_destroy(s);
	return misses;
}

static uint64_t pass_variants(const struct bench *b, unsigned first, unsigned n)
{
	struct variants *v;
	uint64_t misses = 0;

	if (variants_create(&v, &caches, b->layout + first, n, NULL))
		die("variants");
	variants_refs(v, b->stream.ref, b->stream.n);
	if (variants_flush(v, NULL))
		die("variants");
	for (unsigned i = 0; i < n; i++) {
		struct variants_counts c;

		variants_counts(v, i, &c);
		for (unsigned p = 0; p < VARIANTS_PARTS; p++)
			misses += c.l2_misses[p];
	}
	variants_destroy(v);
	return misses;
}

static void measure(struct bench *b, enum measure m)
{
	double begin = cpu_seconds();
	uint64_t misses = 0;

	switch (m) {
	case ONE:
		misses = pass_sim("l1d=32K/8/64:lru", b->addr[0], b->stream.n, SIM_L1D);
		break;
	case SWEEP:
		misses = pass_sweep(b->addr[0], b->stream.n);
		break;
	case ONE_VARIANT:
		for (unsigned i = 0; i < VARIANTS; i++)
			misses += pass_variants(b, i, 1);
		break;
	case ALL_VARIANTS:
		misses = pass_variants(b, 0, VARIANTS);
		break;
	case WORKLOAD:
		run_workload(&b->stream);
		break;
	default:
		for (unsigned i = 0; i < VARIANTS; i++)
			misses += pass_sim("l1d=32K/8/64:lru,l2=1M/8/64:lru", b->addr[i],
					   b->stream.n, SIM_L2);
	}
	begin = cpu_seconds() - begin;
	b->misses[m] = misses;
	if (b->best[m] == 0 || begin < b->best[m])
		b->best[m] = begin;
}

/* ---- what is printed ---- */

static const struct {
	const char *name;
	double times; /* geometries or variants, times references */
	unsigned passes;
} measures[MEASURES] = {
	[ONE] = { "one_geometry", 1, 1 },
	[SWEEP] = { "sweep_128_geometries", 128, 1 },
	[ONE_VARIANT] = { "variants_16_passes", 16, 16 },
	[ALL_VARIANTS] = { "variants_one_pass", 16, 1 },
	[SIM_VARIANTS] = { "machine_16_passes", 16, 16 },
	[WORKLOAD] = { "workload", 1, 1 },
};

static const struct {
	enum measure measure, against; /* the same: no ratio */
	bool workload;		       /* which each pass has to run */
} rows[] = {
	{ ONE, ONE, false },
	{ SWEEP, ONE, false },
	{ WORKLOAD, WORKLOAD, false },
	{ ONE_VARIANT, ONE_VARIANT, false },
	{ SIM_VARIANTS, SIM_VARIANTS, false },
	{ ALL_VARIANTS, ONE_VARIANT, false },
	{ ALL_VARIANTS, SIM_VARIANTS, false },
	{ ALL_VARIANTS, ONE_VARIANT, true },
	{ ALL_VARIANTS, SIM_VARIANTS, true },
};

static double rate(const struct bench *b, enum measure m, bool workload)
{
	double seconds = b->best[m] + (workload ? measures[m].passes * b->best[WORKLOAD] : 0);

	return measures[m].times * (double)b->stream.n / seconds * 1e-6;
}

static void print(FILE *f, const struct bench *b)
{
	fputs("measure,value,unit,against,ratio\n", f);
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *with = rows[i].workload ? "_with_workload" : "";
		double value = rate(b, rows[i].measure, rows[i].workload);

		fprintf(f, "%s%s,%.1f,M geometry-references/s,", measures[rows[i].measure].name,
			with, value);
		if (rows[i].against == rows[i].measure)
			fputs(",\n", f);
		else
			fprintf(f, "%s%s,%.2f\n", measures[rows[i].against].name, with,
				value / rate(b, rows[i].against, rows[i].workload));
	}
}

static void check(const struct bench *b)
{
	if (b->misses[ONE] != b->misses[SWEEP])
		die("the sweep and the single geometry differ");
	if (b->misses[ONE_VARIANT] != b->misses[ALL_VARIANTS] ||
	    b->misses[SIM_VARIANTS] != b->misses[ALL_VARIANTS])
		die("the variants differ, one by one and at once");
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "refs", 1, NULL, 'n' },
						 { "rounds", 1, NULL, 'r' },
						 { "csv", 1, NULL, 'c' },
						 { NULL, 0, NULL, 0 } };
	struct bench *b = calloc(1, sizeof(*b));
	unsigned long refs = 700000, rounds = 15;
	const char *csv = NULL;
	FILE *f;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			refs = strtoul(optarg, NULL, 10);
		else if (c == 'r')
			rounds = strtoul(optarg, NULL, 10);
		else if (c == 'c')
			csv = optarg;
		else
			return 2;
	}
	if (!b || !refs || !rounds)
		die("usage: [--refs N] [--rounds N] [--csv FILE]");
	b->stream.most = refs;
	b->stream.ref = calloc(refs, sizeof(*b->stream.ref));
	if (!b->stream.ref)
		die("out of memory");
	run_workload(&b->stream);
	make_layouts(b);
	make_addresses(b);
	while (rounds--)
		for (unsigned m = 0; m < MEASURES; m++)
			measure(b, (enum measure)m);
	check(b);
	print(stdout, b);
	f = csv ? fopen(csv, "w") : NULL;
	if (csv && !f)
		die(strerror(errno));
	if (f) {
		print(f, b);
		if (fclose(f))
			die(strerror(errno));
	}
	for (unsigned i = 0; i < VARIANTS; i++)
		free(b->addr[i]);
	free(b->stream.ref);
	free(b);
	return 0;
}
