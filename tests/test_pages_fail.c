/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine/pages.h: every system call made to fail. Nothing may be lost; the text says what to do. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <sys/mman.h>

#include "tests/emulator_help.h"
#include "tests/pages_help.h"

/* The native calls, one of which fails from its @after-th use on. One test at a time. */
enum call { CALL_NONE, CALL_MAP, CALL_PROTECT, CALL_ADVISE, CALL_BIND, CALL_WHERE, CALL_RESIDENT };
static struct {
	enum call call;
	int code, flags_set,
		advice; /* CALL_MAP: only with one of these flags; CALL_ADVISE: only this advice */
	unsigned after, binds, decommits;
	size_t huge;
	uint64_t mapped;
	unsigned bound_node;
} inject;

static int hit(enum call c)
{
	if (inject.call != c)
		return 0;
	if (inject.after) {
		inject.after--;
		return 0;
	}
	return inject.code;
}

static int t_map(void **addr, size_t len, int prot, int flags)
{
	int r = !inject.flags_set || flags & inject.flags_set ? hit(CALL_MAP) : 0;

	if (r)
		return r;
	if (!(flags & MAP_FIXED))
		inject.mapped += len;
	else if (prot == PROT_NONE)
		inject.decommits++;
	/* no pool is needed to test what is done with one */
	return pages_sys_native.map(addr, len, prot, flags & ~MAP_HUGETLB);
}

static int t_unmap(void *addr, size_t len)
{
	inject.mapped -= len;
	return pages_sys_native.unmap(addr, len);
}

static int t_protect(void *addr, size_t len, int prot)
{
	int r = hit(CALL_PROTECT);

	return r ? r : pages_sys_native.protect(addr, len, prot);
}

static int t_advise(void *addr, size_t len, int advice)
{
	int r = inject.call == CALL_ADVISE && advice != inject.advice ? 0 : hit(CALL_ADVISE);

	return r ? r : pages_sys_native.advise(addr, len, advice);
}

static int t_bind(void *addr, size_t len, unsigned node)
{
	(void)addr;
	(void)len;
	inject.binds++;
	inject.bound_node = node;
	return hit(CALL_BIND);
}

static int t_where(size_t n, void *const *addr, int *node)
{
	int r = hit(CALL_WHERE);

	return r ? r : pages_sys_native.where(n, addr, node);
}

static int t_resident(void *addr, size_t len, unsigned char *vec)
{
	int r = hit(CALL_RESIDENT);

	return r ? r : pages_sys_native.resident(addr, len, vec);
}

static size_t t_huge(void)
{
	return inject.huge;
}

static size_t t_thp(void)
{
	return 2 * MiB;
}

static const struct pages_sys t_sys = {
	t_map, t_unmap, t_protect, t_advise, t_bind, t_where, t_resident, t_thp, t_huge,
};

#define ADVICE_POPULATE 23

static void failing_commits(void **state)
{
	static const struct {
		const char *what;
		unsigned backing, populate;
		enum call call;
		int code, flags_set, advice;
		const char *text; /* NULL: it must succeed all the same */
	} table[] = {
		{ "mprotect", BACKING_BASE, 0, CALL_PROTECT, -ENOMEM, 0, 0,
		  "no more memory to commit" },
		{ "no THP, base asked", BACKING_BASE, 0, CALL_ADVISE, -EINVAL, 0, MADV_NOHUGEPAGE,
		  NULL },
		{ "no THP, THP asked", BACKING_THP, 0, CALL_ADVISE, -EINVAL, 0, MADV_HUGEPAGE,
		  "use base" },
		{ "mbind", BACKING_BASE, 0, CALL_BIND, -EINVAL, 0, 0,
		  "node 1: mbind to the kernel's node 9: Invalid argument" },
		{ "mbind, hugetlb", BACKING_HUGETLB, 0, CALL_BIND, -EPERM, 0, 0, "mbind" },
		{ "populate", BACKING_BASE, 1, CALL_ADVISE, -ENOMEM, 0, ADVICE_POPULATE,
		  "cannot populate a chunk" },
		{ "old kernel: populate by touching", BACKING_BASE, 1, CALL_ADVISE, -EINVAL, 0,
		  ADVICE_POPULATE, NULL },
		{ "empty pool", BACKING_HUGETLB, 0, CALL_MAP, -ENOMEM, MAP_HUGETLB, 0,
		  "hugetlb pool is empty: echo N > /proc/sys/vm/nr_hugepages (as root)" },
		{ "hugetlb refused", BACKING_HUGETLB, 0, CALL_MAP, -EINVAL, MAP_HUGETLB, 0,
		  "hugetlb bytes: Inv" },
		{ "the node's pool is empty", BACKING_HUGETLB, 0, CALL_ADVISE, -EFAULT, 0,
		  ADVICE_POPULATE, "hugetlb pool is empty on node 1" },
	};
	struct kmem_machine *m = machine(2, 0);

	(void)state;
	m->emulated = 0;
	m->os_node[0] = 4;
	m->os_node[1] = 9;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct pages_config c = { .populate = table[i].populate, .node_bytes = 64 * MiB };
		struct err e = { "" };
		struct pages *p;
		void *a;

		memset(&inject, 0, sizeof(inject));
		inject.huge = 4 * MiB;
		assert_int_equal(pages_create_with(&p, m, &c, &t_sys, &e), 0);
		inject.call = table[i].call;
		inject.code = table[i].code;
		inject.flags_set = table[i].flags_set;
		inject.advice = table[i].advice;
		a = pages_alloc(p, 1, 2, table[i].backing, &e);
		if (!a != !!table[i].text || (table[i].text && !strstr(e.text, table[i].text)))
			fail_msg("%s: %p, '%s'", table[i].what, a, e.text);
		check(p, table[i].what);
		/* no memory stays behind where the accounts say that there is none */
		if (!a != !!inject.decommits)
			fail_msg("%s: decommitted %u times", table[i].what, inject.decommits);
		inject.call = CALL_NONE;
		pages_set_limit(
			p, 1,
			UINT64_C(4) << pages_map(p)->page_shift); /* what failed is not booked */
		if (a)
			pages_free(p, a, 2);
		/* nothing is lost: it works as soon as the kernel does */
		a = pages_alloc(p, 1, 2, table[i].backing, &e);
		if (!a)
			fail_msg("%s, afterwards: %s", table[i].what, e.text);
		memset(a, 1, (size_t)4 << pages_map(p)->page_shift);
		assert_true(inject.binds >= 1);
		assert_int_equal(inject.bound_node, 9);
		pages_free(p, a, 2);
		check_empty(p, 2);
		pages_destroy(p);
		assert_int_equal(inject.mapped, 0);
	}
	free(m);
}

/* A block that was trimmed is populated again; where that fails the block is kept for later. */
static void failing_repopulate(void **state)
{
	struct kmem_machine *m = machine(1, 0);
	struct pages_config c = { .populate = 1, .node_bytes = 64 * MiB };
	struct err e = { "" };
	struct pages *p;
	void *a;

	(void)state;
	emulator_lacks("madvise does not populate");
	memset(&inject, 0, sizeof(inject));
	assert_int_equal(pages_create_with(&p, m, &c, &t_sys, &e), 0);
	assert_non_null(a = pages_alloc(p, 0, 0, BACKING_BASE, &e));
	pages_free(p, a, 0);
	assert_true(pages_trim(p) > 0);
	inject.call = CALL_ADVISE;
	inject.code = -ENOMEM;
	inject.advice = ADVICE_POPULATE;
	assert_null(pages_alloc(p, 0, 0, BACKING_BASE, &e));
	assert_non_null(strstr(e.text, "cannot populate a block"));
	check_empty(p, 1);
	inject.call = CALL_NONE;
	assert_non_null(a = pages_alloc(p, 0, 0, BACKING_BASE, &e));
	pages_free(p, a, 0);
	/* a kernel that does not trim: no bytes back, nothing lost; one without mincore: blocks are
	 * counted */
	inject.call = CALL_ADVISE;
	inject.advice = MADV_DONTNEED;
	inject.code = -EINVAL;
	assert_int_equal(pages_trim(p), 0);
	check_empty(p, 1);
	inject.call = CALL_RESIDENT;
	inject.code = -ENOSYS;
	assert_true(pages_trim(p) >= pages_chunk_bytes(p, BACKING_BASE));
	check_empty(p, 1);
	pages_destroy(p);
	assert_int_equal(inject.mapped, 0);
	free(m);
}

/* hugetlb trimmed is unmapped, for a touch without reservation would be a SIGBUS. */
static void trim_hugetlb(void **state)
{
	struct kmem_machine *m = machine(1, 0);
	struct pages_config c = { .node_bytes = 64 * MiB };
	struct pages_stats s;
	struct pages *p;
	void *a, *b;

	(void)state;
	emulator_lacks("madvise does not populate");
	memset(&inject, 0, sizeof(inject));
	inject.huge = 2 * MiB;
	assert_int_equal(pages_create_with(&p, m, &c, &t_sys, NULL), 0);
	assert_non_null(a = pages_alloc(p, 0, 0, BACKING_HUGETLB, NULL));
	assert_int_equal(pages_trim(p), 0);
	pages_node_stats(p, 0, &s);
	assert_int_equal(s.committed, 2 * MiB);
	pages_free(p, a, 0);
	assert_int_equal(pages_trim(p), 2 * MiB);
	pages_node_stats(p, 0, &s);
	assert_int_equal(s.committed, 0);
	assert_non_null(b = pages_alloc(p, 0, 0, BACKING_HUGETLB, NULL));
	memset(b, 1, (size_t)1 << pages_map(p)->page_shift);
	pages_free(p, b, 0);
	check_empty(p, 1);
	pages_destroy(p);
	inject.huge = 0; /* a kernel without */
	assert_int_equal(pages_create_with(&p, m, &c, &t_sys, NULL), 0);
	{
		struct err e = { "" };

		assert_null(pages_alloc(p, 0, 0, BACKING_HUGETLB, &e));
		assert_non_null(strstr(e.text, "no hugetlb pages"));
	}
	pages_destroy(p);
	assert_int_equal(inject.mapped, 0);
	free(m);
}

/* Each of the two mappings of a reservation refused, once or always. */
static void failing_create(void **state)
{
	struct kmem_machine *m = machine(2, 0);
	struct pages_config c = { .node_bytes = 1024 * MiB };

	(void)state;
	emulator_lacks("there is little address space");
	for (unsigned after = 0; after < 4; after++)
		for (unsigned code = 0; code < 2; code++) {
			struct err e = { "" };
			struct pages *p = (void *)&e;

			memset(&inject, 0, sizeof(inject));
			inject.call = CALL_MAP;
			inject.code = code ? -ENOMEM : -EAGAIN;
			inject.after = after;
			if (after < 2) {
				assert_int_equal(pages_create_with(&p, m, &c, &t_sys, &e),
						 inject.code);
				assert_non_null(strstr(e.text, "cannot reserve "));
				assert_null(p);
			} else {
				assert_int_equal(pages_create_with(&p, m, &c, &t_sys, &e), 0);
				assert_int_equal(pages_arena_bytes(p), 1024 * MiB);
				pages_destroy(p);
			}
			assert_int_equal(inject.mapped, 0);
		}
	free(m);
}

static void bad_machines(void **state)
{
	const unsigned host = (unsigned)sysconf(_SC_PAGESIZE);
	const struct {
		unsigned nodes, page_size;
	} table[] = { { 0, host },
		      { KMEM_MAX_NODES + 1, host },
		      { 1, host / 2 },
		      { 1, host * 3 },
		      { 1, 2u << 20 } };

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct kmem_machine *m = machine(
			table[i].nodes > KMEM_MAX_NODES ? 1 : table[i].nodes, table[i].page_size);
		struct err e = { "" };
		struct pages *p;

		m->nr_nodes = table[i].nodes;
		assert_int_equal(pages_create(&p, m, NULL, &e), -EINVAL);
		assert_true(e.text[0]);
		free(m);
	}
}

static void where_refused(void **state)
{
	static const struct {
		int code;
		unsigned after;
		const char *text;
	} table[] = {
		{ -ENOSYS, 0, "cannot tell" },
		{ -EPERM, 0, "CAP_SYS_NICE" },
		{ -EPERM, 1, "CAP_SYS_NICE" },
		{ -EFAULT, 0, "move_pages: Bad address" },
	};
	void *addr[5000];
	int node[5000];

	(void)state;
	for (size_t i = 0; i < 5000; i++)
		addr[i] = addr;
	(void)present(addr); /* skips where even the native one does not work */
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct err e = { "" };

		memset(&inject, 0, sizeof(inject));
		inject.call = CALL_WHERE;
		inject.code = table[i].code;
		inject.after = table[i].after;
		assert_int_equal(pages_where_with(&t_sys, addr, 5000, node, &e), table[i].code);
		assert_non_null(strstr(e.text, table[i].text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failing_commits), cmocka_unit_test(failing_repopulate),
		cmocka_unit_test(trim_hugetlb),	   cmocka_unit_test(failing_create),
		cmocka_unit_test(bad_machines),	   cmocka_unit_test(where_refused),
	};

	return cmocka_run_group_tests_name("pages_fail", tests, NULL, NULL);
}
