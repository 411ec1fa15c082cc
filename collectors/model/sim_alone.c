/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One core by itself, as most runs have it, with rows that are vectors: the way of a reference through sim.c and walk.c
 * once more, for machines that ask for nothing else. What is counted is the same to the unit; what it costs is not,
 * as all of it is one function and nothing is asked of a table.
 *
 * Such machines: one core has touched memory; lines of 64 bytes and pages of 4 KiB; 2^n sets in L1; two or three levels of LRU in up to
 * 16 ways, which write back and allocate; L2 filled by misses. Where nothing below can change L1 and nobody is told
 * of misses, they wait (struct sim_wait).
 */
#include <string.h>

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

/* A line that was looked up just now leaves. */
LEVEL_SIMD_INLINE void take_front(struct level *l, unsigned set)
{
	uint32_t *row = row_of(l, set);

	memmove(row, row + 1, (l->ways - 1) * sizeof(*row));
	row[l->ways - 1] = LEVEL_EMPTY;
}

/* A hit, where all lookups are watched. */
static inline void note_hit(struct sim *s, enum sim_level level, struct fa *twin, uint32_t id,
			    unsigned set)
{
	if (s->o.kinds && !fa_hit(twin, id))
		sim_twin_access(s, twin, id, false);
	if (s->hist[level][0])
		s->hist[level][0][set]++;
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

/* ---- L3 ---- */

/* A hit took a dirty line up into L2: what the waiting event @i found. It may have left L2 again, on its way to wait. */
LEVEL_SIMD static void late_dirt(struct sim *s, unsigned i, uint32_t lid)
{
	uint32_t tag = level_word(lid, 0), *w;

	for (unsigned j = i + 1; j < s->nr_l3; j++) {
		if (s->l3[j].what != SIM_L3_GIVE || level_id(s->l3_word[j]) != lid)
			continue;
		s->l3[j].cpu->n.writebacks[1] += !(s->l3_word[j] & LEVEL_DIRTY);
		s->l3_word[j] |= LEVEL_DIRTY;
		return;
	}
	w = find(&s->alone->inst[1]->l, set_below(s, 1, lid), tag);
	if (w)
		*w |= LEVEL_DIRTY;
}

LEVEL_SIMD_INLINE void from_memory(struct sim *s, struct sim_cpu *c, uint32_t lid)
{
	unsigned node = s->frames.page[lid >> LINES].node;

	s->traffic[c->node][node]++;
	*(node == c->node ? &c->n.local : &c->n.remote) += 1;
}

LEVEL_SIMD_INLINE void l3_fetch(struct sim *s, unsigned i, uint32_t tag)
{
	struct fa *twin = &s->alone->inst[2]->twin;
	const struct sim_l3_wait *w = &s->l3[i];
	struct level *l = &s->alone->inst[2]->l;
	enum mt_inclusion inclusion = s->conf[2].inclusion;
	uint32_t word = lookup(l, w->set, tag, 0);

	if (s->noting)
		sim_note(s, w->cpu, SIM_L3, twin, level_id(tag), w->set, w->addr,
			 w->what == SIM_L3_STORE, word == LEVEL_EMPTY);
	if (word == LEVEL_EMPTY) {
		w->cpu->n.misses[SIM_L3]++;
		from_memory(s, w->cpu, level_id(tag));
		if (!s->conf[2].by_eviction)
			out_of_l3(s, w->cpu, put(l, w->set, tag));
	} else if (inclusion == MT_EXCLUSIVE ||
		   (inclusion == MT_VICTIM && w->what == SIM_L3_STORE)) {
		take_front(l, w->set);
		if (word & LEVEL_DIRTY)
			late_dirt(s, i, level_id(tag));
	}
}

LEVEL_SIMD static __attribute__((noinline)) void settle_l3(struct sim *s)
{
	struct level *l = &s->alone->inst[2]->l;

	for (unsigned i = 0; i < s->nr_l3; i++) {
		const struct sim_l3_wait *w = &s->l3[i];
		uint32_t tag = s->l3_word[i] & ~LEVEL_FLAGS, dirty = s->l3_word[i] & LEVEL_DIRTY,
			 *at;

		switch (w->what) {
		case SIM_L3_GIVE:
			if (lookup(l, w->set, tag, dirty) == LEVEL_EMPTY)
				out_of_l3(s, w->cpu, put(l, w->set, tag | dirty));
			break;
		case SIM_L3_SINK:
			at = find(l, w->set, tag);
			if (at)
				*at |= LEVEL_DIRTY;
			break;
		default:
			l3_fetch(s, i, tag);
			break;
		}
	}
	s->nr_l3 = 0;
}

/* What L3 has to do: later, or now where lines that leave it take those above with them or somebody is told. */
LEVEL_SIMD_INLINE void to_l3(struct sim *s, struct sim_cpu *c, enum sim_l3_what what, uint32_t word,
			     uint64_t addr)
{
	unsigned set = set_below(s, 2, level_id(word)), i = s->nr_l3++;

	s->l3[i] = (struct sim_l3_wait){ c, addr, set, what };
	s->l3_word[i] = word;
	if (s->noting || s->conf[2].inclusion == MT_INCLUSIVE || i + 1 == SIM_L3_WAIT)
		settle_l3(s);
	else
		__builtin_prefetch(row_of(&s->alone->inst[2]->l, set), 1);
}

/* ---- L2 ---- */

LEVEL_SIMD_INLINE void out_of_l2(struct sim *s, struct sim_cpu *c, uint32_t out)
{
	uint32_t lid = level_id(out), dirty = out & LEVEL_DIRTY;

	if (out == LEVEL_EMPTY)
		return;
	if (s->conf[1].inclusion == MT_INCLUSIVE)
		dirty |= drop(s, c, 0, lid);
	c->n.writebacks[1] += dirty;
	if (s->nr_levels < 3)
		return;
	if (s->conf[2].by_eviction)
		to_l3(s, c, SIM_L3_GIVE, level_word(lid, dirty), 0);
	else if (dirty)
		to_l3(s, c, SIM_L3_SINK, level_word(lid, 0), 0);
}

/* It is dirty, so its data goes on. */
LEVEL_SIMD_INLINE void out_of_l1(struct sim *s, struct sim_cpu *c, uint32_t out)
{
	uint32_t lid = level_id(out), tag = level_word(lid, 0);
	uint32_t *w = find(&s->alone->inst[1]->l, set_below(s, 1, lid), tag);

	c->n.writebacks[SIM_L1D]++;
	if (w)
		*w |= LEVEL_DIRTY;
	else if (s->nr_levels > 2)
		to_l3(s, c, SIM_L3_SINK, tag, 0);
}

/* ---- a miss of L1 ---- */

LEVEL_SIMD_INLINE void below_l1(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write,
				unsigned set, uint64_t addr)
{
	struct level *l2 = &s->alone->inst[1]->l;
	enum sim_l3_what what = write ? SIM_L3_STORE : SIM_L3_LOAD;
	uint32_t tag = level_word(lid, 0), out;
	bool hit = lookup(l2, set, tag, 0) != LEVEL_EMPTY;

	c->n.accesses[SIM_L2]++;
	if (s->noting)
		sim_note(s, c, SIM_L2, &s->alone->inst[1]->twin, lid, set, addr, write, !hit);
	if (hit)
		return;
	c->n.misses[SIM_L2]++;
	if (s->nr_levels < 3) {
		from_memory(s, c, lid);
		out_of_l2(s, c, put(l2, set, tag));
		return;
	}
	c->n.accesses[SIM_L3]++;
	/* what an inclusive L3 takes away may make room; what others give up finds the line in L2 */
	if (s->conf[2].inclusion == MT_INCLUSIVE) {
		to_l3(s, c, what, tag, addr);
		out = put(l2, set, tag);
	} else {
		out = put(l2, set, tag);
		to_l3(s, c, what, tag, addr);
	}
	out_of_l2(s, c, out);
}

#define AHEAD 8 /* misses whose rows are asked for before they are needed */

LEVEL_SIMD static __attribute__((noinline)) void settle_l1(struct sim *s)
{
	unsigned set[AHEAD], n = s->nr_waiting;

	for (unsigned i = 0; i < n + AHEAD; i++) {
		if (i >= AHEAD) {
			const struct sim_wait *w = &s->wait[i - AHEAD];

			w->cpu->n.misses[SIM_L1D]++;
			below_l1(s, w->cpu, w->lid, w->write, set[i % AHEAD], 0);
			if (w->out & LEVEL_DIRTY && w->out != LEVEL_EMPTY)
				out_of_l1(s, w->cpu, w->out);
		}
		if (i < n) {
			set[i % AHEAD] = set_below(s, 1, s->wait[i].lid);
			__builtin_prefetch(row_of(&s->alone->inst[1]->l, set[i % AHEAD]), 1);
		}
	}
	s->nr_waiting = 0;
}

void sim_alone_settle(struct sim *s)
{
	settle_l1(s);
	if (s->nr_l3)
		settle_l3(s);
}

LEVEL_SIMD static __attribute__((noinline)) void
miss(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t lid, unsigned set, bool write)
{
	struct level *l1 = &c->core->inst[0]->l;
	uint32_t out;

	c->n.misses[SIM_L1D]++;
	if (s->noting)
		sim_note(s, c, SIM_L1D, &c->core->inst[0]->twin, lid, set, addr, write, true);
	below_l1(s, c, lid, write, set_below(s, 1, lid), addr);
	out = put(l1, set, level_word(lid, write ? LEVEL_OWN | LEVEL_DIRTY : LEVEL_OWN));
	if (out & LEVEL_DIRTY && out != LEVEL_EMPTY)
		out_of_l1(s, c, out);
}

/*
 * A hit and a miss that waits are one path: whatever is found moves to the front, or what has to go is written over
 * there. That a line is a miss is often a surprise, and what the CPU has begun of the program's own work after it
 * should not be lost.
 */
LEVEL_SIMD_INLINE void either(struct sim *s, struct sim_cpu *c, uint32_t lid, unsigned set,
			      bool write, bool wide)
{
	const struct level *l1 = &c->core->inst[0]->l;
	uint32_t *row = c->core->l1 + (size_t)set * (wide ? 16 : 8), tag = level_word(lid, 0), old;
	unsigned m = level_match(row, tag), at;
	struct sim_wait *w = &s->wait[s->nr_waiting];

	if (wide)
		m |= level_match(row + 8, tag) << 8;
	at = (unsigned)__builtin_ctz(m | 1u << (l1->ways - 1));
	old = row[at];
	tag |= LEVEL_OWN | (write ? LEVEL_DIRTY : 0) | (m ? old & LEVEL_DIRTY : 0);
	if (wide)
		level_front16(row, at, tag);
	else
		level_front8(row, at, tag);
	w->cpu = c;
	w->lid = lid;
	w->write = write;
	w->out = old;
	s->nr_waiting += !m;
	if (__builtin_expect(s->nr_waiting == SIM_WAIT, 0))
		settle_l1(s);
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

	if (s->queued)
		either(s, c, lid, set, write, x->l.stride == 16);
	else if (lookup(&x->l, set, level_word(lid, 0), write ? LEVEL_DIRTY : 0) == LEVEL_EMPTY)
		miss(s, c, addr, lid, set, write);
	else if (s->watched)
		note_hit(s, SIM_L1D, &x->twin, lid, set);
}

/* More than one line, or a page that is not at hand: as sim_span(). */
LEVEL_SIMD static __attribute__((noinline)) void slow(struct sim *s, struct sim_cpu *c,
						      uint64_t addr, uint64_t size, bool write)
{
	uint64_t end = addr + size;

	c->single--;
	c->core->last_line = SIM_NONE;
	while (addr != end) {
		uint64_t page = addr >> PAGE, next = (page + 1) << PAGE;
		uint64_t stop = end - addr < next - addr ? end : next;
		uint32_t dense = sim_translate(s, c, page);

		if (dense == FRAMES_NONE)
			return;
		c->n.accesses[SIM_DTLB]++;
		sim_tlb(s, c, addr, page, dense, write);
		c->core->last_page = page;
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
		return page == k->last_page;
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
	if (line == k->last_line && (!write || k->last_store)) {
		if (kind == WATCHED)
			note_again(s, line, page);
		return;
	}
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
	if (kind == WATCHED && s->dtlb)
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
		miss(s, c, addr, lid, set, write);
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

void sim_alone_settle(struct sim *s)
{
	(void)s;
}
#endif
