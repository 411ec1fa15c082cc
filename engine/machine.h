/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_MACHINE_H
#define SLABSCOPE_MACHINE_H

/*
 * The machine as a value: CPUs, nodes, distances, and how a thread learns which CPU it is on.
 * A plain struct: copy it, change it before kmem_system_create(), share it read-only among threads.
 */

#include <stdint.h>

#include "lib/err.h"

#define KMEM_MAX_NODES 64
#define KMEM_MAX_CPUS 4096

enum kmem_cpu_source {
	KMEM_CPU_RSEQ, /* the CPU that the restartable sequence says */
	KMEM_CPU_SLOT, /* the thread's slot: assigned on first use, or set by kmem_thread_bind() */
};

struct kmem_machine {
	unsigned page_size;  /* bytes; a power of two, a multiple of the host's page */
	unsigned cache_line; /* bytes; a power of two */
	unsigned nr_cpus; /* highest CPU number + 1 (possible, not only online); 1..KMEM_MAX_CPUS */
	unsigned nr_nodes; /* 1..KMEM_MAX_NODES, numbered 0.. without holes */
	unsigned emulated; /* 1: these nodes are not the hardware's; say so wherever a result is shown */
	unsigned cpu_source;	     /* enum kmem_cpu_source */
	unsigned l1d_size, l1d_ways; /* bytes, ways of the L1 data cache; 0: unknown */
	unsigned l2_size, l2_ways;
	uint8_t cpu_node[KMEM_MAX_CPUS];   /* node of each CPU */
	uint8_t cpu_online[KMEM_MAX_CPUS]; /* 1: this process may run on it */
	int os_node[KMEM_MAX_NODES];	   /* the kernel's node number; the pages are bound there */
	uint8_t distance[KMEM_MAX_NODES]
			[KMEM_MAX_NODES]; /* SLIT style: 10 local; symmetric not required */
};

/* This machine through hwloc (HWLOC_XMLFILE and HWLOC_SYNTHETIC are honoured as hwloc does, then emulated = 1).
 * KMEM_CPU_RSEQ where the process has a registered rseq area and the kernel's membarrier for it; else SLOT. */
int kmem_machine_native(struct kmem_machine *m, struct err *e);

/* Split the CPUs of @m over @nodes emulated nodes (contiguous blocks; nodes beyond the CPUs have memory only).
 * Distances 10 / 20. @nodes equal to m->nr_nodes is a no-op. -EINVAL outside 1..KMEM_MAX_NODES. */
int kmem_machine_emulate(struct kmem_machine *m, unsigned nodes, struct err *e);

/* A machine that exists only here, with KMEM_CPU_SLOT: for tests and the model. @cpus CPUs in contiguous
 * blocks over @nodes; node i and j are at distance 10 + 10 * |i - j| (so that "nearest" is decided). */
int kmem_machine_synthetic(struct kmem_machine *m, unsigned cpus, unsigned nodes, struct err *e);

/* Nodes by distance from @node, nearest first (itself, then ties by number). @order has room for nr_nodes. */
void kmem_machine_zonelist(const struct kmem_machine *m, unsigned node, uint8_t *order);

/* Highest possible CPU + 1 of the system that runs this, as the kernel says ("0-1", "0,4-7"). */
unsigned kmem_possible_cpus(void);

/* How threads of this process can learn their CPU: KMEM_CPU_RSEQ where it has a registered rseq area and the kernel's
 * membarrier for it; else KMEM_CPU_SLOT. */
unsigned kmem_cpu_source(void);

unsigned kmem_machine_node_cpus(const struct kmem_machine *m, unsigned node);

#endif
