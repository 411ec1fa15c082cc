/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_GEOMETRY_HELP_H
#define SLABSCOPE_TESTS_GEOMETRY_HELP_H

/* What the tables of the geometry tests are made of. */

#include "engine/geometry.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define ANY (-1) /* a value that a row says nothing about */

/* Cache flags of the tables: word aligned unless H. */
enum { W = 0, H = 1, R = 2, CTOR = 4, RCU = 8, BOOT = 16 };

/* A machine and its rules. */
struct world {
	const char *rules;
	unsigned page_size, cache_line, word;
};

extern const struct world x86_64, k6_1, k3_13, k3_15, i686_128, i386_32, i386_2_6_8, ia64,
	arm64_16k;

/* The question for a cache of @raw bytes: profile kernel-2.6.22 with the rules of @w. Fails the
 * test on error. */
void setup(struct slab_geometry_in *in, struct slab_config *c, const struct world *w, unsigned raw,
	   unsigned flags);

/* The answer, which must stand slab_geometry_check(). */
void compute(const struct slab_geometry_in *in, const struct slab_config *c,
	     struct slab_geometry *g);

/* What a row says of a geometry; each may be ANY. */
struct geometry_want {
	long size, num, order, off_slab, objfreelist, mgmt, left, colour, colour_off;
};
void expect_geometry(const char *what, unsigned raw, const struct geometry_want *want,
		     const struct slab_geometry *got);

/* Fail unless @got is what the row says. */
void expect(const char *what, unsigned raw, const char *field, long want, unsigned got);

#endif
