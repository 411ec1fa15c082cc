/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Failure at every single allocation point: a scripted load is run once to count the points that it passes, and
 * then once per point, with that one failing. Whatever fails costs at most one operation, nothing is lost and
 * nothing is overwritten; and the accounts add up. Then the injection toggles of a cache.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/host.h"
#include "tests/ops_impl.h"

#define CPUS 4
#define OBJECTS 400

/* ---- the scripted load ---- */

struct variant {
	const char *name, *profile;
	unsigned nodes;
	size_t size[3];
	const char *set[3][4][2]; /* toggles of each cache: {name, value} */
	const char *tune[3][2];	  /* what tune changes, in all of them */
};

static const struct variant variants[] = {
	{ "on-slab, 2.6.22, one node",
	  "kernel-2.6.22",
	  1,
	  { 64, 200, 24 },
	  { { { "mgmt", "on" } } },
	  { { "limit", "8" }, { "batchcount", "4" } } },
	{ "off-slab, 2.6.22, two nodes",
	  "kernel-2.6.22",
	  2,
	  { 64, 1000, 3000 },
	  { { { "mgmt", "off" } },
	    { { "mgmt", "off" }, { "shared", "2" } },
	    { { "alien", "off" } } },
	  { { "order", "2" }, { "stride_pad", "64" } } },
	{ "6.1, two nodes",
	  "kernel-6.1",
	  2,
	  { 48, 700, 2048 },
	  { { { "limit", "4" }, { "batchcount", "2" } },
	    { { "mgmt", "off" } },
	    { { "colour", "off" } } },
	  { { "colour_slack", "object" }, { "free_limit", "0" } } },
	{ "placements, three nodes",
	  "kernel-2.6.22",
	  3,
	  { 128, 512, 96 },
	  { { { "placement", "bind" }, { "place_node", "1" } },
	    { { "placement", "interleave-page" } },
	    { { "placement", "weighted" }, { "place_weights", "0:2:1" } } },
	  { { "placement", "farthest" }, { "stats", "full" } } },
	{ "debugging, two nodes",
	  "kernel-6.1",
	  2,
	  { 40, 800, 320 },
	  { { { "red_zone", "on" }, { "poison", "on" }, { "store_user", "on" } },
	    { { "poison", "on" } },
	    { { "red_zone", "on" } } },
	  { { "poison", "on" }, { "limit", "3" }, { "batchcount", "3" } } },
	{ "debugging, 2.6.22, off-slab",
	  "kernel-2.6.22",
	  2,
	  { 40, 1500, 700 },
	  { { { "red_zone", "on" }, { "store_user", "on" } },
	    { { "mgmt", "off" }, { "poison", "on" } },
	    { { "rcu", "on" } } },
	  { { "mgmt", "off" }, { "red_zone", "on" } } },
};

struct load {
	struct kmem_system *s;
	struct kmem_cache *c[3];
	struct {
		unsigned char *p;
		unsigned cache, size, mark;
	} obj[OBJECTS];
	unsigned n, failures, made, serial;
	const struct variant *v;
};

static void misuse(void *arg, const char *text)
{
	(void)arg;
	fputs(text, stderr);
	abort();
}

static void set_toggle(struct slab_config *c, const char *const *pair)
{
	struct err e;

	if (pair[0] && opt_parse(opt_find(slab_config_opts, pair[0]), c, pair[1], &e))
		fail_msg("%s", e.text);
}

static void take(struct load *l, unsigned cache, unsigned size, void *p)
{
	if (!p) {
		l->failures++;
		return;
	}
	assert_true(l->n < OBJECTS);
	l->obj[l->n].p = p;
	l->obj[l->n].cache = cache;
	l->obj[l->n].size = size;
	l->obj[l->n].mark = ++l->serial & 255;
	memset(p, (int)l->obj[l->n].mark, size);
	l->n++;
}

static void give(struct load *l, unsigned i)
{
	unsigned char *p = l->obj[i].p;

	for (unsigned k = 0; k < l->obj[i].size; k++)
		assert_int_equal(p[k], l->obj[i].mark);
	if (l->obj[i].cache == 3)
		kmem_kfree(l->s, p);
	else
		kmem_cache_free(l->c[l->obj[i].cache], p);
	l->obj[i] = l->obj[--l->n];
}

static void on_cpu(int cpu)
{
	assert_int_equal(kmem_thread_bind(cpu), 0);
}

static void check(struct load *l)
{
	struct kmem_cache_info i;
	struct err e;

	if (kmem_system_check(l->s, &e))
		fail_msg("%s", e.text);
	assert_int_equal(meta_live(l->s->meta), ops_meta_expected(l->s));
	assert_true(ops_accounts_still(l->s));
	for (unsigned c = 0; c < 3; c++) {
		uint64_t live = 0;

		if (!l->c[c])
			continue;
		kmem_cache_get_info(l->c[c], &i);
		for (unsigned k = 0; k < l->n; k++)
			live += l->obj[k].cache == c;
		assert_int_equal(i.active_objs - i.queued, live);
		assert_int_equal(i.list_allocs - i.list_frees, i.active_objs);
		assert_int_equal(i.grown - i.reaped, i.num_slabs);
		assert_int_equal(i.bytes_held, i.bytes_asked + i.bytes_free_objs +
						       i.bytes_rounding + i.bytes_stride_pad +
						       i.bytes_mgmt + i.bytes_colour +
						       i.bytes_tail);
	}
}

static void load_create(struct load *l)
{
	for (unsigned i = 0; i < 3; i++) {
		struct slab_config c;
		struct err e = { "" };
		char name[16];
		int r;

		slab_config_profile(&c, l->v->profile, NULL);
		for (unsigned k = 0; k < 4; k++)
			set_toggle(&c, l->v->set[i][k]);
		snprintf(name, sizeof(name), "cache-%u", i);
		l->c[i] = NULL;
		r = kmem_cache_create(l->s, name, l->v->size[i], &c, NULL, &l->c[i], &e);
		if (r) {
			assert_int_equal(r, -ENOMEM);
			assert_true(e.text[0]);
			assert_null(l->c[i]);
			l->failures++;
		}
		l->made += !r;
	}
}

static void load_alloc(struct load *l)
{
	for (unsigned i = 0; i < 60; i++) {
		unsigned c = i % 3, size = (unsigned)l->v->size[c];

		on_cpu((int)(i / 8 % CPUS));
		if (!l->c[c])
			continue;
		if (i % 7 == 3)
			take(l, c, size,
			     kmem_cache_alloc_node(l->c[c], i & 8 ? KMEM_THISNODE : 0,
						   (int)(i % l->v->nodes)));
		else
			take(l, c, size,
			     i % 5 ? kmem_cache_alloc(l->c[c], 0) : kmem_cache_zalloc(l->c[c]));
	}
	for (unsigned size = 20; size < 6000; size *= 3)
		take(l, 3, size, kmem_kmalloc(l->s, size, 0));
}

static void load_bulk(struct load *l)
{
	void *p[20];

	on_cpu(1);
	for (unsigned c = 0; c < 3; c++) {
		size_t n = l->c[c] ? kmem_cache_alloc_bulk(l->c[c], c & 1 ? KMEM_ZERO : 0, 20, p) :
				     0;

		l->failures += l->c[c] && !n;
		for (size_t i = 0; i < n; i++)
			take(l, c, (unsigned)l->v->size[c], p[i]);
	}
}

static void load_free(struct load *l, unsigned keep)
{
	for (unsigned i = 0; l->n > keep; i++) {
		on_cpu((int)(i / 3 % CPUS));
		give(l, i * 7 % l->n);
	}
}

static void load_tune(struct load *l)
{
	for (unsigned i = 0; i < 3; i++) {
		struct slab_config c, before, now;
		struct err e = { "" };
		int r;

		if (!l->c[i])
			continue;
		kmem_cache_config(l->c[i], &before);
		c = before;
		for (unsigned k = 0; k < 3; k++)
			set_toggle(&c, l->v->tune[k]);
		r = kmem_cache_tune(l->c[i], &c, &e);
		kmem_cache_config(l->c[i], &now);
		if (r && r != -ENOMEM)
			fail_msg("%s", e.text);
		assert_memory_equal(&now, r ? &before : &c, sizeof(now));
		l->failures += r != 0;
	}
}

static void load_end(struct load *l)
{
	struct err e;

	load_free(l, 0);
	check(l);
	for (unsigned i = 0; i < 3; i++) {
		if (kmem_cache_destroy(l->c[i], &e))
			fail_msg("%s", e.text);
		l->c[i] = NULL;
	}
	assert_int_equal(ops_pages_left(l->s), 0);
	check(l);
	if (kmem_system_destroy(l->s, &e))
		fail_msg("%s", e.text);
}

/* Runs it with passage @at failing; returns how many passages there were (0: the system could not be made). */
static uint64_t run(const struct variant *v, uint64_t at, unsigned *failures, unsigned *made)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct load *l = calloc(1, sizeof(*l));
	struct kmem_system_config sc = { .machine = m,
					 .node_bytes = 64u << 20,
					 .max_slots = CPUS,
					 .report = misuse,
					 .fail_at = at };
	struct err e = { "" };
	uint64_t seen = 0;
	int r;

	assert_non_null(m);
	assert_non_null(l);
	assert_int_equal(kmem_machine_synthetic(m, CPUS, v->nodes, &e), 0);
	m->page_size = 4096;
	l->v = v;
	r = kmem_system_create(&l->s, &sc, &e);
	if (r) {
		assert_int_equal(r, -ENOMEM);
		assert_true(e.text[0]);
		*failures = 1;
	} else {
		load_create(l);
		load_alloc(l);
		check(l);
		load_free(l, 40);
		load_tune(l);
		load_alloc(l);
		for (unsigned i = 0; i < 2 * CPUS; i++)
			kmem_reap(l->s, i % CPUS, i * 3000);
		load_bulk(l);
		check(l);
		load_free(l, 60);
		for (unsigned i = 0; i < 3; i++)
			if (l->c[i])
				kmem_cache_shrink(l->c[i]);
		load_alloc(l);
		*failures = l->failures;
		*made = l->made;
		seen = kmem_system_fail_at(l->s, 0);
		load_end(l);
	}
	free(l);
	free(m);
	return seen;
}

/* Bytes that this process has mapped, without heap and stacks: the engine's memory is none of them. */
static uint64_t mapped(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	uint64_t sum = 0, from, to;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strchr(line, '[') ||
		    sscanf(line, "%lx-%lx", (unsigned long *)&from, (unsigned long *)&to) != 2)
			continue;
		sum += to - from;
	}
	fclose(f);
	return sum;
}

static void every_point(const struct variant *v)
{
	const char *fewer = getenv("SLABSCOPE_TEST_SHORT");
	int sanitized = strcmp(host_build_sanitizer(), "none") != 0;
	unsigned step =
		!strcmp(host_build_sanitizer(), "thread") || (fewer && !strcmp(fewer, "1")) ? 7 : 1;
	uint64_t points, before = 0, no_system = 0, costly = 0;
	unsigned failures, made;

	points = run(v, UINT64_MAX, &failures, &made);
	assert_int_equal(failures, 0);
	assert_int_equal(made, 3);
	assert_true(points > 200);
	/* one thread: a thread sanitizer has little to see here and takes its time */
	for (uint64_t k = 1; k <= points; k += step) {
		uint64_t seen = run(v, k, &failures, &made);

		no_system += !seen;
		costly += failures;
		if (failures > 1)
			fail_msg("%s: point %llu: one failure failed %u operations", v->name,
				 (unsigned long long)k, failures);
		if (seen && seen < k)
			fail_msg("%s: point %llu was not reached", v->name, (unsigned long long)k);
		if (k == 8) /* by then everything that stays is there */
			before = mapped();
	}
	/* a sanitizer maps memory of its own as it likes */
	if (!sanitized)
		assert_int_equal(mapped(), before);
	printf("%-30s %llu points, %llu of them while the system is made; %llu cost an operation\n",
	       v->name, (unsigned long long)points, (unsigned long long)no_system,
	       (unsigned long long)costly);
	assert_true(no_system > 10 && costly > no_system);
}

static void every_single_point(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		every_point(&variants[i]);
}

/* ---- the toggles of one cache ---- */

static struct kmem_system *plain_system(unsigned nodes)
{
	struct kmem_machine *m = malloc(sizeof(*m));
	struct kmem_system_config sc = {
		.machine = m, .node_bytes = 64u << 20, .max_slots = CPUS, .report = misuse
	};
	struct kmem_system *s;
	struct err e;

	assert_non_null(m);
	assert_int_equal(kmem_machine_synthetic(m, CPUS, nodes, &e), 0);
	m->page_size = 4096;
	if (kmem_system_create(&s, &sc, &e))
		fail_msg("%s", e.text);
	free(m);
	on_cpu(0);
	return s;
}

#define TRIES 600

/* Allocates TRIES objects of @size; @failed[i] = 1 where NULL came. Returns how many did. */
static unsigned try_many(const struct slab_config *c, size_t size, uint8_t *failed)
{
	struct kmem_system *s = plain_system(1);
	struct kmem_cache *cache;
	void *p[TRIES];
	unsigned n = 0;
	struct err e;

	if (kmem_cache_create(s, "tries", size, c, NULL, &cache, &e))
		fail_msg("%s", e.text);
	for (unsigned i = 0; i < TRIES; i++) {
		p[i] = kmem_cache_alloc(cache, 0);
		failed[i] = !p[i];
		n += failed[i];
	}
	for (unsigned i = 0; i < TRIES; i++)
		kmem_cache_free(cache, p[i]);
	if (kmem_system_check(s, &e) || kmem_cache_destroy(cache, &e))
		fail_msg("%s", e.text);
	assert_int_equal(ops_pages_left(s), 0);
	if (kmem_system_destroy(s, &e))
		fail_msg("%s", e.text);
	return n;
}

static void toggles(void **state)
{
	static const struct {
		const char *fail, *point, *nth, *prob, *times, *mgmt;
		unsigned least, most; /* NULLs of TRIES allocations */
	} rows[] = {
		{ "off", "any", "1", "1", "0", "auto", 0, 0 },
		{ "nth", "object", "1", "0", "0", "auto", TRIES, TRIES },
		{ "nth", "object", "3", "0", "0", "auto", TRIES / 3, TRIES / 3 },
		{ "nth", "object", "3", "0", "7", "auto", 7, 7 },
		{ "prob", "object", "1", "0.25", "0", "auto", TRIES / 6, TRIES / 3 },
		{ "prob", "object", "1", "0.25", "9", "auto", 9, 9 },
		{ "prob", "object", "1", "0", "0", "auto", 0, 0 },
		{ "prob", "object", "1", "1", "0", "auto", TRIES, TRIES },
		{ "nth", "pages", "1", "0", "0", "auto", TRIES, TRIES },
		{ "nth", "pages", "1", "0", "4", "auto", 4, 4 },
		{ "nth", "pages", "2", "0", "0", "auto", 1, TRIES - 1 },
		{ "nth", "mgmt", "1", "0", "0", "off", TRIES, TRIES },
		{ "nth", "mgmt", "1", "0", "3", "off", 3, 3 },
		{ "nth", "mgmt", "1", "0", "0", "on", 0, 0 },
		{ "nth", "array", "1", "0", "0", "auto", 0, 0 }, /* goes on without an array */
		{ "nth", "any", "1", "0", "5", "auto", 5, 5 },
	};
	uint8_t first[TRIES], again[TRIES];

	(void)state;
	for (unsigned i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const set[][2] = {
			{ "fail", rows[i / 2].fail },	     { "fail_point", rows[i / 2].point },
			{ "fail_nth", rows[i / 2].nth },     { "fail_prob", rows[i / 2].prob },
			{ "fail_times", rows[i / 2].times }, { "mgmt", rows[i / 2].mgmt },
		};
		struct slab_config c;
		unsigned n;

		slab_config_profile(&c, i & 1 ? "kernel-6.1" : "kernel-2.6.22", NULL);
		for (unsigned k = 0; k < 6; k++)
			set_toggle(&c, set[k]);
		n = try_many(&c, 300, first);
		if (n < rows[i / 2].least || n > rows[i / 2].most)
			fail_msg("row %u: %u failures, expected %u to %u", i / 2, n,
				 rows[i / 2].least, rows[i / 2].most);
		assert_int_equal(try_many(&c, 300, again), n); /* the same ones */
		assert_memory_equal(first, again, sizeof(first));
		c.seed = 12345;
		try_many(&c, 300, again);
		if (c.fail == FAIL_PROB && n && n < TRIES)
			assert_memory_not_equal(first, again, sizeof(first));
		else
			assert_memory_equal(first, again, sizeof(first));
	}
}

/* Queues that tune cannot get leave everything as it was. */
static void tune_without_arrays(void **state)
{
	struct kmem_system *s = plain_system(2);
	struct slab_config c, now;
	struct kmem_cache *cache;
	struct err e = { "" };
	void *p;

	(void)state;
	slab_config_profile(&c, "kernel-2.6.22", NULL);
	c.fail = FAIL_NTH;
	c.fail_point = FAIL_ARRAY;
	c.fail_nth = 1;
	assert_int_equal(kmem_cache_create(s, "arrays", 64, &c, NULL, &cache, &e), 0);
	p = kmem_cache_alloc(cache, 0);
	assert_non_null(p);
	c.limit = 10;
	c.batchcount = 5;
	assert_int_equal(kmem_cache_tune(cache, &c, &e), -ENOMEM);
	assert_non_null(strstr(e.text, "arrays"));
	kmem_cache_config(cache, &now);
	assert_int_equal(now.limit, KMEM_AUTO);
	kmem_cache_free(cache, p);
	assert_int_equal(meta_live(s->meta), ops_meta_expected(s));
	assert_int_equal(kmem_system_check(s, &e), 0);
	assert_int_equal(kmem_cache_destroy(cache, &e), 0);
	assert_int_equal(kmem_system_destroy(s, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_single_point),
		cmocka_unit_test(toggles),
		cmocka_unit_test(tune_without_arrays),
	};

	return cmocka_run_group_tests_name("engine_inject", tests, NULL, NULL);
}
