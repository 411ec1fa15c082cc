/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many threads in one cache, while others tune, shrink, reap and look in. Threads that are interrupted or lose
 * their array in the middle of an operation are in test_engine_preempt.c.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/threads_help.h"

static void work_alloc(struct worker *w)
{
	unsigned cache = (unsigned)rng_below(&w->rng, CACHES), node;
	struct kmem_cache *c = w->st->c[cache];
	void *p;

	if (w->n == HELD)
		return;
	switch (rng_below(&w->rng, 12)) {
	case 0:
		node = (unsigned)rng_below(&w->rng, w->st->nodes);
		p = kmem_cache_alloc_node(c, KMEM_THISNODE, (int)node);
		if (p && kmem_obj_node(w->st->s, p) != node)
			broken("an object of node %u instead of %u", kmem_obj_node(w->st->s, p),
			       node);
		break;
	case 1:
		p = kmem_cache_zalloc(c);
		if (p)
			compare_stamp(p, w->st->size[cache], 0);
		break;
	default:
		p = kmem_cache_alloc(c, 0);
	}
	if (p)
		hold(w, cache, p);
	else
		w->nulls++;
}

static void work_free(struct worker *w)
{
	unsigned cache;
	void *p;

	if (!w->n)
		return;
	p = let_go_held(w, (unsigned)rng_below(&w->rng, w->n), &cache);
	kmem_cache_free(w->st->c[cache], p);
}

static void work_bulk(struct worker *w)
{
	unsigned n = 1 + (unsigned)rng_below(&w->rng, 20),
		 cache = (unsigned)rng_below(&w->rng, CACHES), k = 0;
	void *p[20];
	size_t got;

	if (w->n + n <= HELD) {
		got = kmem_cache_alloc_bulk(w->st->c[cache], 0, n, p);
		for (size_t i = 0; i < got; i++)
			hold(w, cache, p[i]);
		w->nulls += !got;
		return;
	}
	for (unsigned i = w->n; i-- > 0 && k < n;) {
		if (w->held[i].cache != cache)
			continue;
		p[k++] = let_go_held(w, i, &cache);
	}
	kmem_cache_free_bulk(w->st->c[cache], k, p);
}

/* To another thread, who frees it: on its CPU, perhaps of another node. */
static void work_hand_over(struct worker *w)
{
	struct ring *r = &w->st->ring[rng_below(&w->rng, w->st->workers)];
	unsigned i;

	if (!w->n)
		return;
	i = (unsigned)rng_below(&w->rng, w->n);
	pthread_mutex_lock(&r->lock);
	if (r->n < RING) {
		r->at[r->n].p = w->held[i].p;
		r->at[r->n].cache = w->held[i].cache;
		r->at[r->n].stamp = w->held[i].stamp;
		r->n++;
		w->held[i] = w->held[--w->n];
		w->handed++;
	}
	pthread_mutex_unlock(&r->lock);
}

static void work_collect(struct worker *w)
{
	struct ring *r = &w->st->ring[w->me];
	struct ring got;

	pthread_mutex_lock(&r->lock);
	got.n = r->n;
	memcpy(got.at, r->at, sizeof(got.at[0]) * r->n);
	r->n = 0;
	pthread_mutex_unlock(&r->lock);
	for (unsigned i = 0; i < got.n; i++)
		kmem_cache_free(w->st->c[got.at[i].cache],
				let_go(w, got.at[i].p, got.at[i].cache, got.at[i].stamp));
}

/* However the scheduler deals: no end before the others had their share. */
static int others_did_enough(struct stage *st)
{
	return atomic_load(&st->tunes) >= st->least && atomic_load(&st->looks) >= st->least;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < w->st->ops || !others_did_enough(w->st); i++) {
		uint64_t what = rng_below(&w->rng, 1000);

		if (what < 420)
			work_alloc(w);
		else if (what < 740)
			work_free(w);
		else if (what < 780)
			work_bulk(w);
		else if (what < 950)
			work_hand_over(w);
		else if (what < 995)
			work_collect(w);
		else if (what < 998)
			sched_yield();
		else
			work_move(w);
	}
	while (w->n)
		work_free(w);
	atomic_fetch_sub(&w->st->running, 1);
	/* the others may still hand over: be there until the last one is done */
	while (atomic_load(&w->st->running)) {
		work_collect(w);
		sched_yield();
	}
	work_collect(w);
	atomic_fetch_add(&w->st->allocs, w->allocs);
	atomic_fetch_add(&w->st->nulls, w->nulls);
	atomic_fetch_add(&w->st->frees, w->frees);
	atomic_fetch_add(&w->st->handed, w->handed);
	return NULL;
}

/* ---- meanwhile ---- */

static void *tuner_main(void *arg)
{
	struct stage *st = arg;
	struct ops_source in;
	struct slab_config c;
	struct err e;

	ops_source_seed(&in, 42);
	while (atomic_load(&st->running)) {
		struct kmem_cache *cache = st->c[ops_pick(&in, CACHES)];
		int r;

		kmem_cache_config(cache, &c);
		if (!ops_pick(&in, 3)) { /* often enough back to where the inline path serves */
			slab_config_profile(&c, ops_pick(&in, 2) ? "fast" : "kernel-2.6.22", NULL);
			c.rules = RULES_2_6_22;
		}
		ops_toggle(&in, &c, st->nodes, 0);
		r = kmem_cache_tune(cache, &c, &e);
		if (r && r != -EINVAL && r != -EBUSY && r != -ENOMEM && r != -E2BIG)
			broken("tune: %d, %s", r, e.text);
		atomic_fetch_add(&st->tunes, !r);
		for (uint64_t n = ops_pick(&in, 30); n; n--)
			sched_yield();
	}
	return NULL;
}

static void look(struct stage *st, struct kmem_cache *c, FILE *nowhere, uint64_t what)
{
	struct kmem_cache_info i;
	struct err e;

	switch (what) {
	case 0:
		kmem_cache_shrink(c);
		break;
	case 1:
		kmem_cache_get_info(c, &i);
		if (i.bytes_held != i.bytes_asked + i.bytes_free_objs + i.bytes_rounding +
					    i.bytes_stride_pad + i.bytes_mgmt + i.bytes_colour +
					    i.bytes_tail ||
		    i.queued > i.active_objs || i.list_allocs - i.list_frees != i.active_objs)
			broken("%s: the numbers do not add up under load", i.name);
		break;
	case 2:
		if (kmem_cache_check(c, &e))
			broken("%s", e.text);
		break;
	case 3:
		kmem_slabinfo_text(st->s, nowhere, 1);
		break;
	case 4:
		if (kmem_system_check(st->s, &e))
			broken("%s", e.text);
		break;
	default:
		for (unsigned cpu = 0; cpu < st->s->nr_slots; cpu++)
			kmem_reap(st->s, cpu, 5000 * (1 + what) + atomic_load(&st->looks) * 3000);
	}
}

static void *looker_main(void *arg)
{
	struct stage *st = arg;
	FILE *nowhere = fopen("/dev/null", "w");
	struct rng r;

	if (!nowhere)
		broken("cannot open /dev/null");
	rng_seed(&r, 7);
	while (atomic_load(&st->running)) {
		look(st, st->c[rng_below(&r, CACHES)], nowhere, rng_below(&r, 8));
		atomic_fetch_add(&st->looks, 1);
		for (uint64_t n = rng_below(&r, 20); n; n--)
			sched_yield();
	}
	fclose(nowhere);
	return NULL;
}

/* ---- all together ---- */

/* @others: a tuner, one that looks in, and the reaper. */
static void run_workers(struct stage *st, unsigned workers, unsigned ops, int others)
{
	struct worker *w = calloc(workers, sizeof(*w));
	pthread_t t[WORKERS], tuner, looker;
	struct err e;

	assert_non_null(w);
	st->workers = workers;
	st->ops = ops;
	st->least = others ? 40 : 0;
	atomic_store(&st->running, workers);
	for (unsigned i = 0; i < workers; i++) {
		w[i].st = st;
		w[i].me = i;
		rng_seed(&w[i].rng, i + 1);
		start(&t[i], worker_main, &w[i]);
	}
	if (others) {
		assert_int_equal(kmem_reaper_start(st->s, 1, &e), 0);
		assert_int_equal(kmem_reaper_start(st->s, 1, &e), -EALREADY);
		start(&tuner, tuner_main, st);
		start(&looker, looker_main, st);
		pthread_join(tuner, NULL);
		pthread_join(looker, NULL);
	}
	for (unsigned i = 0; i < workers; i++)
		pthread_join(t[i], NULL);
	if (others)
		kmem_reaper_stop(st->s);
	for (unsigned i = 0; i < workers; i++)
		work_collect(&w[i]);
	free(w);
}

static void everything_at_once(void **state)
{
	static struct stage st; /* large */
	struct slab_config cfg;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	for (unsigned i = 0; i < MODES; i++) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, modes[i].nodes, &cfg, 64, 760);
		run_workers(&st, 4, ops_per_thread(), 1);
		assert_int_equal(st.allocs, st.frees);
		assert_true(st.allocs > 1000 && st.handed > 100);
		assert_true(st.tunes >= st.least && st.looks >= st.least);
		printf("%s: %lu allocations (%lu NULL), %lu handed over, %lu tunes, %lu looks\n",
		       modes[i].name, st.allocs, st.nulls, st.handed, st.tunes, st.looks);
		stage_end(&st);
	}
}

/* No tuning: the inline path all the time, remote frees through alien caches; every queue is in use at the end. */
static void plain_load(void **state)
{
	static struct stage st;
	struct kmem_cache_info info;
	struct slab_config cfg;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	cfg.limit = 6;
	cfg.batchcount = 3;
	for (unsigned i = 0; i < MODES; i++) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, modes[i].nodes, &cfg, 64, 760);
		run_workers(&st, 4, ops_per_thread(), 0);
		assert_int_equal(st.nulls, 0);
		assert_int_equal(st.allocs, st.frees);
		kmem_cache_get_info(st.c[0], &info);
		assert_int_equal(info.active_objs, info.queued);
		assert_int_equal(info.bytes_asked, 0);
		assert_true(info.refills > 10 && info.flushes > 10);
		stage_end(&st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_load),
		cmocka_unit_test(everything_at_once),
	};

	return cmocka_run_group_tests_name("engine_threads", tests, NULL, NULL);
}
