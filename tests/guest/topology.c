/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the project takes this machine for, by hwloc, against what the kernel says. */
#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/help.h"

static void check_machine(void)
{
	struct kmem_machine *m = calloc(1, sizeof(*m));
	unsigned wrong = 0;
	struct err e = { "" };

	if (!m || kmem_machine_native(m, &e))
		die("kmem_machine_native: %s", e.text);
	check(m->nr_nodes == guest.nr && !m->emulated,
	      "topology: %u nodes, expected %u, emulated by us: %u", m->nr_nodes, guest.nr,
	      m->emulated);
	for (unsigned i = 0; i < guest.nr && i < m->nr_nodes; i++) {
		check(m->os_node[i] == (int)i && m->cpu_node[guest.cpu[i]] == i,
		      "topology: node %u is the kernel's %d, CPU %u is on node %u", i,
		      m->os_node[i], guest.cpu[i], m->cpu_node[guest.cpu[i]]);
		for (unsigned k = 0; k < guest.nr; k++)
			wrong += m->distance[i][k] != guest.distance[i][k];
	}
	check(!wrong, "topology: %u distances of %u differ from the kernel's", wrong,
	      guest.nr * guest.nr);
	free(m);
}

/* HMAT: each node's memory as seen from its own CPUs. GUEST_LATENCY (ns) and GUEST_BANDWIDTH (MB/s) are what QEMU was
 * told; without them there is no such table. */
static void check_attribute(hwloc_topology_t t, hwloc_memattr_id_t id, const char *name,
			    const char *told)
{
	for (unsigned i = 0; told && i < guest.nr; i++) {
		hwloc_obj_t node = hwloc_get_numanode_obj_by_os_index(t, i);
		struct hwloc_location from = { .type = HWLOC_LOCATION_TYPE_CPUSET };
		hwloc_uint64_t value = 0;
		int rc = -1;

		if (node) {
			from.location.cpuset = node->cpuset;
			rc = hwloc_memattr_get_value(t, id, node, &from, 0, &value);
		}
		check(!rc && value == strtoull(told, NULL, 10),
		      "topology: node %u's %s is %llu, expected %s", i, name,
		      (unsigned long long)value, told);
	}
}

void check_topology(void)
{
	hwloc_topology_t t;

	check_machine();
	if (hwloc_topology_init(&t) || hwloc_topology_load(t))
		die("hwloc does not load");
	check(hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_NUMANODE) == (int)guest.nr,
	      "topology: hwloc has %d nodes", hwloc_get_nbobjs_by_type(t, HWLOC_OBJ_NUMANODE));
	check_attribute(t, HWLOC_MEMATTR_ID_LATENCY, "latency", getenv("GUEST_LATENCY"));
	check_attribute(t, HWLOC_MEMATTR_ID_BANDWIDTH, "bandwidth", getenv("GUEST_BANDWIDTH"));
	hwloc_topology_destroy(t);
}
