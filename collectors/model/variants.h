/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_VARIANTS_H
#define SLABSCOPE_MODEL_VARIANTS_H

/*
 * Many layouts of one cache's slabs in one pass. The input is not addresses but what was touched: byte
 * so much of object k, of its slab's header, of its entry in the free index; and plain addresses for
 * all that is not this cache's. Each variant has a geometry of its own and lays the objects out anew:
 *
 *	object k lies in slab k / num, at position k % num; slabs lie one behind the other, slab s has the
 *	s-th colour that the engine would draw (colour_seq, colour_run, seed; one node, one sequence)
 *
 * so that a variant with more colours and fewer objects per slab pays for its larger number of slabs.
 * Off-slab management lies in general objects, one behind the other in an area of its own; page
 * descriptors (headers of 6.1) likewise, 64 bytes a page.
 * Behind each stand an L1 and an L2 of its own, LRU, frames: identity. Misses are exact: what a
 * simulation of the variant's addresses (variants_address()) on its own would count.
 *
 * How: what was touched is compressed once, for all variants. The stream is cut into windows of at
 * most as many distinct pieces as the L1 has ways. Within a window only the first touch of a piece can
 * miss, in whatever set it lies; later ones change nothing but the order within sets, which is
 * put right at the window's end by touching again, in order of their last touches, those pieces
 * that are out of order. A piece is so many bytes of an object as lie in one line in all variants.
 *
 * For a tuner: record the stream once (objects numbered in the order in which the engine lays them
 * out: slab number x num + index, variants_number()), give all candidates, compare misses. Allocation
 * order itself is not replayed: which object is handed out stays as it was recorded.
 */

#include <stddef.h>
#include <stdint.h>

#include "engine/geometry.h"
#include "engine/slab_config.h"
#include "lib/err.h"

#define VARIANTS_MOST 256u

enum variants_part {
	VARIANTS_OBJECT, /* `offset` bytes into what the user has of object `where` */
	VARIANTS_HEADER, /* `offset` bytes into the header of the slab of object `where` */
	VARIANTS_INDEX, /* the entry of object `where` in its slab's free index; size as the variant's */
	VARIANTS_RAW, /* address `where` */
	VARIANTS_PARTS
};
extern const char *const variants_part_names[]; /* "object", "header", "index", "raw", NULL */

struct variants_ref {
	uint64_t where;
	uint32_t offset;
	uint16_t size; /* >= 1 */
	uint8_t part;  /* enum variants_part */
	uint8_t write; /* loads and stores count alike */
};

struct variants_layout {
	struct slab_geometry g; /* of slab_geometry(), or what a test makes up */
	struct slab_config c;	/* colour_seq, colour_run, seed, rules */
};

struct variants_options {
	unsigned line;		   /* bytes, a power of two of 16 .. 4096 */
	unsigned l1_sets, l1_ways; /* sets: powers of two up to 2^20; ways: 1 .. 16 */
	unsigned l2_sets, l2_ways; /* sets 0: no L2 */
};

struct variants_counts {
	uint64_t refs; /* of the stream: the same for all */
	uint64_t l1_misses[VARIANTS_PARTS], l2_misses[VARIANTS_PARTS];
	uint64_t slabs;		/* that objects of the stream lie in, up to the highest number */
	const uint64_t *l1_set; /* misses by set: [l1_sets] */
	const uint64_t *l2_access_set, *l2_miss_set; /* [l2_sets], NULL without an L2 */
};

struct variants;

/* @n layouts, 1 .. VARIANTS_MOST. -EINVAL and which number is out of its bounds. */
int variants_create(struct variants **v, const struct variants_options *o,
		    const struct variants_layout *layout, unsigned n, struct err *e);
void variants_destroy(struct variants *v);
/* Plain C where there would be AVX2; before the first access. */
void variants_plain(struct variants *v);

void variants_refs(struct variants *v, const struct variants_ref *ref, size_t n);
/* What waits goes through; before counts are read. -E2BIG: more memory than tags of 32 bits tell apart;
 * -EINVAL: a part that is none, a size of 0; -ENOMEM. Then the counts are not to be used. */
int variants_flush(struct variants *v, struct err *e);
/* The pointers in @out are good until the next call on @v. */
void variants_counts(const struct variants *v, unsigned variant, struct variants_counts *out);

/* Where variant number @variant has the first byte of @ref. For separate simulations. */
uint64_t variants_address(struct variants *v, unsigned variant, const struct variants_ref *ref);

/* The number of the object at @index of slab @slab, as recorded with @num objects per slab. */
static inline uint64_t variants_number(uint64_t slab, unsigned index, unsigned num)
{
	return slab * num + index;
}

#endif
