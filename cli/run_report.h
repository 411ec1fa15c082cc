/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RUN_REPORT_H
#define SLABSCOPE_RUN_REPORT_H

#include <stdio.h>

#include "cli/runner.h"

/*
 * What is said at the end of a run, on @f: trials that are not ok, repeats, configs without figures,
 * and what was not reached and why. @path is the folder's.
 */
void run_report(FILE *f, const struct plan *p, const struct run_result *r, const char *path);

/* The same for run.json's `reached`. NULL: no memory. */
json_t *run_report_json(const struct plan *p, const struct run_result *r);

/* 0; 1 where no trial is ok; 128 + the signal. */
int run_exit_status(const struct run_result *r);

#endif
