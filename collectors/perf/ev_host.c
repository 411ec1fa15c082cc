/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PMUs of this machine's cores: which CPU it is by /proc/cpuinfo (x86, POWER) or MIDR (Arm), and
 * what sysfs has. All is read below the hostfs root, so that a folder of files can be any machine;
 * libpfm4's own opinion is asked last, and only of the real one.
 */

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"

#define CPUS_MAX 4096
#define DEVICES_MAX 256

/* ---- /proc/cpuinfo ---- */

struct cpuinfo {
	char vendor[32], power[64];
	unsigned long family, model, stepping, implementer, part;
	bool arm;
};

static void cpuinfo_line(struct cpuinfo *c, const char *key, const char *value)
{
	if (!strcmp(key, "vendor_id"))
		snprintf(c->vendor, sizeof(c->vendor), "%s", value);
	else if (!strcmp(key, "cpu family"))
		c->family = strtoul(value, NULL, 10);
	else if (!strcmp(key, "model"))
		c->model = strtoul(value, NULL, 10);
	else if (!strcmp(key, "stepping"))
		c->stepping = strtoul(value, NULL, 10);
	else if (!strcmp(key, "cpu") && !strncmp(value, "POWER", 5))
		snprintf(c->power, sizeof(c->power), "%s", value);
	else if (!strcmp(key, "CPU implementer"))
		c->implementer = strtoul(value, NULL, 16), c->arm = true;
	else if (!strcmp(key, "CPU part"))
		c->part = strtoul(value, NULL, 16);
}

/* The first CPU of the file: it may be long, and each looks like the other. */
static void cpuinfo_read(struct cpuinfo *c, const struct hostfs *fs)
{
	char path[PATH_MAX], *line = NULL;
	size_t room = 0;
	FILE *f;

	memset(c, 0, sizeof(*c));
	if (hostfs_path(fs, path, sizeof(path), "/proc/cpuinfo"))
		return;
	f = fopen(path, "re");
	if (!f)
		return;
	while (getline(&line, &room, f) > 0) {
		char *colon = strchr(line, ':'), *end;

		if (*line == '\n')
			break;
		if (!colon)
			continue;
		for (end = colon; end > line && strchr(" \t", end[-1]); end--)
			;
		*end = '\0';
		colon += 1 + strspn(colon + 1, " \t");
		colon[strcspn(colon, "\n")] = '\0';
		cpuinfo_line(c, line, colon);
	}
	free(line);
	fclose(f);
}

/* ---- cores ---- */

static struct ev_core *add_core(struct ev_host *h, const char *device, const char *pmu)
{
	struct ev_core *c = &h->core[h->nr_cores];

	if (h->nr_cores == EV_CORES_MAX)
		return NULL;
	h->nr_cores++;
	*c = (struct ev_core){ .type = PERF_TYPE_RAW, .wanted = true };
	snprintf(c->device, sizeof(c->device), "%s", device);
	snprintf(c->pmu, sizeof(c->pmu), "%s", pmu);
	return c;
}

/* Of sysfs, if it is there with a type. */
static struct ev_core *add_device(struct ev_host *h, const char *device, const char *pmu)
{
	struct ev_core *c;
	uint32_t type;

	if (ev_sysfs_type(&h->fs, device, &type))
		return NULL;
	c = add_core(h, device, pmu);
	if (c)
		c->type = type;
	return c;
}

static uint64_t midr_of(const struct hostfs *fs, unsigned cpu, const struct cpuinfo *c)
{
	uint64_t midr;

	if (hostfs_u64(fs, &midr, "/sys/devices/system/cpu/cpu%u/regs/identification/midr_el1",
		       cpu))
		midr = (uint64_t)c->implementer << 24 | (uint64_t)c->part << 4;
	return midr;
}

/* Each PMU of cores has the file `cpus`; their names are the drivers'. */
static void find_arm(struct ev_host *h, const struct cpuinfo *info)
{
	char(*name)[64] = calloc(DEVICES_MAX, sizeof(*name));
	int n = name ? ev_sysfs_devices(&h->fs, NULL, name, DEVICES_MAX) : 0;

	for (int i = 0; i < n && i < DEVICES_MAX; i++) {
		unsigned first = 0;

		if (!strncmp(name[i], "armv", 4) &&
		    ev_sysfs_cpus(&h->fs, name[i], "cpus", &first, 1) > 0)
			add_device(h, name[i], ev_cpu_arm(midr_of(&h->fs, first, info)));
	}
	free(name);
	if (!h->nr_cores)
		add_core(h, "", ev_cpu_arm(midr_of(&h->fs, 0, info)));
}

static void find_x86(struct ev_host *h, const struct cpuinfo *info)
{
	const char *little;
	const char *pmu = ev_cpu_x86(info->vendor, (unsigned)info->family, (unsigned)info->model,
				     (unsigned)info->stepping, &little);

	add_device(h, "cpu_core", pmu);
	add_device(h, "cpu_atom", little);
	if (!h->nr_cores)
		add_core(h, "cpu", pmu);
}

static void find_cores(struct ev_host *h)
{
	struct cpuinfo info;

	cpuinfo_read(&info, &h->fs);
	if (info.arm)
		find_arm(h, &info);
	else if (*info.power)
		add_core(h, "cpu", ev_cpu_power(info.power));
	else
		find_x86(h, &info);
	h->hybrid = h->nr_cores > 1;
	/* one type of core: the type that every tool gives */
	if (!h->hybrid && strcmp(h->core[0].device, "cpu_atom") &&
	    strcmp(h->core[0].device, "cpu_core"))
		h->core[0].type = PERF_TYPE_RAW;
	if (!*h->core[0].pmu && !*h->fs.root && !h->hybrid)
		ev_pfm_present(&h->pfm, h->core[0].pmu, sizeof(h->core[0].pmu));
}

int ev_host_limit(struct ev_host *h, const unsigned *cpu, unsigned nr)
{
	unsigned *of = calloc(CPUS_MAX, sizeof(*of));

	if (!of)
		return -ENOMEM;
	for (unsigned c = 0; c < h->nr_cores && h->hybrid; c++) {
		int n = ev_sysfs_cpus(&h->fs, h->core[c].device, "cpus", of, CPUS_MAX);

		h->core[c].wanted = n <= 0 || !nr;
		for (int i = 0; i < n && i < CPUS_MAX; i++)
			for (unsigned k = 0; k < nr; k++)
				h->core[c].wanted |= of[i] == cpu[k];
	}
	free(of);
	return 0;
}

/* Where this thread may run. */
static int limit_to_affinity(struct ev_host *h)
{
	unsigned *cpu = calloc(CPU_SETSIZE, sizeof(*cpu)), nr = 0;
	cpu_set_t set;
	int rc = 0;

	if (!cpu)
		return -ENOMEM;
	if (!sched_getaffinity(0, sizeof(set), &set))
		for (unsigned i = 0; i < CPU_SETSIZE; i++)
			if (CPU_ISSET(i, &set))
				cpu[nr++] = i;
	if (nr)
		rc = ev_host_limit(h, cpu, nr);
	free(cpu);
	return rc;
}

/* ---- open, close ---- */

int ev_host_open_with(struct ev_host **out, const struct hostfs *fs, const char *library,
		      struct err *e)
{
	struct ev_host *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, -ENOMEM, "no memory");
	h->fs = *fs;
	ev_pfm_open(&h->pfm, library);
	find_cores(h);
	/* of a machine that is only described, every CPU will do */
	if (h->hybrid && !*fs->root && limit_to_affinity(h)) {
		ev_host_close(h);
		return err_set(e, -ENOMEM, "no memory");
	}
	*out = h;
	return 0;
}

int ev_host_open(struct ev_host **host, const struct hostfs *fs, struct err *e)
{
	return ev_host_open_with(host, fs, EV_PFM_LIBRARY, e);
}

int ev_host_pretend(struct ev_host **out, const char *pmu, const char *library, struct err *e)
{
	struct ev_host *h = calloc(1, sizeof(*h));

	if (!h)
		return err_set(e, -ENOMEM, "no memory");
	ev_pfm_open(&h->pfm, library);
	h->pretended = true;
	add_core(h, "cpu", pmu);
	*out = h;
	return 0;
}

void ev_host_close(struct ev_host *h)
{
	if (!h)
		return;
	ev_pfm_close(&h->pfm);
	free(h);
}

const char *ev_host_pmu(const struct ev_host *h)
{
	for (unsigned i = 0; i < h->nr_cores; i++)
		if (h->core[i].wanted)
			return h->core[i].pmu;
	return "";
}

const char *ev_host_libpfm(const struct ev_host *h)
{
	return h->pfm.version;
}

const char *ev_host_libpfm_missing(const struct ev_host *h)
{
	return h->pfm.missing;
}
