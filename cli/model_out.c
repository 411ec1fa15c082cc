/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Printing of `slabscope model`: levels, sets, a sweep. */
#include "cli/model_out.h"

#include "collectors/model/sweep.h"

/* Levels that the target does not have are left out: nothing was counted there. */
static bool has_level(const struct mt_target *t, enum sim_level level)
{
	if (level < SIM_DTLB)
		return (unsigned)level < t->nr_levels && t->cache[level].size;
	for (unsigned i = 0; i < t->nr_pages; i++)
		if (level == SIM_DTLB ? t->page[i].dtlb.entries : t->page[i].stlb.entries)
			return true;
	return false;
}

static void print_size(FILE *f, uint64_t bytes)
{
	if (bytes && !(bytes & ((1u << 20) - 1)))
		fprintf(f, "%lluM", (unsigned long long)(bytes >> 20));
	else if (bytes && !(bytes & 1023))
		fprintf(f, "%lluK", (unsigned long long)(bytes >> 10));
	else
		fprintf(f, "%llu", (unsigned long long)bytes);
}

static void print_head(FILE *f, const struct model_request *q, const struct model_seen *seen,
		       const struct mt_target *t)
{
	fprintf(f, "model: target %s", t->name);
	if (*t->cpu)
		fprintf(f, " (%s)", t->cpu);
	for (unsigned i = 0; i < t->nr_levels; i++) {
		const struct mt_cache *c = &t->cache[i];

		if (!c->size)
			continue;
		fprintf(f, ", %s ", sim_level_names[i]);
		print_size(f, c->size);
		fprintf(f, "/%u/%u %s", c->ways, c->line, mt_policy_names[c->policy]);
	}
	fprintf(f, "\nframes %s, seed %llu\ntrace %s (%s): %llu loads and stores",
		sim_frames_names[q->frames], (unsigned long long)q->seed, q->trace,
		trace_format_names[seen->format], (unsigned long long)seen->refs);
	if (seen->skipped)
		fprintf(f, ", %llu instruction fetches skipped", (unsigned long long)seen->skipped);
	fputs("\n\n", f);
}

/* Of a level without twins there are no kinds: empty, not 0. */
static void print_kinds(FILE *f, const struct sim_counts *c, unsigned level, bool csv)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < SIM_KINDS; k++)
		sum += c->kind[level][k];
	for (unsigned k = 0; k < SIM_KINDS; k++) {
		if (sum != c->misses[level])
			fputs(csv ? "," : "              -", f);
		else
			fprintf(f, csv ? ",%llu" : " %14llu",
				(unsigned long long)c->kind[level][k]);
	}
}

static void print_rows(FILE *f, const struct model_request *q, const struct mt_target *t,
		       const struct sim *sim, int cpu)
{
	struct sim_counts c;

	sim_counts(sim, cpu, &c);
	for (unsigned i = 0; i < SIM_LEVELS; i++) {
		if (!has_level(t, (enum sim_level)i))
			continue;
		if (q->by_cpu)
			fprintf(f, q->csv ? "%d," : "%4d ", cpu);
		fprintf(f, q->csv ? "%s,%llu,%llu,%llu" : "%-6s %14llu %14llu %14llu",
			sim_level_names[i], (unsigned long long)c.accesses[i],
			(unsigned long long)c.misses[i], (unsigned long long)c.writebacks[i]);
		if (q->kinds)
			print_kinds(f, &c, i, q->csv);
		putc('\n', f);
	}
}

static void print_columns(FILE *f, const struct model_request *q)
{
	if (q->csv)
		fprintf(f, "%slevel,accesses,misses,writebacks", q->by_cpu ? "cpu," : "");
	else
		fprintf(f, "%s%-6s %14s %14s %14s", q->by_cpu ? " cpu " : "", "level", "accesses",
			"misses", "writebacks");
	for (unsigned k = 0; q->kinds && k < SIM_KINDS; k++)
		fprintf(f, q->csv ? ",%s" : " %14s", sim_kind_names[k]);
	putc('\n', f);
}

void model_print(FILE *f, const struct model_request *q, const struct model_seen *seen,
		 const struct mt_target *t, const struct sim *sim)
{
	if (!q->csv)
		print_head(f, q, seen, t);
	print_columns(f, q);
	if (!q->by_cpu) {
		print_rows(f, q, t, sim, -1);
		return;
	}
	for (int cpu = 0; cpu < MT_CPUS; cpu++)
		if (seen->cpu[cpu])
			print_rows(f, q, t, sim, cpu);
}

void model_print_sets(FILE *f, const struct sim *sim)
{
	fputs("level,set,accesses,misses\n", f);
	for (unsigned i = 0; i < SIM_LEVELS; i++) {
		const uint64_t *accesses, *misses;
		unsigned n = sim_sets(sim, (enum sim_level)i, &accesses, &misses);

		for (unsigned k = 0; k < n; k++)
			fprintf(f, "%s,%u,%llu,%llu\n", sim_level_names[i], k,
				(unsigned long long)accesses[k], (unsigned long long)misses[k]);
	}
}

void model_print_sweep(FILE *f, const struct sweep *s, unsigned line)
{
	fputs("line,sets,ways,size,accesses,misses\n", f);
	for (unsigned sets = SWEEP_SETS_MIN; sets <= SWEEP_SETS_MAX; sets *= 2)
		for (unsigned ways = 1; ways <= SWEEP_WAYS; ways++)
			fprintf(f, "%u,%u,%u,%llu,%llu,%llu\n", line, sets, ways,
				(unsigned long long)line * sets * ways,
				(unsigned long long)sweep_accesses(s),
				(unsigned long long)sweep_misses(s, sets, ways));
}
