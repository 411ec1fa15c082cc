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

double sim_memory_time(const struct sim *s, int cpu)
{
	const struct mt_target *t = &s->t;
	unsigned last = s->nr_levels - 1;
	struct sim_counts n;
	double cycles = 0, ns = 0;
	uint64_t walks;

	sim_counts(s, cpu, &n);
	for (unsigned i = 0; i < s->nr_levels; i++)
		cycles += times(n.accesses[i] - n.misses[i], t->cache[i].latency);
	/* from another CPU's cache: as far as the last level on the same node, as memory on another */
	cycles += times(n.cache_local, t->cache[last].latency);
	walks = s->stlb ? n.misses[SIM_STLB] : n.misses[SIM_DTLB];
	if (!isnan(t->walk_cycles))
		cycles += times(walks, t->walk_cycles);
	ns += times(n.local, t->dram_ns[0]);
	ns += times(n.remote + n.cache_remote, t->dram_ns[1]);
	return cycles == 0 ? ns : cycles / t->ghz + ns;
}
