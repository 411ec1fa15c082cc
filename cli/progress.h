/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PROGRESS_H
#define SLABSCOPE_PROGRESS_H

/*
 * How far a run is, on standard error: one line that is written over on a terminal, a plain line
 * now and then in a log. Nothing of it while a trial measures: a line is drawn between trials.
 */

#include <stddef.h>
#include <stdint.h>

struct progress {
	unsigned total, done; /* trials of this process */
	unsigned repeats;     /* attempts beyond the trials' first */
	unsigned bad;
	int quiet, terminal, drawn;
	uint64_t begin, last; /* ns */
};

void progress_begin(struct progress *p, unsigned total, int quiet);
/* How an attempt at a trial ended. */
enum progress_end { PROGRESS_OK, PROGRESS_BAD, PROGRESS_AGAIN /* the trial has to be repeated */ };
/* One more attempt has ended, @repeat: not the first of its trial. @what is the trial's name or NULL. */
void progress_step(struct progress *p, enum progress_end end, int repeat, const char *what);
/* Make room for a message on standard error. */
void progress_clear(struct progress *p);

/* "1 h 02 min", "3 min 05 s", "12 s". */
const char *progress_duration(double seconds, char *buf, size_t len);

#endif
