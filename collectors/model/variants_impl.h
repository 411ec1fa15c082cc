/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_VARIANTS_IMPL_H
#define SLABSCOPE_MODEL_VARIANTS_IMPL_H

/* What variants.c (layouts, windows) and variants_run.c (the caches) share. */

#include <stdbool.h>

#include "collectors/model/lineid.h"
#include "collectors/model/variants.h"

/*
 * Areas of a variant's address space, each from a multiple of all sets x line on. A tag of 32 bits is
 * the area and 30 bits of line number within it; of a raw address the dense number of its piece.
 */
enum { AREA_SLABS, AREA_OFF_SLAB, AREA_PAGES, AREA_RAW };
#define AREA_BITS 30
#define AREA_LINES (UINT64_C(1) << AREA_BITS)
#define AREA_BASE(area) ((UINT64_C(1) << 60) + ((uint64_t)(area) << 56)) /* beyond raw addresses */
#define PAGE_DESCRIPTOR 64u /* bytes of a struct page */

#define BATCH 4096u
#define WINDOW 8u
#define OPS (BATCH + 2 * WINDOW) /* at most in a batch; a multiple of 8 */

/*
 * What is to be touched in all variants: pieces in a row, at most a line of them, which lie in one line
 * or two in each. A raw piece is of object 0, and has a line and a tag; else these are 0.
 */
struct op {
	uint32_t object, offset;
	uint32_t more; /* bytes from the first piece to the last */
	uint32_t raw_line, raw_tag;
	uint32_t what; /* PART_SHIFT, KEEP_SHIFT */
};

/* A word of flags: the part; and whether a miss is one (it is not where only the order changes). */
#define PART_SHIFT 24
#define KEEP_SHIFT 31

/* A batch of them, field by field, so that eight are placed at once. Behind `n` stand older ones or
 * zeros, which may be placed, too. */
struct ops {
	unsigned n;
	uint32_t object[OPS], offset[OPS], more[OPS], raw_line[OPS], raw_tag[OPS], what[OPS];
};

/* Where a part of object k lies: slab * k's slab + colour & its bytes + object * k's position + add. */
struct variant_part {
	uint64_t slab;
	uint32_t colour; /* all ones or 0 */
	uint32_t object, add;
	uint32_t area; /* in the place that it has in a tag */
};

struct variant {
	struct variants_layout layout;
	struct variant_part part[VARIANTS_PARTS];
	uint64_t num_m;	      /* ceil(2^64 / num): k / num for k < 2^32; 0: num is 1 */
	uint32_t *colour_off; /* by slab */
	uint64_t slabs;	      /* of which there is one */
	unsigned colour_next;
	uint32_t slab_bytes, desc_stride;
	bool small; /* all addresses fit in 32 bits */
	/* caches: stacks of 8 or 16 tags per set */
	uint32_t *l1, *l2;
	uint64_t *l1_set, *l2_access_set, *l2_miss_set;
	uint64_t l1_misses[VARIANTS_PARTS], l2_misses[VARIANTS_PARTS];
};

struct caches {
	unsigned shift; /* log2 of the line */
	uint32_t l1_mask, l2_mask;
	unsigned l1_ways, l2_ways, l1_depth, l2_depth; /* depth: 8 or 16 */
	bool l2;
};

/* Two of them over a batch; the same twice: one. */
typedef void variants_run_fn(struct variant *v, struct variant *w, const struct caches *c,
			     const struct ops *ops);
variants_run_fn variants_run_plain;
#if defined(__x86_64__)
variants_run_fn variants_run_avx2;
#endif

#endif
