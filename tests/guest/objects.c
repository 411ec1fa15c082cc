/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A cache that is filled, and where its objects lie. */
#include <stdio.h>
#include <string.h>

#include "tests/guest/help.h"

void guest_fill_begin(struct guest_objects *o, const struct slab_config *c, size_t size)
{
	memset(o, 0, sizeof(*o));
	o->size = size;
	o->sys = guest_system();
	o->cache = guest_cache(o->sys, c, size);
}

void guest_fill(struct guest_objects *o, unsigned n)
{
	for (; n && o->nr < GUEST_OBJECTS; n--) {
		o->obj[o->nr] = kmem_cache_alloc(o->cache, 0);
		if (!o->obj[o->nr])
			break;
		memset(o->obj[o->nr++], 0x5a, o->size < 1000 ? o->size : 1000);
	}
	guest_census(o->obj, o->nr, o->node);
	memset(o->count, 0, sizeof(o->count));
	for (unsigned i = 0; i < o->nr; i++)
		o->count[o->node[i]]++;
}

void guest_fill_end(struct guest_objects *o)
{
	for (unsigned i = 0; i < o->nr; i++)
		kmem_cache_free(o->cache, o->obj[i]);
	guest_end(o->sys, o->cache);
}

const char *guest_counts(const unsigned *n, char *text)
{
	char *at = text;

	for (unsigned i = 0; i < guest.nr; i++)
		at += sprintf(at, "%s%u", i ? " " : "", n[i]);
	return text;
}

void guest_expect(const struct guest_objects *o, const char *policy, unsigned from,
		  const unsigned *want)
{
	char a[100], b[100];

	check(!memcmp(o->count, want, sizeof(o->count)),
	      "policy %s from node %u: objects by node %s, expected %s", policy, from,
	      guest_counts(o->count, a), guest_counts(want, b));
}
