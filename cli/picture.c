/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/picture.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/data.h"
#include "lib/file.h"

const char *const picture_formats[] = { "svg", "png", "pdf", "terminal", NULL };

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
	p->nr_series = 0;
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

		fprintf(f.stream, "%s# %s\n", i ? "\n\n" : "", s->name);
		if (!s->nr) /* keeps the blocks in step */
			fprintf(f.stream, "NaN NaN NaN NaN\n");
		for (k = 0; k < s->nr; k++)
			fprintf(f.stream, "%.17g %.9g %.9g %.9g\n", s->point[k].x, s->point[k].y,
				s->point[k].lo, s->point[k].hi);
	}
	return file_commit(&f, e);
}

/* gnuplot's single quotes take everything as it is but themselves: nothing of a name is run or
 * read as markup. */
static void quoted(FILE *f, const char *s)
{
	fputc('\'', f);
	for (; *s; s++) {
		if (*s == '\'')
			fputc('\'', f);
		fputc((unsigned char)*s < ' ' ? ' ' : *s, f);
	}
	fputc('\'', f);
}

static void assign(FILE *f, const char *name, const char *text)
{
	fprintf(f, "%s = ", name);
	quoted(f, text);
	fputc('\n', f);
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
	if (p->base > 0) {
		lo->y = fmin(lo->y, p->base);
		hi->y = fmax(hi->y, p->base);
	}
}

static void write_ranges(FILE *f, const struct picture *p)
{
	struct picture_point lo, hi;
	double room;

	bounds(p, &lo, &hi);
	room = p->xlog2 ? 0 : (hi.x - lo.x) * 0.03;
	fprintf(f, "XMIN = %.9g\nXMAX = %.9g\n",
		p->xlog2 ? lo.x / 1.15 : lo.x - (room > 0 ? room : 1),
		p->xlog2 ? hi.x * 1.15 : hi.x + (room > 0 ? room : 1));
	fprintf(f, "YMIN = %.9g\nYMAX = %.9g\n", p->ylog ? lo.y / 1.15 : 0,
		p->ylog	 ? hi.y * 1.15 :
		hi.y > 0 ? hi.y * 1.08 :
			   1);
}

static void write_series(FILE *f, const struct picture *p)
{
	unsigned i;

	fprintf(f, "NSERIES = %u\narray NAME[%u]\narray MARK[%u]\narray HUE[%u]\n", p->nr_series,
		p->nr_series, p->nr_series, p->nr_series);
	for (i = 0; i < p->nr_series; i++) {
		fprintf(f, "NAME[%u] = ", i + 1);
		quoted(f, p->series[i].name);
		fprintf(f, "\nMARK[%u] = %.9g\nHUE[%u] = %u\n", i + 1, p->series[i].mark, i + 1,
			p->series[i].hue);
	}
	if (p->kind != PICTURE_BARS)
		return;
	fprintf(f, "NGROUPS = %u\narray GROUP[%u]\n", p->nr_groups, p->nr_groups);
	for (i = 0; i < p->nr_groups; i++) {
		fprintf(f, "GROUP[%u] = ", i + 1);
		quoted(f, p->group[i]);
		fputc('\n', f);
	}
}

static void write_terminal(FILE *f, const struct picture *p, enum picture_format format)
{
	char out[300];
	struct winsize w;

	if (format == FORMAT_TERMINAL) {
		int tty = isatty(STDOUT_FILENO),
		    sized = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) && w.ws_col > 40;
		const char *no_colour = getenv("NO_COLOR");

		fprintf(f, "set terminal dumb size %u, %u %s noenhanced\n",
			sized ? w.ws_col - 1 : 100, sized && w.ws_row > 20 ? w.ws_row - 2 : 32,
			tty && !(no_colour && *no_colour) ? "ansi256" : "mono");
		return;
	}
	if (format == FORMAT_SVG)
		fputs("set terminal svg size 960, 540 dynamic noenhanced font 'DejaVu Sans,Helvetica,sans-serif,13' "
		      "background 'white'\n",
		      f);
	else if (format == FORMAT_PNG)
		fputs("set terminal pngcairo size 1200, 675 noenhanced font 'DejaVu Sans,11' background 'white'\n",
		      f);
	else
		fputs("set terminal pdfcairo size 20cm, 11.5cm noenhanced font 'DejaVu Sans,10'\n",
		      f);
	snprintf(out, sizeof(out), "%s.%s", p->name, picture_formats[format]);
	fputs("if (!exists('OUTPUT')) OUTPUT = ", f);
	quoted(f, out);
	fputs("\nset output OUTPUT\n", f);
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

static int write_script(const struct picture *p, const char *path, enum picture_format format,
			struct err *e)
{
	char data[300];
	struct file_out f;
	int rc = file_begin(&f, path, e);

	if (rc)
		return rc;
	fputs("# Made by slabscope plot; in this folder, `gnuplot FILE` draws it again.\n",
	      f.stream);
	write_terminal(f.stream, p, format);
	snprintf(data, sizeof(data), "%s.dat", p->name);
	assign(f.stream, "DATA", data);
	assign(f.stream, "TITLE", p->title);
	assign(f.stream, "XLABEL", p->xlabel);
	assign(f.stream, "YLABEL", p->ylabel);
	assign(f.stream, "KEYTITLE", p->keytitle);
	fprintf(f.stream, "XLOG2 = %d\nYLOG = %d\nBASE = %.9g\nCAPACITY = %.9g\n", p->xlog2,
		p->ylog, p->base, p->capacity);
	assign(f.stream, "CAPACITY_TEXT", p->capacity_text);
	write_ranges(f.stream, p);
	write_series(f.stream, p);
	rc = copy_template(f.stream, "plots/common.gp", e);
	if (!rc)
		rc = copy_template(f.stream,
				   p->kind == PICTURE_BARS ? "plots/bars.gp" : "plots/lines.gp", e);
	if (rc) {
		file_abort(&f);
		return rc;
	}
	return file_commit(&f, e);
}

/* ---- gnuplot ---- */

static int run_gnuplot(const char *dir, const char *script, const char *out, struct err *e)
{
	char set[340];
	int status;
	pid_t pid;

	fflush(stdout);
	snprintf(set, sizeof(set), "OUTPUT='%s'", out);
	pid = fork();
	if (!pid) {
		if (chdir(dir))
			_exit(126);
		execlp("gnuplot", "gnuplot", "-d", "-e", set, script, (char *)NULL);
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return err_set(e, -errno, "gnuplot: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(
			e, -ENOSYS,
			"there is no gnuplot here (Debian and Ubuntu: package gnuplot-nox); %s/%s and "
			"its data are written, gnuplot can draw them elsewhere",
			dir, script);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_set(e, -EIO, "gnuplot failed on %s/%s", dir, script);
	return 0;
}

int picture_write(const struct picture *p, const char *dir, enum picture_format format, char file[],
		  struct err *e)
{
	char script[300], path[PATH_MAX], part[300], made[PATH_MAX];
	struct stat st;
	int rc;

	*file = '\0';
	if (mkdir(dir, 0777) && errno != EEXIST)
		return err_set(e, -errno, "%s: %s", dir, strerror(errno));
	snprintf(script, sizeof(script), "%s.gp", p->name);
	snprintf(part, sizeof(part), ".%s.part", p->name);
	if (snprintf(path, sizeof(path), "%s/%s.dat", dir, p->name) >= (int)sizeof(path) ||
	    snprintf(made, sizeof(made), "%s/%s", dir, part) >= (int)sizeof(made))
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", dir);
	rc = write_data(p, path, e);
	strcpy(strrchr(path, '.'), ".gp");
	if (!rc)
		rc = write_script(p, path, format, e);
	if (!rc)
		rc = run_gnuplot(dir, script, part, e);
	if (rc || format == FORMAT_TERMINAL) {
		unlink(made);
		return rc;
	}
	/* under its name only when it is whole */
	snprintf(file, PATH_MAX, "%.*s.%s", (int)(strlen(path) - 3), path, picture_formats[format]);
	if (stat(made, &st) || !st.st_size || rename(made, file)) {
		unlink(made);
		return err_set(e, -EIO, "gnuplot left no picture for %s", path);
	}
	return 0;
}
