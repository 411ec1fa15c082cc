/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine/lock.h and engine/membarrier.c */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/lock.h"
#include "engine/membarrier.h"

#define THREADS 8

static void states(void **state)
{
	struct kmem_lock l;

	(void)state;
	memset(&l, 0, sizeof(l));
	assert_false(kmem_lock_held(&l));
	assert_true(kmem_trylock(&l));
	assert_true(kmem_lock_held(&l));
	assert_false(kmem_trylock(&l));
	assert_int_equal(atomic_load(&l.state), KMEM_LOCK_HELD);
	kmem_unlock(&l);
	assert_int_equal(atomic_load(&l.state), KMEM_LOCK_FREE);
	kmem_lock(&l);
	assert_int_equal(atomic_load(&l.state), KMEM_LOCK_HELD);
	kmem_unlock(&l);
	kmem_lock_init(&l);
	assert_true(kmem_trylock(&l));
}

/* What the lock guards; plain, so that a thread sanitizer sees a lock that does not work. */
struct shared {
	struct kmem_lock lock;
	unsigned inside;
	uint64_t count, taken_by_try;
	unsigned rounds, hold, use_try;
	unsigned broken;
};

static void *worker(void *arg)
{
	struct shared *s = arg;
	uint64_t by_try = 0;

	for (unsigned i = 0; i < s->rounds; i++) {
		if (s->use_try && i % 2) {
			while (!kmem_trylock(&s->lock))
				sched_yield();
			by_try++;
		} else {
			kmem_lock(&s->lock);
		}
		if (s->inside++)
			s->broken = 1;
		s->count++;
		for (unsigned k = 0; k < s->hold; k++) {
			if (k % 64 == 63)
				sched_yield(); /* hold it over a switch: others must sleep */
			kmem_cpu_relax();
		}
		s->inside--;
		if (i + 1 == s->rounds)
			s->taken_by_try += by_try;
		kmem_unlock(&s->lock);
	}
	return NULL;
}

static void threads(void **state)
{
	static const struct {
		const char *what;
		unsigned rounds, hold, use_try;
	} table[] = {
		{ "short", 20000, 0, 0 },
		{ "short, half by trylock", 10000, 0, 1 },
		{ "held over a switch", 300, 256, 0 },
		{ "held over a switch, half by trylock", 200, 256, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct shared s = { .rounds = table[i].rounds,
				    .hold = table[i].hold,
				    .use_try = table[i].use_try };
		pthread_t t[THREADS];

		for (unsigned k = 0; k < THREADS; k++)
			assert_int_equal(pthread_create(&t[k], NULL, worker, &s), 0);
		for (unsigned k = 0; k < THREADS; k++)
			assert_int_equal(pthread_join(t[k], NULL), 0);
		if (s.broken || s.count != (uint64_t)THREADS * s.rounds)
			fail_msg("%s: two inside, or %llu entries", table[i].what,
				 (unsigned long long)s.count);
		assert_int_equal(s.taken_by_try,
				 s.use_try ? (uint64_t)THREADS * (s.rounds / 2) : 0);
		assert_false(kmem_lock_held(&s.lock));
	}
}

static void *sleeper(void *arg)
{
	struct shared *s = arg;

	kmem_lock(&s->lock);
	s->count++;
	kmem_unlock(&s->lock);
	return NULL;
}

/* Sleepers are all woken, one after another, by one unlock. */
static void no_lost_wakeup(void **state)
{
	struct shared s = { .count = 0 };
	pthread_t t[THREADS];

	(void)state;
	kmem_lock(&s.lock);
	for (unsigned k = 0; k < THREADS; k++)
		assert_int_equal(pthread_create(&t[k], NULL, sleeper, &s), 0);
	while (atomic_load(&s.lock.state) != KMEM_LOCK_CONTENDED)
		sched_yield(); /* at least one has announced that it sleeps */
	assert_int_equal(s.count, 0);
	kmem_unlock(&s.lock);
	for (unsigned k = 0; k < THREADS; k++)
		assert_int_equal(pthread_join(t[k], NULL), 0);
	assert_int_equal(s.count, THREADS);
}

/*
 * Dekker with a barrier on one side only: the fast side's store and load have nothing between them
 * that would keep the CPU from doing them in the other order. Without kmem_barrier_all() both sides
 * miss each other some times in some thousand turns (where there are two CPUs).
 */
struct dekker {
	struct {
		_Atomic unsigned v;
	} __attribute__((aligned(256))) x, y, turn, fast_saw, stop;
};

#define TURNS 20000
#define SPINS_BEFORE_YIELD 2000 /* the other thread may have no CPU */

static unsigned wait_change(_Atomic unsigned *p, unsigned from, _Atomic unsigned *stop)
{
	for (unsigned spins = 0;; spins++) {
		unsigned now = atomic_load_explicit(p, memory_order_acquire);

		if (now != from || (stop && atomic_load_explicit(stop, memory_order_relaxed)))
			return now;
		if (spins % SPINS_BEFORE_YIELD == SPINS_BEFORE_YIELD - 1)
			sched_yield();
	}
}

static void *fast_side(void *arg)
{
	struct dekker *d = arg;
	unsigned turn = 0;

	while (!atomic_load_explicit(&d->stop.v, memory_order_relaxed)) {
		unsigned now = wait_change(&d->turn.v, turn, &d->stop.v), y;

		if (now == turn)
			continue;
		turn = now;
		atomic_store_explicit(&d->x.v, turn, memory_order_relaxed);
		atomic_signal_fence(memory_order_seq_cst);
		y = atomic_load_explicit(&d->y.v, memory_order_relaxed);
		atomic_store_explicit(&d->fast_saw.v, turn * 2 + (y == turn), memory_order_release);
	}
	return NULL;
}

static void barrier_all_orders(void **state)
{
	unsigned saw = 0;
	struct dekker d;
	pthread_t t;

	(void)state;
	memset(&d, 0, sizeof(d));
	kmem_membarrier_register();
	assert_int_equal(pthread_create(&t, NULL, fast_side, &d), 0);
	for (unsigned turn = 1; turn <= TURNS; turn++) {
		unsigned x;

		atomic_store_explicit(&d.turn.v, turn, memory_order_release);
		for (unsigned i = 0; i < turn % 64;
		     i++) /* meet the other side at different moments */
			kmem_cpu_relax();
		atomic_store_explicit(&d.y.v, turn, memory_order_relaxed);
		kmem_barrier_all();
		x = atomic_load_explicit(&d.x.v, memory_order_relaxed);
		saw = wait_change(&d.fast_saw.v, saw, NULL);
		assert_int_equal(saw / 2, turn);
		if (x != turn && !(saw & 1))
			fail_msg("turn %u: neither side saw the other", turn);
	}
	atomic_store(&d.stop.v, 1);
	pthread_join(t, NULL);
}

static void register_is_idempotent(void **state)
{
	int have = kmem_membarrier_register();

	(void)state;
	assert_int_equal(kmem_membarrier_register(), have);
	if (have & KMEM_BARRIER_RSEQ_CPU)
		assert_true(have & KMEM_BARRIER_RSEQ);
	if (have & KMEM_BARRIER_RSEQ)
		kmem_barrier_cpu(0);
	kmem_barrier_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(threads),
		cmocka_unit_test(no_lost_wakeup),
		cmocka_unit_test(register_is_idempotent),
		cmocka_unit_test(barrier_all_orders),
	};

	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
