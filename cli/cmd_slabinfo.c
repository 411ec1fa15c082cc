/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope slabinfo: a listing of /proc/slabinfo beside what our rules make of its caches. */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/caches.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/table.h"
#include "engine/geometry.h"
#include "engine/machine.h"

enum plain_id { P_JSON, P_ALL, P_TOP };

struct request {
	struct slab_config config;
	unsigned top;
	int json, all;
};

static const struct opt top_opt = { .name = "top",
				    .type = OPT_UINT,
				    .offset = offsetof(struct request, top),
				    .min = 1,
				    .max = 100000 };

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct request *q = arg;

	if (p->id == P_JSON)
		return q->json = 1, 0;
	if (p->id == P_ALL)
		return q->all = 1, 0;
	return opt_parse(&top_opt, q, text, e);
}

static const struct cli_plain options[] = {
	{ "top", 'n', "N", "so many caches, those with the most active bytes [30]", P_TOP },
	{ "all", 'a', NULL, "every cache, empty ones too", P_ALL },
	{ "json", 0, NULL, "as JSON, every cache", P_JSON },
	{ NULL, 0, NULL, NULL, 0 },
};

/* ---- one cache ---- */

struct view {
	const struct slablist_row *row;
	struct slab_geometry g;
	struct err why; /* if it has no geometry under these toggles */
	int ok;
};

static void make_view(struct view *v, const struct slablist_row *r, const struct slab_config *c,
		      const struct kmem_machine *m)
{
	struct slab_geometry_in in;

	memset(v, 0, sizeof(*v));
	v->row = r;
	slab_geometry_in_init(&in, r->objsize);
	in.page_size = m->page_size;
	in.cache_line = m->cache_line;
	in.cpus = m->nr_cpus;
	v->ok = !slab_geometry(&in, c, &v->g, &v->why);
}

/* Shares of a slab's bytes that are not objects as the listing counts them. */
static double share(const struct view *v, double bytes)
{
	return 100.0 * bytes / ((double)v->g.page_size * (1u << v->g.gfporder));
}

static double mgmt_bytes(const struct view *v)
{
	return v->g.off_slab || v->g.objfreelist ? 0 : v->g.slab_size;
}

static double round_bytes(const struct view *v)
{
	return (double)v->g.num * (v->g.size - v->row->objsize);
}

/* ---- printing ---- */

static void heading(struct table *t)
{
	static const char *const h[] = { "name",	   "objects",	   "KiB",     "size",
					 "listed n/pages", "ours n/pages", "mgmt",    "mgmt %",
					 "round %",	   "left %",	   "colours", "step" };
	unsigned i;

	t->columns = sizeof(h) / sizeof(h[0]);
	for (i = 0; i < t->columns; i++)
		table_cell(t, "%s", h[i]);
}

static void cells(struct table *t, const struct view *v)
{
	const struct slablist_row *r = v->row;
	const struct slab_geometry *g = &v->g;
	unsigned i;

	table_cell(t, "%s", r->name);
	table_cell(t, "%" PRIu64, r->active_objs);
	table_cell(t, "%.0f", r->active_objs * (double)r->objsize / 1024);
	table_cell(t, "%u", r->objsize);
	table_cell(t, "%u/%u", r->objperslab, r->pagesperslab);
	if (!v->ok) {
		for (i = 5; i < t->columns; i++)
			table_cell(t, "-");
		return;
	}
	table_cell(t, "%u/%u", g->num, 1u << g->gfporder);
	table_cell(t, "%s", g->off_slab ? "off" : g->objfreelist ? "in object" : "on");
	table_cell(t, "%.1f", share(v, mgmt_bytes(v)));
	table_cell(t, "%.1f", share(v, round_bytes(v)));
	table_cell(t, "%.1f", share(v, g->left_over));
	table_cell(t, "%u", g->colour);
	table_cell(t, "%u", g->colour_off);
}

static json_t *object(const struct view *v)
{
	const struct slablist_row *r = v->row;
	const struct slab_geometry *g = &v->g;
	json_t *o = json_pack("{s:s, s:I, s:I, s:i, s:i, s:i}", "name", r->name, "active_objs",
			      (json_int_t)r->active_objs, "num_objs", (json_int_t)r->num_objs,
			      "objsize", (int)r->objsize, "listed_objperslab", (int)r->objperslab,
			      "listed_pagesperslab", (int)r->pagesperslab);

	if (!v->ok) {
		json_object_set_new(o, "unavailable", json_string(v->why.text));
		return o;
	}
	json_object_set_new(
		o, "ours",
		json_pack("{s:i, s:i, s:i, s:i, s:i, s:b, s:b, s:i, s:i, s:f, s:f, s:f}", "size",
			  (int)g->size, "num", (int)g->num, "gfporder", (int)g->gfporder,
			  "mgmt_size", (int)g->slab_size, "left_over", (int)g->left_over,
			  "off_slab", (int)g->off_slab, "objfreelist", (int)g->objfreelist,
			  "colour", (int)g->colour, "colour_off", (int)g->colour_off, "mgmt_share",
			  share(v, mgmt_bytes(v)) / 100, "rounding_share",
			  share(v, round_bytes(v)) / 100, "left_over_share",
			  share(v, g->left_over) / 100));
	return o;
}

static void print_text(const struct slablist *l, const struct slablist_row **r,
		       const struct request *q, const struct kmem_machine *m, const char *source)
{
	struct table t = { 0 };
	unsigned shown = 0, without_colour = 0;
	size_t i;

	heading(&t);
	for (i = 0; i < l->n && (q->all || (shown < q->top && r[i]->active_objs)); i++, shown++) {
		struct view v;

		make_view(&v, r[i], &q->config, m);
		cells(&t, &v);
		without_colour += v.ok && v.g.colour <= 1;
	}
	printf("%s: %zu caches, %u shown, by active bytes; rules %s, %u-byte pages, %u-byte lines\n",
	       source, l->n, shown, slab_rules[q->config.rules].name, m->page_size, m->cache_line);
	table_print(&t, stdout);
	printf("%u of %u have no colours: all of their slabs begin on the same cache sets\n",
	       without_colour, shown);
	table_release(&t);
}

static int print_json(const struct slablist *l, const struct slablist_row **r,
		      const struct request *q, const struct kmem_machine *m, const char *source)
{
	json_t *list = json_array(), *o;
	size_t i;
	int bad;

	for (i = 0; i < l->n; i++) {
		struct view v;

		make_view(&v, r[i], &q->config, m);
		json_array_append_new(list, object(&v));
	}
	o = json_pack("{s:s, s:s, s:i, s:i, s:o}", "source", source, "rules",
		      slab_rules[q->config.rules].name, "page_size", (int)m->page_size,
		      "cache_line", (int)m->cache_line, "caches", list);
	bad = json_dumpf(o, stdout, JSON_INDENT(1)) || putchar('\n') == EOF;
	json_decref(o);
	return bad;
}

static int show(const struct cli_spec *spec, const struct request *q, const char *name)
{
	const struct slablist_row **r = NULL;
	struct kmem_machine *m = malloc(sizeof(*m));
	char source[256];
	struct slablist l;
	struct err e;
	int status;
	int rc = m ? kmem_machine_native(m, &e) : err_set(&e, -ENOMEM, "out of memory");

	if (rc) {
		free(m);
		return cli_failure(spec, &e);
	}
	rc = caches_read(name, &l, source, &e);
	if (rc) {
		free(m);
		return rc == -EINVAL ? cli_usage_error(spec, &e) : cli_failure(spec, &e);
	}
	r = caches_by_bytes(&l);
	if (!r) {
		err_set(&e, -ENOMEM, "out of memory");
		status = cli_failure(spec, &e);
	} else if (q->json) {
		status = print_json(&l, r, q, m, source);
	} else {
		print_text(&l, r, q, m, source);
		status = 0;
	}
	free(r);
	slablist_release(&l);
	free(m);
	return status;
}

int cmd_slabinfo(int argc, char **argv)
{
	struct request q = { .top = 30 };
	const struct cli_table tables[] = {
		{ slab_config_opts, &q.config, "Toggles of the caches", 0 },
		{ NULL, NULL, NULL, 0 },
	};
	const struct cli_spec spec = {
		.command = "slabscope slabinfo",
		.usage = "[FILE|-|auto] [OPTION]...",
		.about =
			"Reads a /proc/slabinfo listing (this machine's own if none is named, or the shipped one where that\n"
			"cannot be read) and shows what slabs of its caches' sizes look like under our rules: objects and pages\n"
			"per slab beside the listed ones, where the management lies, what is lost, how many colours there are.",
		.tables = tables,
		.plain = options,
		.option = take_plain,
	};
	struct err e;
	int n;

	if (slab_config_profile(&q.config, "kernel-2.6.22", &e))
		return cli_failure(&spec, &e);
	n = cli_parse(&spec, argc, argv, &q, &e);
	if (n == CLI_HELP)
		return 0;
	if (n >= 0 && argc - n > 1)
		n = err_set(&e, -EINVAL, "expected one listing, got %d", argc - n);
	if (n >= 0) {
		int rc = slab_config_validate(&q.config, 0, &e);

		n = rc ? rc : n;
	}
	if (n < 0)
		return cli_usage_error(&spec, &e);
	return show(&spec, &q, n < argc ? argv[n] : "auto");
}
