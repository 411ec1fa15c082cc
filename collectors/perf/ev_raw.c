/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that need no table of a CPU: raw codes, and what Linux itself gives names to. */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "collectors/perf/ev.h"

/* As libpfm4 spells them behind "perf::". */
static const struct {
	const char *name;
	uint32_t type;
	uint64_t config;
} names[] = {
	{ "PERF_COUNT_HW_CPU_CYCLES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "CYCLES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "CPU-CYCLES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "PERF_COUNT_HW_INSTRUCTIONS", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "INSTRUCTIONS", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "PERF_COUNT_HW_CACHE_REFERENCES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES },
	{ "CACHE-REFERENCES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES },
	{ "PERF_COUNT_HW_CACHE_MISSES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "CACHE-MISSES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "PERF_COUNT_HW_BRANCH_INSTRUCTIONS", PERF_TYPE_HARDWARE,
	  PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ "BRANCHES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
	{ "PERF_COUNT_HW_BRANCH_MISSES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ "BRANCH-MISSES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ "PERF_COUNT_HW_STALLED_CYCLES_FRONTEND", PERF_TYPE_HARDWARE,
	  PERF_COUNT_HW_STALLED_CYCLES_FRONTEND },
	{ "PERF_COUNT_HW_STALLED_CYCLES_BACKEND", PERF_TYPE_HARDWARE,
	  PERF_COUNT_HW_STALLED_CYCLES_BACKEND },
	{ "PERF_COUNT_HW_REF_CPU_CYCLES", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES },
	{ "PERF_COUNT_SW_CPU_CLOCK", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	{ "CPU-CLOCK", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK },
	{ "PERF_COUNT_SW_TASK_CLOCK", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
	{ "TASK-CLOCK", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
	{ "PERF_COUNT_SW_PAGE_FAULTS", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "PAGE-FAULTS", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "FAULTS", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
	{ "PERF_COUNT_SW_CONTEXT_SWITCHES", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "CONTEXT-SWITCHES", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "PERF_COUNT_SW_CPU_MIGRATIONS", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "CPU-MIGRATIONS", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "PERF_COUNT_SW_PAGE_FAULTS_MIN", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN },
	{ "MINOR-FAULTS", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN },
	{ "PERF_COUNT_SW_PAGE_FAULTS_MAJ", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ },
	{ "MAJOR-FAULTS", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ },
};

/* "L1-DCACHE" + "-LOAD" + "S" or "-MISSES". */
static const struct {
	const char *name;
	unsigned id;
} caches[] = {
	{ "L1-DCACHE", PERF_COUNT_HW_CACHE_L1D }, { "L1-ICACHE", PERF_COUNT_HW_CACHE_L1I },
	{ "LLC", PERF_COUNT_HW_CACHE_LL },	  { "DTLB", PERF_COUNT_HW_CACHE_DTLB },
	{ "ITLB", PERF_COUNT_HW_CACHE_ITLB },	  { "BRANCH", PERF_COUNT_HW_CACHE_BPU },
	{ "NODE", PERF_COUNT_HW_CACHE_NODE },
}, operations[] = {
	{ "-LOAD", PERF_COUNT_HW_CACHE_OP_READ },
	{ "-STORE", PERF_COUNT_HW_CACHE_OP_WRITE },
	{ "-PREFETCH", PERF_COUNT_HW_CACHE_OP_PREFETCH },
}, results[] = {
	{ "S", PERF_COUNT_HW_CACHE_RESULT_ACCESS },
	{ "ES", PERF_COUNT_HW_CACHE_RESULT_ACCESS }, /* PREFETCHES */
	{ "-MISSES", PERF_COUNT_HW_CACHE_RESULT_MISS },
};

#define NR(a) (sizeof(a) / sizeof((a)[0]))

static int cache_event(const char *text, struct perf_event *ev)
{
	for (size_t c = 0; c < NR(caches); c++)
		for (size_t o = 0; o < NR(operations); o++)
			for (size_t r = 0; r < NR(results); r++) {
				char name[40];

				snprintf(name, sizeof(name), "%s%s%s", caches[c].name,
					 operations[o].name, results[r].name);
				if (strcasecmp(name, text))
					continue;
				ev->type = PERF_TYPE_HW_CACHE;
				ev->config = caches[c].id | operations[o].id << 8 |
					     results[r].id << 16;
				return 0;
			}
	return -ENOENT;
}

static int named(const char *text, struct perf_event *ev, struct err *e)
{
	for (size_t i = 0; i < NR(names); i++)
		if (!strcasecmp(names[i].name, text)) {
			ev->type = names[i].type;
			ev->config = names[i].config;
			return 0;
		}
	if (!cache_event(text, ev))
		return 0;
	return err_set(e, -ENOENT, "'perf::%s' is none of Linux' own events", text);
}

static int raw(const char *text, struct perf_event *ev, struct err *e)
{
	size_t n = strlen(text);

	if (!n || n > 16 || strspn(text, "0123456789abcdefABCDEF") < n)
		return err_set(e, -EINVAL, "expected r and 1 to 16 hexadecimal digits, got 'r%s'",
			       text);
	ev->type = PERF_TYPE_RAW;
	ev->config = strtoull(text, NULL, 16);
	return 0;
}

int ev_raw(const char *text, struct perf_event *ev, struct err *e)
{
	if (!strncmp(text, "perf_raw::r", 11))
		return raw(text + 11, ev, e);
	if (text[0] == 'r' && isxdigit((unsigned char)text[1]) && !strpbrk(text, ":/"))
		return raw(text + 1, ev, e);
	if (!strncmp(text, "perf::", 6))
		return named(text + 6, ev, e);
	return err_set(e, -ENOENT, "'%s' is neither a raw code nor one of Linux' own events", text);
}
