/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The engine's calls: placement and fallback, tune, general caches, bulk, constructors, slabinfo, this machine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine_help.h"

/* ---- placement ---- */

static void placement(void **state)
{
	static const struct {
		unsigned policy, node;
		const char *weights;
		unsigned want[4]; /* share of 120 objects per node, from CPU 0 of node 0 */
	} row[] = {
		{ PLACE_LOCAL, 0, "", { 120, 0, 0, 0 } },
		{ PLACE_BIND, 2, "", { 0, 0, 120, 0 } },
		{ PLACE_BIND, 0, "", { 120, 0, 0, 0 } },
		{ PLACE_PREFERRED, 1, "", { 0, 120, 0, 0 } },
		{ PLACE_INTERLEAVE_OBJECT, 0, "", { 30, 30, 30, 30 } },
		{ PLACE_INTERLEAVE_PAGE, 0, "", { 30, 30, 30, 30 } }, /* num 30: four slabs */
		{ PLACE_WEIGHTED, 0, "3:1:0:2", { 60, 20, 0, 40 } },
		{ PLACE_FARTHEST, 0, "", { 0, 0, 0, 120 } },
	};

	(void)state;
	for (size_t r = 0; r < sizeof(row) / sizeof(row[0]); r++) {
		struct kmem_system *s = et_system_of(4, 4);
		struct slab_config cfg = et_config(KERNEL);
		unsigned got[4] = { 0 };
		struct kmem_cache *c;
		void *p[120];

		cfg.hwcache_align = 1;
		cfg.placement = row[r].policy;
		cfg.place_node = row[r].node;
		strcpy(cfg.place_weights, row[r].weights);
		c = et_cache_of(s, "c", 128, &cfg);
		for (int i = 0; i < 120; i++) {
			p[i] = kmem_cache_alloc(c, 0);
			got[kmem_obj_node(s, p[i])]++;
			assert_int_equal(et_slab_of(c, p[i]).v.node, kmem_obj_node(s, p[i]));
		}
		for (int n = 0; n < 4; n++)
			if (got[n] != row[r].want[n])
				fail_msg("policy %u: node %d has %u objects, not %u", row[r].policy,
					 n, got[n], row[r].want[n]);
		kmem_cache_free_bulk(c, 120, p);
		et_end(s, c);
	}
}

/* A full node: the next ones by distance; bind and THISNODE give up instead. */
static void fallback(void **state)
{
	struct kmem_system *s = et_system_of(4, 4);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache *c = et_cache_of(s, "c", 1024, &cfg);
	unsigned n = 0, at[4] = { 0 };
	static void *p[20000];

	(void)state;
	et_on_cpu(1);
	for (unsigned i = 0; i < 4; i++)
		kmem_system_node_limit(s, i, 4u << 20);
	assert_int_equal(kmem_machine_node_cpus(kmem_system_machine(s), 1), 1);
	while (n < 20000 && (p[n] = kmem_cache_alloc(c, 0))) {
		unsigned node = kmem_obj_node(s, p[n++]);

		/* distances from 1: itself, then 0 and 2 (equal: by number), then 3 */
		at[node]++;
		assert_true(node != 0 || at[1] > 3000);
		assert_true(node != 2 || at[0] > 3000);
		assert_true(node != 3 || at[2] > 3000);
	}
	assert_true(at[3] > 3000);
	assert_true(n < 20000);
	assert_null(kmem_cache_alloc_node(c, KMEM_THISNODE, 2));
	assert_true(et_info(c).fallbacks > 0);
	kmem_cache_free(c, p[--n]);
	kmem_cache_free_bulk(c, n, p);
	et_on_cpu(0);
	et_end(s, c);
}

static void bind_gives_up(void **state)
{
	struct kmem_system *s = et_system_of(2, 2);
	struct slab_config cfg = et_config(KERNEL);
	static void *p[20000];
	struct kmem_cache *c;

	(void)state;
	for (unsigned node = 0; node < 2; node++) { /* the local and the remote path */
		unsigned n = 0;

		cfg.placement = PLACE_BIND;
		cfg.place_node = node;
		c = et_cache_of(s, "c", 1024, &cfg);
		kmem_system_node_limit(s, node, 4u << 20);
		while (n < 20000 && (p[n] = kmem_cache_alloc(c, 0)))
			assert_int_equal(kmem_obj_node(s, p[n++]), node);
		assert_in_range(n, 3000, 4096);
		kmem_system_node_limit(s, node, 0);
		kmem_cache_free_bulk(c, n, p);
		assert_int_equal(kmem_cache_destroy(c, NULL), 0);
	}
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

/* ---- tune ---- */

static void tune_keeps_old_slabs(void **state)
{
	struct kmem_system *s = et_system_of(2, 1);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache *c = et_cache_of(s, "c", 460, &cfg);
	struct err e;
	void *old = kmem_cache_alloc(c, 0), *new[8];

	(void)state;
	cfg.order = 2;
	cfg.colour = 4;
	cfg.limit = 10;
	cfg.batchcount = 5;
	if (kmem_cache_tune(c, &cfg, &e))
		fail_msg("%s", e.text);
	for (int i = 0; i < 8; i++) /* the old slab is partial and comes first */
		new[i] = kmem_cache_alloc_node(c, 0, 0);
	assert_int_equal(et_slab_of(c, old).g.gfporder, 0);
	assert_int_equal(et_slab_of(c, new[7]).g.gfporder, 2);
	assert_int_equal(et_slab_of(c, new[7]).g.colour, 4);
	assert_int_equal(et_info(c).limit, 10);
	cfg.align = 128;
	assert_int_equal(kmem_cache_tune(c, &cfg, &e), -EINVAL);
	assert_non_null(strstr(e.text, "align"));
	et_sound(s);
	assert_int_equal(kmem_cache_destroy(c, &e), -EBUSY);
	assert_non_null(strstr(e.text, "9 objects"));
	kmem_system_destroy(s, &e);
	assert_non_null(strstr(e.text, "cache c still exists"));
	/* what is out is still whole and can be returned */
	kmem_cache_free(c, old);
	for (int i = 0; i < 8; i++)
		kmem_cache_free(c, new[i]);
	et_end(s, c);
}

/* ---- general caches, bulk, zero ---- */

static void general_caches(void **state)
{
	struct kmem_system *s = et_system_of(2, 1);

	(void)state;
	assert_ptr_equal(kmem_kmalloc(s, 0, 0), KMEM_ZERO_SIZE_PTR);
	kmem_kfree(s, KMEM_ZERO_SIZE_PTR);
	kmem_kfree(s, NULL);
	assert_null(kmem_kmalloc(s, KMALLOC_MAX_SIZE + 1, 0));
	for (size_t size = 1; size <= KMALLOC_MAX_SIZE; size = size * 3 / 2 + 1) {
		unsigned char *p = kmem_kmalloc(s, size, KMEM_ZERO);

		assert_non_null(p);
		assert_true(kmem_ksize(s, p) >= size);
		for (size_t i = 0; i < size; i += 511)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		kmem_kfree(s, p);
	}
	et_sound(s);
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

static void bulk(void **state)
{
	struct kmem_system *s = et_system_of(2, 2);
	struct kmem_cache *c = et_cache_of(s, "c", 200, NULL);
	static void *p[5000];

	(void)state;
	for (size_t n = 0; n < 5000; n = n * 2 + 1) {
		assert_int_equal(kmem_cache_alloc_bulk(c, KMEM_ZERO, n, p), n);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(*(uint64_t *)p[i], 0);
			*(void **)p[i] = p[i];
		}
		for (size_t i = 0; i < n; i++)
			assert_ptr_equal(*(void **)p[i], p[i]);
		et_on_cpu(n % 2);
		kmem_cache_free_bulk(c, n, p);
		et_on_cpu(0);
	}
	/* all or none */
	kmem_cache_shrink(c);
	kmem_system_node_limit(s, 0, 2u << 20);
	kmem_system_node_limit(s, 1, 1);
	{
		static void *q[200000];

		assert_int_equal(kmem_cache_alloc_bulk(c, 0, 200000, q), 0);
	}
	assert_int_equal(kmem_cache_shrink(c), 0);
	et_end(s, c);
}

static void count_construct(void *obj)
{
	*(unsigned *)obj = 0x5afec0de;
}

static void constructor(void **state)
{
	static const char *const profile[] = { KERNEL, "kernel-6.1", "fast" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct kmem_system *s = et_system_of(2, 1);
		struct slab_config cfg = et_config(profile[i]);
		struct kmem_cache *c;
		unsigned *p[100];

		assert_int_equal(kmem_cache_create(s, "c", 64, &cfg, count_construct, &c, NULL), 0);
		for (int k = 0; k < 100; k++) {
			p[k] = kmem_cache_alloc(c, 0);
			assert_int_equal(*p[k], 0x5afec0de);
		}
		for (int k = 0; k < 100; k++)
			kmem_cache_free(c, p[k]);
		et_end(s, c);
	}
}

/* ---- slabinfo ---- */

static void slabinfo(void **state)
{
	struct kmem_system *s = et_system_of(2, 1);
	struct slab_config cfg = et_config(KERNEL);
	char *text = NULL, want[256];
	struct kmem_cache *c;
	size_t len;
	struct err e;
	void *p;
	FILE *f;

	(void)state;
	cfg.hwcache_align = 1;
	cfg.stats = STATS_FULL;
	c = et_cache_of(s, "filp", 200, &cfg);
	p = kmem_cache_alloc(c, 0);
	f = open_memstream(&text, &len);
	assert_int_equal(kmem_slabinfo_text(s, f, 1), 0);
	fclose(f);
	assert_non_null(strstr(text, "slabinfo - version: 2.1 (statistics)\n# name "));
	/* 200 -> 256 with 64-byte lines: 15 objects; 15 of them were pulled into the array */
	snprintf(want, sizeof(want),
		 "%-17s %6d %6d %6d %4d %4d : tunables %4d %4d %4d : slabdata %6d %6d %6d", "filp",
		 15, 15, 256, 15, 1, 120, 60, 8, 1, 1, 0);
	if (!strstr(text, want))
		fail_msg("no line '%s' in\n%s", want, text);
	assert_non_null(strstr(text, " : cpustat      0      1      0      0\n"));
	free(text);
	f = open_memstream(&text, &len);
	assert_int_equal(kmem_slabinfo_json(s, f), 0);
	fclose(f);
	assert_non_null(strstr(text, "\"name\": \"filp\", \"objsize\": 256"));
	assert_non_null(strstr(
		text, "\"alloc_hit\": null")); /* of the general caches: not counted is not 0 */
	free(text);
	assert_int_equal(kmem_slabinfo_write(s, "filp 20 10 2", &e), 0);
	assert_int_equal(et_info(c).limit, 20);
	assert_int_equal(et_info(c).batchcount, 10);
	assert_int_equal(kmem_slabinfo_write(s, "filp 0 10 2", &e), 0); /* silly: ignored */
	assert_int_equal(kmem_slabinfo_write(s, "filp 5 10 2", &e), 0);
	assert_int_equal(et_info(c).limit, 20);
	assert_int_equal(kmem_slabinfo_write(s, "pilf 20 10 2", &e), -EINVAL);
	kmem_cache_free(c, p);
	et_end(s, c);
}

/* ---- the native machine ---- */

static void native(void **state)
{
	struct kmem_system_config sc = { 0 };
	struct slab_config cfg = et_config("fast");
	struct kmem_system *s;
	struct kmem_cache *c;
	struct err e;
	void *p[1000];

	(void)state;
	kmem_thread_bind(-1);
	if (kmem_system_create(&s, &sc, &e))
		fail_msg("%s", e.text);
	c = et_cache_of(s, "c", 64, &cfg);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 1000; i++) {
			p[i] = kmem_cache_alloc(c, 0);
			assert_non_null(p[i]);
			*(void **)p[i] = &p[i];
		}
		for (int i = 0; i < 1000; i++) {
			assert_ptr_equal(*(void **)p[i], &p[i]);
			kmem_cache_free(c, p[i]);
		}
	}
	assert_int_equal(et_info(c).bytes_asked, 0);
	et_end(s, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(placement),	  cmocka_unit_test(fallback),
		cmocka_unit_test(bind_gives_up),  cmocka_unit_test(tune_keeps_old_slabs),
		cmocka_unit_test(general_caches), cmocka_unit_test(bulk),
		cmocka_unit_test(constructor),	  cmocka_unit_test(slabinfo),
		cmocka_unit_test(native),
	};

	return cmocka_run_group_tests_name("engine_api", tests, NULL, NULL);
}
