/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A geometry told to people: what was asked, how the order was found, where every byte of a slab
 * goes. */
#include "cli/geo.h"

#include <string.h>

#define BAR 72 /* characters of the drawing */

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_object(FILE *f, const struct geo_query *q, const struct slab_geometry *g,
			 const struct slab_trace *t)
{
	fprintf(f, "object      %u bytes asked", g->object_size);
	if (t->unrounded != g->object_size)
		fprintf(f, ", %u with%s%s whole words", t->unrounded,
			g->red_zone ? " red zones," : "", g->store_user ? " caller," : "");
	fprintf(f, ", stride %u (aligned to %u", g->size, g->align);
	if (q->config.stride_pad)
		fprintf(f, ", %u of padding asked", q->config.stride_pad);
	fprintf(f, ")\n");
	if ((q->config.red_zone && !g->red_zone) || (q->config.store_user && !g->store_user) ||
	    (q->config.poison && !g->poison))
		fprintf(f, "            debugging asked for and dropped:%s%s%s\n",
			q->config.red_zone && !g->red_zone ? " red_zone" : "",
			q->config.store_user && !g->store_user ? " store_user" : "",
			q->config.poison && !g->poison ? " poison" : "");
}

static void print_search(FILE *f, const struct slab_geometry *g, const struct slab_trace *t)
{
	unsigned i;

	fprintf(f, "order search\n");
	for (i = 0; i < t->n; i++) {
		const struct slab_step *s = &t->step[i];
		uint64_t bytes = (uint64_t)g->page_size << s->order;

		fprintf(f,
			"  %-16s  order %-2u  %9llu bytes  %5u objects  %7u left (%4.1f %%)  %s\n",
			geo_mode_name(s->mode), s->order, (unsigned long long)bytes, s->num,
			s->left_over, percent(s->left_over, bytes), geo_verdict_text(s->verdict));
	}
	if (t->dropped)
		fprintf(f, "  ... %u more steps\n", t->dropped);
}

/* Whether the trace has a step that ended so. */
static int went(const struct slab_trace *t, unsigned verdict)
{
	unsigned i;

	for (i = 0; i < t->n; i++)
		if (t->step[i].verdict == verdict)
			return 1;
	return 0;
}

/* Why management is where it is, by the classic first guess. */
static void reason_by_guess(FILE *f, const struct geo_query *q, const struct slab_geometry *g,
			    const struct slab_trace *t)
{
	unsigned div = slab_rules[g->rules].off_slab_div;
	unsigned from = q->in.page_size / div;

	if (t->unrounded < from)
		fprintf(f, "%u bytes before alignment are below 1/%u of a page, %u", t->unrounded,
			div, from);
	else if (q->in.no_off_slab)
		fprintf(f, "it is too early in boot for off-slab");
	else if (went(t, MODE_PULLED_BACK))
		fprintf(f, "off-slab by size (%u >= %u), but it fits in what was left",
			t->unrounded, from);
	else if (went(t, MODE_LIMIT_ON_SLAB))
		fprintf(f, "off-slab by size (%u >= %u), but there are too many objects",
			t->unrounded, from);
	else
		fprintf(f, "%u bytes before alignment are 1/%u of a page, %u, or more",
			t->unrounded, div, from);
}

static void reason_by_mode(FILE *f, const struct geo_query *q, const struct slab_geometry *g)
{
	if (g->objfreelist)
		fprintf(f, "an index of %u bytes fits in an object of %u", g->slab_size,
			g->object_size);
	else if (g->off_slab)
		fprintf(f, "it would not fit in what is left, and costs at most half an object");
	else if (q->in.ctor || q->config.rcu)
		fprintf(f, "free objects must keep their contents, and off-slab gains nothing");
	else
		fprintf(f, "it is larger than an object, and off-slab gains nothing");
}

static void print_management(FILE *f, const struct geo_query *q, const struct slab_geometry *g,
			     const struct slab_trace *t)
{
	fprintf(f, "management  %s, %u bytes = ",
		g->off_slab    ? "off-slab" :
		g->objfreelist ? "in a free object" :
		slab_front(g)  ? "on-slab, in front" :
				 "on-slab, at the end",
		g->slab_size);
	if (g->header_bytes)
		fprintf(f, "header %u + ", g->header_bytes);
	if (g->index_bytes)
		fprintf(f, "index %u x %u", g->num, g->index_bytes);
	else
		fprintf(f, "index %u bits", g->num);
	if (g->slab_size > g->header_bytes + slab_index_size(g))
		fprintf(f, " + alignment %u", g->slab_size - g->header_bytes - slab_index_size(g));
	if (g->off_slab)
		fprintf(f, "; in an object of the general cache of %u",
			kmalloc_size_for(g->slab_size, q->in.cache_line));
	fprintf(f, "\n            because ");
	if (q->config.mgmt != MGMT_AUTO)
		fprintf(f, "mgmt=%s asks for it", q->config.mgmt == MGMT_ON ? "on" : "off");
	else if (slab_rules[g->rules].off_slab_div)
		reason_by_guess(f, q, g, t);
	else
		reason_by_mode(f, q, g);
	fprintf(f, "\n");
}

static void part(FILE *f, const char *name, uint64_t bytes, uint64_t whole)
{
	if (bytes)
		fprintf(f, "  %-28s %9llu  %5.1f %%\n", name, (unsigned long long)bytes,
			percent(bytes, whole));
}

static void print_bytes(FILE *f, const struct geo_query *q, const struct slab_geometry *g)
{
	uint64_t S = (uint64_t)g->page_size << g->gfporder;
	uint64_t asked = (uint64_t)g->num * g->object_size, objects = (uint64_t)g->num * g->size;
	uint64_t colour = g->colour > 1 ? (uint64_t)(g->colour - 1) * g->colour_off : 0;

	fprintf(f, "slab        %llu bytes, order %u, %u objects\n", (unsigned long long)S,
		g->gfporder, g->num);
	part(f, "objects, as asked", asked, S);
	part(f, "objects, rounding and debug", objects - asked, S);
	if (!g->off_slab && !g->objfreelist)
		part(f, "management", g->slab_size, S);
	part(f, "left over, used for colours", colour, S);
	part(f, "left over, tail", g->left_over - colour, S);
	if (g->slack_objects)
		fprintf(f, "  %u object%s given up for colours\n", g->slack_objects,
			g->slack_objects > 1 ? "s" : "");
	if (g->slack_orders)
		fprintf(f, "  order raised by %u for colours\n", g->slack_orders);
	fprintf(f, "colours     ");
	if (g->colour > 1)
		fprintf(f, "%u, at offsets 0 to %llu by %u\n", g->colour,
			(unsigned long long)colour, g->colour_off);
	else if (q->config.colour < 2)
		fprintf(f, "none: colour=%u asks for it\n", q->config.colour);
	else
		fprintf(f, "none: %u bytes left over, %u are needed for two colours\n",
			g->left_over, 2 * g->colour_off);
	fprintf(f,
		"L1 sets     first lines of objects fall into %u of %u sets without colouring, %u with\n",
		slab_sets(g, q->in.cache_line, geo_l1_sets(q), 0), geo_l1_sets(q),
		slab_sets(g, q->in.cache_line, geo_l1_sets(q), 1));
}

/* The character that stands for the byte @at of a slab with colour offset @off. */
static char bar_char(const struct slab_geometry *g, uint64_t at, uint64_t off)
{
	uint64_t S = (uint64_t)g->page_size << g->gfporder, front = slab_front(g);
	uint64_t end = !g->off_slab && !g->objfreelist && !front ? g->slab_size : 0;
	uint64_t first = off + front, k;

	if (!g->colour_header && front) { /* the header stays, only the objects move */
		if (at < front)
			return 'M';
	} else if (at >= off && at < first) {
		return 'M';
	}
	if (at < first)
		return 'c';
	if (at >= S - end)
		return 'M';
	k = (at - first) / g->size;
	return k < g->num ? (char)('0' + k % 10) : '.';
}

static void print_bar(FILE *f, const struct slab_geometry *g, unsigned colour)
{
	uint64_t S = (uint64_t)g->page_size << g->gfporder;
	char bar[BAR + 1];
	unsigned i;

	for (i = 0; i < BAR; i++)
		bar[i] = bar_char(g, (2 * i + 1) * S / (2 * BAR), (uint64_t)colour * g->colour_off);
	bar[BAR] = '\0';
	fprintf(f, "  colour %-5u |%s|\n", colour, bar);
}

void geo_explain(FILE *f, const struct geo_query *q, const struct slab_geometry *g,
		 const struct slab_trace *t)
{
	fprintf(f, "rules %s, pages of %u bytes, lines of %u, words of %u, %u CPU%s\n\n",
		slab_rules[g->rules].name, q->in.page_size, q->in.cache_line, q->in.word,
		q->in.cpus, q->in.cpus > 1 ? "s" : "");
	print_object(f, q, g, t);
	print_search(f, g, t);
	print_management(f, q, g, t);
	print_bytes(f, q, g);
	fprintf(f, "queues      limit %u, batchcount %u, shared %u\n\n", g->limit, g->batchcount,
		g->shared);
	print_bar(f, g, 0);
	if (g->colour > 1)
		print_bar(f, g, g->colour - 1);
	fprintf(f, "  one character is about %.4g bytes; %s%s0-9 objects%s\n",
		(double)((uint64_t)g->page_size << g->gfporder) / BAR,
		g->colour > 1 ? "c colour, " : "",
		g->off_slab || g->objfreelist ? "" : "M management, ",
		g->left_over ? ", . left over" : "");
	if (!slab_rules[g->rules].runs)
		fprintf(f, "\nThe engine does not run rules %s; this is computed.\n",
			slab_rules[g->rules].name);
}
