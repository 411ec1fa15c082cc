/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workloads from the inside: on each allocator that is here, and on a mock that counts calls, knows
 * what is live, and misbehaves when told to.
 */

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/hot_header.h"
#include "workloads/workload.h"

/* ---- the mock ---- */

struct mock {
	uint64_t allocs, frees, fail_at; /* fail_at: this allocation gives NULL; 0: none does */
	char **live;
	size_t nr, room;
	char *twice;	/* not NULL: what each allocation gives */
	uint64_t order; /* hash over the serial numbers of freed objects */
};

/* In front of each object, so that a free knows it without a search. */
struct mock_head {
	uint64_t serial;
	size_t at;
};

static struct mock *mock_now; /* of the running test: the seam hands no context to create() */

static int mock_create(struct seam_cache *c, const struct allocator_request *r, struct err *e)
{
	(void)r;
	(void)e;
	c->priv = mock_now;
	return 0;
}

static void *mock_alloc(struct seam_cache *c)
{
	struct mock *m = c->priv;
	struct mock_head *h;

	m->allocs++;
	if (m->allocs == m->fail_at)
		return NULL;
	if (m->twice)
		return m->twice;
	if (m->nr == m->room) {
		m->room = m->room ? m->room * 2 : 64;
		m->live = realloc(m->live, m->room * sizeof(*m->live));
		assert_non_null(m->live);
	}
	h = malloc(sizeof(*h) + c->size);
	assert_non_null(h);
	*h = (struct mock_head){ .serial = m->allocs, .at = m->nr };
	return m->live[m->nr++] = (char *)(h + 1);
}

static void mock_free(struct seam_cache *c, void *obj)
{
	struct mock *m = c->priv;
	struct mock_head *h = (struct mock_head *)obj - 1;

	m->frees++;
	if (m->twice)
		return;
	m->order = (m->order ^ h->serial) * UINT64_C(0x100000001b3);
	assert_true(h->at < m->nr && m->live[h->at] == obj); /* live, once */
	m->live[h->at] = m->live[--m->nr];
	((struct mock_head *)(void *)m->live[h->at] - 1)->at = h->at;
	free(h);
}

static void mock_destroy(struct seam_cache *c)
{
	(void)c;
}

static const struct allocator_ops mock_ops = {
	.name = "mock",
	.create = mock_create,
	.alloc = mock_alloc,
	.free = mock_free,
	.destroy = mock_destroy,
};

static void mock_done(struct mock *m)
{
	assert_int_equal(m->nr, 0);
	free(m->live);
}

/* ---- one workload, ready to run ---- */

struct rig {
	const struct workload *wl;
	struct wl_env env;
	struct slab_config config;
	struct kmem_machine machine;
	void *params;
	struct err e;
};

/* Options as "a=1 b=2". */
static void set_options(struct rig *r, const char *options)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", options);
	for (char *o = strtok_r(copy, " ", &save); o; o = strtok_r(NULL, " ", &save)) {
		char *eq = strchr(o, '=');
		const struct opt *row;

		assert_non_null(eq);
		*eq = '\0';
		row = opt_find(r->wl->opts, o);
		assert_non_null(row);
		if (opt_parse(row, r->params, eq + 1, &r->e))
			fail_msg("%s: %s", o, r->e.text);
	}
}

static void rig_init(struct rig *r, const char *workload, const char *options,
		     const struct allocator_ops *ops, unsigned workers, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->wl = workload_find(workload);
	assert_non_null(r->wl);
	if (r->wl->opts) {
		r->params = calloc(1, r->wl->params_size);
		assert_non_null(r->params);
		opt_defaults(r->wl->opts, r->params);
		set_options(r, options);
		if (r->wl->validate && r->wl->validate(r->params, &r->e))
			fail_msg("%s %s: %s", workload, options, r->e.text);
	}
	assert_int_equal(slab_config_profile(&r->config, "kernel-2.6.22", &r->e), 0);
	assert_int_equal(kmem_machine_native(&r->machine, &r->e), 0);
	r->env = (struct wl_env){ .params = r->params,
				  .ops = ops,
				  .machine = &r->machine,
				  .config = &r->config,
				  .workers = workers,
				  .worker = wl_workers_create(workers, seed),
				  .seed = seed };
	assert_non_null(r->env.worker);
	if (ops->is_slab) {
		struct kmem_system_config c = { .machine = &r->machine };

		if (kmem_system_create(&r->env.system, &c, &r->e))
			fail_msg("%s", r->e.text);
	}
}

static int rig_setup(struct rig *r)
{
	int err = r->wl->setup(&r->env, &r->e);

	for (unsigned i = 0; i < r->env.workers && !err && r->wl->setup_worker; i++)
		err = r->wl->setup_worker(&r->env, &r->env.worker[i], &r->e);
	for (unsigned i = 0; i < r->env.workers && !err && r->wl->settle_worker; i++)
		err = r->wl->settle_worker(&r->env, &r->env.worker[i], &r->e);
	return err;
}

/* @n operations of each worker, in slices, workers in turn as the model does it. */
static enum wl_status rig_steps(struct rig *r, uint64_t n)
{
	for (uint64_t left = n; left;) {
		uint64_t slice = left < 37 ? left : 37;

		for (unsigned i = 0; i < r->env.workers; i++) {
			uint64_t done = 0;
			enum wl_status s = wl_step(r->wl, &r->env, &r->env.worker[i], slice, &done);

			if (s != WL_DONE)
				return s;
			assert_int_equal(done, slice);
		}
		left -= slice;
	}
	return WL_DONE;
}

static void rig_release(struct rig *r)
{
	r->wl->teardown(&r->env);
	assert_int_equal(r->env.nr_caches, 0);
	wl_workers_destroy(r->env.worker);
	if (r->env.system && kmem_system_destroy(r->env.system, &r->e))
		fail_msg("%s", r->e.text);
	free(r->params);
}

/* ---- whole runs ---- */

static const struct {
	const char *workload, *options;
} cases[] = {
	{ "null", "" },
	{ "hot-header", "n=16 access=chase pattern=random" },
	{ "hot-header", "n=16 access=chase pattern=in-order lines=3" },
	{ "hot-header", "n=33 access=load pattern=random hot_offset=64" },
	{ "hot-header", "n=33 access=load pattern=in-order lines=2 hot_offset=8" },
	{ "hot-header", "n=17 access=rmw pattern=random object_size=960" },
	{ "hot-header", "n=17 access=rmw pattern=in-order lines=4 object_size=1k" },
	{ "hot-header", "n=24 slabs=4 access=rmw" },
	{ "hot-header", "n=25 slabs=4 access=chase" },
	{ "hot-header", "n=1 access=chase" },
	{ "hot-header", "n=3 object_size=16 access=chase" },
	{ "churn", "n=50 lifetime=random touch=auto" },
	{ "churn", "n=50 lifetime=fifo touch=1" },
	{ "churn", "n=50 lifetime=lifo touch=2" },
	{ "churn", "n=50 lifetime=pareto touch=4" },
	{ "churn", "n=1 lifetime=pareto" },
	{ "churn", "n=300 lifetime=random burst=1" },
	{ "churn", "n=300 lifetime=pareto burst=300" },
	{ "churn", "n=300 lifetime=lifo burst=100" },
	{ "churn", "n=7 lifetime=fifo burst=7" },
	{ "churn", "n=200 touch=0 object_size=1" },
	{ "churn", "n=30 object_size=5000 touch=auto" },
};

#define NR_CASES (sizeof(cases) / sizeof(cases[0]))

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
		for (size_t i = 0; i < NR_CASES; i++)
			for (unsigned workers = 1; workers <= 3; workers += 2)
				ran += (unsigned)run_case(cases[i].workload, cases[i].options, *a,
							  workers);
		if ((*a)->is_slab || !strcmp((*a)->name, "malloc"))
			assert_int_equal(ran, NR_CASES * 2);
	}
}

/* Calls that were made == what cost() says, to the unit. */
static void test_cost(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_CASES; i++) {
		struct mock m = { .nr = 0 };
		struct wl_cost cost;
		uint64_t allocs, frees;
		struct rig r;

		mock_now = &m;
		rig_init(&r, cases[i].workload, cases[i].options, &mock_ops, 2, 11);
		assert_int_equal(rig_setup(&r), 0);
		allocs = m.allocs;
		frees = m.frees;
		assert_int_equal(rig_steps(&r, 500), WL_DONE);
		r.wl->cost(&r.env, &cost);
		assert_true((double)(m.allocs - allocs) == cost.allocs * 2 * 500);
		assert_true((double)(m.frees - frees) == cost.frees * 2 * 500);
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
	uint64_t order[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct mock m = { .nr = 0 };
		struct rig r;

		mock_now = &m;
		rig_init(&r, "churn", "n=40", &mock_ops, 2, seeds[i]);
		assert_int_equal(rig_setup(&r), 0);
		assert_int_equal(rig_steps(&r, 300), WL_DONE);
		order[i] = m.order;
		rig_release(&r);
		mock_done(&m);
	}
	assert_true(order[0] == order[1]);
	assert_true(order[0] != order[2]);
}

/* ---- damage is found ---- */

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
					       { "hot-header", "n=10 object_size=1k" } };

	(void)state;
	for (int i = 0; i < 2; i++) {
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

/* ---- hot-header: which objects, in which order ---- */

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
		assert_int_equal(err, -EINVAL);
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
	};

	(void)state;
	for (int i = 0; i < 3; i++) {
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
		for (const struct opt *o = (*w)->opts; o && o->name; o++)
			assert_true(o->help && o->def && o->offset < (*w)->params_size);
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_allocator),
		cmocka_unit_test(test_null_allocator),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_damage_far_lines),
		cmocka_unit_test(test_lost_visit),
		cmocka_unit_test(test_damage_while_running),
		cmocka_unit_test(test_handed_out_twice),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_while_running),
		cmocka_unit_test(test_one_per_slab),
		cmocka_unit_test(test_too_many_per_slab),
		cmocka_unit_test(test_chase_is_one_cycle),
		cmocka_unit_test(test_peer_spread),
		cmocka_unit_test(test_bad_options),
		cmocka_unit_test(test_lines_must_fit),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_worker_streams),
	};

	return cmocka_run_group_tests_name("workloads", tests, NULL, NULL);
}
