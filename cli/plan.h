/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PLAN_H
#define SLABSCOPE_PLAN_H

/*
 * A plan: which trials a job is, and in which order. A pure function of the job (its seed
 * included): the same job gives the same plan, ids and hash on every machine, so that a run can be
 * resumed, cut up and merged.
 *
 *	job -> experiments -> axes (settings with several values) -> configs: their cross product
 *	blocks: each runs every config once, in an order that is balanced (cli/order.h)
 *
 *	trial = (block, config), called b003-c0012
 *	all trials of a block have the same seed: configs meet the same random choices
 *
 * Equations: nr_configs == sum of the experiments'; an experiment's nr_configs == product of its
 * axes' nr (1 without axes); order[b * nr_configs ..] is a permutation of 0 .. nr_configs - 1 for
 * every block b.
 */

#include <stdint.h>

#include "cli/job.h"
#include "cli/trial.h"

#define PLAN_VERSION 2 /* of order and hash: 1 shuffled each block by itself */
#define PLAN_MOST_CONFIGS 20000u
#define PLAN_MOST_TRIALS 1000000u
#define PLAN_ID_MAX 32

struct plan_setting {
	char *name, *text, *where;
};

/* One value of an axis: mostly one setting, but a cache or a variant is several under one name. */
struct plan_value {
	char *label;
	struct plan_setting *set;
	unsigned nr;
};

struct plan_axis {
	char *name;
	struct plan_value *value;
	unsigned nr;
};

struct plan_exp {
	char *name;
	struct plan_setting *fixed; /* settings that do not vary, in the order they are applied */
	unsigned nr_fixed;
	struct plan_axis *axis;
	unsigned nr_axes;
	unsigned first,
		nr_configs; /* configs first .. first + nr_configs - 1 are this experiment's */
};

struct plan_config {
	unsigned exp;
	char *label; /* "colour=0,n=16": the varying axes; "default" where nothing varies */
};

struct plan {
	struct plan_exp *exp;
	unsigned nr_exp;
	struct plan_config *config;
	unsigned nr_configs, blocks;
	uint64_t seed;
	struct run_opts run; /* the rest of what was asked of the run */
	uint32_t *order;     /* [blocks * nr_configs] */
	char hash[17];
};

/* Of @j, whose seed is a number and whose `caches` are resolved (run_prepare()). Every config is
 * checked as a trial would be. -EINVAL with the setting's place; -E2BIG for too many trials;
 * -ENOMEM. @p holds nothing then. */
int plan_make(struct plan *p, const struct job *j, struct err *e);
void plan_release(struct plan *p);

/* Which value of axis @a config @c has. */
unsigned plan_value_of(const struct plan *p, unsigned config, unsigned axis);

/* The trial's specification; its seed is still the default (plan_trial_seed()). */
int plan_spec(const struct plan *p, unsigned config, struct trial_spec *s, struct err *e);
uint64_t plan_trial_seed(const struct plan *p, unsigned block);
void plan_trial_id(unsigned block, unsigned config, char id[PLAN_ID_MAX]);
/* The other way round: 0, or -EINVAL. */
int plan_parse_id(const char *id, unsigned *block, unsigned *config);

/* A specification as trial_spec_print() writes it, malloc'd; NULL: no memory. */
char *plan_spec_text(const struct trial_spec *s);

#endif
