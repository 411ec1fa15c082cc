/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The running engine against the published behaviour of SLAB: colours per node, where descriptors lie, the order
 * of allocation, flush, remote frees, ageing; and placement, tune, bulk, general caches.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/kmem_cache.h"

#define KERNEL "kernel-2.6.22"

static struct kmem_system *system_of(unsigned cpus, unsigned nodes)
{
	static struct kmem_machine m; /* large; only read after create */
	struct kmem_system_config c = { .machine = &m,
					.node_bytes = 256u << 20,
					.max_slots = cpus };
	struct kmem_system *s;
	struct err e;

	assert_int_equal(kmem_machine_synthetic(&m, cpus, nodes, &e), 0);
	m.page_size = 4096;
	m.cache_line = 64;
	if (kmem_system_create(&s, &c, &e))
		fail_msg("%s", e.text);
	assert_int_equal(kmem_thread_bind(0), 0);
	return s;
}

static struct slab_config config(const char *profile)
{
	struct slab_config c;

	memset(&c, 0, sizeof(c));
	assert_int_equal(slab_config_profile(&c, profile, NULL), 0);
	return c;
}

static struct kmem_cache *cache_of(struct kmem_system *s, const char *name, size_t size,
				   const struct slab_config *cfg)
{
	struct kmem_cache *c;
	struct err e;

	if (kmem_cache_create(s, name, size, cfg, NULL, &c, &e))
		fail_msg("%s", e.text);
	return c;
}

static void on_cpu(int cpu)
{
	assert_int_equal(kmem_thread_bind(cpu), 0);
}

static void sound(struct kmem_system *s)
{
	struct err e;

	if (kmem_system_check(s, &e))
		fail_msg("%s", e.text);
}

static void end(struct kmem_system *s, struct kmem_cache *c)
{
	struct err e;

	sound(s);
	if (kmem_cache_destroy(c, &e) || kmem_system_destroy(s, &e))
		fail_msg("%s", e.text);
}

static struct kmem_cache_info info(struct kmem_cache *c)
{
	struct kmem_cache_info i;

	kmem_cache_get_info(c, &i);
	assert_int_equal(i.bytes_held, i.bytes_asked + i.bytes_free_objs + i.bytes_rounding +
					       i.bytes_stride_pad + i.bytes_mgmt + i.bytes_colour +
					       i.bytes_tail);
	return i;
}

/* The slab an object lies in. */
struct find {
	const void *obj;
	struct kmem_slab_view v;
	struct slab_geometry g;
	int found;
};

static void find_slab(const struct kmem_slab_view *v, void *arg)
{
	struct find *f = arg;

	if ((const char *)f->obj >= (const char *)v->page &&
	    (const char *)f->obj < (const char *)v->page + v->bytes) {
		f->v = *v;
		f->g = *v->geometry;
		f->found++;
	}
}

static struct find slab_of(struct kmem_cache *c, const void *obj)
{
	struct find f = { .obj = obj };

	kmem_for_each_slab(c, find_slab, &f);
	assert_int_equal(f.found, 1);
	return f;
}

static unsigned obj_number(struct kmem_cache *c, const void *obj)
{
	struct find f = slab_of(c, obj);

	return (unsigned)(((const char *)obj - (const char *)f.v.s_mem) / f.g.size);
}

/* ---- 6: orders above the cap only when nothing fits ---- */

static void orders(void **state)
{
	static const struct {
		unsigned size, num, pages;
	} row[] = { { 4160, 1, 2 }, { 10352, 1, 4 }, { 16512, 1, 8 }, { 131072, 1, 32 } };
	struct kmem_system *s = system_of(2, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct kmem_cache *c = cache_of(s, "big", row[i].size, NULL);
		char *p = kmem_cache_alloc(c, 0);

		assert_non_null(p);
		memset(p, 1, row[i].size);
		assert_int_equal(info(c).num, row[i].num);
		assert_int_equal(info(c).pagesperslab, row[i].pages);
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
		struct kmem_system *s = system_of(2, 1);
		struct slab_config cfg = config(KERNEL);
		struct slab_geometry g;
		struct kmem_cache *c;
		void *obj[400];
		unsigned n = 0, slab = 0, num;

		cfg.limit = cfg.batchcount = 1;
		cfg.shared = 0;
		cfg.hwcache_align = row[i].hwcache;
		cfg.reclaim = row[i].reclaim;
		cfg.align = row[i].align;
		c = cache_of(s, "c", row[i].size, &cfg);
		kmem_cache_geometry(c, &g);
		num = g.num;
		assert_int_equal(g.colour, row[i].colour);
		assert_int_equal(g.colour_off, row[i].step);
		for (; slab < 8; slab++) {
			unsigned want = row[i].colour > 1 ? slab % row[i].colour : 0;

			for (unsigned k = 0; k < num; k++)
				obj[n++] = kmem_cache_alloc(c, 0);
			assert_int_equal(slab_of(c, obj[n - 1]).v.colour, want);
			assert_int_equal(slab_of(c, obj[n - 1]).v.colouroff, want * row[i].step);
			assert_ptr_equal((char *)slab_of(c, obj[n - 1]).v.s_mem,
					 (const char *)slab_of(c, obj[n - 1]).v.page +
						 want * row[i].step +
						 (g.off_slab ? 0 : g.slab_size));
		}
		while (n)
			kmem_cache_free(c, obj[--n]);
		end(s, c);
	}
}

/* ---- 8: a grow on one node does not move the other's counter ---- */

static void colour_per_node(void **state)
{
	struct kmem_system *s = system_of(2, 2);
	struct slab_config cfg = config(KERNEL);
	void *a[21], *b[7];
	struct kmem_cache *c;

	(void)state;
	cfg.limit = cfg.batchcount = 1;
	cfg.shared = 0;
	cfg.hwcache_align = 1;
	c = cache_of(s, "c", 460, &cfg);
	for (int i = 0; i < 14; i++)
		a[i] = kmem_cache_alloc_node(c, KMEM_THISNODE, 0);
	for (int i = 0; i < 7; i++)
		b[i] = kmem_cache_alloc_node(c, KMEM_THISNODE, 1);
	for (int i = 14; i < 21; i++)
		a[i] = kmem_cache_alloc_node(c, KMEM_THISNODE, 0);
	assert_int_equal(slab_of(c, a[0]).v.colour, 0);
	assert_int_equal(slab_of(c, a[13]).v.colour, 1);
	assert_int_equal(slab_of(c, a[20]).v.colour, 2);
	assert_int_equal(slab_of(c, b[0]).v.colour, 0);
	assert_int_equal(slab_of(c, b[0]).v.node, 1);
	for (int i = 0; i < 21; i++)
		kmem_cache_free(c, a[i]);
	for (int i = 0; i < 7; i++)
		kmem_cache_free(c, b[i]);
	end(s, c);
}

/* ---- 9: where descriptors come from ---- */

static void descriptors(void **state)
{
	static const struct {
		unsigned size;
		unsigned bytes;
		const char *from;
	} row[] = { { 512, 80, "size-128" }, { 4096, 52, "size-64" } };
	struct kmem_system *s = system_of(2, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		void *p = kmem_kmalloc(s, row[i].size, 0);
		struct kmem_cache *c = kmem_cache_of(s, p);
		struct find f = slab_of(c, p);

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
		struct kmem_system *s = system_of(2, 1);
		struct slab_config cfg = config(KERNEL);
		unsigned num = row[r].num, first = num < 16 ? num : 16, n = 0;
		struct kmem_cache *c;
		void *obj[90];

		cfg.hwcache_align = 1;
		c = cache_of(s, "c", row[r].size, &cfg);
		assert_int_equal(info(c).num, num);
		assert_int_equal(info(c).limit, 120);
		for (unsigned i = 0; i < 3 * num; i++)
			obj[i] = kmem_cache_alloc(c, 0);
		/* first refill of an untouched array: 16, handed out from the top */
		for (unsigned i = 0; i < first; i++)
			assert_int_equal(obj_number(c, obj[n++]), first - 1 - i);
		/* second: batch 60, but only the rest of the slab is there, and it does not grow */
		for (unsigned i = num; i > first; i--)
			assert_int_equal(obj_number(c, obj[n++]), i - 1);
		/* then one slab at a time, from its last object down */
		for (unsigned slab = 1; slab < 3; slab++)
			for (unsigned i = num; i > 0; i--)
				assert_int_equal(obj_number(c, obj[n++]), i - 1);
		assert_int_equal(info(c).grown, 3);
		while (n)
			kmem_cache_free(c, obj[--n]);
		end(s, c);
	}
}

/* ---- 12: flush ---- */

static void flush_to_shared(void **state)
{
	struct kmem_system *s = system_of(4, 1);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache *c;
	void *p[121];

	(void)state;
	cfg.hwcache_align = 1;
	c = cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 121; i++)
		p[i] = kmem_cache_alloc(c, 0);
	assert_int_equal(kmem_cache_shrink(c), 1);
	assert_int_equal(info(c).queued, 0);
	for (int i = 0; i < 120; i++)
		kmem_cache_free(c, p[i]);
	assert_int_equal(info(c).queued, 120);
	assert_int_equal(info(c).shared_avail, 0);
	kmem_cache_free(c, p[120]);
	assert_int_equal(info(c).queued, 121);
	assert_int_equal(info(c).shared_avail, 60); /* the 60 oldest of 120; 60 + 1 stay */
	assert_int_equal(info(c).active_objs, 121); /* queued objects count as active */
	assert_ptr_equal(kmem_cache_alloc(c, 0), p[120]);
	on_cpu(1); /* takes its first 16 from the top of the shared array */
	assert_ptr_equal(kmem_cache_alloc(c, 0), p[59]);
	assert_int_equal(info(c).shared_avail, 44);
	assert_int_equal(info(c).refills_shared, 1);
	kmem_cache_free(c, p[59]);
	kmem_cache_free(c, p[120]);
	on_cpu(0);
	end(s, c);
}

static void flush_to_slabs(void **state)
{
	struct kmem_system *s = system_of(4, 1);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache_info i;
	struct kmem_cache *c;
	void *p[900];

	(void)state;
	cfg.hwcache_align = 1;
	cfg.shared = 0;
	c = cache_of(s, "c", 128, &cfg);
	for (int k = 0; k < 900; k++)
		p[k] = kmem_cache_alloc(c, 0);
	assert_int_equal(info(c).num_slabs, 30);
	for (int k = 0; k < 900; k++)
		kmem_cache_free(c, p[k]);
	/* free_limit = (1 + 4 CPUs) * 60 + 30 = 330; above it each emptied slab goes at once */
	i = info(c);
	assert_int_equal(i.num_objs - i.active_objs, 330);
	assert_int_equal(i.num_slabs, 330 / 30 + 120 / 30);
	assert_int_equal(i.reaped, 30 - 15);
	assert_int_equal(i.max_freeable, 330 / 30); /* slabs */
	end(s, c);
}

/* ---- 13: remote frees ---- */

static void remote_frees(void **state)
{
	struct kmem_system *s = system_of(2, 2);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache *c;
	void *p[13], *q;

	(void)state;
	cfg.hwcache_align = 1;
	c = cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 13; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_shrink(c);
	on_cpu(1);
	for (int i = 0; i < 12; i++)
		kmem_cache_free(c, p[i]);
	assert_int_equal(info(c).queued, 12);
	assert_int_equal(info(c).shared_avail, 0);
	assert_int_equal(info(c).alien_overflow, 0);
	kmem_cache_free(c, p[12]);
	assert_int_equal(info(c).remote_frees, 13);
	assert_int_equal(info(c).alien_overflow, 1);
	assert_int_equal(info(c).shared_avail, 12); /* node 0's */
	assert_int_equal(info(c).queued, 13);
	q = kmem_cache_alloc(c, 0); /* node 1's CPU array never got any of them */
	assert_int_equal(kmem_obj_node(s, q), 1);
	kmem_cache_free(c, q);
	on_cpu(0);
	assert_ptr_equal(kmem_cache_alloc(c, 0), p[11]); /* the top of node 0's shared array */
	kmem_cache_free(c, p[11]);
	end(s, c);
}

static void remote_frees_without_alien(void **state)
{
	struct kmem_system *s = system_of(2, 2);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache *c;
	void *p[13];

	(void)state;
	cfg.alien = 0;
	c = cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 13; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_shrink(c);
	on_cpu(1);
	for (int i = 0; i < 13; i++)
		kmem_cache_free(c, p[i]);
	assert_int_equal(info(c).remote_frees, 13);
	assert_int_equal(info(c).alien_overflow, 0);
	assert_int_equal(info(c).queued, 0);
	on_cpu(0);
	end(s, c);
}

/* ---- 14: ageing ---- */

static void ageing(void **state)
{
	static const unsigned left[] = { 86, 62, 38, 14, 7, 3, 1, 0 };
	struct kmem_system *s = system_of(4, 1);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache *c;
	void *p[110];

	(void)state;
	cfg.hwcache_align = 1;
	cfg.shared = 0;
	c = cache_of(s, "c", 128, &cfg);
	for (int i = 0; i < 110; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_shrink(c);
	for (int i = 0; i < 110; i++)
		kmem_cache_free(c, p[i]);
	p[0] = kmem_cache_alloc(c, 0);
	kmem_cache_free(c, p[0]);
	assert_int_equal(info(c).queued, 110);
	kmem_reap(s, 0, 0); /* touched: only marked */
	assert_int_equal(info(c).queued, 110);
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		kmem_reap(s, 0, 1);
		assert_int_equal(info(c).queued, left[i]);
		assert_int_equal(info(c).active_objs, left[i]);
	}
	end(s, c);
}

static void ageing_slabs(void **state)
{
	struct kmem_system *s = system_of(4, 1);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache *c;
	void *p[330];

	(void)state;
	cfg.hwcache_align = 1;
	cfg.limit = cfg.batchcount = 60;
	cfg.shared = 0;
	c = cache_of(s, "c", 128, &cfg);
	assert_int_equal(kmem_kmalloc_cache(s, 1)->object_size, 32);
	kmem_reap(s, 0, 0); /* the node's deadline: 4000 ms from here */
	for (int i = 0; i < 330; i++)
		p[i] = kmem_cache_alloc(c, 0);
	kmem_cache_free_bulk(c, 330, p);
	for (int tick = 0; info(c).queued; tick++) {
		assert_true(tick < 20);
		kmem_reap(s, 0, 1); /* before the deadline: arrays only */
	}
	assert_int_equal(info(c).num_slabs, 11);
	kmem_reap(s, 0, 4000); /* free slabs were used in this period: only the mark is cleared */
	assert_int_equal(info(c).num_slabs, 11);
	kmem_reap(s, 0, 7999);
	assert_int_equal(info(c).num_slabs, 11);
	kmem_reap(s, 0, 8000); /* ceil(330 / (5 * 30)) = 3 */
	assert_int_equal(info(c).num_slabs, 8);
	kmem_reap(s, 0, 12000);
	assert_int_equal(info(c).num_slabs, 5);
	end(s, c);
}

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
		struct kmem_system *s = system_of(4, 4);
		struct slab_config cfg = config(KERNEL);
		unsigned got[4] = { 0 };
		struct kmem_cache *c;
		void *p[120];

		cfg.hwcache_align = 1;
		cfg.placement = row[r].policy;
		cfg.place_node = row[r].node;
		strcpy(cfg.place_weights, row[r].weights);
		c = cache_of(s, "c", 128, &cfg);
		for (int i = 0; i < 120; i++) {
			p[i] = kmem_cache_alloc(c, 0);
			got[kmem_obj_node(s, p[i])]++;
			assert_int_equal(slab_of(c, p[i]).v.node, kmem_obj_node(s, p[i]));
		}
		for (int n = 0; n < 4; n++)
			if (got[n] != row[r].want[n])
				fail_msg("policy %u: node %d has %u objects, not %u", row[r].policy,
					 n, got[n], row[r].want[n]);
		kmem_cache_free_bulk(c, 120, p);
		end(s, c);
	}
}

/* A full node: the next ones by distance; bind and THISNODE give up instead. */
static void fallback(void **state)
{
	struct kmem_system *s = system_of(4, 4);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache *c = cache_of(s, "c", 1024, &cfg);
	unsigned n = 0, at[4] = { 0 };
	static void *p[20000];

	(void)state;
	on_cpu(1);
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
	assert_true(info(c).fallbacks > 0);
	kmem_cache_free(c, p[--n]);
	kmem_cache_free_bulk(c, n, p);
	on_cpu(0);
	end(s, c);
}

static void bind_gives_up(void **state)
{
	struct kmem_system *s = system_of(2, 2);
	struct slab_config cfg = config(KERNEL);
	static void *p[20000];
	struct kmem_cache *c;

	(void)state;
	for (unsigned node = 0; node < 2; node++) { /* the local and the remote path */
		unsigned n = 0;

		cfg.placement = PLACE_BIND;
		cfg.place_node = node;
		c = cache_of(s, "c", 1024, &cfg);
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
	struct kmem_system *s = system_of(2, 1);
	struct slab_config cfg = config(KERNEL);
	struct kmem_cache *c = cache_of(s, "c", 460, &cfg);
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
	assert_int_equal(slab_of(c, old).g.gfporder, 0);
	assert_int_equal(slab_of(c, new[7]).g.gfporder, 2);
	assert_int_equal(slab_of(c, new[7]).g.colour, 4);
	assert_int_equal(info(c).limit, 10);
	cfg.align = 128;
	assert_int_equal(kmem_cache_tune(c, &cfg, &e), -EINVAL);
	assert_non_null(strstr(e.text, "align"));
	sound(s);
	assert_int_equal(kmem_cache_destroy(c, &e), -EBUSY);
	assert_non_null(strstr(e.text, "9 objects"));
	kmem_system_destroy(s, &e);
	assert_non_null(strstr(e.text, "cache c still exists"));
	/* what is out is still whole and can be returned */
	kmem_cache_free(c, old);
	for (int i = 0; i < 8; i++)
		kmem_cache_free(c, new[i]);
	end(s, c);
}

/* ---- general caches, bulk, zero ---- */

static void general_caches(void **state)
{
	struct kmem_system *s = system_of(2, 1);

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
	sound(s);
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

static void bulk(void **state)
{
	struct kmem_system *s = system_of(2, 2);
	struct kmem_cache *c = cache_of(s, "c", 200, NULL);
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
		on_cpu(n % 2);
		kmem_cache_free_bulk(c, n, p);
		on_cpu(0);
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
	end(s, c);
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
		struct kmem_system *s = system_of(2, 1);
		struct slab_config cfg = config(profile[i]);
		struct kmem_cache *c;
		unsigned *p[100];

		assert_int_equal(kmem_cache_create(s, "c", 64, &cfg, count_construct, &c, NULL), 0);
		for (int k = 0; k < 100; k++) {
			p[k] = kmem_cache_alloc(c, 0);
			assert_int_equal(*p[k], 0x5afec0de);
		}
		for (int k = 0; k < 100; k++)
			kmem_cache_free(c, p[k]);
		end(s, c);
	}
}

/* ---- slabinfo ---- */

static void slabinfo(void **state)
{
	struct kmem_system *s = system_of(2, 1);
	struct slab_config cfg = config(KERNEL);
	char *text = NULL, want[256];
	struct kmem_cache *c;
	size_t len;
	struct err e;
	void *p;
	FILE *f;

	(void)state;
	cfg.hwcache_align = 1;
	cfg.stats = STATS_FULL;
	c = cache_of(s, "filp", 200, &cfg);
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
	assert_int_equal(info(c).limit, 20);
	assert_int_equal(info(c).batchcount, 10);
	assert_int_equal(kmem_slabinfo_write(s, "filp 0 10 2", &e), 0); /* silly: ignored */
	assert_int_equal(kmem_slabinfo_write(s, "filp 5 10 2", &e), 0);
	assert_int_equal(info(c).limit, 20);
	assert_int_equal(kmem_slabinfo_write(s, "pilf 20 10 2", &e), -EINVAL);
	kmem_cache_free(c, p);
	end(s, c);
}

/* ---- the native machine ---- */

static void native(void **state)
{
	struct kmem_system_config sc = { 0 };
	struct slab_config cfg = config("fast");
	struct kmem_system *s;
	struct kmem_cache *c;
	struct err e;
	void *p[1000];

	(void)state;
	kmem_thread_bind(-1);
	if (kmem_system_create(&s, &sc, &e))
		fail_msg("%s", e.text);
	c = cache_of(s, "c", 64, &cfg);
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
	assert_int_equal(info(c).bytes_asked, 0);
	end(s, c);
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
		cmocka_unit_test(placement),
		cmocka_unit_test(fallback),
		cmocka_unit_test(bind_gives_up),
		cmocka_unit_test(tune_keeps_old_slabs),
		cmocka_unit_test(general_caches),
		cmocka_unit_test(bulk),
		cmocka_unit_test(constructor),
		cmocka_unit_test(slabinfo),
		cmocka_unit_test(native),
	};

	return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
