/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaping: what idle queues and empty slabs give back, by and by (cache_reap of 2.6.22).
 *
 * One tick of a CPU ages its arrays: a touched one is only marked untouched, an untouched one loses
 * (limit + 4) / 5 objects, or half of what it holds if that is less. Every KMEM_REAP_NODE_MS the node's shared
 * array is aged too, and unless a free slab was used meanwhile up to a fifth of free_limit in slabs goes.
 */
#include <time.h>

#include "engine/internal.h"

/* @ac is ours (claimed, or under l3->lock). Collects nothing itself: the caller destroys @doomed. */
static void age_array(struct kmem_cache_core *core, struct kmem_list3 *l3, struct array_cache *ac,
		      struct list_head *doomed)
{
	unsigned n;

	if (!ac->avail)
		return;
	if (ac->touched) {
		ac->touched = 0;
		return;
	}
	n = (ac->limit + 4) / 5;
	if (n > ac->avail)
		n = (ac->avail + 1) / 2;
	free_block(core, l3, ac->entry, n, doomed);
	ac->avail -= n;
	memmove(ac->entry, &ac->entry[n], ac->avail * sizeof(void *));
}

/* One alien array per tick, round robin over the other nodes. */
static void reap_alien(struct kmem_cache_core *core, struct kmem_list3 *l3, unsigned cpu)
{
	struct kmem_slot *slot = &core->cache->slot[cpu];
	unsigned node = slot->reap_next;
	struct list_head doomed;
	struct alien_cache *a;

	slot->reap_next = (node + 1) % core->sys->machine.nr_nodes;
	a = l3->alien[node];
	if (!a || !kmem_trylock(&a->lock))
		return;
	a->locks++;
	list_init(&doomed);
	drain_alien(core, a, node, &doomed);
	kmem_unlock(&a->lock);
	destroy_slabs(core, &doomed);
}

static void reap_cpu(struct kmem_cache_core *core, struct kmem_list3 *l3, unsigned cpu)
{
	struct array_cache *ac = slot_claim_remote(core->cache, cpu);
	struct list_head doomed;

	list_init(&doomed);
	if (ac != &kmem_stub_none) {
		list_lock(l3);
		age_array(core, l3, ac, &doomed);
		kmem_unlock(&l3->lock);
	}
	slot_release(core->cache, (int)cpu, ac);
	destroy_slabs(core, &doomed);
}

static void reap_node(struct kmem_cache_core *core, struct kmem_list3 *l3, uint64_t now_ms)
{
	unsigned num = core->geo[core_conf(core)->geo]->g.num;
	struct list_head doomed;
	uint64_t slabs = 0;

	list_init(&doomed);
	list_lock(l3);
	if (l3->next_reap <= now_ms) {
		l3->next_reap = now_ms + KMEM_REAP_NODE_MS;
		if (l3->shared)
			age_array(core, l3, l3->shared, &doomed);
		if (l3->free_touched)
			l3->free_touched = 0;
		else if (!core_conf(core)->config.rcu)
			slabs = (l3->free_limit + 5 * num - 1) / (5 * num);
	}
	kmem_unlock(&l3->lock);
	destroy_slabs(core, &doomed);
	if (slabs)
		drain_freelist(core, l3, slabs);
}

void kmem_reap(struct kmem_system *s, unsigned cpu, uint64_t now_ms)
{
	if (cpu >= s->nr_slots || pthread_mutex_trylock(&s->chain_lock))
		return;
	for (struct list_head *p = s->chain.next; p != &s->chain; p = p->next) {
		struct kmem_cache_core *core = list_entry(p, struct kmem_cache_core, chain);
		struct kmem_list3 *l3 = core->l3[cpu_to_node(s, (int)cpu)];

		reap_alien(core, l3, cpu);
		reap_cpu(core, l3, cpu);
		reap_node(core, l3, now_ms);
	}
	pthread_mutex_unlock(&s->chain_lock);
}

/* ---- the timer ---- */

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void *reaper_main(void *arg)
{
	struct kmem_system *s = arg;

	pthread_mutex_lock(&s->reaper_lock);
	for (uint64_t next = now() + s->reaper_period; !s->reaper_stop; next += s->reaper_period) {
		struct timespec t = { .tv_sec = (time_t)(next / 1000),
				      .tv_nsec = (long)(next % 1000 * 1000000) };

		while (!s->reaper_stop && now() < next)
			pthread_cond_timedwait(&s->reaper_cond, &s->reaper_lock, &t);
		if (s->reaper_stop)
			break;
		pthread_mutex_unlock(&s->reaper_lock);
		for (unsigned cpu = 0; cpu < s->nr_slots; cpu++)
			kmem_reap(s, cpu, now());
		pthread_mutex_lock(&s->reaper_lock);
	}
	pthread_mutex_unlock(&s->reaper_lock);
	return NULL;
}

int kmem_reaper_start(struct kmem_system *s, unsigned period_ms, struct err *e)
{
	int r = 0;

	if (!period_ms)
		return err_set(e, -EINVAL, "reaper period: expected at least 1 ms");
	pthread_mutex_lock(&s->reaper_lock);
	if (s->reaper_running) {
		r = err_set(e, -EALREADY, "the reaper runs already");
	} else {
		s->reaper_period = period_ms;
		s->reaper_stop = 0;
		r = -pthread_create(&s->reaper, NULL, reaper_main, s);
		if (r)
			err_set(e, r, "cannot start the reaper: %s", strerror(-r));
		s->reaper_running = !r;
	}
	pthread_mutex_unlock(&s->reaper_lock);
	return r;
}

void kmem_reaper_stop(struct kmem_system *s)
{
	unsigned running;

	pthread_mutex_lock(&s->reaper_lock);
	running = s->reaper_running;
	s->reaper_running = 0;
	s->reaper_stop = 1;
	pthread_cond_signal(&s->reaper_cond);
	pthread_mutex_unlock(&s->reaper_lock);
	if (running)
		pthread_join(s->reaper, NULL);
}
