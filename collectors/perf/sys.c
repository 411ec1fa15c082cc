/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of system calls and instructions, as this kernel and this CPU have them. */

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "collectors/perf/sys.h"

static int sys_open(struct perf_event_attr *attr, pid_t pid, int cpu, int group,
		    unsigned long flags)
{
	long fd = syscall(SYS_perf_event_open, attr, pid, cpu, group, flags);

	return fd < 0 ? -errno : (int)fd;
}

static int sys_ioctl(int fd, unsigned long request, unsigned long arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

static ssize_t sys_read(int fd, void *buf, size_t len)
{
	ssize_t n = read(fd, buf, len);

	return n < 0 ? -errno : n;
}

static void *sys_mmap(size_t len, int prot, int fd)
{
	void *p = mmap(NULL, len, prot, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static int sys_munmap(void *p, size_t len)
{
	return munmap(p, len) ? -errno : 0;
}

static int sys_close(int fd)
{
	return close(fd) ? -errno : 0;
}

#if defined(__x86_64__)
#define HAVE_RDPMC 1
/* Fenced, so that what is before the reading is counted and what is behind it is not. */
static uint64_t sys_rdpmc(unsigned counter)
{
	uint64_t v;

	_mm_lfence();
	v = __rdpmc((int)counter);
	_mm_lfence();
	return v;
}
#elif defined(__aarch64__)
#define HAVE_RDPMC 1
/* The number of a register is part of the instruction. */
#define READ_CASE(n)                                                      \
	case n:                                                           \
		__asm__ volatile("mrs %0, pmevcntr" #n "_el0" : "=r"(v)); \
		break;

static uint64_t sys_rdpmc(unsigned counter)
{
	uint64_t v = 0;

	__asm__ volatile("isb" : : : "memory");
	switch (counter) {
		READ_CASE(0)
		READ_CASE(1)
		READ_CASE(2)
		READ_CASE(3)
		READ_CASE(4)
		READ_CASE(5)
		READ_CASE(6)
		READ_CASE(7)
		READ_CASE(8)
		READ_CASE(9)
		READ_CASE(10)
		READ_CASE(11)
		READ_CASE(12)
		READ_CASE(13)
		READ_CASE(14)
		READ_CASE(15)
		READ_CASE(16)
		READ_CASE(17)
		READ_CASE(18)
		READ_CASE(19)
		READ_CASE(20)
		READ_CASE(21)
		READ_CASE(22)
		READ_CASE(23)
		READ_CASE(24)
		READ_CASE(25)
		READ_CASE(26)
		READ_CASE(27)
		READ_CASE(28)
		READ_CASE(29)
		READ_CASE(30)
	case 31:
		__asm__ volatile("mrs %0, pmccntr_el0" : "=r"(v));
		break;
	}
	__asm__ volatile("isb" : : : "memory");
	return v;
}
#endif

const struct perf_sys perf_sys_kernel = {
	.open = sys_open,
	.ioctl = sys_ioctl,
	.read = sys_read,
	.mmap = sys_mmap,
	.munmap = sys_munmap,
	.close = sys_close,
#ifdef HAVE_RDPMC
	.rdpmc = sys_rdpmc,
#endif
};
