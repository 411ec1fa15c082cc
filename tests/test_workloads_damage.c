/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workloads find what an allocator does wrong, and get along with one that has no memory left. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/workloads_help.h"

static const struct {
	const char *workload, *options;
	size_t byte; /* of a live object, to be flipped */
} damages[] = {
	{ "hot-header", "n=9 access=load", 0 }, /* value */
	{ "hot-header", "n=9 access=load", 8 }, /* stamp */
	{ "hot-header", "n=9 access=rmw hot_offset=64", 64 },
	{ "hot-header", "n=9 access=rmw hot_offset=64", 72 },
	{ "hot-header", "n=9 access=chase", 8 },
	{ "hot-header", "n=9 access=chase", 0 }, /* link */
	{ "churn", "n=9", 0 },
	{ "churn", "n=9 lifetime=lifo", 7 },
	{ "pc", "batch=9 depth=32", 0 },
	{ "pc", "batch=9 depth=32 roles=both touch=2", 64 },
	{ "netbuf", "batch=9 depth=32 data_size=64 touch=1 data_touch=1", 0 }, /* stamps */
	{ "remote", "n=9 share=100 ring_batch=2 ring_depth=8", 1 },
	{ "remote", "n=9 classes=3 touch=2 object_size=128", 64 },
	{ "batch", "n=20 free_order=random", 5 },
	{ "batch", "n=20 share=50 ring_batch=4 ring_depth=8 touch=2", 64 },
	{ "mstress", "n=30", 0 },
	{ "list-walk", "n=20", 3 }, /* a link */
	{ "tree-lookup", "n=20", 9 },
	{ "hash-lookup", "n=20 hot_offset=64", 64 + 16 }, /* key, stamp, hot word */
	{ "walker", "n=20 move=7", 24 },
	{ "list-walk", "n=20", 40 },
};

static void test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct mock m = { .nr = 0 };
		struct rig r;

		mock_now = &m;
		rig_init(&r, damages[i].workload, damages[i].options, &mock_ops, 1, 3);
		assert_int_equal(rig_setup(&r), 0);
		assert_int_equal(rig_steps(&r, 100), WL_DONE);
		for (size_t k = 0; k < m.nr; k++) {
			assert_int_equal(r.wl->verify(&r.env, &r.e), 0);
			m.live[k][damages[i].byte] ^= 4;
			assert_int_equal(r.wl->verify(&r.env, &r.e), -EILSEQ);
			assert_true(strlen(r.e.text) > 0);
			m.live[k][damages[i].byte] ^= 4;
		}
		assert_true(m.nr >= 9);
		rig_release(&r);
		mock_done(&m);
	}
}

/* Far lines too: each hot line has a stamp of its own, each touched line of churn has one. */
static void test_damage_far_lines(void **state)
{
	static const char *const rows[][2] = {
		{ "hot-header", "n=5 object_size=4k access=rmw lines=3" },
		{ "churn", "n=5 object_size=4k touch=3" },
	};

	(void)state;
	for (int i = 0; i < 2; i++)
		for (unsigned l = 0; l < 3; l++) {
			struct mock m = { .nr = 0 };
			struct rig r;

			mock_now = &m;
			rig_init(&r, rows[i][0], rows[i][1], &mock_ops, 1, 3);
			assert_int_equal(rig_setup(&r), 0);
			assert_int_equal(r.wl->verify(&r.env, &r.e), 0);
			m.live[2][l * r.machine.cache_line] ^= 1;
			assert_int_equal(r.wl->verify(&r.env, &r.e), -EILSEQ);
			rig_release(&r);
			mock_done(&m);
		}
}

/* A visit that did not happen, or happened twice, does not add up. */
static void test_lost_visit(void **state)
{
	static const char *const access[] = { "n=9 access=load", "n=9 access=rmw",
					      "n=9 access=chase" };

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct mock m = { .nr = 0 };
		struct rig r;

		mock_now = &m;
		rig_init(&r, "hot-header", access[i], &mock_ops, 1, 3);
		assert_int_equal(rig_setup(&r), 0);
		assert_int_equal(rig_steps(&r, 100), WL_DONE);
		assert_int_equal(r.wl->verify(&r.env, &r.e), 0);
		r.env.worker[0].ops++;
		assert_int_equal(r.wl->verify(&r.env, &r.e), -EILSEQ);
		r.env.worker[0].ops -= 2;
		assert_int_equal(r.wl->verify(&r.env, &r.e), -EILSEQ);
		rig_release(&r);
		mock_done(&m);
	}
}

/* churn looks at each object when it frees it. */
static void test_damage_while_running(void **state)
{
	struct mock m = { .nr = 0 };
	struct rig r;

	(void)state;
	mock_now = &m;
	rig_init(&r, "churn", "n=20 lifetime=fifo burst=1", &mock_ops, 1, 3);
	assert_int_equal(rig_setup(&r), 0);
	m.live[13][3] ^= 1;
	assert_int_equal(rig_steps(&r, 20), WL_FAILED);
	assert_int_equal(r.env.worker[0].error, -EILSEQ);
	assert_int_equal(r.env.worker[0].ops, 13);
	rig_release(&r);
	mock_done(&m);
}

static void test_handed_out_twice(void **state)
{
	static uint64_t memory[512];
	struct mock m = { .twice = (char *)memory };
	struct rig r;

	(void)state;
	mock_now = &m;
	rig_init(&r, "churn", "n=20", &mock_ops, 1, 3);
	assert_int_equal(rig_setup(&r), 0);
	assert_int_equal(rig_steps(&r, 200), WL_FAILED);
	assert_int_equal(r.env.worker[0].error, -EILSEQ);
	rig_release(&r);
	rig_init(&r, "hot-header", "n=20", &mock_ops, 1, 3);
	assert_int_equal(rig_setup(&r), -ENOTSUP);
	rig_release(&r);
	assert_int_equal(m.allocs, m.frees);
}

/* No memory at any point of setup, or later: an error, and nothing stays behind. */
static void test_no_memory(void **state)
{
	static const char *const rows[][2] = { { "churn", "n=10" },
					       { "hot-header", "n=10 object_size=1k" },
					       { "pc", "batch=10 roles=both" },
					       { "netbuf", "batch=10" },
					       { "remote", "n=10 ring_batch=2 classes=3" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t needed = 0;

		for (uint64_t at = 0; at <= needed; at++) {
			struct mock m = { .fail_at = at };
			struct rig r;
			int err;

			mock_now = &m;
			rig_init(&r, rows[i][0], rows[i][1], &mock_ops, 2, 3);
			err = rig_setup(&r);
			if (!at) {
				assert_int_equal(err, 0);
				needed = m.allocs;
				assert_true(needed >= 20);
			} else {
				assert_int_equal(err, -ENOMEM);
			}
			rig_release(&r);
			mock_done(&m);
		}
	}
}

static void test_no_memory_while_running(void **state)
{
	struct mock m = { .fail_at = 10 + 6 };
	struct rig r;

	(void)state;
	mock_now = &m;
	rig_init(&r, "churn", "n=10 burst=1", &mock_ops, 1, 3);
	assert_int_equal(rig_setup(&r), 0);
	assert_int_equal(rig_steps(&r, 10), WL_FAILED);
	assert_int_equal(r.env.worker[0].error, -ENOMEM);
	assert_int_equal(r.env.worker[0].ops, 5);
	assert_int_equal(r.wl->verify(&r.env, &r.e), -EILSEQ);
	rig_release(&r);
	mock_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_damage_far_lines),
		cmocka_unit_test(test_lost_visit),
		cmocka_unit_test(test_damage_while_running),
		cmocka_unit_test(test_handed_out_twice),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_while_running),
	};

	return cmocka_run_group_tests_name("workloads_damage", tests, NULL, NULL);
}
