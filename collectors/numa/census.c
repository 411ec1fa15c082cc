/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The census: the kernel is asked for the node of each page of each slab. See numa.h. */
#include "collectors/numa/numa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/pages.h"

const struct numa_sys numa_sys_native = { .where = pages_where };

/* ---- nodes ---- */

int numa_nodes_index(struct numa_nodes *n, int os)
{
	for (unsigned i = 0; i < n->nr; i++)
		if (n->os[i] == os)
			return (int)i;
	if (os < 0 || n->nr == NUMA_NODES)
		return -1;
	n->os[n->nr++] = os;
	return (int)n->nr - 1;
}

static int by_number(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void numa_nodes_init(struct numa_nodes *n, const struct hostfs *h, const struct kmem_machine *m)
{
	unsigned online[NUMA_NODES];
	char text[1024];
	int nr = hostfs_read(h, text, sizeof(text), "/sys/devices/system/node/online");

	n->nr = 0;
	if (nr > 0)
		nr = hostfs_parse_list(text, online, NUMA_NODES);
	for (int i = 0; i < nr && i < NUMA_NODES; i++)
		numa_nodes_index(n, (int)online[i]);
	for (unsigned i = 0; i < m->nr_nodes; i++)
		numa_nodes_index(n, m->os_node[i]);
	qsort(n->os, n->nr, sizeof(n->os[0]), by_number);
}

/* ---- which pages ---- */

/* What is noted of each page that is asked for. */
struct note {
	uint8_t node;  /* the engine's, of its slab */
	float objects; /* in use, this page's part of them */
};

struct picker {
	struct numa_census *c;
	struct note *note;
	uint64_t most, room, turn; /* turn: adds up room / total page by page */
};

static void count_slab(const struct kmem_slab_view *v, void *arg)
{
	struct numa_census *c = arg;

	c->total += v->bytes / c->page_size;
}

/* Every (total / room)th page, without a fraction lost. */
static void pick_slab(const struct kmem_slab_view *v, void *arg)
{
	struct picker *p = arg;
	struct numa_census *c = p->c;
	size_t pages = v->bytes / c->page_size;

	for (size_t i = 0; i < pages; i++) {
		p->turn += p->room;
		if (p->turn < c->total || c->asked == p->room)
			continue;
		p->turn -= c->total;
		c->addr[c->asked] = (char *)(uintptr_t)v->page + i * c->page_size;
		p->note[c->asked++] = (struct note){
			.node = (uint8_t)v->node,
			.objects = (float)v->inuse / (float)pages,
		};
	}
}

static void for_each_slab(const struct wl_env *env,
			  void (*fn)(const struct kmem_slab_view *v, void *arg), void *arg)
{
	for (unsigned i = 0; i < env->nr_caches; i++)
		kmem_for_each_slab(env->cache[i].slab, fn, arg);
}

static int pick(struct picker *p, const struct wl_env *env)
{
	struct numa_census *c = p->c;

	for_each_slab(env, count_slab, c);
	p->room = c->total < p->most ? c->total : p->most;
	if (!p->room) /* no slabs: none asked for is the answer */
		return 0;
	c->addr = calloc(p->room, sizeof(*c->addr));
	p->note = calloc(p->room, sizeof(*p->note));
	if (!c->addr || !p->note)
		return err_set(&c->err, -ENOMEM, "no memory to ask for %llu pages",
			       (unsigned long long)p->room);
	for_each_slab(env, pick_slab, p);
	return 0;
}

/* ---- what they answer ---- */

uint64_t numa_wanted(const struct wl_env *env)
{
	const struct kmem_machine *m = env->machine;
	unsigned policy = env->config->placement;
	uint64_t wanted = 0;
	uint8_t order[KMEM_MAX_NODES];

	if (policy == PLACE_BIND || policy == PLACE_PREFERRED)
		return UINT64_C(1) << (env->config->place_node % KMEM_MAX_NODES);
	if (policy != PLACE_LOCAL && policy != PLACE_FARTHEST)
		return ~UINT64_C(0);
	for (unsigned i = 0; i < env->workers; i++) {
		unsigned node = m->cpu_node[env->worker[i].cpu];

		if (policy == PLACE_FARTHEST) {
			kmem_machine_zonelist(m, node, order);
			node = order[m->nr_nodes - 1];
		}
		wanted |= UINT64_C(1) << node;
	}
	return wanted;
}

static void count_page(struct numa_census *c, struct numa_nodes *nodes, const struct note *note,
		       const struct kmem_machine *m, uint64_t wanted, int is)
{
	int at = is >= 0 ? numa_nodes_index(nodes, is) : -1;

	if (is == -ENOENT || is == -EFAULT) { /* never touched, or the shared page of zeroes */
		c->absent++;
		return;
	}
	if (at < 0) {
		c->unknown++;
		c->unknown_error = c->unknown_error ? c->unknown_error : is < 0 ? is : -E2BIG;
		return;
	}
	c->present++;
	c->node[at]++;
	c->right += is == m->os_node[note->node] && (wanted >> note->node & 1);
	c->in_use[note->node][at] += note->objects;
	c->engine_in_use[note->node] += note->objects;
}

static int ask(struct picker *p, struct numa_nodes *nodes, const struct wl_env *env,
	       const struct numa_sys *sys)
{
	struct numa_census *c = p->c;
	uint64_t wanted = numa_wanted(env);
	int *is, err;

	if (!c->asked || !p->note)
		return 0;
	is = malloc(c->asked * sizeof(*is));
	if (!is)
		return err_set(&c->err, -ENOMEM, "no memory to ask for %llu pages",
			       (unsigned long long)c->asked);
	err = sys->where(c->addr, c->asked, is, &c->err);
	for (uint64_t i = 0; i < c->asked && !err; i++)
		count_page(c, nodes, &p->note[i], env->machine, wanted, is[i]);
	free(is);
	return err;
}

void numa_census(struct numa_census *c, struct numa_nodes *nodes, const struct wl_env *env,
		 uint64_t most, const struct numa_sys *sys)
{
	struct picker p = { .c = c, .most = most };

	numa_census_release(c);
	c->page_size = (size_t)sysconf(_SC_PAGESIZE);
	if (!env->ops->is_slab)
		c->error = err_set(&c->err, -EOPNOTSUPP,
				   "this allocator has no slabs to look into; use allocator=slab");
	else if (!env->nr_caches)
		c->error = err_set(&c->err, -ENODATA, "this workload has no caches");
	else
		c->error = pick(&p, env);
	if (!c->error)
		c->error = ask(&p, nodes, env, sys);
	free(p.note);
}

void numa_census_release(struct numa_census *c)
{
	free(c->addr);
	memset(c, 0, sizeof(*c));
}
