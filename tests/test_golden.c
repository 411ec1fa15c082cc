/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stored traces of real trials (tests/data/model): the machine counts what a scalar LRU of a few lines does, and what the
 * twins do with every policy, level for level and to the unit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/trace.h"
#include "tests/sim_twin.h"

static const struct {
	const char *path;
	unsigned cpus;
} traces[] = {
	{ "tests/data/model/hot-header.bin", 1 },
	{ "tests/data/model/churn.bin", 1 },
	{ "tests/data/model/churn-2cpu.bin", 2 },
	{ "tests/data/model/remote-4cpu.bin", 4 },
};
#define TRACES (sizeof(traces) / sizeof(*traces))

static struct trace_ref *load(unsigned i, long *n)
{
	const size_t most = 1 << 16;
	struct trace_ref *ref = calloc(most, sizeof(*ref));
	struct trace_reader *r;
	unsigned cpus = 0;
	struct err e;
	long got;

	assert_non_null(ref);
	if (trace_open(&r, traces[i].path, TRACE_AUTO, &e))
		fail_msg("%s", e.text);
	for (*n = 0; (got = trace_read(r, ref + *n, most - (size_t)*n, &e)) > 0; *n += got)
		assert_true(most - (size_t)*n >= 4096);
	assert_int_equal(got, 0);
	trace_close(r);
	for (long k = 0; k < *n; k++)
		cpus |= 1u << ref[k].cpu;
	assert_true(*n > 5000);
	assert_int_equal(cpus, (1u << traces[i].cpus) - 1);
	return ref;
}

/* The twins take small addresses only: pages by number, in the order in which they are met. */
static void renumber(struct trace_ref *ref, long n)
{
	uint64_t page[4096];
	unsigned pages = 0;

	for (long i = 0; i < n; i++) {
		unsigned at = 0;

		while (at < pages && page[at] != ref[i].addr / 4096)
			at++;
		if (at == pages) {
			assert_true(pages < 4096);
			page[pages++] = ref[i].addr / 4096;
		}
		ref[i].addr = at * UINT64_C(4096) + ref[i].addr % 4096;
		assert_true(ref[i].addr % 4096 + ref[i].size <= 4096);
	}
}

/* ---- LRU, as simple as can be ---- */

struct lru {
	unsigned sets, ways;
	uint64_t misses;
	struct {
		uint64_t line, when; /* when 0: empty */
	} way[4096];
};

static bool lru_has(struct lru *c, uint64_t line, uint64_t now)
{
	unsigned first = (unsigned)(line % c->sets) * c->ways, oldest = first;

	for (unsigned w = first; w < first + c->ways; w++) {
		if (c->way[w].when && c->way[w].line == line) {
			c->way[w].when = now;
			return true;
		}
		if (c->way[w].when < c->way[oldest].when)
			oldest = w;
	}
	c->way[oldest].line = line;
	c->way[oldest].when = now;
	c->misses++;
	return false;
}

static void lru_run(struct lru *level, unsigned levels, const struct trace_ref *ref, long n)
{
	uint64_t now = 0;

	for (long i = 0; i < n; i++)
		for (uint64_t l = ref[i].addr / 64; l <= (ref[i].addr + ref[i].size - 1) / 64; l++)
			for (unsigned k = 0; k < levels && !lru_has(&level[k], l, ++now); k++)
				continue;
}

static const struct {
	unsigned levels, sets[3], ways[3];
} shapes[] = {
	{ 1, { 64 }, { 8 } },
	{ 2, { 16, 64 }, { 4, 8 } },
	{ 2, { 64, 128 }, { 12, 20 } },
	{ 3, { 8, 32, 64 }, { 4, 6, 8 } },
	{ 3, { 8, 32, 96 }, { 2, 5, 16 } }, /* sets that are no power of two */
	{ 3, { 1, 2, 4 }, { 16, 16, 16 } },
};

static void simulate(const struct mt_target *t, const struct sim_options *o,
		     const struct trace_ref *ref, long n, bool all_one, struct sim_counts *c)
{
	struct sim *s;
	struct err e;

	if (sim_create(&s, t, o, &e))
		fail_msg("%s", e.text);
	for (long i = 0; i < n; i++)
		sim_access(s, all_one ? 0 : ref[i].cpu, ref[i].addr, ref[i].size, ref[i].write);
	sim_flush(s);
	sim_counts(s, -1, c);
	if (sim_check(s, &e))
		fail_msg("%s", e.text);
	sim_destroy(s);
}

/* All CPUs of a trace as one. */
static void test_lru(void **state)
{
	const struct sim_options o = { .frames = SIM_IDENTITY, .seed = 1 };

	(void)state;
	for (unsigned i = 0; i < TRACES; i++) {
		long n;
		struct trace_ref *ref = load(i, &n);

		for (unsigned k = 0; k < sizeof(shapes) / sizeof(*shapes); k++) {
			struct lru *lru = calloc(3, sizeof(*lru));
			struct mt_cache level[3];
			struct mt_target t;
			struct sim_counts c;

			assert_non_null(lru);
			for (unsigned j = 0; j < shapes[k].levels; j++) {
				level[j] = twin_level(shapes[k].sets[j], shapes[k].ways[j], 64,
						      MT_LRU);
				lru[j].sets = shapes[k].sets[j];
				lru[j].ways = shapes[k].ways[j];
			}
			twin_target(&t, shapes[k].levels, level);
			lru_run(lru, shapes[k].levels, ref, n);
			simulate(&t, &o, ref, n, true, &c);
			for (unsigned j = 0; j < shapes[k].levels; j++)
				if (c.misses[SIM_L1D + j] != lru[j].misses || !lru[j].misses)
					fail_msg("%s, shape %u, level %u: %" PRIu64
						 " misses, not %" PRIu64,
						 traces[i].path, k, j, c.misses[SIM_L1D + j],
						 lru[j].misses);
			free(lru);
		}
		free(ref);
	}
}

/* ---- every policy, every inclusion, three levels ---- */

static const struct {
	enum mt_policy policy;
	struct mt_qlru qlru;
} policies[] = {
	{ .policy = MT_LRU },
	{ .policy = MT_PLRU },
	{ .policy = MT_RANDOM },
	{ .policy = MT_QLRU, .qlru = { 0, 0, 1, 0, 1 } },
	{ .policy = MT_QLRU, .qlru = { 1, 1, 1, 1, 2 } },
	{ .policy = MT_QLRU, .qlru = { 2, 1, 2, 0, 0 } },
};
static const enum mt_inclusion inclusions[] = { MT_NINE, MT_INCLUSIVE, MT_EXCLUSIVE, MT_VICTIM };

static void test_policies(void **state)
{
	const struct sim_options o = { .frames = SIM_IDENTITY, .seed = 3, .kinds = true };

	(void)state;
	for (unsigned i = 0; i < TRACES; i++) {
		long n;
		struct trace_ref *ref = load(i, &n);

		renumber(ref, n);
		for (unsigned k = 0; k < 6 * 4; k++) {
			struct mt_cache level[3] = { twin_level(8, 4, 64, MT_LRU),
						     twin_level(32, 6, 64, MT_LRU),
						     twin_level(64, 8, 64, MT_LRU) };
			struct mt_target t;
			struct sim_counts c;
			struct twin w;

			for (unsigned j = 0; j < 3; j++) {
				level[j].policy = policies[k % 6].policy;
				level[j].qlru = policies[k % 6].qlru;
			}
			level[2].inclusion = inclusions[k / 6];
			twin_target(&t, 3, level);
			twin_init(&w, &t, o.seed, true);
			for (long a = 0; a < n; a++)
				for (uint64_t l = ref[a].addr / 64;
				     l <= (ref[a].addr + ref[a].size - 1) / 64; l++)
					twin_line(&w, l * 64, l * 64, ref[a].write);
			simulate(&t, &o, ref, n, true, &c);
			if (memcmp(c.misses, w.n.misses, sizeof(c.misses)) ||
			    memcmp(c.writebacks, w.n.writebacks, sizeof(c.writebacks)) ||
			    memcmp(c.kind, w.n.kind, sizeof(c.kind)))
				fail_msg("%s, policy %u, inclusion %u: %" PRIu64 " %" PRIu64
					 " %" PRIu64 " misses, not %" PRIu64 " %" PRIu64
					 " %" PRIu64,
					 traces[i].path, k % 6, k / 6, c.misses[0], c.misses[1],
					 c.misses[2], w.n.misses[0], w.n.misses[1], w.n.misses[2]);
			twin_fini(&w);
		}
		free(ref);
	}
}

/* ---- CPUs that share: one private level each, on two nodes ---- */

static void test_mesi(void **state)
{
	const struct sim_options o = { .frames = SIM_IDENTITY, .seed = 1 };
	uint64_t invalidations = 0;

	(void)state;
	for (unsigned i = 2; i < TRACES; i++) {
		struct mt_cache level = twin_level(64, 8, 64, MT_LRU);
		static struct twin_mesi m;
		struct sim_counts c, want = { 0 };
		struct mt_target t;
		long n;
		struct trace_ref *ref = load(i, &n);

		renumber(ref, n);
		twin_target(&t, 1, &level);
		t.cpus = traces[i].cpus;
		twin_mesi_init(&m, &t);
		for (long a = 0; a < n; a++)
			for (uint64_t l = ref[a].addr / 64;
			     l <= (ref[a].addr + ref[a].size - 1) / 64; l++)
				twin_mesi_access(&m, ref[a].cpu, l * 64, ref[a].write);
		for (unsigned cpu = 0; cpu < t.cpus; cpu++) {
			want.misses[SIM_L1D] += m.n[cpu].misses[SIM_L1D];
			want.writebacks[SIM_L1D] += m.n[cpu].writebacks[SIM_L1D];
			want.invalidations += m.n[cpu].invalidations;
			want.interventions += m.n[cpu].interventions;
			want.upgrades += m.n[cpu].upgrades;
		}
		simulate(&t, &o, ref, n, false, &c);
		assert_int_equal(c.misses[SIM_L1D], want.misses[SIM_L1D]);
		assert_int_equal(c.writebacks[SIM_L1D], want.writebacks[SIM_L1D]);
		assert_int_equal(c.invalidations, want.invalidations);
		assert_int_equal(c.interventions, want.interventions);
		assert_int_equal(c.upgrades, want.upgrades);
		invalidations += c.invalidations;
		twin_mesi_fini(&m);
		free(ref);
	}
	assert_true(invalidations > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lru),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_mesi),
	};

	return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
