/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Misuse is found and reported: red zones, poison, callers, alone and together, on both rules and wherever the
 * management lies. What is broken inside the engine is in test_engine_check.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/debug_help.h"

/* Exactly one report since the last call, and it says @what about @obj. */
static void reported(struct bench *b, const char *what, const void *obj)
{
	char address[32];

	if (b->reports != 1)
		fail_msg("%u reports instead of one that says '%s' (last: %s)", b->reports, what,
			 b->text);
	if (!strstr(b->text, what))
		fail_msg("expected '%s', got: %s", what, b->text);
	snprintf(address, sizeof(address), "object %p", obj);
	if (!strstr(b->text, "cache victim") || !strstr(b->text, address))
		fail_msg("cache or object is missing in: %s", b->text);
	b->reports = 0;
}

/* Slab, colour, and both callers where they are known. */
static void names_slab_and_callers(struct bench *b, const void *obj, const char *before)
{
	const struct slab *slab = pages_lookup(b->s->map, obj)->slab;
	char want[64];

	snprintf(want, sizeof(want), "slab at %p (colour %u", slab_page(slab, &b->g), slab->colour);
	if (!strstr(b->text, want))
		fail_msg("'%s' is missing in: %s", want, b->text);
	if (!strstr(b->text, "  now: 0x"))
		fail_msg("who does it now is missing in: %s", b->text);
	snprintf(want, sizeof(want), "  %s: %s", b->g.store_user ? before : "before",
		 b->g.store_user ? "0x" : "unknown");
	if (!strstr(b->text, want))
		fail_msg("'%s' is missing in: %s", want, b->text);
}

/* ---- each kind of misuse; 1: it was one that the toggles in force can see ---- */

static unsigned char *get(struct bench *b)
{
	unsigned char *p = kmem_cache_alloc(b->c, 0);

	assert_non_null(p);
	assert_int_equal(b->reports, 0);
	memset(p, 0x11, b->size);
	return p;
}

static void put(struct bench *b, void *p)
{
	kmem_cache_free(b->c, p);
	assert_int_equal(b->reports, 0);
}

static void double_free(struct bench *b)
{
	unsigned char *p = get(b), *q = get(b);

	put(b, p);
	kmem_cache_free(b->c, p);
	reported(b, "double free", p);
	names_slab_and_callers(b, p, "freed before by");
	bench_sound(b);
	put(b, q);
	kmem_cache_free(b->c, p); /* no longer the last one in the queue */
	reported(b, "double free", p);
	kmem_cache_shrink(b->c);
}

/* The object went back to its slab; there it may even hold the slab's index. */
static void double_free_in_slab(struct bench *b)
{
	void *p[600] = { NULL };
	unsigned n = b->g.num + 1 < 600 ? b->g.num + 1 : 600;

	for (unsigned i = 0; i < n; i++)
		p[i] = get(b);
	put(b, p[0]);
	kmem_cache_shrink(b->c); /* out of the queues */
	kmem_cache_free(b->c, p[0]);
	reported(b, "double free", p[0]);
	bench_sound(b);
	for (unsigned i = 1; i < n; i++)
		put(b, p[i]);
}

static void interior(struct bench *b)
{
	unsigned char *p = get(b);

	kmem_cache_free(b->c, p + 1);
	reported(b, "not an object's start", p);
	names_slab_and_callers(b, p, "allocated by");
	if (b->size > 9) {
		kmem_cache_free(b->c, p + 8);
		reported(b, "not an object's start", p);
	}
	bench_sound(b);
	put(b, p);
}

static void foreign(struct bench *b)
{
	void *other = kmem_kmalloc(b->s, 100, 0), *heap = malloc(64);

	assert_non_null(other);
	kmem_cache_free(b->c, other);
	reported(b, "foreign free", other);
	assert_non_null(strstr(b->text, "belongs to cache size-128"));
	kmem_cache_free(b->c, heap);
	reported(b, "foreign free", heap);
	assert_non_null(strstr(b->text, "not this allocator's"));
	kmem_cache_free(b->c, &other);
	reported(b, "foreign free", &other);
	bench_sound(b);
	kmem_kfree(b->s, other);
	assert_int_equal(b->reports, 0);
	free(heap);
}

/* One byte at @at of an object that is out; repaired, it can be freed. */
static void overflow(struct bench *b, long at, const char *what)
{
	unsigned char *p = get(b), was = p[at];

	p[at] ^= 0x40;
	kmem_cache_free(b->c, p);
	reported(b, what, p);
	names_slab_and_callers(b, p, "allocated by");
	p[at] = was;
	bench_sound(b);
	put(b, p);
}

/* @bits of byte @at of a free object are turned: found by check, and at the next alloc of it. */
static void written_after_free(struct bench *b, unsigned at, unsigned char bits)
{
	unsigned char *p = get(b), *q;
	struct err e = { "" };

	put(b, p);
	p[at] ^= bits;
	assert_int_equal(kmem_cache_check(b->c, &e), -EINVAL);
	assert_non_null(strstr(e.text, "written after free"));
	q = kmem_cache_alloc(b->c, 0);
	assert_ptr_equal(q, p); /* last in, first out */
	reported(b, "written after free", p);
	names_slab_and_callers(b, p, "freed before by");
	assert_int_equal(strstr(b->text, "a single bit") != NULL, __builtin_popcount(bits) == 1);
	put(b, q);
	bench_sound(b);
	/* and when its slab is destroyed */
	q = get(b);
	put(b, q);
	q[at] ^= bits;
	kmem_cache_shrink(b->c);
	reported(b, "written after free", q);
}

/* ---- all toggles, rules, managements ---- */

static void all_kinds(struct bench *b)
{
	double_free(b);
	double_free_in_slab(b);
	interior(b);
	foreign(b);
	if (b->g.red_zone) {
		overflow(b, -1, "red zone in front overwritten");
		overflow(b, -8, "red zone in front overwritten");
		overflow(b, (long)b->size, "red zone behind overwritten");
		overflow(b, (long)((b->size + 7) & ~7u), "red zone behind overwritten");
	}
	if (b->g.poison) {
		written_after_free(b, 0, 0x01);
		written_after_free(b, b->size - 1, 0x80);
		written_after_free(b, b->size / 2, 0xff);
	}
}

static void every_combination(void **state)
{
	static const struct {
		const char *profile;
		unsigned size, mgmt;
	} rows[] = {
		{ "kernel-2.6.22", 64, MGMT_AUTO },  { "kernel-2.6.22", 13, MGMT_ON },
		{ "kernel-2.6.22", 1000, MGMT_OFF }, { "kernel-6.1", 64, MGMT_AUTO },
		{ "kernel-6.1", 500, MGMT_AUTO },    { "kernel-6.1", 29, MGMT_ON },
		{ "kernel-6.1", 1000, MGMT_OFF },    { "kernel-6.1", 2000, MGMT_AUTO },
	};
	unsigned objfreelist = 0, off = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (unsigned toggles = 1; toggles < 8; toggles++) {
			struct slab_config cfg;
			struct bench b;

			slab_config_profile(&cfg, rows[i].profile, NULL);
			cfg.mgmt = rows[i].mgmt;
			cfg.red_zone = toggles & 1;
			cfg.poison = toggles >> 1 & 1;
			cfg.store_user = toggles >> 2 & 1;
			bench_begin(&b, &cfg, rows[i].size, 1 + i % 2);
			assert_int_equal(b.g.red_zone, cfg.red_zone);
			assert_int_equal(b.g.poison, cfg.poison);
			assert_int_equal(b.g.store_user, cfg.store_user);
			objfreelist += b.g.objfreelist;
			off += b.g.off_slab;
			all_kinds(&b);
			bench_end(&b);
		}
	assert_true(objfreelist && off);
}

/* Toggled on a live cache: what was grown under the toggles is checked until it is gone, the rest never. */
static void tuned_on_and_off(void **state)
{
	struct slab_config cfg, debug;
	unsigned char *p[200], *old, *guarded;
	unsigned n = 0;
	struct bench b;
	struct err e;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	bench_begin(&b, &cfg, 100, 2);
	old = get(&b);
	debug = cfg;
	debug.red_zone = debug.poison = debug.store_user = 1;
	assert_int_equal(kmem_cache_tune(b.c, &debug, &e), 0);
	while (n < 200) /* the old slab fills up, then there are new ones */
		p[n++] = get(&b);
	kmem_cache_geometry(b.c, &b.g);
	assert_true(b.c->core->geo[pages_lookup(b.s->map, p[199])->slab->geometry]->debug);
	assert_false(b.c->core->geo[pages_lookup(b.s->map, old)->slab->geometry]->debug);
	assert_int_equal(kmem_cache_tune(b.c, &cfg, &e), 0);
	guarded = p[--n];
	guarded[100] ^= 1;
	kmem_cache_free(b.c, guarded);
	reported(&b, "red zone behind overwritten", guarded);
	guarded[100] ^= 1;
	put(&b, guarded);
	kmem_cache_free(b.c, guarded);
	reported(&b, "double free", guarded);
	names_slab_and_callers(&b, guarded, "freed before by");
	put(&b, old);
	kmem_cache_free_bulk(b.c, n, (void **)p);
	assert_int_equal(b.reports, 0);
	bench_end(&b);
}

/* Bulk frees are checked one by one: the bad one is dropped, the others go back. */
static void bulk(void **state)
{
	struct slab_config cfg;
	struct bench b;
	void *p[30], *q[31];

	(void)state;
	slab_config_profile(&cfg, "kernel-6.1", NULL);
	cfg.red_zone = cfg.store_user = 1;
	bench_begin(&b, &cfg, 48, 1);
	assert_int_equal(kmem_cache_alloc_bulk(b.c, 0, 30, p), 30);
	memcpy(q, p, sizeof(p));
	q[30] = p[11];
	kmem_cache_free_bulk(b.c, 31, q);
	reported(&b, "double free", p[11]);
	bench_end(&b);
}

/* Without any debugging a foreign object is found when the queue that took it is emptied. */
static void foreign_without_debugging(void **state)
{
	struct slab_config cfg;
	struct bench b;
	void *other;

	(void)state;
	slab_config_profile(&cfg, "kernel-2.6.22", NULL);
	cfg.stats = STATS_FULL; /* every free is a call */
	bench_begin(&b, &cfg, 64, 1);
	other = kmem_kmalloc(b.s, 100, 0);
	kmem_cache_free(b.c, other);
	reported(&b, "foreign free", other);
	kmem_kfree(b.s, other);
	kmem_kfree(b.s, &b);
	assert_int_equal(b.reports, 1);
	assert_non_null(strstr(b.text, "foreign free"));
	bench_end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
		cmocka_unit_test(tuned_on_and_off),
		cmocka_unit_test(bulk),
		cmocka_unit_test(foreign_without_debugging),
	};

	return cmocka_run_group_tests_name("engine_debug", tests, NULL, NULL);
}
