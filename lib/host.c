/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/host.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/virt.h"

#ifndef SLABSCOPE_VERSION
#define SLABSCOPE_VERSION "unknown"
#endif
#ifndef SLABSCOPE_VARIANT
#define SLABSCOPE_VARIANT "unknown"
#endif
#ifndef SLABSCOPE_COMMIT
#define SLABSCOPE_COMMIT "" /* built outside a git checkout */
#endif
#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SANITIZER "address"
#elif defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define SANITIZER "thread"
#elif defined(SLABSCOPE_UBSAN) || __has_feature(undefined_behavior_sanitizer)
#define SANITIZER "undefined" /* gcc has no macro for this one: the Makefile defines ours */
#else
#define SANITIZER "none"
#endif

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Where one fact comes from; `at` is a path or a string, `number` one of sysconf's or an offset. */
struct source {
	const char *name;
	void (*get)(struct host_fact *f, const struct source *s);
	const char *at;
	int number;
};

static void set(struct host_fact *f, int error, const char *text)
{
	f->error = error;
	snprintf(f->text, sizeof(f->text), "%s", text);
}

/* First line of a file of /proc or /sys, without blanks at its end. */
static void first_line(struct host_fact *f, const struct source *s)
{
	FILE *in = fopen(s->at, "re");
	char buf[sizeof(f->text)];
	int code = errno;

	if (in && fgets(buf, sizeof(buf), in)) {
		buf[strcspn(buf, "\n")] = '\0';
		set(f, 0, buf);
	} else {
		if (in)
			code = ferror(in) ? errno : ENODATA;
		set(f, -code, "");
		snprintf(f->text, sizeof(f->text), "%s: %s", s->at, strerror(code));
	}
	if (in)
		fclose(in);
}

/* In "always [madvise] never", the word in brackets. */
static void chosen_word(struct host_fact *f, const struct source *s)
{
	char *open, *close;

	first_line(f, s);
	if (f->error)
		return;
	open = strchr(f->text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close) {
		*close = '\0';
		memmove(f->text, open + 1, strlen(open + 1) + 1);
	}
}

/* Value of the first "key : value" line of /proc/cpuinfo with one of @keys. */
static void cpuinfo(struct host_fact *f, const char *const *keys)
{
	FILE *in = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t room = 0;

	set(f, -ENODATA, "/proc/cpuinfo does not say");
	while (in && f->error && getline(&line, &room, in) > 0) {
		char *value = strchr(line, ':');

		for (unsigned i = 0; value && keys[i]; i++) {
			size_t n = strlen(keys[i]);

			/* "cpu" is not "cpu family": only blanks may stand before the colon */
			if (strncmp(line, keys[i], n) ||
			    line + n + strspn(line + n, " \t") != value)
				continue;
			value += 1 + strspn(value + 1, " \t");
			value[strcspn(value, "\n")] = '\0';
			set(f, 0, value);
			break;
		}
	}
	free(line);
	if (in)
		fclose(in);
}

static void cpu_model(struct host_fact *f, const struct source *s)
{
	/* x86; some arm64 and MIPS; POWER; s390. Most arm64 kernels print numbers only: part and
	 * implementer. */
	static const char *const keys[] = { "model name", "Model",	 "cpu model",
					    "cpu",	  "processor 0", NULL };
	static const char *const part[] = { "CPU part", NULL }, *const maker[] = {
		"CPU implementer", NULL
	};
	struct host_fact p, m;

	(void)s;
	cpuinfo(f, keys);
	if (!f->error)
		return;
	cpuinfo(&m, maker);
	cpuinfo(&p, part);
	if (m.error || p.error)
		return;
	f->error = 0;
	snprintf(f->text, sizeof(f->text), "implementer %.40s part %.40s", m.text, p.text);
}

static void hypervisor(struct host_fact *f, const struct source *s)
{
	struct hostfs fs;
	struct virt v;

	(void)s;
	hostfs_init(&fs);
	virt_read(&v, &fs);
	if (v.emulated)
		snprintf(f->text, sizeof(f->text), HOST_EMULATED " (%s)", v.name);
	else
		set(f, 0, v.guest ? "yes" : "no");
}

/* 0 is what glibc says where it does not know the caches. */
static void sysconf_number(struct host_fact *f, const struct source *s)
{
	long v = sysconf(s->number);

	f->error = v <= 0 ? -ENODATA : 0;
	if (v <= 0)
		set(f, -ENODATA, "sysconf does not say");
	else
		snprintf(f->text, sizeof(f->text), "%ld", v);
}

static void from_uname(struct host_fact *f, const struct source *s)
{
	struct utsname u;

	if (uname(&u))
		set(f, -errno, "uname failed");
	else
		set(f, 0, (const char *)&u + s->number);
}

static void from_build(struct host_fact *f, const struct source *s)
{
	set(f, 0, s->at);
}

static void from_commit(struct host_fact *f, const struct source *s)
{
	if (*s->at)
		set(f, 0, s->at);
	else
		set(f, -ENODATA, "built outside a git checkout");
}

static void from_libc(struct host_fact *f, const struct source *s)
{
	(void)s;
	set(f, 0, gnu_get_libc_version());
}

#define UNAME(field) from_uname, NULL, offsetof(struct utsname, field)
#define CPU "/sys/devices/system/cpu/"
#define THP "/sys/kernel/mm/transparent_hugepage/"
#define CLOCK "/sys/devices/system/clocksource/clocksource0/"

static const struct source sources[] = {
	{ "hostname", UNAME(nodename) },
	{ "kernel", UNAME(release) },
	{ "kernel_version", UNAME(version) },
	{ "arch", UNAME(machine) },
	{ "boot_id", first_line, "/proc/sys/kernel/random/boot_id", 0 },
	{ "cpu_model", cpu_model, NULL, 0 },
	{ "hypervisor", hypervisor, NULL, 0 },
	{ "cpus_online", sysconf_number, NULL, _SC_NPROCESSORS_ONLN },
	{ "page_size", sysconf_number, NULL, _SC_PAGESIZE },
	{ "l1d_size", sysconf_number, NULL, _SC_LEVEL1_DCACHE_SIZE },
	{ "l1d_ways", sysconf_number, NULL, _SC_LEVEL1_DCACHE_ASSOC },
	{ "l1d_line", sysconf_number, NULL, _SC_LEVEL1_DCACHE_LINESIZE },
	{ "clocksource", first_line, CLOCK "current_clocksource", 0 },
	{ "governor", first_line, CPU "cpu0/cpufreq/scaling_governor", 0 },
	{ "smt", first_line, CPU "smt/control", 0 },
	{ "thp_enabled", chosen_word, THP "enabled", 0 },
	{ "thp_defrag", chosen_word, THP "defrag", 0 },
	{ "numa_balancing", first_line, "/proc/sys/kernel/numa_balancing", 0 },
	{ "aslr", first_line, "/proc/sys/kernel/randomize_va_space", 0 },
	{ "load_average", first_line, "/proc/loadavg", 0 },
	{ "libc", from_libc, NULL, 0 },
	{ "version", from_build, SLABSCOPE_VERSION, 0 },
	{ "commit", from_commit, SLABSCOPE_COMMIT, 0 },
	{ "compiler", from_build, COMPILER, 0 },
	{ "build_variant", from_build, SLABSCOPE_VARIANT, 0 },
	{ "sanitizer", from_build, SANITIZER, 0 },
};

#define NR_SOURCES (sizeof(sources) / sizeof(sources[0]))
_Static_assert(NR_SOURCES <= HOST_FACTS_MAX, "more facts than HOST_FACTS_MAX");

unsigned host_facts(struct host_fact *out)
{
	for (unsigned i = 0; i < NR_SOURCES; i++) {
		out[i] = (struct host_fact){ .name = sources[i].name };
		sources[i].get(&out[i], &sources[i]);
	}
	return NR_SOURCES;
}

const struct host_fact *host_fact_find(const struct host_fact *f, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(f[i].name, name))
			return &f[i];
	return NULL;
}

const char *host_build_variant(void)
{
	return SLABSCOPE_VARIANT;
}

const char *host_build_sanitizer(void)
{
	return SANITIZER;
}

bool host_build_is_slow(void)
{
#ifndef __OPTIMIZE__
	return true;
#else
	return !strcmp(SLABSCOPE_VARIANT, "debug") || strcmp(SANITIZER, "none") != 0;
#endif
}

const char *host_build_compiler(void)
{
	return COMPILER;
}

const char *host_build_version(void)
{
	return SLABSCOPE_VERSION;
}
