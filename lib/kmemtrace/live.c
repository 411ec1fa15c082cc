/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/kmemtrace/live.h"

#include <errno.h>
#include <stdlib.h>

void live_fini(struct live *l)
{
	free(l->entry);
	free(l->free);
	*l = (struct live){ .entry = NULL };
}

static size_t home(const struct live *l, uint64_t ptr)
{
	return (size_t)((ptr * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (l->room - 1);
}

/* Where @ptr is, or the empty entry where it would be. */
static struct live_entry *place(const struct live *l, uint64_t ptr)
{
	size_t i = home(l, ptr);

	while (l->entry[i].ptr && l->entry[i].ptr != ptr)
		i = (i + 1) & (l->room - 1);
	return &l->entry[i];
}

const uint32_t *live_find(const struct live *l, uint64_t ptr)
{
	const struct live_entry *x;

	if (!l->room || !ptr)
		return NULL;
	x = place(l, ptr);
	return x->ptr ? &x->slot : NULL;
}

static int grow(struct live *l)
{
	struct live bigger = *l;

	bigger.room = l->room ? 2 * l->room : 1024;
	bigger.entry = calloc(bigger.room, sizeof(*bigger.entry));
	if (!bigger.entry)
		return -ENOMEM;
	for (size_t i = 0; i < l->room; i++)
		if (l->entry[i].ptr)
			*place(&bigger, l->entry[i].ptr) = l->entry[i];
	free(l->entry);
	*l = bigger;
	return 0;
}

/* Room for every slot in free[], so that freeing never fails. */
static int new_slot(struct live *l, uint32_t *slot)
{
	if (l->nr_slots == l->free_room) {
		uint32_t room = l->free_room ? 2 * l->free_room : 1024;
		uint32_t *more = l->nr_slots < UINT32_MAX / 4 ?
					 realloc(l->free, room * sizeof(*more)) :
					 NULL;

		if (!more)
			return -ENOMEM;
		l->free = more;
		l->free_room = room;
	}
	*slot = l->nr_slots++;
	return 0;
}

int64_t live_add(struct live *l, uint64_t ptr)
{
	uint32_t slot;

	if (4 * (l->nr + 1) > 3 * l->room && grow(l))
		return -ENOMEM;
	if (l->nr_free)
		slot = l->free[--l->nr_free];
	else if (new_slot(l, &slot))
		return -ENOMEM;
	*place(l, ptr) = (struct live_entry){ ptr, slot };
	l->nr++;
	return slot;
}

bool live_remove(struct live *l, uint64_t ptr, uint32_t *slot)
{
	size_t mask = l->room - 1, hole, i;
	struct live_entry *x;

	if (!l->room || !ptr || !(x = place(l, ptr))->ptr)
		return false;
	*slot = x->slot;
	l->free[l->nr_free++] = x->slot;
	l->nr--;
	/* what was pushed further by the one that goes moves up */
	hole = (size_t)(x - l->entry);
	for (i = (hole + 1) & mask; l->entry[i].ptr; i = (i + 1) & mask) {
		size_t from = home(l, l->entry[i].ptr);

		if (((i - from) & mask) >= ((i - hole) & mask)) {
			l->entry[hole] = l->entry[i];
			hole = i;
		}
	}
	l->entry[hole] = (struct live_entry){ 0, 0 };
	return true;
}

bool live_check(const struct live *l)
{
	unsigned char *seen = calloc(l->nr_slots + 1, 1);
	size_t nr = 0;
	bool ok = seen != NULL;

	for (size_t i = 0; ok && i < l->room; i++) {
		const struct live_entry *x = &l->entry[i];

		if (!x->ptr)
			continue;
		nr++;
		ok = place(l, x->ptr) == x && x->slot < l->nr_slots && !seen[x->slot]++;
	}
	for (uint32_t i = 0; ok && i < l->nr_free; i++)
		ok = l->free[i] < l->nr_slots && !seen[l->free[i]]++;
	ok = ok && nr == l->nr && nr + l->nr_free == l->nr_slots;
	free(seen);
	return ok;
}
