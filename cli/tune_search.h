/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_SEARCH_H
#define SLABSCOPE_TUNE_SEARCH_H

/*
 * The search for the best point of a space by trials that say the same each time (the model's): no
 * statistics, each point and length is tried once.
 *
 *	what stands, at full length (and brief, where that saves something)
 *	the best by `prior`, a guess that costs nothing
 *	from the best so far: each toggle changed alone, moving on with each gain, until nothing gains
 *	the next best by `prior`, with those toggles of the best so far about which `prior` says nothing; and again
 *	downhill from whatever gains
 *	downhill from what stands, if there is effort left
 *	the best of the brief ones at full length, the longer list the cheaper they are
 *	of those as good as the best what takes least memory; neighbours that take less, in case they do as well
 *	each toggle of the winner back to what stands, where that costs nothing
 *
 * Effort is counted in trials of full length, so the answer does not depend on how busy the computer is.
 */

#include "cli/tune_space.h"

#define TUNE_SAME 0.001 /* scores closer than this are no reason to go on */
#define TUNE_ENOUGH \
	0.002 /* and closer than this to the best are as good, so what is cheaper or simpler is chosen */
#define TUNE_PRICE 0.02 /* of bytes per object: less is no reason for another toggle */

struct tune_search {
	const struct tune_space *space;
	const double *prior; /* by point, lower is better, NaN: no idea; NULL: none */
	/* A trial of @share of the full length: 0 and the score (>= 0, lower is better, INFINITY: the point
	 * cannot be run), or -errno, which ends the search. */
	int (*eval)(void *arg, unsigned point, double share, double *score, struct err *e);
	/* What a trial of @share costs, in any unit; asked once the first full one was made. The same each time: the
	 * answer must not depend on how busy the computer is. */
	double (*cost)(void *arg, double share);
	void *arg;
	double brief;	/* share of brief trials */
	double effort;	/* trials of full length, as a share of the points */
	unsigned least; /* but so many at least */
};

struct tune_found {
	unsigned pick;
	double *brief,
		*full; /* scores by point, NaN: not tried. The same array where brief trials save nothing */
	unsigned briefs, fulls; /* trials */
	double brief_cost;	/* of a brief trial against a full one */
	double used, may;	/* effort */
};

int tune_search(const struct tune_search *q, struct tune_found *f, struct err *e);
/* Every point at full length. */
int tune_exhaust(const struct tune_search *q, struct tune_found *f, struct err *e);
void tune_found_release(struct tune_found *f);

#endif
