/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_HOST_H
#define SLABSCOPE_TUNE_HOST_H

/* Private to tune_host.c (who wins) and tune_host_run.c (one run of those who are left). */

#include <limits.h>

#include "cli/results.h"
#include "cli/tune.h"

#define TUNE_CANDIDATES 64u /* without a model */

struct tune_pace {
	const char *ms, *repeats; /* how long a launch measures; how often it is repeated */
};
extern const struct tune_pace tune_paces[]; /* shorter and shorter; NULL ends */

struct tune_contest {
	struct tuning *t;
	unsigned point[TUNE_CANDIDATES]; /* candidates that are left; what stands is not among them */
	unsigned n;
	char folder[PATH_MAX], last[256]; /* last: of the last run */
	uint64_t seed;
	unsigned round, pace;
	char aside[200]; /* why no candidate of a round could be compared; "" */
};

/* A setting as it was given, or NULL. */
const char *tune_contest_given(const struct tune_contest *c, const char *name);

/* A run of what stands (config 0) and of all that are left (configs 1 ...) in so many blocks, into the folder @name of the
 * contest's; read into @r, which is the caller's on success. */
int tune_contest_run(struct tune_contest *c, unsigned launches, const char *name, struct results *r,
		     struct err *e);

#endif
