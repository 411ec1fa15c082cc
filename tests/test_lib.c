/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/host.h"
#include "lib/ini.h"
#include "lib/rng.h"
#include "lib/stat.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static void near(double got, double want, double by)
{
	if (!(fabs(got - want) <= by))
		fail_msg("expected %.17g, got %.17g", want, got);
}

/* ---- rng: published outputs of both generators */

static void test_rng_reference(void **state)
{
	static const uint64_t splitmix[] = { 6457827717110365317u, 3203168211198807973u,
					     9817491932198370423u, 4593380528125082431u,
					     16408922859458223821u };
	static const uint64_t xoshiro[] = { 11520u,
					    0u,
					    1509978240u,
					    1215971899390074240u,
					    1216172134540287360u,
					    607988272756665600u,
					    16172922978634559625u,
					    8476171486693032832u,
					    10595114339597558777u,
					    2904607092377533576u };
	struct rng r = { { 1, 2, 3, 4 } };
	uint64_t s = 1234567;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(splitmix); i++)
		assert_true(rng_splitmix64(&s) == splitmix[i]);
	for (size_t i = 0; i < ARRAY_SIZE(xoshiro); i++)
		assert_true(rng_u64(&r) == xoshiro[i]);
	rng_seed(&r, 1234567);
	for (size_t i = 0; i < 4; i++)
		assert_true(r.s[i] == splitmix[i]);
}

/* Chi-squared over residues; the bound is far above what a right generator gives, and the seed is
 * fixed. */
static void test_rng_below(void **state)
{
	static const uint64_t bound[] = { 1, 2, 3, 7, 10, 64, 1000 };

	(void)state;
	for (size_t b = 0; b < ARRAY_SIZE(bound); b++) {
		uint64_t n = bound[b], draws = 200 * n;
		unsigned *count = calloc(n, sizeof(*count));
		double chi = 0;
		struct rng r;

		assert_non_null(count);
		rng_seed(&r, 42);
		for (uint64_t i = 0; i < draws; i++) {
			uint64_t v = rng_below(&r, n);

			assert_true(v < n);
			count[v]++;
		}
		for (uint64_t i = 0; i < n; i++)
			chi += (count[i] - 200.0) * (count[i] - 200.0) / 200.0;
		if (n > 1)
			assert_true(chi < (double)(n - 1) + 5 * sqrt(2.0 * (double)(n - 1)));
		free(count);
	}
}

/* A bound where plain "modulo" would give the lower half twice as often. */
static void test_rng_below_unbiased(void **state)
{
	const uint64_t n = UINT64_C(3) << 62;
	unsigned low = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 7);
	for (unsigned i = 0; i < 30000; i++) {
		uint64_t v = rng_below(&r, n);

		assert_true(v < n);
		low += v < UINT64_C(1) << 62;
	}
	assert_in_range(low, 9600, 10400); /* a third; modulo would give half */
	assert_true(rng_below(&r, 0) != rng_below(&r, 0));
}

static void test_rng_double(void **state)
{
	double sum = 0;
	struct rng r;

	(void)state;
	rng_seed(&r, 0);
	for (unsigned i = 0; i < 10000; i++) {
		double v = rng_double(&r);

		assert_true(v >= 0 && v < 1);
		sum += v;
	}
	near(sum / 10000, 0.5, 0.015);
}

/* Every order of three about equally often, nothing lost; odd element sizes, too. */
static void test_rng_shuffle(void **state)
{
	unsigned count[27] = { 0 };
	struct rng r;

	(void)state;
	rng_seed(&r, 3);
	for (unsigned i = 0; i < 6000; i++) {
		char v[3][5] = { "a..0", "b..1", "c..2" };

		rng_shuffle(&r, v, 3, sizeof(v[0]));
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(v[k][0] - 'a', v[k][3] - '0');
		count[(v[0][3] - '0') * 9 + (v[1][3] - '0') * 3 + (v[2][3] - '0')]++;
	}
	for (unsigned i = 0, orders = 0; i < 27; i++) {
		orders += count[i] > 0;
		if (count[i])
			assert_in_range(count[i], 850, 1150);
		if (i == 26)
			assert_int_equal(orders, 6);
	}
	rng_shuffle(&r, NULL, 0, 8);
}

/* ---- clock */

static void test_clock(void **state)
{
	uint64_t n0 = clock_ns(), t0 = clock_ticks_begin(), t1, n1;
	struct clock_facts f;
	double ratio;

	(void)state;
	clock_measure(&f, 5);
	t1 = clock_ticks_end();
	n1 = clock_ns();
	assert_non_null(f.ticks_source);
	assert_true(f.ticks_per_ns > 0);
	assert_true(f.ticks_cost >= 0 && f.ns_cost >= 0 && f.ticks_step >= 1);
	assert_true(t1 > t0 && n1 > n0);
	/* both clocks saw the same stretch: loose, because another process may come between the two
	 * reads */
	ratio = clock_ticks_ns(&f, (double)(t1 - t0)) / (double)(n1 - n0);
	assert_true(ratio > 0.5 && ratio < 2);
}

/* ---- stat */

static void test_stat_sort(void **state)
{
	double v[] = { 3, NAN, -1, INFINITY, 2, NAN, -INFINITY };

	(void)state;
	assert_int_equal(stat_sort(v, ARRAY_SIZE(v)), 5);
	assert_true(v[0] == -INFINITY && v[1] == -1 && v[2] == 2 && v[3] == 3 && v[4] == INFINITY);
	assert_true(isnan(v[5]) && isnan(v[6]));
	assert_int_equal(stat_sort(v, 0), 0);
}

static void test_stat_quantile(void **state)
{
	static const double v[] = { 1, 2, 4, 8, 16 };
	static const struct {
		size_t n;
		double p, want;
	} row[] = {
		{ 5, 0, 1 },	   { 5, 1, 16 },     { 5, 0.5, 4 }, { 5, 0.25, 2 },
		{ 5, 0.1, 1.4 },   { 5, 0.9, 12.8 }, { 4, 0.5, 3 }, { 1, 0.3, 1 },
		{ 2, 0.75, 1.75 }, { 5, -1, 1 },     { 5, 2, 16 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		near(stat_quantile(v, row[i].n, row[i].p), row[i].want, 1e-12);
	near(stat_median(v, 5), 4, 0);
	near(stat_median(v, 4), 3, 0);
	near(stat_median(v, 1), 1, 0);
}

/* Against the definition, worked out the long way. */
static void test_stat_mad(void **state)
{
	static const double known[] = {
		1, 1, 2, 2, 4, 6, 9
	}; /* median 2, deviations 0 0 1 1 2 4 7 */
	struct rng r;

	(void)state;
	near(stat_mad(known, 7), 1, 0);
	near(stat_mad(known, 1), 0, 0);
	rng_seed(&r, 11);
	for (size_t n = 1; n <= 40; n++) {
		double v[40], d[40], median;

		for (size_t i = 0; i < n; i++)
			v[i] = floor(rng_double(&r) * 50);
		stat_sort(v, n);
		median = stat_median(v, n);
		for (size_t i = 0; i < n; i++)
			d[i] = fabs(v[i] - median);
		stat_sort(d, n);
		near(stat_mad(v, n), stat_median(d, n), 1e-12);
	}
}

/* Ranks and coverage summed elsewhere in whole numbers: 1 - 2 sum C(n, i) / 2^n for i < k. */
static void test_stat_sign_interval(void **state)
{
	static const struct {
		size_t n;
		double confidence;
		size_t rank; /* 0: none */
		double coverage;
	} row[] = {
		{ 5, 0.95, 0, 0 },
		{ 6, 0.95, 1, 0.96875 },
		{ 8, 0.95, 1, 0.9921875 },
		{ 9, 0.95, 2, 0.9609375 },
		{ 10, 0.95, 2, 0.978515625 },
		{ 15, 0.95, 4, 0.96484375 },
		{ 20, 0.95, 6, 0.95861053 },
		{ 30, 0.95, 10, 0.95722606 },
		{ 50, 0.95, 18, 0.96716086 },
		{ 7, 0.99, 0, 0 },
		{ 8, 0.99, 1, 0.9921875 },
		{ 1, 0.5, 0, 0 },
		{ 2, 0.5, 1, 0.5 },
		{ 10, 0, 0, 0 },
		{ 10, 1, 0, 0 },
		{ 10, NAN, 0, 0 },
	};
	double v[50];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = (double)(i + 1) * 10;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct stat_interval out = { -1, -1, 99, -1 };
		int ret = stat_sign_interval(v, row[i].n, row[i].confidence, &out);

		if (!row[i].rank) {
			assert_int_equal(ret, -ERANGE);
			assert_int_equal(out.rank, 99);
			continue;
		}
		assert_int_equal(ret, 0);
		assert_int_equal(out.rank, row[i].rank);
		near(out.coverage, row[i].coverage, 1e-7);
		near(out.lo, (double)row[i].rank * 10, 0);
		near(out.hi, (double)(row[i].n + 1 - row[i].rank) * 10, 0);
	}
	assert_int_equal(stat_sign_least(0.95), 6);
	assert_int_equal(stat_sign_least(0.99), 8);
	assert_int_equal(stat_sign_least(0.995), 9);
	assert_int_equal(stat_sign_least(1), 0);
	near(stat_sign_coverage(10, 0), 0, 0);
	near(stat_sign_coverage(10, 6), 0, 0);
}

/* 2^-n is below what a double can hold; the normal approximation says where the rank must lie. */
static void test_stat_sign_large(void **state)
{
	const size_t n = 5000;
	double *v = malloc(n * sizeof(*v));
	struct stat_interval out;

	(void)state;
	assert_non_null(v);
	for (size_t i = 0; i < n; i++)
		v[i] = (double)i;
	assert_int_equal(stat_sign_interval(v, n, 0.95, &out), 0);
	assert_in_range(out.rank, 2429, 2432); /* n/2 - 1.96 sqrt(n)/2 = 2430.7 */
	assert_true(out.coverage >= 0.95 && out.coverage < 0.955);
	free(v);
}

/* What the coverage claims, drawn: an exponential's median is ln 2. */
static void test_stat_sign_simulated(void **state)
{
	unsigned held = 0, runs = 20000;
	struct rng r;

	(void)state;
	rng_seed(&r, 5);
	for (unsigned k = 0; k < runs; k++) {
		struct stat_interval out;
		double v[10];

		for (size_t i = 0; i < 10; i++)
			v[i] = -log(1 - rng_double(&r));
		stat_sort(v, 10);
		assert_int_equal(stat_sign_interval(v, 10, 0.95, &out), 0);
		held += out.lo <= M_LN2 && M_LN2 <= out.hi;
	}
	near((double)held / runs, 0.978515625, 0.005); /* 5 standard errors */
}

/* ---- ini */

struct log {
	char text[1024];
};

static int log_item(void *ctx, const struct ini_item *it, struct err *e)
{
	struct log *l = ctx;
	size_t n = strlen(l->text);

	if (it->name && !strcmp(it->name, "bad"))
		return err_set(e, -EDOM, "%s is not known", it->name);
	if (it->name)
		snprintf(l->text + n, sizeof(l->text) - n, "%u:%s.%s=%s|", it->line, it->section,
			 it->name, it->value);
	else
		snprintf(l->text + n, sizeof(l->text) - n, "%u:[%s]|", it->line, it->section);
	return 0;
}

static const struct ini_reader_ops log_ops = { log_item };

#define LONG60 "0123456789012345678901234567890123456789012345678901234567890"

static void test_ini_read(void **state)
{
	static const struct {
		const char *text, *items;
	} row[] = {
		{ "", "" },
		{ "; nothing\n\n# nor here\n", "" },
		{ "a = 1\n[s]\nb=two words  ; why\n", "1:.a=1|2:[s]|3:s.b=two words|" },
		{ "[one]\n[two]\n", "1:[one]|2:[two]|" },
		{ "[s]\na = 64,128,\n\t256,\n    512\nb = 1\n",
		  "1:[s]|2:s.a=64,128,256,512|5:s.b=1|" },
		{ "[s]\r\na = 1\r\n", "1:[s]|2:s.a=1|" },
		{ "\xef\xbb\xbf[s]\na = 1", "1:[s]|2:s.a=1|" },
		{ "[s] ; note\na=\nb = x=y\n", "1:[s]|2:s.a=|3:s.b=x=y|" },
		{ "[s]\na=3:1:1\n[t]\na=1\n", "1:[s]|2:s.a=3:1:1|3:[t]|4:t.a=1|" },
		{ "[s]\na=1\n\n; between\n\t2\n", "1:[s]|2:s.a=12|" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct log l = { "" };
		struct err e = { "" };

		if (ini_read_text(row[i].text, strlen(row[i].text), "job", &log_ops, &l, &e))
			fail_msg("row %zu: %s", i, e.text);
		assert_string_equal(l.text, row[i].items);
	}
}

static void test_ini_refused(void **state)
{
	static const struct {
		const char *text, *says;
		int code;
	} row[] = {
		{ "[s]\njust words\n", "job:2: expected [section], name = value", -EINVAL },
		{ "words\n[s]\nbad = 1\n", "job:1: expected [section], name = value", -EINVAL },
		{ "[s]\na ; b = 1\n", "job:2: expected [section], name = value", -EINVAL },
		{ "[s\na = 1\n", "job:1: expected ']'", -EINVAL },
		{ "[]\n", "job:1: a section's name has 1 to 49 bytes, this one has 0", -EINVAL },
		{ "[" LONG60 "]\n", "job:1: a section's name has 1 to 49 bytes", -EINVAL },
		{ "[s] x\n", "job:1: expected the line to end", -EINVAL },
		{ "[a ;b]\n", "job:1: a section's name may not", -EINVAL },
		{ "[s]\n[t]\n[s]\n", "job:3: section [s] stands already at line 1", -EINVAL },
		{ "[s]\na-b = 1\nc = 2\na_b = 3\n", "job:4: a_b is set already at line 2",
		  -EINVAL },
		{ "[s]\n= 1\n", "job:2: expected a name", -EINVAL },
		{ LONG60 " = 1\n", "job:1: expected a name of 1 to 49 bytes", -EINVAL },
		{ "[s]\n  a = 1\n", "job:2: an indented line goes on with a value", -EINVAL },
		{ "[s]\na = 1\n  b = 2\n",
		  "job:3: indented, so it would go on with the value of 'a'", -EINVAL },
		{ "[s]\na = 1\n  [t]\n", "job:3: indented, so", -EINVAL },
		{ "a=" LONG60 LONG60 LONG60 LONG60 "\n", "job:1: a line may have 19", -EINVAL },
		{ "[s]\nbad = 1\na = 2\n", "job:2: bad is not known", -EDOM },
		{ "[s]\nbad = 1", "job:2: bad is not known", -EDOM },
		{ "bad = 1\n[s]\n", "job:1: bad is not known", -EDOM },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		struct log l = { "" };
		struct err e = { "" };

		if (ini_read_text(row[i].text, strlen(row[i].text), "job", &log_ops, &l, &e) !=
		    row[i].code)
			fail_msg("row %zu: wrong code", i);
		if (strncmp(e.text, row[i].says, strlen(row[i].says)))
			fail_msg("row %zu: expected \"%s...\", got \"%s\"", i, row[i].says, e.text);
	}
}

static void test_ini_nul(void **state)
{
	struct log l = { "" };
	struct err e = { "" };

	(void)state;
	assert_int_equal(ini_read_text("a = 1\nb\0 = 2\n", 13, "job", &log_ops, &l, &e), -EINVAL);
	assert_string_equal(e.text, "job:2: a control character (0x00) in column 2");
}

/* ---- file */

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/slabscope-test-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static void test_file_round_trip(void **state)
{
	size_t len = 100001, got = 0;
	char path[128], *data = malloc(len), *back = NULL;
	struct stat st;

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = (char)(i * 7);
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(file_write(path, "old", 3, NULL), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(file_write(path, data, len, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_read(path, 0, &back, &got, NULL), 0);
	assert_int_equal(got, len);
	assert_memory_equal(back, data, len);
	assert_int_equal(back[len], 0);
	free(back);
	assert_int_equal(file_read(path, 1000, &back, &got, NULL), -EFBIG);
	assert_int_equal(file_read(path, len, &back, NULL, NULL), 0);
	free(back);
	free(data);
	assert_int_equal(unlink(path), 0);
}

/* An aborted file leaves nothing, and leaves the old one alone. */
static void test_file_abort(void **state)
{
	struct file_out f;
	char path[128], *back;

	(void)state;
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(file_write(path, "old", 3, NULL), 0);
	assert_int_equal(file_begin(&f, path, NULL), 0);
	fputs("new", f.stream);
	file_abort(&f);
	file_abort(&f);
	assert_int_equal(file_read(path, 0, &back, NULL, NULL), 0);
	assert_string_equal(back, "old");
	free(back);
	assert_int_equal(unlink(path),
			 0); /* remove_dir() fails if the temporary one is still there */
}

static void test_file_errors(void **state)
{
	struct err e = { "" };
	struct file_out f;
	char path[128], *back;

	(void)state;
	snprintf(path, sizeof(path), "%s/none/f", dir);
	assert_int_equal(file_write(path, "x", 1, &e), -ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(file_read(path, 0, &back, NULL, &e), -ENOENT);
	assert_int_equal(file_read(dir, 0, &back, NULL, &e), -EISDIR);
	/* the rename fails: the target is a folder that is not empty of meaning */
	assert_int_equal(file_begin(&f, dir, &e), 0);
	assert_int_equal(file_commit(&f, &e), -EISDIR);
	assert_non_null(strstr(e.text, dir));
	/* a file of /proc says it is empty */
	assert_int_equal(file_read("/proc/self/stat", 0, &back, NULL, &e), 0);
	assert_true(strlen(back) > 10);
	free(back);
}

/* ---- host */

static void test_host(void **state)
{
	static const char *const always[] = { "hostname",      "kernel",      "arch",
					      "page_size",     "cpus_online", "compiler",
					      "build_variant", "sanitizer",   "version" };
	struct host_fact f[HOST_FACTS_MAX];
	unsigned n = host_facts(f);
	char want[32];

	(void)state;
	assert_in_range(n, 20, HOST_FACTS_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		assert_non_null(host_fact_find(f, n, always[i]));
		assert_int_equal(host_fact_find(f, n, always[i])->error, 0);
	}
	for (unsigned i = 0; i < n; i++) {
		assert_ptr_equal(host_fact_find(f, n, f[i].name), &f[i]); /* names are unique */
		assert_true(f[i].error <= 0);
		assert_true(f[i].text[0]); /* known, or why not */
	}
	snprintf(want, sizeof(want), "%ld", sysconf(_SC_PAGESIZE));
	assert_string_equal(host_fact_find(f, n, "page_size")->text, want);
	assert_null(host_fact_find(f, n, "nonsense"));
	if (!strcmp(host_build_variant(), "release"))
		assert_false(host_build_is_slow());
	else
		assert_true(host_build_is_slow());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rng_reference),
		cmocka_unit_test(test_rng_below),
		cmocka_unit_test(test_rng_below_unbiased),
		cmocka_unit_test(test_rng_double),
		cmocka_unit_test(test_rng_shuffle),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_stat_sort),
		cmocka_unit_test(test_stat_quantile),
		cmocka_unit_test(test_stat_mad),
		cmocka_unit_test(test_stat_sign_interval),
		cmocka_unit_test(test_stat_sign_large),
		cmocka_unit_test(test_stat_sign_simulated),
		cmocka_unit_test(test_ini_read),
		cmocka_unit_test(test_ini_refused),
		cmocka_unit_test(test_ini_nul),
		cmocka_unit_test_setup_teardown(test_file_round_trip, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_file_abort, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_file_errors, make_dir, remove_dir),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests_name("lib", tests, NULL, NULL);
}
