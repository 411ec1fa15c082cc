/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has a line: one bit by cache, exact, and the core that may write without asking.
 *
 * MESI by that: M and E are the owner's (E: LEVEL_OWN without LEVEL_DIRTY in its L1), everything else is S. A cache
 * "on the path" of a core is one of its own or one it shares; copies there need no message.
 *
 *	load that misses   others have it: the owner's copies become S; dirty ones are written back to the first shared
 *	                   level below them that has the line, or to memory. None has it: E
 *	store              others' copies go; a dirty one hands its data on and is not written back
 *
 * All of it begins when a second core touches memory: as long as one is alone, it owns every line that it has.
 *
 * A fill that no cache on the path has comes from any other cache that has the line, clean or dirty, and from memory
 * if there is none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/sim_impl.h"

int sim_dir_room(struct sim *s, uint32_t dense)
{
	size_t per_page = (size_t)(s->words + 1) << (s->lines_shift - s->unit);
	size_t need = ((size_t)dense + 1) * per_page, room = s->dir_room ? s->dir_room : per_page;
	uint64_t *dir;

	if (need <= s->dir_room)
		return 0;
	while (room < need)
		room *= 2;
	dir = realloc(s->dir, room * sizeof(*dir));
	if (!dir)
		return -ENOMEM;
	memset(dir + s->dir_room, 0, (room - s->dir_room) * sizeof(*dir));
	s->dir = dir;
	s->dir_room = room;
	return 0;
}

static void enter_all(struct sim *s, unsigned level, unsigned nr)
{
	const struct level *l = &s->inst[level][nr].l;

	for (size_t i = 0; i < (size_t)l->sets * l->stride; i++) {
		uint32_t lid = level_id(l->row[i]) << s->conf[level].shift;

		if (l->row[i] == LEVEL_EMPTY)
			continue;
		sim_dir_set(s, level, nr, lid);
		sim_dir(s, lid)[s->words] = s->alone->id + 1;
	}
}

int sim_dir_start(struct sim *s)
{
	sim_settle(s);
	if (s->frames.map.nr && sim_dir_room(s, s->frames.map.nr - 1))
		return -ENOMEM;
	s->mesi = true;
	s->queued = s->quick = false;
	s->many = sim_many(s);
	sim_choose(s, s->alone);
	for (unsigned j = 0; j < s->nr_levels; j++)
		enter_all(s, j, s->alone->nr[j]);
	return 0;
}

void sim_dir_set(struct sim *s, unsigned level, unsigned nr, uint32_t lid)
{
	unsigned bit = s->conf[level].bit + nr;

	sim_dir(s, lid)[bit / 64] |= UINT64_C(1) << bit % 64;
}

void sim_dir_clear(struct sim *s, unsigned level, unsigned nr, uint32_t lid)
{
	unsigned bit = s->conf[level].bit + nr;
	uint32_t unit = UINT32_C(1) << s->unit, step = UINT32_C(1) << s->conf[level].shift;
	uint32_t first = lid & ~(unit - 1);

	/* lines smaller than the unit: another one may still be there */
	if (step < unit)
		for (uint32_t i = first; i < first + unit; i += step)
			if (level_find(&s->inst[level][nr].l, sim_set_of(s, level, i),
				       sim_tag(s, level, i)))
				return;
	sim_dir(s, lid)[bit / 64] &= ~(UINT64_C(1) << bit % 64);
}

bool sim_held_above(const struct sim *s, unsigned level, unsigned nr, uint32_t lid)
{
	const struct sim_conf *above = &s->conf[level - 1];
	unsigned per = s->conf[level].shared / above->shared;
	const uint64_t *d = sim_dir(s, lid);

	for (unsigned x = nr * per; x < (nr + 1) * per && x < above->nr; x++)
		if (d[(above->bit + x) / 64] >> (above->bit + x) % 64 & 1 &&
		    (!s->unit || level_find(&s->inst[level - 1][x].l, sim_set_of(s, level - 1, lid),
					    sim_tag(s, level - 1, lid))))
			return true; /* the bit may stand for the line's neighbour */
	return false;
}

/* ---- other caches ---- */

struct other {
	unsigned level, nr;
};

/* The next copy outside the path of @k from directory bit *@at on. */
static bool next_other(const struct sim *s, const struct sim_core *k, const uint64_t *d,
		       unsigned *at, struct other *o)
{
	for (unsigned w = *at / 64; w < s->words; w++) {
		uint64_t bits = d[w] & ~k->path[w];

		if (w == *at / 64)
			bits &= ~UINT64_C(0) << *at % 64;
		if (!bits)
			continue;
		*at = w * 64 + (unsigned)__builtin_ctzll(bits);
		*o = (struct other){ s->bit_level[*at], s->bit_inst[*at] };
		++*at;
		return true;
	}
	return false;
}

/* Lines of @o's level in the unit of @lid: loop over them. */
#define for_each_part(s, o, lid, i)                                  \
	for (uint32_t i = (lid) & ~((UINT32_C(1) << (s)->unit) - 1), \
		      i##_end = i + (UINT32_C(1) << (s)->unit);      \
	     i < i##_end; i += UINT32_C(1) << (s)->conf[(o).level].shift)

/* Others' copies go. Whether one of them was dirty. */
static bool invalidate_others(struct sim *s, struct sim_cpu *c, uint32_t lid)
{
	uint64_t *d = sim_dir(s, lid);
	unsigned at = 0;
	struct other o;
	bool dirty = false;

	while (next_other(s, c->core, d, &at, &o)) {
		for_each_part(s, o, lid, i)
		{
			uint32_t w = sim_take(s, o.level, o.nr, i);

			if (w == LEVEL_EMPTY)
				continue;
			c->n.invalidations++;
			dirty = dirty || (w & LEVEL_DIRTY);
			if (s->o.kinds)
				sim_twin_lose(&s->inst[o.level][o.nr].twin,
					      i >> s->conf[o.level].shift);
		}
	}
	return dirty;
}

/* A dirty copy that others will read: into the first cache below it that the reader shares, or memory. */
static bool write_back_shared(struct sim *s, const struct sim_core *k, struct other o, uint32_t lid)
{
	for (unsigned j = o.level + 1; j < s->nr_levels; j++) {
		unsigned nr = o.nr * s->conf[o.level].shared / s->conf[j].shared;
		uint32_t *w;

		if (nr != k->nr[j] || s->conf[j].wt)
			continue;
		w = level_find(&s->inst[j][nr].l, sim_set_of(s, j, lid), sim_tag(s, j, lid));
		if (!w)
			continue;
		*w |= LEVEL_DIRTY;
		return true;
	}
	return false;
}

/* Others' copies become S. */
static bool clean_others(struct sim *s, struct sim_cpu *c, uint32_t lid, bool *lower)
{
	uint64_t *d = sim_dir(s, lid);
	unsigned at = 0;
	struct other o;
	bool dirty = false;

	while (next_other(s, c->core, d, &at, &o)) {
		for_each_part(s, o, lid, i)
		{
			uint32_t *w = level_find(&s->inst[o.level][o.nr].l,
						 sim_set_of(s, o.level, i), sim_tag(s, o.level, i));
			uint32_t was = w ? *w : 0;

			if (!w)
				continue;
			if (!o.level)
				sim_not_again(s, &s->core[o.nr], i);
			*w = was & ~LEVEL_FLAGS;
			if (!(was & LEVEL_DIRTY))
				continue;
			dirty = true;
			c->n.writebacks[o.level]++;
			*lower = write_back_shared(s, c->core, o, i) || *lower;
		}
	}
	return dirty;
}

static unsigned nearest(const struct sim *s, const struct sim_cpu *c, const uint64_t *d)
{
	unsigned at = 0, found = 0;
	struct other o;

	while (next_other(s, c->core, d, &at, &o)) {
		if (s->inst[o.level][o.nr].node == c->node)
			return 1;
		found = 2;
	}
	return found;
}

uint32_t sim_coherence(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write, unsigned from,
		       unsigned *elsewhere)
{
	uint64_t *d = sim_dir(s, lid), others = 0, *state = &d[s->words];
	unsigned me = c->core->id + 1;

	*elsewhere = 0;
	for (unsigned w = 0; w < s->words; w++)
		others |= d[w] & ~c->core->path[w];
	if (others) {
		/* what is on the path may be newer than memory: the line, or the rest of its unit */
		bool lower = from < s->nr_levels || s->unit;

		if (from == s->nr_levels)
			*elsewhere = nearest(s, c, d);
		if (!write) {
			if (*state && clean_others(s, c, lid, &lower))
				c->n.interventions++;
			*state = lower && *state ? SIM_LOWER : 0;
			return 0;
		}
		if (invalidate_others(s, c, lid))
			c->n.interventions++;
	}
	*state = me;
	return LEVEL_OWN;
}

void sim_upgrade(struct sim *s, struct sim_cpu *c, uint32_t lid)
{
	if (s->many) {
		sim_many_upgrade(s, c, lid);
		return;
	}
	c->n.upgrades++;
	invalidate_others(s, c, lid);
	sim_dir(s, lid)[s->words] = c->core->id + 1;
}
