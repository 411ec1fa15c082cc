/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_TOUCH_H
#define SLABSCOPE_MODEL_TOUCH_H

/*
 * The way from a load or store of instrumented code to the simulated machine: a load and a branch while nothing is
 * simulated, else one tail call. What is included here is compiled into every hook, so nothing in it may call libc
 * or instrumented code.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/model/model.h"
#include "collectors/model/sim_impl.h"

/* Names that the compilers chose: nobody declares them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

/* The same with a record of it; apart, so that the way without needs no stack. */
void model_touch_recorded(uint64_t addr, unsigned size, bool write);

/* @size is known to be no more than 16: it may span two lines, which is the machine's to see. */
static inline __attribute__((always_inline)) void model_touch(const volatile void *p, unsigned size,
							      bool write)
{
	uint64_t addr = (uintptr_t)p;

	if (!model_state.on || addr - model_state.stacks < model_state.stacks_bytes)
		return;
	/* the program wants it next: it comes from far away while the machine is at work */
	if (write) /* a constant, which clang wants to see */
		__builtin_prefetch((const void *)p, 1);
	else
		__builtin_prefetch((const void *)p, 0);
	model_state.refs++;
	if (__builtin_expect(model_state.record != NULL, 0))
		model_touch_recorded(addr, size, write);
	else
		sim_touch(model_state.sim, model_state.cpu, addr, size, write);
}

/* Any number of bytes: once per line. */
void model_touch_range(const volatile void *p, size_t size, bool write);

#endif
