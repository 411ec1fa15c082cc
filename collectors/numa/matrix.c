/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic, predicted: a worker's accesses go to the slabs that the policy gives it, in proportion
 * to the objects in use there, and from there to where the slabs' pages lie.
 *
 *	access[from][to] = sum over workers on `from` of lines x own[to] / sum of own[]
 *	own[to]		 = objects in use, in slabs of the worker's, in pages on `to`
 */
#include "collectors/numa/numa.h"

#include <errno.h>
#include <stdlib.h>

/* Engine nodes whose slabs a worker on engine node @node allocates from. */
static uint64_t slabs_of(const struct wl_env *env, unsigned node)
{
	uint8_t order[KMEM_MAX_NODES];

	switch (env->config->placement) {
	case PLACE_LOCAL:
		return UINT64_C(1) << node;
	case PLACE_FARTHEST:
		kmem_machine_zonelist(env->machine, node, order);
		return UINT64_C(1) << order[env->machine->nr_nodes - 1];
	default:
		return ~UINT64_C(0);
	}
}

/* Objects in use in slabs of @from (bits) whose page lies on @to; emulated nodes have only slabs.
 * */
static double weight(const struct numa_census *c, const struct wl_env *env, uint64_t from,
		     unsigned to)
{
	double sum = 0;

	if (env->machine->emulated)
		return from >> to & 1 ? c->engine_in_use[to] : 0;
	for (unsigned n = 0; n < env->machine->nr_nodes; n++)
		if (from >> n & 1)
			sum += c->in_use[n][to];
	return sum;
}

static double weights(const struct numa_traffic *t, const struct numa_census *c,
		      const struct wl_env *env, uint64_t from)
{
	double sum = 0;

	for (unsigned to = 0; to < t->nr; to++)
		sum += weight(c, env, from, to);
	return sum;
}

static int add_worker(struct numa_traffic *t, const struct numa_census *c, struct numa_nodes *nodes,
		      const struct wl_env *env, unsigned worker, double lines)
{
	const struct kmem_machine *m = env->machine;
	unsigned node = m->cpu_node[env->worker[worker].cpu];
	int from = m->emulated ? (int)node : numa_nodes_index(nodes, m->os_node[node]);
	uint64_t slabs = slabs_of(env, node);
	double sum = weights(t, c, env, slabs);

	if (sum <= 0) {
		t->spread = 1;
		slabs = ~UINT64_C(0);
		sum = weights(t, c, env, slabs);
	}
	if (sum <= 0 || from < 0 || (unsigned)from >= t->nr)
		return -ENODATA;
	for (unsigned to = 0; to < t->nr; to++) {
		double part = lines * weight(c, env, slabs, to) / sum;

		t->access[(unsigned)from * t->nr + to] += part;
		t->all += part;
		t->remote += to == (unsigned)from ? 0 : part;
	}
	return 0;
}

int numa_traffic(struct numa_traffic *t, const struct numa_census *c, struct numa_nodes *nodes,
		 const struct wl_env *env, double lines, struct err *e)
{
	int err = 0;

	*t = (struct numa_traffic){ .nr = env->machine->emulated ? env->machine->nr_nodes :
								   nodes->nr };
	t->access = calloc((size_t)t->nr * t->nr, sizeof(*t->access));
	if (!t->access)
		return err_set(e, -ENOMEM, "no memory for %u x %u nodes", t->nr, t->nr);
	for (unsigned i = 0; i < env->workers && !err; i++)
		err = add_worker(t, c, nodes, env, i, lines);
	if (!err)
		return 0;
	free(t->access);
	t->access = NULL;
	return err_set(e, err, "no page that was asked for holds an object in use");
}
