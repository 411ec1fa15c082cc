/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_SLAB_H
#define SLABSCOPE_SLAB_H

/*
 * struct slab: the header of one slab, 48 bytes on 64 bit as in 2.6.22. It lies at the slab's start or in an
 * object of slabp_cache (rules 2.6.22), or in the descriptor of the slab's first page (rules 6.1).
 *
 *	2.6.22: index[] is a list: `free` is the first free object, index[i] the next one, SLAB_END the last.
 *	bits (2.6.22, index=bits): a bit per object, set while it is free; the lowest is taken next; `free` is a word
 *	        below which there are none.
 *	6.1:    index[] is a stack: index[inuse .. num-1] are the free objects; index[inuse] is taken next.
 *
 * Invariants: inuse <= num; list length (2.6.22), bits set == num - inuse; s_mem == page + colouroff + on-slab management
 * in front of the objects; inuse == 0: on slabs_free, == num: on slabs_full, else on slabs_partial.
 */

#include <stdint.h>

struct list_head {
	struct list_head *next, *prev;
};

struct slab {
	struct list_head list; /* in one of the node's three lists */
	void *s_mem;	       /* first object's stride (its red zone, if any) */
	uint32_t colouroff;    /* bytes of the colour: colour * colour_off */
	uint32_t inuse;	       /* objects out (in queues or with users); `active` at 6.1 */
	union {
		uint32_t free; /* list rules: index of the first free object; bits: see above */
		void *freelist; /* stack rules: index[]; NULL while objfreelist has no free object to lie in */
	};
	uint16_t nodeid;
	uint16_t colour;   /* colour number */
	uint16_t geometry; /* which of the cache's geometries it was grown with */
	uint16_t unused;
};

_Static_assert(sizeof(void *) != 8 || sizeof(struct slab) == 48,
	       "struct slab is 48 bytes on 64 bit");

#endif
