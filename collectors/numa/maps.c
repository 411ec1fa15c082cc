/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second opinion: numa_maps counts pages per mapping and node, so the mappings in which slabs
 * lie are found (by smaps, which also knows what of them is huge pages), and all their pages are
 * asked for again with move_pages, free ones of the engine too, so that both counts speak of the
 * same pages.
 */
#include "collectors/numa/numa.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/proctext.h"

#define ASK_BATCH 4096

/* Mappings that hold pages of the census, ascending. */
struct holders {
	void **addr; /* sorted */
	uint64_t nr_addr;
	struct numa_range *range;
	size_t nr, room;
	int error;
};

static int by_address(const void *a, const void *b)
{
	void *const *x = a, *const *y = b;

	return (*x > *y) - (*x < *y);
}

/* Is there an address in [start, end)? */
static int holds(const struct holders *h, uintptr_t start, uintptr_t end)
{
	uint64_t lo = 0, hi = h->nr_addr;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if ((uintptr_t)h->addr[mid] < start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < h->nr_addr && (uintptr_t)h->addr[lo] < end;
}

static void note_range(const struct numa_range *r, void *arg)
{
	struct holders *h = arg;

	if (h->error || !holds(h, r->start, r->end))
		return;
	if (h->nr == h->room) {
		size_t room = h->room ? h->room * 2 : 16;
		struct numa_range *more = realloc(h->range, room * sizeof(*more));

		if (!more) {
			h->error = -ENOMEM;
			return;
		}
		h->range = more;
		h->room = room;
	}
	h->range[h->nr++] = *r;
}

/* What proctext_all() says, and what can be done. */
static int unreadable(struct err *e)
{
	struct err why = *e;

	return err_set(e, -EIO,
		       "%.300s; it needs a kernel with CONFIG_NUMA and CONFIG_PROC_PAGE_MONITOR",
		       why.text);
}

static int find_holders(struct holders *h, const struct numa_census *c, const struct hostfs *host,
			const char *path, struct err *e)
{
	char *text = proctext_all(host, path, e);
	int err;

	if (!text)
		return unreadable(e);
	h->nr = 0;
	h->nr_addr = c->asked;
	if (!h->addr) {
		h->addr = malloc(c->asked * sizeof(*h->addr));
		if (h->addr) {
			memcpy(h->addr, c->addr, c->asked * sizeof(*h->addr));
			qsort(h->addr, c->asked, sizeof(*h->addr), by_address);
		}
	}
	err = h->addr ? numa_ranges(text, note_range, h) : -ENOMEM;
	free(text);
	if (!err)
		err = h->error;
	if (err)
		return err_set(e, err, "%s: %s", path,
			       err == -EINVAL ? "expected lines as 'START-END rwxp ...'" :
						strerror(-err));
	return h->nr ? 0 :
		       err_set(e, -ENODATA,
			       "%s: no mapping holds the slabs: it is not this process's", path);
}

/* Add what a line of numa_maps counts, in pages of the host. */
static int add_map(struct numa_maps *m, struct numa_nodes *nodes, const struct numa_map *map,
		   size_t page_size)
{
	uint64_t factor = map->page_kb * 1024 / page_size;

	for (unsigned i = 0; i < map->nr; i++) {
		int at = numa_nodes_index(nodes, map->on[i].node);
		uint64_t pages;

		if (at < 0 || __builtin_mul_overflow(map->on[i].pages, factor ? factor : 1, &pages))
			return -EINVAL;
		m->node[at] += pages;
	}
	m->mappings++;
	return 0;
}

static int is_holder(const struct holders *h, uintptr_t start)
{
	for (size_t i = 0; i < h->nr; i++)
		if (h->range[i].start == start)
			return 1;
	return 0;
}

static int read_maps(struct numa_maps *m, struct numa_nodes *nodes, const struct holders *h,
		     size_t page_size, const struct hostfs *host)
{
	static const char path[] = "/proc/self/numa_maps";
	char *text = proctext_all(host, path, &m->err);
	unsigned line = 1;
	int err = 0;

	if (!text)
		return unreadable(&m->err);
	for (const char *l = *text ? text : NULL; l && !err; l = proctext_next_line(l), line++) {
		struct numa_map map;

		err = numa_map_parse(l, &map);
		if (!err && is_holder(h, map.start))
			err = add_map(m, nodes, &map, page_size);
		if (err)
			err_set(&m->err, err, "%s: line %u is not 'ADDRESS POLICY ... N0=PAGES'",
				path, line);
	}
	free(text);
	if (!err && !m->mappings)
		err = err_set(&m->err, -ENODATA,
			      "%s: no mapping holds the slabs: it is not this process's", path);
	return err;
}

/* ---- the same pages by move_pages ---- */

struct recount {
	struct numa_nodes *nodes;
	const struct numa_sys *sys;
	void *addr[ASK_BATCH];
	int is[ASK_BATCH];
	size_t n;
	uint64_t node[NUMA_NODES];
	int error;
};

static void recount_ask(struct recount *r, struct err *e)
{
	if (r->n && !r->error)
		r->error = r->sys->where(r->addr, r->n, r->is, e);
	for (size_t i = 0; i < r->n && !r->error; i++) {
		int at = r->is[i] >= 0 ? numa_nodes_index(r->nodes, r->is[i]) : -1;

		if (at >= 0)
			r->node[at]++;
	}
	r->n = 0;
}

static void compare(struct numa_maps *m, const struct recount *r)
{
	uint64_t more = 0, less = 0;

	for (unsigned i = 0; i < NUMA_NODES; i++) {
		more += m->node[i] > r->node[i] ? m->node[i] - r->node[i] : 0;
		less += r->node[i] > m->node[i] ? r->node[i] - m->node[i] : 0;
	}
	m->differ = more > less ? more :
				  less; /* a page on another node is one too many and one too few */
}

static int recount(struct numa_maps *m, struct numa_nodes *nodes, const struct holders *h,
		   size_t page_size, uint64_t most, const struct numa_sys *sys)
{
	struct recount *r;
	int err;

	for (size_t i = 0; i < h->nr; i++)
		m->pages += (h->range[i].end - h->range[i].start) / page_size;
	if (m->pages > most)
		return err_set(&m->differ_err, -E2BIG,
			       "the mappings have %llu pages, more than are asked for: "
			       "numa_pages=%llu compares all of them",
			       (unsigned long long)m->pages, (unsigned long long)m->pages);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(&m->differ_err, -ENOMEM, "no memory to ask for pages");
	r->nodes = nodes;
	r->sys = sys;
	for (size_t i = 0; i < h->nr; i++)
		for (uintptr_t at = h->range[i].start; at < h->range[i].end; at += page_size) {
			r->addr[r->n++] = (void *)at;
			if (r->n == ASK_BATCH)
				recount_ask(r, &m->differ_err);
		}
	recount_ask(r, &m->differ_err);
	err = r->error;
	if (!err)
		compare(m, r);
	free(r);
	return err;
}

static int read_huge(struct numa_maps *m, struct holders *h, const struct numa_census *c,
		     const struct hostfs *host)
{
	int err = find_holders(h, c, host, "/proc/self/smaps", &m->huge_err);

	for (size_t i = 0; i < h->nr && !err; i++) { /* Rss leaves the hugetlb pool out */
		m->rss += h->range[i].rss + h->range[i].hugetlb;
		m->huge += h->range[i].anon_huge + h->range[i].hugetlb;
	}
	if (!err && !m->rss)
		err = err_set(&m->huge_err, -ENODATA,
			      "/proc/self/smaps: no page of the slabs is resident");
	return err;
}

void numa_maps_read(struct numa_maps *m, struct numa_nodes *nodes, const struct numa_census *c,
		    uint64_t most, const struct hostfs *host, const struct numa_sys *sys)
{
	struct holders h = { .nr = 0 };

	memset(m, 0, sizeof(*m));
	if (c->error) {
		m->error = m->huge_error = m->differ_error = c->error;
		m->err = m->huge_err = m->differ_err = c->err;
		return;
	}
	if (!c->asked) {
		m->error = m->huge_error = m->differ_error =
			err_set(&m->err, -ENODATA, "the workload's caches hold no slabs");
		m->huge_err = m->differ_err = m->err;
		return;
	}
	m->huge_error = read_huge(m, &h, c, host);
	if (!h.nr) /* kernels without smaps still have maps */
		m->error = find_holders(&h, c, host, "/proc/self/maps", &m->err);
	if (!m->error)
		m->error = read_maps(m, nodes, &h, c->page_size, host);
	m->differ_error = m->error;
	m->differ_err = m->err;
	if (!m->error)
		m->differ_error = recount(m, nodes, &h, c->page_size, most, sys);
	free(h.addr);
	free(h.range);
}
