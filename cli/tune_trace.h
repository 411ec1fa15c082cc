/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_TRACE_H
#define SLABSCOPE_TUNE_TRACE_H

/*
 * Advice for each cache of a recorded trace.
 *
 *	tune_trace_read()	the trace, packed into a file of our own, and what it says of each cache
 *	tune_trace.c		each cache tuned alone: the model replays its records, by as many workers as the trace
 *				has CPUs. What gains there is tried in the whole trace, all other caches as they stand;
 *				what does not gain there either is not advised
 *	tune_trace_show.c	text and JSON
 */

#include "cli/tune_advice.h"
#include "lib/kmemtrace/source.h"

#define TUNE_TRACE_LEAST 100u /* records of a cache below which nothing is said of it */

struct tune_traced {
	struct tune_advice a;
	uint64_t allocs, frees, peak, at_end; /* frees: implicit ones, too */
	uint64_t cross;			      /* frees by another CPU than the allocation's */
	double life_p50, life_p99;	      /* us; NaN: no free is in the trace */
	uint64_t length;		      /* records of a pass: with what is freed at its end */
	double whole; /* objective of the whole trace with this cache's pick, to what stands; NaN: not tried */
	double alone; /* what a.ratio is; kept where the whole trace has said no */
};

struct tune_trace {
	const struct tune_request *q;
	const char *target;
	char folder[64], path[96]; /* ours, with the packed trace */
	char form[64];
	struct kmemtrace_totals totals;
	struct tune_traced *cache;    /* [nr], most records first */
	unsigned nr, nr_few, nr_left; /* few: too few records; left: not among the --top */
	unsigned workers;
	uint64_t length;   /* of the whole trace */
	double together;   /* all picks at once, in the whole trace; NaN */
	double bytes, was; /* peaks x bytes per object, with all picks and as it stands */
};

/* The trace of @t->q; the folder is there even on an error until tune_trace_release(). */
int tune_trace_read(struct tune_trace *t, struct err *e);
void tune_trace_release(struct tune_trace *t);

void tune_trace_text(const struct tune_trace *t, FILE *f);
json_t *tune_trace_json(const struct tune_trace *t); /* NULL: no memory */

/* All of it, printed. */
int tune_trace(const struct tune_request *q, struct launcher *l, FILE *f, struct err *e);

#endif
