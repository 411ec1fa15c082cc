/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target from what hwloc knows: an XML file, or this host. hwloc tells sizes, ways, lines, who shares what, nodes and
 * distances. Everything else is filled from a named target, and each filled figure is marked.
 *
 * CPUs are in hwloc's logical order, so that those that share a cache are neighbours, whatever numbers the kernel gave them.
 */

#include <errno.h>
#include <hwloc.h>
#include <hwloc/export.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"

#define HWLOC "H: hwloc"

struct build {
	struct mt_target *t;
	const struct mt_target *fill; /* NULL: nothing to fill from */
	const struct mt_xml *x;
	unsigned *pus;		    /* [nr]: how many PUs below each object */
	unsigned os_node[MT_NODES]; /* the kernel's number of each node */
	int node_object[MT_NODES];
};

/* ---- filling ---- */

/* "F: filled from zen4: C: CPUID dump ..." */
static void mark_filled(struct build *b, const char *part, const char *name)
{
	char figure[MT_TEXT];
	const char *source;

	snprintf(figure, sizeof(figure), "%s.%s", part, name);
	source = mt_source(b->fill, figure);
	mt_mark(b->t, part, name, "F: filled from %s%s%s", b->fill->name, source ? ": " : "",
		source ? source : "");
}

static void fill_number(struct build *b, const char *part, const char *name, double *to, double v)
{
	*to = v;
	if (!isnan(v))
		mark_filled(b, part, name);
}

/* Size, line and ways: what hwloc has, else the fill's. */
static int fill_geometry(struct build *b, unsigned level, const struct mt_xml_object *o,
			 struct err *e)
{
	struct mt_cache *c = &b->t->cache[level];
	const struct mt_cache *f = b->fill && level < b->fill->nr_levels ? &b->fill->cache[level] :
									   NULL;
	const char *name = mt_level_names[level];
	int64_t ways = o ? o->ways : 0;

	c->size = o && o->size ? o->size : f ? f->size : 0;
	c->line = o && o->line ? (unsigned)o->line : f ? f->line : 0;
	if (ways < 0 && c->line) /* fully associative */
		ways = (int64_t)(c->size / c->line);
	c->ways = ways > 0 && ways <= MT_WAYS ? (unsigned)ways : f ? f->ways : 0;
	if (!c->size || !c->line || !c->ways)
		return err_set(e, -EINVAL,
			       "%s: hwloc does not know its %s%s, and %s; name a target to fill it "
			       "from",
			       name,
			       !c->size ? "size" :
			       !c->line ? "line" :
					  "ways",
			       ways > MT_WAYS ? " (it says more than 64)" : "",
			       b->fill ? "the one to fill from has no such level" :
					 "no target is known for this CPU");
	if (o && o->size)
		mt_mark(b->t, name, "size", HWLOC);
	else
		mark_filled(b, name, "size");
	if (o && o->line)
		mt_mark(b->t, name, "line", HWLOC);
	else
		mark_filled(b, name, "line");
	if (ways > 0 && ways <= MT_WAYS) {
		mt_mark(b->t, name, "ways", HWLOC);
		return 0;
	}
	mark_filled(b, name, "ways");
	/* another size than that of the fill: as many of its ways as make whole sets */
	while (c->ways > 1 && c->size % ((uint64_t)c->line * c->ways))
		c->ways--;
	if (c->ways != f->ways)
		mt_mark(b->t, name, "ways", "A: %u of %s do not divide this size", f->ways,
			b->fill->name);
	return 0;
}

/* What hwloc never knows. */
static void fill_behaviour(struct build *b, unsigned level)
{
	struct mt_cache *c = &b->t->cache[level];
	const struct mt_cache *f = b->fill && level < b->fill->nr_levels ? &b->fill->cache[level] :
									   NULL;
	const char *name = mt_level_names[level];
	uint64_t row = (uint64_t)c->line * c->ways;

	if (!f) {
		mt_mark(b->t, name, "policy", "A: not known, and no target to fill it from");
		mt_mark(b->t, name, "inclusion", "A: not known, and no target to fill it from");
		return;
	}
	if (f->slices > 1 && row && c->size % (row * f->slices) == 0) {
		c->slices = f->slices;
		c->hash = f->hash;
		mark_filled(b, name, "slices");
		mark_filled(b, name, "hash");
	}
	if (f->policy == MT_PLRU && (c->ways & (c->ways - 1))) {
		mt_mark(b->t, name, "policy", "A: %s says plru, which %u ways cannot have",
			b->fill->name, c->ways);
	} else {
		c->policy = f->policy;
		c->qlru = f->qlru;
		mark_filled(b, name, "policy");
	}
	c->inclusion = f->inclusion;
	mark_filled(b, name, "inclusion");
	c->write_through = f->write_through;
	c->no_write_allocate = f->no_write_allocate;
	if (mt_source(b->fill, "l1d.write") || c->write_through || c->no_write_allocate)
		mark_filled(b, name, "write");
	fill_number(b, name, "latency", &c->latency, f->latency);
	fill_number(b, name, "outstanding", &c->outstanding, f->outstanding);
	fill_number(b, name, "per_cycle", &c->per_cycle, f->per_cycle);
}

/* ---- caches ---- */

/* The first cache of a level, by hwloc's order, and by how many PUs each is shared. */
static const struct mt_xml_object *find_cache(const struct build *b, unsigned level,
					      unsigned *shared, bool *even)
{
	const struct mt_xml_object *first = NULL;

	*even = true;
	for (unsigned i = 0; i < b->x->nr; i++) {
		const struct mt_xml_object *o = &b->x->object[i];

		if (o->type != MT_XML_CACHE || o->level != level + 1 || !b->pus[i])
			continue;
		if (!first) {
			first = o;
			*shared = b->pus[i];
		} else if (b->pus[i] != *shared || o->size != first->size) {
			*even = false;
		}
	}
	return first;
}

static unsigned core_threads(const struct build *b)
{
	for (unsigned i = 0; i < b->x->nr; i++)
		if (b->x->object[i].type == MT_XML_CORE && b->pus[i])
			return b->pus[i];
	return 1;
}

static int convert_cache(struct build *b, unsigned level, struct err *e)
{
	struct mt_cache *c = &b->t->cache[level];
	const char *name = mt_level_names[level];
	unsigned shared = 0;
	bool even;
	const struct mt_xml_object *o = find_cache(b, level, &shared, &even);
	int r;

	if (!o && !(b->fill && level < b->fill->nr_levels) && level)
		return 0; /* no such level */
	r = fill_geometry(b, level, o, e);
	if (r)
		return r;
	fill_behaviour(b, level);
	if (o) {
		c->shared_by = shared;
		mt_mark(b->t, name, "shared_by", "%s",
			even ? HWLOC :
			       "A: of the first one that hwloc has; others differ in CPUs or size");
	} else if (!level) {
		c->shared_by = core_threads(b);
		mt_mark(b->t, name, "shared_by", "H: hwloc: the threads of a core");
	} else {
		c->shared_by = b->fill->cache[level].shared_by;
		if (c->shared_by < b->t->cache[level - 1].shared_by)
			c->shared_by = b->t->cache[level - 1].shared_by;
		mark_filled(b, name, "shared_by");
	}
	return 0;
}

static int convert_caches(struct build *b, struct err *e)
{
	unsigned lowered;
	int r = 0;

	for (unsigned i = 0; i < MT_LEVELS && !r; i++)
		r = convert_cache(b, i, e);
	if (r)
		return r;
	mt_complete(b->t);
	lowered = mt_fit_sharing(b->t);
	for (unsigned i = 0; i < b->t->nr_levels; i++)
		if (lowered & 1u << i)
			mt_mark(b->t, mt_level_names[i], "shared_by",
				"A: as many as divide the CPUs that are there");
	return 0;
}

/* ---- pages ---- */

static void convert_pages(struct build *b)
{
	struct mt_target *t = b->t;
	uint64_t base = b->x->page ? b->x->page : b->fill ? b->fill->page[0].size : 4096;
	char part[48];

	mt_default_page(&t->page[t->nr_pages++], base);
	if (!b->fill)
		return;
	for (unsigned i = 0; i < b->fill->nr_pages; i++) {
		const struct mt_page *f = &b->fill->page[i];
		struct mt_page *p = &t->page[i];
		uint64_t size = i ? f->size : base;

		if (i && (size <= base || t->nr_pages == MT_PAGE_SIZES))
			break;
		if (i)
			t->nr_pages++;
		*p = *f;
		p->size = size;
		mt_page_part(p, part, sizeof(part));
		for (unsigned k = 0; mt_page_fields[k].name; k++) {
			char value[MT_LONGEST], figure[MT_TEXT], of[48];
			const char *source;

			mt_page_fields[k].get(b->fill, f, value, sizeof(value));
			if (!*value)
				continue;
			mt_page_part(f, of, sizeof(of));
			snprintf(figure, sizeof(figure), "%s.%s", of, mt_page_fields[k].name);
			source = mt_source(b->fill, figure);
			mt_mark(t, part, mt_page_fields[k].name, "F: filled from %s%s%s",
				b->fill->name, source ? ": " : "", source ? source : "");
		}
	}
}

/* ---- CPUs, nodes, distances ---- */

/* Nodes of memory that an allocator should use, by the kernel's numbers; those above MT_NODES are left out. */
static unsigned find_nodes(struct build *b)
{
	const struct mt_xml *x = b->x;
	unsigned n = 0, left_out = 0;
	bool memory = false;

	for (unsigned i = 0; i < x->nr; i++)
		memory |= x->object[i].type == MT_XML_NODE && x->object[i].have_memory &&
			  !x->object[i].gpu;
	for (unsigned i = 0; i < x->nr; i++) {
		const struct mt_xml_object *o = &x->object[i];
		unsigned at;

		if (o->type != MT_XML_NODE || o->gpu || (memory && !o->have_memory))
			continue;
		for (at = 0; at < n && b->os_node[at] < o->os_index; at++)
			;
		if (n == MT_NODES) {
			left_out++;
			if (at == n)
				continue;
			n--;
		}
		for (unsigned k = n; k > at; k--) {
			b->os_node[k] = b->os_node[k - 1];
			b->node_object[k] = b->node_object[k - 1];
		}
		b->os_node[at] = o->os_index;
		b->node_object[at] = (int)i;
		n++;
	}
	b->t->nodes = n ? n : 1;
	return left_out;
}

/* The node of a PU: memory hangs on an object around both; the nearest has it. Of several the one with the lowest number is
 * ordinary memory. -1: none that we keep. */
static int node_of_pu(const struct build *b, unsigned pu)
{
	const struct mt_xml_object *o = b->x->object;

	for (int up = o[pu].parent; up >= 0; up = o[up].parent)
		for (unsigned n = 0; n < b->t->nodes; n++) {
			int at = b->node_object[n];

			if (at < 0)
				continue;
			/* over memory-side caches, which hold no PU */
			for (at = o[at].parent; at >= 0 && !b->pus[at]; at = o[at].parent)
				;
			if (at == up)
				return (int)n;
		}
	return -1;
}

static unsigned find_cpus(struct build *b)
{
	unsigned n = 0, all = 0;

	memset(b->t->node_of, 0, sizeof(b->t->node_of));
	for (unsigned i = 0; i < b->x->nr; i++) {
		int node;

		if (b->x->object[i].type != MT_XML_PU)
			continue;
		all++;
		node = node_of_pu(b, i);
		if (n < MT_CPUS && (node >= 0 || b->node_object[0] < 0))
			b->t->node_of[n++] = node < 0 ? 0 : (unsigned)node;
	}
	b->t->cpus = n;
	return all - n;
}

static void convert_distances(struct build *b)
{
	const struct mt_xml *x = b->x;
	struct mt_target *t = b->t;
	bool good = x->value && x->nr_index == x->nr_nodes &&
		    x->nr_value == x->nr_nodes * x->nr_nodes;
	unsigned at[MT_NODES];

	for (unsigned i = 0; i < t->nodes; i++) {
		for (at[i] = 0; good && at[i] < x->nr_nodes && x->index[at[i]] != b->os_node[i];)
			at[i]++;
		good = good && at[i] < x->nr_nodes;
	}
	for (unsigned i = 0; i < t->nodes; i++)
		for (unsigned j = 0; j < t->nodes; j++) {
			uint64_t v = good ? x->value[at[i] * x->nr_nodes + at[j]] : 0;

			good = good && (i == j ? v == 10 : v >= 10 && v <= 255);
			t->distance[i][j] = (unsigned)v;
		}
	if (t->nodes < 2)
		good = false;
	for (unsigned i = 0; i < t->nodes && !good; i++)
		for (unsigned j = 0; j < t->nodes; j++)
			t->distance[i][j] = i == j ? 10 : 20;
	if (t->nodes > 1)
		mt_mark(t, "machine", "distance", "%s",
			good ? HWLOC : "A: hwloc has none that hold; 10 and 20");
}

static int convert_machine(struct build *b, struct err *e)
{
	struct mt_target *t = b->t;
	unsigned nodes_out = find_nodes(b), cpus_out = find_cpus(b);

	if (!t->cpus)
		return err_set(e, -EINVAL, "no CPU with memory that can be modelled");
	if (nodes_out)
		mt_mark(t, "machine", "nodes", "A: of hwloc's %u nodes the first %u",
			t->nodes + nodes_out, t->nodes);
	else
		mt_mark(t, "machine", "nodes", HWLOC);
	if (cpus_out)
		mt_mark(t, "machine", "cpus", "A: of hwloc's %u CPUs the first %u with memory",
			t->cpus + cpus_out, t->cpus);
	else
		mt_mark(t, "machine", "cpus", HWLOC);
	if (t->nodes > 1)
		mt_mark(t, "machine", "node_of", HWLOC);
	convert_distances(b);
	if (!b->fill)
		return 0;
	fill_number(b, "machine", "ghz", &t->ghz, b->fill->ghz);
	fill_number(b, "machine", "dram_local_ns", &t->dram_ns[0], b->fill->dram_ns[0]);
	fill_number(b, "machine", "dram_remote_ns", &t->dram_ns[1], b->fill->dram_ns[1]);
	fill_number(b, "machine", "walk_cycles", &t->walk_cycles, b->fill->walk_cycles);
	fill_number(b, "machine", "stlb_cycles", &t->stlb_cycles, b->fill->stlb_cycles);
	fill_number(b, "machine", "walks", &t->walks, b->fill->walks);
	return 0;
}

/* ---- all of it ---- */

/* PUs below each object: children stand behind their parents. */
static int count_pus(struct build *b, struct err *e)
{
	b->pus = calloc(b->x->nr ? b->x->nr : 1, sizeof(*b->pus));
	if (!b->pus)
		return err_set(e, -ENOMEM, "out of memory");
	for (unsigned i = b->x->nr; i-- > 0;) {
		const struct mt_xml_object *o = &b->x->object[i];

		b->pus[i] += o->type == MT_XML_PU;
		if (o->parent >= 0)
			b->pus[o->parent] += b->pus[i];
	}
	return 0;
}

static int convert(struct build *b, struct err *e)
{
	int r;

	for (unsigned i = 0; i < MT_NODES; i++)
		b->node_object[i] = -1;
	r = count_pus(b, e);
	if (!r)
		r = convert_machine(b, e);
	if (!r)
		r = convert_caches(b, e);
	if (r)
		return r;
	convert_pages(b);
	snprintf(b->t->note, MT_TEXT, "read by hwloc; %s%s",
		 b->fill ? "gaps filled from " :
			   "no target to fill gaps from, so there are no TLBs",
		 b->fill ? b->fill->name : "");
	return mt_check(b->t, e);
}

/* "dir/machine.xml" -> "machine" */
static void name_of(const char *file, char name[MT_NAME])
{
	const char *slash = strrchr(file, '/');
	size_t n;

	file = slash ? slash + 1 : file;
	n = strcspn(file, ".");
	snprintf(name, MT_NAME, "%.*s", (int)(n < MT_NAME ? n : MT_NAME - 1), file);
	for (char *s = name; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", *s))
			*s = '_';
	if (!*name || *name == '-')
		strcpy(name, "xml");
}

int mt_read_xml(struct mt_target *t, const char *text, size_t len, const char *file,
		const char *fill, struct err *e)
{
	struct mt_target *f = calloc(1, sizeof(*f));
	struct mt_xml x;
	struct build b = { .t = t, .x = &x };
	int r;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	mt_init(t);
	r = mt_xml_parse(&x, text, len, file, e);
	if (r) {
		free(f);
		return r;
	}
	if (fill) {
		r = mt_read(f, fill, NULL, e);
		b.fill = r ? NULL : f;
	} else if (!mt_find_cpu(f, &x.cpu)) {
		b.fill = f;
	}
	if (!r) {
		name_of(file, t->name);
		snprintf(t->cpu, sizeof(t->cpu), "%s", *x.cpu_model ? x.cpu_model : "hwloc XML");
		r = convert(&b, e);
	}
	if (r)
		err_prefix(e, r, "%s", file);
	free(b.pus);
	mt_xml_release(&x);
	free(f);
	return r;
}

int mt_read_host(struct mt_target *t, const char *fill, struct err *e)
{
	hwloc_topology_t topo;
	char *text = NULL;
	int len = 0, r = 0;
	unsigned long flags = 0;

#if HWLOC_API_VERSION >= 0x00030000
	flags = HWLOC_TOPOLOGY_EXPORT_XML_FLAG_V2;
#endif
	if (hwloc_topology_init(&topo))
		return err_set(e, -ENOMEM, "host: hwloc_topology_init failed");
	errno = 0;
	if (hwloc_topology_load(topo) ||
	    hwloc_topology_export_xmlbuffer(topo, &text, &len, flags)) {
		int code = errno ? errno : EIO;

		r = err_set(e, -code, "host: hwloc cannot read this machine: %s", strerror(code));
	} else {
		r = mt_read_xml(t, text, strnlen(text, (size_t)len), "host", fill, e);
		hwloc_free_xmlbuffer(topo, text);
	}
	hwloc_topology_destroy(topo);
	return r;
}
