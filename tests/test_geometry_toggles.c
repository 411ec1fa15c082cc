/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Geometry: what every toggle makes of a known case, what is refused, and the check of the result
 * itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/geometry_help.h"

/* A known cache, settings on top of it, and what they make of it; where they must be refused,
 * `error` is a part of the text. */
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
			fail_msg("%s: expected a refusal with '%s', got %d '%s'", r->what, r->error,
				 ret, e.text);
		return;
	}
	compute(&in, &c, &g);
	expect_geometry(r->what, r->raw,
			&(struct geometry_want){ r->size, r->num, r->order, r->off_slab,
						 r->objfreelist, r->mgmt, r->left, r->colour,
						 r->colour_off },
			&g);
}

static void test_toggles(void **state)
{
	/* what, world, raw, flags, settings,
	 * size num order off_slab objfreelist mgmt left colour colour_off, error */
	/* clang-format off */
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
	/* clang-format on */
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
	} rows[] = { { 32, 0 },	 { 64, 0 },  { 128, 0 }, { 192, 0 },
		     { 256, 1 }, { 512, 1 }, { 4096, 1 } };
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
	/* clang-format off */
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
	/* clang-format on */
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
		expect(rows[i].what, rows[i].raw, "red_align_word", rows[i].user_bytes,
		       g.red_align_word);
	}
}

static void test_queue_toggles(void **state)
{
	/* clang-format off */
	static const struct {
		unsigned limit, batchcount, shared, out_limit, out_batchcount, out_shared;
	} rows[] = { /* of a 64-byte cache: 120, 60, 8 */
		{ KMEM_AUTO, KMEM_AUTO, KMEM_AUTO, 120, 60, 8 },
		{ 256, KMEM_AUTO, KMEM_AUTO, 256, 128, 8 },
		{ 256, 16, 0, 256, 16, 0 },
		{ KMEM_AUTO, 500, KMEM_AUTO, 120, 120, 8 },
		{ 1, KMEM_AUTO, 3, 1, 1, 3 },
	};
	/* clang-format on */
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
	/* clang-format off */
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
	/* clang-format on */
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
#define BREAK(f, v)                                      \
	{                                                \
#f, offsetof(struct slab_geometry, f), v \
	}
	/* clang-format off */
	static const struct {
		const char *field;
		size_t offset;
		unsigned value;
	} on_slab[] = {
		BREAK(num, 0),	     BREAK(num, 6),	   BREAK(num, 8),	BREAK(size, 0),
		BREAK(size, 504),    BREAK(align, 0),	   BREAK(align, 48),	BREAK(gfporder, 1),
		BREAK(gfporder, 11), BREAK(slab_size, 64), BREAK(slab_size, 76),
		BREAK(left_over, 383),
		BREAK(colour, 7), BREAK(colour_off, 0), BREAK(colour_off, 32), BREAK(off_slab, 1),
		BREAK(objfreelist, 1), BREAK(index_bytes, 3), BREAK(limit, 26),
		BREAK(batchcount, 0),
		BREAK(rules, 6), BREAK(page_size, 4095), BREAK(red_zone, 1), BREAK(store_user, 1),
		BREAK(object_size, 513), BREAK(recip_m, 1), BREAK(header_bytes, 120),
	};
	/* clang-format on */
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
 * slab_index() is exact at every object of the largest slab, for every stride. With r = size *
 * recip_m - 2^32, object k comes out as floor(k + k * r / 2^32): right as long as k * r < 2^32, and
 * worst for the last k.
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
	/* clang-format off */
	static const struct {
		unsigned raw, flags, steps, verdict[3], order[3];
	} rows[] = {
		{ 512, H, 1, { STEP_TAKEN_WASTE }, { 0 } },
		{ 704, H, 3, { STEP_WASTEFUL, STEP_TAKEN_WASTE, MODE_PULLED_BACK }, { 0, 1, 1 } },
		{ 704, R, 2, { STEP_TAKEN_RECLAIM, MODE_PULLED_BACK }, { 0, 0 } },
		{ 1424, W, 3, { STEP_WASTEFUL, STEP_TAKEN_BREAK, MODE_PULLED_BACK }, { 0, 1, 1 } },
		{ 4160, W, 3, { STEP_NOTHING_FITS, STEP_TAKEN_BREAK, MODE_PULLED_BACK }, { 0, 1, 1 } },
	};
	/* clang-format on */
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
			expect("trace", rows[i].raw, "verdict", rows[i].verdict[k],
			       t.step[k].verdict);
			expect("trace", rows[i].raw, "order", rows[i].order[k], t.step[k].order);
		}
		assert_int_equal(t.step[t.n - 1].num, g.num);
		assert_int_equal(t.step[t.n - 1].left_over, g.left_over);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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

	return cmocka_run_group_tests_name("geometry_toggles", tests, NULL, NULL);
}
