/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's look at the machine: what a figure from it depends on. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/doctor_parts.h"

#define CPU "/sys/devices/system/cpu/"
#define THP "/sys/kernel/mm/transparent_hugepage/"

size_t doctor_llc(const struct doctor_machine *m)
{
	const struct doctor_cache *last = NULL;

	for (unsigned i = 0; i < m->nr_caches; i++)
		if (!last || m->cache[i].level > last->level)
			last = &m->cache[i];
	return last ? last->size : 0;
}

/* ---- /proc/cpuinfo ---- */

int doctor_cpuinfo(const struct hostfs *fs, const char *key, char *out, size_t len)
{
	char path[PATH_MAX], *line = NULL;
	size_t room = 0, n = strlen(key);
	int rc = hostfs_path(fs, path, sizeof(path), "/proc/cpuinfo");
	FILE *in = rc ? NULL : fopen(path, "re");

	if (!in)
		return rc ? rc : -errno;
	rc = -ENODATA;
	while (rc && getline(&line, &room, in) > 0) {
		char *value = strchr(line, ':');

		/* "cpu" is not "cpu family": only blanks stand before the colon */
		if (!value || strncmp(line, key, n) || line + n + strspn(line + n, " \t") != value)
			continue;
		value += 1 + strspn(value + 1, " \t");
		value[strcspn(value, "\n")] = '\0';
		snprintf(out, len, "%s", value);
		rc = 0;
	}
	free(line);
	fclose(in);
	return rc;
}

bool doctor_cpu_flag(const struct hostfs *fs, const char *flag)
{
	char flags[8192], *word, *save;

	if (doctor_cpuinfo(fs, "flags", flags, sizeof(flags)) &&
	    doctor_cpuinfo(fs, "Features", flags, sizeof(flags)))
		return false;
	for (word = strtok_r(flags, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strcmp(word, flag))
			return true;
	return false;
}

static void cpu_model(struct doctor *d, struct facts *f)
{
	/* x86; some arm64 and MIPS; POWER; s390 */
	static const char *const keys[] = { "model name", "Model", "cpu model", "cpu",
					    "processor 0" };
	char text[200], part[32];

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!doctor_cpuinfo(&d->fs, keys[i], text, sizeof(text))) {
			fact_text(f, "cpu", text);
			return;
		}
	if (!doctor_cpuinfo(&d->fs, "CPU implementer", text, sizeof(text)) &&
	    !doctor_cpuinfo(&d->fs, "CPU part", part, sizeof(part)))
		fact_said(f, "cpu", part, "part %s of implementer %.32s", part, text);
	else
		fact_unknown(f, "cpu", "/proc/cpuinfo does not say");
}

static void microcode(struct doctor *d, struct facts *f)
{
	char text[64];

	if (!doctor_cpuinfo(&d->fs, "microcode", text, sizeof(text)))
		fact_text(f, "microcode", text);
	else
		fact_unknown(f, "microcode", "/proc/cpuinfo does not say");
}

/* ---- CPUs ---- */

static void cpus(struct doctor *d, struct facts *f)
{
	const struct doctor_machine *m = &d->machine;
	unsigned per = m->cores ? m->cpus / m->cores : 0;

	if (*m->topology_error) {
		fact_unknown(f, "cpus", "%s", m->topology_error);
		return;
	}
	fact_number(f, "cpus", m->cpus, "%u", m->cpus);
	if (m->packages)
		fact_number(f, "sockets", m->packages, "%u", m->packages);
	else
		fact_unknown(f, "sockets", "hwloc finds none");
	if (!m->cores)
		fact_unknown(f, "cores", "hwloc finds none");
	else
		fact_number(f, "cores", m->cores, "%u, %s", m->cores,
			    per > 1 ? "each of several hardware threads" :
				      "each of one hardware thread");
}

static void smt(struct doctor *d, struct facts *f)
{
	char text[32];

	/* "on", "off", "forceoff", "notsupported", "notimplemented" */
	if (hostfs_read(&d->fs, text, sizeof(text), CPU "smt/control") < 0)
		fact_unknown(f, "smt", CPU "smt/control cannot be read");
	else if (!strncmp(text, "not", 3))
		fact_bool(f, "smt", false, "none");
	else
		fact_bool(f, "smt", !strcmp(text, "on"), "%s%s", text,
			  !strcmp(text, "on") ?
				  " (threads that share a core disturb each other's caches)" :
				  "");
}

static void hypervisor(struct doctor *d, struct facts *f)
{
	const char *name = *d->place.hypervisor_name ? d->place.hypervisor_name : NULL;

	if (!d->place.hypervisor)
		fact_bool(f, "hypervisor", false, "none seen");
	else
		fact_said(
			f, "hypervisor", name ? name : "unknown",
			"%s (this is a virtual machine%s)", name ? name : "of unknown name",
			d->place.emulated ?
				", each instruction of which is emulated: no time means anything" :
				"");
}

/* ---- pages ---- */

static void page_sizes(struct doctor *d, struct facts *f)
{
	char path[PATH_MAX], text[128] = "";
	unsigned long kib[16], k;
	struct dirent *e;
	unsigned n = 0, i;
	DIR *dir;

	fact_number(f, "page_size", (double)sysconf(_SC_PAGESIZE), "%ld bytes",
		    sysconf(_SC_PAGESIZE));
	hostfs_path(&d->fs, path, sizeof(path), "/sys/kernel/mm/hugepages");
	dir = opendir(path);
	if (!dir) {
		fact_unknown(f, "huge_pages", "the kernel has none (/sys/kernel/mm/hugepages)");
		return;
	}
	while ((e = readdir(dir)) && n < 16)
		if (sscanf(e->d_name, "hugepages-%lukB", &k) == 1) {
			for (i = n++; i && kib[i - 1] > k; i--)
				kib[i] = kib[i - 1];
			kib[i] = k;
		}
	closedir(dir);
	for (i = 0; i < n; i++) {
		uint64_t nr = 0;
		size_t len = strlen(text);

		hostfs_u64(&d->fs, &nr, "/sys/kernel/mm/hugepages/hugepages-%lukB/nr_hugepages",
			   kib[i]);
		snprintf(text + len, sizeof(text) - len, "%s%lu KiB (%lu reserved)", i ? ", " : "",
			 kib[i], (unsigned long)nr);
	}
	fact_text(f, "huge_pages", text);
}

/* In "always [madvise] never", the word in brackets. */
static void thp(struct doctor *d, struct facts *f)
{
	char text[128], *open, *close;

	if (hostfs_read(&d->fs, text, sizeof(text), THP "enabled") < 0) {
		fact_unknown(f, "transparent_huge_pages", THP "enabled cannot be read");
		return;
	}
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close)
		*close = '\0';
	fact_text(f, "transparent_huge_pages", close ? open + 1 : text);
}

/* ---- what changes while one measures ---- */

static void tsc(struct doctor *d, struct facts *f)
{
	bool constant = doctor_cpu_flag(&d->fs, "constant_tsc");
	bool nonstop = doctor_cpu_flag(&d->fs, "nonstop_tsc");

	if (!doctor_cpu_flag(&d->fs, "tsc"))
		return; /* not an x86 */
	fact_bool(f, "tsc_steady", constant && nonstop, "%s",
		  constant && nonstop ?
			  "yes: constant rate, never stops" :
			  "not promised (constant_tsc and nonstop_tsc are not both there)");
}

static void boost(struct doctor *d, struct facts *f)
{
	uint64_t v;

	if (!hostfs_u64(&d->fs, &v, CPU "intel_pstate/no_turbo"))
		fact_bool(f, "boost", !v, "%s (intel_pstate/no_turbo %u)", v ? "off" : "on",
			  (unsigned)v);
	else if (!hostfs_u64(&d->fs, &v, CPU "cpufreq/boost"))
		fact_bool(f, "boost", v, "%s (cpufreq/boost %u)", v ? "on" : "off", (unsigned)v);
	else
		fact_unknown(f, "boost", "not to be seen from here");
}

static void governor(struct doctor *d, struct facts *f)
{
	char name[64], driver[64];

	if (hostfs_read(&d->fs, name, sizeof(name), CPU "cpu0/cpufreq/scaling_governor") < 0) {
		fact_unknown(f, "governor", "not to be seen from here%s",
			     d->place.hypervisor ? " (the hypervisor sets the clock)" : "");
		return;
	}
	if (hostfs_read(&d->fs, driver, sizeof(driver), CPU "cpu0/cpufreq/scaling_driver") < 0)
		strcpy(driver, "unknown driver");
	fact_said(f, "governor", name, "%s (%s)", name, driver);
}

/* A file with one number that means on or off. */
static void on_off(struct doctor *d, struct facts *f, const char *name, const char *path,
		   const char *on, const char *off)
{
	uint64_t v;
	int rc = hostfs_u64(&d->fs, &v, "%s", path);

	if (rc)
		fact_unknown(f, name, "%s cannot be read", path);
	else
		fact_bool(f, name, v != 0, "%s", v ? on : off);
}

static void kernel(struct doctor *d, struct facts *f)
{
	struct utsname u;
	char text[128];

	/* of a recorded machine, its own */
	if (hostfs_read(&d->fs, text, sizeof(text), "/proc/sys/kernel/osrelease") >= 0)
		fact_text(f, "kernel", text);
	else
		fact_unknown(f, "kernel", "/proc/sys/kernel/osrelease cannot be read");
	if (!uname(&u))
		fact_text(f, "architecture", u.machine);
}

void doctor_machine(struct doctor *d)
{
	struct facts *f = &d->machine.facts;

	doctor_topology(&d->machine, &d->fs);
	cpu_model(d, f);
	microcode(d, f);
	cpus(d, f);
	smt(d, f);
	hypervisor(d, f);
	kernel(d, f);
	page_sizes(d, f);
	thp(d, f);
	fact_file(f, "clocksource", &d->fs,
		  "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	tsc(d, f);
	governor(d, f);
	boost(d, f);
	on_off(d, f, "numa_balancing", "/proc/sys/kernel/numa_balancing",
	       "on (the kernel moves pages by itself)", "off");
	on_off(d, f, "nmi_watchdog", "/proc/sys/kernel/nmi_watchdog",
	       "on (it takes one hardware counter)", "off");
}
