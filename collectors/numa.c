/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * numa: on which node the slabs' pages lie, whether that is where they were asked for, and what it
 * means for who reaches for whose memory.
 *
 * The census runs just before the workers start and just after they stop, on the main thread; it
 * reads the engine's lists and asks the kernel, and touches no page that the region does not. A
 * trial whose pages lie elsewhere is invalid: it did not measure what it says.
 */
#include "collectors/numa/numa.h"

#include <errno.h>
#include <stdlib.h>

static const struct opt numa_opts[] = {
	{ .name = "numa_least",
	  .type = OPT_DOUBLE,
	  .offset = offsetof(struct numa_params, least),
	  .dmin = 0,
	  .dmax = 1,
	  .def = "0.99",
	  .help = "least share of the slabs' pages that must lie where asked, else the trial is invalid; 0: any" },
	{ .name = "numa_pages",
	  .type = OPT_U64,
	  .offset = offsetof(struct numa_params, pages),
	  .min = 1,
	  .max = UINT64_C(1) << 32,
	  .unit = "pages",
	  .def = "65536",
	  .help = "most pages that the kernel is asked about; of more, an even sample" },
	{ .name = NULL },
};

static int numa_open(struct collect_ctx *c, struct err *e)
{
	struct numa_priv *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = p;
	p->sys = &numa_sys_native;
	hostfs_init(&p->host);
	numa_nodes_init(&p->nodes, &p->host, c->env->machine);
	return 0;
}

static uint64_t most_pages(const struct collect_ctx *c)
{
	return ((const struct numa_params *)c->params)->pages;
}

/* What counts for the whole machine is read nearest the region: the census has pages of its own. */
static void numa_start(struct collect_ctx *c)
{
	struct numa_priv *p = c->priv;

	numa_census(&p->census[0], &p->nodes, c->env, most_pages(c), p->sys);
	numa_stat_read(&p->stat, 0, &p->nodes, &p->host);
}

static void numa_stop(struct collect_ctx *c)
{
	struct numa_priv *p = c->priv;

	numa_stat_read(&p->stat, 1, &p->nodes, &p->host);
	numa_census(&p->census[1], &p->nodes, c->env, most_pages(c), p->sys);
	numa_maps_read(&p->maps, &p->nodes, &p->census[1], most_pages(c), &p->host, p->sys);
}

static void numa_emit(struct collect_ctx *c, struct value_sink *out)
{
	const struct numa_priv *p = c->priv;

	numa_emit_census(c, out);
	numa_emit_maps(c, out);
	numa_emit_traffic(c, out);
	numa_stat_emit(&p->stat, &p->nodes, &p->host, out);
}

static void numa_close(struct collect_ctx *c)
{
	struct numa_priv *p = c->priv;

	if (!p)
		return;
	numa_census_release(&p->census[0]);
	numa_census_release(&p->census[1]);
	free(p);
	c->priv = NULL;
}

const struct collector collector_numa = {
	.name = "numa",
	.help = "on which node the slabs' pages lie, proved; traffic between nodes, predicted",
	.opts = numa_opts,
	.params_size = sizeof(struct numa_params),
	.open = numa_open,
	.start = numa_start,
	.stop = numa_stop,
	.emit = numa_emit,
	.close = numa_close,
};
