/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The native build's half of model.h: nothing is instrumented, so the state is never on. */

#include "collectors/model/model.h"

struct model_state model_state;

int model_build(void)
{
	return 0;
}

void model_here(void)
{
}
