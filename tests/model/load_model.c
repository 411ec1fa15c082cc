/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A load on a simulated machine: every load and store of the instrumented code, on the way to one CPU. */

#include "tests/model/load.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "collectors/model/model.h"
#include "collectors/model/sim.h"
#include "collectors/model/target.h"

static struct mt_target machine;
static uint64_t by_op[SIM_LEVELS][MODEL_OPS];
static int have_details;

static void missed(void *arg, enum sim_level level, unsigned cpu, uint64_t addr, bool write,
		   enum sim_kind kind)
{
	(void)arg;
	(void)cpu;
	(void)addr;
	(void)write;
	(void)kind;
	by_op[level][model_state.op]++;
}

int load_begin(const struct load_ask *ask, struct err *e)
{
	struct sim_options o = { .frames = SIM_IDENTITY,
				 .seed = 1,
				 .kinds = ask->details,
				 .sets = ask->details,
				 .miss = ask->details ? missed : NULL };
	int err;

	have_details = ask->details;
	if (!ask->target)
		return 0;
	while (ask->frames && strcmp(sim_frames_names[o.frames], ask->frames))
		if (!sim_frames_names[++o.frames])
			return err_set(e, -EINVAL, "no frames named %s", ask->frames);
	err = mt_read(&machine, ask->target, NULL, e);
	if (!err)
		err = sim_create(&model_state.sim, &machine, &o, e);
	model_here();
	if (!err)
		model_state.on = 1;
	return err;
}

int load_end(FILE *f, struct err *e)
{
	struct sim_counts c;

	model_state.on = 0;
	if (!model_state.sim)
		return 0;
	sim_flush(model_state.sim);
	sim_counts(model_state.sim, -1, &c);
	fprintf(f, "refs,%" PRIu64 "\n", model_state.refs);
	for (unsigned l = 0; l < SIM_LEVELS; l++) {
		fprintf(f, "%s.accesses,%" PRIu64 "\n", sim_level_names[l], c.accesses[l]);
		fprintf(f, "%s.misses,%" PRIu64 "\n", sim_level_names[l], c.misses[l]);
		for (unsigned op = 0; op < MODEL_OPS && have_details; op++)
			fprintf(f, "%s.misses_in_%s,%" PRIu64 "\n", sim_level_names[l],
				model_op_names[op], by_op[l][op]);
	}
	return sim_check(model_state.sim, e);
}
