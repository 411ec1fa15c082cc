/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SLABSCOPE_MALLOC="profile=fast colour=0 ...": the options of a cache, by their own table, and three more. */
#include <errno.h>
#include <stdlib.h>

#include "preload/preload.h"

#define QUEUE_BYTES (256u << 10) /* a CPU's array of one class holds at most so much */
#define FREE_BYTES (4u << 20)	 /* empty slabs of a class that a node keeps */
#define SHARED_MAX (8u << 10)	 /* larger objects have no array of the node */

#define FIELD(f) .name = #f, .offset = offsetof(struct malloc_config, f)

const struct opt malloc_opts[] = {
	{ FIELD(profile), .type = OPT_STR, .def = "fast",
	  .help = "set of toggles to begin with, as of slabscope list profiles" },
	{ FIELD(nodes), .type = OPT_UINT, .max = KMEM_MAX_NODES, .unit = "nodes", .def = "0",
	  .help = "emulated nodes to split the CPUs over; 0 is the machine as it is" },
	{ FIELD(slabinfo), .type = OPT_BOOL, .def = "off",
	  .help = "write each cache's line of slabinfo to stderr when the program ends" },
	{ .name = NULL },
};

/* The next word of *@text, cut into name and value, both ended by a NUL. 1, 0: none is left, -EINVAL: no '='. */
static int next_setting(const char **text, char *name, const char **value)
{
	size_t n;
	char *eq;

	*text += strspn(*text, " \t\n,;");
	n = strcspn(*text, " \t\n,;");
	if (!n)
		return 0;
	snprintf(name, 2 * OPT_STR_MAX, "%.*s", (int)n, *text);
	*text += n;
	eq = strchr(name, '=');
	if (!eq || n >= 2 * OPT_STR_MAX)
		return -EINVAL;
	*eq = 0;
	*value = eq + 1;
	return 1;
}

static void apply(struct malloc_config *c, const char *name, const char *value)
{
	const struct opt *row = opt_find(malloc_opts, name);
	struct err e;
	int r = 0;

	if (row && !strcmp(row->name, "profile"))
		return; /* done before */
	if (row)
		r = opt_parse(row, c, value, &e);
	else if ((row = opt_find(slab_config_opts, name)))
		r = opt_parse(row, &c->slab, value, &e);
	else
		r = err_set(&e, -EINVAL, "%s: there is no such option", name);
	if (r)
		say("SLABSCOPE_MALLOC: %s; ignored", e.text);
}

static void apply_profile(struct malloc_config *c, const char *text)
{
	char name[2 * OPT_STR_MAX];
	const char *value;
	struct err e;
	int r;

	while ((r = next_setting(&text, name, &value))) {
		if (r < 0 || strcmp(name, "profile"))
			continue;
		if (slab_config_profile(&c->plain, value, &e))
			say("SLABSCOPE_MALLOC: %s; ignored", e.text);
		else
			opt_parse(opt_find(malloc_opts, name), c, value, NULL);
	}
	slab_config_profile(&c->plain, c->profile, NULL);
}

void config_read(struct malloc_config *c)
{
	const char *text = secure_getenv("SLABSCOPE_MALLOC"), *value;
	char name[2 * OPT_STR_MAX];
	int r;

	memset(c, 0, sizeof(*c));
	opt_defaults(malloc_opts, c);
	if (!text)
		text = "";
	apply_profile(c, text);
	c->slab = c->plain;
	while ((r = next_setting(&text, name, &value)))
		if (r < 0)
			say("SLABSCOPE_MALLOC: '%.100s': expected NAME=VALUE; ignored", name);
		else
			apply(c, name, value);
}

void config_check(struct malloc_config *c, unsigned nr_nodes)
{
	struct slab_config probe;
	struct err e;
	int r;

	config_class(c, &c->slab, 1024, 64, &probe);
	r = slab_config_validate(&probe, nr_nodes, &e);
	if (!r)
		return;
	say("SLABSCOPE_MALLOC: %s; all toggles are the profile's", e.text);
	c->slab = c->plain;
}

/* The largest power of two that divides @n. */
static unsigned low_bit(unsigned n)
{
	return n & -n;
}

void config_class(const struct malloc_config *c, const struct slab_config *base, unsigned size,
		  unsigned align, struct slab_config *out)
{
	unsigned fit = QUEUE_BYTES / size;

	*out = *base;
	if (out->align < align)
		out->align = align;
	/* a step of colour that was asked for decides how far objects can be aligned */
	if (out->colour_off != KMEM_AUTO && low_bit(out->colour_off) < out->align &&
	    low_bit(out->colour_off) >= MALLOC_ALIGN && align <= 64)
		out->align = low_bit(out->colour_off);
	/* what the user says goes; a profile's numbers are for small objects */
	if (base->limit != KMEM_AUTO && base->limit == c->plain.limit &&
	    base->batchcount == c->plain.batchcount && fit < base->limit) {
		out->limit = fit > 2 ? fit : 2;
		out->batchcount = out->limit / 2;
	}
	if (base->shared != KMEM_AUTO && base->shared == c->plain.shared && size > SHARED_MAX)
		out->shared = 0;
	if (base->free_limit != KMEM_AUTO && base->free_limit == c->plain.free_limit)
		out->free_limit = FREE_BYTES / size;
}
