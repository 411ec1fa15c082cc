/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_MODEL_NO_MACHINE_H
#define SLABSCOPE_TESTS_MODEL_NO_MACHINE_H

/* In place of a machine: all that hooks hand on comes to a function of the test. They do part of a reference themselves
 * (sim_touch()), so what they read of a machine is here. */

#include "collectors/model/model.h"
#include "collectors/model/sim_impl.h"

#define NO_MACHINE_CPUS 8

static inline void no_machine(sim_access_fn *access)
{
	static const uint64_t never = SIM_NONE;
	static struct sim_cpu cpu[NO_MACHINE_CPUS];
	static struct sim s = { .cpu = cpu };

	for (unsigned i = 0; i < NO_MACHINE_CPUS; i++)
		cpu[i] = (struct sim_cpu){ .access = access,
					   .again = { &never, 0, &never, 0, 0 },
					   .id = i };
	model_state.sim = &s;
}

#endif
