/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_ESCAPE_H
#define SLABSCOPE_ESCAPE_H

/*
 * Text of unknown origin (names, notes, a host's strings) on its way into a file of some language:
 * one function for each, and for CSV csv_write_cell() (lib/csv.h). Whatever comes in, it is shown and
 * never obeyed, and stays on its line: control bytes, bytes that are not UTF-8, and characters that
 * turn the direction of text or break a line appear as \n, \x1b, \u202e.
 *
 * @most: characters at most, with "..." in place of the rest; 0: all of it.
 */

#include <stddef.h>
#include <stdio.h>

/* Between tags, or inside an attribute's quotes of either kind. */
void escape_html(FILE *f, const char *s, size_t most);
/* Inline text of GitHub's Markdown, also in a table's cell. */
void escape_markdown(FILE *f, const char *s, size_t most);
/* A string of gnuplot, its single quotes included; "]]>" becomes "]] >", which its svg needs. @format: gnuplot will read it as a format, as it
 * does the labels of tics. */
void escape_gnuplot(FILE *f, const char *s, size_t most, int format);
/* What a terminal can be given. */
void escape_terminal(FILE *f, const char *s, size_t most);

/* As printf(), for a terminal: what comes of @fmt is escaped, its own newline at the end is not. */
void escape_print(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Columns that escape_terminal() of all of it takes (wide characters counted as one). */
size_t escape_columns(const char *s, size_t most);

#endif
