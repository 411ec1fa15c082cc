/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SAMPLE_REPORT_H
#define SLABSCOPE_SAMPLE_REPORT_H

/*
 * Values out of joined samples: sample.EVENT.WHAT, at most some 180 of them.
 *
 *	samples, counted, lost		kept; what the event counted; the difference
 *	PART, share_PART		samples per part of the allocator, and their share of all
 *	colour_N, colour_rest		of the workload's slabs, by colour
 *	slab_line_N			... by line from the slab's start
 *	object_line_N, field_N		of objects, by line and by byte offset
 *	node_N				by the slab's node, where there is more than one
 *	level_L, hitm, tlb_misses, latency_p50, latency_p99	where the event says so
 */

#include "collectors/collector.h"
#include "collectors/sample/join.h"
#include "collectors/sample/source.h"

struct sample_result {
	const struct sample_source *source;
	struct join_counts counts;
	uint64_t counted; /* by the event's own counter; NO_COUNT: it could not be read */
	uint64_t lost;	  /* that the ring had no room for */
	uint64_t throttled, malformed;
	uint64_t *latency; /* [nr_latency], sorted here */
	size_t nr_latency;
	unsigned slabs, slabs_lost;
	const char *remark; /* "" or what is to be known of all of them */
};
#define SAMPLE_NO_COUNT UINT64_MAX

/* @no_slabs: "" or why there are only samples and no parts. */
void sample_report(struct sample_result *r, const struct join_map *m, const char *no_slabs,
		   struct value_sink *out);
void sample_report_unavailable(const char *event, const char *source, const char *why,
			       struct value_sink *out);

#endif
