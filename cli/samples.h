/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SAMPLES_H
#define SLABSCOPE_SAMPLES_H

/*
 * samples.csv: every number of a run, one per row, append only.
 *
 *	# slabscope samples 3
 *	trial,block,config,experiment,label,metric,value,unit,state,share,source,worker,note
 *	b000-c0003,0,3,cliff,"colour=2,n=16",time.ns_per_op,2.31,ns,exact,1,clock,-1,
 *	...
 *	b000-c0003,0,3,cliff,"colour=2,n=16",trial.status,0,1,ok,1,runner,-1,
 *
 * One row is one line: a note's newlines are spaces. All rows of a trial are one write(2), and the
 * last of them is `trial.status`: a trial counts as there only when that row is whole. So after a
 * kill at any moment the file is a sequence of whole trials and at most one torn tail, which
 * samples_read() leaves out and `run --resume` cuts off.
 *
 * `value` is empty for a number that there is none of (state `unavailable`, the reason in `note`)
 * and for a text (state `text`, the text in `note`: effective settings such as `mgmt`). state of a
 * status row: ok, failed, crashed, timeout, invalid, disturbed; its value is the exit status, the
 * signal, or empty; its note says why it is not ok. An invalid or disturbed trial keeps its values,
 * for people to look at: they do not count.
 *
 * A disturbed trial is repeated, and then stands in the file once more under the same id: each stay
 * is an attempt, the last one is the trial's, and all attempts before it are disturbed. Version 1 is
 * the same without repeats, up to version 2 a row for each set of a modelled cache stood where 32
 * sets are one row now (docs/formats.md, model).
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/err.h"

#define SAMPLES_VERSION 3
#define SAMPLES_OLDEST 1 /* that is still read */
#define SAMPLES_FILE "samples.csv"
#define SAMPLES_STATUS "trial.status"
#define SAMPLES_DISTURBED "disturbed" /* the state that lets a trial stand there again */

struct sample {
	const char *trial;	/* "b003-c0012" */
	unsigned block, config; /* numbers, as in the plan */
	const char *experiment, *label;
	const char *metric;
	double value; /* NaN: none */
	const char *unit, *state;
	double share;
	const char *source;
	int worker; /* -1: the whole trial */
	const char *note;
	/* of rows that were read, from where they stand in the file: */
	unsigned attempt; /* of this trial, from 0 */
	int superseded;	  /* 1: a later attempt stands for this trial, this row is history */
};

/* Rows of one trial on their way to the file. Zero it to start; samples_buf_release() when done. */
struct samples_buf {
	char *text;
	size_t len, cap;
	int oom; /* a row was lost for want of memory: samples_append() refuses */
};

void samples_buf_row(struct samples_buf *b, const struct sample *s);
void samples_buf_release(struct samples_buf *b);

/* Open @path for appending, made with its two header lines if it is new or empty; -EINVAL for a
 * file of another version. *@fd is the caller's. */
int samples_open(const char *path, int *fd, struct err *e);
/* One write(2), then fdatasync. A write that comes out short (a full disk) is cut off again:
 * -errno. */
int samples_append(int fd, const struct samples_buf *b, struct err *e);

/* A file read. Strings of row[] point into text. */
struct samples {
	char *text;
	struct sample *row;
	size_t nr;
	size_t nr_trials;    /* whole ones, each counted once */
	size_t nr_attempts;  /* status rows: nr_trials, and those that were repeated */
	int version;	     /* of the file */
	off_t whole_bytes;   /* the file up to the end of the last whole trial (or of the header) */
	unsigned torn_lines; /* lines after that, whole or not, that were left out */
};

/*
 * Read @path. -ENOENT; -EINVAL naming file, line and column when something in front of a whole
 * trial is not as above (a version that is not ours, a missing column, a trial that is there
 * again though it was not disturbed). What follows the last whole trial is never an error: it is counted in torn_lines. On
 * failure @s holds nothing.
 */
int samples_read(struct samples *s, const char *path, struct err *e);
/* The same on @text (malloc'd, @len bytes, text[len] writable), which becomes the struct's on
 * success and failure. */
int samples_parse(struct samples *s, char *text, size_t len, const char *path, struct err *e);
void samples_release(struct samples *s);

int samples_is_status(const struct sample *s);

#endif
