/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/intern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a, 64 bits. */
static uint64_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

static uint32_t *place(const struct intern *t, const char *s)
{
	uint32_t i = (uint32_t)hash(s) & (t->room - 1);

	while (t->slot[i] && strcmp(t->text[t->slot[i] - 1], s) != 0)
		i = (i + 1) & (t->room - 1);
	return &t->slot[i];
}

static int grow(struct intern *t)
{
	uint32_t room = t->room ? 2 * t->room : 64, *slot;
	char **text = realloc(t->text, room * sizeof(*text));

	if (!text)
		return -ENOMEM;
	t->text = text;
	slot = calloc(room, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	free(t->slot);
	t->slot = slot;
	t->room = room;
	for (uint32_t i = 0; i < t->nr; i++)
		*place(t, text[i]) = i + 1;
	return 0;
}

int64_t intern(struct intern *t, const char *s, int *fresh)
{
	uint32_t *at;

	if (fresh)
		*fresh = 0;
	if (4 * (uint64_t)(t->nr + 1) > 3 * (uint64_t)t->room && grow(t))
		return -ENOMEM;
	at = place(t, s);
	if (!*at) {
		t->text[t->nr] = strdup(s);
		if (!t->text[t->nr])
			return -ENOMEM;
		*at = ++t->nr;
		if (fresh)
			*fresh = 1;
	}
	return *at - 1;
}

void intern_fini(struct intern *t)
{
	for (uint32_t i = 0; i < t->nr; i++)
		free(t->text[i]);
	free(t->text);
	free(t->slot);
	*t = (struct intern){ .slot = NULL };
}
