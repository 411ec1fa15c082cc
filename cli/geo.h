/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_GEO_H
#define SLABSCOPE_GEO_H

/* What `slabscope geometry` is made of: the question as options, its answer explained, and many of
 * them as CSV. */

#include <stdio.h>

#include "engine/geometry.h"
#include "lib/err.h"
#include "lib/opt.h"

struct geo_query {
	struct slab_geometry_in in;
	unsigned l1_sets; /* KMEM_AUTO: as if an L1 way were a page */
	struct slab_config config;
};

/* Rows of everything in a geo_query but the config, which slab_config_opts[] describes. */
extern const struct opt geo_opts[];

/* Defaults: the inputs of slab_geometry_in_init(), object_size 0 (not given), profile
 * kernel-2.6.22. */
void geo_query_init(struct geo_query *q);

unsigned geo_l1_sets(const struct geo_query *q);

/* Explain on @f. */
void geo_explain(FILE *f, const struct geo_query *q, const struct slab_geometry *g,
		 const struct slab_trace *t);

/* One JSON object on @f. 0 or -ENOMEM, -EIO. */
int geo_json(FILE *f, const struct geo_query *q, const struct slab_geometry *g,
	     const struct slab_trace *t, struct err *e);

const char *geo_mode_name(unsigned mode);	/* "off-slab" */
const char *geo_verdict_name(unsigned verdict); /* "off-limit": for machines */
const char *geo_verdict_text(unsigned verdict); /* for people */

/*
 * Rows of CSV from @in (called @name in messages), geometries as CSV to @out: the columns of the
 * input as they stood, then what came out. Columns that the input does not have are as in @base. 0,
 * or -EINVAL naming line and column; what was written to @out is then of no use.
 */
int geo_batch(FILE *in, const char *name, const struct geo_query *base, FILE *out, struct err *e);

#endif
