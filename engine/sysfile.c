/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of the kernel without stdio, and what is asked of them. */
#include "engine/sysfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/machine.h"
#include "engine/membarrier.h"
#include "engine/rseq.h"

int kmem_read_file(const char *path, char *buf, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t at = 0;
	ssize_t got = 0;

	buf[0] = 0;
	if (fd < 0)
		return -errno;
	while (at + 1 < n &&
	       ((got = read(fd, buf + at, n - 1 - at)) > 0 || (got < 0 && errno == EINTR)))
		at += got > 0 ? (size_t)got : 0;
	if (got < 0) {
		int r = -errno;

		buf[0] = 0;
		close(fd);
		return r;
	}
	buf[at] = 0;
	close(fd);
	return (int)at;
}

int kmem_next_range(const char **text, unsigned *first, unsigned *last)
{
	const char *p = *text;
	char *end;

	while (*p == ',' || *p == ' ')
		p++;
	if (*p < '0' || *p > '9')
		return 0;
	*first = *last = (unsigned)strtoul(p, &end, 10);
	if (*end == '-')
		*last = (unsigned)strtoul(end + 1, &end, 10);
	*text = end;
	return 1;
}

unsigned kmem_possible_cpus(void)
{
	unsigned first, last, n = 0;
	char buf[512];
	const char *p = buf;

	kmem_read_file("/sys/devices/system/cpu/possible", buf, sizeof(buf));
	while (kmem_next_range(&p, &first, &last))
		n = last + 1;
	/* no /sys, as in a bare chroot */
	return n ? n : (unsigned)sysconf(_SC_NPROCESSORS_CONF);
}

#ifdef KMEM_RSEQ
unsigned kmem_cpu_source(void)
{
	int cpu;

	if (!__rseq_size)
		return KMEM_CPU_SLOT;
	/* cpu_id of struct rseq: negative while the kernel does not keep it up to date */
	__asm__ volatile("movl %%fs:4(%1), %0" : "=r"(cpu) : "r"(__rseq_offset));
	if (cpu < 0 || !(kmem_membarrier_register() & KMEM_BARRIER_RSEQ))
		return KMEM_CPU_SLOT;
	return KMEM_CPU_RSEQ;
}
#else
unsigned kmem_cpu_source(void)
{
	return KMEM_CPU_SLOT;
}
#endif
