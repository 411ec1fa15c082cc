/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_WANT_H
#define SLABSCOPE_PERF_WANT_H

/*
 * What was asked for: "default,l2-misses,skx::L1D:REPLACEMENT" as quantities with their candidates.
 *
 * A name is a quantity's, a group's (in a group, machine-wide quantities are passed over: the
 * collector `uncore` counts them), or an expression. Commas part names, except between two slashes
 * ("cpu/event=0x51,umask=1/") and between double quotes.
 */

#include "collectors/perf/choose.h"

#define PERF_WANTS_MAX 64
#define PERF_METRIC_MAX 64
#define PERF_ASKED_MAX 256

struct perf_want {
	char metric[PERF_METRIC_MAX]; /* "l1d_misses"; of its own: "r1_r2", "r1_r2_2" */
	char asked[PERF_ASKED_MAX];   /* "l1d-misses", "skx::L1D:REPLACEMENT" */
	char quantity[48];	      /* "l1d-misses"; "" for an expression */
	char unit[24];
	bool per_op; /* a count, which can be divided by operations */
	bool extra;  /* nobody asked: it goes along in each set */
	struct ev_candidate *cand;
	unsigned nr;		 /* candidates */
	struct perf_refusal why; /* when there is none */
};

struct perf_wants {
	struct perf_want want[PERF_WANTS_MAX];
	unsigned nr;
};

/* @host may be NULL: then names are checked, as far as is possible without, and no candidates
 * sought. -EINVAL and which name is wrong; perf_wants_release() is due either way. */
int perf_wants_read(struct perf_wants *w, const struct ev_db *db, const struct ev_host *host,
		    const char *text, struct err *e);
void perf_wants_release(struct perf_wants *w);

/* "skx::L1D:REPLACEMENT" -> "skx_l1d_replacement" */
void perf_metric_name(char *out, size_t len, const char *text);

#endif
