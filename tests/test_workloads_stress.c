/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every workload on the engine with real threads, more of them than CPUs, while others tune, shrink, reap and look in:
 * settings at random, queues so short that each path is taken. Threads end in the middle, and new ones go on with
 * their objects. Workloads check the stamps of their objects, here as in a trial; afterwards the caches must add up.
 *
 *	SLABSCOPE_STRESS_SECONDS=n  go round each workload's cases for so long, with new seeds (default: once round)
 *	SLABSCOPE_STRESS_SEED=n     of settings and slices (default 1); a failure prints the seed of its round
 *
 *	test_workloads_stress [WORKLOAD]   all of them, or this one
 *	test_workloads_stress --list       their names
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "lib/host.h"
#include "tests/workloads_help.h"

#define STRESS_WORKERS 3
#define SHIFTS 3 /* threads that each worker gets, one after the other */

struct stress {
	struct rig rig;
	uint64_t seed, ops; /* of each worker in each shift */
	atomic_uint working;
	atomic_uint failed; /* a worker gave up: the others need not wait for it */
	void (*phase)(struct stress *s, unsigned worker);
};

static void misuse(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
	abort();
}

/* Small queues, and what else makes another way through the engine; never what makes an allocation fail. */
static void draw_settings(struct slab_config *c, struct rng *r)
{
	static const char *const profile[] = { "kernel-2.6.22", "kernel-6.1", "fast" };
	static const enum slab_placement place[] = { PLACE_LOCAL, PLACE_PREFERRED,
						     PLACE_INTERLEAVE_PAGE, PLACE_INTERLEAVE_OBJECT,
						     PLACE_FARTHEST };
	struct err e;

	assert_int_equal(slab_config_profile(c, profile[rng_below(r, 3)], &e), 0);
	if (rng_below(r, 4)) {
		c->limit = 1 + (unsigned)rng_below(r, 12);
		c->batchcount = 1 + (unsigned)rng_below(r, c->limit);
		c->shared = (unsigned)rng_below(r, 4);
		c->free_limit = (unsigned)rng_below(r, 30);
	}
	c->alien = (unsigned)rng_below(r, 2);
	c->placement = place[rng_below(r, sizeof(place) / sizeof(place[0]))];
	c->colour_seq = (unsigned)rng_below(r, 4);
	c->colour_scope = (unsigned)rng_below(r, 3);
	if (!rng_below(r, 4))
		c->stats = STATS_FULL;
	if (slab_config_validate(c, 0, &e))
		fail_msg("%s", e.text);
}

/* ---- who works ---- */

static void phase_setup(struct stress *s, unsigned worker)
{
	struct rig *r = &s->rig;

	if (r->wl->setup_worker && r->wl->setup_worker(&r->env, &r->env.worker[worker], &r->e))
		misuse(NULL, r->e.text);
}

static void phase_settle(struct stress *s, unsigned worker)
{
	struct rig *r = &s->rig;

	if (r->wl->settle_worker && r->wl->settle_worker(&r->env, &r->env.worker[worker], &r->e))
		misuse(NULL, r->e.text);
}

static void phase_step(struct stress *s, unsigned worker)
{
	struct wl_worker *w = &s->rig.env.worker[worker];
	uint64_t left = s->ops, done;
	struct rng r;

	rng_seed(&r, s->seed ^ (worker + 1) * 7919);
	while (left && !atomic_load(&s->failed)) {
		uint64_t slice = 1 + rng_below(&r, left < 60 ? left : 60);

		switch (wl_step(s->rig.wl, &s->rig.env, w, slice, &done)) {
		case WL_FAILED:
			atomic_store(&s->failed, 1);
			break;
		case WL_BLOCKED:
			sched_yield();
			break;
		case WL_DONE:
			if (!rng_below(&r, 8))
				sched_yield();
		}
		left -= done;
	}
}

struct shift {
	struct stress *s;
	unsigned worker;
	pthread_t thread;
};

static void *shift_main(void *arg)
{
	struct shift *x = arg;

	x->s->phase(x->s, x->worker);
	atomic_fetch_sub(&x->s->working, 1);
	return NULL;
}

/* ---- who disturbs ---- */

static void disturb(struct stress *s, struct rng *r, uint64_t *now)
{
	struct wl_env *env = &s->rig.env;
	struct kmem_cache *c = env->nr_caches ? env->cache[rng_below(r, env->nr_caches)].slab :
						NULL;
	struct kmem_cache_info info;
	struct slab_config config;
	struct err e;

	*now += 1500;
	kmem_reap(env->system, (unsigned)rng_below(r, env->machine->nr_cpus), *now);
	if (!c)
		return;
	switch (rng_below(r, 4)) {
	case 0:
		kmem_cache_shrink(c);
		break;
	case 1:
		kmem_cache_get_info(c, &info);
		if (info.active_objs > info.num_objs)
			misuse(NULL, "more objects out than there are");
		break;
	case 2:
		kmem_cache_config(c, &config);
		config.limit = 1 + (unsigned)rng_below(r, 40);
		config.batchcount = 1 + (unsigned)rng_below(r, config.limit);
		config.shared = (unsigned)rng_below(r, 3);
		if (kmem_cache_tune(c, &config, &e))
			misuse(NULL, e.text);
		break;
	default:
		sched_yield();
	}
}

/* Each worker's @phase on a thread of its own: all at the same time, and disturbed, or one after the other. */
static void run_phase(struct stress *s, void (*phase)(struct stress *, unsigned), int at_once)
{
	struct shift x[STRESS_WORKERS];
	uint64_t now = s->seed % 1000;
	struct rng r;

	rng_seed(&r, s->seed);
	s->phase = phase;
	atomic_store(&s->working, STRESS_WORKERS);
	for (unsigned i = 0; i < STRESS_WORKERS; i++) {
		x[i] = (struct shift){ .s = s, .worker = i };
		assert_int_equal(pthread_create(&x[i].thread, NULL, shift_main, &x[i]), 0);
		if (!at_once)
			pthread_join(x[i].thread, NULL);
	}
	while (at_once && atomic_load(&s->working))
		disturb(s, &r, &now);
	for (unsigned i = 0; i < STRESS_WORKERS && at_once; i++)
		pthread_join(x[i].thread, NULL);
}

/* ---- one round ---- */

static void stress_case(const struct wl_case *wc, uint64_t seed, uint64_t ops)
{
	struct stress *s = calloc(1, sizeof(*s));
	struct rig *r;
	struct rng draw;

	assert_non_null(s);
	r = &s->rig;
	s->seed = seed;
	s->ops = ops;
	rng_seed(&draw, seed);
	rig_params(r, wc->workload, wc->options);
	draw_settings(&r->config, &draw);
	assert_int_equal(kmem_machine_native(&r->machine, &r->e), 0);
	if (kmem_machine_emulate(&r->machine, 1 + (unsigned)rng_below(&draw, 3), &r->e))
		fail_msg("%s", r->e.text);
	if (rng_below(&draw, 3) == 0)
		r->machine.cpu_source = KMEM_CPU_SLOT;
	rig_env(r, allocator_find("slab"), STRESS_WORKERS, seed, misuse);

	if (r->wl->setup(&r->env, &r->e))
		fail_msg("%s %s, seed %llu: %s", wc->workload, wc->options,
			 (unsigned long long)seed, r->e.text);
	run_phase(s, phase_setup, 0);
	run_phase(s, phase_settle, 0);
	for (unsigned i = 0; i < SHIFTS; i++)
		run_phase(s, phase_step, 1);
	for (unsigned i = 0; i < STRESS_WORKERS; i++)
		if (r->env.worker[i].ops != SHIFTS * ops)
			fail_msg("%s %s, seed %llu: worker %u did %llu operations: %s",
				 wc->workload, wc->options, (unsigned long long)seed, i,
				 (unsigned long long)r->env.worker[i].ops,
				 r->env.worker[i].err.text);
	if (r->wl->verify(&r->env, &r->e))
		fail_msg("%s %s, seed %llu: %s", wc->workload, wc->options,
			 (unsigned long long)seed, r->e.text);
	for (unsigned i = 0; i < r->env.nr_caches; i++)
		if (kmem_cache_check(r->env.cache[i].slab, &r->e))
			fail_msg("%s %s, seed %llu: %s", wc->workload, wc->options,
				 (unsigned long long)seed, r->e.text);
	rig_release(r);
	free(s);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* All cases of one workload, round after round. */
static void test_stress(void **state)
{
	const char *workload = *state;
	uint64_t seed = number("SLABSCOPE_STRESS_SEED", 1), rounds = 0;
	double end = seconds() + (double)number("SLABSCOPE_STRESS_SECONDS", 0);
	uint64_t ops = strcmp(host_build_sanitizer(), "none") != 0 ? 150 : 400;

	do {
		for (size_t i = 0; i < nr_wl_cases; i++)
			if (!strcmp(wl_cases[i].workload, workload))
				stress_case(&wl_cases[i], seed + rounds * nr_wl_cases + i, ops);
		rounds++;
	} while (seconds() < end);
	print_message("%s: %llu rounds\n", workload, (unsigned long long)rounds);
}

int main(int argc, char **argv)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	int list = only && !strcmp(only, "--list");
	struct CMUnitTest test[64] = { 0 };
	size_t n = 0;

	/* cases of a workload stand together */
	for (size_t i = 0; i < nr_wl_cases; i++) {
		const char *name = wl_cases[i].workload;

		if (i && !strcmp(name, wl_cases[i - 1].workload))
			continue;
		if (list)
			puts(name);
		if (list || (only && strcmp(only, name) != 0))
			continue;
		if (n == sizeof(test) / sizeof(test[0]))
			return 1;
		test[n++] = (struct CMUnitTest){ .name = name,
						 .test_func = test_stress,
						 .initial_state = (void *)name };
	}
	if (list)
		return 0;
	if (!n) {
		fprintf(stderr, "test_workloads_stress: no workload '%s'; --list names them\n",
			only);
		return 2;
	}
	return _cmocka_run_group_tests("workloads_stress", test, n, NULL, NULL);
}
