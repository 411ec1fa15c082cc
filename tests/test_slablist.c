/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/slablist.h"

#define HEAD20 "slabinfo - version: 2.0\n"
#define HEAD21 "slabinfo - version: 2.1\n"
#define TAIL " : tunables 120 60 8 : slabdata 5 6 7\n"

static int parse(const char *text, struct slablist *l, struct err *e)
{
	return slablist_parse(text, strlen(text), "list", l, e);
}

static void test_columns(void **state)
{
	static const char text[] = HEAD21
		"# name ...\n"
		"size-64 10 59 64 59 1 : tunables 120 60 8 : slabdata 1 2 3\n"
		"\n"
		"TCPv6(1234:a b.scope) 18446744073709551615 2 4294967295 1 32768 : tunables 0 0 0 : slabdata 4 5 6\r\n";
	struct slablist l;

	(void)state;
	assert_int_equal(parse(text, &l, NULL), 0);
	assert_int_equal(l.n, 2);
	assert_int_equal(l.version, 21);
	assert_false(l.statistics);
	assert_string_equal(l.row[0].name, "size-64");
	assert_int_equal(l.row[0].active_objs, 10);
	assert_int_equal(l.row[0].num_objs, 59);
	assert_int_equal(l.row[0].objsize, 64);
	assert_int_equal(l.row[0].objperslab, 59);
	assert_int_equal(l.row[0].pagesperslab, 1);
	assert_true(l.row[0].has_tunables);
	assert_int_equal(l.row[0].limit, 120);
	assert_int_equal(l.row[0].batchcount, 60);
	assert_int_equal(l.row[0].shared, 8);
	assert_int_equal(l.row[0].active_slabs, 1);
	assert_int_equal(l.row[0].num_slabs, 2);
	assert_int_equal(l.row[0].sharedavail, 3);
	assert_int_equal(l.row[0].line, 3);
	assert_string_equal(l.row[1].name, "TCPv6(1234:a b.scope)");
	assert_true(l.row[1].active_objs == UINT64_MAX);
	assert_int_equal(l.row[1].objsize, UINT32_MAX);
	assert_int_equal(l.row[1].pagesperslab, 32768);
	assert_false(l.row[1].has_tunables);
	assert_int_equal(l.row[1].line, 5);
	assert_ptr_equal(slablist_find(&l, "size-64"), &l.row[0]);
	assert_null(slablist_find(&l, "size-6"));
	slablist_release(&l);
}

static void test_accepted(void **state)
{
	static const struct {
		const char *text;
		unsigned version, rows;
		int statistics;
	} row[] = {
		{ HEAD20 "a 1 2 3 4 1" TAIL, 20, 1, 0 },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 1 0 : slabdata 1 1 0", 21, 1, 0 },
		{ "slabinfo - version: 2.1 (statistics)\na 1 2 3 4 1 : tunables 1 1 0 : slabdata 1 1 0 : globalstat"
		  " 1 2 3 4 5 6 7 8 9 : cpustat - 2 3 -\n",
		  21, 1, 1 },
		{ "slabinfo - version: 2.0 (statistics) \na 1 2 3 4 2" TAIL "b 1 2 3 4 8" TAIL, 20,
		  2, 1 },
		{ "slabinfo - version: 2.1\r\n# x\r\n a 1 2 3 4 1" TAIL, 21, 1, 0 },
		{ HEAD21 "a\t1\t2\t3\t4\t1" TAIL "a 1 2 3 4 1" TAIL, 21, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct slablist l;
		struct err e = { "" };

		if (parse(row[i].text, &l, &e))
			fail_msg("row %zu: %s", i, e.text);
		assert_int_equal(l.version, row[i].version);
		assert_int_equal(l.n, row[i].rows);
		assert_int_equal(l.statistics, row[i].statistics);
		slablist_release(&l);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says; /* how the message begins */
	} row[] = {
		{ "", "list: empty" },
		{ "\n\n", "list: empty" },
		{ HEAD21, "list: has a header and no caches" },
		{ HEAD21 "# only a comment\n", "list: has a header and no caches" },
		{ "a 1 2 3 4 1" TAIL, "list:1: expected 'slabinfo - version: 2.1' (or 2.0)" },
		{ "slabinfo - version: 1.1\na 1 2 3 4 1" TAIL,
		  "list:1: version: expected 2.0 or 2.1, got '1.1'" },
		{ "slabinfo - version: 2.15\n", "list:1: version: expected the line to end" },
		{ HEAD21 "a 1 2 3 4 1\n", "list:2: expected ' : tunables'" },
		{ HEAD21 "a 1 2 3 1" TAIL, "list:2: expected a name and 5 numbers" },
		{ HEAD21 "1 2 3 4 1" TAIL, "list:2: expected a name and 5 numbers" },
		{ HEAD21 "   1 2 3 4 1" TAIL, "list:2: name: expected one" },
		{ HEAD21 " : tunables 1 2 3\n", "list:2: expected a name and 5 numbers" },
		{ HEAD21 "a 1 x 3 4 1" TAIL, "list:2: num_objs: expected a whole number, got 'x'" },
		{ HEAD21 "a -1 2 3 4 1" TAIL,
		  "list:2: active_objs: expected a whole number, got '-1'" },
		{ HEAD21 "a 1 2 0 4 1" TAIL,
		  "list:2: objsize: expected a whole number above 0, got '0'" },
		{ HEAD21 "a 1 2 3 0 1" TAIL,
		  "list:2: objperslab: expected a whole number above 0" },
		{ HEAD21 "a 1 2 3 4 0" TAIL,
		  "list:2: pagesperslab: expected a whole number above 0" },
		{ HEAD21 "a 1 2 3 4 3" TAIL,
		  "list:2: pagesperslab: expected a power of two, got '3'" },
		{ HEAD21 "a 1 2 4294967296 4 1" TAIL, "list:2: objsize: 4294967296 is too large" },
		{ HEAD21 "a 18446744073709551616 2 3 4 1" TAIL,
		  "list:2: active_objs: 18446744073709551616 is too" },
		{ HEAD21 "a 1 2 3 4 1" TAIL "b 1 2 3.5 4 1" TAIL,
		  "list:3: objsize: expected a whole number" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2\n", "list:2: shared: the line ends here" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 x : slabdata 1 1 1\n",
		  "list:2: shared: expected a whole" },
		{ HEAD21 "a 1 2 3 4 1 : tunablesX 1 2 3 : slabdata 1 1 1\n",
		  "list:2: expected ' : tunables' here" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 3\n", "list:2: expected ' : slabdata' here" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 3 : slabs 1 1 1\n",
		  "list:2: expected ' : slabdata' here" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 3 : slabdata 1 1\n",
		  "list:2: sharedavail: the line ends here" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 3 : slabdata 1 1 1 1\n",
		  "list:2: expected ':' or the line's" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 3 : slabdata 1 1 1 :\n",
		  "list:2: expected 'globalstat'" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 3 : slabdata 1 1 1 : cpustat\n",
		  "list:2: cpustat: expected num" },
		{ HEAD21 "a 1 2 3 4 1 : tunables 1 2 3 : slabdata 1 1 1 : cpustat 1 y\n",
		  "list:2: cpustat: expected" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct slablist l = { .n = 99 };
		struct err e = { "" };

		assert_int_equal(parse(row[i].text, &l, &e), -EINVAL);
		if (strncmp(e.text, row[i].says, strlen(row[i].says)))
			fail_msg("row %zu: expected \"%s...\", got \"%s\"", i, row[i].says, e.text);
		assert_int_equal(l.n, 99);
	}
}

static void test_nul_byte(void **state)
{
	static const char text[] = HEAD21 "a 1 2 3 4 1\0" TAIL;
	struct slablist l;
	struct err e;

	(void)state;
	assert_int_equal(slablist_parse(text, sizeof(text) - 1, "list", &l, &e), -EINVAL);
	assert_non_null(strstr(e.text, "NUL"));
}

static void read_ok(const char *path, struct slablist *l)
{
	struct err e = { "" };

	if (slablist_read(path, l, &e))
		fail_msg("%s", e.text);
}

/* The listings in the tree: figures counted from the files by other means. */
static void test_shipped(void **state)
{
	const struct slablist_row *row;
	struct slablist l;

	(void)state;
	read_ok("data/slabinfo/slab-6.1-x86_64-1cpu.txt", &l);
	assert_int_equal(l.n, 114);
	assert_int_equal(l.version, 21);
	row = slablist_find(&l, "bio-192");
	assert_non_null(row);
	assert_int_equal(row->num_objs, 21);
	assert_int_equal(row->limit, 120);
	for (size_t i = 0; i < l.n; i++) {
		assert_true(l.row[i].has_tunables);
		/* SLAB's objsize is what a slab is divided by */
		assert_true((uint64_t)l.row[i].objsize * l.row[i].objperslab <=
			    4096u * l.row[i].pagesperslab);
	}
	slablist_release(&l);
	read_ok("data/slabinfo/slub-6.18-x86_64-2cpu.txt", &l);
	assert_int_equal(l.n, 235);
	for (size_t i = 0; i < l.n; i++)
		assert_false(l.row[i].has_tunables);
	slablist_release(&l);
}

/* Any listing that someone points us to. */
static void test_more_listings(void **state)
{
	const char *dir = getenv("SLABSCOPE_DATA_DIR");
	char folder[512], path[1024];
	struct dirent *d;
	unsigned n = 0;
	DIR *dp;

	(void)state;
	if (!dir) {
		print_message("SLABSCOPE_DATA_DIR is not set\n");
		skip();
	}
	snprintf(folder, sizeof(folder), "%s/slabinfo", dir);
	dp = opendir(folder);
	assert_non_null(dp);
	while ((d = readdir(dp))) {
		size_t len = strlen(d->d_name);
		struct slablist l;

		if (len < 4 || strcmp(d->d_name + len - 4, ".txt"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		read_ok(path, &l);
		assert_true(l.n > 0);
		slablist_release(&l);
		n++;
	}
	closedir(dp);
	assert_true(n > 0);
}

static void test_own_machine(void **state)
{
	struct slablist l;
	struct err e = { "" };
	int ret = slablist_read("/proc/slabinfo", &l, &e);

	(void)state;
	if (ret == -EACCES || ret == -ENOENT || ret == -EPERM) {
		print_message("%s\n", e.text);
		skip();
	}
	if (ret)
		fail_msg("%s", e.text);
	slablist_release(&l);
}

static void test_missing_file(void **state)
{
	struct slablist l;
	struct err e = { "" };

	(void)state;
	assert_int_equal(slablist_read("tests/no-such-file", &l, &e), -ENOENT);
	assert_non_null(strstr(e.text, "tests/no-such-file"));
	assert_int_equal(slablist_read("tests", &l, &e), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),	    cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),	    cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_shipped),	    cmocka_unit_test(test_more_listings),
		cmocka_unit_test(test_own_machine), cmocka_unit_test(test_missing_file),
	};

	return cmocka_run_group_tests_name("slablist", tests, NULL, NULL);
}
