/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running engine against the published behaviour of SLAB: orders, colours per node, where descriptors lie, the
 * order of allocation, flush, remote frees, ageing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine_help.h"

/* ---- 6: orders above the cap only when nothing fits ---- */

static void orders(void **state)
{
	static const struct {
		unsigned size, num, pages;
	} row[] = { { 4160, 1, 2 }, { 10352, 1, 4 }, { 16512, 1, 8 }, { 131072, 1, 32 } };
	struct kmem_system *s = et_system_of(2, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct kmem_cache *c = et_cache_of(s, "big", row[i].size, NULL);
		char *p = kmem_cache_alloc(c, 0);

		assert_non_null(p);
		memset(p, 1, row[i].size);
		assert_int_equal(et_info(c).num, row[i].num);
		assert_int_equal(et_info(c).pagesperslab, row[i].pages);
		kmem_cache_free(c, p);
		assert_int_equal(kmem_cache_destroy(c, NULL), 0);
	}
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

/* ---- 7: colours 0 .. colour-1, in steps of colour_off, and wrap ---- */

static void colours(void **state)
{
	static const struct {
		unsigned size, hwcache, reclaim, align, colour, step;
	} row[] = {
		{ 460, 1, 0, 0, 6, 64 }, /* six colours: 0, 64, ... 320, 0 */
		{ 128, 1, 0, 0, 1, 64 }, /* one colour is none */
		{ 512, 1, 0, 0, 0, 64 },
		{ 1300, 0, 1, 256, 3, 256 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct kmem_system *s = et_system_of(2, 1);
		struct slab_config cfg = et_config(KERNEL);
		struct slab_geometry g;
		struct kmem_cache *c;
		void *obj[400];
		unsigned n = 0, slab = 0, num;

		cfg.limit = cfg.batchcount = 1;
		cfg.shared = 0;
		cfg.hwcache_align = row[i].hwcache;
		cfg.reclaim = row[i].reclaim;
		cfg.align = row[i].align;
		c = et_cache_of(s, "c", row[i].size, &cfg);
		kmem_cache_geometry(c, &g);
		num = g.num;
		assert_int_equal(g.colour, row[i].colour);
		assert_int_equal(g.colour_off, row[i].step);
		for (; slab < 8; slab++) {
			unsigned want = row[i].colour > 1 ? slab % row[i].colour : 0;

			for (unsigned k = 0; k < num; k++)
				obj[n++] = kmem_cache_alloc(c, 0);
			assert_int_equal(et_slab_of(c, obj[n - 1]).v.colour, want);
			assert_int_equal(et_slab_of(c, obj[n - 1]).v.colouroff, want * row[i].step);
			assert_ptr_equal((char *)et_slab_of(c, obj[n - 1]).v.s_mem,
					 (const char *)et_slab_of(c, obj[n - 1]).v.page +
						 want * row[i].step +
						 (g.off_slab ? 0 : g.slab_size));
		}
		while (n)
			kmem_cache_free(c, obj[--n]);
		et_end(s, c);
	}
}

/* ---- 8: a grow on one node does not move the other's counter ---- */

static void colour_per_node(void **state)
{
	struct kmem_system *s = et_system_of(2, 2);
	struct slab_config cfg = et_config(KERNEL);
	void *a[21], *b[7];
	struct kmem_cache *c;

	(void)state;
	cfg.limit = cfg.batchcount = 1;
	cfg.shared = 0;
	cfg.hwcache_align = 1;
	c = et_cache_of(s, "c", 460, &cfg);
	for (int i = 0; i < 14; i++)
		a[i] = kmem_cache_alloc_node(c, KMEM_THISNODE, 0);
	for (int i = 0; i < 7; i++)
		b[i] = kmem_cache_alloc_node(c, KMEM_THISNODE, 1);
	for (int i = 14; i < 21; i++)
		a[i] = kmem_cache_alloc_node(c, KMEM_THISNODE, 0);
	assert_int_equal(et_slab_of(c, a[0]).v.colour, 0);
	assert_int_equal(et_slab_of(c, a[13]).v.colour, 1);
	assert_int_equal(et_slab_of(c, a[20]).v.colour, 2);
	assert_int_equal(et_slab_of(c, b[0]).v.colour, 0);
	assert_int_equal(et_slab_of(c, b[0]).v.node, 1);
	for (int i = 0; i < 21; i++)
		kmem_cache_free(c, a[i]);
	for (int i = 0; i < 7; i++)
		kmem_cache_free(c, b[i]);
	et_end(s, c);
}

/* ---- 9: where descriptors come from ---- */

static void descriptors(void **state)
{
	static const struct {
		unsigned size;
		unsigned bytes;
		const char *from;
	} row[] = { { 512, 80, "size-128" }, { 4096, 52, "size-64" } };
	struct kmem_system *s = et_system_of(2, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		void *p = kmem_kmalloc(s, row[i].size, 0);
		struct kmem_cache *c = kmem_cache_of(s, p);
		struct et_find f = et_slab_of(c, p);

		assert_int_equal(f.g.off_slab, 1);
		assert_int_equal(f.g.slab_size, row[i].bytes);
		assert_string_equal(kmem_cache_name(kmem_cache_of(s, f.v.mgmt)), row[i].from);
		assert_ptr_equal(f.v.s_mem, (const char *)f.v.page + f.v.colouroff);
		kmem_kfree(s, p);
	}
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

/* ---- 10: order of allocation from a fresh cache ---- */

static void allocation_order(void **state)
{
	static const struct {
		unsigned size, num;
	} row[] = { { 128, 30 }, { 256, 15 } };

	(void)state;
	for (size_t r = 0; r < 2; r++) {
		struct kmem_system *s = et_system_of(2, 1);
		struct slab_config cfg = et_config(KERNEL);
		unsigned num = row[r].num, first = num < 16 ? num : 16, n = 0;
		struct kmem_cache *c;
		void *obj[90];

		cfg.hwcache_align = 1;
		c = et_cache_of(s, "c", row[r].size, &cfg);
		assert_int_equal(et_info(c).num, num);
		assert_int_equal(et_info(c).limit, 120);
		for (unsigned i = 0; i < 3 * num; i++)
			obj[i] = kmem_cache_alloc(c, 0);
		/* first refill of an untouched array: 16, handed out from the top */
		for (unsigned i = 0; i < first; i++)
			assert_int_equal(et_obj_number(c, obj[n++]), first - 1 - i);
		/* second: batch 60, but only the rest of the slab is there, and it does not grow */
		for (unsigned i = num; i > first; i--)
			assert_int_equal(et_obj_number(c, obj[n++]), i - 1);
		/* then one slab at a time, from its last object down */
		for (unsigned slab = 1; slab < 3; slab++)
			for (unsigned i = num; i > 0; i--)
				assert_int_equal(et_obj_number(c, obj[n++]), i - 1);
		assert_int_equal(et_info(c).grown, 3);
		while (n)
			kmem_cache_free(c, obj[--n]);
		et_end(s, c);
	}
}

/* ---- 12: flush ---- */

static void flush_to_shared(void **state)
{
	struct kmem_system *s = et_system_of(4, 1);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache *c;
	uint64_t before;
	void *p[121];

	(void)state;
	cfg.hwcache_align = 1;
	c = et_cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 121; i++)
		p[i] = kmem_cache_alloc(c, 0);
	assert_int_equal(kmem_cache_shrink(c), 1);
	assert_int_equal(et_info(c).queued, 0);
	before = et_info(c).lock_acquisitions;
	for (int i = 0; i < 120; i++)
		kmem_cache_free(c, p[i]);
	assert_int_equal(et_info(c).queued, 120);
	assert_int_equal(et_info(c).lock_acquisitions, before); /* asking is not counted */
	assert_int_equal(et_info(c).shared_avail, 0);
	kmem_cache_free(c, p[120]);
	assert_int_equal(et_info(c).queued, 121);
	assert_int_equal(et_info(c).shared_avail, 60); /* the 60 oldest of 120; 60 + 1 stay */
	assert_int_equal(et_info(c).active_objs, 121); /* queued objects count as active */
	assert_ptr_equal(kmem_cache_alloc(c, 0), p[120]);
	et_on_cpu(1); /* takes its first 16 from the top of the shared array */
	assert_ptr_equal(kmem_cache_alloc(c, 0), p[59]);
	assert_int_equal(et_info(c).shared_avail, 44);
	assert_int_equal(et_info(c).refills_shared, 1);
	assert_int_equal(et_info(c).lock_acquisitions, before + 2); /* a flush, a refill */
	kmem_cache_free(c, p[59]);
	kmem_cache_free(c, p[120]);
	et_on_cpu(0);
	et_end(s, c);
}

static void flush_to_slabs(void **state)
{
	struct kmem_system *s = et_system_of(4, 1);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache_info i;
	struct kmem_cache *c;
	void *p[900];

	(void)state;
	cfg.hwcache_align = 1;
	cfg.shared = 0;
	c = et_cache_of(s, "c", 128, &cfg);
	for (int k = 0; k < 900; k++)
		p[k] = kmem_cache_alloc(c, 0);
	assert_int_equal(et_info(c).num_slabs, 30);
	for (int k = 0; k < 900; k++)
		kmem_cache_free(c, p[k]);
	/* free_limit = (1 + 4 CPUs) * 60 + 30 = 330; above it each emptied slab goes at once */
	i = et_info(c);
	assert_int_equal(i.num_objs - i.active_objs, 330);
	assert_int_equal(i.num_slabs, 330 / 30 + 120 / 30);
	assert_int_equal(i.reaped, 30 - 15);
	assert_int_equal(i.max_freeable, 330 / 30); /* slabs */
	et_end(s, c);
}

/* ---- 13: remote frees ---- */

static void remote_frees(void **state)
{
	struct kmem_system *s = et_system_of(2, 2);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache *c;
	uint64_t before;
	void *p[13], *q;

	(void)state;
	cfg.hwcache_align = 1;
	c = et_cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 13; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_shrink(c);
	before = et_info(c).lock_acquisitions;
	et_on_cpu(1);
	for (int i = 0; i < 12; i++)
		kmem_cache_free(c, p[i]);
	assert_int_equal(et_info(c).queued, 12);
	assert_int_equal(et_info(c).lock_acquisitions, before + 12);
	assert_int_equal(et_info(c).shared_avail, 0);
	assert_int_equal(et_info(c).alien_overflow, 0);
	kmem_cache_free(c, p[12]);
	assert_int_equal(et_info(c).remote_frees, 13);
	assert_int_equal(et_info(c).alien_overflow, 1);
	assert_int_equal(et_info(c).lock_acquisitions,
			 before + 13 + 1);	       /* 12 went home under one */
	assert_int_equal(et_info(c).shared_avail, 12); /* node 0's */
	assert_int_equal(et_info(c).queued, 13);
	q = kmem_cache_alloc(c, 0); /* node 1's CPU array never got any of them */
	assert_int_equal(kmem_obj_node(s, q), 1);
	kmem_cache_free(c, q);
	et_on_cpu(0);
	assert_ptr_equal(kmem_cache_alloc(c, 0), p[11]); /* the top of node 0's shared array */
	kmem_cache_free(c, p[11]);
	et_end(s, c);
}

static void remote_frees_without_alien(void **state)
{
	struct kmem_system *s = et_system_of(2, 2);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache *c;
	void *p[13];

	(void)state;
	cfg.alien = 0;
	c = et_cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 13; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_shrink(c);
	et_on_cpu(1);
	for (int i = 0; i < 13; i++)
		kmem_cache_free(c, p[i]);
	assert_int_equal(et_info(c).remote_frees, 13);
	assert_int_equal(et_info(c).alien_overflow, 0);
	assert_int_equal(et_info(c).queued, 0);
	et_on_cpu(0);
	et_end(s, c);
}

/* ---- 14: ageing ---- */

static void ageing(void **state)
{
	static const unsigned left[] = { 86, 62, 38, 14, 7, 3, 1, 0 };
	struct kmem_system *s = et_system_of(4, 1);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache *c;
	void *p[110];

	(void)state;
	cfg.hwcache_align = 1;
	cfg.shared = 0;
	c = et_cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 110; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_shrink(c);
	for (int i = 0; i < 110; i++)
		kmem_cache_free(c, p[i]);
	p[0] = kmem_cache_alloc(c, 0);
	kmem_cache_free(c, p[0]);
	assert_int_equal(et_info(c).queued, 110);
	kmem_reap(s, 0, 0); /* touched: only marked */
	assert_int_equal(et_info(c).queued, 110);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		kmem_reap(s, 0, 1);
		assert_int_equal(et_info(c).queued, left[i]);
		assert_int_equal(et_info(c).active_objs, left[i]);
	}
	et_end(s, c);
}

static void ageing_slabs(void **state)
{
	struct kmem_system *s = et_system_of(4, 1);
	struct slab_config cfg = et_config(KERNEL);
	struct kmem_cache *c;
	void *p[330];

	(void)state;
	cfg.hwcache_align = 1;
	cfg.limit = cfg.batchcount = 60;
	cfg.shared = 0;
	c = et_cache_of(s, "c", 128, &cfg);
	assert_int_equal(kmem_kmalloc_cache(s, 1)->object_size, 32);
	kmem_reap(s, 0, 0); /* the node's deadline: 4000 ms from here */
	for (int i = 0; i < 330; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_free_bulk(c, 330, p);
	for (int tick = 0; et_info(c).queued; tick++) {
		assert_true(tick < 20);
		kmem_reap(s, 0, 1); /* before the deadline: arrays only */
	}
	assert_int_equal(et_info(c).num_slabs, 11);
	kmem_reap(s, 0, 4000); /* free slabs were used in this period: only the mark is cleared */
	assert_int_equal(et_info(c).num_slabs, 11);
	kmem_reap(s, 0, 7999);
	assert_int_equal(et_info(c).num_slabs, 11);
	kmem_reap(s, 0, 8000); /* ceil(330 / (5 * 30)) = 3 */
	assert_int_equal(et_info(c).num_slabs, 8);
	kmem_reap(s, 0, 12000);
	assert_int_equal(et_info(c).num_slabs, 5);
	et_end(s, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(colours),
		cmocka_unit_test(colour_per_node),
		cmocka_unit_test(descriptors),
		cmocka_unit_test(allocation_order),
		cmocka_unit_test(flush_to_shared),
		cmocka_unit_test(flush_to_slabs),
		cmocka_unit_test(remote_frees),
		cmocka_unit_test(remote_frees_without_alien),
		cmocka_unit_test(ageing),
		cmocka_unit_test(ageing_slabs),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
