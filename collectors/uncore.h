/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_UNCORE_H
#define SLABSCOPE_UNCORE_H

/*
 * What the collector `uncore` does, below its hooks: counts machine-wide quantities on the PMUs of
 * memory controllers, links and shared caches. All that it asks of the kernel comes as arguments.
 *
 * Everything that runs on the machine is counted. What an idle moment before the trial counted is
 * reported beside it (`uncore.X_baseline_per_s`), and never subtracted.
 */

#include "collectors/collector.h"
#include "collectors/perf/choose.h"
#include "collectors/perf/group.h"
#include "collectors/perf/sys.h"

struct uncore_params {
	char quantities[OPT_STR_MAX]; /* names and groups */
	unsigned baseline_ms;	      /* 0: none */
	unsigned boxes;		      /* also each PMU's own numbers */
};

#define UNCORE_QUANTITIES_MAX 16
#define UNCORE_SOCKETS_MAX 64

struct uncore_box {
	struct perf_group group;
	double factor;
	char device[64];
	int cpu, socket; /* -1: sysfs does not say */
};

struct uncore_quantity {
	const struct ev_quantity *quantity;
	struct ev_candidate cand;
	struct uncore_box *box; /* [nr]; NULL: it is not counted */
	unsigned nr;
	struct perf_refusal why;
	struct perf_count baseline;
	double baseline_s; /* how long it was */
};

struct uncore {
	const struct perf_sys *sys;
	struct hostfs fs;
	struct perf_place place;
	struct ev_host *host;
	struct uncore_params params;
	struct uncore_quantity q[UNCORE_QUANTITIES_MAX];
	unsigned nr;
	uint64_t begin, end; /* ns */
	bool whole_nodes;    /* each socket is one node */
	int node_of[UNCORE_SOCKETS_MAX];
};

/* -EINVAL for a name that is no machine-wide quantity. What cannot be counted is no failure: emit
 * says why. */
int uncore_open(struct uncore **u, const struct uncore_params *o, const struct ev_db *db,
		const struct perf_sys *sys, const struct hostfs *fs, struct err *e);
void uncore_start(struct uncore *u);
void uncore_stop(struct uncore *u);
void uncore_emit(const struct uncore *u, struct value_sink *s);
void uncore_close(struct uncore *u);

/* Of the boxes of @socket (-1: all), and of @device on @cpu (NULL: all). */
void uncore_sum(const struct uncore_quantity *q, int socket, const char *device, int cpu,
		struct perf_count *sum);

/* Checks the names alone. */
int uncore_names_check(const char *names, const struct ev_db *db, struct err *e);

#endif
