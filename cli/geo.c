/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/geo.h"

#include <stddef.h>
#include <string.h>

#define FIELD(f) .name = #f, .offset = offsetof(struct geo_query, in.f)

const struct opt geo_opts[] = {
	{ FIELD(object_size), .type = OPT_UINT, .min = 1, .max = KMALLOC_MAX_SIZE, .unit = "bytes",
	  .help = "bytes asked for per object" },
	{ FIELD(ctor), .type = OPT_BOOL, .def = "off",
	  .help = "the cache has a constructor: under rules 6.1 its free objects cannot hold the index" },
	{ FIELD(cpus), .type = OPT_UINT, .min = 1, .max = 1 << 16, .def = "2",
	  .help = "possible CPUs; on one there is no shared array" },
	{ FIELD(page_size), .type = OPT_UINT, .min = 1024, .max = 2 << 20, .unit = "bytes",
	  .def = "4096", .flags = OPT_POW2, .help = "bytes per page" },
	{ FIELD(cache_line), .type = OPT_UINT, .min = 8, .max = 1 << 16, .unit = "bytes",
	  .def = "64", .flags = OPT_POW2, .help = "bytes per cache line" },
	{ FIELD(word), .type = OPT_UINT, .min = 4, .max = 8, .unit = "bytes", .def = "8",
	  .flags = OPT_POW2, .help = "bytes per word: 8, or 4 for a 32-bit kernel" },
	{ FIELD(no_off_slab), .type = OPT_BOOL, .def = "off",
	  .help = "as in early boot, when off-slab management is not possible yet" },
	{ FIELD(kmalloc_self), .type = OPT_BOOL, .def = "off",
	  .help = "this is a general cache, which must not hold its own descriptors" },
	{ .name = "l1_sets",
	  .type = OPT_UINT,
	  .offset = offsetof(struct geo_query, l1_sets),
	  .min = 1,
	  .max = 1 << 16,
	  .unit = "sets",
	  .def = "auto",
	  .flags = OPT_AUTO,
	  .help = "sets of the L1 that the count of sets is for; auto is a page's worth of lines" },
	{ .name = NULL },
};

void geo_query_init(struct geo_query *q)
{
	memset(q, 0, sizeof(*q));
	opt_defaults(geo_opts, q);
	slab_config_profile(&q->config, slab_profiles[0].name, NULL);
}

unsigned geo_l1_sets(const struct geo_query *q)
{
	return q->l1_sets == KMEM_AUTO ? q->in.page_size / q->in.cache_line : q->l1_sets;
}

static const char *const modes[] = {
	[MODE_ON_SLAB] = "on-slab",
	[MODE_OFF_SLAB] = "off-slab",
	[MODE_OBJFREELIST] = "in a free object",
};

static const struct {
	const char *name, *text;
} verdicts[] = {
	[STEP_NOTHING_FITS] = { "nothing-fits", "no object fits" },
	[STEP_TOO_MANY] = { "too-many", "more objects than an index entry can name: stop" },
	[STEP_OFF_LIMIT] = { "off-limit",
			     "so many objects would make the descriptor too large: stop" },
	[STEP_OFF_NO_GAIN] = { "off-no-gain",
			       "the index would cost over half an object: not here" },
	[STEP_WASTEFUL] = { "wasteful", "possible, but over 1/8 is left: look further" },
	[STEP_FEW] = { "few", "possible, but under min_objects: look further" },
	[STEP_TAKEN_WASTE] = { "taken", "taken: at most 1/8 is left" },
	[STEP_TAKEN_BREAK] = { "taken-break", "taken: the search ends at the break order" },
	[STEP_TAKEN_RECLAIM] = { "taken-reclaim", "taken: reclaimable, so the first that fits" },
	[STEP_TAKEN_CAPPED] = { "taken-capped", "taken: an index entry can name no more objects" },
	[STEP_TAKEN_FIXED] = { "taken-fixed", "taken: the order asked for" },
	[MODE_REFUSED_SIZE] = { "refused-size", "dropped: the index is larger than an object" },
	[MODE_REFUSED_ROOM] = { "refused-room", "dropped: the index fits in what is left" },
	[MODE_PULLED_BACK] = { "pulled-back",
			       "the descriptor fits in what is left: on-slab after all" },
	[MODE_LIMIT_ON_SLAB] = { "limit-on-slab",
				 "too many objects for off-slab: on-slab instead" },
	[SLACK_OBJECT_GIVEN] = { "slack-object", "one object less, for colours" },
	[SLACK_ORDER_SHORT] = { "slack-short", "slack: too few colours at this order" },
	[SLACK_ORDER_TAKEN] = { "slack-taken", "slack: taken for its colours" },
};

const char *geo_mode_name(unsigned mode)
{
	return modes[mode];
}

const char *geo_verdict_name(unsigned verdict)
{
	return verdicts[verdict].name;
}

const char *geo_verdict_text(unsigned verdict)
{
	return verdicts[verdict].text;
}
