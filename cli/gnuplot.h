/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_GNUPLOT_H
#define SLABSCOPE_GNUPLOT_H

/* The gnuplot of this machine: what it can draw, and letting it draw. */

#include <stddef.h>
#include <stdio.h>

#include "lib/err.h"

enum picture_format { FORMAT_SVG, FORMAT_PNG, FORMAT_PDF, FORMAT_TERMINAL };
extern const char *const picture_formats[]; /* by enum picture_format; NULL ends */

/* Of a terminal whose size is not known. */
#define GNUPLOT_COLUMNS 100
#define GNUPLOT_LINES 32

struct gnuplot_how {
	enum picture_format format;
	int colour;		 /* of a terminal */
	unsigned columns, lines; /* of a terminal; 0: 100 by 32 */
};

/* Colour where @fd is a terminal and NO_COLOR does not forbid it, and its size. */
void gnuplot_terminal(struct gnuplot_how *how, int fd);

/* The `set terminal` line of a script; @below: how many letters stand upright below the axis, for which there is more room. */
void gnuplot_set_terminal(FILE *f, const struct gnuplot_how *how, unsigned below);

/* Can it draw @format? -ENOSYS saying that there is no gnuplot, or which terminal it lacks. */
int gnuplot_can(enum picture_format format, struct err *e);
/* "pdfcairo (--format pdf), ..." of what it lacks; "" for nothing. The same errors. */
int gnuplot_lacks(char *buf, size_t len, struct err *e);

/* Run @script of folder @dir, with OUTPUT set to @out (a plain name there). -ENOSYS, -EIO. */
int gnuplot_run(const char *dir, const char *script, const char *out, struct err *e);

#endif
