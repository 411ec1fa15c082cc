/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PICTURE_H
#define SLABSCOPE_PICTURE_H

/*
 * One picture as numbers and words: series of points with intervals. picture_write() makes
 * NAME.dat, NAME.gp (data and template in one, so that `gnuplot NAME.gp` makes it again) and lets
 * gnuplot draw.
 */

#include "lib/err.h"

enum picture_kind { PICTURE_LINES, PICTURE_BARS };
enum picture_format { FORMAT_SVG, FORMAT_PNG, FORMAT_PDF, FORMAT_TERMINAL };

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
	char title[512], xlabel[128], ylabel[256], keytitle[96];
	struct picture_series series[PICTURE_MOST_SERIES];
	unsigned nr_series;
	int xlog2, ylog;
	double base;				/* bars begin here */
	const char *group[PICTURE_MOST_GROUPS]; /* names of x = 0, 1, ... of bars */
	unsigned nr_groups;
	double capacity; /* > 0: x of a grey line */
	char capacity_text[64];
};

/* A point of the last series. -ENOMEM. */
int picture_add(struct picture *p, double x, double y, double lo, double hi);
unsigned picture_points(const struct picture *p);
void picture_release(struct picture *p);

/*
 * Into folder @dir (made if it is not there). *@file gets the picture's path (FORMAT_TERMINAL:
 * empty; it goes to standard output). -ENOSYS: there is no gnuplot (.gp and .dat are written all
 * the same); -EIO: gnuplot failed.
 */
int picture_write(const struct picture *p, const char *dir, enum picture_format format, char file[],
		  struct err *e);

extern const char *const picture_formats[]; /* by enum picture_format; NULL ends */

#endif
