/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * interference: what else happened while the region ran. A ledger of everything the kernel counts
 * about it, and rules, fixed before the run, that mark a trial as disturbed.
 *
 * A worker's waiting for its CPU (run_delay) is the one figure that is always about the region
 * itself and exact; steal alone calls a busy guest quiet. Machine-wide figures are in the ledger,
 * and judge nothing unless asked.
 */
#include "collectors/interference/interference.h"

static int interference_open(struct collect_ctx *c, struct err *e)
{
	struct interference *p;
	int err = interference_create(&p, c->env, e);

	if (!err)
		c->priv = p;
	return err;
}

static int interference_worker_open(struct collect_ctx *c, unsigned worker, struct err *e)
{
	(void)e; /* what cannot be opened is unavailable */
	interference_thread_open(c->priv, worker);
	return 0;
}

static void interference_start(struct collect_ctx *c)
{
	interference_read(c->priv, 0);
}

static void interference_thread_start(struct collect_ctx *c, unsigned worker)
{
	interference_thread_read(c->priv, worker, 0);
}

static void interference_thread_stop(struct collect_ctx *c, unsigned worker)
{
	interference_thread_read(c->priv, worker, 1);
}

static void interference_stop(struct collect_ctx *c)
{
	interference_read(c->priv, 1);
}

static void interference_emit(struct collect_ctx *c, struct value_sink *out)
{
	figures_emit(c->priv, out);
	rules_apply(c->priv, c->params, out);
}

static void interference_close(struct collect_ctx *c)
{
	interference_destroy(c->priv);
	c->priv = NULL;
}

const struct collector collector_interference = {
	.name = "interference",
	.help = "what else happened meanwhile: waiting, switches, moves, steal, stalls, heat; rules for it",
	.opts = interference_opts,
	.params_size = sizeof(struct interference_params),
	.open = interference_open,
	.thread_open = interference_worker_open,
	.start = interference_start,
	.thread_start = interference_thread_start,
	.thread_stop = interference_thread_stop,
	.stop = interference_stop,
	.emit = interference_emit,
	.close = interference_close,
};
