/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/escape.h"

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

/* A longer cell would push the rest of its row off any terminal. */
#define CELL_MOST 200

static unsigned width(const char *s)
{
	return (unsigned)escape_columns(s, CELL_MOST);
}

unsigned table_rows(const struct table *t)
{
	return t->columns ? (t->nr + t->columns - 1) / t->columns : 0;
}

const char *table_at(const struct table *t, unsigned row, unsigned column)
{
	return cell(t, row, column);
}

int table_is_number_column(const struct table *t, unsigned column)
{
	unsigned i, rows = table_rows(t), numbers = 0;

	for (i = 1; i < rows; i++) {
		if (*cell(t, i, column) && !strchr("0123456789-.[", *cell(t, i, column)))
			return 0;
		numbers += *cell(t, i, column) != '\0';
	}
	return numbers > 0;
}

void table_print_markdown(const struct table *t, FILE *f)
{
	unsigned rows = table_rows(t), r, c;

	for (r = 0; r < rows; r++) {
		for (c = 0; c < t->columns; c++) {
			fputs(c ? " " : "| ", f);
			escape_markdown(f, cell(t, r, c), 0);
			fputs(" |", f);
		}
		fputc('\n', f);
		for (c = 0; c < t->columns && !r; c++)
			fprintf(f, "%s%s", c ? "" : "|",
				table_is_number_column(t, c) ? " ---: |" : " --- |");
		if (!r)
			fputc('\n', f);
	}
}

void table_print(const struct table *t, FILE *f)
{
	unsigned rows = table_rows(t), r, c;

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
				fprintf(f, "%*s", owed, "");
				escape_terminal(f, cell(t, r, c), CELL_MOST);
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
