/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_EMIT_H
#define SLABSCOPE_MODEL_EMIT_H

/* The values of a modelled region. Each says by its note which target, policies, frame map and seed it is of. */

#include "collectors/collector.h"
#include "collectors/model/params.h"
#include "collectors/model/sim.h"
#include "collectors/model/who.h"

struct model_result {
	const struct mt_target *target;
	const struct model_params *params;
	const struct sim *sim;
	const struct who_counts *who;	  /* NULL: not settled */
	uint64_t refs;			  /* hooks that simulated, in the region */
	const char *flaw;		  /* why the counts are not repeatable, or NULL */
	struct kmem_cache_info engine[2]; /* sums over the workload's caches: before and after */
	int have_engine;
};

void model_emit(struct collect_ctx *c, const struct model_result *r, struct value_sink *out);
/* All that anybody would look for, as unavailable. */
void model_emit_unavailable(struct value_sink *out, const char *why);

#endif
