/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_INTERN_H
#define SLABSCOPE_INTERN_H

/*
 * Texts with a number each: 0, 1, 2, ... in the order in which they were first seen. All bytes zero is an empty table.
 *
 *	slot[hash...]  number + 1      open addressing, at most 3/4 full
 *	text[number]   malloc'd, NUL-terminated
 */

#include <stddef.h>
#include <stdint.h>

struct intern {
	uint32_t *slot;
	char **text;
	uint32_t nr, room; /* room: of slot[], a power of two; text[] has as many */
};

/* The number of @s (the table makes a copy); *@fresh (may be NULL): it is a new one. -ENOMEM. */
int64_t intern(struct intern *t, const char *s, int *fresh);
void intern_fini(struct intern *t);

#endif
