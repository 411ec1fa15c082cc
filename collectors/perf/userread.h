/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_USERREAD_H
#define SLABSCOPE_PERF_USERREAD_H

/*
 * Reading a group without a system call: the kernel keeps a page per event that says which counter
 * it is on, what had been counted before, and a sequence number that changes with them.
 *
 * Values and times are the same that read(2) gives. Needs the page's cap_user_rdpmc (the counter
 * may be read) and cap_user_time (the times can be brought up to now): with times that are not, it
 * could not be told whether the event was on its counter all the time.
 */

#include "collectors/perf/group.h"

/* Tries before read(2) is asked: a page changes when the thread is switched or the group moved. */
#define PERF_USER_TRIES 64

/* What has to be in attr.config1 of a core event that is to be read so, besides the event's own. */
#if defined(__aarch64__)
#define PERF_USER_CONFIG1 2u
#else
#define PERF_USER_CONFIG1 0u
#endif

/* Can the kernel be asked to let @ev be read so? */
bool perf_user_possible(const struct perf_sys *sys, const struct perf_event *ev);
/* Map the pages of all events of an open group; none is mapped when one cannot be read so. */
void perf_user_map(struct perf_group *g);
/* Back to read(2). */
void perf_user_unmap(struct perf_group *g);
/* 0; -EAGAIN: it changed at each try; -EOPNOTSUPP: not now, an event is not on a counter. */
int perf_user_read(const struct perf_group *g, struct perf_reading *r);

#endif
