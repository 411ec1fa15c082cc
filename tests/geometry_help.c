/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/geometry_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

const struct world x86_64 = { "2.6.22", 4096, 64, 8 };
const struct world k6_1 = { "6.1", 4096, 64, 8 };
const struct world k3_13 = { "3.13", 4096, 64, 8 };
const struct world k3_15 = { "3.15", 4096, 64, 8 };
const struct world i686_128 = { "2.6.22", 4096, 128, 4 };
const struct world i386_32 = { "2.6.22", 4096, 32, 4 };
const struct world i386_2_6_8 = { "2.6.8", 4096, 32, 4 };
const struct world ia64 = { "2.6.7", 16384, 128, 8 };
const struct world arm64_16k = { "2.6.22", 16384, 64, 8 };

static unsigned rules_by_name(const char *name)
{
	unsigned i;

	for (i = 0; slab_rules[i].name; i++)
		if (!strcmp(slab_rules[i].name, name))
			return i;
	fail_msg("no rules %s", name);
	return 0;
}

void setup(struct slab_geometry_in *in, struct slab_config *c, const struct world *w, unsigned raw,
	   unsigned flags)
{
	struct err e = { "" };

	slab_geometry_in_init(in, raw);
	in->page_size = w->page_size;
	in->cache_line = w->cache_line;
	in->word = w->word;
	in->ctor = !!(flags & CTOR);
	in->no_off_slab = !!(flags & BOOT);
	if (slab_config_profile(c, "kernel-2.6.22", &e))
		fail_msg("%s", e.text);
	c->rules = rules_by_name(w->rules);
	c->hwcache_align = !!(flags & H);
	c->reclaim = !!(flags & R);
	c->rcu = !!(flags & RCU);
}

void compute(const struct slab_geometry_in *in, const struct slab_config *c,
	     struct slab_geometry *g)
{
	struct err e = { "" };

	if (slab_geometry(in, c, g, &e))
		fail_msg("object_size %u: %s", in->object_size, e.text);
	if (slab_geometry_check(g, &e))
		fail_msg("object_size %u: %s", in->object_size, e.text);
}

void expect(const char *what, unsigned raw, const char *field, long want, unsigned got)
{
	if (want != ANY && (unsigned long)want != got)
		fail_msg("%s, %u bytes: %s is %u, published %ld", what, raw, field, got, want);
}

void expect_geometry(const char *what, unsigned raw, const struct geometry_want *want,
		     const struct slab_geometry *got)
{
	expect(what, raw, "size", want->size, got->size);
	expect(what, raw, "num", want->num, got->num);
	expect(what, raw, "gfporder", want->order, got->gfporder);
	expect(what, raw, "off_slab", want->off_slab, got->off_slab);
	expect(what, raw, "objfreelist", want->objfreelist, got->objfreelist);
	expect(what, raw, "slab_size", want->mgmt, got->slab_size);
	expect(what, raw, "left_over", want->left, got->left_over);
	expect(what, raw, "colour", want->colour, got->colour);
	expect(what, raw, "colour_off", want->colour_off, got->colour_off);
}
