/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RESCTRL_H
#define SLABSCOPE_RESCTRL_H

/*
 * What the collector `resctrl` does, below its hooks: a monitoring group of the kernel's resctrl
 * file system, with the workers' threads in it.
 *
 * What it reads is the memory traffic and the share of the L3 caches that the kernel attributes to
 * the group, prefetches among it: the workers' own, not the machine's.
 */

#include <sys/types.h>

#include "collectors/collector.h"
#include "lib/hostfs.h"

struct resctrl;

/* Makes the group. What cannot be is no failure: emit says why. -ENOMEM. */
int resctrl_open(struct resctrl **r, const struct hostfs *fs, pid_t pid, struct err *e);
void resctrl_join(struct resctrl *r, pid_t tid); /* any thread */
void resctrl_start(struct resctrl *r);
void resctrl_stop(struct resctrl *r);
void resctrl_emit(const struct resctrl *r, struct value_sink *s);
void resctrl_close(struct resctrl *r); /* the group goes, its threads fall back to its parent */

#endif
