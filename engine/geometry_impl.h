/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_GEOMETRY_IMPL_H
#define SLABSCOPE_GEOMETRY_IMPL_H

/*
 * What the parts of the geometry share: geometry_size.c makes the stride, the alignment and the
 * index of an object's size, geometry.c looks for an order that they fill well.
 */

#include "engine/geometry.h"

/* What is known before the search, and what it refers to all the time. */
struct geometry_work {
	const struct slab_geometry_in *in;
	const struct slab_config *c;
	const struct slab_rules *r;
	struct slab_trace *t;
	unsigned three_modes;	/* 6.1: no first guess, three modes in order */
	unsigned header, index; /* bytes; index 0: a bit for each object */
	unsigned max_num;	/* most objects an index entry can name */
	unsigned align, size;	/* final */
	unsigned unrounded;	/* size before it was rounded to align */
	unsigned red_zone, poison, store_user, red_align_word;
	unsigned colour_off;
};

/* From in, c, r and three_modes: what stands behind them in @w, and unrounded in the trace. -EINVAL
 * for a colour_off that is no multiple of the alignment. */
int geometry_size(struct geometry_work *w, struct err *e);

static inline unsigned geometry_round_up(unsigned v, unsigned align)
{
	return (v + align - 1) & ~(align - 1);
}

/* The free index for @num objects; bits come in words of 64. */
static inline unsigned geometry_index(const struct geometry_work *w, unsigned num)
{
	return w->index ? num * w->index : (num + 63) / 64 * 8;
}

/* SLAB_LIMIT caps the number of objects while there is a list of indices with end marks (2.6.x);
 * the stacks of indices that came later refuse such an order instead: search(). */
static inline int geometry_caps_num(const struct geometry_work *w)
{
	return w->r->header != 0;
}

#endif
