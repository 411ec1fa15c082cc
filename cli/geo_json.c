/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/geo.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

/* Numbers of the result, by their C names. */
static const struct {
	const char *name;
	size_t offset;
} fields[] = {
#define F(f)                                          \
	{                                             \
#f, offsetof(struct slab_geometry, f) \
	}
	F(object_size),	  F(obj_offset),    F(size),	     F(align),	      F(gfporder),
	F(num),		  F(slab_size),	    F(left_over),    F(colour),	      F(colour_off),
	F(off_slab),	  F(objfreelist),   F(index_bytes),  F(header_bytes), F(red_zone),
	F(poison),	  F(store_user),    F(limit),	     F(batchcount),   F(shared),
	F(colour_header), F(slack_objects), F(slack_orders), F(page_size),
#undef F
};

/* Options as they came out of the command line: numbers as numbers, the rest as text. */
static json_t *options(const struct opt *table, const void *base)
{
	json_t *o = json_object();
	const struct opt *row;
	char text[OPT_STR_MAX + 8];

	for (row = table; row->name; row++) {
		unsigned v; /* of those types that are unsigned */

		memcpy(&v, (const char *)base + row->offset, sizeof(v));
		opt_format(row, base, text, sizeof(text));
		if (row->type == OPT_BOOL)
			json_object_set_new(o, row->name, json_boolean(v));
		else if (row->type == OPT_UINT && !((row->flags & OPT_AUTO) && v == OPT_AUTO_UINT))
			json_object_set_new(o, row->name, json_integer(v));
		else
			json_object_set_new(o, row->name, json_string(text));
	}
	return o;
}

static json_t *result(const struct slab_geometry *g)
{
	json_t *o = json_object();
	unsigned v;
	size_t i;

	json_object_set_new(o, "rules", json_string(slab_rules[g->rules].name));
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		memcpy(&v, (const char *)g + fields[i].offset, sizeof(v));
		json_object_set_new(o, fields[i].name, json_integer(v));
	}
	return o;
}

static json_t *steps(const struct slab_trace *t)
{
	json_t *a = json_array();
	unsigned i;

	for (i = 0; i < t->n; i++) {
		const struct slab_step *s = &t->step[i];

		json_array_append_new(
			a, json_pack("{s:s, s:i, s:i, s:i, s:s}", "mode", geo_mode_name(s->mode),
				     "order", (int)s->order, "num", (int)s->num, "left_over",
				     (int)s->left_over, "verdict", geo_verdict_name(s->verdict)));
	}
	return a;
}

int geo_json(FILE *f, const struct geo_query *q, const struct slab_geometry *g,
	     const struct slab_trace *t, struct err *e)
{
	unsigned sets = geo_l1_sets(q);
	json_t *o;
	int ret;

	o = json_pack("{s:i, s:o, s:o, s:o, s:o, s:{s:i, s:i, s:i}, s:b}", "version", 1, "asked",
		      options(geo_opts, q), "config", options(slab_config_opts, &q->config),
		      "geometry", result(g), "steps", steps(t), "l1_sets", "total", (int)sets,
		      "without_colour", (int)slab_sets(g, q->in.cache_line, sets, 0), "with_colour",
		      (int)slab_sets(g, q->in.cache_line, sets, 1), "runs",
		      (int)slab_rules[g->rules].runs);
	if (!o)
		return err_set(e, -ENOMEM, "out of memory");
	ret = json_dumpf(o, f, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(o);
	fputc('\n', f);
	return ret ? err_set(e, -EIO, "cannot write JSON") : 0;
}
