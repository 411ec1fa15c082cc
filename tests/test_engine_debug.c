/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Misuse is found and reported: red zones, poison, callers, alone and together, on both rules and wherever the
 * management lies. And kmem_cache_check() finds what is broken inside the engine, broken here on purpose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/ops_impl.h"

#define TEXT 4096

struct bench {
	struct kmem_system *s;
	struct kmem_cache *c;
	struct slab_geometry g;
	unsigned size;
	unsigned reports;
	char text[TEXT]; /* of the last one */
};

static void note(void *arg, const char *text)
{
	struct bench *b = arg;

	b->reports++;
	snprintf(b->text, sizeof(b->text), "%s", text);
}

static void bench_begin(struct bench *b, const struct slab_config *cfg, unsigned size,
			unsigned nodes)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct kmem_system_config sc = { .machine = m,
					 .node_bytes = 64u << 20,
					 .max_slots = 4,
					 .report = note,
					 .report_arg = b };
	struct err e;

	memset(b, 0, sizeof(*b));
	assert_non_null(m);
	assert_int_equal(kmem_machine_synthetic(m, 4, nodes, &e), 0);
	m->page_size = 4096;
	m->cache_line = 64;
	if (kmem_system_create(&b->s, &sc, &e) ||
	    kmem_cache_create(b->s, "victim", size, cfg, NULL, &b->c, &e))
		fail_msg("%s", e.text);
	b->size = size;
	kmem_cache_geometry(b->c, &b->g);
	assert_int_equal(kmem_thread_bind(0), 0);
	free(m);
}

static void sound(struct bench *b)
{
	struct err e;

	if (kmem_system_check(b->s, &e))
		fail_msg("%s", e.text);
}

/* Nothing was lost to the misuse. */
static void bench_end(struct bench *b)
{
	struct err e;

	sound(b);
	if (kmem_cache_destroy(b->c, &e))
		fail_msg("%s", e.text);
	assert_int_equal(ops_pages_left(b->s), 0);
	assert_int_equal(meta_live(b->s->meta), ops_meta_expected(b->s));
	if (kmem_system_destroy(b->s, &e))
		fail_msg("%s", e.text);
}

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
	sound(b);
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
	sound(b);
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
	sound(b);
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
	sound(b);
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
	sound(b);
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
	sound(b);
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

/* ---- what kmem_cache_check() must find ---- */

/* Where a break goes: @len bytes at @at become @bytes. */
struct damage {
	void *at;
	size_t len;
	unsigned char bytes[8];
};

struct inside {
	struct bench *b;
	struct kmem_list3 *l3, *far; /* nodes 0 and 1 */
	struct slab *partial, *next_partial, *full, *empty;
	struct array_cache *ac, *shared, *alien;
	void *index; /* of partial */
};

static struct damage put_word(void *at, size_t len, uint64_t v)
{
	struct damage d = { .at = at, .len = len };

	memcpy(d.bytes, &v, len);
	return d;
}

#define BREAK(field, v) put_word(&(field), sizeof(field), (uint64_t)(v))
#define P(x) ((uintptr_t)(x))

static unsigned width(const struct inside *k)
{
	return k->b->g.index_bytes;
}

static struct damage index_damage(struct inside *k, unsigned i, unsigned v)
{
	return put_word((char *)k->index + (size_t)i * width(k), width(k), v);
}

/* The place in index[] that says which object is taken first. */
static unsigned first_free(const struct inside *k)
{
	return k->b->g.rules == RULES_6_1 ? k->partial->inuse : k->partial->free;
}

static unsigned twice(const struct inside *k)
{
	/* a stack names an object twice; a list comes back to where it was */
	return k->b->g.rules == RULES_6_1 ? index_get(k->index, width(k), k->partial->inuse + 1) :
					    k->partial->free;
}

static void *free_object(const struct inside *k)
{
	unsigned i = k->b->g.rules == RULES_6_1 ? index_get(k->index, width(k), k->partial->inuse) :
						  k->partial->free;

	return index_to_obj(k->partial, &k->b->g, i);
}

static struct damage pick_damage(struct inside *k, unsigned which, const char **name)
{
	const struct slab_geometry *g = &k->b->g;
	struct kmem_page *page = pages_lookup(k->b->s->map, slab_page(k->partial, g));
	struct kmem_cache *other = k->b->s->kmalloc[0];

#define CASE(n, text, expr)   \
	case n:               \
		*name = text; \
		return expr
	switch (which) {
		CASE(0, "index names an object twice", index_damage(k, first_free(k), twice(k)));
		CASE(1, "index names no object", index_damage(k, first_free(k), g->num));
		CASE(2, "inuse too high", BREAK(k->partial->inuse, k->partial->inuse + 1));
		CASE(3, "inuse of a partial slab 0", BREAK(k->partial->inuse, 0));
		CASE(4, "inuse of a full slab too low", BREAK(k->full->inuse, g->num - 1));
		CASE(5, "inuse of an empty slab 1", BREAK(k->empty->inuse, 1));
		CASE(6, "inuse beyond num", BREAK(k->partial->inuse, g->num + 5));
		CASE(7, "first slab's prev", BREAK(k->partial->list.prev, P(k->next_partial)));
		CASE(8, "second slab's prev",
		     BREAK(k->next_partial->list.prev, P(&k->l3->slabs_full)));
		CASE(9, "a list in a circle", BREAK(k->partial->list.next, P(&k->partial->list)));
		CASE(10, "a list cut short",
		     BREAK(k->partial->list.next, P(&k->l3->slabs_partial)));
		CASE(11, "page map says another cache", BREAK(page->cache, P(other)));
		CASE(12, "page map says no cache", BREAK(page->cache, 0));
		CASE(13, "page map says another slab", BREAK(page->slab, P(k->full)));
		CASE(14, "an object twice in a CPU's queue",
		     BREAK(k->ac->entry[0], P(k->ac->entry[1])));
		CASE(15, "an object in CPU's and shared queue",
		     BREAK(k->ac->entry[0], P(k->shared->entry[0])));
		CASE(16, "an object twice in the shared queue",
		     BREAK(k->shared->entry[1], P(k->shared->entry[0])));
		CASE(17, "an object twice in an alien queue",
		     BREAK(k->alien->entry[0], P(k->alien->entry[1])));
		CASE(18, "a free object in a queue", BREAK(k->ac->entry[0], P(free_object(k))));
		CASE(19, "a queue with the middle of an object",
		     BREAK(k->ac->entry[0], P(k->ac->entry[0]) + 8));
		CASE(20, "a queue with an address from elsewhere", BREAK(k->ac->entry[0], P(&k)));
		CASE(21, "a queue with NULL", BREAK(k->ac->entry[0], 0));
		CASE(22, "a queue with another node's object",
		     BREAK(k->ac->entry[0], P(k->alien->entry[0])));
		CASE(23, "an alien queue with a local object",
		     BREAK(k->alien->entry[0], P(k->ac->entry[0])));
		CASE(24, "a queue over its limit", BREAK(k->ac->limit, k->ac->avail - 1));
		CASE(25, "free_objects", BREAK(k->l3->free_objects, k->l3->free_objects + 1));
		CASE(26, "num_objs", BREAK(k->l3->num_objs, k->l3->num_objs - 1));
		CASE(27, "num_slabs", BREAK(k->l3->num_slabs, k->l3->num_slabs + 1));
		CASE(28, "num_full", BREAK(k->l3->num_full, k->l3->num_full + 1));
		CASE(29, "colour", BREAK(k->partial->colour, g->colour + 1));
		CASE(30, "colouroff", BREAK(k->partial->colouroff, k->partial->colouroff + 8));
		CASE(31, "s_mem", BREAK(k->partial->s_mem, P(k->partial->s_mem) + 8));
		CASE(32, "nodeid", BREAK(k->partial->nodeid, 1));
		CASE(33, "geometry without any", BREAK(k->partial->geometry, 77));
		CASE(34, "fewer slabs of a geometry",
		     BREAK(k->b->c->core->geo[k->partial->geometry]->nslabs, 1));
		CASE(35, "objects that are larger",
		     BREAK(k->b->c->core->geo[k->partial->geometry]->g.size, g->size + 8));
	}
#undef CASE
	*name = NULL;
	return (struct damage){ .at = NULL };
}

/* Slabs on every list, objects in every queue. */
static void fill(struct bench *b, struct inside *k, void **out, unsigned *left)
{
	unsigned num = b->g.num, n = 0;

	for (; n < 12 * num && n < 3000; n++)
		out[n] = kmem_cache_alloc_node(b->c, 0, n % 3 == 2);
	/* by page: every third stays full, every third becomes empty, every third half so; the last ones to be freed
	 * wait in the queues */
	for (unsigned turn = 2; turn; turn--)
		for (unsigned i = 0; i < n;) {
			uintptr_t at = (uintptr_t)out[i];

			if (at / 4096 % 3 == turn && (turn == 2 || at / 8 % 2)) {
				kmem_cache_free(b->c, out[i]);
				out[i] = out[--n];
			} else {
				i++;
			}
		}
	k->b = b;
	k->l3 = b->c->core->l3[0];
	k->far = b->c->core->l3[1];
	k->ac = *(b->c->core->slow_only ? &b->c->slot[0].home : &b->c->slot[0].ac);
	k->shared = k->l3->shared;
	k->alien = &atomic_load(&k->l3->alien[1])->ac;
	for (unsigned i = n; k->alien->avail < 2 && i-- > 0;)
		if (kmem_obj_node(b->s, out[i]) == 1) {
			kmem_cache_free(b->c, out[i]);
			out[i] = out[--n];
		}
	*left = n;
	assert_true(k->l3->slabs_partial.next->next != &k->l3->slabs_partial);
	k->partial = list_slab(k->l3->slabs_partial.next);
	k->next_partial = list_slab(k->l3->slabs_partial.next->next);
	assert_false(list_empty(&k->l3->slabs_full) || list_empty(&k->l3->slabs_free));
	k->full = list_slab(k->l3->slabs_full.next);
	k->empty = list_slab(k->l3->slabs_free.next);
	k->index = slab_index_base(k->partial, &b->g);
	assert_true(k->partial->inuse && k->partial->inuse + 2 <= num);
	assert_true(k->ac->avail >= 2 && k->shared->avail >= 2 && k->alien->avail >= 2);
}

static void check_finds(const char *profile, unsigned debug)
{
	struct slab_config cfg;
	void *out[3000];
	struct inside k;
	struct bench b;
	unsigned left, found = 0;
	const char *name;

	slab_config_profile(&cfg, profile, NULL);
	cfg.red_zone = debug;
	cfg.mgmt = MGMT_ON;
	cfg.limit = 8;
	cfg.batchcount = 4;
	cfg.shared = 2;
	cfg.free_limit = 1000;
	bench_begin(&b, &cfg, 200, 2);
	memset(&k, 0, sizeof(k));
	fill(&b, &k, out, &left);
	sound(&b);
	for (unsigned i = 0;; i++) {
		struct damage d = pick_damage(&k, i, &name);
		unsigned char was[8];
		struct err e = { "" };
		int r;

		if (!name)
			break;
		memcpy(was, d.at, d.len);
		memcpy(d.at, d.bytes, d.len);
		r = kmem_cache_check(b.c, &e);
		memcpy(d.at, was, d.len);
		if (r != -EINVAL || !e.text[0])
			fail_msg("%s: check did not find: %s", profile, name);
		found++;
		sound(&b);
	}
	assert_int_equal(found, 36);
	for (unsigned i = 0; i < left; i++)
		kmem_cache_free(b.c, out[i]);
	assert_int_equal(b.reports, 0);
	bench_end(&b);
}

static void check_finds_damage(void **state)
{
	(void)state;
	check_finds("kernel-2.6.22", 0);
	check_finds("kernel-6.1", 0);
	check_finds("kernel-2.6.22", 1);
	check_finds("kernel-6.1", 1);
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
		cmocka_unit_test(check_finds_damage),
	};

	return cmocka_run_group_tests_name("engine_debug", tests, NULL, NULL);
}
