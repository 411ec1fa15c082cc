/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_GUEST_HELP_H
#define SLABSCOPE_TESTS_GUEST_HELP_H

/*
 * What the checks inside a guest share. They hold the engine and the collectors against the kernel, so nodes,
 * distances and where pages lie are asked for here by sysfs and system calls, and not through the project.
 *
 * A check prints "ok WHAT" or "FAIL WHAT"; the program's exit code is 0 only if none failed and one ran.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/kmem_cache.h"

#define GUEST_NODES 8

struct guest {
	unsigned nr;				     /* nodes 0..nr-1 */
	unsigned distance[GUEST_NODES][GUEST_NODES]; /* as the kernel says */
	unsigned cpu[GUEST_NODES];		     /* the first CPU of each */
};

extern struct guest guest;
extern unsigned guest_checked, guest_failed;

/* Ends the program when there is nothing that could be checked. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *fmt, ...);
/* Returns @ok. */
__attribute__((format(printf, 2, 3))) bool check(bool ok, const char *fmt, ...);

/* 1: this guest was started to see whether fault @name is noticed (FAULT in the environment). */
bool fault(const char *name);

void guest_read_nodes(void);
void guest_pin(unsigned node); /* this thread to the first CPU of @node */
/* Nodes from the nearest to @node to the farthest; ties by number. */
void guest_by_distance(unsigned node, unsigned order[GUEST_NODES]);
/* Pages at @addr[0..n) by node; dies where one is on none. */
void guest_census(void *const *addr, size_t n, unsigned *node);
/* A field of /sys/devices/system/node/nodeN/numastat. */
uint64_t guest_numastat(unsigned node, const char *field);

/* The engine on this machine, on which FAULT=place and FAULT=fallback do their work. */
struct kmem_system *guest_system(void);
struct kmem_cache *guest_cache(struct kmem_system *s, const struct slab_config *c, size_t size);
void guest_end(struct kmem_system *s, struct kmem_cache *c);
void guest_config(struct slab_config *c, enum slab_placement placement, unsigned node);
/* Weights of 2 and 4 nodes for PLACE_WEIGHTED, and as the option has them. */
#define GUEST_WEIGHTS      \
	{                  \
		3, 1, 2, 2 \
	}
const char *guest_weights(void);

/* Objects of one cache, and the nodes that their first bytes lie on. */
#define GUEST_OBJECTS \
	1200u /* a multiple of all numbers of nodes and of the sums of weights in use */

struct guest_objects {
	struct kmem_system *sys;
	struct kmem_cache *cache;
	size_t size;
	unsigned nr;
	void *obj[GUEST_OBJECTS];
	unsigned node[GUEST_OBJECTS];
	unsigned count[GUEST_NODES]; /* objects there */
};

void guest_fill_begin(struct guest_objects *o, const struct slab_config *c, size_t size);
/* @n objects more, or as many as there are. */
void guest_fill(struct guest_objects *o, unsigned n);
void guest_fill_end(struct guest_objects *o);
/* "0 1200 0 0", into @text of 100 bytes. */
const char *guest_counts(const unsigned *n, char *text);
/* Checks that all objects lie as @want says, by node. */
void guest_expect(const struct guest_objects *o, const char *policy, unsigned from,
		  const unsigned *want);

/* The checks, by name. */
void check_topology(void);
void check_policies(void);
void check_fallback(void);
void check_pools(void);
void check_alien(void);
void check_numastat(void);
void check_counters(void);

#endif
