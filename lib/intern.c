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
	struct intern bigger = { .text = t->text, .nr = t->nr, .room = t->room ? 2 * t->room : 64 };
	char **text = bigger.room ? realloc(t->text, bigger.room * sizeof(*text)) : NULL;

	if (!text)
		return -ENOMEM;
	t->text = bigger.text = text;
	bigger.slot = calloc(bigger.room, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->nr; i++)
		*place(&bigger, text[i]) = i + 1;
	free(t->slot);
	*t = bigger;
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
