/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_MEMBARRIER_H
#define SLABSCOPE_MEMBARRIER_H

/*
 * The slow side of an asymmetric agreement: fast paths write with plain stores, whoever takes
 * something away from them makes all of them pass a barrier (or restart) first. errno is left as it
 * was.
 */

/* What kmem_membarrier_register() returns, or'ed. */
#define KMEM_BARRIER_ALL 0x1  /* kmem_barrier_all() is one cheap system call */
#define KMEM_BARRIER_RSEQ 0x2 /* restartable sequences of other threads can be made to restart */
#define KMEM_BARRIER_RSEQ_CPU 0x4 /* ... of one CPU alone (Linux 5.10) */

/* Tell the kernel that this process will use the barriers. Any number of times, by any thread. */
int kmem_membarrier_register(void);

/* Every sequence (rseq critical section) of this process that was running or preempted on @cpu
 * before the call has been restarted or had committed when it returns, and its stores are visible.
 * Only after _register() returned KMEM_BARRIER_RSEQ. */
void kmem_barrier_cpu(int cpu);

/* Every other thread of this process has passed a full memory barrier when this returns; so has the
 * caller. Works everywhere: where the kernel refuses the cheap call (very old, or a seccomp
 * filter), it takes milliseconds. */
void kmem_barrier_all(void);

#endif
