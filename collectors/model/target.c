/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets: defaults, marks, and which reader a text goes to. */

#include "collectors/model/target.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"
#include "lib/file.h"

#define FILE_MOST ((size_t)32 << 20) /* hwloc's XML of 4096 CPUs has some 10 MiB */

/* ---- defaults ---- */

void mt_default_cache(struct mt_cache *c)
{
	memset(c, 0, sizeof(*c));
	c->slices = 1;
	c->shared_by = 1;
	c->latency = c->outstanding = c->per_cycle = NAN;
}

void mt_default_page(struct mt_page *p, uint64_t size)
{
	memset(p, 0, sizeof(*p));
	p->size = size;
	p->stlb_with = -1;
}

void mt_default_nodes(struct mt_target *t, unsigned remote)
{
	memset(t->node_of, 0, sizeof(t->node_of));
	memset(t->distance, 0, sizeof(t->distance));
	for (unsigned i = 0; i < t->cpus; i++)
		t->node_of[i] = i * t->nodes / t->cpus;
	for (unsigned i = 0; i < t->nodes; i++)
		for (unsigned j = 0; j < t->nodes; j++)
			t->distance[i][j] = i == j ? 10 : remote ? remote : 20;
}

void mt_init(struct mt_target *t)
{
	memset(t, 0, sizeof(*t));
	for (unsigned i = 0; i < MT_LEVELS; i++)
		mt_default_cache(&t->cache[i]);
	t->version = 1;
	t->cpus = t->nodes = 1;
	t->ghz = t->dram_ns[0] = t->dram_ns[1] = t->walk_cycles = t->stlb_cycles = t->walks = NAN;
	mt_default_nodes(t, 0);
}

void mt_complete(struct mt_target *t)
{
	t->nr_levels = 0;
	for (unsigned i = 0; i < MT_LEVELS; i++) {
		struct mt_cache *c = &t->cache[i];
		uint64_t row = (uint64_t)c->ways * c->line * c->slices;

		if (!c->size)
			continue;
		t->nr_levels = i + 1;
		if (!c->sets && row && c->size / row <= UINT32_MAX)
			c->sets = (unsigned)(c->size / row);
	}
}

unsigned mt_fit_sharing(struct mt_target *t)
{
	unsigned within = t->cpus, lowered = 0;

	for (unsigned i = t->nr_levels; i-- > 0;) {
		unsigned n = t->cache[i].shared_by;

		if (n > within)
			n = within;
		while (within % n)
			n--;
		if (n != t->cache[i].shared_by)
			lowered |= 1u << i;
		within = t->cache[i].shared_by = n;
	}
	return lowered;
}

/* ---- where figures are from ---- */

void mt_page_part(const struct mt_page *p, char *buf, size_t len)
{
	char size[32];

	mt_size_text(p->size, size, sizeof(size));
	snprintf(buf, len, "page %s", size);
}

static unsigned find_source(const struct mt_target *t, const char *figure)
{
	unsigned i;

	for (i = 0; i < t->nr_sources; i++)
		if (!strcmp(t->source[i][0], figure))
			break;
	return i;
}

void mt_mark(struct mt_target *t, const char *part, const char *name, const char *fmt, ...)
{
	char figure[MT_TEXT], text[2 * MT_TEXT];
	unsigned i;
	va_list ap;

	snprintf(figure, sizeof(figure), "%s.%s", part, name);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	i = find_source(t, figure);
	if (i == MT_SOURCES) /* cannot be: there are fewer figures */
		return;
	if (i == t->nr_sources)
		t->nr_sources++;
	snprintf(t->source[i][0], MT_TEXT, "%s", figure);
	mt_clean(text, t->source[i][1], MT_TEXT);
}

const char *mt_source(const struct mt_target *t, const char *figure)
{
	unsigned i = find_source(t, figure);

	return i < t->nr_sources ? t->source[i][1] : NULL;
}

/* ---- reading ---- */

static bool is_line(const char *spec)
{
	static const char *const words[] = { "l1d",  "l2",   "l3",    "page",	 "dtlb",
					     "stlb", "cpus", "nodes", "ghz",	 "distance",
					     "dram", "walk", "walks", "stlb-lat" };
	size_t n = strcspn(spec, "=");

	for (unsigned i = 0; spec[n] && i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == n && !strncmp(words[i], spec, n))
			return true;
	return false;
}

static bool is_path(const char *spec)
{
	size_t n = strlen(spec);

	return strchr(spec, '/') ||
	       (n > 4 && (!strcmp(spec + n - 4, ".ini") || !strcmp(spec + n - 4, ".xml")));
}

static int read_path(struct mt_target *t, const char *path, const char *fill, struct err *e)
{
	const char *s;
	char *text;
	size_t len;
	int r = file_read(path, FILE_MOST, &text, &len, e);

	if (r)
		return r;
	s = text + (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3) ? 3 : 0);
	s += strspn(s, " \t\r\n");
	if (*s == '<')
		r = mt_read_xml(t, text, len, path, fill, e);
	else
		r = mt_read_ini(t, text, len, path, e);
	free(text);
	return r;
}

int mt_read(struct mt_target *t, const char *spec, const char *fill, struct err *e)
{
	if (!strcmp(spec, "host"))
		return mt_read_host(t, fill, e);
	if (is_line(spec))
		return mt_read_line(t, spec, e);
	if (is_path(spec))
		return read_path(t, spec, fill, e);
	return mt_find(t, spec, e);
}
