/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * latency: how long single operations take. One in `latency_every` allocs, frees and visits is put
 * between two fenced reads of the tick counter (workloads/timed.h), into one histogram for each kind
 * and worker (lib/histogram.h); out come quantiles, with how many operations they rest on.
 *
 * It runs the region once more, by itself: the other collectors measure steps without time stamps,
 * so their figures do not change. What it does to the region is a figure too: latency.ns_per_op
 * against time.ns_per_op.
 *
 * All times are as read, with two reads of the counter in them, and nothing is subtracted: what an
 * empty pair reads as on the worker's CPU stands beside them, its tail included. That tail is
 * interrupts and whatever else stops the CPU; the region's tail has it too.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/collector.h"
#include "lib/clock.h"
#include "workloads/timed.h"

#define EMPTY_PAIRS 10000

enum latency_ops { OPS_ALL, OPS_ALLOC, OPS_FREE, OPS_VISIT };
static const char *const ops_names[] = { "all", "alloc", "free", "visit", NULL };

struct latency_params {
	uint64_t every;
	unsigned ops;
};

static const struct opt latency_opts[] = {
	{ .name = "latency_every",
	  .type = OPT_U64,
	  .offset = offsetof(struct latency_params, every),
	  .min = 1,
	  .max = UINT64_C(1) << 32,
	  .unit = "operations",
	  .def = "64",
	  .help = "one operation in so many is timed, at random distances; 1: each one" },
	{ .name = "latency_ops",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct latency_params, ops),
	  .names = ops_names,
	  .def = "all",
	  .help = "which operations are timed" },
	{ .name = NULL },
};

/* One worker's, in its own memory. */
struct latency_worker {
	struct wl_timer timer;
	struct hist cost; /* of empty pairs */
	uint64_t ns[2];
};

struct latency_priv {
	struct clock_facts facts;
	struct hist sum; /* of all workers, while a figure is made */
	struct latency_worker *worker[];
};

static int latency_open(struct collect_ctx *c, struct err *e)
{
	struct latency_priv *p = calloc(1, sizeof(*p) + c->workers * sizeof(p->worker[0]));

	if (!p)
		return err_set(e, -ENOMEM, "no memory for %u workers", c->workers);
	c->priv = p;
	clock_measure(&p->facts, 10);
	return 0;
}

static unsigned asked(const struct latency_params *p)
{
	switch (p->ops) {
	case OPS_ALLOC:
		return 1u << WL_ALLOC;
	case OPS_FREE:
		return 1u << WL_FREE;
	case OPS_VISIT:
		return 1u << WL_VISIT;
	default:
		return 1u << WL_ALLOC | 1u << WL_FREE | 1u << WL_VISIT;
	}
}

/* By the worker, so that its histograms lie on its node. */
static int latency_thread_open(struct collect_ctx *c, unsigned worker, struct err *e)
{
	const struct latency_params *params = c->params;
	struct latency_priv *p = c->priv;
	struct latency_worker *l = aligned_alloc(_Alignof(struct latency_worker), sizeof(*l));
	uint64_t seed = c->env->seed ^ UINT64_C(0x6c6174656e6379) ^ (uint64_t)worker << 56;

	if (!l)
		return err_set(e, -ENOMEM, "no memory for histograms of %zu bytes", sizeof(*l));
	p->worker[worker] = l;
	memset(l, 0, sizeof(*l));
	wl_timer_init(&l->timer, params->every, asked(params), rng_splitmix64(&seed));
	wl_timer_clock_cost(&l->cost, EMPTY_PAIRS / 10); /* the first ones find cold caches */
	hist_reset(&l->cost);
	wl_timer_clock_cost(&l->cost, EMPTY_PAIRS);
	return 0;
}

static void latency_thread_start(struct collect_ctx *c, unsigned worker)
{
	struct latency_worker *l = ((struct latency_priv *)c->priv)->worker[worker];

	c->env->worker[worker].timing = &l->timer;
	l->ns[0] = clock_ns();
}

static void latency_thread_stop(struct collect_ctx *c, unsigned worker)
{
	struct latency_worker *l = ((struct latency_priv *)c->priv)->worker[worker];

	l->ns[1] = clock_ns();
	c->env->worker[worker].timing = NULL;
}

/* ---- what came out ---- */

/* A quantile is given where more values lie beyond it than one: of more than 1 / (1 - q). Quantiles are
 * multiples of the clock's step; what is shorter shows in the mean only. */
static const struct quantile {
	const char *name;
	uint64_t num, den; /* den 0: the mean */
	uint64_t above;	   /* given for more values than this */
} quantiles[] = {
	/* clang-format off */
	{ "p50", 1, 2, 2 },
	{ "p90", 9, 10, 10 },
	{ "p99", 99, 100, 100 },
	{ "p999", 999, 1000, 1000 },
	{ "max", 1, 1, 0 },
	{ "mean", 0, 0, 0 },
	/* clang-format on */
};
#define NR_QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

static void put_ns(const struct latency_priv *p, struct value_sink *out, const char *metric,
		   double ticks, int worker, const char *note)
{
	struct value v = {
		.metric = metric,
		.value = clock_ticks_ns(&p->facts, ticks),
		.unit = "ns",
		.state = VALUE_EXACT,
		.share = 1,
		.source = "clock",
		.worker = worker,
		.note = note,
	};

	out->put(out, &v);
}

/* Quantiles of one kind of operation from @h; of a single worker only those that it has values for. */
static void emit_quantiles(const struct latency_priv *p, struct value_sink *out, const char *kind,
			   const struct hist *h, int worker)
{
	char name[64], note[160];

	for (unsigned i = 0; i < NR_QUANTILES; i++) {
		const struct quantile *q = &quantiles[i];

		snprintf(name, sizeof(name), "latency.%s_%s", kind, q->name);
		if (h->count > q->above) {
			put_ns(p, out, name,
			       q->den ? (double)hist_quantile(h, q->num, q->den) : hist_mean(h),
			       worker, NULL);
			continue;
		}
		snprintf(note, sizeof(note),
			 "%" PRIu64 " timed, needs more than %" PRIu64
			 ": ask for more ops, or a smaller latency_every",
			 h->count, q->above);
		if (worker < 0)
			value_put_unavailable(out, name, "ns", "clock", note);
	}
	snprintf(name, sizeof(name), "latency.%s_count", kind);
	value_put(out, name, (double)h->count, "1", "clock", worker);
}

/* The workload's steps have no such operation. */
static void emit_none(struct collect_ctx *c, struct value_sink *out, const char *kind)
{
	char name[64], note[160];

	snprintf(note, sizeof(note), "%s does no %s in the measured region", c->wl->name, kind);
	for (unsigned i = 0; i < NR_QUANTILES; i++) {
		snprintf(name, sizeof(name), "latency.%s_%s", kind, quantiles[i].name);
		value_put_unavailable(out, name, "ns", "clock", note);
	}
}

static void emit_kind(struct collect_ctx *c, struct value_sink *out, enum wl_op op,
		      const char *kind)
{
	struct latency_priv *p = c->priv;

	hist_reset(&p->sum);
	for (unsigned i = 0; i < c->workers; i++) {
		const struct hist *h = &p->worker[i]->timer.hist[op];

		hist_merge(&p->sum, h);
		if (c->workers > 1)
			emit_quantiles(p, out, kind, h, (int)i);
	}
	emit_quantiles(p, out, kind, &p->sum, -1);
}

static void emit_clock(struct collect_ctx *c, struct value_sink *out)
{
	const struct latency_params *params = c->params;
	struct latency_priv *p = c->priv;
	const struct hist *h = &p->sum;

	hist_reset(&p->sum);
	for (unsigned i = 0; i < c->workers; i++)
		hist_merge(&p->sum, &p->worker[i]->cost);
	put_ns(p, out, "latency.clock_cost_min", (double)h->min, -1, NULL);
	put_ns(p, out, "latency.clock_cost_p50", (double)hist_quantile(h, 1, 2), -1,
	       "an empty pair of reads; it is in every latency figure, nothing is subtracted");
	put_ns(p, out, "latency.clock_cost_mean", hist_mean(h), -1, NULL);
	put_ns(p, out, "latency.clock_cost_p999", (double)hist_quantile(h, 999, 1000), -1, NULL);
	put_ns(p, out, "latency.clock_step", p->facts.ticks_step, -1,
	       p->facts.constant ?
		       "quantiles are multiples of it; smaller differences show in means only" :
		       "quantiles are multiples of it; the counter's rate may vary with the core's");
	value_put(out, "latency.every", (double)params->every, "1", "clock", -1);
}

/* What the region took with the time stamps in it. */
static void emit_region(struct collect_ctx *c, struct value_sink *out)
{
	struct latency_priv *p = c->priv;
	struct value v = {
		.metric = "latency.ns_per_op",
		.unit = "ns",
		.state = VALUE_EXACT,
		.share = 1,
		.source = "clock",
		.worker = -1,
		.note = "of the pass with time stamps, for comparison with time.ns_per_op, which is of one without",
	};
	uint64_t ns = 0, backwards = 0;
	char reason[128];

	for (unsigned i = 0; i < c->workers; i++) {
		ns += p->worker[i]->ns[1] - p->worker[i]->ns[0];
		backwards += p->worker[i]->timer.backwards;
	}
	v.value = (double)ns / (double)c->ops;
	out->put(out, &v);
	if (!backwards)
		return;
	snprintf(reason, sizeof(reason),
		 "latency: the tick counter went backwards during %" PRIu64 " operations",
		 backwards);
	out->flag(out, FLAG_INVALID, reason);
}

static void latency_emit(struct collect_ctx *c, struct value_sink *out)
{
	const struct {
		const char *name;
		double per_op;
	} kinds[WL_OPS] = {
		[WL_ALLOC] = { "alloc", c->cost.allocs },
		[WL_FREE] = { "free", c->cost.frees },
		[WL_VISIT] = { "visit", c->cost.visits },
	};

	/* those that there are come first: the first metric is what a table shows by default */
	for (unsigned i = 0; i < WL_OPS; i++)
		if (asked(c->params) & 1u << i && kinds[i].per_op > 0)
			emit_kind(c, out, (enum wl_op)i, kinds[i].name);
	for (unsigned i = 0; i < WL_OPS; i++)
		if (asked(c->params) & 1u << i && kinds[i].per_op <= 0)
			emit_none(c, out, kinds[i].name);
	emit_region(c, out);
	emit_clock(c, out);
}

static void latency_close(struct collect_ctx *c)
{
	struct latency_priv *p = c->priv;

	if (!p)
		return;
	for (unsigned i = 0; i < c->workers; i++)
		free(p->worker[i]);
	free(p);
	c->priv = NULL;
}

const struct collector collector_latency = {
	.name = "latency",
	.help = "how long single allocs, frees and visits take: p50 to p99.9, and what the clock costs",
	.opts = latency_opts,
	.params_size = sizeof(struct latency_params),
	.own_passes = true,
	.open = latency_open,
	.thread_open = latency_thread_open,
	.thread_start = latency_thread_start,
	.thread_stop = latency_thread_stop,
	.emit = latency_emit,
	.close = latency_close,
};
