/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_LEVEL_H
#define SLABSCOPE_MODEL_LEVEL_H

/*
 * One cache (or TLB) of the modelled machine: sets of ways, and a policy.
 *
 * A line has a dense number (frames.h), so that 30 bits name it in full and a set is a row of 32-bit words: the number,
 * and two flags. Which set it is in is the caller's: L1 goes by virtual address, all below by frame.
 *
 *	lru      the row is in order of use, empty ways last: a hit or a fill rotates its front. Up to 16 ways in one or
 *	         two vectors where the CPU has AVX2, else plain C; the rows are the same.
 *	others   a line stays in its way, and the set has state of its own (policy.c)
 *
 * A set that is not full takes the next line in its first empty way (QLRU R2: the last).
 */

#include <stdbool.h>
#include <stdint.h>

#include "collectors/model/target.h"
#include "lib/rng.h"

#define LEVEL_EMPTY UINT32_C(0xffffffff)
#define LEVEL_DIRTY 1u /* newer than below */
#define LEVEL_OWN 2u   /* L1: nobody else holds the line, a store may go ahead */
#define LEVEL_FLAGS 3u
#define LEVEL_MAX_ID UINT32_C(0x3ffffffe)

static inline uint32_t level_word(uint32_t id, uint32_t flags)
{
	return id << 2 | flags;
}

static inline uint32_t level_id(uint32_t word)
{
	return word >> 2;
}

struct level;

/* How a level does its work: chosen once, when it is made. */
struct level_ops {
	/* @tag (a word without flags): refresh it and add @flags; the word as it was, or LEVEL_EMPTY: a miss. */
	uint32_t (*lookup)(struct level *l, unsigned set, uint32_t tag, uint32_t flags);
	/* A line that is not there; the word that had to go, or LEVEL_EMPTY. */
	uint32_t (*insert)(struct level *l, unsigned set, uint32_t word);
	/* Where a line is, without touching the order: NULL when it is not there. */
	uint32_t *(*find)(const struct level *l, unsigned set, uint32_t tag);
};

struct level {
	uint32_t *row; /* [sets][stride] */
	const struct level_ops *ops;
	unsigned sets; /* of all slices */
	unsigned ways, stride;
	enum mt_policy policy;
	/* tree-PLRU: trees of `tree` ways, the trees themselves in order of use; QLRU: an age by way */
	unsigned tree, trees;
	struct mt_qlru qlru;
	uint64_t *bits; /* [sets], nodes of the trees, those of tree 0 lowest */
	uint8_t *state; /* [sets][trees]: order of the trees; [sets][ways]: ages */
	struct rng rng; /* random */
};

/* @seed: of this one; random replacement draws rng_below(ways) from it for each line that goes. */
int level_init(struct level *l, unsigned sets, unsigned ways, enum mt_policy policy,
	       const struct mt_qlru *qlru, uint64_t seed, struct err *e);
void level_fini(struct level *l);

static inline uint32_t *level_find(const struct level *l, unsigned set, uint32_t tag)
{
	return l->ops->find(l, set, tag);
}

/* By looking at one way after the other. */
uint32_t *level_find_plain(const struct level *l, unsigned set, uint32_t tag);
/* Take a line out: the word, or LEVEL_EMPTY. */
uint32_t level_remove(struct level *l, unsigned set, uint32_t tag);

/* Memory for tables: zeroed, in huge pages where it is large (the walks over it are random). */
void *level_alloc(size_t size);

extern const struct level_ops level_lru_plain, level_policy_ops;
/* For up to 8 and up to 16 ways; NULL where this CPU has no AVX2. */
const struct level_ops *level_lru_avx2(unsigned ways);

#endif
