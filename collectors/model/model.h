/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_H
#define SLABSCOPE_MODEL_H

/*
 * What instrumented code and the modelled trial share: the one simulated machine of this process.
 *
 * The model build (VARIANT-independent, build/VARIANT/slabscope-model) compiles engine/ and workloads/ with
 * -fsanitize=thread and links hooks.c in place of the sanitizer's runtime; everything else is compiled as always.
 * Each load and store of instrumented code calls model_touch(). Nothing is simulated while `on` is 0: set-up and
 * verification cost a load and a branch. The model itself calls no instrumented code while `on` is 1: what it must ask
 * of the engine it asks with `on` taken away (model_pause/model_resume).
 *
 * One OS thread: `cpu` is the simulated CPU that the running worker stands on; the scheduler sets it.
 */

#include <stdint.h>

struct sim;

struct model_state {
	unsigned on;  /* hooks simulate */
	unsigned cpu; /* who */
	unsigned op;  /* what it is doing: enum model_op */
	struct sim *sim;
	void (*record)(void *arg, unsigned cpu, uint64_t addr, unsigned size,
		       int write); /* a trace; or NULL */
	void *arg;
	uint64_t refs; /* hooks that simulated: loads and stores as the compiler made them */
	/* of the simulated workers, one behind the other, or of the thread that steps them (model_here());
	 * what lies in them is not simulated */
	uintptr_t stacks, stacks_bytes;
	unsigned moved; /* memory that should lie at a fixed address does not (hooks/heap.c) */
};

enum model_op {
	MODEL_OTHER,
	MODEL_ALLOC,
	MODEL_FREE,
	MODEL_VISIT,
	MODEL_REFILL,
	MODEL_FLUSH,
	MODEL_GROW,
	MODEL_OPS
};
extern const char *const model_op_names[]; /* "other", "alloc", ..., NULL */

/* The process's one state: zero is valid before main(). Defined in hooks.c of the model build; a native build links
 * model_native.c, in which it is never on. */
extern struct model_state model_state;

/* 1 in the model build. */
int model_build(void);

/*
 * For who steps workers on its own stack: the calling thread's is no part of the simulated machine. Compilers
 * show a few of its lines and hide the others, each another few, and its address depends on the environment, so what would
 * be seen of it is neither whole nor repeatable. Called before `on` is set; of a thread that is not the first, only frames
 * below the caller's count as stack (thread variables may lie above).
 */
void model_here(void);

/* Around calls of instrumented code that are not the program's own: what the model asks of the engine. They nest. */
static inline unsigned model_pause(void)
{
	unsigned was = model_state.on;

	model_state.on = 0;
	return was;
}

static inline void model_resume(unsigned was)
{
	model_state.on = was;
}

#endif
