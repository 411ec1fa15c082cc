/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A core that is alone: a reference, as far as L1 and the TLBs (sim_alone.h). */
#include "collectors/model/sim_alone.h"

#ifdef LEVEL_AVX2

/* A hit, where all lookups are watched. */
static inline void note_hit(struct sim *s, enum sim_level level, struct fa *twin, uint32_t id,
			    unsigned set)
{
	if (s->o.kinds && !fa_hit(twin, id))
		sim_twin_access(s, twin, id, false);
	if (s->hist[level][0])
		s->hist[level][0][set]++;
}

/*
 * A hit and a miss that waits are one path: whatever is found moves to the front, or what has to go is written over
 * there. That a line is a miss is often a surprise, and what the CPU has begun of the program's own work after it
 * should not be lost.
 */
LEVEL_SIMD_INLINE void either(struct sim *s, struct sim_cpu *c, uint32_t lid, unsigned set,
			      bool write, bool wide)
{
	uint32_t *row = c->core->l1 + (size_t)set * (wide ? 16 : 8), tag = level_word(lid, 0);
	uint32_t word = tag | LEVEL_OWN | (write ? LEVEL_DIRTY : 0), last = c->core->l1_last;
	unsigned m = level_match(row, tag), at, n = s->nr_waiting;
	struct sim_wait *w = &s->wait[n];

	if (wide) {
		m |= level_match(row + 8, tag) << 8;
		at = (unsigned)__builtin_ctz(m | last);
		w->out = row[at];
		level_front16(row, at, word | (m ? row[at] & LEVEL_DIRTY : 0));
	} else {
		__m256i v = level_turned(row, (unsigned)__builtin_ctz(m | last));
		__m256i kept = _mm256_and_si256(v, level_low(m != 0)); /* LEVEL_DIRTY of a hit */

		w->out = level_first(v);
		level_store(row, _mm256_blend_epi32(v, _mm256_or_si256(kept, level_low(word)), 1));
	}
	w->cpu = c;
	w->lid = lid;
	w->write = write;
	s->nr_waiting = n += !m;
	if (__builtin_expect(n == SIM_WAIT, 0))
		sim_alone_settle_l1(s);
}

/* ---- a reference ---- */

/*
 * A hit needs no stack, as all that is not one is a call at the end. So there is a function for each kind of dTLB: none,
 * one whole, rows of either width, another.
 */
enum tlb { NO_TLB, WHOLE, ROWS_8, ROWS_16, OTHER };
enum kind { NOW, LATER, WATCHED }; /* misses; WATCHED: now, and hits are noted too */

/* A hit on the line of the access before is one in sets, and the newest of the twins already. */
static inline void note_again(struct sim *s, uint64_t line, uint64_t page)
{
	if (!s->hist[SIM_L1D][0])
		return;
	s->hist[SIM_L1D][0][line & s->conf[0].mask]++;
	if (s->dtlb)
		s->hist[SIM_DTLB][0][page % s->dtlb_sets]++;
}

LEVEL_SIMD_INLINE void line_of(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t dense,
			       bool write)
{
	struct sim_inst *x = c->core->inst[0];
	uint32_t lid = dense << LINES | ((uint32_t)(addr >> LINE) & IN_PAGE);
	unsigned set = (unsigned)(addr >> LINE & s->conf[0].mask);

	c->core->last[addr >> LINE & c->core->last_mask] = sim_use(addr >> LINE, write);
	if (s->queued)
		either(s, c, lid, set, write, x->l.stride == 16);
	else if (level_lookup(&x->l, set, level_word(lid, 0), write ? LEVEL_DIRTY : 0) ==
		 LEVEL_EMPTY)
		sim_alone_miss(s, c, addr, lid, set, write);
	else if (s->watched)
		note_hit(s, SIM_L1D, &x->twin, lid, set);
}

/* More than one line, or a page that is not at hand: as sim_span(). */
LEVEL_SIMD static __attribute__((noinline)) void slow(struct sim *s, struct sim_cpu *c,
						      uint64_t addr, uint64_t size, bool write)
{
	uint64_t end = addr + size;

	c->single--;
	while (addr != end) {
		uint64_t page = addr >> PAGE, next = (page + 1) << PAGE;
		uint64_t stop = end - addr < next - addr ? end : next;
		uint32_t dense = sim_translate(s, c, page);

		if (dense == FRAMES_NONE)
			return;
		c->n.accesses[SIM_DTLB]++;
		sim_tlb(s, c, addr, page, dense, write);
		c->core->last_page[page & c->core->last_page_mask] = page;
		for (; addr < stop; addr = ((addr >> LINE) + 1) << LINE) {
			c->n.accesses[SIM_L1D]++;
			line_of(s, c, addr, dense, write);
		}
		addr = stop;
	}
}

/* The dTLB has it not, or cannot tell so fast. */
LEVEL_SIMD static __attribute__((noinline)) void walked(struct sim *s, struct sim_cpu *c,
							uint64_t addr, uint32_t dense, bool write)
{
	sim_tlb(s, c, addr, addr >> PAGE, dense, write);
	line_of(s, c, addr, dense, write);
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
		return page == k->last_page[page & k->last_page_mask];
	}
}

LEVEL_SIMD_INLINE void step(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size,
			    bool write, bool wide, enum kind kind, enum tlb tlb)
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
	if (kind == WATCHED && sim_again(k, line, write)) {
		note_again(s, line, page);
		return;
	}
	if (__builtin_expect(seen->page != page, 0)) {
		slow(s, c, addr, size, write);
		return;
	}
	dense = seen->dense;
	here = in_dtlb(s, k, page, dense, tlb);
	if (tlb != NO_TLB)
		k->last_page[page & k->last_page_mask] = page;
	k->last[line & k->last_mask] = sim_use(line, write);
	if (__builtin_expect(!here, 0)) {
		walked(s, c, addr, dense, write);
		return;
	}
	if (kind == WATCHED && tlb == WHOLE && s->hist[SIM_DTLB][0])
		s->hist[SIM_DTLB][0][0]++;
	if (kind == WATCHED && tlb != NO_TLB && tlb != WHOLE)
		note_hit(s, SIM_DTLB, &k->dtlb.twin, dense, (unsigned)(page % s->dtlb_sets));
	lid = dense << LINES | ((uint32_t)line & IN_PAGE);
	set = (unsigned)(line & s->conf[0].mask);
	if (kind == LATER) {
		either(s, c, lid, set, write, wide);
		return;
	}
	row = k->l1 + (size_t)set * (wide ? 16 : 8);
	old = wide ? level_lookup16(row, level_word(lid, 0), write ? LEVEL_DIRTY : 0) :
		     level_lookup8(row, level_word(lid, 0), write ? LEVEL_DIRTY : 0);
	if (__builtin_expect(old == LEVEL_EMPTY, 0))
		sim_alone_miss(s, c, addr, lid, set, write);
	else if (kind == WATCHED)
		note_hit(s, SIM_L1D, &k->inst[0]->twin, lid, set);
}

#define STEP(name, wide, kind, tlb)                                                  \
	LEVEL_SIMD static void name(struct sim *s, struct sim_cpu *c, uint64_t addr, \
				    uint64_t size, bool write)                       \
	{                                                                            \
		step(s, c, addr, size, write, wide, kind, tlb);                      \
	}
#define STEPS(width, wide, kind)                   \
	STEP(width##_none, wide, kind, NO_TLB)     \
	STEP(width##_whole, wide, kind, WHOLE)     \
	STEP(width##_rows_8, wide, kind, ROWS_8)   \
	STEP(width##_rows_16, wide, kind, ROWS_16) \
	STEP(width##_other, wide, kind, OTHER)
#define NAMES(width)                                                                        \
	{                                                                                   \
		width##_none, width##_whole, width##_rows_8, width##_rows_16, width##_other \
	}
STEPS(now_8, false, NOW)
STEPS(now_16, true, NOW)
STEPS(later_8, false, LATER)
STEPS(later_16, true, LATER)
STEPS(watched_8, false, WATCHED)
STEPS(watched_16, true, WATCHED)

static sim_access_fn *const steps[][2][OTHER + 1] = {
	[NOW] = { NAMES(now_8), NAMES(now_16) },
	[LATER] = { NAMES(later_8), NAMES(later_16) },
	[WATCHED] = { NAMES(watched_8), NAMES(watched_16) },
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
	if (s->mesi || (s->watched && s->huge_tlb) || s->line_shift != LINE ||
	    s->page_shift != PAGE || s->nr_levels < 2 || s->conf[1].by_eviction || !s->conf[0].mask)
		return NULL;
	for (unsigned j = 0; j < s->nr_levels; j++) {
		const struct sim_conf *f = &s->conf[j];
		const struct mt_cache *c = &s->t.cache[j];

		if (f->shift || f->wt || f->nwa || c->policy != MT_LRU || !level_lru_avx2(c->ways))
			return NULL;
	}
	return steps[s->watched ? WATCHED :
		     s->queued	? LATER :
				  NOW][s->t.cache[0].ways > 8][tlb_of(s)];
}

#else

sim_access_fn *sim_alone(const struct sim *s)
{
	(void)s;
	return NULL;
}
#endif
