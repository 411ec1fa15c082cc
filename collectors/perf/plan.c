/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/pick.h"
#include "collectors/perf/plan.h"

#define SETS_MAX 64
#define CLUSTER_MAX 8
#define SPINS 20000 /* some ten microseconds: long enough to have run, and not to be noticed */

/* ---- formulas ---- */

static double note_part(void *ctx, const char *name)
{
	struct perf_parts *p = ctx;

	for (unsigned i = 0; i < p->nr; i++)
		if (!strcmp(p->name[i], name))
			return 1;
	if (p->nr == PERF_PARTS_MAX)
		p->more = true;
	else
		snprintf(p->name[p->nr++], sizeof(p->name[0]), "%s", name);
	return 1;
}

void perf_parts_of(const struct ev_derived *d, struct perf_parts *out)
{
	out->nr = 0;
	out->more = false;
	ev_derived_value(d, note_part, out);
}

static bool has_part(const struct perf_parts *p, const char *quantity)
{
	for (unsigned i = 0; i < p->nr; i++)
		if (!strcmp(p->name[i], quantity))
			return true;
	return false;
}

/* ---- items ---- */

static bool software_only(const struct ev_candidate *c)
{
	for (unsigned i = 0; i < c->nr_terms; i++)
		if (!perf_event_software(&c->term[i].event))
			return false;
	return c->nr_terms > 0;
}

static bool sideless(const struct perf_want *t)
{
	for (unsigned i = 0; t->nr && i < t->cand[0].nr_terms; i++)
		if (!perf_event_sideless(&t->cand[0].term[i].event))
			return false;
	return t->nr && t->cand[0].nr_terms;
}

/* Is there a PMU at all? Asked the way that needs the least permission; 0 or -errno. */
static int probe_pmu(const struct perf_plan *p, struct perf_refusal *why)
{
	const struct perf_event cycles = {
		.name = "cycles",
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};

	return perf_probe(p->sys, &cycles, PERF_USER, &p->place, why);
}

static void choose(const struct perf_plan *p, struct perf_item *it, const struct perf_want *t,
		   const struct perf_refusal *no_pmu)
{
	struct perf_pick pick;

	if (no_pmu && !(t->nr && software_only(&t->cand[0]))) {
		it->why = *no_pmu;
		return;
	}
	if (perf_pick(&pick, p->sys, t->cand, t->nr, it->side, &p->place) < 0) {
		const struct perf_refusal *why = perf_pick_why(&pick);

		if (t->nr)
			it->cand = t->cand[0]; /* what it would have been */
		it->why = why ? *why : t->why;
		if (!*it->why.reason)
			snprintf(it->why.reason, sizeof(it->why.reason),
				 "no event is known for it on this CPU");
		return;
	}
	it->cand = t->cand[pick.chosen];
	it->counted = true;
	if (pick.nr)
		it->preferred = pick.why[0];
}

static void item_add(struct perf_plan *p, const struct perf_want *t, enum perf_side side,
		     const struct perf_refusal *no_pmu)
{
	static const char *const suffix[] = {
		[PERF_USER] = "", [PERF_KERNEL] = "_kernel", [PERF_BOTH] = "_both"
	};
	struct perf_item *it = &p->item[p->nr_items];

	memset(it, 0, sizeof(*it));
	it->side = side;
	it->sideless = sideless(t);
	it->per_op = t->per_op;
	it->extra = t->extra;
	snprintf(it->metric, sizeof(it->metric), "%s%s", t->metric,
		 it->sideless ? "" : suffix[side]);
	snprintf(it->quantity, sizeof(it->quantity), "%s", t->quantity);
	snprintf(it->unit, sizeof(it->unit), "%s", t->unit);
	choose(p, it, t, no_pmu);
	/* what nobody asked for is not missed */
	if (it->counted || !it->extra)
		p->nr_items++;
}

static void make_items(struct perf_plan *p, const struct perf_wants *w, enum perf_sides sides)
{
	static const struct {
		unsigned nr;
		enum perf_side side[2];
	} of[] = {
		[PERF_SIDES_USER] = { 1, { PERF_USER } },
		[PERF_SIDES_KERNEL] = { 1, { PERF_KERNEL } },
		[PERF_SIDES_BOTH] = { 1, { PERF_BOTH } },
		[PERF_SIDES_SPLIT] = { 2, { PERF_USER, PERF_KERNEL } },
	};
	struct perf_refusal why;
	int rc = probe_pmu(p, &why);
	/* any other refusal may be of this event or side only: each quantity asks for itself */
	const struct perf_refusal *no_pmu = rc == -ENOENT && !p->place.pmu ? &why : NULL;

	for (unsigned s = 0; s < of[sides].nr; s++)
		for (unsigned i = 0; i < w->nr; i++)
			if (!s || !sideless(&w->want[i]))
				item_add(p, &w->want[i], of[sides].side[s], no_pmu);
}

/* ---- sets ---- */

int perf_set_find(const struct perf_set *s, const struct perf_event *ev)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (perf_event_same(&s->event[i], ev))
			return (int)i;
	return -1;
}

static bool set_add(struct perf_set *s, const struct perf_event *ev)
{
	if (perf_set_find(s, ev) >= 0)
		return true;
	if (s->nr == PERF_GROUP_MAX)
		return false;
	s->event[s->nr++] = *ev;
	return true;
}

/* Does it open, and was it on the counters all the time? Pinned: it is at once, or it is not. */
static bool set_fits(const struct perf_plan *p, const struct perf_set *s, struct perf_refusal *why)
{
	struct perf_count count[PERF_GROUP_MAX];
	struct perf_group g;
	bool fits = true;

	if (perf_group_open(&g, p->sys, s->event, s->nr, s->side, PERF_PINNED, &p->place, why,
			    NULL))
		return false;
	perf_group_start(&g);
	for (volatile unsigned i = 0; i < SPINS; i++)
		;
	perf_group_stop(&g);
	perf_group_result(&g, count);
	perf_group_close(&g);
	for (unsigned i = 0; i < s->nr && fits; i++) {
		if (count[i].state == VALUE_EXACT)
			continue;
		fits = false;
		*why = count[i].why;
		if (count[i].state == VALUE_SCALED)
			*why = (struct perf_refusal){
				.reason = "the counters are shared with somebody else",
				.remedy =
					"stop what else counts (another profiler, the NMI watchdog)"
			};
	}
	return fits;
}

/* Some terms that are to be counted together: of whole items, or one. */
struct cluster {
	struct perf_item *item[CLUSTER_MAX];
	unsigned nr;
	int term; /* that one of item[0] only; -1: all */
};

#define for_each_term(c, i, t)                                             \
	for (unsigned i = 0; i < (c)->nr; i++)                             \
		for (unsigned t = 0; t < (c)->item[i]->cand.nr_terms; t++) \
			if (((c)->term < 0 || (unsigned)(c)->term == t) && \
			    !perf_event_software(&(c)->item[i]->cand.term[t].event))

static bool cluster_into(const struct cluster *c, struct perf_set *s)
{
	bool room = true;

	for_each_term(c, i, t) room = room && set_add(s, &c->item[i]->cand.term[t].event);
	return room;
}

static void cluster_settle(const struct cluster *c, const struct perf_set *s, unsigned at)
{
	for_each_term(c, i, t)
	{
		c->item[i]->at[t].set = at;
		c->item[i]->at[t].event =
			(unsigned)perf_set_find(s, &c->item[i]->cand.term[t].event);
	}
}

static bool commit(struct perf_plan *p, const struct cluster *c, const struct perf_set *s,
		   unsigned at)
{
	if (at == SETS_MAX)
		return false;
	p->set[at] = *s;
	if (at == p->nr_sets)
		p->nr_sets++;
	cluster_settle(c, s, at);
	return true;
}

/* In every set of hardware events. */
static bool is_base(const struct perf_item *it)
{
	return !strcmp(it->quantity, "cycles") || !strcmp(it->quantity, "instructions");
}

/* Cycles and instructions of @side, as far as they are counted. */
static struct perf_set base_of(const struct perf_plan *p, enum perf_side side)
{
	struct perf_set s = { .side = side };

	for (unsigned i = 0; i < p->nr_items; i++) {
		const struct perf_item *it = &p->item[i];

		if (it->counted && it->side == side && it->cand.nr_terms == 1 && is_base(it))
			set_add(&s, &it->cand.term[0].event);
	}
	return s;
}

/* Into a set that exists, if it fits; else into a new one with cycles and instructions; else, for
 * what cannot be taken apart, into one without them. */
static bool place_cluster(struct perf_plan *p, const struct cluster *c, bool alone,
			  struct perf_refusal *why)
{
	enum perf_side side = c->item[0]->side;
	struct perf_set s;

	for (unsigned i = 0; i < p->nr_sets; i++) {
		if (p->set[i].software || p->set[i].side != side)
			continue;
		s = p->set[i];
		if (cluster_into(c, &s) && (s.nr == p->set[i].nr || set_fits(p, &s, why)))
			return commit(p, c, &s, i);
	}
	s = base_of(p, side);
	if (cluster_into(c, &s) && set_fits(p, &s, why))
		return commit(p, c, &s, p->nr_sets);
	s = (struct perf_set){ .side = side };
	return alone && cluster_into(c, &s) && set_fits(p, &s, why) && commit(p, c, &s, p->nr_sets);
}

static void place_item(struct perf_plan *p, struct perf_item *it)
{
	struct cluster c = { .item = { it }, .nr = 1, .term = -1 };
	unsigned sets = p->nr_sets;

	if (place_cluster(p, &c, it->cand.nr_terms == 1, &it->why))
		return;
	for (c.term = 0; c.term < (int)it->cand.nr_terms && it->counted; c.term++)
		if (!perf_event_software(&it->cand.term[c.term].event))
			it->counted = place_cluster(p, &c, true, &it->why);
	if (it->counted)
		return;
	p->nr_sets = sets; /* no pass for a part of it */
	if (!*it->why.reason)
		snprintf(it->why.reason, sizeof(it->why.reason),
			 "more events at a time than can be counted");
}

/* @it with all that formulas join it with; cycles and instructions are there in any case. */
static void cluster_of(struct perf_plan *p, struct perf_item *it, const bool *placed,
		       struct cluster *c)
{
	struct perf_parts parts;

	*c = (struct cluster){ .item = { it }, .nr = 1, .term = -1 };
	for (unsigned d = 0; p->derived && p->derived[d]; d++) {
		perf_parts_of(p->derived[d], &parts);
		if (!has_part(&parts, it->quantity))
			continue;
		for (unsigned i = 0; i < p->nr_items && c->nr < CLUSTER_MAX; i++) {
			struct perf_item *o = &p->item[i];
			bool in = o == it;

			for (unsigned k = 0; k < c->nr; k++)
				in |= c->item[k] == o;
			if (!in && !placed[i] && o->counted && o->side == it->side &&
			    is_base(o) == is_base(it) && has_part(&parts, o->quantity))
				c->item[c->nr++] = o;
		}
	}
}

static bool has_hardware(const struct perf_item *it)
{
	return it->counted && !software_only(&it->cand);
}

/* Software events take no counter: all that fit into a group, as many groups as it takes. */
static void place_software(struct perf_plan *p, struct perf_item *it)
{
	for (unsigned t = 0; t < it->cand.nr_terms && it->counted; t++) {
		const struct perf_event *ev = &it->cand.term[t].event;
		unsigned i;

		if (!perf_event_software(ev))
			continue;
		for (i = 0; i < p->nr_sets; i++)
			if (p->set[i].software &&
			    (p->set[i].side == it->side || perf_event_sideless(ev)) &&
			    set_add(&p->set[i], ev))
				break;
		if (i == p->nr_sets && i < SETS_MAX) {
			p->set[i] = (struct perf_set){ .side = it->side, .software = true };
			set_add(&p->set[i], ev);
			p->nr_sets++;
		}
		if (i == SETS_MAX) {
			it->counted = false;
			snprintf(it->why.reason, sizeof(it->why.reason), "too many events");
			return;
		}
		it->at[t].set = i;
		it->at[t].event = (unsigned)perf_set_find(&p->set[i], ev);
	}
}

/* @base: cycles and instructions, else all but these. */
static void place_hardware(struct perf_plan *p, bool base, bool *placed)
{
	for (unsigned i = 0; i < p->nr_items; i++) {
		struct perf_refusal why;
		struct cluster c;

		if (placed[i] || is_base(&p->item[i]) != base || !has_hardware(&p->item[i]))
			continue;
		cluster_of(p, &p->item[i], placed, &c);
		if (c.nr == 1 || !place_cluster(p, &c, false, &why))
			for (unsigned k = 0; k < c.nr; k++)
				place_item(p, c.item[k]);
		for (unsigned k = 0; k < c.nr; k++)
			placed[c.item[k] - p->item] = true;
	}
}

static void number_passes(struct perf_plan *p)
{
	unsigned pass = 0;

	for (unsigned i = 0; i < p->nr_sets; i++)
		p->set[i].pass = p->set[i].software || p->multiplex ? 0 : pass++;
	p->passes = pass ? pass : 1;
}

int perf_plan_make(struct perf_plan *p, const struct perf_wants *w, enum perf_sides sides,
		   struct err *e)
{
	bool *placed = calloc(2 * w->nr + 1, sizeof(*placed));

	p->item = calloc(2 * w->nr + 1, sizeof(*p->item));
	p->set = calloc(SETS_MAX, sizeof(*p->set));
	p->nr_items = p->nr_sets = 0;
	p->passes = 1;
	if (!placed || !p->item || !p->set) {
		free(placed);
		return err_set(e, -ENOMEM, "no memory for %u quantities", w->nr);
	}
	make_items(p, w, sides);
	for (unsigned i = 0; i < p->nr_items; i++)
		place_software(p, &p->item[i]);
	place_hardware(p, true, placed);
	place_hardware(p, false, placed);
	number_passes(p);
	free(placed);
	return 0;
}

void perf_plan_release(struct perf_plan *p)
{
	free(p->item);
	free(p->set);
	p->item = NULL;
	p->set = NULL;
	p->nr_items = p->nr_sets = 0;
}

unsigned perf_plan_events(const struct perf_plan *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->nr_sets; i++)
		n += p->set[i].nr;
	return n;
}
