/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map of slabs over time, told by the engine, and addresses that are looked up in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collectors/sample/join.h"
#include "lib/clock.h"

/* ---- the log ---- */

static struct slab_geometry geo4k = { .size = 256, .object_size = 256, .num = 16 };

static struct kmem_slab_view view(uintptr_t page, size_t bytes, uintptr_t mgmt)
{
	return (struct kmem_slab_view){
		.page = (void *)page,
		.s_mem = (void *)page,
		.mgmt = (void *)mgmt,
		.bytes = bytes,
		.geometry = &geo4k,
	};
}

static void life(struct slab_log *l, uintptr_t page, size_t bytes, uintptr_t mgmt, uint64_t born,
		 uint64_t died)
{
	struct kmem_slab_view v = view(page, bytes, 0);

	slab_log_tell(l, KMEM_WATCH_PAGES, NULL, &v, born);
	v.mgmt = (void *)mgmt;
	slab_log_tell(l, KMEM_WATCH_GROWN, NULL, &v, born + 1);
	if (died)
		slab_log_tell(l, KMEM_WATCH_FREED, NULL, &v, died);
}

#define US UINT64_C(1000) /* longer than SLAB_LOG_SLACK_NS, in units of US * US */
#define AT(t) ((t)*US * US)

/* Slabs of several sizes at the same places, one after the other; birth of what is found, 0: none. */
static const struct {
	uintptr_t addr;
	uint64_t t, born;
} finds[] = {
	{ 0x10000, 0, 0 },	     { 0x10000, 10, 10 }, { 0x10fff, 15, 10 }, { 0x10800, 19, 10 },
	{ 0x10800, 21, 0 },	     { 0x10800, 30, 30 }, { 0x13fff, 39, 30 }, { 0x14000, 35, 0 },
	{ 0x13fff, 15, 0 },	     { 0x10800, 45, 0 },  { 0x11800, 55, 50 }, { 0x10800, 55, 0 },
	{ 0x11800, UINT32_MAX, 50 }, { 0x12000, 55, 0 },  { 0x0ffff, 15, 0 },
};

static void test_log(void **state)
{
	struct slab_log *l;

	(void)state;
	assert_int_equal(slab_log_create(&l, 8), 0);
	life(l, 0x11000, 0x1000, 0x700100, AT(50), 0);
	life(l, 0x10000, 0x1000, 0x10000, AT(10), AT(20));
	life(l, 0x10000, 0x4000, 0x700100, AT(30), AT(40));
	assert_int_equal(slab_log_settle(l), 0);
	for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
		const struct slab_record *r = slab_log_find(l, finds[i].addr, AT(finds[i].t));

		if ((r ? r->born : 0) != AT(finds[i].born))
			fail_msg("0x%lx at %lu: %lu", (unsigned long)finds[i].addr,
				 (unsigned long)finds[i].t, (unsigned long)(r ? r->born : 0));
	}
	/* the clocks differ by a little: found all the same; by much: not */
	assert_non_null(slab_log_find(l, 0x10000, AT(10) - SLAB_LOG_SLACK_NS));
	assert_null(slab_log_find(l, 0x10000, AT(10) - SLAB_LOG_SLACK_NS - 1));
	assert_non_null(slab_log_find(l, 0x10000, AT(20) + SLAB_LOG_SLACK_NS - 1));
	assert_null(slab_log_find(l, 0x10000, AT(20) + SLAB_LOG_SLACK_NS));
	/* management outside, and who has it when */
	assert_int_equal(l->nr_mgmt, 2);
	assert_true(slab_log_find_mgmt(l, 0x700100, AT(35))->bytes == 0x4000);
	assert_true(slab_log_find_mgmt(l, 0x700100, AT(60))->bytes == 0x1000);
	assert_null(slab_log_find_mgmt(l, 0x700100, AT(45)));
	assert_null(slab_log_find_mgmt(l, 0x700101, AT(35)));
	assert_null(slab_log_find_mgmt(l, 0x10000, AT(15)));
	slab_log_destroy(l);
}

/* A full log says how many it left out, and goes on with what it has. */
static void test_log_full(void **state)
{
	struct kmem_slab_view v = view(0x20000, 0x1000, 0);
	struct slab_log *l;

	(void)state;
	assert_int_equal(slab_log_create(&l, 3), 0);
	slab_log_live(l, NULL, &v, 1);
	slab_log_live(l, NULL, &v, 2); /* known */
	assert_int_equal(l->nr, 1);
	for (uintptr_t i = 1; i <= 5; i++)
		life(l, 0x20000 + i * 0x1000, 0x1000, 0, AT(i), AT(100));
	assert_int_equal(l->nr, 3);
	assert_int_equal(l->lost, 3);
	slab_log_tell(l, KMEM_WATCH_FREED, NULL, &v, AT(7));
	assert_int_equal(slab_log_settle(l), 0);
	assert_non_null(slab_log_find(l, 0x20000, AT(6)));
	assert_null(slab_log_find(l, 0x20000, AT(8)));
	assert_non_null(slab_log_find(l, 0x22000, AT(3)));
	assert_null(slab_log_find(l, 0x23000, AT(4)));
	slab_log_destroy(l);
	slab_log_destroy(NULL);
}

/* ---- the engine tells ---- */

struct told {
	struct kmem_watch watch;
	struct slab_log *log;
	unsigned event[3];
};

static void hear(struct kmem_watch *w, enum kmem_watch_event event, struct kmem_cache *c,
		 const struct kmem_slab_view *v)
{
	struct told *t = (struct told *)w;

	t->event[event]++;
	slab_log_tell(t->log, event, c, v, clock_ns());
}

static struct kmem_system *make_system(void)
{
	struct kmem_system_config c = { .populate = 0 };
	struct kmem_system *s;
	struct err e;

	if (kmem_system_create(&s, &c, &e))
		fail_msg("%s", e.text);
	return s;
}

static const struct layout {
	const char *name, *profile;
	size_t size;
	const char *words[4];
} layouts[] = {
	{ "on-slab", "kernel-2.6.22", 200, { NULL } },
	{ "header at the start", "kernel-2.6.22", 200, { "colour_header=off", NULL } },
	{ "off-slab", "kernel-2.6.22", 1024, { "mgmt=off", NULL } },
	{ "large", "kernel-2.6.22", 5000, { NULL } },
	{ "red zones", "kernel-2.6.22", 96, { "red_zone=on", "store_user=on", NULL } },
	{ "padded", "kernel-2.6.22", 100, { "stride_pad=64", NULL } },
	{ "stack on-slab", "kernel-6.1", 120, { "mgmt=on", NULL } },
	{ "stack off-slab", "kernel-6.1", 1024, { "mgmt=off", NULL } },
	{ "index in an object", "kernel-6.1", 512, { NULL } },
};

static struct kmem_cache *make_cache(struct kmem_system *s, const struct layout *l,
				     struct slab_config *out)
{
	struct kmem_cache *c;
	struct err e;

	memset(out, 0, sizeof(*out));
	slab_config_profile(out, l->profile, NULL);
	for (int i = 0; i < 4 && l->words[i]; i++) {
		const char *eq = strchr(l->words[i], '=');
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)(eq - l->words[i]), l->words[i]);
		if (opt_parse(opt_find(slab_config_opts, name), out, eq + 1, &e))
			fail_msg("%s", e.text);
	}
	if (kmem_cache_create(s, "watched", l->size, out, NULL, &c, &e))
		fail_msg("%s", e.text);
	return c;
}

struct alive {
	const struct slab_log *log;
	unsigned n, unknown;
};

static void look_up(const struct kmem_slab_view *v, void *arg)
{
	struct alive *a = arg;
	const struct slab_record *r = slab_log_find(a->log, (uintptr_t)v->page, clock_ns());

	a->n++;
	if (!r || r->s_mem != (uintptr_t)v->s_mem ||
	    /* in an object it moves, and is nowhere while none is free */
	    (!v->geometry->objfreelist && r->mgmt != (uintptr_t)v->mgmt) || r->bytes != v->bytes ||
	    r->colour != v->colour || r->colouroff != v->colouroff || r->node != v->node ||
	    memcmp(&a->log->geometry[r->geometry], v->geometry, sizeof(*v->geometry)) != 0)
		a->unknown++;
}

static void look_up_cache(struct kmem_cache *c, void *arg)
{
	kmem_for_each_slab(c, look_up, arg);
}

#define NR_LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

#define OBJECTS 500

static void shrink(struct kmem_cache *c, void *arg)
{
	(void)arg;
	kmem_cache_shrink(c);
}

struct listing {
	struct slab_log *log;
	struct kmem_cache *cache;
};

static void list_slab(const struct kmem_slab_view *v, void *arg)
{
	struct listing *l = arg;

	slab_log_live(l->log, l->cache, v, 1);
}

static void list_cache(struct kmem_cache *c, void *arg)
{
	((struct listing *)arg)->cache = c;
	kmem_for_each_slab(c, list_slab, arg);
}

/* Settle, and compare with what lives now. */
static unsigned all_as_told(struct kmem_system *s, struct slab_log *log, const char *what)
{
	struct alive a = { .log = log };
	unsigned living = 0;

	assert_int_equal(slab_log_settle(log), 0);
	for (unsigned i = 0; i < log->nr; i++)
		living += log->rec[i].died == UINT64_MAX;
	kmem_for_each_cache(s, look_up_cache, &a);
	if (a.unknown || a.n != living)
		fail_msg("%s: %u slabs live, %u in the log, %u not as told", what, a.n, living,
			 a.unknown);
	return living;
}

static void test_watch(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_LAYOUTS; i++) {
		struct kmem_system *s = make_system();
		struct told t = { .watch = { .slab = hear } };
		struct slab_config cfg;
		struct listing l;
		struct kmem_cache *c;
		void *obj[OBJECTS];
		unsigned before;
		struct err e;

		assert_int_equal(slab_log_create(&t.log, 4096), 0);
		kmem_system_watch(s, &t.watch);
		c = make_cache(s, &layouts[i], &cfg);
		for (int k = 0; k < OBJECTS; k++)
			assert_non_null(obj[k] = kmem_cache_alloc(c, 0));
		kmem_system_watch(s, NULL);
		assert_int_equal(t.event[KMEM_WATCH_PAGES], t.event[KMEM_WATCH_GROWN]);
		before = all_as_told(s, t.log, layouts[i].name);
		assert_int_equal(before, t.event[KMEM_WATCH_GROWN]);
		slab_log_destroy(t.log);

		/* one that comes late, is told of what lives, and hears of the end */
		assert_int_equal(slab_log_create(&t.log, 4096), 0);
		memset(t.event, 0, sizeof(t.event));
		kmem_system_watch(s, &t.watch);
		l.log = t.log;
		kmem_for_each_cache(s, list_cache, &l);
		for (int k = 0; k < OBJECTS; k++)
			kmem_cache_free(c, obj[k]);
		kmem_for_each_cache(s, shrink, NULL);
		assert_true(t.event[KMEM_WATCH_FREED] > 0);
		assert_int_equal(all_as_told(s, t.log, layouts[i].name) + t.event[KMEM_WATCH_FREED],
				 before);
		kmem_system_watch(s, NULL);
		assert_int_equal(kmem_cache_destroy(c, &e), 0);
		assert_int_equal(kmem_system_destroy(s, &e), 0);
		slab_log_destroy(t.log);
	}
}

/* A slab that fails between its pages and its management is told to be gone. */
static void test_watch_failure(void **state)
{
	static const struct layout off = { "off-slab",
					   "kernel-2.6.22",
					   1024,
					   { "mgmt=off", "fail_point=mgmt", "fail=nth",
					     "fail_nth=3" } };
	struct kmem_system *s = make_system();
	struct told t = { .watch = { .slab = hear } };
	struct slab_config cfg;
	struct kmem_cache *c;
	void *obj[OBJECTS];
	unsigned failed = 0;
	struct err e;

	(void)state;
	assert_int_equal(slab_log_create(&t.log, 4096), 0);
	kmem_system_watch(s, &t.watch);
	c = make_cache(s, &off, &cfg);
	for (int k = 0; k < OBJECTS; k++) {
		obj[k] = kmem_cache_alloc(c, 0);
		failed += !obj[k];
	}
	assert_true(failed > 0 && failed < OBJECTS);
	kmem_system_watch(s, NULL);
	assert_int_equal(t.event[KMEM_WATCH_PAGES],
			 t.event[KMEM_WATCH_GROWN] + t.event[KMEM_WATCH_FREED]);
	all_as_told(s, t.log, off.name);
	for (int k = 0; k < OBJECTS; k++)
		kmem_cache_free(c, obj[k]);
	slab_log_destroy(t.log);
	assert_int_equal(kmem_cache_destroy(c, &e), 0);
	assert_int_equal(kmem_system_destroy(s, &e), 0);
}

struct crowd {
	struct kmem_cache *c;
	int stop;
};

static void *grow_and_shrink(void *arg)
{
	struct crowd *w = arg;
	void *obj[100];

	for (int round = 0; round < 60; round++) {
		for (int k = 0; k < 100; k++)
			obj[k] = kmem_cache_alloc(w->c, 0);
		for (int k = 0; k < 100; k++)
			kmem_cache_free(w->c, obj[k]);
		kmem_cache_shrink(w->c);
	}
	return NULL;
}

/* Watchers come and go while two threads grow and free: none is called after it was taken off. */
static void test_watch_threads(void **state)
{
	struct kmem_system *s = make_system();
	struct slab_config cfg;
	struct crowd w = { .c = make_cache(s, &layouts[3], &cfg) };
	pthread_t thread[2];
	struct err e;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, grow_and_shrink, &w), 0);
	for (int i = 0; i < 50; i++) {
		struct told t = { .watch = { .slab = hear } };

		assert_int_equal(slab_log_create(&t.log, 64), 0);
		kmem_system_watch(s, &t.watch);
		usleep(200);
		kmem_system_watch(s, NULL);
		assert_int_equal(slab_log_settle(t.log), 0);
		slab_log_destroy(t.log);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(kmem_cache_destroy(w.c, &e), 0);
	assert_int_equal(kmem_system_destroy(s, &e), 0);
}

/* ---- the join ---- */

struct addresses {
	const struct join_map *m;
	const char *name;
	unsigned slabs;
};

static void expect_part(const struct addresses *a, uintptr_t addr, enum sample_part want,
			const struct kmem_slab_view *v)
{
	const struct slab_record *r;
	enum sample_part got = join_part(a->m, addr, clock_ns(), &r);

	if (got != want)
		fail_msg("%s: %ld of the slab is %s, not %s", a->name,
			 (long)(addr - (uintptr_t)v->page), sample_part_names[got],
			 sample_part_names[want]);
}

/* Ends of all that a slab consists of. */
static void check_slab(const struct kmem_slab_view *v, void *arg)
{
	struct addresses *a = arg;
	const struct slab_geometry *g = v->geometry;
	uintptr_t s_mem = (uintptr_t)v->s_mem, mgmt = (uintptr_t)v->mgmt,
		  end = s_mem + (uintptr_t)g->num * g->size;
	size_t stop = g->obj_offset + g->object_size;

	a->slabs++;
	for (unsigned i = 0; i < g->num; i += g->num - 1) {
		uintptr_t o = s_mem + i * g->size;

		expect_part(a, o + g->obj_offset, PART_OBJECT, v);
		expect_part(a, o + stop - 1, PART_OBJECT, v);
		if (g->obj_offset)
			expect_part(a, o, PART_PADDING, v);
		if (g->size > stop)
			expect_part(a, o + g->size - 1, PART_PADDING, v);
		if (g->num == 1)
			break;
	}
	if (!g->objfreelist && g->header_bytes) {
		expect_part(a, mgmt, PART_HEADER, v);
		expect_part(a, mgmt + g->header_bytes - 1, PART_HEADER, v);
	}
	if (!g->objfreelist) {
		expect_part(a, mgmt + g->header_bytes, PART_INDEX, v);
		expect_part(a, mgmt + g->slab_size - 1, PART_INDEX, v);
	}
	if (v->colouroff && (g->off_slab || g->colour_header))
		expect_part(a, (uintptr_t)v->page, PART_SLACK, v);
	if (end < (uintptr_t)v->page + v->bytes && (g->off_slab || g->header_bytes))
		expect_part(a, end, PART_SLACK, v);
}

struct pieces {
	const struct join_map *m;
	unsigned n[5];
};

static void check_piece(enum kmem_part part, const void *addr, size_t bytes, void *arg)
{
	struct pieces *p = arg;
	enum sample_part want = part == KMEM_PART_HEAD || part == KMEM_PART_NODE ? PART_ENGINE :
										   PART_QUEUE;

	p->n[part]++;
	assert_int_equal(join_part(p->m, (uintptr_t)addr, clock_ns(), NULL), want);
	assert_int_equal(join_part(p->m, (uintptr_t)addr + bytes - 1, clock_ns(), NULL), want);
}

static void test_join(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_LAYOUTS; i++) {
		struct kmem_system *s = make_system();
		struct told t = { .watch = { .slab = hear } };
		struct slab_config cfg;
		struct join_map m;
		struct addresses a = { .m = &m, .name = layouts[i].name };
		struct pieces p = { .m = &m };
		const struct slab_record *r;
		struct kmem_cache *c;
		void *obj[OBJECTS];
		struct err e;

		assert_int_equal(slab_log_create(&t.log, 4096), 0);
		kmem_system_watch(s, &t.watch);
		c = make_cache(s, &layouts[i], &cfg);
		for (int k = 0; k < OBJECTS; k++)
			assert_non_null(obj[k] = kmem_cache_alloc(c, 0));
		kmem_system_watch(s, NULL);
		assert_int_equal(slab_log_settle(t.log), 0);
		assert_int_equal(join_map_init(&m, t.log, s, &c, 1, 64, 1), 0);
		kmem_for_each_slab(c, check_slab, &a);
		assert_true(a.slabs > 1);
		kmem_for_each_part(c, check_piece, &p);
		assert_true(p.n[KMEM_PART_HEAD] == 2 && p.n[KMEM_PART_NODE] >= 1);
		assert_true(p.n[KMEM_PART_ARRAY] >= 1);
		/* what is none of it */
		assert_int_equal(join_part(&m, (uintptr_t)&m, clock_ns(), NULL), PART_ELSEWHERE);
		assert_int_equal(join_part(&m, (uintptr_t)s, clock_ns(), NULL), PART_ENGINE);
		assert_int_equal(join_part(&m, (uintptr_t)obj[0], 1, &r), PART_UNKNOWN_SLAB);
		assert_null(r);
		join_map_release(&m);
		slab_log_destroy(t.log);
		for (int k = 0; k < OBJECTS; k++)
			kmem_cache_free(c, obj[k]);
		assert_int_equal(kmem_cache_destroy(c, &e), 0);
		assert_int_equal(kmem_system_destroy(s, &e), 0);
	}
}

/* What the hardware says of where data came from. */
#define LVL(l) ((uint64_t)(PERF_MEM_LVL_##l) << PERF_MEM_LVL_SHIFT)
#define NUM(l) ((uint64_t)(PERF_MEM_LVLNUM_##l) << PERF_MEM_LVLNUM_SHIFT)
#define REMOTE ((uint64_t)PERF_MEM_REMOTE_REMOTE << PERF_MEM_REMOTE_SHIFT)
static const struct {
	uint64_t data_src;
	enum sample_level level;
} sources[] = {
	{ LVL(HIT) | LVL(L1), LEVEL_L1 },
	{ LVL(HIT) | LVL(LFB), LEVEL_LFB },
	{ LVL(HIT) | LVL(L2), LEVEL_L2 },
	{ LVL(HIT) | LVL(L3), LEVEL_L3 },
	{ LVL(HIT) | LVL(LOC_RAM), LEVEL_LOCAL_DRAM },
	{ LVL(HIT) | LVL(REM_RAM1), LEVEL_REMOTE_DRAM },
	{ LVL(HIT) | LVL(REM_CCE2), LEVEL_REMOTE_CACHE },
	{ LVL(MISS) | LVL(L3), LEVEL_UNKNOWN },
	{ LVL(NA), LEVEL_UNKNOWN },
	{ NUM(L1), LEVEL_L1 },
	{ NUM(L3), LEVEL_L3 },
	{ NUM(L3) | REMOTE, LEVEL_REMOTE_CACHE },
	{ NUM(RAM), LEVEL_LOCAL_DRAM },
	{ NUM(RAM) | REMOTE, LEVEL_REMOTE_DRAM },
	{ LVL(NA) | NUM(NA), LEVEL_UNKNOWN },
	{ 0, LEVEL_UNKNOWN },
};

static void test_levels(void **state)
{
	struct join_map m;

	(void)state;
	assert_int_equal(join_map_init(&m, NULL, NULL, NULL, 0, 64, 1), 0);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct join_counts c = { 0 };
		struct sample s = { .data_src = sources[i].data_src };

		join_add(&m, &c, &s, PERF_SAMPLE_DATA_SRC);
		if (c.level[sources[i].level] != 1 || c.samples != 1 || c.part[PART_ELSEWHERE] != 1)
			fail_msg("source %zu: not %s", i, sample_level_names[sources[i].level]);
	}
	join_map_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log),	      cmocka_unit_test(test_log_full),
		cmocka_unit_test(test_watch),	      cmocka_unit_test(test_watch_failure),
		cmocka_unit_test(test_watch_threads), cmocka_unit_test(test_join),
		cmocka_unit_test(test_levels),
	};

	return cmocka_run_group_tests_name("sample_join", tests, NULL, NULL);
}
