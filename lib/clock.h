/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_CLOCK_H
#define SLABSCOPE_CLOCK_H

/*
 * Two clocks: nanoseconds (CLOCK_MONOTONIC), and ticks (the CPU's own counter, read in user space).
 *
 * Ticks are the time stamp counter on x86 and the virtual counter on arm64: both run at a constant
 * rate, which is not the core's clock, so ticks are time and not core cycles. Elsewhere a tick is a
 * nanosecond.
 *
 *	t0 = clock_ticks_begin();	nothing of the region starts before this is read
 *	... region ...
 *	t1 = clock_ticks_end();		all of the region is done when this is read
 *
 * The fences cost; struct clock_facts has what an empty region reads as, on this machine. A region
 * should be 1000 steps long or more. Any thread may call any of these.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint64_t clock_ticks_begin(void)
{
#if defined(__x86_64__) || defined(__i386__)
	uint64_t t;

	_mm_lfence();
	t = __rdtsc();
	_mm_lfence();
	return t;
#elif defined(__aarch64__)
	uint64_t t;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(t) : : "memory");
	return t;
#else
	return clock_ns();
#endif
}

static inline uint64_t clock_ticks_end(void)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned aux;
	uint64_t t = __rdtscp(&aux);

	_mm_lfence();
	return t;
#elif defined(__aarch64__)
	return clock_ticks_begin();
#else
	return clock_ns();
#endif
}

struct clock_facts {
	const char *ticks_source; /* "tsc", "cntvct" or "clock_gettime" */
	bool constant;		  /* the rate is said not to change with the core's, nor to stop */
	double ticks_per_ns;	  /* against CLOCK_MONOTONIC; arm64: as the counter says */
	double ticks_step;	  /* of which all differences seen were multiples */
	double ticks_cost;	  /* what an empty begin/end region reads as: least of many */
	double ns_cost;		  /* what two clock_ns() in a row differ by: least of many */
};

/* Measure all of that, for about @ms milliseconds (at least 1; 10 gives the rate to some parts in
 * 100 000). */
void clock_measure(struct clock_facts *f, unsigned ms);

/* Ticks as nanoseconds. */
static inline double clock_ticks_ns(const struct clock_facts *f, double ticks)
{
	return ticks / f->ticks_per_ns;
}

#endif
