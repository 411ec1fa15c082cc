/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as the small files of a machine: what describes the CPU, its PMUs, what we may do, and how
 * busy it is. Everything that finds the machine out reads them below an invented root; nothing may
 * crash, and every text that came of it is one line.
 *
 * Input: records; the first byte of each says which file (FILES below), the rest up to a 0x01 is what
 * stands in it.
 */

#include <ctype.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/doctor_parts.h"
#include "collectors/perf/choose.h"
#include "tests/fuzz.h"

const struct fuzz_slice fuzz_slice = { .inputs = 500, .max_len = 2048 };

#define CPU "/sys/devices/system/cpu/"
#define PMU "/sys/bus/event_source/devices/"
static const char *const files[] = {
	"/proc/cpuinfo",
	"/proc/loadavg",
	"/proc/pressure/cpu",
	"/proc/stat",
	"/proc/self/cgroup",
	"/proc/self/status",
	"/proc/self/uid_map",
	"/proc/filesystems",
	"/proc/sys/kernel/perf_event_paranoid",
	"/proc/sys/kernel/osrelease",
	"/sys/fs/cgroup/cpu.max",
	"/sys/fs/resctrl/info/L3_MON/mon_features",
	"/sys/kernel/mm/transparent_hugepage/enabled",
	"/sys/class/dmi/id/sys_vendor",
	"/sys/hypervisor/type",
	CPU "online",
	CPU "smt/control",
	CPU "cpu0/regs/identification/midr_el1",
	CPU "cpu0/cpufreq/scaling_governor",
	CPU "intel_pstate/no_turbo",
	PMU "cpu/type",
	PMU "cpu/cpumask",
	PMU "cpu/format/event",
	PMU "cpu/events/cache-misses",
	PMU "uncore_imc_0/type",
	PMU "uncore_imc_0/cpumask",
	PMU "uncore_imc_0/events/cas_count_read",
	PMU "uncore_imc_0/events/cas_count_read.scale",
	PMU "uncore_imc_0/events/cas_count_read.unit",
	"/sys/firmware/devicetree/base/model",
	"/sys/firmware/devicetree/base/cpus/cpu@0/compatible",
};
#define FILES (sizeof(files) / sizeof(files[0]))

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_host: %s\n", what);
		abort();
	}
}

/* Made by the first input and removed at the end; the files are removed after each input. */
static struct hostfs fs;

static void remove_files(void)
{
	char path[512];

	for (size_t i = 0; i < FILES; i++)
		if (!hostfs_path(&fs, path, sizeof(path), "%s", files[i]))
			unlink(path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void remove_root(void)
{
	nftw(fs.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Not 0: there is nowhere to put files. */
static int make_root(void)
{
	const char *tmp = getenv("TMPDIR");
	char path[512];
	char *s;

	if (*fs.root)
		return 0;
	snprintf(fs.root, sizeof(fs.root), "%s/fuzz-host-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(fs.root))
		return -1;
	atexit(remove_root);
	for (size_t i = 0; i < FILES; i++) {
		if (hostfs_path(&fs, path, sizeof(path), "%s", files[i]))
			continue;
		for (s = path + strlen(fs.root) + 1; (s = strchr(s, '/')); *s++ = '/') {
			*s = '\0';
			mkdir(path, 0700);
		}
	}
	return 0;
}

static void write_files(const uint8_t *data, size_t size)
{
	while (size) {
		const uint8_t *end = memchr(data, 1, size);
		size_t n = end ? (size_t)(end - data) : size;
		char path[512];
		FILE *f;

		if (n && !hostfs_path(&fs, path, sizeof(path), "%s", files[data[0] % FILES]) &&
		    (f = fopen(path, "w"))) {
			fwrite(data + 1, 1, n - 1, f);
			fclose(f);
		}
		n += end != NULL;
		data += n;
		size -= n;
	}
}

static void one_line(const char *t, size_t room)
{
	expect(strnlen(t, room) < room, "a text without end");
	for (; *t; t++)
		expect(!iscntrl((unsigned char)*t), "a control character");
}

static void check_facts(const struct facts *f)
{
	expect(f->nr <= FACTS_MAX, "too many facts");
	for (unsigned i = 0; i < f->nr; i++) {
		one_line(f->f[i].name, sizeof(f->f[i].name));
		one_line(f->f[i].text, sizeof(f->f[i].text));
		expect(f->f[i].type != FACT_UNKNOWN || *f->f[i].text, "unknown, and not why");
	}
}

static void try_events(void)
{
	struct ev_candidate *out = calloc(EV_CANDIDATES_MAX, sizeof(*out));
	struct ev_host *host = NULL;
	struct ev_db *db = NULL;
	struct err e;

	if (out && !ev_db_open(&db, NULL, &e) && !ev_host_open(&host, &fs, &e))
		for (const struct ev_quantity *const *q = ev_db_quantities(db); *q; q++) {
			struct perf_refusal why = { .error = 0 };
			int n = ev_candidates(db, host, *q, out, &why);

			expect(n <= EV_CANDIDATES_MAX, "too many candidates");
			expect(n > 0 || *why.reason, "no candidate, and not why");
			for (int i = 0; i < n; i++)
				expect(out[i].nr_terms && out[i].nr_terms <= EV_TERMS_MAX,
				       "a candidate without terms");
		}
	ev_host_close(host);
	ev_db_close(db);
	free(out);
}

static void try_doctor(void)
{
	struct doctor *d = calloc(1, sizeof(*d));

	if (!d)
		return;
	d->fs = fs;
	d->request.quick = d->request.no_proof = true;
	perf_place_read(&d->place, &fs);
	doctor_permissions(d);
	check_facts(&d->permissions);
	doctor_machine(d);
	check_facts(&d->machine.facts);
	doctor_noise(d);
	check_facts(&d->noise.facts);
	free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perf_place place;
	char model[128];

	if (make_root())
		return 0;
	write_files(data, size);
	perf_place_read(&place, &fs);
	one_line(place.hypervisor_name, sizeof(place.hypervisor_name));
	if (!doctor_cpuinfo(&fs, "model name", model, sizeof(model)))
		expect(!strchr(model, 0x0a), "a value of two lines");
	doctor_cpu_flag(&fs, "constant_tsc");
	try_events();
	if (size % 16 == 0) /* spins and asks hwloc: dear */
		try_doctor();
	remove_files();
	return 0;
}
