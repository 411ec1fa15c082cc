/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_FLOW_H
#define SLABSCOPE_FLOW_H

/*
 * The generator under pc, xmalloc and netbuf: objects that one worker allocates and writes, and
 * another one reads and frees. flow.c is before and after, flow_step.c what is measured; each
 * workload is a table of options with defaults of its own.
 *
 * A message is one object or, with data_size, two of two caches: a header, and data that the header
 * points to. It goes through a ring (workloads/ring.h) from its producer to its consumer. By roles:
 *
 *	split	of each pair the worker with the lower number produces, the other consumes. One operation
 *		is one message in at one end, or one out at the other
 *	both	each worker produces for its partner and consumes what the partner produced, one
 *		message each per operation
 *
 * A worker without partner does both with itself.
 *
 *	header:	word 0 of line l	stamp + l		l < touch
 *		word 1			-> data, if there is some
 *	data:	word 0 of line l	stamp + l		l < data_touch
 *
 * The stamp depends on ring, number of the message and address; a header's on its pointer as well.
 * Verified by the consumer of each message, and at the end for those under way: their number must
 * be what the workers' operations leave.
 */

#include "workloads/ring.h"
#include "workloads/stamp.h"
#include "workloads/workload.h"

enum flow_roles { ROLE_SPLIT, ROLE_BOTH };

struct flow_params {
	uint64_t object_size, data_size; /* data_size 0: one object a message */
	uint64_t depth, batch;
	unsigned touch, data_touch;
	unsigned pairs, roles;
};

struct flow_env {
	size_t line;
	unsigned touch, data_touch; /* resolved */
	bool aliases; /* live objects may share memory: stamps are read, but need not be right */
	unsigned producers, consumers;
	unsigned *partner;
};

struct flow_worker {
	struct ring *in;  /* consumes from it; NULL: only produces */
	struct ring *out; /* produces into it; NULL: only consumes */
	uint64_t key;	  /* of the messages in `out` */
	uint64_t in_key;
};

/* Word 1 of a header. */
static inline void **flow_data(void *header)
{
	return (void **)header + 1;
}

static inline uint64_t flow_header_stamp(uint64_t key, uint64_t number, const void *obj,
					 const void *data)
{
	return wl_stamp(key, number, obj) + (uintptr_t)data * 3;
}

extern const char *const flow_role_names[];

int flow_setup(struct wl_env *env, struct err *e);
int flow_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int flow_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int flow_verify(struct wl_env *env, struct err *e);
void flow_teardown(struct wl_env *env);
void flow_cost(const struct wl_env *env, struct wl_cost *cost);
int flow_validate(const void *params, struct err *e);
uint64_t flow_memory(const void *params, const struct slab_config *c);
wl_step_fn flow_step_table, flow_step_direct, flow_step_table_timed, flow_step_direct_timed;

/* What every workload of this generator has besides name, help, doc and options. */
#define FLOW_WORKLOAD                                                                      \
	.params_size = sizeof(struct flow_params), .setup = flow_setup,                    \
	.setup_worker = flow_setup_worker, .settle_worker = flow_settle_worker,            \
	.step = { flow_step_table, flow_step_direct },                                     \
	.timed = { flow_step_table_timed, flow_step_direct_timed }, .verify = flow_verify, \
	.teardown = flow_teardown, .cost = flow_cost, .validate = flow_validate,           \
	.memory = flow_memory

/* Rows of its option tables, with the default of each workload. */
#define FLOW_FIELD(f) .name = #f, .offset = offsetof(struct flow_params, f)
#define FLOW_OBJECT_SIZE(d, h)                                                                \
	{                                                                                     \
		FLOW_FIELD(object_size), .type = OPT_SIZE, .min = 1, .max = KMALLOC_MAX_SIZE, \
					 .unit = "bytes", .def = d, .help = h                 \
	}
#define FLOW_TOUCH(field, d, h)                                                                  \
	{                                                                                        \
		FLOW_FIELD(field), .type = OPT_UINT, .max = 1u << 20, .unit = "lines", .def = d, \
				   .flags = OPT_AUTO, .help = h                                  \
	}
#define FLOW_DEPTH(d)                                                                           \
	{                                                                                       \
		FLOW_FIELD(depth),                                                              \
			.type = OPT_U64, .min = 2, .max = 1u << 24, .flags = OPT_POW2,          \
			.unit = "objects", .def = d,                                            \
			.help = "places of each ring, a power of two, at least twice the batch" \
	}
#define FLOW_BATCH(d)                                                                            \
	{                                                                                        \
		FLOW_FIELD(batch),                                                               \
			.type = OPT_U64, .min = 1, .max = 1u << 23, .unit = "objects", .def = d, \
			.help = "how many are put in, or taken out, before the other side is "   \
				"told"                                                           \
	}
#define FLOW_PAIRS(d)                                                                    \
	{                                                                                \
		FLOW_FIELD(pairs),                                                       \
			.type = OPT_ENUM, .names = ring_pair_names, .def = d,            \
			.help = "who works with whom: the next worker, one on the same " \
				"node, one on another node, or each with itself"         \
	}
#define FLOW_ROLES(d)                                                                     \
	{                                                                                 \
		FLOW_FIELD(roles),                                                        \
			.type = OPT_ENUM, .names = flow_role_names, .def = d,             \
			.help = "split: one of each pair only allocates, the other only " \
				"frees; both: each does both"                             \
	}

#endif
