/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event data: every row encodes and is what libpfm4 makes of it, expressions, formulas and units,
 * CPUs that are only folders of files, candidates.
 *
 * Machines are made of files below a temporary folder. libpfm4 is asked for CPUs that are not this
 * one, for which it wants LIBPFM_ENCODE_INACTIVE in the environment before it is first loaded.
 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "collectors/perf/ev.h"
#include "lib/csv.h"
#include "lib/file.h"
#include "tests/fake_host.h"

#define NR(a) (sizeof(a) / sizeof((a)[0]))
#define NO_LIBRARY "libpfm-that-is-not-there.so"

static struct ev_db *shipped(void)
{
	struct err e = { "" };
	struct ev_db *db = NULL;

	if (ev_db_open(&db, NULL, &e))
		fail_msg("%s", e.text);
	return db;
}

/* ---- the data ---- */

static void print_problem(void *ctx, const char *text)
{
	(void)ctx;
	print_error("%s\n", text);
}

static void test_rows_encode(void **state)
{
	unsigned ours = 0, boxes = 0;
	struct ev_db *db = NULL;
	struct ev_lint l;
	struct ev_pfm pfm;
	struct err e = { "" };

	(void)state;
	assert_int_equal(ev_db_open_lint(&db, NULL, print_problem, NULL, &e), 0);
	ev_pfm_open(&pfm, EV_PFM_LIBRARY);
	if (!*pfm.version) {
		print_message("no libpfm4 here: %s\n", pfm.missing);
		ev_db_close(db);
		skip();
	}
	ev_lint(db, &pfm, &l);
	assert_int_equal(l.problems, 0);
	for (unsigned i = 0; i < db->nr_rows; i++) {
		struct ev_code code[EV_TERMS_MAX];
		const char *arch;
		int n = ev_codes(db->row[i].encoding, code, &e);

		assert_true(n >= 0);
		if (ev_source_of(db->row[i].source, &arch) != EV_FROM_PFM ||
		    strcmp(arch, ev_pfm_arch()))
			continue;
		for (int k = 0; k < n; k++) {
			/* raw codes are libpfm4's, too, and counted with Linux' own */
			bool raw = !strncmp(db->row[i].expression, "perf_raw::", 10);

			boxes += *code[k].device != '\0';
			ours += !*code[k].device && !raw;
		}
	}
	/* each one was asked for, and none but the uncore's boxes was unknown */
	assert_int_equal(l.agree, ours);
	assert_int_equal(l.unknown, boxes);
#ifdef __x86_64__
	assert_true(ours >= 600);
#endif
	assert_true(l.rows >= 921 && l.pmus >= 52);
	ev_pfm_close(&pfm);
	ev_db_close(db);
}

/* Every file of the source's folder is in the program, and as it is there. */
static void test_files_are_built_in(void **state)
{
	struct err e;

	(void)state;
	if (access("collectors/events/quantities.csv", R_OK)) {
		print_message("not run from the source's root\n");
		skip();
	}
	for (unsigned i = 0; i < ev_nr_shipped; i++) {
		char path[256], *text;
		size_t len;

		snprintf(path, sizeof(path), "collectors/events/%s", ev_shipped[i].name);
		assert_int_equal(file_read(path, 0, &text, &len, &e), 0);
		assert_int_equal(len, ev_shipped[i].end - ev_shipped[i].text);
		assert_memory_equal(text, ev_shipped[i].text, len);
		free(text);
	}
	assert_int_equal(fake_count_files("collectors/events", ".csv") +
				 fake_count_files("collectors/events", ".ini"),
			 ev_nr_shipped);
}

/* "64*a - 64*b" without its factors. */
static void without_factors(const char *text, char *out, size_t len)
{
	struct ev_part part[EV_TERMS_MAX];
	int n = ev_parse(text, part, NULL);
	size_t at = 0;

	out[0] = '\0';
	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, len - at, "%s%s",
				       !i		  ? "" :
				       part[i].factor < 0 ? " - " :
							    " + ",
				       part[i].text);
}

static bool same_codes(const char *theirs, const char *ours)
{
	struct ev_code a[EV_TERMS_MAX], b[EV_TERMS_MAX];
	int n = ev_codes(theirs, a, NULL);

	if (n < 0 || ev_codes(ours, b, NULL) != n)
		return false;
	for (int i = 0; i < n; i++)
		if (a[i].config != b[i].config || a[i].config1 != b[i].config1 ||
		    a[i].type != b[i].type || !*a[i].device != !*b[i].device)
			return false;
	return true;
}

static bool have_row(const struct ev_db *db, const char *pmu, const char *expression,
		     const char *encoding)
{
	for (unsigned i = 0; i < db->nr_rows; i++) {
		const struct ev_row *r = &db->row[i];
		char plain[512];

		if (strcmp(r->pmu, pmu))
			continue;
		without_factors(r->expression, plain, sizeof(plain));
		if (!strcmp(plain, expression) && same_codes(encoding, r->encoding))
			return true;
	}
	return false;
}

/* The table of facts that the rows were made from, if it is at hand: every expression of it is here,
 * with the code that it was found to have. */
static void test_facts(void **state)
{
	const char *dir = getenv("SLABSCOPE_DATA_DIR");
	struct ev_db *db;
	struct csv_reader c;
	char path[4096];
	unsigned seen = 0;
	struct err e;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/../facts/pmu-events.csv", dir ? dir : "");
	f = dir ? fopen(path, "re") : NULL;
	if (!f) {
		print_message("SLABSCOPE_DATA_DIR has no table of facts beside it\n");
		skip();
	}
	db = shipped();
	csv_reader_init(&c, f, "facts", 0);
	while (csv_read(&c, &e) > 0) {
		if (c.nr < 7 || !*c.cell[2].text || c.line == 1)
			continue;
		seen++;
		if (!have_row(db, c.cell[0].text, c.cell[2].text, c.cell[5].text))
			fail_msg("no row for %s %s: %s (%s)", c.cell[0].text, c.cell[1].text,
				 c.cell[2].text, c.cell[5].text);
	}
	assert_int_equal(seen, 845);
	csv_reader_release(&c);
	fclose(f);
	ev_db_close(db);
}

/* ---- texts ---- */

static const struct {
	const char *text;
	int n; /* parts; or what the message says */
	const char *message;
	double factor[3];
	const char *part[3];
} expressions[] = {
	{ "a::B", 1, NULL, { 1 }, { "a::B" } },
	{ " a::B  ", 1, NULL, { 1 }, { "a::B" } },
	{ "-a::B", 1, NULL, { -1 }, { "a::B" } },
	{ "a::B - c::D-E + r1", 3, NULL, { 1, -1, 1 }, { "a::B", "c::D-E", "r1" } },
	{ "64/9*a::B", 1, NULL, { 64. / 9 }, { "a::B" } },
	{ "0.5 * a::B - 2*b::C", 2, NULL, { 0.5, -2 }, { "a::B", "b::C" } },
	{ "cpu/event=1,umask=2/", 1, NULL, { 1 }, { "cpu/event=1,umask=2/" } },
	{ "", -EINVAL, "column 1: expected an event", { 0 }, { NULL } },
	{ "a::B +", -EINVAL, "column 6: expected '+' or '-'", { 0 }, { NULL } },
	{ "a::B + ", -EINVAL, "column 8: expected an event", { 0 }, { NULL } },
	{ "a::B c::D", -EINVAL, "column 6: expected '+' or '-'", { 0 }, { NULL } },
	{ "2 a::B", -EINVAL, "column 3: expected '*'", { 0 }, { NULL } },
	{ "2/0*a::B", -EINVAL, "other than 0", { 0 }, { NULL } },
	{ "a::B + * c::D", -EINVAL, "column 8: expected an event", { 0 }, { NULL } },
	{ "a + b + c + d + e + f + g + h + i", -EINVAL, "column 33: more than 8", { 0 }, { NULL } },
	{ "1234567890123456789012345*a", -EINVAL, "too long", { 0 }, { NULL } },
};

static void test_expressions(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(expressions); i++) {
		struct ev_part part[EV_TERMS_MAX];
		struct err e = { "" };
		int n = ev_parse(expressions[i].text, part, &e);

		if (n != expressions[i].n)
			fail_msg("'%s': %d, %s", expressions[i].text, n, e.text);
		if (n < 0 && !strstr(e.text, expressions[i].message))
			fail_msg("'%s': %s", expressions[i].text, e.text);
		for (int k = 0; k < n; k++) {
			assert_string_equal(part[k].text, expressions[i].part[k]);
			assert_true(fabs(part[k].factor - expressions[i].factor[k]) < 1e-12);
		}
	}
}

static const struct {
	const char *text;
	int n;
	const char *again; /* the last one, printed */
} codes[] = {
	{ "", 0, NULL },
	{ "t=4 c=0x151", 1, "t=4 c=0x151" },
	{ "t=4 c=0x1cd c1=0x20 p=2", 1, "t=4 c=0x1cd c1=0x20 p=2" },
	{ "t=4 c=0x1 t=4 c=0x2 c2=0x3", 2, "t=4 c=0x2 c2=0x3" },
	{ "t=uncore_imc c=0x304", 1, "t=0 c=0x304" },
	{ "c=0x1", -EINVAL, NULL },
	{ "t=4", -EINVAL, NULL },
	{ "t=4 t=4 c=0x1", -EINVAL, NULL },
	{ "t=4 c=0x1 c=0x2", -EINVAL, NULL },
	{ "t=4 c=1", -EINVAL, NULL },
	{ "t=4 c=0x", -EINVAL, NULL },
	{ "t=4 c=0x10000000000000000", -EINVAL, NULL },
	{ "t=4 c=0x1 p=4", -EINVAL, NULL },
	{ "t=4x c=0x1", -EINVAL, NULL },
	{ "t=../x c=0x1", -EINVAL, NULL },
	{ "t= c=0x1", -EINVAL, NULL },
};

static void test_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR(codes); i++) {
		struct ev_code code[EV_TERMS_MAX];
		struct perf_event ev = { .type = 0 };
		char text[128];
		int n = ev_codes(codes[i].text, code, NULL);

		if (n != codes[i].n)
			fail_msg("'%s': %d", codes[i].text, n);
		if (n <= 0)
			continue;
		ev_code_put(&code[n - 1], &ev);
		ev_code_print(&ev, text, sizeof(text));
		assert_string_equal(text, codes[i].again);
	}
}

/* Linux' own events: as libpfm4 has them, where it is there. */
static void test_own_names(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint32_t type;
		uint64_t config;
	} cases[] = {
		{ "perf::PERF_COUNT_HW_CPU_CYCLES", 0, 0, 0 },
		{ "perf::PAGE-FAULTS", 0, 1, 2 },
		{ "perf::page-faults", 0, 1, 2 },
		{ "perf::L1-DCACHE-LOADS", 0, 3, 0 },
		{ "perf::LLC-LOAD-MISSES", 0, 3, 0x10002 },
		{ "perf::DTLB-STORE-MISSES", 0, 3, 0x10103 },
		{ "perf::NODE-PREFETCHES", 0, 3, 0x206 },
		{ "perf::NOTHING", -ENOENT, 0, 0 },
		{ "r01b7", 0, 4, 0x1b7 },
		{ "perf_raw::r4043", 0, 4, 0x4043 },
		{ "perf_raw::rxyz", -EINVAL, 0, 0 },
		{ "r12345678901234567", -EINVAL, 0, 0 },
		{ "rabbit", -EINVAL, 0, 0 },
		{ "skx::L1D", -ENOENT, 0, 0 },
	};
	struct ev_pfm pfm;

	(void)state;
	ev_pfm_open(&pfm, EV_PFM_LIBRARY);
	for (size_t i = 0; i < NR(cases); i++) {
		struct perf_event ev = { .type = 0 }, theirs = { .type = 0 };

		assert_int_equal(ev_raw(cases[i].text, &ev, NULL), cases[i].rc);
		if (cases[i].rc)
			continue;
		assert_int_equal(ev.type, cases[i].type);
		assert_true(ev.config == cases[i].config);
		if (*pfm.version && cases[i].text[4] == ':' &&
		    !ev_pfm_encode(&pfm, cases[i].text, &theirs, NULL)) {
			assert_int_equal(theirs.type, ev.type);
			assert_true(theirs.config == ev.config);
		}
	}
	ev_pfm_close(&pfm);
}

/* ---- formulas ---- */

static const char *unit_of(void *ctx, const char *name)
{
	static const struct {
		const char *name, *unit;
	} known[] = { { "misses", "lines" },
		      { "more-misses", "lines" },
		      { "hits", "accesses" },
		      { "cycles", "cycles" },
		      { "ratio", "1" } };

	(void)ctx;
	for (size_t i = 0; i < NR(known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].unit;
	return NULL;
}

static double value_of(void *ctx, const char *name)
{
	const double *nothing = ctx;

	return !strcmp(name, "misses")	    ? 6 :
	       !strcmp(name, "more-misses") ? 2 :
	       !strcmp(name, "cycles")	    ? 100 :
	       !strcmp(name, "hits")	    ? *nothing :
					      0;
}

static const struct {
	const char *formula, *unit;
	const char *message; /* NULL: right */
	double value;
} formulas[] = {
	{ "misses", "lines", NULL, 6 },
	{ "misses + more-misses", "lines", NULL, 8 },
	{ "misses-more", "lines", "'misses-more' is no quantity of the group", 0 },
	{ "misses / more-misses", "1", NULL, 3 },
	{ "misses / cycles", "lines/cycles", NULL, 0.06 },
	{ "100 * misses / (misses + more-misses)", "1", NULL, 75 },
	{ "misses * 64 / cycles", "lines/cycles", NULL, 3.84 },
	{ "-(misses - more-misses)", "lines", NULL, -4 },
	{ "1 - misses / more-misses", "1", NULL, -2 },
	{ "1.5 * misses", "lines", NULL, 9 },
	{ "misses / cycles / cycles", "lines/cycles/cycles", NULL, 0.0006 },
	{ "cycles / misses", "cycles/lines", NULL, 100. / 6 },
	{ "1 / cycles", "1/cycles", NULL, 0.01 },
	{ "misses / hits", "lines/accesses", NULL, (double)NAN }, /* not measured */
	{ "misses / ratio", "lines", NULL, (double)NAN },	  /* by 0 */
	{ "misses / ratio * 0", "lines", NULL, (double)NAN },
	{ "misses + cycles", "lines", "column 8: lines and cycles cannot be added", 0 },
	{ "1 + misses", "lines", "1 and lines cannot be added", 0 },
	{ "misses / cycles", "lines", "its unit is lines/cycles, not lines", 0 },
	{ "misses", "1", "its unit is lines, not 1", 0 },
	{ "1 / cycles", "cycles", "its unit is 1/cycles, not cycles", 0 },
	{ "(misses", "lines", "column 8: expected ')'", 0 },
	{ "misses)", "lines", "column 7: expected + - * /", 0 },
	{ "misses +", "lines", "column 9: expected the name", 0 },
	{ "", "1", "column 1: expected the name", 0 },
	{ "misses misses", "lines", "column 8: expected + - * /", 0 },
	{ "2x", "1", "column 2: expected a number", 0 },
	{ "misses", "lines//x", "expected words", 0 },
	{ "((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))", "1",
	  "too many parentheses", 0 },
};

static void test_formulas(void **state)
{
	double nothing = (double)NAN;

	(void)state;
	for (size_t i = 0; i < NR(formulas); i++) {
		struct ev_derived d = { .name = "x" };
		struct err e = { "" };
		int rc = ev_formula_check(formulas[i].formula, formulas[i].unit, unit_of, NULL, &e);
		double v;

		if (!rc != !formulas[i].message)
			fail_msg("'%s' [%s]: %d %s", formulas[i].formula, formulas[i].unit, rc,
				 e.text);
		if (rc) {
			if (!strstr(e.text, formulas[i].message))
				fail_msg("'%s': %s", formulas[i].formula, e.text);
			continue;
		}
		snprintf(d.formula, sizeof(d.formula), "%s", formulas[i].formula);
		v = ev_derived_value(&d, value_of, &nothing);
		if (isnan(formulas[i].value) ? !isnan(v) : fabs(v - formulas[i].value) > 1e-12)
			fail_msg("'%s': %g, expected %g", formulas[i].formula, v,
				 formulas[i].value);
	}
}

/* ---- files of users ---- */

#define EVENTS "# slabscope events 1\npmu,quantity,expression,encoding,unit,source,note\n"
#define QUANTITIES "# slabscope quantities 1\nquantity,unit,scope,help\n"

static const struct {
	const char *name, *text, *message; /* NULL: right */
} files[] = {
	{ "a.csv", EVENTS "skx,cycles,skx::X,t=4 c=0x1,,raw,\n", NULL },
	{ "a.csv", EVENTS "# remark\n\nskx,cycles,,,,none,it has none\n", NULL },
	{ "a.csv", QUANTITIES "mine,lines,thread,what it is\n", NULL },
	{ "a.ini", "[group mine]\nquantities = cycles, instructions\n", NULL },
	{ "a.events",
	  "[event mine]\nexpression = r0151\nunit = lines\n"
	  "[group g]\nquantities = mine, cycles\n"
	  "[derived rate]\nformula = mine / cycles\nunit = lines/cycles\ngroup = g\n",
	  NULL },
	{ "a.csv", "", "a.csv:1: expected '# slabscope events 1'" },
	{ "a.csv", "# slabscope events 2\n", "a.csv:1: expected" },
	{ "a.csv", "# slabscope events 1\n", "a.csv: the line with the columns' names is missing" },
	{ "a.csv", "# slabscope events 1\npmu,quantity\n",
	  "a.csv:2: expected the columns pmu,quantity" },
	{ "a.csv", EVENTS "skx,cycles,skx::X\n", "a.csv:3: expected 7 columns, got 3" },
	{ "a.csv", EVENTS "skx,cycles,skx::X +,t=4 c=0x1,,raw,\n",
	  "a.csv:3: expression: column 8" },
	{ "a.csv", EVENTS "skx,cycles,skx::X,t=4,,raw,\n", "a.csv:3: encoding: column 4" },
	{ "a.csv", EVENTS "skx,cycles,skx::X + skx::Y,t=4 c=0x1,,raw,\n",
	  "encoding: 1 of them for 2" },
	{ "a.csv", EVENTS "skx,cycles,skx::X,t=4 c=0x1,a b,raw,\n",
	  "a.csv:3: unit: expected words" },
	{ "a.csv", EVENTS "skx,cycles,skx::X,t=4 c=0x1,,book,\n", "a.csv:3: source: expected" },
	{ "a.csv", EVENTS "skx,cycles,,,,none,\n", "a.csv:3: note: a row without an expression" },
	{ "a.csv", EVENTS "skx,cycles,,,,raw,why\n",
	  "a.csv:3: source: 'none' is for rows without" },
	{ "a.csv", EVENTS "skx,cycels,skx::X,t=4 c=0x1,,raw,\n",
	  "a.csv:3: no quantity is called 'cycels'" },
	{ "a.csv", EVENTS "../x,cycles,skx::X,t=4 c=0x1,,raw,\n", "a.csv:3: pmu: expected" },
	{ "a.csv", EVENTS "skx,\"cycles,skx::X,t=4 c=0x1,,raw,\n", "a quote that is not closed" },
	{ "a.csv", QUANTITIES "cycles,cycles,thread,again\n",
	  "a.csv:3: 'cycles' is there already" },
	{ "a.csv", QUANTITIES "mine,lines,process,what\n",
	  "a.csv:3: scope: expected thread or machine" },
	{ "a.ini", "[group mine]\nquantities = cycels\n",
	  "a.ini:1: [group mine]: no quantity is called" },
	{ "a.ini", "[group default]\nquantities = cycles\n", "[group default] is there already" },
	{ "a.ini", "[group mine]\n", "[group mine]: expected quantities" },
	{ "a.ini", "[thing mine]\n", "a.ini:1: expected [group NAME], [event NAME]" },
	{ "a.ini", "[group mine]\nformula = 1\n", "a.ini:2: a [group ...] has no 'formula'" },
	{ "a.ini", "quantities = cycles\n", "a.ini:1: expected a section" },
	{ "a.ini", "[event mine]\nexpression = x +\nunit = 1\n",
	  "[event mine]: expression: column 3" },
	{ "a.ini", "[event mine]\nexpression = r1\n", "[event mine]: unit: expected" },
	{ "a.ini", "[event cycles]\nexpression = r1\nunit = 1\n",
	  "there is a quantity of this name" },
	{ "a.ini", "[derived x]\ngroup = cache\nformula = cycles\nunit = lines\n",
	  "[derived x] of group cache: its unit is cycles, not lines" },
	{ "a.ini", "[derived x]\ngroup = cache\nformula = dtlb-walks\nunit = walks\n",
	  "'dtlb-walks' is no quantity of the group" },
	{ "a.ini", "[derived x]\ngroup = none\nformula = 1\nunit = 1\n",
	  "no group is called 'none'" },
	{ "a.txt", "", "a.txt: expected a name that ends in" },
};

static void test_files(void **state)
{
	struct hostfs h;

	(void)state;
	fake_host(&h, NULL, 0);
	for (size_t i = 0; i < NR(files); i++) {
		struct fake_file one = { files[i].name, files[i].text };
		struct err e = { "" };
		struct ev_db *db = NULL;
		char path[512];
		int rc;

		fake_write(&h, &one);
		assert_int_equal(hostfs_path(&h, path, sizeof(path), "/%s", files[i].name), 0);
		rc = ev_db_open(&db, path, &e);
		if (!rc != !files[i].message)
			fail_msg("%zu: %d %s", i, rc, e.text);
		if (rc && (!strstr(e.text, files[i].message) || strchr(e.text, '\n')))
			fail_msg("%zu: %s", i, e.text);
		ev_db_close(db);
	}
	fake_remove(&h);
}

/* What the user's rows say goes before what is shipped; a folder is read as its files. */
static void test_user_rows_first(void **state)
{
	static const struct fake_file user[] = {
		{ "/events/mine.csv", EVENTS "skx,cycles,skx::MINE,t=4 c=0x77,,user,\n" },
		{ "/events/mine.ini",
		  "[event fills]\nexpression = r0151\nunit = lines\npmu = skx clx\n" },
		{ "/events/other.txt", "not read" },
	};
	struct ev_candidate c[EV_CANDIDATES_MAX];
	struct ev_host *host;
	struct ev_db *db;
	struct hostfs h;
	struct err e;
	char path[512];

	(void)state;
	fake_host(&h, user, NR(user));
	hostfs_path(&h, path, sizeof(path), "/events");
	assert_int_equal(ev_db_open(&db, path, &e), 0);
	assert_int_equal(ev_host_pretend(&host, "skx", NO_LIBRARY, &e), 0);
	assert_true(ev_candidates(db, host, ev_db_quantity(db, "cycles"), c, NULL) >= 2);
	assert_string_equal(c[0].expression, "skx::MINE");
	assert_true(c[0].term[0].event.config == 0x77);
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "fills"), c, NULL), 1);
	assert_true(c[0].term[0].event.config == 0x151);
	assert_string_equal(c[0].unit, "lines");
	ev_host_close(host);
	assert_int_equal(ev_host_pretend(&host, "spr", NO_LIBRARY, &e), 0);
	assert_int_equal(ev_candidates(db, host, ev_db_quantity(db, "fills"), c, NULL), 0);
	ev_host_close(host);
	ev_db_close(db);
	fake_remove(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_encode),	cmocka_unit_test(test_files_are_built_in),
		cmocka_unit_test(test_facts),		cmocka_unit_test(test_expressions),
		cmocka_unit_test(test_codes),		cmocka_unit_test(test_own_names),
		cmocka_unit_test(test_formulas),	cmocka_unit_test(test_files),
		cmocka_unit_test(test_user_rows_first),
	};

	setenv("LIBPFM_ENCODE_INACTIVE", "1", 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
