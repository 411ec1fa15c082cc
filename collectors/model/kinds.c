/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Misses by kind, and lookups by set.
 *
 *	compulsory   the line was never in this cache
 *	coherence    it was, and a store of another CPU took it away since
 *	conflict     a fully associative LRU of the same capacity, fed with the same lookups, would have it
 *	capacity     it would not
 *
 * In that order. A line that inclusion took away counts as conflict or capacity, whatever the twin says.
 */
#include <errno.h>

#include "collectors/model/sim_impl.h"

int sim_twin_init(struct fa *t, uint64_t lines)
{
	return lines < UINT32_MAX ? fa_init(t, (uint32_t)lines) : -ENOMEM;
}

enum sim_kind sim_twin_access(struct sim *s, struct fa *t, uint32_t id, bool miss)
{
	uint32_t was;

	if (__builtin_expect(id >= t->tags, 0) && fa_grow(t, id)) {
		s->failed = -ENOMEM;
		return SIM_COMPULSORY;
	}
	was = fa_use(t, id);
	if (!miss || !(was & (FA_SEEN | FA_TAKEN)))
		return SIM_COMPULSORY;
	return was & FA_TAKEN ? SIM_COHERENCE : was & FA_PLACE ? SIM_CONFLICT : SIM_CAPACITY;
}

void sim_twin_lose(struct fa *t, uint32_t id)
{
	fa_remove(t, id);
	if (id < t->tags)
		t->at[id] |= FA_TAKEN;
}

void sim_twin_forget(struct fa *t, uint32_t id)
{
	fa_remove(t, id);
	if (id < t->tags)
		t->at[id] = 0;
}

void sim_note(struct sim *s, struct sim_cpu *c, enum sim_level level, struct fa *t, uint32_t id,
	      unsigned set, uint64_t addr, bool write, bool miss)
{
	sim_tell(s, c, level, s->o.kinds ? sim_twin_access(s, t, id, miss) : SIM_KINDS, set, addr,
		 write, miss);
}

void sim_tell(struct sim *s, struct sim_cpu *c, enum sim_level level, enum sim_kind kind,
	      unsigned set, uint64_t addr, bool write, bool miss)
{
	if (miss && kind != SIM_KINDS)
		c->n.kind[level][kind]++;
	if (s->hist[level][0]) {
		s->hist[level][0][set]++;
		s->hist[level][1][set] += miss;
	}
	if (miss && s->o.miss)
		s->o.miss(s->o.arg, level, c->id, addr, write, kind);
}
