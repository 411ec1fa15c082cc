/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MISSING_H
#define SLABSCOPE_MISSING_H

/*
 * What cannot be measured on this machine, said once per run instead of with each trial: from what
 * its first trial that measured anything said, merged by reason.
 */

#include <stddef.h>
#include <stdio.h>

/* @out is what a trial said (cli/trial.h); it is not changed. At most two lines on @f, each begun with
 * @who and of at most MISSING_LINE characters: a longer reason is cut; nothing where all that depends
 * on the machine was measured. Returns how many values the trial said, there or not. */
#define MISSING_LINE 200
unsigned missing_report(FILE *f, const char *who, const char *out, size_t len);

#endif
