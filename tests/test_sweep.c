/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many geometries, and many layouts, in one pass: equal to the unit to simulations one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/sweep.h"
#include "collectors/model/trace.h"
#include "collectors/model/variants.h"
#include "lib/rng.h"

/* ---- the twin: LRU, one line after the other ---- */

struct lru {
	unsigned sets, ways;
	uint64_t *line; /* [sets][ways], latest first; line + 1, 0: none */
	uint64_t misses, *accesses_set, *misses_set;
};

static void lru_init(struct lru *c, unsigned sets, unsigned ways)
{
	*c = (struct lru){ .sets = sets, .ways = ways };
	c->line = calloc((size_t)sets * ways, sizeof(*c->line));
	c->accesses_set = calloc(sets, sizeof(*c->accesses_set));
	c->misses_set = calloc(sets, sizeof(*c->misses_set));
	assert_true(c->line && c->accesses_set && c->misses_set);
}

static void lru_release(struct lru *c)
{
	free(c->line);
	free(c->accesses_set);
	free(c->misses_set);
}

static bool lru_access(struct lru *c, uint64_t line)
{
	uint64_t *s = c->line + line % c->sets * c->ways;
	unsigned p = 0;
	bool hit;

	while (p < c->ways - 1 && s[p] != line + 1)
		p++;
	hit = s[p] == line + 1;
	memmove(s + 1, s, p * sizeof(*s));
	s[0] = line + 1;
	c->accesses_set[line % c->sets]++;
	c->misses_set[line % c->sets] += !hit;
	c->misses += !hit;
	return hit;
}

/* ---- traces ---- */

#define REFS 20000u

enum pattern { WALK, WALK61, RANDOM, HOT, SEQUENCE, FAR, PATTERNS };

static struct trace_ref ref_of(enum pattern p, unsigned i, struct rng *r)
{
	struct trace_ref x = { .size = 8, .write = i & 1 };
	unsigned block = i % 4096;

	switch (p) {
	case WALK:
		x.addr = UINT64_C(0x7f0000000000) + block * 4096u;
		break;
	case WALK61:
		x.addr = UINT64_C(0x7f0000000000) + block * 4096u + block % 61 * 64u;
		break;
	case RANDOM:
		x.addr = rng_below(r, 4u << 20);
		x.size = 1 + (uint32_t)rng_below(r, 200);
		break;
	case HOT:
		x.addr = rng_below(r, 16384) & ~7u;
		break;
	case SEQUENCE:
		x.addr = (uint64_t)i * 8;
		break;
	default: /* tags that differ far up only; the two ends of the address space */
		x.addr = rng_below(r, 40) << 58 | rng_below(r, 64) << 12;
		if (i % 64 == 5)
			x.addr = UINT64_MAX - 7;
	}
	return x;
}

static struct trace_ref *trace_of(enum pattern p)
{
	struct trace_ref *ref = calloc(REFS, sizeof(*ref));
	struct rng r;

	assert_non_null(ref);
	rng_seed(&r, 7 + p);
	for (unsigned i = 0; i < REFS; i++)
		ref[i] = ref_of(p, i, &r);
	return ref;
}

/* ---- the sweep ---- */

static uint64_t twin(const struct trace_ref *ref, unsigned n, unsigned line, unsigned sets,
		     unsigned ways, uint64_t *accesses)
{
	struct lru c;
	uint64_t misses;

	lru_init(&c, sets, ways);
	*accesses = 0;
	for (unsigned i = 0; i < n; i++) {
		uint64_t l = ref[i].addr / line, end = (ref[i].addr + (ref[i].size - 1)) / line;

		for (;; l++) {
			++*accesses;
			lru_access(&c, l);
			if (l == end)
				break;
		}
	}
	misses = c.misses;
	lru_release(&c);
	return misses;
}

static void check_sweep(enum pattern p, unsigned line, bool plain)
{
	struct trace_ref *ref = trace_of(p);
	struct sweep *s;
	uint64_t accesses;

	assert_int_equal(sweep_create(&s, line, NULL), 0);
	if (plain)
		sweep_plain(s);
	sweep_refs(s, ref, REFS - 1);
	sweep_access(s, ref[REFS - 1].addr, ref[REFS - 1].size);
	assert_int_equal(sweep_flush(s, NULL), 0);
	for (unsigned sets = SWEEP_SETS_MIN; sets <= SWEEP_SETS_MAX; sets *= 2)
		for (unsigned ways = 1; ways <= SWEEP_WAYS; ways++) {
			uint64_t want = twin(ref, REFS, line, sets, ways, &accesses);

			if (sweep_misses(s, sets, ways) != want)
				fail_msg("trace %d, %u sets, %u ways: %llu misses, not %llu", p,
					 sets, ways,
					 (unsigned long long)sweep_misses(s, sets, ways),
					 (unsigned long long)want);
			assert_int_equal(sweep_accesses(s), accesses);
		}
	sweep_destroy(s);
	free(ref);
}

static void test_sweep_equals_twins(void **state)
{
	(void)state;
	for (int p = 0; p < PATTERNS; p++)
		check_sweep((enum pattern)p, 64, false);
	check_sweep(RANDOM, 128, false);
	check_sweep(FAR, 8, false);
	for (int p = RANDOM; p < PATTERNS; p++)
		check_sweep((enum pattern)p, 64, true);
}

static void test_sweep_refuses(void **state)
{
	static const unsigned bad[] = { 0, 4, 63, 8192 };
	struct sweep *s = NULL;
	struct err e;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(sweep_create(&s, bad[i], &e), -EINVAL);
		assert_non_null(strstr(e.text, "line: expected a power of two"));
	}
	assert_int_equal(sweep_create(&s, 64, NULL), 0);
	assert_int_equal(sweep_flush(s, NULL), 0);
	assert_int_equal(sweep_accesses(s), 0);
	assert_int_equal(sweep_misses(s, 64, 1), 0);
	sweep_destroy(s);
	sweep_destroy(NULL);
}

/* ---- layouts ---- */

static const struct variants_options zen = {
	.line = 64, .l1_sets = 64, .l1_ways = 8, .l2_sets = 2048, .l2_ways = 8
};

static struct variants_layout layout_of(unsigned size, const char *const set[][2])
{
	struct variants_layout l;
	struct slab_geometry_in in;
	struct err e;

	opt_defaults(slab_config_opts, &l.c);
	for (; set && (*set)[0]; set++)
		if (opt_parse(opt_find(slab_config_opts, (*set)[0]), &l.c, (*set)[1], &e))
			fail_msg("%s", e.text);
	slab_geometry_in_init(&in, size);
	if (slab_geometry(&in, &l.c, &l.g, &e))
		fail_msg("%s", e.text);
	return l;
}

/* What a workload on a cache might touch: objects nearby and far, headers, indexes, other memory. */
static struct variants_ref triple(struct rng *r, unsigned i, uint64_t *k)
{
	struct variants_ref x = { .size = 8, .write = i & 1 };
	unsigned dice = (unsigned)rng_below(r, 16);

	if (!rng_below(r, 4))
		*k = rng_below(r, 4) ? *k + 1 : rng_below(r, 3000);
	x.where = *k;
	x.part = dice < 9 ? VARIANTS_OBJECT : dice < 11 ? VARIANTS_HEADER : VARIANTS_INDEX;
	if (x.part == VARIANTS_OBJECT) {
		x.offset = (uint32_t)rng_below(r, 90);
		x.size = (uint16_t)(1 + rng_below(r, 40));
	} else if (x.part == VARIANTS_HEADER) {
		x.offset = (uint32_t)rng_below(r, 5) * 8;
	}
	if (dice > 13) {
		x.part = VARIANTS_RAW;
		x.where = UINT64_C(0x600000) + rng_below(r, 3000) * 16;
		x.size = (uint16_t)(1 + rng_below(r, 100));
	}
	return x;
}

static void feed_twin(struct variants *v, unsigned variant, const struct slab_geometry *g,
		      const struct variants_options *o, const struct variants_ref *ref,
		      struct lru *l1, struct lru *l2)
{
	uint64_t at = variants_address(v, variant, ref), size = ref->size;
	uint64_t line = at / o->line, end;

	if (ref->part == VARIANTS_INDEX)
		size = g->index_bytes;
	for (end = (at + size - 1) / o->line; line <= end; line++)
		if (!lru_access(l1, line) && o->l2_sets)
			lru_access(l2, line);
}

static void compare(const struct variants *v, unsigned i, const struct variants_options *o,
		    const struct lru *l1, const struct lru *l2)
{
	struct variants_counts c;
	uint64_t m1 = 0, m2 = 0;

	variants_counts(v, i, &c);
	for (unsigned part = 0; part < VARIANTS_PARTS; part++) {
		m1 += c.l1_misses[part];
		m2 += c.l2_misses[part];
	}
	if (m1 != l1->misses || (o->l2_sets && m2 != l2->misses))
		fail_msg("variant %u: %llu and %llu misses, not %llu and %llu", i,
			 (unsigned long long)m1, (unsigned long long)m2,
			 (unsigned long long)l1->misses, (unsigned long long)l2->misses);
	assert_memory_equal(c.l1_set, l1->misses_set, o->l1_sets * sizeof(*c.l1_set));
	if (!o->l2_sets)
		return;
	assert_memory_equal(c.l2_access_set, l2->accesses_set, o->l2_sets * sizeof(*c.l1_set));
	assert_memory_equal(c.l2_miss_set, l2->misses_set, o->l2_sets * sizeof(*c.l1_set));
}

static const char *const settings[][5][2] = {
	{ { NULL, NULL } },
	{ { "colour", "0" }, { NULL, NULL } },
	{ { "colour_slack", "object" }, { NULL, NULL } },
	{ { "order", "3" }, { "colour_slack", "object" }, { "colour_off", "128" }, { NULL, NULL } },
	{ { "mgmt", "off" }, { NULL, NULL } },
	{ { "colour_header", "off" }, { "colour_slack", "object" }, { NULL, NULL } },
	{ { "hwcache_align", "on" }, { "colour_seq", "odd" }, { NULL, NULL } },
	{ { "colour_seq", "random" }, { "seed", "9" }, { "order", "1" }, { NULL, NULL } },
	{ { "colour_seq", "runs" }, { "colour_run", "3" }, { "stride_pad", "24" }, { NULL, NULL } },
	{ { "rules", "6.1" }, { "order", "2" }, { NULL, NULL } },
	{ { "rules", "6.1" }, { "mgmt", "off" }, { NULL, NULL } },
};
#define SETTINGS (sizeof(settings) / sizeof(*settings))

/* All at once against each one's own addresses in caches of its own. */
static void check_variants(unsigned size, const struct variants_options *o, bool plain)
{
	struct variants_layout l[SETTINGS];
	struct lru l1[SETTINGS], l2[SETTINGS];
	struct variants *v;
	struct rng r;
	uint64_t k = 0;
	struct err e;

	for (unsigned i = 0; i < SETTINGS; i++) {
		l[i] = layout_of(size, settings[i]);
		lru_init(&l1[i], o->l1_sets, o->l1_ways);
		lru_init(&l2[i], o->l2_sets ? o->l2_sets : 1, o->l2_sets ? o->l2_ways : 1);
	}
	if (variants_create(&v, o, l, SETTINGS, &e))
		fail_msg("%s", e.text);
	if (plain)
		variants_plain(v);
	rng_seed(&r, size);
	for (unsigned i = 0; i < 30000; i++) {
		struct variants_ref x = triple(&r, i, &k);

		variants_refs(v, &x, 1);
		for (unsigned j = 0; j < SETTINGS; j++)
			feed_twin(v, j, &l[j].g, o, &x, &l1[j], &l2[j]);
	}
	assert_int_equal(variants_flush(v, &e), 0);
	for (unsigned i = 0; i < SETTINGS; i++) {
		compare(v, i, o, &l1[i], &l2[i]);
		lru_release(&l1[i]);
		lru_release(&l2[i]);
	}
	variants_destroy(v);
}

static void test_variants_equal_twins(void **state)
{
	static const struct variants_options odd[] = {
		{ .line = 128, .l1_sets = 16, .l1_ways = 4, .l2_sets = 64, .l2_ways = 16 },
		{ .line = 64, .l1_sets = 64, .l1_ways = 12, .l2_sets = 512, .l2_ways = 10 },
		{ .line = 32, .l1_sets = 8, .l1_ways = 1, .l2_sets = 0 },
		{ .line = 64, .l1_sets = 4, .l1_ways = 9, .l2_sets = 16, .l2_ways = 3 },
	};

	(void)state;
	check_variants(256, &zen, false);
	check_variants(256, &zen, true);
	check_variants(100, &zen, false);
	for (unsigned i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		check_variants(192, &odd[i], false);
		check_variants(72, &odd[i], true);
	}
}

/* Where things lie, by the layout's own numbers. */
static void test_addresses(void **state)
{
	static const char *const on[][2] = {
		{ "mgmt", "on" }, { "colour", "2" }, { "colour_slack", "object" }, { NULL, NULL }
	};
	static const char *const off[][2] = { { "mgmt", "off" }, { NULL, NULL } };
	const struct variants_layout l[] = { layout_of(256, on), layout_of(256, off) };
	const struct slab_geometry *g = &l[0].g;
	const uint64_t k = g->num + 2; /* the third object of the second slab, of colour 1 */
	struct variants_ref x = { .where = 0, .size = 8 };
	struct variants *v;
	uint64_t base, off_base;

	(void)state;
	assert_int_equal(variants_create(&v, &zen, l, 2, NULL), 0);
	assert_true(g->colour == 2 && !g->off_slab && l[1].g.off_slab);
	x.part = VARIANTS_HEADER;
	base = variants_address(v, 0, &x);
	off_base = variants_address(v, 1, &x);
	x.where = k;
	assert_int_equal(variants_address(v, 0, &x) - base, 4096 + g->colour_off);
	assert_int_equal(variants_address(v, 1, &x) - off_base,
			 k / l[1].g.num * kmalloc_size_for(l[1].g.slab_size, 64));
	x.part = VARIANTS_INDEX;
	assert_int_equal(variants_address(v, 0, &x) - base,
			 4096 + g->colour_off + g->header_bytes + 2 * g->index_bytes);
	x.part = VARIANTS_OBJECT;
	x.offset = 16;
	assert_int_equal(variants_address(v, 0, &x) - base,
			 4096 + g->colour_off + g->slab_size + 2 * g->size + 16);
	x.part = VARIANTS_RAW;
	assert_int_equal(variants_address(v, 1, &x), k);
	variants_destroy(v);
}

/* ---- what the model must find by itself ---- */

/* One object at the beginning of each page, so many colours of a line: a walk over 4096 of them. */
static struct variants_layout walk_layout(unsigned colours)
{
	struct variants_layout l = layout_of(64, NULL);

	l.g.off_slab = 1;
	l.g.num = 1;
	l.g.size = 64;
	l.g.obj_offset = 0;
	l.g.colour = colours;
	l.g.colour_off = 64;
	return l;
}

static unsigned used(const uint64_t *set, unsigned n)
{
	unsigned used_sets = 0;

	for (unsigned i = 0; i < n; i++)
		used_sets += set[i] != 0;
	return used_sets;
}

/*
 * 64 colours in turn move in step with the slabs' numbers, 32 pages being one round of the 2048 sets
 * of L2: only 64 of them are used and all misses; an odd number of colours uses all.
 */
static void test_walk(void **state)
{
	const struct variants_layout l[] = { walk_layout(64), walk_layout(61), walk_layout(63),
					     walk_layout(1) };
	struct variants_counts c[4];
	struct variants *v;

	(void)state;
	assert_int_equal(variants_create(&v, &zen, l, 4, NULL), 0);
	for (unsigned i = 0; i < 100 * 4096; i++) {
		const struct variants_ref x = { .where = i % 4096, .size = 8 };

		variants_refs(v, &x, 1);
	}
	assert_int_equal(variants_flush(v, NULL), 0);
	for (unsigned i = 0; i < 4; i++) {
		variants_counts(v, i, &c[i]);
		assert_int_equal(c[i].slabs, 4096);
		assert_int_equal(c[i].l1_misses[VARIANTS_OBJECT], 409600);
	}
	assert_int_equal(used(c[0].l2_access_set, 2048), 64);
	assert_int_equal(c[0].l2_misses[VARIANTS_OBJECT], 409600);
	for (unsigned i = 1; i < 3; i++) {
		assert_true(used(c[i].l2_access_set, 2048) > 1900);
		assert_int_equal(c[i].l2_misses[VARIANTS_OBJECT], 4096);
	}
	assert_int_equal(used(c[3].l2_access_set, 2048), 32);
	assert_int_equal(c[3].l2_misses[VARIANTS_OBJECT], 409600);
	variants_destroy(v);
}

/* A random order of alloc, use, free: an object, and its slab's header and free index. */
static void churn(struct variants *v, unsigned n)
{
	struct rng r;

	rng_seed(&r, 3);
	for (unsigned i = 0; i < n; i++) {
		const uint64_t k = rng_below(&r, 8192);
		const struct variants_ref x[] = {
			{ k, 0, 8, VARIANTS_HEADER, 0 },
			{ k, 0, 4, VARIANTS_INDEX, 0 },
			{ k, 16, 8, VARIANTS_HEADER, 1 },
			{ k, 0, 64, VARIANTS_OBJECT, 1 },
		};

		variants_refs(v, x, 4);
	}
	assert_int_equal(variants_flush(v, NULL), 0);
}

static uint64_t sum(const uint64_t *n, unsigned count)
{
	uint64_t s = 0;

	while (count--)
		s += n[count];
	return s;
}

/*
 * Headers of slabs without colour all begin in L1 set 0, and that set is hot. Colour for objects only
 * does not help it; headers that move along, and management off-slab, do.
 */
static void test_hot_header(void **state)
{
	static const char *const set[][5][2] = {
		{ { "mgmt", "on" }, { "colour", "0" }, { NULL, NULL } },
		{ { "mgmt", "on" },
		  { "colour_slack", "object" },
		  { "colour_header", "off" },
		  { NULL, NULL } },
		{ { "mgmt", "on" }, { "colour_slack", "object" }, { NULL, NULL } },
		{ { "mgmt", "off" }, { "colour", "0" }, { NULL, NULL } },
	};
	struct variants_layout l[4];
	struct variants_counts c;
	struct variants *v;
	double share[4];
	uint64_t header[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		l[i] = layout_of(704, set[i]);
	assert_int_equal(variants_create(&v, &zen, l, 4, NULL), 0);
	churn(v, 60000);
	for (unsigned i = 0; i < 4; i++) {
		variants_counts(v, i, &c);
		assert_int_equal(sum(c.l1_set, 64), sum(c.l1_misses, VARIANTS_PARTS));
		share[i] = (double)c.l1_set[0] / (double)sum(c.l1_set, 64);
		header[i] = c.l1_misses[VARIANTS_HEADER];
	}
	assert_true(share[0] > 0.25 && share[1] > 0.25);
	assert_true(share[2] < 0.1 && share[3] < 0.1);
	assert_true(header[2] < header[0] && header[3] < header[0]);
	variants_destroy(v);
}

static void test_variants_refuse(void **state)
{
	static const struct {
		struct variants_options o;
		const char *message;
	} bad[] = {
		{ { 48, 64, 8, 0, 0 }, "line: expected" },
		{ { 64, 48, 8, 0, 0 }, "sets: expected" },
		{ { 64, 64, 17, 0, 0 }, "ways: expected" },
		{ { 64, 64, 8, 2048, 0 }, "ways: expected" },
	};
	static const struct variants_ref wrong[] = {
		{ 0, 0, 0, VARIANTS_OBJECT, 0 },
		{ 0, 0, 8, VARIANTS_PARTS, 0 },
		{ UINT64_MAX, 0, 2, VARIANTS_RAW, 0 },
	};
	static const struct variants_ref far = { UINT64_C(1) << 33, 0, 8, VARIANTS_OBJECT, 0 };
	struct variants_layout l = layout_of(64, NULL);
	struct variants *v;
	struct err e;

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(variants_create(&v, &bad[i].o, &l, 1, &e), -EINVAL);
		assert_non_null(strstr(e.text, bad[i].message));
	}
	assert_int_equal(variants_create(&v, &zen, &l, 0, &e), -EINVAL);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(variants_create(&v, &zen, &l, 1, &e), 0);
		variants_refs(v, &wrong[i], 1);
		assert_int_equal(variants_flush(v, &e), -EINVAL);
		variants_destroy(v);
	}
	assert_int_equal(variants_create(&v, &zen, &l, 1, &e), 0);
	variants_refs(v, &far, 1);
	assert_int_equal(variants_flush(v, &e), -E2BIG);
	variants_destroy(v);
	l.g.num = 0;
	assert_int_equal(variants_create(&v, &zen, &l, 1, &e), -EINVAL);
	assert_non_null(strstr(e.text, "variant 0: a geometry without objects"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sweep_equals_twins),
		cmocka_unit_test(test_sweep_refuses),
		cmocka_unit_test(test_variants_equal_twins),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_hot_header),
		cmocka_unit_test(test_variants_refuse),
	};

	return cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
}
