/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a file of /proc or /sys: the first byte says which reader gets the rest. What is taken
 * is what the text says, so much of it as can be told: sums add up, ranges are ranges, and what a
 * reader accepts it accepts again. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/interference/interference.h"
#include "collectors/numa/numa.h"
#include "collectors/proctext.h"
#include "tests/fuzz.h"

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_proc: %s\n", what);
		abort();
	}
}

static void try_numa_map(const char *text)
{
	for (const char *l = *text ? text : NULL; l; l = proctext_next_line(l)) {
		struct numa_map m;

		expect(l >= text && l < text + strlen(text), "a line outside the text");
		if (numa_map_parse(l, &m))
			continue;
		expect(m.nr <= NUMA_NODES, "too many nodes");
		for (unsigned i = 0; i < m.nr; i++)
			expect(m.on[i].node >= 0, "a negative node");
	}
}

static void check_range(const struct numa_range *r, void *arg)
{
	++*(unsigned *)arg;
	expect(r->start < r->end, "an empty mapping");
}

static void try_smaps(const char *text)
{
	unsigned n = 0;

	if (!numa_ranges(text, check_range, &n))
		expect(n > 0, "accepted, and no mapping");
}

static void try_fields(const char *text)
{
	static const char *const names[] = { "numa_hit", "other_node", "se.nr_migrations", "a",
					     "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t v = 0, again = 1;
		int rc = proctext_field(text, names[i], &v);

		expect(rc == proctext_field(text, names[i], &again), "another answer");
		expect(rc || v == again, "another number");
		if (!rc && v < 1000000) { /* the digits are in the text */
			char digits[16];

			snprintf(digits, sizeof(digits), "%u", (unsigned)v);
			expect(strstr(text, digits) != NULL, "a number that is not there");
		}
	}
}

static void try_schedstat(const char *text)
{
	struct schedstat s, again;
	char line[128];

	if (schedstat_parse(text, &s))
		return;
	snprintf(line, sizeof(line), "%llu %llu %llu\n", (unsigned long long)s.run,
		 (unsigned long long)s.wait, (unsigned long long)s.slices);
	expect(!schedstat_parse(line, &again) && !memcmp(&s, &again, sizeof(s)), "schedstat");
}

static void try_pressure(const char *text)
{
	static const char *const lines[] = { "some", "full" };
	struct pressure p;

	for (int i = 0; i < 2; i++)
		if (!pressure_parse(text, lines[i], &p))
			expect(isfinite(p.avg10) && p.avg10 >= 0 && p.avg10 < 1000001, "avg10");
}

static void try_stat(const char *text)
{
	static const unsigned cpus[] = { 0, 1, 10, 4095 };
	struct cpu_ticks t;

	for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		char name[16];

		snprintf(name, sizeof(name), "cpu%u ", cpus[i]);
		if (!cpu_ticks_parse(text, cpus[i], &t))
			expect(strstr(text, name) != NULL, "a CPU that is not there");
	}
}

static void try_interrupts(const char *text)
{
	struct interrupts *t = calloc(1, sizeof(*t));
	uint64_t n;

	expect(t != NULL, "out of memory");
	if (interrupts_parse(text, t))
		expect(!t->nr && interrupts_of(t, 0, &n), "refused, and yet there are columns");
	else
		expect(t->nr && t->nr <= KMEM_MAX_CPUS && !interrupts_of(t, t->cpu[0], &n),
		       "accepted, and no column");
	free(t);
}

/* sysfs's lists and numbers, which these collectors read too */
static void try_list(const char *text)
{
	unsigned cpu[8];
	int n = hostfs_parse_list(text, cpu, 8);

	for (int i = 1; i < n && i < 8; i++)
		expect(cpu[i - 1] < cpu[i], "a list that does not ascend");
}

static void (*const readers[])(const char *text) = {
	try_numa_map, try_smaps, try_fields,	 try_schedstat,
	try_pressure, try_stat,	 try_interrupts, try_list,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = malloc(size);
	expect(text != NULL, "out of memory");
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	readers[data[0] % (sizeof(readers) / sizeof(readers[0]))](text);
	free(text);
	return 0;
}
