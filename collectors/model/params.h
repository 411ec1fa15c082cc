/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_PARAMS_H
#define SLABSCOPE_MODEL_PARAMS_H

/* Options of the collector `model`, and its target as a machine for the engine. */

#include <stdint.h>

#include "collectors/model/target.h"
#include "engine/machine.h"
#include "lib/opt.h"

#define MODEL_AUTO_OPS 200000 /* of all workers together, where ops is auto: a model has no clock */

struct model_params {
	char target[OPT_STR_MAX], fill[OPT_STR_MAX];
	unsigned frames; /* enum sim_frames */
	unsigned kinds, sets, who;
	unsigned chunk; /* operations of a worker's turn */
	char record[OPT_STR_MAX];
};

/* The target that @p names. */
int model_target(struct mt_target *t, const struct model_params *p, struct err *e);

/*
 * The target's CPUs, nodes, distances, page and line as a machine that exists only here
 * (KMEM_CPU_SLOT). -EINVAL: its pages are not a multiple of this host's.
 */
int model_machine(struct kmem_machine *m, const struct mt_target *t, struct err *e);

/* The target's threads of a core, which are CPUs in a row. */
unsigned model_core_threads(const struct mt_target *t);

/* 1: the trial is modelled: `model` is in the comma list @collect. */
int model_in_list(const char *collect);

#endif
