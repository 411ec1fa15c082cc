/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine_help.h"

struct kmem_system *et_system_of(unsigned cpus, unsigned nodes)
{
	static struct kmem_machine m; /* large; only read after create */
	struct kmem_system_config c = { .machine = &m,
					.node_bytes = 256u << 20,
					.max_slots = cpus };
	struct kmem_system *s;
	struct err e;

	assert_int_equal(kmem_machine_synthetic(&m, cpus, nodes, &e), 0);
	m.page_size = 4096;
	m.cache_line = 64;
	if (kmem_system_create(&s, &c, &e))
		fail_msg("%s", e.text);
	assert_int_equal(kmem_thread_bind(0), 0);
	return s;
}

struct slab_config et_config(const char *profile)
{
	struct slab_config c;

	memset(&c, 0, sizeof(c));
	assert_int_equal(slab_config_profile(&c, profile, NULL), 0);
	return c;
}

struct kmem_cache *et_cache_of(struct kmem_system *s, const char *name, size_t size,
			       const struct slab_config *cfg)
{
	struct kmem_cache *c;
	struct err e;

	if (kmem_cache_create(s, name, size, cfg, NULL, &c, &e))
		fail_msg("%s", e.text);
	return c;
}

void et_on_cpu(int cpu)
{
	assert_int_equal(kmem_thread_bind(cpu), 0);
}

void et_sound(struct kmem_system *s)
{
	struct err e;

	if (kmem_system_check(s, &e))
		fail_msg("%s", e.text);
}

void et_end(struct kmem_system *s, struct kmem_cache *c)
{
	struct err e;

	et_sound(s);
	if (kmem_cache_destroy(c, &e) || kmem_system_destroy(s, &e))
		fail_msg("%s", e.text);
}

struct kmem_cache_info et_info(struct kmem_cache *c)
{
	struct kmem_cache_info i;

	kmem_cache_get_info(c, &i);
	assert_int_equal(i.bytes_held, i.bytes_asked + i.bytes_free_objs + i.bytes_rounding +
					       i.bytes_stride_pad + i.bytes_mgmt + i.bytes_colour +
					       i.bytes_tail);
	return i;
}

static void find_slab(const struct kmem_slab_view *v, void *arg)
{
	struct et_find *f = arg;

	if ((const char *)f->obj >= (const char *)v->page &&
	    (const char *)f->obj < (const char *)v->page + v->bytes) {
		f->v = *v;
		f->g = *v->geometry;
		f->found++;
	}
}

struct et_find et_slab_of(struct kmem_cache *c, const void *obj)
{
	struct et_find f = { .obj = obj };

	kmem_for_each_slab(c, find_slab, &f);
	assert_int_equal(f.found, 1);
	return f;
}

unsigned et_obj_number(struct kmem_cache *c, const void *obj)
{
	struct et_find f = et_slab_of(c, obj);

	return (unsigned)(((const char *)obj - (const char *)f.v.s_mem) / f.g.size);
}
