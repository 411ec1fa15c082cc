/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_PAGES_HELP_H
#define SLABSCOPE_TESTS_PAGES_HELP_H

/* What test_pages.c and test_pages_fail.c share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/pages_sys.h"

#define MiB (UINT64_C(1) << 20)

#if defined(__has_feature)
#define FEATURE(x) __has_feature(x)
#else
#define FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || FEATURE(address_sanitizer) || \
	FEATURE(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* 1: a tool keeps shadow beside our memory, so that faults and address space are not ours alone. */
static inline int shadowed(void)
{
	const char *preload = getenv("LD_PRELOAD"); /* valgrind sets it for what it runs */

	return SANITIZED || (preload && strstr(preload, "vgpreload"));
}

/* A machine of @nodes emulated nodes; only what pages.c reads. */
static inline struct kmem_machine *machine(unsigned nodes, unsigned page_size)
{
	struct kmem_machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->page_size = page_size ? page_size : (unsigned)sysconf(_SC_PAGESIZE);
	m->cache_line = 64;
	m->nr_cpus = 1;
	m->nr_nodes = nodes;
	m->emulated = 1;
	for (unsigned i = 0; i < nodes; i++)
		m->os_node[i] = (int)i;
	return m;
}

static inline struct pages *make(unsigned nodes, unsigned page_size, struct pages_config c)
{
	struct kmem_machine *m = machine(nodes, page_size);
	struct pages *p = NULL;
	struct err e = { "" };

	if (pages_create(&p, m, &c, &e))
		fail_msg("pages_create: %s", e.text);
	free(m);
	return p;
}

static inline void check(struct pages *p, const char *when)
{
	struct err e = { "" };

	if (pages_check(p, &e))
		fail_msg("%s: %s", when, e.text);
}

/* Nothing handed out: all committed memory is in free blocks of a chunk or more. */
static inline void check_empty(struct pages *p, unsigned nodes)
{
	uint64_t page = UINT64_C(1) << pages_map(p)->page_shift;

	check(p, "at the end");
	for (unsigned n = 0; n < nodes; n++) {
		struct pages_stats s;
		uint64_t in_chunks = 0;

		pages_node_stats(p, n, &s);
		assert_int_equal(s.allocated, 0);
		assert_int_equal(s.allocs, s.frees);
		for (unsigned b = 0; b < BACKING_NR; b++)
			for (unsigned order = 0; order < 31; order++) {
				uint64_t blocks = pages_free_blocks(p, n, b, order);

				if (page << order < pages_chunk_bytes(p, b))
					assert_int_equal(blocks, 0);
				in_chunks += blocks * (page << order);
			}
		assert_int_equal(in_chunks, s.committed);
	}
}

/* 1: the page is there; 0: not (or never touched); skips where the kernel does not tell. */
static inline int present(void *addr)
{
	struct err e;
	int node;

	if (pages_where(&addr, 1, &node, &e)) {
		print_message("skipped: %s\n", e.text);
		skip();
	}
	return node >= 0;
}

#endif
