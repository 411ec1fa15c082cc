/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_GEOMETRY_H
#define SLABSCOPE_GEOMETRY_H

/*
 * Slab geometry as a pure function: no allocation, no globals, thread-safe, deterministic.
 *
 * On-slab, rules 2.6.22:
 *
 *   page                                                        page + (page_size << gfporder)
 *   |<- colouroff ->|<------ slab_size ------>|<- size ->|<- size ->| ... |<- rest of left_over ->|
 *   |  (unused)     | header | bufctl[num]|pad|  obj 0   |  obj 1   |     |                       |
 *                                             s_mem
 *
 * Off-slab: no header part; header + bufctl[] lie in an object of slabp_cache.
 * Rules 6.1: the header is in the page's descriptor; index[num] lies at the slab's end (on-slab),
 * in an object of a general cache (off-slab), or inside a free object (objfreelist).
 *
 * Invariants (checked by slab_geometry_check()):
 *	S = page_size << gfporder
 *	num * size + (on-slab ? slab_size : 0) + left_over == S
 *		(slab_size unrounded at 6.1; on-slab: neither off_slab nor objfreelist)
 *	colour * colour_off <= left_over   (colours used are 0 .. colour-1)
 *	size % align == 0, colour_off % align == 0
 */

#include <stddef.h>
#include <stdint.h>

#include "engine/slab_config.h"
#include "lib/err.h"

/* One generation of the layout rules: a row of data. */
struct slab_rules {
	const char *name; /* "2.6.22" */
	unsigned header; /* bytes of struct slab in the slab on 64 bit; 0: in the page descriptor */
	unsigned header32; /* the same on 32 bit */
	unsigned index;	   /* bytes per free-index entry; 0: 1 or 2 by page size (3.15 and 6.1) */
	unsigned mgmt_line_rounded : 1; /* management rounded to the L1 line, found by stepping (up
					   to 2.6.7) */
	unsigned off_slab_div; /* off-slab first guess at size >= page_size / this; 0: three modes
				  (6.1) */
	unsigned colour_pre_advance : 1; /* colour_next is advanced before use */
	unsigned runs : 1;		 /* the engine can run it, not only compute it */
	const char *help;
};
/* Index 0 and 1 are RULES_2_6_22 and RULES_6_1; then the others ("2.6.7", "2.6.8", "3.13", "3.15"),
 * NULL name ends. */
extern const struct slab_rules slab_rules[];

struct slab_geometry_in {
	unsigned object_size;  /* raw bytes asked for, 1 .. KMALLOC_MAX_SIZE */
	unsigned ctor;	       /* 1: has a constructor (matters to rules 6.1) */
	unsigned cpus;	       /* possible CPUs (shared = 0 on one) */
	unsigned page_size;    /* bytes, power of two */
	unsigned cache_line;   /* bytes, power of two */
	unsigned word;	       /* bytes: 8, or 4 for 32-bit listings */
	unsigned no_off_slab;  /* 1: early boot, off-slab not allowed yet */
	unsigned kmalloc_self; /* 1: this is a general cache; (never its own slabp_cache) */
};

struct slab_geometry {
	unsigned object_size; /* what the user may use */
	unsigned obj_offset;  /* debug: bytes of front red zone before the user's part */
	unsigned size;	      /* stride: rounded object + debug + padding; objsize of slabinfo */
	unsigned align;
	unsigned gfporder;
	unsigned num;	       /* objects per slab */
	unsigned slab_size;    /* bytes of management: header + index (2.6.22), index only (6.1:
				  freelist_size) */
	unsigned left_over;    /* bytes of slack in the slab before colouring takes its share */
	unsigned colour;       /* number of colours in use; 0 and 1: no colouring */
	unsigned colour_off;   /* bytes */
	unsigned off_slab;     /* management in another cache */
	unsigned objfreelist;  /* 6.1: index inside a free object */
	unsigned index_bytes;  /* 1, 2 or 4; 0: a bit for each object, in words of 8 bytes */
	unsigned header_bytes; /* in-slab (or in slabp object) header; 0 at 6.1 */
	unsigned red_zone, poison, store_user; /* effective: dropped where alignment forbids */
	unsigned red_align_word; /* bytes of the store-user word (word, or the red-zone alignment) */
	unsigned limit, batchcount, shared;
	unsigned rules;
	unsigned colour_header; /* effective */
	unsigned slack_objects; /* objects given up for colours */
	unsigned slack_orders;	/* orders added for colours */
	uint32_t recip_m;	/* ceil(2^32 / size), for slab_index() */
	unsigned page_size;
	unsigned stride_pad; /* bytes of stride_pad inside `size`, after rounding */
};

#define KMALLOC_MAX_SIZE (4u << 20)
#define KMALLOC_MAX_ORDER 10

/* 0, or -EINVAL/-E2BIG with the reason in @e. @c supplies every toggle. */
int slab_geometry(const struct slab_geometry_in *in, const struct slab_config *c,
		  struct slab_geometry *out, struct err *e);

/* The search for an order, step by step, for those who explain it. */
enum slab_mode {
	MODE_ON_SLAB,	  /* management in the slab: in front (2.6.22) or at its end (6.1) */
	MODE_OFF_SLAB,	  /* in an object of a general cache */
	MODE_OBJFREELIST, /* 6.1: index inside a free object */
};
enum slab_verdict {
	STEP_NOTHING_FITS,  /* no object fits: next order */
	STEP_TOO_MANY,	    /* more objects than an index entry can count: stop */
	STEP_OFF_LIMIT,	    /* the descriptor would need too large an object: stop */
	STEP_OFF_NO_GAIN,   /* 6.1: the index's general cache is over half an object: next order */
	STEP_WASTEFUL,	    /* accepted, but over 1/8 is left: look further */
	STEP_FEW,	    /* accepted, but fewer than min_objects: look further */
	STEP_TAKEN_WASTE,   /* accepted, at most 1/8 is left: stop */
	STEP_TAKEN_BREAK,   /* accepted at the break order: stop, whatever is left */
	STEP_TAKEN_RECLAIM, /* accepted, reclaimable: stop at the first order that fits */
	STEP_TAKEN_CAPPED,  /* accepted with as many objects as an index entry can name: stop */
	STEP_TAKEN_FIXED,   /* accepted, the only order allowed */
	MODE_REFUSED_SIZE,  /* 6.1: index larger than an object: this mode is not taken */
	MODE_REFUSED_ROOM,  /* 6.1: index would fit in what is left: off-slab is not taken */
	MODE_PULLED_BACK,   /* the descriptor fits in what is left: management back on-slab */
	MODE_LIMIT_ON_SLAB, /* fixed order above the off-slab limit: management on-slab instead */
	SLACK_OBJECT_GIVEN, /* one object less, for colours */
	SLACK_ORDER_SHORT,  /* colour_slack=order: not enough colours at this order */
	SLACK_ORDER_TAKEN,  /* colour_slack=order: enough */
};
struct slab_step {
	unsigned mode, order, num, left_over; /* as estimated in this step */
	unsigned verdict;		      /* enum slab_verdict */
};
#define SLAB_TRACE_MAX 96
struct slab_trace {
	unsigned n;	  /* steps stored */
	unsigned dropped; /* steps that found no room */
	struct slab_step step[SLAB_TRACE_MAX];
	unsigned unrounded; /* size before it is rounded to the alignment: what the off-slab test
			       looks at */
};

/* slab_geometry(), and how it was found. @t may be NULL. */
int slab_geometry_trace(const struct slab_geometry_in *in, const struct slab_config *c,
			struct slab_geometry *out, struct slab_trace *t, struct err *e);

/* 0 if the engine can run rules number @rules (a row of slab_rules[]); -EINVAL and why if it can
 * only compute. */
int slab_rules_runs(unsigned rules, struct err *e);

/* Bytes between a slab's colour offset and its first object: front management of 2.6.22 on-slab,
 * else 0. */
unsigned slab_front(const struct slab_geometry *g);

/* Distinct sets, of @sets with lines of @line bytes, that the first line of the objects' user part
 * falls into: over one slab that starts at set 0 (@coloured 0), or over slabs of all its colours.
 * 0: out of memory. */
unsigned slab_sets(const struct slab_geometry *g, unsigned line, unsigned sets, int coloured);

/* Defaults of the inputs: x86-64, 4 KiB pages, 64 B line, 8 B word, 2 CPUs. */
void slab_geometry_in_init(struct slab_geometry_in *in, unsigned object_size);

/* Bytes of the free index for the slab's objects. */
static inline unsigned slab_index_size(const struct slab_geometry *g)
{
	return g->index_bytes ? g->num * g->index_bytes : (g->num + 63) / 64 * 8;
}

/* The invariants above; 0 or -EINVAL naming the broken equation. */
int slab_geometry_check(const struct slab_geometry *g, struct err *e);

/* limit/batchcount/shared by object size (enable_cpucache; slab-facts 1.9). */
void slab_tunables(unsigned objsize, unsigned page_size, unsigned cpus, unsigned *limit,
		   unsigned *batchcount, unsigned *shared);

/* Raw sizes of the general caches for a line size, ascending, 0-terminated; and the raw size of the
 * one that holds @bytes (0: none). 2.6.23: 32, 64, 96 (line < 64), 128, 192 (line < 128), 256 ... 4
 * MiB. */
const unsigned *kmalloc_sizes(unsigned cache_line);
unsigned kmalloc_size_for(unsigned bytes, unsigned cache_line);

/*
 * Index of the object that starts at byte @off from s_mem. Exact for every multiple of size inside
 * a slab: recip_m * size = 2^32 + r with 0 <= r < size, so that k * size * recip_m = k * 2^32 + k *
 * r, and k * r < S
 * <= 2^31. For a pointer into the middle of an object it may be one too high; divide there.
 */
static inline unsigned slab_index(const struct slab_geometry *g, unsigned long off)
{
	return (unsigned)(((uint64_t)off * g->recip_m) >> 32);
}

#endif
