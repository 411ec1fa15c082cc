/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault: a workload that goes wrong as asked, to test what runs it. */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "workloads/workload.h"

enum fault_mode { FAULT_NONE, FAULT_ERROR, FAULT_CRASH, FAULT_ABORT, FAULT_EXIT, FAULT_HANG };
enum fault_at { AT_SETUP, AT_STEP, AT_VERIFY, AT_TEARDOWN };

struct fault_params {
	unsigned mode, at;
	double chance;
};

static const char *const mode_names[] = { "none", "error", "crash", "abort", "exit", "hang", NULL };
static const char *const at_names[] = { "setup", "step", "verify", "teardown", NULL };

static const struct opt fault_opts[] = {
	{ .name = "fault",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct fault_params, mode),
	  .names = mode_names,
	  .def = "none",
	  .help = "what goes wrong: an error is returned, SIGSEGV, SIGABRT, exit(0), or nothing more" },
	{ .name = "fault_at",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct fault_params, at),
	  .names = at_names,
	  .def = "step",
	  .help = "where it goes wrong" },
	{ .name = "fault_chance",
	  .type = OPT_DOUBLE,
	  .offset = offsetof(struct fault_params, chance),
	  .dmin = 0,
	  .dmax = 1,
	  .def = "1",
	  .help = "share of trials that go wrong; which ones, the trial's seed says" },
	{ .name = NULL },
};

/* The same answer at every place of a trial: it depends on the seed only. */
static int due(const struct wl_env *env, enum fault_at at)
{
	const struct fault_params *p = env->params;
	struct rng r;

	if (p->mode == FAULT_NONE || p->at != at)
		return 0;
	rng_seed(&r, env->seed);
	return rng_double(&r) < p->chance;
}

/* Does not come back unless the fault is an error. */
static int go_wrong(const struct wl_env *env, struct err *e)
{
	const struct fault_params *p = env->params;

	switch (p->mode) {
	case FAULT_CRASH:
		raise(SIGSEGV);
		break;
	case FAULT_ABORT:
		abort();
	case FAULT_EXIT:
		_exit(0);
	case FAULT_HANG:
		for (;;)
			pause();
	default:
		break;
	}
	return err_set(e, -EIO, "the error that was asked for");
}

static int fault_setup(struct wl_env *env, struct err *e)
{
	return due(env, AT_SETUP) ? go_wrong(env, e) : 0;
}

static enum wl_status fault_step(struct wl_env *env, struct wl_worker *w, uint64_t n,
				 uint64_t *done)
{
	*done = 0;
	if (n && due(env, AT_STEP))
		return wl_fail(w, go_wrong(env, &w->err), "%s", "the error that was asked for");
	for (uint64_t i = 0; i < n; i++)
		__asm__ volatile("" ::: "memory");
	w->ops += n;
	*done = n;
	return WL_DONE;
}

static int fault_verify(struct wl_env *env, struct err *e)
{
	return due(env, AT_VERIFY) ? go_wrong(env, e) : 0;
}

static void fault_teardown(struct wl_env *env)
{
	struct err e;

	if (due(env, AT_TEARDOWN))
		go_wrong(env, &e);
}

static void fault_cost(const struct wl_env *env, struct wl_cost *cost)
{
	(void)env;
	*cost = (struct wl_cost){ .unit = "step" };
}

const struct workload workload_fault = {
	.name = "fault",
	.help = "empty steps that go wrong as asked: tests the runner",
	.doc = "The null workload with a fault: it returns an error, crashes, aborts, leaves without a\n"
	       "word or hangs, in the phase that fault_at names, in a share of the trials. It stands for\n"
	       "nothing; it shows that such a trial costs itself only and that its rows say what happened.",
	.opts = fault_opts,
	.params_size = sizeof(struct fault_params),
	.setup = fault_setup,
	.step = { fault_step, fault_step },
	.timed = { fault_step, fault_step }, /* there is nothing to time */
	.verify = fault_verify,
	.teardown = fault_teardown,
	.cost = fault_cost,
};
