/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Machines by arithmetic. The one that is really here: machine_hwloc.c. */
#include "engine/machine.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LOCAL 10
#define REMOTE 20

/* Whoever runs there: node by contiguous blocks of @count CPUs that count, more nodes than CPUs
 * leave the last ones with memory only. */
static uint8_t block_node(unsigned i, unsigned count, unsigned nodes)
{
	return (uint8_t)(nodes <= count ? (uint64_t)i * nodes / count : i);
}

int kmem_machine_emulate(struct kmem_machine *m, unsigned nodes, struct err *e)
{
	int os_node[KMEM_MAX_NODES];
	unsigned online = 0, seen = 0;

	if (!nodes || nodes > KMEM_MAX_NODES)
		return err_set(e, -EINVAL, "%u nodes: expected 1 to %u", nodes, KMEM_MAX_NODES);
	if (nodes == m->nr_nodes)
		return 0;
	for (unsigned c = 0; c < m->nr_cpus; c++)
		online += m->cpu_online[c];
	/* CPUs that exist only on paper (a hypervisor's hot-plug slots) must not push all real ones
	 * into node 0: the blocks are of CPUs that can be used, the others go with the one before
	 * them. */
	for (unsigned c = 0; c < m->nr_cpus; c++) {
		if (!online)
			m->cpu_node[c] = block_node(c, m->nr_cpus, nodes);
		else if (m->cpu_online[c])
			m->cpu_node[c] = block_node(seen++, online, nodes);
		else
			m->cpu_node[c] = seen ? block_node(seen - 1, online, nodes) : 0;
	}
	/* where the pages will really come from, for what it is worth: they are not bound */
	for (unsigned n = 0; n < nodes; n++)
		os_node[n] = m->os_node[n * m->nr_nodes / nodes];
	memcpy(m->os_node, os_node, nodes * sizeof(*os_node));
	for (unsigned i = 0; i < nodes; i++)
		for (unsigned j = 0; j < nodes; j++)
			m->distance[i][j] = i == j ? LOCAL : REMOTE;
	m->nr_nodes = nodes;
	m->emulated = 1;
	return 0;
}

int kmem_machine_synthetic(struct kmem_machine *m, unsigned cpus, unsigned nodes, struct err *e)
{
	if (!cpus || cpus > KMEM_MAX_CPUS)
		return err_set(e, -EINVAL, "%u CPUs: expected 1 to %u", cpus, KMEM_MAX_CPUS);
	if (!nodes || nodes > KMEM_MAX_NODES)
		return err_set(e, -EINVAL, "%u nodes: expected 1 to %u", nodes, KMEM_MAX_NODES);
	memset(m, 0, sizeof(*m));
	m->page_size = (unsigned)sysconf(_SC_PAGESIZE);
	m->cache_line = 64;
	m->nr_cpus = cpus;
	m->nr_nodes = nodes;
	m->emulated = 1;
	m->cpu_source = KMEM_CPU_SLOT;
	for (unsigned c = 0; c < cpus; c++) {
		m->cpu_node[c] = block_node(c, cpus, nodes);
		m->cpu_online[c] = 1;
	}
	for (unsigned i = 0; i < nodes; i++)
		for (unsigned j = 0; j < nodes; j++) {
			unsigned d = LOCAL + 10 * (i > j ? i - j : j - i);

			m->distance[i][j] = (uint8_t)(d < UINT8_MAX ? d : UINT8_MAX);
		}
	return 0;
}

void kmem_machine_zonelist(const struct kmem_machine *m, unsigned node, uint8_t *order)
{
	const uint8_t *d = m->distance[node];
	unsigned n = 0;

	order[n++] = (uint8_t)node;
	for (unsigned i = 0; i < m->nr_nodes; i++) {
		unsigned at = n;

		if (i == node)
			continue;
		/* insertion from behind, past strictly farther ones only: ties stay in order of
		 * number */
		while (at > 1 && d[order[at - 1]] > d[i]) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = (uint8_t)i;
		n++;
	}
}

unsigned kmem_machine_node_cpus(const struct kmem_machine *m, unsigned node)
{
	unsigned n = 0;

	for (unsigned c = 0; c < m->nr_cpus; c++)
		n += m->cpu_online[c] && m->cpu_node[c] == node;
	return n;
}
