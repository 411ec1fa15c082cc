/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels of proofs that are about software: faults, switches, time; and about memory. */

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "collectors/perf/proof.h"
#include "lib/clock.h"
#include "lib/rng.h"

#define TOUCHED_PAGES 512
#define SLEEPS 40
#define SLEEP_NS 50000
#define MOVES 20
#define SPIN_NS 4000000u
#define WALKED_PAGES 16384 /* more than any second-level TLB has entries, several times */
#define WAIT_CYCLES 10	   /* no memory answers a load in fewer */
#define CIRCLE_LINES (1u << 20)

static int map(struct proof_run *r, size_t len, struct err *e)
{
	r->area = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->area == MAP_FAILED) {
		r->area = NULL;
		return err_set(e, -ENOMEM, "no memory for %zu KiB", len / 1024);
	}
	r->len = len;
	return 0;
}

static void unmap(struct proof_run *r)
{
	if (r->area)
		munmap(r->area, r->len);
	r->area = NULL;
}

static void release_nothing(struct proof_run *r)
{
	(void)r;
}

/* ---- touch: pages that were never touched, one write each ---- */

static int touch_prepare(struct proof_run *r, struct err *e)
{
	int rc = map(r, TOUCHED_PAGES * r->machine->page, e);

	if (rc)
		return rc;
	madvise(r->area, r->len, MADV_NOHUGEPAGE); /* one fault would map many pages */
	r->known[KNOWN_FAULTS] = TOUCHED_PAGES;
	return 0;
}

static void touch_before(struct proof_run *r)
{
	madvise(r->area, r->len, MADV_DONTNEED);
}

PROOF_PLAIN static void touch_go(struct proof_run *r)
{
	for (size_t at = 0; at < r->len; at += r->machine->page)
		*(volatile char *)(r->area + at) = 1;
}

const struct proof_kernel proof_touch = {
	.name = "touch",
	.help = "writes to 512 pages that were never touched before",
	.prepare = touch_prepare,
	.before = touch_before,
	.go = touch_go,
	.release = unmap,
};

/* ---- sleep: each one gives the CPU away; what else did so, the kernel has counted ---- */

static int no_preparation(struct proof_run *r, struct err *e)
{
	(void)r;
	(void)e;
	return 0;
}

PROOF_PLAIN static void sleep_go(struct proof_run *r)
{
	const struct timespec t = { 0, SLEEP_NS };
	struct rusage a, b;

	getrusage(RUSAGE_THREAD, &a);
	for (unsigned i = 0; i < SLEEPS; i++)
		nanosleep(&t, NULL);
	getrusage(RUSAGE_THREAD, &b);
	r->known[KNOWN_SWITCHES] =
		(double)(b.ru_nvcsw + b.ru_nivcsw) - (double)(a.ru_nvcsw + a.ru_nivcsw);
}

const struct proof_kernel proof_sleep = {
	.name = "sleep",
	.help = "40 short sleeps; known is what getrusage says",
	.prepare = no_preparation,
	.go = sleep_go,
	.release = release_nothing,
};

/* ---- move: from one CPU to another and back ---- */

static void bind_to(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static int move_prepare(struct proof_run *r, struct err *e)
{
	if (r->machine->nr_cpus < 2)
		return err_set(e, -ENODEV, "it takes two CPUs, and this process has one");
	r->known[KNOWN_MOVES] = MOVES;
	return 0;
}

static void move_before(struct proof_run *r)
{
	bind_to(r->machine->cpu[0]);
}

PROOF_PLAIN static void move_go(struct proof_run *r)
{
	for (unsigned i = 0; i < MOVES; i++)
		bind_to(r->machine->cpu[(i + 1) % 2]);
}

const struct proof_kernel proof_move = {
	.name = "move",
	.help = "20 moves between two CPUs",
	.any_cpu = true,
	.prepare = move_prepare,
	.before = move_before,
	.go = move_go,
	.release = release_nothing,
};

/* ---- spin: time on the CPU, on the thread's own clock ---- */

static double thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

PROOF_PLAIN static void spin_go(struct proof_run *r)
{
	double begin = thread_ns(), now;

	do
		now = thread_ns();
	while (now - begin < SPIN_NS);
	r->known[KNOWN_CPU_NS] = now - begin;
}

const struct proof_kernel proof_spin = {
	.name = "spin",
	.help = "4 ms on the CPU; known is what the thread's clock says",
	.prepare = no_preparation,
	.go = spin_go,
	.release = release_nothing,
};

/* ---- chases: each load's address is what the load before it found ---- */

/* Bind to a node before the first touch. Without the system call (seccomp) it is not the proof's
 * node. */
static int bind_memory(struct proof_run *r, int node, struct err *e)
{
#ifdef SYS_mbind
	unsigned long mask[16] = { 0 };
	const unsigned bits = 8 * sizeof(mask[0]);

	if (node < 0 || (size_t)node >= 8 * sizeof(mask) - 1)
		return err_set(e, -ENODEV, "node %d is not one that memory can be bound to", node);
	mask[(unsigned)node / bits] = 1ul << ((unsigned)node % bits);
	/* 2: MPOL_BIND */
	if (!syscall(SYS_mbind, r->area, r->len, 2, mask, 8 * sizeof(mask), 0))
		return 0;
	return err_set(e, -errno, "mbind to node %d: %s", node, strerror(errno));
#else
	(void)r;
	return err_set(e, -ENOSYS, "no mbind for node %d", node);
#endif
}

/*
 * Lines of the area in one circle of random order (Sattolo), so that nothing guesses the next. It is
 * written in the order in which it is walked: behind the last line, the first are the longest unused.
 * Of a great area not every line is in it, but so many at equal distances that each set of a cache
 * that gets lines at all gets as many times its ways as if all were.
 */
static int make_circle(struct proof_run *r, struct err *e)
{
	size_t lines = r->len / r->machine->line, apart = (lines + CIRCLE_LINES - 1) / CIRCLE_LINES;
	size_t stride = r->machine->line * apart, n = lines / apart, i;
	uint32_t *order = malloc(n * sizeof(*order));
	struct rng rng;

	if (!order)
		return err_set(e, -ENOMEM, "no memory for %zu lines", n);
	rng_seed(&rng, 1);
	for (i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	for (i = n - 1; i > 0; i--) {
		size_t j = rng_below(&rng, i);
		uint32_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (i = 0; i < n; i++)
		*(char **)(void *)(r->area + order[i] * stride) =
			r->area + order[(i + 1) % n] * stride;
	r->at = r->area + order[0] * stride;
	r->steps = n;
	free(order);
	return 0;
}

/* Ready to go @rounds / 2 times around in each repetition. */
static int chase_prepare(struct proof_run *r, size_t len, int node, unsigned rounds, struct err *e)
{
	int rc;

	if (len > r->machine->memory)
		return err_set(e, -ENOMEM, "it takes %zu MiB, and there are %zu to spare",
			       len >> 20, r->machine->memory >> 20);
	rc = map(r, len, e);
	if (!rc && node >= 0)
		rc = bind_memory(r, node, e);
	if (rc)
		return rc;
	madvise(r->area, r->len, MADV_HUGEPAGE); /* walks of page tables are not this proof's */
	rc = make_circle(r, e);
	if (rc)
		return rc;
	r->steps = r->steps * rounds / 2;
	r->known[KNOWN_LOADS] = (double)r->steps;
	r->known[KNOWN_LINES] = (double)r->steps;
	r->known[KNOWN_WAITS] = (double)r->steps * WAIT_CYCLES;
	return 0;
}

PROOF_PLAIN static void chase_go(struct proof_run *r)
{
	void *p = r->at;

	for (uint64_t i = r->steps; i; i--) {
		p = *(void **)p;
		__asm__ volatile("" : "+r"(p));
	}
	r->at = p;
}

static int chase_l2_prepare(struct proof_run *r, struct err *e)
{
	size_t size = r->machine->l2 ? r->machine->l2 : r->machine->l1d;

	if (!size || !r->machine->line)
		return err_set(e, -ENODATA, "the size of the caches is not known");
	return chase_prepare(r, 4 * size, -1, 4, e);
}

const struct proof_kernel proof_chase_l2 = {
	.name = "chase-l2",
	.help = "a chase over the lines of four times the L2, in random order",
	.prepare = chase_l2_prepare,
	.before = chase_go, /* what is cold for the first time, is not counted */
	.go = chase_go,
	.release = unmap,
};

static int memory_prepare(struct proof_run *r, int node, struct err *e)
{
	if (!r->machine->llc || !r->machine->line)
		return err_set(e, -ENODATA, "the size of the last cache is not known");
	return chase_prepare(r, 4 * r->machine->llc, node, 1, e);
}

static int chase_memory_prepare(struct proof_run *r, struct err *e)
{
	return memory_prepare(r, r->machine->remote >= 0 ? r->machine->node_of_cpu : -1, e);
}

const struct proof_kernel proof_chase_memory = {
	.name = "chase-memory",
	.help = "a chase over the lines of four times the last cache, on the CPU's own node",
	.slow = true,
	.prepare = chase_memory_prepare,
	.go = chase_go,
	.release = unmap,
};

static int chase_remote_prepare(struct proof_run *r, struct err *e)
{
	if (r->machine->remote < 0)
		return err_set(e, -ENODEV, "it takes two memory nodes, and there is one");
	return memory_prepare(r, r->machine->remote, e);
}

const struct proof_kernel proof_chase_remote = {
	.name = "chase-remote",
	.help = "a chase over the lines of four times the last cache, on the farthest node",
	.slow = true,
	.prepare = chase_remote_prepare,
	.go = chase_go,
	.release = unmap,
};

/* ---- pages: one load in each, more pages than a TLB has entries ---- */

/* Only read, every page is the kernel's one page of zeros: no memory, and no cache misses. */
static int pages_prepare(struct proof_run *r, struct err *e)
{
	int rc = map(r, WALKED_PAGES * r->machine->page, e);

	if (rc)
		return rc;
	madvise(r->area, r->len, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < r->len; at += r->machine->page)
		(void)*(volatile char *)(r->area + at);
	r->known[KNOWN_PAGES] = WALKED_PAGES;
	return 0;
}

PROOF_PLAIN static void pages_go(struct proof_run *r)
{
	const size_t page = r->machine->page;
	uint64_t n = 1;

	/* x <- 5 x + 1 modulo a power of two comes by every number once */
	for (unsigned i = 0; i < WALKED_PAGES; i++) {
		n = (5 * n + 1) % WALKED_PAGES;
		n += (unsigned char)*(volatile char *)(r->area +
						       n * page); /* 0: and a dependence */
	}
}

const struct proof_kernel proof_pages = {
	.name = "pages",
	.help = "one load in each of 16384 pages, in random order",
	.prepare = pages_prepare,
	.before = pages_go,
	.go = pages_go,
	.release = unmap,
};
