/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_LOAD_H
#define SLABSCOPE_TESTS_LOAD_H

/* What load_main.c needs of the build it is in: load_model.c simulates, load_plain.c does nothing. */

#include <stdio.h>

#include "lib/err.h"

struct load_ask {
	const char *target; /* NULL: nothing is simulated */
	const char *frames; /* "identity", "random", ...; NULL: identity */
	int details;	    /* everything that can be asked of the machine is kept */
};
int load_begin(const struct load_ask *ask, struct err *e);
/* Prints what was counted as lines of `name,value`. */
int load_end(FILE *f, struct err *e);

#endif
