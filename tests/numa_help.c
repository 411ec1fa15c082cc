/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/numa_help.h"

struct nh_kernel nh_kernel;

static int invented_where(void *const *addr, size_t n, int *node, struct err *e)
{
	if (nh_kernel.error)
		return err_set(e, nh_kernel.error, "move_pages: %s", strerror(-nh_kernel.error));
	for (size_t i = 0; i < n; i++, nh_kernel.asked++) {
		unsigned on = kmem_obj_node(nh_kernel.sys, addr[i]);

		if (nh_kernel.every && nh_kernel.asked % nh_kernel.every == 0) {
			on = (on + 1) % nh_kernel.m->nr_nodes;
			node[i] = nh_kernel.page_error ? nh_kernel.page_error :
							 nh_kernel.m->os_node[on];
			continue;
		}
		node[i] = nh_kernel.m->os_node[on];
	}
	return 0;
}

const struct numa_sys nh_invented = { .where = invented_where };

void nh_begin(struct nh_scene *s, unsigned nodes, unsigned workers, unsigned each,
	      unsigned placement)
{
	memset(s, 0, sizeof(*s));
	memset(&nh_kernel, 0, sizeof(nh_kernel));
	s->sys = et_system_of(2 * nodes, nodes);
	s->config = et_config(KERNEL);
	s->config.placement = placement;
	s->config.place_node = nodes - 1;
	s->cache = et_cache_of(s->sys, "scene", 256, &s->config);
	s->machine = malloc(sizeof(*s->machine));
	assert_non_null(s->machine);
	*s->machine = *kmem_system_machine(s->sys);
	s->machine->emulated = 0;
	for (unsigned i = 0; i < nodes; i++)
		s->machine->os_node[i] = (int)(2 * i);
	s->seam = (struct seam_cache){ .ops = allocator_find("slab"), .slab = s->cache };
	s->env = (struct wl_env){ .ops = s->seam.ops,
				  .system = s->sys,
				  .machine = s->machine,
				  .config = &s->config,
				  .workers = workers,
				  .worker = wl_workers_create(workers, 1),
				  .cache = &s->seam,
				  .nr_caches = 1 };
	assert_non_null(s->env.worker);
	s->obj = calloc((size_t)workers * each + 1, sizeof(*s->obj));
	assert_non_null(s->obj);
	for (unsigned w = 0; w < workers; w++) {
		s->env.worker[w].cpu = 2 * w;
		et_on_cpu((int)(2 * w));
		for (unsigned i = 0; i < each; i++) {
			s->obj[s->nr_obj] = kmem_cache_alloc(s->cache, 0);
			assert_non_null(s->obj[s->nr_obj++]);
		}
	}
	opt_defaults(collector_numa.opts, &s->params);
	s->ctx = (struct collect_ctx){ .env = &s->env,
				       .workers = workers,
				       .worker_ops = 1000,
				       .cost = { .lines = 2 },
				       .params = &s->params };
	nh_kernel.sys = s->sys;
	nh_kernel.m = s->machine;
	ch_tree_begin();
}

void nh_end(struct nh_scene *s)
{
	ch_tree_end();
	for (unsigned i = 0; i < s->nr_obj; i++)
		kmem_cache_free(s->cache, s->obj[i]);
	wl_workers_destroy(s->env.worker);
	free(s->obj);
	free(s->machine);
	et_end(s->sys, s->cache);
}

void nh_open(struct nh_scene *s)
{
	struct err e;

	assert_int_equal(collector_numa.open(&s->ctx, &e), 0);
	((struct numa_priv *)s->ctx.priv)->sys = &nh_invented;
}

struct ch_sink *nh_run(struct nh_scene *s)
{
	struct ch_sink *out = ch_sink_create();

	nh_open(s);
	collector_numa.start(&s->ctx);
	nh_kernel.asked = 0;
	collector_numa.stop(&s->ctx);
	collector_numa.emit(&s->ctx, &out->sink);
	collector_numa.close(&s->ctx);
	assert_null(s->ctx.priv);
	return out;
}

uint64_t nh_pages(const struct nh_scene *s)
{
	struct kmem_cache_info i = et_info(s->cache);

	return i.bytes_held / (uint64_t)sysconf(_SC_PAGESIZE);
}
