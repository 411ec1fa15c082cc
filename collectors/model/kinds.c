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
#include <stdlib.h>
#include <string.h>

#include "collectors/model/sim_impl.h"

#define WAS_HERE 1u
#define TAKEN 2u

int sim_twin_init(struct sim_twin *t, uint64_t lines)
{
	*t = (struct sim_twin){ 0 };
	return lines < UINT32_MAX ? fa_init(&t->fa, (uint32_t)lines) : -ENOMEM;
}

void sim_twin_fini(struct sim_twin *t)
{
	fa_fini(&t->fa);
	free(t->seen);
	*t = (struct sim_twin){ 0 };
}

static int twin_room(struct sim_twin *t, uint32_t id)
{
	size_t room = t->nr_seen ? t->nr_seen : 1024;
	uint8_t *seen;

	if (id < t->nr_seen)
		return 0;
	while (room <= id)
		room *= 2;
	seen = realloc(t->seen, room);
	if (!seen)
		return -ENOMEM;
	memset(seen + t->nr_seen, 0, room - t->nr_seen);
	t->seen = seen;
	t->nr_seen = room;
	return 0;
}

enum sim_kind sim_twin_access(struct sim *s, struct sim_twin *t, uint32_t id, bool miss)
{
	enum sim_kind kind = SIM_COMPULSORY;
	bool hit;

	if (twin_room(t, id)) {
		s->failed = -ENOMEM;
		return kind;
	}
	hit = fa_access(&t->fa, id);
	if (miss && t->seen[id])
		kind = t->seen[id] & TAKEN ? SIM_COHERENCE : hit ? SIM_CONFLICT : SIM_CAPACITY;
	t->seen[id] = WAS_HERE;
	return kind;
}

void sim_twin_lose(struct sim_twin *t, uint32_t id)
{
	fa_remove(&t->fa, id);
	if (id < t->nr_seen)
		t->seen[id] |= TAKEN;
}

void sim_twin_forget(struct sim_twin *t, uint32_t id)
{
	fa_remove(&t->fa, id);
	if (id < t->nr_seen)
		t->seen[id] = 0;
}

void sim_note(struct sim *s, struct sim_cpu *c, enum sim_level level, struct sim_twin *t,
	      uint32_t id, unsigned set, uint64_t addr, bool write, bool miss)
{
	enum sim_kind kind = SIM_KINDS;

	if (s->o.kinds) {
		kind = sim_twin_access(s, t, id, miss);
		if (miss)
			c->n.kind[level][kind]++;
	}
	if (s->hist[level][0]) {
		s->hist[level][0][set]++;
		s->hist[level][1][set] += miss;
	}
	if (miss && s->o.miss)
		s->o.miss(s->o.arg, level, c->id, addr, write, kind);
}
