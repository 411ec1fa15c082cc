/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/clock.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#define EMPTY_REGIONS 1000

/* One moment on both clocks: the tick count read between two looks at the other clock. */
struct moment {
	uint64_t ns, ticks;
};

/* Of several tries the one with the least time between the two looks: nothing came in between
 * there. */
static struct moment moment_now(void)
{
	struct moment best = { 0, 0 };
	uint64_t gap = UINT64_MAX;

	for (unsigned i = 0; i < 20; i++) {
		uint64_t before = clock_ns();
		uint64_t ticks = clock_ticks_begin();
		uint64_t after = clock_ns();

		if (after - before < gap) {
			gap = after - before;
			best = (struct moment){ before + gap / 2, ticks };
		}
	}
	return best;
}

static double measured_rate(unsigned ms)
{
	struct moment a = moment_now(), b;

	do
		b = moment_now();
	while (b.ns - a.ns < (uint64_t)ms * 1000000u);
	return (double)(b.ticks - a.ticks) / (double)(b.ns - a.ns);
}

static const char *ticks_source(bool *constant)
{
#if defined(__x86_64__) || defined(__i386__)
	unsigned a, b, c, d;

	/* bit 8 of this leaf: the counter runs at one rate in all P-, C- and T-states */
	*constant = __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
	return "tsc";
#elif defined(__aarch64__)
	*constant = true;
	return "cntvct";
#else
	*constant = true;
	return "clock_gettime";
#endif
}

static double ticks_rate(unsigned ms)
{
#if defined(__aarch64__)
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	/* Some firmware leaves the register at 0. */
	if (hz)
		return (double)hz / 1e9;
#endif
	return measured_rate(ms);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

void clock_measure(struct clock_facts *f, unsigned ms)
{
	uint64_t step = 0, cost = UINT64_MAX, ns_cost = UINT64_MAX;

	*f = (struct clock_facts){ 0 };
	f->ticks_source = ticks_source(&f->constant);
	f->ticks_per_ns = ticks_rate(ms ? ms : 1);
	for (unsigned i = 0; i < EMPTY_REGIONS; i++) {
		uint64_t t0 = clock_ticks_begin();
		uint64_t t1 = clock_ticks_end();
		uint64_t n0 = clock_ns();
		uint64_t n1 = clock_ns();

		if (t1 - t0 < cost)
			cost = t1 - t0;
		if (n1 - n0 < ns_cost)
			ns_cost = n1 - n0;
		step = gcd(step, t1 - t0);
	}
	f->ticks_cost = (double)cost;
	f->ns_cost = (double)ns_cost;
	/* a counter so slow that no region saw it move: wait until it does */
	for (uint64_t t0 = clock_ticks_begin(); !step;)
		step = clock_ticks_begin() - t0;
	f->ticks_step = (double)step;
}
