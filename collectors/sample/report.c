/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values out of joined samples: see report.h. */
#include "collectors/sample/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	struct sample_result *r;
	struct value_sink *out;
	enum value_state state;
	double share; /* of the samples that were kept */
	char note[240];
};

static void put(const struct writer *w, const char *what, int n, double value, const char *unit,
		const char *note)
{
	char metric[96];
	struct value v = {
		.metric = metric,
		.value = value,
		.unit = unit,
		.state = w->state,
		.share = w->share,
		.source = w->r->source->source,
		.worker = -1,
		.note = note && *note ? note :
			*w->note      ? w->note :
					NULL,
	};

	snprintf(metric, sizeof(metric), n < 0 ? "sample.%s.%s" : "sample.%s.%s_%d",
		 w->r->source->word, what, n);
	w->out->put(w->out, &v);
}

static void put_refused(const struct writer *w, const char *what, const char *unit, const char *why)
{
	char metric[96];

	snprintf(metric, sizeof(metric), "sample.%s.%s", w->r->source->word, what);
	value_put_unavailable(w->out, metric, unit, w->r->source->source, why);
}

/* One value per counter of @count; @unit_of is what `step` of them is called in the note. */
static void put_row(const struct writer *w, const char *what, const uint64_t *count, unsigned n,
		    unsigned scale, unsigned step, const char *unit_of)
{
	char note[64] = "";

	for (unsigned i = 0; i < n; i++) {
		if (step > 1)
			snprintf(note, sizeof(note), "%s %u to %u", unit_of, i * scale,
				 i * scale + step - 1);
		put(w, what, (int)(i * scale), (double)count[i], "samples", note);
	}
}

static void put_parts(const struct writer *w)
{
	const struct join_counts *c = &w->r->counts;
	char name[48];

	for (int i = 0; i < PART_NR; i++)
		put(w, sample_part_names[i], -1, (double)c->part[i], "samples", NULL);
	for (int i = 0; i < PART_NR; i++) {
		snprintf(name, sizeof(name), "share_%s", sample_part_names[i]);
		if (c->samples)
			put(w, name, -1, (double)c->part[i] / (double)c->samples, "1", NULL);
		else
			put_refused(w, name, "1", "no samples in the region");
	}
}

static void put_layout(const struct writer *w, const struct join_map *m)
{
	const struct join_counts *c = &w->r->counts;
	unsigned colours = m->colours < JOIN_COLOURS ? m->colours : JOIN_COLOURS;

	put_row(w, "colour", c->colour, colours, 1, 1, "");
	if (m->colours > JOIN_COLOURS)
		put(w, "colour_rest", -1, (double)c->colour[JOIN_COLOURS], "samples",
		    "colours 32 and above");
	put_row(w, "slab_line", c->line, m->lines, m->line_step, m->line_step, "lines");
	put_row(w, "object_line", c->object_line, m->object_lines, m->object_line_step,
		m->object_line_step, "lines");
	put_row(w, "field", c->field, m->fields, m->field_bytes, m->field_bytes, "bytes");
	if (m->nodes > 1)
		put_row(w, "node", c->node, m->nodes < JOIN_NODES ? m->nodes : JOIN_NODES, 1, 1,
			"");
	if (m->nodes > JOIN_NODES)
		put(w, "node_rest", -1, (double)c->node[JOIN_NODES], "samples",
		    "nodes 8 and above");
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The smallest latency that at least a share of @p had. */
static double percentile(const uint64_t *sorted, size_t n, double p)
{
	size_t at = (size_t)(p * (double)n);

	if ((double)at < p * (double)n)
		at++;
	return (double)sorted[at ? at - 1 : 0];
}

static void put_memory(const struct writer *w)
{
	struct sample_result *r = w->r;
	const struct join_counts *c = &r->counts;

	if (r->source->sample_type & PERF_SAMPLE_DATA_SRC) {
		for (int i = 0; i < LEVEL_NR; i++) {
			char name[32];

			snprintf(name, sizeof(name), "level_%s", sample_level_names[i]);
			put(w, name, -1, (double)c->level[i], "samples", NULL);
		}
		put(w, "hitm", -1, (double)c->hitm, "samples", NULL);
		put(w, "tlb_misses", -1, (double)c->tlb_miss, "samples", NULL);
	}
	if (!(r->source->sample_type & PERF_SAMPLE_WEIGHT))
		return;
	if (r->nr_latency < 2) {
		put_refused(w, "latency_p50", "cycles", "fewer than 2 samples with a latency");
		return;
	}
	qsort(r->latency, r->nr_latency, sizeof(*r->latency), ascending);
	put(w, "latency_p50", -1, percentile(r->latency, r->nr_latency, 0.5), "cycles", NULL);
	if (r->nr_latency > 100)
		put(w, "latency_p99", -1, percentile(r->latency, r->nr_latency, 0.99), "cycles",
		    NULL);
	else
		put_refused(w, "latency_p99", "cycles",
			    "needs more than 100 samples with a latency");
}

/* With lost samples all counts are of those that were kept: the first ones, so not even a fair
 * selection, which is why they are not scaled up. */
static void put_totals(struct writer *w)
{
	const struct sample_result *r = w->r;
	uint64_t kept = r->counts.samples;
	enum value_state state = w->state;
	double share = w->share;

	put(w, "samples", -1, (double)kept, "samples", NULL);
	w->state = VALUE_EXACT;
	w->share = 1;
	put(w, "lost", -1, (double)r->lost, "samples", NULL);
	if (r->counted != SAMPLE_NO_COUNT)
		put(w, "counted", -1, (double)r->counted, "events", NULL);
	else
		put_refused(w, "counted", "events", "the event's counter could not be read");
	if (r->throttled)
		put(w, "throttled", -1, (double)r->throttled, "1",
		    "sampling was too frequent: raise sample_period or "
		    "kernel.perf_event_max_sample_rate");
	w->state = state;
	w->share = share;
}

void sample_report(struct sample_result *r, const struct join_map *m, const char *no_slabs,
		   struct value_sink *out)
{
	uint64_t kept = r->counts.samples;
	struct writer w = { .r = r, .out = out, .state = VALUE_EXACT, .share = 1 };

	snprintf(w.note, sizeof(w.note), "%s", r->remark);
	if (r->lost || r->malformed) {
		w.state = VALUE_SCALED;
		w.share = (double)kept / (double)(kept + r->lost);
		snprintf(w.note, sizeof(w.note),
			 "of the first %" PRIu64 " samples only: the ring was full; raise "
			 "sample_ring or sample_period",
			 kept);
	} else if (r->slabs_lost) {
		snprintf(w.note, sizeof(w.note),
			 "%u slabs found no room in the log: raise sample_slabs", r->slabs_lost);
	}
	put_totals(&w);
	if (*no_slabs) {
		for (int i = 0; i < PART_NR; i++)
			put_refused(&w, sample_part_names[i], "samples", no_slabs);
	} else {
		put(&w, "slabs", -1, (double)r->slabs, "slabs", NULL);
		put_parts(&w);
		put_layout(&w, m);
	}
	put_memory(&w);
}

void sample_report_unavailable(const char *event, const char *source, const char *why,
			       struct value_sink *out)
{
	static const char *const what[] = { "samples", "lost" };
	char metric[96];

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		snprintf(metric, sizeof(metric), "sample.%s.%s", event, what[i]);
		value_put_unavailable(out, metric, "samples", source, why);
	}
	for (int i = 0; i < PART_NR; i++) {
		snprintf(metric, sizeof(metric), "sample.%s.%s", event, sample_part_names[i]);
		value_put_unavailable(out, metric, "samples", source, why);
	}
}
