/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TAGGED_H
#define SLABSCOPE_TAGGED_H

/*
 * Objects of several size classes that may be freed by any worker: what the generators slots and
 * batch have in common. An object is known by its address and its tag:
 *
 *	tag:	class in bits 0-7, the worker that allocated it in 8-19, its serial number above
 *	object:	word 0 of line l: stamp(key of the trial, tag, address) + l, l < touch of its class
 *
 * With `share`, partners exchange objects through rings (workloads/ring.h); an object is two
 * entries there, its address and its tag. Who exchanges when is a matter of counting, never of
 * chance, so that all workers do it equally often.
 */

#include "workloads/mix.h"
#include "workloads/pick.h"
#include "workloads/ring.h"
#include "workloads/stamp.h"
#include "workloads/workload.h"

/* What options set; part of a workload's params. */
struct tagged_params {
	struct mix_params mix;
	uint64_t depth, batch;
	unsigned touch, share, pairs;
};

struct tagged {
	void *obj; /* NULL: none */
	uint64_t tag;
};

struct tagged_env {
	const struct tagged_params *p;
	size_t line;
	uint64_t key;
	unsigned touch[MIX_MOST]; /* of each class, resolved */
	bool aliases; /* live objects may share memory: stamps are read, but need not be right */
	unsigned *partner;
};

struct tagged_worker {
	struct ring *in, *out; /* NULL: share is 0 */
	uint64_t serial;       /* objects allocated so far */
};

static inline unsigned tagged_class(uint64_t tag)
{
	return tag & 0xff;
}

static inline uint64_t tagged_new(struct tagged_worker *tw, unsigned worker, unsigned class)
{
	return ++tw->serial << 20 | (uint64_t)worker << 8 | class;
}

/* Makes the caches, which are env->cache[0 .. classes - 1], and @te, for tagged_env_release(). */
int tagged_setup(struct wl_env *env, struct tagged_env *te, const struct tagged_params *p,
		 const char *name, struct err *e);
void tagged_env_release(struct tagged_env *te);

/* A new object of class @class, outside the measured region; obj NULL: no memory. */
struct tagged tagged_make(struct wl_env *env, const struct tagged_env *te, struct wl_worker *w,
			  struct tagged_worker *tw);
/* The worker's rings, and what they hold at first; at its CPU. */
int tagged_setup_worker(struct wl_env *env, const struct tagged_env *te, struct wl_worker *w,
			struct tagged_worker *tw, struct err *e);
/* An object that is live: -EILSEQ if it is damaged or none. */
int tagged_verify(const struct tagged_env *te, struct wl_worker *w, const struct tagged *t,
		  struct err *e);
/* The worker's ring out, after @nr things were counted. */
int tagged_verify_ring(const struct tagged_env *te, struct wl_worker *w,
		       const struct tagged_worker *tw, uint64_t nr, struct err *e);
void tagged_give_back(struct wl_env *env, const struct tagged *t); /* if there is one */
/* Empties and frees its own ring. */
void tagged_worker_release(struct wl_env *env, struct tagged_worker *tw);

/* Visits and lines of one object's life: written when it comes, @writes times, looked at when it goes. */
void tagged_cost(const struct tagged_env *te, unsigned writes, double *visits, double *lines);
int tagged_check(const struct tagged_params *p, struct err *e);
/* Bytes of @live objects and their places, and of those in rings. */
uint64_t tagged_memory(const struct tagged_params *p, uint64_t live);

/* Rows of an option table; @member: the struct tagged_params in @where. */
#define TAGGED_OPTS(where, member, size, largest, nr, how, touch_, share_)                       \
	MIX_OPTS(where, member.mix, size, largest, nr, how),                                     \
		{ .name = "touch",                                                               \
		  .type = OPT_UINT,                                                              \
		  .offset = offsetof(where, member.touch),                                       \
		  .max = 1u << 20,                                                               \
		  .unit = "lines",                                                               \
		  .def = touch_,                                                                 \
		  .flags = OPT_AUTO,                                                             \
		  .help = "cache lines written in each new object; auto: all of them" },         \
		{ .name = "share",                                                               \
		  .type = OPT_UINT,                                                              \
		  .offset = offsetof(where, member.share),                                       \
		  .max = 100,                                                                    \
		  .unit = "%",                                                                   \
		  .def = share_,                                                                 \
		  .help = "objects that the partner frees" },                                    \
		{ .name = "pairs",                                                               \
		  .type = OPT_ENUM,                                                              \
		  .offset = offsetof(where, member.pairs),                                       \
		  .names = ring_pair_names,                                                      \
		  .def = "any",                                                                  \
		  .help = "who is whose partner: the next worker, one on the same node, one on " \
			  "another node, or each its own" },                                     \
		{ .name = "ring_batch",                                                          \
		  .type = OPT_U64,                                                               \
		  .offset = offsetof(where, member.batch),                                       \
		  .min = 1,                                                                      \
		  .max = 1u << 20,                                                               \
		  .unit = "objects",                                                             \
		  .def = "16",                                                                   \
		  .help = "how many are handed to the partner at a time" },                      \
	{                                                                                        \
		.name = "ring_depth", .type = OPT_U64, .offset = offsetof(where, member.depth),  \
		.min = 2, .max = 1u << 22, .flags = OPT_POW2, .unit = "objects", .def = "1024",  \
		.help = "places between partners, a power of two, at least twice ring_batch"     \
	}

#endif
