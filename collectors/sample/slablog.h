/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SAMPLE_SLABLOG_H
#define SLABSCOPE_SAMPLE_SLABLOG_H

/*
 * Which slab was where, and when: what the engine's watcher tells, and the slabs that lived before.
 *
 *	slab_log_create   all memory is got and touched here, so that logging adds no page fault
 *	slab_log_tell     a slab begins, is whole, or ends; any thread
 *	slab_log_live     a slab that exists already
 *	slab_log_settle   no more of these: sorts
 *	slab_log_find     the slab that held an address at a time
 *
 * Times are CLOCK_MONOTONIC. The samples' clock is the kernel's quick reading of it, which may be off
 * by a little while it is adjusted: where no slab lived at a time, one that lived within
 * SLAB_LOG_SLACK_NS of it is taken.
 *
 * Blocks are aligned to their size, so an address has one possible first page per size. Of the slabs
 * that began there, only the last one before a time can live at it.
 */

#include <pthread.h>
#include <stdint.h>

#include "engine/kmem_cache.h"

#define SLAB_LOG_SLACK_NS 50000
#define SLAB_LOG_GEOMETRIES 64

struct slab_record {
	uintptr_t page, mgmt, s_mem;
	uint64_t born, died; /* alive at t: born <= t < died */
	const struct kmem_cache *cache;
	uint32_t bytes, colouroff;
	uint16_t colour, node, geometry; /* into log->geometry[] */
};

struct slab_log {
	pthread_mutex_t lock;
	struct slab_record *rec;
	unsigned nr, cap;
	unsigned lost;	/* slabs that found no room */
	uint32_t *last; /* by page, open addressing: newest record of it, + 1; 0: none */
	unsigned slots; /* power of two, >= 2 * cap */
	struct slab_geometry geometry[SLAB_LOG_GEOMETRIES];
	unsigned nr_geometries;
	/* settled */
	uint64_t sizes;	   /* which sizes there are: bit n for 2^n bytes */
	uint32_t *by_mgmt; /* records with management outside, by its address and birth */
	unsigned nr_mgmt;
};

int slab_log_create(struct slab_log **out, unsigned cap); /* 0 or -ENOMEM */
void slab_log_destroy(struct slab_log *l);		  /* NULL is allowed */

void slab_log_tell(struct slab_log *l, enum kmem_watch_event event, const struct kmem_cache *c,
		   const struct kmem_slab_view *v, uint64_t ns);
/* Unless it was told of already. */
void slab_log_live(struct slab_log *l, const struct kmem_cache *c, const struct kmem_slab_view *v,
		   uint64_t ns);
int slab_log_settle(struct slab_log *l); /* 0 or -ENOMEM */

/* NULL: none that is known. */
const struct slab_record *slab_log_find(const struct slab_log *l, uintptr_t addr, uint64_t t);
/* The slab whose management lies at @mgmt, in another cache's slab. */
const struct slab_record *slab_log_find_mgmt(const struct slab_log *l, uintptr_t mgmt, uint64_t t);

#endif
