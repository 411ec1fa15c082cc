/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_LAUNCH_H
#define SLABSCOPE_LAUNCH_H

/*
 * One trial in a fresh process: this program again, as `slabscope _trial`, with the specification
 * on its standard input and its lines read from descriptor 3 (cli/trial.h).
 *
 * The child is the head of a process group of its own, so that a terminal's ^C comes to us alone,
 * and it dies with us (parent-death signal), so that a killed run leaves nothing behind that
 * measures on.
 */

#include <signal.h>
#include <stddef.h>

#include "lib/err.h"

enum launch_status {
	LAUNCH_OK,
	LAUNCH_FAILED,
	LAUNCH_CRASHED,
	LAUNCH_TIMEOUT,
	LAUNCH_INVALID,	    /* it ran, and says that it is not what was asked for: record_trial() */
	LAUNCH_DISTURBED,   /* it ran, and says that something was in its way: record_trial() */
	LAUNCH_INTERRUPTED, /* by a signal to us: it has no row */
};
#define LAUNCH_STATES LAUNCH_INTERRUPTED	/* that a trial's status row can have */
extern const char *const launch_status_names[]; /* as in a status row */

/* Signals are taken by descriptor while one of these lives: one per process, single-threaded. */
struct launcher {
	int sigfd;
	sigset_t before; /* the mask that the children get back */
	double timeout;	 /* s */
	int verbose;	 /* pass on what the child says on standard error */
};

int launcher_init(struct launcher *l, struct err *e);
void launcher_release(struct launcher *l);

struct launch {
	enum launch_status status;
	int code;	/* exit status, or the signal of a crash or an interrupt */
	double seconds; /* from fork to reaping */
	char phase[32]; /* the last one begun; "" none */
	char note[512]; /* why it is not ok; "" */
	char *out;	/* what came from descriptor 3, and a NUL */
	size_t out_len;
	char said[1024]; /* the end of its standard error */
	size_t said_len;
};

/* Run one trial. 0 with @r filled however the trial went; -errno when it could not be started. */
int launch_trial(struct launcher *l, const char *spec, struct launch *r, struct err *e);
/*
 * The same with another @program (NULL: this one), whose addresses shall be the same in each run: no
 * randomisation of the address space where the kernel lets us (personality(2)), and of the environment
 * only what concerns us (SLABSCOPE_*, HWLOC_*, LD_*, options of sanitizers).
 */
int launch_program(struct launcher *l, const char *program, const char *spec, struct launch *r,
		   struct err *e);
void launch_release(struct launch *r);

#endif
