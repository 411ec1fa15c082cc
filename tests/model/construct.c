/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces themselves. Instrumented: see tests/model/construct.h. */

#include "tests/model/construct.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "workloads/workload.h"

#if defined(__clang__)
const char *const construct_compiler = "clang";
const int construct_version = __clang_major__;
#else
const char *const construct_compiler = "gcc";
const int construct_version = __GNUC__;
#endif

/* A pointer of which the compiler does not know where it points. */
#define UNKNOWN(p) __asm__("" : "+r"(p))
#define FROM(type) ((const type *)from())
#define TO(type) ((type *)to())

static inline unsigned char *from(void)
{
	unsigned char *p = area.from;

	UNKNOWN(p);
	return p;
}

static inline unsigned char *to(void)
{
	unsigned char *p = area.to;

	UNKNOWN(p);
	return p;
}

/* So that a value is not dead. */
#define USE(v) __asm__ volatile("" : : "r"(v))

/* ---- one access ---- */

#define ONE(name, type)                          \
	static void load_##name(void)            \
	{                                        \
		USE(*FROM(type));                \
	}                                        \
	static void store_##name(void)           \
	{                                        \
		*TO(type) = (type)(size_t)&area; \
	}
ONE(1, uint8_t)
ONE(2, uint16_t)
ONE(4, uint32_t)
ONE(8, uint64_t)

static void copy_16(void)
{
	*TO(unsigned __int128) = *FROM(unsigned __int128);
}

static void copy_long_double(void)
{
	*TO(long double) = *FROM(long double);
}

static void wl_read(void)
{
	USE(WL_READ(from()));
}

static void wl_write(void)
{
	WL_WRITE(to(), 1);
}

struct bits {
	unsigned a : 3, b : 7, c : 22;
};

static void bit_field_store(void)
{
	TO(struct bits)->b = 5;
}

struct packed {
	char c;
	uint64_t l;
	uint32_t i;
} __attribute__((packed));

static void unaligned_load(void)
{
	USE(FROM(struct packed)->l);
}

static void unaligned_store(void)
{
	TO(struct packed)->i = 1;
}

/* 4 bytes on one line, 4 on the next */
static void across_lines(void)
{
	struct packed *p = (struct packed *)(to() + 59);

	UNKNOWN(p);
	p->l = 1;
}

static void increment(void)
{
	++*TO(uint64_t);
}

static void add_to(void)
{
	*TO(uint32_t) += 7;
}

static void chase(void)
{
	void **p = (void **)from();

	for (int i = 0; i < 8; i++)
		p = *p;
	USE(p);
}

/* ---- copies ---- */

static void memcpy_32(void)
{
	memcpy(to(), from(), 32);
}

static void memcpy_1000(void)
{
	memcpy(to(), from(), 1000);
}

static void memcpy_8000(void)
{
	memcpy(to(), from(), 8000);
}

static void memset_64(void)
{
	memset(to(), 0, 64);
}

static void memset_none(void)
{
	size_t n = 0;

	UNKNOWN(n);
	memset(to(), 0, n);
}

static void memmove_1000(void)
{
	unsigned char *p = to();

	memmove(p + 8, p, 1000);
}

static void memcpy_builtin_32(void)
{
	__builtin_memcpy(to(), from(), 32);
}

#define STRUCT(bytes)                                              \
	struct s##bytes {                                          \
		uint64_t v[(bytes) / 8];                           \
	};                                                         \
	static void struct_copy_##bytes(void)                      \
	{                                                          \
		*TO(struct s##bytes) = *FROM(struct s##bytes);     \
	}                                                          \
	static void struct_clear_##bytes(void)                     \
	{                                                          \
		*TO(struct s##bytes) = (struct s##bytes){ { 0 } }; \
	}
STRUCT(16)
STRUCT(48)
STRUCT(200)
STRUCT(4000)

uint64_t by_value(struct s200 s); /* not static: then it gets all of it */

__attribute__((noinline)) uint64_t by_value(struct s200 s)
{
	UNKNOWN(s.v[3]);
	return s.v[3];
}

static void struct_by_value(void)
{
	USE(by_value(*FROM(struct s200)));
}

/* ---- loops ---- */

static void loop_float(void)
{
	const float *f = FROM(float);
	float *t = TO(float);

	for (int i = 0; i < 1024; i++)
		t[i] = f[i] * 2 + t[i];
}

static void loop_sum(void)
{
	const uint64_t *f = FROM(uint64_t);
	uint64_t sum = 0;

	for (int i = 0; i < 512; i++)
		sum += f[i];
	USE(sum);
}

static void loop_copy(void)
{
	const unsigned char *f = from();
	unsigned char *t = to();

	for (int i = 0; i < 512; i++)
		t[i] = f[i];
}

static void loop_clear(void)
{
	uint64_t *t = TO(uint64_t);

	for (int i = 0; i < 512; i++)
		t[i] = 0;
}

/* ---- memory that is not the area ---- */

static const uint32_t table[256] = { [3] = 9, [255] = 1 };

static void constant_table(void)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < 256; i++)
		sum += table[(i * 7 + (unsigned)(uintptr_t)from()) & 255];
	USE(sum);
}

/* The same, but the compiler does not see that it is constant. */
static void constant_by_pointer(void)
{
	const uint32_t *t = table;
	uint32_t sum = 0;

	UNKNOWN(t);
	for (unsigned i = 0; i < 256; i++)
		sum += t[(i * 7) & 255];
	USE(sum);
}

static uint32_t variable[256];

static void static_variable(void)
{
	uint32_t *v = variable;

	UNKNOWN(v);
	for (unsigned i = 0; i < 16; i++)
		v[i * 16]++;
}

static __thread uint64_t of_thread __attribute__((tls_model("initial-exec")));

static void thread_variable(void)
{
	of_thread++;
}

static void local_array(void)
{
	unsigned char a[256];

	for (unsigned i = 0; i < 256; i++)
		a[(i * 37) & 255] = (unsigned char)i;
	USE(a[(size_t)from() & 255]);
}

static void local_escaping(void)
{
	uint64_t a[8], *p = a;

	UNKNOWN(p);
	for (unsigned i = 0; i < 8; i++)
		p[i] = i;
}

static void in_libc(void)
{
	USE(memcmp(from(), to(), 1000));
}

/* The compiler does not look into it: nor does the model. The fast path of the engine by restartable sequences is made of
 * this, which is why the model's build uses the other one. */
static void in_assembly(void)
{
	uint64_t v = 1;

	__asm__ volatile("" : "+m"(*TO(uint64_t)) : "r"(v));
}

/* ---- atomics ---- */

static void atomic_all(void)
{
	construct_atomics();
}

static void fences(void)
{
	atomic_thread_fence(memory_order_acq_rel);
	atomic_signal_fence(memory_order_seq_cst);
}

static void atomic_orders(void)
{
	_Atomic uint32_t *p = (_Atomic uint32_t *)to();

	atomic_store_explicit(p, 1, memory_order_relaxed);
	atomic_store_explicit(p, 2, memory_order_release);
	atomic_store(p, 3);
	USE(atomic_load_explicit(p, memory_order_relaxed));
	USE(atomic_load_explicit(p, memory_order_acquire));
	USE(atomic_load(p));
}

#define ATOMICS(type, base)                                                        \
	do {                                                                       \
		type *p = (type *)to(), is, want = 5;                              \
                                                                                   \
		__atomic_store_n(p, 5, __ATOMIC_RELEASE);                          \
		if (__atomic_load_n(p, __ATOMIC_ACQUIRE) != 5)                     \
			return (base) + 1;                                         \
		if (__atomic_exchange_n(p, 6, __ATOMIC_SEQ_CST) != 5)              \
			return (base) + 2;                                         \
		if (__atomic_fetch_add(p, 3, __ATOMIC_RELAXED) != 6)               \
			return (base) + 3;                                         \
		if (__atomic_fetch_sub(p, 2, __ATOMIC_RELAXED) != 9)               \
			return (base) + 4;                                         \
		if (__atomic_fetch_and(p, 5, __ATOMIC_RELAXED) != 7)               \
			return (base) + 5;                                         \
		if (__atomic_fetch_or(p, 8, __ATOMIC_RELAXED) != 5)                \
			return (base) + 6;                                         \
		if (__atomic_fetch_xor(p, 1, __ATOMIC_RELAXED) != 13)              \
			return (base) + 7;                                         \
		if (__atomic_fetch_nand(p, 4, __ATOMIC_RELAXED) != 12)             \
			return (base) + 8;                                         \
		is = (type) ~(type)4;                                              \
		if (__atomic_compare_exchange_n(p, &want, 1, 0, __ATOMIC_ACQ_REL,  \
						__ATOMIC_ACQUIRE) ||               \
		    want != is)                                                    \
			return (base) + 9;                                         \
		if (!__atomic_compare_exchange_n(p, &want, 1, 0, __ATOMIC_ACQ_REL, \
						 __ATOMIC_ACQUIRE) ||              \
		    *p != 1)                                                       \
			return (base) + 10;                                        \
	} while (0)

int construct_atomics(void)
{
	ATOMICS(uint8_t, 0);
	ATOMICS(uint16_t, 100);
	ATOMICS(uint32_t, 200);
	ATOMICS(uint64_t, 300);
	return 0;
}

/* ---- all of them ---- */

#define ROW(f)        \
	{             \
#f, f \
	}
const struct construct constructs[] = {
	ROW(load_1),
	ROW(load_2),
	ROW(load_4),
	ROW(load_8),
	ROW(store_1),
	ROW(store_2),
	ROW(store_4),
	ROW(store_8),
	ROW(copy_16),
	ROW(copy_long_double),
	ROW(wl_read),
	ROW(wl_write),
	ROW(bit_field_store),
	ROW(unaligned_load),
	ROW(unaligned_store),
	ROW(across_lines),
	ROW(increment),
	ROW(add_to),
	ROW(chase),
	ROW(memcpy_32),
	ROW(memcpy_builtin_32),
	ROW(memcpy_1000),
	ROW(memcpy_8000),
	ROW(memset_64),
	ROW(memset_none),
	ROW(memmove_1000),
	ROW(struct_copy_16),
	ROW(struct_copy_48),
	ROW(struct_copy_200),
	ROW(struct_copy_4000),
	ROW(struct_clear_16),
	ROW(struct_clear_48),
	ROW(struct_clear_200),
	ROW(struct_clear_4000),
	ROW(struct_by_value),
	ROW(loop_float),
	ROW(loop_sum),
	ROW(loop_copy),
	ROW(loop_clear),
	ROW(constant_table),
	ROW(constant_by_pointer),
	ROW(static_variable),
	ROW(thread_variable),
	ROW(local_array),
	ROW(local_escaping),
	ROW(in_libc),
	ROW(in_assembly),
	ROW(fences),
	ROW(atomic_orders),
	ROW(atomic_all),
	{ NULL, NULL },
};
