/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose memory missed: addresses of everything that a live engine has, given as misses. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/who.h"
#include "collectors/model/who_map.h"
#include "engine/slab.h"
#include "tests/emulator_help.h"

#define OBJECTS 400

struct bed {
	struct kmem_machine machine;
	struct kmem_system *system;
	struct kmem_cache *cache;
	struct slab_config config;
	struct who *who;
	char *object[OBJECTS];
};

static void bed_begin(struct bed *b, size_t size, const char *const settings[][2])
{
	struct kmem_system_config c = { .machine = &b->machine };
	struct err e;

	assert_int_equal(kmem_machine_synthetic(&b->machine, 2, 2, &e), 0);
	assert_int_equal(kmem_system_create(&b->system, &c, &e), 0);
	memset(&b->config, 0, sizeof(b->config));
	assert_int_equal(slab_config_profile(&b->config, "kernel-2.6.22", &e), 0);
	for (; settings && (*settings)[0]; settings++)
		assert_int_equal(opt_parse(opt_find(slab_config_opts, (*settings)[0]), &b->config,
					   (*settings)[1], &e),
				 0);
	kmem_thread_bind(0);
	assert_int_equal(kmem_cache_create(b->system, "bed", size, &b->config, NULL, &b->cache, &e),
			 0);
	assert_int_equal(who_create(&b->who, b->system, b->machine.page_size, 64, 64, &e), 0);
	for (unsigned i = 0; i < OBJECTS / 2; i++)
		assert_non_null(b->object[i] = kmem_cache_alloc(b->cache, 0));
	assert_int_equal(who_watch(b->who, &e), 0);
	for (unsigned i = OBJECTS / 2; i < OBJECTS; i++) /* these slabs are told of */
		assert_non_null(b->object[i] = kmem_cache_alloc(b->cache, 0));
	who_reset(b->who);
}

static void bed_end(struct bed *b)
{
	who_destroy(b->who);
	for (unsigned i = 0; i < OBJECTS; i++)
		kmem_cache_free(b->cache, b->object[i]);
	assert_int_equal(kmem_cache_destroy(b->cache, NULL), 0);
	assert_int_equal(kmem_system_destroy(b->system, NULL), 0);
	kmem_thread_bind(-1);
}

static void miss(struct bed *b, const void *at)
{
	who_miss(b->who, SIM_L1D, 0, (uintptr_t)at, false, SIM_COMPULSORY);
}

static uint64_t settled(struct bed *b, enum who_part part)
{
	struct err e;

	assert_int_equal(who_settle(b->who, &e), 0);
	return who_counts(b->who)->part[SIM_L1D][part];
}

/* ---- slabs ---- */

struct mgmt {
	struct bed *b;
	unsigned slabs;
};

static void miss_mgmt(const struct kmem_slab_view *v, void *arg)
{
	struct mgmt *m = arg;

	m->slabs++;
	miss(m->b, v->mgmt);
	miss(m->b, (const char *)v->mgmt + sizeof(struct list_head));
	miss(m->b, (const char *)v->mgmt + v->geometry->header_bytes);
	miss(m->b, (const char *)v->mgmt + v->geometry->slab_size - 1);
}

/* On the slab and off it: 2.6.22 has a header before the index. */
static void test_management(void **state)
{
	static const char *const on[][2] = { { "mgmt", "on" },
					     { "colour_header", "off" },
					     { NULL, NULL } };
	static const char *const off[][2] = { { "mgmt", "off" }, { NULL, NULL } };
	static const char *const(*const rows[])[2] = { on, off };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct bed *b = calloc(1, sizeof(*b));
		struct mgmt m = { b, 0 };
		struct slab_geometry g;

		assert_non_null(b);
		bed_begin(b, 600, rows[i]);
		kmem_cache_geometry(b->cache, &g);
		assert_int_equal(g.off_slab, i);
		kmem_for_each_slab(b->cache, miss_mgmt, &m);
		assert_true(m.slabs > 4);
		assert_int_equal(settled(b, WHO_HEADER), 2 * m.slabs);
		assert_int_equal(settled(b, WHO_INDEX), 2 * m.slabs);
		assert_int_equal(settled(b, WHO_OBJECT), 0);
		if (!i) /* headers of uncoloured slabs all lie at their start, which is in set 0 */
			assert_int_equal(who_counts(b->who)->set[WHO_HEADER][0], 2 * m.slabs);
		else
			assert_true(who_counts(b->who)->set[WHO_HEADER][0] < m.slabs);
		bed_end(b);
		free(b);
	}
}

static void test_objects(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	const struct who_counts *n;

	(void)state;
	assert_non_null(b);
	bed_begin(b, 600, NULL);
	for (unsigned i = 0; i < OBJECTS; i++) {
		miss(b, b->object[i]);
		miss(b, b->object[i] + 63);
		miss(b, b->object[i] + 64);
		miss(b, b->object[i] + 599);
	}
	who_miss(b->who, SIM_STLB, 0, (uintptr_t)b->object[7] + 599, false, SIM_KINDS);
	assert_int_equal(settled(b, WHO_OBJECT), 4 * OBJECTS);
	n = who_counts(b->who);
	for (unsigned i = 0; i < n->nr_caches; i++)
		if (n->cache[i].misses[SIM_L1D]) {
			assert_string_equal(n->cache[i].name, "bed");
			assert_int_equal(n->cache[i].line[SIM_L1D][0], 2 * OBJECTS);
			assert_int_equal(n->cache[i].line[SIM_L1D][1], OBJECTS);
			assert_int_equal(n->cache[i].line[SIM_L1D][9], OBJECTS);
			assert_int_equal(n->cache[i].line[SIM_STLB][0], 0);
			assert_int_equal(n->cache[i].line[SIM_STLB][9], 1);
			assert_int_equal(n->cache[i].misses[SIM_STLB], 1);
		}
	bed_end(b);
	free(b);
}

/* Pages that went away are nobody's slab any more. */
static void test_slabs_that_go(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));
	char *was;

	(void)state;
	assert_non_null(b);
	bed_begin(b, 2048, NULL);
	was = b->object[OBJECTS - 1];
	for (unsigned i = 0; i < OBJECTS; i++)
		kmem_cache_free(b->cache, b->object[i]);
	memset(b->object, 0, sizeof(b->object));
	assert_int_equal(kmem_cache_shrink(b->cache), 0);
	miss(b, was);
	assert_int_equal(settled(b, WHO_OBJECT), 0);
	assert_int_equal(settled(b, WHO_OTHER), 1);
	bed_end(b);
	free(b);
}

/* ---- what is in no slab ---- */

struct parts {
	struct bed *b;
	uint64_t nr[WHO_NR];
};

static void miss_part(enum kmem_part part, const void *addr, size_t bytes, void *arg)
{
	static const enum who_part is[] = {
		[KMEM_PART_HEAD] = WHO_HEAD,   [KMEM_PART_NODE] = WHO_HEAD,
		[KMEM_PART_ARRAY] = WHO_ARRAY, [KMEM_PART_SHARED] = WHO_SHARED,
		[KMEM_PART_ALIEN] = WHO_ALIEN,
	};
	struct parts *p = arg;

	miss(p->b, addr);
	miss(p->b, (const char *)addr + bytes - 1);
	p->nr[is[part]] += 2;
}

static void test_parts(void **state)
{
	static const char *const shared[][2] = { { "shared", "8" }, { NULL, NULL } };
	struct bed *b = calloc(1, sizeof(*b));
	struct parts p = { b, { 0 } };

	(void)state;
	assert_non_null(b);
	bed_begin(b, 64, shared);
	kmem_for_each_part(b->cache, miss_part, &p);
	assert_true(p.nr[WHO_ARRAY] && p.nr[WHO_SHARED] && p.nr[WHO_ALIEN] && p.nr[WHO_HEAD]);
	for (unsigned i = 0; i < WHO_NR; i++)
		assert_int_equal(settled(b, i), p.nr[i]);
	bed_end(b);
	free(b);
}

static void test_rest(void **state)
{
	static const char constant[64] = "of the program";
	struct bed *b = calloc(1, sizeof(*b));
	char *own = malloc(1 << 20), local = 0;
	uint64_t key = 0;

	(void)state;
	assert_non_null(b);
	assert_non_null(own);
	bed_begin(b, 64, NULL);
	for (unsigned i = 0; i < 100; i++)
		miss(b, own + i * 4096);
	miss(b, constant);
	miss(b, &local);
	miss(b, &key);
	miss(b, b->system);
	assert_int_equal(settled(b, WHO_WORKLOAD), 100);
	assert_int_equal(settled(b, WHO_OTHER), 3);
	assert_int_equal(settled(b, WHO_META), 1);
	/* settling again counts nothing twice, and a reset forgets notes too */
	miss(b, own);
	who_reset(b->who);
	assert_int_equal(settled(b, WHO_WORKLOAD), 0);
	bed_end(b);
	free(own);
	free(b);
}

/* By what the allocator was doing, and by level. */
static void test_operations(void **state)
{
	struct bed *b = calloc(1, sizeof(*b));

	(void)state;
	assert_non_null(b);
	bed_begin(b, 64, NULL);
	for (unsigned op = 0; op < MODEL_OPS; op++)
		for (unsigned i = 0; i <= op; i++) {
			model_state.op = op;
			who_miss(b->who, SIM_L2, 1, (uintptr_t)b->object[0], true, SIM_CAPACITY);
		}
	model_state.op = MODEL_OTHER;
	for (unsigned op = 0; op < MODEL_OPS; op++) {
		assert_int_equal(who_counts(b->who)->op[SIM_L2][op], op + 1);
		assert_int_equal(who_counts(b->who)->op[SIM_L1D][op], 0);
	}
	assert_int_equal(who_counts(b->who)->part[SIM_L2][WHO_OBJECT],
			 MODEL_OPS * (MODEL_OPS + 1) / 2);
	bed_end(b);
	free(b);
}

/* Another allocator: all of it is the workload's, or the program's. */
static void test_no_system(void **state)
{
	char *own = malloc(64);
	struct who *w;
	struct err e;

	(void)state;
	emulator_lacks("the heap lies beside the stack");
	assert_int_equal(who_create(&w, NULL, 4096, 64, 64, &e), 0);
	assert_int_equal(who_watch(w, &e), 0);
	who_miss(w, SIM_L1D, 0, (uintptr_t)own, false, SIM_COMPULSORY);
	assert_int_equal(who_settle(w, &e), 0);
	assert_int_equal(who_counts(w)->part[SIM_L1D][WHO_WORKLOAD], 1);
	who_destroy(w);
	free(own);
}

static void test_map(void **state)
{
	struct who_map m = { NULL, 0, 0 };
	uint64_t key, value, sum = 0;
	size_t i = 0;

	(void)state;
	assert_int_equal(who_map_get(&m, 7), 0);
	for (uint64_t k = 0; k < 10000; k++)
		assert_int_equal(who_map_set(&m, k * k, k + 1), 0);
	for (uint64_t k = 0; k < 10000; k += 2)
		assert_int_equal(who_map_set(&m, k * k, 0), 0);
	for (uint64_t k = 0; k < 10000; k++)
		assert_int_equal(who_map_get(&m, k * k), k % 2 ? k + 1 : 0);
	while (who_map_next(&m, &i, &key, &value))
		sum += value;
	assert_int_equal(sum, 5000ull * 5001);
	who_map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map),	   cmocka_unit_test(test_management),
		cmocka_unit_test(test_objects),	   cmocka_unit_test(test_slabs_that_go),
		cmocka_unit_test(test_parts),	   cmocka_unit_test(test_rest),
		cmocka_unit_test(test_operations), cmocka_unit_test(test_no_system),
	};

	return cmocka_run_group_tests_name("model_who", tests, NULL, NULL);
}
