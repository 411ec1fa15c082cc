/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Geometry against what has been published of it: rows of /proc/slabinfo listings of many kernels,
 * arithmetic of papers and books. One row per case. Toggles are in test_geometry_toggles.c, the
 * comparison with a second, naive model is in test_geometry_model.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/geometry_help.h"

/* ---- published rows ---- */

struct row {
	const char *what;
	const struct world *w;
	unsigned raw, flags;
	long size, num, order, off_slab, mgmt, left, colour, colour_off;
};

static void check_rows(const struct row *r, size_t n)
{
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;

	for (; n; n--, r++) {
		setup(&in, &c, r->w, r->raw, r->flags);
		compute(&in, &c, &g);
		expect_geometry(r->what, r->raw,
				&(struct geometry_want){ r->size, r->num, r->order, r->off_slab,
							 ANY, r->mgmt, r->left, r->colour,
							 r->colour_off },
				&g);
	}
}

/* Behaviour 1: objects beside on-slab management, and alignment that shrinks with the object. */
static void test_on_slab_count(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "H 20", &x86_64, 20, H, 32, 112, 0, 0, ANY, 0, 0, 64 },
		{ "H 40", &x86_64, 40, H, 64, 59, 0, 0, ANY, 0, 0, 64 },
		{ "H 72", &x86_64, 72, H, 128, 30, 0, 0, 192, 64, 1, 64 },
		{ "H 100", &x86_64, 100, H, 128, 30, 0, 0, 192, 64, 1, 64 },
		{ "H 128", &x86_64, 128, H, 128, 30, 0, 0, 192, 64, 1, 64 },
		{ "H 256", &x86_64, 256, H, 256, 15, 0, 0, 128, 128, 2, 64 },
		{ "W 24", &x86_64, 24, W, 24, 144, 0, 0, ANY, ANY, ANY, 64 },
		{ "W 104", &x86_64, 104, W, 104, 37, 0, 0, ANY, 48, 0, 64 },
		{ "W 200", &x86_64, 200, W, 200, 19, 0, 0, ANY, 168, 2, 64 },
	};
	/* clang-format on */
	static const unsigned spans[][3] = { { 17, 32, 32 }, { 33, 64, 64 }, { 65, 128, 128 } };
	size_t i;
	unsigned raw;

	(void)state;
	check_rows(rows, COUNT(rows));
	for (i = 0; i < COUNT(spans); i++)
		for (raw = spans[i][0]; raw <= spans[i][1]; raw++) {
			struct row r = { "i686, 128-byte lines",
					 &i686_128,
					 raw,
					 H,
					 spans[i][2],
					 ANY,
					 ANY,
					 ANY,
					 ANY,
					 ANY,
					 ANY,
					 128 };

			check_rows(&r, 1);
		}
}

/* Behaviour 2: the off-slab test looks at the size before it is aligned. */
static void test_off_slab_looks_at_unrounded(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "H 460 (mm_struct)", &x86_64, 460, H, 512, 7, 0, 0, ANY, 384, 6, 64 },
		{ "H 512 (size-512)", &x86_64, 512, H, 512, 8, 0, 1, 80, 0, 0, 64 },
		{ "H 504, the last on-slab", &x86_64, 504, H, 512, 7, 0, 0, 128, 384, 6, 64 },
		{ "H 505, words make it 512", &x86_64, 505, H, 512, 8, 0, 1, 80, 0, 0, 64 },
		{ "16 KiB pages: 2048 is off-slab", &arm64_16k, 2048, H, 2048, 8, 0, 1, 80, 0, 0, 64 },
		{ "16 KiB pages: 2040 is not", &arm64_16k, 2040, H, 2048, 7, 0, 0, ANY, ANY, ANY, 64 },
		{ "early boot has no off-slab", &x86_64, 512, H | BOOT, 512, 7, 0, 0, 128, 384, 6, 64 },
	};
	/* clang-format on */

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Behaviour 3: a descriptor that fits in what is left comes back on-slab. */
static void test_pull_back(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "W 800", &x86_64, 800, W, 800, 5, 0, 0, 72, 24, 0, 64 },
		{ "W 816", &x86_64, 816, W, 816, 5, 0, 1, 68, 16, 0, 64 },
		{ "W 672", &x86_64, 672, W, 672, 6, 0, 1, 72, 64, 1, 64 },
		{ "W 664", &x86_64, 664, W, 664, 6, 0, 0, 72, 40, 0, 64 },
		{ "W 720 R", &x86_64, 720, R, 720, 5, 0, 0, 72, 424, 6, 64 },
	};
	/* clang-format on */

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Behaviours 4, 5, 6: one eighth, the break order, reclaimable caches, and orders above the break
 * order. */
static void test_order_search(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "H 704", &x86_64, 704, H, 704, 11, 1, ANY, ANY, ANY, ANY, 64 },
		{ "W 832", &x86_64, 832, W, 832, 9, 1, ANY, ANY, ANY, ANY, 64 },
		{ "H 832", &x86_64, 832, H, 832, 9, 1, ANY, ANY, ANY, ANY, 64 },
		{ "W 1424", &x86_64, 1424, W, 1424, 5, 1, 0, ANY, 1000, 15, 64 },
		{ "H 1472", &x86_64, 1472, H, 1472, 5, 1, 0, ANY, 704, 11, 64 },
		{ "W 2080", &x86_64, 2080, W, 2080, 3, 1, 0, ANY, 1888, 29, 64 },
		{ "W 1352", &x86_64, 1352, W, 1352, 3, 0, 1, ANY, 40, 0, 64 },
		{ "W 1952", &x86_64, 1952, W, 1952, 2, 0, 0, ANY, 136, 2, 64 },
		{ "W 704 R (ext2 inode)", &x86_64, 704, R, 704, 5, 0, ANY, ANY, ANY, ANY, 64 },
		{ "W 704 (UDP)", &x86_64, 704, W, 704, 11, 1, ANY, ANY, ANY, ANY, 64 },
		{ "W 888 R (nfs inode)", &x86_64, 888, R, 888, 4, 0, ANY, ANY, ANY, ANY, 64 },
		{ "W 888", &x86_64, 888, W, 888, 9, 1, ANY, ANY, ANY, ANY, 64 },
		{ "4160", &x86_64, 4160, W, 4160, 1, 1, ANY, ANY, ANY, ANY, 64 },
		{ "10352", &x86_64, 10352, W, 10352, 1, 2, ANY, ANY, ANY, ANY, 64 },
		{ "16512", &x86_64, 16512, W, 16512, 1, 3, ANY, ANY, ANY, ANY, 64 },
		{ "size-131072", &x86_64, 131072, H, 131072, 1, 5, 1, 52, 0, 0, 64 },
		{ "the largest", &x86_64, KMALLOC_MAX_SIZE, H, KMALLOC_MAX_SIZE, 1, 10, 1, 52, 0, 0, 64 },
	};
	/* clang-format on */

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Behaviour 7, arithmetic: colour = left / colour_off, and the step follows line and alignment. */
static void test_colour_arithmetic(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "i386, 32-byte lines, 256 H", &i386_32, 256, H, 256, 15, 0, 0, ANY, ANY, 5, 32 },
		{ "the same, 2-byte index", &i386_2_6_8, 256, H, 256, 15, 0, 0, ANY, ANY, 6, 32 },
	};
	/* clang-format on */
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;

	(void)state;
	check_rows(rows, COUNT(rows));
	setup(&in, &c, &x86_64, 200, W);
	c.align = 256;
	compute(&in, &c, &g);
	assert_int_equal(g.colour_off, 256);
	assert_int_equal(g.size, 256);
	/* six colours stand for offsets 0 .. 320 */
	setup(&in, &c, &x86_64, 460, H);
	compute(&in, &c, &g);
	assert_int_equal((g.colour - 1) * g.colour_off, 320);
}

/* Behaviour 9, arithmetic: where descriptors come from, and where objects begin. */
static void test_descriptor_placement(void **state)
{
	static const struct {
		unsigned raw, bytes, general;
	} off[] = { { 512, 80, 128 }, { 1024, 64, 64 }, { 2048, 56, 64 }, { 4096, 52, 64 } };
	static const unsigned on[][2] = { { 24, 624 },
					  { 128, 192 },
					  { 256, 128 } }; /* H 24 is 32 */
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(off); i++) {
		setup(&in, &c, &x86_64, off[i].raw, H);
		compute(&in, &c, &g);
		assert_int_equal(g.off_slab, 1);
		assert_int_equal(g.slab_size, off[i].bytes);
		assert_int_equal(kmalloc_size_for(g.slab_size, 64), off[i].general);
		assert_int_equal(slab_front(&g), 0);
	}
	for (i = 0; i < COUNT(on); i++) {
		setup(&in, &c, &x86_64, on[i][0], on[i][0] == 24 ? W : H);
		compute(&in, &c, &g);
		assert_int_equal(slab_front(&g), on[i][1]);
	}
}

static void test_general_caches(void **state)
{
	static const struct {
		unsigned line, with_96, with_192, count;
	} rows[] = { { 32, 1, 1, 20 }, { 64, 0, 1, 19 }, { 128, 0, 0, 18 } };
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const unsigned *s = kmalloc_sizes(rows[i].line);

		assert_int_equal(s[0], 32);
		for (n = 0; s[n]; n++)
			assert_true(!n || s[n] > s[n - 1]);
		assert_int_equal(n, rows[i].count);
		assert_int_equal(s[n - 1], KMALLOC_MAX_SIZE);
		assert_int_equal(kmalloc_size_for(90, rows[i].line), rows[i].with_96 ? 96 : 128);
		assert_int_equal(kmalloc_size_for(129, rows[i].line), rows[i].with_192 ? 192 : 256);
		assert_int_equal(kmalloc_size_for(1, rows[i].line), 32);
		assert_int_equal(kmalloc_size_for(KMALLOC_MAX_SIZE, rows[i].line),
				 KMALLOC_MAX_SIZE);
		assert_int_equal(kmalloc_size_for(KMALLOC_MAX_SIZE + 1, rows[i].line), 0);
	}
}

/* Behaviour 11 and the table of queue sizes. */
static void test_tunables(void **state)
{
	/* clang-format off */
	static const struct {
		unsigned size, page, cpus, limit, batchcount, shared;
	} rows[] = {
		{ 8, 4096, 4, 120, 60, 8 }, { 256, 4096, 4, 120, 60, 8 },
		{ 257, 4096, 4, 54, 27, 8 },
		{ 1024, 4096, 4, 54, 27, 8 }, { 1025, 4096, 4, 24, 12, 8 },
		{ 4096, 4096, 4, 24, 12, 8 },
		{ 4097, 4096, 4, 8, 4, 0 }, { 131072, 4096, 4, 8, 4, 0 },
		{ 131073, 4096, 4, 1, 1, 0 },
		{ 256, 4096, 1, 120, 60, 0 }, { 4096, 4096, 1, 24, 12, 0 },
		{ 16384, 16384, 4, 24, 12, 8 },
		{ 16385, 16384, 4, 8, 4, 0 }, { 65536, 65536, 2, 24, 12, 8 },
		{ 131072, 65536, 2, 8, 4, 0 },
		{ 4194304, 65536, 2, 1, 1, 0 },
	};
	/* clang-format on */
	static const unsigned shared_pointers[][2] = { { 256, 480 }, { 1024, 216 }, { 4096, 96 } };
	unsigned limit, batchcount, shared;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		slab_tunables(rows[i].size, rows[i].page, rows[i].cpus, &limit, &batchcount,
			      &shared);
		expect("tunables", rows[i].size, "limit", rows[i].limit, limit);
		expect("tunables", rows[i].size, "batchcount", rows[i].batchcount, batchcount);
		expect("tunables", rows[i].size, "shared", rows[i].shared, shared);
	}
	for (i = 0; i < COUNT(shared_pointers); i++) {
		slab_tunables(shared_pointers[i][0], 4096, 4, &limit, &batchcount, &shared);
		assert_int_equal(batchcount * shared, shared_pointers[i][1]);
	}
}

/* Behaviour 15: what each generation makes of the same sizes. */
static void test_generations(void **state)
{
#define KMALLOC(what, w, raw, flags, num)                                       \
	{                                                                       \
		what, w, raw, (flags) | H, raw, num, 0, ANY, ANY, ANY, ANY, ANY \
	}
	/* clang-format off */
	static const struct row rows[] = {
		KMALLOC("G2", &x86_64, 32, 0, 112),	KMALLOC("G2", &x86_64, 64, 0, 59),
		KMALLOC("G2", &x86_64, 128, 0, 30),	KMALLOC("G2", &x86_64, 192, 0, 20),
		KMALLOC("G2", &x86_64, 256, 0, 15),	KMALLOC("G3", &k3_13, 32, 0, 113),
		KMALLOC("G3", &k3_13, 64, 0, 60),	KMALLOC("G3", &k3_13, 128, 0, 31),
		KMALLOC("G3", &k3_13, 192, 0, 20),	KMALLOC("G3", &k3_13, 256, 0, 15),
		KMALLOC("G4", &k3_15, 32, 0, 124),	KMALLOC("G4", &k3_15, 64, 0, 63),
		KMALLOC("G4 (early boot)", &k3_15, 128, BOOT, 31),
		KMALLOC("G4", &k3_15, 192, 0, 21),	KMALLOC("G4", &k3_15, 256, 0, 16),
		KMALLOC("G5", &k6_1, 32, 0, 124),	KMALLOC("G5", &k6_1, 64, 0, 64),
		KMALLOC("G5", &k6_1, 128, 0, 32),	KMALLOC("G5", &k6_1, 192, 0, 21),
		KMALLOC("G5", &k6_1, 256, 0, 16), KMALLOC("i386 2.6.8", &i386_2_6_8, 32, 0, 119),
		KMALLOC("i386 2.6.8", &i386_2_6_8, 64, 0, 61),
		KMALLOC("i386 2.6.8", &i386_2_6_8, 128, 0, 31),
		KMALLOC("i386 2.6.8", &i386_2_6_8, 192, 0, 20),
		KMALLOC("i386 2.6.8", &i386_2_6_8, 256, 0, 15),
		KMALLOC("ia64", &ia64, 32, 0, 452),	KMALLOC("ia64", &ia64, 128, 0, 123),
		KMALLOC("ia64", &ia64, 256, 0, 62),
		{ "ia64", &ia64, 2048, H, 2048, 8, 0, 1, ANY, ANY, ANY, ANY },
		{ "ia64: the closed form would say 582", &ia64, 24, W, 24, 581, 0, 0, ANY, ANY, ANY, ANY },
		{ "G5 vmap_area", &k6_1, 64, H, 64, 64, 0, 0, 64, 0, 0, 64 },
		{ "G5 fs_cache", &k6_1, 56, H, 64, 63, 0, 0, 63, ANY, ANY, 64 },
		{ "G5 anon_vma", &k6_1, 80, CTOR | RCU, 80, 50, 0, 0, 50, ANY, ANY, 64 },
		{ "G5: at least 16 bytes", &k6_1, 8, W, 16, 240, 0, 0, 240, 16, 0, 64 },
	};
	/* clang-format on */
#undef KMALLOC

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* How many L1 sets hot headers reach, without and with colouring: 64 sets of 64 bytes. */
static void test_set_coverage(void **state)
{
	/* clang-format off */
	static const struct {
		unsigned raw, flags;
		long off_slab, num, order, colour, without, with;
	} rows[] = {
		{ 64, H, 0, 59, 0, 0, 59, 59 }, { 128, H, 0, 30, 0, 1, 30, 30 },
		{ 192, H, 0, 20, 0, 2, 20, 40 },
		{ 256, H, 0, 15, 0, 2, 15, 30 }, { 460, H, 0, 7, 0, 6, 7, 42 },
		{ 512, H, 1, 8, 0, 0, 8, 8 },
		{ 720, R, 0, 5, 0, 6, 5, 30 }, { 1024, H, 1, 4, 0, 0, 4, 4 },
		{ 2048, H, 1, 2, 0, 0, 2, 2 },
		{ 4096, H, 1, 1, 0, 0, 1, 1 }, { 1424, W, 0, 5, 1, 15, 5, 50 },
		{ 2112, H, 0, 3, 1, 28, 3, 58 },
	};
	/* clang-format on */
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		setup(&in, &c, &x86_64, rows[i].raw, rows[i].flags);
		compute(&in, &c, &g);
		expect_geometry("sets", rows[i].raw,
				&(struct geometry_want){ ANY, rows[i].num, rows[i].order,
							 rows[i].off_slab, ANY, ANY, ANY,
							 rows[i].colour, ANY },
				&g);
		expect("sets", rows[i].raw, "sets without", rows[i].without,
		       slab_sets(&g, 64, 64, 0));
		expect("sets", rows[i].raw, "sets with", rows[i].with, slab_sets(&g, 64, 64, 1));
		c.colour = 0;
		compute(&in, &c, &g);
		expect("colour=0", rows[i].raw, "sets with", rows[i].without,
		       slab_sets(&g, 64, 64, 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_on_slab_count),
		cmocka_unit_test(test_off_slab_looks_at_unrounded),
		cmocka_unit_test(test_pull_back),
		cmocka_unit_test(test_order_search),
		cmocka_unit_test(test_colour_arithmetic),
		cmocka_unit_test(test_descriptor_placement),
		cmocka_unit_test(test_general_caches),
		cmocka_unit_test(test_tunables),
		cmocka_unit_test(test_generations),
		cmocka_unit_test(test_set_coverage),
	};

	return cmocka_run_group_tests_name("geometry", tests, NULL, NULL);
}
