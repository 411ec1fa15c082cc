/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/ring.h"

const char *const ring_pair_names[] = { "any", "node", "other", "self", NULL };

struct ring *ring_create(uint64_t depth, uint64_t batch)
{
	struct ring *r = aligned_alloc(_Alignof(struct ring), sizeof(*r));

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->depth = depth;
	r->batch = batch;
	r->entry = calloc(depth, sizeof(*r->entry));
	if (!r->entry) {
		free(r);
		return NULL;
	}
	return r;
}

void ring_destroy(struct ring *r)
{
	if (r)
		free(r->entry);
	free(r);
}

static unsigned node_of(const struct wl_env *env, unsigned worker)
{
	return env->machine->cpu_node[env->worker[worker].cpu];
}

/* Workers sorted by node, those of a node by number. */
static void by_node(const struct wl_env *env, unsigned *sorted)
{
	unsigned n = 0;

	for (unsigned node = 0; node < env->machine->nr_nodes; node++)
		for (unsigned i = 0; i < env->workers; i++)
			if (node_of(env, i) == node)
				sorted[n++] = i;
}

static void pair_up(unsigned *partner, unsigned a, unsigned b)
{
	partner[a] = b;
	partner[b] = a;
}

/*
 * Sorted by node, worker k and worker k + n/2 are on different nodes, unless one node has more than half
 * of them; then there is no such pairing at all.
 */
static int partners_other(const struct wl_env *env, const unsigned *sorted, unsigned *partner,
			  struct err *e)
{
	unsigned half = env->workers / 2;

	if (env->workers % 2)
		return err_set(e, -EINVAL,
			       "pairs=other: %u workers; use an even number, or pairs=any",
			       env->workers);
	for (unsigned k = 0; k < half; k++) {
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): all workers are in it */
		unsigned a = sorted[k], b = sorted[k + half];

		if (node_of(env, a) == node_of(env, b))
			return err_set(
				e, -EINVAL,
				"pairs=other: more than half of the %u workers are on node %u; use "
				"cpus or nodes to spread them, or pairs=any",
				env->workers, node_of(env, a));
		pair_up(partner, a, b);
	}
	return 0;
}

int ring_partners(const struct wl_env *env, unsigned pairs, unsigned *partner, struct err *e)
{
	unsigned n = env->workers, *sorted = malloc(n * sizeof(*sorted));
	int err = 0;

	if (!sorted)
		return err_set(e, -ENOMEM, "no memory for %u workers", n);
	for (unsigned i = 0; i < n; i++)
		partner[i] = sorted[i] = i;
	if (pairs == PAIR_NODE || pairs == PAIR_OTHER)
		by_node(env, sorted);
	if (pairs == PAIR_OTHER)
		err = partners_other(env, sorted, partner, e);
	for (unsigned k = 0; pairs != PAIR_SELF && pairs != PAIR_OTHER && k + 1 < n; k++) {
		if (pairs == PAIR_NODE && node_of(env, sorted[k]) != node_of(env, sorted[k + 1]))
			continue; /* the last one of its node */
		pair_up(partner, sorted[k], sorted[k + 1]);
		k++;
	}
	free(sorted);
	return err;
}
