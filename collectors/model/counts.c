/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was counted. */
#include <math.h>
#include <string.h>

#include "collectors/model/sim_impl.h"

static void add(struct sim_counts *to, const struct sim_cpu *c)
{
	const uint64_t *from = (const uint64_t *)(const void *)&c->n;
	uint64_t *sum = (uint64_t *)(void *)to;

	/* all of it is counters */
	for (size_t i = 0; i < sizeof(*to) / sizeof(*sum); i++)
		sum[i] += from[i];
	to->accesses[SIM_L1D] += c->single;
	to->accesses[SIM_DTLB] += c->single;
}

void sim_counts(const struct sim *s, int cpu, struct sim_counts *out)
{
	sim_settle(s);
	*out = (struct sim_counts){ 0 };
	for (unsigned i = 0; i < s->nr_cpus; i++)
		if (cpu < 0 || i == (unsigned)cpu)
			add(out, &s->cpu[i]);
	if (!s->dtlb)
		out->accesses[SIM_DTLB] = 0;
}

bool sim_has(const struct sim *s, enum sim_level level)
{
	switch (level) {
	case SIM_DTLB:
		return s->dtlb;
	case SIM_STLB:
		return s->stlb;
	default:
		return (unsigned)level < s->nr_levels;
	}
}

void sim_reset_counts(struct sim *s)
{
	sim_settle(s);
	for (unsigned i = 0; i < s->nr_cpus; i++) {
		s->cpu[i].n = (struct sim_counts){ 0 };
		s->cpu[i].single = 0;
	}
	for (unsigned i = 0; i < SIM_LEVELS; i++)
		for (unsigned j = 0; j < 2; j++)
			if (s->hist[i][j])
				memset(s->hist[i][j], 0, s->hist_sets[i] * sizeof(*s->hist[i][j]));
	memset(s->traffic, 0, sizeof(s->traffic));
}

void sim_traffic(const struct sim *s, uint64_t traffic[MT_NODES][MT_NODES])
{
	sim_settle(s);
	memcpy(traffic, s->traffic, sizeof(s->traffic));
}

unsigned sim_sets(const struct sim *s, enum sim_level level, const uint64_t **accesses,
		  const uint64_t **misses)
{
	*accesses = s->hist[level][0];
	*misses = s->hist[level][1];
	return s->hist_sets[level];
}

/* Not a number only where a figure is needed: none of something costs nothing. */
static double times(uint64_t n, double each)
{
	return n ? (double)n * each : 0;
}

/* What one access costs at each place, in cycles and ns: NaN unknown. */
struct costs {
	double hit[MT_LEVELS], stlb, walk; /* cycles */
	double memory[2];		   /* ns, by node: this one, another */
};

static struct costs waiting_costs(const struct mt_target *t)
{
	struct costs c = { .stlb = t->stlb_cycles,
			   .walk = t->walk_cycles,
			   .memory = { t->dram_ns[0], t->dram_ns[1] } };

	for (unsigned i = 0; i < t->nr_levels; i++)
		c.hit[i] = t->cache[i].latency;
	return c;
}

/* Little's law: of @room that are under way at once, one is done each @latency / @room. */
static struct costs overlapped_costs(const struct mt_target *t)
{
	struct costs c = waiting_costs(t);
	double room = NAN; /* misses of all levels above that are under way at once */

	for (unsigned i = 0; i < t->nr_levels; i++) {
		const struct mt_cache *level = &t->cache[i];
		double least = isnan(level->per_cycle) ? 0 : 1 / level->per_cycle;

		/* L1 takes the next access before the last one is done */
		if (i == 0 && least > 0)
			c.hit[i] = least;
		else if (!isnan(room) && !isnan(c.hit[i]))
			c.hit[i] = fmax(c.hit[i] / room, least);
		room = fmin(room, level->outstanding); /* the one that is a number */
	}
	if (!isnan(room))
		for (unsigned i = 0; i < 2; i++)
			c.memory[i] /= room;
	if (!isnan(t->cache[0].outstanding))
		c.stlb /= t->cache[0].outstanding;
	if (!isnan(t->walks))
		c.walk /= t->walks;
	return c;
}

static double sum_costs(const struct sim *s, const struct sim_counts *n, const struct costs *c)
{
	const struct mt_target *t = &s->t;
	double cycles = 0, ns;

	for (unsigned i = 0; i < s->nr_levels; i++)
		cycles += times(n->accesses[i] - n->misses[i], c->hit[i]);
	/* from another CPU's cache: as far as the last level on the same node, as memory on another */
	cycles += times(n->cache_local, c->hit[s->nr_levels - 1]);
	if (s->stlb && !isnan(c->stlb))
		cycles += times(n->accesses[SIM_STLB], c->stlb);
	if (!isnan(c->walk))
		cycles += times(n->misses[s->stlb ? SIM_STLB : SIM_DTLB], c->walk);
	ns = times(n->local, c->memory[0]) + times(n->remote + n->cache_remote, c->memory[1]);
	return cycles == 0 ? ns : cycles / t->ghz + ns;
}

double sim_memory_time(const struct sim *s, int cpu, double waiting)
{
	struct costs wait = waiting_costs(&s->t), overlap = overlapped_costs(&s->t);
	struct sim_counts n;
	double ns = 0;

	sim_counts(s, cpu, &n);
	if (waiting > 0)
		ns += waiting * sum_costs(s, &n, &wait);
	if (waiting < 1)
		ns += (1 - waiting) * sum_costs(s, &n, &overlap);
	return ns;
}
