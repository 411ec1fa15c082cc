/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One core by itself, as most runs have it, with rows that are vectors: the way of a reference through sim.c and walk.c
 * once more, for machines that ask for nothing else. What is counted is the same to the unit; what it costs is not,
 * as all of it is one function and nothing is asked of a table.
 *
 * Such machines: one core has touched memory; lines of 64 bytes and pages of 4 KiB; 2^n sets in L1; two or three levels of LRU in up to
 * 16 ways, which write back and allocate; L2 filled by misses; nobody is told of misses. Where nothing below can
 * change L1, its misses wait (struct sim_wait).
 */
#include "collectors/model/level_avx2.h"
#include "collectors/model/sim_impl.h"

#ifdef LEVEL_AVX2

#define LINE 6
#define PAGE 12
#define LINES (PAGE - LINE)
#define IN_PAGE ((UINT32_C(1) << LINES) - 1)

/* ---- rows of either width ---- */

LEVEL_SIMD_INLINE uint32_t *row_of(const struct level *l, unsigned set)
{
	return l->row + (size_t)set * l->stride;
}

LEVEL_SIMD_INLINE uint32_t lookup(struct level *l, unsigned set, uint32_t tag, uint32_t flags)
{
	uint32_t *row = row_of(l, set);

	return l->stride == 8 ? level_lookup8(row, tag, flags) : level_lookup16(row, tag, flags);
}

LEVEL_SIMD_INLINE uint32_t put(struct level *l, unsigned set, uint32_t word)
{
	uint32_t *row = row_of(l, set), out = row[l->ways - 1];

	if (l->stride == 8)
		level_front8(row, l->ways - 1, word);
	else
		level_front16(row, l->ways - 1, word);
	return out;
}

LEVEL_SIMD_INLINE uint32_t *find(const struct level *l, unsigned set, uint32_t tag)
{
	uint32_t *row = row_of(l, set);
	unsigned m = level_match(row, tag);

	if (l->stride != 8)
		m |= level_match(row + 8, tag) << 8;
	return m ? row + __builtin_ctz(m) : NULL;
}

LEVEL_SIMD_INLINE unsigned set_below(const struct sim *s, unsigned level, uint32_t lid)
{
	uint64_t frame = s->frames.page[lid >> LINES].frame;

	return sim_set(&s->conf[level], frame << LINES | (lid & IN_PAGE));
}

/* ---- what goes ---- */

/* Out of a level above one that held it too: LEVEL_DIRTY if it was. */
LEVEL_SIMD_INLINE uint32_t drop(struct sim *s, struct sim_cpu *c, unsigned level, uint32_t lid)
{
	struct sim_core *k = c->core;
	struct level *l = &k->inst[level]->l;
	uint32_t tag = level_word(lid, 0), word;
	unsigned set = level ? set_below(s, level, lid) :
			       sim_set(&s->conf[0], s->frames.page[lid >> LINES].page << LINES |
							    (lid & IN_PAGE));

	if (__builtin_expect(!find(l, set, tag), 1))
		return 0;
	word = level_remove(l, set, tag);
	if (!level)
		k->last_line = SIM_NONE;
	c->n.writebacks[level] += word & LEVEL_DIRTY;
	return word & LEVEL_DIRTY;
}

LEVEL_SIMD_INLINE void out_of_l3(struct sim *s, struct sim_cpu *c, uint32_t out)
{
	uint32_t dirty = out & LEVEL_DIRTY;

	if (out == LEVEL_EMPTY)
		return;
	if (s->conf[2].inclusion == MT_INCLUSIVE) {
		dirty |= drop(s, c, 0, level_id(out));
		dirty |= drop(s, c, 1, level_id(out));
	}
	c->n.writebacks[2] += dirty;
}

LEVEL_SIMD_INLINE void out_of_l2(struct sim *s, struct sim_cpu *c, uint32_t out)
{
	uint32_t lid = level_id(out), dirty = out & LEVEL_DIRTY, tag = level_word(lid, 0), *w;
	struct level *l3;
	unsigned set;

	if (out == LEVEL_EMPTY)
		return;
	if (s->conf[1].inclusion == MT_INCLUSIVE)
		dirty |= drop(s, c, 0, lid);
	c->n.writebacks[1] += dirty;
	if (s->nr_levels < 3)
		return;
	l3 = &c->core->inst[2]->l;
	if (s->conf[2].by_eviction) {
		set = set_below(s, 2, lid);
		if (lookup(l3, set, tag, dirty) == LEVEL_EMPTY)
			out_of_l3(s, c, put(l3, set, tag | dirty));
	} else if (dirty) {
		w = find(l3, set_below(s, 2, lid), tag);
		if (w)
			*w |= LEVEL_DIRTY;
	}
}

/* It is dirty, so its data goes on. */
LEVEL_SIMD_INLINE void out_of_l1(struct sim *s, struct sim_cpu *c, uint32_t out)
{
	uint32_t lid = level_id(out), *w = NULL;

	c->n.writebacks[SIM_L1D]++;
	for (unsigned j = 1; j < s->nr_levels && !w; j++)
		w = find(&c->core->inst[j]->l, set_below(s, j, lid), level_word(lid, 0));
	if (w)
		*w |= LEVEL_DIRTY;
}

/* ---- a miss of L1 ---- */

/* From below into L2: the dirt that it brings to L1, which is none but where L2 has not taken it. */
LEVEL_SIMD_INLINE void below_l1(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write,
				const unsigned *set)
{
	struct sim_core *k = c->core;
	struct level *l2 = &k->inst[1]->l, *l3;
	uint32_t tag = level_word(lid, 0), word, dirty = 0;
	bool memory = true;

	c->n.accesses[SIM_L2]++;
	if (lookup(l2, set[1], tag, 0) != LEVEL_EMPTY)
		return;
	c->n.misses[SIM_L2]++;
	if (s->nr_levels > 2) {
		l3 = &k->inst[2]->l;
		c->n.accesses[SIM_L3]++;
		word = lookup(l3, set[2], tag, 0);
		memory = word == LEVEL_EMPTY;
		c->n.misses[SIM_L3] += memory;
		if (!memory) {
			if (s->conf[2].inclusion == MT_EXCLUSIVE ||
			    (s->conf[2].inclusion == MT_VICTIM && write)) {
				level_remove(l3, set[2], tag);
				dirty = word & LEVEL_DIRTY;
			}
		} else if (!s->conf[2].by_eviction) {
			out_of_l3(s, c, put(l3, set[2], tag));
		}
	}
	if (memory) {
		unsigned node = s->frames.page[lid >> LINES].node;

		s->traffic[c->node][node]++;
		*(node == c->node ? &c->n.local : &c->n.remote) += 1;
	}
	out_of_l2(s, c, put(l2, set[1], tag | dirty));
}

LEVEL_SIMD_INLINE void find_sets(const struct sim *s, const struct sim_core *k, uint32_t lid,
				 unsigned *set)
{
	uint64_t line = s->frames.page[lid >> LINES].frame << LINES | (lid & IN_PAGE);

	for (unsigned j = 1; j < s->nr_levels; j++) {
		set[j] = sim_set(&s->conf[j], line);
		__builtin_prefetch(row_of(&k->inst[j]->l, set[j]), 1);
	}
}

LEVEL_SIMD static void settle(struct sim *s)
{
	for (unsigned i = 0; i < s->nr_waiting; i++) {
		const struct sim_wait *w = &s->wait[i];

		below_l1(s, w->cpu, w->lid, w->write, w->set);
		if (w->out & LEVEL_DIRTY && w->out != LEVEL_EMPTY)
			out_of_l1(s, w->cpu, w->out);
	}
	s->nr_waiting = 0;
}

LEVEL_SIMD static __attribute__((noinline)) void miss(struct sim *s, struct sim_cpu *c,
						      uint32_t lid, unsigned set0, bool write)
{
	struct level *l1 = &c->core->inst[0]->l;
	uint32_t word = level_word(lid, write ? LEVEL_OWN | LEVEL_DIRTY : LEVEL_OWN);
	unsigned now[MT_LEVELS], *set = s->queued ? s->wait[s->nr_waiting].set : now;
	uint32_t out;

	c->n.misses[SIM_L1D]++;
	find_sets(s, c->core, lid, set);
	if (s->queued) {
		struct sim_wait *w = &s->wait[s->nr_waiting];

		w->cpu = c;
		w->lid = lid;
		w->write = write;
		w->out = put(l1, set0, word);
		if (++s->nr_waiting == SIM_WAIT)
			settle(s);
		return;
	}
	below_l1(s, c, lid, write, set);
	out = put(l1, set0, word);
	if (out & LEVEL_DIRTY && out != LEVEL_EMPTY)
		out_of_l1(s, c, out);
}

/* ---- a reference ---- */

/*
 * A hit needs no stack, as all that is not one is a call at the end. So there is a function for each kind of dTLB: none,
 * one whole, rows of either width, another.
 */
enum tlb { NO_TLB, WHOLE, ROWS_8, ROWS_16, OTHER };

/* What the tables at hand do not tell. */
static __attribute__((noinline)) void slow(struct sim *s, struct sim_cpu *c, uint64_t addr,
					   uint64_t size, bool write)
{
	c->single--;
	sim_span(s, c, addr, size, write);
}

/* The dTLB has it not, or cannot tell so fast. */
LEVEL_SIMD static __attribute__((noinline)) void walked(struct sim *s, struct sim_cpu *c,
							uint64_t addr, uint32_t dense, bool write)
{
	struct sim_core *k = c->core;
	uint32_t lid = dense << LINES | ((uint32_t)(addr >> LINE) & IN_PAGE);
	unsigned set = (unsigned)(addr >> LINE & s->conf[0].mask);

	sim_tlb(s, c, addr, addr >> PAGE, dense, write);
	if (lookup(&k->inst[0]->l, set, level_word(lid, 0), write ? LEVEL_DIRTY : 0) == LEVEL_EMPTY)
		miss(s, c, lid, set, write);
}

/* It is looked up each time: that is less than a branch that is often wrong. */
LEVEL_SIMD_INLINE bool in_dtlb(const struct sim *s, struct sim_core *k, uint64_t page,
			       uint32_t dense, enum tlb tlb)
{
	uint32_t *row = k->dtlb.l.row;
	unsigned set = (unsigned)page & (s->dtlb_sets - 1);

	switch (tlb) {
	case NO_TLB:
		return true;
	case WHOLE:
		return fa_hit(&k->dtlb.fa, dense);
	case ROWS_8:
		return level_lookup8(row + (size_t)set * 8, level_word(dense, 0), 0) != LEVEL_EMPTY;
	case ROWS_16:
		return level_lookup16(row + (size_t)set * 16, level_word(dense, 0), 0) !=
		       LEVEL_EMPTY;
	default:
		return page == k->last_page;
	}
}

LEVEL_SIMD_INLINE void step(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size,
			    bool write, bool wide, enum tlb tlb)
{
	struct sim_core *k = c->core;
	uint64_t line = addr >> LINE, page = addr >> PAGE;
	const struct sim_seen *seen = &k->seen[page & k->seen_mask];
	uint32_t dense, lid, old, *row;
	unsigned set;
	bool here;

	c->single++;
	if (__builtin_expect((addr + size - 1) >> LINE != line, 0)) {
		slow(s, c, addr, size, write);
		return;
	}
	if (line == k->last_line && (!write || k->last_store))
		return;
	if (__builtin_expect(seen->page != page, 0)) {
		slow(s, c, addr, size, write);
		return;
	}
	dense = seen->dense;
	here = in_dtlb(s, k, page, dense, tlb);
	k->last_page = page;
	k->last_line = line;
	k->last_store = write;
	if (__builtin_expect(!here, 0)) {
		walked(s, c, addr, dense, write);
		return;
	}
	lid = dense << LINES | ((uint32_t)line & IN_PAGE);
	set = (unsigned)(line & s->conf[0].mask);
	row = k->l1 + (size_t)set * (wide ? 16 : 8);
	old = wide ? level_lookup16(row, level_word(lid, 0), write ? LEVEL_DIRTY : 0) :
		     level_lookup8(row, level_word(lid, 0), write ? LEVEL_DIRTY : 0);
	if (__builtin_expect(old == LEVEL_EMPTY, 0))
		miss(s, c, lid, set, write);
}

#define STEP(name, wide, tlb)                                                        \
	LEVEL_SIMD static void name(struct sim *s, struct sim_cpu *c, uint64_t addr, \
				    uint64_t size, bool write)                       \
	{                                                                            \
		step(s, c, addr, size, write, wide, tlb);                            \
	}
STEP(step_8_none, false, NO_TLB)
STEP(step_8_whole, false, WHOLE)
STEP(step_8_rows_8, false, ROWS_8)
STEP(step_8_rows_16, false, ROWS_16)
STEP(step_8_other, false, OTHER)
STEP(step_16_none, true, NO_TLB)
STEP(step_16_whole, true, WHOLE)
STEP(step_16_rows_8, true, ROWS_8)
STEP(step_16_rows_16, true, ROWS_16)
STEP(step_16_other, true, OTHER)

static sim_access_fn *const steps[2][OTHER + 1] = {
	{ step_8_none, step_8_whole, step_8_rows_8, step_8_rows_16, step_8_other },
	{ step_16_none, step_16_whole, step_16_rows_8, step_16_rows_16, step_16_other },
};

static enum tlb tlb_of(const struct sim *s)
{
	const struct sim_tlb *t = &s->alone->dtlb;

	if (!s->dtlb)
		return NO_TLB;
	if (s->huge_tlb)
		return OTHER;
	if (t->any)
		return WHOLE;
	if (s->dtlb_sets & (s->dtlb_sets - 1) || !level_lru_avx2(t->l.ways))
		return OTHER;
	return t->l.stride == 8 ? ROWS_8 : ROWS_16;
}

sim_access_fn *sim_alone(const struct sim *s)
{
	if (s->mesi || s->noting || s->line_shift != LINE || s->page_shift != PAGE ||
	    s->nr_levels < 2 || s->conf[1].by_eviction || !s->conf[0].mask)
		return NULL;
	for (unsigned j = 0; j < s->nr_levels; j++) {
		const struct sim_conf *f = &s->conf[j];
		const struct mt_cache *c = &s->t.cache[j];

		if (f->shift || f->wt || f->nwa || c->policy != MT_LRU || !level_lru_avx2(c->ways))
			return NULL;
	}
	return steps[s->t.cache[0].ways > 8][tlb_of(s)];
}

#else

sim_access_fn *sim_alone(const struct sim *s)
{
	(void)s;
	return NULL;
}
#endif
