/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What names and words mean, for those who see a report for the first time. */

#include <fnmatch.h>
#include <string.h>

#include "cli/pictures.h"
#include "cli/report.h"
#include "cli/trial.h"

#define MOST_TOLD 8 /* values of an axis that are told one by one */

/* ---- metrics ---- */

static const struct {
	const char *pattern, *what; /* fnmatch(3) */
} metrics[] = {
	{ "time.ns_per_op",
	  "wall time of the measured region in nanoseconds, over its operations" },
	{ "time.cpu_ns_per_op",
	  "CPU time of the workers in the measured region, over its operations" },
	{ "time.*_per_s", "operations in a second of the measured region" },
	{ "latency.*_p[0-9]*", "a quantile of single operations that were timed one by one" },
	{ "slabinfo.bytes_held", "memory of all slabs at the end of the measured region" },
	{ "slabinfo.utilisation", "what was asked for, over the memory that is held for it" },
	{ "model.memory_time_per_op",
	  "what the modelled caches and memory would take, over the operations; an estimate" },
	{ "model.*_misses_per_op",
	  "accesses that this level of the modelled caches did not have, over the operations" },
	{ "model.*_misses", "accesses that this level of the modelled caches did not have" },
	{ "perf.*_per_op",
	  "what the CPU's counters counted in the measured region, over its operations" },
	{ "perf.*", "what the CPU's counters counted in the measured region" },
	{ "numa.remote_share", "the part of the lines that comes from another node, predicted" },
};

const char *report_metric_words(const char *metric)
{
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		if (!fnmatch(metrics[i].pattern, metric, 0))
			return metrics[i].what;
	return "docs/formats.md says what it is";
}

/* What came out of settings. */
static const struct {
	const char *name, *what;
} came_out[] = {
	{ "object_size", "bytes of an object, as asked for" },
	{ "size", "bytes from one object to the next" },
	{ "align", "objects begin at multiples of this, in bytes" },
	{ "gfporder", "a slab is 2 to the power of this in pages" },
	{ "num", "objects of a slab" },
	{ "slab_size", "bytes of a slab's management" },
	{ "left_over", "bytes of a slab that no object fits into: room for colours" },
	{ "colour", "how many different offsets (colours) there is room for" },
	{ "colours_seen", "different offsets that the slabs of the run really have" },
	{ "colour_off", "bytes from one colour to the next" },
	{ "off_slab", "1: management lies outside the slab" },
	{ "index_bytes", "bytes of an entry in the slab's list of free objects" },
	{ "limit", "objects that a CPU's array may hold" },
	{ "batchcount", "objects that move between a CPU's array and the slabs at once" },
	{ "shared", "size of the array that CPUs of a node share, in batches" },
	{ "slack_objects", "objects fewer in a slab, to buy room for colours" },
	{ "slack_orders", "doublings of the slab, to buy room for colours" },
	{ "slabs", "slabs at the end" },
};

const char *report_setting_words(const char *metric)
{
	for (size_t i = 0; i < sizeof(came_out) / sizeof(came_out[0]); i++)
		if (!strncmp(metric, "effective.", 10) && !strcmp(metric + 10, came_out[i].name))
			return came_out[i].what;
	return "what the setting came to";
}

/* ---- axes ---- */

/* A config of @exp with value @v on @axis and the first one on all others; -1. */
static int config_with(const struct results *r, unsigned exp, unsigned axis, unsigned v)
{
	const struct res_exp *x = &r->exp[exp];

	for (unsigned i = x->first; i < x->first + x->nr_configs; i++) {
		unsigned a;

		for (a = 0; a < x->nr_axes; a++)
			if (r->config[i].at[a] != (a == axis ? v : 0))
				break;
		if (a == x->nr_axes)
			return (int)i;
	}
	return -1;
}

static json_t *requested(const struct results *r, int config)
{
	return json_object_get(json_array_get(json_object_get(r->run, "configs"), (size_t)config),
			       "requested");
}

/* Does @option differ between the values of @axis? */
static int differs(const struct results *r, unsigned exp, unsigned axis, const char *option)
{
	const char *first = NULL;

	for (unsigned v = 0; v < r->exp[exp].axis[axis].nr; v++) {
		int c = config_with(r, exp, axis, v);
		const char *t = c < 0 ? NULL :
					json_string_value(json_object_get(requested(r, c), option));

		if (!t)
			continue;
		if (first && strcmp(first, t))
			return 1;
		first = t;
	}
	return 0;
}

/* "colour=0, colour_slack=none": what value @v of @axis sets that others do not. */
static void value_means(const struct results *r, unsigned exp, unsigned axis, unsigned v, char *buf,
			size_t len)
{
	int c = config_with(r, exp, axis, v);
	const char *name;
	size_t n = 0;
	json_t *text;

	*buf = '\0';
	if (c < 0)
		return;
	json_object_foreach(requested(r, c), name, text)
	{
		const char *t = json_string_value(text);

		if (t && n < len && differs(r, exp, axis, name))
			n += (size_t)snprintf(buf + n, len - n, "%s%.40s=%.60s", n ? ", " : "",
					      name, t);
	}
}

/* An axis that names several settings at once: which. */
static void named_values(struct report *r, const struct results *run, unsigned exp, unsigned axis)
{
	const struct res_axis *x = &run->exp[exp].axis[axis];
	char text[1600], one[400];
	size_t n = 0;
	unsigned v;

	for (v = 0; v < x->nr && v < MOST_TOLD && n < sizeof(text); v++) {
		value_means(run, exp, axis, v, one, sizeof(one));
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.60s is %s", v ? "; " : "",
				      x->value[v], *one ? one : "the same");
	}
	if (x->nr > MOST_TOLD && n < sizeof(text))
		snprintf(text + n, sizeof(text) - n, "; and so on");
	doc_item(&r->d, DOC_PLAIN, "", "%s: %s", x->name, text);
}

void report_axes(struct report *r, const struct results *run, unsigned exp, const char *metric)
{
	const struct res_exp *x = &run->exp[exp];
	const struct workload *wl = workload_find(picture_requested(run, x->first, "workload"));
	struct trial_spec s;
	struct err e;

	if (wl)
		doc_item(&r->d, DOC_PLAIN, "", "workload %s: %s", wl->name, wl->help);
	if (metric)
		doc_item(&r->d, DOC_PLAIN, "", "%s: %s", metric, report_metric_words(metric));
	if (trial_spec_init(&s, &e))
		return;
	if (wl)
		trial_spec_set(&s, "workload", wl->name, &e);
	for (unsigned a = 0; a < x->nr_axes; a++) {
		const struct opt *o = trial_spec_find(&s, x->axis[a].name, NULL, NULL);

		if (o)
			doc_item(&r->d, DOC_PLAIN, "", "%s: %s%s%s", x->axis[a].name, o->help,
				 o->unit ? ", in " : "", o->unit ? o->unit : "");
		else
			named_values(r, run, exp, a);
	}
	trial_spec_release(&s);
}

/* ---- words ---- */

static const struct {
	const char *word, *what;
} words[] = {
	{ "cache (kmem_cache)",
	  "what an allocator keeps for objects of one size; not the CPU's cache" },
	{ "slab", "pages next to each other that are cut into objects of one cache" },
	{ "colour",
	  "an offset at which the objects of a slab begin, so that slabs do not all use the same sets of the CPU's cache" },
	{ "L1, L2, set, way",
	  "the CPU's caches; a line of memory can lie in one set only, which has room for as many lines as there are ways" },
	{ "workload, operation", "what runs; the step that it repeats and that is counted" },
	{ "config", "one setting of everything; its label names what differs: colour=8,n=32" },
	{ "experiment",
	  "configs that differ in a few settings (axes) and are compared with each other" },
	{ "baseline", "the config that others are compared with, the same but for the setting" },
	{ "launch (trial)", "one config in one fresh process: the unit of all statistics" },
	{ "block, pair", "each config launched once; two launches of a block make a pair" },
	{ "ratio",
	  "the config's number over its baseline's, in a pair; the median over the pairs is told. Of a time, below 1 is faster" },
	{ "interval", "where the true ratio lies, with the confidence that is said" },
	{ "faster, slower, more, less", "the whole interval lies on one side of 1" },
	{ "equivalent", "the whole interval lies so near 1 that it does not matter" },
	{ "inconclusive", "neither: more launches would be needed" },
	{ "invalid", "the launches were not what was asked for, or too few of them count" },
	{ "disturbed",
	  "something else was in a launch's way, by a rule fixed before; it is repeated" },
	{ "exact",
	  "counted or computed and the same in every launch, so that any difference is real" },
	{ "modelled", "of a CPU that is simulated; no time was measured" },
	{ "compulsory, capacity, conflict, coherence",
	  "kinds of misses: of a line that was never there; that a cache of this size cannot hold; that it could, but for its sets; that another CPU took away" },
	{ "Spearman",
	  "how well two numbers rise and fall together from launch to launch: 1 always, -1 opposite, 0 not" },
	{ "noise floor", "how large a difference one config shows against itself" },
};

void report_words(struct report *r)
{
	struct table t = { .columns = 2 };

	table_cell(&t, "word");
	table_cell(&t, "what it means here");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		table_cell(&t, "%s", words[i].word);
		table_cell(&t, "%s", words[i].what);
	}
	doc_table(&r->d, &t, 0, "Words of this page");
	table_release(&t);
}
