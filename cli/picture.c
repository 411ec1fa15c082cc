/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/picture.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/data.h"
#include "cli/results.h"
#include "lib/escape.h"
#include "lib/file.h"

/* By enum picture_kind. */
static const char *const templates[] = { "plots/lines.gp", "plots/bars.gp",  "plots/dots.gp",
					 "plots/steps.gp", "plots/stack.gp", "plots/grid.gp" };

#define MOST_TEXT (16u << 20) /* bytes of a picture that is text */

int picture_add(struct picture *p, double x, double y, double lo, double hi)
{
	struct picture_series *s = &p->series[p->nr_series - 1];
	struct picture_point *t = realloc(s->point, (s->nr + 1) * sizeof(*t));

	if (!t)
		return -ENOMEM;
	s->point = t;
	t[s->nr++] = (struct picture_point){ x, y, lo, hi };
	return 0;
}

struct picture_series *picture_begin(struct picture *p, unsigned hue, const char *name)
{
	struct picture_series *s;

	if (p->nr_series == PICTURE_MOST_SERIES)
		return NULL;
	s = &p->series[p->nr_series++];
	s->hue = hue;
	snprintf(s->name, sizeof(s->name), "%s", name);
	return s;
}

static int add_name(char **list, unsigned *nr, const char *name)
{
	if (*nr == PICTURE_MOST_GROUPS)
		return -E2BIG;
	list[*nr] = strdup(name);
	return list[*nr] ? (++*nr, 0) : -ENOMEM;
}

int picture_group(struct picture *p, const char *name)
{
	return add_name(p->group, &p->nr_groups, name);
}

int picture_row(struct picture *p, const char *name)
{
	return add_name(p->row, &p->nr_rows, name);
}

unsigned picture_points(const struct picture *p)
{
	unsigned i, n = 0;

	for (i = 0; i < p->nr_series; i++)
		n += p->series[i].nr;
	return n;
}

void picture_release(struct picture *p)
{
	unsigned i;

	for (i = 0; i < p->nr_series; i++)
		free(p->series[i].point);
	for (i = 0; i < p->nr_groups; i++)
		free(p->group[i]);
	for (i = 0; i < p->nr_rows; i++)
		free(p->row[i]);
	p->nr_series = p->nr_groups = p->nr_rows = 0;
}

/* Where a point lies, as its axis says it. */
static void place_cell(struct table *t, char *const *name, unsigned nr, double at)
{
	char b[40];

	if (nr)
		table_cell(t, "%s", at >= 0 && at < nr ? name[(unsigned)at] : "");
	else
		table_cell(t, "%s", results_number(at, b, sizeof(b)));
}

void picture_table(const struct picture *p, struct table *t)
{
	int grid = p->kind == PICTURE_GRID, bars = !grid && p->kind != PICTURE_STACK;
	unsigned i, k;
	char b[3][40];

	t->columns = bars ? 5 : 3;
	table_cell(t, "%s", grid ? p->ylabel : *p->keytitle ? p->keytitle : "series");
	table_cell(t, "%s", p->xlabel);
	table_cell(t, "%s", grid ? p->zlabel : p->ylabel);
	if (bars) {
		table_cell(t, "from");
		table_cell(t, "to");
	}
	for (i = 0; i < p->nr_series; i++)
		for (k = 0; k < p->series[i].nr; k++) {
			const struct picture_point *at = &p->series[i].point[k];

			if (grid)
				place_cell(t, p->row, p->nr_rows, at->y);
			else
				table_cell(t, "%s", p->series[i].name);
			place_cell(t, p->group, p->nr_groups, at->x);
			table_cell(t, "%s",
				   results_number(grid ? at->lo : at->y, b[0], sizeof(b[0])));
			if (bars && at->lo < at->hi) {
				table_cell(t, "%s", results_number(at->lo, b[1], sizeof(b[1])));
				table_cell(t, "%s", results_number(at->hi, b[2], sizeof(b[2])));
			} else if (bars) {
				table_cell(t, "-");
				table_cell(t, "-");
			}
		}
}

/* ---- files ---- */

static int write_data(const struct picture *p, const char *path, struct err *e)
{
	struct file_out f;
	unsigned i, k;
	int rc = file_begin(&f, path, e);

	if (rc)
		return rc;
	fprintf(f.stream, "# x median lo hi; series are parted by two empty lines\n");
	for (i = 0; i < p->nr_series; i++) {
		const struct picture_series *s = &p->series[i];

		/* a name's newline would begin a block, or data */
		fprintf(f.stream, "%s# ", i ? "\n\n" : "");
		escape_terminal(f.stream, s->name, 0);
		fputc('\n', f.stream);
		if (!s->nr) /* keeps the blocks in step */
			fprintf(f.stream, "NaN NaN NaN NaN\n");
		for (k = 0; k < s->nr; k++)
			fprintf(f.stream, "%.17g %.9g %.9g %.9g\n", s->point[k].x, s->point[k].y,
				s->point[k].lo, s->point[k].hi);
	}
	return file_commit(&f, e);
}

/* What a legend or a label has room for. */
#define NAME_MOST 40
#define GROUP_MOST 26
#define KEY_MOST 60
/* Columns of a line of each, by the size of gnuplot_set_terminal(): there are two lines at most. */
#define TITLE_LINE 74
#define XLABEL_LINE 74
#define YLABEL_LINE 58
#define UPRIGHT 12 /* more names than this stand upright below their axis (plots/common.gp) */

static void assign(FILE *f, const char *name, const char *text)
{
	fprintf(f, "%s = ", name);
	escape_gnuplot(f, text, KEY_MOST, 0);
	fputc('\n', f);
}

/* How many bytes of @text make a line of at most @most columns that ends before a blank; all that fits where there is none. */
static size_t line_of(const char *text, size_t most)
{
	size_t blank = 0, n;
	char *head = strdup(text);

	for (n = strlen(text); head && n; n--) {
		head[n] = '\0';
		if (text[n] != ' ' && text[n])
			continue;
		if (escape_columns(head, 0) <= most) {
			blank = n;
			break;
		}
	}
	free(head);
	return blank;
}

/* A text of two lines where one has no room for it. */
static void assign_lines(FILE *f, const char *name, const char *text, size_t most)
{
	size_t n = line_of(text, most);
	char *head = strndup(text, n);

	fprintf(f, "%s = ", name);
	if (n && text[n] && head) {
		escape_gnuplot(f, head, most, 0);
		fputs(" . \"\\n\" . ", f);
		text += n + 1;
	}
	escape_gnuplot(f, text, most - 3, 0);
	fputc('\n', f);
	free(head);
}

/* Least and greatest x and y, intervals included. */
static void bounds(const struct picture *p, struct picture_point *lo, struct picture_point *hi)
{
	unsigned i, k;

	*lo = (struct picture_point){ INFINITY, INFINITY, 0, 0 };
	*hi = (struct picture_point){ -INFINITY, -INFINITY, 0, 0 };
	for (i = 0; i < p->nr_series; i++)
		for (k = 0; k < p->series[i].nr; k++) {
			const struct picture_point *t = &p->series[i].point[k];

			lo->x = fmin(lo->x, t->x);
			hi->x = fmax(hi->x, t->x);
			lo->y = fmin(lo->y, t->lo);
			hi->y = fmax(hi->y, t->hi);
		}
	if (p->xbase > 0) {
		lo->x = fmin(lo->x, p->xbase);
		hi->x = fmax(hi->x, p->xbase);
	}
	if (p->base > 0) {
		lo->y = fmin(lo->y, p->base);
		hi->y = fmax(hi->y, p->base);
	}
}

/* Is every x a whole number, as an order is? Then there is nothing to be said of 0.5. */
static int has_whole_x(const struct picture *p)
{
	unsigned i, k;

	for (i = 0; i < p->nr_series; i++)
		for (k = 0; k < p->series[i].nr; k++)
			if (p->series[i].point[k].x != floor(p->series[i].point[k].x))
				return 0;
	return 1;
}

static void write_ranges(FILE *f, const struct picture *p)
{
	struct picture_point lo, hi;
	double room;

	bounds(p, &lo, &hi);
	fprintf(f, "WHOLE = %d\n", has_whole_x(p));
	room = p->xlog2 ? 0 : (hi.x - lo.x) * 0.03;
	fprintf(f, "XMIN = %.9g\nXMAX = %.9g\n",
		p->xlog2 ? lo.x / 1.15 : lo.x - (room > 0 ? room : 1),
		p->xlog2 ? hi.x * 1.15 : hi.x + (room > 0 ? room : 1));
	if (p->kind == PICTURE_GRID)
		fprintf(f, "ZMIN = %.9g\nZMAX = %.9g\n", lo.y, hi.y);
	fprintf(f, "YMIN = %.9g\nYMAX = %.9g\n", p->ylog ? lo.y / 1.15 : 0,
		p->ylog	 ? hi.y * 1.15 :
		hi.y > 0 ? hi.y * 1.08 :
			   1);
}

static void write_series(FILE *f, const struct picture *p)
{
	size_t longest = strlen(p->keytitle);
	unsigned i;

	fprintf(f, "NSERIES = %u\narray NAME[%u]\narray MARK[%u]\narray HUE[%u]\n", p->nr_series,
		p->nr_series, p->nr_series, p->nr_series);
	for (i = 0; i < p->nr_series; i++) {
		size_t n = escape_columns(p->series[i].name, NAME_MOST);

		longest = n > longest ? n : longest;
		fprintf(f, "NAME[%u] = ", i + 1);
		escape_gnuplot(f, p->series[i].name, NAME_MOST, 0);
		fprintf(f, "\nMARK[%u] = %.9g\nHUE[%u] = %u\n", i + 1, p->series[i].mark, i + 1,
			p->series[i].hue);
	}
	/* beside the picture there is room for short names only */
	fprintf(f, "KEYBELOW = %d\n", longest > 22);
}

/* Columns of the longest name that is shown. */
static unsigned longest_name(char *const *name, unsigned nr)
{
	size_t longest = 0, n;
	unsigned i;

	for (i = 0; i < nr; i++) {
		n = escape_columns(name[i], GROUP_MOST);
		longest = n > longest ? n : longest;
	}
	return (unsigned)longest;
}

/* Names of places on an axis: gnuplot reads them as formats. */
static void write_names(FILE *f, const char *count, const char *array, char *const *name,
			unsigned nr)
{
	unsigned i;

	/* an array without elements is an error */
	fprintf(f, "%s = %u\n%sLEN = %u\narray %s[%u]\n", count, nr, array, longest_name(name, nr),
		array, nr ? nr : 1);
	for (i = 0; i < nr; i++) {
		fprintf(f, "%s[%u] = ", array, i + 1);
		escape_gnuplot(f, name[i], GROUP_MOST, 1);
		fputc('\n', f);
	}
}

/* Columns of a terminal's picture that are left for the plot, more or less. */
static unsigned plot_columns(const struct gnuplot_how *how)
{
	unsigned all = how->columns ? how->columns : GNUPLOT_COLUMNS;

	return all > 40 ? all - 26 : 14;
}

/* A terminal cannot turn names: where they do not fit they are numbers there, which lines below the axis explain. Returns
 * how many lines. */
static unsigned write_key(FILE *f, const struct picture *p, const struct gnuplot_how *how)
{
	unsigned width = plot_columns(how), at = 0, lines = 0, i;

	fputs("NUMBERED = ''", f);
	if (how->format == FORMAT_TERMINAL &&
	    (longest_name(p->group, p->nr_groups) + 1) * p->nr_groups > width)
		for (i = 0; i < p->nr_groups; i++) {
			unsigned len = (unsigned)escape_columns(p->group[i], GROUP_MOST) + 6;

			if (!i || at + len > width) {
				fputs(" . \"\\n\"", f);
				at = 0;
				lines++;
			}
			fprintf(f, " . '%s%u: ' . ", at ? "  " : "", i + 1);
			escape_gnuplot(f, p->group[i], GROUP_MOST, 0);
			at += len;
		}
	fputc('\n', f);
	return lines;
}

static void write_output(FILE *f, const struct picture *p, const struct gnuplot_how *how)
{
	char out[300];

	gnuplot_set_terminal(f, how,
			     p->nr_groups > UPRIGHT ? longest_name(p->group, p->nr_groups) : 0);
	snprintf(out, sizeof(out), "%s.%s", p->name, picture_formats[how->format]);
	if (how->format != FORMAT_TERMINAL) {
		fputs("if (!exists('OUTPUT')) OUTPUT = ", f);
		escape_gnuplot(f, out, 0, 0);
		fputc('\n', f);
	}
	fputs("if (exists('OUTPUT')) { set output OUTPUT }\n", f);
}

static int copy_template(FILE *f, const char *name, struct err *e)
{
	char path[PATH_MAX], *text;
	size_t len;
	int rc = data_path(name, path, e);

	if (!rc)
		rc = file_read(path, 1 << 20, &text, &len, e);
	if (rc)
		return rc;
	fprintf(f, "\n# ---- %s\n", name);
	fwrite(text, 1, len, f);
	free(text);
	return 0;
}

static int write_script(const struct picture *p, const char *path, const struct gnuplot_how *how,
			struct err *e)
{
	struct gnuplot_how with_key = *how;
	char data[300];
	struct file_out f;
	int rc = file_begin(&f, path, e);

	with_key.lines = how->lines ? how->lines : GNUPLOT_LINES;

	if (rc)
		return rc;
	fputs("# Made by slabscope plot; in this folder, `gnuplot FILE` draws it again.\n",
	      f.stream);
	with_key.lines += write_key(f.stream, p, how);
	write_output(f.stream, p, &with_key);
	snprintf(data, sizeof(data), "%s.dat", p->name);
	fputs("DATA = ", f.stream);
	escape_gnuplot(f.stream, data, 0, 0);
	fputc('\n', f.stream);
	assign_lines(f.stream, "TITLE", p->title, TITLE_LINE);
	assign_lines(f.stream, "XLABEL", p->xlabel, XLABEL_LINE);
	assign_lines(f.stream, "YLABEL", p->ylabel, YLABEL_LINE);
	assign_lines(f.stream, "ZLABEL", p->zlabel, YLABEL_LINE);
	assign(f.stream, "KEYTITLE", p->keytitle);
	fprintf(f.stream,
		"XLOG2 = %d\nYLOG = %d\nBASE = %.9g\nXBASE = %.9g\nFRONT = %d\nDIAGONAL = %d\nCAPACITY = %.9g\n",
		p->xlog2, p->ylog, p->base, p->xbase, p->front, p->diagonal, p->capacity);
	assign(f.stream, "CAPACITY_TEXT", p->capacity_text);
	write_ranges(f.stream, p);
	write_series(f.stream, p);
	write_names(f.stream, "NGROUPS", "GROUP", p->group, p->nr_groups);
	write_names(f.stream, "NROWS", "ROW", p->row, p->nr_rows);
	rc = copy_template(f.stream, "plots/common.gp", e);
	if (!rc)
		rc = copy_template(f.stream, templates[p->kind], e);
	if (rc) {
		file_abort(&f);
		return rc;
	}
	return file_commit(&f, e);
}

/* ---- gnuplot ---- */

/* What gnuplot left in @path under its name only when it is whole; a text is read and gone. */
static int take(const char *path, const struct gnuplot_how *how, struct picture_made *made,
		struct err *e)
{
	struct stat st;
	size_t len;
	int rc;

	if (stat(path, &st) || !st.st_size)
		return err_set(e, -EIO, "gnuplot left no picture in %s", path);
	if (how->format == FORMAT_SVG || how->format == FORMAT_TERMINAL) {
		rc = file_read(path, MOST_TEXT, &made->text, &len, e);
		if (rc)
			return rc;
	}
	if (how->format == FORMAT_TERMINAL) {
		/* gnuplot begins with a form feed, which some terminals take for "clear" */
		if (*made->text == '\f')
			memmove(made->text, made->text + 1, len);
		return unlink(path), *made->file = '\0', 0;
	}
	if (rename(path, made->file))
		return err_set(e, -errno, "%s: %s", made->file, strerror(errno));
	return 0;
}

int picture_write(const struct picture *p, const char *dir, const struct gnuplot_how *how,
		  struct picture_made *made, struct err *e)
{
	char script[300], path[PATH_MAX], part[300], drawn[PATH_MAX];
	struct err why;
	int rc;

	memset(made, 0, sizeof(*made));
	if (mkdir(dir, 0777) && errno != EEXIST)
		return err_set(e, -errno, "%s: %s", dir, strerror(errno));
	snprintf(script, sizeof(script), "%s.gp", p->name);
	snprintf(part, sizeof(part), ".%s.part", p->name);
	if (snprintf(path, sizeof(path), "%s/%s.dat", dir, p->name) >= (int)sizeof(path) ||
	    snprintf(drawn, sizeof(drawn), "%s/%s", dir, part) >= (int)sizeof(drawn) ||
	    snprintf(made->file, sizeof(made->file), "%s/%s.%s", dir, p->name,
		     picture_formats[how->format]) >= (int)sizeof(made->file))
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", dir);
	rc = write_data(p, path, e);
	strcpy(strrchr(path, '.'), ".gp");
	if (!rc)
		rc = write_script(p, path, how, e);
	if (!rc)
		rc = gnuplot_run(dir, script, part, e);
	if (rc == -EIO && gnuplot_can(how->format, &why) == -ENOSYS)
		rc = err_set(e, -ENOSYS, "%s", why.text);
	if (!rc)
		rc = take(drawn, how, made, e);
	if (rc) {
		unlink(drawn);
		*made->file = '\0';
	}
	return rc;
}
