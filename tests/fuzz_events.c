/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event data, groups, expressions, encodings, formulas, and what sysfs says of PMUs. The first byte
 * says which (see kinds[]); of sysfs' files a zero byte ends each.
 */

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/perf/ev.h"
#include "tests/fuzz.h"

const struct fuzz_slice fuzz_slice = { 50000, 1024 };

static void expect(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_events: %s\n", what);
		abort();
	}
}

static void expect_message(const struct err *e)
{
	expect(*e->text && !strchr(e->text, '\n'), "a failure that says nothing, or several lines");
}

/* ---- files ---- */

static void count_problem(void *ctx, const char *text)
{
	unsigned *n = ctx;

	expect(*text && !strchr(text, '\n'), "a problem that is not one line");
	++*n;
}

static void check_rows(const struct ev_db *db)
{
	for (unsigned i = 0; i < db->nr_rows; i++) {
		const struct ev_row *r = &db->row[i];
		struct ev_part part[EV_TERMS_MAX];
		struct ev_code code[EV_TERMS_MAX];
		int parts = *r->expression ? ev_parse(r->expression, part, NULL) : 0;
		int codes = ev_codes(r->encoding, code, NULL);

		expect(*r->pmu && *r->quantity, "a row without names");
		expect(parts >= 0 && codes >= 0 && (!codes || codes == parts),
		       "a row that is none");
		expect(parts || *r->note, "a row that says nothing");
	}
}

/* Strictly, then telling all: the second finds something just when the first fails. */
static void file(const char *name, const char *text, size_t len)
{
	struct err e = { "" };
	unsigned told = 0;
	int strict = 0;

	for (int lint = 0; lint < 2; lint++) {
		struct ev_db *db = calloc(1, sizeof(*db));
		int rc;

		expect(db != NULL, "out of memory");
		db->problem = lint ? count_problem : NULL;
		db->problem_ctx = &told;
		/* something to refer to */
		expect(ev_db_add_quantity(db, "cycles") && ev_db_add_quantity(db, "misses"),
		       "memory");
		snprintf(db->quantity[0]->unit, sizeof(db->quantity[0]->unit), "cycles");
		snprintf(db->quantity[1]->unit, sizeof(db->quantity[1]->unit), "lines");
		rc = ev_db_text(db, name, text, len, &e);
		db->shipped_rows = db->nr_rows;
		if (!rc)
			rc = ev_db_check(db, &e);
		if (!lint)
			strict = rc;
		else
			expect(!rc && (told > 0) == (strict != 0), "lint and reading differ");
		if (rc)
			expect_message(&e);
		check_rows(db);
		ev_db_close(db);
	}
}

static void rows(const char *text, size_t len)
{
	static const char head[] =
		"# slabscope events 1\npmu,quantity,expression,encoding,unit,source,note\n";
	char *all = malloc(sizeof(head) + len);

	expect(all != NULL, "out of memory");
	memcpy(all, head, sizeof(head) - 1);
	memcpy(all + sizeof(head) - 1, text, len);
	file("x.csv", all, sizeof(head) - 1 + len);
	free(all);
	file("x.csv", text, len);
}

static void groups(const char *text, size_t len)
{
	file("x.ini", text, len);
}

/* ---- texts ---- */

static void expression(const char *text, size_t len)
{
	static struct ev_host *host;
	struct ev_part part[EV_TERMS_MAX];
	struct ev_candidate c;
	struct err e = { "" };
	int n = ev_parse(text, part, &e);

	(void)len;
	if (!host)
		expect(!ev_host_pretend(&host, "skx", EV_PFM_LIBRARY, &e), "no host");
	if (n < 0)
		expect_message(&e);
	expect(n < 0 || (n >= 1 && n <= EV_TERMS_MAX), "how many parts?");
	for (int i = 0; i < n; i++)
		expect(*part[i].text && isfinite(part[i].factor) && part[i].at >= 1 &&
			       !strncmp(text + part[i].at - 1, part[i].text, strlen(part[i].text)),
		       "a part that is not in the text");
	if (ev_expression(host, text, &c, &e))
		expect_message(&e);
	else
		expect((int)c.nr_terms == n, "terms and parts differ");
}

static void encoding(const char *text, size_t len)
{
	struct ev_code code[EV_TERMS_MAX], again[EV_TERMS_MAX];
	struct err e = { "" };
	int n = ev_codes(text, code, &e);

	(void)len;
	if (n < 0)
		expect_message(&e);
	for (int i = 0; i < n; i++) {
		struct perf_event ev = { .type = 0 };
		char buf[128];

		ev_code_put(&code[i], &ev);
		ev_code_print(&ev, buf, sizeof(buf));
		expect(ev_codes(buf, again, NULL) == 1, "what was printed is refused");
		expect(again[0].config == code[i].config && again[0].config1 == code[i].config1 &&
			       again[0].config2 == code[i].config2 &&
			       again[0].precise == code[i].precise,
		       "what was printed reads otherwise");
	}
}

static const char *unit_of(void *ctx, const char *name)
{
	(void)ctx;
	return !strcmp(name, "a") ? "lines" : !strcmp(name, "b") ? "cycles" : NULL;
}

static double value_of(void *ctx, const char *name)
{
	(void)ctx;
	return *name == 'a' ? 3 : 0;
}

/* The unit's line, then the formula. */
static void formula(const char *text, size_t len)
{
	const char *end = strchr(text, '\n');
	struct ev_derived d = { .name = "x" };
	struct err e = { "" };
	char unit[64];

	(void)len;
	snprintf(unit, sizeof(unit), "%.*s", end ? (int)(end - text) : 0, text);
	snprintf(d.formula, sizeof(d.formula), "%s", end ? end + 1 : text);
	if (ev_formula_check(d.formula, unit, unit_of, NULL, &e))
		expect_message(&e);
	expect(!isinf(ev_derived_value(&d, value_of, NULL)), "an infinite value");
}

static void format(const char *text, size_t len)
{
	struct perf_event ev = { .type = 0 };
	struct ev_format f;
	struct err e = { "" };
	uint64_t put;

	(void)len;
	if (ev_format_parse(text, &f, &e)) {
		expect_message(&e);
		return;
	}
	expect(f.bits && f.reg < 3, "a field without bits");
	expect(!ev_format_put(&f, "x", 1, &ev, &e), "1 does not fit");
	put = f.reg == 0 ? ev.config : f.reg == 1 ? ev.config1 : ev.config2;
	expect(put && !(put & ~f.bits) && !(put & (put - 1)), "1 is not its lowest bit");
}

/* ---- sysfs ---- */

static char root[HOSTFS_ROOT_MAX];
#define PMU "/sys/bus/event_source/devices/cpu"

static const char *const sysfs_files[] = {
	PMU "/events/x", PMU "/format/event", PMU "/events/x.scale", PMU "/events/x.unit",
	PMU "/cpumask",	 "/proc/cpuinfo",     PMU "/type",
};
#define NR_FILES (sizeof(sysfs_files) / sizeof(sysfs_files[0]))

static void remove_root(void)
{
	static const char *const folders[] = { PMU "/events",
					       PMU "/format",
					       PMU,
					       "/sys/bus/event_source/devices",
					       "/sys/bus/event_source",
					       "/sys/bus",
					       "/sys",
					       "/proc",
					       "" };
	char path[512];

	for (size_t i = 0; i < NR_FILES; i++) {
		snprintf(path, sizeof(path), "%s%s", root, sysfs_files[i]);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		rmdir(path);
	}
}

static void make_root(void)
{
	static const char *const folders[] = { "/proc",
					       "/sys",
					       "/sys/bus",
					       "/sys/bus/event_source",
					       "/sys/bus/event_source/devices",
					       PMU,
					       PMU "/events",
					       PMU "/format" };
	const char *tmp = getenv("TMPDIR");
	char path[512];

	if (*root)
		return;
	/* in memory, if that can be had: each input is seven files */
	if (!tmp || !*tmp)
		tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	snprintf(root, sizeof(root), "%s/fuzz-events-XXXXXX", tmp);
	expect(mkdtemp(root) != NULL, "no temporary folder");
	atexit(remove_root);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, folders[i]);
		expect(!mkdir(path, 0700), "no temporary folder");
	}
}

static void write_file(const char *name, const char *text, size_t len)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", root, name);
	f = fopen(path, "w");
	expect(f && fwrite(text, 1, len, f) == len && !fclose(f), "a file that cannot be written");
}

static void sysfs(const char *text, size_t len)
{
	struct hostfs fs;
	struct ev_host *host;
	struct ev_candidate c;
	struct err e = { "" };
	struct ev_box box[4];

	make_root();
	memcpy(fs.root, root, sizeof(fs.root));
	write_file(sysfs_files[NR_FILES - 1], "7\n", 2);
	for (size_t i = 0; i < NR_FILES; i++) {
		const char *end = memchr(text, '\0', len);
		size_t n = end ? (size_t)(end - text) : len;

		if (i < NR_FILES - 1 || n)
			write_file(sysfs_files[i], text, n);
		text += end ? n + 1 : n;
		len -= end ? n + 1 : n;
	}
	expect(!ev_host_open_with(&host, &fs, "libpfm-that-is-not-there.so", &e), "no host");
	if (ev_expression(host, "cpu/x/ - 2*cpu/event=3/", &c, &e)) {
		expect_message(&e);
	} else {
		expect(c.nr_terms == 2 && isfinite(c.term[0].factor) && c.term[0].factor > 0,
		       "a scale that is none");
		expect(*c.unit, "no unit");
		expect(ev_expand(host, &c, box, 4) != 0, "no box, and no word of it");
	}
	ev_host_close(host);
}

/* ---- which ---- */

static const struct {
	char key;
	void (*fn)(const char *text, size_t len);
} kinds[] = {
	{ 'r', rows },	  { 'g', groups }, { 'e', expression }, { 'k', encoding },
	{ 'u', formula }, { 'f', format }, { 's', sysfs },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;
	size_t kind = 0;

	if (!size)
		return 0;
	while (kind < sizeof(kinds) / sizeof(kinds[0]) - 1 && (char)data[0] != kinds[kind].key)
		kind++;
	/* what is none of the keys: by its number, but files cost time */
	if ((char)data[0] != kinds[kind].key)
		kind = data[0] % (sizeof(kinds) / sizeof(kinds[0]) - 1);
	text = malloc(size);
	expect(text != NULL, "out of memory");
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	kinds[kind].fn(text, size - 1);
	free(text);
	return 0;
}
