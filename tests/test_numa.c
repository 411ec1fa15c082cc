/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numa collector on invented machines: two and four nodes whose pages lie where a test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/numa_help.h"

/* ---- census ---- */

static void test_all_right(void **state)
{
	struct nh_scene s;
	struct ch_sink *out;
	uint64_t pages;

	(void)state;
	nh_begin(&s, 2, 2, 600, PLACE_LOCAL);
	pages = nh_pages(&s);
	out = nh_run(&s);
	ch_is(out, "numa.pages_total", -1, (double)pages);
	ch_is(out, "numa.pages_asked", -1, (double)pages);
	ch_is(out, "numa.node0", -1, (double)pages / 2);
	ch_is(out, "numa.node2", -1, (double)pages / 2);
	ch_is(out, "numa.node0_before", -1, (double)pages / 2);
	ch_is(out, "numa.node2_before", -1, (double)pages / 2);
	ch_is(out, "numa.absent", -1, 0);
	ch_is(out, "numa.unknown", -1, 0);
	ch_is(out, "numa.placement", -1, 1);
	ch_is(out, "numa.placement_before", -1, 1);
	ch_is(out, "numa.page_size", -1, (double)sysconf(_SC_PAGESIZE));
	assert_int_equal(out->nr_flags, 0);
	assert_false(ch_has(out, "numa.node1", -1));
	ch_sink_free(out);
	nh_end(&s);
}

/* One page of @every lies elsewhere; is the trial what was asked for? */
static const struct {
	unsigned every;
	double least;
	int flagged;
} shares[] = {
	{ 2, 0.99, 1 }, { 2, 0.5, 0 },	{ 2, 0.51, 1 }, { 2, 0, 0 },
	{ 4, 0.75, 0 }, { 4, 0.76, 1 }, { 0, 1, 0 },
};

static void test_below_threshold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		unsigned every = shares[i].every;
		char want[256];
		struct nh_scene s;
		struct ch_sink *out;
		uint64_t pages, wrong, half;

		nh_begin(&s, 2, 2, 600, PLACE_LOCAL);
		s.params.least = shares[i].least;
		nh_kernel.every = every;
		pages = nh_pages(&s);
		half = pages / 2;
		assert_int_equal(pages % 8, 0); /* so that the shares are exact */
		wrong = every ? pages / every : 0;
		out = nh_run(&s);
		ch_is(out, "numa.placement", -1, (double)(pages - wrong) / (double)pages);
		/* as many are taken from each node as are given to it */
		ch_is(out, "numa.node0", -1, (double)half);
		assert_int_equal(out->nr_flags, shares[i].flagged);
		if (shares[i].flagged) {
			snprintf(
				want, sizeof(want),
				"placement: %.1f %% of %llu pages lie where asked, less than %g %%: "
				"after the region node 0 has %llu, node 2 has %llu",
				100.0 * (double)(pages - wrong) / (double)pages,
				(unsigned long long)pages, 100 * shares[i].least,
				(unsigned long long)half, (unsigned long long)half);
			assert_int_equal(out->flag[0], FLAG_INVALID);
			assert_string_equal(out->reason[0], want);
		}
		ch_sink_free(out);
		nh_end(&s);
	}
}

/* Pages that were right at the end and wrong before the region. */
static void test_wrong_before(void **state)
{
	struct nh_scene s;
	struct ch_sink *out = ch_sink_create();

	(void)state;
	nh_begin(&s, 2, 2, 600, PLACE_LOCAL);
	nh_open(&s);
	nh_kernel.every = 2;
	collector_numa.start(&s.ctx);
	nh_kernel.every = 0;
	collector_numa.stop(&s.ctx);
	collector_numa.emit(&s.ctx, &out->sink);
	ch_is(out, "numa.placement_before", -1, 0.5);
	ch_is(out, "numa.placement", -1, 1);
	assert_int_equal(out->nr_flags, 1);
	assert_non_null(strstr(out->reason[0], "50.0 % of"));
	assert_non_null(strstr(out->reason[0], "before the region"));
	collector_numa.close(&s.ctx);
	ch_sink_free(out);
	nh_end(&s);
}

/* Single pages that the kernel has nothing to say about. */
static const struct {
	int error;
	double absent, unknown; /* of each 4 */
} page_errors[] = {
	{ -ENOENT, 1, 0 },
	{ -EFAULT, 1, 0 },
	{ -EACCES, 0, 1 },
	{ -EBUSY, 0, 1 },
};

static void test_page_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(page_errors) / sizeof(page_errors[0]); i++) {
		struct nh_scene s;
		struct ch_sink *out;
		double part;

		nh_begin(&s, 2, 2, 600, PLACE_LOCAL);
		nh_kernel.every = 4;
		nh_kernel.page_error = page_errors[i].error;
		part = (double)nh_pages(&s) / 4;
		out = nh_run(&s);
		ch_is(out, "numa.absent", -1, part * page_errors[i].absent);
		ch_is(out, "numa.unknown", -1, part * page_errors[i].unknown);
		ch_is(out, "numa.placement", -1, 1); /* of those that are somewhere */
		assert_int_equal(out->nr_flags, 0);
		if (page_errors[i].unknown > 0)
			assert_string_equal(ch_value(out, "numa.unknown", -1)->note,
					    strerror(-page_errors[i].error));
		ch_sink_free(out);
		nh_end(&s);
	}
}

/* The question is refused, as in many containers: no number at all, and no flag. */
static void test_refused(void **state)
{
	static const int errors[] = { -EPERM, -ENOSYS, -ENOMEM };
	static const char *const metrics[] = {
		"numa.pages_total",  "numa.pages_asked",
		"numa.absent",	     "numa.unknown",
		"numa.node0",	     "numa.node2_before",
		"numa.placement",    "numa.placement_before",
		"numa.maps_node0",   "numa.maps_differ",
		"numa.huge_share",   "numa.traffic_0_2",
		"numa.remote_share",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct nh_scene s;
		struct ch_sink *out;

		nh_begin(&s, 2, 1, 10, PLACE_LOCAL);
		nh_kernel.error = errors[i];
		out = nh_run(&s);
		for (size_t k = 0; k < sizeof(metrics) / sizeof(metrics[0]); k++)
			ch_lacks(out, metrics[k], strerror(-errors[i]));
		assert_int_equal(out->nr_flags, 0);
		ch_sink_free(out);
		nh_end(&s);
	}
}

static int by_address(const void *a, const void *b)
{
	void *const *x = a, *const *y = b;

	return (*x > *y) - (*x < *y);
}

static void test_sample(void **state)
{
	static const uint64_t most[] = { 1, 2, 3, 7, 50, 79, 80, 81, 1000 };
	struct nh_scene s;
	uint64_t pages;

	(void)state;
	nh_begin(&s, 2, 2, 600, PLACE_LOCAL);
	pages = nh_pages(&s);
	for (size_t i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		struct numa_census c = { .total = 0 };
		struct numa_nodes nodes = { .nr = 0 };

		numa_census(&c, &nodes, &s.env, most[i], &nh_invented);
		assert_int_equal(c.error, 0);
		assert_true(c.total == pages);
		assert_true(c.asked == (most[i] < pages ? most[i] : pages));
		assert_true(c.asked == c.present + c.absent + c.unknown);
		/* even: both nodes' shares within a page, no page twice */
		if (c.asked > 1)
			assert_true(llabs((long long)c.node[0] - (long long)c.node[1]) <= 1);
		qsort(c.addr, c.asked, sizeof(*c.addr), by_address);
		for (uint64_t k = 1; k < c.asked; k++)
			assert_true(c.addr[k] != c.addr[k - 1]);
		numa_census_release(&c);
	}
	s.params.pages = 50;
	struct ch_sink *out = nh_run(&s);
	char want[64];

	ch_is(out, "numa.pages_total", -1, (double)pages);
	ch_is(out, "numa.pages_asked", -1, 50);
	snprintf(want, sizeof(want), "even sample of 50 of %llu pages", (unsigned long long)pages);
	assert_non_null(strstr(ch_value(out, "numa.placement", -1)->note, want));
	ch_sink_free(out);
	nh_end(&s);
}

static void test_peers_and_empty(void **state)
{
	struct nh_scene s;
	struct ch_sink *out;

	(void)state;
	nh_begin(&s, 2, 1, 0, PLACE_LOCAL);
	out = nh_run(&s); /* a cache without a slab: that is a number */
	ch_is(out, "numa.pages_total", -1, 0);
	ch_is(out, "numa.node0", -1, 0);
	ch_lacks(out, "numa.placement", "no page of a slab");
	ch_lacks(out, "numa.remote_share", "no page that was asked for");
	ch_lacks(out, "numa.maps_node0", "hold no slabs");
	assert_int_equal(out->nr_flags, 0);
	ch_sink_free(out);
	s.env.nr_caches = 0;
	out = nh_run(&s);
	ch_lacks(out, "numa.pages_total", "no caches");
	ch_sink_free(out);
	s.env.nr_caches = 1;
	s.env.ops = allocator_find("malloc");
	out = nh_run(&s);
	ch_lacks(out, "numa.pages_total", "allocator=slab");
	ch_lacks(out, "numa.placement", "allocator=slab");
	assert_int_equal(out->nr_flags, 0);
	ch_sink_free(out);
	s.env.ops = s.seam.ops;
	nh_end(&s);
}

/* ---- policies, traffic ---- */

/* Four nodes, a worker on each of the first @workers: which nodes may hold slabs, and the matrix in
 * shares of a worker's accesses, row by row. */
static const struct {
	unsigned placement, workers;
	uint64_t wanted;
	double cell[4][4];
	double remote;
} policies[] = {
	{ PLACE_LOCAL, 2, 0x3, { { 1 }, { 0, 1 } }, 0 },
	{ PLACE_BIND, 2, 0x8, { { 0, 0, 0, 1 }, { 0, 0, 0, 1 } }, 1 },
	{ PLACE_PREFERRED, 1, 0x8, { { 0, 0, 0, 1 } }, 1 },
	{ PLACE_FARTHEST, 4, 0x9, { { 0, 0, 0, 1 }, { 0, 0, 0, 1 }, { 1 }, { 1 } }, 1 },
	{ PLACE_INTERLEAVE_OBJECT,
	  2,
	  ~UINT64_C(0),
	  { { .25, .25, .25, .25 }, { .25, .25, .25, .25 } },
	  0.75 },
};

static void test_policies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		unsigned workers = policies[i].workers;
		struct nh_scene s;
		struct ch_sink *out;
		double all = 0;

		/* 15 objects to a slab, 4 nodes: whole slabs, so that the queues hold equal parts */
		nh_begin(&s, 4, workers, 600, policies[i].placement);
		if (policies[i].wanted != numa_wanted(&s.env))
			fail_msg("row %zu: wanted %llx", i,
				 (unsigned long long)numa_wanted(&s.env));
		out = nh_run(&s);
		for (unsigned from = 0; from < 4; from++)
			for (unsigned to = 0; to < 4; to++) {
				char metric[64];
				const struct value *v;
				double want = 2000 * policies[i].cell[from][to];

				snprintf(metric, sizeof(metric), "numa.traffic_%u_%u", 2 * from,
					 2 * to);
				v = ch_value(out, metric, -1);
				all += v->value;
				assert_string_equal(v->source, "placement");
				if (v->value < want * 0.99 || v->value > want * 1.01)
					fail_msg("row %zu: %s is %g, not %g", i, metric, v->value,
						 want);
			}
		assert_true(all > 2000 * workers - 1e-6 && all < 2000 * workers + 1e-6);
		ch_is(out, "numa.placement", -1, 1);
		assert_true(ch_value(out, "numa.remote_share", -1)->value >
			    policies[i].remote - 0.01);
		assert_true(ch_value(out, "numa.remote_share", -1)->value <
			    policies[i].remote + 0.01);
		ch_sink_free(out);
		nh_end(&s);
	}
}

/* A slab of a node that no worker is on was got by falling back: it is not where it was asked for. */
static void test_fallback_is_wrong(void **state)
{
	struct nh_scene s;
	struct ch_sink *out;
	double pages, own;

	(void)state;
	nh_begin(&s, 2, 1, 0, PLACE_LOCAL);
	kmem_system_node_limit(s.sys, 0, 16 * 4096);
	free(s.obj);
	s.obj = calloc(600, sizeof(*s.obj));
	assert_non_null(s.obj);
	et_on_cpu(0);
	for (s.nr_obj = 0; s.nr_obj < 600; s.nr_obj++) {
		s.obj[s.nr_obj] = kmem_cache_alloc(s.cache, 0);
		assert_non_null(s.obj[s.nr_obj]);
	}
	out = nh_run(&s);
	pages = ch_value(out, "numa.pages_total", -1)->value;
	own = ch_value(out, "numa.node0", -1)->value;
	assert_true(own > 0 && own < pages);
	ch_is(out, "numa.placement", -1, own / pages);
	assert_int_equal(out->nr_flags, 1);
	ch_sink_free(out);
	nh_end(&s);
}

/* Half of each node's pages lie on the other one: half of all accesses go there. */
static void test_traffic_by_pages(void **state)
{
	struct nh_scene s;
	struct ch_sink *out;

	(void)state;
	nh_begin(&s, 2, 2, 600, PLACE_LOCAL);
	nh_kernel.every = 2;
	out = nh_run(&s);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const metric[] = { "numa.traffic_0_0", "numa.traffic_0_2",
						      "numa.traffic_2_0", "numa.traffic_2_2" };

		if (ch_value(out, metric[i], -1)->value < 990 ||
		    ch_value(out, metric[i], -1)->value > 1010)
			fail_msg("%s: %g", metric[i], ch_value(out, metric[i], -1)->value);
	}
	assert_true(ch_value(out, "numa.remote_share", -1)->value > 0.495);
	assert_true(ch_value(out, "numa.remote_share", -1)->value < 0.505);
	assert_non_null(strstr(ch_value(out, "numa.remote_share", -1)->note, "predicted"));
	ch_sink_free(out);
	s.ctx.cost.lines = 0;
	out = nh_run(&s);
	ch_lacks(out, "numa.remote_share", "touches no object");
	ch_lacks(out, "numa.traffic_0_2", "touches no object");
	ch_sink_free(out);
	nh_end(&s);
}

static void test_emulated(void **state)
{
	struct nh_scene s;
	struct ch_sink *out;

	(void)state;
	nh_begin(&s, 2, 2, 600, PLACE_FARTHEST);
	s.machine->emulated = 1;
	s.machine->os_node[0] = s.machine->os_node[1] = 0;
	out = nh_run(&s);
	ch_lacks(out, "numa.placement", "nodes are emulated");
	ch_lacks(out, "numa.placement_before", "nodes are emulated");
	ch_is(out, "numa.node0", -1, (double)nh_pages(&s));
	ch_is(out, "numa.traffic_0_0", -1, 0); /* the engine's nodes */
	ch_is(out, "numa.traffic_0_1", -1, 2000);
	ch_is(out, "numa.traffic_1_0", -1, 2000);
	ch_is(out, "numa.traffic_1_1", -1, 0);
	ch_is(out, "numa.remote_share", -1, 1);
	assert_int_equal(out->nr_flags, 0);
	ch_sink_free(out);
	nh_end(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_right),	  cmocka_unit_test(test_below_threshold),
		cmocka_unit_test(test_wrong_before),	  cmocka_unit_test(test_page_errors),
		cmocka_unit_test(test_refused),		  cmocka_unit_test(test_sample),
		cmocka_unit_test(test_peers_and_empty),	  cmocka_unit_test(test_policies),
		cmocka_unit_test(test_fallback_is_wrong), cmocka_unit_test(test_traffic_by_pages),
		cmocka_unit_test(test_emulated),
	};

	return cmocka_run_group_tests_name("numa", tests, NULL, NULL);
}
