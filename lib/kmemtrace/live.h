/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_KMEMTRACE_LIVE_H
#define SLABSCOPE_KMEMTRACE_LIVE_H

/*
 * Which addresses are live, and the slot of each: small numbers that are used again, so that there are as many as
 * objects were ever live at the same time.
 *
 *	entry[hash(ptr)...]  ptr -> slot      open addressing, linear probing, at most 3/4 full
 *	free[]               slots that are not in use, the last one freed first
 *
 * Invariants: each live address is in one entry, reached from its hash without an empty one between; slots of live
 * entries and free[0 .. nr_free) are 0 .. nr_slots - 1, each once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_entry {
	uint64_t ptr; /* 0: empty */
	uint32_t slot;
};

struct live {
	struct live_entry *entry;
	size_t room, nr; /* a power of two, or 0 */
	uint32_t *free;
	uint32_t nr_free, nr_slots, free_room;
};

void live_fini(struct live *l);
/* The slot of @ptr, or NULL: it is not live. Valid until the next change. */
const uint32_t *live_find(const struct live *l, uint64_t ptr);
/* @ptr (not 0, not live) becomes live: its slot, or -ENOMEM. */
int64_t live_add(struct live *l, uint64_t ptr);
/* @ptr is no longer live; false if it was not. */
bool live_remove(struct live *l, uint64_t ptr, uint32_t *slot);
/* The invariants hold. */
bool live_check(const struct live *l);

#endif
