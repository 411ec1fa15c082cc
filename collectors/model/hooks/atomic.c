/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Atomic operations of instrumented code: the compiler has left them to us, so these do them as well as tell of
 * them. One that reads and writes counts once, as a store: the CPU asks for the line as its own from the start.
 *
 * The order that the program asked for is a number here, not a constant: loads and stores choose between two that are
 * right (a plain store must not become an exchange), the others are always sequentially consistent.
 */

#include "collectors/model/hooks/touch.h"

/* Higher bits are hints for lock elision. */
static inline bool total(int order)
{
	return (order & 0x7fff) == __ATOMIC_SEQ_CST;
}

#define HOOK_LOAD_STORE(bits, type)                                              \
	type __tsan_atomic##bits##_load(const volatile type *p, int order)       \
	{                                                                        \
		model_touch(p, sizeof(*p), false);                               \
		return total(order) ? __atomic_load_n(p, __ATOMIC_SEQ_CST) :     \
				      __atomic_load_n(p, __ATOMIC_ACQUIRE);      \
	}                                                                        \
	void __tsan_atomic##bits##_store(volatile type *p, type v, int order)    \
	{                                                                        \
		model_touch(p, sizeof(*p), true);                                \
		if (total(order))                                                \
			__atomic_store_n(p, v, __ATOMIC_SEQ_CST);                \
		else                                                             \
			__atomic_store_n(p, v, __ATOMIC_RELEASE);                \
	}                                                                        \
	type __tsan_atomic##bits##_exchange(volatile type *p, type v, int order) \
	{                                                                        \
		(void)order;                                                     \
		model_touch(p, sizeof(*p), true);                                \
		return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);              \
	}

#define HOOK_FETCH(bits, type, op)                                                 \
	type __tsan_atomic##bits##_fetch_##op(volatile type *p, type v, int order) \
	{                                                                          \
		(void)order;                                                       \
		model_touch(p, sizeof(*p), true);                                  \
		return __atomic_fetch_##op(p, v, __ATOMIC_SEQ_CST);                \
	}

/* gcc calls strong and weak, clang val. */
#define HOOK_CAS(bits, type, kind, weak)                                                    \
	int __tsan_atomic##bits##_compare_exchange_##kind(volatile type *p, type *expected, \
							  type v, int order, int failed)    \
	{                                                                                   \
		(void)order;                                                                \
		(void)failed;                                                               \
		model_touch(p, sizeof(*p), true);                                           \
		return __atomic_compare_exchange_n(p, expected, v, weak, __ATOMIC_SEQ_CST,  \
						   __ATOMIC_SEQ_CST);                       \
	}
#define HOOK_CAS_VAL(bits, type)                                                                 \
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *p, type expected, type v, \
							int order, int failed)                   \
	{                                                                                        \
		(void)order;                                                                     \
		(void)failed;                                                                    \
		model_touch(p, sizeof(*p), true);                                                \
		__atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_SEQ_CST,            \
					    __ATOMIC_SEQ_CST);                                   \
		return expected;                                                                 \
	}

#define HOOKS(bits, type)                   \
	HOOK_LOAD_STORE(bits, type)         \
	HOOK_FETCH(bits, type, add)         \
	HOOK_FETCH(bits, type, sub)         \
	HOOK_FETCH(bits, type, and)         \
	HOOK_FETCH(bits, type, or)          \
	HOOK_FETCH(bits, type, xor)         \
	HOOK_FETCH(bits, type, nand)        \
	HOOK_CAS(bits, type, strong, false) \
	HOOK_CAS(bits, type, weak, true)    \
	HOOK_CAS_VAL(bits, type)

HOOKS(8, uint8_t)
HOOKS(16, uint16_t)
HOOKS(32, uint32_t)
HOOKS(64, uint64_t)

void __tsan_atomic_thread_fence(int order)
{
	(void)order;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* ---- 16 bytes ---- */

/*
 * All of them by compare and exchange, the one instruction for it that needs no library. So a load needs memory that may
 * be written. Where there is no such instruction, a program that has 16-byte atomics does not link.
 */
#if defined(__x86_64__)
#define WIDE __attribute__((target("cx16")))
#elif defined(__aarch64__)
#define WIDE
#endif

#ifdef WIDE
typedef unsigned __int128 wide; /* the name of a type in macros, not of a struct */

static WIDE wide wide_cas(volatile wide *p, wide expected, wide v)
{
	return __sync_val_compare_and_swap(p, expected, v);
}

WIDE wide __tsan_atomic128_load(const volatile wide *p, int order)
{
	(void)order;
	model_touch(p, sizeof(*p), false);
	return wide_cas((volatile wide *)p, 0, 0);
}

WIDE wide __tsan_atomic128_compare_exchange_val(volatile wide *p, wide expected, wide v, int order,
						int failed)
{
	(void)order;
	(void)failed;
	model_touch(p, sizeof(*p), true);
	return wide_cas(p, expected, v);
}

#define WIDE_CAS(kind)                                                                      \
	WIDE int __tsan_atomic128_compare_exchange_##kind(volatile wide *p, wide *expected, \
							  wide v, int order, int failed)    \
	{                                                                                   \
		wide was;                                                                   \
                                                                                            \
		(void)order;                                                                \
		(void)failed;                                                               \
		model_touch(p, sizeof(*p), true);                                           \
		was = wide_cas(p, *expected, v);                                            \
		if (was == *expected)                                                       \
			return 1;                                                           \
		*expected = was;                                                            \
		return 0;                                                                   \
	}
WIDE_CAS(strong)
WIDE_CAS(weak)

/* @to is computed from `was` and `v`. */
#define WIDE_OP(name, to)                                                      \
	WIDE wide __tsan_atomic128_##name(volatile wide *p, wide v, int order) \
	{                                                                      \
		wide was, seen = wide_cas(p, 0, 0);                            \
                                                                               \
		(void)order;                                                   \
		model_touch(p, sizeof(*p), true);                              \
		do {                                                           \
			was = seen;                                            \
			seen = wide_cas(p, was, to);                           \
		} while (seen != was);                                         \
		return was;                                                    \
	}
WIDE_OP(exchange, v)
WIDE_OP(fetch_add, was + v)
WIDE_OP(fetch_sub, was - v)
WIDE_OP(fetch_and, was &v)
WIDE_OP(fetch_or, was | v)
WIDE_OP(fetch_xor, was ^ v)
WIDE_OP(fetch_nand, ~(was &v))

WIDE void __tsan_atomic128_store(volatile wide *p, wide v, int order)
{
	wide was, seen = wide_cas(p, 0, 0);

	(void)order;
	model_touch(p, sizeof(*p), true);
	do {
		was = seen;
		seen = wide_cas(p, was, v);
	} while (seen != was);
}
#endif
