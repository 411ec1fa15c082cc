/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TRACE_INFO_H
#define SLABSCOPE_TRACE_INFO_H

/* What a trace of a slab allocator holds, for people and for programs. */

#include <stdbool.h>
#include <stdio.h>

#include "lib/kmemtrace/count.h"

/* Read the trace at @path to its end and print: totals, and a row for each cache, those with the most allocations
 * first. 0 or -errno. */
int trace_info(FILE *f, const char *path, bool partial, bool json, struct err *e);

/* One line: "148621 records: 74193 allocations, ..." */
void trace_totals_line(FILE *f, const struct kmemtrace_totals *n);

#endif
