/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_CLI_EVENTS_H
#define SLABSCOPE_CLI_EVENTS_H

/* What `slabscope events` shows: cmd_events.c asks, the other files answer. */

#include "collectors/perf/choose.h"
#include "collectors/perf/pick.h"

struct events_request {
	const char *pmu;   /* another CPU's; NULL: this machine */
	const char *files; /* --files */
	bool all_pmus, groups, lint, json;
	char *const *name; /* operands */
	int nr_names;
};

struct events {
	struct ev_db *db;
	struct ev_host *host;
	struct perf_place place;
	bool tries; /* events are opened: it is this machine and no other */
	const struct events_request *request;
};

/* One quantity with all that can be said of it. */
struct events_view {
	const struct ev_quantity *quantity;
	struct ev_candidate cand[EV_CANDIDATES_MAX];
	unsigned nr;
	struct perf_pick pick;	 /* if events are tried and there are candidates */
	struct perf_refusal why; /* nothing is counted, because */
	bool works;		 /* cand[chosen] opens; without trying: there are candidates */
	unsigned chosen;
};

void events_view(struct events_view *v, const struct events *s, const struct ev_quantity *q);

/* Each returns the exit status. */
int events_table(const struct events *s);
int events_quantity(const struct events *s, const struct ev_quantity *q);
int events_expression(const struct events *s, const char *text);
int events_pmus(const struct events *s);
int events_groups(const struct events *s);
int events_lint(const struct events_request *q);

/* What is printed for @c's codes: "0x151", "t=12 c=0x304", with " + " between; cut at @len. */
char *events_codes(const struct ev_candidate *c, char *buf, size_t len);

#endif
