/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_PLAN_H
#define SLABSCOPE_PERF_PLAN_H

/*
 * What is counted in which pass.
 *
 *	item	one quantity on one side: what becomes a metric
 *	set	events that are counted together, as one group; cycles and instructions are in each
 *		set of hardware events
 *	pass	one run of the region: one set of hardware events in each, and in the first also all
 *		software events, which take no counter
 *
 * How much fits into a set is found out by trial: a group that opens, and that is on the counters
 * all the time that it is enabled. What forms a ratio goes into one set; what does not fit as a whole
 * is taken apart, and an expression of more events than there are counters is counted in several
 * passes. With multiplexing, all sets are counted in one pass, and the kernel takes turns.
 */

#include "collectors/perf/group.h"
#include "collectors/perf/want.h"

#define PERF_SUFFIX_MAX 12

struct perf_item {
	char metric[PERF_METRIC_MAX + PERF_SUFFIX_MAX]; /* "l1d_misses_kernel" */
	char quantity[48];
	char unit[24];
	enum perf_side side;
	bool sideless, per_op, extra;
	bool counted;
	struct perf_refusal why;       /* not counted */
	struct perf_refusal preferred; /* ->error: a better candidate was refused so */
	struct ev_candidate cand;
	struct {
		unsigned set, event;
	} at[EV_TERMS_MAX]; /* of each term */
};

struct perf_set {
	enum perf_side side;
	bool software;
	unsigned pass;
	unsigned nr;
	struct perf_event event[PERF_GROUP_MAX];
};

enum perf_sides { PERF_SIDES_USER, PERF_SIDES_KERNEL, PERF_SIDES_BOTH, PERF_SIDES_SPLIT };

struct perf_plan {
	const struct perf_sys *sys;
	struct perf_place place;
	bool multiplex;
	bool inherit; /* the region forks, and its children do the work */
	/* formulas, NULL ends; they stay the database's. NULL: none. What one is made of is counted
	 * in one set if that can be. */
	const struct ev_derived *const *derived;
	struct perf_item *item;
	unsigned nr_items;
	struct perf_set *set;
	unsigned nr_sets;
	unsigned passes;
};

/* The quantities that a formula is made of. */
#define PERF_PARTS_MAX 8
struct perf_parts {
	char name[PERF_PARTS_MAX][48];
	unsigned nr;
	bool more; /* than fit in here */
};
void perf_parts_of(const struct ev_derived *d, struct perf_parts *out);

/* Tries on the calling thread. ->sys, ->place, ->multiplex, ->inherit and ->derived are the caller's. -ENOMEM
 * only: what cannot be counted is an item with a reason. perf_plan_release() is due either way. */
int perf_plan_make(struct perf_plan *p, const struct perf_wants *w, enum perf_sides sides,
		   struct err *e);
void perf_plan_release(struct perf_plan *p);

/* Where @s counts @ev, or -1. */
int perf_set_find(const struct perf_set *s, const struct perf_event *ev);

/* All events of all sets: descriptors that a worker needs. */
unsigned perf_plan_events(const struct perf_plan *p);

#endif
