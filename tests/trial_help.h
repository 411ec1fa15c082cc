/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_TRIAL_HELP_H
#define SLABSCOPE_TESTS_TRIAL_HELP_H

/* A whole trial in a child process, and what it said. */

#include <stddef.h>

#include "cli/trial.h"

struct outcome {
	int status; /* of waitpid */
	char phase[32], phases[256], error[512];
	int ended;
	unsigned values, unavailable, effective, bad;
	char text[1 << 16];
	size_t len;
};

/* Run the trial of this specification text; or, with @own, @own itself in place of the text's
 * workload. */
void run_trial(const char *text, const struct workload *own, struct outcome *o);

/* The value of a metric of the whole trial, or of an effective setting; NULL: not there. */
const char *field_of(const struct outcome *o, const char *kind, const char *name, char *buf,
		     size_t len);

/* Fail unless the trial went through all its phases and ended well; @what names it. */
void expect_whole(const struct outcome *o, const char *what);

#endif
