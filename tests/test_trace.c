/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address traces: what is read, what is refused and where, and that what is written reads the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/model/trace.h"
#include "collectors/model/trace_bin.h"
#include "lib/rng.h"

/* All of a trace in memory, in portions of @most. Returns how many or -errno. */
static long read_all(const void *data, size_t len, enum trace_format format, size_t most,
		     struct trace_ref *ref, size_t room, uint64_t *skipped, struct err *e)
{
	FILE *f = len ? fmemopen((void *)(uintptr_t)data, len, "r") : fopen("/dev/null", "r");
	struct trace_reader *r;
	long n, total = 0;
	int rc;

	assert_non_null(f);
	rc = trace_open_stream(&r, f, "t", format, e);
	if (rc) {
		fclose(f);
		return rc;
	}
	while ((n = trace_read(r, ref + total, most, e)) > 0) {
		total += n;
		assert_true((size_t)total + most <= room);
	}
	*skipped = trace_skipped(r);
	if (n < 0) {
		struct err again;

		assert_int_equal(trace_read(r, ref, most, &again), n);
		assert_string_equal(again.text, e->text);
	}
	trace_close(r);
	fclose(f);
	return n < 0 ? n : total;
}

static const struct {
	const char *text;
	enum trace_format format;
	long n; /* accesses, or -errno */
	uint64_t skipped;
	uint64_t addr; /* of the last one */
	unsigned size, cpu;
	int write;
	const char *message;
} texts[] = {
	/* din */
	{ "0 1000\n", TRACE_AUTO, 1, 0, 0x1000, 1, 0, 0, NULL },
	{ "0 1000\n1 0xfFe 8\n2 400000\n", TRACE_AUTO, 2, 1, 0xffe, 8, 0, 1, NULL },
	{ "r 10 4\nw 20 10 3\ni 30 4\r\n\n# x\n", TRACE_AUTO, 2, 1, 0x20, 16, 3, 1, NULL },
	{ "\n# a remark\n  0\tffffffffffffffff   1  ", TRACE_AUTO, 1, 0, UINT64_MAX, 1, 0, 0,
	  NULL },
	{ "", TRACE_AUTO, 0, 0, 0, 0, 0, 0, NULL },
	{ "# nothing\n", TRACE_DIN, 0, 0, 0, 0, 0, 0, NULL },
	{ "3 10\n", TRACE_AUTO, -EINVAL, 0, 0, 0, 0, 0,
	  "t: line 1, column 1: expected a label: 0, 1, 2, r, w or i, got '3'" },
	{ "0 10\n00 10\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0,
	  "t: line 2, column 1: expected a label" },
	{ "0 10\n0 1g\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0,
	  "t: line 2, column 3: expected a hexadecimal address of at most 64 bits, got '1g'" },
	{ "0\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 2: expected a hexadecimal address" },
	{ "0 0x\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0, "line 1, column 3: expected a hexadecimal" },
	{ "0 10000000000000000\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0, "line 1, column 3" },
	{ "0 10 0\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0,
	  "t: line 1, column 6: expected a size of 1 or more, got '0'" },
	{ "0 10 1000001\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0, "line 1, column 6: expected" },
	{ "0 ffffffffffffffff 2\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 20: expected a size within the address space" },
	{ "0 10 4 256\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 8: expected a CPU of at most 255, got '256'" },
	{ "0 10 4 1 x\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 10: expected the end of the line, got 'x'" },
	{ "2 zz\n", TRACE_DIN, -EINVAL, 0, 0, 0, 0, 0, "line 1, column 3" },
	/* lackey */
	{ " L 1ffeff7c,8\n", TRACE_AUTO, 1, 0, 0x1ffeff7c, 8, 0, 0, NULL },
	{ "==12== Lackey\nI  04016b80,3\n S 10,4\n M 20,16\n--12-- x\n", TRACE_AUTO, 3, 1, 0x20, 16,
	  0, 1, NULL },
	{ "I  04016b80,3\n", TRACE_AUTO, 0, 1, 0, 0, 0, 0, NULL },
	{ " L 10 8\n", TRACE_LACKEY, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 6: expected a comma and a size, got the end of the line" },
	{ " L 10,\n", TRACE_LACKEY, -EINVAL, 0, 0, 0, 0, 0, "line 1, column 7: expected a size" },
	{ " L 10,0x8\n", TRACE_LACKEY, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 7: expected a size" },
	{ " L 10,8 1\n", TRACE_LACKEY, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 9: expected the end of the line" },
	{ " S 10,4\n X 10,4\n", TRACE_AUTO, -EINVAL, 0, 0, 0, 0, 0,
	  "t: line 2, column 2: expected I, L, S or M, got 'X'" },
	{ "0 10\n", TRACE_LACKEY, -EINVAL, 0, 0, 0, 0, 0,
	  "line 1, column 1: expected I, L, S or M" },
	/* what is no binary trace */
	{ "0 10\n", TRACE_BIN, -EINVAL, 0, 0, 0, 0, 0, "t: offset 0: not a binary trace" },
	{ "slab", TRACE_BIN, -EINVAL, 0, 0, 0, 0, 0, "t: offset 0: truncated in the header" },
	{ "slabtrc\n", TRACE_AUTO, -EINVAL, 0, 0, 0, 0, 0, "t: offset 0: truncated in the header" },
	{ "slabtrc\n2222eeee", TRACE_AUTO, -EINVAL, 0, 0, 0, 0, 0, "t: offset 0: a version that" },
	{ "slabtrc\n\1", TRACE_WORDS, -EINVAL, 0, 0, 0, 0, 0,
	  "t: offset 0: truncated in the header" },
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct trace_ref ref[16];
		struct err e = { "" };
		uint64_t skipped = 0;
		const char *t = texts[i].text;
		long n = read_all(t, strlen(t), texts[i].format, 2, ref, 16, &skipped, &e);

		if (n != texts[i].n || (n < 0 && !strstr(e.text, texts[i].message)))
			fail_msg("row %zu: %ld '%s'", i, n, e.text);
		if (n >= 0 && skipped != texts[i].skipped)
			fail_msg("row %zu: %llu skipped", i, (unsigned long long)skipped);
		if (n > 0 &&
		    (ref[n - 1].addr != texts[i].addr || ref[n - 1].size != texts[i].size ||
		     ref[n - 1].cpu != texts[i].cpu || ref[n - 1].write != texts[i].write))
			fail_msg("row %zu: %llx %u %u %d", i, (unsigned long long)ref[n - 1].addr,
				 ref[n - 1].size, ref[n - 1].cpu, ref[n - 1].write);
	}
}

/* A modify is a load and then a store of the same bytes. */
static void test_modify(void **state)
{
	static const char text[] = " M 30,8\n";
	struct trace_ref ref[4];
	uint64_t skipped;

	(void)state;
	assert_int_equal(read_all(text, strlen(text), TRACE_LACKEY, 2, ref, 4, &skipped, NULL), 2);
	assert_true(ref[0].addr == 0x30 && ref[0].size == 8 && !ref[0].write);
	assert_true(ref[1].addr == 0x30 && ref[1].size == 8 && ref[1].write);
}

static void test_long_line(void **state)
{
	size_t len = 300000;
	char *text = malloc(len);
	struct trace_ref ref[4];
	struct err e;
	uint64_t skipped;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	assert_int_equal(read_all(text, len, TRACE_DIN, 2, ref, 4, &skipped, &e), -EINVAL);
	assert_non_null(strstr(e.text, "t: line 1: longer than"));
	free(text);
}

/* ---- there and back ---- */

#define MANY 40000u

static struct trace_ref any_ref(struct rng *r, const struct trace_ref *before, bool cpus)
{
	struct trace_ref x = { .size = 8, .write = rng_below(r, 2) };

	switch (rng_below(r, 6)) {
	case 0:
		x.addr = rng_u64(r);
		x.size = 1 + (uint32_t)rng_below(r, TRACE_SIZE_MAX);
		break;
	case 1:
		x.addr = rng_below(r, UINT64_C(1) << 48);
		x.size = 1 + (uint32_t)rng_below(r, 300);
		break;
	default:
		x = *before;
		x.addr += rng_below(r, 64) * 8;
	}
	if (cpus && !rng_below(r, 4))
		x.cpu = (uint16_t)rng_below(r, 256);
	if (x.addr > UINT64_MAX - x.size)
		x.addr = UINT64_MAX - (x.size - 1);
	return x;
}

static char *scratch(void)
{
	const char *dir = getenv("TMPDIR");
	char *path;
	int fd;

	assert_true(asprintf(&path, "%s/slabscope-trace.XXXXXX", dir ? dir : "/tmp") > 0);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return path;
}

static void there_and_back(enum trace_format format, bool cpus)
{
	struct trace_ref *in = calloc(MANY, sizeof(*in)), *out = calloc(MANY + 600, sizeof(*out));
	char *path = scratch();
	struct trace_writer *w;
	struct trace_reader *r;
	struct rng rng;
	struct err e;
	long n, total = 0;

	assert_true(in && out);
	rng_seed(&rng, format);
	assert_int_equal(trace_writer_open(&w, path, format, &e), 0);
	for (unsigned i = 0; i < MANY; i++) {
		in[i] = any_ref(&rng, i ? in + i - 1 : &(struct trace_ref){ 4096, 8, 0, false },
				cpus);
		trace_writer_put(w, in[i].cpu, in[i].addr, in[i].size, in[i].write);
	}
	assert_int_equal(trace_writer_count(w), MANY);
	assert_int_equal(trace_writer_close(w, &e), 0);
	assert_int_equal(trace_open(&r, path, TRACE_AUTO, &e), 0);
	assert_int_equal(trace_reader_format(r), format == TRACE_WORDS ? TRACE_BIN : format);
	while ((n = trace_read(r, out + total, 512, &e)) > 0)
		total += n;
	assert_int_equal(n, 0);
	assert_int_equal(total, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_true(in[i].addr == out[i].addr && in[i].size == out[i].size &&
			    in[i].cpu == out[i].cpu && in[i].write == out[i].write);
	trace_close(r);
	unlink(path);
	free(path);
	free(in);
	free(out);
}

static void test_there_and_back(void **state)
{
	(void)state;
	there_and_back(TRACE_BIN, true);
	there_and_back(TRACE_WORDS, true);
	there_and_back(TRACE_DIN, true);
	there_and_back(TRACE_LACKEY, false);
}

static void test_writer_refuses(void **state)
{
	struct trace_writer *w;
	struct err e;

	(void)state;
	assert_int_equal(trace_writer_open(&w, "/dev/null", TRACE_LACKEY, &e), 0);
	trace_writer_put(w, 1, 16, 8, 0);
	assert_int_equal(trace_writer_close(w, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no column for the CPU"));
	assert_int_equal(trace_writer_open(&w, "/dev/null", TRACE_BIN, &e), 0);
	trace_writer_put(w, 0, UINT64_MAX, 8, 0);
	assert_int_equal(trace_writer_close(w, &e), -EINVAL);
	assert_int_equal(trace_writer_open(&w, "/dev/full", TRACE_AUTO, &e), 0);
	trace_writer_put(w, 0, 16, 8, 0);
	assert_int_equal(trace_writer_close(w, &e), -ENOSPC);
	assert_int_equal(trace_writer_open(&w, "/dev/null/x", TRACE_BIN, &e), -ENOTDIR);
}

/* Large ranges become several, which meet where no line is cut. */
static void test_pieces(void **state)
{
	char *path = scratch();
	struct trace_writer *w;
	struct trace_reader *r;
	struct trace_ref ref[8];
	uint64_t at = 1000;

	(void)state;
	assert_int_equal(trace_writer_open(&w, path, TRACE_BIN, NULL), 0);
	trace_writer_put(w, 0, 1000, 40u << 20, 1);
	assert_int_equal(trace_writer_close(w, NULL), 0);
	assert_int_equal(trace_open(&r, path, TRACE_AUTO, NULL), 0);
	assert_int_equal(trace_read(r, ref, 8, NULL), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ref[i].addr, at);
		assert_true(!i || at % TRACE_SIZE_MAX == 0);
		at += ref[i].size;
	}
	assert_int_equal(at, 1000 + (40u << 20));
	trace_close(r);
	unlink(path);
	free(path);
}

/* A binary trace that is cut off anywhere says where. */
static void test_cut(void **state)
{
	static const enum trace_encoding encodings[] = { TRACE_ENC_WORDS, TRACE_ENC_PACKED };

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		unsigned char buf[512];
		struct trace_bin b;
		struct trace_ref ref[16], x = { 0x7f0012345678, 8, 0, false };
		struct err e;
		uint64_t skipped;
		size_t len = (size_t)trace_bin_header(&b, encodings[k], buf);

		for (unsigned i = 0; i < 9; i++) {
			x.addr += i * 4096;
			x.size = i == 4 ? 4096 : 8;
			x.cpu = i == 6 ? 200 : 0;
			len += (size_t)trace_bin_put(&b, buf + len, &x);
		}
		len += (size_t)trace_bin_end(&b, buf + len);
		assert_int_equal(read_all(buf, len, TRACE_AUTO, 2, ref, 16, &skipped, &e), 9);
		for (size_t cut = 0; cut < len; cut++) {
			if (read_all(buf, cut, TRACE_BIN, 2, ref, 16, &skipped, &e) != -EINVAL)
				fail_msg("encoding %u, cut at %zu: read", k, cut);
			if (cut && !strstr(e.text, "truncated"))
				fail_msg("encoding %u, cut at %zu: '%s'", k, cut, e.text);
			assert_int_equal(strncmp(e.text, "t: offset ", 10), 0);
		}
		buf[len] = 0;
		assert_int_equal(read_all(buf, len + 1, TRACE_AUTO, 2, ref, 16, &skipped, &e),
				 -EINVAL);
		assert_non_null(strstr(e.text, "bytes behind the end mark"));
		b.count = 8;
		trace_bin_end(&b, buf + len - (k ? 3 : 8));
		assert_int_equal(read_all(buf, len, TRACE_AUTO, 2, ref, 16, &skipped, &e), -EINVAL);
		assert_non_null(strstr(e.text, "another number of records"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_modify),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_writer_refuses),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
