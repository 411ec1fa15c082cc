/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_OUT_H
#define SLABSCOPE_MODEL_OUT_H

/* What `slabscope model` was asked, what it saw of the trace, and how its counts are printed. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "collectors/model/sim.h"
#include "collectors/model/trace.h"

struct sweep;

struct model_request {
	const char *target, *fill, *trace, *sets, *output;
	unsigned format, to; /* enum trace_format */
	unsigned frames;     /* enum sim_frames */
	unsigned line;	     /* of a sweep, or OPT_AUTO_UINT */
	uint64_t seed;
	bool csv, kinds, by_cpu, sweep;
};

struct model_seen {
	uint64_t refs, skipped;
	enum trace_format format;
	bool cpu[MT_CPUS];
};

/* Counts by level, as CSV or as a table that says of what they are. */
void model_print(FILE *f, const struct model_request *q, const struct model_seen *seen,
		 const struct mt_target *t, const struct sim *sim);
void model_print_sets(FILE *f, const struct sim *sim);
void model_print_sweep(FILE *f, const struct sweep *s, unsigned line);

#endif
