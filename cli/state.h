/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_STATE_H
#define SLABSCOPE_STATE_H

/*
 * What has become of each trial of a plan, from samples.csv and from the trials that run now.
 *
 *	none --run--> ok, failed, crashed, timeout, invalid	settled
 *	  \--run--> disturbed --repeat, up to `repeats` times--> one of all these
 *
 * A trial is pending while it has no attempt, or its last one was disturbed and repeats are left.
 */

#include "cli/launch.h"
#include "cli/plan.h"

#define STATE_REASONS 15
#define STATE_REASON_MAX 32

struct trial_state {
	unsigned char attempts; /* 0: not run yet */
	unsigned char status;	/* enum launch_status of the last attempt */
	unsigned char reason;	/* 1 + index of its note's first word, when it is not ok */
};

struct run_states {
	struct trial_state *of; /* [block * nr_configs + config] */
	unsigned nr_configs, blocks, repeats;
	struct state_reason {
		char word[STATE_REASON_MAX]; /* distinct; the last one stands for all others */
		char note[160];		     /* the first whole one that began so */
	} reason[STATE_REASONS];
	unsigned nr_reasons;
};

int states_init(struct run_states *s, const struct plan *p, struct err *e);
void states_release(struct run_states *s);

/* One more attempt of a trial, that ended so. */
void states_put(struct run_states *s, unsigned block, unsigned config, enum launch_status status,
		const char *note);

/* Has it to be run (again)? */
int states_pending(const struct run_states *s, unsigned block, unsigned config);
/* Trials of @block that have to be. */
unsigned states_left(const struct run_states *s, unsigned block);
/* Blocks from the first on without any. */
unsigned states_blocks(const struct run_states *s);

struct run_counts {
	unsigned trials, attempts;	/* with an attempt; all of them */
	unsigned status[LAUNCH_STATES]; /* of the trials, by their last attempt */
	unsigned repeated;		/* trials that had a disturbed attempt */
	char aside[256];		/* "run_delay, steal": why trials stay disturbed */
};

void states_count(const struct run_states *s, struct run_counts *n);

/* A config that was run and has no trial that is ok, and why its last one is not. */
struct state_empty {
	unsigned config;
	enum launch_status status;
	char note[sizeof(((struct state_reason *)0)->note)];
};

/* All of them into a malloc'd array (NULL where there are none). */
int states_empty(const struct run_states *s, struct state_empty **list, unsigned *nr,
		 struct err *e);

/* The word that begins @note: what a reason is called in a summary. */
void states_reason_word(const char *note, char word[STATE_REASON_MAX]);

#endif
