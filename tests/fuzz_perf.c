/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the counters read. The first byte chooses: a list of quantities and events, which is refused
 * with a message or gives metrics with names of their own; or the text of one of the small files
 * that say where we are, whatever it holds.
 */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/perf/want.h"
#include "tests/fuzz.h"
#include "tests/temp_help.h"

/* some inputs are written to a file */
const struct fuzz_slice fuzz_slice = { 20000, 600 };

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_perf: %s\n", what);
		abort();
	}
}

static void check_wants(const struct perf_wants *w)
{
	expect(w->nr <= PERF_WANTS_MAX, "too many");
	for (unsigned i = 0; i < w->nr; i++) {
		const struct perf_want *t = &w->want[i];

		expect(*t->unit && !strchr(t->unit, ' '), "a unit");
		expect(strlen(t->metric) < PERF_METRIC_MAX, "a long metric");
		for (const char *c = t->metric; *c; c++)
			expect(islower((unsigned char)*c) || isdigit((unsigned char)*c) ||
				       *c == '_',
			       "a letter of a metric");
		expect(*t->metric && *t->metric != '_', "the start of a metric");
		for (unsigned k = 0; k < i; k++)
			expect(strcmp(t->metric, w->want[k].metric) != 0, "twice the same metric");
	}
}

static void fuzz_wants(const uint8_t *data, size_t size)
{
	static struct ev_db *db;
	static struct perf_wants w;
	char *text = malloc(size + 1);
	struct err e = { "" };
	int rc;

	expect(text && (db || !ev_db_open(&db, NULL, NULL)), "set-up");
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	rc = perf_wants_read(&w, db, NULL, text, &e);
	expect(rc <= 0 && !rc == !*e.text, "an error without a text");
	expect(!rc || !strncmp(e.text, "perf_events: ", 13), "whose error it is");
	if (!rc)
		check_wants(&w);
	perf_wants_release(&w);
	free(text);
}

static const char *const files[] = {
	"proc/self/status",    "proc/self/uid_map",
	"proc/cpuinfo",	       "proc/sys/kernel/perf_event_paranoid",
	"sys/hypervisor/type", "sys/class/dmi/id/sys_vendor",
};
#define NR_FILES (sizeof(files) / sizeof(files[0]))

static char root[TEMP_MAX];

static void remove_root(void)
{
	char command[TEMP_MAX + 64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	expect(!system(command), "rm");
}

static void make_root(void)
{
	static const char *const folders[] = {
		"proc",		  "proc/self", "proc/sys",	"proc/sys/kernel", "sys",
		"sys/hypervisor", "sys/class", "sys/class/dmi", "sys/class/dmi/id"
	};
	char path[TEMP_MAX + 64];

	expect(temp_folder(root, "fuzz-perf") != NULL, "a temporary folder");
	atexit(remove_root);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
		expect(!mkdir(path, 0777), "mkdir");
	}
}

static void fuzz_file(unsigned file, const uint8_t *data, size_t size)
{
	struct perf_place p;
	struct hostfs fs;
	char path[TEMP_MAX + 64];
	FILE *f;

	if (!*root)
		make_root();
	snprintf(path, sizeof(path), "%s/%s", root, files[file]);
	f = fopen(path, "w");
	expect(f != NULL, "fopen");
	expect(fwrite(data, 1, size, f) == size && !fclose(f), "fwrite");
	snprintf(fs.root, sizeof(fs.root), "%s", root);
	memset(&p, 0x5a, sizeof(p));
	perf_place_read(&p, &fs);
	unlink(path);
	expect((p.paranoid >= -10 && p.paranoid <= 10) || p.paranoid == PERF_PARANOID_UNKNOWN,
	       "paranoid");
	expect(!p.pmu, "a PMU from nowhere");
	expect(memchr(p.hypervisor_name, 0, sizeof(p.hypervisor_name)) != NULL, "a name");
	expect(!*p.hypervisor_name || p.hypervisor, "a name of nobody");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] < 'a' || data[0] >= 'a' + NR_FILES)
		fuzz_wants(data + (data[0] == '='), size - (data[0] == '='));
	else
		fuzz_file(data[0] - 'a', data + 1, size - 1);
	return 0;
}
