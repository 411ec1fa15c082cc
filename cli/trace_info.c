/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/trace_info.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"

struct info {
	const struct kmemtrace_totals *n;
	const struct kmemtrace_cache *cache;
	const char *form;
	struct kmemcounts counts;
	uint32_t *order, nr;
};

void trace_totals_line(FILE *f, const struct kmemtrace_totals *n)
{
	fprintf(f,
		"%" PRIu64 " records: %" PRIu64 " allocations, %" PRIu64 " frees, %" PRIu64
		" implicit frees; %" PRIu64 " objects live at most, %" PRIu64 " at the end\n",
		n->allocs + n->frees + n->implicit, n->allocs, n->frees, n->implicit, n->peak,
		n->live);
}

static int read_all(struct kmemtrace *t, struct kmemcounts *c, struct err *e)
{
	struct kmemtrace_record r;
	int got;

	while ((got = kmemtrace_next(t, &r, e)) > 0) {
		got = kmemcount_add(c, t, &r, e);
		if (got)
			return got;
	}
	return got;
}

static int by_allocs(const void *a, const void *b, void *arg)
{
	const struct kmemcounts *c = arg;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (c->cache[x].allocs != c->cache[y].allocs)
		return c->cache[x].allocs < c->cache[y].allocs ? 1 : -1;
	return x < y ? -1 : 1;
}

static void print_totals(FILE *f, const struct info *i)
{
	const struct kmemtrace_totals *n = i->n;

	fprintf(f, "%s, %.3f s, %u CPUs, %u caches\n", i->form, (double)n->ns / 1e9, n->cpus,
		i->nr);
	trace_totals_line(f, n);
	fprintf(f,
		"implicit frees: allocations at an address that was still live (the free is not in the trace)\n");
	if (n->unmatched)
		fprintf(f, "left out: %" PRIu64 " frees of objects older than the trace\n",
			n->unmatched);
	if (n->failed)
		fprintf(f, "left out: %" PRIu64 " allocations that failed or frees of nothing\n",
			n->failed);
	if (n->other)
		fprintf(f, "left out: %" PRIu64 " lines about something else\n", n->other);
	if (n->renamed)
		fprintf(f,
			"%" PRIu64
			" allocations have no cache name in the trace, nor has their free; they are named after\n"
			"their call site or size\n",
			n->renamed);
	if (n->lost)
		fprintf(f,
			"LOST: the recorder dropped at least %" PRIu64
			" events; lifetimes and live counts are wrong by as much\n",
			n->lost);
	if (*n->damage.text)
		fprintf(f, "DAMAGED, read up to there: %s\n", n->damage.text);
}

static void quantile(struct table *t, const struct hist *h, uint64_t percent)
{
	if (h->count)
		table_cell(t, "%.3g", (double)hist_quantile(h, percent, 100) / 1e3);
	else
		table_cell(t, "-");
}

static void print_caches(FILE *f, const struct info *i)
{
	static const char *const head[] = { "cache",	   "bytes", "allocs", "frees",
					    "implicit",	   "peak",  "at end", "other CPU %",
					    "life p50 us", "p99 us" };
	struct table t = { .columns = sizeof(head) / sizeof(head[0]) };

	for (unsigned k = 0; k < t.columns; k++)
		table_cell(&t, "%s", head[k]);
	for (uint32_t k = 0; k < i->nr; k++) {
		uint32_t at = i->order[k];
		const struct kmemcount *n = &i->counts.cache[at];
		uint64_t gone = n->frees + n->implicit;

		table_cell(&t, "%s", i->cache[at].name);
		table_cell(&t, "%u", i->cache[at].req);
		table_cell(&t, "%" PRIu64, n->allocs);
		table_cell(&t, "%" PRIu64, n->frees);
		table_cell(&t, "%" PRIu64, n->implicit);
		table_cell(&t, "%" PRIu64, n->peak);
		table_cell(&t, "%" PRIu64, n->live);
		if (gone)
			table_cell(&t, "%.1f", 100 * (double)n->cross / (double)gone);
		else
			table_cell(&t, "-");
		quantile(&t, n->lifetime, 50);
		quantile(&t, n->lifetime, 99);
	}
	table_print(&t, f);
	table_release(&t);
}

static json_t *cache_json(const struct kmemtrace_cache *c, const struct kmemcount *n)
{
	json_t *o = json_pack("{s:s%, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "name", c->name,
			      strlen(c->name), "object_size", (int)c->req, "stride", (int)c->alloc,
			      "allocs", (json_int_t)n->allocs, "frees", (json_int_t)n->frees,
			      "implicit", (json_int_t)n->implicit, "peak", (json_int_t)n->peak,
			      "live_at_end", (json_int_t)n->live, "freed_by_other_cpu",
			      (json_int_t)n->cross);

	if (!o) /* a name that is no UTF-8 */
		o = json_object();
	if (n->lifetime->count) {
		json_object_set_new(o, "lifetime_ns_p50",
				    json_integer((json_int_t)hist_quantile(n->lifetime, 50, 100)));
		json_object_set_new(o, "lifetime_ns_p99",
				    json_integer((json_int_t)hist_quantile(n->lifetime, 99, 100)));
	}
	return o;
}

static void print_json(FILE *f, const struct info *i)
{
	const struct kmemtrace_totals *n = i->n;
	json_t *caches = json_array(), *o;

	for (uint32_t k = 0; k < i->nr; k++)
		json_array_append_new(caches, cache_json(&i->cache[i->order[k]],
							 &i->counts.cache[i->order[k]]));
	o = json_pack("{s:s, s:f, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
		      "form", i->form, "seconds", (double)n->ns / 1e9, "cpus", (int)n->cpus,
		      "allocs", (json_int_t)n->allocs, "frees", (json_int_t)n->frees, "implicit",
		      (json_int_t)n->implicit, "unmatched", (json_int_t)n->unmatched, "failed",
		      (json_int_t)n->failed, "other_lines", (json_int_t)n->other, "lost",
		      (json_int_t)n->lost, "renamed", (json_int_t)n->renamed, "peak",
		      (json_int_t)n->peak, "live_at_end", (json_int_t)n->live, "caches", caches);
	if (*n->damage.text)
		json_object_set_new(o, "damage", json_string(n->damage.text));
	json_dumpf(o, f, JSON_INDENT(2));
	fputc('\n', f);
	json_decref(o);
}

int trace_info(FILE *f, const char *path, bool partial, bool json, struct err *e)
{
	struct info i = { .n = NULL };
	struct kmemtrace *t;
	int err = kmemtrace_open(&t, path, partial, e);

	if (err)
		return err;
	err = read_all(t, &i.counts, e);
	i.n = kmemtrace_totals(t);
	i.form = kmemtrace_form(t);
	i.cache = kmemtrace_cache(t, &i.nr);
	i.nr = i.counts.nr < i.nr ? i.counts.nr : i.nr;
	i.order = calloc(i.nr + 1, sizeof(*i.order));
	if (!err && !i.order)
		err = err_set(e, -ENOMEM, "no memory");
	if (!err) {
		for (uint32_t k = 0; k < i.nr; k++)
			i.order[k] = k;
		qsort_r(i.order, i.nr, sizeof(*i.order), by_allocs, &i.counts);
		if (json) {
			print_json(f, &i);
		} else {
			print_totals(f, &i);
			print_caches(f, &i);
		}
	}
	free(i.order);
	kmemcounts_fini(&i.counts);
	kmemtrace_close(t);
	return err;
}
