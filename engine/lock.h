/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_LOCK_H
#define SLABSCOPE_LOCK_H

/*
 * struct kmem_lock: a mutex of 4 bytes on a futex, for the engine's slow paths.
 *
 *	0 KMEM_LOCK_FREE       nobody holds it
 *	1 KMEM_LOCK_HELD       held, nobody sleeps on it: unlock needs no system call
 *	2 KMEM_LOCK_CONTENDED  held, somebody may sleep on it: unlock wakes one
 *
 * (Drepper, "Futexes are tricky", mutex 3.) All-zero memory is a free lock. Not recursive, not
 * fair, not for sharing among processes, not for signal handlers. Between unlock and the next lock
 * of it there is acquire/release order, made of C11 atomics only, so thread sanitizers see it.
 */

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { KMEM_LOCK_FREE, KMEM_LOCK_HELD, KMEM_LOCK_CONTENDED };

struct kmem_lock {
	_Atomic uint32_t state;
};

_Static_assert(sizeof(struct kmem_lock) == 4, "the kernel's futex word is 4 bytes");

#define KMEM_LOCK_INIT         \
	{                      \
		KMEM_LOCK_FREE \
	}

/* Turns of waiting for a holder that runs on another CPU: about as long as a refill of one batch.
 * */
#define KMEM_LOCK_SPINS 100

static inline void kmem_lock_init(struct kmem_lock *l)
{
	atomic_init(&l->state, KMEM_LOCK_FREE);
}

/* Tell the CPU that this is a wait loop. */
static inline void kmem_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory"); /* yield is a no-op on most cores */
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static inline bool kmem_trylock(struct kmem_lock *l)
{
	uint32_t was = KMEM_LOCK_FREE;

	return atomic_compare_exchange_strong_explicit(&l->state, &was, KMEM_LOCK_HELD,
						       memory_order_acquire, memory_order_relaxed);
}

static __attribute__((noinline, cold, unused)) void kmem_lock_wait(struct kmem_lock *l)
{
	/* Once somebody sleeps the holder is slow (or preempted): spinning would only take its CPU.
	 * */
	for (int i = 0; i < KMEM_LOCK_SPINS; i++) {
		uint32_t now = atomic_load_explicit(&l->state, memory_order_relaxed);

		if (now == KMEM_LOCK_CONTENDED)
			break;
		if (now == KMEM_LOCK_FREE && kmem_trylock(l))
			return;
		kmem_cpu_relax();
	}
	/* Who comes through here takes the lock as contended, for others may sleep too: at worst
	 * one wake-up that finds nobody. Any return of the futex (woken, EAGAIN, EINTR) leads to
	 * another try. */
	while (atomic_exchange_explicit(&l->state, KMEM_LOCK_CONTENDED, memory_order_acquire) !=
	       KMEM_LOCK_FREE)
		syscall(SYS_futex, &l->state, FUTEX_WAIT_PRIVATE, KMEM_LOCK_CONTENDED, NULL, NULL,
			0);
}

static __attribute__((noinline, cold, unused)) void kmem_lock_wake(struct kmem_lock *l)
{
	syscall(SYS_futex, &l->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static inline void kmem_lock(struct kmem_lock *l)
{
	if (__builtin_expect(!kmem_trylock(l), 0))
		kmem_lock_wait(l);
}

static inline void kmem_unlock(struct kmem_lock *l)
{
	uint32_t was = atomic_exchange_explicit(&l->state, KMEM_LOCK_FREE, memory_order_release);

	if (__builtin_expect(was == KMEM_LOCK_CONTENDED, 0))
		kmem_lock_wake(l);
}

/* For assertions only: true says that somebody holds it, not who. */
static inline bool kmem_lock_held(struct kmem_lock *l)
{
	return atomic_load_explicit(&l->state, memory_order_relaxed) != KMEM_LOCK_FREE;
}

#endif
