/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_LAUNCH_MODEL_H
#define SLABSCOPE_LAUNCH_MODEL_H

/*
 * Trials with `model` in their list of collectors: two processes, one trial.
 *
 *	slabscope _trial	the rest of the list, on this machine; not started if nothing is left
 *	slabscope-model _trial	collect=model, on the simulated one; only if the other one went well
 *
 * The rows of both become one trial's. What the second one says of its machine by the same name as
 * the first, and is not the same, is called model.NAME.
 */

#include <limits.h>

#include "cli/launch.h"
#include "cli/trial.h"

#define MODEL_PROGRAM "slabscope-model"

/* Where that program is: beside this one, or in ../libexec/slabscope. -ENOENT and what to do. */
int model_program(char path[PATH_MAX], struct err *e);

/* Run @s, whose list has `model`; its `collect` is changed. As launch_trial(). */
int launch_modelled(struct launcher *l, struct trial_spec *s, struct launch *r, struct err *e);

/* The lines of @model behind those of @native, which stays the trial: status and note are the worse
 * ones. -ENOMEM leaves both. */
int launch_merge(struct launch *native, const struct launch *model, struct err *e);

#endif
