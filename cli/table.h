/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TABLE_H
#define SLABSCOPE_TABLE_H

#include <stdio.h>

/*
 * A table of text: cells are added row by row, the first row is the heading. A column whose cells
 * below the heading all begin like numbers is set to the right. Zero it to start, say how many
 * columns; table_release() when done.
 */
struct table {
	unsigned columns;
	char **cell;
	unsigned nr;
};

/* The next cell, from left to right; printf's format. Out of memory: the cell is empty. */
void table_cell(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *t, FILE *f);
/* The same as a table of Markdown (GitHub's). */
void table_print_markdown(const struct table *t, FILE *f);
/* What is in it, for other languages: "" where there is nothing. Row 0 is the heading. */
unsigned table_rows(const struct table *t);
const char *table_at(const struct table *t, unsigned row, unsigned column);
int table_is_number_column(const struct table *t, unsigned column);
void table_release(struct table *t);

#endif
