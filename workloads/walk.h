/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_WALK_H
#define SLABSCOPE_WALK_H

/*
 * The generator under list-walk, hash-lookup, tree-lookup and walker: objects that point to each
 * other, found by following these pointers.
 *
 * Each worker has a set of n objects with the keys 0 .. n-1. An operation finds one of them and reads its
 * hot bytes:
 *
 *	list	the next one of a list in order of keys, whose end is followed by its head
 *	hash	a random key: the chain of its bucket, from the head to the object
 *	tree	a random key: a balanced search tree, from the root to the object
 *
 * With turnover, of so many operations in a hundred the object that was found makes room for a new
 * one of the same key, at the same place of the structure: so its shape stays as it was made, and
 * addresses come to be where the allocator puts them. With move, after so many operations a worker
 * goes on with the set of the next worker, whose memory stays where it is: as a thread does that is
 * migrated. Then nothing is written.
 *
 *	object + hot_offset:	struct walk_node, then words up to `hot` bytes in all: stamp + 1, ...
 *
 * What must be is kept apart from the objects: node[] by key, and of each key who its followers are. So
 * a pointer that was damaged is found and not followed, and everything is freed.
 */

#include <stddef.h>
#include <stdint.h>

#include "workloads/stamp.h"
#include "workloads/workload.h"

enum walk_kind { WALK_LIST, WALK_HASH, WALK_TREE };
enum walk_pattern { WALK_IN_ORDER, WALK_RANDOM };

struct walk_params {
	uint64_t n, object_size, hot_offset, hot, move;
	unsigned kind, pattern, load, turnover;
};

struct walk_node {
	struct walk_node *a,
		*b; /* the next one in list or chain; smaller and larger keys in a tree */
	uint64_t key;
	uint64_t stamp;
};

#define WALK_NONE UINT32_MAX

struct walk_set {
	uint64_t stamp_key;
	struct walk_node **root; /* [roots] buckets; one of list and tree */
	uint64_t roots;
	/* what must be */
	struct walk_node **node;    /* [n] by key */
	uint32_t *root_key, *a, *b; /* [roots], [n], [n]: keys, or WALK_NONE */
};

struct walk_env {
	uint64_t path; /* visits to find every key of the first set once */
};

struct walk_worker {
	struct walk_set set;
	struct walk_set *now;	 /* whose set it walks */
	struct walk_node **link; /* list: from where it goes on */
	unsigned whose;
	uint64_t n, words; /* of hot bytes behind the node */
	size_t offset;
	unsigned shift; /* hash: 64 - bits of a bucket's number */
};

static inline uint64_t walk_bucket(uint64_t key, unsigned shift)
{
	return shift == 64 ? 0 : key * UINT64_C(0x9e3779b97f4a7c15) >> shift;
}

static inline uint64_t *walk_words(struct walk_node *node)
{
	return (uint64_t *)(node + 1);
}

extern const char *const walk_kind_names[], *const walk_pattern_names[];
int walk_setup(struct wl_env *env, struct err *e);
int walk_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int walk_verify(struct wl_env *env, struct err *e);
void walk_teardown(struct wl_env *env);
void walk_cost(const struct wl_env *env, struct wl_cost *cost);
int walk_validate(const void *params, struct err *e);
uint64_t walk_memory(const void *params, const struct slab_config *c);
wl_step_fn walk_step_table, walk_step_direct, walk_step_table_timed, walk_step_direct_timed;

/* Write a node that is nowhere linked yet. */
static inline __attribute__((always_inline)) void
walk_node_init(struct walk_node *node, uint64_t stamp_key, uint64_t key, uint64_t words)
{
	uint64_t stamp = wl_stamp(stamp_key, key, node);

	node->key = key;
	WL_WRITE(&node->stamp, stamp);
	for (uint64_t i = 0; i < words; i++)
		WL_WRITE(walk_words(node) + i, stamp + 1 + i);
}

/* What every workload of this generator has besides name, help, doc and options. */
#define WALK_WORKLOAD                                                                      \
	.params_size = sizeof(struct walk_params), .setup = walk_setup,                    \
	.setup_worker = walk_setup_worker, .step = { walk_step_table, walk_step_direct },  \
	.timed = { walk_step_table_timed, walk_step_direct_timed }, .verify = walk_verify, \
	.teardown = walk_teardown, .cost = walk_cost, .validate = walk_validate,           \
	.memory = walk_memory

/* Its option table, with the defaults of each workload. */
#define WALK_FIELD(f) .offset = offsetof(struct walk_params, f)
#define WALK_OPTS(kind_, n_, size, hot_, pattern_, turnover_, move_)                               \
	{ .name = "n",                                                                             \
	  WALK_FIELD(n),                                                                           \
	  .type = OPT_U64,                                                                         \
	  .min = 1,                                                                                \
	  .max = 1u << 26,                                                                         \
	  .unit = "objects",                                                                       \
	  .def = n_,                                                                               \
	  .help = "live objects of each worker" },                                                 \
		{ .name = "object_size",                                                           \
		  WALK_FIELD(object_size),                                                         \
		  .type = OPT_SIZE,                                                                \
		  .min = 32,                                                                       \
		  .max = KMALLOC_MAX_SIZE,                                                         \
		  .unit = "bytes",                                                                 \
		  .def = size,                                                                     \
		  .help = "size of each object" },                                                 \
		{ .name = "hot",                                                                   \
		  WALK_FIELD(hot),                                                                 \
		  .type = OPT_SIZE,                                                                \
		  .min = 32,                                                                       \
		  .max = KMALLOC_MAX_SIZE,                                                         \
		  .unit = "bytes",                                                                 \
		  .def = hot_,                                                                     \
		  .help = "bytes of an object that are read when it was found: pointers and key, " \
			  "32, and what follows" },                                                \
		{ .name = "hot_offset",                                                            \
		  WALK_FIELD(hot_offset),                                                          \
		  .type = OPT_SIZE,                                                                \
		  .max = KMALLOC_MAX_SIZE,                                                         \
		  .unit = "bytes",                                                                 \
		  .def = "0",                                                                      \
		  .help = "where in the object they begin; a multiple of 8" },                     \
		{ .name = "walk",                                                                  \
		  WALK_FIELD(kind),                                                                \
		  .type = OPT_ENUM,                                                                \
		  .names = walk_kind_names,                                                        \
		  .def = kind_,                                                                    \
		  .help = "what the objects make up" },                                            \
		{ .name = "pattern",                                                               \
		  WALK_FIELD(pattern),                                                             \
		  .type = OPT_ENUM,                                                                \
		  .names = walk_pattern_names,                                                     \
		  .def = pattern_,                                                                 \
		  .help = "keys in the order that objects are allocated in, or a random one" },    \
		{ .name = "load",                                                                  \
		  WALK_FIELD(load),                                                                \
		  .type = OPT_UINT,                                                                \
		  .min = 1,                                                                        \
		  .max = 1u << 20,                                                                 \
		  .unit = "objects",                                                               \
		  .def = "2",                                                                      \
		  .help = "objects for each bucket of a hash, at most, on average" },              \
		{ .name = "turnover",                                                              \
		  WALK_FIELD(turnover),                                                            \
		  .type = OPT_UINT,                                                                \
		  .max = 100,                                                                      \
		  .unit = "%",                                                                     \
		  .def = turnover_,                                                                \
		  .help = "operations after which the object that was found is replaced" },        \
	{                                                                                          \
		.name = "move", WALK_FIELD(move), .type = OPT_U64, .flags = OPT_OFF,               \
		.max = UINT64_C(1) << 40, .unit = "operations", .def = move_,                      \
		.help = "operations after which a worker goes on with the next one's objects"      \
	}

#endif
