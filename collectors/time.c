/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * time: how long the region took, by three clocks: CLOCK_MONOTONIC, the CPU's tick counter (which
 * is time and not core cycles, hence its name in the metric), and the thread's CPU time (what of it
 * was spent running).
 *
 * Whole-trial values: ns_per_op is the time of all workers over the operations of all workers, so
 * it compares with a worker's own; ops_per_s is what they did together from the first start to the
 * last stop. Nothing is subtracted: the cost of the clock is a value of its own.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/collector.h"
#include "lib/clock.h"

struct stamps {
	uint64_t cpu[2], ns[2], ticks[2];
	int cpu_error; /* errno, when the thread's clock could not be read */
} __attribute__((aligned(256)));

struct time_priv {
	struct clock_facts facts;
	struct stamps *worker;
};

static int time_open(struct collect_ctx *c, struct err *e)
{
	struct time_priv *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = t;
	t->worker = aligned_alloc(_Alignof(struct stamps), c->workers * sizeof(*t->worker));
	if (!t->worker)
		return err_set(e, -ENOMEM, "no memory for %u workers", c->workers);
	memset(t->worker, 0, c->workers * sizeof(*t->worker));
	clock_measure(&t->facts, 10);
	return 0;
}

static uint64_t thread_cpu_ns(struct stamps *s)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t)) {
		s->cpu_error = errno;
		return 0;
	}
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The dearest clock is outermost, the ticks are nearest the region. */
static void time_thread_start(struct collect_ctx *c, unsigned worker)
{
	struct stamps *s = &((struct time_priv *)c->priv)->worker[worker];

	s->cpu[0] = thread_cpu_ns(s);
	s->ns[0] = clock_ns();
	s->ticks[0] = clock_ticks_begin();
}

static void time_thread_stop(struct collect_ctx *c, unsigned worker)
{
	struct stamps *s = &((struct time_priv *)c->priv)->worker[worker];

	s->ticks[1] = clock_ticks_end();
	s->ns[1] = clock_ns();
	s->cpu[1] = thread_cpu_ns(s);
}

struct sums {
	uint64_t ns, ticks, cpu, first, last;
	double ops;
	int cpu_error;
};

/* ns, ticks and CPU time of @ops operations, of one worker or (-1) of all together. */
static void emit_per_op(const struct time_priv *t, const struct sums *s, int worker,
			struct value_sink *out)
{
	char name[64];

	value_put(out, "time.ns_per_op", (double)s->ns / s->ops, "ns", "clock", worker);
	snprintf(name, sizeof(name), "time.%s_ticks_per_op", t->facts.ticks_source);
	value_put(out, name, (double)s->ticks / s->ops, "ticks", "clock", worker);
	if (!s->cpu_error) {
		value_put(out, "time.cpu_ns_per_op", (double)s->cpu / s->ops, "ns", "kernel",
			  worker);
	} else if (worker < 0) {
		snprintf(name, sizeof(name), "CLOCK_THREAD_CPUTIME_ID: %s", strerror(s->cpu_error));
		value_put_unavailable(out, "time.cpu_ns_per_op", "ns", "kernel", name);
	}
	value_put(out, "time.region_ns", worker < 0 ? (double)(s->last - s->first) : (double)s->ns,
		  "ns", "clock", worker);
}

static void emit_clock(const struct time_priv *t, struct value_sink *out)
{
	char name[64];

	value_put(out, "time.clock_cost_ns", t->facts.ns_cost, "ns", "clock", -1);
	snprintf(name, sizeof(name), "time.clock_cost_%s_ticks", t->facts.ticks_source);
	value_put(out, name, t->facts.ticks_cost, "ticks", "clock", -1);
	snprintf(name, sizeof(name), "time.%s_ticks_per_ns", t->facts.ticks_source);
	value_put(out, name, t->facts.ticks_per_ns, "1/ns", "clock", -1);
	snprintf(name, sizeof(name), "time.%s_step_ticks", t->facts.ticks_source);
	value_put(out, name, t->facts.ticks_step, "ticks", "clock", -1);
}

static void time_emit(struct collect_ctx *c, struct value_sink *out)
{
	const struct time_priv *t = c->priv;
	struct sums all = { .first = UINT64_MAX };

	for (unsigned i = 0; i < c->workers; i++) {
		const struct stamps *s = &t->worker[i];
		struct sums one = {
			.ns = s->ns[1] - s->ns[0],
			.ticks = s->ticks[1] - s->ticks[0],
			.cpu = s->cpu[1] - s->cpu[0],
			.ops = (double)c->worker_ops,
			.cpu_error = s->cpu_error,
		};

		all.ns += one.ns;
		all.ticks += one.ticks;
		all.cpu += one.cpu;
		all.ops += one.ops;
		if (one.cpu_error)
			all.cpu_error = one.cpu_error;
		all.first = s->ns[0] < all.first ? s->ns[0] : all.first;
		all.last = s->ns[1] > all.last ? s->ns[1] : all.last;
		if (c->workers > 1)
			emit_per_op(t, &one, (int)i, out);
	}
	emit_per_op(t, &all, -1, out);
	if (all.last > all.first)
		value_put(out, "time.ops_per_s", all.ops * 1e9 / (double)(all.last - all.first),
			  "1/s", "clock", -1);
	else
		value_put_unavailable(
			out, "time.ops_per_s", "1/s", "clock",
			"the region was shorter than a step of the clock: ask for more operations");
	emit_clock(t, out);
}

static void time_close(struct collect_ctx *c)
{
	struct time_priv *t = c->priv;

	if (!t)
		return;
	free(t->worker);
	free(t);
	c->priv = NULL;
}

const struct collector collector_time = {
	.name = "time",
	.help = "nanoseconds, ticks and CPU time per operation, and what the clock costs",
	.children = true,
	.open = time_open,
	.thread_start = time_thread_start,
	.thread_stop = time_thread_stop,
	.emit = time_emit,
	.close = time_close,
};
