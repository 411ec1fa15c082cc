/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is seen of the engine and the workloads in the model's build: the CPUs' arrays (which the native build's
 * restartable sequences would hide), objects, slab headers; and what the CPU says that it is doing.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/model/no_machine.h"
#include "tests/workloads_help.h"

/* ---- a machine that counts by place and operation ---- */

enum place { OTHER, ARRAY, SHARED, HEAD, NODE, OBJECT, MGMT, PLACES };

static struct {
	struct {
		uint64_t addr, bytes;
		enum place place;
	} piece[4096];
	unsigned nr;
	uint64_t seen[MODEL_OPS][PLACES];
} machine;

static void keep(uint64_t addr)
{
	for (unsigned i = 0; i < machine.nr; i++)
		if (addr - machine.piece[i].addr < machine.piece[i].bytes) {
			machine.seen[model_state.op][machine.piece[i].place]++;
			return;
		}
	machine.seen[model_state.op][OTHER]++;
}

void sim_access(struct sim *s, unsigned cpu, uint64_t addr, unsigned size, bool write)
{
	(void)s;
	(void)cpu;
	(void)size;
	(void)write;
	keep(addr);
}

static void access_one(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size, bool write)
{
	sim_access(s, c->id, addr, (unsigned)size, write);
}

void sim_range(struct sim *s, unsigned cpu, uint64_t addr, uint64_t size, bool write)
{
	sim_access(s, cpu, addr, (unsigned)size, write);
}

static void add(const void *addr, uint64_t bytes, enum place place)
{
	assert_true(machine.nr < sizeof(machine.piece) / sizeof(machine.piece[0]));
	machine.piece[machine.nr].addr = (uintptr_t)addr;
	machine.piece[machine.nr].bytes = bytes;
	machine.piece[machine.nr++].place = place;
}

static void add_part(enum kmem_part part, const void *addr, size_t bytes, void *arg)
{
	(void)arg;
	if (part != KMEM_PART_ALIEN)
		add(addr, bytes,
		    part == KMEM_PART_HEAD   ? HEAD :
		    part == KMEM_PART_NODE   ? NODE :
		    part == KMEM_PART_SHARED ? SHARED :
					       ARRAY);
}

static void add_slab(const struct kmem_slab_view *v, void *arg)
{
	(void)arg;
	if (v->mgmt == v->page) /* on the slab: header and index in front of the objects */
		add(v->mgmt, v->geometry->slab_size, MGMT);
	add(v->page, v->bytes, OBJECT);
}

static void learn(struct rig *r)
{
	memset(&machine, 0, sizeof(machine));
	kmem_for_each_part(r->env.cache[0].slab, add_part, NULL);
	kmem_for_each_slab(r->env.cache[0].slab, add_slab, NULL);
}

static void steps(struct rig *r, uint64_t n)
{
	uint64_t done = 0;

	model_state.on = 1;
	assert_int_equal(wl_step(r->wl, &r->env, r->env.worker, n, &done), WL_DONE);
	model_state.on = 0;
	assert_int_equal(model_state.op, MODEL_OTHER);
	assert_int_equal(done, n);
}

static uint64_t all(unsigned op)
{
	uint64_t n = 0;

	for (unsigned p = 0; p < PLACES; p++)
		n += machine.seen[op][p];
	return n;
}

/* ---- tests ---- */

/* One object out and in again: the array is all that is needed. */
static void test_array(void **state)
{
	enum { N = 10000 };
	struct rig r;

	(void)state;
	rig_init(&r, "churn", "n=50 burst=1 touch=1 object_size=256", allocator_find("slab"), 1, 1);
	assert_int_equal(rig_setup(&r), 0);
	assert_int_equal(rig_steps(&r, 1000), WL_DONE);
	learn(&r);
	steps(&r, N);
	/* at least avail and one entry each, nothing of the lists */
	assert_true(machine.seen[MODEL_ALLOC][ARRAY] >= 2 * N);
	assert_true(machine.seen[MODEL_FREE][ARRAY] >= 2 * N);
	assert_true(machine.seen[MODEL_ALLOC][HEAD] >= N); /* slot */
	assert_true(machine.seen[MODEL_FREE][HEAD] >= N);
	assert_int_equal(machine.seen[MODEL_ALLOC][OBJECT] + machine.seen[MODEL_FREE][OBJECT], 0);
	assert_int_equal(machine.seen[MODEL_ALLOC][NODE] + machine.seen[MODEL_FREE][NODE], 0);
	/* touch=1: looked at before it goes, stamped when it comes */
	assert_int_equal(machine.seen[MODEL_VISIT][OBJECT], 2 * N);
	assert_int_equal(machine.seen[MODEL_OTHER][OBJECT], 0);
	assert_int_equal(all(MODEL_REFILL) + all(MODEL_FLUSH) + all(MODEL_GROW), 0);
	rig_release(&r);
}

/* Rounds of many objects: arrays run empty and full. */
static void test_refill_and_flush(void **state)
{
	struct rig r;

	(void)state;
	rig_init(&r, "churn", "n=3000 burst=1500 touch=1 object_size=256", allocator_find("slab"),
		 1, 1);
	assert_int_equal(rig_setup(&r), 0);
	assert_int_equal(rig_steps(&r, 3000), WL_DONE);
	learn(&r);
	steps(&r, 20000);
	for (unsigned op = MODEL_REFILL; op <= MODEL_FLUSH; op++) {
		assert_true(machine.seen[op][ARRAY] > 100);
		assert_true(machine.seen[op][SHARED] > 100);
		assert_true(machine.seen[op][NODE] > 100);
		assert_true(machine.seen[op][MGMT] > 100);
	}
	assert_true(all(MODEL_ALLOC) > 20000);
	assert_true(all(MODEL_FREE) > 20000);
	rig_release(&r);
}

static void test_grow(void **state)
{
	enum { N = 2000 };
	static void *p[N];
	struct kmem_cache *c;
	struct err e;
	struct rig r;

	(void)state;
	rig_init(&r, "churn", "n=50", allocator_find("slab"), 1, 1);
	assert_int_equal(rig_setup(&r), 0);
	/* slab headers from a cache of their own, which grows and is refilled meanwhile: all of it is growing */
	r.config.mgmt = MGMT_OFF;
	assert_int_equal(kmem_cache_create(r.env.system, "grow", 256, &r.config, NULL, &c, &e), 0);
	memset(&machine, 0, sizeof(machine));
	model_state.on = 1;
	assert_int_equal(kmem_cache_alloc_bulk(c, 0, N, p), N);
	assert_int_equal(model_state.op, MODEL_OTHER);
	kmem_cache_free_bulk(c, N, p);
	model_state.on = 0;
	assert_int_equal(model_state.op, MODEL_OTHER);
	assert_true(all(MODEL_GROW) > N / 16 * 10);
	assert_true(all(MODEL_REFILL) > N);
	assert_true(all(MODEL_FLUSH) > N);
	assert_int_equal(kmem_cache_destroy(c, &e), 0);
	rig_release(&r);
}

static void test_slots(void **state)
{
	struct rig r;

	(void)state;
	assert_int_equal(model_build(), 1);
	rig_init(&r, "null", "", allocator_find("slab"), 1, 1);
	assert_int_equal(kmem_system_machine(r.env.system)->cpu_source, KMEM_CPU_SLOT);
	assert_int_equal(rig_setup(&r), 0);
	rig_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_refill_and_flush),
		cmocka_unit_test(test_grow),
	};

	no_machine(access_one);
	return cmocka_run_group_tests_name("model_engine", tests, NULL, NULL);
}
