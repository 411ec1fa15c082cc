/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PLAN_PRINT_H
#define SLABSCOPE_PLAN_PRINT_H

#include <stdio.h>

#include "cli/plan.h"

/* What a run would take, on @f: experiments, axes, order of trials (@verbose: of all blocks), passes,
 * repeats, memory, time. */
int plan_print(const struct plan *p, FILE *f, int verbose, struct err *e);

#endif
