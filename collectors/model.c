/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model: the memory hierarchy of a target CPU, fed with the loads and stores of engine and workload.
 *
 * It measures nothing of this machine. It runs in a modelled trial (cli/trial_model.c), in the build
 * whose engine and workloads say each load and store to the model; the runner starts that one beside
 * the native trial, and both make one. Counts are exact: the same seed gives the same ones.
 *
 * Warming up is modelled too; at the region's start counts begin at 0 and caches stay warm.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>

#include "collectors/collector.h"
#include "collectors/model/emit.h"
#include "collectors/model/model.h"
#include "collectors/model/params.h"
#include "collectors/model/sim.h"
#include "collectors/model/trace.h"
#include "collectors/model/who.h"

#define FIELD(f) .offset = offsetof(struct model_params, f)
static const struct opt model_opts[] = {
	{ .name = "target",
	  .type = OPT_STR,
	  FIELD(target),
	  .def = "host",
	  .help = "the CPU that is modelled: a name (see targets/), a file (.ini, or .xml of hwloc), host, or as in l1d=32K/8/64:lru,l2=1M/8/64:lru" },
	{ .name = "model_fill",
	  .type = OPT_STR,
	  FIELD(fill),
	  .def = "",
	  .help = "the target that gaps of an XML file or of the host are filled from" },
	{ .name = "model_frames",
	  .type = OPT_ENUM,
	  FIELD(frames),
	  .names = sim_frames_names,
	  .def = "identity",
	  .help = "page frames below L1: as the addresses, random by the trial's seed, huge pages, or this process's own" },
	{ .name = "model_kinds",
	  .type = OPT_BOOL,
	  FIELD(kinds),
	  .def = "off",
	  .help = "tell compulsory, capacity, conflict and coherence misses apart" },
	{ .name = "model_sets",
	  .type = OPT_BOOL,
	  FIELD(sets),
	  .def = "off",
	  .help = "misses of every set, not only of the hottest ones" },
	{ .name = "model_who",
	  .type = OPT_BOOL,
	  FIELD(who),
	  .def = "on",
	  .help = "tell whose memory missed: structure, cache, line, operation, hottest sets" },
	{ .name = "model_chunk",
	  .type = OPT_UINT,
	  FIELD(chunk),
	  .min = 1,
	  .max = 1u << 20,
	  .unit = "operations",
	  .def = "16",
	  .help = "operations of one worker before it is another's turn" },
	{ .name = "record",
	  .type = OPT_STR,
	  FIELD(record),
	  .def = "",
	  .help = "write the region's loads and stores to this file, for slabscope model --trace" },
	{ .name = NULL },
};

struct model_priv {
	struct collect_ctx *c;
	struct mt_target target;
	struct sim *sim;
	struct who *who;
	struct trace_writer *trace;
	uint64_t refs; /* of the region; while it runs: when it began */
	struct kmem_cache_info engine[2];
	int have_engine, error;
	struct err err;
};

/* An arena of the engine tells the node by its address; other memory is of who touches it first. */
static unsigned node_of(void *arg, uint64_t page_addr, unsigned cpu)
{
	const struct model_priv *p = arg;
	struct kmem_system *system = p->c->env->system;
	unsigned was = model_pause(), node = UINT32_MAX;

	if (system)
		node = kmem_obj_node(system, (const void *)(uintptr_t)page_addr);
	model_resume(was);
	return node < p->target.nodes ? node : p->target.node_of[cpu];
}

static void missed(void *arg, enum sim_level level, unsigned cpu, uint64_t addr, bool write,
		   enum sim_kind kind)
{
	who_miss(((struct model_priv *)arg)->who, level, cpu, addr, write, kind);
}

static int model_open(struct collect_ctx *c, struct err *e)
{
	const struct model_params *o = c->params;
	struct model_priv *p = calloc(1, sizeof(*p));
	struct sim_options s = {
		.frames = o->frames,
		.seed = c->env->seed,
		.kinds = o->kinds,
		.sets = o->who || o->sets,
		.miss = o->who ? missed : NULL,
		.node_of = node_of,
	};
	int err;

	if (!p)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = p;
	p->c = c;
	s.arg = p;
	err = model_target(&p->target, o, e);
	if (!err)
		err = who_create(&p->who, c->env->system, c->env->machine->page_size,
				 c->env->machine->cache_line,
				 p->target.cache[0].sets * p->target.cache[0].slices, e);
	if (!err)
		err = sim_create(&p->sim, &p->target, &s, e);
	if (!err && *o->record)
		err = trace_writer_open(&p->trace, o->record, TRACE_AUTO, e);
	if (!err)
		model_state.sim = p->sim;
	return err;
}

/* Sums over the workload's caches of what the engine counts. */
static void sum_engine(struct collect_ctx *c, struct kmem_cache_info *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned i = 0; i < c->env->nr_caches; i++) {
		struct kmem_cache_info one;

		kmem_cache_get_info(c->env->cache[i].slab, &one);
#define ADD(f) (sum->f += one.f)
		ADD(refills), ADD(refills_shared), ADD(flushes), ADD(flushes_shared);
		ADD(grown), ADD(reaped), ADD(node_allocs), ADD(fallbacks);
		ADD(remote_frees), ADD(alien_overflow), ADD(lock_acquisitions);
#undef ADD
	}
}

static void model_start(struct collect_ctx *c)
{
	struct model_priv *p = c->priv;

	p->have_engine = c->env->ops->is_slab;
	if (p->have_engine)
		sum_engine(c, &p->engine[0]);
	p->error = who_watch(p->who, &p->err);
	sim_flush(p->sim);
	sim_reset_counts(p->sim);
	who_reset(p->who);
	p->refs = model_state.refs;
	if (p->trace) {
		model_state.arg = p->trace;
		model_state.record = trace_writer_put;
	}
}

static void model_stop(struct collect_ctx *c)
{
	struct model_priv *p = c->priv;

	model_state.record = NULL;
	p->refs = model_state.refs - p->refs;
	sim_flush(p->sim);
	if (!p->error)
		p->error = who_settle(p->who, &p->err);
	if (p->have_engine)
		sum_engine(c, &p->engine[1]);
	if (p->trace && trace_writer_close(p->trace, &p->err))
		p->error = -EIO;
	p->trace = NULL;
}

/* Counts repeat to the unit only where addresses and frames do. */
static const char *flaw(const struct model_params *o)
{
	int now = personality(0xffffffff);

	if (o->frames == SIM_PAGEMAP)
		return "frames are this process's own, so counts differ from run to run";
	if (model_state.moved)
		return "memory of engine or workload is not where it should be (addresses were taken), so counts differ from run to run";
	if (now < 0 || !(now & ADDR_NO_RANDOMIZE))
		return "the program's own variables lie elsewhere in each run (personality(2) may be refused here), so counts below L1 do by a few";
	return NULL;
}

static void model_emit_values(struct collect_ctx *c, struct value_sink *out)
{
	struct model_priv *p = c->priv;
	struct model_result r = {
		.target = &p->target,
		.params = c->params,
		.sim = p->sim,
		.refs = p->refs,
		.flaw = flaw(c->params),
		.have_engine = p->have_engine,
	};

	if (r.params->who)
		r.who = who_counts(p->who);
	memcpy(r.engine, p->engine, sizeof(r.engine));
	if (p->error)
		model_emit_unavailable(out, p->err.text);
	else if (!model_build())
		model_emit_unavailable(
			out, "this build does not say its loads and stores: slabscope-model does");
	else if (sim_failed(p->sim))
		model_emit_unavailable(
			out,
			"the model ran out of memory or of line numbers on the way: what it counted is not all");
	else
		model_emit(c, &r, out);
}

static void model_close(struct collect_ctx *c)
{
	struct model_priv *p = c->priv;

	if (!p)
		return;
	model_state.record = NULL;
	model_state.sim = NULL;
	trace_writer_close(p->trace, NULL);
	who_destroy(p->who);
	if (p->sim)
		sim_destroy(p->sim);
	free(p);
	c->priv = NULL;
}

const struct collector collector_model = {
	.name = "model",
	.help = "misses of a modelled CPU's caches and TLBs: by level, kind, structure, set, operation, node",
	.opts = model_opts,
	.params_size = sizeof(struct model_params),
	.open = model_open,
	.start = model_start,
	.stop = model_stop,
	.emit = model_emit_values,
	.close = model_close,
};
