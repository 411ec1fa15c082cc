/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any bytes as the CSV of `slabscope geometry --batch`: the answer has a row for each row, every
 * one of them whole, or there is a message that names line and column. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/geo.h"
#include "lib/csv.h"
#include "tests/fuzz.h"

#define NR_OUTPUTS 12

static void expect(int ok, const char *what, const struct err *e)
{
	if (!ok) {
		fprintf(stderr, "fuzz_batch: %s: %s\n", what, e->text);
		abort();
	}
}

static FILE *open_bytes(const void *data, size_t size)
{
	FILE *f = fmemopen((void *)(uintptr_t)data, size, "r");

	if (!f)
		abort();
	return f;
}

static int is_number(const char *text)
{
	return *text && !text[strspn(text, "0123456789")];
}

/* The answer must read as CSV and repeat the input's cells in front of its numbers. */
static void check_answer(const uint8_t *data, size_t size, const char *text, size_t len)
{
	FILE *in = open_bytes(data, size), *out = open_bytes(text, len);
	struct csv_reader q, a;
	struct err e = { "" };
	unsigned i, rows = 0;

	csv_reader_init(&q, in, "input", 0);
	csv_reader_init(&a, out, "output", 0);
	while (csv_read(&q, &e) == 1) {
		expect(csv_read(&a, &e) == 1, "a row without an answer", &e);
		expect(a.nr == q.nr + NR_OUTPUTS, "a row of another width", &e);
		for (i = 0; i < q.nr && rows; i++)
			expect(!strcmp(a.cell[i].text, q.cell[i].text), "a cell that changed", &e);
		for (i = q.nr; i < a.nr && rows; i++)
			expect(is_number(a.cell[i].text), "an answer that is no number", &e);
		rows++;
	}
	expect(csv_read(&a, &e) == 0, "an answer without a row", &e);
	expect(rows > 0, "an answer to nothing", &e);
	csv_reader_release(&q);
	csv_reader_release(&a);
	fclose(in);
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct geo_query base;
	struct err e = { "" };
	unsigned line, column;
	char *text = NULL;
	size_t len = 0;
	FILE *in, *out;
	int ret;

	if (!size)
		return 0;
	in = open_bytes(data, size);
	out = open_memstream(&text, &len);
	if (!out)
		abort();
	geo_query_init(&base);
	ret = geo_batch(in, "input", &base, out, &e);
	fclose(in);
	fclose(out);
	if (ret)
		expect(sscanf(e.text, "input: line %u, column %u", &line, &column) == 2 && line &&
			       column,
		       "a message without line and column", &e);
	else
		check_answer(data, size, text, len);
	free(text);
	return 0;
}
