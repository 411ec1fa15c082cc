/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPU each worker gets. `auto` deals the CPUs that the process may use in this order: the
 * first thread of each core before the second ones; within those, nodes in turn; within a node, by
 * number. So the first workers share nothing but what the whole machine shares, and two workers on
 * a machine of two nodes are on both.
 */

#include <errno.h>
#include <hwloc.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trial.h"
#include "engine/machine.h"

struct seat {
	unsigned cpu, node;
	unsigned rank;	/* among the threads of its core */
	unsigned order; /* among the CPUs of its node with the same rank */
};

/* Rank of each CPU among the threads of its core, as far as hwloc knows cores; else 0. */
static void core_ranks(const struct kmem_machine *m, struct seat *seat, unsigned n)
{
	hwloc_topology_t t;

	if (hwloc_topology_init(&t))
		return;
	if (!hwloc_topology_load(t)) {
		for (unsigned i = 0; i < n; i++) {
			hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(t, seat[i].cpu);
			hwloc_obj_t core =
				pu ? hwloc_get_ancestor_obj_by_type(t, HWLOC_OBJ_CORE, pu) : NULL;

			if (!core)
				continue;
			/* count only those that the process may use: a core whose first thread is
			 * forbidden still has a first one */
			for (unsigned c = 0; c < seat[i].cpu; c++)
				seat[i].rank += c < m->nr_cpus && m->cpu_online[c] &&
						hwloc_bitmap_isset(core->cpuset, c);
		}
	}
	hwloc_topology_destroy(t);
}

static int by_turn(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* @threads 0: this machine's cores; else cores of so many CPUs in a row. */
static unsigned seats_fill(const struct kmem_machine *m, unsigned threads, struct seat *seat)
{
	unsigned n = 0;

	for (unsigned c = 0; c < m->nr_cpus; c++)
		if (m->cpu_online[c])
			seat[n++] = (struct seat){ .cpu = c, .node = m->cpu_node[c] };
	if (!threads)
		core_ranks(m, seat, n);
	for (unsigned i = 0; i < n && threads; i++)
		seat[i].rank = seat[i].cpu % threads;
	for (unsigned i = 0; i < n; i++)
		for (unsigned j = 0; j < i; j++)
			seat[i].order += seat[j].node == seat[i].node &&
					 seat[j].rank == seat[i].rank;
	qsort(seat, n, sizeof(*seat), by_turn);
	return n;
}

static int cpus_auto(const struct trial_opts *run, const struct kmem_machine *m, unsigned threads,
		     unsigned *cpu, struct err *e)
{
	struct seat *seat = malloc(m->nr_cpus * sizeof(*seat));
	unsigned n;

	if (!seat)
		return err_set(e, -ENOMEM, "no memory for %u CPUs", m->nr_cpus);
	n = seats_fill(m, threads, seat);
	for (unsigned i = 0; i < run->workers && i < n; i++)
		cpu[i] = seat[i].cpu;
	free(seat);
	return 0;
}

/* "a" or "a-b" at *@at; moves it behind. */
static int parse_range(const char **at, unsigned long *a, unsigned long *b)
{
	char *end;

	if (**at < '0' || **at > '9')
		return -EINVAL;
	*a = *b = strtoul(*at, &end, 10);
	if (*end == '-') {
		if (end[1] < '0' || end[1] > '9')
			return -EINVAL;
		*b = strtoul(end + 1, &end, 10);
	}
	*at = end;
	return *b < *a || *b >= KMEM_MAX_CPUS ? -EINVAL : 0;
}

static int take_cpu(const struct trial_opts *run, const struct kmem_machine *m, unsigned c,
		    unsigned *cpu, unsigned *n, struct err *e)
{
	if (c >= m->nr_cpus || !m->cpu_online[c])
		return err_set(e, -EINVAL, "cpus: this process may not run on CPU %u", c);
	for (unsigned i = 0; i < *n; i++)
		if (cpu[i] == c)
			return err_set(e, -EINVAL, "cpus: CPU %u twice in '%s'", c, run->cpus);
	if (*n < run->workers)
		cpu[(*n)++] = c;
	return 0;
}

static int cpus_list(const struct trial_opts *run, const struct kmem_machine *m, unsigned *cpu,
		     struct err *e)
{
	const char *at = run->cpus;
	unsigned n = 0;

	for (;;) {
		unsigned long a, b;

		if (parse_range(&at, &a, &b) || (*at && *at != ','))
			return err_set(e, -EINVAL,
				       "cpus: expected a list as in 0,2-3 or auto, got '%s'",
				       run->cpus);
		for (unsigned long c = a; c <= b; c++) {
			int err = take_cpu(run, m, (unsigned)c, cpu, &n, e);

			if (err)
				return err;
		}
		if (!*at)
			break;
		at++;
	}
	if (n < run->workers)
		return err_set(e, -EINVAL, "cpus: '%s' has %u CPUs for %u workers", run->cpus, n,
			       run->workers);
	return 0;
}

int trial_cpus_model(const struct trial_opts *run, const struct kmem_machine *m, unsigned threads,
		     unsigned *cpu, struct err *e)
{
	int err = trial_cpus_check(run, m, e);

	if (err)
		return err;
	return strcmp(run->cpus, "auto") ? cpus_list(run, m, cpu, e) :
					   cpus_auto(run, m, threads, cpu, e);
}

int trial_cpus(const struct trial_opts *run, const struct kmem_machine *m, unsigned *cpu,
	       struct err *e)
{
	return trial_cpus_model(run, m, 0, cpu, e);
}

int trial_cpus_check(const struct trial_opts *run, const struct kmem_machine *m, struct err *e)
{
	unsigned *cpu, n = 0;
	int err;

	if (!strcmp(run->cpus, "auto")) {
		for (unsigned c = 0; c < m->nr_cpus; c++)
			n += m->cpu_online[c];
		return run->workers <= n ?
			       0 :
			       err_set(e, -EINVAL,
				       "workers: %u, but this process may run on %u CPUs only",
				       run->workers, n);
	}
	cpu = malloc(run->workers * sizeof(*cpu));
	if (!cpu)
		return err_set(e, -ENOMEM, "no memory for %u CPUs", run->workers);
	err = cpus_list(run, m, cpu, e);
	free(cpu);
	return err;
}
