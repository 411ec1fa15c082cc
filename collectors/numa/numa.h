/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_NUMA_H
#define SLABSCOPE_NUMA_H

/*
 * Private to the numa collector and its tests: where the pages of the slabs lie, by three
 * witnesses.
 *
 *	census.c   move_pages, page by page: the proof
 *	maps.c     /proc/self/numa_maps and smaps: a second opinion, and huge pages
 *	stat.c     numastat and vmstat: what the whole machine did meanwhile
 *	matrix.c   placement x accesses: who reaches for whose memory, predicted
 *
 * "Node" is the kernel's number, which a node list turns into a small index; where the engine's own
 * number is meant (0.. without holes, emulated perhaps), it is called engine node. Workers stand
 * still while any of this runs; main thread only.
 */

#include <stddef.h>
#include <stdint.h>

#include "collectors/collector.h"
#include "engine/machine.h"
#include "lib/hostfs.h"

#define NUMA_NODES 128 /* nodes that are told apart */

/* What asks the kernel; tests answer themselves. Like pages_where(). */
struct numa_sys {
	int (*where)(void *const *addr, size_t n, int *node, struct err *e);
};
extern const struct numa_sys numa_sys_native;

struct numa_nodes {
	unsigned nr;
	int os[NUMA_NODES]; /* ascending until one is met that nobody announced */
};

/* Nodes that the kernel says are online, and those of @m. */
void numa_nodes_init(struct numa_nodes *n, const struct hostfs *h, const struct kmem_machine *m);
/* Index of the kernel's node @os, which joins the list if need be; -1: the list is full. */
int numa_nodes_index(struct numa_nodes *n, int os);

/* ---- census ---- */

/* One answer. Invariants: asked == present + absent + unknown == the sum over state; present == the
 * sum of node[]; right <= present. */
struct numa_census {
	size_t page_size;      /* of the host: what move_pages speaks of */
	uint64_t total, asked; /* pages of all slabs; those that were asked for */
	uint64_t present, absent, unknown, right;
	uint64_t node[NUMA_NODES];
	/* objects in use, by the engine's node of their slab and the node of their page: in sampled
	 * pages */
	double in_use[KMEM_MAX_NODES][NUMA_NODES];
	double engine_in_use[KMEM_MAX_NODES];
	int unknown_error; /* -errno of the first page of unknown state */
	int error;	   /* the question was refused; then nothing else counts */
	struct err err;
	void **addr; /* [asked] */
};

/* Ask for all pages of the slabs of @env's caches, or evenly for @most of them. Touches no page. */
void numa_census(struct numa_census *c, struct numa_nodes *nodes, const struct wl_env *env,
		 uint64_t most, const struct numa_sys *sys);
void numa_census_release(struct numa_census *c);

/* Engine nodes on which the policy may put a slab, as bits. */
uint64_t numa_wanted(const struct wl_env *env);

/* ---- numa_maps, smaps ---- */

/* A line of numa_maps. */
struct numa_map {
	uintptr_t start;
	uint64_t page_kb; /* 0: not said */
	unsigned nr;
	struct {
		int node;
		uint64_t pages; /* of page_kb for the hugetlb pool, of the base size otherwise */
	} on[NUMA_NODES];
	int hugetlb;
};
int numa_map_parse(const char *line, struct numa_map *m); /* up to its newline; -EINVAL */

/* A mapping of smaps; bytes. */
struct numa_range {
	uintptr_t start, end;
	uint64_t rss, anon_huge, hugetlb;
};
/* Calls @fn for each mapping of smaps' @text; -EINVAL when it is no such file. */
int numa_ranges(const char *text, void (*fn)(const struct numa_range *r, void *arg), void *arg);

/* What the mappings say in which the asked pages lie. */
struct numa_maps {
	unsigned mappings;
	uint64_t node[NUMA_NODES]; /* pages, by numa_maps */
	uint64_t rss, huge;	   /* bytes, by smaps */
	uint64_t differ; /* pages for which move_pages says something else, over whole mappings */
	uint64_t pages;	 /* asked to know that */
	int error, huge_error, differ_error;
	struct err err, huge_err, differ_err;
};
void numa_maps_read(struct numa_maps *m, struct numa_nodes *nodes, const struct numa_census *c,
		    uint64_t most, const struct hostfs *h, const struct numa_sys *sys);

/* ---- traffic ---- */

struct numa_traffic {
	unsigned nr;	/* nodes */
	int spread;	/* a worker had no slabs of its own: its accesses are spread over all */
	double *access; /* [nr * nr], from * nr + to; malloc'd */
	double all, remote;
};
/* @lines of each worker. 0; -ENODATA: nothing in use was found; -ENOMEM. */
int numa_traffic(struct numa_traffic *t, const struct numa_census *c, struct numa_nodes *nodes,
		 const struct wl_env *env, double lines, struct err *e);

/* ---- numastat, vmstat ---- */

#define NUMA_STAT_TEXT 1024
#define NUMA_VMSTAT_TEXT 65536

struct numa_stat {
	unsigned nr; /* nodes read */
	char vmstat[2][NUMA_VMSTAT_TEXT];
	int vmstat_error[2];
	char node[2][NUMA_NODES][NUMA_STAT_TEXT];
	int node_error[2][NUMA_NODES];
};
void numa_stat_read(struct numa_stat *s, int at, const struct numa_nodes *nodes,
		    const struct hostfs *h);
void numa_stat_emit(const struct numa_stat *s, const struct numa_nodes *nodes,
		    const struct hostfs *h, struct value_sink *out);

/* ---- the collector ---- */

struct numa_params {
	double least;
	uint64_t pages;
};

struct numa_priv {
	struct hostfs host;
	const struct numa_sys *sys;
	struct numa_nodes nodes;
	struct numa_census census[2];
	struct numa_maps maps;
	struct numa_stat stat;
};

/* emit.c: what the witnesses say, as values and flags. */
void numa_emit_census(const struct collect_ctx *c, struct value_sink *out);
void numa_emit_maps(const struct collect_ctx *c, struct value_sink *out);
void numa_emit_traffic(struct collect_ctx *c, struct value_sink *out);

#endif
