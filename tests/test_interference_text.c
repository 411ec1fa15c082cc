/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The readers of schedstat, /proc/pressure, /proc/stat and /proc/interrupts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "collectors/interference/interference.h"

static const struct {
	const char *text;
	int rc;
	uint64_t run, wait, slices;
} schedstats[] = {
	{ "1 2 3", 0, 1, 2, 3 },
	{ "1 2 3\n", 0, 1, 2, 3 },
	{ "0 0 0", 0, 0, 0, 0 },
	{ "18446744073709551615 18446744073709551615 1", 0, UINT64_MAX, UINT64_MAX, 1 },
	{ "1 2 3 4", 0, 1, 2, 3 }, /* a later kernel may add some */
	{ "1 2", -EINVAL, 0, 0, 0 },
	{ "1 2 3x", -EINVAL, 0, 0, 0 },
	{ "-1 2 3", -EINVAL, 0, 0, 0 },
	{ "1 18446744073709551616 3", -ERANGE, 0, 0, 0 },
	{ "", -EINVAL, 0, 0, 0 },
};

static void test_schedstat(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(schedstats) / sizeof(schedstats[0]); i++) {
		struct schedstat s = { 0, 0, 0 };

		if (schedstat_parse(schedstats[i].text, &s) != schedstats[i].rc)
			fail_msg("'%s'", schedstats[i].text);
		assert_true(s.run == schedstats[i].run && s.wait == schedstats[i].wait &&
			    s.slices == schedstats[i].slices);
	}
}

#define SOME "some avg10=1.50 avg60=2.21 avg300=0.92 total=1110457752\n"
#define FULL "full avg10=0.00 avg60=0.00 avg300=0.00 total=17\n"

static const struct {
	const char *text, *line;
	int rc;
	double avg10;
	uint64_t total;
} pressures[] = {
	{ SOME FULL, "some", 0, 1.5, 1110457752 },
	{ SOME FULL, "full", 0, 0, 17 },
	{ SOME, "full", -ENOENT, 0, 0 },
	{ "some avg10=100.00 total=1", "some", 0, 100, 1 },
	{ "some avg10=7 total=1", "some", 0, 7, 1 },
	{ "some avg10=1.50\n" FULL, "some", -EINVAL, 0, 0 },
	{ "some total=5", "some", -EINVAL, 0, 0 },
	{ "some avg10= total=5", "some", -EINVAL, 0, 0 },
	{ "some avg10=1. total=5", "some", -EINVAL, 0, 0 },
	{ "some avg10=1,5 total=5", "some", -EINVAL, 0, 0 },
	{ "some avg10=9999999.0 total=5", "some", -EINVAL, 0, 0 },
	{ "some avg10=1.0 total=99999999999999999999", "some", -EINVAL, 0, 0 },
	{ "some avg10=1.0 total=5x", "some", -EINVAL, 0, 0 },
	{ "somewhat avg10=1.0 total=5", "some", -ENOENT, 0, 0 },
	{ "", "some", -ENOENT, 0, 0 },
};

static void test_pressure(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pressures) / sizeof(pressures[0]); i++) {
		struct pressure p = { 0, 0 };

		if (pressure_parse(pressures[i].text, pressures[i].line, &p) != pressures[i].rc)
			fail_msg("'%s'", pressures[i].text);
		assert_true(fabs(p.avg10 - pressures[i].avg10) < 1e-12);
		assert_true(p.total_us == pressures[i].total);
	}
}

#define STAT                                                                    \
	"cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\ncpu1 10 20 30 40 " \
	"50 60 70 80 0 0\ncpu10 5 5 5 5 5 5 5 5\ncpu11 1 2 3\nintr 1 2 3\n"

static const struct {
	unsigned cpu;
	int rc;
	uint64_t irq, steal;
} stats[] = {
	{ 0, 0, 6, 8 },	       { 1, 0, 60, 80 },     { 10, 0, 5, 5 },
	{ 11, -EINVAL, 0, 0 }, { 2, -ENOENT, 0, 0 }, { ~0u, -ENOENT, 0, 0 },
};

static void test_stat(void **state)
{
	struct cpu_ticks none;

	(void)state;
	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
		struct cpu_ticks t = { 0, 0, 0, 0, 0, 0, 0, 0 };

		if (cpu_ticks_parse(STAT, stats[i].cpu, &t) != stats[i].rc)
			fail_msg("cpu%u", stats[i].cpu);
		assert_true(t.irq == stats[i].irq && t.steal == stats[i].steal);
	}
	assert_int_equal(cpu_ticks_parse("", 0, &none), -ENOENT);
}

#define HEAD "           CPU0       CPU2\n"

static const struct {
	const char *text;
	unsigned cpu;
	int rc;
	uint64_t n;
} interrupt_texts[] = {
	{ HEAD "  0:  5  7  IO-APIC 2-edge timer\nLOC:  100  200 Local\nERR:  9\nMIS:  4\n", 0, 0,
	  105 },
	{ HEAD "  0:  5  7  IO-APIC 2-edge timer\nLOC:  100  200 Local\nERR:  9\nMIS:  4\n", 2, 0,
	  207 },
	{ HEAD "  0:  5  7\n", 1, -ENOENT, 0 },
	{ HEAD, 2, 0, 0 },
	{ "    CPU0\nERR: 7\n 1: 3 x\n", 0, 0, 3 },
	{ HEAD "  0:  5  IO-APIC\n", 0, 0, 0 },
	{ HEAD "no label\n", 0, -EINVAL, 0 },
	{ HEAD "0: 18446744073709551615 0\n1: 1 0\n", 0, -ERANGE, 0 },
	{ "CPU0 CPUx\n", 0, -EINVAL, 0 },
	{ "rubbish\n", 0, -EINVAL, 0 },
	{ "", 0, -EINVAL, 0 },
};

static void test_interrupts(void **state)
{
	struct interrupts *t = calloc(1, sizeof(*t));

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < sizeof(interrupt_texts) / sizeof(interrupt_texts[0]); i++) {
		uint64_t n = 0;
		int rc = interrupts_parse(interrupt_texts[i].text, t);

		if (!rc)
			rc = interrupts_of(t, interrupt_texts[i].cpu, &n);
		if (rc != interrupt_texts[i].rc || n != interrupt_texts[i].n)
			fail_msg("row %zu: %d, %llu", i, rc, (unsigned long long)n);
	}
	free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schedstat),
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_interrupts),
	};

	return cmocka_run_group_tests_name("interference text", tests, NULL, NULL);
}
