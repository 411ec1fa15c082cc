/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine/pages.h: blocks against a shadow, limits, trim, populate, what the kernel says. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/rng.h"
#include "tests/emulator_help.h"
#include "tests/pages_help.h"

/* ---- random blocks against a shadow ---- */

struct block {
	char *at;
	unsigned order, node, backing;
	uint64_t tag;
};

static void write_tags(const struct block *b, size_t page)
{
	for (size_t i = 0; i < (size_t)1 << b->order; i += 1 + ((size_t)1 << b->order) / 8)
		memcpy(b->at + i * page, &b->tag, sizeof(b->tag));
}

static void check_tags(const struct block *b, size_t page)
{
	for (size_t i = 0; i < (size_t)1 << b->order; i += 1 + ((size_t)1 << b->order) / 8)
		if (memcmp(b->at + i * page, &b->tag, sizeof(b->tag)))
			fail_msg("block %p of order %u was overwritten", (void *)b->at, b->order);
}

static void check_new(const struct pages *p, const struct block *all, size_t n,
		      const struct block *b)
{
	const struct pages_map *m = pages_map(p);
	size_t len = (size_t)1 << (b->order + m->page_shift);

	if ((uintptr_t)b->at & (len - 1))
		fail_msg("%p is not aligned to order %u", (void *)b->at, b->order);
	assert_int_equal(pages_node(m, b->at), b->node);
	assert_int_equal(pages_node(m, b->at + len - 1), b->node);
	assert_ptr_equal(pages_lookup(m, b->at),
			 &m->page[((uintptr_t)b->at - m->base) >> m->page_shift]);
	for (size_t i = 0; i < n; i++) {
		size_t other = (size_t)1 << (all[i].order + m->page_shift);

		if (b->at < all[i].at + other && all[i].at < b->at + len)
			fail_msg("%p of order %u overlaps %p of order %u", (void *)b->at, b->order,
				 (void *)all[i].at, all[i].order);
	}
}

static struct block *alloc_one(struct pages *p, struct block *all, size_t *n, struct rng *r,
			       unsigned nodes, unsigned max_order, unsigned backings)
{
	const struct pages_map *m = pages_map(p);
	struct block *b = &all[*n];
	struct err e = { "" };

	b->order = (unsigned)rng_below(r, rng_below(r, max_order + 1) +
						  1); /* small ones are likelier */
	b->node = (unsigned)rng_below(r, nodes);
	b->backing = (unsigned)rng_below(r, backings);
	b->tag = rng_u64(r);
	b->at = pages_alloc(p, b->node, b->order, b->backing, &e);
	if (!b->at)
		fail_msg("order %u: %s", b->order, e.text);
	check_new(p, all, *n, b);
	for (size_t i = 0; i < (size_t)1 << b->order; i++) {
		struct kmem_page *pg = pages_lookup(m, b->at + (i << m->page_shift));

		assert_null(pg->cache);
		pg->cache = (struct kmem_cache *)
				    b->at; /* as a slab would; pages_free() takes it away */
		pg->slab = (struct slab *)b->at;
		memset(pages_head(m, b->at + (i << m->page_shift)), 0xa5, sizeof(struct slab));
	}
	write_tags(b, (size_t)1 << m->page_shift);
	(*n)++;
	return b;
}

static void free_one(struct pages *p, struct block *all, size_t *n, size_t i)
{
	check_tags(&all[i], (size_t)1 << pages_map(p)->page_shift);
	pages_free(p, all[i].at, all[i].order);
	all[i] = all[--*n];
}

static void random_blocks(void **state)
{
	const unsigned host = (unsigned)sysconf(_SC_PAGESIZE);
	const struct {
		unsigned nodes, page_size, max_order, live, ops, backings;
	} table[] = {
		{ 1, host, 0, 300, 4000, 1 },  { 1, host, 10, 60, 4000, 2 },
		{ 3, host, 11, 40, 3000, 2 },  { 2, 4 * host, 6, 80, 3000, 2 },
		{ 64, host, 3, 200, 2000, 1 }, { 1, 65536, 6, 60, 2000, 1 },
	};

	(void)state;
	for (size_t t = 0; t < sizeof(table) / sizeof(*table); t++) {
		struct block *all = calloc(table[t].live, sizeof(*all));
		struct pages *p = make(table[t].nodes, table[t].page_size,
				       (struct pages_config){ .node_bytes = 0 });
		struct rng r;
		size_t n = 0;

		rng_seed(&r, t + 1);
		for (unsigned op = 0; op < table[t].ops; op++) {
			if (n < table[t].live && rng_below(&r, 100) < (op / 500 % 2 ? 40 : 70))
				alloc_one(p, all, &n, &r, table[t].nodes, table[t].max_order,
					  table[t].backings);
			else if (n)
				free_one(p, all, &n, rng_below(&r, n));
			if (op % 500 == 0)
				check(p, "on the way");
			if (op % 900 == 0)
				pages_trim(p); /* leaves what is handed out alone */
		}
		while (n)
			free_one(p, all, &n, n - 1);
		check_empty(p, table[t].nodes);
		free(all);
		pages_destroy(p);
	}
}

struct thread_arg {
	struct pages *p;
	uint64_t seed;
	unsigned nodes, broken;
};

static void *thread_blocks(void *arg)
{
	struct thread_arg *a = arg;
	struct block all[32];
	struct rng r;
	size_t n = 0;

	rng_seed(&r, a->seed);
	for (unsigned op = 0; op < 3000 || n; op++) {
		if (op < 3000 && n < 32 && rng_below(&r, 2)) {
			struct block *b = &all[n];

			b->order = (unsigned)rng_below(&r, 7);
			b->tag = rng_u64(&r);
			b->at = pages_alloc(a->p, (unsigned)rng_below(&r, a->nodes), b->order,
					    BACKING_BASE, NULL);
			if (!b->at) {
				a->broken = 1;
				return NULL;
			}
			memcpy(b->at, &b->tag, sizeof(b->tag));
			memcpy(b->at + ((size_t)1 << (b->order + pages_map(a->p)->page_shift)) -
				       sizeof(b->tag),
			       &b->tag, sizeof(b->tag));
			n++;
		} else if (n) {
			struct block *b = &all[rng_below(&r, n)];
			uint64_t last;

			memcpy(&last,
			       b->at + ((size_t)1 << (b->order + pages_map(a->p)->page_shift)) -
				       sizeof(last),
			       sizeof(last));
			if (memcmp(b->at, &b->tag, sizeof(b->tag)) || last != b->tag)
				a->broken = 1;
			pages_free(a->p, b->at, b->order);
			*b = all[--n];
		}
		if (op % 1000 == 999) {
			pages_trim(a->p);
			if (pages_check(a->p, NULL))
				a->broken = 1;
		}
	}
	return NULL;
}

static void threads(void **state)
{
	struct pages *p = make(2, 0, (struct pages_config){ .node_bytes = 0 });
	struct thread_arg arg[6];
	pthread_t t[6];

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		arg[i] = (struct thread_arg){ .p = p, .seed = i + 77, .nodes = 2 };
		assert_int_equal(pthread_create(&t[i], NULL, thread_blocks, &arg[i]), 0);
	}
	for (unsigned i = 0; i < 6; i++) {
		pthread_join(t[i], NULL);
		assert_false(arg[i].broken);
	}
	check_empty(p, 2);
	pages_destroy(p);
}

/* ---- limits, sizes ---- */

static void limits(void **state)
{
	struct pages *p = make(2, 0, (struct pages_config){ .limit_bytes = 8 * MiB });
	size_t page = (size_t)1 << pages_map(p)->page_shift, per_node = 8 * MiB / page;
	void **held = calloc(per_node, sizeof(*held));
	struct pages_stats s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < per_node; i++)
		assert_non_null(
			held[i] = pages_alloc(p, 1, 0, i % 2 ? BACKING_THP : BACKING_BASE, &e));
	assert_null(pages_alloc(p, 1, 0, BACKING_BASE, &e));
	assert_string_equal(e.text, "node 1 is full (limit 8 MiB)");
	pages_node_stats(p, 1, &s);
	assert_int_equal(s.allocated, 8 * MiB);
	assert_int_equal(s.peak, 8 * MiB);
	assert_int_equal(s.allocs, per_node);
	assert_int_equal(s.failures, 1);
	pages_node_stats(p, 0, &s);
	assert_int_equal(s.allocated + s.committed + s.failures, 0);

	pages_free(p, held[0], 0); /* room for one page, not for two */
	assert_null(pages_alloc(p, 1, 1, BACKING_BASE, &e));
	assert_non_null(held[0] = pages_alloc(p, 1, 0, BACKING_BASE, &e));
	pages_set_limit(p, 1, 0); /* none */
	pages_free(p, pages_alloc(p, 1, 3, BACKING_BASE, &e), 3);
	pages_set_limit(p, 1, 1);
	assert_null(pages_alloc(p, 1, 0, BACKING_BASE, &e));
	assert_string_equal(e.text, "node 1 is full (limit 1 bytes)");
	for (size_t i = 0; i < per_node; i++)
		pages_free(p, held[i], 0);
	check_empty(p, 2);
	pages_node_stats(p, 1, &s);
	assert_int_equal(s.peak, 8 * MiB + (page << 3));
	free(held);
	pages_destroy(p);
}

static void address_space(void **state)
{
	struct pages *p = make(1, 0, (struct pages_config){ .node_bytes = 1 });
	uint64_t arena = pages_arena_bytes(p), chunk = pages_chunk_bytes(p, BACKING_BASE);
	unsigned shift = pages_map(p)->page_shift, order = (unsigned)__builtin_ctzll(chunk) - shift;
	struct err e;
	uint64_t n = 0;

	(void)state;
	/* the smallest range: it can be used up */
	assert_true(arena >= pages_chunk_bytes(p, BACKING_THP));
	assert_int_equal(pages_map(p)->node_span, BACKING_NR * arena);
	while (pages_alloc(p, 0, order, BACKING_BASE, &e))
		n++;
	assert_int_equal(n, arena / chunk);
	assert_non_null(strstr(e.text, "node 0 is full: its "));
	assert_null(pages_alloc(p, 0, 31, BACKING_BASE, &e));
	assert_string_equal(e.text, "order 31 is larger than any block");
	assert_null(pages_alloc(p, 1, 0, BACKING_BASE, &e));
	assert_null(pages_alloc(p, 0, 0, BACKING_NR, &e));
	assert_null(pages_lookup(pages_map(p), (void *)(pages_map(p)->base - 1)));
	assert_null(pages_lookup(pages_map(p), (void *)pages_map(p)->end));
	assert_null(pages_lookup(pages_map(p), &e));
	check(p, "full");
	pages_destroy(p);
	pages_destroy(NULL);
}

/* A block that was not handed out so is left alone and told by pages_check(). */
static void bad_frees(void **state)
{
	static const struct {
		const char *what;
		long off;
		unsigned order;
		int twice;
	} table[] = {
		{ "freed twice", 0, 2, 1 },	    { "wrong order", 0, 1, 0 },
		{ "inside a block", 1, 0, 0 },	    { "not at a page", -1, 2, 0 },
		{ "order out of range", 0, 99, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct pages *p = make(1, 0, (struct pages_config){ .node_bytes = 0 });
		char *at = pages_alloc(p, 0, 2, BACKING_BASE, NULL);
		long off = table[i].off < 0 ? 1 : table[i].off << pages_map(p)->page_shift;
		struct err e = { "" };

		assert_non_null(at);
		if (table[i].twice)
			pages_free(p, at, 2);
		check(p, "before");
		pages_free(p, at + off, table[i].order);
		if (!pages_check(p, &e) || strncmp(e.text, "1 frees of blocks", 17))
			fail_msg("%s: not noticed: %s", table[i].what, e.text);
		pages_destroy(p);
	}
}

/* ---- what the kernel says ---- */

static void trim_gives_back(void **state)
{
	struct pages *p = make(1, 0, (struct pages_config){ .node_bytes = 0 });
	size_t page = (size_t)1 << pages_map(p)->page_shift;
	char *keep = pages_alloc(p, 0, 0, BACKING_BASE, NULL),
	     *a = pages_alloc(p, 0, 4, BACKING_BASE, NULL);
	struct pages_stats before, after;
	uint64_t back;

	(void)state;
	assert_non_null(keep);
	assert_non_null(a);
	assert_false(present(a));
	for (size_t i = 0; i < 16; i += 2)
		memset(a + i * page, 1, page);
	memset(keep, 2, page);
	assert_true(present(a));
	assert_int_equal(pages_trim(p), 0); /* nothing is free that was touched */
	assert_true(present(a));
	pages_free(p, a, 4);
	pages_node_stats(p, 0, &before);
	back = pages_trim(p);
	assert_int_equal(back, page << 3); /* just what was resident */
	assert_false(present(a));
	assert_true(present(keep));
	assert_int_equal(keep[0], 2);
	assert_int_equal(keep[page - 1], 2);
	assert_int_equal(pages_trim(p), 0);
	pages_node_stats(p, 0, &after);
	assert_int_equal(after.committed, before.committed);
	pages_free(p, keep, 0);
	check_empty(p, 1);
	pages_destroy(p);
}

/* Several blocks of one order, some trimmed before: each is given back once. */
static void trim_several(void **state)
{
	struct pages *p = make(1, 0, (struct pages_config){ .node_bytes = 0 });
	size_t page = (size_t)1 << pages_map(p)->page_shift;
	char *a[16];

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		assert_non_null(a[i] = pages_alloc(p, 0, 0, BACKING_BASE, NULL));
		memset(a[i], 1, page);
	}
	(void)present(a[0]);
	for (unsigned round = 0; round < 2; round++) {
		/* every other one, so that none finds its buddy */
		for (unsigned i = round * 8; i < round * 8 + 8; i += 2)
			pages_free(p, a[i], 0);
		assert_int_equal(pages_trim(p), 4 * page);
		assert_int_equal(pages_trim(p), 0);
		for (unsigned i = 0; i < 16; i++)
			assert_int_equal(present(a[i]), i % 2 || i >= round * 8 + 8);
	}
	for (unsigned i = 1; i < 16; i += 2)
		pages_free(p, a[i], 0);
	assert_int_equal(pages_trim(p), 8 * page);
	check_empty(p, 1);
	pages_destroy(p);
}

/* THP: a free part of a huge page stays with its neighbours; a whole one goes. */
static void trim_thp(void **state)
{
	struct pages *p = make(1, 0, (struct pages_config){ .node_bytes = 0 });
	size_t huge = pages_sys_native.thp_size();
	unsigned shift = pages_map(p)->page_shift, order = (unsigned)__builtin_ctzll(huge) - shift;
	struct err e = { "" };
	char *a, *b;

	(void)state;
	if (huge > 64 * MiB)
		skip();
	a = pages_alloc(p, 0, order, BACKING_THP, &e);
	if (!a) {
		print_message("skipped: %s\n", e.text);
		pages_destroy(p);
		skip();
	}
	assert_int_equal((uintptr_t)a & (huge - 1), 0);
	memset(a, 1, huge);
	pages_free(p, a, order);
	b = pages_alloc(p, 0, 0, BACKING_THP, &e);
	assert_ptr_equal(a, b);
	assert_int_equal(pages_trim(p), 0);
	pages_free(p, b, 0);
	assert_int_equal(pages_trim(p), huge);
	check_empty(p, 1);
	pages_destroy(p);
}

static void where(void **state)
{
	struct pages *p = make(2, 0, (struct pages_config){ .node_bytes = 0 });
	size_t n = 10000, page = (size_t)1 << pages_map(p)->page_shift;
	void **addr = calloc(n, sizeof(*addr));
	int *node = calloc(n, sizeof(*node));
	char *a = pages_alloc(p, 0, 4, BACKING_BASE, NULL);
	struct err e;

	(void)state;
	assert_non_null(a);
	for (size_t i = 0; i < n; i++)
		addr[i] = a + i % 16 * page + i % page;
	for (size_t i = 0; i < 16; i += 2)
		a[i * page] = 1;
	assert_int_equal(pages_where(addr, 0, node, &e), 0);
	if (pages_where(addr, n, node, &e)) {
		print_message("skipped: %s\n", e.text);
		skip();
	}
	for (size_t i = 0; i < n; i++) {
		if (i % 2)
			assert_true(node[i] == -ENOENT || node[i] == -EFAULT);
		else
			assert_true(node[i] >= 0);
	}
	free(addr);
	free(node);
	pages_destroy(p);
}

/* Takes the page faults of touching @len bytes at @a. */
static long faults(volatile char *a, size_t len, size_t step)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < len; i += step)
		a[i] = 1;
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt + after.ru_majflt - before.ru_minflt - before.ru_majflt;
}

static void populate_leaves_no_faults(void **state)
{
	struct pages *lazy = make(1, 0, (struct pages_config){ .node_bytes = 0 });
	struct pages *p = make(1, 0, (struct pages_config){ .populate = 1 });
	size_t host = (size_t)sysconf(_SC_PAGESIZE), len = 1 * MiB;
	unsigned order = (unsigned)__builtin_ctzll(len) - pages_map(p)->page_shift;
	char *a = pages_alloc(lazy, 0, order, BACKING_BASE, NULL);
	long n;

	(void)state;
	emulator_lacks("madvise does not populate");
	assert_non_null(a);
	n = faults(a, len, host);
	assert_true(n >= 1); /* so the count can show them (faults may be taken several at once) */
	for (unsigned backing = BACKING_BASE; backing <= BACKING_THP; backing++) {
		struct err e = { "" };

		a = pages_alloc(p, 0, order, backing, &e);
		if (!a && backing == BACKING_THP)
			continue;
		assert_non_null(a);
		if (!shadowed())
			assert_int_equal(faults(a, len, host), 0);
		assert_true(present(a));
		pages_free(p, a, order);
		if (backing == BACKING_BASE) { /* trimmed memory is populated again */
			assert_true(pages_trim(p) >= len);
			a = pages_alloc(p, 0, order, backing, &e);
			assert_non_null(a);
			assert_true(present(a));
			assert_true(present(a + len - 1));
			pages_free(p, a, order);
		}
	}
	pages_destroy(lazy);
	pages_destroy(p);
}

static void hugetlb(void **state)
{
	struct pages *p = make(1, 0, (struct pages_config){ .node_bytes = 0 });
	struct err e = { "" };
	char *a = pages_alloc(p, 0, 0, BACKING_HUGETLB, &e);
	struct pages_stats s;

	(void)state;
	emulator_lacks("madvise does not populate");
	pages_node_stats(p, 0, &s);
	if (a) { /* a machine with a pool */
		size_t huge = pages_sys_native.hugetlb_size();

		memset(a, 1, (size_t)1 << pages_map(p)->page_shift);
		assert_int_equal(s.committed % huge, 0);
		pages_free(p, a, 0);
		assert_true(pages_trim(p) >= huge);
		pages_node_stats(p, 0, &s);
	} else if (pages_sys_native.hugetlb_size()) {
		assert_non_null(strstr(e.text, "echo N > /proc/sys/vm/nr_hugepages (as root)"));
	} else {
		assert_non_null(strstr(e.text, "no hugetlb"));
	}
	assert_int_equal(s.committed, 0);
	check_empty(p, 1);
	pages_destroy(p);
}

/* Little address space: the reservation gives way. In a child, for the limit is for ever. */
static void address_limit(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	if (shadowed()) {
		print_message("skipped: a sanitizer's shadow needs address space\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct rlimit l = { .rlim_cur = 2048 * MiB, .rlim_max = 2048 * MiB };
		struct kmem_machine *m = machine(2, 0);
		struct err e = { "" };
		struct pages *p;
		char *a;

		if (setrlimit(RLIMIT_AS, &l) || pages_create(&p, m, NULL, &e)) {
			print_error("%s\n", e.text);
			_exit(1);
		}
		if (pages_arena_bytes(p) > 512 * MiB)
			_exit(2);
		a = pages_alloc(p, 1, 3, BACKING_BASE, NULL);
		if (!a)
			_exit(3);
		memset(a, 1, 8);
		_exit(pages_check(p, NULL) ? 4 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_blocks), cmocka_unit_test(threads),
		cmocka_unit_test(limits),	 cmocka_unit_test(address_space),
		cmocka_unit_test(bad_frees),	 cmocka_unit_test(trim_gives_back),
		cmocka_unit_test(trim_several),	 cmocka_unit_test(trim_thp),
		cmocka_unit_test(where),	 cmocka_unit_test(populate_leaves_no_faults),
		cmocka_unit_test(hugetlb),	 cmocka_unit_test(address_limit),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
