/* SPDX-License-Identifier: GPL-2.0-or-later */
/* null: nothing, n times. What it measures is the harness. */

#include "workloads/workload.h"

static int null_setup(struct wl_env *env, struct err *e)
{
	(void)env;
	(void)e;
	return 0;
}

static enum wl_status null_step(struct wl_env *env, struct wl_worker *w, uint64_t n, uint64_t *done)
{
	(void)env;
	for (uint64_t i = 0; i < n; i++)
		__asm__ volatile("" ::: "memory"); /* the loop must stay a loop */
	w->ops += n;
	*done = n;
	return WL_DONE;
}

static int null_verify(struct wl_env *env, struct err *e)
{
	(void)env;
	(void)e;
	return 0;
}

static void null_teardown(struct wl_env *env)
{
	(void)env;
}

static void null_cost(const struct wl_env *env, struct wl_cost *cost)
{
	(void)env;
	*cost = (struct wl_cost){ .unit = "step" };
}

const struct workload workload_null = {
	.name = "null",
	.help = "empty steps: what the harness itself costs",
	.doc = "An empty loop, one turn per operation. It allocates nothing and touches nothing.\n"
	       "What it shows is the floor under every other figure: the loop, the clock reads\n"
	       "around it and whatever the collectors add.",
	.setup = null_setup,
	.step = { null_step, null_step },
	.timed = { null_step, null_step }, /* there is nothing to time */
	.verify = null_verify,
	.teardown = null_teardown,
	.cost = null_cost,
};
