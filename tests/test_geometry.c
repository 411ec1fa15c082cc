/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Geometry against what has been published of it: rows of /proc/slabinfo listings of many kernels, arithmetic of
 * papers and books, and what every toggle makes of a known case. One row per case. The comparison with a second,
 * naive model is in test_geometry_model.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/geometry.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define ANY (-1)

/* Cache flags of the tables: word aligned unless H. */
enum { W = 0, H = 1, R = 2, CTOR = 4, RCU = 8, BOOT = 16 };

/* A machine and its rules. */
struct world {
	const char *rules;
	unsigned page_size, cache_line, word;
};

static const struct world x86_64 = { "2.6.22", 4096, 64, 8 };
static const struct world k6_1 = { "6.1", 4096, 64, 8 };
static const struct world k3_13 = { "3.13", 4096, 64, 8 };
static const struct world k3_15 = { "3.15", 4096, 64, 8 };
static const struct world i686_128 = { "2.6.22", 4096, 128, 4 };
static const struct world i386_32 = { "2.6.22", 4096, 32, 4 };
static const struct world i386_2_6_8 = { "2.6.8", 4096, 32, 4 };
static const struct world ia64 = { "2.6.7", 16384, 128, 8 };
static const struct world arm64_16k = { "2.6.22", 16384, 64, 8 };

static unsigned rules_by_name(const char *name)
{
	unsigned i;

	for (i = 0; slab_rules[i].name; i++)
		if (!strcmp(slab_rules[i].name, name))
			return i;
	fail_msg("no rules %s", name);
	return 0;
}

static void setup(struct slab_geometry_in *in, struct slab_config *c, const struct world *w, unsigned raw,
		  unsigned flags)
{
	struct err e = { "" };

	slab_geometry_in_init(in, raw);
	in->page_size = w->page_size;
	in->cache_line = w->cache_line;
	in->word = w->word;
	in->ctor = !!(flags & CTOR);
	in->no_off_slab = !!(flags & BOOT);
	if (slab_config_profile(c, "kernel-2.6.22", &e))
		fail_msg("%s", e.text);
	c->rules = rules_by_name(w->rules);
	c->hwcache_align = !!(flags & H);
	c->reclaim = !!(flags & R);
	c->rcu = !!(flags & RCU);
}

static void compute(const struct slab_geometry_in *in, const struct slab_config *c, struct slab_geometry *g)
{
	struct err e = { "" };

	if (slab_geometry(in, c, g, &e))
		fail_msg("object_size %u: %s", in->object_size, e.text);
	if (slab_geometry_check(g, &e))
		fail_msg("object_size %u: %s", in->object_size, e.text);
}

static void expect(const char *what, unsigned raw, const char *field, long want, unsigned got)
{
	if (want != ANY && (unsigned long)want != got)
		fail_msg("%s, %u bytes: %s is %u, published %ld", what, raw, field, got, want);
}

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
		expect(r->what, r->raw, "size", r->size, g.size);
		expect(r->what, r->raw, "num", r->num, g.num);
		expect(r->what, r->raw, "gfporder", r->order, g.gfporder);
		expect(r->what, r->raw, "off_slab", r->off_slab, g.off_slab);
		expect(r->what, r->raw, "slab_size", r->mgmt, g.slab_size);
		expect(r->what, r->raw, "left_over", r->left, g.left_over);
		expect(r->what, r->raw, "colour", r->colour, g.colour);
		expect(r->what, r->raw, "colour_off", r->colour_off, g.colour_off);
	}
}

/* Behaviour 1: objects beside on-slab management, and alignment that shrinks with the object. */
static void test_on_slab_count(void **state)
{
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
	static const unsigned spans[][3] = { { 17, 32, 32 }, { 33, 64, 64 }, { 65, 128, 128 } };
	size_t i;
	unsigned raw;

	(void)state;
	check_rows(rows, COUNT(rows));
	for (i = 0; i < COUNT(spans); i++)
		for (raw = spans[i][0]; raw <= spans[i][1]; raw++) {
			struct row r = { "i686, 128-byte lines", &i686_128, raw, H, spans[i][2],
					 ANY, ANY, ANY, ANY, ANY, ANY, 128 };

			check_rows(&r, 1);
		}
}

/* Behaviour 2: the off-slab test looks at the size before it is aligned. */
static void test_off_slab_looks_at_unrounded(void **state)
{
	static const struct row rows[] = {
		{ "H 460 (mm_struct)", &x86_64, 460, H, 512, 7, 0, 0, ANY, 384, 6, 64 },
		{ "H 512 (size-512)", &x86_64, 512, H, 512, 8, 0, 1, 80, 0, 0, 64 },
		{ "H 504, the last on-slab", &x86_64, 504, H, 512, 7, 0, 0, 128, 384, 6, 64 },
		{ "H 505, words make it 512", &x86_64, 505, H, 512, 8, 0, 1, 80, 0, 0, 64 },
		{ "16 KiB pages: 2048 is off-slab", &arm64_16k, 2048, H, 2048, 8, 0, 1, 80, 0, 0, 64 },
		{ "16 KiB pages: 2040 is not", &arm64_16k, 2040, H, 2048, 7, 0, 0, ANY, ANY, ANY, 64 },
		{ "early boot has no off-slab", &x86_64, 512, H | BOOT, 512, 7, 0, 0, 128, 384, 6, 64 },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Behaviour 3: a descriptor that fits in what is left comes back on-slab. */
static void test_pull_back(void **state)
{
	static const struct row rows[] = {
		{ "W 800", &x86_64, 800, W, 800, 5, 0, 0, 72, 24, 0, 64 },
		{ "W 816", &x86_64, 816, W, 816, 5, 0, 1, 68, 16, 0, 64 },
		{ "W 672", &x86_64, 672, W, 672, 6, 0, 1, 72, 64, 1, 64 },
		{ "W 664", &x86_64, 664, W, 664, 6, 0, 0, 72, 40, 0, 64 },
		{ "W 720 R", &x86_64, 720, R, 720, 5, 0, 0, 72, 424, 6, 64 },
	};

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Behaviours 4, 5, 6: one eighth, the break order, reclaimable caches, and orders above the break order. */
static void test_order_search(void **state)
{
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

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* Behaviour 7, arithmetic: colour = left / colour_off, and the step follows line and alignment. */
static void test_colour_arithmetic(void **state)
{
	static const struct row rows[] = {
		{ "i386, 32-byte lines, 256 H", &i386_32, 256, H, 256, 15, 0, 0, ANY, ANY, 5, 32 },
		{ "the same, 2-byte index", &i386_2_6_8, 256, H, 256, 15, 0, 0, ANY, ANY, 6, 32 },
	};
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
	static const unsigned on[][2] = { { 24, 624 }, { 128, 192 }, { 256, 128 } }; /* H 24 is 32 */
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
		assert_int_equal(kmalloc_size_for(KMALLOC_MAX_SIZE, rows[i].line), KMALLOC_MAX_SIZE);
		assert_int_equal(kmalloc_size_for(KMALLOC_MAX_SIZE + 1, rows[i].line), 0);
	}
}

/* Behaviour 11 and the table of queue sizes. */
static void test_tunables(void **state)
{
	static const struct {
		unsigned size, page, cpus, limit, batchcount, shared;
	} rows[] = {
		{ 8, 4096, 4, 120, 60, 8 },	   { 256, 4096, 4, 120, 60, 8 },     { 257, 4096, 4, 54, 27, 8 },
		{ 1024, 4096, 4, 54, 27, 8 },	   { 1025, 4096, 4, 24, 12, 8 },     { 4096, 4096, 4, 24, 12, 8 },
		{ 4097, 4096, 4, 8, 4, 0 },	   { 131072, 4096, 4, 8, 4, 0 },     { 131073, 4096, 4, 1, 1, 0 },
		{ 256, 4096, 1, 120, 60, 0 },	   { 4096, 4096, 1, 24, 12, 0 },     { 16384, 16384, 4, 24, 12, 8 },
		{ 16385, 16384, 4, 8, 4, 0 },	   { 65536, 65536, 2, 24, 12, 8 },   { 131072, 65536, 2, 8, 4, 0 },
		{ 4194304, 65536, 2, 1, 1, 0 },
	};
	static const unsigned shared_pointers[][2] = { { 256, 480 }, { 1024, 216 }, { 4096, 96 } };
	unsigned limit, batchcount, shared;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		slab_tunables(rows[i].size, rows[i].page, rows[i].cpus, &limit, &batchcount, &shared);
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
#define KMALLOC(what, w, raw, flags, num) { what, w, raw, (flags) | H, raw, num, 0, ANY, ANY, ANY, ANY, ANY }
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
		KMALLOC("G5", &k6_1, 256, 0, 16),	KMALLOC("i386 2.6.8", &i386_2_6_8, 32, 0, 119),
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
#undef KMALLOC

	(void)state;
	check_rows(rows, COUNT(rows));
}

/* How many L1 sets hot headers reach, without and with colouring: 64 sets of 64 bytes. */
static void test_set_coverage(void **state)
{
	static const struct {
		unsigned raw, flags;
		long off_slab, num, order, colour, without, with;
	} rows[] = {
		{ 64, H, 0, 59, 0, 0, 59, 59 },	  { 128, H, 0, 30, 0, 1, 30, 30 },  { 192, H, 0, 20, 0, 2, 20, 40 },
		{ 256, H, 0, 15, 0, 2, 15, 30 },  { 460, H, 0, 7, 0, 6, 7, 42 },    { 512, H, 1, 8, 0, 0, 8, 8 },
		{ 720, R, 0, 5, 0, 6, 5, 30 },	  { 1024, H, 1, 4, 0, 0, 4, 4 },    { 2048, H, 1, 2, 0, 0, 2, 2 },
		{ 4096, H, 1, 1, 0, 0, 1, 1 },	  { 1424, W, 0, 5, 1, 15, 5, 50 },  { 2112, H, 0, 3, 1, 28, 3, 58 },
	};
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		setup(&in, &c, &x86_64, rows[i].raw, rows[i].flags);
		compute(&in, &c, &g);
		expect("sets", rows[i].raw, "off_slab", rows[i].off_slab, g.off_slab);
		expect("sets", rows[i].raw, "num", rows[i].num, g.num);
		expect("sets", rows[i].raw, "gfporder", rows[i].order, g.gfporder);
		expect("sets", rows[i].raw, "colour", rows[i].colour, g.colour);
		expect("sets", rows[i].raw, "sets without", rows[i].without, slab_sets(&g, 64, 64, 0));
		expect("sets", rows[i].raw, "sets with", rows[i].with, slab_sets(&g, 64, 64, 1));
		c.colour = 0;
		compute(&in, &c, &g);
		expect("colour=0", rows[i].raw, "sets with", rows[i].without, slab_sets(&g, 64, 64, 1));
	}
}

/* ---- toggles ---- */

/* A known cache, settings on top of it, and what they make of it; where they must be refused, `error` is a part
 * of the text. */
struct toggle_row {
	const char *what;
	const struct world *w;
	unsigned raw, flags;
	const char *settings[4][2];
	long size, num, order, off_slab, objfreelist, mgmt, left, colour, colour_off;
	const char *error;
};

static void apply(struct slab_config *c, const char *const (*settings)[2], unsigned most)
{
	struct err e = { "" };
	unsigned i;

	for (i = 0; i < most && settings[i][0]; i++)
		if (opt_parse(opt_find(slab_config_opts, settings[i][0]), c, settings[i][1], &e))
			fail_msg("%s", e.text);
}

static void check_toggle(const struct toggle_row *r)
{
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	struct err e = { "" };

	setup(&in, &c, r->w, r->raw, r->flags);
	apply(&c, (const char *const(*)[2])r->settings, 4);
	if (r->error) {
		int ret = slab_geometry(&in, &c, &g, &e);

		if (!ret || !strstr(e.text, r->error))
			fail_msg("%s: expected a refusal with '%s', got %d '%s'", r->what, r->error, ret, e.text);
		return;
	}
	compute(&in, &c, &g);
	expect(r->what, r->raw, "size", r->size, g.size);
	expect(r->what, r->raw, "num", r->num, g.num);
	expect(r->what, r->raw, "gfporder", r->order, g.gfporder);
	expect(r->what, r->raw, "off_slab", r->off_slab, g.off_slab);
	expect(r->what, r->raw, "objfreelist", r->objfreelist, g.objfreelist);
	expect(r->what, r->raw, "slab_size", r->mgmt, g.slab_size);
	expect(r->what, r->raw, "left_over", r->left, g.left_over);
	expect(r->what, r->raw, "colour", r->colour, g.colour);
	expect(r->what, r->raw, "colour_off", r->colour_off, g.colour_off);
}

static void test_toggles(void **state)
{
	/* what, world, raw, flags, settings, size num order off objfree mgmt left colour colour_off */
	static const struct toggle_row rows[] = {
		{ "order fixed", &x86_64, 256, H, { { "order", "2" } },
		  256, 62, 2, 0, 0, 320, 192, 3, 64, NULL },
		{ "order fixed, off-slab", &x86_64, 512, H, { { "order", "3" } },
		  512, 64, 3, 1, 0, 304, 0, 0, 64, NULL },
		{ "order fixed above the off-slab limit", &x86_64, 512, H, { { "order", "4" } },
		  512, 126, 4, 0, 0, 576, 448, 7, 64, NULL },
		{ "order too low", &x86_64, 5000, W, { { "order", "0" } },
		  ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, "does not fit in a slab of 1 pages" },
		{ "break order 0", &x86_64, 704, H, { { "break_order", "0" } },
		  704, 5, 0, ANY, 0, ANY, ANY, ANY, 64, NULL },
		{ "break order 3", &x86_64, 1424, W, { { "break_order", "3" } },
		  1424, 11, 2, ANY, 0, ANY, ANY, ANY, 64, NULL },
		{ "mgmt on", &x86_64, 512, H, { { "mgmt", "on" } },
		  512, 7, 0, 0, 0, 128, 384, 6, 64, NULL },
		{ "mgmt off", &x86_64, 128, H, { { "mgmt", "off" } },
		  128, 32, 0, 1, 0, 176, 0, 0, 64, NULL },
		{ "mgmt off is not pulled back", &x86_64, 800, W, { { "mgmt", "off" } },
		  800, 5, 0, 1, 0, 68, 96, 1, 64, NULL },
		{ "mgmt off in early boot", &x86_64, 128, H | BOOT, { { "mgmt", "off" } },
		  ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, "mgmt" },
		{ "6.1 mgmt on", &k6_1, 256, H, { { "mgmt", "on" } },
		  256, 15, 0, 0, 0, 15, 241, 3, 64, NULL },
		{ "6.1 mgmt off", &k6_1, 256, H, { { "mgmt", "off" } },
		  256, 16, 0, 1, 0, 16, 0, 0, 64, NULL },
		{ "index 2", &x86_64, 32, H, { { "index", "2" } },
		  32, 119, 0, 0, 0, 288, 0, 0, 64, NULL },
		{ "index 1 caps at 252", &x86_64, 8, W, { { "index", "1" } },
		  8, 252, 0, 0, 0, 304, 1776, 27, 64, NULL },
		{ "6.1 index 1 does not name 16 KiB of small objects", &k6_1, 16, W,
		  { { "index", "1" }, { "order", "2" } },
		  ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, "index" },
		{ "6.1 index 2", &k6_1, 64, H, { { "index", "2" } },
		  64, 62, 0, 0, 0, 124, 4, 0, 64, NULL },
		{ "6.1 index 4 lifts the 16-byte floor", &k6_1, 8, W, { { "index", "4" } },
		  8, 341, 0, 0, 0, 1364, 4, 0, 64, NULL },
		{ "padding", &x86_64, 256, H, { { "stride_pad", "64" } },
		  320, 12, 0, 0, 0, 128, 128, 2, 64, NULL },
		{ "padding is rounded up", &x86_64, 256, H, { { "stride_pad", "1" } },
		  320, 12, 0, 0, 0, 128, 128, 2, 64, NULL },
		{ "colour clipped to what there is", &x86_64, 256, H, { { "colour", "7" } },
		  256, 15, 0, 0, 0, 128, 128, 2, 64, NULL },
		{ "colour less than there is", &x86_64, 460, H, { { "colour", "4" } },
		  512, 7, 0, 0, 0, 128, 384, 4, 64, NULL },
		{ "no colour", &x86_64, 460, H, { { "colour", "0" } },
		  512, 7, 0, 0, 0, 128, 384, 0, 64, NULL },
		{ "wider step", &x86_64, 460, H, { { "colour_off", "128" } },
		  512, 7, 0, 0, 0, 128, 384, 3, 128, NULL },
		{ "finer step", &x86_64, 200, W, { { "colour_off", "8" } },
		  200, 19, 0, 0, 0, ANY, 168, 21, 8, NULL },
		{ "step against the alignment", &x86_64, 460, H, { { "colour_off", "32" } },
		  ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, "multiple of the alignment, 64" },
		{ "slack: one object", &x86_64, 512, H, { { "colour_slack", "object" } },
		  512, 7, 0, 1, 0, 76, 512, 8, 64, NULL },
		{ "slack: as many as it takes", &x86_64, 512, H, { { "colour_slack", "object" }, { "colour", "20" } },
		  512, 5, 0, 1, 0, 68, 1536, 20, 64, NULL },
		{ "slack: one object stays", &x86_64, 2048, H, { { "colour_slack", "object" }, { "colour", "60" } },
		  2048, 1, 0, 1, 0, 52, 2048, 32, 64, NULL },
		{ "slack: nothing to give", &x86_64, 4096, H, { { "colour_slack", "object" } },
		  4096, 1, 0, 1, 0, 52, 0, 0, 64, NULL },
		{ "slack: enough without", &x86_64, 460, H, { { "colour_slack", "object" } },
		  512, 7, 0, 0, 0, 128, 384, 6, 64, NULL },
		{ "slack: on-slab management shrinks too", &x86_64, 128, H, { { "colour_slack", "object" } },
		  128, 29, 0, 0, 0, 192, 192, 3, 64, NULL },
		{ "slack: 6.1 in a free object", &k6_1, 256, H, { { "colour_slack", "object" } },
		  256, 15, 0, 0, 1, 15, 256, 4, 64, NULL },
		{ "slack: higher order", &x86_64, 816, W, { { "colour_slack", "order" } },
		  816, 40, 3, 1, 0, 208, 128, 2, 64, NULL },
		{ "slack: no order gives 128 a second colour", &x86_64, 128, H, { { "colour_slack", "order" } },
		  128, 30, 0, 0, 0, 192, 64, 1, 64, NULL },
		{ "slack: no order helps off-slab powers of two", &x86_64, 1024, H, { { "colour_slack", "order" } },
		  1024, 4, 0, 1, 0, 64, 0, 0, 64, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_toggle(&rows[i]);
}

/* A general cache must not hold its own descriptors, not even through others. */
static void test_general_cache_off_slab(void **state)
{
	static const struct {
		unsigned raw, fits;
	} rows[] = { { 32, 0 }, { 64, 0 }, { 128, 0 }, { 192, 0 }, { 256, 1 }, { 512, 1 }, { 4096, 1 } };
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		setup(&in, &c, &x86_64, rows[i].raw, H);
		in.kmalloc_self = 1;
		c.mgmt = MGMT_OFF;
		if (!rows[i].fits) {
			assert_int_equal(slab_geometry(&in, &c, &g, &e), -EINVAL);
			assert_non_null(strstr(e.text, "mgmt"));
			continue;
		}
		compute(&in, &c, &g);
		assert_true(kmalloc_size_for(g.slab_size, 64) < rows[i].raw);
	}
}

/* Debug words: what they add, what they align to, and where they are dropped. */
static void test_debug(void **state)
{
	static const struct {
		const char *what;
		const struct world *w;
		unsigned raw, flags, align, red, poison, user;	/* asked */
		unsigned size, out_align, out_red, out_poison, out_user, offset, user_bytes;
	} rows[] = {
		{ "all", &x86_64, 100, W, 0, 1, 1, 1, 128, 8, 1, 1, 1, 8, 8 },
		{ "red zone", &x86_64, 100, W, 0, 1, 0, 0, 120, 8, 1, 0, 0, 8, 0 },
		{ "caller", &x86_64, 100, W, 0, 0, 0, 1, 112, 8, 0, 0, 1, 0, 8 },
		{ "poison changes no size", &x86_64, 100, W, 0, 0, 1, 0, 104, 8, 0, 1, 0, 0, 0 },
		{ "poison and RCU", &x86_64, 100, RCU, 0, 0, 1, 0, 104, 8, 0, 0, 0, 0, 0 },
		{ "debugging overrules the line", &x86_64, 100, H, 0, 1, 1, 1, 128, 8, 1, 1, 1, 8, 8 },
		{ "6.1: the line overrules debugging", &k6_1, 100, H, 0, 1, 1, 1, 128, 64, 0, 1, 0, 0, 0 },
		{ "so does an alignment", &x86_64, 100, W, 16, 1, 1, 1, 112, 16, 0, 1, 0, 0, 0 },
		{ "not across a power of two", &x86_64, 4096, W, 0, 1, 1, 1, 4096, 8, 0, 1, 0, 0, 0 },
		{ "large, but not across", &x86_64, 5000, W, 0, 1, 1, 1, 5024, 8, 1, 1, 1, 8, 8 },
		{ "32 bit: 8-byte red zones", &i386_32, 100, W, 0, 1, 0, 1, 128, 8, 1, 0, 1, 8, 8 },
		{ "32 bit: a word for the caller", &i386_32, 100, W, 0, 0, 0, 1, 104, 4, 0, 0, 1, 0, 4 },
	};
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		setup(&in, &c, rows[i].w, rows[i].raw, rows[i].flags);
		c.align = rows[i].align;
		c.red_zone = rows[i].red;
		c.poison = rows[i].poison;
		c.store_user = rows[i].user;
		compute(&in, &c, &g);
		expect(rows[i].what, rows[i].raw, "size", rows[i].size, g.size);
		expect(rows[i].what, rows[i].raw, "align", rows[i].out_align, g.align);
		expect(rows[i].what, rows[i].raw, "red_zone", rows[i].out_red, g.red_zone);
		expect(rows[i].what, rows[i].raw, "poison", rows[i].out_poison, g.poison);
		expect(rows[i].what, rows[i].raw, "store_user", rows[i].out_user, g.store_user);
		expect(rows[i].what, rows[i].raw, "obj_offset", rows[i].offset, g.obj_offset);
		expect(rows[i].what, rows[i].raw, "red_align_word", rows[i].user_bytes, g.red_align_word);
	}
}

static void test_queue_toggles(void **state)
{
	static const struct {
		unsigned limit, batchcount, shared, out_limit, out_batchcount, out_shared;
	} rows[] = { /* of a 64-byte cache: 120, 60, 8 */
		{ KMEM_AUTO, KMEM_AUTO, KMEM_AUTO, 120, 60, 8 },
		{ 256, KMEM_AUTO, KMEM_AUTO, 256, 128, 8 },
		{ 256, 16, 0, 256, 16, 0 },
		{ KMEM_AUTO, 500, KMEM_AUTO, 120, 120, 8 },
		{ 1, KMEM_AUTO, 3, 1, 1, 3 },
	};
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		setup(&in, &c, &x86_64, 64, H);
		c.limit = rows[i].limit;
		c.batchcount = rows[i].batchcount;
		c.shared = rows[i].shared;
		compute(&in, &c, &g);
		assert_int_equal(g.limit, rows[i].out_limit);
		assert_int_equal(g.batchcount, rows[i].out_batchcount);
		assert_int_equal(g.shared, rows[i].out_shared);
	}
}

static void test_colour_header(void **state)
{
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;

	(void)state;
	setup(&in, &c, &x86_64, 256, H);
	compute(&in, &c, &g);
	assert_int_equal(g.colour_header, 1);
	c.colour_header = 0;
	compute(&in, &c, &g);
	assert_int_equal(g.colour_header, 0);
	setup(&in, &c, &x86_64, 512, H); /* no header in the slab that could move */
	compute(&in, &c, &g);
	assert_int_equal(g.colour_header, 0);
}

static void test_impossible_inputs(void **state)
{
	static const struct {
		const char *text;
		struct slab_geometry_in in;
	} rows[] = {
		{ "object_size", { 0, 0, 2, 4096, 64, 8, 0, 0 } },
		{ "object_size", { KMALLOC_MAX_SIZE + 1, 0, 2, 4096, 64, 8, 0, 0 } },
		{ "cpus", { 64, 0, 0, 4096, 64, 8, 0, 0 } },
		{ "page_size", { 64, 0, 2, 5000, 64, 8, 0, 0 } },
		{ "page_size", { 64, 0, 2, 0, 64, 8, 0, 0 } },
		{ "cache_line", { 64, 0, 2, 4096, 60, 8, 0, 0 } },
		{ "cache_line", { 64, 0, 2, 4096, 8192, 8, 0, 0 } },
		{ "word", { 64, 0, 2, 4096, 64, 16, 0, 0 } },
	};
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	struct err e;
	size_t i;

	(void)state;
	setup(&in, &c, &x86_64, 64, W);
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(slab_geometry(&rows[i].in, &c, &g, &e), -EINVAL);
		assert_memory_equal(e.text, rows[i].text, strlen(rows[i].text));
	}
	c.align = 24;
	assert_int_equal(slab_geometry(&in, &c, &g, &e), -EINVAL);
	assert_memory_equal(e.text, "align:", 6);
	/* on-slab, an object of a whole largest slab leaves no room for the header */
	setup(&in, &c, &x86_64, KMALLOC_MAX_SIZE, W);
	c.mgmt = MGMT_ON;
	assert_int_equal(slab_geometry(&in, &c, &g, &e), -E2BIG);
}

/* ---- the check itself, and the index ---- */

static void test_check_finds_breakage(void **state)
{
#define BREAK(f, v) { #f, offsetof(struct slab_geometry, f), v }
	static const struct {
		const char *field;
		size_t offset;
		unsigned value;
	} on_slab[] = {
		BREAK(num, 0),	     BREAK(num, 6),	   BREAK(num, 8),	BREAK(size, 0),
		BREAK(size, 504),    BREAK(align, 0),	   BREAK(align, 48),	BREAK(gfporder, 1),
		BREAK(gfporder, 11), BREAK(slab_size, 64), BREAK(slab_size, 76), BREAK(left_over, 383),
		BREAK(colour, 7),    BREAK(colour_off, 0), BREAK(colour_off, 32), BREAK(off_slab, 1),
		BREAK(objfreelist, 1), BREAK(index_bytes, 3), BREAK(limit, 26), BREAK(batchcount, 0),
		BREAK(rules, 6),     BREAK(page_size, 4095), BREAK(red_zone, 1), BREAK(store_user, 1),
		BREAK(object_size, 513), BREAK(recip_m, 1), BREAK(header_bytes, 120),
	};
#undef BREAK
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g, bad;
	struct err e;
	size_t i;

	(void)state;
	setup(&in, &c, &x86_64, 460, H); /* 512, 7, 128, 384, 6 */
	compute(&in, &c, &g);
	for (i = 0; i < COUNT(on_slab); i++) {
		bad = g;
		memcpy((char *)&bad + on_slab[i].offset, &on_slab[i].value, sizeof(unsigned));
		e.text[0] = '\0';
		if (slab_geometry_check(&bad, &e) != -EINVAL || !e.text[0])
			fail_msg("%s = %u was not noticed", on_slab[i].field, on_slab[i].value);
	}
	/* an index that has outgrown its object */
	setup(&in, &c, &k6_1, 64, H);
	compute(&in, &c, &g);
	assert_int_equal(g.objfreelist, 1);
	g.object_size = 63;
	assert_int_equal(slab_geometry_check(&g, &e), -EINVAL);
	assert_int_equal(slab_geometry_check(&g, NULL), -EINVAL);
}

/*
 * slab_index() is exact at every object of the largest slab, for every stride. With r = size * recip_m - 2^32, object
 * k comes out as floor(k + k * r / 2^32): right as long as k * r < 2^32, and worst for the last k.
 */
static void test_index_is_exact(void **state)
{
	const uint64_t largest = UINT64_C(1) << 31; /* 2 MiB pages, order 10 */
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	unsigned size, k;

	(void)state;
	for (size = 8; size <= KMALLOC_MAX_SIZE; size += size < 65536 ? 8 : 4104) {
		uint64_t r, last = largest / size - 1;

		setup(&in, &c, &x86_64, size, W);
		c.rules = RULES_2_6_22;
		compute(&in, &c, &g);
		assert_int_equal(g.size, size);
		r = (uint64_t)g.size * g.recip_m - (UINT64_C(1) << 32);
		assert_true(r < size);
		assert_true(last * r < UINT64_C(1) << 32);
		assert_int_equal(slab_index(&g, last * size), last);
		for (k = 0; (uint64_t)(k + 1) * size <= KMALLOC_MAX_SIZE; k++)
			if (slab_index(&g, (unsigned long)k * size) != k)
				fail_msg("size %u: index of object %u", size, k);
	}
}

/* The names that options take are the rows that the geometry has, in the same order. */
static void test_rules_table(void **state)
{
	const struct opt *row = opt_find(slab_config_opts, "rules");
	static const unsigned runs[] = { 1, 1, 0, 0, 0, 0 };
	struct err e;
	unsigned i;

	(void)state;
	for (i = 0; slab_rules[i].name; i++) {
		assert_non_null(row->names[i]);
		assert_string_equal(slab_rules[i].name, row->names[i]);
		assert_non_null(slab_rules[i].help);
		assert_int_equal(slab_rules[i].runs, runs[i]);
		assert_int_equal(slab_rules_runs(i, &e), runs[i] ? 0 : -EINVAL);
	}
	assert_int_equal(i, COUNT(runs));
	assert_null(row->names[i]);
	assert_int_equal(slab_rules_runs(i, &e), -EINVAL);
	assert_string_equal(slab_rules[RULES_2_6_22].name, "2.6.22");
	assert_string_equal(slab_rules[RULES_6_1].name, "6.1");
	assert_int_equal(slab_rules[RULES_6_1].colour_pre_advance, 1);
	assert_int_equal(slab_rules[RULES_2_6_22].colour_pre_advance, 0);
}

/* The trace tells the same story as the result. */
static void test_trace(void **state)
{
	static const struct {
		unsigned raw, flags, steps, verdict[3], order[3];
	} rows[] = {
		{ 512, H, 1, { STEP_TAKEN_WASTE }, { 0 } },
		{ 704, H, 3, { STEP_WASTEFUL, STEP_TAKEN_WASTE, MODE_PULLED_BACK }, { 0, 1, 1 } },
		{ 704, R, 2, { STEP_TAKEN_RECLAIM, MODE_PULLED_BACK }, { 0, 0 } },
		{ 1424, W, 3, { STEP_WASTEFUL, STEP_TAKEN_BREAK, MODE_PULLED_BACK }, { 0, 1, 1 } },
		{ 4160, W, 3, { STEP_NOTHING_FITS, STEP_TAKEN_BREAK, MODE_PULLED_BACK }, { 0, 1, 1 } },
	};
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	struct slab_trace t;
	size_t i;
	unsigned k;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		setup(&in, &c, &x86_64, rows[i].raw, rows[i].flags);
		assert_int_equal(slab_geometry_trace(&in, &c, &g, &t, NULL), 0);
		assert_int_equal(t.dropped, 0);
		expect("trace", rows[i].raw, "steps", rows[i].steps, t.n);
		for (k = 0; k < t.n; k++) {
			expect("trace", rows[i].raw, "verdict", rows[i].verdict[k], t.step[k].verdict);
			expect("trace", rows[i].raw, "order", rows[i].order[k], t.step[k].order);
		}
		assert_int_equal(t.step[t.n - 1].num, g.num);
		assert_int_equal(t.step[t.n - 1].left_over, g.left_over);
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
		cmocka_unit_test(test_toggles),
		cmocka_unit_test(test_general_cache_off_slab),
		cmocka_unit_test(test_debug),
		cmocka_unit_test(test_queue_toggles),
		cmocka_unit_test(test_colour_header),
		cmocka_unit_test(test_impossible_inputs),
		cmocka_unit_test(test_check_finds_breakage),
		cmocka_unit_test(test_index_is_exact),
		cmocka_unit_test(test_rules_table),
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests_name("geometry", tests, NULL, NULL);
}
