/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_OBJECTIVE_H
#define SLABSCOPE_TUNE_OBJECTIVE_H

/*
 * What is to become small: one quantity, or a weighted sum of several, each as a ratio to what it is
 * with the setting that stands. So what stands always scores 1, and weights need no units:
 *
 *	time			ns per operation; modelled: memory time, else L1 misses
 *	misses			modelled L1 misses per operation
 *	memory			bytes per object of a full slab, management included: known without a trial
 *	held			bytes that the slabs hold at the end of a trial
 *	perf.llc_misses_per_op	any metric of a trial
 *	0.8*time+0.2*memory	a sum
 */

#include "lib/err.h"

#define TUNE_TERMS_MOST 8u

/* Numbers of a trial by name. */
struct tune_value {
	char name[60];
	double v; /* NaN: unavailable */
};
struct tune_values {
	struct tune_value *v;
	unsigned n;
};
/* NaN: it is not there. */
double tune_value(const struct tune_values *v, const char *name);
void tune_values_release(struct tune_values *v);

/* What a trial said on descriptor 3 (modified): values of the whole trial, and what is effective as
 * "effective.NAME" where that is a number. -EINVAL: a line that is not of the protocol. */
int tune_values_parse(struct tune_values *v, char *out, struct err *e);

struct tune_term {
	double weight;
	char name[60];
};
struct tune_objective {
	struct tune_term term[TUNE_TERMS_MOST];
	unsigned nr;
};

/* -EINVAL and what was expected. */
int tune_objective_parse(struct tune_objective *o, const char *text, struct err *e);

/* The metric of a term in a modelled trial or in one on the host; NULL: "memory", which is no metric, or
 * there is none there. */
const char *tune_term_metric(const struct tune_term *t, int modelled);
int tune_term_is_memory(const struct tune_term *t);
/* A metric that only trials on this machine have. */
int tune_term_is_counted(const struct tune_term *t);

/* @now against @base; @memory: ratio of the bytes per object. INFINITY: some number is missing. */
double tune_objective_score(const struct tune_objective *o, int modelled,
			    const struct tune_values *now, const struct tune_values *base,
			    double memory);

#endif
