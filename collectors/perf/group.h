/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_GROUP_H
#define SLABSCOPE_PERF_GROUP_H

/*
 * Events that count together: one group, one thread (or one CPU), opened by the thread it counts.
 *
 *	perf_group_open     disabled
 *	perf_group_start    enable, first reading
 *	perf_group_stop     second reading, disable
 *	perf_group_result   the difference: number and state of each event
 *	perf_group_close
 *
 * Readings are of the values and of both times (enabled, running), and a result is their differences,
 * never totals. With d = differences between stop and start:
 *
 *	d.running == d.enabled > 0      exact
 *	0 < d.running < d.enabled       scaled: value x enabled / running, share = running / enabled
 *	d.running == 0                  unavailable: it was never on a counter
 *
 * Where the kernel lets the thread read its counters itself (rdpmc and the like, perf/userread.h), it
 * does; else read(2). How it was read is in ->how.
 */

#include "collectors/collector.h"
#include "collectors/perf/event.h"
#include "collectors/perf/sys.h"

#define PERF_GROUP_MAX 16
#define PERF_INTR_TRIES 100 /* of a call that signals interrupt */

struct perf_reading {
	uint64_t enabled, running; /* ns */
	uint64_t value[PERF_GROUP_MAX];
};

struct perf_group {
	const struct perf_sys *sys;
	unsigned nr;
	int fd[PERF_GROUP_MAX];	    /* [0]: the leader */
	void *page[PERF_GROUP_MAX]; /* mapped for user-space reads, or NULL */
	struct perf_event event[PERF_GROUP_MAX];
	enum perf_side side;
	const char *how; /* "rdpmc", "read"; "mixed": one reading so, the other so (comparable) */
	struct perf_reading at[2];
	int error[2]; /* of the two readings: 0 or -errno (-ENODATA: nothing, -EBADMSG: short) */
	const char *failed; /* what went wrong when there is an error: "enabling", ...; else NULL */
};

struct perf_count {
	double value; /* meaningless when unavailable */
	enum value_state state;
	double share;
	struct perf_refusal why; /* unavailable */
};

enum perf_group_flags {
	PERF_PINNED =
		1, /* no multiplexing; a group that does not fit reads as unavailable instead of scaled */
	PERF_INHERIT =
		2, /* also what the thread forks from now on, and whatever that becomes: counts of a child are in
			     once it has ended. Read by system call only. */
};

/* Where it counts: the calling thread wherever it runs, unless the events are CPU-wide. @flags: of enum
 * perf_group_flags. 0; or -errno with @why filled and nothing left open; *@bad (may be NULL) is the event that was
 * refused. */
int perf_group_open(struct perf_group *g, const struct perf_sys *sys, const struct perf_event *ev,
		    unsigned nr, enum perf_side side, unsigned flags, const struct perf_place *p,
		    struct perf_refusal *why, unsigned *bad);
void perf_group_start(struct perf_group *g);
void perf_group_stop(struct perf_group *g);
void perf_group_result(const struct perf_group *g, struct perf_count out[]);
/* One reading. 0 or -errno as in ->error; *@user (may be NULL): without a system call. */
int perf_group_read(const struct perf_group *g, struct perf_reading *r, bool *user);
void perf_group_close(struct perf_group *g); /* harmless on a zeroed or closed one */

/* Can @ev be opened here? Opens and closes it on the calling thread. 0 or -errno and @why. */
int perf_probe(const struct perf_sys *sys, const struct perf_event *ev, enum perf_side side,
	       const struct perf_place *p, struct perf_refusal *why);

#endif
