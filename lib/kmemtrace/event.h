/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_EVENT_H
#define SLABSCOPE_KMEMTRACE_EVENT_H

/*
 * One line of text about the kernel's slab allocator, as `perf script`, ftrace's `trace` file and `trace-cmd report`
 * print the tracepoints kmem:kmem_cache_alloc, kmem_cache_alloc_node (older kernels), kmem_cache_free and kfree:
 *
 *	WHO [CPU] FLAGS SECONDS.FRACTION: EVENT: KEY=VALUE KEY=VALUE ...
 *
 * WHO may hold anything, blanks and brackets too: what counts is the first place in the line from which on the rest
 * reads like this. FLAGS (ftrace) may be missing; `kmem:` may stand before EVENT. Fields may come in any order, and
 * which there are depends on the kernel: 6.1 has `name` only in kmem_cache_free, 6.18 in both.
 *
 * kfree() may free objects of a cache too, so its events count where the address is one that was seen.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define KMEM_EVENT_SIZE_MAX \
	(UINT64_C(1) << 22) /* bytes of the largest object of a cache: KMALLOC_MAX_SIZE */

struct kmem_text {
	const char *p; /* in the line; not terminated */
	size_t len;    /* 0: the line does not say */
};

enum kmem_event_type {
	KMEM_EVENT_NONE,
	KMEM_EVENT_ALLOC,
	KMEM_EVENT_FREE,
	KMEM_EVENT_KFREE,
	KMEM_EVENT_LOST
};

struct kmem_event {
	enum kmem_event_type type;
	uint64_t ns; /* time stamp */
	unsigned cpu;
	uint64_t ptr;	     /* 0: the allocation failed, or nothing was freed */
	uint64_t req, alloc; /* bytes of an object, and of its place; only of allocations */
	int node;	     /* that was asked for, -1 any */
	struct kmem_text name, site;
	uint64_t lost; /* KMEM_EVENT_LOST: events that the recorder dropped; 0: it does not say how many */
};

/* 0; ->type says what it is: NONE is a line about something else. -EINVAL: it is one of ours and damaged. */
int kmem_event_parse(const char *line, size_t len, struct kmem_event *ev, struct err *e);

#endif
