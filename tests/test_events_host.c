/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines as files: which PMU a CPU has, and what the candidates of a quantity are: in which order,
 * on hybrids, with and without libpfm4.
 */

#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collectors/perf/ev.h"
#include "tests/events_help.h"
#include "tests/fake_host.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define CPU "/sys/devices/system/cpu/"

/* ---- which CPU ---- */

static void test_cpus(void **state)
{
	static const struct {
		const char *cpuinfo, *midr, *pmu;
	} cases[] = {
		{ X86("GenuineIntel", "6", "85", "4"), NULL, "skx" },
		{ X86("GenuineIntel", "6", "85", "7"), NULL, "clx" },
		{ X86("GenuineIntel", "6", "106", "6"), NULL, "icx" },
		{ X86("GenuineIntel", "6", "143", "8"), NULL, "spr" },
		{ X86("GenuineIntel", "6", "158", "13"), NULL, "skl" },
		{ X86("GenuineIntel", "6", "154", "3"), NULL, "adl_glc" },
		{ X86("GenuineIntel", "15", "2", "9"), NULL, "netburst" },
		{ X86("GenuineIntel", "6", "254", "1"), NULL, "" },
		{ X86("AuthenticAMD", "23", "1", "2"), NULL, "amd64_fam17h_zen1" },
		{ X86("AuthenticAMD", "23", "49", "0"), NULL, "amd64_fam17h_zen2" },
		{ X86("AuthenticAMD", "25", "1", "1"), NULL, "amd64_fam19h_zen3" },
		{ X86("AuthenticAMD", "25", "17", "1"), NULL, "amd64_fam19h_zen4" },
		{ X86("AuthenticAMD", "26", "2", "1"), NULL, "amd64_fam1ah_zen5" },
		{ X86("SomebodyElse", "6", "85", "4"), NULL, "" },
		{ "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n", NULL, "arm_n1" },
		{ "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n",
		  "0x00000000410fd490\n", "arm_n2" },
		{ "processor\t: 0\nCPU implementer\t: 0x48\nCPU part\t: 0xd01\n", NULL,
		  "arm_kunpeng" },
		{ "processor\t: 0\nCPU implementer\t: 0x61\nCPU part\t: 0x022\n", NULL, "" },
		{ "processor\t: 0\ncpu\t\t: POWER9, altivec supported\nclock\t: 3\n", NULL,
		  "power9" },
		{ "processor\t: 0\ncpu\t\t: POWER8E (raw), altivec supported\n", NULL, "power8" },
		{ "processor\t: 0\ncpu\t\t: POWER10 (architected)\n", NULL, "power10" },
		{ "", NULL, "" },
		{ "no colon here\n: nor a name\n", NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < NR(cases); i++) {
		const struct fake_file f[] = {
			{ "/proc/cpuinfo", cases[i].cpuinfo },
			{ CPU "cpu0/regs/identification/midr_el1", cases[i].midr },
		};
		struct ev_host *host;
		struct hostfs h;

		fake_host(&h, f, cases[i].midr ? 2 : 1);
		host = open_host(&h);
		assert_string_equal(ev_host_pmu(host), cases[i].pmu);
		assert_int_equal(host->core[0].type, PERF_TYPE_RAW);
		ev_host_close(host);
		fake_remove(&h);
	}
}

/* Every PMU of the table has rows, and none of the names that the rows have is misspelt there. */
static void test_cpu_table_has_rows(void **state)
{
	static const char *const vendors[] = { "GenuineIntel", "AuthenticAMD" };
	struct ev_db *db = shipped();
	unsigned known = 0;

	(void)state;
	for (size_t v = 0; v < NR(vendors); v++)
		for (unsigned family = 0; family < 32; family++)
			for (unsigned model = 0; model < 256; model++) {
				const char *little;
				const char *pmu = ev_cpu_x86(vendors[v], family, model, 0, &little);

				if (*pmu && !ev_db_row(db, pmu, "cycles", NULL))
					fail_msg("%s has no rows", pmu);
				if (*little && !ev_db_row(db, little, "cycles", NULL))
					fail_msg("%s has no rows", little);
				known += *pmu != '\0';
			}
	assert_true(known > 300);
	ev_db_close(db);
}

/* ---- candidates ---- */

static void test_order(void **state)
{
	static const struct fake_file f[] = {
		{ "/proc/cpuinfo", X86("AuthenticAMD", "26", "2", "1") },
		{ PMUS "cpu/type", "4\n" },
		{ PMUS "cpu/format/event", "config:0-7,32-35\n" },
		{ PMUS "cpu/events/cpu-cycles", "event=0x76\n" },
	};
	struct ev_candidate c[EV_CANDIDATES_MAX];
	struct ev_db *db = shipped();
	struct perf_refusal why;
	struct ev_host *host;
	struct hostfs h;

	(void)state;
	fake_host(&h, f, NR(f));
	host = open_host(&h);
	/* the row's code, the alias, the generic event */
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "cycles"), c, &why), 3);
	assert_int_equal(c[0].origin, EV_RAW);
	assert_int_equal(c[1].origin, EV_SYSFS);
	assert_int_equal(c[2].origin, EV_GENERIC);
	assert_true(c[0].term[0].event.config == 0x76 && c[1].term[0].event.config == 0x76);
	assert_string_equal(c[0].unit, "cycles");
	assert_string_equal(c[0].pmu, "amd64_fam1ah_zen5");
	/* where the row says that there is none, nothing else is tried, and the row's reason is told */
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "llc-misses"), c, &why), 0);
	assert_non_null(strstr(why.reason, "l3-misses"));
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "page-faults"), c, &why), 1);
	assert_int_equal(c[0].origin, EV_SOFTWARE);
	ev_host_close(host);
	ev_db_close(db);
	fake_remove(&h);
}

/* A CPU that no table knows: its aliases, then Linux' own names. */
static void test_unknown_arm(void **state)
{
	static const struct fake_file f[] = {
		{ "/proc/cpuinfo", "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd84\n" },
		{ PMUS "armv8_pmuv3_0/type", "8\n" },
		{ PMUS "armv8_pmuv3_0/cpus", "0-3\n" },
		{ PMUS "armv8_pmuv3_0/format/event", "config:0-15\n" },
		{ PMUS "armv8_pmuv3_0/events/l1d_cache_refill", "event=0x0003\n" },
		{ PMUS "arm_spe_0/type", "9\n" },
	};
	struct ev_candidate c[EV_CANDIDATES_MAX];
	struct ev_db *db = shipped();
	struct ev_host *host;
	struct hostfs h;
	int n;

	(void)state;
	fake_host(&h, f, NR(f));
	host = open_host(&h);
	assert_string_equal(ev_host_pmu(host), "");
	assert_int_equal(host->nr_cores, 1);
	n = ev_candidates(db, host, ev_db_quantity(db, "l1d-misses"), c, NULL);
	assert_true(n >= 1);
	assert_string_equal(c[0].expression, "cpu/l1d_cache_refill/");
	assert_int_equal(c[0].term[0].event.type, 8);
	assert_true(c[0].term[0].event.config == 3);
	ev_host_close(host);
	ev_db_close(db);
	fake_remove(&h);
}

static const struct fake_file hybrid_files[] = {
	{ "/proc/cpuinfo", X86("GenuineIntel", "6", "151", "2") },
	{ PMUS "cpu_core/type", "4\n" },
	{ PMUS "cpu_core/cpus", "0-15\n" },
	{ PMUS "cpu_atom/type", "10\n" },
	{ PMUS "cpu_atom/cpus", "16-23\n" },
	{ PMUS "cpu_atom/format/event", "config:0-7\n" },
	{ PMUS "cpu_atom/format/umask", "config:8-15\n" },
};

static void test_hybrid(void **state)
{
	const struct ev_quantity *loads, *branches;
	struct ev_candidate c[EV_CANDIDATES_MAX];
	struct ev_db *db = shipped();
	unsigned cpu[] = { 17, 18 };
	struct ev_host *host;
	struct hostfs h;
	struct err e;
	int n;

	(void)state;
	loads = ev_db_quantity(db, "l1d-accesses");
	branches = ev_db_quantity(db, "branches");
	fake_host(&h, hybrid_files, NR(hybrid_files));
	host = open_host(&h);
	n = ev_candidates(db, host, loads, c, NULL);
	assert_true(n >= 3);
	assert_string_equal(c[0].pmu, "adl_glc");
	assert_int_equal(c[0].term[0].event.type, 4);
	assert_non_null(strstr(c[0].note, "counts on cpu_core only"));
	/* the workers are pinned to the small ones */
	assert_int_equal(ev_host_limit(host, cpu, 2), 0);
	n = ev_candidates(db, host, loads, c, NULL);
	assert_string_equal(ev_host_pmu(host), "adl_grt");
	assert_string_equal(c[0].pmu, "adl_grt");
	assert_int_equal(c[0].nr_terms, 2);
	assert_int_equal(c[0].term[1].event.type, 10);
	assert_true(c[0].term[1].event.config == 0x82d0);
	assert_null(strstr(c[0].note, "counts on"));
	/* a generic event names the PMU in its upper half */
	n = ev_candidates(db, host, branches, c, NULL);
	assert_true(n >= 2);
	assert_true(c[n - 1].term[0].event.config == (UINT64_C(10) << 32 | 4));
	/* what a user writes is for the same cores */
	assert_int_equal(ev_expression(host, "r01b7", &c[0], &e), 0);
	assert_int_equal(c[0].term[0].event.type, 10);
	assert_int_equal(ev_expression(host, "cpu/event=0x34,umask=7/", &c[0], &e), 0);
	assert_int_equal(c[0].term[0].event.type, 10);
	ev_host_close(host);
	ev_db_close(db);
	fake_remove(&h);
}

/* The same row by libpfm4 and without it: the same event. */
static void test_with_and_without_library(void **state)
{
	struct ev_candidate with[EV_CANDIDATES_MAX], without[EV_CANDIDATES_MAX];
	struct ev_db *db = shipped();
	struct ev_host *a, *b;
	struct err e;

	(void)state;
	assert_int_equal(ev_host_pretend(&a, "skx", EV_PFM_LIBRARY, &e), 0);
	assert_int_equal(ev_host_pretend(&b, "skx", NO_LIBRARY, &e), 0);
	if (!*ev_host_libpfm(a) || strcmp(ev_pfm_arch(), "amd64")) {
		print_message("no libpfm4 for x86-64 here\n");
		skip();
	}
	for (unsigned i = 0; i < db->nr_quantities; i++) {
		int n = ev_candidates(db, a, db->quantity[i], with, NULL);
		int m = ev_candidates(db, b, db->quantity[i], without, NULL);

		assert_int_equal(n, m);
		for (int k = 0; k < n; k++) {
			assert_string_equal(with[k].note, without[k].note);
			assert_int_equal(with[k].nr_terms, without[k].nr_terms);
			for (unsigned t = 0; t < with[k].nr_terms; t++) {
				const struct perf_event *x = &with[k].term[t].event;
				const struct perf_event *y = &without[k].term[t].event;

				assert_true(x->type == y->type && x->config == y->config &&
					    x->config1 == y->config1 && x->precise == y->precise);
			}
			if (!strncmp(with[k].expression, "skx::", 5)) {
				assert_int_equal(with[k].origin, EV_ROW);
				assert_int_equal(without[k].origin, EV_RAW);
			}
		}
	}
	ev_host_close(a);
	ev_host_close(b);
	ev_db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpus),   cmocka_unit_test(test_cpu_table_has_rows),
		cmocka_unit_test(test_order),  cmocka_unit_test(test_unknown_arm),
		cmocka_unit_test(test_hybrid), cmocka_unit_test(test_with_and_without_library),
	};

	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests_name("events_host", tests, NULL, NULL);
}
