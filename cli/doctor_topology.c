/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's CPUs, caches and nodes, as hwloc finds them. */

#include <errno.h>
#include <hwloc.h>
#include <hwloc/distances.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/doctor_parts.h"

static unsigned count_of(hwloc_topology_t t, hwloc_obj_type_t type)
{
	int n = hwloc_get_nbobjs_by_type(t, type);

	return n > 0 ? (unsigned)n : 0;
}

static void find_caches(struct doctor_machine *m, hwloc_topology_t t)
{
	for (int depth = hwloc_topology_get_depth(t) - 1; depth >= 0; depth--) {
		hwloc_obj_t o = hwloc_get_obj_by_depth(t, depth, 0);
		struct doctor_cache *c = &m->cache[m->nr_caches];

		if (!o || !hwloc_obj_type_is_dcache(o->type) || m->nr_caches == DOCTOR_CACHES)
			continue;
		c->level = o->attr->cache.depth;
		c->count = hwloc_get_nbobjs_by_depth(t, depth);
		c->data = o->attr->cache.type == HWLOC_OBJ_CACHE_DATA;
		c->size = o->attr->cache.size;
		c->ways = o->attr->cache.associativity;
		c->line = o->attr->cache.linesize;
		c->shared = (unsigned)hwloc_bitmap_weight(o->cpuset);
		m->nr_caches++;
	}
}

static int node_index(const struct doctor_machine *m, unsigned os)
{
	for (unsigned i = 0; i < m->nr_nodes; i++)
		if (m->node[i].os == os)
			return (int)i;
	return -1;
}

static void find_distances(struct doctor_machine *m, hwloc_topology_t t)
{
	struct hwloc_distances_s *d = NULL;
	unsigned nr = 1;

	if (hwloc_distances_get_by_name(t, "NUMALatency", &nr, &d, 0) || !nr)
		return;
	for (unsigned i = 0; i < d->nbobjs; i++)
		for (unsigned j = 0; j < d->nbobjs; j++) {
			int a = node_index(m, d->objs[i]->os_index);
			int b = node_index(m, d->objs[j]->os_index);

			if (a >= 0 && b >= 0)
				m->node[a].distance[b] = (unsigned)d->values[i * d->nbobjs + j];
		}
	hwloc_distances_release(t, d);
}

static void find_nodes(struct doctor_machine *m, hwloc_topology_t t)
{
	hwloc_obj_t o = NULL;

	while ((o = hwloc_get_next_obj_by_type(t, HWLOC_OBJ_NUMANODE, o)) &&
	       m->nr_nodes < KMEM_MAX_NODES) {
		struct doctor_node *n = &m->node[m->nr_nodes++];

		n->os = o->os_index;
		n->cpus = (unsigned)hwloc_bitmap_weight(o->cpuset);
		n->bytes = (double)o->attr->numanode.local_memory;
	}
	find_distances(m, t);
}

static int load(struct doctor_machine *m, const struct hostfs *fs)
{
	hwloc_topology_t t;

	setenv("HWLOC_HIDE_ERRORS", "2", 1); /* what it misses, we say */
	if (hwloc_topology_init(&t))
		return -ENOMEM;
	/* hwloc reads a machine below another root by itself, if nothing asks this CPU as well */
	if (*fs->root) {
		setenv("HWLOC_FSROOT", fs->root, 1);
		setenv("HWLOC_COMPONENTS", "-x86", 1);
	}
	if (hwloc_topology_load(t)) {
		int error = errno ? -errno : -EIO;

		hwloc_topology_destroy(t);
		return error;
	}
	/* a folder that is no machine: hwloc makes one up, of as many CPUs as are here */
	if (*fs->root && !count_of(t, HWLOC_OBJ_CORE) && !count_of(t, HWLOC_OBJ_PACKAGE)) {
		hwloc_topology_destroy(t);
		return -ENODATA;
	}
	m->native = hwloc_topology_is_thissystem(t);
	m->cpus = count_of(t, HWLOC_OBJ_PU);
	m->cores = count_of(t, HWLOC_OBJ_CORE);
	m->packages = count_of(t, HWLOC_OBJ_PACKAGE);
	find_caches(m, t);
	find_nodes(m, t);
	hwloc_topology_destroy(t);
	return 0;
}

/* HWLOC_* are as before when it returns. */
void doctor_topology(struct doctor_machine *m, const struct hostfs *fs)
{
	static const char *const names[] = { "HWLOC_HIDE_ERRORS", "HWLOC_FSROOT",
					     "HWLOC_COMPONENTS" };
	char *old[3];
	int rc;

	for (unsigned i = 0; i < 3; i++) {
		old[i] = getenv(names[i]);
		old[i] = old[i] ? strdup(old[i]) : NULL;
	}
	rc = load(m, fs);
	if (rc)
		snprintf(m->topology_error, sizeof(m->topology_error), "hwloc cannot read it: %s",
			 strerror(-rc));
	for (unsigned i = 0; i < 3; i++) {
		if (old[i])
			setenv(names[i], old[i], 1);
		else
			unsetenv(names[i]);
		free(old[i]);
	}
}
