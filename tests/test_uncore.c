/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector `uncore` on machines made of files, with a kernel that is played: sums over boxes,
 * sockets and nodes, the baseline, and what is said where nothing can be counted.
 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collectors/uncore.h"
#include "tests/collect_help.h"
#include "tests/fake_host.h"
#include "tests/perf_fake.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define PMUS "/sys/bus/event_source/devices/"
#define CPU "/sys/devices/system/cpu/"
#define NODE "/sys/devices/system/node/"

/* A Skylake-SP of two sockets with two memory controllers each, and one node per socket. */
static const struct fake_file skx[] = {
	{ "/proc/cpuinfo",
	  "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nstepping\t: 4\n" },
	{ "/proc/sys/kernel/perf_event_paranoid", "0\n" },
	{ PMUS "uncore_imc_0/type", "20\n" },
	{ PMUS "uncore_imc_0/cpumask", "0,8\n" },
	{ PMUS "uncore_imc_1/type", "21\n" },
	{ PMUS "uncore_imc_1/cpumask", "0,8\n" },
	{ PMUS "uncore_upi_0/type", "30\n" },
	{ PMUS "uncore_upi_0/cpumask", "0,8\n" },
	{ CPU "cpu0/topology/physical_package_id", "0\n" },
	{ CPU "cpu8/topology/physical_package_id", "1\n" },
	{ NODE "has_cpu", "0-1\n" },
	{ NODE "node0/cpulist", "0-7\n" },
	{ NODE "node1/cpulist", "8-15\n" },
};

struct fixture {
	struct hostfs h;
	struct ev_db *db;
	struct uncore *u;
	struct ch_sink *s;
};

static struct fixture f;

static void machine(const struct fake_file *file, size_t nr)
{
	struct err e;

	memset(&f, 0, sizeof(f));
	fake_host(&f.h, file, nr);
	assert_int_equal(ev_db_open(&f.db, NULL, &e), 0);
	f.s = ch_sink_create();
	perf_fake_reset();
}

static void gone(void)
{
	uncore_close(f.u);
	assert_int_equal(perf_fake_leaks(), 0);
	ch_sink_free(f.s);
	ev_db_close(f.db);
	fake_remove(&f.h);
}

/* The rest of the machine: so much it does between two readings. */
static uint64_t others;

static ssize_t read_while_others_run(int fd, void *buf, size_t len)
{
	perf_fake_run(others);
	return perf_fake_sys.read(fd, buf, len);
}

static void open_uncore(const char *names, unsigned baseline_ms, unsigned boxes)
{
	struct uncore_params o = { .baseline_ms = baseline_ms, .boxes = boxes };
	static struct perf_sys sys;
	struct err e = { "" };

	sys = perf_fake_sys;
	sys.read = read_while_others_run;
	snprintf(o.quantities, sizeof(o.quantities), "%s", names);
	if (uncore_open(&f.u, &o, f.db, &sys, &f.h, &e))
		fail_msg("%s", e.text);
}

static void count(uint64_t units)
{
	uncore_start(f.u);
	perf_fake_run(units);
	uncore_stop(f.u);
	uncore_emit(f.u, &f.s->sink);
}

/* What one box counts of event @config in @units, in bytes. */
static double bytes(uint64_t config, uint64_t units)
{
	return 64 * (double)units * perf_fake_rate(20, config, PERF_BOTH);
}

/* The same number, but for what sums of floating point cost. */
static void is_near(const char *metric, double want)
{
	const struct value *v = ch_value(f.s, metric, -1);

	assert_int_equal(v->state, VALUE_EXACT);
	if (fabs(v->value - want) > 1e-9 * want)
		fail_msg("%s: %.17g, expected %.17g", metric, v->value, want);
}

static void test_sums(void **state)
{
	const double one = bytes(0x304, 1000);

	(void)state;
	machine(skx, NR(skx));
	open_uncore("memory-read,memory_write", 0, 0);
	assert_int_equal(perf_fake.last.exclude_kernel + perf_fake.last.exclude_user +
				 perf_fake.last.exclude_hv + perf_fake.last.exclude_guest,
			 0);
	count(1000);
	ch_is(f.s, "uncore.memory_read", -1, 4 * one);
	ch_is(f.s, "uncore.memory_read_s0", -1, 2 * one);
	ch_is(f.s, "uncore.memory_read_s1", -1, 2 * one);
	ch_is(f.s, "uncore.memory_read_n0", -1, 2 * one);
	ch_is(f.s, "uncore.memory_read_n1", -1, 2 * one);
	ch_is(f.s, "uncore.memory_write", -1, 4 * bytes(0xc04, 1000));
	assert_string_equal(ch_value(f.s, "uncore.memory_read", -1)->unit, "bytes");
	assert_string_equal(ch_value(f.s, "uncore.memory_read", -1)->source, "hardware");
	assert_non_null(strstr(ch_value(f.s, "uncore.memory_read", -1)->note, "machine-wide: 4"));
	assert_string_equal(ch_value(f.s, "uncore.memory_read_per_s", -1)->unit, "bytes/s");
	assert_false(ch_has(f.s, "uncore.memory_read_baseline_per_s", -1));
	assert_false(ch_has(f.s, "uncore.memory_read_uncore_imc_0_cpu0", -1));
	gone();
}

/* Nine flits are 64 bytes; a group's quantities that this CPU has not are said to be missing. */
static void test_group_and_factors(void **state)
{
	(void)state;
	machine(skx, NR(skx));
	open_uncore("bandwidth", 0, 0);
	count(900);
	is_near("uncore.link_traffic", 2 * 64. / 9 * 900 * perf_fake_rate(30, 0xf02, PERF_BOTH));
	ch_lacks(f.s, "uncore.l3_misses", "not known to this version");
	ch_lacks(f.s, "uncore.memory_total", "not known to this version");
	gone();
}

static void test_boxes(void **state)
{
	(void)state;
	machine(skx, NR(skx));
	open_uncore("memory-read", 0, 1);
	count(10);
	ch_is(f.s, "uncore.memory_read_uncore_imc_0_cpu0", -1, bytes(0x304, 10));
	ch_is(f.s, "uncore.memory_read_uncore_imc_1_cpu8", -1, bytes(0x304, 10));
	gone();
}

/* What counts while idle is told apart, and the count of the region does not have it. */
static void test_baseline(void **state)
{
	const struct value *v;

	(void)state;
	machine(skx, NR(skx));
	others = 100;
	open_uncore("memory-read", 1, 0);
	others = 0;
	count(1000);
	v = ch_value(f.s, "uncore.memory_read_baseline_per_s", -1);
	assert_int_equal(v->state, VALUE_EXACT);
	assert_true(v->value > 0);
	assert_string_equal(v->unit, "bytes/s");
	assert_non_null(strstr(v->note, "1 ms"));
	ch_is(f.s, "uncore.memory_read", -1, 4 * bytes(0x304, 1000));
	gone();
}

/* Two nodes in a socket: a socket is no node. */
static void test_clusters(void **state)
{
	static const struct fake_file more[] = {
		{ NODE "has_cpu", "0-3\n" },
		{ NODE "node0/cpulist", "0-3\n" },
		{ NODE "node1/cpulist", "4-7\n" },
		{ NODE "node2/cpulist", "8-11\n" },
		{ NODE "node3/cpulist", "12-15\n" },
		{ CPU "cpu4/topology/physical_package_id", "0\n" },
		{ CPU "cpu12/topology/physical_package_id", "1\n" },
	};

	(void)state;
	machine(skx, NR(skx));
	for (size_t i = 0; i < NR(more); i++)
		fake_write(&f.h, &more[i]);
	open_uncore("memory-read", 0, 0);
	count(10);
	assert_true(ch_has(f.s, "uncore.memory_read_s1", -1));
	assert_false(ch_has(f.s, "uncore.memory_read_n0", -1));
	gone();
}

/* Nobody says which socket: the sum is there all the same. */
static void test_no_topology(void **state)
{
	(void)state;
	machine(skx, 8);
	open_uncore("memory-read", 0, 0);
	count(10);
	ch_is(f.s, "uncore.memory_read", -1, 4 * bytes(0x304, 10));
	assert_false(ch_has(f.s, "uncore.memory_read_s0", -1));
	assert_false(ch_has(f.s, "uncore.memory_read_n0", -1));
	gone();
}

/* An alias of sysfs brings its own scale: 1/16384 MiB are 64 bytes. */
static void test_alias(void **state)
{
	static const struct fake_file icx[] = {
		{ "/proc/cpuinfo",
		  "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 106\nstepping\t: 6\n" },
		{ PMUS "uncore_imc_3/type", "23\n" },
		{ PMUS "uncore_imc_3/cpumask", "4\n" },
		{ PMUS "uncore_imc_3/format/event", "config:0-7\n" },
		{ PMUS "uncore_imc_3/format/umask", "config:8-15\n" },
		{ PMUS "uncore_imc_3/events/cas_count_read", "event=0x04,umask=0x0f\n" },
		{ PMUS "uncore_imc_3/events/cas_count_read.scale", "6.103515625e-5\n" },
		{ PMUS "uncore_imc_3/events/cas_count_read.unit", "MiB\n" },
	};

	(void)state;
	machine(icx, NR(icx));
	open_uncore("memory-read", 0, 0);
	count(100);
	is_near("uncore.memory_read", 64 * 100 * perf_fake_rate(23, 0xf04, PERF_BOTH));
	gone();
}

/* AMD: one L3 PMU for each cache, all of one name; bandwidth by UMC. */
static void test_amd(void **state)
{
	static const struct fake_file zen4[] = {
		{ "/proc/cpuinfo",
		  "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nstepping\t: 1\n" },
		{ PMUS "amd_l3/type", "11\n" },
		{ PMUS "amd_l3/cpumask", "0,8,16\n" },
		{ PMUS "amd_l3/format/event", "config:0-7\n" },
		{ PMUS "amd_l3/format/umask", "config:8-15\n" },
		{ PMUS "amd_umc_0/type", "12\n" },
		{ PMUS "amd_umc_0/cpumask", "0\n" },
		{ PMUS "amd_umc_0/format/event", "config:0-7\n" },
		{ PMUS "amd_umc_0/format/rdwrmask", "config:8-9\n" },
	};

	(void)state;
	machine(zen4, NR(zen4));
	open_uncore("l3-misses l3-accesses,memory-read", 0, 0);
	count(10);
	ch_is(f.s, "uncore.l3_misses", -1, 3 * 10 * perf_fake_rate(11, 0x104, PERF_BOTH));
	ch_is(f.s, "uncore.l3_accesses", -1, 3 * 10 * perf_fake_rate(11, 0xff04, PERF_BOTH));
	ch_is(f.s, "uncore.memory_read", -1, bytes(0x10a, 10));
	gone();
}

/* ---- what goes wrong ---- */

static void test_refusals(void **state)
{
	static const struct {
		int error;
		const char *text; /* of the note */
	} cases[] = {
		{ EACCES, "EACCES" }, { EPERM, "EPERM" },   { ENOENT, "ENOENT" },
		{ EINVAL, "EINVAL" }, { EMFILE, "EMFILE" }, { ENODEV, "ENODEV" },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		const struct perf_fake_rule rule[] = {
			{ cases[i].error, -1, -1, -1, 0 },
			{ 0, 0, 0, 0, 0 },
		};

		machine(skx, NR(skx));
		perf_fake.rule = rule;
		open_uncore("memory-read,memory-write", 1, 1);
		count(10);
		ch_lacks(f.s, "uncore.memory_read", cases[i].text);
		ch_lacks(f.s, "uncore.memory_write", cases[i].text);
		assert_int_equal(f.s->nr, 2);
		gone();
	}
}

/* One box of four is refused: no number, and the other three are closed again. */
static void test_one_box_refused(void **state)
{
	static const struct perf_fake_rule rule[] = { { EBUSY, 21, -1, -1, 0 }, { 0, 0, 0, 0, 0 } };

	(void)state;
	machine(skx, NR(skx));
	perf_fake.rule = rule;
	open_uncore("memory-read", 0, 0);
	assert_int_equal(perf_fake_leaks(), 0);
	count(10);
	ch_lacks(f.s, "uncore.memory_read", "EBUSY");
	gone();
}

static void test_no_pmu(void **state)
{
	(void)state;
	machine(skx, 2);
	open_uncore("bandwidth", 1, 0);
	count(10);
	ch_lacks(f.s, "uncore.memory_read", "no PMU 'uncore_imc' in sysfs");
	ch_lacks(f.s, "uncore.link_traffic", "no PMU 'uncore_upi' in sysfs");
	assert_int_equal(f.s->nr, 6);
	gone();
}

/* Counters that others hold for part of the time, never run, or are read short. */
static void test_counters(void **state)
{
	const struct value *v;

	(void)state;
	machine(skx, NR(skx));
	perf_fake.share = 0.5;
	open_uncore("memory-read", 0, 0);
	count(1000);
	v = ch_value(f.s, "uncore.memory_read", -1);
	assert_int_equal(v->state, VALUE_SCALED);
	assert_true(fabs(v->share - 0.5) < 0.01);
	gone();

	machine(skx, NR(skx));
	perf_fake.stopped = true;
	open_uncore("memory-read", 0, 0);
	count(1000);
	assert_int_equal(ch_value(f.s, "uncore.memory_read", -1)->state, VALUE_UNAVAILABLE);
	assert_int_equal(ch_value(f.s, "uncore.memory_read_per_s", -1)->state, VALUE_UNAVAILABLE);
	assert_int_equal(ch_value(f.s, "uncore.memory_read_s0", -1)->state, VALUE_UNAVAILABLE);
	gone();

	machine(skx, NR(skx));
	open_uncore("memory-read", 0, 0);
	perf_fake.read_bytes = 3;
	count(1000);
	assert_int_equal(ch_value(f.s, "uncore.memory_read", -1)->state, VALUE_UNAVAILABLE);
	gone();
}

static void test_names(void **state)
{
	static const struct {
		const char *names, *message; /* NULL: right */
	} cases[] = {
		{ "bandwidth", NULL },
		{ "memory-read, memory_write", NULL },
		{ "bandwidth,l3-misses", NULL },
		{ "", "expected a name" },
		{ " , ", "expected a name" },
		{ "memory-reed", "no quantity and no group 'memory-reed'" },
		{ "cycles", "'cycles' is a thread's" },
		{ "cache", "'cycles' is a thread's" },
		{ "a-name-that-is-much-longer-than-any-name-of-a-quantity-could-ever-be",
		  "too long" },
	};
	struct ev_db *db;
	struct err e;

	(void)state;
	assert_int_equal(ev_db_open(&db, NULL, &e), 0);
	for (size_t i = 0; i < NR(cases); i++) {
		int rc = uncore_names_check(cases[i].names, db, &e);

		assert_int_equal(rc, cases[i].message ? -EINVAL : 0);
		if (rc && !strstr(e.text, cases[i].message))
			fail_msg("'%s': %s", cases[i].names, e.text);
	}
	ev_db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),	 cmocka_unit_test(test_group_and_factors),
		cmocka_unit_test(test_boxes),	 cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_clusters), cmocka_unit_test(test_no_topology),
		cmocka_unit_test(test_alias),	 cmocka_unit_test(test_amd),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_one_box_refused),
		cmocka_unit_test(test_no_pmu),	 cmocka_unit_test(test_counters),
		cmocka_unit_test(test_names),
	};

	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests_name("uncore", tests, NULL, NULL);
}
