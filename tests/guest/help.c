/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/guest/help.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODE_DIR "/sys/devices/system/node/node"

struct guest guest;
unsigned guest_checked, guest_failed;

void die(const char *fmt, ...)
{
	va_list ap;

	printf("FAIL ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

bool check(bool ok, const char *fmt, ...)
{
	va_list ap;

	guest_checked++;
	guest_failed += !ok;
	printf("%s ", ok ? "ok" : "FAIL");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return ok;
}

bool fault(const char *name)
{
	const char *asked = getenv("FAULT");

	return asked && !strcmp(asked, name);
}

static void read_text(const char *path, char *text, size_t len)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (!f)
		die("%s: %s", path, strerror(errno));
	n = fread(text, 1, len - 1, f);
	text[n] = '\0';
	fclose(f);
}

void guest_read_nodes(void)
{
	char path[100], text[4096], *at;
	unsigned n = 0;

	for (;; n++) {
		snprintf(path, sizeof(path), NODE_DIR "%u/distance", n);
		if (access(path, R_OK))
			break;
		if (n == GUEST_NODES)
			die("more than %u nodes", GUEST_NODES);
		read_text(path, text, sizeof(text));
		at = text;
		for (unsigned i = 0; i < GUEST_NODES; i++)
			guest.distance[n][i] = (unsigned)strtoul(at, &at, 10);
		snprintf(path, sizeof(path), NODE_DIR "%u/cpulist", n);
		read_text(path, text, sizeof(text));
		if (*text < '0' || *text > '9')
			die("node %u has no CPU", n);
		guest.cpu[n] = (unsigned)strtoul(text, NULL, 10);
	}
	guest.nr = n;
	if (!n)
		die("the kernel has no nodes: CONFIG_NUMA?");
}

void guest_pin(unsigned node)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(guest.cpu[node], &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("cannot run on CPU %u: %s", guest.cpu[node], strerror(errno));
	/* where the engine does not ask rseq it has to be told */
	if (kmem_thread_bind((int)guest.cpu[node]))
		die("cannot be CPU %u of the engine", guest.cpu[node]);
}

void guest_by_distance(unsigned node, unsigned order[GUEST_NODES])
{
	for (unsigned i = 0; i < guest.nr; i++) {
		unsigned at = i;

		for (; at && guest.distance[node][order[at - 1]] > guest.distance[node][i]; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}

void guest_census(void *const *addr, size_t n, unsigned *node)
{
	for (size_t i = 0; i < n; i++) {
		int where = -1;

		if (syscall(SYS_move_pages, 0, 1ul, &addr[i], NULL, &where, 0) < 0)
			die("move_pages: %s", strerror(errno));
		if (where < 0 || (unsigned)where >= guest.nr)
			die("page %zu is on no node: %s", i, strerror(-where));
		node[i] = (unsigned)where;
	}
}

uint64_t guest_numastat(unsigned node, const char *field)
{
	char path[100], text[4096];
	const char *at;

	snprintf(path, sizeof(path), NODE_DIR "%u/numastat", node);
	read_text(path, text, sizeof(text));
	at = strstr(text, field);
	if (!at)
		die("%s has no %s", path, field);
	return strtoull(at + strlen(field), NULL, 10);
}

static void seed_fault(struct kmem_machine *m)
{
	unsigned n = m->nr_nodes;

	/* every policy then asks the kernel for the neighbour's pages */
	if (fault("place"))
		for (unsigned i = 0; i < n; i++)
			m->os_node[i] = (int)((i + 1) % n);
	/* nodes are then tried by number */
	if (fault("fallback"))
		for (unsigned i = 0; i < n; i++)
			for (unsigned k = 0; k < n; k++)
				m->distance[i][k] = i == k ? 10 : 20;
}

struct kmem_system *guest_system(void)
{
	struct kmem_machine *m = calloc(1, sizeof(*m));
	struct kmem_system_config c = { .machine = m };
	struct kmem_system *s = NULL;
	struct err e = { "" };

	if (!m || kmem_machine_native(m, &e))
		die("kmem_machine_native: %s", e.text);
	seed_fault(m);
	if (kmem_system_create(&s, &c, &e))
		die("kmem_system_create: %s", e.text);
	free(m);
	return s;
}

void guest_config(struct slab_config *c, enum slab_placement placement, unsigned node)
{
	struct err e;

	if (slab_config_profile(c, "kernel-2.6.22", &e))
		die("%s", e.text);
	c->placement = placement;
	c->place_node = node;
}

const char *guest_weights(void)
{
	return guest.nr > 2 ? "3:1:2:2" : "3:1";
}

struct kmem_cache *guest_cache(struct kmem_system *s, const struct slab_config *c, size_t size)
{
	struct kmem_cache *cache = NULL;
	struct err e = { "" };

	if (kmem_cache_create(s, "guest", size, c, NULL, &cache, &e))
		die("kmem_cache_create: %s", e.text);
	return cache;
}

void guest_end(struct kmem_system *s, struct kmem_cache *c)
{
	struct err e = { "" };

	check(!kmem_system_check(s, &e), "the engine's invariants hold%s%s", *e.text ? ": " : "",
	      e.text);
	if (kmem_cache_destroy(c, &e) || kmem_system_destroy(s, &e))
		die("%s", e.text);
}
