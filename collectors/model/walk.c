/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a miss does. Lookups go down until a level has the line; then the line comes up, from below to L1, and what has
 * to go for it goes down:
 *
 *	write-back  marks the line dirty in the first level below that holds it, and touches no order; none: memory
 *	inclusive   what leaves such a level leaves the caches above it, their dirty copies are written back first
 *	exclusive   (to the level directly above) filled by all that leaves that level, unless another cache above still
 *	            has it; a hit takes the line out, and its dirt goes up with it; so does L1 giving the line back to
 *	            the level between
 *	victim      filled in the same way; a load that hits leaves the line there, a store takes it out
 *	write-through  a store goes on to the next level in the manner of a write-back, and is counted as one
 */
#include <errno.h>
#include <string.h>

#include "collectors/model/sim_impl.h"

static void evict(struct sim *s, struct sim_cpu *c, unsigned level, unsigned nr, uint32_t word);

uint32_t sim_take(struct sim *s, unsigned level, unsigned nr, uint32_t lid)
{
	uint32_t word = level_remove(&s->inst[level][nr].l, sim_set_of(s, level, lid),
				     sim_tag(s, level, lid));

	if (word == LEVEL_EMPTY)
		return word;
	if (s->mesi)
		sim_dir_clear(s, level, nr, lid);
	if (!level)
		sim_not_again(s, &s->core[nr], lid);
	return word;
}

/* From @level of the caches below instance @nr of the level above it. */
static void sink_below(struct sim *s, struct sim_cpu *c, unsigned level, unsigned nr, uint32_t lid)
{
	for (unsigned j = level; j + 1 < s->nr_levels;) {
		const struct sim_conf *f;
		uint32_t *w;

		nr = nr * s->conf[j].shared / s->conf[j + 1].shared;
		j++;
		f = &s->conf[j];
		w = level_find(&s->inst[j][nr].l, sim_set_of(s, j, lid), sim_tag(s, j, lid));
		if (!w)
			continue;
		if (!f->wt) {
			*w |= LEVEL_DIRTY;
			return;
		}
		c->n.writebacks[j]++;
	}
}

void sim_sink(struct sim *s, struct sim_cpu *c, unsigned level, struct sim_inst *const *inst,
	      uint32_t lid)
{
	for (unsigned j = level; j < s->nr_levels; j++) {
		uint32_t *w = level_find(&inst[j]->l, sim_set_of(s, j, lid), sim_tag(s, j, lid));

		if (!w)
			continue;
		if (!s->conf[j].wt) {
			*w |= LEVEL_DIRTY;
			return;
		}
		c->n.writebacks[j]++;
	}
}

/* All copies of a line of @level in the caches above its instance @nr: LEVEL_DIRTY if one of them was. */
static uint32_t drop_above(struct sim *s, struct sim_cpu *c, unsigned level, unsigned nr,
			   uint32_t lid)
{
	uint32_t dirty = 0, lines = UINT32_C(1) << s->conf[level].shift;

	lid &= ~(lines - 1);
	for (unsigned i = 0; i < level; i++) {
		unsigned per = s->conf[level].shared / s->conf[i].shared;
		unsigned first = s->mesi ? nr * per : s->alone->nr[i];
		unsigned end = s->mesi ? first + per : first + 1;
		uint32_t step = UINT32_C(1) << s->conf[i].shift;

		for (uint32_t sub = 0; sub < lines; sub += step) {
			for (unsigned x = first; x < end && x < s->conf[i].nr; x++) {
				uint32_t w;

				if (s->mesi) {
					unsigned bit = s->conf[i].bit + x;

					if (!(sim_dir(s, lid + sub)[bit / 64] >> bit % 64 & 1))
						continue;
				}
				w = sim_take(s, i, x, lid + sub);
				if (w == LEVEL_EMPTY || !(w & LEVEL_DIRTY))
					continue;
				c->n.writebacks[i]++;
				dirty = LEVEL_DIRTY;
			}
		}
	}
	return dirty;
}

static void insert(struct sim *s, struct sim_cpu *c, unsigned level, unsigned nr, unsigned set,
		   uint32_t lid, uint32_t flags)
{
	struct sim_inst *x = &s->inst[level][nr];
	uint32_t out = x->l.ops->insert(&x->l, set, sim_tag(s, level, lid) | flags);

	if (s->mesi)
		sim_dir_set(s, level, nr, lid);
	if (out != LEVEL_EMPTY)
		evict(s, c, level, nr, out);
}

/* What left the level above goes into @level, which is filled in this way. */
static void give(struct sim *s, struct sim_cpu *c, unsigned level, unsigned nr, uint32_t lid,
		 uint32_t dirty)
{
	struct level *l = &s->inst[level][nr].l;

	if (l->ops->lookup(l, sim_set_of(s, level, lid), sim_tag(s, level, lid), dirty) !=
	    LEVEL_EMPTY)
		return;
	if (s->mesi && s->conf[level].inclusion == MT_EXCLUSIVE &&
	    sim_held_above(s, level, nr, lid)) {
		if (dirty)
			sink_below(s, c, level, nr, lid);
		return;
	}
	/* the level above an exclusive one may lose a line that L1 keeps, and be given it again by L1 */
	if (level + 1 < s->nr_levels && s->conf[level + 1].inclusion == MT_EXCLUSIVE) {
		uint32_t w = sim_take(s, level + 1,
				      nr * s->conf[level].shared / s->conf[level + 1].shared, lid);

		if (w != LEVEL_EMPTY)
			dirty |= w & LEVEL_DIRTY;
	}
	insert(s, c, level, nr, sim_set_of(s, level, lid), lid, dirty);
}

static void evict(struct sim *s, struct sim_cpu *c, unsigned level, unsigned nr, uint32_t word)
{
	uint32_t lid = level_id(word) << s->conf[level].shift, dirty = word & LEVEL_DIRTY;

	if (s->mesi)
		sim_dir_clear(s, level, nr, lid);
	if (level && s->conf[level].inclusion == MT_INCLUSIVE)
		dirty |= drop_above(s, c, level, nr, lid);
	if (dirty)
		c->n.writebacks[level]++;
	if (level + 1 < s->nr_levels && s->conf[level + 1].by_eviction)
		give(s, c, level + 1, nr * s->conf[level].shared / s->conf[level + 1].shared, lid,
		     dirty);
	else if (dirty)
		sink_below(s, c, level, nr, lid);
}

/* The line's sets, and their rows asked for: all at once, as each may be far away. */
static void find_sets(const struct sim *s, const struct sim_core *k, uint32_t lid, unsigned *set)
{
	for (unsigned j = s->nr_levels; j-- > 0;) {
		const struct level *l = &k->inst[j]->l;

		set[j] = sim_set_of(s, j, lid);
		if (j)
			__builtin_prefetch(l->row + (size_t)set[j] * l->stride, 1);
	}
	if (s->mesi)
		__builtin_prefetch(sim_dir(s, lid), 1);
}

/* Down to the level that has the line; nr_levels: none. What leaves it with the line comes as *@dirty. */
static unsigned look_down(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t lid, bool write,
			  const unsigned *set, uint32_t *dirty)
{
	struct sim_core *k = c->core;

	for (unsigned j = 1; j < s->nr_levels; j++) {
		const struct sim_conf *f = &s->conf[j];
		struct sim_inst *x = k->inst[j];
		uint32_t word = x->l.ops->lookup(&x->l, set[j], sim_tag(s, j, lid), 0);
		bool miss = word == LEVEL_EMPTY;

		c->n.accesses[j]++;
		c->n.misses[j] += miss;
		if (s->noting)
			sim_note(s, c, (enum sim_level)j, &x->twin, lid >> f->shift, set[j], addr,
				 write, miss);
		if (miss)
			continue;
		if (f->inclusion == MT_EXCLUSIVE || (f->inclusion == MT_VICTIM && write)) {
			sim_take(s, j, k->nr[j], lid);
			*dirty = word & LEVEL_DIRTY;
		}
		return j;
	}
	return s->nr_levels;
}

/* Nothing on the way had it: who gives it. */
static void filled_from(struct sim *s, struct sim_cpu *c, uint32_t lid, unsigned elsewhere)
{
	unsigned node = s->frames.page[lid >> s->lines_shift].node;

	if (elsewhere == 1) {
		c->n.cache_local++;
	} else if (elsewhere) {
		c->n.cache_remote++;
	} else {
		s->traffic[c->node][node]++;
		if (node == c->node)
			c->n.local++;
		else
			c->n.remote++;
	}
}

/* From where it was found up to L2. */
static uint32_t fill(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write, unsigned from,
		     const unsigned *set, uint32_t dirty)
{
	for (unsigned j = from; --j > 0;) {
		if (s->conf[j].by_eviction || (write && s->conf[j].nwa))
			continue;
		insert(s, c, j, c->core->nr[j], set[j], lid, dirty);
		dirty = 0;
	}
	return dirty;
}

/* ---- misses that wait ---- */

void sim_settle(const struct sim *is_const)
{
	struct sim *s = (struct sim *)(uintptr_t)is_const; /* it was made by us, and not const */

	if (s->quick) {
		sim_alone_settle(s);
		return;
	}
	sim_many_settle(s);
	for (unsigned i = 0; i < s->nr_waiting; i++) {
		const struct sim_wait *w = &s->wait[i];
		uint32_t dirty = 0;
		unsigned from = look_down(s, w->cpu, 0, w->lid, w->write, w->set, &dirty);

		if (from == s->nr_levels)
			filled_from(s, w->cpu, w->lid, 0);
		fill(s, w->cpu, w->lid, w->write, from, w->set, dirty);
		if (w->out != LEVEL_EMPTY)
			evict(s, w->cpu, 0, w->cpu->core->nr[0], w->out);
	}
	s->nr_waiting = 0;
}

static void miss_later(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write)
{
	struct level *l = &c->core->inst[0]->l;
	struct sim_wait *w = &s->wait[s->nr_waiting];

	find_sets(s, c->core, lid, w->set);
	w->cpu = c;
	w->lid = lid;
	w->write = write;
	w->out = l->ops->insert(l, w->set[0],
				level_word(lid, LEVEL_OWN | (write ? LEVEL_DIRTY : 0)));
	if (++s->nr_waiting == SIM_WAIT)
		sim_settle(s);
}

/* ---- */

void sim_miss(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t lid, bool write)
{
	struct sim_core *k = c->core;
	uint32_t dirty = 0, own = LEVEL_OWN;
	unsigned elsewhere = 0, from, set[MT_LEVELS] = { 0 };

	c->n.misses[SIM_L1D]++;
	if (s->queued) {
		miss_later(s, c, lid, write);
		return;
	}
	if (s->many) {
		sim_many_miss(s, c, lid, write);
		return;
	}
	find_sets(s, k, lid, set);
	if (s->noting)
		sim_note(s, c, SIM_L1D, &k->inst[0]->twin, lid, set[0], addr, write, true);
	from = look_down(s, c, addr, lid, write, set, &dirty);
	if (s->mesi)
		own = sim_coherence(s, c, lid, write, from, &elsewhere);
	if (from == s->nr_levels)
		filled_from(s, c, lid, elsewhere);
	dirty = fill(s, c, lid, write, from, set, dirty);
	if (write && s->conf[0].nwa) {
		sim_sink(s, c, 1, k->inst, lid);
		return;
	}
	insert(s, c, 0, k->nr[0], set[0], lid, own | dirty | (write ? s->store_flags : 0));
	if (write && s->wt) {
		c->n.writebacks[SIM_L1D]++;
		sim_sink(s, c, 1, k->inst, lid);
	}
}

/* ---- translations ---- */

static unsigned tlb_set(unsigned sets, uint64_t page)
{
	return sets & (sets - 1) ? (unsigned)(page % sets) : (unsigned)page & (sets - 1);
}

/* One that is fully associative is its own twin. */
static bool any_lookup(struct sim *s, struct sim_cpu *c, enum sim_level level, struct fa *f,
		       uint32_t id, uint64_t addr, bool write)
{
	enum sim_kind kind;
	uint32_t was;

	if (__builtin_expect(id >= f->tags, 0) && fa_grow(f, id)) {
		s->failed = -ENOMEM;
		return false;
	}
	was = fa_use(f, id);
	if (!s->noting)
		return was & FA_PLACE;
	kind = was & FA_SEEN ? SIM_CAPACITY : SIM_COMPULSORY;
	sim_tell(s, c, level, s->o.kinds ? kind : SIM_KINDS, 0, addr, write, !(was & FA_PLACE));
	return was & FA_PLACE;
}

static bool tlb_lookup(struct sim_tlb *t, unsigned set, uint32_t id)
{
	if (t->l.ops->lookup(&t->l, set, level_word(id, 0), 0) != LEVEL_EMPTY)
		return true;
	t->l.ops->insert(&t->l, set, level_word(id, 0));
	return false;
}

static void stlb(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t page, uint32_t id,
		 bool write)
{
	struct sim_tlb *t = &c->core->stlb;
	unsigned set = tlb_set(s->stlb_sets, page);
	bool hit = t->any ? any_lookup(s, c, SIM_STLB, &t->fa, id, addr, write) :
			    tlb_lookup(t, set, id);

	c->n.accesses[SIM_STLB]++;
	c->n.misses[SIM_STLB] += !hit;
	if (s->noting && !t->any)
		sim_note(s, c, SIM_STLB, &t->twin, id, set, addr, write, !hit);
}

void sim_tlb(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t page, uint32_t dense,
	     bool write)
{
	struct sim_tlb *t = &c->core->dtlb;
	uint32_t id = dense;
	unsigned set;
	bool hit;

	if (!s->dtlb)
		return;
	if (s->huge_tlb) {
		id = s->frames.page[dense].huge;
		page >>= s->frames.huge_shift;
	}
	set = tlb_set(s->dtlb_sets, page);
	hit = t->any ? any_lookup(s, c, SIM_DTLB, &t->fa, id, addr, write) : tlb_lookup(t, set, id);
	c->n.misses[SIM_DTLB] += !hit;
	if (!t->any && (s->watched || (!hit && s->noting)))
		sim_note(s, c, SIM_DTLB, &t->twin, id, set, addr, write, !hit);
	if (!hit && s->stlb)
		stlb(s, c, addr, page, id, write);
}

void sim_tlb_missed(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t page, uint32_t dense,
		    bool write)
{
	struct sim_tlb *t = &c->core->dtlb;
	unsigned set = tlb_set(s->dtlb_sets, page);

	c->n.misses[SIM_DTLB]++;
	t->l.ops->insert(&t->l, set, level_word(dense, 0));
	if (s->noting)
		sim_note(s, c, SIM_DTLB, &t->twin, dense, set, addr, write, true);
	if (s->stlb)
		stlb(s, c, addr, page, dense, write);
}

/* ---- memory that is gone ---- */

static void forget_line(struct sim *s, uint32_t lid)
{
	for (unsigned j = 0; j < s->nr_levels; j++) {
		unsigned first = s->mesi ? 0 : s->alone->nr[j];
		unsigned end = s->mesi ? s->conf[j].nr : first + 1;

		for (unsigned x = first; x < end; x++) {
			unsigned bit = s->conf[j].bit + x;

			if (s->o.kinds)
				sim_twin_forget(&s->inst[j][x].twin, lid >> s->conf[j].shift);
			if (!s->mesi || sim_dir(s, lid)[bit / 64] >> bit % 64 & 1)
				sim_take(s, j, x, lid);
		}
	}
}

static void forget_translation(struct sim *s, struct sim_tlb *t, unsigned sets, uint32_t id,
			       uint64_t page)
{
	if (!t->any && !t->l.row)
		return;
	if (t->any)
		sim_twin_forget(&t->fa, id);
	else
		level_remove(&t->l, sets > 1 ? (unsigned)(page % sets) : 0, level_word(id, 0));
	if (s->o.kinds && !t->any)
		sim_twin_forget(&t->twin, id);
}

void sim_forget_page(struct sim *s, uint32_t dense, uint32_t first, uint32_t last)
{
	const struct frames_page p = s->frames.page[dense];
	uint32_t id = s->huge_tlb ? p.huge : dense;
	uint64_t page = s->huge_tlb ? p.page >> s->frames.huge_shift : p.page;
	bool whole = !first && last + 1 == UINT32_C(1) << s->lines_shift;

	for (uint32_t i = first; i <= last; i++)
		forget_line(s, dense << s->lines_shift | i);
	if (!whole)
		return;
	for (unsigned i = 0; i < s->nr_cores; i++) {
		struct sim_core *k = &s->core[i];

		if (!k->seen)
			continue;
		k->seen[p.page & k->seen_mask].page = SIM_NONE;
		k->last_page[p.page & k->last_page_mask] = SIM_NONE;
		if (s->huge_tlb && s->frames.huge[p.huge].pages > 1)
			continue; /* the rest of the huge page is still there */
		forget_translation(s, &k->dtlb, s->dtlb_sets, id, page);
		forget_translation(s, &k->stlb, s->stlb_sets, id, page);
	}
	if (s->mesi)
		memset(sim_dir(s, dense << s->lines_shift), 0,
		       ((size_t)(s->words + 1) << (s->lines_shift - s->unit)) * sizeof(*s->dir));
	frames_forget(&s->frames, dense);
}
