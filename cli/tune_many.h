/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_MANY_H
#define SLABSCOPE_TUNE_MANY_H

/*
 * Many pieces of work that know nothing of each other, each in a process of its own, some at a time.
 *
 *	parent			   child of piece i
 *	fork, for each free place  work(arg, i, launcher of its own) -> result i, in shared memory
 *	wait: one ends, or a signal
 *
 * Results lie in the order of the pieces, whoever is first; so what is made of them is the same on one CPU
 * and on many.
 */

#include <stddef.h>

#include "cli/launch.h"
#include "lib/err.h"

/* 0, or -errno, which ends everything: -EINTR and -ENOMEM are for that; what is wrong with one piece alone
 * belongs into its result. */
typedef int tune_work_fn(void *arg, unsigned piece, void *result, struct launcher *l,
			 struct err *e);

struct tune_many {
	unsigned nr, at_once; /* 0: one for each CPU that we may run on */
	size_t size; /* of a result; plain bytes, its pointers are the parent's from before */
	tune_work_fn *work;
	void *arg;
	void (*ended)(void *arg, unsigned ended,
		      unsigned nr); /* in the parent; NULL: nobody asks */
};

/* @results[nr * size] gets them. @l is the parent's. -EINTR: a signal; children are gone then, too. */
int tune_many(const struct tune_many *m, struct launcher *l, void *results, struct err *e);

#endif
