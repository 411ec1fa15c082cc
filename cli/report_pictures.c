/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All pictures that a run has points for, each beside its files; why the others are not there. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"
#include "cli/report.h"
#include "lib/escape.h"

#define MOST_OF_A_ROW 6	  /* pictures of one row and experiment */
#define MOST_NUMBERS 400u /* rows of a table beside a picture */

/* Without gnuplot, or without its terminal, that is said once, and tables stand for the pictures. */
struct drawing {
	struct report *r;
	int can;
	struct err why;
	struct table left_out; /* pictures that there is nothing to draw of, and why */
};

static const struct family *family_of(const struct report *r, const struct results *run,
				      unsigned exp)
{
	unsigned i;

	for (i = 0; i < r->families; i++)
		if (r->family[i].c.mine == run && r->family[i].exp == (int)exp)
			return &r->family[i];
	return NULL;
}

static void figure(struct drawing *d, const struct results *run, const struct picture_row *row,
		   const struct picture *p)
{
	struct report *r = d->r;
	struct picture_made made = { "", NULL };
	char dir[PATH_MAX], name[300], file[PATH_MAX], data[PATH_MAX], script[PATH_MAX], alt[1200];
	struct doc_figure g = {
		.name = p->name, .title = p->title, .reads = row->reads, .points = picture_points(p)
	};
	struct table t = { .columns = 0 };
	struct err e;

	if (snprintf(dir, sizeof(dir), "%s/plots", run->path) >= (int)sizeof(dir))
		return;
	if (picture_write(p, dir, &r->q->how, &made, &e) && d->can)
		doc_text(&r->d, "Not drawn: %s.", e.text);
	snprintf(alt, sizeof(alt), "%s. %s over %s, %u points in %u series.%s", p->title, p->ylabel,
		 p->xlabel, g.points, p->nr_series,
		 g.points <= MOST_NUMBERS && r->d.format == DOC_HTML ?
			 " Its numbers are in the table below." :
			 "");
	g.alt = alt;
	g.svg = r->q->how.format == FORMAT_SVG ? made.text : NULL;
	g.text = r->q->how.format == FORMAT_TERMINAL ? made.text : NULL;
	snprintf(name, sizeof(name), "plots/%.280s.dat", p->name);
	g.data = report_path(r, run, name, data);
	strcpy(strrchr(name, '.'), ".gp");
	g.script = report_path(r, run, name, script);
	strcpy(strrchr(name, '.'), ".svg");
	g.path = *made.file ? report_path(r, run, name, file) : "";
	if (g.points <= MOST_NUMBERS) {
		picture_table(p, &t);
		g.numbers = &t;
	}
	doc_figure(&r->d, &g);
	table_release(&t);
	free(made.text);
}

static void leave_out(struct drawing *d, const struct picture_row *row, const char *why)
{
	table_cell(&d->left_out, "%s", row->title);
	table_cell(&d->left_out, "%s", why);
}

static void draw_row(struct drawing *d, const struct picture_row *row, const struct picture_ask *a)
{
	struct picture *p = malloc(sizeof(*p));
	struct err e = { "" };
	unsigned i;
	int rc = 1;

	for (i = 0; p && rc == 1 && i < MOST_OF_A_ROW; i++) {
		rc = picture_make(row, a, i, p, &e);
		if (rc == 1)
			figure(d, a->r, row, p);
		else if (rc < 0 && !i)
			leave_out(d, row, e.text);
		picture_release(p);
	}
	free(p);
}

/* Over names, of which most are the same objects under other settings, ratios say more. */
static int wants_ratio(const struct results *r, unsigned exp)
{
	return results_axis(r, exp, "cache") >= 0 && r->exp[exp].nr_axes > 1;
}

static void draw_experiment(struct drawing *d, const struct results *run, unsigned exp)
{
	const struct family *f = family_of(d->r, run, exp);
	struct picture_ask a = { .r = run, .exp = exp };
	const struct compare_request *q = &d->r->q->ask;
	const struct picture_row *row;
	int setting = picture_setting(run, exp);

	a.y = q->nr_metrics ? q->metric[0] : NULL;
	d->left_out = (struct table){ .columns = 2 };
	table_cell(&d->left_out, "picture");
	table_cell(&d->left_out, "why not");
	for (row = pictures; row->name; row++) {
		struct picture_ask of_row = a;

		if (row->fill == picture_cost && f && f->c.nr && wants_ratio(run, exp)) {
			of_row.baseline = f->baseline;
			of_row.by = setting >= 0 ? run->exp[exp].axis[setting].name : NULL;
		}
		draw_row(d, row, &of_row);
	}
	if (table_rows(&d->left_out) > 1)
		doc_table(&d->r->d, &d->left_out, 1, "Pictures that there is nothing to draw of");
	table_release(&d->left_out);
}

static void say_terminals(struct drawing *d)
{
	char lacks[200];
	struct err e;

	d->can = !gnuplot_can(d->r->q->how.format, &d->why);
	if (!d->can)
		doc_text(
			&d->r->d,
			"No pictures: %s. Their numbers stand here as tables; the gnuplot files and data that make them "
			"are written, and draw them elsewhere.",
			d->why.text);
	else if (!gnuplot_lacks(lacks, sizeof(lacks), &e) && *lacks)
		doc_text(&d->r->d,
			 "The gnuplot here lacks terminals that slabscope plot can use: %s.",
			 lacks);
}

void report_pictures(struct report *r)
{
	struct drawing d = { .r = r };
	unsigned i, x;

	say_terminals(&d);
	for (i = 0; i < r->nr; i++)
		for (x = 0; x < r->run[i].nr_exp; x++) {
			doc_heading(&r->d, 3, "", "%s%s%s", r->run[i].exp[x].name,
				    r->nr > 1 ? " of " : "", r->nr > 1 ? r->run[i].path : "");
			draw_experiment(&d, &r->run[i], x);
		}
}
