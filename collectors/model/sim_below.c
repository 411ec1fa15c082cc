/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A core that is alone: what a miss of L1 does (sim_alone.h). */
#include "collectors/model/sim_alone.h"

#ifdef LEVEL_AVX2

/* ---- what goes ---- */

/* Out of a level above one that held it too: LEVEL_DIRTY if it was. */
LEVEL_SIMD_INLINE uint32_t drop(struct sim *s, struct sim_cpu *c, unsigned level, uint32_t lid)
{
	struct sim_core *k = c->core;
	struct level *l = &k->inst[level]->l;
	uint32_t word = level_cut(l, sim_set_of(s, level, lid), level_word(lid, 0));

	if (__builtin_expect(word == LEVEL_EMPTY, 1))
		return 0;
	if (!level)
		sim_not_again(s, k, lid);
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
	w = level_at(&s->alone->inst[1]->l, sim_set_of(s, 1, lid), tag);
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
	uint32_t word = level_lookup(l, w->set, tag, 0);

	if (s->noting)
		sim_note(s, w->cpu, SIM_L3, twin, level_id(tag), w->set, w->addr,
			 w->what == SIM_L3_STORE, word == LEVEL_EMPTY);
	if (word == LEVEL_EMPTY) {
		w->cpu->n.misses[SIM_L3]++;
		from_memory(s, w->cpu, level_id(tag));
		if (!s->conf[2].by_eviction)
			out_of_l3(s, w->cpu, level_put(l, w->set, tag));
	} else if (inclusion == MT_EXCLUSIVE ||
		   (inclusion == MT_VICTIM && w->what == SIM_L3_STORE)) {
		level_cut(l, w->set, tag);
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
			if (level_lookup(l, w->set, tag, dirty) == LEVEL_EMPTY)
				out_of_l3(s, w->cpu, level_put(l, w->set, tag | dirty));
			break;
		case SIM_L3_SINK:
			at = level_at(l, w->set, tag);
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
	unsigned set = sim_set_of(s, 2, level_id(word)), i = s->nr_l3++;

	s->l3[i] = (struct sim_l3_wait){ c, addr, set, what };
	s->l3_word[i] = word;
	if (s->noting || s->conf[2].inclusion == MT_INCLUSIVE || i + 1 == SIM_L3_WAIT)
		settle_l3(s);
	else
		__builtin_prefetch(level_row(&s->alone->inst[2]->l, set), 1);
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
	uint32_t *w = level_at(&s->alone->inst[1]->l, sim_set_of(s, 1, lid), tag);

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
	bool hit = level_lookup(l2, set, tag, 0) != LEVEL_EMPTY;

	c->n.accesses[SIM_L2]++;
	if (s->noting)
		sim_note(s, c, SIM_L2, &s->alone->inst[1]->twin, lid, set, addr, write, !hit);
	if (hit)
		return;
	c->n.misses[SIM_L2]++;
	if (s->nr_levels < 3) {
		from_memory(s, c, lid);
		out_of_l2(s, c, level_put(l2, set, tag));
		return;
	}
	c->n.accesses[SIM_L3]++;
	/* what an inclusive L3 takes away may make room; what others give up finds the line in L2 */
	if (s->conf[2].inclusion == MT_INCLUSIVE) {
		to_l3(s, c, what, tag, addr);
		out = level_put(l2, set, tag);
	} else {
		out = level_put(l2, set, tag);
		to_l3(s, c, what, tag, addr);
	}
	out_of_l2(s, c, out);
}

#define AHEAD 8 /* misses whose rows are asked for before they are needed */

LEVEL_SIMD void sim_alone_settle_l1(struct sim *s)
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
			set[i % AHEAD] = sim_set_of(s, 1, s->wait[i].lid);
			__builtin_prefetch(level_row(&s->alone->inst[1]->l, set[i % AHEAD]), 1);
		}
	}
	s->nr_waiting = 0;
}

void sim_alone_settle(struct sim *s)
{
	sim_alone_settle_l1(s);
	if (s->nr_l3)
		settle_l3(s);
}

/* All that a miss may have to look at is asked for at once, as each may be far away; what waits asks for itself. */
LEVEL_SIMD_INLINE void ask_ahead(const struct sim *s, uint32_t lid)
{
	for (unsigned j = 0; j < s->nr_levels; j++) {
		const struct sim_inst *x = s->alone->inst[j];

		if (j)
			__builtin_prefetch(level_row(&x->l, sim_set_of(s, j, lid)), 1);
		if (s->o.kinds)
			fa_ask(&x->twin, lid);
	}
}

LEVEL_SIMD void sim_alone_miss(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t lid,
			       unsigned set, bool write)
{
	struct level *l1 = &c->core->inst[0]->l;
	uint32_t out;

	c->n.misses[SIM_L1D]++;
	if (s->noting) {
		ask_ahead(s, lid);
		sim_note(s, c, SIM_L1D, &c->core->inst[0]->twin, lid, set, addr, write, true);
	}
	below_l1(s, c, lid, write, sim_set_of(s, 1, lid), addr);
	out = level_put(l1, set, level_word(lid, write ? LEVEL_OWN | LEVEL_DIRTY : LEVEL_OWN));
	if (out & LEVEL_DIRTY && out != LEVEL_EMPTY)
		out_of_l1(s, c, out);
}

#else

void sim_alone_settle(struct sim *s)
{
	(void)s;
}
#endif
