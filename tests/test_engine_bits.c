/* SPDX-License-Identifier: GPL-2.0-or-later */
/* index=bits and profile fast: order of addresses, layout, double frees, slabs that stay, general caches. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/rng.h"
#include "tests/engine_help.h"

/* Worked out by hand: the least order whose slab holds 1024 objects, at most 7; one object fewer for colours; a header
 * of 48 bytes and a bit for each object in words of 8. */
static void layout(void **state)
{
	static const struct {
		unsigned size, order, num, mgmt, left, colour;
	} rows[] = {
		{ 64, 4, 1023, 176, 64, 1 },	{ 8, 1, 1023, 176, 8, 0 },
		{ 192, 6, 1364, 224, 256, 4 },	{ 1024, 7, 511, 112, 1024, 16 },
		{ 4096, 7, 127, 64, 4096, 64 }, { 600, 7, 873, 160, 488, 7 },
	};
	struct kmem_system *s = et_system_of(2, 1);
	struct slab_config cfg = et_config("fast");

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct kmem_cache *c = et_cache_of(s, "c", rows[i].size, &cfg);
		struct slab_geometry g;

		kmem_cache_geometry(c, &g);
		assert_int_equal(g.gfporder, rows[i].order);
		assert_int_equal(g.num, rows[i].num);
		assert_int_equal(g.slab_size, rows[i].mgmt);
		assert_int_equal(g.left_over, rows[i].left);
		assert_int_equal(g.colour, rows[i].colour);
		assert_true(g.off_slab && !g.index_bytes);
		assert_int_equal(kmem_cache_destroy(c, NULL), 0);
	}
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

static int upwards(void **p, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (p[i] <= p[i - 1])
			return 0;
	return 1;
}

/* A batch comes in the order of addresses, from a new slab and from one that was freed into at random. */
static void lowest_first(void **state)
{
	enum { N = 1000, BATCH = 100 };
	struct kmem_system *s = et_system_of(2, 1);
	struct slab_config cfg = et_config("fast");
	struct kmem_cache *c;
	struct rng r;
	void *p[N];

	(void)state;
	cfg.limit = cfg.batchcount = BATCH;
	cfg.shared = 0;
	c = et_cache_of(s, "c", 64, &cfg);
	for (unsigned i = 0; i < N; i++)
		p[i] = kmem_cache_alloc(c, 0);
	/* the first refill of an array that nobody used is short */
	assert_true(upwards(p, 16) && upwards(p + 16, N - 16));
	assert_int_equal((char *)p[N - 1] - (char *)p[0], (N - 1) * 64);
	rng_seed(&r, 1);
	rng_shuffle(&r, p, N, sizeof(p[0]));
	for (unsigned i = 0; i < N; i++)
		kmem_cache_free(c, p[i]);
	et_sound(s);
	for (unsigned i = 0; i < BATCH; i++) /* what the array still held */
		p[i] = kmem_cache_alloc(c, 0);
	for (unsigned at = BATCH; at < N; at += BATCH) {
		for (unsigned i = at; i < at + BATCH; i++)
			p[i] = kmem_cache_alloc(c, 0);
		assert_true(upwards(p + at, BATCH));
	}
	for (unsigned i = 0; i < N; i++)
		kmem_cache_free(c, p[i]);
	et_end(s, c);
}

static void keep_text(void *arg, const char *text)
{
	unsigned *n = arg;

	*n += text[0] != '\0';
}

/* Without any debugging toggle: the bit is set already when the object's second copy reaches the slab. */
static void freed_twice(void **state)
{
	struct kmem_machine m;
	unsigned reports = 0;
	struct kmem_system_config sc = {
		.machine = &m, .max_slots = 2, .report = keep_text, .report_arg = &reports
	};
	struct slab_config cfg = et_config("fast");
	struct kmem_system *s;
	struct kmem_cache *c;
	void *p, *other;

	(void)state;
	assert_int_equal(kmem_machine_synthetic(&m, 2, 1, NULL), 0);
	assert_int_equal(kmem_system_create(&s, &sc, NULL), 0);
	et_on_cpu(0);
	c = et_cache_of(s, "c", 64, &cfg);
	p = kmem_cache_alloc(c, 0);
	other = kmem_cache_alloc(c, 0);
	kmem_cache_free(c, p);
	kmem_cache_free(c, p);
	kmem_cache_shrink(c); /* all arrays go back to the slabs */
	assert_int_equal(reports, 1);
	et_sound(s);
	kmem_cache_free(c, other);
	et_end(s, c);
}

static void slabs_stay(void **state)
{
	enum { N = 20000 };
	struct kmem_system *s = et_system_of(2, 1);
	struct slab_config cfg = et_config("fast");
	struct kmem_cache *c = et_cache_of(s, "c", 64, &cfg);
	static void *p[N];
	uint64_t grown;

	(void)state;
	for (int pass = 0; pass < 3; pass++) {
		for (unsigned i = 0; i < N; i++)
			p[i] = kmem_cache_alloc(c, 0);
		if (!pass)
			grown = et_info(c).grown;
		for (unsigned i = 0; i < N; i++)
			kmem_cache_free(c, p[i]);
	}
	assert_int_equal(et_info(c).grown, grown); /* what was there was enough */
	assert_int_equal(et_info(c).reaped, 0);
	for (unsigned tick = 0; tick < 20; tick++) /* nobody uses it: the reaper takes all */
		kmem_reap(s, 0, 4000 * (uint64_t)tick);
	assert_int_equal(et_info(c).active_slabs, 0);
	assert_int_equal(et_info(c).num_slabs, 0);
	et_end(s, c);
}

/* Off-slab headers come from the general caches, which the profile serves as well. */
static void general(void **state)
{
	struct kmem_machine m;
	struct slab_config cfg = et_config("fast");
	struct kmem_system_config sc = { .machine = &m, .general = &cfg, .max_slots = 2 };
	struct kmem_system *s;
	struct err e = { "" };
	void *p[200];

	(void)state;
	assert_int_equal(kmem_machine_synthetic(&m, 2, 1, NULL), 0);
	if (kmem_system_create(&s, &sc, &e))
		fail_msg("%s", e.text);
	et_on_cpu(0);
	for (size_t size = 8; size <= 65536; size *= 2) {
		for (unsigned i = 0; i < 200; i++) {
			p[i] = kmem_kmalloc(s, size, 0);
			assert_non_null(p[i]);
			memset(p[i], (int)i, size);
		}
		for (unsigned i = 0; i < 200; i++) {
			assert_int_equal(((unsigned char *)p[i])[size - 1], i);
			kmem_kfree(s, p[i]);
		}
	}
	et_sound(s);
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

/* Bits are for one generation only. */
static void refused(void **state)
{
	struct kmem_system *s = et_system_of(2, 1);
	struct slab_config cfg = et_config("kernel-6.1");
	struct kmem_cache *c;
	struct err e = { "" };

	(void)state;
	cfg.index = INDEX_BITS;
	assert_int_equal(kmem_cache_create(s, "c", 64, &cfg, NULL, &c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "index: "));
	assert_int_equal(kmem_system_destroy(s, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),      cmocka_unit_test(lowest_first),
		cmocka_unit_test(freed_twice), cmocka_unit_test(slabs_stay),
		cmocka_unit_test(general),     cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("engine_bits", tests, NULL, NULL);
}
