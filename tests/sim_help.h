/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_SIM_HELP_H
#define SLABSCOPE_TESTS_SIM_HELP_H

#include "collectors/model/sim.h"

/* A machine of @t; the test fails with the reason if there is none. sim_destroy() it. */
struct sim *sim_of(const struct mt_target *t, const struct sim_options *o);
/* Every invariant holds, or the test fails. */
void sim_is_whole(const struct sim *s);

#endif
