/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/table.h"
#include "cli/trace_info.h"
#include "cli/tune_trace.h"

static void percent(struct table *t, double ratio)
{
	if (isnan(ratio))
		table_cell(t, "-");
	else
		table_cell(t, "%+.*f%%", fabs(ratio - 1) < 0.01 ? 2 : 1, (ratio - 1) * 100);
}

static void life(struct table *t, double us)
{
	if (isnan(us))
		table_cell(t, "-");
	else
		table_cell(t, "%.3g", us);
}

static void row(struct table *t, const struct tune_traced *x)
{
	table_cell(t, "%s", x->a.cache);
	table_cell(t, "%u", x->a.size);
	table_cell(t, "%" PRIu64, x->allocs + x->frees);
	table_cell(t, "%" PRIu64, x->peak);
	if (x->frees)
		table_cell(t, "%.1f", 100 * (double)x->cross / (double)x->frees);
	else
		table_cell(t, "-");
	life(t, x->life_p50);
	percent(t, x->whole);
	percent(t, x->alone);
	percent(t, x->a.bytes / x->a.was);
	table_cell(t, "%s", x->a.pick);
}

static unsigned table(const struct tune_trace *t, FILE *f)
{
	static const char *const head[] = { "cache",	   "bytes",	  "records", "peak",
					    "other CPU %", "life p50 us", "whole",   "alone",
					    "memory",	   "advice" };
	struct table out = { .columns = sizeof(head) / sizeof(*head) };
	unsigned n = 0;

	for (unsigned i = 0; i < out.columns; i++)
		table_cell(&out, "%s", head[i]);
	for (unsigned i = 0; i < t->nr; i++)
		if (!t->cache[i].a.failed && t->cache[i].a.verdict == TUNE_CHANGE) {
			row(&out, &t->cache[i]);
			n++;
		}
	if (n)
		table_print(&out, f);
	table_release(&out);
	return n;
}

static void rest(const struct tune_trace *t, FILE *f)
{
	unsigned same = 0, nothing = 0;

	for (unsigned i = 0; i < t->nr; i++) {
		const struct tune_traced *x = &t->cache[i];

		if (x->a.failed || x->a.verdict == TUNE_CHANGE)
			continue;
		same++;
		nothing += !isnan(x->whole);
	}
	fprintf(f, "keep the default: %u", same);
	if (nothing)
		fprintf(f, " (%u of them would gain alone, but not in the whole trace)", nothing);
	fputs("\n", f);
	if (t->nr_few)
		fprintf(f, "not tried: %u with fewer than %u records\n", t->nr_few,
			TUNE_TRACE_LEAST);
	if (t->nr_left)
		fprintf(f, "not tried: %u that are not among the --top\n", t->nr_left);
	for (unsigned i = 0; i < t->nr; i++)
		if (t->cache[i].a.failed)
			fprintf(f, "%s could not be tried: %s\n", t->cache[i].a.cache,
				t->cache[i].a.why);
}

void tune_trace_text(const struct tune_trace *t, FILE *f)
{
	unsigned n;

	fprintf(f,
		"advice for %u cache%s of %s, by what it would gain; the model of %s alone: no hardware was asked\n"
		"%s, %.3f s, %u CPUs; ",
		t->nr, t->nr == 1 ? "" : "s", t->q->trace, t->target, t->form,
		(double)t->totals.ns / 1e9, t->totals.cpus);
	trace_totals_line(f, &t->totals);
	tune_advice_terms(t->q, f);
	n = table(t, f);
	if (n) {
		fprintf(f,
			"\nwhole: of the whole trace with this cache's toggles changed; alone: of its own records alone\n");
		if (!isnan(t->together))
			fprintf(f,
				"all of it together: %+.2f %% of the whole trace; memory of these caches at their peaks %+.1f %%\n",
				(t->together - 1) * 100, (t->bytes / t->was - 1) * 100);
		else
			fprintf(f,
				"for the whole trace this objective is not known; what counts is the cache alone\n");
	}
	rest(t, f);
}

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *cache(const struct tune_traced *x)
{
	json_t *o = tune_advice_json(&x->a);

	json_object_update_new(
		o, json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "allocs",
			     (json_int_t)x->allocs, "frees", (json_int_t)x->frees, "peak",
			     (json_int_t)x->peak, "live_at_end", (json_int_t)x->at_end,
			     "freed_by_other_cpu", (json_int_t)x->cross, "lifetime_us_p50",
			     number(x->life_p50), "lifetime_us_p99", number(x->life_p99),
			     "whole_ratio", number(x->whole), "alone_ratio", number(x->alone)));
	return o;
}

json_t *tune_trace_json(const struct tune_trace *t)
{
	uint64_t records = t->totals.allocs + t->totals.frees + t->totals.implicit;
	json_t *all = json_array(), *o;

	for (unsigned i = 0; i < t->nr; i++)
		json_array_append_new(all, cache(&t->cache[i]));
	o = json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:I, s:o, s:o, s:i, s:i, s:o}", "format", 1,
		      "target", t->target, "decided_by", "model", "objective", t->q->objective,
		      "cpus", (int)t->totals.cpus, "workers", (int)t->workers, "records",
		      (json_int_t)records, "together_ratio", number(t->together),
		      "together_memory_ratio", number(t->bytes / t->was), "too_few_records",
		      (int)t->nr_few, "not_in_top", (int)t->nr_left, "caches", all);
	if (o && *t->totals.damage.text)
		json_object_set_new(o, "damage", json_string(t->totals.damage.text));
	return o;
}
