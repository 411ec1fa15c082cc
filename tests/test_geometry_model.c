/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The geometry against a second model that is written to be obvious and knows no closed form: it
 * counts objects up one by one, walks modes and orders as the kernel does, and looks for a general
 * cache by storing each of them. Then invariants under random toggles, and a real listing of a SLAB
 * kernel 6.1 (SLABSCOPE_DATA_DIR).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/geometry.h"
#include "lib/rng.h"
#include "lib/slablist.h"

/* ---- the naive model: x86-64, no toggles ---- */

struct question {
	unsigned raw, align, hwcache, reclaim, ctor, rcu, six, page, line, break_order, cpus;
};

struct answer {
	unsigned size, num, order, mgmt, left, colour, colour_off, off, objfreelist, limit,
		batchcount, shared;
};

static unsigned long up(unsigned long v, unsigned long to)
{
	while (v % to)
		v++;
	return v;
}

static unsigned naive_align(unsigned line, unsigned raw)
{
	unsigned a = line;

	while (raw <= a / 2)
		a /= 2;
	return a < 8 ? 8 : a;
}

/* What the general cache that holds @bytes takes of each slab per object. */
static unsigned long naive_stored(unsigned long bytes, unsigned line)
{
	static const unsigned raws[] = { 32, 64, 96, 128, 192 };
	unsigned long raw = 256;
	size_t i;

	for (i = 0; i < 5; i++)
		if (bytes <= raws[i])
			return up(raws[i], naive_align(line, raws[i]));
	while (raw < bytes)
		raw *= 2;
	return raw;
}

/* Most objects in @S bytes when @header and @index bytes each, rounded to @to, lie there as well. */
static unsigned long naive_num(unsigned long S, unsigned long size, unsigned long header,
			       unsigned long index, unsigned long to)
{
	unsigned long low = 0, high = S / size + 1, mid;

	/* used bytes grow with the count: halve instead of counting millions */
	while (high - low > 1) {
		mid = (low + high) / 2;
		if (mid * size + (header + mid * index + to - 1) / to * to <= S)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static int enough(const struct question *q, unsigned order, unsigned long left)
{
	return q->reclaim || order >= q->break_order || left * 8 <= (unsigned long)q->page << order;
}

static int naive_2_6_22(const struct question *q, struct answer *a, unsigned long align)
{
	unsigned long words = up(q->raw, 8), num, left, mgmt;
	int off = words * 8 >= q->page, found = 0;
	unsigned order;

	for (order = 0; order <= 10; order++) {
		unsigned long S = (unsigned long)q->page << order;

		num = naive_num(S, a->size, off ? 0 : 48, off ? 0 : 4, align);
		if (!num)
			continue;
		if (off && 48 + 4 * num > a->size)
			break;
		left = S - num * a->size - (off ? 0 : (48 + 4 * num + align - 1) / align * align);
		a->num = (unsigned)num;
		a->order = order;
		a->left = (unsigned)left;
		found = 1;
		if (enough(q, order, left))
			break;
	}
	if (!found)
		return 0;
	mgmt = (48 + 4 * (unsigned long)a->num + align - 1) / align * align;
	if (off && a->left >= mgmt) {
		off = 0;
		a->left -= (unsigned)mgmt;
	}
	a->off = (unsigned)off;
	a->mgmt = off ? 48 + 4 * a->num : (unsigned)mgmt;
	return 1;
}

/* mode 1: in an object; 2: off-slab; 3: at the end */
static int naive_mode(const struct question *q, struct answer *a, unsigned index, int mode)
{
	unsigned order, most = index == 1 ? 255 : 65535;
	int found = 0;

	for (order = 0; order <= 10; order++) {
		unsigned long S = (unsigned long)q->page << order;
		unsigned long num = naive_num(S, a->size, 0, mode == 3 ? index : 0, 1);

		if (!num)
			continue;
		if (num > most)
			break;
		if (mode == 2 && 2 * naive_stored(num * index, q->line) > q->raw / 2 * 2)
			continue;
		a->num = (unsigned)num;
		a->order = order;
		a->left = (unsigned)(S - num * (a->size + (mode == 3 ? index : 0)));
		found = 1;
		if (enough(q, order, a->left))
			break;
	}
	a->mgmt = a->num * index;
	return found;
}

static int naive_6_1(const struct question *q, struct answer *a, unsigned index)
{
	if (!q->ctor && !q->rcu && naive_mode(q, a, index, 1) && a->mgmt <= q->raw) {
		a->objfreelist = 1;
		return 1;
	}
	if (naive_mode(q, a, index, 2) && a->left < a->mgmt) {
		a->off = 1;
		return 1;
	}
	return naive_mode(q, a, index, 3);
}

static int naive(const struct question *q, struct answer *a)
{
	unsigned align = 8, index = q->page <= 4096 ? 1 : 2;
	int found;

	memset(a, 0, sizeof(*a));
	if (q->hwcache)
		align = naive_align(q->line, q->raw);
	if (q->align > align)
		align = q->align;
	a->size = (unsigned)up(up(q->raw, 8), align);
	if (q->six && index == 1 && a->size < 16)
		a->size = (unsigned)up(16, align);
	found = q->six ? naive_6_1(q, a, index) : naive_2_6_22(q, a, align);
	if (!found)
		return 0;
	a->colour_off = q->line > align ? q->line : align;
	a->colour = a->left / a->colour_off;
	a->limit = a->size > 131072  ? 1 :
		   a->size > q->page ? 8 :
		   a->size > 1024    ? 24 :
		   a->size > 256     ? 54 :
				       120;
	a->batchcount = (a->limit + 1) / 2;
	a->shared = a->size <= q->page && q->cpus > 1 ? 8 : 0;
	return 1;
}

static void pose(const struct question *q, struct slab_geometry_in *in, struct slab_config *c)
{
	slab_geometry_in_init(in, q->raw);
	in->ctor = q->ctor;
	in->cpus = q->cpus;
	in->page_size = q->page;
	in->cache_line = q->line;
	c->align = q->align;
	c->hwcache_align = q->hwcache;
	c->reclaim = q->reclaim;
	c->rcu = q->rcu;
	c->rules = q->six ? RULES_6_1 : RULES_2_6_22;
	c->break_order = q->break_order;
}

/* Both models on one question; fails with all of it. */
static void compare(const struct question *q, struct slab_config *c)
{
	struct slab_geometry_in in;
	struct slab_geometry g;
	struct answer a, b;
	struct err e = { "" };
	int naive_ok = naive(q, &a), ret;

	pose(q, &in, c);
	ret = slab_geometry(&in, c, &g, &e);
	if (!ret && naive_ok) {
		b = (struct answer){ g.size,	    g.num,    g.gfporder,   g.slab_size,
				     g.left_over,   g.colour, g.colour_off, g.off_slab,
				     g.objfreelist, g.limit,  g.batchcount, g.shared };
		if (!memcmp(&a, &b, sizeof(a)) && !slab_geometry_check(&g, &e))
			return;
	}
	if (ret && !naive_ok)
		return;
	fail_msg(
		"raw %u align %u hwcache %u reclaim %u ctor %u rcu %u rules %s page %u line %u break %u: naive %d size "
		"%u num %u order %u mgmt %u left %u off %u objfreelist %u; geometry %d size %u num %u order %u mgmt %u "
		"left %u off %u objfreelist %u %s",
		q->raw, q->align, q->hwcache, q->reclaim, q->ctor, q->rcu,
		q->six ? "6.1" : "2.6.22", q->page, q->line, q->break_order, naive_ok, a.size,
		a.num, a.order, a.mgmt, a.left, a.off, a.objfreelist, ret, g.size, g.num,
		g.gfporder, g.slab_size, g.left_over, g.off_slab, g.objfreelist, e.text);
}

static void defaults(struct slab_config *c)
{
	struct err e;

	assert_int_equal(slab_config_profile(c, "kernel-2.6.22", &e), 0);
}

/* Every size up to two pages, with every combination of flags, under both rules. */
static void test_small_sizes_exhaustively(void **state)
{
	struct slab_config c;
	unsigned flags, raw;

	(void)state;
	defaults(&c);
	for (flags = 0; flags < 32; flags++)
		for (raw = 1; raw <= 8192; raw++) {
			const struct question q = { raw,
						    0,
						    flags & 1,
						    flags >> 1 & 1,
						    flags >> 2 & 1,
						    flags >> 3 & 1,
						    flags >> 4,
						    4096,
						    64,
						    1,
						    4 };

			compare(&q, &c);
		}
}

static unsigned random_size(struct rng *r)
{
	switch (rng_below(r, 4)) {
	case 0:
		return 1 + (unsigned)rng_below(r, 512);
	case 1:
		return 1 + (unsigned)rng_below(r, 20000);
	case 2: /* around powers of two */
		return (1u << (3 + rng_below(r, 19))) + (unsigned)rng_below(r, 9) - 4;
	}
	return 1 + (unsigned)rng_below(r, KMALLOC_MAX_SIZE);
}

static void random_question(struct rng *r, struct question *q)
{
	static const unsigned pages[] = { 4096, 4096, 16384, 65536 };

	*q = (struct question){
		.raw = random_size(r),
		.align = rng_below(r, 2) ? 0 : 1u << rng_below(r, 17),
		.hwcache = (unsigned)rng_below(r, 2),
		.reclaim = (unsigned)rng_below(r, 2),
		.ctor = (unsigned)rng_below(r, 2),
		.rcu = (unsigned)rng_below(r, 2),
		.six = (unsigned)rng_below(r, 2),
		.page = pages[rng_below(r, 4)],
		.line = 16u << rng_below(r, 5),
		.break_order = (unsigned)rng_below(r, 11),
		.cpus = 1 + (unsigned)rng_below(r, 3),
	};
}

static void test_random_questions(void **state)
{
	struct slab_config c;
	struct question q;
	struct rng r;
	unsigned i;

	(void)state;
	defaults(&c);
	rng_seed(&r, 20622);
	for (i = 0; i < 200000; i++) {
		random_question(&r, &q);
		compare(&q, &c);
	}
}

/* ---- random toggles ---- */

static unsigned pick(struct rng *r, unsigned most)
{
	return (unsigned)rng_below(r, most + 1);
}

static void random_toggles(struct rng *r, struct slab_geometry_in *in, struct slab_config *c)
{
	unsigned i;

	in->word = pick(r, 3) ? 8 : 4;
	in->no_off_slab = !pick(r, 7);
	in->kmalloc_self = !pick(r, 7);
	c->rules = pick(r, 5);
	c->order = pick(r, 2) ? KMEM_AUTO : pick(r, KMALLOC_MAX_ORDER);
	c->mgmt = pick(r, 2);
	c->index = pick(r, 1) ? INDEX_AUTO : pick(r, 4);
	c->min_objects = pick(r, 2) ? 0 : pick(r, 300);
	c->stride_pad = pick(r, 2) ? 0 : pick(r, 300);
	c->colour = pick(r, 1) ? KMEM_AUTO : pick(r, 100);
	c->colour_off = pick(r, 1) ? KMEM_AUTO : 8u << pick(r, 6);
	c->colour_slack = pick(r, 2);
	c->colour_header = pick(r, 1);
	c->limit = pick(r, 1) ? KMEM_AUTO : 1 + pick(r, 300);
	c->batchcount = pick(r, 1) ? KMEM_AUTO : 1 + pick(r, 300);
	i = pick(r, 7);
	c->red_zone = i & 1;
	c->poison = i >> 1 & 1;
	c->store_user = i >> 2;
}

/* What a toggle asks for is what comes out, whatever the others say. */
static const char *toggles_kept(const struct slab_geometry_in *in, const struct slab_config *c,
				const struct slab_geometry *g)
{
	static const unsigned index_bytes[] = { 0, 1, 2, 4, 0 };

	if (c->order != KMEM_AUTO && c->colour_slack != SLACK_ORDER && g->gfporder != c->order)
		return "order";
	if (c->mgmt == MGMT_ON && (g->off_slab || g->objfreelist))
		return "mgmt=on";
	if (c->mgmt == MGMT_OFF && !g->off_slab)
		return "mgmt=off";
	if (g->off_slab && in->no_off_slab)
		return "no_off_slab";
	if (g->off_slab && in->kmalloc_self &&
	    kmalloc_size_for(g->slab_size, in->cache_line) >= in->object_size)
		return "kmalloc_self";
	if (c->index != INDEX_AUTO && g->index_bytes != index_bytes[c->index])
		return "index";
	if (c->index == INDEX_BITS && c->order == KMEM_AUTO && c->mgmt == MGMT_ON &&
	    c->colour_slack == SLACK_NONE && g->gfporder < c->break_order &&
	    g->num < c->min_objects)
		return "min_objects";
	if (c->colour != KMEM_AUTO && g->colour > c->colour)
		return "colour";
	if (c->colour_off != KMEM_AUTO && g->colour_off != c->colour_off)
		return "colour_off";
	if (c->colour_slack == SLACK_NONE && (g->slack_objects || g->slack_orders))
		return "colour_slack";
	if (g->object_size != in->object_size || g->size < in->object_size + c->stride_pad)
		return "size";
	if (g->align < c->align)
		return "align";
	if (c->limit != KMEM_AUTO && g->limit != c->limit)
		return "limit";
	return NULL;
}

/* Slack acts only where colours are missing, and then does what it says. */
static const char *slack_kept(const struct slab_geometry_in *in, struct slab_config c,
			      const struct slab_geometry *g)
{
	unsigned wanted = c.colour == KMEM_AUTO ? 2 : c.colour, slack = c.colour_slack;
	struct slab_geometry plain;

	c.colour_slack = SLACK_NONE;
	if (slab_geometry(in, &c, &plain, NULL))
		return "refused without slack";
	if (plain.left_over / plain.colour_off >= wanted)
		return memcmp(&plain, g, sizeof(plain)) ? "slack where there was enough" : NULL;
	if (slack == SLACK_OBJECT) {
		unsigned give = plain.num - g->num;

		if (give != g->slack_objects || g->gfporder != plain.gfporder)
			return "slack_objects";
		if (c.colour == KMEM_AUTO)
			return give != (plain.num > 1) ? "not one object" : NULL;
		return g->left_over / g->colour_off < wanted && g->num > 1 ? "stopped early" : NULL;
	}
	if (slack == SLACK_ORDER && g->slack_orders)
		return g->left_over / g->colour_off < wanted ? "order raised for nothing" : NULL;
	return memcmp(&plain, g, sizeof(plain)) ? "changed without slack" : NULL;
}

static void test_random_toggles(void **state)
{
	struct slab_geometry_in in;
	struct slab_config c;
	struct slab_geometry g;
	struct question q;
	struct err e = { "" };
	struct rng r;
	unsigned i, refused = 0;

	(void)state;
	rng_seed(&r, 61);
	for (i = 0; i < 200000; i++) {
		const char *broken;

		random_question(&r, &q);
		defaults(&c);
		pose(&q, &in, &c);
		random_toggles(&r, &in, &c);
		e.text[0] = '\0';
		if (slab_geometry(&in, &c, &g, &e)) {
			if (!e.text[0])
				fail_msg("case %u: refused without a reason", i);
			refused++;
			continue;
		}
		if (slab_geometry_check(&g, &e))
			fail_msg("case %u: %s", i, e.text);
		broken = toggles_kept(&in, &c, &g);
		if (!broken)
			broken = slack_kept(&in, c, &g);
		if (broken)
			fail_msg("case %u (object_size %u): %s", i, in.object_size, broken);
	}
	/* refusals are part of it, and must not be most of it */
	assert_true(refused > 1000 && refused < 100000);
}

/* ---- a real listing ---- */

static int explains(const struct slablist_row *row, unsigned raw, unsigned flags,
		    struct slab_config *c)
{
	const struct question q = {
		raw, 0, flags & 1, flags >> 1 & 1, flags >> 2 & 1, flags >> 3 & 1, 1, 4096, 64, 1, 1
	};
	struct slab_geometry_in in;
	struct slab_geometry g;

	pose(&q, &in, c);
	return !slab_geometry(&in, c, &g, NULL) && g.size == row->objsize &&
	       g.num == row->objperslab && 1u << g.gfporder == row->pagesperslab &&
	       g.limit == row->limit && g.batchcount == row->batchcount && g.shared == row->shared;
}

static int explained(const struct slablist_row *row, struct slab_config *c)
{
	unsigned lowest = row->objsize > 64 ? row->objsize - 64 : 1, raw, flags;

	for (raw = row->objsize; raw >= lowest; raw--)
		for (flags = 0; flags < 16; flags++)
			if (explains(row, raw, flags, c))
				return 1;
	return 0;
}

/* Each cache of a running 6.1 SLAB kernel (x86-64, one CPU) has inputs that give its row. */
static void test_listing_of_6_1(void **state)
{
	const char *dir = getenv("SLABSCOPE_DATA_DIR");
	struct slablist l;
	struct slab_config c;
	struct err e = { "" };
	char path[4096];
	int ret;
	size_t i;

	(void)state;
	if (!dir || !*dir) {
		print_message(
			"skipped: SLABSCOPE_DATA_DIR (with slabinfo/slab-6.1-x86_64-1cpu.txt) is not set\n");
		skip();
	}
	snprintf(path, sizeof(path), "%s/slabinfo/slab-6.1-x86_64-1cpu.txt", dir);
	ret = slablist_read(path, &l, &e);
	if (ret == -ENOENT) {
		print_message("skipped: there is no %s\n", path);
		skip();
	}
	if (ret)
		fail_msg("%s", e.text);
	defaults(&c);
	for (i = 0; i < l.n; i++)
		if (!explained(&l.row[i], &c))
			fail_msg("%s: objsize %u, %u per %u pages", l.row[i].name, l.row[i].objsize,
				 l.row[i].objperslab, l.row[i].pagesperslab);
	print_message("%zu caches explained\n", l.n);
	assert_true(l.n > 50);
	slablist_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_sizes_exhaustively),
		cmocka_unit_test(test_random_questions),
		cmocka_unit_test(test_random_toggles),
		cmocka_unit_test(test_listing_of_6_1),
	};

	return cmocka_run_group_tests_name("geometry_model", tests, NULL, NULL);
}
