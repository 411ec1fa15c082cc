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

/* Read run.json of the folder @path: 0 and a new reference, -ENOENT, or -EINVAL naming what is
 * wrong with it. */
int run_json_read(const char *path, json_t **out, struct err *e);
/* Its job and its plan, made again; -EINVAL if the hash differs from the recorded one. */
int run_json_plan(json_t *run, const char *path, struct job *j, struct plan *p, struct err *e);

/*
 * Which trials of @p are whole in the folder's samples.csv, in done[block * nr_configs + config]
 * (malloc'd). What follows the last whole one is cut off the file. -EINVAL if the samples are not
 * this plan's.
 */
int rundir_done(const struct rundir *d, const struct plan *p, unsigned char **done,
		unsigned *nr_done, struct err *e);

#endif
