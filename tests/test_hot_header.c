/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hot-header: which objects, in which order. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/workloads_help.h"
#include "workloads/hot_header.h"

struct slab_seen {
	const char *page, *s_mem;
	size_t bytes, size;
	unsigned hits;
};

struct slabs_seen {
	struct slab_seen slab[256];
	unsigned n;
};

static void see_slab(const struct kmem_slab_view *v, void *arg)
{
	struct slabs_seen *all = arg;

	if (all->n < 256)
		all->slab[all->n] =
			(struct slab_seen){ v->page, v->s_mem, v->bytes, v->geometry->size, 0 };
	all->n++;
}

/* Each of the n objects is number i / slabs of its slab, and each slab has its share. */
static void test_one_per_slab(void **state)
{
	static const struct {
		const char *options;
		unsigned n, slabs, workers;
	} rows[] = {
		{ "n=40 object_size=256", 40, 40, 1 },
		{ "n=40 object_size=960", 40, 40, 2 },
		{ "n=10 object_size=2k", 10, 10, 3 },
		{ "n=24 slabs=6 object_size=128", 24, 6, 2 },
		{ "n=25 slabs=6 object_size=128", 25, 6, 1 },
		{ "n=4 slabs=100 object_size=128", 4, 4, 1 },
	};
	const struct allocator_ops *slab = allocator_find("slab");

	(void)state;
	assert_non_null(slab);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slabs_seen all = { .n = 0 };
		unsigned used = 0;
		struct rig r;

		rig_init(&r, "hot-header", rows[i].options, slab, rows[i].workers, 5);
		if (rig_setup(&r))
			fail_msg("%s", r.e.text);
		kmem_for_each_slab(r.env.cache[0].slab, see_slab, &all);
		assert_true(all.n <= 256);
		for (unsigned w = 0; w < rows[i].workers; w++) {
			const struct hot_worker *hw = r.env.worker[w].priv;

			assert_int_equal(hw->n, rows[i].n);
			for (unsigned k = 0; k < hw->n; k++)
				for (unsigned s = 0; s < all.n; s++) {
					struct slab_seen *v = &all.slab[s];
					unsigned per =
						(rows[i].n + rows[i].slabs - 1) / rows[i].slabs;

					if (hw->hot[k] < v->page ||
					    hw->hot[k] >= v->page + v->bytes)
						continue;
					v->hits++;
					assert_true((size_t)(hw->hot[k] - v->s_mem) / v->size <
						    per);
				}
		}
		for (unsigned s = 0; s < all.n; s++) {
			if (!all.slab[s].hits)
				continue;
			used++;
			assert_in_range(all.slab[s].hits, rows[i].n / rows[i].slabs,
					(rows[i].n + rows[i].slabs - 1) / rows[i].slabs);
		}
		assert_int_equal(used, rows[i].slabs * rows[i].workers);
		rig_release(&r);
	}
}

static void test_too_many_per_slab(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "hot-header", "n=1000 slabs=1 object_size=2k", allocator_find("slab"), 1, 5);
	assert_int_equal(rig_setup(&r), -EINVAL);
	assert_non_null(strstr(r.e.text, "slabs"));
	rig_release(&r);
}

/* The links of a chase are one cycle through all objects. */
static void test_chase_is_one_cycle(void **state)
{
	(void)state;
	for (unsigned n = 1; n < 40; n++) {
		struct mock m = { .nr = 0 };
		char options[64];
		const char *start, *p;
		unsigned len = 0;
		struct rig r;

		mock_now = &m;
		snprintf(options, sizeof(options), "n=%u object_size=512", n);
		rig_init(&r, "hot-header", options, &mock_ops, 1, n);
		assert_int_equal(rig_setup(&r), 0);
		assert_int_equal(m.nr, n);
		start = p = ((struct hot_worker *)r.env.worker[0].priv)->cursor;
		do {
			p = (const char *)(uintptr_t)WL_READ(p);
			len++;
		} while (p != start && len <= n);
		assert_int_equal(len, n);
		rig_release(&r);
		mock_done(&m);
	}
}

/* Peers: kept objects are about a page apart, and each worker has its own. */
static void test_peer_spread(void **state)
{
	struct mock m = { .nr = 0 };
	struct rig r;

	(void)state;
	mock_now = &m;
	rig_init(&r, "hot-header", "n=8 object_size=256 pattern=in-order", &mock_ops, 2, 5);
	assert_int_equal(rig_setup(&r), 0);
	assert_int_equal(m.nr, 16);
	for (unsigned w = 0; w < 2; w++) {
		const struct hot_worker *hw = r.env.worker[w].priv;

		for (unsigned k = 1; k < 8; k++)
			assert_true((size_t)(hw->hot[k] - hw->hot[k - 1]) >= r.machine.page_size);
	}
	rig_release(&r);
	mock_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_per_slab),
		cmocka_unit_test(test_too_many_per_slab),
		cmocka_unit_test(test_chase_is_one_cycle),
		cmocka_unit_test(test_peer_spread),
	};

	return cmocka_run_group_tests_name("hot_header", tests, NULL, NULL);
}
