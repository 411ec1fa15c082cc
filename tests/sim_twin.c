/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/sim_twin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FOLD 16 /* bits that an address is folded to where slices are no power of two */

struct mt_cache twin_level(unsigned sets, unsigned ways, unsigned line, enum mt_policy policy)
{
	return (struct mt_cache){ .size = (uint64_t)sets * ways * line,
				  .line = line,
				  .ways = ways,
				  .sets = sets,
				  .slices = 1,
				  .policy = policy,
				  .shared_by = 1,
				  .latency = NAN,
				  .outstanding = NAN,
				  .per_cycle = NAN };
}

void twin_target(struct mt_target *t, unsigned nr_levels, const struct mt_cache *level)
{
	memset(t, 0, sizeof(*t));
	strcpy(t->name, "test");
	memcpy(t->cache, level, nr_levels * sizeof(*level));
	t->nr_levels = nr_levels;
	t->page[0] = (struct mt_page){ .size = 4096, .stlb_with = -1 };
	t->nr_pages = t->cpus = t->nodes = 1;
	t->distance[0][0] = 10;
	t->ghz = t->dram_ns[0] = t->dram_ns[1] = t->walk_cycles = NAN;
	t->stlb_cycles = t->walks = NAN;
}

const struct twin_policy twin_policies[] = {
	{ "lru", MT_LRU, { 0, 0, 0, 0, 0 } },
	{ "plru", MT_PLRU, { 0, 0, 0, 0, 0 } },
	{ "random", MT_RANDOM, { 0, 0, 0, 0, 0 } },
	{ "QLRU_H00_M1_R0_U1", MT_QLRU, { 0, 0, 1, 0, 1 } },
	{ "QLRU_H11_M1_R0_U0", MT_QLRU, { 1, 1, 1, 0, 0 } },
	{ "QLRU_H11_M1_R1_U2", MT_QLRU, { 1, 1, 1, 1, 2 } },
	{ "QLRU_H00_M1_R2_U1", MT_QLRU, { 0, 0, 1, 2, 1 } },
	{ "QLRU_H21_M2_R0_U0", MT_QLRU, { 2, 1, 2, 0, 0 } },
	{ "QLRU_H20_M3_R1_U3", MT_QLRU, { 2, 0, 3, 1, 3 } },
	{ "QLRU_H10_M0_R2_U0", MT_QLRU, { 1, 0, 0, 2, 0 } },
};
const unsigned twin_nr_policies = sizeof(twin_policies) / sizeof(*twin_policies);

void twin_draw(struct mt_target *t, struct rng *r)
{
	struct mt_cache level[3];
	unsigned n = 1 + (unsigned)rng_below(r, 3), sets = 1;
	bool plain = rng_below(r, 2), both_store;

	for (unsigned j = 0; j < n; j++) {
		const struct twin_policy *p =
			&twin_policies[plain ? 0 : rng_below(r, twin_nr_policies)];
		unsigned most = !plain && !rng_below(r, 4) ? 40 : 12;

		sets += (unsigned)rng_below(r, j ? 40 : 12);
		level[j] = twin_level(plain && !j ? 2u << sets % 3 : sets,
				      1 + (unsigned)rng_below(r, most), 64, p->policy);
		level[j].qlru = p->q;
		level[j].write_through = !plain && !rng_below(r, 6);
		level[j].no_write_allocate = !plain && !rng_below(r, 6);
		if (!j)
			continue;
		level[j].slices = 1 + (unsigned)rng_below(r, 5);
		level[j].hash = rng_below(r, 2);
		level[j].inclusion = (enum mt_inclusion)rng_below(r, 4);
		both_store = !level[j - 1].write_through && !level[j - 1].no_write_allocate;
		if (level[j].inclusion >= MT_EXCLUSIVE) {
			level[j].write_through = false;
			if (!both_store || level[j].no_write_allocate)
				level[j].inclusion = MT_NINE;
		}
		if (level[j].inclusion == MT_INCLUSIVE)
			level[j].no_write_allocate = false;
	}
	twin_target(t, n, level);
}

/* ---- one cache ---- */

static unsigned set_of(const struct mt_cache *c, uint64_t number)
{
	unsigned bits = 0, slice = 0;

	if (c->slices == 1 || !c->hash)
		return (unsigned)(number % ((uint64_t)c->sets * c->slices));
	while (1u << bits < c->slices)
		bits++;
	if (1u << bits == c->slices) {
		for (unsigned i = 0; i < 64; i++) /* bit by bit */
			slice ^= (unsigned)(number >> i & 1) << i % bits;
	} else {
		uint64_t folded = 0;

		for (unsigned i = 0; i < 64; i++)
			folded ^= (number >> i & 1) << i % FOLD;
		slice = (unsigned)(folded % c->slices);
	}
	return slice * c->sets + (unsigned)(number % c->sets);
}

static unsigned tree_size(unsigned ways)
{
	return ways & -ways;
}

/* Follow or set the nodes from @at (heap order from 1) over leaves [low, low + n). */
static unsigned tree_victim(const bool *node, unsigned at, unsigned low, unsigned n)
{
	if (n == 1)
		return low;
	return node[at] ? tree_victim(node, 2 * at + 1, low + n / 2, n / 2) :
			  tree_victim(node, 2 * at, low, n / 2);
}

static void tree_touch(bool *node, unsigned at, unsigned low, unsigned n, unsigned leaf)
{
	if (n == 1)
		return;
	node[at] = leaf < low + n / 2;
	if (node[at])
		tree_touch(node, 2 * at, low, n / 2, leaf);
	else
		tree_touch(node, 2 * at + 1, low + n / 2, n / 2, leaf);
}

static void qlru_after(const struct mt_cache *c, struct twin_way *set, int way)
{
	int most = -1;
	bool three = false;

	for (unsigned i = 0; i < c->ways; i++) {
		three |= set[i].age == 3;
		if (set[i].age > most && (c->qlru.update != 1 || (int)i != way))
			most = set[i].age;
	}
	for (unsigned i = 0; i < c->ways; i++) {
		if ((c->qlru.update == 1 || c->qlru.update == 3) && (int)i == way)
			continue;
		if (c->qlru.update <= 1)
			set[i].age += 3 - most;
		else if (!three)
			set[i].age++;
	}
}

static void refresh(struct twin_cache *c, unsigned s, int way, bool hit)
{
	struct twin_way *set = c->way + (size_t)s * c->c.ways, *w = &set[way];
	unsigned size = tree_size(c->c.ways), tree = (unsigned)way / size;

	w->stamp = ++c->now;
	if (c->c.policy == MT_PLRU)
		tree_touch(c->node + (size_t)s * c->c.ways + (size_t)tree * size, 1, 0, size,
			   (unsigned)way % size);
	if (c->c.policy != MT_QLRU)
		return;
	if (!hit)
		w->age = (int)c->c.qlru.insert;
	else if (w->age == 3)
		w->age = (int)c->c.qlru.h3;
	else
		w->age = w->age == 2 ? (int)c->c.qlru.h2 : 0;
	qlru_after(&c->c, set, way);
}

static int find(const struct twin_cache *c, unsigned s, uint64_t line)
{
	for (unsigned i = 0; i < c->c.ways; i++)
		if (c->way[(size_t)s * c->c.ways + i].valid &&
		    c->way[(size_t)s * c->c.ways + i].line == line)
			return (int)i;
	return -1;
}

static int oldest(const struct twin_way *set, unsigned n)
{
	int at = 0;

	for (unsigned i = 1; i < n; i++)
		if (set[i].stamp < set[at].stamp)
			at = (int)i;
	return at;
}

/* The tree whose newest line is the oldest. */
static unsigned oldest_tree(const struct twin_way *set, unsigned ways, unsigned size)
{
	uint64_t least = UINT64_MAX;
	unsigned at = 0;

	for (unsigned g = 0; g < ways / size; g++) {
		uint64_t newest = 0;

		for (unsigned i = 0; i < size; i++)
			if (set[g * size + i].stamp > newest)
				newest = set[g * size + i].stamp;
		if (newest < least) {
			least = newest;
			at = g;
		}
	}
	return at;
}

static int to_replace(struct twin_cache *c, unsigned s)
{
	struct twin_way *set = c->way + (size_t)s * c->c.ways;
	unsigned size = tree_size(c->c.ways), g;
	bool last = c->c.policy == MT_QLRU && c->c.qlru.replace == 2;
	int empty = -1;

	for (unsigned i = 0; i < c->c.ways; i++)
		if (!set[i].valid && (empty < 0 || last))
			empty = (int)i;
	if (empty >= 0)
		return empty;
	switch (c->c.policy) {
	case MT_LRU:
		return oldest(set, c->c.ways);
	case MT_PLRU:
		g = oldest_tree(set, c->c.ways, size);
		return (int)(g * size +
			     tree_victim(c->node + (size_t)s * c->c.ways + (size_t)g * size, 1, 0,
					 size));
	case MT_QLRU:
		for (unsigned i = 0; i < c->c.ways; i++)
			if (set[i].age == 3)
				return (int)i;
		return 0;
	default:
		return (int)rng_below(&c->rng, c->c.ways);
	}
}

/* ---- kinds ---- */

static enum sim_kind kind_of(struct twin_cache *c, uint64_t line)
{
	unsigned all = c->c.sets * c->c.slices * c->c.ways, i;
	enum sim_kind kind = SIM_COMPULSORY;

	for (i = 0; i < c->nr_ever && c->ever[i] != line; i++)
		;
	if (i == c->nr_ever) {
		c->ever = realloc(c->ever, (c->nr_ever + 1) * sizeof(*c->ever));
		c->ever[c->nr_ever++] = line;
	} else {
		kind = SIM_CAPACITY;
	}
	for (i = 0; i < c->nr_full && c->full[i].line != line; i++)
		;
	if (i < c->nr_full)
		kind = SIM_CONFLICT;
	else if (c->nr_full < all)
		c->nr_full++;
	else
		i = (unsigned)oldest(c->full, all);
	c->full[i] = (struct twin_way){ .line = line, .stamp = ++c->now };
	return kind;
}

/* ---- one CPU ---- */

static void leave(struct twin *w, unsigned j, struct twin_way out);

static unsigned number(const struct twin *w, unsigned j, uint64_t line)
{
	return set_of(&w->level[j].c, line);
}

/*
 * A line is one piece of memory: its virtual number, with the physical one beside it in the upper half. All levels have
 * lines of the same size here.
 */
static uint64_t part(unsigned j, uint64_t both)
{
	return j ? both >> 32 : both & UINT32_MAX;
}

static int where(const struct twin *w, unsigned j, uint64_t both)
{
	return find(&w->level[j], number(w, j, part(j, both)), both);
}

static struct twin_way *at(struct twin *w, unsigned j, uint64_t both)
{
	int i = where(w, j, both);
	unsigned s = number(w, j, part(j, both));

	return i < 0 ? NULL : &w->level[j].way[(size_t)s * w->level[j].c.ways + (unsigned)i];
}

static bool by_eviction(const struct twin *w, unsigned j)
{
	return j &&
	       (w->level[j].c.inclusion == MT_EXCLUSIVE || w->level[j].c.inclusion == MT_VICTIM);
}

static void put(struct twin *w, unsigned j, uint64_t both, bool dirty)
{
	struct twin_cache *c = &w->level[j];
	unsigned s = number(w, j, part(j, both));
	int i = to_replace(c, s);
	struct twin_way *x = &c->way[(size_t)s * c->c.ways + (unsigned)i], out = *x;

	x->line = both;
	x->valid = true;
	x->dirty = dirty;
	refresh(c, s, i, false);
	if (out.valid)
		leave(w, j, out);
}

static void write_down(struct twin *w, unsigned from, uint64_t both)
{
	for (unsigned j = from; j < w->t.nr_levels; j++) {
		struct twin_way *x = at(w, j, both);

		if (x && !w->level[j].c.write_through) {
			x->dirty = true;
			return;
		}
		if (x)
			w->n.writebacks[j]++;
	}
}

static void leave(struct twin *w, unsigned j, struct twin_way out)
{
	if (j && w->level[j].c.inclusion == MT_INCLUSIVE)
		for (unsigned i = 0; i < j; i++) {
			struct twin_way *x = at(w, i, out.line);

			if (!x)
				continue;
			if (x->dirty)
				w->n.writebacks[i]++;
			out.dirty |= x->dirty;
			x->valid = false;
		}
	if (out.dirty)
		w->n.writebacks[j]++;
	if (j + 1 < w->t.nr_levels && by_eviction(w, j + 1)) {
		struct twin_way *x = at(w, j + 1, out.line);

		if (x) {
			x->dirty |= out.dirty;
			refresh(&w->level[j + 1], number(w, j + 1, part(j + 1, out.line)),
				where(w, j + 1, out.line), true);
		} else {
			struct twin_way *b = j + 2 < w->t.nr_levels ? at(w, j + 2, out.line) : NULL;

			if (b && w->level[j + 2].c.inclusion == MT_EXCLUSIVE) {
				out.dirty |= b->dirty;
				b->valid = false;
			}
			put(w, j + 1, out.line, out.dirty);
		}
	} else if (out.dirty) {
		write_down(w, j + 1, out.line);
	}
}

static bool look(struct twin *w, unsigned j, uint64_t both)
{
	struct twin_cache *c = &w->level[j];
	int i = where(w, j, both);
	enum sim_kind kind = w->kinds ? kind_of(c, both) : SIM_KINDS;

	w->n.accesses[j]++;
	if (i >= 0) {
		refresh(c, number(w, j, part(j, both)), i, true);
		return true;
	}
	w->n.misses[j]++;
	if (w->kinds)
		w->n.kind[j][kind]++;
	return false;
}

static void store_at_top(struct twin *w, uint64_t both)
{
	struct twin_way *x = at(w, 0, both);

	if (x && !w->level[0].c.write_through) {
		x->dirty = true;
		return;
	}
	w->n.writebacks[0] += x != NULL;
	write_down(w, 1, both);
}

void twin_line(struct twin *w, uint64_t addr, uint64_t physical, bool write)
{
	unsigned line = w->t.cache[0].line, from, j;
	uint64_t both = physical / line << 32 | addr / line;
	bool dirty = false;

	for (from = 0; from < w->t.nr_levels && !look(w, from, both); from++)
		;
	if (from == w->t.nr_levels)
		w->n.local++;
	if (from && from < w->t.nr_levels) {
		enum mt_inclusion inc = w->level[from].c.inclusion;

		if (inc == MT_EXCLUSIVE || (inc == MT_VICTIM && write)) {
			dirty = at(w, from, both)->dirty;
			at(w, from, both)->valid = false;
		}
	}
	for (j = from; j-- > 0;) {
		if (by_eviction(w, j) || (write && w->level[j].c.no_write_allocate))
			continue;
		/* the top one is dirty before something leaves it; it makes no difference to what leaves */
		put(w, j, both, dirty);
		dirty = false;
	}
	if (write)
		store_at_top(w, both);
}

void twin_init(struct twin *w, const struct mt_target *t, uint64_t seed, bool kinds)
{
	memset(w, 0, sizeof(*w));
	w->t = *t;
	w->kinds = kinds;
	for (unsigned j = 0; j < t->nr_levels; j++) {
		struct twin_cache *c = &w->level[j];
		size_t n = (size_t)t->cache[j].sets * t->cache[j].slices * t->cache[j].ways;

		c->c = t->cache[j];
		c->way = calloc(n, sizeof(*c->way));
		c->node = calloc(n, sizeof(*c->node));
		c->full = calloc(n, sizeof(*c->full));
		for (size_t i = 0; i < n; i++)
			c->way[i].age = 3;
		rng_seed(&c->rng, sim_seed(seed, j, 0));
	}
}

void twin_fini(struct twin *w)
{
	for (unsigned j = 0; j < w->t.nr_levels; j++) {
		free(w->level[j].way);
		free(w->level[j].node);
		free(w->level[j].full);
		free(w->level[j].ever);
	}
}

/* ---- cores with one private level, LRU, MESI ---- */

void twin_mesi_init(struct twin_mesi *m, const struct mt_target *t)
{
	memset(m, 0, sizeof(*m));
	m->t = *t;
	for (unsigned i = 0; i < t->cpus; i++)
		m->way[i] = calloc((size_t)t->cache[0].sets * t->cache[0].ways, sizeof(**m->way));
}

void twin_mesi_fini(struct twin_mesi *m)
{
	for (unsigned i = 0; i < m->t.cpus; i++)
		free(m->way[i]);
}

static struct twin_way *in_core(struct twin_mesi *m, unsigned cpu, uint64_t line)
{
	const struct mt_cache *c = &m->t.cache[0];
	struct twin_way *set = m->way[cpu] + (size_t)(line % c->sets) * c->ways;

	for (unsigned i = 0; i < c->ways; i++)
		if (set[i].valid && set[i].line == line)
			return &set[i];
	return NULL;
}

static void mesi_others(struct twin_mesi *m, unsigned cpu, uint64_t line, bool write, bool miss)
{
	struct sim_counts *n = &m->n[cpu];
	const unsigned *node = m->t.node_of;
	uint64_t *home = &m->page_node[line * m->t.cache[0].line / 4096];
	bool any = false, near = false;

	for (unsigned i = 0; i < m->t.cpus; i++) {
		struct twin_way *x = i == cpu ? NULL : in_core(m, i, line);

		if (!x)
			continue;
		any = true;
		near |= node[i] == node[cpu];
		n->interventions += x->dirty;
		if (write) {
			n->invalidations++;
			x->valid = false;
			continue;
		}
		n->writebacks[0] += x->dirty;
		x->dirty = false;
		x->age = 0;
	}
	if (!*home)
		*home = node[cpu] + 1;
	if (!miss)
		return;
	if (any)
		*(near ? &n->cache_local : &n->cache_remote) += 1;
	else
		*(*home == node[cpu] + 1 ? &n->local : &n->remote) += 1;
}

static struct twin_way *mesi_room(struct twin_mesi *m, unsigned cpu, uint64_t line)
{
	const struct mt_cache *c = &m->t.cache[0];
	struct twin_way *set = m->way[cpu] + (size_t)(line % c->sets) * c->ways;

	for (unsigned i = 0; i < c->ways; i++)
		if (!set[i].valid)
			return &set[i];
	return &set[oldest(set, c->ways)];
}

void twin_mesi_access(struct twin_mesi *m, unsigned cpu, uint64_t addr, bool write)
{
	uint64_t line = addr / m->t.cache[0].line;
	struct twin_way *x = in_core(m, cpu, line);
	struct sim_counts *n = &m->n[cpu];

	n->accesses[0]++;
	if (!x) {
		bool alone = true;

		n->misses[0]++;
		mesi_others(m, cpu, line, write, true);
		for (unsigned i = 0; i < m->t.cpus; i++)
			alone = alone && !in_core(m, i, line);
		x = mesi_room(m, cpu, line);
		n->writebacks[0] += x->valid && x->dirty;
		*x = (struct twin_way){ .line = line, .valid = true, .age = alone };
	} else if (write && !x->age) {
		n->upgrades++;
		mesi_others(m, cpu, line, true, false);
	}
	x->stamp = ++m->now;
	if (write) {
		x->dirty = true;
		x->age = 1;
	}
}
