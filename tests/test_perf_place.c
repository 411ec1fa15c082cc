/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which reason and which remedy a refusal has, by what was asked and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/perf/event.h"
#include "lib/hostfs.h"
#include "tests/temp_help.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const struct perf_event raw = { .type = PERF_TYPE_RAW, .config = 0x151 };
static const struct perf_event precise = { .type = PERF_TYPE_RAW, .config = 0x1cd, .precise = 2 };
static const struct perf_event faults = { .type = PERF_TYPE_SOFTWARE,
					  .config = PERF_COUNT_SW_PAGE_FAULTS };
static const struct perf_event migrations = { .type = PERF_TYPE_SOFTWARE,
					      .config = PERF_COUNT_SW_CPU_MIGRATIONS };
static const struct perf_event clock = { .type = PERF_TYPE_SOFTWARE,
					 .config = PERF_COUNT_SW_TASK_CLOCK };
static const struct perf_event imc = { .type = 20, .no_exclude = true, .cpu_wide = true };

#define BARE                                                   \
	{                                                      \
		.paranoid = 2, .pmu = true, .open_files = 1024 \
	}
#define GUEST                                                                                   \
	{                                                                                       \
		.paranoid = 2, .hypervisor = true, .hypervisor_name = "KVM", .open_files = 1024 \
	}
#define NAMELESS                                                      \
	{                                                             \
		.paranoid = 2, .hypervisor = true, .open_files = 1024 \
	}
#define NO_PMU                                    \
	{                                         \
		.paranoid = 2, .open_files = 1024 \
	}
#define DEBIAN3                            \
	{                                  \
		.paranoid = 3, .pmu = true \
	}
#define UBUNTU4                            \
	{                                  \
		.paranoid = 4, .pmu = true \
	}
#define ROOT                                                \
	{                                                   \
		.paranoid = 2, .pmu = true, .perfmon = true \
	}
#define HIDDEN                                                 \
	{                                                      \
		.paranoid = PERF_PARANOID_UNKNOWN, .pmu = true \
	}

static const struct {
	int error;
	const struct perf_event *ev;
	enum perf_side side;
	struct perf_place place;
	const char *reason, *remedy;
} rows[] = {
	{ ENOENT, &raw, PERF_USER, GUEST, "no hardware PMU in this KVM guest", "-cpu host,pmu=on" },
	{ ENOENT, &raw, PERF_KERNEL, GUEST, "no hardware PMU in this KVM guest", "bare metal" },
	{ ENOENT, &raw, PERF_USER, NAMELESS, "no hardware PMU in this virtual guest", "pmu=on" },
	{ ENOENT, &raw, PERF_USER, NO_PMU, "no hardware PMU: the kernel has no driver", "dmesg" },
	{ ENOENT, &raw, PERF_USER, BARE, "does not have the event", "perf_events" },
	{ ENOENT, &faults, PERF_USER, GUEST, "does not know the software event", "newer kernel" },
	{ ENOENT, &imc, PERF_USER, GUEST, "no such PMU", "intel_uncore" },
	{ EACCES, &imc, PERF_USER, BARE, "paranoid=2 forbids counting whole CPUs", "paranoid=0" },
	{ EACCES, &raw, PERF_KERNEL, BARE, "paranoid=2 forbids counting the kernel's side",
	  "sysctl -w kernel.perf_event_paranoid=1" },
	{ EACCES, &raw, PERF_BOTH, BARE, "the kernel's side", "cap_perfmon" },
	{ EACCES, &faults, PERF_KERNEL, BARE, "the kernel's side", "perf_side=user" },
	{ EACCES, &migrations, PERF_USER, BARE, "in the kernel, where switches are counted",
	  "collect=rusage" },
	{ EACCES, &raw, PERF_USER, DEBIAN3, "paranoid=3 forbids all counting", "paranoid=2" },
	{ EACCES, &clock, PERF_KERNEL, DEBIAN3, "paranoid=3 forbids all counting", "paranoid=2" },
	{ EACCES, &faults, PERF_USER, UBUNTU4, "paranoid=4 forbids all counting", "paranoid=2" },
	{ EACCES, &raw, PERF_KERNEL, UBUNTU4, "paranoid=4 forbids counting the kernel's",
	  "paranoid=1" },
	{ EACCES, &raw, PERF_KERNEL, ROOT, "although CAP_PERFMON is there", "audit log" },
	{ EACCES, &raw, PERF_USER, BARE, "not permitted", "audit" },
	{ EACCES, &raw, PERF_KERNEL, HIDDEN, "paranoid=(unknown)", "paranoid=1" },
	{ EPERM, &raw, PERF_USER, BARE, "seccomp", "--cap-add PERFMON" },
	{ EPERM, &faults, PERF_USER, ROOT, "seccomp", "seccomp=PROFILE" },
	{ ENOSYS, &faults, PERF_USER, BARE, "no perf_event_open", "sandbox" },
	{ ENODEV, &raw, PERF_USER, BARE, "lacks what the event asks for", "bare metal" },
	{ ENODEV, &imc, PERF_USER, BARE, "off line", "cpumask" },
	{ EOPNOTSUPP, &precise, PERF_USER, BARE, "precise samples", "without precision" },
	{ EOPNOTSUPP, &imc, PERF_USER, BARE, "cannot tell user and kernel apart", "both sides" },
	{ EOPNOTSUPP, &raw, PERF_USER, BARE, "does not offer", "another event" },
	{ EINVAL, &precise, PERF_USER, BARE, "precision", "less precision" },
	{ EINVAL, &imc, PERF_USER, BARE, "for one thread", "collect=uncore" },
	{ EINVAL, &raw, PERF_USER, BARE, "refuses the event's code", "fewer events" },
	{ EMFILE, &raw, PERF_USER, BARE, "limit: 1024", "ulimit -n" },
	{ ENFILE, &raw, PERF_USER, BARE, "whole system", "fs.file-max" },
	{ ENOSPC, &raw, PERF_USER, BARE, "no counter is left", "stop what else" },
	{ EBUSY, &raw, PERF_USER, BARE, "for himself", "nmi_watchdog=0" },
	{ E2BIG, &raw, PERF_USER, BARE, "too old", "newer kernel" },
	{ EINTR, &raw, PERF_USER, BARE, "signals", "timer" },
	{ ENOMEM, &raw, PERF_USER, BARE, "no memory", "count less" },
	{ ESRCH, &raw, PERF_USER, BARE, "gone", "" },
	{ EIO, &raw, PERF_USER, BARE, "perf_event_open failed: Input/output error", "" },
	{ 4711, &raw, PERF_USER, BARE, "perf_event_open failed: ", "" },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(rows); i++) {
		struct perf_refusal r;
		char text[500], name[24], want[64];

		perf_refusal_of(&r, rows[i].error, rows[i].ev, rows[i].side, &rows[i].place);
		if (!strstr(r.reason, rows[i].reason) || !strstr(r.remedy, rows[i].remedy))
			fail_msg("row %zu: '%s' '%s'", i, r.reason, r.remedy);
		assert_int_equal(r.error, rows[i].error);
		assert_true(strlen(r.reason) < PERF_REASON_MAX - 1);
		assert_true(strlen(r.remedy) < PERF_REASON_MAX - 1);
		perf_refusal_text(&r, text, sizeof(text));
		snprintf(want, sizeof(want), " (%s)",
			 perf_errno_name(rows[i].error, name, sizeof(name)));
		assert_non_null(strstr(text, want));
		assert_int_equal(strstr(text, ". Remedy: ") != NULL, *r.remedy != '\0');
	}
}

static void test_text(void **state)
{
	struct perf_refusal r = { 0, "first\nsecond", "" };
	char text[500], small[8];

	(void)state;
	assert_string_equal(perf_refusal_text(&r, text, sizeof(text)), "first second");
	r.error = ENOENT;
	strcpy(r.remedy, "do it");
	assert_string_equal(perf_refusal_text(&r, text, sizeof(text)),
			    "first second (ENOENT). Remedy: do it");
	assert_string_equal(perf_refusal_text(&r, small, sizeof(small)), "first s");
	assert_string_equal(perf_errno_name(EOPNOTSUPP, text, sizeof(text)), "EOPNOTSUPP");
	assert_string_equal(perf_errno_name(4711, text, sizeof(text)), "errno 4711");
}

/* ---- the place ---- */

#define CAPS "Name:\tx\nCapPrm:\t000001ffffffffff\nCapEff:\t"
#define ALL "0000004000200000"
#define FLAGS "processor\t: 0\nflags\t\t: fpu hypervisor sse\nprocessor\t: 1\nflags\t\t: fpu\n"
#define NO_FLAG "processor\t: 0\nflags\t\t: fpu sse hypervisorish\n"
#define ARM "processor\t: 0\nFeatures\t: fp asimd\n"

struct file {
	const char *path, *text; /* text NULL: a folder */
};

static const struct {
	struct file file[8];
	struct perf_place want; /* open_files is this process's */
} places[] = {
	{ { { "/proc/x", "" } }, { .paranoid = PERF_PARANOID_UNKNOWN } },
	{ { { "/proc/sys/kernel/perf_event_paranoid", "-1\n" } }, { .paranoid = -1 } },
	{ { { "/proc/sys/kernel/perf_event_paranoid", "4\n" } }, { .paranoid = 4 } },
	{ { { "/proc/sys/kernel/perf_event_paranoid", "2 3\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN } },
	{ { { "/proc/sys/kernel/perf_event_paranoid", "99999999999999999999\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN } },
	{ { { "/proc/self/status", CAPS "0000004000000000\nSeccomp:\t0\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .perfmon = true } },
	{ { { "/proc/self/status", CAPS "0000000000200000\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .perfmon = true } },
	{ { { "/proc/self/status", CAPS "0000000000000400\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN } },
	{ { { "/proc/self/status", CAPS "\n" } }, { .paranoid = PERF_PARANOID_UNKNOWN } },
	/* a container's root is nobody outside of it */
	{ { { "/proc/self/status", CAPS ALL "\n" },
	    { "/proc/self/uid_map", "         0     100000      65536\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN } },
	{ { { "/proc/self/status", CAPS ALL "\n" },
	    { "/proc/self/uid_map", "         0          0 4294967295\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .perfmon = true } },
	/* PMUs of cores, and others */
	{ { { "/sys/bus/event_source/devices/cpu", NULL } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .pmu = true } },
	{ { { "/sys/bus/event_source/devices/cpu_atom", NULL } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .pmu = true } },
	{ { { "/sys/bus/event_source/devices/armv8_pmuv3_0", NULL } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .pmu = true } },
	{ { { "/sys/bus/event_source/devices/software", NULL },
	    { "/sys/bus/event_source/devices/uncore_imc_0", NULL },
	    { "/sys/bus/event_source/devices/msr", NULL },
	    { "/sys/bus/event_source/devices/arm_spe_0", NULL } },
	  { .paranoid = PERF_PARANOID_UNKNOWN } },
	/* guests */
	{ { { "/proc/cpuinfo", FLAGS } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .hypervisor = true } },
	{ { { "/proc/cpuinfo", NO_FLAG } }, { .paranoid = PERF_PARANOID_UNKNOWN } },
	{ { { "/proc/cpuinfo", FLAGS }, { "/sys/class/dmi/id/sys_vendor", "QEMU\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .hypervisor = true, .hypervisor_name = "QEMU" } },
	{ { { "/proc/cpuinfo", FLAGS }, { "/sys/hypervisor/type", "xen\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .hypervisor = true, .hypervisor_name = "Xen" } },
	{ { { "/proc/cpuinfo", FLAGS }, { "/sys/class/dmi/id/product_name", "Virtual Machine\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .hypervisor = true, .hypervisor_name = "Hyper-V" } },
	/* a cloud's bare metal */
	{ { { "/proc/cpuinfo", NO_FLAG }, { "/sys/class/dmi/id/sys_vendor", "Amazon EC2\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN } },
	{ { { "/proc/cpuinfo", ARM }, { "/sys/class/dmi/id/sys_vendor", "QEMU\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN, .hypervisor = true, .hypervisor_name = "QEMU" } },
	{ { { "/proc/cpuinfo", ARM }, { "/sys/class/dmi/id/sys_vendor", "HPE\n" } },
	  { .paranoid = PERF_PARANOID_UNKNOWN } },
};

static void make_file(const char *root, const struct file *f)
{
	char path[400];
	FILE *out;

	snprintf(path, sizeof(path), "%s%s", root, f->path);
	for (char *c = path + strlen(root) + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			mkdir(path, 0777);
			*c = '/';
		}
	if (!f->text) {
		assert_int_equal(mkdir(path, 0777), 0);
		return;
	}
	out = fopen(path, "w");
	assert_non_null(out);
	assert_true(fputs(f->text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

static void test_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(places); i++) {
		char root[TEMP_MAX], rm[TEMP_MAX + 16];
		const struct perf_place *want = &places[i].want;
		struct perf_place p;
		struct hostfs fs;

		assert_non_null(temp_folder(root, "place"));
		for (const struct file *f = places[i].file; f->path; f++)
			make_file(root, f);
		snprintf(fs.root, sizeof(fs.root), "%s", root);
		memset(&p, 0x5a, sizeof(p));
		perf_place_read(&p, &fs);
		if (p.paranoid != want->paranoid || p.perfmon != want->perfmon ||
		    p.pmu != want->pmu || p.hypervisor != want->hypervisor || p.emulated ||
		    strcmp(p.hypervisor_name, want->hypervisor_name))
			fail_msg("row %zu: %d %d %d %d '%s'", i, p.paranoid, p.perfmon, p.pmu,
				 p.hypervisor, p.hypervisor_name);
		assert_true(p.open_files > 0);
		snprintf(rm, sizeof(rm), "rm -r %s", root);
		assert_int_equal(system(rm), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests_name("perf_place", tests, NULL, NULL);
}
