/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SAMPLE_SOURCE_H
#define SLABSCOPE_SAMPLE_SOURCE_H

/*
 * What gives samples with a data address, and how this machine wants to be asked for it.
 *
 *	page-faults, minor-faults, major-faults  software, everywhere: each first touch of a page
 *	loads   Intel: PEBS with a latency threshold, as sysfs describes it (`mem-loads`, and where there
 *	        is one the leader `mem-loads-aux`)
 *	stores  Intel: `mem-stores`
 *	ibs     AMD: `ibs_op`, tagged operations; it cannot tell user from kernel
 *
 * Arm's SPE writes packets that perf decodes: not here (perfctl_mode=mem).
 */

#include "collectors/perf/event.h"
#include "collectors/perf/sys.h"
#include "lib/hostfs.h"

enum sample_event {
	SAMPLE_AUTO, /* loads, else ibs, else page-faults: the first that opens */
	SAMPLE_PAGE_FAULTS,
	SAMPLE_MINOR_FAULTS,
	SAMPLE_MAJOR_FAULTS,
	SAMPLE_LOADS,
	SAMPLE_STORES,
	SAMPLE_IBS,
};
extern const char *const sample_event_names[]; /* options' names; NULL ends */

struct sample_source {
	enum sample_event which;
	const char *word;   /* in metrics: "page_faults" */
	const char *source; /* of values: "software", "hardware" */
	struct perf_event event, leader;
	bool has_leader;
	uint64_t sample_type, period;
	enum perf_side side;
};

/* @period 0: the default; @ldlat: cycles above which a load is sampled. 0; or -errno and @why: this
 * machine has none. @which is not SAMPLE_AUTO. */
int sample_source_describe(enum sample_event which, uint64_t period, unsigned ldlat,
			   const struct hostfs *h, struct sample_source *out,
			   struct perf_refusal *why);

/* Opens it disabled for the calling thread: faults on user and kernel side, or on the user's alone where
 * no more is allowed (then ->side says so); loads and stores on the user's. The event's descriptor, and in *leader the leader's or -1; or -errno
 * and @why. */
int sample_source_open(struct sample_source *s, const struct perf_sys *sys,
		       const struct perf_place *place, int *leader, struct perf_refusal *why);

#endif
