/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread that is stopped in the middle of an operation, or whose array is taken away meanwhile. */
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/threads_help.h"

/* ---- preemption inside the fast path ---- */

static void nothing(int sig)
{
	(void)sig;
}

static void *hammer_main(void *arg)
{
	struct worker *w = arg;
	struct stage *st = w->st;

	for (unsigned i = 0; i < st->ops; i++) {
		unsigned n = 1 + (unsigned)rng_below(&w->rng, 5);

		for (unsigned k = 0; k < n; k++) {
			void *p = kmem_cache_alloc(st->c[0], 0);

			if (!p)
				broken("NULL, though memory is left");
			hold(w, 0, p);
		}
		while (w->n) {
			unsigned cache;
			void *p = let_go_held(w, w->n - 1, &cache);

			kmem_cache_free(st->c[0], p);
		}
		if (i % 4096 == 0)
			work_move(w);
	}
	atomic_fetch_add(&st->allocs, w->allocs);
	return NULL;
}

/* Eight threads share the CPUs' tiny arrays, and signals interrupt whoever runs: each one restarts a sequence. */
static void preempted(void **state)
{
	static struct stage st;
	static struct worker w[WORKERS];
	struct itimerval often = { { 0, 250 }, { 0, 250 } }, off = { { 0, 0 }, { 0, 0 } };
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART }, old;
	struct slab_config cfg;
	pthread_t t[WORKERS];

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	cfg.limit = 2;
	cfg.batchcount = 1;
	cfg.shared = 1;
	for (unsigned i = 0; i < MODES; i += 2) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, 1, &cfg, 64, 512);
		st.workers = WORKERS;
		st.ops = (modes[i].source == KMEM_CPU_RSEQ ? 10 : 2) * ops_per_thread();
		assert_int_equal(sigaction(SIGPROF, &sa, &old), 0);
		if (!sanitized())
			assert_int_equal(setitimer(ITIMER_PROF, &often, NULL), 0);
		memset(w, 0, sizeof(w));
		for (unsigned k = 0; k < WORKERS; k++) {
			w[k].st = &st;
			w[k].me = k;
			rng_seed(&w[k].rng, 100 + k);
			start(&t[k], hammer_main, &w[k]);
		}
		for (unsigned k = 0; k < WORKERS; k++)
			pthread_join(t[k], NULL);
		setitimer(ITIMER_PROF, &off, NULL);
		sigaction(SIGPROF, &old, NULL);
		printf("%s: %lu pairs by %d threads\n", modes[i].name, st.allocs, WORKERS);
		stage_end(&st);
	}
}

/* ---- an array taken away by another CPU, while its own is in the middle of it ---- */

static void pin(unsigned nth)
{
	cpu_set_t all, one;

	if (sched_getaffinity(getpid(), sizeof(all), &all))
		return;
	nth %= (unsigned)CPU_COUNT(&all);
	CPU_ZERO(&one);
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &all) && !nth--) {
			CPU_SET(i, &one);
			break;
		}
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static void *pairs_main(void *arg)
{
	struct worker *w = arg;

	pin(w->me);
	/* each of those that drain has done its share */
	while (atomic_load(&w->st->looks) < w->st->ops) {
		for (unsigned i = 0; i < 200; i++) {
			unsigned n = 1 + (i & 3), cache;

			for (unsigned k = 0; k < n; k++) {
				void *p = kmem_cache_alloc(w->st->c[0], 0);

				if (!p)
					broken("NULL, though memory is left");
				hold(w, 0, p);
			}
			while (w->n)
				kmem_cache_free(w->st->c[0], let_go_held(w, 0, &cache));
		}
	}
	atomic_fetch_add(&w->st->allocs, w->allocs);
	return NULL;
}

/* Whatever the queues hold goes back to the slabs: an object that its CPU took meanwhile would be there twice. */
static void *drainer_main(void *arg)
{
	struct stage *st = arg;
	struct slab_config cfg;
	struct err e;

	pin(1);
	for (unsigned i = 0; i < st->ops; i++) {
		kmem_cache_shrink(st->c[0]);
		if (i % 64 == 0) {
			kmem_cache_config(st->c[0], &cfg);
			cfg.limit = cfg.limit == 8 ? 12 : 8;
			if (kmem_cache_tune(st->c[0], &cfg, &e))
				broken("%s", e.text);
		}
		if (i % 1024 == 0 && kmem_cache_check(st->c[0], &e))
			broken("%s", e.text);
		for (unsigned k = i % 50; k; k--)
			kmem_cpu_relax();
		atomic_fetch_add(&st->looks, 1);
	}
	return NULL;
}

static void taken_away(void **state)
{
	static struct stage st;
	static struct worker w[2];
	struct slab_config cfg;
	pthread_t t[2], drainer;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	cfg.limit = 8;
	cfg.batchcount = 4;
	cfg.shared = 0;
	for (unsigned i = 0; i < MODES; i += 2) {
		if (!has_mode(&modes[i]))
			continue;
		stage_begin(&st, modes[i].source, 1, &cfg, 64, 512);
		st.workers = 2;
		st.ops = ops_per_thread();
		memset(w, 0, sizeof(w));
		for (unsigned k = 0; k < 2; k++) {
			w[k].st = &st;
			w[k].me = 2 * k; /* not where the drainer is, if there are other CPUs */
			rng_seed(&w[k].rng, 200 + k);
			start(&t[k], pairs_main, &w[k]);
		}
		start(&drainer, drainer_main, &st);
		pthread_join(drainer, NULL);
		for (unsigned k = 0; k < 2; k++)
			pthread_join(t[k], NULL);
		printf("%s: %lu pairs, drained %lu times\n", modes[i].name, st.allocs, st.looks);
		stage_end(&st);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(preempted),
		cmocka_unit_test(taken_away),
	};

	return cmocka_run_group_tests_name("engine_preempt", tests, NULL, NULL);
}
