/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/workloads_help.h"

/* ---- the mock ---- */

/* In front of each object, so that a free knows it without a search. */
struct mock_head {
	uint64_t serial;
	size_t at;
};

struct mock *mock_now;

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

const struct allocator_ops mock_ops = {
	.name = "mock",
	.create = mock_create,
	.alloc = mock_alloc,
	.free = mock_free,
	.destroy = mock_destroy,
};

void mock_done(struct mock *m)
{
	assert_int_equal(m->nr, 0);
	free(m->live);
}

/* ---- one workload, ready to run ---- */

void rig_options(const struct opt *opts, void *params, const char *text)
{
	char copy[256], *save = NULL;
	struct err e;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *o = strtok_r(copy, " ", &save); o; o = strtok_r(NULL, " ", &save)) {
		char *eq = strchr(o, '=');
		const struct opt *row;

		assert_non_null(eq);
		*eq = '\0';
		row = opt_find(opts, o);
		assert_non_null(row);
		if (opt_parse(row, params, eq + 1, &e))
			fail_msg("%s: %s", o, e.text);
	}
}

void rig_params(struct rig *r, const char *workload, const char *options)
{
	memset(r, 0, sizeof(*r));
	r->wl = workload_find(workload);
	assert_non_null(r->wl);
	if (!r->wl->opts)
		return;
	r->params = calloc(1, r->wl->params_size);
	assert_non_null(r->params);
	opt_defaults(r->wl->opts, r->params);
	rig_options(r->wl->opts, r->params, options);
	if (r->wl->validate && r->wl->validate(r->params, &r->e))
		fail_msg("%s %s: %s", workload, options, r->e.text);
}

void rig_env(struct rig *r, const struct allocator_ops *ops, unsigned workers, uint64_t seed,
	     kmem_report_fn report)
{
	r->env = (struct wl_env){ .params = r->params,
				  .ops = ops,
				  .machine = &r->machine,
				  .config = &r->config,
				  .workers = workers,
				  .worker = wl_workers_create(workers, seed),
				  .seed = seed };
	assert_non_null(r->env.worker);
	if (ops->is_slab) {
		struct kmem_system_config c = { .machine = &r->machine, .report = report };

		if (kmem_system_create(&r->env.system, &c, &r->e))
			fail_msg("%s", r->e.text);
	}
}

void rig_init(struct rig *r, const char *workload, const char *options,
	      const struct allocator_ops *ops, unsigned workers, uint64_t seed)
{
	rig_params(r, workload, options);
	assert_int_equal(slab_config_profile(&r->config, "kernel-2.6.22", &r->e), 0);
	assert_int_equal(kmem_machine_native(&r->machine, &r->e), 0);
	rig_env(r, ops, workers, seed, NULL);
}

int rig_setup(struct rig *r)
{
	int err = r->wl->setup(&r->env, &r->e);

	for (unsigned i = 0; i < r->env.workers && !err && r->wl->setup_worker; i++)
		err = r->wl->setup_worker(&r->env, &r->env.worker[i], &r->e);
	for (unsigned i = 0; i < r->env.workers && !err && r->wl->settle_worker; i++)
		err = r->wl->settle_worker(&r->env, &r->env.worker[i], &r->e);
	return err;
}

enum wl_status rig_steps(struct rig *r, uint64_t n)
{
	uint64_t *left = malloc(r->env.workers * sizeof(*left)), did = 1;
	enum wl_status status = WL_DONE;

	assert_non_null(left);
	for (unsigned i = 0; i < r->env.workers; i++)
		left[i] = n;
	while (did && status == WL_DONE) {
		did = 0;
		for (unsigned i = 0; i < r->env.workers && status != WL_FAILED; i++) {
			uint64_t slice = left[i] < 37 ? left[i] : 37, done = 0;

			if (!slice)
				continue;
			status = wl_step(r->wl, &r->env, &r->env.worker[i], slice, &done);
			assert_true(status == WL_DONE ? done == slice : done < slice);
			left[i] -= done;
			did += done;
			if (status == WL_BLOCKED)
				status = WL_DONE; /* others first */
		}
	}
	/* all waiting for each other: blocked */
	for (unsigned i = 0; i < r->env.workers && status == WL_DONE; i++)
		if (left[i])
			status = WL_BLOCKED;
	free(left);
	return status;
}

void rig_release(struct rig *r)
{
	r->wl->teardown(&r->env);
	assert_int_equal(r->env.nr_caches, 0);
	wl_workers_destroy(r->env.worker);
	if (r->env.system && kmem_system_destroy(r->env.system, &r->e))
		fail_msg("%s", r->e.text);
	free(r->params);
}

/* ---- what to run ---- */

const struct wl_case wl_cases[] = {
	{ "null", "", 0 },
	{ "hot-header", "n=16 access=chase pattern=random", 0 },
	{ "hot-header", "n=16 access=chase pattern=in-order lines=3", 0 },
	{ "hot-header", "n=33 access=load pattern=random hot_offset=64", 0 },
	{ "hot-header", "n=33 access=load pattern=in-order lines=2 hot_offset=8", 0 },
	{ "hot-header", "n=17 access=rmw pattern=random object_size=960", 0 },
	{ "hot-header", "n=17 access=rmw pattern=in-order lines=4 object_size=1k", 0 },
	{ "hot-header", "n=24 slabs=4 access=rmw", 0 },
	{ "hot-header", "n=25 slabs=4 access=chase", 0 },
	{ "hot-header", "n=1 access=chase", 0 },
	{ "hot-header", "n=3 object_size=16 access=chase", 0 },
	{ "churn", "n=50 lifetime=random touch=auto", 0 },
	{ "churn", "n=50 lifetime=fifo touch=1", 0 },
	{ "churn", "n=50 lifetime=lifo touch=2", 0 },
	{ "churn", "n=50 lifetime=pareto touch=4", 0 },
	{ "churn", "n=1 lifetime=pareto", 0 },
	{ "churn", "n=300 lifetime=random burst=1", 0 },
	{ "churn", "n=300 lifetime=pareto burst=300", 0 },
	{ "churn", "n=300 lifetime=lifo burst=100", 0 },
	{ "churn", "n=7 lifetime=fifo burst=7", 0 },
	{ "churn", "n=200 touch=0 object_size=1", 0 },
	{ "churn", "n=30 object_size=5000 touch=auto", 0 },
	{ "pc", "", 0 },
	{ "pc", "batch=1 depth=2 touch=auto", 0 },
	{ "pc", "batch=7 depth=16 roles=both touch=3 object_size=200", 0 },
	{ "pc", "batch=64 depth=128 pairs=self", 0 },
	{ "pc", "batch=3 depth=8 pairs=node roles=both touch=0 object_size=1", 0 },
	{ "xmalloc", "batch=100 depth=256", 0 },
	{ "netbuf", "", 0 },
	{ "netbuf", "batch=1 depth=2 roles=both touch=auto data_touch=auto data_size=1500", 0 },
	{ "netbuf", "data_touch=0 pairs=self", 0 },
	{ "remote", "n=50", 0 },
	{ "remote", "n=50 share=100 ring_batch=1 ring_depth=2 choice=fifo", 0 },
	{ "remote", "n=50 share=0 choice=pareto touch=auto", 0 },
	{ "remote", "n=40 share=33 ring_batch=5 ring_depth=16 hand_over=10", 0 },
	{ "remote", "n=40 share=0 hand_over=1 touch=2 choice=fifo", 0 },
	{ "remote", "n=40 classes=5 mix=small touch=2 pairs=self", 0 },
	{ "remote", "n=40 classes=8 object_size=8 largest_size=1k hand_over=100 choice=pareto", 0 },
	{ "burst", "n=300 burst=100 touch=1", 0 },
	{ "larson", "n=60 hand_over=50", 0 },
	{ "alloc-test", "n=60", 0 },
	{ "batch", "n=50", 50 },
	{ "batch", "n=50 free_order=fifo touch=auto keep=30", 50 },
	{ "batch", "n=50 free_order=random keep=90", 50 },
	{ "batch", "n=1 free_order=random object_size=1 touch=0", 0 },
	{ "batch", "n=7 free_order=reverse share=100 ring_batch=1 ring_depth=2", 7 },
	{ "threadtest", "n=111", 111 },
	{ "cache-scratch", "", 0 },
	{ "cache-scratch", "n=5 share=20 writes=2", 5 },
	{ "cache-thrash", "", 0 },
	{ "sh6", "n=60", 60 },
	{ "sh8", "n=60", 60 },
	{ "sh8", "n=60 free_order=fifo pairs=self", 60 },
	{ "mstress", "n=80 free_order=random", 80 },
	{ "mstress", "n=80 free_order=lifo", 80 },
	{ "frag", "n=100 trim=reap samples=3", 80 },
	{ "frag", "n=100 keep=0 classes=4 object_size=16", 100 },
	{ "frag", "n=100 trim=none samples=off", 80 },
	{ "list-walk", "n=50", 0 },
	{ "list-walk", "n=1 turnover=100 hot=32 object_size=32", 0 },
	{ "list-walk", "n=37 turnover=30 pattern=in-order", 1 },
	{ "hash-lookup", "n=60", 100 },
	{ "hash-lookup", "n=60 load=100 turnover=50", 3000 },
	{ "hash-lookup", "n=1", 1 },
	{ "tree-lookup", "n=63", 100 },
	{ "tree-lookup", "n=100 pattern=in-order turnover=100", 100 },
	{ "walker", "n=40 move=50", 0 },
	{ "walker", "n=40 move=1 walk=tree", 100 },
};

void wl_case_expect(const struct wl_case *wc, uint64_t seen, double each, uint64_t ops,
		    unsigned workers)
{
	double off = (double)seen - each * (double)ops * workers;

	if (fabs(off) > 0.01 + (double)wc->slack * workers)
		fail_msg("%s %s: %llu calls of %u workers in %llu operations, not %g each",
			 wc->workload, wc->options, (unsigned long long)seen, workers,
			 (unsigned long long)ops, each);
}

const size_t nr_wl_cases = sizeof(wl_cases) / sizeof(wl_cases[0]);
