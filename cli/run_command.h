/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RUN_COMMAND_H
#define SLABSCOPE_RUN_COMMAND_H

/* slabscope run -- COMMAND: what it says as settings of a job (workloads/command.c). */

#include "cli/job.h"

/*
 * Appends to @given the settings that run @words (NULL ends them): workload and command, and where no job file says more
 * (@from_file 0) the profile, one launch per trial and no warm-up, each unless it is given already. -EINVAL: no words;
 * -E2BIG: more than an option holds.
 */
int run_command(struct job_section *given, char *const *words, int from_file, struct err *e);

#endif
