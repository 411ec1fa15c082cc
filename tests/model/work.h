/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_WORK_H
#define SLABSCOPE_TESTS_WORK_H

/*
 * Small works whose cache misses another simulator counts as well. All their memory is at one fixed address,
 * the same in every program that runs them, so the same sets are used. Compiled twice: instrumented, and as it is.
 */

#include <stdint.h>

/* The arena is mapped; with it the works may run, any number of times. 0 or -errno. */
int work_map(void);
/* @n rounds of the work of that name; 0: only what comes before the first. What it computed into *@sum; -ENOENT: no such
 * work. */
int work_run(const char *name, uint64_t n, uint64_t *sum);

#endif
