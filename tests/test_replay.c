/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real traces replayed by the workload: what is live is what the trace says, every 1000 records, by the workload's and
 * by the engine's own account; and memory stays near what is live. The traces: one that is shipped, and (where
 * SLABSCOPE_DATA_DIR says) those of the folder kmem-traces.
 */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/kmemtrace/source.h"
#include "tests/workloads_help.h"
#include "workloads/replay.h"

#define SMALL "tests/data/small.slabtrace"
#define EVERY 1000

/* Bytes of the objects that the engine says are live, and how many; bytes of its slabs. */
struct held {
	uint64_t objects, payload, slabs;
};

static struct held engine_holds(const struct wl_env *env)
{
	struct held h = { 0, 0, 0 };

	for (unsigned i = 0; i < env->nr_caches; i++) {
		struct kmem_cache_info info;

		kmem_cache_get_info(env->cache[i].slab, &info);
		h.objects += info.bytes_asked / info.objsize;
		h.payload += info.bytes_asked;
		h.slabs += info.bytes_held + info.bytes_mgmt_off;
	}
	return h;
}

/* What is live behind every EVERY records of the trace itself, in order of the file. */
static uint64_t *live_of(const char *trace, size_t *nr, uint64_t *peak)
{
	struct kmemtrace_record r;
	uint64_t *live = NULL, n = 0;
	struct kmemtrace *t;
	struct err e;

	*nr = 0;
	assert_int_equal(kmemtrace_open(&t, trace, false, &e), 0);
	while (kmemtrace_next(t, &r, &e) > 0) {
		if (++n % EVERY)
			continue;
		live = realloc(live, (*nr + 1) * sizeof(*live));
		assert_non_null(live);
		live[(*nr)++] = kmemtrace_totals(t)->live;
	}
	*peak = kmemtrace_totals(t)->peak;
	kmemtrace_close(t);
	return live;
}

static void replay(const char *trace, unsigned workers)
{
	uint64_t peak, most = 0, payload = 0, *live;
	char options[512];
	struct rig r;
	size_t nr;

	live = live_of(trace, &nr, &peak);
	snprintf(options, sizeof(options), "trace=%s", trace);
	rig_init(&r, "replay", options, allocator_find("slab"), workers, 3);
	if (rig_setup(&r))
		fail_msg("%s: %s", trace, r.e.text);
	for (size_t k = 0; k < nr; k++) {
		struct held h;

		if (rig_steps(&r, EVERY) != WL_DONE)
			fail_msg("%s: %s", trace, r.env.worker[0].err.text);
		if (r.wl->verify(&r.env, &r.e))
			fail_msg("%s at %zu: %s", trace, (k + 1) * EVERY, r.e.text);
		h = engine_holds(&r.env);
		if (h.objects != live[k])
			fail_msg("%s at %zu: %llu live, not %llu", trace, (k + 1) * EVERY,
				 (unsigned long long)h.objects, (unsigned long long)live[k]);
		payload = h.payload > payload ? h.payload : payload;
		most = h.slabs > most ? h.slabs : most;
	}
	print_message(
		"%s, %u workers: %zu times the same; %llu bytes live at most, %llu in slabs (%.2f x)\n",
		trace, workers, nr, (unsigned long long)payload, (unsigned long long)most,
		(double)most / (double)payload);
	/* few objects of many caches are whole slabs each: not of the small one */
	if (payload > 1 << 22)
		assert_true(most <= 2 * payload);
	/* to the end, where nothing is left, and into the next pass */
	assert_int_equal(rig_steps(&r,
				   ((struct replay_env *)r.env.priv)->script.length - nr * EVERY),
			 WL_DONE);
	assert_int_equal(engine_holds(&r.env).objects, 0);
	assert_int_equal(rig_steps(&r, 700), WL_DONE);
	assert_int_equal(r.wl->verify(&r.env, &r.e), 0);
	for (unsigned i = 0; i < r.env.nr_caches; i++)
		assert_int_equal(kmem_cache_check(r.env.cache[i].slab, &r.e), 0);
	rig_release(&r);
	free(live);
}

static void test_small(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= 3; workers++)
		replay(SMALL, workers);
}

static void test_shipped(void **state)
{
	static const char *const names[] = { "tar-tree", "sqlite-load" };
	const char *folder = getenv("SLABSCOPE_DATA_DIR");
	char trace[OPT_STR_MAX];

	(void)state;
	if (!folder) {
		print_message(
			"SLABSCOPE_DATA_DIR is not set: the traces of its folder kmem-traces are left out\n");
		skip();
	}
	for (int i = 0; i < 2; i++) {
		if (snprintf(trace, sizeof(trace), "%s/kmem-traces/%s.txt.xz", folder, names[i]) >=
		    (int)sizeof(trace))
			fail_msg("SLABSCOPE_DATA_DIR is too long for an option");
		replay(trace, 1);
		replay(trace, 2);
	}
}

/* On every allocator that is here; whole passes cost what cost() says. */
static void test_allocators(void **state)
{
	struct mock m = { .nr = 0 };

	(void)state;
	mock_now = &m;
	for (const struct allocator_ops *const *a = allocators; *a; a++) {
		const struct allocator_ops *ops = !strcmp((*a)->name, "malloc") ? &mock_ops : *a;
		struct wl_cost cost;
		struct rig r;
		uint64_t passes = 2, n;

		if (ops->aliases)
			continue;
		rig_init(&r, "replay", "only=filp touch=auto trace=" SMALL, ops, 3, 1);
		if (rig_setup(&r) == 0) {
			n = passes * ((struct replay_env *)r.env.priv)->script.length;
			if (rig_steps(&r, n) != WL_DONE)
				fail_msg("%s: %s", ops->name, r.env.worker[0].err.text);
			assert_int_equal(r.wl->verify(&r.env, &r.e), 0);
			r.wl->cost(&r.env, &cost);
			if (ops == &mock_ops) {
				assert_true(fabs((double)m.allocs - cost.allocs * 3 * (double)n) <
					    1e-6);
				assert_true(fabs((double)m.frees - cost.frees * 3 * (double)n) <
					    1e-6);
				assert_true(m.allocs > 100 && m.allocs == m.frees);
			}
		}
		rig_release(&r);
	}
	mock_done(&m);
}

/* An object that somebody wrote to is found, by the step that frees it or by verify. */
static void test_damage(void **state)
{
	struct replay_env *re;
	struct rig r;
	uint32_t slot = 0;

	(void)state;
	rig_init(&r, "replay", "trace=" SMALL, allocator_find("malloc"), 1, 3);
	assert_int_equal(rig_setup(&r), 0);
	assert_int_equal(rig_steps(&r, 500), WL_DONE);
	re = r.env.priv;
	while (!re->slot[slot].obj)
		slot++;
	*(uint64_t *)re->slot[slot].obj ^= 1;
	assert_int_equal(r.wl->verify(&r.env, &r.e), -EILSEQ);
	assert_non_null(strstr(r.e.text, "damaged"));
	assert_int_equal(rig_steps(&r, re->script.length), WL_FAILED);
	assert_int_equal(r.env.worker[0].error, -EILSEQ);
	rig_release(&r);
}

static void test_refused(void **state)
{
	static const struct {
		const char *options, *says;
	} bad[] = {
		{ "trace=", "which file" },
		{ "trace=-", "standard input" },
		{ "trace=none/such", "No such file" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct replay_params p = { .trace = "" };
		struct err e = { "" };

		rig_options(workload_find("replay")->opts, &p, bad[i].options);
		assert_true(workload_find("replay")->validate(&p, &e) < 0);
		if (!strstr(e.text, bad[i].says))
			fail_msg("'%s' does not say '%s'", e.text, bad[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),	   cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_allocators), cmocka_unit_test(test_damage),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
