/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_PERF_FAKE_H
#define SLABSCOPE_TESTS_PERF_FAKE_H

/*
 * A kernel that counts, for tests: a struct perf_sys whose PMU has as many counters as the test says,
 * counts what the test lets run, and fails where it is told to.
 *
 *	perf_fake_reset();		a healthy PMU with 6 counters of 48 bits, nobody else on it
 *	perf_fake.counters = 4; ...	what is to be different
 *	perf_group_open(&g, &perf_fake_sys, ...);
 *	perf_group_start(&g);
 *	perf_fake_run(1000);		1000 units of work, each a nanosecond long
 *	perf_group_stop(&g);		every event has counted 1000 x perf_fake_rate(event)
 *	perf_group_close(&g);
 *	perf_fake_leaks() == 0		nothing is left open or mapped
 *
 * Time stands still but for perf_fake_run() and `step`. There is one such kernel, for one thread.
 */

#include <stdbool.h>

#include "collectors/perf/event.h"
#include "collectors/perf/sys.h"

/* Opening what fits is refused. */
struct perf_fake_rule {
	int error;	 /* errno, positive; 0 ends a table */
	int type;	 /* -1: any */
	int64_t config;	 /* -1: any */
	int side;	 /* enum perf_side as attr says; -1: any */
	int only_member; /* 1: only behind a leader */
};

struct perf_fake {
	/* the PMU */
	unsigned counters; /* how many hardware events at once; a group with more: EINVAL */
	unsigned taken;	   /* by others, and not to be had: a pinned group fails, another waits */
	double share;	   /* of the time that unpinned groups are on the counters: 1 */
	unsigned pmc_width;
	uint64_t pmc_start;    /* what a counter holds when its event has counted nothing */
	bool rdpmc, user_time; /* what mapped pages allow */
	bool live; /* time is the CPU's own ticks, for code that waits and makes no call */

	/* refusals; errno values are positive, 0: none */
	const struct perf_fake_rule *rule;
	unsigned open_max; /* descriptors at once; then EMFILE */
	int enable_error, disable_error, read_error, mmap_error;
	unsigned enable_eintr, open_eintr, read_eintr; /* that many calls are interrupted first */
	unsigned read_from; /* read_error and read_bytes only from that call on; counted from 0 */
	int read_bytes;	    /* what a read gives; -1: all */
	uint64_t read_nr;   /* what it says the group's size is; 0: the truth */
	bool stopped;	    /* enabled, and never on a counter */
	uint64_t dead;	    /* bit n: raw event n opens, is on a counter, and counts nothing */
	unsigned lock_changes; /* next rdpmc's during which the page changes; ~0u: all */
	unsigned no_index;     /* next rdpmc's after which no counter is named; ~0u: all */
	uint64_t step;	       /* ns that pass with each call */

	/* what happened */
	unsigned opens, ioctls, reads, mmaps, rdpmcs;
	struct perf_event_attr last;
};

extern struct perf_fake perf_fake;
extern const struct perf_sys perf_fake_sys;

void perf_fake_reset(void); /* also forgets what is open */
void perf_fake_run(uint64_t units);
/* Let the first event of what is open count @n more, or less. */
void perf_fake_nudge(int64_t n);
/* Let running times jump by @ns. */
void perf_fake_warp(int64_t ns);
/* What one unit counts: another number for each event and side. */
double perf_fake_rate(uint32_t type, uint64_t config, enum perf_side side);
unsigned perf_fake_leaks(void); /* descriptors and pages */

#endif
