/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample collector on real page faults of real caches. With pages that are touched first in the
 * region, all of it is known beforehand: as many samples as faults, one for each page of each slab,
 * each at the address that the engine touches first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collectors/sample/join.h"
#include "tests/region_help.h"

extern const struct collector collector_sample;

#define OBJECTS 6000

struct job {
	struct kmem_cache *cache;
	size_t size;
	unsigned workers;
	void **obj[REGION_WORKERS];
};

/* Practice gets two objects, so that arrays and code are there; the region gets all the others. */
static void grow(struct region *r, unsigned worker, int practice)
{
	struct job *j = r->arg;
	unsigned from = practice ? 0 : 2, to = practice ? 2 : OBJECTS;

	for (unsigned i = from; i < to; i++) {
		char *p = kmem_cache_alloc(j->cache, 0);

		j->obj[worker][i] = p;
		if (p)
			for (size_t k = 0; k < j->size; k += 8)
				*(volatile uint64_t *)(p + k) = i;
	}
}

static const struct real {
	const char *name;
	size_t size;
	unsigned workers;
	const char *config[4], *sample[4];
	int off_slab; /* headers and indices lie in a general cache's slabs */
} reals[] = {
	{ "small", 256, 1, { NULL }, { NULL }, 0 },
	{ "two workers", 256, 2, { NULL }, { NULL }, 0 },
	{ "one colour", 256, 1, { "colour=1" }, { NULL }, 0 },
	{ "colours by cpu", 200, 2, { "colour_scope=cpu" }, { NULL }, 0 },
	{ "off-slab", 1024, 1, { "mgmt=off" }, { NULL }, 1 },
	{ "order 3", 512, 1, { "order=3", "mgmt=on" }, { NULL }, 0 },
};

struct slabs {
	uint64_t colour[JOIN_COLOURS], pages, slabs;
	size_t page;
};

static void count_slab(const struct kmem_slab_view *v, void *arg)
{
	struct slabs *s = arg;

	s->slabs++;
	s->pages += v->bytes / s->page;
	if (v->colour < JOIN_COLOURS)
		s->colour[v->colour] += v->bytes / s->page;
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

static struct kmem_cache *make_cache(struct kmem_system *s, const struct real *row,
				     struct slab_config *out)
{
	struct kmem_cache *c;
	struct err e;

	memset(out, 0, sizeof(*out));
	slab_config_profile(out, "kernel-2.6.22", NULL);
	for (int i = 0; i < 4 && row->config[i]; i++) {
		const char *eq = strchr(row->config[i], '=');
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)(eq - row->config[i]), row->config[i]);
		if (opt_parse(opt_find(slab_config_opts, name), out, eq + 1, &e))
			fail_msg("%s", e.text);
	}
	if (kmem_cache_create(s, "real", row->size, out, NULL, &c, &e))
		fail_msg("%s", e.text);
	return c;
}

struct scene {
	struct region r;
	struct job job;
	struct kmem_system *system;
	struct slab_config config;
	struct seam_cache seam;
};

static void scene_run(struct scene *s, const struct real *row)
{
	memset(s, 0, sizeof(*s));
	s->system = make_system();
	s->job = (struct job){ .cache = make_cache(s->system, row, &s->config),
			       .size = row->size,
			       .workers = row->workers };
	for (unsigned i = 0; i < row->workers; i++) {
		s->job.obj[i] = calloc(OBJECTS, sizeof(void *));
		assert_non_null(s->job.obj[i]);
		memset(s->job.obj[i], 1, OBJECTS * sizeof(void *)); /* no faults of ours */
	}
	s->seam = (struct seam_cache){ .ops = allocator_find("slab"),
				       .slab = s->job.cache,
				       .size = row->size };
	s->r.collector = &collector_sample;
	s->r.workers = row->workers;
	s->r.work = grow;
	s->r.arg = &s->job;
	s->r.env = (struct wl_env){ .ops = s->seam.ops,
				    .system = s->system,
				    .machine = kmem_system_machine(s->system),
				    .config = &s->config,
				    .cache = &s->seam,
				    .nr_caches = 1 };
	s->r.ctx.params = region_params(&collector_sample, row->sample);
	region_run(&s->r);
}

static void scene_end(struct scene *s)
{
	struct err e = { "" };

	for (unsigned i = 0; i < s->job.workers; i++) {
		for (unsigned k = 0; k < OBJECTS; k++)
			kmem_cache_free(s->job.cache, s->job.obj[i][k]);
		free(s->job.obj[i]);
	}
	free((void *)(uintptr_t)s->r.ctx.params);
	if (kmem_cache_destroy(s->job.cache, &e) || kmem_system_destroy(s->system, &e))
		fail_msg("%s", e.text);
}

static double metric(const struct scene *s, const char *fmt, int n)
{
	char name[96];

	snprintf(name, sizeof(name), fmt, n);
	return region_get(&s->r, name);
}

/* Samples of all values whose name begins so. */
static double sum(const struct scene *s, const char *prefix)
{
	double t = 0;

	for (unsigned i = 0; i < s->r.nr_values; i++)
		if (!strncmp(s->r.value[i].metric, prefix, strlen(prefix)))
			t += s->r.value[i].v.value;
	return t;
}

static int no_events(const struct scene *s)
{
	const struct value *v = region_find(&s->r, "sample.page_faults.samples");

	assert_non_null(v);
	if (v->state != VALUE_UNAVAILABLE)
		return 0;
	print_message("skipped: %s\n", v->note);
	return 1;
}

#define P "sample.page_faults."

/* @n, counted by the collector, is all faults of the region. */
static void expect_faults(const struct scene *s, double n, const char *name)
{
	double faults = 0;

	for (unsigned i = 0; i < s->r.workers; i++)
		faults += (double)s->r.faults[i];
	if (n < faults || n > faults + REGION_SHADOW * s->r.workers)
		fail_msg("%s: %.0f of %.0f faults", name, n, faults);
}

static void check(const struct scene *s, const struct real *row)
{
	struct slabs n = { .page = kmem_system_machine(s->system)->page_size };
	double samples = metric(s, P "samples", 0), parts = 0, in_slabs, practice;
	unsigned colours;

	kmem_for_each_slab(s->job.cache, count_slab, &n);
	/* as many samples as faults, and each of them is something */
	expect_faults(s, samples, row->name);
	assert_true(metric(s, P "counted", 0) == samples);
	assert_true(metric(s, P "lost", 0) == 0);
	for (int i = 0; i < PART_NR; i++) {
		char name[64];

		snprintf(name, sizeof(name), P "%s", sample_part_names[i]);
		parts += metric(s, name, 0);
	}
	assert_true(parts == samples);
	assert_true(sum(s, P "share_") > 1 - 1e-9 && sum(s, P "share_") < 1 + 1e-9);
	assert_true(metric(s, P "unknown_slab", 0) == 0);
	/* a fault per page of our slabs, but for those that practice has had: the first of each worker */
	in_slabs = sum(s, P "colour_");
	practice = (double)n.pages - in_slabs;
	if (in_slabs <= 0 || practice < 0 ||
	    practice > (double)row->workers * 16 * (double)n.pages / (double)n.slabs)
		fail_msg("%s: %.0f faults in %.0f pages of slabs", row->name, in_slabs,
			 (double)n.pages);
	assert_true(sum(s, P "slab_line_") == in_slabs);
	assert_true(sum(s, P "object_line_") == metric(s, P "object", 0));
	assert_true(sum(s, P "field_") == metric(s, P "object", 0));
	/* a slab's first write is its header's: one fault for each; outside, they share pages */
	assert_true(metric(s, P "header", 0) > 0);
	if (!row->off_slab)
		assert_true(metric(s, P "header", 0) >=
			    in_slabs / (double)(n.pages / n.slabs) - 16);
	/* colours as the engine gave them */
	for (colours = 0; colours < JOIN_COLOURS; colours++) {
		char name[64];

		snprintf(name, sizeof(name), P "colour_%u", colours);
		if (!region_find(&s->r, name))
			break;
		assert_true(metric(s, P "colour_%d", (int)colours) <= (double)n.colour[colours]);
		practice -= (double)n.colour[colours] - metric(s, P "colour_%d", (int)colours);
	}
	assert_true(practice == 0);
}

static void test_first_touch(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
		struct scene s;

		scene_run(&s, &reals[i]);
		if (no_events(&s)) {
			scene_end(&s);
			skip();
		}
		check(&s, &reals[i]);
		assert_true(s.r.nr_values <= 200);
		scene_end(&s);
	}
}

/* A ring that is too small: what was kept is kept, the rest is counted, and the state says so. */
static void test_full_ring(void **state)
{
	static const struct real row = { "full", 2048, 1, { NULL }, { "sample_ring=4096" }, 0 };
	const struct value *v;
	struct scene s;
	double kept, lost;

	(void)state;
	scene_run(&s, &row);
	if (no_events(&s)) {
		scene_end(&s);
		skip();
	}
	v = region_find(&s.r, P "samples");
	kept = v->value;
	lost = metric(&s, P "lost", 0);
	assert_true(kept > 0 && lost > 0);
	expect_faults(&s, kept + lost, row.name);
	assert_true(metric(&s, P "counted", 0) == kept + lost);
	assert_int_equal(v->state, VALUE_SCALED);
	assert_true(v->share == kept / (kept + lost));
	assert_non_null(strstr(v->note, "sample_ring"));
	v = region_find(&s.r, P "header");
	assert_int_equal(v->state, VALUE_SCALED);
	scene_end(&s);
}

/* A log that is too small: samples stay exact, and some slabs are not known. */
static void test_full_log(void **state)
{
	static const struct real row = {
		"full log", 2048, 1, { NULL }, { "sample_slabs=40", "sample_ring=4m" }, 0
	};
	struct scene s;

	(void)state;
	scene_run(&s, &row);
	if (no_events(&s)) {
		scene_end(&s);
		skip();
	}
	expect_faults(&s, metric(&s, P "counted", 0), row.name);
	assert_true(metric(&s, P "slabs", 0) == 40);
	assert_true(metric(&s, P "unknown_slab", 0) > 0);
	assert_non_null(strstr(region_find(&s.r, P "unknown_slab")->note, "sample_slabs"));
	scene_end(&s);
}

static void touch(struct region *r, unsigned worker, int practice)
{
	char *area = r->arg;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)worker;
	for (size_t i = practice ? 0 : 1; i < (practice ? 1 : 500); i++)
		*(volatile char *)(area + i * page) = 1;
}

/* An allocator without slabs: samples, and no word about what they are of. */
static void test_peer(void **state)
{
	const char *const words[] = { "sample_event=minor-faults", NULL };
	size_t bytes = 500 * (size_t)sysconf(_SC_PAGESIZE);
	char *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct region r = { .collector = &collector_sample, .workers = 1, .work = touch };
	const struct value *v;
	struct err e;
	struct kmem_machine *m = malloc(sizeof(*m));

	(void)state;
	assert_true(area != MAP_FAILED && m);
	madvise(area, bytes, MADV_NOHUGEPAGE);
	assert_int_equal(kmem_machine_native(m, &e), 0);
	r.arg = area;
	r.env = (struct wl_env){ .ops = allocator_find("malloc"), .machine = m };
	r.ctx.params = region_params(&collector_sample, words);
	region_run(&r);
	munmap(area, bytes);
	free((void *)(uintptr_t)r.ctx.params);
	free(m);
	v = region_find(&r, "sample.minor_faults.samples");
	assert_non_null(v);
	if (v->state == VALUE_UNAVAILABLE) {
		print_message("skipped: %s\n", v->note);
		skip();
	}
	assert_true(v->value >= (double)r.faults[0] && v->value >= 499);
	assert_true(v->value <= (double)r.faults[0] + REGION_SHADOW);
	v = region_find(&r, "sample.minor_faults.object");
	assert_int_equal(v->state, VALUE_UNAVAILABLE);
	assert_non_null(strstr(v->note, "allocator=slab"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_touch),
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_full_log),
		cmocka_unit_test(test_peer),
	};

	return cmocka_run_group_tests_name("sample_real", tests, NULL, NULL);
}
