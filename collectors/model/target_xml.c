/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hwloc's XML of version 2: its objects, the NUMALatency matrix, and which CPU it is.
 *
 * Read by ourselves and not by hwloc, so that a file of another version is refused with a reason, nothing goes to
 * stderr, and a damaged file is an error whatever hwloc's own import does with it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"

#define DEPTH 64
#define OBJECTS_MAX 65536
#define NODES_MAX 256 /* of a matrix */

struct open_tag {
	const char *name;
	size_t len;
	int object; /* of <object>; else that around it */
};

struct parser {
	struct mt_xml *x;
	struct mt_tags s;
	struct open_tag stack[DEPTH];
	unsigned depth;
	bool latency; /* within the matrix */
	bool root;    /* <topology> was there */
};

static bool number(const char *text, unsigned base, uint64_t most, uint64_t *v)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*v = strtoull(text, &end, (int)base);
	return !errno && !*end && *v <= most;
}

/* 0 where it is not there. */
static bool get_number(const struct parser *p, const char *name, uint64_t most, uint64_t *v)
{
	char text[32];

	*v = 0;
	return !mt_tag_get(&p->s, name, text, sizeof(text)) || number(text, 10, most, v);
}

/* "L2Cache": unified, or L1 of data. */
static bool cache_level(const char *type, unsigned *level)
{
	*level = type[0] == 'L' && type[1] >= '1' && type[1] <= '5' ? (unsigned)(type[1] - '0') : 0;
	return *level && (!strcmp(type + 2, "Cache") || !strcmp(type + 2, "dCache"));
}

static int add_object(struct parser *p, int parent, struct err *e)
{
	struct mt_xml *x = p->x;
	struct mt_xml_object o = { .parent = parent };
	char text[64], *end;
	uint64_t v, line;

	if (!mt_tag_get(&p->s, "type", text, sizeof(text)))
		return err_set(e, -EINVAL, "line %u: an object without a type", p->s.line);
	if (!strcmp(text, "PU"))
		o.type = MT_XML_PU;
	else if (!strcmp(text, "Core"))
		o.type = MT_XML_CORE;
	else if (!strcmp(text, "NUMANode"))
		o.type = MT_XML_NODE;
	else if (cache_level(text, &o.level))
		o.type = MT_XML_CACHE;
	if (!get_number(p, "os_index", UINT32_MAX, &v) ||
	    !get_number(p, "cache_size", (uint64_t)1 << 40, &o.size) ||
	    !get_number(p, "cache_linesize", 65536, &line))
		return err_set(e, -EINVAL, "line %u: not a number", p->s.line);
	o.os_index = (unsigned)v;
	o.line = line;
	if (mt_tag_get(&p->s, "cache_associativity", text, sizeof(text))) {
		o.ways = strtoll(text, &end, 10);
		if (*end || o.ways < -1 || o.ways > 1 << 20)
			return err_set(e, -EINVAL, "line %u: '%s' ways", p->s.line, text);
	}
	o.gpu = mt_tag_get(&p->s, "subtype", text, sizeof(text)) && !strcmp(text, "GPUMemory");
	o.have_memory = get_number(p, "local_memory", UINT64_MAX, &v) && v > 0;
	if (x->nr == OBJECTS_MAX)
		return err_set(e, -E2BIG, "more than %u objects", OBJECTS_MAX);
	if (x->nr == x->room) {
		unsigned room = x->room ? 2 * x->room : 64;
		struct mt_xml_object *more = realloc(x->object, room * sizeof(*more));

		if (!more)
			return err_set(e, -ENOMEM, "out of memory");
		x->object = more;
		x->room = room;
	}
	x->object[x->nr++] = o;
	return 0;
}

/* <info name="CPUModel" value="..."/> */
static void take_info(struct parser *p)
{
	char name[64], value[MT_TEXT];
	struct mt_cpu *c = &p->x->cpu;
	uint64_t v;

	if (!mt_tag_get(&p->s, "name", name, sizeof(name)) ||
	    !mt_tag_get(&p->s, "value", value, sizeof(value)))
		return;
	if (!strcmp(name, "CPUModel") && !*p->x->cpu_model) {
		mt_clean(value, p->x->cpu_model, sizeof(p->x->cpu_model));
		if (!strncmp(value, "POWER", 5))
			snprintf(c->power, sizeof(c->power), "%.*s",
				 (int)(5 + strspn(value + 5, "0123456789")), value);
	} else if (!strcmp(name, "CPUVendor")) {
		snprintf(c->vendor, sizeof(c->vendor), "%.31s", value);
	} else if (!strcmp(name, "CPUFamilyNumber") && number(value, 10, 65535, &v)) {
		c->family = (unsigned)v;
	} else if (!strcmp(name, "CPUModelNumber") && number(value, 10, 65535, &v)) {
		c->model = (unsigned)v;
	} else if (!strcmp(name, "CPUStepping") && number(value, 10, 65535, &v)) {
		c->stepping = (unsigned)v;
	} else if (!strcmp(name, "CPUImplementer") && number(value, 16, 255, &v)) {
		c->implementer = (unsigned)v;
	} else if (!strcmp(name, "CPUPart") && number(value, 16, 65535, &v)) {
		c->part = (unsigned)v;
	}
}

static void take_page(struct parser *p)
{
	uint64_t v;

	if (get_number(p, "size", (uint64_t)1 << 40, &v) && v && (!p->x->page || v < p->x->page))
		p->x->page = v;
}

/* ---- the matrix ---- */

/* <distances2 type="NUMANode" nbobjs="4" kind="5" name="NUMALatency" indexing="os"> */
static int begin_matrix(struct parser *p, struct err *e)
{
	char type[32] = "", name[32] = "", indexing[16] = "os";
	struct mt_xml *x = p->x;
	uint64_t n, kind;

	mt_tag_get(&p->s, "type", type, sizeof(type));
	mt_tag_get(&p->s, "indexing", indexing, sizeof(indexing));
	if (!get_number(p, "nbobjs", UINT32_MAX, &n) || !get_number(p, "kind", UINT32_MAX, &kind))
		return err_set(e, -EINVAL, "line %u: not a number", p->s.line);
	if (!mt_tag_get(&p->s, "name", name, sizeof(name)) && kind == 5) /* from OS, latency */
		strcpy(name, "NUMALatency");
	if (x->value || strcmp(type, "NUMANode") || strcmp(name, "NUMALatency") ||
	    strcmp(indexing, "os") || !n || n > NODES_MAX || p->s.empty)
		return 0;
	x->nr_nodes = (unsigned)n;
	x->index = calloc(n, sizeof(*x->index));
	x->value = calloc(n * n, sizeof(*x->value));
	p->latency = true;
	return x->index && x->value ? 0 : err_set(e, -ENOMEM, "out of memory");
}

/* Numbers in front of </indexes> or </u64values>. */
static int take_numbers(struct parser *p, bool indexes, struct err *e)
{
	struct mt_xml *x = p->x;
	const char *s = p->s.text;

	for (;;) {
		uint64_t v = 0;

		while (s < p->s.text_end && strchr(" \t\r\n", *s))
			s++;
		if (s == p->s.text_end)
			return 0;
		if (*s < '0' || *s > '9')
			return err_set(e, -EINVAL, "line %u: expected numbers", p->s.line);
		for (; s < p->s.text_end && *s >= '0' && *s <= '9'; s++)
			v = v < 1 << 24 ? v * 10 + (uint64_t)(*s - '0') : v;
		if (indexes && x->nr_index < x->nr_nodes)
			x->index[x->nr_index++] = (unsigned)v;
		else if (!indexes && x->nr_value < x->nr_nodes * x->nr_nodes)
			x->value[x->nr_value++] = v;
		else
			return err_set(e, -EINVAL, "line %u: more numbers than %u nodes need",
				       p->s.line, x->nr_nodes);
	}
}

/* ---- all of it ---- */

static int check_version(struct parser *p, struct err *e)
{
	char version[32] = "1";

	if (!mt_tag_is(&p->s, "topology"))
		return err_set(e, -EINVAL,
			       "line %u: expected <topology>, so this is not hwloc's XML",
			       p->s.line);
	mt_tag_get(&p->s, "version", version, sizeof(version));
	if (strncmp(version, "2.", 2))
		return err_set(e, -EINVAL,
			       "hwloc XML of version %s; only version 2 is read, which hwloc 2 "
			       "writes and hwloc 3 can export",
			       version);
	p->root = true;
	return 0;
}

static int opened(struct parser *p, struct err *e)
{
	struct open_tag *up = p->depth ? &p->stack[p->depth - 1] : NULL;
	int r = 0, object = up ? up->object : -1;

	if (!up && p->root)
		return err_set(e, -EINVAL, "line %u: a second root", p->s.line);
	if (!up)
		r = check_version(p, e);
	else if (mt_tag_is(&p->s, "object"))
		r = add_object(p, object, e);
	else if (mt_tag_is(&p->s, "info"))
		take_info(p);
	else if (mt_tag_is(&p->s, "page_type"))
		take_page(p);
	else if (mt_tag_is(&p->s, "distances2"))
		r = begin_matrix(p, e);
	if (r || p->s.empty)
		return r;
	if (p->depth == DEPTH)
		return err_set(e, -E2BIG, "line %u: more than %u tags deep", p->s.line, DEPTH);
	if (mt_tag_is(&p->s, "object"))
		object = (int)p->x->nr - 1;
	p->stack[p->depth++] = (struct open_tag){ p->s.name, p->s.name_len, object };
	return 0;
}

static int closed(struct parser *p, struct err *e)
{
	struct open_tag *t = p->depth ? &p->stack[p->depth - 1] : NULL;

	if (!t || t->len != p->s.name_len || memcmp(t->name, p->s.name, t->len))
		return err_set(e, -EINVAL, "line %u: </%.*s> closes what is not open", p->s.line,
			       (int)(p->s.name_len < 40 ? p->s.name_len : 40), p->s.name);
	p->depth--;
	if (mt_tag_is(&p->s, "distances2"))
		p->latency = false;
	if (!p->latency)
		return 0;
	if (mt_tag_is(&p->s, "indexes"))
		return take_numbers(p, true, e);
	return mt_tag_is(&p->s, "u64values") ? take_numbers(p, false, e) : 0;
}

int mt_xml_parse(struct mt_xml *x, const char *text, size_t len, const char *file, struct err *e)
{
	struct parser p = { .x = x, .s = { .at = text, .end = text + len, .line = 1 } };
	int r;

	memset(x, 0, sizeof(*x));
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		p.s.at += 3;
	while ((r = mt_tag_next(&p.s, e)) > 0) {
		r = p.s.closes ? closed(&p, e) : opened(&p, e);
		if (r)
			break;
	}
	if (!r && (p.depth || !p.root))
		r = err_set(e, -EINVAL, "the text ends %s",
			    p.root ? "before all tags are closed" : "without <topology>");
	if (!r)
		return 0;
	mt_xml_release(x);
	return err_prefix(e, r, "%s", file);
}

void mt_xml_release(struct mt_xml *x)
{
	free(x->object);
	free(x->index);
	free(x->value);
	memset(x, 0, sizeof(*x));
}
