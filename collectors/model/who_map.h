/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_WHO_MAP_H
#define SLABSCOPE_MODEL_WHO_MAP_H

/*
 * From one number to another, 0 standing for "none": open addressing, at most half full. Keys stay
 * when their value becomes 0: pages and lines come back. Zero is a valid empty map.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct who_map {
	struct who_entry {
		uint64_t key, value, used;
	} * at;
	size_t slots, nr; /* slots: 0 or a power of two */
};

static inline struct who_entry *who_map_slot(const struct who_map *m, uint64_t key)
{
	size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (m->slots - 1);

	while (m->at[i].used && m->at[i].key != key)
		i = (i + 1) & (m->slots - 1);
	return &m->at[i];
}

static inline uint64_t who_map_get(const struct who_map *m, uint64_t key)
{
	return m->slots ? who_map_slot(m, key)->value : 0;
}

static inline int who_map_grow(struct who_map *m)
{
	struct who_map bigger = { .slots = m->slots ? m->slots * 2 : 256, .nr = m->nr };

	bigger.at = calloc(bigger.slots, sizeof(*bigger.at));
	if (!bigger.at)
		return -ENOMEM;
	for (size_t i = 0; i < m->slots; i++)
		if (m->at[i].used)
			*who_map_slot(&bigger, m->at[i].key) = m->at[i];
	free(m->at);
	*m = bigger;
	return 0;
}

static inline int who_map_set(struct who_map *m, uint64_t key, uint64_t value)
{
	struct who_entry *s;

	if (2 * (m->nr + 1) > m->slots && who_map_grow(m))
		return -ENOMEM;
	s = who_map_slot(m, key);
	if (!s->used) {
		if (!value)
			return 0;
		m->nr++;
		s->used = 1;
		s->key = key;
	}
	s->value = value;
	return 0;
}

/* The next pair with a value from *@i on, which begins with 0. */
static inline bool who_map_next(const struct who_map *m, size_t *i, uint64_t *key, uint64_t *value)
{
	for (; *i < m->slots; (*i)++) {
		if (!m->at[*i].value)
			continue;
		*key = m->at[*i].key;
		*value = m->at[(*i)++].value;
		return true;
	}
	return false;
}

static inline void who_map_release(struct who_map *m)
{
	free(m->at);
	*m = (struct who_map){ NULL, 0, 0 };
}

#endif
