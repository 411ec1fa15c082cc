/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples joined with the log of slabs: see join.h. */
#include "collectors/sample/join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const sample_part_names[] = {
	"object",      "padding", "header", "index",	    "slack",
	"other_cache", "queue",	  "engine", "unknown_slab", "elsewhere",
};
const char *const sample_level_names[] = {
	"l1",	      "line_fill_buffer", "l2",		  "l3",
	"local_dram", "remote_dram",	  "remote_cache", "unknown",
};
_Static_assert(sizeof(sample_part_names) / sizeof(sample_part_names[0]) == PART_NR, "a name each");
_Static_assert(sizeof(sample_level_names) / sizeof(sample_level_names[0]) == LEVEL_NR,
	       "a name each");

/* ---- the engine's own memory ---- */

struct join_piece {
	uintptr_t at;
	size_t bytes;
	enum sample_part part;
};

struct join_parts {
	struct join_piece *piece;
	size_t nr, room;
	int error;
};

static void add_piece(enum kmem_part part, const void *addr, size_t bytes, void *arg)
{
	struct join_parts *p = arg;

	if (p->nr == p->room) {
		size_t room = p->room ? 2 * p->room : 256;
		struct join_piece *more = realloc(p->piece, room * sizeof(*more));

		if (!more) {
			p->error = -ENOMEM;
			return;
		}
		p->piece = more;
		p->room = room;
	}
	p->piece[p->nr++] = (struct join_piece){
		.at = (uintptr_t)addr,
		.bytes = bytes,
		.part = part == KMEM_PART_HEAD || part == KMEM_PART_NODE ? PART_ENGINE : PART_QUEUE,
	};
}

static void add_cache(struct kmem_cache *c, void *arg)
{
	kmem_for_each_part(c, add_piece, arg);
}

static int piece_order(const void *a, const void *b)
{
	const struct join_piece *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static const struct join_piece *piece_at(const struct join_parts *p, uintptr_t addr)
{
	size_t lo = 0, hi = p->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->piece[mid].at <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && addr - p->piece[lo - 1].at < p->piece[lo - 1].bytes ? &p->piece[lo - 1] : NULL;
}

/* ---- the map ---- */

static int is_workloads(const struct join_map *m, const struct kmem_cache *c)
{
	for (unsigned i = 0; i < m->nr_caches; i++)
		if (m->cache[i] == c)
			return 1;
	return 0;
}

static unsigned steps(unsigned n, unsigned most)
{
	return n > most ? (n + most - 1) / most : 1;
}

static unsigned max(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* The largest slab, object and number of colours of the workload's caches say how much there is to
 * count. */
static void measure(struct join_map *m)
{
	unsigned slab = 0, object = 0;

	for (unsigned i = 0; i < m->log->nr; i++) {
		const struct slab_record *r = &m->log->rec[i];
		const struct slab_geometry *g = &m->log->geometry[r->geometry];

		if (!is_workloads(m, r->cache))
			continue;
		slab = max(slab, r->bytes);
		object = max(object, g->object_size);
		m->colours = max(m->colours, max(g->colour, 1));
	}
	m->line_step = steps((slab + m->line - 1) / m->line, JOIN_LINES);
	m->lines = ((slab + m->line - 1) / m->line + m->line_step - 1) / m->line_step;
	m->object_line_step = steps((object + m->line - 1) / m->line, JOIN_OBJECT_LINES);
	m->object_lines =
		((object + m->line - 1) / m->line + m->object_line_step - 1) / m->object_line_step;
	m->field_bytes = 8;
	while ((object + m->field_bytes - 1) / m->field_bytes > JOIN_FIELDS)
		m->field_bytes *= 2;
	m->fields = (object + m->field_bytes - 1) / m->field_bytes;
}

int join_map_init(struct join_map *m, const struct slab_log *log, struct kmem_system *s,
		  struct kmem_cache *const *cache, unsigned nr_caches, unsigned line,
		  unsigned nodes)
{
	*m = (struct join_map){
		.log = log,
		.system = s,
		.cache = cache,
		.nr_caches = nr_caches,
		.line = line ? line : 64,
		.nodes = nodes,
		.parts = calloc(1, sizeof(*m->parts)),
	};
	if (!m->parts)
		return -ENOMEM;
	if (s)
		kmem_for_each_cache(s, add_cache, m->parts);
	if (m->parts->nr)
		qsort(m->parts->piece, m->parts->nr, sizeof(*m->parts->piece), piece_order);
	if (log)
		measure(m);
	return m->parts->error;
}

void join_map_release(struct join_map *m)
{
	if (m->parts)
		free(m->parts->piece);
	free(m->parts);
	m->parts = NULL;
}

/* ---- one address ---- */

/* Management of a slab, @off bytes into it. */
static enum sample_part of_mgmt(const struct slab_geometry *g, size_t off)
{
	return off < g->header_bytes ? PART_HEADER : PART_INDEX;
}

/* In the objects of a slab: which one, and where in it. @in: bytes from its user part, if it is that. */
static enum sample_part of_objects(const struct slab_geometry *g, size_t off, size_t *start,
				   size_t *in)
{
	size_t into = off % g->size;

	*start = off - into + g->obj_offset;
	if (into < g->obj_offset || into >= (size_t)g->obj_offset + g->object_size)
		return PART_PADDING;
	*in = into - g->obj_offset;
	return PART_OBJECT;
}

/* An address in a slab that is known. */
static enum sample_part of_slab(const struct join_map *m, const struct slab_record *r,
				uintptr_t addr, uint64_t t, size_t *in)
{
	const struct slab_geometry *g = &m->log->geometry[r->geometry];
	const struct slab_record *owner;
	enum sample_part part;
	size_t start;

	/* objfreelist: the index lies in a free object, which is then both */
	if (!g->off_slab && !g->objfreelist && r->mgmt && addr - r->mgmt < g->slab_size)
		return of_mgmt(g, addr - r->mgmt);
	if (addr < r->s_mem || addr - r->s_mem >= (size_t)g->num * g->size)
		return PART_SLACK;
	part = of_objects(g, addr - r->s_mem, &start, in);
	if (is_workloads(m, r->cache))
		return part;
	owner = slab_log_find_mgmt(m->log, r->s_mem + start, t);
	if (owner && addr - owner->mgmt < m->log->geometry[owner->geometry].slab_size)
		return of_mgmt(&m->log->geometry[owner->geometry], addr - owner->mgmt);
	return PART_OTHER_CACHE;
}

static enum sample_part part_of(const struct join_map *m, uint64_t addr, uint64_t t,
				const struct slab_record **slab, size_t *in)
{
	const struct join_piece *piece;

	*slab = NULL;
	if (!m->system)
		return PART_ELSEWHERE;
	switch (kmem_system_where(m->system, (const void *)(uintptr_t)addr)) {
	case KMEM_IN_PAGES:
		*slab = slab_log_find(m->log, (uintptr_t)addr, t);
		return *slab ? of_slab(m, *slab, (uintptr_t)addr, t, in) : PART_UNKNOWN_SLAB;
	case KMEM_IN_ACCOUNT:
		return PART_ENGINE;
	default:
		piece = piece_at(m->parts, (uintptr_t)addr);
		if (piece)
			return piece->part;
		return kmem_system_where(m->system, (const void *)(uintptr_t)addr) == KMEM_IN_META ?
			       PART_ENGINE :
			       PART_ELSEWHERE;
	}
}

enum sample_part join_part(const struct join_map *m, uint64_t addr, uint64_t t,
			   const struct slab_record **slab)
{
	const struct slab_record *r;
	size_t in = 0;
	enum sample_part part = part_of(m, addr, t, &r, &in);

	if (slab)
		*slab = r;
	return part;
}

/* ---- counting ---- */

/* Old kernels and CPUs fill mem_lvl, new ones mem_lvl_num (0: not at all) and mem_remote. */
static enum sample_level level_of(uint64_t data_src)
{
	union perf_mem_data_src d = { .val = data_src };
	uint64_t lvl = d.mem_lvl, num = d.mem_lvl_num ? d.mem_lvl_num : PERF_MEM_LVLNUM_NA;
	int named = num != PERF_MEM_LVLNUM_NA, ram = num == PERF_MEM_LVLNUM_RAM;

	if (lvl & PERF_MEM_LVL_MISS && !named)
		return LEVEL_UNKNOWN; /* it was not there, which is all that is said */
	if (lvl & (PERF_MEM_LVL_REM_CCE1 | PERF_MEM_LVL_REM_CCE2) ||
	    (d.mem_remote && named && !ram))
		return LEVEL_REMOTE_CACHE;
	if (lvl & (PERF_MEM_LVL_REM_RAM1 | PERF_MEM_LVL_REM_RAM2) || (d.mem_remote && ram))
		return LEVEL_REMOTE_DRAM;
	if (lvl & PERF_MEM_LVL_LOC_RAM || ram)
		return LEVEL_LOCAL_DRAM;
	if (lvl & PERF_MEM_LVL_L3 || num == PERF_MEM_LVLNUM_L3)
		return LEVEL_L3;
	if (lvl & PERF_MEM_LVL_L2 || num == PERF_MEM_LVLNUM_L2)
		return LEVEL_L2;
	if (lvl & PERF_MEM_LVL_LFB || num == PERF_MEM_LVLNUM_LFB)
		return LEVEL_LFB;
	if (lvl & PERF_MEM_LVL_L1 || num == PERF_MEM_LVLNUM_L1)
		return LEVEL_L1;
	return LEVEL_UNKNOWN;
}

static void add_source(struct join_counts *c, uint64_t data_src)
{
	union perf_mem_data_src d = { .val = data_src };

	c->level[level_of(data_src)]++;
	c->hitm += (d.mem_snoop & PERF_MEM_SNOOP_HITM) != 0;
	c->tlb_miss += (d.mem_dtlb & PERF_MEM_TLB_MISS) != 0;
}

void join_add(const struct join_map *m, struct join_counts *c, const struct sample *s,
	      uint64_t sample_type)
{
	const struct slab_record *r;
	size_t in = 0;
	enum sample_part part = part_of(m, s->addr, s->time, &r, &in);

	c->samples++;
	c->part[part]++;
	if (sample_type & PERF_SAMPLE_DATA_SRC)
		add_source(c, s->data_src);
	if (!r || !is_workloads(m, r->cache))
		return;
	c->colour[r->colour < JOIN_COLOURS ? r->colour : JOIN_COLOURS]++;
	c->node[r->node < JOIN_NODES ? r->node : JOIN_NODES]++;
	c->line[(s->addr - r->page) / m->line / m->line_step]++;
	if (part != PART_OBJECT)
		return;
	c->object_line[in / m->line / m->object_line_step]++;
	c->field[in / m->field_bytes]++;
}
