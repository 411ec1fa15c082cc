/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which way of a metric is up. */

#include "cli/direction.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

enum { TIME, RATE, FEWER_IS_BETTER, LESS_IS_BETTER, HIGHER_IS_BETTER, COUNT, AMOUNT };

static const struct direction kinds[] = {
	[TIME] = { -1, 1, "faster", "slower" },
	[RATE] = { 1, 1, "slower", "faster" },
	[FEWER_IS_BETTER] = { -1, 0, "fewer", "more" },
	[LESS_IS_BETTER] = { -1, 0, "less", "more" },
	[HIGHER_IS_BETTER] = { 1, 0, "lower", "higher" },
	[COUNT] = { 0, 0, "fewer", "more" },
	[AMOUNT] = { 0, 0, "less", "more" },
};

struct row {
	const char *pattern; /* fnmatch(3) */
	int kind;
};

/* The first that fits. */
static const struct row by_name[] = {
	{ "time.region_ns", AMOUNT }, /* as long as asked for, with ops=auto */
	{ "time.*_ticks_per_ns", AMOUNT },
	{ "time.*_step_ticks", AMOUNT },
	{ "time.clock_cost_*", AMOUNT },
	/* of the machine, and of no setting: how a clock reads, how fast a CPU runs */
	{ "latency.clock_*", AMOUNT },
	{ "interference.frequency_*", AMOUNT },
	{ "interference.rules_judged", COUNT },
	/* what was in the way makes a trial slower, and is not its speed */
	{ "interference.run_delay*", LESS_IS_BETTER },
	{ "interference.steal*", LESS_IS_BETTER },
	{ "interference.irq", LESS_IS_BETTER },
	{ "interference.softirq", LESS_IS_BETTER },
	{ "interference.psi_*", LESS_IS_BETTER },
	{ "interference.*", FEWER_IS_BETTER },
	/* of a model: no time was measured, and which sets are in use is neither good nor bad */
	{ "model.memory_time*", LESS_IS_BETTER },
	{ "model.*_hot_set_[1-4]", AMOUNT },
	{ "model.*_hot_set", AMOUNT },
	{ "model.*_miss_sets", AMOUNT },
	{ "model.*_sets*", AMOUNT },
	{ "model.invalidations", FEWER_IS_BETTER },
	{ "model.upgrades", FEWER_IS_BETTER },
	{ "model.slab_*", FEWER_IS_BETTER }, /* as slabinfo's */
	{ "model.*_writebacks*", FEWER_IS_BETTER },
	{ "trial.*", AMOUNT },
	{ "effective.*", AMOUNT },
	{ "slabinfo.utilisation", HIGHER_IS_BETTER },
	{ "frag.utilisation*", HIGHER_IS_BETTER },
	{ "slabinfo.*_hit", HIGHER_IS_BETTER },
	{ "slabinfo.bytes_asked", AMOUNT },
	{ "slabinfo.bytes_colour", AMOUNT }, /* what is left over anyway, put to use */
	{ "slabinfo.active_*", COUNT },
	{ "slabinfo.num_*", COUNT },
	{ "slabinfo.queued", COUNT },
	{ "slabinfo.list_*", COUNT },
	{ "slabinfo.node_allocs", COUNT },
	{ "slabinfo.*bytes*", LESS_IS_BETTER },
	{ "slabinfo.*", FEWER_IS_BETTER },
	{ "placement.*", HIGHER_IS_BETTER },
	{ "*on_asked_node*", HIGHER_IS_BETTER },
	{ "*.ipc", HIGHER_IS_BETTER },
	{ "*instructions_per_cycle*", HIGHER_IS_BETTER },
	{ "*_misses*", FEWER_IS_BETTER },
	{ "*_walks*", FEWER_IS_BETTER },
	{ "*remote*", FEWER_IS_BETTER },
	{ "*stall*", FEWER_IS_BETTER },
	{ "perf.cycles*", FEWER_IS_BETTER },
	{ "perf.instructions*", FEWER_IS_BETTER },
	{ NULL, 0 },
};

static const struct row by_unit[] = {
	{ "ns", TIME },
	{ "us", TIME },
	{ "ms", TIME },
	{ "s", TIME },
	{ "ticks", TIME },
	{ "1/s", RATE },
	{ "ops/s", RATE },
	{ "bytes", LESS_IS_BETTER },
	{ "faults", FEWER_IS_BETTER },
	{ "switches", FEWER_IS_BETTER },
	{ "misses", FEWER_IS_BETTER },
	{ "migrations", FEWER_IS_BETTER },
	{ "cycles", FEWER_IS_BETTER },
	{ "instructions", FEWER_IS_BETTER },
	{ "walks", FEWER_IS_BETTER },
	{ "accesses", COUNT },
	{ "branches", COUNT },
	{ "samples", COUNT },
	{ "lines", COUNT },
	{ "objects", COUNT },
	{ "slabs", COUNT },
	{ "pages", COUNT },
	{ NULL, 0 },
};

static const struct direction *find(const struct row *row, const char *text)
{
	for (; row->pattern; row++)
		if (!fnmatch(row->pattern, text, 0))
			return &kinds[row->kind];
	return NULL;
}

const struct direction *direction_of(const char *metric, const char *unit)
{
	const struct direction *d = find(by_name, metric);

	if (!d)
		d = find(by_unit, unit ? unit : "");
	return d ? d : &kinds[AMOUNT];
}

int direction_exact_source(const char *source)
{
	return source &&
	       (!strcmp(source, "engine") || !strcmp(source, "config") || !strcmp(source, "model"));
}
