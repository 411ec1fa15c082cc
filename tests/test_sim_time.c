/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The estimate of memory time: accesses that wait for each other, and accesses that overlap. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

#include "tests/sim_twin.h"

#define BASE UINT64_C(0x10000000)
#define WAIT 1
#define OVERLAP 0

/* ns of lines 64 bytes apart, @times in turn, on a fresh machine. */
static double memory_time(const struct mt_target *t, unsigned lines, unsigned times, double waiting)
{
	static const struct sim_options o = { .frames = SIM_IDENTITY };
	struct err e = { "" };
	struct sim *s;
	double ns;

	if (sim_create(&s, t, &o, &e))
		fail_msg("%s", e.text);
	for (unsigned i = 0; i < times; i++)
		for (unsigned j = 0; j < lines; j++)
			sim_access(s, 0, BASE + j * 64, 8, false);
	ns = sim_memory_time(s, 0, waiting);
	sim_destroy(s);
	return ns;
}

static void near(double is, double should)
{
	if (!(fabs(is - should) < 1e-9))
		fail_msg("%.12g ns, expected %.12g", is, should);
}

static void memory_target(struct mt_target *t)
{
	struct mt_cache level[2] = { twin_level(64, 8, 64, MT_LRU),
				     twin_level(64, 16, 64, MT_LRU) };

	level[0].latency = 4;
	level[1].latency = 14;
	twin_target(t, 2, level);
	t->ghz = 2;
}

static void test_memory_time(void **state)
{
	struct mt_target t;

	(void)state;
	memory_target(&t);
	assert_true(memory_time(&t, 0, 0, WAIT) == 0);
	assert_true(isnan(memory_time(&t, 1, 1, WAIT)));
	t.dram_ns[0] = 100;
	t.page[0].dtlb = (struct mt_tlb){ 64, 4 };
	/* one from memory, nine from L1 at 2 ns; the walk costs nothing that is known */
	near(memory_time(&t, 1, 10, WAIT), 100 + 9 * 2);
	t.walk_cycles = 30;
	near(memory_time(&t, 1, 10, WAIT), 100 + 9 * 2 + 15);
	/* an STLB is asked first, whether it has it or not */
	t.page[0].stlb = (struct mt_tlb){ 64, 4 };
	near(memory_time(&t, 1, 10, WAIT), 100 + 9 * 2 + 15);
	t.stlb_cycles = 8;
	near(memory_time(&t, 1, 10, WAIT), 100 + 9 * 2 + 15 + 4);
	/* 1024 lines on 16 pages: the second turn hits L2 alone */
	near(memory_time(&t, 1024, 2, WAIT), 1024 * 100 + 1024 * 7 + 16 * (15 + 4));
}

static void test_memory_time_overlapped(void **state)
{
	struct mt_target t;

	(void)state;
	memory_target(&t);
	t.dram_ns[0] = 100;
	/* not known how much overlaps: nothing does */
	near(memory_time(&t, 1, 10, OVERLAP), 100 + 9 * 2);
	t.cache[0].per_cycle = 2;
	near(memory_time(&t, 1, 10, OVERLAP), 100 + 9 * 0.25);
	near(memory_time(&t, 1, 10, WAIT), 100 + 9 * 2);
	t.cache[0].outstanding = 8;
	near(memory_time(&t, 1, 10, OVERLAP), 100 / 8.0 + 9 * 0.25);
	near(memory_time(&t, 1, 10, 0.25), 0.25 * (100 + 9 * 2) + 0.75 * (100 / 8.0 + 9 * 0.25));
	/* from L2: latency / misses at once, or what it can bring */
	near(memory_time(&t, 1024, 2, OVERLAP), 1024 * 100 / 8.0 + 1024 * 7 / 8.0);
	t.cache[1].per_cycle = 0.25;
	near(memory_time(&t, 1024, 2, OVERLAP), 1024 * 100 / 8.0 + 1024 * 2);
	/* the fewest of all levels above */
	t.cache[1].outstanding = 4;
	near(memory_time(&t, 1024, 2, OVERLAP), 1024 * 100 / 4.0 + 1024 * 2);
	t.cache[1].outstanding = 40;
	near(memory_time(&t, 1024, 2, OVERLAP), 1024 * 100 / 8.0 + 1024 * 2);
	t.page[0].dtlb = (struct mt_tlb){ 64, 4 };
	t.page[0].stlb = (struct mt_tlb){ 64, 4 };
	t.stlb_cycles = 8;
	t.walk_cycles = 30;
	t.walks = 3;
	near(memory_time(&t, 1, 10, OVERLAP), 100 / 8.0 + 9 * 0.25 + (8 / 8.0 + 30 / 3.0) / 2);
	/* a latency that is needed and not known */
	t.cache[1].latency = NAN;
	near(memory_time(&t, 1, 1, OVERLAP), 100 / 8.0 + (8 / 8.0 + 30 / 3.0) / 2);
	assert_true(isnan(memory_time(&t, 1024, 2, OVERLAP)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_time),
		cmocka_unit_test(test_memory_time_overlapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
