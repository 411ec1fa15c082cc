/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_CSV_H
#define SLABSCOPE_CSV_H

/*
 * Comma-separated values, read row by row as they come and written with quotes where needed (RFC
 * 4180, and what spreadsheets and people make of it): lines may end in CR LF, fields may have
 * blanks around, a field in double quotes may hold commas, doubled quotes and newlines. Lines that
 * are empty or blank are no rows. A byte order mark in front is skipped. With `skip_hash`, lines
 * that begin with # are comments.
 *
 * A text in memory is read with a stricter rule, for files that are only ever appended to: a row is
 * a line, whatever is in it. A newline is never inside quotes, and behind a row that was refused
 * csv_read() goes on with the next line. So a torn line spoils itself and nothing else.
 *
 * Refused, with "NAME: line L, column C: what": text behind a closing quote, a quote that is not
 * closed, a quote or a control character in a bare field, a row beyond CSV_ROW_MAX bytes or
 * CSV_CELLS_MAX fields.
 */

#include <stddef.h>
#include <stdio.h>

#include "lib/err.h"

#define CSV_ROW_MAX (1u << 20)
#define CSV_CELLS_MAX 4096

struct csv_cell {
	const char *text; /* NUL-terminated, without quotes and the blanks around */
	unsigned line;	  /* where it begins, from 1 */
	unsigned quoted;  /* "" is an empty text, nothing at all is no value */
};

struct csv_reader {
	/* the row just read; valid until the next csv_read() */
	struct csv_cell *cell;
	unsigned nr;   /* cells in it */
	unsigned line; /* where it begins */

	/* private */
	FILE *f;	/* NULL: from memory */
	char *in, *end; /* what is left of it */
	const char *name;
	int skip_hash;
	unsigned at_line; /* of the next character */
	char *text;
	size_t len, cap, *start;
	unsigned room;
};

/* Read from @f (the caller's, who closes it), called @name in messages (borrowed). Nothing is
 * allocated yet. */
void csv_reader_init(struct csv_reader *r, FILE *f, const char *name, int skip_hash);
/* Read from @len bytes at @text, which begin with line number @line of the file called @name. Cells
 * are unquoted in place: they stay valid, and the text is no longer what it was. @text[@len] has to
 * be writable. */
void csv_reader_init_text(struct csv_reader *r, char *text, size_t len, const char *name,
			  unsigned line);
void csv_reader_release(struct csv_reader *r);

/* Next row: 1, or 0 at the end, or -EINVAL, -EIO, -ENOMEM. */
int csv_read(struct csv_reader *r, struct err *e);

/* Put where it was in front of @e: "NAME: line L, column C (TITLE): ...". @column counts from 0 and
 * may lie behind the row's end; @title may be NULL. Returns @code. */
int csv_error_at(const struct csv_reader *r, unsigned column, const char *title, int code,
		 struct err *e);

enum csv_how {
	CSV_KEEP_EMPTY = 1, /* "" for an empty text, not nothing */
	CSV_ONE_LINE = 2,   /* control characters, newlines among them, become blanks */
};

/* Write @text so that it reads back the same: quoted if it holds a comma, a quote, a control
 * character, blanks at its ends or a # at its begin. Separators are the caller's. @how: of enum
 * csv_how. */
void csv_write_cell(FILE *f, const char *text, unsigned how);
/* The same into memory, without a NUL; returns the bytes: at most CSV_CELL_ROOM(strlen(text)). */
size_t csv_put_cell(char *to, const char *text, unsigned how);
#define CSV_CELL_ROOM(len) (2 * (len) + 2)

/* The shortest text that reads back as the same number; "" for what is not finite. Returns @to. */
#define CSV_NUMBER_MAX 40
char *csv_number(char to[CSV_NUMBER_MAX], double v);

#endif
