/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/sim.h"
#include "collectors/model/sim_impl.h"
#include "lib/rng.h"
#include "tests/sim_help.h"
#include "tests/sim_twin.h"

#define BASE UINT64_C(4096)

static void check(const struct sim *s, uint64_t seed)
{
	struct err e;

	if (sim_check(s, &e))
		fail_msg("seed %llu: %s", (unsigned long long)seed, e.text);
}

/* @nodes blocks of CPUs. */
static void machine(struct mt_target *t, unsigned cpus, unsigned nodes, unsigned nr_levels,
		    const struct mt_cache *level)
{
	twin_target(t, nr_levels, level);
	t->cpus = cpus;
	t->nodes = nodes;
	for (unsigned i = 0; i < cpus; i++)
		t->node_of[i] = i * nodes / cpus;
	for (unsigned i = 0; i < nodes; i++)
		for (unsigned j = 0; j < nodes; j++)
			t->distance[i][j] = i == j ? 10 : 20;
}

/* ---- private caches alone: every count of every CPU equals the twin's ---- */

static const struct {
	unsigned cpus, nodes, sets, ways, lines, accesses;
} flat[] = {
	{ 2, 1, 4, 2, 12, 20000 },   { 2, 2, 8, 4, 24, 20000 }, { 3, 3, 5, 3, 40, 20000 },
	{ 4, 2, 16, 8, 400, 20000 }, { 8, 4, 7, 2, 64, 20000 }, { 8, 2, 64, 8, 2000, 20000 },
	{ 64, 8, 4, 2, 40, 20000 },
};

static void test_flat(void **state)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };

	(void)state;
	for (size_t row = 0; row < sizeof(flat) / sizeof(*flat); row++) {
		struct mt_cache c = twin_level(flat[row].sets, flat[row].ways, 64, MT_LRU);
		static struct twin_mesi m;
		struct mt_target t;
		struct sim *s;
		struct rng r;

		machine(&t, flat[row].cpus, flat[row].nodes, 1, &c);
		s = sim_of(&t, &o);
		twin_mesi_init(&m, &t);
		rng_seed(&r, row);
		for (unsigned i = 0; i < flat[row].accesses; i++) {
			unsigned cpu = (unsigned)rng_below(&r, t.cpus);
			uint64_t addr = BASE + rng_below(&r, flat[row].lines) * 64;
			unsigned again = 1 + (unsigned)rng_below(&r, 3);

			while (again--) {
				bool write = !rng_below(&r, 3);

				sim_access(s, cpu, addr + rng_below(&r, 56), 8, write);
				twin_mesi_access(&m, cpu, addr, write);
			}
			if (i % 1000 == 0)
				check(s, row);
		}
		check(s, row);
		for (unsigned cpu = 0; cpu < t.cpus; cpu++) {
			struct sim_counts n;

			sim_counts(s, (int)cpu, &n);
			m.n[cpu].accesses[SIM_DTLB] = n.accesses[SIM_DTLB];
			assert_memory_equal(&n, &m.n[cpu], sizeof(n));
		}
		sim_destroy(s);
		twin_mesi_fini(&m);
	}
}

/* ---- any machine: the brute-force checker ---- */

static void draw_level(struct mt_cache *c, const struct mt_cache *above, unsigned cpus,
		       struct rng *r)
{
	enum mt_policy policy = (enum mt_policy)rng_below(r, 4);
	unsigned line = above ? above->line : 64, share = above ? above->shared_by : 1;

	if (above && !rng_below(r, 5))
		line *= 2;
	*c = twin_level(1 + (unsigned)rng_below(r, above ? 24 : 6), 1 + (unsigned)rng_below(r, 9),
			line, policy);
	c->qlru = (struct mt_qlru){ 1, 0, 1, 0, 1 };
	while (share < cpus && rng_below(r, 2))
		share *= 2;
	c->shared_by = share;
	c->write_through = !rng_below(r, 8);
	c->no_write_allocate = !rng_below(r, 8);
	if (!above)
		return;
	c->slices = 1 + (unsigned)rng_below(r, 3);
	c->hash = rng_below(r, 2);
	c->inclusion = (enum mt_inclusion)rng_below(r, 4);
	if (c->inclusion == MT_INCLUSIVE)
		c->no_write_allocate = false;
	if (c->inclusion < MT_EXCLUSIVE)
		return;
	c->write_through = false;
	if (above->write_through || above->no_write_allocate || above->line != line)
		c->inclusion = MT_NINE;
}

static void draw_machine(struct mt_target *t, struct rng *r)
{
	unsigned cpus = 2u << rng_below(r, 3), n = 1 + (unsigned)rng_below(r, 3);
	struct mt_cache level[3];

	if (!rng_below(r, 20))
		cpus = 64;
	for (unsigned j = 0; j < n; j++)
		draw_level(&level[j], j ? &level[j - 1] : NULL, cpus, r);
	machine(t, cpus, 1 + (unsigned)rng_below(r, cpus < 8 ? cpus : 8), n, level);
}

static void run(struct sim *s, const struct mt_target *t, struct rng *r, uint64_t seed)
{
	unsigned pages = 1 + (unsigned)rng_below(r, 8);
	uint64_t same;

	for (unsigned i = 0; i < 1500; i++) {
		unsigned cpu = (unsigned)rng_below(r, t->cpus);
		uint64_t addr = BASE + rng_below(r, rng_below(r, 2) ? 512 : pages * UINT64_C(4096));

		for (same = rng_below(r, 3) + 1; same--;)
			sim_access(s, cpu, addr, 1 + (unsigned)rng_below(r, 100), !rng_below(r, 3));
		if (!rng_below(r, 300))
			sim_forget(s, BASE + rng_below(r, 8192), rng_below(r, 12000));
		if (i % 100 == 0)
			check(s, seed);
	}
	check(s, seed);
}

static void test_any(void **state)
{
	const char *more = getenv("SLABSCOPE_TEST_LONG");
	unsigned seeds = more && *more ? 2000 : 200;

	(void)state;
	for (uint64_t seed = 0; seed < seeds; seed++) {
		struct sim_counts n[2], all;
		struct mt_target t;

		for (unsigned again = 0; again < 2; again++) {
			struct sim_options o = { .seed = seed,
						 .kinds = seed % 3 == 0,
						 .frames = (enum sim_frames)(seed % SIM_PAGEMAP) };
			struct sim *s;
			struct rng r;
			uint64_t sum = 0;

			rng_seed(&r, seed);
			draw_machine(&t, &r);
			s = sim_of(&t, &o);
			run(s, &t, &r, seed);
			sim_counts(s, -1, &n[again]);
			for (unsigned i = 0; i < t.cpus; i++) {
				sim_counts(s, (int)i, &all);
				sum += all.misses[0];
			}
			assert_int_equal(sum, n[again].misses[0]);
			for (unsigned j = 0; o.kinds && j < t.nr_levels; j++) {
				sum = 0;
				for (unsigned k = 0; k < SIM_KINDS; k++)
					sum += n[again].kind[j][k];
				assert_int_equal(sum, n[again].misses[j]);
			}
			sim_destroy(s);
		}
		assert_memory_equal(&n[0], &n[1], sizeof(n[0]));
	}
}

/* ---- known stories ---- */

static void test_ping_pong(void **state)
{
	static const struct sim_options o = { .kinds = true };
	struct mt_cache level[2] = { twin_level(64, 8, 64, MT_LRU),
				     twin_level(256, 8, 64, MT_LRU) };
	struct sim_counts a, b;
	struct mt_target t;
	struct sim *s;

	(void)state;
	machine(&t, 2, 2, 2, level);
	s = sim_of(&t, &o);
	for (unsigned i = 0; i < 100; i++)
		for (unsigned cpu = 0; cpu < 2; cpu++) {
			sim_access(s, cpu, BASE, 8, false);
			sim_access(s, cpu, BASE, 8, true);
		}
	sim_counts(s, 0, &a);
	sim_counts(s, 1, &b);
	/* each turn: a load that misses since the other wrote, from its cache, and a store that asks */
	assert_int_equal(a.misses[SIM_L1D], 100);
	assert_int_equal(a.misses[SIM_L2], 100);
	assert_int_equal(a.kind[SIM_L1D][SIM_COHERENCE], 99);
	assert_int_equal(a.kind[SIM_L1D][SIM_COMPULSORY], 1);
	assert_int_equal(a.local, 1);
	assert_int_equal(a.cache_remote, 99);
	assert_int_equal(a.upgrades, 99); /* the first was E */
	assert_int_equal(b.upgrades, 100);
	assert_int_equal(a.interventions, 99);
	assert_int_equal(b.interventions, 100);
	assert_int_equal(b.invalidations, 200); /* of L1 and L2 */
	sim_destroy(s);
}

/* Two CPUs below one L2: what one wrote is in the other's reach without leaving it. */
static void test_shared_l2(void **state)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };
	struct mt_cache level[2] = { twin_level(64, 8, 64, MT_LRU),
				     twin_level(256, 8, 64, MT_LRU) };
	struct sim_counts n;
	struct mt_target t;
	struct sim *s;

	(void)state;
	level[1].shared_by = 2;
	level[1].inclusion = MT_INCLUSIVE;
	machine(&t, 4, 2, 2, level);
	s = sim_of(&t, &o);
	sim_access(s, 0, BASE, 8, true);
	sim_access(s, 1, BASE, 8, false);
	sim_counts(s, 1, &n);
	assert_int_equal(n.misses[SIM_L2], 0);
	assert_int_equal(n.interventions, 1);
	assert_int_equal(n.writebacks[SIM_L1D], 1); /* into L2 */
	sim_access(s, 2, BASE, 8, false);	    /* of the other node: L2 is newer than memory */
	sim_counts(s, 2, &n);
	assert_int_equal(n.interventions, 1);
	assert_int_equal(n.writebacks[SIM_L2], 1);
	assert_int_equal(n.cache_remote, 1);
	check(s, 0);
	sim_destroy(s);
}

static unsigned node_one(void *arg, uint64_t page_addr, unsigned cpu)
{
	(void)arg;
	(void)page_addr;
	(void)cpu;
	return 1;
}

static void test_traffic(void **state)
{
	struct mt_cache c = twin_level(64, 8, 64, MT_LRU);
	uint64_t m[MT_NODES][MT_NODES];
	struct mt_target t;

	(void)state;
	machine(&t, 4, 4, 1, &c);
	for (unsigned policy = 0; policy < 2; policy++) {
		struct sim_options o = { .node_of = policy ? node_one : NULL };
		struct sim *s = sim_of(&t, &o);
		struct sim_counts n;

		for (unsigned cpu = 0; cpu < 4; cpu++)
			for (unsigned i = 0; i < 10 * (cpu + 1); i++)
				sim_access(s, cpu, BASE * (1 + cpu) + i * 64, 8, true);
		sim_traffic(s, m);
		for (unsigned cpu = 0; cpu < 4; cpu++)
			for (unsigned to = 0; to < 4; to++)
				assert_int_equal(m[cpu][to],
						 to == (policy ? 1 : cpu) ? 10 * (cpu + 1) : 0);
		sim_counts(s, -1, &n);
		assert_int_equal(n.local, policy ? 20 : 100);
		assert_int_equal(n.remote, policy ? 80 : 0);
		check(s, 0);
		sim_destroy(s);
	}
}

/* The largest machine there is. */
static void test_largest(void **state)
{
	static const struct sim_options o = { .frames = SIM_RANDOM_FRAMES };
	struct mt_cache level[3] = { twin_level(64, 8, 64, MT_LRU), twin_level(256, 8, 64, MT_PLRU),
				     twin_level(512, 16, 64, MT_LRU) };
	struct sim_counts n;
	struct mt_target t;
	struct sim *s;
	struct rng r;

	(void)state;
	level[0].shared_by = level[1].shared_by = 2;
	level[1].inclusion = MT_INCLUSIVE;
	level[2].shared_by = 16;
	level[2].inclusion = MT_VICTIM;
	machine(&t, MT_CPUS, MT_NODES, 3, level);
	s = sim_of(&t, &o);
	rng_seed(&r, 1);
	for (unsigned i = 0; i < 60000; i++)
		sim_access(s, (unsigned)rng_below(&r, MT_CPUS),
			   BASE + (rng_below(&r, 1 << 18) & ~UINT64_C(7)), 8, !rng_below(&r, 4));
	check(s, 0);
	sim_counts(s, -1, &n);
	assert_true(n.local && n.remote && n.cache_local && n.cache_remote && n.invalidations);
	sim_destroy(s);
}

/* ---- the checker itself ---- */

static uint32_t *some_word(struct sim *s, unsigned level, unsigned nr, uint32_t flags)
{
	struct level *l = &s->inst[level][nr].l;

	for (size_t i = 0; i < (size_t)l->sets * l->stride; i++)
		if (l->row[i] != LEVEL_EMPTY && (l->row[i] & LEVEL_FLAGS) == flags)
			return &l->row[i];
	fail_msg("no such line");
	return NULL;
}

static void break_machine(struct sim *s, unsigned how)
{
	uint32_t *w = some_word(s, 0, 0, how < 4 ? LEVEL_OWN | LEVEL_DIRTY : 0);
	uint32_t lid = level_id(*w);

	switch (how) {
	case 0: /* forgotten by the directory */
		sim_dir(s, lid)[0] = 0;
		break;
	case 1: /* said to be where it is not */
		sim_dir(s, lid)[0] |= UINT64_C(1) << s->conf[1].bit;
		*some_word(s, 1, 0, 0) = LEVEL_EMPTY;
		break;
	case 2: /* another owner */
		sim_dir(s, lid)[s->words] = 2;
		break;
	case 3: /* in another set */
		*w += UINT32_C(1) << 2;
		break;
	case 4: /* two may write */
		*w |= LEVEL_OWN;
		break;
	case 5: /* dirty, and nobody knows */
		sim_dir(s, lid)[s->words] = 0;
		*w |= LEVEL_DIRTY;
		break;
	default:
		s->cpu[0].n.local++;
	}
}

static void test_checker(void **state)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };
	struct mt_cache level[2] = { twin_level(4, 4, 64, MT_LRU), twin_level(32, 8, 64, MT_LRU) };
	struct mt_target t;
	struct err e;

	(void)state;
	machine(&t, 2, 1, 2, level);
	for (unsigned how = 0; how < 7; how++) {
		struct sim *s = sim_of(&t, &o);

		for (unsigned i = 0; i < 6; i++) {
			sim_access(s, 0, BASE + i * 64, 8, i & 1); /* even: both */
			if (!(i & 1))
				sim_access(s, 1, BASE + i * 64, 8, false);
		}
		check(s, how);
		break_machine(s, how);
		assert_int_equal(sim_check(s, &e), -EILSEQ);
		sim_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flat),	  cmocka_unit_test(test_any),
		cmocka_unit_test(test_ping_pong), cmocka_unit_test(test_shared_l2),
		cmocka_unit_test(test_traffic),	  cmocka_unit_test(test_largest),
		cmocka_unit_test(test_checker),
	};

	return cmocka_run_group_tests_name("sim_mesi", tests, NULL, NULL);
}
