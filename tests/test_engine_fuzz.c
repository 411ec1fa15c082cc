/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Millions of random operations on the engine, each against a shadow of what is live: see ops.h.
 *
 *	SLABSCOPE_FUZZ_OPS=n    how many operations (default: 4 million, a twentieth of it under a sanitizer or with
 *	                        SLABSCOPE_TEST_SHORT=1, fifty times as many with SLABSCOPE_TEST_LONG=1)
 *	SLABSCOPE_FUZZ_SEED=s   first seed; each system takes the next one
 *
 * A failure names seed and operation: SLABSCOPE_FUZZ_SEED=s SLABSCOPE_FUZZ_OPS=20000 does it again.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/host.h"
#include "tests/ops.h"

#define OPS_PER_SYSTEM 20000

static uint64_t asked(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t default_ops(void)
{
	const char *more = getenv("SLABSCOPE_TEST_LONG"), *fewer = getenv("SLABSCOPE_TEST_SHORT");
	uint64_t n = 4000000;

	if (strcmp(host_build_sanitizer(), "none") != 0 || (fewer && !strcmp(fewer, "1")))
		n /= 20;
	return more && !strcmp(more, "1") ? 50 * n : n;
}

/* Every option was in force somewhere at something else than its default. */
static void every_toggle_was_used(const struct ops_stats *st)
{
	for (unsigned i = 0; slab_config_opts[i].name; i++) {
		assert_true(i < OPS_OPTIONS_MAX);
		if (!st->option[i])
			fail_msg("no cache ever had another %s than the default",
				 slab_config_opts[i].name);
	}
}

static void slice(void **state)
{
	uint64_t most = asked("SLABSCOPE_FUZZ_OPS", default_ops()),
		 seed = asked("SLABSCOPE_FUZZ_SEED", 1);
	struct ops_stats st = { .ops = 0 };
	struct ops_source in;

	(void)state;
	printf("seeds from %llu, %llu operations, %d per system\n", (unsigned long long)seed,
	       (unsigned long long)most, OPS_PER_SYSTEM);
	fflush(stdout);
	while (st.ops < most) {
		ops_source_seed(&in, seed++);
		ops_run(&in, most - st.ops < OPS_PER_SYSTEM ? most - st.ops : OPS_PER_SYSTEM, &st);
	}
	printf("%llu operations: %llu allocations (%llu NULL, %llu of them where failures were injected), %llu frees, "
	       "%llu tunes (%llu refused), %llu caches, %llu checks of everything; %llu systems by rseq, %llu by "
	       "slots\n",
	       (unsigned long long)st.ops, (unsigned long long)st.allocs,
	       (unsigned long long)st.nulls, (unsigned long long)st.injected,
	       (unsigned long long)st.frees, (unsigned long long)st.tunes,
	       (unsigned long long)st.tunes_refused, (unsigned long long)st.creates,
	       (unsigned long long)st.checks, (unsigned long long)st.rseq_runs,
	       (unsigned long long)st.slot_runs);
	assert_true(st.ops >= most);
	if (most >= 100000)
		every_toggle_was_used(&st);
}

/* A thread that gave its slot back gets that of the CPU it runs on: the same one for both runs. */
static void run_on(const cpu_set_t *one, uint64_t seed, struct ops_stats *st)
{
	struct ops_source in;

	assert_int_equal(sched_setaffinity(0, sizeof(*one), one), 0);
	ops_source_seed(&in, seed);
	ops_run(&in, 3000, st);
}

/* The same bytes, the same operations: a failure found by a fuzzer comes back. */
static void repeats(void **state)
{
	struct ops_stats a = { .ops = 0 }, b = { .ops = 0 };
	cpu_set_t all, one;
	int cpu = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	run_on(&one, 7, &a);
	run_on(&one, 7, &b);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(a.allocs > 100 && a.frees > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats),
		cmocka_unit_test(slice),
	};

	return cmocka_run_group_tests_name("engine_fuzz", tests, NULL, NULL);
}
