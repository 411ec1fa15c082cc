/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of a hit. Included by sim.c once for each kind of row, with
 *
 *	STEP_NAME    the function
 *	STEP_ATTR    its attributes
 *	STEP_LOOKUP  (level, set, tag, flags): as struct level_ops has it
 *	STEP_TLB     (s, c, core, addr, page, dense, write): one access of the TLBs
 *
 * No include guard: it is a template.
 */

STEP_ATTR static void STEP_NAME(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size,
				bool write)
{
	struct sim_core *k = c->core;
	uint64_t line = addr >> s->line_shift, page = addr >> s->page_shift;
	uint32_t dense, lid, old, flags = write ? s->store_flags : 0;
	unsigned at = page & k->seen_mask, set;

	if (__builtin_expect((addr + size - 1) >> s->line_shift != line, 0)) {
		sim_span(s, c, addr, size, write);
		return;
	}
	c->single++;
	if (sim_again(k, line, write) &&
	    (!s->dtlb || k->last_page[page & k->last_page_mask] == page))
		return;
	dense = k->seen[at].dense;
	if (__builtin_expect(k->seen[at].page != page, 0)) {
		dense = translate(s, c, page);
		if (dense == FRAMES_NONE) {
			c->single--;
			return;
		}
	}
	lid = dense << s->lines_shift | ((uint32_t)line & s->lines_mask);
	if (s->mesi) /* a miss asks it first */
		__builtin_prefetch(sim_dir(s, lid), 1);
	STEP_TLB(s, c, k, addr, page, dense, write);
	set = s->conf[0].mask ? (unsigned)(line & s->conf[0].mask) : sim_set(&s->conf[0], line);
	old = STEP_LOOKUP(&k->inst[0]->l, set, level_word(lid, 0), flags);
	if (__builtin_expect(old == LEVEL_EMPTY, 0))
		sim_miss(s, c, addr, lid, write);
	else if (write && !(old & LEVEL_OWN))
		sim_upgrade(s, c, lid);
	k->last[line & k->last_mask] = sim_use(line, write);
}
