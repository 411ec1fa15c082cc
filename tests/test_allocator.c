/* SPDX-License-Identifier: GPL-2.0-or-later */
/* engine/allocator.h: what every allocator behind the seam keeps. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/allocator.h"
#include "lib/rng.h"

#define LIVE 1000

struct seam {
	struct kmem_system *system;
	struct slab_config config;
};

static void seam_begin(struct seam *s)
{
	struct kmem_machine m;
	struct kmem_system_config c = { .machine = &m };
	struct err e = { "" };

	if (kmem_machine_synthetic(&m, 2, 2, &e) || kmem_system_create(&s->system, &c, &e) ||
	    slab_config_profile(&s->config, "fast", &e))
		fail_msg("%s", e.text);
}

static void seam_end(struct seam *s)
{
	struct err e = { "" };

	if (kmem_system_destroy(s->system, &e))
		fail_msg("%s", e.text);
}

/* 1: there is a cache; 0: the peer is not on this machine, which it says. */
static int begin(struct seam *s, struct seam_cache *c, const struct allocator_ops *ops, size_t size)
{
	struct allocator_request r = { .name = "seam", .size = size, .config = &s->config };
	struct err e = { "" };

	memset(c, 0, sizeof(*c));
	c->ops = ops;
	r.system = ops->is_slab ? s->system : NULL;
	switch (ops->create(c, &r, &e)) {
	case 0:
		return 1;
	case -ENOSYS:
		assert_memory_equal(e.text, ops->name, strlen(ops->name));
		assert_false(ops->is_slab);
		return 0;
	}
	fail_msg("%s: %s", ops->name, e.text);
	return 0;
}

static void table(void **state)
{
	(void)state;
	assert_non_null(allocators[0]);
	for (unsigned i = 0; allocators[i]; i++) {
		const struct allocator_ops *o = allocators[i];

		assert_ptr_equal(allocator_find(o->name), o);
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(o->name, allocators[k]->name);
		assert_true(o->help && *o->help && o->help[strlen(o->help) - 1] != '.');
		assert_true(o->create && o->alloc && o->free && o->destroy);
		assert_true(o->version() && *o->version());
		assert_null(strchr(o->version(), ',')); /* it stands in CSV files */
	}
	assert_non_null(allocator_find("slab"));
	assert_non_null(allocator_find("malloc"));
	assert_non_null(allocator_find("null"));
	assert_true(allocator_find("slab")->is_slab);
	assert_true(allocator_find("null")->aliases);
	assert_false(allocator_find("slab")->aliases);
	assert_false(allocator_find("malloc")->aliases);
	assert_null(allocator_find("none such"));
	assert_null(allocator_find(""));
}

/* Objects in random order, each with its own contents. null keeps this up to its ring, which 1000
 * are in. */
static void contents(void **state)
{
	static const size_t sizes[] = { 1, 8, 64, 100, 1024, 4000 };
	struct seam s;

	(void)state;
	seam_begin(&s);
	for (unsigned a = 0; allocators[a]; a++)
		for (unsigned z = 0; z < sizeof(sizes) / sizeof(*sizes); z++) {
			unsigned char *live[LIVE] = { NULL };
			struct seam_cache c;
			struct rng r;

			if (!begin(&s, &c, allocators[a], sizes[z]))
				continue;
			rng_seed(&r, z);
			for (unsigned i = 0; i < LIVE; i++) {
				live[i] = seam_alloc(&c, false);
				assert_non_null(live[i]);
				assert_int_equal((uintptr_t)live[i] % (sizes[z] < 8 ? 1 : 8), 0);
				memset(live[i], (int)(i * 7 & 255), sizes[z]);
			}
			for (unsigned i = 0; i < LIVE; i++)
				if (live[i][0] != (i * 7 & 255) ||
				    live[i][sizes[z] - 1] != (i * 7 & 255))
					fail_msg("%s, %zu bytes: object %u lost its contents",
						 allocators[a]->name, sizes[z], i);
			rng_shuffle(&r, live, LIVE, sizeof(*live));
			for (unsigned i = 0; i < LIVE; i++)
				seam_free(&c, live[i], false);
			c.ops->destroy(&c);
		}
	seam_end(&s);
}

static void direct_and_table_are_one(void **state)
{
	struct seam s;
	struct seam_cache c;
	void *p;

	(void)state;
	seam_begin(&s);
	assert_true(begin(&s, &c, allocator_find("slab"), 128));
	assert_non_null(c.slab);
	p = seam_alloc(&c, true);
	assert_ptr_equal(kmem_cache_of(s.system, p), c.slab);
	seam_free(&c, p, false);
	assert_ptr_equal(seam_alloc(&c, true), p); /* last in, first out */
	seam_free(&c, p, true);
	c.ops->destroy(&c);
	assert_null(c.slab);
	seam_end(&s);
}

static void refused(void **state)
{
	static const struct {
		const char *name;
		size_t size;
	} rows[] = { { "slab", 64 }, { "null", 0 }, { "null", KMALLOC_MAX_SIZE + 1 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct allocator_request r = { .name = "x", .size = rows[i].size }; /* no system */
		struct seam_cache c = { .ops = allocator_find(rows[i].name) };
		struct err e = { "" };

		assert_int_equal(c.ops->create(&c, &r, &e), -EINVAL);
		assert_memory_equal(e.text, rows[i].name, 4);
		if (!c.ops->is_slab)
			c.ops->destroy(&c); /* of what was not created: harmless */
	}
}

struct thread_arg {
	struct seam_cache *c;
	unsigned id, broken;
};

static void *thread(void *arg)
{
	struct thread_arg *a = arg;
	uint64_t *live[64] = { NULL };
	struct rng r;

	rng_seed(&r, a->id);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned k = (unsigned)rng_below(&r, 64);

		if (live[k]) {
			if (!a->c->ops->aliases && *live[k] != a->id * 64 + k)
				a->broken = 1;
			seam_free(a->c, live[k], false);
			live[k] = NULL;
		} else if ((live[k] = seam_alloc(a->c, false))) {
			if (!a->c->ops->aliases)
				*live[k] = a->id * 64 + k;
		}
	}
	for (unsigned k = 0; k < 64; k++)
		if (live[k])
			seam_free(a->c, live[k], false);
	return NULL;
}

static void threads(void **state)
{
	struct seam s;

	(void)state;
	seam_begin(&s);
	for (unsigned a = 0; allocators[a]; a++) {
		struct thread_arg arg[4];
		struct seam_cache c;
		pthread_t t[4];

		if (!begin(&s, &c, allocators[a], 64))
			continue;
		for (unsigned i = 0; i < 4; i++) {
			arg[i] = (struct thread_arg){ .c = &c, .id = i };
			assert_int_equal(pthread_create(&t[i], NULL, thread, &arg[i]), 0);
		}
		for (unsigned i = 0; i < 4; i++) {
			pthread_join(t[i], NULL);
			assert_false(arg[i].broken);
		}
		c.ops->destroy(&c);
	}
	seam_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(contents),
		cmocka_unit_test(direct_and_table_are_one),
		cmocka_unit_test(refused),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests_name("allocator", tests, NULL, NULL);
}
