/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TIMED_H
#define SLABSCOPE_TIMED_H

/*
 * What a workload does to objects in its step, timed one at a time: alloc, free, visit.
 *
 * The file with a workload's steps is compiled twice, the second time with WL_TIMED defined
 * (churn_step.c, churn_step_timed.c). It puts each operation into WL_TIME(w, kind, statement).
 * Without WL_TIMED that is the statement, so the steps that are measured otherwise are the same
 * code, byte for byte, as without any of this. With it, each operation counts down
 * w->timing->left[kind], and the one that reaches 0 is put between two fenced reads of the tick
 * counter; the difference goes into a histogram, and the distance to the next one is drawn: uniform in
 * 1 .. 2 every - 1, so `every` on average and in step with nothing. It comes from the timer's own
 * stream; the workload's, and so what it does, is the same in both.
 *
 * A timed operation starts with an empty pipeline and ends when its last instruction is done: its time
 * is latency, nothing is overlapped, and what the two reads cost is in it (wl_timer_clock_cost() says
 * how much). A store is done when it is in the core's store buffer.
 *
 * What is one operation: a call of alloc or free; all that one visit reads or writes of its object.
 * In a region there are as many as the workload's cost() says.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/histogram.h"
#include "lib/rng.h"
#include "workloads/workload.h"

/* A test that brings its own clock defines both before it includes a workload's steps. */
#ifndef WL_TICKS_BEGIN
#define WL_TICKS_BEGIN() clock_ticks_begin()
#define WL_TICKS_END() clock_ticks_end()
#endif

enum wl_op { WL_ALLOC, WL_FREE, WL_VISIT, WL_OPS };

#ifdef WL_MODEL
/* The model's build: what the running CPU does from now on, an enum wl_op or WL_NO_OP; returns what it did before. */
#define WL_NO_OP (-1)
int wl_model_op(int op);
#endif

/* One worker's; nobody else touches it while the worker runs. */
struct wl_timer {
	uint64_t left[WL_OPS]; /* operations until the next one that is timed, that one included; 0:
				  none is */
	uint64_t every;
	uint64_t state;	    /* of its random stream */
	uint64_t backwards; /* times that the counter went backwards: not in the histograms */
	struct hist hist[WL_OPS];
} __attribute__((aligned(256)));

/* Make @t ready: of the kinds in @ops (bits: 1 << enum wl_op), one operation in @every > 0. */
void wl_timer_init(struct wl_timer *t, uint64_t every, unsigned ops, uint64_t seed);

/* Time nothing at all, @n times, as operations are timed, into @cost. */
void wl_timer_clock_cost(struct hist *cost, unsigned n);

static inline uint64_t wl_timer_distance(struct wl_timer *t)
{
	unsigned __int128 span = 2 * (unsigned __int128)t->every - 1;

	return 1 + (uint64_t)((rng_splitmix64(&t->state) * span) >> 64);
}

static inline __attribute__((always_inline)) uint64_t wl_ticks_begin(void)
{
	uint64_t t;

	__asm__ volatile("" : : : "memory"); /* the compiler, too, keeps operations inside */
	t = WL_TICKS_BEGIN();
	__asm__ volatile("" : : : "memory");
	return t;
}

static inline __attribute__((always_inline)) uint64_t wl_ticks_end(void)
{
	uint64_t t;

	__asm__ volatile("" : : : "memory");
	t = WL_TICKS_END();
	__asm__ volatile("" : : : "memory");
	return t;
}

/* An operation of kind @op took from @start to @end. */
static inline void wl_timer_record(struct wl_timer *t, enum wl_op op, uint64_t start, uint64_t end)
{
	if (end < start)
		t->backwards++;
	else
		hist_record(&t->hist[op], end - start);
	t->left[op] = wl_timer_distance(t);
}

#ifdef WL_TIMED
#define WL_STEP(name) name##_timed
#define WL_TIME(w, op, ...) WL_TIME_IF(1, w, op, __VA_ARGS__)
/* The same where @cond; elsewhere the statement is no operation of that kind. */
#define WL_TIME_IF(cond, w, op, ...)                                               \
	do {                                                                       \
		struct wl_timer *wl_timer_ = (w)->timing;                          \
		bool wl_due_ = (cond) && !--wl_timer_->left[op];                   \
		uint64_t wl_start_ = 0;                                            \
                                                                                   \
		if (__builtin_expect(wl_due_, 0))                                  \
			wl_start_ = wl_ticks_begin();                              \
		__VA_ARGS__;                                                       \
		if (__builtin_expect(wl_due_, 0))                                  \
			wl_timer_record(wl_timer_, op, wl_start_, wl_ticks_end()); \
	} while (0)
#elif defined(WL_MODEL)
/* The build whose memory accesses are simulated: an operation says what it is, and takes no time. */
#define WL_STEP(name) name
#define WL_TIME(w, op, ...)                    \
	do {                                   \
		int wl_was_ = wl_model_op(op); \
                                               \
		(void)(w);                     \
		__VA_ARGS__;                   \
		wl_model_op(wl_was_);          \
	} while (0)
#define WL_TIME_IF(cond, w, op, ...) WL_TIME(w, (cond) ? (int)(op) : WL_NO_OP, __VA_ARGS__)
#else
#define WL_STEP(name) name
#define WL_TIME(w, op, ...)  \
	do {                 \
		(void)(w);   \
		__VA_ARGS__; \
	} while (0)
#define WL_TIME_IF(cond, w, op, ...) WL_TIME(w, op, __VA_ARGS__)
#endif

#endif
