/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/kmemtrace/count.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void kmemcounts_fini(struct kmemcounts *c)
{
	for (uint32_t i = 0; i < c->nr; i++)
		free(c->cache[i].lifetime);
	free(c->cache);
	free(c->born);
	memset(c, 0, sizeof(*c));
}

static int room(struct kmemcounts *c, uint32_t caches, uint32_t slot)
{
	while (c->nr < caches) {
		if (c->nr == c->room) {
			uint32_t more = c->room ? 2 * c->room : 64;
			struct kmemcount *p = realloc(c->cache, more * sizeof(*p));

			if (!p)
				return -ENOMEM;
			c->cache = p;
			c->room = more;
		}
		c->cache[c->nr] = (struct kmemcount){ .lifetime = calloc(1, sizeof(struct hist)) };
		if (!c->cache[c->nr].lifetime)
			return -ENOMEM;
		c->nr++;
	}
	if (slot >= c->slots) {
		uint32_t more = c->slots ? c->slots : 1024;
		struct kmemcount_born *p;

		while (more <= slot)
			more *= 2;
		p = realloc(c->born, more * sizeof(*p));
		if (!p)
			return -ENOMEM;
		c->born = p;
		c->slots = more;
	}
	return 0;
}

int kmemcount_add(struct kmemcounts *c, const struct kmemtrace *t, const struct kmemtrace_record *r,
		  struct err *e)
{
	struct kmemcount_born *born;
	struct kmemcount *n;
	uint32_t caches;

	kmemtrace_cache(t, &caches);
	if (room(c, caches, r->slot))
		return err_set(e, -ENOMEM, "no memory for counts");
	n = &c->cache[r->cache];
	born = &c->born[r->slot];
	if (r->kind == KMEMTRACE_ALLOC) {
		*born = (struct kmemcount_born){ r->ns, r->cpu };
		n->allocs++;
		n->live++;
		n->peak = n->live > n->peak ? n->live : n->peak;
		return 0;
	}
	n->live--;
	n->cross += r->cpu != born->cpu;
	if (r->kind == KMEMTRACE_IMPLICIT) {
		n->implicit++;
		return 0;
	}
	n->frees++;
	/* buffers of CPUs may be merged a little out of order */
	hist_record(n->lifetime,
		    r->ns > born->ns && r->ns - born->ns <= INT64_MAX ? r->ns - born->ns : 0);
	return 0;
}
