/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_COLLECTOR_H
#define SLABSCOPE_COLLECTOR_H

/*
 * A collector: what measures. One file, one const struct collector, one line in collectors.def.
 *
 * Calls of one trial:
 *	open        main thread, before the workers start
 *	passes      main thread, after open: how often the region has to be run for all that was asked
 *	            of this collector (sets of counters that do not fit at the same time)
 *	thread_open each worker, after pinning, before warm-up (counters are opened by the thread
 *	            that they count)
 *	start/stop  main thread, just outside the workers' regions; the workers stand still
 *	thread_start/thread_stop  each worker, just around its measured steps. Started in the order
 *	            asked for (`collect=rusage,time`), stopped in the reverse: the last one is
 *	            nearest the region
 *	emit        main thread, after verify: values out, and flags: whether the trial can be believed
 *	close       always, also after a failed open
 *
 * The region is run as often as the collector with the most passes wants, each time with the same
 * number of operations; ctx->pass counts from 0. start, thread_start, thread_stop and stop are called
 * in pass 0 for every collector, in a later pass only for those that asked for so many.
 *
 * A collector with own_passes is in the way of others, so it gets passes to itself: they come after
 * all others', nobody else takes part in them, and it takes part in no other.
 *
 * Any hook may be NULL. A collector that cannot measure here does not fail: it opens, and emits its
 * metrics as unavailable with the reason. open and thread_open fail only for what makes the trial
 * worthless (-ENOMEM).
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/opt.h"
#include "workloads/workload.h"

enum value_state { VALUE_EXACT, VALUE_SCALED, VALUE_UNAVAILABLE };
extern const char *const value_state_names[]; /* "exact", "scaled", "unavailable", NULL */

/* One measured number, or the word that there is none. */
struct value {
	const char *metric; /* "time.ns_per_op": no blanks */
	double value;	    /* meaningless when unavailable */
	const char *unit;   /* "ns", "ops", "bytes", "1": no blanks */
	enum value_state state;
	double share;	    /* scaled: share of time that it counted, 0..1 */
	const char *source; /* hardware, software, kernel, placement, model, engine, clock */
	int worker;	    /* -1: whole trial */
	const char *note; /* unavailable: reason, errno, remedy; else NULL or a remark; one line */
};

/* What a collector found about the trial as a whole. The values are kept, and not counted. */
enum trial_flag {
	FLAG_INVALID, /* it is not what was asked for: pages elsewhere */
	FLAG_DISTURBED, /* something else was in the way, by a rule fixed beforehand: it is repeated */
};
extern const char *const trial_flag_names[]; /* "invalid", "disturbed", NULL */

/* Where values and flags go; the runner's. */
struct value_sink {
	void (*put)(struct value_sink *s, const struct value *v);
	void (*flag)(struct value_sink *s, enum trial_flag flag, const char *reason); /* one line */
};

void value_put(struct value_sink *s, const char *metric, double value, const char *unit,
	       const char *source, int worker);
void value_put_unavailable(struct value_sink *s, const char *metric, const char *unit,
			   const char *source, const char *note);

struct collect_ctx {
	struct wl_env *env;
	const struct workload *wl;
	unsigned workers;
	uint64_t worker_ops; /* operations of each worker in the measured region; valid in emit */
	uint64_t ops;	     /* of all workers together; valid in emit */
	struct wl_cost cost; /* valid in emit */
	const void *params; /* the collector's options, laid out as its opts say; NULL: it has none */
	unsigned pass;	    /* of the region that is about to run, runs, or was run last */
	void *priv;	    /* the collector's, one per trial */
};

struct collector {
	const char *name, *help;
	/* May be NULL. Rows are named after the collector (`latency_every`), unique among all tables. */
	const struct opt *opts;
	size_t params_size;
	int (*validate)(const void *params, struct err *e); /* options together; may be NULL */
	bool own_passes;
	bool children; /* it also knows what programs did that the workload has launched. One that does not is left out of
			  trials of such a workload; there is a value of its name that says so */
	int (*open)(struct collect_ctx *c, struct err *e);
	unsigned (*passes)(struct collect_ctx *c); /* NULL: 1 */
	int (*thread_open)(struct collect_ctx *c, unsigned worker, struct err *e);
	void (*start)(struct collect_ctx *c);
	void (*thread_start)(struct collect_ctx *c, unsigned worker);
	void (*thread_stop)(struct collect_ctx *c, unsigned worker);
	void (*stop)(struct collect_ctx *c);
	void (*emit)(struct collect_ctx *c, struct value_sink *s);
	void (*close)(struct collect_ctx *c);
};

extern const struct collector *const collectors[]; /* NULL ends */
extern const unsigned nr_collectors;
const struct collector *collector_find(const char *name); /* '-' and '_' are the same */
/* The row of option @name of any collector, and which one (@at, may be NULL: its index); or NULL. */
const struct opt *collector_option(const char *name, unsigned *at);

#endif
