/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An invented machine for tests of the doctor: files of /proc and /sys. */

#include "tests/doctor_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void doctor_help_put(const char *root, const char *path, const char *text)
{
	char full[512];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *c = full + strlen(root) + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			mkdir(full, 0755);
			*c = '/';
		}
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

#define CPU "/sys/devices/system/cpu/"
#define NODE "/sys/devices/system/node/"

/* Two sockets of two cores, a node in each; Intel, bare metal. */
static const struct {
	const char *path, *text;
} files[] = {
	{ "/proc/cpuinfo",
	  "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n"
	  "model name\t: Invented Xeon 1\nstepping\t: 4\nmicrocode\t: 0x2007006\n"
	  "flags\t\t: fpu tsc constant_tsc nonstop_tsc cqm_llc cqm_mbm_total\n\n"
	  "processor\t: 1\nmodel name\t: other\n" },
	{ "/proc/sys/kernel/osrelease", "6.1.0-invented\n" },
	{ "/proc/sys/kernel/numa_balancing", "1\n" },
	{ "/proc/sys/kernel/nmi_watchdog", "1\n" },
	{ "/proc/sys/kernel/perf_event_paranoid", "3\n" },
	{ "/proc/sys/kernel/kptr_restrict", "1\n" },
	{ "/proc/sys/kernel/yama/ptrace_scope", "1\n" },
	{ "/proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\nSeccomp:\t2\n" },
	{ "/proc/self/uid_map", "         0          0 4294967295\n" },
	{ "/proc/self/cgroup", "0::/box\n" },
	{ "/sys/fs/cgroup/box/cpu.max", "50000 100000\n" },
	{ "/proc/filesystems", "nodev\tsysfs\nnodev\tresctrl\n" },
	{ "/proc/loadavg", "1.50 1.00 0.50 1/100 4711\n" },
	{ "/proc/pressure/cpu", "some avg10=7.25 avg60=1.00 avg300=0.00 total=1\n" },
	{ "/proc/stat", "cpu  80 0 10 0 0 0 0 10 0 0\ncpu0 80 0 10 0 0 0 0 10 0 0\n" },
	{ "/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n" },
	{ "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "0\n" },
	{ "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "5\n" },
	{ "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n" },
	{ "/sys/bus/event_source/devices/cpu/type", "4\n" },
	{ "/sys/bus/event_source/devices/cpu/rdpmc", "0\n" },
	{ CPU "smt/control", "on\n" },
	{ CPU "cpu0/cpufreq/scaling_governor", "powersave\n" },
	{ CPU "cpu0/cpufreq/scaling_driver", "intel_pstate\n" },
	{ CPU "intel_pstate/no_turbo", "0\n" },
	{ CPU "online", "0-3\n" },
	{ CPU "possible", "0-3\n" },
	{ CPU "present", "0-3\n" },
	{ NODE "online", "0-1\n" },
	{ NODE "node0/cpumap", "3\n" },
	{ NODE "node0/distance", "10 21\n" },
	{ NODE "node0/meminfo", "Node 0 MemTotal: 1048576 kB\n" },
	{ NODE "node0/numastat", "numa_hit 1\n" },
	{ NODE "node1/cpumap", "c\n" },
	{ NODE "node1/distance", "21 10\n" },
	{ NODE "node1/meminfo", "Node 1 MemTotal: 2097152 kB\n" },
};

static void put_cache(const char *root, unsigned cpu, unsigned index, unsigned level,
		      const char *type, const char *size, const char *sets, const char *ways)
{
	const struct {
		const char *name, *text;
	} all[] = {
		{ "type", type },
		{ "size", size },
		{ "number_of_sets", sets },
		{ "ways_of_associativity", ways },
		{ "coherency_line_size", "64" },
		{ "physical_line_partition", "1" },
	};
	char path[128], text[16];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(path, sizeof(path), CPU "cpu%u/cache/index%u/%s", cpu, index, all[i].name);
		doctor_help_put(root, path, all[i].text);
	}
	snprintf(path, sizeof(path), CPU "cpu%u/cache/index%u/level", cpu, index);
	snprintf(text, sizeof(text), "%u", level);
	doctor_help_put(root, path, text);
	snprintf(path, sizeof(path), CPU "cpu%u/cache/index%u/shared_cpu_map", cpu, index);
	snprintf(text, sizeof(text), "%x", 1u << cpu);
	doctor_help_put(root, path, text);
}

static void put_cpu(const char *root, unsigned cpu)
{
	const struct {
		const char *name;
		unsigned value;
		const char *fmt;
	} all[] = {
		{ "thread_siblings", 1u << cpu, "%x" },
		{ "core_cpus", 1u << cpu, "%x" },
		{ "core_id", cpu, "%u" },
		{ "physical_package_id", cpu / 2, "%u" },
		{ "core_siblings", cpu < 2 ? 3 : 12, "%x" },
		{ "package_cpus", cpu < 2 ? 3 : 12, "%x" },
	};
	char path[128], text[16];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(path, sizeof(path), CPU "cpu%u/topology/%s", cpu, all[i].name);
		snprintf(text, sizeof(text), all[i].fmt[1] == 'x' ? "%x" : "%u", all[i].value);
		doctor_help_put(root, path, text);
	}
	put_cache(root, cpu, 0, 1, "Data", "48K", "64", "12");
	put_cache(root, cpu, 1, 2, "Unified", "2048K", "2048", "16");
}

int doctor_help_make(char *root, size_t len)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, len, "%.40s/doctor-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		doctor_help_put(root, files[i].path, files[i].text);
	for (unsigned cpu = 0; cpu < 4; cpu++)
		put_cpu(root, cpu);
	return 0;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *where)
{
	(void)s;
	(void)type;
	(void)where;
	return remove(path);
}

int doctor_help_remove(const char *root)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
