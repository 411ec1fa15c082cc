/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cache: made, searched, and emptied; LRU in plain C. The other policies: policy.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "collectors/model/level.h"

#define HUGE_PAGE (UINT64_C(2) << 20)

void *level_alloc(size_t size)
{
	size_t align = size >= HUGE_PAGE ? HUGE_PAGE : 64;
	size_t all = (size + align - 1) / align * align;
	void *p = aligned_alloc(align, all ? all : align);

	if (!p)
		return NULL;
#ifdef MADV_HUGEPAGE
	if (all >= HUGE_PAGE)
		(void)madvise(p, all, MADV_HUGEPAGE); /* a hint: slower without, not wrong */
#endif
	memset(p, 0, all ? all : align);
	return p;
}

static uint32_t plain_lookup(struct level *l, unsigned set, uint32_t tag, uint32_t flags)
{
	uint32_t *row = l->row + (size_t)set * l->stride;

	for (unsigned i = 0; i < l->ways; i++) {
		uint32_t old = row[i];

		if ((old & ~LEVEL_FLAGS) != tag)
			continue;
		memmove(row + 1, row, i * sizeof(*row));
		row[0] = old | flags;
		return old;
	}
	return LEVEL_EMPTY;
}

static uint32_t plain_insert(struct level *l, unsigned set, uint32_t word)
{
	uint32_t *row = l->row + (size_t)set * l->stride;
	uint32_t out = row[l->ways - 1];

	memmove(row + 1, row, (l->ways - 1) * sizeof(*row));
	row[0] = word;
	return out;
}

const struct level_ops level_lru_plain = { plain_lookup, plain_insert, level_find_plain };

uint32_t *level_find_plain(const struct level *l, unsigned set, uint32_t tag)
{
	uint32_t *row = l->row + (size_t)set * l->stride;

	for (unsigned i = 0; i < l->ways; i++)
		if ((row[i] & ~LEVEL_FLAGS) == tag)
			return &row[i];
	return NULL;
}

uint32_t level_remove(struct level *l, unsigned set, uint32_t tag)
{
	uint32_t *at = level_find(l, set, tag), *row = l->row + (size_t)set * l->stride, out;

	if (!at)
		return LEVEL_EMPTY;
	out = *at;
	if (l->policy == MT_LRU) {
		memmove(at, at + 1, (size_t)(row + l->ways - 1 - at) * sizeof(*row));
		at = row + l->ways - 1;
	}
	*at = LEVEL_EMPTY;
	return out;
}

static int make_state(struct level *l, uint64_t seed)
{
	size_t per_set = 0;

	if (l->policy == MT_PLRU) {
		for (l->tree = 1; l->ways % (l->tree * 2) == 0; l->tree *= 2)
			;
		l->trees = l->ways / l->tree;
		per_set = l->trees;
		l->bits = level_alloc(l->sets * sizeof(*l->bits));
		if (!l->bits)
			return -ENOMEM;
	} else if (l->policy == MT_QLRU) {
		per_set = l->ways;
	} else {
		rng_seed(&l->rng, seed);
		return 0;
	}
	l->state = level_alloc(l->sets * per_set);
	if (!l->state)
		return -ENOMEM;
	for (size_t i = 0; i < l->sets * per_set; i++)
		l->state[i] = l->policy == MT_PLRU ? (uint8_t)(i % per_set) : 3;
	return 0;
}

int level_init(struct level *l, unsigned sets, unsigned ways, enum mt_policy policy,
	       const struct mt_qlru *qlru, uint64_t seed, struct err *e)
{
	*l = (struct level){ .sets = sets, .ways = ways, .policy = policy };
	if (!sets || !ways || ways > MT_WAYS || (unsigned)policy > MT_RANDOM)
		return err_set(e, -EINVAL, "%u sets of %u ways: 1 to %d ways can be modelled", sets,
			       ways, MT_WAYS);
	if (qlru)
		l->qlru = *qlru;
	if (policy == MT_QLRU && (!qlru || qlru->h3 > 3 || qlru->h2 > 3 || qlru->insert > 3 ||
				  qlru->replace > 2 || qlru->update > 3))
		return err_set(e, -EINVAL,
			       "QLRU: ages are 0 to 3, R is 0 to 2 and U is 0 to 3 here");
	l->stride = (ways + 7) / 8 * 8;
	l->row = level_alloc((size_t)sets * l->stride * sizeof(*l->row));
	if (!l->row || make_state(l, seed)) {
		level_fini(l);
		return err_set(e, -ENOMEM, "no memory for %u sets of %u ways", sets, ways);
	}
	memset(l->row, 0xff, (size_t)sets * l->stride * sizeof(*l->row));
	l->ops = policy == MT_LRU ? level_lru_avx2(ways) : &level_policy_ops;
	if (!l->ops)
		l->ops = &level_lru_plain;
	return 0;
}

void level_fini(struct level *l)
{
	free(l->row);
	free(l->bits);
	free(l->state);
	*l = (struct level){ 0 };
}
