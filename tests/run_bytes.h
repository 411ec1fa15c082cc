/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_RUN_BYTES_H
#define SLABSCOPE_TESTS_RUN_BYTES_H

/* Any bytes as a run's folder: a run.json, a NUL, and a samples.csv. Bytes without a NUL are what may follow the
 * samples' heading in a run of which the run.json is good. */

#include <stddef.h>
#include <stdint.h>

#include "cli/results.h"

struct run_bytes {
	const char *fuzzer, *name; /* who asks, for messages; what the run is called */
	const char *good;	   /* a good run.json */
	unsigned long long most;   /* configs x metrics x blocks that are worth the time */
};

/* 1: @r is a run, the caller releases it; 0: no run (if it was refused, then with a word), or too large a one. */
int run_of_bytes(const struct run_bytes *b, struct results *r, const uint8_t *data, size_t size);

/* Unless @ok: say so and abort. */
void run_bytes_expect(const struct run_bytes *b, int ok, const char *what);

#endif
