/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of what a simulated CPU is doing, for both builds. */

#include <stddef.h>

#include "collectors/model/model.h"

const char *const model_op_names[] = { "other",	 "alloc", "free", "visit",
				       "refill", "flush", "grow", NULL };

_Static_assert(sizeof(model_op_names) / sizeof(model_op_names[0]) == MODEL_OPS + 1,
	       "one name per operation");
