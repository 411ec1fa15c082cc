/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects that are freed on another node than theirs: alien caches between real nodes. */
#include <stdio.h>
#include <string.h>

#include "tests/guest/help.h"

#define LIMIT 12u /* entries of an alien array, as in 2.6.22 */
#define OBJECTS 1000u

static void home_only(struct kmem_cache *c, unsigned node, const char *when)
{
	void *obj[100];
	unsigned where[100], wrong = 0;

	for (unsigned i = 0; i < 100; i++) {
		obj[i] = kmem_cache_alloc(c, 0);
		if (!obj[i])
			die("no memory");
		memset(obj[i], 1, 256);
	}
	guest_census(obj, 100, where);
	for (unsigned i = 0; i < 100; i++) {
		wrong += where[i] != node;
		kmem_cache_free(c, obj[i]);
	}
	check(!wrong, "alien: %s, node %u gets %u objects of other nodes", when, node, wrong);
}

/* @n objects of @from are freed by a CPU of @to. */
static void pair(unsigned from, unsigned to, bool alien)
{
	struct kmem_cache_info before, after;
	static void *obj[OBJECTS];
	struct slab_config c;
	struct kmem_system *s;
	struct kmem_cache *cache;
	unsigned over = alien ? (OBJECTS - 1) / LIMIT : 0,
		 kept = alien ? OBJECTS - over * LIMIT : 0;

	guest_config(&c, PLACE_LOCAL, 0);
	c.alien = alien;
	c.shared =
		0; /* what an alien array gives back goes to the slabs, and can be counted there */
	guest_pin(from);
	s = guest_system();
	cache = guest_cache(s, &c, 256);
	for (unsigned i = 0; i < OBJECTS; i++) {
		obj[i] = kmem_cache_alloc(cache, 0);
		if (!obj[i])
			die("no memory");
		memset(obj[i], 1, 256);
	}
	kmem_cache_get_info(cache, &before);
	guest_pin(to);
	for (unsigned i = 0; i < OBJECTS; i++)
		kmem_cache_free(cache, obj[i]);
	kmem_cache_get_info(cache, &after);
	check(after.remote_frees - before.remote_frees == OBJECTS &&
		      after.alien_overflow - before.alien_overflow == over,
	      "alien %s, %u to %u: %llu remote frees of %u, %llu overflows of %u",
	      alien ? "on" : "off", from, to, (unsigned long long)after.remote_frees, OBJECTS,
	      (unsigned long long)after.alien_overflow, over);
	check(after.queued - before.queued == kept &&
		      after.list_frees - before.list_frees == OBJECTS - kept,
	      "alien %s, %u to %u: %llu objects wait of %u, %llu went home of %u",
	      alien ? "on" : "off", from, to, (unsigned long long)(after.queued - before.queued),
	      kept, (unsigned long long)(after.list_frees - before.list_frees), OBJECTS - kept);
	home_only(cache, to, "with objects of another waiting");
	kmem_cache_shrink(cache);
	kmem_cache_get_info(cache, &after);
	check(!after.num_objs && !after.queued,
	      "alien %s, %u to %u: %llu objects left after shrinking", alien ? "on" : "off", from,
	      to, (unsigned long long)after.num_objs);
	guest_end(s, cache);
}

void check_alien(void)
{
	for (unsigned from = 0; from < guest.nr; from++)
		for (unsigned to = 0; to < guest.nr; to++)
			if (from != to) {
				pair(from, to, true);
				pair(from, to, false);
			}
}
