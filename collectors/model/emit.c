/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From counts of the model to values: see emit.h. */
#include "collectors/model/emit.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HOT_SETS 4	  /* that have rows of their own */
#define SETS_OF_A_ROW 32u /* of a histogram: as many as a note has room for */

/* What all rows have in common. */
struct emitter {
	struct value_sink *out;
	const struct model_result *r;
	double ops;
	const char *note;
	char target[400]; /* what it is a model of: the note of most rows */
};

static void put(struct emitter *e, const char *unit, double v, int worker, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
static void put(struct emitter *e, const char *unit, double v, int worker, const char *fmt, ...)
{
	char metric[128] = "model.";
	struct value row = {
		.metric = metric,
		.value = v,
		.unit = unit,
		.state = isnan(v) ? VALUE_UNAVAILABLE : VALUE_EXACT,
		.share = 1,
		.source = "model",
		.worker = worker,
		.note = e->note,
	};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(metric + 6, sizeof(metric) - 6, fmt, ap);
	va_end(ap);
	e->out->put(e->out, &row);
}

/* ---- what it is a model of ---- */

static void policy_text(const struct mt_cache *c, char *to, size_t room)
{
	const struct mt_qlru *q = &c->qlru;

	if (c->policy == MT_QLRU)
		snprintf(to, room, "QLRU_H%u%u_M%u_R%u_U%u", q->h3, q->h2, q->insert, q->replace,
			 q->update);
	else
		snprintf(to, room, "%s", mt_policy_names[c->policy]);
}

static void make_note(struct emitter *e, uint64_t seed)
{
	const struct mt_target *t = e->r->target;
	size_t n = (size_t)snprintf(e->target, sizeof(e->target), "model of %s%s%s%s;",
				    strcmp(t->name, "inline") ? t->name : e->r->params->target,
				    *t->cpu ? " (" : "", t->cpu, *t->cpu ? ")" : "");

	for (unsigned i = 0; i < t->nr_levels && n < sizeof(e->target); i++) {
		char policy[48];

		if (!t->cache[i].size)
			continue;
		policy_text(&t->cache[i], policy, sizeof(policy));
		n += (size_t)snprintf(e->target + n, sizeof(e->target) - n, " %s %s,",
				      sim_level_names[SIM_L1D + i], policy);
	}
	if (n < sizeof(e->target))
		n += (size_t)snprintf(e->target + n, sizeof(e->target) - n,
				      " frames %s, seed %" PRIu64,
				      sim_frames_names[e->r->params->frames], seed);
	if (e->r->flaw && n < sizeof(e->target))
		snprintf(e->target + n, sizeof(e->target) - n, "; %s", e->r->flaw);
	e->note = e->target;
}

/* Does the target have such a level at all? */
static bool has_level(const struct mt_target *t, unsigned level)
{
	switch (level) {
	case SIM_DTLB:
	case SIM_STLB:
		for (unsigned i = 0; i < t->nr_pages; i++)
			if (level == SIM_DTLB ? t->page[i].dtlb.entries : t->page[i].stlb.entries)
				return true;
		return false;
	default:
		return level - SIM_L1D < t->nr_levels && t->cache[level - SIM_L1D].size;
	}
}

static bool is_cache(unsigned level)
{
	return level == SIM_L1D || level == SIM_L2 || level == SIM_L3;
}

/* ---- levels ---- */

static void put_level(struct emitter *e, unsigned level, const struct sim_counts *n, int worker,
		      double ops)
{
	const char *name = sim_level_names[level];

	/* the first metric of all is what is shown when nothing is asked for */
	put(e, "misses", (double)n->misses[level] / ops, worker, "%s_misses_per_op", name);
	put(e, "misses", (double)n->misses[level], worker, "%s_misses", name);
	put(e, "accesses", (double)n->accesses[level] / ops, worker, "%s_accesses_per_op", name);
	put(e, "accesses", (double)n->accesses[level], worker, "%s_accesses", name);
	if (!is_cache(level))
		return;
	put(e, "lines", (double)n->writebacks[level], worker, "%s_writebacks", name);
	put(e, "lines", (double)n->writebacks[level] / ops, worker, "%s_writebacks_per_op", name);
}

static void put_kinds(struct emitter *e, unsigned level, const struct sim_counts *n)
{
	if (!e->r->params->kinds || !is_cache(level))
		return;
	for (unsigned k = 0; k < SIM_KINDS; k++)
		put(e, "misses", (double)n->kind[level][k], -1, "%s_%s", sim_level_names[level],
		    sim_kind_names[k]);
}

/* ---- by structure, cache, line, operation ---- */

/* A name of a cache as part of a metric. */
static void metric_part(const char *name, char *to, size_t room)
{
	size_t i;

	for (i = 0; name[i] && i + 1 < room; i++)
		to[i] = (char)(isalnum((unsigned char)name[i]) ? name[i] : '_');
	to[i] = '\0';
}

static void put_caches(struct emitter *e, unsigned level)
{
	const struct who_counts *w = e->r->who;

	for (unsigned i = 0; i < w->nr_caches; i++) {
		char name[64];

		if (!w->cache[i].misses[level])
			continue;
		metric_part(w->cache[i].name, name, sizeof(name));
		put(e, "misses", (double)w->cache[i].misses[level], -1, "%s_misses_cache_%s",
		    sim_level_names[level], name);
	}
}

/* Of all caches' objects; and of each cache's, where there are several. */
static void put_lines(struct emitter *e, unsigned level)
{
	const struct who_counts *w = e->r->who;
	const char *name = sim_level_names[level];
	unsigned several = 0;

	for (unsigned i = 0; i < w->nr_caches; i++)
		several += w->cache[i].misses[level] != 0;
	for (unsigned l = 0; l < WHO_LINES; l++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < w->nr_caches; i++) {
			uint64_t n = w->cache[i].line[level][l];
			char cache[64];

			sum += n;
			if (!n || several < 2)
				continue;
			metric_part(w->cache[i].name, cache, sizeof(cache));
			put(e, "misses", (double)n, -1, "%s_cache_%s_line_%u", name, cache, l);
		}
		if (sum)
			put(e, "misses", (double)sum, -1, "%s_object_line_%u", name, l);
	}
}

/* In which sets a part of the slabs misses. */
static void put_part_sets(struct emitter *e, enum who_part part)
{
	const struct who_counts *w = e->r->who;
	unsigned used = 0, hot = 0;

	if (!w->part[SIM_L1D][part])
		return;
	for (unsigned i = 0; i < w->sets; i++) {
		used += w->set[part][i] != 0;
		if (w->set[part][i] > w->set[part][hot])
			hot = i;
	}
	put(e, "sets", used, -1, "l1d_%s_miss_sets", who_names[part]);
	put(e, "set", hot, -1, "l1d_%s_hot_set", who_names[part]);
	put(e, "misses", (double)w->set[part][hot], -1, "l1d_%s_hot_set_misses", who_names[part]);
}

static void put_who(struct emitter *e, unsigned level)
{
	const struct who_counts *w = e->r->who;

	if (!w)
		return;
	for (unsigned i = 0; i < WHO_NR; i++)
		put(e, "misses", (double)w->part[level][i], -1, "%s_misses_%s",
		    sim_level_names[level], who_names[i]);
	put_caches(e, level);
	put_lines(e, level);
	for (unsigned i = 0; i < MODEL_OPS; i++)
		put(e, "misses", (double)w->op[level][i], -1, "%s_op_%s", sim_level_names[level],
		    model_op_names[i]);
	for (unsigned i = 0; i < WHO_IN_SLAB && level == SIM_L1D; i++)
		put_part_sets(e, i);
}

/* ---- by set ---- */

struct set_sums {
	uint64_t misses;
	unsigned used, hot[HOT_SETS], nr_hot; /* hot: most misses first */
};

static void sum_sets(const uint64_t *accesses, const uint64_t *misses, unsigned n,
		     struct set_sums *s)
{
	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < n; i++) {
		unsigned at = s->nr_hot;

		s->misses += misses[i];
		s->used += accesses[i] != 0;
		if (!misses[i])
			continue;
		while (at && misses[s->hot[at - 1]] < misses[i])
			at--;
		if (at == HOT_SETS)
			continue;
		if (s->nr_hot < HOT_SETS)
			s->nr_hot++;
		memmove(&s->hot[at + 1], &s->hot[at], (s->nr_hot - 1 - at) * sizeof(s->hot[0]));
		s->hot[at] = i;
	}
}

/* Sets from @first on, as one row: the sum of their misses, and in the note each one's accesses and misses. */
static void put_row_of_sets(struct emitter *e, const char *name, const uint64_t *accesses,
			    const uint64_t *misses, unsigned first, unsigned n)
{
	unsigned end = n - first < SETS_OF_A_ROW ? n : first + SETS_OF_A_ROW, i;
	char list[SETS_OF_A_ROW * 54];
	const char *note = e->note;
	uint64_t sum = 0;
	size_t len = 0;

	*list = '\0';
	for (i = first; i < end; i++) {
		if (!accesses[i])
			continue;
		sum += misses[i];
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%u:%" PRIu64 ":%" PRIu64,
					len ? " " : "", i, accesses[i], misses[i]);
	}
	if (!len && first)
		return; /* the first one says that they were counted */
	e->note = list;
	put(e, "misses", (double)sum, -1, "%s_sets_%u_%u", name, first, first + SETS_OF_A_ROW - 1);
	e->note = note;
}

static void put_sets(struct emitter *e, unsigned level)
{
	const char *name = sim_level_names[level];
	const struct model_params *o = e->r->params;
	const uint64_t *accesses, *misses;
	struct set_sums s;
	unsigned n;

	if (!o->who && !o->sets)
		return; /* they were not counted */
	n = sim_sets(e->r->sim, level, &accesses, &misses);
	if (!n)
		return;
	sum_sets(accesses, misses, n, &s);
	put(e, "sets", n, -1, "%s_sets", name);
	put(e, "sets", s.used, -1, "%s_sets_used", name);
	put(e, "1", s.nr_hot ? (double)misses[s.hot[0]] / (double)s.misses : 0, -1,
	    "%s_sets_max_share", name);
	for (unsigned i = 0; i < s.nr_hot; i++) {
		put(e, "set", s.hot[i], -1, "%s_hot_set_%u", name, i + 1);
		put(e, "misses", (double)misses[s.hot[i]], -1, "%s_hot_set_%u_misses", name, i + 1);
	}
	for (unsigned i = 0; o->sets && i < n; i += SETS_OF_A_ROW)
		put_row_of_sets(e, name, accesses, misses, i, n);
}

/* ---- by node ---- */

static void put_nodes(struct emitter *e, unsigned level)
{
	const struct mt_target *t = e->r->target;

	for (unsigned node = 0; node < t->nodes && t->nodes > 1; node++) {
		uint64_t sum = 0;

		for (unsigned cpu = 0; cpu < t->cpus; cpu++) {
			struct sim_counts n;

			if (t->node_of[cpu] != node)
				continue;
			sim_counts(e->r->sim, (int)cpu, &n);
			sum += n.misses[level];
		}
		put(e, "misses", (double)sum, -1, "%s_misses_node_%u", sim_level_names[level],
		    node);
	}
}

static void put_traffic(struct emitter *e, const struct sim_counts *n)
{
	const struct mt_target *t = e->r->target;
	uint64_t traffic[MT_NODES][MT_NODES];

	put(e, "lines", (double)n->local, -1, "local_fills");
	put(e, "lines", (double)n->remote, -1, "remote_fills");
	put(e, "lines", (double)n->local / e->ops, -1, "local_fills_per_op");
	put(e, "lines", (double)n->remote / e->ops, -1, "remote_fills_per_op");
	put(e, "lines", (double)n->cache_local, -1, "cache_local");
	put(e, "lines", (double)n->cache_remote, -1, "cache_remote");
	put(e, "lines", (double)n->invalidations, -1, "invalidations");
	put(e, "lines", (double)n->upgrades, -1, "upgrades");
	put(e, "lines", (double)n->interventions, -1, "interventions");
	if (t->nodes < 2)
		return;
	sim_traffic(e->r->sim, traffic);
	for (unsigned i = 0; i < t->nodes; i++)
		for (unsigned j = 0; j < t->nodes; j++)
			put(e, "lines", (double)traffic[i][j], -1, "traffic_%u_%u", i, j);
}

/* ---- the engine, on the modelled machine ---- */

static const struct {
	const char *name, *unit;
	size_t offset;
} engine_rows[] = {
#define ROW(field, unit)                                              \
	{                                                             \
#field, unit, offsetof(struct kmem_cache_info, field) \
	}
	ROW(refills, "1"),	     ROW(refills_shared, "1"),	  ROW(flushes, "1"),
	ROW(flushes_shared, "1"),    ROW(grown, "slabs"),	  ROW(reaped, "slabs"),
	ROW(node_allocs, "objects"), ROW(fallbacks, "1"),	  ROW(remote_frees, "objects"),
	ROW(alien_overflow, "1"),    ROW(lock_acquisitions, "1"),
#undef ROW
};

static void put_engine(struct emitter *e)
{
	const struct kmem_cache_info *at = e->r->engine;

	for (size_t i = 0; e->r->have_engine && i < sizeof(engine_rows) / sizeof(*engine_rows);
	     i++) {
		uint64_t v[2];

		for (int k = 0; k < 2; k++)
			memcpy(&v[k], (const char *)&e->r->engine[k] + engine_rows[i].offset,
			       sizeof(v[k]));
		put(e, engine_rows[i].unit, (double)(v[1] - v[0]), -1, "slab_%s",
		    engine_rows[i].name);
	}
	if (e->r->have_engine)
		put(e, "1", (double)(at[1].lock_acquisitions - at[0].lock_acquisitions) / e->ops,
		    -1, "slab_lock_acquisitions_per_op");
}

/* ---- the whole ---- */

/* Of all accesses that were simulated, those that the workload says wait for the one in front. */
static double waiting_share(const struct emitter *e, const struct wl_cost *cost)
{
	double share = e->r->refs ? cost->waiting * e->ops / (double)e->r->refs : 0;

	return share < 1 ? share : 1;
}

static void put_time(struct emitter *e, const struct wl_cost *cost)
{
	const struct {
		const char *name;
		double waiting;
	} row[] = {
		{ "memory_time_per_op", waiting_share(e, cost) },
		{ "memory_time_waiting_per_op", 1 },
		{ "memory_time_overlapped_per_op", 0 },
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(*row); i++) {
		double ns = sim_memory_time(e->r->sim, -1, row[i].waiting) / e->ops;
		char metric[64];

		snprintf(metric, sizeof(metric), "model.%s", row[i].name);
		if (isnan(ns))
			value_put_unavailable(
				e->out, metric, "ns", "model",
				"the target's latencies are not all known: name one that has them, or fill gaps with model_fill");
		else
			put(e, "ns", ns, -1, "%s", row[i].name);
	}
}

static void put_workers(struct emitter *e, const struct collect_ctx *c)
{
	for (unsigned i = 0; i < c->workers && c->workers > 1; i++) {
		struct sim_counts n;

		sim_counts(e->r->sim, (int)c->env->worker[i].cpu, &n);
		for (unsigned level = 0; level < SIM_LEVELS; level++)
			if (has_level(e->r->target, level))
				put(e, "misses", (double)n.misses[level] / (double)c->worker_ops,
				    (int)i, "%s_misses_per_op", sim_level_names[level]);
	}
}

void model_emit(struct collect_ctx *c, const struct model_result *r, struct value_sink *out)
{
	struct emitter e = { .out = out, .r = r, .ops = c->ops ? (double)c->ops : NAN };
	struct sim_counts n;

	make_note(&e, c->env->seed);
	sim_counts(r->sim, -1, &n);
	for (unsigned level = 0; level < SIM_LEVELS; level++) {
		if (!has_level(r->target, level))
			continue;
		put_level(&e, level, &n, -1, e.ops);
		put_kinds(&e, level, &n);
		put_nodes(&e, level);
		put_who(&e, level);
		if (is_cache(level))
			put_sets(&e, level);
	}
	put(&e, "accesses", (double)r->refs, -1, "refs");
	put_traffic(&e, &n);
	put_engine(&e);
	put_time(&e, &c->cost);
	put_workers(&e, c);
}

void model_emit_unavailable(struct value_sink *out, const char *why)
{
	static const char *const lines[] = { "model.l1d_misses", "model.l1d_misses_per_op" };

	for (unsigned i = 0; i < 2; i++)
		value_put_unavailable(out, lines[i], "misses", "model", why);
	value_put_unavailable(out, "model.memory_time_per_op", "ns", "model", why);
}
