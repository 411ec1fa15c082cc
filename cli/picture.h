/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PICTURE_H
#define SLABSCOPE_PICTURE_H

/*
 * One picture as numbers and words: series of points with intervals. picture_write() makes
 * NAME.dat, NAME.gp (data and template in one, so that `gnuplot NAME.gp` makes it again) and lets
 * gnuplot draw (cli/gnuplot.h).
 */

#include <limits.h>

#include "cli/gnuplot.h"
#include "cli/table.h"
#include "lib/err.h"

/* What a point is, by kind; each has its template in plots/. */
enum picture_kind {
	PICTURE_LINES, /* x, y, interval */
	PICTURE_BARS,  /* x: a group; y, interval */
	PICTURE_DOTS,  /* x: a number or a group; y, interval; no lines between */
	PICTURE_STEPS, /* x, y: y holds up to the next x */
	PICTURE_STACK, /* x: a group; y: height, from lo to hi */
	PICTURE_GRID   /* x: a group, y: a row; lo: the value there */
};

struct picture_point {
	double x, y, lo, hi; /* lo == hi == y: no interval */
};

struct picture_series {
	char name[96];
	struct picture_point *point;
	unsigned nr;
	double mark;  /* > 0: x of a dotted line */
	unsigned hue; /* which colour: the same for the same thing in all pictures of a run */
};

#define PICTURE_MOST_SERIES 24
#define PICTURE_MOST_GROUPS 64

struct picture {
	enum picture_kind kind;
	char name[256]; /* of the files, without suffix */
	char title[512], xlabel[160], ylabel[256], zlabel[256], keytitle[96];
	struct picture_series series[PICTURE_MOST_SERIES];
	unsigned nr_series;
	int xlog2, ylog;
	int front;    /* the last series is a line: nothing lies below and left of it */
	int diagonal; /* a line on which x and y are equal */
	double base;  /* bars begin here; > 0: a line there */
	double xbase; /* > 0: a line at this x */
	char *group[PICTURE_MOST_GROUPS]; /* names of x = 0, 1, ...; picture_group() */
	unsigned nr_groups;
	char *row[PICTURE_MOST_GROUPS]; /* of y, in a grid */
	unsigned nr_rows;
	double capacity; /* > 0: x of a grey line */
	char capacity_text[64];
};

/* A point of the last series. -ENOMEM. */
int picture_add(struct picture *p, double x, double y, double lo, double hi);
/* A new series, which gets the colour @hue; NULL: there are too many. */
struct picture_series *picture_begin(struct picture *p, unsigned hue, const char *name);
/* A name for the next x (or, in a grid, y). -ENOMEM, -E2BIG. */
int picture_group(struct picture *p, const char *name);
int picture_row(struct picture *p, const char *name);
unsigned picture_points(const struct picture *p);
void picture_release(struct picture *p);
/* Its numbers, a row for each point. */
void picture_table(const struct picture *p, struct table *t);

struct picture_made {
	char file[PATH_MAX]; /* the picture; "" where it is text */
	char *text;	     /* malloc'd: the picture's own text, of svg and terminal */
};

/*
 * Into folder @dir (made if it is not there). The caller frees made->text. -ENOSYS: there is no
 * gnuplot, or it lacks the terminal (.gp and .dat are written all the same); -EIO: gnuplot failed.
 */
int picture_write(const struct picture *p, const char *dir, const struct gnuplot_how *how,
		  struct picture_made *made, struct err *e);

#endif
