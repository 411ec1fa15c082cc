/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * This machine from a few files of /sys, in place of machine_hwloc.c: hwloc and the libraries that it loads cost more
 * than many a program runs, and take memory while they look.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/sysfile.h"
#include "preload/preload.h"

#define LOCAL 10
#define REMOTE 20
#define NODES "/sys/devices/system/node/"

static void find_nodes(struct kmem_machine *m)
{
	unsigned first, last;
	char buf[512];
	const char *p = buf;

	kmem_read_file(NODES "has_memory", buf, sizeof(buf));
	while (kmem_next_range(&p, &first, &last))
		for (; first <= last && m->nr_nodes < KMEM_MAX_NODES; first++)
			m->os_node[m->nr_nodes++] = (int)first;
	if (!m->nr_nodes)
		m->nr_nodes = 1;
}

/* Row @i of the firmware's matrix: a number for each node that is online. */
static void find_distances(struct kmem_machine *m, unsigned i, const char *online)
{
	char path[96], buf[1024], *p = buf;
	unsigned first, last;

	snprintf(path, sizeof(path), NODES "node%d/distance", m->os_node[i]);
	kmem_read_file(path, buf, sizeof(buf));
	while (kmem_next_range(&online, &first, &last))
		for (; first <= last; first++) {
			unsigned long d = strtoul(p, &p, 10);

			for (unsigned j = 0; j < m->nr_nodes; j++)
				if (m->os_node[j] == (int)first && d)
					m->distance[i][j] =
						(uint8_t)(d < UINT8_MAX ? d : UINT8_MAX);
		}
}

static void find_cpus(struct kmem_machine *m, unsigned i)
{
	unsigned first, last;
	char path[96], buf[2048];
	const char *p = buf;

	snprintf(path, sizeof(path), NODES "node%d/cpulist", m->os_node[i]);
	kmem_read_file(path, buf, sizeof(buf));
	while (kmem_next_range(&p, &first, &last))
		for (; first <= last && first < KMEM_MAX_CPUS; first++)
			m->cpu_node[first] = (uint8_t)i;
}

/* CPUs of nodes without memory stay with node 0. */
static void find_layout(struct kmem_machine *m)
{
	char online[512];

	for (unsigned i = 0; i < m->nr_nodes; i++)
		for (unsigned j = 0; j < m->nr_nodes; j++)
			m->distance[i][j] = i == j ? LOCAL : REMOTE;
	if (m->nr_nodes == 1)
		return;
	kmem_read_file(NODES "online", online, sizeof(online));
	for (unsigned i = 0; i < m->nr_nodes; i++) {
		find_distances(m, i, online);
		find_cpus(m, i);
	}
}

static void find_online(struct kmem_machine *m)
{
	unsigned long set[KMEM_MAX_CPUS / (8 * sizeof(unsigned long))] = { 0 };
	unsigned bits = 8 * sizeof(set[0]), any = 0;

	sched_getaffinity(0, sizeof(set), (cpu_set_t *)set);
	for (unsigned i = 0; i < m->nr_cpus; i++)
		any += m->cpu_online[i] = set[i / bits] >> i % bits & 1;
	if (!any)
		m->cpu_online[0] = 1;
}

int kmem_machine_native(struct kmem_machine *m, struct err *e)
{
	long line = -1;

	(void)e;
	memset(m, 0, sizeof(*m));
	m->page_size = (unsigned)sysconf(_SC_PAGESIZE);
#ifdef _SC_LEVEL1_DCACHE_LINESIZE
	line = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
#endif
	m->cache_line = line >= 16 && line <= 4096 && !(line & (line - 1)) ? (unsigned)line : 64;
	m->nr_cpus = kmem_possible_cpus();
	if (m->nr_cpus > KMEM_MAX_CPUS)
		m->nr_cpus = KMEM_MAX_CPUS;
	find_nodes(m);
	find_layout(m);
	find_online(m);
	m->cpu_source = kmem_cpu_source();
	return 0;
}
