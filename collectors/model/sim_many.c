/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several cores with rows that are vectors: what walk.c and directory.c do about a miss and about a store to what others
 * may have, once more for machines that ask for nothing else. What is counted is the same to the unit.
 *
 * Such machines: a directory is kept, of a word by line; lines of one size; levels of LRU in up to 16 ways, which write
 * back, allocate and are filled by misses; nothing is noted of a miss. A line's set is the same in all caches of a level.
 */
#include "collectors/model/level_avx2.h"
#include "collectors/model/sim_impl.h"

#ifdef LEVEL_AVX2

struct line {
	uint32_t lid, tag;
	unsigned set[MT_LEVELS];
	uint64_t *dir; /* who has it; its state */
};

LEVEL_SIMD_INLINE struct line line_of(const struct sim *s, uint32_t lid)
{
	struct line x = { .lid = lid, .tag = level_word(lid, 0), .dir = sim_dir(s, lid) };

	for (unsigned j = 0; j < s->nr_levels; j++)
		x.set[j] = sim_set_of(s, j, lid);
	return x;
}

static inline uint64_t bit_of(const struct sim *s, unsigned level, unsigned nr)
{
	return UINT64_C(1) << (s->conf[level].bit + nr);
}

/* ---- L3, later ---- */

/*
 * That an L3 has a line is known from the directory, and its rows are the furthest away: what has to be done there waits,
 * in order, until it has to take a line in or others look into it.
 */
LEVEL_SIMD void sim_many_settle(struct sim *s)
{
	for (unsigned i = 0; i < s->nr_late; i++) {
		const struct sim_late *a = &s->late[i];

		if (a->data)
			*level_at(a->l, a->set, a->tag) |= LEVEL_DIRTY;
		else
			level_lookup(a->l, a->set, a->tag, 0);
	}
	s->nr_late = 0;
}

LEVEL_SIMD_INLINE void later(struct sim *s, struct level *l, unsigned set, uint32_t tag, bool data)
{
	__builtin_prefetch(level_row(l, set), 1);
	if (s->nr_late == SIM_LATE)
		sim_many_settle(s);
	s->late[s->nr_late++] = (struct sim_late){ l, set, tag, data };
}

/* The data of a line go on to @level, which has it. */
LEVEL_SIMD_INLINE void take_data(struct sim *s, unsigned level, struct level *l, unsigned set,
				 uint32_t tag)
{
	if (level == 2)
		later(s, l, set, tag, true);
	else
		*level_at(l, set, tag) |= LEVEL_DIRTY;
}

/* Before L3s among @bits are looked into. */
LEVEL_SIMD_INLINE void settle_for(struct sim *s, uint64_t bits)
{
	if (s->nr_late && bits >> s->conf[2].bit)
		sim_many_settle(s);
}

/* ---- others ---- */

#define for_each_bit(bits, at)                                                                \
	for (uint64_t left = (bits), at; left && ((at) = (uint64_t)__builtin_ctzll(left), 1); \
	     left &= left - 1)

LEVEL_SIMD_INLINE bool take_from_others(struct sim *s, struct sim_cpu *c, const struct line *x)
{
	uint64_t others = *x->dir & ~*c->core->path;
	uint32_t was = 0;

	settle_for(s, others);
	for_each_bit(others, at)
	{
		unsigned level = s->bit_level[at], nr = s->bit_inst[at];

		was |= level_cut(&s->inst[level][nr].l, x->set[level], x->tag);
		c->n.invalidations++;
		if (!level)
			sim_not_again(s, &s->core[nr], x->lid);
	}
	*x->dir &= ~others;
	return was & LEVEL_DIRTY;
}

/* As write_back_shared() of directory.c. */
LEVEL_SIMD_INLINE bool write_back(struct sim *s, const struct sim_core *k, unsigned level,
				  unsigned nr, const struct line *x)
{
	for (unsigned j = level + 1; j < s->nr_levels; j++) {
		if (nr * s->conf[level].shared / s->conf[j].shared != k->nr[j] ||
		    !(*x->dir & bit_of(s, j, k->nr[j])))
			continue;
		take_data(s, j, &k->inst[j]->l, x->set[j], x->tag);
		return true;
	}
	return false;
}

LEVEL_SIMD_INLINE bool clean_others(struct sim *s, struct sim_cpu *c, const struct line *x,
				    bool *lower)
{
	uint64_t others = *x->dir & ~*c->core->path;
	bool dirty = false;

	settle_for(s, others);
	for_each_bit(others, at)
	{
		unsigned level = s->bit_level[at], nr = s->bit_inst[at];
		uint32_t *w = level_at(&s->inst[level][nr].l, x->set[level], x->tag), was = *w;

		if (!level)
			sim_not_again(s, &s->core[nr], x->lid);
		*w = was & ~LEVEL_FLAGS;
		if (!(was & LEVEL_DIRTY))
			continue;
		dirty = true;
		c->n.writebacks[level]++;
		*lower = write_back(s, c->core, level, nr, x) || *lower;
	}
	return dirty;
}

static inline void count_fill(struct sim *s, struct sim_cpu *c, const struct line *x)
{
	unsigned node = s->frames.page[x->lid >> s->lines_shift].node;
	uint64_t others = *x->dir & ~*c->core->path;

	if (!others) {
		s->traffic[c->node][node]++;
		*(node == c->node ? &c->n.local : &c->n.remote) += 1;
		return;
	}
	for_each_bit(others, at)
	{
		if (s->inst[s->bit_level[at]][s->bit_inst[at]].node == c->node) {
			c->n.cache_local++;
			return;
		}
	}
	c->n.cache_remote++;
}

/* As sim_coherence(), and who gives the line. */
LEVEL_SIMD_INLINE uint32_t ask_others(struct sim *s, struct sim_cpu *c, const struct line *x,
				      bool write, unsigned from)
{
	bool lower = from < s->nr_levels;

	if (!lower)
		count_fill(s, c, x);
	if (*x->dir & ~*c->core->path) {
		if (!write) {
			if (x->dir[1] && clean_others(s, c, x, &lower))
				c->n.interventions++;
			x->dir[1] = lower && x->dir[1] ? SIM_LOWER : 0;
			return 0;
		}
		c->n.interventions += take_from_others(s, c, x);
	}
	x->dir[1] = c->core->id + 1;
	return LEVEL_OWN;
}

LEVEL_SIMD void sim_many_upgrade(struct sim *s, struct sim_cpu *c, uint32_t lid)
{
	struct line x = line_of(s, lid);

	c->n.upgrades++;
	(void)take_from_others(s, c, &x);
	x.dir[1] = c->core->id + 1;
}

/* ---- in and out ---- */

/* All copies above: LEVEL_DIRTY if one was. */
LEVEL_SIMD_INLINE uint32_t drop(struct sim *s, struct sim_cpu *c, unsigned level, unsigned nr,
				const struct line *x)
{
	uint32_t dirty = 0;

	for (unsigned i = 0; i < level; i++) {
		unsigned per = s->conf[level].shared / s->conf[i].shared;

		for (unsigned y = nr * per; y < (nr + 1) * per && y < s->conf[i].nr; y++) {
			uint32_t w;

			if (!(*x->dir & bit_of(s, i, y)))
				continue;
			w = level_cut(&s->inst[i][y].l, x->set[i], x->tag) & LEVEL_DIRTY;
			*x->dir &= ~bit_of(s, i, y);
			if (!i)
				sim_not_again(s, &s->core[y], x->lid);
			c->n.writebacks[i] += w;
			dirty |= w;
		}
	}
	return dirty;
}

LEVEL_SIMD_INLINE void put(struct sim *s, struct sim_cpu *c, unsigned level, const struct line *x,
			   uint32_t flags)
{
	struct sim_core *k = c->core;
	uint32_t out, lid, dirty;
	uint64_t *dir;

	if (level == 2)
		sim_many_settle(s);
	out = level_put(&k->inst[level]->l, x->set[level], x->tag | flags);
	*x->dir |= bit_of(s, level, k->nr[level]);
	if (out == LEVEL_EMPTY)
		return;
	lid = level_id(out);
	dirty = out & LEVEL_DIRTY;
	dir = sim_dir(s, lid);
	*dir &= ~bit_of(s, level, k->nr[level]);
	if (level && s->conf[level].inclusion == MT_INCLUSIVE) {
		struct line y = line_of(s, lid);

		dirty |= drop(s, c, level, k->nr[level], &y);
	}
	if (!dirty)
		return;
	c->n.writebacks[level]++;
	for (unsigned j = level + 1; j < s->nr_levels; j++) {
		if (!(*dir & bit_of(s, j, k->nr[j])))
			continue;
		take_data(s, j, &k->inst[j]->l, sim_set_of(s, j, lid), level_word(lid, 0));
		return;
	}
}

LEVEL_SIMD void sim_many_miss(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write)
{
	struct sim_core *k = c->core;
	struct line x = line_of(s, lid);
	uint64_t path = *x.dir & *k->path;
	unsigned from = s->nr_levels;
	uint32_t own;

	if (s->nr_levels > 1)
		__builtin_prefetch(level_row(&k->inst[1]->l, x.set[1]), 1);
	for (unsigned j = 1; j < s->nr_levels; j++) {
		c->n.accesses[j]++;
		if (path & bit_of(s, j, k->nr[j])) {
			if (j == 2)
				later(s, &k->inst[2]->l, x.set[2], x.tag, false);
			else
				level_lookup(&k->inst[j]->l, x.set[j], x.tag, 0);
			from = j;
			break;
		}
		c->n.misses[j]++;
	}
	own = ask_others(s, c, &x, write, from);
	for (unsigned j = from; --j > 0;)
		put(s, c, j, &x, 0);
	put(s, c, 0, &x, own | (write ? LEVEL_DIRTY : 0));
}

bool sim_many(const struct sim *s)
{
	if (s->o.general || s->noting || s->unit || s->words != 1)
		return false;
	for (unsigned j = 0; j < s->nr_levels; j++) {
		const struct sim_conf *f = &s->conf[j];
		const struct mt_cache *c = &s->t.cache[j];

		if (f->wt || f->nwa || f->by_eviction || c->policy != MT_LRU ||
		    !level_lru_avx2(c->ways))
			return false;
	}
	return true;
}

#else

bool sim_many(const struct sim *s)
{
	(void)s;
	return false;
}

void sim_many_miss(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write)
{
	(void)s;
	(void)c;
	(void)lid;
	(void)write;
}

void sim_many_settle(struct sim *s)
{
	(void)s;
}

void sim_many_upgrade(struct sim *s, struct sim_cpu *c, uint32_t lid)
{
	(void)s;
	(void)c;
	(void)lid;
}
#endif
