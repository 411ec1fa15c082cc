/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_SLAB_CONFIG_H
#define SLABSCOPE_SLAB_CONFIG_H

/*
 * The toggles of one cache, as data. "No colouring" is `colour = 0`, not an `if` on the allocation
 * path: everything here is resolved once, at kmem_cache_create() or kmem_cache_tune().
 *
 * Each field has one row in slab_config_opts[] (slab_config.c): bounds, default, help. KMEM_AUTO means
 * "as the rules say"; what came out is in the cache's struct slab_geometry (the *effective* values).
 */

#include <stdint.h>
#include <stdio.h>

#include "lib/opt.h"

#define KMEM_AUTO OPT_AUTO_UINT

/* Rows of slab_rules[] in geometry.h, in this order. The engine runs 2.6.22 and 6.1. */
enum slab_rules_id { RULES_2_6_22, RULES_6_1 };
enum slab_slack { SLACK_NONE, SLACK_OBJECT, SLACK_ORDER };
enum slab_scope { SCOPE_NODE, SCOPE_CPU, SCOPE_CACHE };
enum slab_seq { SEQ_SEQUENTIAL, SEQ_ODD, SEQ_RANDOM, SEQ_RUNS };
enum slab_mgmt { MGMT_AUTO, MGMT_ON, MGMT_OFF };
enum slab_index { INDEX_AUTO, INDEX_1, INDEX_2, INDEX_4, INDEX_BITS };
enum slab_placement {
	PLACE_LOCAL,	 /* the node of the CPU that allocates; others by distance when full */
	PLACE_BIND,	 /* place_node only; NULL when it is full */
	PLACE_PREFERRED, /* place_node, others by distance from it when full */
	PLACE_INTERLEAVE_PAGE,	 /* next node per slab grown */
	PLACE_INTERLEAVE_OBJECT, /* next node per object, as SLAB does under MPOL_INTERLEAVE */
	PLACE_WEIGHTED,		 /* interleave by object with place_weights */
	PLACE_FARTHEST,		 /* the node farthest from the CPU that allocates */
};
enum slab_backing { BACKING_BASE, BACKING_THP, BACKING_HUGETLB, BACKING_NR };
enum slab_stats { STATS_REFILL, STATS_FULL };
enum slab_fail { FAIL_OFF, FAIL_NTH, FAIL_PROB };
enum slab_fail_point { FAIL_ANY, FAIL_OBJECT, FAIL_PAGES, FAIL_MGMT, FAIL_ARRAY };

#define PLACE_WEIGHTS_MAX 128 /* of 64 nodes, a digit each */

struct slab_config {
	/* 1) what the cache is (kernel flags); OPT_FIXED: not tunable on a live cache */
	unsigned rules;		/* enum slab_rules_id */
	unsigned align;		/* bytes, power of two; 0: a word */
	unsigned hwcache_align; /* SLAB_HWCACHE_ALIGN */
	unsigned reclaim;	/* SLAB_RECLAIM_ACCOUNT */
	unsigned rcu; /* SLAB_TYPESAFE_BY_RCU: type-stable memory; slabs are freed only at shrink/destroy
				   after the caller's grace period */

	/* 2) slab order and management */
	unsigned order;	      /* KMEM_AUTO or the gfporder to use */
	unsigned break_order; /* slab_break_gfp_order / slab_max_order */
	unsigned min_objects; /* the search goes on, up to break_order, while a slab holds fewer */
	unsigned mgmt;	      /* enum slab_mgmt */
	unsigned index;	      /* enum slab_index: bytes per entry of the free index, or one bit */
	unsigned stride_pad;  /* extra bytes per object, rounded up to the alignment */

	/* 3) colour */
	unsigned colour;	/* KMEM_AUTO: left_over / colour_off; 0: none; n: at most n */
	unsigned colour_off;	/* bytes, KMEM_AUTO: max(line, align); a multiple of align */
	unsigned colour_slack;	/* enum slab_slack: how room for colours is bought */
	unsigned colour_scope;	/* enum slab_scope: who owns colour_next */
	unsigned colour_seq;	/* enum slab_seq */
	unsigned colour_run;	/* SEQ_RUNS: slabs in a row with the same colour */
	unsigned colour_header; /* 1: an on-slab header moves with its objects (the classic) */

	/* 4) queues */
	unsigned limit, batchcount, shared; /* KMEM_AUTO: by object size (enable_cpucache) */
	unsigned free_limit; /* KMEM_AUTO: (1 + CPUs of the node) * batchcount + num */
	unsigned alien;	     /* 1: alien caches when there is more than one node */

	/* 5) placement */
	unsigned placement;		       /* enum slab_placement */
	unsigned place_node;		       /* for bind, preferred */
	char place_weights[PLACE_WEIGHTS_MAX]; /* for weighted: "3:1:1", one per node, 0..255 */
	unsigned backing;		       /* enum slab_backing */

	/* 6) debugging and statistics; any of them routes every operation through the slow path */
	unsigned red_zone, poison, store_user;
	unsigned stats; /* enum slab_stats: full counts every hit */

	/* 7) failure injection */
	unsigned fail;	     /* enum slab_fail */
	unsigned fail_point; /* enum slab_fail_point: which allocation points count */
	unsigned fail_nth;   /* FAIL_NTH: every n-th passage fails */
	double fail_prob;    /* FAIL_PROB: each passage fails with this probability */
	unsigned fail_times; /* stop after so many failures; 0: never stop */

	uint64_t seed; /* of colour_seq=random and fail=prob */
};

extern const struct opt slab_config_opts[]; /* ends with name == NULL */

/* A named set of toggles: a base from the defaults plus "name=value" pairs. */
struct slab_profile {
	const char *name;		  /* NULL ends the table */
	const char *const (*settings)[2]; /* {option, value} pairs, {NULL, NULL} at the end */
	const char *help;
};
extern const struct slab_profile slab_profiles[]; /* kernel-2.6.22 (the default), kernel-6.1, fast */

/* Fill @c with profile @name. -EINVAL (text lists the profiles) if there is none. */
int slab_config_profile(struct slab_config *c, const char *name, struct err *e);

/*
 * Toggles from a file of lines `name = value`: of those before the first [section] and in [global]; other
 * sections are skipped, so a job file of `slabscope tune --config` serves. `profile = NAME` comes before
 * toggles; without it kernel-2.6.22. Comments begin with ; or #. -ENOENT, -EIO, or -EINVAL with file and
 * line; @c is changed only on success, when it has passed slab_config_validate().
 */
int slab_config_read(struct slab_config *c, const char *path, struct err *e);
/* The same from a stream, called @name in messages; it stays open. */
int slab_config_read_stream(struct slab_config *c, FILE *f, const char *name, struct err *e);

/*
 * The same of one cache, from a file that has toggles by cache (`slabscope tune --caches` or `--trace` with `--config`):
 * [global], and on top of it the section [cache NAME] of @cache. 1: it has such a section; 0: it has not, and @c is
 * [global].
 */
int slab_config_read_cache(struct slab_config *c, const char *path, const char *cache,
			   struct err *e);
int slab_config_read_cache_stream(struct slab_config *c, FILE *f, const char *name,
				  const char *cache, struct err *e);

/* Checks that need more than one field: colour_off a multiple of align, batchcount <= limit, weights
 * that parse, fail_nth >= 1, ... 0 or -EINVAL. @nr_nodes 0: nodes unknown, not checked. */
int slab_config_validate(const struct slab_config *c, unsigned nr_nodes, struct err *e);

/* Parse place_weights into @w[nr_nodes]; missing ones are 1 (empty string: all 1). At least one must be > 0. */
int slab_config_weights(const struct slab_config *c, unsigned nr_nodes, uint8_t *w, struct err *e);

#endif
