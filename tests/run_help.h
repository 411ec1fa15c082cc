/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_RUN_HELP_H
#define SLABSCOPE_TESTS_RUN_HELP_H

/*
 * A run's folder made in memory: rows are added as a trial would write them, and then it is read.
 *
 *	experiment x: colour 0, 1, 2 by n 8, 16: configs 0 to 5	(colour=0,n=8 is 0, colour=1,n=8 is 2)
 *	experiment y: colour 0: config 6
 */

#include <stdio.h>

#include "cli/results.h"

struct maker {
	char *text;
	size_t len;
	FILE *f;
	unsigned blocks;
	const char *host;
};

void make_begin(struct maker *m, unsigned blocks);
/* One row of a trial; the trial is whole with make_end(). */
void make_value(struct maker *m, unsigned block, unsigned config, const char *metric, double value,
		const char *unit, const char *source);
/* The same with a state of its own and half of the time; @value is text. */
void make_state(struct maker *m, unsigned block, unsigned config, const char *metric,
		const char *value, const char *state, const char *note);
void make_end(struct maker *m, unsigned block, unsigned config, const char *state,
	      const char *note);
/* An ok launch of @config in each block, base + block * step. */
void make_series(struct maker *m, unsigned config, const char *metric, double base, double step,
		 const char *unit, const char *source);
/* Read it; @m is done. Fails the test if it cannot be read. */
void make_read(struct maker *m, struct results *r);

#endif
