/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workloads from the inside: on each allocator that is here, and on a mock that counts their calls. What they find
 * when an allocator misbehaves is in test_workloads_damage.c, which objects hot-header takes in test_hot_header.c.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/workloads_help.h"

/* 1: ran; 0: the allocator is not here, or says that it cannot carry this workload. */
static int run_case(const char *workload, const char *options, const struct allocator_ops *ops,
		    unsigned workers)
{
	struct rig r;
	int err;

	rig_init(&r, workload, options, ops, workers, 7);
	err = rig_setup(&r);
	if (!ops->is_slab && (err == -ENOSYS || err == -ENOTSUP)) {
		print_message("skipped: %s on %s: %s\n", workload, ops->name, r.e.text);
		rig_release(&r);
		return 0;
	}
	if (err)
		fail_msg("%s %s on %s: %s", workload, options, ops->name, r.e.text);
	if (rig_steps(&r, 333) != WL_DONE)
		fail_msg("%s %s on %s: %s", workload, options, ops->name, r.env.worker[0].err.text);
	for (unsigned i = 0; i < workers; i++)
		assert_int_equal(r.env.worker[i].ops, 333);
	if (r.wl->verify(&r.env, &r.e))
		fail_msg("%s %s on %s: %s", workload, options, ops->name, r.e.text);
	if (ops->is_slab)
		for (unsigned i = 0; i < r.env.nr_caches; i++)
			assert_int_equal(kmem_cache_check(r.env.cache[i].slab, &r.e), 0);
	rig_release(&r);
	return 1;
}

static void test_every_allocator(void **state)
{
	(void)state;
	for (const struct allocator_ops *const *a = allocators; *a; a++) {
		unsigned ran = 0;

		if ((*a)->aliases)
			continue; /* does not keep what is written to it: test_null_allocator */
		for (size_t i = 0; i < nr_wl_cases; i++)
			for (unsigned workers = 1; workers <= 3; workers += 2)
				ran += (unsigned)run_case(wl_cases[i].workload, wl_cases[i].options,
							  *a, workers);
		if ((*a)->is_slab || !strcmp((*a)->name, "malloc"))
			assert_int_equal(ran, nr_wl_cases * 2);
	}
}

/* Calls that were made == what cost() says, to the unit where rounds are over. */
static void test_cost(void **state)
{
	(void)state;
	for (size_t i = 0; i < nr_wl_cases; i++) {
		struct mock m = { .nr = 0 };
		struct wl_cost cost;
		uint64_t allocs, frees;
		struct rig r;

		mock_now = &m;
		rig_init(&r, wl_cases[i].workload, wl_cases[i].options, &mock_ops, 2, 11);
		assert_int_equal(rig_setup(&r), 0);
		allocs = m.allocs;
		frees = m.frees;
		assert_int_equal(rig_steps(&r, 500), WL_DONE);
		r.wl->cost(&r.env, &cost);
		wl_case_expect(&wl_cases[i], m.allocs - allocs, cost.allocs, 500, 2);
		wl_case_expect(&wl_cases[i], m.frees - frees, cost.frees, 500, 2);
		assert_non_null(cost.unit);
		assert_int_equal(r.wl->verify(&r.env, &r.e), 0);
		rig_release(&r);
		mock_done(&m);
	}
}

/* The same seed frees the same objects in the same order; another seed does not. */
static void test_seed(void **state)
{
	static const uint64_t seeds[] = { 1, 1, 2 };
	static const char *const rows[][2] = { { "churn", "n=40" },
					       { "remote", "n=40" },
					       { "mstress", "n=40" } };

	(void)state;
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		uint64_t order[3];

		for (int i = 0; i < 3; i++) {
			struct mock m = { .nr = 0 };
			struct rig r;

			mock_now = &m;
			rig_init(&r, rows[k][0], rows[k][1], &mock_ops, 2, seeds[i]);
			assert_int_equal(rig_setup(&r), 0);
			assert_int_equal(rig_steps(&r, 300), WL_DONE);
			order[i] = m.order;
			rig_release(&r);
			mock_done(&m);
		}
		assert_true(order[0] == order[1]);
		assert_true(order[0] != order[2]);
	}
}

/* ---- tables ---- */

static void test_bad_options(void **state)
{
	static const struct {
		const char *workload, *name, *text;
	} rows[] = {
		{ "hot-header", "hot_offset", "12" },  /* not a multiple of 8 */
		{ "hot-header", "hot_offset", "248" }, /* no room for two words in 256 bytes */
		{ "hot-header", "n", "0" },
		{ "hot-header", "lines", "0" },
		{ "hot-header", "access", "jump" },
		{ "hot-header", "object_size", "8" },
		{ "churn", "object_size", "4" }, /* no room for a stamp, with touch=1 */
		{ "churn", "n", "0" },
		{ "churn", "lifetime", "eternal" },
		{ "churn", "touch", "many" },
		{ "pc", "batch", "200" }, /* more than half of the ring */
		{ "pc", "depth", "100" }, /* not a power of two */
		{ "pc", "object_size", "4" },
		{ "pc", "pairs", "both" },
		{ "netbuf", "object_size", "8" }, /* no room for stamp and pointer */
		{ "netbuf", "data_size", "0" },
		{ "netbuf", "data_size", "7" },
		{ "batch", "keep", "100" },
		{ "batch", "writes", "0" },
		{ "sh6", "largest_size", "16" }, /* ten classes in 8 to 16 bytes */
		{ "list-walk", "hot", "49" },
		{ "list-walk", "hot_offset", "260" },
		{ "hash-lookup", "object_size", "40" },
		{ "walker", "turnover", "1" },
		{ "remote", "classes", "33" },
		{ "remote", "share", "101" },
		{ "remote", "ring_batch", "600" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct workload *wl = workload_find(rows[i].workload);
		void *params = calloc(1, wl->params_size);
		struct err e = { .text = "" };
		int err;

		assert_non_null(params);
		opt_defaults(wl->opts, params);
		assert_int_equal(wl->validate(params, &e), 0);
		err = opt_parse(opt_find(wl->opts, rows[i].name), params, rows[i].text, &e);
		if (!err)
			err = wl->validate(params, &e);
		if (err != -EINVAL)
			fail_msg("%s: %s=%s is not refused", rows[i].workload, rows[i].name,
				 rows[i].text);
		assert_true(strlen(e.text) > 0);
		free(params);
	}
}

static void test_lines_must_fit(void **state)
{
	static const char *const rows[][2] = {
		{ "hot-header", "object_size=64 lines=2" },
		{ "hot-header", "object_size=1k hot_offset=960 lines=2" },
		{ "churn", "object_size=64 touch=200" },
		{ "pc", "object_size=64 touch=2" },
		{ "netbuf", "data_size=100 data_touch=3" },
		{ "remote", "object_size=64 largest_size=128 classes=2 touch=3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mock m = { .nr = 0 };
		struct rig r;

		mock_now = &m;
		rig_init(&r, rows[i][0], rows[i][1], &mock_ops, 1, 5);
		assert_int_equal(rig_setup(&r), -EINVAL);
		rig_release(&r);
		mock_done(&m);
	}
}

static void test_tables(void **state)
{
	(void)state;
	for (const struct workload *const *w = workloads; *w; w++) {
		assert_ptr_equal(workload_find((*w)->name), *w);
		assert_true((*w)->help && (*w)->doc && (*w)->setup && (*w)->verify &&
			    (*w)->teardown && (*w)->cost);
		assert_true((*w)->step[0] && (*w)->step[1]);
		assert_true((*w)->timed[0] && (*w)->timed[1]);
		for (const struct opt *o = (*w)->opts; o && o->name; o++) {
			void *params = calloc(1, (*w)->params_size);
			struct err e;

			assert_true(o->help && o->def && o->offset < (*w)->params_size);
			assert_non_null(params);
			if (opt_parse(o, params, o->def, &e))
				fail_msg("%s: the default: %s", (*w)->name, e.text);
			free(params);
		}
	}
	assert_ptr_equal(workload_find("hot_header"), workload_find("hot-header"));
	assert_null(workload_find("hot"));
	assert_null(workload_find(""));
}

/* Streams of workers differ, and do not depend on how many there are. */
static void test_worker_streams(void **state)
{
	struct wl_worker *two = wl_workers_create(2, 9), *three = wl_workers_create(3, 9);

	(void)state;
	assert_non_null(two);
	assert_non_null(three);
	for (int i = 0; i < 10; i++) {
		uint64_t a = rng_u64(&two[0].rng), b = rng_u64(&two[1].rng);

		assert_true(a != b);
		assert_true(a == rng_u64(&three[0].rng) && b == rng_u64(&three[1].rng));
	}
	wl_workers_destroy(two);
	wl_workers_destroy(three);
}

/* The null allocator measures the harness: churn runs on it, whatever it does to contents. */
static void test_null_allocator(void **state)
{
	const struct allocator_ops *null = allocator_find("null");

	(void)state;
	assert_non_null(null);
	assert_int_equal(run_case("churn", "n=20 touch=0", null, 2), 1);
	assert_int_equal(run_case("churn", "n=10000 touch=1 object_size=64", null, 3),
			 1); /* more than it has */
	assert_int_equal(run_case("null", "", null, 1), 1);
	assert_int_equal(run_case("hot-header", "n=16", null, 1), 1);
	assert_int_equal(run_case("hot-header", "n=16", null, 2), 0); /* refused, with -ENOTSUP */
	assert_int_equal(run_case("hot-header", "n=16 object_size=1M", null, 1),
			 0); /* has 4 of these */
	assert_int_equal(run_case("pc", "object_size=64", null, 2), 1);
	assert_int_equal(run_case("remote", "object_size=64 n=20", null, 2), 1);
	assert_int_equal(run_case("netbuf", "", null, 2), 0); /* headers hold pointers */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocator),
		cmocka_unit_test(test_null_allocator),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_lines_must_fit),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_worker_streams),
	};

	return cmocka_run_group_tests_name("workloads", tests, NULL, NULL);
}
