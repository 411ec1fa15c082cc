/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What decides which reason a refusal has: permissions, a PMU or none, a hypervisor, limits. */

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "collectors/perf/event.h"
#include "lib/hostfs.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif

/* Effective capabilities; but those of a user namespace are nothing to perf_event_open, which asks
 * the first one's. There, all IDs are mapped to themselves. */
static bool read_perfmon(const struct hostfs *h)
{
	const uint64_t bits = UINT64_C(1) << CAP_PERFMON | UINT64_C(1) << CAP_SYS_ADMIN;
	unsigned long from, to, count;
	char text[8192];
	const char *cap;

	if (hostfs_read(h, text, sizeof(text), "/proc/self/uid_map") > 0 &&
	    sscanf(text, "%lu %lu %lu", &from, &to, &count) == 3 &&
	    (from || to || count < UINT32_MAX))
		return false;
	if (hostfs_read(h, text, sizeof(text), "/proc/self/status") < 0)
		return false;
	cap = strstr(text, "CapEff:");
	return cap && (strtoull(cap + 7, NULL, 16) & bits);
}

/* "cpu" on most, "cpu_core" and "cpu_atom" on hybrids, "cpum_cf" on s390, the rest Arm's. */
static bool is_core_pmu(const char *name)
{
	static const char *const begin[] = { "cpu_", "cpum_cf", "armv", "apple_" };

	if (!strcmp(name, "cpu"))
		return true;
	for (size_t i = 0; i < sizeof(begin) / sizeof(begin[0]); i++)
		if (!strncmp(name, begin[i], strlen(begin[i])))
			return true;
	return false;
}

static bool read_pmu(const struct hostfs *h)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (hostfs_path(h, path, sizeof(path), "/sys/bus/event_source/devices"))
		return false;
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)) != NULL)
		found = is_core_pmu(entry->d_name);
	closedir(dir);
	return found;
}

/* Words of firmware and kernel that give a hypervisor away. */
static const struct {
	const char *file, *word, *name;
} giveaways[] = {
	{ "/sys/hypervisor/type", "xen", "Xen" },
	{ "/sys/class/dmi/id/sys_vendor", "QEMU", "KVM" },
	{ "/sys/class/dmi/id/product_name", "KVM", "KVM" },
	{ "/sys/class/dmi/id/sys_vendor", "Amazon EC2", "KVM" },
	{ "/sys/class/dmi/id/product_name", "Google Compute Engine", "KVM" },
	{ "/sys/class/dmi/id/sys_vendor", "VMware", "VMware" },
	{ "/sys/class/dmi/id/product_name", "VirtualBox", "VirtualBox" },
	{ "/sys/class/dmi/id/product_name", "Virtual Machine", "Hyper-V" },
	{ "/sys/class/dmi/id/sys_vendor", "Xen", "Xen" },
	{ "/sys/class/dmi/id/sys_vendor", "Parallels", "Parallels" },
	{ "/sys/class/dmi/id/sys_vendor", "Apple Virtualization", "Apple" },
	{ "/sys/firmware/devicetree/base/hypervisor/compatible", "kvm", "KVM" },
	{ "/sys/firmware/devicetree/base/hypervisor/compatible", "xen", "Xen" },
};

#if defined(__x86_64__) || defined(__i386__)
/* What the CPU says itself, for guests without firmware tables. */
static const char *cpu_says(void)
{
	static const struct {
		const char *signature, *name;
	} known[] = {
		{ "KVMKVMKVM", "KVM" },	    { "VMwareVMware", "VMware" },
		{ "XenVMMXenVMM", "Xen" },  { "Microsoft Hv", "Hyper-V" },
		{ "TCGTCGTCGTCG", "QEMU" }, { "bhyve bhyve ", "bhyve" },
	};
	char text[13] = "";
	unsigned a, b, c, d;

	__cpuid(0x40000000, a, b, c, d);
	memcpy(text, &b, 4);
	memcpy(text + 4, &c, 4);
	memcpy(text + 8, &d, 4);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(text, known[i].signature, strlen(known[i].signature)))
			return known[i].name;
	return "";
}
#else
static const char *cpu_says(void)
{
	return "";
}
#endif

/* " hypervisor" among the flags of /proc/cpuinfo, which is long where there are many CPUs: the
 * first will do. 1, 0, or -1 where CPUs have no such flag. */
static int flag_says(const struct hostfs *h)
{
	char path[PATH_MAX], *line = NULL;
	int found = -1;
	size_t room = 0;
	FILE *f;

	if (hostfs_path(h, path, sizeof(path), "/proc/cpuinfo"))
		return -1;
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (getline(&line, &room, f) >= 0)
		if (!strncmp(line, "flags", 5)) {
			const char *at = strstr(line, " hypervisor");

			found = at && (!at[11] || isspace((unsigned char)at[11]));
			break;
		}
	free(line);
	fclose(f);
	return found;
}

static void read_hypervisor(struct perf_place *p, const struct hostfs *h)
{
	const char *name = "";
	int flag = flag_says(h);
	char text[256];

	/* where the CPU says that there is none, a vendor's name means nothing: clouds rent out bare
	 * metal too */
	if (!flag)
		return;
	for (size_t i = 0; i < sizeof(giveaways) / sizeof(giveaways[0]) && !*name; i++)
		if (hostfs_read(h, text, sizeof(text), "%s", giveaways[i].file) > 0 &&
		    strstr(text, giveaways[i].word))
			name = giveaways[i].name;
	p->hypervisor = flag > 0 || *name;
	if (flag > 0 && !*name && !*h->root)
		name = cpu_says();
	snprintf(p->hypervisor_name, sizeof(p->hypervisor_name), "%s", name);
}

void perf_place_read(struct perf_place *p, const struct hostfs *h)
{
	struct rlimit files;
	int64_t level;

	*p = (struct perf_place){ .paranoid = PERF_PARANOID_UNKNOWN };
	if (!hostfs_s64(h, &level, "/proc/sys/kernel/perf_event_paranoid") && level >= -10 &&
	    level <= 10)
		p->paranoid = (int)level;
	p->perfmon = read_perfmon(h);
	p->pmu = read_pmu(h);
	read_hypervisor(p, h);
	if (!getrlimit(RLIMIT_NOFILE, &files))
		p->open_files = files.rlim_cur > UINT_MAX ? UINT_MAX : (unsigned)files.rlim_cur;
}
