/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_SLOTS_H
#define SLABSCOPE_SLOTS_H

/*
 * The generator under remote, larson, alloc-test and sh8: each worker has a table of `n` live
 * objects; an operation frees one of them and puts a new one in its place, of a size class drawn
 * anew. What makes strangers free objects:
 *
 *	share		of so many operations in a hundred, evenly spread, the object that goes is handed to
 *			the partner through a ring, and one that the partner handed over is freed
 *			instead
 *	hand_over	after so many operations the worker's whole table passes to the next worker,
 *			the last one's to the first
 *
 * Both count operations and draw nothing, so workers that are asked for the same number do as many
 * exchanges and wait for each other without end. Objects are workloads/tagged.h's.
 *
 * slots.c is before and after, slots_step.c what is measured; each workload is a table of options
 * with defaults of its own.
 */

#include "workloads/tagged.h"

enum slots_choice { CHOICE_RANDOM, CHOICE_FIFO, CHOICE_PARETO };

struct slots_params {
	struct tagged_params tagged;
	uint64_t n, hand_over;
	unsigned choice;
};

struct slots_env {
	struct tagged_env tagged;
	struct tagged **table; /* [workers] all tables, wherever they are now */
};

struct slots_worker {
	struct tagged_worker tagged;
	struct tagged *table;		 /* NULL: handed over, and the next one has not come yet */
	struct ring *inbox, *successors; /* of whole tables; the inbox is this worker's own */
	uint64_t n, next;
	bool passed; /* this operation's table has come */
};

int slots_setup(struct wl_env *env, struct err *e);
int slots_setup_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int slots_settle_worker(struct wl_env *env, struct wl_worker *w, struct err *e);
int slots_verify(struct wl_env *env, struct err *e);
void slots_teardown(struct wl_env *env);
void slots_cost(const struct wl_env *env, struct wl_cost *cost);
int slots_validate(const void *params, struct err *e);
uint64_t slots_memory(const void *params, const struct slab_config *c);
extern const char *const slots_choice_names[];
wl_step_fn slots_step_table, slots_step_direct, slots_step_table_timed, slots_step_direct_timed;

/* What every workload of this generator has besides name, help, doc and options. */
#define SLOTS_WORKLOAD                                                                        \
	.params_size = sizeof(struct slots_params), .setup = slots_setup,                     \
	.setup_worker = slots_setup_worker, .settle_worker = slots_settle_worker,             \
	.step = { slots_step_table, slots_step_direct },                                      \
	.timed = { slots_step_table_timed, slots_step_direct_timed }, .verify = slots_verify, \
	.teardown = slots_teardown, .cost = slots_cost, .validate = slots_validate,           \
	.memory = slots_memory

/* Rows of its option tables, with the defaults of each workload. All of them are in each: a field without
 * a row would be 0. */
#define SLOTS_FIELD(f) .name = #f, .offset = offsetof(struct slots_params, f)
#define SLOTS_OPTS(n_, size, largest, nr, how, choice_, touch_, share_, hand)                     \
	{ SLOTS_FIELD(n),                                                                         \
	  .type = OPT_U64,                                                                        \
	  .min = 1,                                                                               \
	  .max = 1u << 28,                                                                        \
	  .unit = "objects",                                                                      \
	  .def = n_,                                                                              \
	  .help = "live objects of each worker" },                                                \
		TAGGED_OPTS(struct slots_params, tagged, size, largest, nr, how, touch_, share_), \
		{ SLOTS_FIELD(choice), .type = OPT_ENUM, .names = slots_choice_names,             \
		  .def = choice_,                                                                 \
		  .help = "which object goes: any, the oldest, or mostly a few (80/20)" },        \
	{                                                                                         \
		SLOTS_FIELD(hand_over),                                                           \
			.type = OPT_U64, .flags = OPT_OFF, .max = UINT64_C(1) << 40,              \
			.unit = "operations", .def = hand,                                        \
			.help = "operations after which a worker's objects pass to the next "     \
				"worker"                                                          \
	}

#endif
