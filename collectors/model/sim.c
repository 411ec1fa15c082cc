/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modelled machine: fed and emptied. How it is made: sim_make.c. */
#include <errno.h>

#include "collectors/model/level_avx2.h"
#include "collectors/model/sim_impl.h"

const char *const sim_level_names[] = { "l1d", "l2", "l3", "dtlb", "stlb", NULL };
const char *const sim_kind_names[] = { "compulsory", "capacity", "conflict", "coherence", NULL };
const char *const sim_frames_names[] = { "identity", "random", "thp", "hugetlb", "pagemap", NULL };

/* ---- pages ---- */

static uint32_t touch_page(struct sim *s, struct sim_cpu *c, uint64_t page)
{
	uint32_t dense = frames_touch(&s->frames, page, c->id, c->node);

	if (dense != FRAMES_NONE && (uint64_t)(dense + 1) << s->lines_shift <= LEVEL_MAX_ID &&
	    !(s->mesi && sim_dir_room(s, dense))) {
		for (unsigned j = 1; j < s->nr_levels; j++)
			s->frames.page[dense].set[j - 1] =
				sim_set_worked_out(s, j, dense << s->lines_shift);
		return dense;
	}
	if (dense != FRAMES_NONE)
		frames_forget(&s->frames, dense);
	s->failed = -ENOMEM;
	return FRAMES_NONE;
}

static inline __attribute__((always_inline)) uint32_t translate(struct sim *s, struct sim_cpu *c,
								uint64_t page)
{
	struct sim_core *k = c->core;
	unsigned at = page & k->seen_mask;

	if (k->seen[at].page != page) {
		uint32_t dense = touch_page(s, c, page);

		if (dense == FRAMES_NONE)
			return dense;
		k->seen[at].page = page;
		k->seen[at].dense = dense;
	}
	return k->seen[at].dense;
}

uint32_t sim_translate(struct sim *s, struct sim_cpu *c, uint64_t page)
{
	return translate(s, c, page);
}

/* ---- TLBs ---- */

/* Not the page of the access before: that is a hit, and changes nothing. */
static inline void tlb_plain(struct sim *s, struct sim_cpu *c, struct sim_core *k, uint64_t addr,
			     uint64_t page, uint32_t dense, bool write)
{
	uint64_t *last = &k->last_page[page & k->last_page_mask];

	if (page == *last)
		return;
	*last = page;
	sim_tlb(s, c, addr, page, dense, write);
}

#ifdef LEVEL_AVX2
/* A first level of up to 8 ways is looked up each time: that is less than a branch that is often wrong. */
LEVEL_SIMD_INLINE void tlb_8(struct sim *s, struct sim_cpu *c, struct sim_core *k, uint64_t addr,
			     uint64_t page, uint32_t dense, bool write)
{
	unsigned set;

	if (!s->tlb_mask) {
		if (s->dtlb)
			tlb_plain(s, c, k, addr, page, dense, write);
		return;
	}
	set = (unsigned)(page & s->tlb_mask);
	k->last_page[set & k->last_page_mask] = page;
	if (level_lookup8(k->dtlb.l.row + (size_t)set * 8, level_word(dense, 0), 0) == LEVEL_EMPTY)
		sim_tlb_missed(s, c, addr, page, dense, write);
}
#endif

/* ---- an access ---- */

/* One line, with all that may be asked of it. */
static void whole_line(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t dense, bool write)
{
	struct sim_core *k = c->core;
	uint64_t line = addr >> s->line_shift;
	uint32_t lid = dense << s->lines_shift | ((uint32_t)line & s->lines_mask);
	unsigned set = sim_set(&s->conf[0], line);
	struct level *l = &k->inst[0]->l;
	uint32_t old = l->ops->lookup(l, set, level_word(lid, 0), write ? s->store_flags : 0);

	c->n.accesses[SIM_L1D]++;
	k->last[line & k->last_mask] = SIM_NONE;
	if (old == LEVEL_EMPTY) {
		sim_miss(s, c, addr, lid, write);
		return;
	}
	if (s->watched)
		sim_note(s, c, SIM_L1D, &k->inst[0]->twin, lid, set, addr, write, false);
	if (write && !(old & LEVEL_OWN))
		sim_upgrade(s, c, lid);
	if (write && s->wt) {
		c->n.writebacks[SIM_L1D]++;
		sim_sink(s, c, 1, k->inst, lid);
	}
}

void sim_span(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size, bool write)
{
	uint64_t last = (addr + size - 1) >> s->line_shift, of = SIM_NONE;
	uint32_t dense = FRAMES_NONE;

	for (uint64_t line = addr >> s->line_shift;; line++) {
		uint64_t start = line << s->line_shift, at = start > addr ? start : addr;
		uint64_t page = at >> s->page_shift;

		if (page != of) {
			dense = translate(s, c, page);
			if (dense == FRAMES_NONE)
				return;
			c->n.accesses[SIM_DTLB]++;
			sim_tlb(s, c, at, page, dense, write);
			of = page;
			c->core->last_page[page & c->core->last_page_mask] = page;
		}
		whole_line(s, c, at, dense, write);
		if (line == last)
			break;
	}
}

#define STEP_NAME step_plain
#define STEP_ATTR
#define STEP_TLB tlb_plain
#define STEP_LOOKUP(l, set, tag, flags) (l)->ops->lookup(l, set, tag, flags)
#include "collectors/model/access_step.h"
#undef STEP_NAME
#undef STEP_ATTR
#undef STEP_LOOKUP
#undef STEP_TLB

#ifdef LEVEL_AVX2
#define STEP_NAME step_8
#define STEP_ATTR LEVEL_SIMD
#define STEP_TLB tlb_8
#define STEP_LOOKUP(l, set, tag, flags) level_lookup8((l)->row + (size_t)(set)*8, tag, flags)
#include "collectors/model/access_step.h"
#undef STEP_NAME
#undef STEP_LOOKUP

#define STEP_NAME step_16
#define STEP_LOOKUP(l, set, tag, flags) level_lookup16((l)->row + (size_t)(set)*16, tag, flags)
#include "collectors/model/access_step.h"
#undef STEP_NAME
#undef STEP_ATTR
#undef STEP_LOOKUP
#undef STEP_TLB
#endif

/* A hit on the line of the access before changes no state but in QLRU, where ages fall with each hit; and stores have
 * to be seen where L1 writes through or does not allocate. */
static sim_access_fn *fastest(const struct sim *s)
{
	const struct mt_cache *l1 = &s->t.cache[0];

	if (s->o.general)
		return sim_span;
	if (sim_alone(s))
		return sim_alone(s);
	if (s->watched || s->wt || s->conf[0].nwa || l1->policy == MT_QLRU)
		return sim_span;
#ifdef LEVEL_AVX2
	if (l1->policy == MT_LRU && level_lru_avx2(l1->ways))
		return l1->ways <= 8 ? step_8 : step_16;
#endif
	return step_plain;
}

void sim_choose(struct sim *s, const struct sim_core *k)
{
	sim_access_fn *access = fastest(s);

	for (unsigned i = 0; i < s->conf[0].shared; i++) {
		struct sim_cpu *c = &s->cpu[k->id * s->conf[0].shared + i];

		c->access = access;
		c->again = (struct sim_again){ &s->never, 0, &s->never, 0, 0 };
		if (access != sim_span && !s->o.sets && s->line_shift == SIM_LINE &&
		    s->page_shift == SIM_PAGE)
			c->again = (struct sim_again){ k->last, k->last_mask, k->last_page,
						       k->last_page_mask, s->dtlb ? SIM_NONE : 0 };
	}
	s->quick = access == sim_alone(s);
}

/* Most runs use one CPU of many: nothing is kept coherent until a second core comes. */
void sim_arrive(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size, bool write)
{
	struct sim_core *k = c->core;

	if (!s->alone)
		s->alone = k;
	if (sim_make_room(s, k) || (s->alone != k && !s->mesi && sim_dir_start(s))) {
		s->failed = -ENOMEM;
		return;
	}
	sim_choose(s, k);
	c->access(s, c, addr, size, write);
}

void sim_access(struct sim *s, unsigned cpu, uint64_t addr, unsigned size, bool write)
{
	if (size)
		sim_touch(s, cpu, addr, size, write);
}

void sim_range(struct sim *s, unsigned cpu, uint64_t addr, uint64_t size, bool write)
{
	struct sim_cpu *c = &s->cpu[cpu];

	if (size)
		c->access(s, c, addr, size, write);
}

void sim_flush(struct sim *s)
{
	sim_settle(s);
}

void sim_forget(struct sim *s, uint64_t addr, uint64_t size)
{
	uint64_t unit = UINT64_C(1) << (s->line_shift + s->unit);
	uint64_t first = (addr + unit - 1) & ~(unit - 1), end = (addr + size) & ~(unit - 1);

	sim_settle(s);
	while (first < end) {
		uint64_t page = first >> s->page_shift, start = page << s->page_shift;
		uint64_t stop = start + (UINT64_C(1) << s->page_shift);
		uint32_t dense = frames_find(&s->frames, page);

		if (stop > end)
			stop = end;
		if (dense != FRAMES_NONE)
			sim_forget_page(s, dense, (uint32_t)((first - start) >> s->line_shift),
					(uint32_t)((stop - start) >> s->line_shift) - 1);
		first = stop;
	}
}

int sim_failed(const struct sim *s)
{
	return s->failed;
}
