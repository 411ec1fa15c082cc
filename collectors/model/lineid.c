/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dense numbers for pieces of the address space: open addressing, at most half full. */
#include "collectors/model/lineid.h"

#include <stdlib.h>

static size_t place(const struct lineid_entry *table, size_t room, uint64_t piece)
{
	size_t i = (size_t)(piece * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);

	while (table[i].piece1 && table[i].piece1 != piece + 1)
		i = (i + 1) & (room - 1);
	return i;
}

static int grow(struct lineid *l)
{
	size_t room = l->room ? l->room * 2 : 4096;
	struct lineid_entry *table = calloc(room, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < l->room; i++)
		if (l->table[i].piece1)
			table[place(table, room, l->table[i].piece1 - 1)] = l->table[i];
	free(l->table);
	l->table = table;
	l->room = room;
	return 0;
}

int lineid_find(struct lineid *l, uint64_t piece, uint32_t *id)
{
	size_t i = l->room ? place(l->table, l->room, piece) : 0;

	if (l->room && l->table[i].piece1) {
		*id = l->table[i].id;
		return 0;
	}
	if (l->n == LINEID_MOST)
		return -E2BIG;
	if (l->n + 1 > l->room / 2) {
		int rc = grow(l);

		if (rc)
			return rc;
		i = place(l->table, l->room, piece);
	}
	*id = l->n++;
	l->table[i] = (struct lineid_entry){ piece + 1, *id };
	return 0;
}

void lineid_release(struct lineid *l)
{
	free(l->table);
	l->table = NULL;
	l->room = 0;
}
