/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random toggles: every row of slab_config_opts, by its type, within bounds that keep a run quick. */
#include "tests/ops.h"

#include <string.h>

/* Most of the time a value up to `usual`; the row's own bounds allow more. A row that is not here is taken by type. */
static const struct {
	const char *name;
	unsigned usual, unit; /* unit: a multiple of it */
} ranges[] = {
	{ "order", 4, 1 },	  { "break_order", 4, 1 },  { "stride_pad", 512, 8 },
	{ "colour", 70, 1 },	  { "colour_off", 512, 8 }, { "colour_run", 9, 1 },
	{ "limit", 130, 1 },	  { "batchcount", 60, 1 },  { "shared", 10, 1 },
	{ "free_limit", 400, 1 }, { "place_node", 5, 1 },   { "fail_nth", 40, 1 },
	{ "fail_times", 30, 1 },
};

static uint64_t uint_value(struct ops_source *in, const struct opt *row)
{
	unsigned usual = 64, unit = 1;
	uint64_t v;

	if ((row->flags & OPT_AUTO) && !ops_pick(in, 3))
		return KMEM_AUTO;
	if (row->flags & OPT_POW2)
		return ops_pick(in, 3) ? 1u << ops_pick(in, 9) : 0; /* 0, 1 .. 256 */
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (!strcmp(ranges[i].name, row->name)) {
			usual = ranges[i].usual;
			unit = ranges[i].unit;
		}
	v = unit * ops_pick(in, usual / unit + 1);
	if (v < row->min)
		v = row->min;
	/* the bounds themselves, and what lies outside, now and then */
	if (!ops_pick(in, 200))
		v = ops_pick(in, 2) ? row->min : (uint64_t)row->min - 1;
	return v;
}

static void set(struct ops_source *in, struct slab_config *c, const struct opt *row)
{
	static const char *const weights[] = { "",	    "3:1", "0:1", "1:0:2",
					       "255:1:1:7", "0:0", "2:x", "1:1:1:1:1:1:1:1" };
	char *at = (char *)c + row->offset;
	unsigned names = 0, u;
	uint64_t w;
	double d;

	switch (row->type) {
	case OPT_BOOL:
		u = (unsigned)ops_pick(in, 2);
		memcpy(at, &u, sizeof(u));
		break;
	case OPT_ENUM:
		while (row->names[names])
			names++;
		u = (unsigned)ops_pick(in, names);
		memcpy(at, &u, sizeof(u));
		break;
	case OPT_UINT:
		u = (unsigned)uint_value(in, row);
		memcpy(at, &u, sizeof(u));
		break;
	case OPT_SIZE:
	case OPT_U64:
		w = ops_pick(in, 8);
		memcpy(at, &w, sizeof(w));
		break;
	case OPT_DOUBLE:
		d = (double)ops_pick(in, 20) / 200;
		memcpy(at, &d, sizeof(d));
		break;
	case OPT_STR:
		memset(at, 0, row->max + 1); /* configs are compared as bytes */
		strcpy(at, weights[ops_pick(in, sizeof(weights) / sizeof(weights[0]))]);
		break;
	}
}

/* What would refuse most random settings for one and the same reason. */
static void mend(struct ops_source *in, struct slab_config *c, unsigned nodes)
{
	if (!ops_pick(in, 20))
		return;
	if (c->rules > RULES_6_1)
		c->rules &= 1;
	if (c->place_node >= nodes)
		c->place_node %= nodes;
	if (c->batchcount != KMEM_AUTO && (c->limit == KMEM_AUTO || c->batchcount > c->limit))
		c->limit = c->batchcount + (unsigned)ops_pick(in, 40);
	if (c->colour_off != KMEM_AUTO && c->align > 1 && c->colour_off % c->align)
		c->colour_off = (c->colour_off / c->align + 1) * c->align;
	if (c->index == INDEX_BITS)
		c->rules = RULES_2_6_22;
	if (c->index == INDEX_1 && ops_pick(in, 4))
		c->index = INDEX_AUTO;
}

void ops_toggle(struct ops_source *in, struct slab_config *c, unsigned nodes, int fixed)
{
	unsigned rows = 0, n = (unsigned)ops_pick(in, 7);

	while (slab_config_opts[rows].name)
		rows++;
	for (unsigned i = 0; i <= n; i++) {
		const struct opt *row = &slab_config_opts[ops_pick(in, rows)];

		if (fixed || !(row->flags & OPT_FIXED) || !ops_pick(in, 50))
			set(in, c, row);
	}
	/* hugetlb pools are mostly empty, and failures everywhere make a dull run */
	if (c->backing == BACKING_HUGETLB && ops_pick(in, 4))
		c->backing = BACKING_BASE;
	if (c->fail != FAIL_OFF && ops_pick(in, 2))
		c->fail = FAIL_OFF;
	mend(in, c, nodes);
}
