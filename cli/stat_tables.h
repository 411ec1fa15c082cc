/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_STAT_TABLES_H
#define SLABSCOPE_STAT_TABLES_H

#include "cli/results.h"

#define STAT_MOST_METRICS 32

/* What `slabscope stat` was asked for. */
struct stat_request {
	const char *metric[STAT_MOST_METRICS];
	unsigned nr_metrics;  /* 0: the usual ones */
	const char *baseline; /* NULL: no ratios */
	const char *across;   /* axis whose values stand side by side, or NULL */
	const char *exp;      /* only this experiment, or NULL */
	int all, json, csv;
};

/* The tables of @r on standard output, with @metric[nr] as columns, and what a reader has to
 * know of them. */
void stat_tables(const struct results *r, const int *metric, unsigned nr,
		 const struct stat_request *q);

#endif
