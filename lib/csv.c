/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What ended a cell. */
enum end { END_CELL, END_ROW, END_FILE };

void csv_reader_init(struct csv_reader *r, FILE *f, const char *name, int skip_hash)
{
	memset(r, 0, sizeof(*r));
	r->f = f;
	r->name = name;
	r->skip_hash = skip_hash;
}

void csv_reader_init_text(struct csv_reader *r, char *text, size_t len, const char *name,
			  unsigned line)
{
	csv_reader_init(r, NULL, name, 0);
	r->in = text;
	r->end = text + len;
	r->at_line = line;
}

void csv_reader_release(struct csv_reader *r)
{
	free(r->cell);
	free(r->start);
	if (r->f)
		free(r->text);
	memset(r, 0, sizeof(*r));
}

int csv_error_at(const struct csv_reader *r, unsigned column, const char *title, int code,
		 struct err *e)
{
	unsigned line = column < r->nr ? r->cell[column].line : r->line;

	if (title)
		return err_prefix(e, code, "%s: line %u, column %u (%.100s)", r->name, line,
				  column + 1, title);
	return err_prefix(e, code, "%s: line %u, column %u", r->name, line, column + 1);
}

static int complain(const struct csv_reader *r, const char *what, struct err *e)
{
	return err_set(e, -EINVAL, "%s: line %u, column %u: %s", r->name, r->at_line, r->nr, what);
}

static int get(struct csv_reader *r)
{
	if (r->f)
		return getc(r->f);
	return r->in < r->end ? (unsigned char)*r->in++ : EOF;
}

static void back(struct csv_reader *r, int c)
{
	if (c == EOF)
		return;
	if (r->f)
		ungetc(c, r->f);
	else
		r->in--;
}

/* The next character, CR LF and CR at the file's end being one newline. */
static int next(struct csv_reader *r)
{
	int c = get(r);

	if (c != '\r')
		return c;
	c = get(r);
	if (c == '\n' || c == EOF)
		return '\n';
	back(r, c);
	return '\r';
}

static int put(struct csv_reader *r, int c, struct err *e)
{
	char *grown;
	size_t cap;

	if (r->len == CSV_ROW_MAX)
		return complain(r, "the row is longer than 1 MiB", e);
	/* in place, what is put never overtakes what was taken: there is always room */
	if (r->f && r->len == r->cap) {
		cap = r->cap ? 2 * r->cap : 256;
		grown = realloc(r->text, cap);
		if (!grown)
			return err_set(e, -ENOMEM, "%s: out of memory", r->name);
		r->text = grown;
		r->cap = cap;
	}
	r->text[r->len++] = (char)c;
	return 0;
}

static int begin_cell(struct csv_reader *r, struct err *e)
{
	struct csv_cell *cell;
	unsigned room = r->room ? 2 * r->room : 16;
	size_t *start;

	if (r->nr == CSV_CELLS_MAX)
		return complain(r, "the row has more than 4096 columns", e);
	if (r->nr == r->room) {
		cell = realloc(r->cell, room * sizeof(*cell));
		if (cell)
			r->cell = cell;
		start = realloc(r->start, room * sizeof(*start));
		if (start)
			r->start = start;
		if (!cell || !start)
			return err_set(e, -ENOMEM, "%s: out of memory", r->name);
		r->room = room;
	}
	r->cell[r->nr] = (struct csv_cell){ .line = r->at_line };
	r->start[r->nr++] = r->len;
	return 0;
}

static int skip_blanks(struct csv_reader *r)
{
	int c;

	do
		c = next(r);
	while (c == ' ' || c == '\t');
	return c;
}

static int is_end(int c)
{
	return c == ',' || c == '\n' || c == EOF;
}

static enum end end_of(struct csv_reader *r, int c)
{
	if (c == '\n')
		r->at_line++;
	return c == ',' ? END_CELL : c == '\n' ? END_ROW : END_FILE;
}

/* Behind the opening quote. */
static int read_quoted(struct csv_reader *r, enum end *end, struct err *e)
{
	int c, ret = 0;

	r->cell[r->nr - 1].quoted = 1;
	while (!ret) {
		c = get(r); /* as it stands: CR is data in here */
		if (c == EOF || (c == '\n' && !r->f)) {
			back(r, c);
			return complain(r, "a quote that is not closed", e);
		}
		if (c == '"') {
			c = get(r);
			if (c != '"') {
				back(r, c);
				break;
			}
		}
		if (!c)
			return complain(r, "a NUL character", e);
		r->at_line += c == '\n';
		ret = put(r, c, e);
	}
	if (ret)
		return ret;
	c = skip_blanks(r);
	if (!is_end(c))
		return complain(r, "expected a comma or the line's end behind a closing quote", e);
	*end = end_of(r, c);
	return 0;
}

/* A field without quotes whose first character that is no blank is @c. */
static int read_bare(struct csv_reader *r, int c, enum end *end, struct err *e)
{
	size_t start = r->len;
	int ret;

	for (; !is_end(c); c = next(r)) {
		if (c == '"')
			return complain(r, "a quote inside a field that does not begin with one",
					e);
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return complain(r, "a control character", e);
		ret = put(r, c, e);
		if (ret)
			return ret;
	}
	while (r->len > start && (r->text[r->len - 1] == ' ' || r->text[r->len - 1] == '\t'))
		r->len--;
	*end = end_of(r, c);
	return 0;
}

static int read_cell(struct csv_reader *r, enum end *end, struct err *e)
{
	int ret = begin_cell(r, e), c;

	if (ret)
		return ret;
	c = skip_blanks(r);
	ret = c == '"' ? read_quoted(r, end, e) : read_bare(r, c, end, e);
	return ret ? ret : put(r, '\0', e);
}

/* One line that may turn out to be no row: blank, or a comment. */
static int read_row(struct csv_reader *r, enum end *end, struct err *e)
{
	int ret;

	r->nr = 0;
	r->len = 0;
	r->line = r->at_line;
	*end = END_CELL;
	if (!r->f)
		r->text = r->in;
	do
		ret = read_cell(r, end, e);
	while (!ret && *end == END_CELL);
	return ret;
}

static int is_row(const struct csv_reader *r)
{
	return r->nr > 1 || r->cell[0].quoted || r->text[0];
}

static void skip_line(struct csv_reader *r)
{
	int c;

	do
		c = get(r);
	while (c != '\n' && c != EOF);
	r->at_line += c == '\n';
}

/* Skip a line that begins with #, whatever is in it. 1 if there was one. */
static int skip_comment(struct csv_reader *r)
{
	int c = get(r);

	back(r, c);
	if (c != '#')
		return 0;
	skip_line(r);
	return 1;
}

/* At the very start: a UTF-8 byte order mark says nothing. What begins like one and is none is
 * refused. */
static int skip_mark(struct csv_reader *r, struct err *e)
{
	int c = get(r);

	r->at_line = 1;
	if (c != 0xef) {
		back(r, c);
		return 0;
	}
	if (get(r) == 0xbb && get(r) == 0xbf)
		return 0;
	return err_set(e, -EINVAL, "%s: line 1, column 1: expected text or a UTF-8 byte order mark",
		       r->name);
}

int csv_read(struct csv_reader *r, struct err *e)
{
	enum end end = END_ROW;
	unsigned i;
	int ret = r->at_line ? 0 : skip_mark(r, e);

	while (!ret) {
		if (r->skip_hash && skip_comment(r))
			continue;
		ret = read_row(r, &end, e);
		if (r->f && ferror(r->f))
			return err_set(e, -EIO, "%s: %s", r->name, strerror(errno));
		if (!ret && is_row(r))
			break;
		if (!ret && end == END_FILE) {
			r->nr = 0;
			return 0;
		}
	}
	if (ret && !r->f && end == END_CELL)
		skip_line(r); /* refused before its newline was taken */
	if (ret)
		return ret;
	for (i = 0; i < r->nr; i++)
		r->cell[i].text = r->text + r->start[i];
	return 1;
}

/* ---- writing ---- */

static int is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static int needs_quotes(const char *text, unsigned how)
{
	const char *s;
	char c = '\0';

	if (!*text)
		return how & CSV_KEEP_EMPTY;
	if (*text == '#')
		return 1;
	for (s = text; *s; s++) {
		c = (how & CSV_ONE_LINE) && is_control(*s) ? ' ' : *s;
		if (c == ',' || c == '"' || is_control(c) || (c == ' ' && s == text))
			return 1;
	}
	return c == ' ';
}

/* To @f, or if that is NULL to where @to has come. */
static void emit(FILE *f, char **to, char c)
{
	if (f)
		putc(c, f);
	else
		*(*to)++ = c;
}

static void emit_cell(FILE *f, char **to, const char *text, unsigned how)
{
	unsigned quote = needs_quotes(text, how);

	if (quote)
		emit(f, to, '"');
	for (; *text; text++) {
		if (*text == '"')
			emit(f, to, '"');
		emit(f, to, (how & CSV_ONE_LINE) && is_control(*text) ? ' ' : *text);
	}
	if (quote)
		emit(f, to, '"');
}

void csv_write_cell(FILE *f, const char *text, unsigned how)
{
	emit_cell(f, NULL, text, how);
}

size_t csv_put_cell(char *to, const char *text, unsigned how)
{
	char *end = to;

	emit_cell(NULL, &end, text, how);
	return end - to;
}

char *csv_number(char to[CSV_NUMBER_MAX], double v)
{
	int digits;

	*to = '\0';
	if (!isfinite(v))
		return to;
	if (v == floor(v) && fabs(v) < 1e15) {
		snprintf(to, CSV_NUMBER_MAX, "%.0f", v);
		return to;
	}
	for (digits = 6; digits <= 17; digits++) {
		snprintf(to, CSV_NUMBER_MAX, "%.*g", digits, v);
		if (strtod(to, NULL) == v)
			break;
	}
	return to;
}
