/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_AXIS_H
#define SLABSCOPE_AXIS_H

/*
 * From a job's settings to one experiment's fixed settings and axes. A setting with more than one
 * value is an axis:
 *
 *	any option	a list or range (lib/opt.h): colour_off=64,128 n=8-1024*2
 *	workload, allocator, profile	a comma list of names
 *	cache		NAME:SIZE[:COUNT],...	object_size=SIZE; n=COUNT where n is not set
 *	variant		NAME: KEY=VALUE ... | ...	go together (KEY:VALUE is the same)
 *
 * Part of the plan: pure.
 */

#include "cli/job.h"
#include "cli/plan.h"

#define AXIS_MOST_VALUES 4096

/* Fill @x (zeroed) for section @s of @j. On failure too axis_experiment_release() frees what is
 * there. */
int axis_experiment(struct plan_exp *x, const struct job *j, const struct job_section *s,
		    struct err *e);
void axis_experiment_release(struct plan_exp *x);

/* [global] holds nothing that no experiment uses. */
int axis_check_global(const struct job *j, struct err *e);

/* 1: has to be set before the others, because it resets them (workload, profile). */
int axis_is_early(const char *name);

#endif
