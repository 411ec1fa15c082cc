/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_ADVICE_H
#define SLABSCOPE_TUNE_ADVICE_H

/* What a tuning says of one cache of many: of a listing (tune_list.c) or of a trace (tune_trace.c). */

#include "cli/tune.h"

struct tune_advice {
	char cache[128];
	unsigned size; /* bytes of an object */
	enum tune_verdict verdict;
	int failed;
	double ratio;	   /* of the objective, to what stands; 1: nothing changes */
	double bytes, was; /* bytes per object */
	double gain;	   /* what sorts */
	struct slab_config config, base;
	char pick[256]; /* "order=1 limit=240" */
	char why[256];	/* why it failed; why nothing changes */
};

/* The tuning of @given by the model into @a, but for cache, size and gain. A failure of this one cache is in it,
 * and 0; -EINTR, -ENOMEM. */
int tune_advise(struct tune_advice *a, const struct tune_request *q,
		const struct job_section *given, const char *target, struct launcher *l,
		struct err *e);

/* The keys that all have: cache, object_size, and verdict, pick, ratio, ..., or failed. NULL: no memory. */
json_t *tune_advice_json(const struct tune_advice *a);

/*
 * A file of toggles by cache (engine/slab_config.h, slab_config_read_cache()): what stands as [global], and a section
 * [cache NAME] for each of @a with something to change.
 */
int tune_advice_write(const char *file, const struct tune_advice *const *a, unsigned n,
		      const char *profile, struct err *e);

/* What was asked of all of them: objective, and how much memory a setting may take. A line. */
void tune_advice_terms(const struct tune_request *q, FILE *f);

/* "\r12 of 40 caches" on standard error. */
void tune_advice_progress(unsigned ended, unsigned nr);

#endif
