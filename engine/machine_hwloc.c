/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine that hwloc sees: this one, or the one described by HWLOC_XMLFILE or HWLOC_SYNTHETIC.
 * */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "engine/machine.h"

#include <errno.h>
#include <hwloc.h>
#include <hwloc/distances.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/membarrier.h"
#include "engine/rseq.h"

#define LOCAL 10
#define REMOTE 20

struct found {
	hwloc_topology_t topo;
	int native;			  /* the topology is this system's */
	hwloc_obj_t node[KMEM_MAX_NODES]; /* by our number: ascending by the kernel's */
	unsigned nr;
};

/* ---- nodes ---- */

/* A node whose memory an allocator should use. Memory of a GPU is the kernel's node too, but never
 * ours. */
static int usable(hwloc_obj_t o, int need_memory)
{
	if (o->subtype && !strcmp(o->subtype, "GPUMemory"))
		return 0;
	return !need_memory || o->attr->numanode.local_memory > 0;
}

static int find_nodes(struct found *f, struct kmem_machine *m, struct err *e)
{
	int all = hwloc_get_nbobjs_by_type(f->topo, HWLOC_OBJ_NUMANODE), with = 0;

	for (int i = 0; i < all; i++)
		with += usable(hwloc_get_obj_by_type(f->topo, HWLOC_OBJ_NUMANODE, (unsigned)i), 1);
	for (int i = 0; i < all; i++) {
		hwloc_obj_t o = hwloc_get_obj_by_type(f->topo, HWLOC_OBJ_NUMANODE, (unsigned)i);
		unsigned at = f->nr;

		/* A node without memory has nothing to allocate; where no node tells its size, all
		 * count. */
		if (!usable(o, with > 0))
			continue;
		if (f->nr == KMEM_MAX_NODES)
			return err_set(e, -E2BIG, "more than %u memory nodes", KMEM_MAX_NODES);
		for (; at && f->node[at - 1]->os_index > o->os_index; at--)
			f->node[at] = f->node[at - 1];
		f->node[at] = o;
		f->nr++;
	}
	if (!f->nr)
		return err_set(e, -ENODEV, "hwloc finds no memory node");
	m->nr_nodes = f->nr;
	for (unsigned i = 0; i < f->nr; i++)
		m->os_node[i] = (int)f->node[i]->os_index;
	return 0;
}

static int number_of(const struct found *f, hwloc_obj_t o)
{
	for (unsigned i = 0; i < f->nr; i++)
		if (f->node[i] == o)
			return (int)i;
	return -1;
}

/* The matrix that the firmware gives (the others, bandwidths and the like, have other names), or 10
 * and 20. */
static struct hwloc_distances_s *latencies(hwloc_topology_t topo)
{
	struct hwloc_distances_s *d = NULL;
	unsigned nr = 1;

	if (hwloc_distances_get_by_name(topo, "NUMALatency", &nr, &d, 0) || !nr)
		return NULL;
	return d;
}

static void find_distances(const struct found *f, struct kmem_machine *m)
{
	struct hwloc_distances_s *d = latencies(f->topo);

	for (unsigned i = 0; i < f->nr; i++)
		for (unsigned j = 0; j < f->nr; j++)
			m->distance[i][j] = i == j ? LOCAL : REMOTE;
	if (!d)
		return;
	for (unsigned i = 0; i < d->nbobjs; i++)
		for (unsigned j = 0; j < d->nbobjs; j++) {
			hwloc_uint64_t v = d->values[i * d->nbobjs + j];
			int a = number_of(f, d->objs[i]), b = number_of(f, d->objs[j]);

			if (a >= 0 && b >= 0 && v)
				m->distance[a][b] = (uint8_t)(v < UINT8_MAX ? v : UINT8_MAX);
		}
	hwloc_distances_release(f->topo, d);
}

/* Our node for a CPU whose own node was left out (no memory): the nearest to that by the matrix,
 * else 0. */
static unsigned substitute(const struct found *f, hwloc_obj_t out)
{
	struct hwloc_distances_s *d = latencies(f->topo);
	hwloc_uint64_t best = ~(hwloc_uint64_t)0;
	unsigned node = 0;

	for (unsigned i = 0; d && i < d->nbobjs; i++)
		for (unsigned j = 0; d->objs[i] == out && j < d->nbobjs; j++) {
			int n = number_of(f, d->objs[j]);

			if (n >= 0 && d->values[i * d->nbobjs + j] < best) {
				best = d->values[i * d->nbobjs + j];
				node = (unsigned)n;
			}
		}
	if (d)
		hwloc_distances_release(f->topo, d);
	return node;
}

/* ---- CPUs ---- */

/* Among nodes that hold the CPU (more than one where fast memory is a node of its own) hwloc's
 * first is the one of ordinary memory. */
static unsigned node_of(const struct found *f, unsigned cpu)
{
	hwloc_obj_t o = NULL, out = NULL;

	while ((o = hwloc_get_next_obj_by_type(f->topo, HWLOC_OBJ_NUMANODE, o))) {
		if (!hwloc_bitmap_isset(o->cpuset, cpu))
			continue;
		if (number_of(f, o) >= 0)
			return (unsigned)number_of(f, o);
		out = o;
	}
	return out ? substitute(f, out) : 0;
}

static int find_cpus(const struct found *f, struct kmem_machine *m, struct err *e)
{
	hwloc_bitmap_t may = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(f->topo));
	hwloc_bitmap_t bound = hwloc_bitmap_alloc();
	unsigned possible = f->native ? kmem_possible_cpus() : 0;
	hwloc_obj_t pu = NULL;
	int r = 0;

	if (!may || !bound) {
		r = err_set(e, -ENOMEM, "no memory for the set of CPUs");
		goto out;
	}
	/* the union over the process's threads: one that is pinned does not make the machine
	 * smaller */
	if (f->native && !hwloc_get_cpubind(f->topo, bound, HWLOC_CPUBIND_PROCESS) &&
	    hwloc_bitmap_intersects(may, bound))
		hwloc_bitmap_and(may, may, bound);
	m->nr_cpus = possible < KMEM_MAX_CPUS ? possible : KMEM_MAX_CPUS;
	while ((pu = hwloc_get_next_obj_by_type(f->topo, HWLOC_OBJ_PU, pu))) {
		unsigned cpu = pu->os_index;

		if (cpu >= KMEM_MAX_CPUS) {
			r = err_set(e, -E2BIG, "CPU %u: at most %u CPUs are supported", cpu,
				    KMEM_MAX_CPUS);
			goto out;
		}
		if (cpu >= m->nr_cpus)
			m->nr_cpus = cpu + 1;
		m->cpu_node[cpu] = (uint8_t)node_of(f, cpu);
		m->cpu_online[cpu] = hwloc_bitmap_isset(may, cpu) ? 1 : 0;
	}
	if (!m->nr_cpus)
		r = err_set(e, -ENODEV, "hwloc finds no CPU");
out:
	hwloc_bitmap_free(may);
	hwloc_bitmap_free(bound);
	return r;
}

/* ---- caches ---- */

static unsigned good_line(unsigned long n)
{
	return n >= 8 && n <= 4096 && !(n & (n - 1)) ? (unsigned)n : 0;
}

/* Size, ways and line of the first cache of a level; 0 where it is missing or does not say. */
static unsigned find_cache(hwloc_topology_t topo, hwloc_obj_type_t type, unsigned *size,
			   unsigned *ways)
{
	hwloc_obj_t o = hwloc_get_obj_by_type(topo, type, 0);
	struct hwloc_cache_attr_s *c = o ? &o->attr->cache : NULL;

	*size = *ways = 0;
	if (!c)
		return 0;
	if (c->size <= UINT32_MAX)
		*size = (unsigned)c->size;
	if (c->associativity >
	    0) /* -1: fully associative, which is no number of ways to colour by */
		*ways = (unsigned)c->associativity;
	return good_line(c->linesize);
}

static void find_caches(const struct found *f, struct kmem_machine *m)
{
	unsigned l1 = find_cache(f->topo, HWLOC_OBJ_L1CACHE, &m->l1d_size, &m->l1d_ways);
	unsigned l2 = find_cache(f->topo, HWLOC_OBJ_L2CACHE, &m->l2_size, &m->l2_ways);

	m->cache_line = l1;
#ifdef _SC_LEVEL1_DCACHE_LINESIZE
	if (!m->cache_line && f->native) {
		long n = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);

		m->cache_line = n > 0 ? good_line((unsigned long)n) : 0;
	}
#endif
	if (!m->cache_line)
		m->cache_line = l2 ? l2 : 64;
}

/* ---- all of it ---- */

/* hwloc goes on with the real machine when it cannot read the one that was asked for, or gives up
 * (@failed; which of the two depends on its plug-ins): say so instead. */
static int check_asked(int native, int failed, struct err *e)
{
	static const char *const env[] = { "HWLOC_XMLFILE", "HWLOC_SYNTHETIC" };
	const char *is = getenv("HWLOC_THISSYSTEM");

	for (unsigned i = 0; i < 2; i++) {
		const char *v = getenv(env[i]);

		if (v && *v && (failed || (native && !(is && atoi(is)))))
			return err_set(e, -EINVAL, "%s=%.300s: hwloc cannot use it", env[i], v);
	}
	return 0;
}

static int describe(struct found *f, struct kmem_machine *m, struct err *e)
{
	int r = check_asked(f->native, 0, e);

	if (!r)
		r = find_nodes(f, m, e);
	if (!r)
		r = find_cpus(f, m, e);
	if (r)
		return r;
	find_distances(f, m);
	find_caches(f, m);
	m->page_size = (unsigned)sysconf(_SC_PAGESIZE);
	m->emulated = !f->native;
	m->cpu_source = f->native ? kmem_cpu_source() : KMEM_CPU_SLOT;
	return 0;
}

int kmem_machine_native(struct kmem_machine *m, struct err *e)
{
	struct found f = { .nr = 0 };
	int r;

	memset(m, 0, sizeof(*m));
	if (hwloc_topology_init(&f.topo))
		return err_set(e, -ENOMEM, "hwloc_topology_init failed");
	if (hwloc_topology_load(f.topo)) {
		int code = errno ? -errno : -EIO;

		r = check_asked(0, 1, e);
		if (!r)
			r = err_set(e, code, "hwloc cannot read this machine's topology: %s",
				    strerror(-code));
	} else {
		f.native = hwloc_topology_is_thissystem(f.topo);
		r = describe(&f, m, e);
	}
	hwloc_topology_destroy(f.topo);
	return r;
}
