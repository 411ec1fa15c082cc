/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_SYS_H
#define SLABSCOPE_PERF_SYS_H

/*
 * Everything that counting asks of the kernel and the CPU, in one table, so that tests can put any
 * error, short read or torn page in its place. Nothing else of collectors/ calls perf_event_open.
 * Calls return -errno.
 */

#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_sys {
	int (*open)(struct perf_event_attr *attr, pid_t pid, int cpu, int group,
		    unsigned long flags);
	int (*ioctl)(int fd, unsigned long request, unsigned long arg);
	ssize_t (*read)(int fd, void *buf, size_t len);
	void *(*mmap)(size_t len, int prot, int fd); /* an ERR-like value: NULL, errno set */
	int (*munmap)(void *p, size_t len);
	int (*close)(int fd);
	/* Called only when the mapped page allows it. NULL: this CPU has no such thing. arm64: 31 is
	 * the cycle counter. */
	uint64_t (*rdpmc)(unsigned counter);
};

extern const struct perf_sys perf_sys_kernel;

#endif
