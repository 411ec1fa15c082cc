/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as an address trace, in each format and guessed: refused with the place named, or read;
 * what was read is written in each format and reads the same again.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/trace.h"
#include "collectors/model/trace_bin.h"
#include "tests/fuzz.h"

/* Readers take buffers of a quarter of a megabyte: fewer inputs than others. */
const struct fuzz_slice fuzz_slice = { 60000, 2048 };

#define MOST 8192u

static void expect(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "fuzz_trace: %s\n", what);
		abort();
	}
}

/* Accesses of the trace, at most MOST; *refused says whether it ended in an error. */
static size_t read_all(const void *data, size_t size, enum trace_format format,
		       struct trace_ref *ref, int *refused)
{
	FILE *f = fmemopen((void *)(uintptr_t)data, size, "r");
	struct trace_reader *r;
	struct err e = { "" };
	size_t total = 0;
	long n;

	expect(f != NULL, "fmemopen");
	*refused = trace_open_stream(&r, f, "input", format, &e) != 0;
	if (!*refused) {
		while ((n = trace_read(r, ref + total, 7, &e)) > 0 && total + 14 < MOST)
			total += (size_t)n;
		*refused = n < 0;
		trace_close(r);
	}
	fclose(f);
	expect(!*refused || !strncmp(e.text, "input: line ", 12) ||
		       !strncmp(e.text, "input: offset ", 14),
	       "a message without a place");
	return total;
}

static void check_refs(const struct trace_ref *ref, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		expect(ref[i].size && ref[i].size <= TRACE_SIZE_MAX, "a size");
		expect(ref[i].cpu <= TRACE_CPU_MAX, "a CPU");
		expect(ref[i].addr <= UINT64_MAX - (ref[i].size - 1), "an access around the end");
	}
}

/* As records, both encodings, in memory. */
static void there_and_back(const struct trace_ref *ref, size_t n, enum trace_encoding encoding)
{
	unsigned char *buf = malloc((n + 2) * TRACE_RECORD_MAX), *p = buf;
	struct trace_ref *again = calloc(MOST, sizeof(*again));
	struct trace_bin b;
	int refused;

	expect(buf && again, "out of memory");
	p += trace_bin_header(&b, encoding, p);
	for (size_t i = 0; i < n; i++)
		p += trace_bin_put(&b, p, ref + i);
	p += trace_bin_end(&b, p);
	expect(read_all(buf, (size_t)(p - buf), TRACE_AUTO, again, &refused) == n && !refused,
	       "what was written is refused");
	for (size_t i = 0; i < n; i++)
		expect(ref[i].addr == again[i].addr && ref[i].size == again[i].size &&
			       ref[i].cpu == again[i].cpu && ref[i].write == again[i].write,
		       "what was written reads otherwise");
	free(buf);
	free(again);
}

static void check(const uint8_t *data, size_t size, enum trace_format format)
{
	struct trace_ref *ref = calloc(MOST, sizeof(*ref));
	int refused;
	size_t n;

	expect(ref != NULL, "out of memory");
	n = read_all(data, size, format, ref, &refused);
	check_refs(ref, n);
	if (n && n < MOST - 16) {
		there_and_back(ref, n, TRACE_ENC_WORDS);
		there_and_back(ref, n, TRACE_ENC_PACKED);
	}
	free(ref);
}

/* Records behind a header that is right. */
static void check_records(const uint8_t *data, size_t size, enum trace_encoding encoding)
{
	uint8_t *buf = malloc(size + TRACE_RECORD_MAX);
	struct trace_bin b;
	int head;

	expect(buf != NULL, "out of memory");
	head = trace_bin_header(&b, encoding, buf);
	memcpy(buf + head, data, size);
	check(buf, size + (size_t)head, TRACE_AUTO);
	free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	check(data, size, TRACE_AUTO);
	check(data, size, TRACE_DIN);
	check(data, size, TRACE_LACKEY);
	check_records(data, size, TRACE_ENC_WORDS);
	check_records(data, size, TRACE_ENC_PACKED);
	return 0;
}
