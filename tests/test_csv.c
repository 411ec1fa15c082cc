/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSV: what is read from well and badly formed text, and that what is written reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csv.h"
#include "lib/rng.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static FILE *open_text(const char *text, size_t len)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	rewind(f);
	return f;
}

static void print_row(FILE *to, const struct csv_reader *r)
{
	unsigned i;

	fprintf(to, "%s%u:", ftell(to) ? " " : "", r->line);
	for (i = 0; i < r->nr; i++)
		fprintf(to, r->cell[i].quoted ? "{%s}" : "[%s]", r->cell[i].text);
}

/* All rows as "line:[a][b]" with a blank between, or the error. Returns what csv_read() ended with.
 */
static int flatten(const char *text, size_t len, int skip_hash, char *out, size_t room)
{
	char *all = NULL;
	size_t all_len = 0;
	FILE *f = open_text(text, len), *to = open_memstream(&all, &all_len);
	struct csv_reader r;
	struct err e = { "" };
	int ret;

	assert_non_null(to);
	csv_reader_init(&r, f, "t", skip_hash);
	while ((ret = csv_read(&r, &e)) > 0)
		print_row(to, &r);
	fclose(to);
	snprintf(out, room, "%s", ret < 0 ? e.text : all);
	free(all);
	csv_reader_release(&r);
	fclose(f);
	return ret;
}

static void test_read(void **state)
{
	static const struct {
		const char *text, *rows;
	} rows[] = {
		{ "", "" },
		{ "\n\n  \n", "" },
		{ "a,b\n1,2\n", "1:[a][b] 2:[1][2]" },
		{ "a,b\r\n1,2\r\n", "1:[a][b] 2:[1][2]" },
		{ "a,b\n1,2", "1:[a][b] 2:[1][2]" },
		{ "a,b\r\n1,2\r", "1:[a][b] 2:[1][2]" },
		{ "a\n\n\nb\n", "1:[a] 4:[b]" },
		{ ",\n", "1:[][]" },
		{ ",,\n,", "1:[][][] 2:[][]" },
		{ "  a b \t, c\t\n", "1:[a b][c]" },
		{ "\"a,b\",\"c\"\"d\"\n", "1:{a,b}{c\"d}" },
		{ " \"a\" , \" b \" \n", "1:{a}{ b }" },
		{ "\"a\nb\",c\nd,e\n", "1:{a\nb}[c] 3:[d][e]" },
		{ "\"a\r\nb\"\n", "1:{a\r\nb}" },
		{ "\"\"\n", "1:{}" },
		{ "\"\"", "1:{}" },
		{ "\xef\xbb\xbfx,y\n", "1:[x][y]" },
		{ "\xc3\xa4,\xe2\x82\xac\n", "1:[\xc3\xa4][\xe2\x82\xac]" },
		{ "#a,b\n", "1:[#a][b]" },
		{ "'a,b'\n", "1:['a][b']" },
	};
	char out[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(flatten(rows[i].text, strlen(rows[i].text), 0, out, sizeof(out)),
				 0);
		assert_string_equal(out, rows[i].rows);
	}
}

static void test_comments(void **state)
{
	static const char text[] = "# one \"bare\n#two\na,#b\n\n#\nc\n#last";
	char out[128];

	(void)state;
	assert_int_equal(flatten(text, strlen(text), 1, out, sizeof(out)), 0);
	assert_string_equal(out, "3:[a][#b] 6:[c]");
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* 0: strlen */
		const char *says;
	} rows[] = {
		{ "a,b\n1,\"2\n", 0, "t: line 3, column 2: a quote that is not closed" },
		{ "a,\"b\"c\n", 0, "t: line 1, column 2: expected a comma" },
		{ "a,b\n\n1,2\"3\"\n", 0, "t: line 3, column 2: a quote inside" },
		{ "a,b\n1\001,2\n", 0, "t: line 2, column 1: a control character" },
		{ "a\rb\n", 0, "t: line 1, column 1: a control character" },
		{ "a\0b\n", 4, "t: line 1, column 1: a control character" },
		{ "\"a\0b\"\n", 6, "t: line 1, column 1: a NUL" },
		{ "\"a\"\0\n", 5, "t: line 1, column 1: expected a comma" },
		{ "\xef\xbbx\n", 0,
		  "t: line 1, column 1: expected text or a UTF-8 byte order mark" },
	};
	char out[ERR_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		size_t len = rows[i].len ? rows[i].len : strlen(rows[i].text);

		assert_int_equal(flatten(rows[i].text, len, 0, out, sizeof(out)), -EINVAL);
		assert_memory_equal(out, rows[i].says, strlen(rows[i].says));
	}
}

/* From memory a row is a line, and what is refused is one line. */
static void test_lines(void **state)
{
	static const struct {
		const char *text, *rows;
	} rows[] = {
		{ "", "" },
		{ "a,b\n1,2\n", "7:[a][b] 8:[1][2]" },
		{ "\n \na\r\n", "9:[a]" },
		{ "\"a,\"\"b\",\" \" , c \nd\n", "7:{a,\"b}{ }[c] 8:[d]" },
		{ "\"a\nb\"\n\"c\"\n",
		  "<t: line 7, column 1: a quote that is not closed> "
		  "<t: line 8, column 1: a quote inside a field that does not begin with one> 9:{c}" },
		{ "a,\"b\"c,\"\nd,\"\"\n",
		  "<t: line 7, column 2: expected a comma or the line's end behind a closing quote> "
		  "8:[d]{}" },
		{ "\"a", "<t: line 7, column 1: a quote that is not closed>" },
		{ "a\rb\n\001\n#c", "<t: line 7, column 1: a control character> "
				    "<t: line 8, column 1: a control character> 9:[#c]" },
	};
	char text[128], *out;
	struct csv_reader r;
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		FILE *to = open_memstream(&out, &len);
		struct err e;
		int ret;

		assert_non_null(to);
		strcpy(text, rows[i].text);
		csv_reader_init_text(&r, text, strlen(text), "t", 7);
		while ((ret = csv_read(&r, &e)) != 0)
			if (ret < 0)
				fprintf(to, "%s<%s>", ftell(to) ? " " : "", e.text);
			else
				print_row(to, &r);
		fclose(to);
		assert_string_equal(out, rows[i].rows);
		free(out);
		csv_reader_release(&r);
	}
}

/* A line that is too long or has too many columns is one line, too: the limits from both sides. */
static void test_lines_bounds(void **state)
{
	static const struct {
		char fill;
		size_t len;
		int ret;
	} rows[] = {
		{ 'x', CSV_ROW_MAX - 1, 1 },
		{ 'x', CSV_ROW_MAX, -EINVAL }, /* its end's NUL is what has no room */
		{ 'x', CSV_ROW_MAX + 1, -EINVAL },
		{ ',', CSV_CELLS_MAX - 1, 1 },
		{ ',', CSV_CELLS_MAX, -EINVAL },
	};
	char *text = malloc(CSV_ROW_MAX + 8);
	struct csv_reader r;
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i < COUNT(rows); i++) {
		memset(text, rows[i].fill, rows[i].len);
		memcpy(text + rows[i].len, "\nend\n", 6);
		csv_reader_init_text(&r, text, rows[i].len + 5, "t", 1);
		assert_int_equal(csv_read(&r, NULL), rows[i].ret);
		assert_int_equal(csv_read(&r, NULL), 1);
		assert_int_equal(r.line, 2);
		assert_string_equal(r.cell[0].text, "end");
		assert_int_equal(csv_read(&r, NULL), 0);
		csv_reader_release(&r);
	}
	free(text);
}

static void test_bounds(void **state)
{
	size_t len = 2 * (size_t)CSV_ROW_MAX;
	char *text = malloc(len), out[ERR_TEXT_MAX];

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	assert_int_equal(flatten(text, len, 0, out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "t: line 1, column 1: the row is longer than 1 MiB");
	memset(text, ',', len);
	assert_int_equal(flatten(text, len, 0, out, sizeof(out)), -EINVAL);
	assert_string_equal(out, "t: line 1, column 4096: the row has more than 4096 columns");
	text[CSV_CELLS_MAX - 1] = '\n';
	assert_int_equal(flatten(text, CSV_CELLS_MAX, 0, out, sizeof(out)), 0);
	free(text);
}

static void test_error_at(void **state)
{
	FILE *f = open_text("a,\"b\nc\",d\n", 10);
	struct csv_reader r;
	struct err e = { "" };

	(void)state;
	csv_reader_init(&r, f, "in.csv", 0);
	assert_int_equal(csv_read(&r, &e), 1);
	err_set(&e, -EINVAL, "bad");
	assert_int_equal(csv_error_at(&r, 2, "num", -EINVAL, &e), -EINVAL);
	assert_string_equal(e.text, "in.csv: line 2, column 3 (num): bad");
	err_set(&e, -EINVAL, "missing");
	assert_int_equal(csv_error_at(&r, 3, NULL, -ERANGE, &e), -ERANGE);
	assert_string_equal(e.text, "in.csv: line 1, column 4: missing");
	csv_reader_release(&r);
	fclose(f);
}

/* Both ways to write, and what is quoted. */
static void test_cells(void **state)
{
	static const struct {
		const char *text;
		unsigned how;
		const char *cell;
	} rows[] = {
		{ "", 0, "" },
		{ "", CSV_ONE_LINE, "" },
		{ "", CSV_KEEP_EMPTY, "\"\"" },
		{ "a b", 0, "a b" },
		{ "a,b", 0, "\"a,b\"" },
		{ "a\"", 0, "\"a\"\"\"" },
		{ "\"\"", 0, "\"\"\"\"\"\"" },
		{ " a", 0, "\" a\"" },
		{ "a ", 0, "\"a \"" },
		{ "#a", 0, "\"#a\"" },
		{ "a#", 0, "a#" },
		{ "a\nb", 0, "\"a\nb\"" },
		{ "a\nb\x7f\tc", CSV_ONE_LINE, "a b  c" },
		{ "\na", CSV_ONE_LINE, "\" a\"" },
		{ "a\n", CSV_ONE_LINE, "\"a \"" },
	};
	char *written, out[32];
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		size_t n = strlen(rows[i].cell);
		FILE *f = open_memstream(&written, &len);

		assert_non_null(f);
		csv_write_cell(f, rows[i].text, rows[i].how);
		fclose(f);
		assert_string_equal(written, rows[i].cell);
		free(written);
		memset(out, 'x', sizeof(out));
		assert_int_equal(csv_put_cell(out, rows[i].text, rows[i].how), n);
		assert_memory_equal(out, rows[i].cell, n);
		assert_int_equal(out[n], 'x');
		assert_true(n <= CSV_CELL_ROOM(strlen(rows[i].text)));
	}
}

static void test_numbers(void **state)
{
	static const struct {
		double v;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ -3, "-3" },
		{ 0.1, "0.1" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 1e14, "100000000000000" },
		{ 1e15, "1e+15" },
		{ 2.5e-7, "2.5e-07" },
		{ NAN, "" },
		{ INFINITY, "" },
	};
	char t[CSV_NUMBER_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_string_equal(csv_number(t, rows[i].v), rows[i].text);
}

/* Rows of random cells, made of what has a meaning in CSV, read back as they were written. */
static void test_round_trip(void **state)
{
	static const char alphabet[] = "ab,\"\n\r \t\001\x7f#'\xc3\xa4";
	char cell[50][5][8];
	struct csv_reader r;
	struct err e = { "" };
	struct rng rng;
	unsigned row, col, k, round;

	(void)state;
	rng_seed(&rng, 4180);
	for (round = 0; round < 100; round++) {
		FILE *f = tmpfile();

		assert_non_null(f);
		for (row = 0; row < 50; row++)
			for (col = 0; col < 5; col++) {
				char *c = cell[row][col];
				unsigned n = (unsigned)rng_below(&rng, sizeof(cell[0][0]));

				for (k = 0; k < n; k++)
					c[k] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
				c[n] = '\0';
				csv_write_cell(f, c, 0);
				fputc(col < 4 ? ',' : '\n', f);
			}
		rewind(f);
		csv_reader_init(&r, f, "t", 1);
		for (row = 0; row < 50; row++) {
			if (csv_read(&r, &e) != 1)
				fail_msg("%s", e.text);
			assert_int_equal(r.nr, 5);
			for (col = 0; col < 5; col++)
				assert_string_equal(r.cell[col].text, cell[row][col]);
		}
		assert_int_equal(csv_read(&r, &e), 0);
		assert_int_equal(csv_read(&r, &e), 0);
		csv_reader_release(&r);
		fclose(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	 cmocka_unit_test(test_comments),
		cmocka_unit_test(test_refused),	 cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_error_at), cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_lines),	 cmocka_unit_test(test_lines_bounds),
		cmocka_unit_test(test_cells),	 cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
