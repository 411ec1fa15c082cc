/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_NUMA_HELP_H
#define SLABSCOPE_TESTS_NUMA_HELP_H

/* What the tests of the numa collector share: a machine that exists only here, and a kernel that says
 * where its pages lie. */

#include "collectors/numa/numa.h"
#include "tests/collect_help.h"
#include "tests/engine_help.h"

extern const struct collector collector_numa;

/* What the invented kernel answers. Page number i (in the order asked) of every @every is put on the
 * next node, or has @page_error. */
struct nh_kernel {
	struct kmem_system *sys;
	const struct kmem_machine *m;
	unsigned every;
	int page_error, error;
	uint64_t asked;
};
extern struct nh_kernel nh_kernel;
extern const struct numa_sys nh_invented;

/* Two CPUs a node; the kernel's numbers of the nodes are 0, 2, 4, ... */
struct nh_scene {
	struct kmem_system *sys;
	struct kmem_cache *cache;
	struct kmem_machine *machine;
	struct slab_config config;
	struct seam_cache seam;
	struct wl_env env;
	struct numa_params params;
	struct collect_ctx ctx;
	void **obj;
	unsigned nr_obj;
};

/* One worker on the first CPU of each of @workers nodes; each allocates @each objects. Also begins an
 * empty tree of /proc and /sys. */
void nh_begin(struct nh_scene *s, unsigned nodes, unsigned workers, unsigned each,
	      unsigned placement);
void nh_end(struct nh_scene *s);
void nh_open(struct nh_scene *s);
struct ch_sink *nh_run(struct nh_scene *s); /* the whole collector */
uint64_t nh_pages(const struct nh_scene *s);

#endif
