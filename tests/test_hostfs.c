/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/hostfs: small files below an invented root, and lists of CPUs. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/hostfs.h"

static void write_file(const struct hostfs *h, const char *name, const char *text, size_t len)
{
	char path[512];
	FILE *f;

	assert_int_equal(hostfs_path(h, path, sizeof(path), "/%s", name), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void make_root(struct hostfs *h)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(h->root, sizeof(h->root), "%s/hostfs-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(h->root));
}

static void remove_root(const struct hostfs *h, const char *const *names)
{
	char path[512];

	for (; *names; names++)
		if (!hostfs_path(h, path, sizeof(path), "/%s", *names))
			unlink(path);
	assert_int_equal(rmdir(h->root), 0);
}

static void test_read(void **state)
{
	static const char *const names[] = { "f", NULL };
	static const struct {
		const char *text;
		size_t len;
		int want; /* length, or -errno, with room for 8 bytes and a NUL */
		const char *trimmed;
	} cases[] = {
		{ "abc\n", 4, 3, "abc" },
		{ "", 0, 0, "" },
		{ " \n\n", 3, 0, "" },
		{ " a b\n", 5, 4, " a b" },
		{ "12345678", 8, 8, "12345678" },
		{ "123456789", 9, -EFBIG, NULL },
	};
	struct hostfs h;

	(void)state;
	make_root(&h);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[9];

		write_file(&h, "f", cases[i].text, cases[i].len);
		assert_int_equal(hostfs_read(&h, buf, sizeof(buf), "/%s", "f"), cases[i].want);
		if (cases[i].trimmed)
			assert_string_equal(buf, cases[i].trimmed);
	}
	remove_root(&h, names);
}

static void test_numbers(void **state)
{
	static const char *const names[] = { "f", NULL };
	static const struct {
		const char *text;
		int rc;
		uint64_t want;
	} cases[] = {
		{ "0\n", 0, 0 },
		{ "18446744073709551615\n", 0, UINT64_MAX },
		{ "18446744073709551616\n", -EINVAL, 0 },
		{ "0x1f\n", 0, 31 },
		{ "-1\n", -EINVAL, 0 },
		{ " 7\n", -EINVAL, 0 },
		{ "7 8\n", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "x\n", -EINVAL, 0 },
	};
	struct hostfs h;
	uint64_t v;
	int64_t s;
	char buf[8];

	(void)state;
	make_root(&h);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(&h, "f", cases[i].text, strlen(cases[i].text));
		v = 4711;
		assert_int_equal(hostfs_u64(&h, &v, "/f"), cases[i].rc);
		assert_true(v == (cases[i].rc ? 4711 : cases[i].want));
	}
	write_file(&h, "f", "-2\n", 3);
	assert_int_equal(hostfs_s64(&h, &s, "/f"), 0);
	assert_int_equal(s, -2);
	write_file(&h, "f", "- 2\n", 4);
	assert_int_equal(hostfs_s64(&h, &s, "/f"), -EINVAL);
	assert_int_equal(hostfs_u64(&h, &v, "/none"), -ENOENT);
	assert_int_equal(hostfs_read(&h, buf, sizeof(buf), "/"), -EISDIR);
	remove_root(&h, names);
}

static void test_long_names(void **state)
{
	struct hostfs h = { "" };
	char buf[16], name[5000];

	(void)state;
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(hostfs_path(&h, buf, sizeof(buf), "/%s", name), -ENAMETOOLONG);
	assert_int_equal(hostfs_read(&h, buf, sizeof(buf), "/%s", name), -ENAMETOOLONG);
	assert_int_equal(hostfs_path(&h, buf, sizeof(buf), "/123456789012345"), -ENAMETOOLONG);
	assert_int_equal(hostfs_path(&h, buf, sizeof(buf), "/12345678901234"), 0);
}

static void test_root(void **state)
{
	struct hostfs h;

	(void)state;
	assert_int_equal(setenv("SLABSCOPE_HOSTFS", "elsewhere", 1), 0);
	hostfs_init(&h);
	assert_string_equal(h.root, "elsewhere");
	assert_int_equal(unsetenv("SLABSCOPE_HOSTFS"), 0);
	hostfs_init(&h);
	assert_string_equal(h.root, "");
}

static void test_lists(void **state)
{
	static const struct {
		const char *text;
		int want;
		unsigned last;
	} cases[] = {
		{ "", 0, 0 },
		{ "0", 1, 0 },
		{ "0-3", 4, 3 },
		{ "0-1,4,6-7", 5, 7 },
		{ "3-1", -EINVAL, 0 },
		{ "1,1", -EINVAL, 0 },
		{ "2,1", -EINVAL, 0 },
		{ "1,", -EINVAL, 0 },
		{ "a", -EINVAL, 0 },
		{ "1-", -EINVAL, 0 },
		{ "1 2", -EINVAL, 0 },
		{ "0-2000000", -EINVAL, 0 },
		{ "0-1048575", 1048576, 7 }, /* more than there is room for: the first are stored */
	};
	unsigned cpu[8];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int n = hostfs_parse_list(cases[i].text, cpu, 8);

		assert_int_equal(n, cases[i].want);
		if (n > 0)
			assert_int_equal(cpu[(n < 8 ? n : 8) - 1], cases[i].last);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	   cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_long_names), cmocka_unit_test(test_root),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests_name("hostfs", tests, NULL, NULL);
}
