/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fully associative LRU: see fa.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/fa.h"

#define LEAST_LOG 4096 /* entries */
#define AHEAD 16       /* entries whose words are asked for before they are needed */

int fa_init(struct fa *f, uint32_t room)
{
	uint32_t log = LEAST_LOG;

	*f = (struct fa){ 0 };
	if (room > FA_PLACE / 4)
		return -ENOMEM;
	while (log < 2 * room)
		log *= 2;
	f->log = malloc(log * sizeof(*f->log));
	if (!f->log)
		return -ENOMEM;
	f->room = room;
	f->log_room = log;
	return 0;
}

void fa_fini(struct fa *f)
{
	free(f->at);
	free(f->log);
	*f = (struct fa){ 0 };
}

int fa_grow(struct fa *f, uint32_t tag)
{
	uint32_t tags = f->tags ? f->tags : 1024;
	uint32_t *at;

	while (tags <= tag)
		tags *= 2;
	at = realloc(f->at, tags * sizeof(*at));
	if (!at)
		return -ENOMEM;
	memset(at + f->tags, 0, (tags - f->tags) * sizeof(*at));
	f->at = at;
	f->tags = tags;
	return 0;
}

static bool is_last_use(const struct fa *f, uint32_t place)
{
	return (f->at[f->log[place]] & FA_PLACE) == place + 1;
}

void fa_pack(struct fa *f)
{
	uint32_t to = 0;

	for (uint32_t i = f->tail; i < f->head; i++) {
		uint32_t tag = f->log[i];

		__builtin_prefetch(&f->at[f->log[i + AHEAD < f->head ? i + AHEAD : i]], 1);
		if (!is_last_use(f, i))
			continue;
		f->log[to++] = tag;
		f->at[tag] = (f->at[tag] & ~FA_PLACE) | to;
	}
	f->tail = 0;
	f->head = to;
}

void fa_evict(struct fa *f)
{
	while (!is_last_use(f, f->tail))
		f->tail++;
	f->at[f->log[f->tail++]] &= ~FA_PLACE;
	f->nr--;
	if (f->tail + AHEAD < f->head)
		__builtin_prefetch(&f->at[f->log[f->tail + AHEAD]], 1);
}

void fa_remove(struct fa *f, uint32_t tag)
{
	if (tag >= f->tags || !(f->at[tag] & FA_PLACE))
		return;
	f->at[tag] &= ~FA_PLACE;
	f->nr--;
}
