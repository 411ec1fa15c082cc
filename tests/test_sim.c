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

#include "collectors/model/frames.h"
#include "collectors/model/level.h"
#include "collectors/model/sim.h"
#include "lib/rng.h"
#include "tests/sim_help.h"
#include "tests/sim_lru.h"
#include "tests/sim_twin.h"

/* ---- traces ---- */

enum trace { WALK, WALK61, WALK64, RANDOM, HOT, SEQ, MIXED, TRACES };
static const char *const trace_name[] = { "walk", "walk61", "walk64", "random",
					  "hot",  "seq",    "mixed" };

struct access {
	uint64_t addr;
	unsigned size;
	bool write;
};

#define BASE UINT64_C(0x7f0000000000)

static struct access next_access(enum trace t, uint64_t i, struct rng *r)
{
	uint64_t page = BASE + (i % 512) * 4096;

	switch (t) {
	case WALK:
		return (struct access){ page, 8, false };
	case WALK61:
		return (struct access){ page + i % 512 % 61 * 64, 8, false };
	case WALK64:
		return (struct access){ page + i % 512 % 64 * 64, 8, true };
	case RANDOM:
		return (struct access){ BASE + rng_below(r, 1 << 22), 8, rng_u64(r) & 1 };
	case HOT:
		return (struct access){ BASE + rng_below(r, 1 << 14) / 8 * 8, 8, false };
	case SEQ:
		return (struct access){ BASE + i * 8 % (1 << 18), 8, i % 3 == 0 };
	default: /* neighbours, sizes up to 40, two regions */
		return (struct access){ (rng_below(r, 4) ? BASE : UINT64_C(0x1000)) +
						(rng_below(r, 64) << rng_below(r, 12)) +
						rng_below(r, 40),
					(unsigned)(1 + rng_below(r, 40)), !rng_below(r, 3) };
	}
}

/* L1 and L2 of the sizes named, both LRU: equal to the unit with the scalar one. */
static const struct {
	unsigned line, sets[2], ways[2];
} golden[] = {
	{ 64, { 64, 2048 }, { 8, 8 } },	 { 64, { 64, 1024 }, { 12, 16 } },
	{ 64, { 1, 7 }, { 8, 3 } },	 { 128, { 64, 96 }, { 4, 11 } },
	{ 32, { 128, 768 }, { 2, 20 } }, { 64, { 48, 1000 }, { 1, 64 } },
	{ 64, { 64, 512 }, { 16, 24 } },
};

static void test_golden(void **state)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };

	(void)state;
	for (size_t row = 0; row < sizeof(golden) / sizeof(*golden); row++) {
		for (unsigned t = 0; t < TRACES; t++) {
			struct mt_cache level[2];
			struct sim_lru l[2];
			struct mt_target target;
			struct sim_counts n;
			struct sim *s;
			struct rng r;

			for (unsigned j = 0; j < 2; j++) {
				level[j] = twin_level(golden[row].sets[j], golden[row].ways[j],
						      golden[row].line, MT_LRU);
				l[j] = (struct sim_lru){ golden[row].sets[j], golden[row].ways[j],
							 calloc(level[j].size, 1), 0, 0 };
			}
			twin_target(&target, 2, level);
			s = sim_of(&target, &o);
			rng_seed(&r, row);
			for (uint64_t i = 0; i < 40000; i++) {
				struct access a = next_access((enum trace)t, i, &r);

				sim_access(s, 0, a.addr, a.size, a.write);
				sim_lru_access(l, 2, a.addr, a.size, golden[row].line);
			}
			sim_flush(s);
			sim_counts(s, -1, &n);
			for (unsigned j = 0; j < 2; j++) {
				if (n.accesses[j] != l[j].accesses || n.misses[j] != l[j].misses)
					fail_msg("row %zu, %s, level %u: %llu of %llu misses, not "
						 "%llu of %llu",
						 row, trace_name[t], j + 1,
						 (unsigned long long)n.misses[j],
						 (unsigned long long)n.accesses[j],
						 (unsigned long long)l[j].misses,
						 (unsigned long long)l[j].accesses);
				free(l[j].line);
			}
			sim_is_whole(s);
			sim_destroy(s);
		}
	}
}

/* ---- against the twin: every policy, inclusion, odd sets, slices, writes, frames, kinds ---- */

static void compare(const struct sim_counts *a, const struct sim_counts *b, unsigned levels,
		    const char *what, uint64_t seed)
{
	for (unsigned j = 0; j < levels; j++) {
		const uint64_t *x[] = { &a->accesses[j], &a->misses[j],	 &a->writebacks[j],
					&a->kind[j][0],	 &a->kind[j][1], &a->kind[j][2] };
		const uint64_t *y[] = { &b->accesses[j], &b->misses[j],	 &b->writebacks[j],
					&b->kind[j][0],	 &b->kind[j][1], &b->kind[j][2] };
		static const char *const name[] = { "accesses",	  "misses",   "writebacks",
						    "compulsory", "capacity", "conflict" };

		for (unsigned i = 0; i < 6; i++)
			if (*x[i] != *y[i])
				fail_msg("%s, seed %llu: level %u: %s: %llu, the twin has %llu",
					 what, (unsigned long long)seed, j + 1, name[i],
					 (unsigned long long)*x[i], (unsigned long long)*y[i]);
	}
	assert_int_equal(a->local, b->local);
}

/* Accesses of one line each, through frames of the test's own. */
static void against_twin(const struct mt_target *t, const struct sim_options *o, unsigned nr,
			 uint64_t pages, const char *what)
{
	struct frames f;
	struct twin w;
	struct sim_counts n;
	struct sim *s = sim_of(t, o);
	struct rng r;
	unsigned line = t->cache[0].line;

	rng_seed(&r, o->seed);
	twin_init(&w, t, o->seed, o->kinds);
	assert_int_equal(frames_init(&f, o, 4096, 1, NULL), 0);
	for (unsigned i = 0; i < nr; i++) {
		/* half of them near the last */
		uint64_t at = rng_below(&r, 2) ? rng_below(&r, pages * 4096) :
						 i * 24 % (pages * 4096);
		uint64_t addr = 4096 + at / line * line;
		bool write = !rng_below(&r, 3);
		uint32_t page = frames_touch(&f, addr / 4096, 0, 0);

		sim_access(s, 0, addr + at % (line - 7), 8, write);
		twin_line(&w, addr, f.page[page].frame * 4096 + addr % 4096, write);
	}
	sim_is_whole(s);
	sim_counts(s, -1, &n);
	compare(&n, &w.n, t->nr_levels, what, o->seed);
	frames_fini(&f);
	twin_fini(&w);
	sim_destroy(s);
}

static void test_policies(void **state)
{
	static const unsigned ways[] = { 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 16, 20, 24, 48, 64 };

	(void)state;
	for (size_t p = 0; p < twin_nr_policies; p++) {
		for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
			struct mt_cache c = twin_level(3, ways[i], 64, twin_policies[p].policy);
			struct sim_options o = { .frames = SIM_IDENTITY, .seed = i };
			struct mt_target t;

			c.qlru = twin_policies[p].q;
			twin_target(&t, 1, &c);
			against_twin(&t, &o, 4000, 1 + ways[i] / 10, twin_policies[p].what);
		}
	}
}

/* The vectors do to a row what plain C does to it: each word, after each step. */
static void test_vectors(void **state)
{
	(void)state;
	if (!level_lru_avx2(8)) {
		print_message("skipped: this CPU has no AVX2\n");
		skip();
	}
	for (unsigned ways = 1; ways <= 16; ways++) {
		struct level a, b;
		struct rng r;

		assert_int_equal(level_init(&a, 3, ways, MT_LRU, NULL, 0, NULL), 0);
		assert_int_equal(level_init(&b, 3, ways, MT_LRU, NULL, 0, NULL), 0);
		assert_ptr_equal(a.ops, level_lru_avx2(ways));
		b.ops = &level_lru_plain;
		rng_seed(&r, ways);
		for (unsigned i = 0; i < 3000; i++) {
			unsigned set = (unsigned)rng_below(&r, 3),
				 flags = rng_u64(&r) & LEVEL_FLAGS;
			uint32_t tag = level_word((uint32_t)rng_below(&r, 2 * ways), 0), x, y;

			if (!rng_below(&r, 10)) {
				x = level_remove(&a, set, tag);
				y = level_remove(&b, set, tag);
			} else {
				x = a.ops->lookup(&a, set, tag, flags);
				y = b.ops->lookup(&b, set, tag, flags);
				if (x == LEVEL_EMPTY)
					assert_int_equal(a.ops->insert(&a, set, tag | flags),
							 b.ops->insert(&b, set, tag | flags));
			}
			assert_int_equal(x, y);
			assert_memory_equal(a.row, b.row, 3 * a.stride * sizeof(*a.row));
		}
		level_fini(&a);
		level_fini(&b);
	}
}

static void test_machines(void **state)
{
	const char *more = getenv("SLABSCOPE_TEST_LONG");
	unsigned seeds = more && *more ? 3000 : 300;

	(void)state;
	for (uint64_t seed = 0; seed < seeds; seed++) {
		struct sim_options o = { .seed = seed, .kinds = seed % 4 == 0 };
		struct mt_target t;
		struct rng r;
		char what[64];

		rng_seed(&r, seed);
		twin_draw(&t, &r);
		o.frames = seed % 3 == 0 ? SIM_RANDOM_FRAMES : SIM_IDENTITY;
		snprintf(what, sizeof(what), "machine of %u levels", t.nr_levels);
		against_twin(&t, &o, 3000, 1 + rng_below(&r, 40), what);
	}
}

/* ---- kinds ---- */

static void run_cycle(struct sim *s, unsigned lines, uint64_t stride, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		for (unsigned j = 0; j < lines; j++)
			sim_access(s, 0, BASE + j * stride, 8, false);
}

/* Cycles over lines of a cache of 64 sets of 8 ways. */
static const struct {
	unsigned lines;
	uint64_t stride;
	uint64_t compulsory, capacity, conflict; /* of ten turns */
} cycles[] = {
	{ 512, 64, 512, 0, 0 },	    /* it fits */
	{ 513, 64, 513, 9 * 9, 0 }, /* nine in one set, and the twin of 512 has lost them too */
	{ 1024, 64, 1024, 9 * 1024, 0 },
	{ 9, 4096, 9, 0, 9 * 9 }, /* nine of one set, in a cache that is empty otherwise */
	{ 8, 4096, 8, 0, 0 },
};

static void test_kinds(void **state)
{
	static const struct sim_options o = { .kinds = true };
	struct mt_cache c = twin_level(64, 8, 64, MT_LRU);
	struct mt_target t;

	(void)state;
	twin_target(&t, 1, &c);
	for (size_t i = 0; i < sizeof(cycles) / sizeof(*cycles); i++) {
		struct sim *s = sim_of(&t, &o);
		struct sim_counts n;
		uint64_t sum = 0;

		run_cycle(s, cycles[i].lines, cycles[i].stride, 10);
		sim_counts(s, 0, &n);
		for (unsigned k = 0; k < SIM_KINDS; k++)
			sum += n.kind[0][k];
		assert_int_equal(sum, n.misses[0]);
		assert_int_equal(n.kind[0][SIM_COMPULSORY], cycles[i].compulsory);
		assert_int_equal(n.kind[0][SIM_CAPACITY], cycles[i].capacity);
		assert_int_equal(n.kind[0][SIM_CONFLICT], cycles[i].conflict);
		sim_destroy(s);
	}
}

/* ---- sets, callback ---- */

struct seen {
	uint64_t misses[SIM_LEVELS], in_set[64];
	unsigned kinds;
};

static void on_miss(void *arg, enum sim_level level, unsigned cpu, uint64_t addr, bool write,
		    enum sim_kind kind)
{
	struct seen *s = arg;

	assert_int_equal(cpu, 0);
	(void)write;
	s->misses[level]++;
	if (level == SIM_L1D)
		s->in_set[addr / 64 % 64]++;
	s->kinds |= 1u << kind;
}

static void test_sets(void **state)
{
	struct mt_cache level[2] = { twin_level(64, 8, 64, MT_LRU), twin_level(96, 4, 64, MT_LRU) };
	struct mt_target t;

	(void)state;
	twin_target(&t, 2, level);
	t.page[0].dtlb = (struct mt_tlb){ 16, 4 };
	t.page[0].stlb = (struct mt_tlb){ 64, 8 };
	for (unsigned sets = 0; sets < 2; sets++) {
		struct seen seen = { .kinds = 0 };
		struct sim_options o = { .sets = sets, .miss = on_miss, .arg = &seen };
		struct sim *s = sim_of(&t, &o);
		struct sim_counts n;
		struct rng r;

		rng_seed(&r, 5);
		for (unsigned i = 0; i < 30000; i++) {
			struct access a = next_access(i & 1 ? MIXED : SEQ, i, &r);

			sim_access(s, 0, a.addr, a.size, a.write);
		}
		sim_counts(s, 0, &n);
		for (unsigned j = 0; j < SIM_LEVELS; j++) {
			const uint64_t *acc, *miss;
			unsigned nr = sim_sets(s, (enum sim_level)j, &acc, &miss);
			uint64_t sum[2] = { 0, 0 };

			assert_int_equal(seen.misses[j], n.misses[j]);
			for (unsigned i = 0; sets && acc && i < nr; i++) {
				sum[0] += acc[i];
				sum[1] += miss[i];
				if (j == SIM_L1D)
					assert_int_equal(miss[i], seen.in_set[i]);
			}
			if (sets && sim_has(s, (enum sim_level)j)) {
				assert_int_equal(sum[0], n.accesses[j]);
				assert_int_equal(sum[1], n.misses[j]);
			} else {
				assert_null(sets ? NULL : acc);
			}
		}
		assert_int_equal(seen.kinds, 1u << SIM_KINDS);
		sim_destroy(s);
	}
}

/* ---- the rest ---- */

static void test_same_seed(void **state)
{
	struct mt_cache level[2] = { twin_level(64, 8, 64, MT_RANDOM),
				     twin_level(512, 8, 64, MT_RANDOM) };
	struct sim_counts n[3];
	struct mt_target t;

	(void)state;
	twin_target(&t, 2, level);
	for (unsigned run = 0; run < 3; run++) {
		struct sim_options o = { .frames = SIM_RANDOM_FRAMES, .seed = run / 2 };
		struct sim *s = sim_of(&t, &o);
		struct rng r;

		rng_seed(&r, 1);
		for (unsigned i = 0; i < 50000; i++) {
			struct access a = next_access(RANDOM, i, &r);

			sim_access(s, 0, a.addr, a.size, a.write);
		}
		sim_counts(s, -1, &n[run]);
		sim_destroy(s);
	}
	assert_memory_equal(&n[0], &n[1], sizeof(n[0]));
	assert_true(memcmp(&n[0], &n[2], sizeof(n[0])) != 0);
}

/* What cannot be modelled, and what is said. */
static void test_refused(void **state)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };
	struct mt_cache good[2] = { twin_level(64, 8, 64, MT_LRU), twin_level(64, 8, 64, MT_LRU) };
	struct mt_target t;
	struct err e;
	struct sim *s;

	(void)state;
	for (unsigned i = 0; i < 9; i++) {
		static const char *const part[] = { "sets",	 "ways",   "line",
						    "line",	 "shared", "exclusive",
						    "inclusive", "TLB",	   "node" };

		twin_target(&t, 2, good);
		switch (i) {
		case 0:
			t.cache[0].sets = 0;
			break;
		case 1:
			t.cache[1].ways = MT_WAYS + 1;
			break;
		case 2:
			t.cache[0].line = 48;
			break;
		case 3:
			t.cache[1].line = 32;
			break;
		case 4:
			t.cache[1].shared_by = 2;
			break;
		case 5:
			t.cache[0].write_through = true;
			t.cache[1].inclusion = MT_EXCLUSIVE;
			break;
		case 6:
			t.cache[1].inclusion = MT_INCLUSIVE;
			t.cache[1].no_write_allocate = true;
			break;
		case 7:
			t.page[0].dtlb = (struct mt_tlb){ 64, 7 };
			break;
		default:
			t.node_of[0] = 1;
			break;
		}
		assert_int_equal(sim_create(&s, &t, &o, &e), -EINVAL);
		assert_non_null(strstr(e.text, part[i]));
		assert_null(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),	  cmocka_unit_test(test_policies),
		cmocka_unit_test(test_vectors),	  cmocka_unit_test(test_machines),
		cmocka_unit_test(test_kinds),	  cmocka_unit_test(test_sets),

		cmocka_unit_test(test_same_seed), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
