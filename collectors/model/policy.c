/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tree-PLRU, QLRU, random: lines that stay in their way.
 *
 *	plru   a node of a tree points away from the half that was used last. Ways that are no power of two: trees of
 *	       the largest power of two that divides them, in order of use (12 ways: three trees of 4; 11: plain LRU)
 *	qlru   QLRU_Hxy_Mm_Rr_Uu as nanoBench has it. Ages are 3 at first; after each access they are raised as U says;
 *	       where R0 or R2 find no age 3 (U2, U3) they take way 0, as R1 does
 *	random any way, each as likely
 *
 * A line that is taken out leaves the set's state as it is.
 */
#include "collectors/model/level.h"

static int find_way(const uint32_t *row, unsigned ways, uint32_t tag)
{
	for (unsigned i = 0; i < ways; i++)
		if ((row[i] & ~LEVEL_FLAGS) == tag)
			return (int)i;
	return -1;
}

/* ---- trees ---- */

static void plru_touch(struct level *l, unsigned set, unsigned way)
{
	unsigned tree = way / l->tree, leaf = way % l->tree, base = tree * (l->tree - 1);
	uint8_t *order = l->state + (size_t)set * l->trees;
	unsigned at = 0;

	for (unsigned node = leaf + l->tree; node > 1; node /= 2) {
		uint64_t bit = UINT64_C(1) << (base + node / 2 - 1);

		/* the right child was used: point left (0), and the other way round */
		l->bits[set] = node & 1 ? l->bits[set] & ~bit : l->bits[set] | bit;
	}
	while (order[at] != tree)
		at++;
	for (; at; at--)
		order[at] = order[at - 1];
	order[0] = (uint8_t)tree;
}

static unsigned plru_victim(const struct level *l, unsigned set)
{
	unsigned tree = l->state[(size_t)set * l->trees + l->trees - 1], node = 1;
	unsigned base = tree * (l->tree - 1);

	while (node < l->tree)
		node = node * 2 + (l->bits[set] >> (base + node - 1) & 1);
	return tree * l->tree + node - l->tree;
}

/* ---- ages ---- */

static void qlru_raise(struct level *l, uint8_t *age, unsigned way)
{
	bool others = l->qlru.update & 1;
	unsigned most = 0;

	for (unsigned i = 0; i < l->ways; i++)
		if (age[i] > most && !(l->qlru.update == 1 && i == way))
			most = age[i];
	if (most == 3 || (l->ways == 1 && others))
		return;
	for (unsigned i = 0; i < l->ways; i++)
		if (!(others && i == way))
			age[i] = (uint8_t)(age[i] + (l->qlru.update < 2 ? 3 - most : 1));
}

static void qlru_touch(struct level *l, unsigned set, unsigned way, bool hit)
{
	uint8_t *age = l->state + (size_t)set * l->ways;

	if (!hit)
		age[way] = (uint8_t)l->qlru.insert;
	else
		age[way] = (uint8_t)(age[way] == 3 ? l->qlru.h3 : age[way] == 2 ? l->qlru.h2 : 0);
	qlru_raise(l, age, way);
}

static unsigned qlru_victim(const struct level *l, unsigned set)
{
	const uint8_t *age = l->state + (size_t)set * l->ways;

	for (unsigned i = 0; i < l->ways; i++)
		if (age[i] == 3)
			return i;
	return 0;
}

/* ---- */

static void touch(struct level *l, unsigned set, unsigned way, bool hit)
{
	if (l->policy == MT_PLRU)
		plru_touch(l, set, way);
	else if (l->policy == MT_QLRU)
		qlru_touch(l, set, way, hit);
}

static uint32_t policy_lookup(struct level *l, unsigned set, uint32_t tag, uint32_t flags)
{
	uint32_t *row = l->row + (size_t)set * l->stride, old;
	int way = find_way(row, l->ways, tag);

	if (way < 0)
		return LEVEL_EMPTY;
	touch(l, set, (unsigned)way, true);
	old = row[way];
	row[way] = old | flags;
	return old;
}

static int empty_way(const struct level *l, const uint32_t *row)
{
	if (l->policy != MT_QLRU || l->qlru.replace != 2)
		return find_way(row, l->ways, LEVEL_EMPTY & ~LEVEL_FLAGS);
	for (int i = (int)l->ways - 1; i >= 0; i--)
		if (row[i] == LEVEL_EMPTY)
			return i;
	return -1;
}

static unsigned victim(struct level *l, unsigned set)
{
	switch (l->policy) {
	case MT_PLRU:
		return plru_victim(l, set);
	case MT_QLRU:
		return qlru_victim(l, set);
	default:
		return (unsigned)rng_below(&l->rng, l->ways);
	}
}

static uint32_t policy_insert(struct level *l, unsigned set, uint32_t word)
{
	uint32_t *row = l->row + (size_t)set * l->stride, out;
	int empty = empty_way(l, row);
	unsigned way = empty >= 0 ? (unsigned)empty : victim(l, set);

	out = row[way];
	row[way] = word;
	touch(l, set, way, false);
	return out;
}

const struct level_ops level_policy_ops = { policy_lookup, policy_insert, level_find_plain };
