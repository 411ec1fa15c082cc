/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fork() while other threads use the system: every array is claimed and every lock held, in the order of internal.h,
 * so that the child's copy has none of them in the hands of a thread that it does not have.
 *
 * The fast path needs it too: fork() copies page by page, and a push whose entry lies in a page that was copied before
 * and whose avail lies in one that is copied behind would be half there.
 */
#include "engine/internal.h"

static void each_core(struct kmem_system *s, void (*fn)(struct kmem_cache_core *))
{
	for (struct list_head *p = s->chain.next; p != &s->chain; p = p->next)
		fn(list_entry(p, struct kmem_cache_core, chain));
}

static void forked_core(struct kmem_cache_core *core)
{
	slot_forked_cache(core->cache);
}

void kmem_system_fork_prepare(struct kmem_system *s)
{
	pthread_mutex_lock(&s->reaper_lock);
	pthread_mutex_lock(&s->chain_lock);
	each_core(s, cache_freeze);
	meta_fork_lock(s->meta);
	pages_fork_lock(s->pages);
	kmem_lock(&s->watch_lock);
}

void kmem_system_fork_done(struct kmem_system *s, int child)
{
	kmem_unlock(&s->watch_lock);
	pages_fork_unlock(s->pages);
	meta_fork_unlock(s->meta);
	if (child) {
		each_core(s, forked_core);
		slot_forked();
	}
	each_core(s, cache_thaw);
	if (child) {
		s->reaper_running = s->reaper_stop = 0;
		system_init_locks(s);
	} else {
		pthread_mutex_unlock(&s->chain_lock);
		pthread_mutex_unlock(&s->reaper_lock);
	}
}
