/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERFCTL_PARSE_H
#define SLABSCOPE_PERFCTL_PARSE_H

/*
 * What perf prints, read: the table of `perf stat -x`, and the sentences of its error messages. Both
 * differ between versions, so what is not understood is passed over and never guessed.
 *
 *	VALUE SEP UNIT SEP EVENT SEP RUN_TIME SEP PERCENT [SEP METRIC SEP METRIC_UNIT]
 *
 * VALUE is a number, `<not supported>` or `<not counted>`. Lines without an event (comments, further
 * metrics of the event above) are no counts. No function allocates or keeps state.
 */

#include <stddef.h>

#include "collectors/collector.h"

#define PERFCTL_EVENTS_MAX 64

struct perfctl_count {
	char event[96]; /* as perf calls it: "page-faults", "cycles:u" */
	char unit[16];	/* as perf says, mostly "" */
	double value;	/* meaningless when unavailable */
	enum value_state state;
	double share;	  /* of the time that it was on a counter; 1 unless scaled */
	const char *word; /* unavailable: what perf said */
};

/* The rows of @text into @out[most]; how many. @sep is perf's -x. Later rows are left out. */
unsigned perfctl_parse_stat(const char *text, size_t len, char sep, struct perfctl_count *out,
			    unsigned most);

/* What perf said on standard error, as one line into @buf: without its reports of success. "" if
 * nothing is left. Returns @buf. */
char *perfctl_say(const char *text, size_t len, char *buf, size_t size);

/* "[ perf record: Captured and wrote 0.1 MB x (12 samples) ]" -> 12; -1: it does not say. */
long long perfctl_parse_samples(const char *text, size_t len);

/* "cycles:u" -> "perfctl.cycles": letters, digits and underscores. Without the modifiers if @asked
 * (perf's -e) does not have them: perf added them, being allowed no more. 1 if it did. */
int perfctl_metric(const char *event, const char *asked, char *buf, size_t size);

#endif
