/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/debug_help.h"

static void note(void *arg, const char *text)
{
	struct bench *b = arg;

	b->reports++;
	snprintf(b->text, sizeof(b->text), "%s", text);
}

void bench_begin(struct bench *b, const struct slab_config *cfg, unsigned size, unsigned nodes)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct kmem_system_config sc = { .machine = m,
					 .node_bytes = 64u << 20,
					 .max_slots = 4,
					 .report = note,
					 .report_arg = b };
	struct err e;

	memset(b, 0, sizeof(*b));
	assert_non_null(m);
	assert_int_equal(kmem_machine_synthetic(m, 4, nodes, &e), 0);
	m->page_size = 4096;
	m->cache_line = 64;
	if (kmem_system_create(&b->s, &sc, &e) ||
	    kmem_cache_create(b->s, "victim", size, cfg, NULL, &b->c, &e))
		fail_msg("%s", e.text);
	b->size = size;
	kmem_cache_geometry(b->c, &b->g);
	assert_int_equal(kmem_thread_bind(0), 0);
	free(m);
}

void bench_sound(struct bench *b)
{
	struct err e;

	if (kmem_system_check(b->s, &e))
		fail_msg("%s", e.text);
}

void bench_end(struct bench *b)
{
	struct err e;

	bench_sound(b);
	if (kmem_cache_destroy(b->c, &e))
		fail_msg("%s", e.text);
	assert_int_equal(ops_pages_left(b->s), 0);
	assert_int_equal(meta_live(b->s->meta), ops_meta_expected(b->s));
	if (kmem_system_destroy(b->s, &e))
		fail_msg("%s", e.text);
}
