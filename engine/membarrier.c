/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "engine/membarrier.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the kernel's header has them since 5.10; spelled out for older headers. */
#define CMD_GLOBAL (1 << 0)
#define CMD_EXPEDITED (1 << 3)
#define CMD_REGISTER_EXPEDITED (1 << 4)
#define CMD_RSEQ (1 << 7)
#define CMD_REGISTER_RSEQ (1 << 8)
#define FLAG_CPU (1 << 0)

/* 0 or -errno (the result itself for a query). */
static int membarrier(int cmd, unsigned flags, int cpu)
{
	int saved = errno;
	long r = syscall(SYS_membarrier, cmd, flags, cpu);
	int ret = r < 0 ? -errno : (int)r;

	errno = saved;
	return ret;
}

int kmem_membarrier_register(void)
{
	int have = 0;

	if (!membarrier(CMD_REGISTER_EXPEDITED, 0, 0))
		have |= KMEM_BARRIER_ALL;
	if (!membarrier(CMD_REGISTER_RSEQ, 0, 0)) {
		have |= KMEM_BARRIER_RSEQ;
		/* A kernel that does not know the flag says EINVAL, whatever the CPU. */
		if (!membarrier(CMD_RSEQ, FLAG_CPU, 0))
			have |= KMEM_BARRIER_RSEQ_CPU;
	}
	return have;
}

void kmem_barrier_cpu(int cpu)
{
	unsigned flags = cpu < 0 ? 0 : FLAG_CPU;
	int r = membarrier(CMD_RSEQ, flags, cpu);

	if (r == -EPERM) { /* registration is the process's: a child after fork() may lack it */
		kmem_membarrier_register();
		r = membarrier(CMD_RSEQ, flags, cpu);
	}
	if (r && membarrier(CMD_RSEQ, 0, 0))
		kmem_barrier_all();
	/* The kernel's barrier with FLAG_CPU is on that CPU only; the caller gets its own here. */
	atomic_thread_fence(memory_order_seq_cst);
}

/*
 * No membarrier at all: run once on every CPU. A thread that ran there was switched out for us,
 * which is a full barrier (and restarts its sequence); one that did not run has passed one when it
 * was switched out before.
 */
static void barrier_by_visiting(void)
{
	int saved = errno;
	long max = sysconf(_SC_NPROCESSORS_CONF);
	size_t size = CPU_ALLOC_SIZE(max > 0 ? max : 1);
	cpu_set_t *old, *one;
	int got = 0;

	if (size < sizeof(cpu_set_t)) /* CPU numbers may have holes */
		size = sizeof(cpu_set_t);
	old = calloc(1, size);
	one = calloc(1, size);
	if (old && one && !sched_getaffinity(0, size, old)) {
		for (size_t cpu = 0; cpu < size * 8; cpu++) {
			CPU_ZERO_S(size, one);
			CPU_SET_S(cpu, size, one);
			got += !sched_setaffinity(0, size, one);
		}
		sched_setaffinity(0, size, old);
	}
	free(old);
	free(one);
	errno = saved;
	if (!got) /* nothing is left that could keep the promise */
		abort();
}

void kmem_barrier_all(void)
{
	int r;

	atomic_thread_fence(memory_order_seq_cst);
	r = membarrier(CMD_EXPEDITED, 0, 0);
	if (r == -EPERM) {
		kmem_membarrier_register();
		r = membarrier(CMD_EXPEDITED, 0, 0);
	}
	if (r && membarrier(CMD_GLOBAL, 0, 0))
		barrier_by_visiting();
	atomic_thread_fence(memory_order_seq_cst);
}
