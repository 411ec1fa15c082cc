/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SUMMARY_H
#define SLABSCOPE_SUMMARY_H

#include <stdio.h>

#include "cli/results.h"

/*
 * summary.csv: one row per config and metric that it has a row of, from the samples alone (it can be made again at any
 * time).
 *
 *	# slabscope summary 3
 *	experiment,config,label,metric,unit,source,state,n,median,lo,hi,confidence,min,max,
 *	baseline,pairs,ratio,ratio_lo,ratio_hi,verdict,ok,failed,crashed,timeout,invalid,disturbed,
 *	repeated,note	(one line)
 *
 * lo, hi: exact sign-test interval of the median, empty where the launches are too few; confidence:
 * its coverage. baseline..ratio_hi: as results_ratio(); empty without @baseline. verdict: of the
 * config against the baseline, corrected for all configs of the experiment in this metric.
 */
void summary_csv(const struct results *r, const char *baseline, FILE *f);
/* Into the run's folder. */
int summary_write(const struct results *r, const char *baseline, struct err *e);
/* The same as JSON. Returns the exit status. */
int summary_json(const struct results *r, const char *baseline, FILE *f);

#endif
