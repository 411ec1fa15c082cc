/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What decides which reason a refusal has: permissions, a PMU or none, a hypervisor, limits. */

#include <dirent.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collectors/perf/event.h"
#include "lib/hostfs.h"
#include "lib/virt.h"

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

void perf_place_read(struct perf_place *p, const struct hostfs *h)
{
	struct rlimit files;
	struct virt virt;
	int64_t level;

	*p = (struct perf_place){ .paranoid = PERF_PARANOID_UNKNOWN };
	if (!hostfs_s64(h, &level, "/proc/sys/kernel/perf_event_paranoid") && level >= -10 &&
	    level <= 10)
		p->paranoid = (int)level;
	p->perfmon = read_perfmon(h);
	p->pmu = read_pmu(h);
	virt_read(&virt, h);
	p->hypervisor = virt.guest;
	p->emulated = virt.emulated;
	memcpy(p->hypervisor_name, virt.name, sizeof(virt.name));
	if (!getrlimit(RLIMIT_NOFILE, &files))
		p->open_files = files.rlim_cur > UINT_MAX ? UINT_MAX : (unsigned)files.rlim_cur;
}
