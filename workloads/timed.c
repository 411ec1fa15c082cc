/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "workloads/timed.h"

void wl_timer_init(struct wl_timer *t, uint64_t every, unsigned ops, uint64_t seed)
{
	t->every = every;
	t->state = seed;
	t->backwards = 0;
	for (unsigned i = 0; i < WL_OPS; i++) {
		hist_reset(&t->hist[i]);
		t->left[i] = ops & 1u << i ? wl_timer_distance(t) : 0;
	}
}

void wl_timer_clock_cost(struct hist *cost, unsigned n)
{
	while (n--) {
		uint64_t start = wl_ticks_begin();
		uint64_t end = wl_ticks_end();

		if (end >= start)
			hist_record(cost, end - start);
	}
}
