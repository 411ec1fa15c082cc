/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_SPILL_H
#define SLABSCOPE_SPILL_H

/*
 * A growing array that lies in a file which is deleted already, mapped: what does not fit memory may go to disk. The
 * file is made where TMPDIR says, else in /var/tmp. All bytes zero is an empty one. One thread at a time.
 */

#include <stddef.h>

#include "lib/err.h"

struct spill {
	void *p; /* [room] bytes, zero until written; moves when it grows */
	size_t room;
	int fd; /* + 1; 0: none yet */
};

/* At least @bytes; -ENOMEM, or why there is no file. */
int spill_grow(struct spill *s, size_t bytes, struct err *e);
void spill_fini(struct spill *s);

#endif
