/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of a target, one row each: how they are read from a file and written to one. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"

/* ---- a level ---- */

/* How a field of a cache is read from @text and written to @buf. */
#define CACHE_FIELD(field, parse, print)                                                         \
	static int set_##field(struct mt_target *t, void *part, const char *text, struct err *e) \
	{                                                                                        \
		struct mt_cache *c = part;                                                       \
		(void)t;                                                                         \
		return parse;                                                                    \
	}                                                                                        \
	static void get_##field(const struct mt_target *t, const void *part, char *buf,          \
				size_t len)                                                      \
	{                                                                                        \
		const struct mt_cache *c = part;                                                 \
		(void)t;                                                                         \
		print;                                                                           \
	}

/* A whole number from @min to @max. */
#define CACHE_UINT(field, min, max)                                     \
	CACHE_FIELD(field, mt_parse_uint(text, min, max, &c->field, e), \
		    snprintf(buf, len, "%u", c->field))
CACHE_UINT(line, 4, 4096)
CACHE_UINT(ways, 1, MT_WAYS)
CACHE_UINT(sets, 1, 1u << 30)
CACHE_UINT(slices, 1, MT_CPUS)
CACHE_UINT(shared_by, 1, MT_CPUS)

static int set_size(struct mt_target *t, void *part, const char *text, struct err *e)
{
	struct mt_cache *c = part;

	(void)t;
	return mt_parse_size(text, &c->size, e);
}

static void get_size(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	const struct mt_cache *c = part;

	(void)t;
	mt_size_text(c->size, buf, len);
}

static int set_hash(struct mt_target *t, void *part, const char *text, struct err *e)
{
	struct mt_cache *c = part;

	(void)t;
	if (strcmp(text, "on") && strcmp(text, "off"))
		return err_set(e, -EINVAL, "expected on or off, got '%.40s'", text);
	c->hash = !strcmp(text, "on");
	return 0;
}

static void get_hash(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	const struct mt_cache *c = part;

	(void)t;
	snprintf(buf, len, "%s", c->hash ? "on" : "off");
}

static int set_policy(struct mt_target *t, void *part, const char *text, struct err *e)
{
	(void)t;
	return mt_parse_policy(text, part, e);
}

static void get_policy(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	(void)t;
	mt_policy_text(part, buf, len);
}

static int set_inclusion(struct mt_target *t, void *part, const char *text, struct err *e)
{
	struct mt_cache *c = part;

	(void)t;
	return mt_parse_inclusion(text, &c->inclusion, e);
}

static void get_inclusion(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	const struct mt_cache *c = part;

	(void)t;
	snprintf(buf, len, "%s", mt_inclusion_names[c->inclusion]);
}

/* [no write allocate][write-through] */
static const char *const writes[2][2] = { { "back", "through" },
					  { "back no-allocate", "through no-allocate" } };

static int set_write(struct mt_target *t, void *part, const char *text, struct err *e)
{
	struct mt_cache *c = part;

	(void)t;
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(text, writes[i / 2][i % 2])) {
			c->no_write_allocate = i / 2;
			c->write_through = i % 2;
			return 0;
		}
	return err_set(e, -EINVAL,
		       "expected back or through, or one of them and no-allocate, got '%.40s'",
		       text);
}

static void get_write(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	const struct mt_cache *c = part;

	(void)t;
	snprintf(buf, len, "%s", writes[c->no_write_allocate][c->write_through]);
}

static void get_number(double v, char *buf, size_t len)
{
	if (isnan(v))
		*buf = '\0';
	else
		mt_number_text(v, buf, len);
}

#define CACHE_NUMBER(field) \
	CACHE_FIELD(field, mt_parse_number(text, &c->field, e), get_number(c->field, buf, len))
CACHE_NUMBER(latency)
CACHE_NUMBER(outstanding)
CACHE_NUMBER(per_cycle)

const struct mt_field mt_cache_fields[] = {
	{ "size", set_size, get_size },
	{ "ways", set_ways, get_ways },
	{ "line", set_line, get_line },
	{ "slices", set_slices, get_slices },
	{ "hash", set_hash, get_hash },
	{ "sets", set_sets, get_sets },
	{ "policy", set_policy, get_policy },
	{ "inclusion", set_inclusion, get_inclusion },
	{ "write", set_write, get_write },
	{ "shared_by", set_shared_by, get_shared_by },
	{ "latency", set_latency, get_latency },
	{ "outstanding", set_outstanding, get_outstanding },
	{ "per_cycle", set_per_cycle, get_per_cycle },
	{ NULL, NULL, NULL },
};

/* ---- a page size ---- */

static int set_dtlb(struct mt_target *t, void *part, const char *text, struct err *e)
{
	struct mt_page *p = part;

	(void)t;
	return mt_parse_tlb(text, &p->dtlb, e);
}

static int set_stlb(struct mt_target *t, void *part, const char *text, struct err *e)
{
	struct mt_page *p = part;

	(void)t;
	return mt_parse_tlb(text, &p->stlb, e);
}

static void get_tlb(const struct mt_tlb *v, char *buf, size_t len)
{
	*buf = '\0';
	if (v->entries && v->ways == v->entries)
		snprintf(buf, len, "%u", v->entries);
	else if (v->entries)
		snprintf(buf, len, "%u/%u", v->entries, v->ways);
}

static void get_dtlb(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	const struct mt_page *p = part;

	(void)t;
	get_tlb(&p->dtlb, buf, len);
}

static void get_stlb(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	const struct mt_page *p = part;

	(void)t;
	get_tlb(&p->stlb, buf, len);
}

static int set_stlb_with(struct mt_target *t, void *part, const char *text, struct err *e)
{
	struct mt_page *p = part;
	uint64_t size;

	if (mt_parse_size(text, &size, e))
		return -EINVAL;
	for (unsigned i = 0; i < t->nr_pages; i++)
		if (t->page[i].size == size && &t->page[i] != p) {
			p->stlb_with = (int)i;
			return 0;
		}
	return err_set(e, -EINVAL, "expected a page size that stands above, got '%.40s'", text);
}

static void get_stlb_with(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	const struct mt_page *p = part;

	*buf = '\0';
	if (p->stlb_with >= 0)
		mt_size_text(t->page[p->stlb_with].size, buf, len);
}

const struct mt_field mt_page_fields[] = {
	{ "dtlb", set_dtlb, get_dtlb },
	{ "stlb", set_stlb, get_stlb },
	{ "stlb_with", set_stlb_with, get_stlb_with },
	{ NULL, NULL, NULL },
};

/* ---- the machine ---- */

static int set_cpus(struct mt_target *t, void *part, const char *text, struct err *e)
{
	int r = mt_parse_uint(text, 1, MT_CPUS, &t->cpus, e);

	(void)part;
	mt_default_nodes(t, 0);
	return r;
}

static void get_cpus(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	(void)part;
	snprintf(buf, len, "%u", t->cpus);
}

static int set_nodes(struct mt_target *t, void *part, const char *text, struct err *e)
{
	int r = mt_parse_uint(text, 1, MT_NODES, &t->nodes, e);

	(void)part;
	mt_default_nodes(t, 0);
	return r;
}

static void get_nodes(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	(void)part;
	snprintf(buf, len, "%u", t->nodes);
}

/* A number at *@s, which is moved behind it; false: there is none up to @max. */
static bool take(const char **s, unsigned max, unsigned *v)
{
	unsigned long n;
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	n = strtoul(*s, &end, 10);
	if (n > max)
		return false;
	*s = end;
	*v = (unsigned)n;
	return true;
}

/* "0*8,1*8": nodes of the CPUs in order, each with how many CPUs. */
static int set_node_of(struct mt_target *t, void *part, const char *text, struct err *e)
{
	unsigned n = 0, node, times;
	const char *s = text;

	(void)part;
	for (;; s++) {
		times = 1;
		if (!take(&s, t->nodes - 1, &node))
			break;
		if (*s == '*') {
			s++;
			if (!take(&s, MT_CPUS, &times) || !times)
				break;
		}
		if (times > t->cpus - n)
			return err_set(e, -EINVAL, "more than the %u CPUs of 'cpus'", t->cpus);
		while (times--)
			t->node_of[n++] = node;
		if (*s != ',')
			break;
	}
	if (*s)
		return err_set(
			e, -EINVAL,
			"expected NODE*CPUS,... with nodes 0 to %u, got '%.40s' at column %u",
			t->nodes - 1, s, (unsigned)(s - text) + 1);
	if (n != t->cpus)
		return err_set(e, -EINVAL, "nodes of %u CPUs, but 'cpus' is %u", n, t->cpus);
	return 0;
}

static void get_node_of(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	size_t at = 0;

	(void)part;
	*buf = '\0';
	for (unsigned i = 0, j; t->nodes > 1 && i < t->cpus && at + 1 < len; i = j) {
		for (j = i + 1; j < t->cpus && t->node_of[j] == t->node_of[i]; j++)
			;
		at += (size_t)snprintf(buf + at, len - at, "%s%u*%u", i ? "," : "", t->node_of[i],
				       j - i);
	}
}

/* "10 20,20 10": a row per node. */
static int set_distance(struct mt_target *t, void *part, const char *text, struct err *e)
{
	const char *s = text;

	(void)part;
	for (unsigned i = 0; i < t->nodes; i++)
		for (unsigned j = 0; j < t->nodes; j++) {
			const char *want = i + j == 0 ? "" : j ? " " : ",";

			if (*want && *s == *want)
				s++;
			else if (*want)
				return err_set(e, -EINVAL,
					       "expected %u rows of %u, by ',', each by blanks; "
					       "column %u of row %u has '%.20s'",
					       t->nodes, t->nodes, j + 1, i + 1, s);
			s += strspn(s, " ");
			if (!take(&s, 255, &t->distance[i][j]))
				return err_set(e, -EINVAL,
					       "expected a distance up to 255 in column %u of row "
					       "%u, got '%.20s'",
					       j + 1, i + 1, s);
		}
	if (*s)
		return err_set(e, -EINVAL, "expected %u rows of %u, and then '%.20s'", t->nodes,
			       t->nodes, s);
	return 0;
}

static void get_distance(const struct mt_target *t, const void *part, char *buf, size_t len)
{
	size_t at = 0;

	(void)part;
	*buf = '\0';
	for (unsigned i = 0; t->nodes > 1 && i < t->nodes; i++)
		for (unsigned j = 0; j < t->nodes && at + 1 < len; j++)
			at += (size_t)snprintf(buf + at, len - at, "%s%u",
					       i + j == 0 ? "" :
					       j	  ? " " :
							    ",",
					       t->distance[i][j]);
}

#define MACHINE_NUMBER(name, field)                                                                \
	static int set_##name(struct mt_target *t, void *part, const char *text, struct err *e)    \
	{                                                                                          \
		(void)part;                                                                        \
		return mt_parse_number(text, &t->field, e);                                        \
	}                                                                                          \
	static void get_##name(const struct mt_target *t, const void *part, char *buf, size_t len) \
	{                                                                                          \
		(void)part;                                                                        \
		get_number(t->field, buf, len);                                                    \
	}
MACHINE_NUMBER(ghz, ghz)
MACHINE_NUMBER(local, dram_ns[0])
MACHINE_NUMBER(remote, dram_ns[1])
MACHINE_NUMBER(walk, walk_cycles)
MACHINE_NUMBER(stlb_lat, stlb_cycles)
MACHINE_NUMBER(walks, walks)

/* `cpus` and `nodes` stand first: the two behind them need them. */
const struct mt_field mt_machine_fields[] = {
	{ "cpus", set_cpus, get_cpus },
	{ "nodes", set_nodes, get_nodes },
	{ "node_of", set_node_of, get_node_of },
	{ "distance", set_distance, get_distance },
	{ "ghz", set_ghz, get_ghz },
	{ "dram_local_ns", set_local, get_local },
	{ "dram_remote_ns", set_remote, get_remote },
	{ "walk_cycles", set_walk, get_walk },
	{ "stlb_cycles", set_stlb_lat, get_stlb_lat },
	{ "walks", set_walks, get_walks },
	{ NULL, NULL, NULL },
};
