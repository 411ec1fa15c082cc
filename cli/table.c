/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_cell(struct table *t, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (!(t->nr & (t->nr + 1))) { /* room doubles at 2^k - 1 */
		char **cell = realloc(t->cell, (2 * (size_t)t->nr + 2) * sizeof(*cell));

		if (!cell)
			return;
		t->cell = cell;
	}
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	t->cell[t->nr++] = text;
}

static const char *cell(const struct table *t, unsigned row, unsigned column)
{
	unsigned i = row * t->columns + column;

	return i < t->nr && t->cell[i] ? t->cell[i] : "";
}

/* Columns on a terminal: bytes that begin a UTF-8 character. */
static unsigned width(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

/* Columns that table_print() sets to the right, that is. */
static int is_number_column(const struct table *t, unsigned rows, unsigned column)
{
	unsigned i;

	for (i = 1; i < rows; i++)
		if (*cell(t, i, column) && !strchr("0123456789-.[", *cell(t, i, column)))
			return 0;
	return 1;
}

void table_print_markdown(const struct table *t, FILE *f)
{
	unsigned rows = t->columns ? (t->nr + t->columns - 1) / t->columns : 0, r, c;
	const char *s;

	for (r = 0; r < rows; r++) {
		for (c = 0; c < t->columns; c++) {
			fputs(c ? " " : "| ", f);
			for (s = cell(t, r, c); *s; s++)
				fprintf(f, *s == '|' ? "\\%c" : "%c", *s);
			fputs(" |", f);
		}
		fputc('\n', f);
		for (c = 0; c < t->columns && !r; c++)
			fprintf(f, "%s%s", c ? "" : "|",
				is_number_column(t, rows, c) ? " ---: |" : " --- |");
		if (!r)
			fputc('\n', f);
	}
}

void table_print(const struct table *t, FILE *f)
{
	unsigned rows = t->columns ? (t->nr + t->columns - 1) / t->columns : 0, r, c;

	for (r = 0; r < rows; r++) {
		unsigned owed = 0; /* blanks not written yet, so that no line ends in blanks */

		for (c = 0; c < t->columns; c++) {
			unsigned most = 0, i, left = 0, n = width(cell(t, r, c));

			for (i = 0; i < rows; i++) {
				const char *s = cell(t, i, c);

				most = width(s) > most ? width(s) : most;
				left |= i && *s && !strchr("0123456789-.[", *s);
			}
			if (!left)
				owed += most - n;
			if (n) {
				fprintf(f, "%*s%s", owed, "", cell(t, r, c));
				owed = 0;
			}
			owed += 2 + (left ? most - n : 0);
		}
		fputc('\n', f);
	}
}

void table_release(struct table *t)
{
	unsigned i;

	for (i = 0; i < t->nr; i++)
		free(t->cell[i]);
	free(t->cell);
	memset(t, 0, sizeof(*t));
}
