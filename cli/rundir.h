/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RUNDIR_H
#define SLABSCOPE_RUNDIR_H

/*
 * A run's folder: run.json (what was asked, on what machine: all that is needed to do it again),
 * samples.csv, and later summary.csv and plots/. One process at a time runs trials into it: a lock
 * on the folder sees to that.
 */

#include <jansson.h>
#include <limits.h>

#include "cli/job.h"
#include "cli/plan.h"
#include "cli/samples.h"
#include "cli/state.h"

#define RUN_FORMAT 1
#define RUN_FILE "run.json"

struct rundir {
	char path[PATH_MAX];
	int lock; /* the folder, locked; -1 */
};

/* Paths inside: @name below the folder. */
const char *rundir_file(const struct rundir *d, const char *name, char buf[PATH_MAX]);

/*
 * Make (with its parents) and lock @path for a new run. -EEXIST if there is something in it and not
 * @force; with @force an earlier run's own files are removed, nothing else. -EBUSY: another process
 * runs in it.
 */
int rundir_create(struct rundir *d, const char *path, int force, struct err *e);
/* Lock an existing one. */
int rundir_open(struct rundir *d, const char *path, struct err *e);
void rundir_close(struct rundir *d);

/* Write run.json. @j is the resolved job of @p. */
int rundir_describe(const struct rundir *d, const struct plan *p, const struct job *j, int argc,
		    char **argv, struct err *e);

/* Put @value under @name into the run.json that is there, in place of an earlier one; takes over the
 * reference. */
int rundir_note(const struct rundir *d, const char *name, json_t *value, struct err *e);

/* Read run.json of the folder @path: 0 and a new reference, -ENOENT, or -EINVAL naming what is
 * wrong with it. */
int run_json_read(const char *path, json_t **out, struct err *e);
/* Its job and its plan, made again; -EINVAL if it was planned by another version, or the hash differs
 * from the recorded one. */
int run_json_plan(json_t *run, const char *path, struct job *j, struct plan *p, struct err *e);

/*
 * What has become of the trials of @p in the folder's samples.csv, put into @s (fresh from
 * states_init()). What follows the last whole attempt is cut off the file. -EINVAL if the samples are
 * not this plan's.
 */
int rundir_states(const struct rundir *d, const struct plan *p, struct run_states *s,
		  struct err *e);

/*
 * What the trials that are ok gave for @metric, of the whole trial: (*v)[config * blocks + block],
 * NaN where there is none; malloc'd.
 */
int rundir_values(const struct rundir *d, const struct plan *p, const char *metric, double **v,
		  struct err *e);

#endif
