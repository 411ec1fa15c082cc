/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_KMEM_H
#define SLABSCOPE_PERF_KMEM_H

/* The kernel's kmem tracepoints, recorded by perf, bounded in size and time. */

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct perf_kmem {
	char *const *command; /* NULL ends; NULL: none, the machine for so many seconds */
	bool system;	      /* every task, not only the command's */
	unsigned seconds;     /* at most; 0: as long as the command runs */
	uint64_t max_bytes;   /* of perf's data, at most */
};

/*
 * Record, and leave text in a new file: *@text is its path, malloc'd; unlink and free it. *@status is what the command
 * exited with. -ENOENT: there is no perf; -EACCES: the tracepoints cannot be read, or perf refused, with what it said.
 */
int perf_kmem_record(const struct perf_kmem *r, char **text, int *status, struct err *e);

#endif
