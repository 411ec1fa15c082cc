/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a compiler makes seen of each construct of C, against a table: a compiler that instruments otherwise than those
 * the table was made with fails here, and not in somebody's figures. Linked with the hooks and with a machine that only
 * keeps a list.
 *
 *	model_hooks          the tests
 *	model_hooks --print  the table as it is with this compiler
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/model/construct.h"
#include "tests/model/no_machine.h"

struct area area;

/* ---- a machine that keeps a list ---- */

struct seen {
	uint64_t addr, size;
	bool write, range;
};

static struct seen list[65536];
static unsigned nr_seen;

static void keep(uint64_t addr, uint64_t size, bool write, bool range)
{
	if (nr_seen < sizeof(list) / sizeof(list[0]))
		list[nr_seen] = (struct seen){ addr, size, write, range };
	nr_seen++;
}

void sim_access(struct sim *s, unsigned cpu, uint64_t addr, unsigned size, bool write)
{
	(void)s;
	(void)cpu;
	keep(addr, size, write, false);
}

static void access_one(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size, bool write)
{
	sim_access(s, c->id, addr, (unsigned)size, write);
}

void sim_range(struct sim *s, unsigned cpu, uint64_t addr, uint64_t size, bool write)
{
	(void)s;
	(void)cpu;
	keep(addr, size, write, true);
}

static void run(void (*what)(void))
{
	for (unsigned i = 0; i < sizeof(area.from) / sizeof(void *); i++)
		((void **)area.from)[i] = &((void **)area.from)[i];
	memset(area.to, 0, sizeof(area.to));
	nr_seen = 0;
	model_state.refs = 0;
	model_state.on = 1;
	what();
	model_state.on = 0;
	assert_true(nr_seen <= sizeof(list) / sizeof(list[0]));
	assert_int_equal(model_state.refs, nr_seen);
}

/* ---- what was seen ---- */

struct sum {
	unsigned loads, stores; /* of the area, as calls of hooks */
	unsigned read, written; /* bytes of it, each counted once */
	unsigned elsewhere;	/* calls for other memory */
};

static struct sum sum_up(void)
{
	static unsigned char is[2][sizeof(area)];
	struct sum s = { 0 };

	memset(is, 0, sizeof(is));
	for (unsigned i = 0; i < nr_seen; i++) {
		uint64_t at = list[i].addr - (uintptr_t)&area;

		if (at >= sizeof(area)) {
			s.elsewhere++;
			continue;
		}
		assert_true(at + list[i].size <= sizeof(area));
		*(list[i].write ? &s.stores : &s.loads) += 1;
		memset(&is[list[i].write][at], 1, list[i].size);
	}
	for (size_t i = 0; i < sizeof(area); i++) {
		s.read += is[0][i];
		s.written += is[1][i];
	}
	return s;
}

/* ---- the table ---- */

struct row {
	const char *name;
	struct sum gcc, clang;
	const char *remark; /* where they differ, or less is seen than there is */
};

static const struct row rows[] = {
#include "tests/model/constructs.def"
};

static void test_constructs(void **state)
{
	bool clang = !strcmp(construct_compiler, "clang");
	unsigned n = 0, bad = 0;

	(void)state;
	for (; constructs[n].name; n++) {
		const struct sum *want = clang ? &rows[n].clang : &rows[n].gcc;
		struct sum is;

		assert_true(n < sizeof(rows) / sizeof(rows[0]));
		assert_string_equal(rows[n].name, constructs[n].name);
		run(constructs[n].run);
		is = sum_up();
		if (!memcmp(&is, want, sizeof(is)))
			continue;
		print_error(
			"%s %d, %s: loads %u, stores %u, bytes read %u, written %u, elsewhere %u; "
			"expected %u, %u, %u, %u, %u\n",
			construct_compiler, construct_version, rows[n].name, is.loads, is.stores,
			is.read, is.written, is.elsewhere, want->loads, want->stores, want->read,
			want->written, want->elsewhere);
		bad++;
	}
	assert_int_equal(n, sizeof(rows) / sizeof(rows[0]));
	assert_int_equal(bad, 0);
}

static void print_rows(void)
{
	for (unsigned n = 0; constructs[n].name; n++) {
		struct sum s;

		run(constructs[n].run);
		s = sum_up();
		printf("%s %u %u %u %u %u\n", constructs[n].name, s.loads, s.stores, s.read,
		       s.written, s.elsewhere);
	}
}

/* ---- the rest ---- */

static void test_atomics_do(void **state)
{
	(void)state;
	assert_int_equal(construct_atomics(), 0); /* off */
	model_state.on = 1;
	assert_int_equal(construct_atomics(), 0);
	model_state.on = 0;
}

/* Names for 16 bytes: compilers leave those to a library unless they are asked for it, so they are called here. */
#if defined(__x86_64__) || defined(__aarch64__)
typedef unsigned __int128 wide;
wide __tsan_atomic128_load(const volatile wide *p, int order);
void __tsan_atomic128_store(volatile wide *p, wide v, int order);
wide __tsan_atomic128_exchange(volatile wide *p, wide v, int order);
wide __tsan_atomic128_fetch_add(volatile wide *p, wide v, int order);
wide __tsan_atomic128_fetch_sub(volatile wide *p, wide v, int order);
wide __tsan_atomic128_fetch_and(volatile wide *p, wide v, int order);
wide __tsan_atomic128_fetch_or(volatile wide *p, wide v, int order);
wide __tsan_atomic128_fetch_xor(volatile wide *p, wide v, int order);
wide __tsan_atomic128_fetch_nand(volatile wide *p, wide v, int order);
int __tsan_atomic128_compare_exchange_strong(volatile wide *p, wide *expected, wide v, int order,
					     int failed);
wide __tsan_atomic128_compare_exchange_val(volatile wide *p, wide expected, wide v, int order,
					   int failed);

static void test_atomics_wide(void **state)
{
	const wide big = (wide)7 << 100 | 5;
	const int o = __ATOMIC_SEQ_CST;
	wide v = 0, want = 1;

	(void)state;
	__tsan_atomic128_store(&v, big, o);
	assert_true(__tsan_atomic128_load(&v, o) == big);
	assert_true(__tsan_atomic128_exchange(&v, big + 1, o) == big);
	assert_true(__tsan_atomic128_fetch_add(&v, big, o) == big + 1 && v == 2 * big + 1);
	assert_true(__tsan_atomic128_fetch_sub(&v, big, o) == 2 * big + 1 && v == big + 1);
	assert_true(__tsan_atomic128_fetch_and(&v, ~(wide)1, o) == big + 1 &&
		    v == ((big + 1) & ~(wide)1));
	assert_true(__tsan_atomic128_fetch_or(&v, 1, o) && v == (((big + 1) & ~(wide)1) | 1));
	assert_true(__tsan_atomic128_fetch_xor(&v, 1, o) && v == ((big + 1) & ~(wide)1));
	want = v;
	assert_true(__tsan_atomic128_fetch_nand(&v, big, o) == want && v == ~(want & big));
	want = 1;
	assert_false(__tsan_atomic128_compare_exchange_strong(&v, &want, 3, o, o));
	assert_true(want == v);
	assert_true(__tsan_atomic128_compare_exchange_strong(&v, &want, 3, o, o) && v == 3);
	assert_true(__tsan_atomic128_compare_exchange_val(&v, 4, 5, o, o) == 3 && v == 3);
	assert_true(__tsan_atomic128_compare_exchange_val(&v, 3, 5, o, o) == 3 && v == 5);
}
#else
static void test_atomics_wide(void **state)
{
	(void)state;
	skip();
}
#endif

/* Names that these compilers do not use for C: C++'s, and what later versions of clang call. */
void __tsan_vptr_read(void **p);
void __tsan_vptr_update(void **p, void *value);
void __tsan_read_write8(void *p);
void __tsan_unaligned_read_write4(void *p);
void __tsan_unaligned_volatile_read8(void *p);
void *__tsan_memcpy(void *to, const void *from, size_t n);
void *__tsan_memmove(void *to, const void *from, size_t n);
void *__tsan_memset(void *to, int c, size_t n);

static void other_names(void)
{
	__tsan_vptr_read((void **)area.from);
	__tsan_vptr_update((void **)area.to, NULL);
	__tsan_read_write8(area.to);
	__tsan_unaligned_read_write4(area.to + 63);
	__tsan_unaligned_volatile_read8(area.from + 1);
	assert_ptr_equal(__tsan_memcpy(area.to + 100, area.from, 100), area.to + 100);
	assert_ptr_equal(__tsan_memmove(area.to + 101, area.to + 100, 100), area.to + 101);
	assert_ptr_equal(__tsan_memset(area.to + 500, 7, 10), area.to + 500);
}

static void test_other_names(void **state)
{
	static const struct seen want[] = {
		{ 0, 8, false, false },	    { 8192, 8, true, false },  { 8192, 8, false, false },
		{ 8192, 8, true, false },   { 8255, 4, false, false }, { 8255, 4, true, false },
		{ 1, 8, false, false },	    { 0, 100, false, true },   { 8292, 100, true, true },
		{ 8292, 100, false, true }, { 8293, 100, true, true }, { 8692, 10, true, true },
	};

	(void)state;
	run(other_names);
	assert_int_equal(nr_seen, sizeof(want) / sizeof(want[0]));
	for (unsigned i = 0; i < nr_seen; i++) {
		assert_int_equal(list[i].addr - (uintptr_t)&area, want[i].addr);
		assert_int_equal(list[i].size, want[i].size);
		assert_int_equal(list[i].write, want[i].write);
		assert_int_equal(list[i].range, want[i].range);
	}
	assert_memory_equal(area.to + 101, area.from, 100);
	assert_int_equal(area.to[500], 7);
	assert_int_equal(area.to[509], 7);
	assert_int_equal(area.to[510], 0);
}

static void one_copy(void)
{
	__tsan_memcpy(area.to, area.from, 8000);
}

/* A long copy goes through both sides in turns, and each line of either counts once. */
static void test_long_copy(void **state)
{
	uint64_t at[2] = { (uintptr_t)area.from, (uintptr_t)area.to };

	(void)state;
	run(one_copy);
	assert_int_equal(nr_seen, 4);
	for (unsigned i = 0; i < nr_seen; i++) {
		assert_int_equal(list[i].write, i % 2);
		assert_int_equal(list[i].addr, at[i % 2]);
		at[i % 2] += list[i].size;
	}
	assert_int_equal(at[0], (uintptr_t)area.from + 8000);
	assert_int_equal(at[1], (uintptr_t)area.to + 8000);
}

/* What lies on the stack is not simulated, what lies elsewhere is: also on the stack of a thread. */
static unsigned seen_of(const char *name)
{
	for (unsigned n = 0; constructs[n].name; n++)
		if (!strcmp(constructs[n].name, name)) {
			run(constructs[n].run);
			return nr_seen;
		}
	fail_msg("no construct %s", name);
	return 0;
}

static void without_stack(void)
{
	assert_int_not_equal(seen_of("local_escaping"), 0);
	model_here();
	assert_int_equal(seen_of("local_escaping"), 0);
	assert_int_equal(seen_of("thread_variable"), 2);
	assert_int_equal(seen_of("static_variable"), 32);
	assert_int_equal(seen_of("memcpy_32"), 2);
	model_state.stacks = model_state.stacks_bytes = 0;
}

static void *stack_of_thread(void *done)
{
	without_stack();
	*(int *)done = 1;
	return NULL;
}

static void test_stack(void **state)
{
	pthread_t t;
	int done = 0;

	(void)state;
	without_stack();
	assert_int_equal(pthread_create(&t, NULL, stack_of_thread, &done), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(done, 1);
}

static void test_off_and_paused(void **state)
{
	unsigned was;

	(void)state;
	nr_seen = 0;
	for (unsigned n = 0; constructs[n].name; n++)
		constructs[n].run();
	assert_int_equal(nr_seen, 0);
	model_state.on = 1;
	was = model_pause();
	constructs[0].run();
	model_resume(model_pause()); /* within: stays off */
	constructs[0].run();
	assert_int_equal(nr_seen, 0);
	model_resume(was);
	constructs[0].run();
	model_state.on = 0;
	assert_int_equal(nr_seen, 1);
}

struct records {
	unsigned n;
	uint64_t addr, bytes;
	unsigned cpu;
	int write;
};

static void record(void *arg, unsigned cpu, uint64_t addr, unsigned size, int write)
{
	struct records *r = arg;

	r->n++;
	r->addr = addr;
	r->bytes += size;
	r->cpu = cpu;
	r->write = write;
}

static void store_and_copy(void)
{
	model_state.cpu = 5;
	__tsan_memcpy(area.to, area.from, 5000);
	__tsan_vptr_update((void **)area.to, NULL);
}

static void test_record(void **state)
{
	struct records r = { 0 };

	(void)state;
	model_state.record = record;
	model_state.arg = &r;
	run(store_and_copy);
	model_state.record = NULL;
	assert_int_equal(r.n, nr_seen); /* recorded and simulated */
	assert_int_equal(r.bytes, 2 * 5000 + sizeof(void *));
	assert_int_equal(r.addr, (uintptr_t)area.to);
	assert_int_equal(r.cpu, 5);
	assert_int_equal(r.write, 1);
}

/* ---- memory at fixed addresses ---- */

void *model_malloc(size_t size);
void *model_calloc(size_t n, size_t size);
void *model_realloc(void *p, size_t size);
void *model_aligned_alloc(size_t align, size_t size);
int model_posix_memalign(void **p, size_t align, size_t size);
void model_free(void *p);
void *model_mmap(void *addr, size_t len, int prot, int flags, int fd, long offset);

static void test_heap(void **state)
{
	char *first = model_malloc(100), *a, *b, *c, *big;
	void *p;

	(void)state;
	assert_true((uintptr_t)first - 0x400000000 < 4096);
	a = model_realloc(first, 5000); /* the last block grows where it is */
	assert_ptr_equal(a, first);
	memset(a, 7, 5000);
	b = model_aligned_alloc(4096, 10);
	assert_int_equal((uintptr_t)b % 4096, 0);
	c = model_realloc(a, 6000); /* not the last one any more */
	assert_true(c > b && c[0] == 7 && c[4999] == 7);
	assert_int_equal(model_posix_memalign(&p, 1024, 10), 0);
	assert_int_equal((uintptr_t)p % 1024, 0);
	big = model_calloc(64 << 10, 1 << 10);
	assert_non_null(big);
	assert_int_equal(big[(64 << 20) - 1], 0);
	memset(big, 1, 5000);
	assert_null(model_calloc(SIZE_MAX / 2, 3));
	assert_null(model_malloc(SIZE_MAX - 64));
	/* in any order: at the end all is free, and what begins again begins where it did */
	model_free(b);
	model_free(c);
	model_free(p);
	model_free(big);
	model_free(NULL);
	model_free(strdup("of the C library"));
	a = model_calloc(5000, 1);
	assert_ptr_equal(a, first);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(a[i], 0);
	model_free(a);
	assert_int_equal(model_state.moved, 0);
}

static void test_maps(void **state)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *a = model_mmap(NULL, 5000, prot, flags, -1, 0), *b, *c;
	void *there = mmap(a + (1 << 20), 4096, prot, flags | MAP_FIXED, -1, 0);

	(void)state;
	assert_ptr_equal(a, (void *)0x800000000);
	b = model_mmap(NULL, 4096, prot, flags, -1, 0);
	assert_ptr_equal(b, a + (5000 / getpagesize() + 1) * getpagesize());
	assert_int_equal(model_state.moved, 0);
	c = model_mmap(NULL, 2 << 20, prot, flags, -1, 0); /* there is something in the way */
	assert_true(c != MAP_FAILED && (c < a || c > a + (4 << 20)));
	assert_int_equal(model_state.moved, 1);
	model_state.moved = 0;
	assert_ptr_equal(model_mmap(NULL, SIZE_MAX / 4, prot, flags, -1, 0), MAP_FAILED);
	assert_int_equal(model_state.moved, 0);
	munmap(a, 5000);
	munmap(b, 4096);
	munmap(c, 2 << 20);
	munmap(there, 4096);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constructs),   cmocka_unit_test(test_atomics_do),
		cmocka_unit_test(test_atomics_wide), cmocka_unit_test(test_other_names),
		cmocka_unit_test(test_long_copy),    cmocka_unit_test(test_off_and_paused),
		cmocka_unit_test(test_record),	     cmocka_unit_test(test_stack),
		cmocka_unit_test(test_heap),	     cmocka_unit_test(test_maps),
	};

	no_machine(access_one);
	if (argc == 2 && !strcmp(argv[1], "--print")) {
		print_rows();
		return 0;
	}
	return cmocka_run_group_tests_name("model_hooks", tests, NULL, NULL);
}
