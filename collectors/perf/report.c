/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/report.h"

#define NOTE_MAX 1200
#define METRIC_MAX 128

struct reporter {
	const struct perf_plan *p;
	const struct perf_worker *w;
	unsigned workers;
	double ops;
	struct value_sink *out;
};

/* ---- adding up ---- */

static void count_add(struct perf_count *sum, double factor, const struct perf_count *c)
{
	if (sum->state == VALUE_UNAVAILABLE)
		return;
	if (c->state == VALUE_UNAVAILABLE) {
		*sum = *c;
		return;
	}
	sum->value += factor * c->value;
	if (c->state == VALUE_SCALED)
		sum->state = VALUE_SCALED;
	if (c->share < sum->share)
		sum->share = c->share;
}

/* Event @event of set @set as worker @w counted it. Where the region is run in passes, every set has
 * its counters for itself: if it lost them for a while, there is no number. */
static void event_count(const struct reporter *r, const struct perf_worker *w, unsigned set,
			unsigned event, struct perf_count *out)
{
	struct perf_count all[PERF_GROUP_MAX];
	double share;

	*out = (struct perf_count){ .state = VALUE_UNAVAILABLE };
	if (!w->slot[set].open) {
		out->why = w->slot[set].why;
		return;
	}
	perf_group_result(&w->slot[set].group, all);
	*out = all[event];
	if (out->state != VALUE_SCALED || r->p->multiplex)
		return;
	share = out->share;
	*out = (struct perf_count){ .state = VALUE_UNAVAILABLE };
	snprintf(out->why.reason, sizeof(out->why.reason), "starved: ran %.0f %% of the region",
		 share * 100);
	snprintf(out->why.remedy, sizeof(out->why.remedy),
		 "stop what else counts (another profiler, the NMI watchdog), or "
		 "perf_multiplex=on");
}

/* A difference of events that do not belong together can come out below nothing. */
static void check_sign(const struct perf_item *it, struct perf_count *sum)
{
	double v = sum->value;

	if (sum->state == VALUE_UNAVAILABLE || v >= 0)
		return;
	memset(sum, 0, sizeof(*sum));
	sum->state = VALUE_UNAVAILABLE;
	snprintf(sum->why.reason, sizeof(sum->why.reason),
		 "its events contradict each other: %.100s came out as %.0f", it->cand.expression,
		 v);
}

/* @it of worker @w: each term where it was placed, or (@set >= 0) all in that set; false when that
 * set lacks one. */
static bool item_count(const struct reporter *r, const struct perf_worker *w,
		       const struct perf_item *it, int set, struct perf_count *sum)
{
	*sum = (struct perf_count){ .state = VALUE_EXACT, .share = 1 };
	for (unsigned t = 0; t < it->cand.nr_terms; t++) {
		unsigned in = set >= 0 ? (unsigned)set : it->at[t].set;
		int event = perf_set_find(&r->p->set[in], &it->cand.term[t].event);
		struct perf_count c;

		if (event < 0)
			return false;
		event_count(r, w, in, (unsigned)event, &c);
		count_add(sum, it->cand.term[t].factor, &c);
	}
	check_sign(it, sum);
	return true;
}

static bool item_total(const struct reporter *r, const struct perf_item *it, int set,
		       struct perf_count *sum)
{
	*sum = (struct perf_count){ .state = VALUE_EXACT, .share = 1 };
	for (unsigned i = 0; i < r->workers; i++) {
		struct perf_count c;

		if (!item_count(r, &r->w[i], it, set, &c))
			return false;
		count_add(sum, 1, &c);
	}
	return true;
}

/* ---- notes ---- */

static bool software(const struct perf_item *it)
{
	for (unsigned t = 0; t < it->cand.nr_terms; t++)
		if (!perf_event_software(&it->cand.term[t].event))
			return false;
	return it->cand.nr_terms > 0;
}

struct note {
	char text[NOTE_MAX];
};

static void note_add(struct note *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note_add(struct note *n, const char *fmt, ...)
{
	size_t len = strlen(n->text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(n->text + len, sizeof(n->text) - len, fmt, args);
	va_end(args);
}

static void note_codes(struct note *n, const struct ev_candidate *c)
{
	for (unsigned t = 0; t < c->nr_terms; t++) {
		const struct perf_event *ev = &c->term[t].event;

		note_add(n, "%stype=%" PRIu32 " config=0x%" PRIx64, t ? "; " : " [", ev->type,
			 ev->config);
		if (ev->config1)
			note_add(n, " config1=0x%" PRIx64, ev->config1);
		if (ev->config2)
			note_add(n, " config2=0x%" PRIx64, ev->config2);
	}
	note_add(n, "]");
}

/* In which passes its terms are counted: said when there is more than one. */
static void note_passes(struct note *n, const struct perf_plan *p, const struct perf_item *it)
{
	unsigned first = p->set[it->at[0].set].pass;
	bool several = false;

	if (p->passes == 1)
		return;
	for (unsigned t = 1; t < it->cand.nr_terms; t++)
		several |= p->set[it->at[t].set].pass != first;
	if (several)
		note_add(n, "; its events in different passes of %u", p->passes);
	else
		note_add(n, "; pass %u of %u", first + 1, p->passes);
}

static void note_of(struct note *n, const struct perf_plan *p, const struct perf_item *it)
{
	char buf[24];

	*n->text = '\0';
	note_add(n, "%s", it->cand.expression);
	note_codes(n, &it->cand);
	note_add(n, "; %s", ev_origin_names[it->cand.origin]);
	if (*it->cand.pmu && !software(it))
		note_add(n, " (%s)", it->cand.pmu);
	if (perf_event_side(&it->cand.term[0].event, it->side) == PERF_BOTH &&
	    it->side != PERF_BOTH)
		note_add(n, "; counted with the kernel's side");
	if (it->preferred.error)
		note_add(n, "; a better one was refused (%s)",
			 perf_errno_name(it->preferred.error, buf, sizeof(buf)));
	if (*it->cand.note)
		note_add(n, "; %s", it->cand.note);
	note_passes(n, p, it);
	for (char *c = n->text; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
}

/* ---- values ---- */

static const char *source_of(const struct perf_item *it)
{
	return software(it) ? "software" : "hardware";
}

/* Unavailable: @note is ignored, the refusal says why. */
static void put(const struct reporter *r, const char *metric, const struct perf_count *c,
		double value, const char *unit, const char *source, int worker, const char *note)
{
	char text[NOTE_MAX];
	struct value v = {
		.metric = metric,
		.value = value,
		.unit = unit,
		.state = c->state,
		.share = c->state == VALUE_SCALED ? c->share : 1,
		.source = source,
		.worker = worker,
		.note = note,
	};

	if (c->state == VALUE_UNAVAILABLE)
		v.note = perf_refusal_text(&c->why, text, sizeof(text));
	r->out->put(r->out, &v);
}

static void report_item(const struct reporter *r, const struct perf_item *it)
{
	char metric[METRIC_MAX], per_op[METRIC_MAX];
	const char *source = source_of(it);
	struct perf_count sum;
	struct note note = { .text = "" };

	snprintf(metric, sizeof(metric), "perf.%s", it->metric);
	snprintf(per_op, sizeof(per_op), "perf.%s_per_op", it->metric);
	if (it->counted) {
		note_of(&note, r->p, it);
		item_total(r, it, -1, &sum);
	} else {
		sum = (struct perf_count){ .state = VALUE_UNAVAILABLE, .why = it->why };
	}
	put(r, metric, &sum, sum.value, it->unit, source, -1, note.text);
	if (it->per_op && r->ops > 0)
		put(r, per_op, &sum, sum.value / r->ops, it->unit, source, -1, NULL);
	for (unsigned i = 0; i < r->workers && r->workers > 1 && it->counted; i++) {
		item_count(r, &r->w[i], it, -1, &sum);
		put(r, metric, &sum, sum.value, it->unit, source, (int)i, NULL);
	}
}

static const struct perf_item *find_item(const struct perf_plan *p, const char *quantity,
					 enum perf_side side)
{
	for (unsigned i = 0; i < p->nr_items; i++)
		if (p->item[i].side == side && !strcmp(p->item[i].quantity, quantity))
			return &p->item[i];
	return NULL;
}

/* The parts of a formula, as one set counted them. */
struct formula {
	struct perf_parts parts;
	const struct perf_item *item[PERF_PARTS_MAX];
	struct perf_count count[PERF_PARTS_MAX];
};

static double get_part(void *ctx, const char *name)
{
	const struct formula *f = ctx;

	for (unsigned i = 0; i < f->parts.nr; i++)
		if (!strcmp(f->parts.name[i], name))
			return f->count[i].value;
	return NAN;
}

/* Were all parts asked for on @side? */
static bool formula_items(const struct reporter *r, const struct ev_derived *d, enum perf_side side,
			  struct formula *f)
{
	memset(f, 0, sizeof(*f));
	perf_parts_of(d, &f->parts);
	for (unsigned i = 0; i < f->parts.nr; i++) {
		f->item[i] = find_item(r->p, f->parts.name[i], side);
		if (!f->item[i])
			return false;
	}
	return f->parts.nr && !f->parts.more;
}

/* A set that counts all parts; -1: none. */
static int formula_count(const struct reporter *r, struct formula *f)
{
	for (unsigned set = 0; set < r->p->nr_sets; set++) {
		bool all = true;

		for (unsigned i = 0; i < f->parts.nr && all; i++)
			all = item_total(r, f->item[i], (int)set, &f->count[i]);
		if (all)
			return (int)set;
	}
	return -1;
}

static void formula_value(const struct reporter *r, const struct ev_derived *d, struct formula *f,
			  struct perf_count *out)
{
	*out = (struct perf_count){ .state = VALUE_EXACT, .share = 1 };
	for (unsigned i = 0; i < f->parts.nr; i++)
		if (!f->item[i]->counted) {
			*out = (struct perf_count){ .state = VALUE_UNAVAILABLE,
						    .why = f->item[i]->why };
			return;
		}
	if (formula_count(r, f) < 0) {
		*out = (struct perf_count){ .state = VALUE_UNAVAILABLE };
		snprintf(out->why.reason, sizeof(out->why.reason),
			 "its parts do not fit into one group, and counts of different passes are "
			 "not divided");
		return;
	}
	for (unsigned i = 0; i < f->parts.nr; i++)
		count_add(out, 0, &f->count[i]);
	if (out->state == VALUE_UNAVAILABLE)
		return;
	out->value = ev_derived_value(d, get_part, f);
	if (isfinite(out->value))
		return;
	*out = (struct perf_count){ .state = VALUE_UNAVAILABLE };
	snprintf(out->why.reason, sizeof(out->why.reason), "division by nothing: %.120s",
		 d->formula);
}

/* The suffix of the side is what its first part has beside its own name: "_kernel". */
static void report_derived(const struct reporter *r, const struct ev_derived *d,
			   enum perf_side side)
{
	char metric[METRIC_MAX], name[PERF_METRIC_MAX], part[PERF_METRIC_MAX];
	struct perf_count value;
	struct formula f;

	if (!formula_items(r, d, side, &f))
		return;
	formula_value(r, d, &f, &value);
	perf_metric_name(name, sizeof(name), d->name);
	perf_metric_name(part, sizeof(part), f.item[0]->quantity);
	snprintf(metric, sizeof(metric), "perf.%s%s", name, f.item[0]->metric + strlen(part));
	put(r, metric, &value, value.value, d->unit, source_of(f.item[0]), -1, d->formula);
}

/* ---- what counting costs ---- */

static void report_empty(const struct reporter *r, const struct perf_item *it)
{
	const struct perf_count exact = { .state = VALUE_EXACT, .share = 1 };
	char metric[METRIC_MAX];
	double least = 0;

	if (!it->counted)
		return;
	for (unsigned i = 0; i < r->workers; i++) {
		double v = 0;

		for (unsigned t = 0; t < it->cand.nr_terms; t++) {
			const struct perf_slot *s = &r->w[i].slot[it->at[t].set];

			if (!s->calibrated)
				return;
			v += it->cand.term[t].factor * s->empty[it->at[t].event];
		}
		least = !i || v < least ? v : least;
	}
	snprintf(metric, sizeof(metric), "perf.empty_%s", it->metric);
	put(r, metric, &exact, least, it->unit, source_of(it), -1,
	    "what starting and stopping counts itself; least of 100 empty regions");
}

/* Of the set that is nearest the region: hardware, where there is any. */
static void report_read(const struct reporter *r)
{
	const struct perf_count exact = { .state = VALUE_EXACT, .share = 1 };
	const struct perf_slot *slot = NULL;
	char note[64];

	for (unsigned i = 0; i < r->p->nr_sets; i++)
		if (r->w[0].slot[i].read_ns && (!slot || !r->p->set[i].software))
			slot = &r->w[0].slot[i];
	if (!slot)
		return;
	snprintf(note, sizeof(note), "by %s, %u events", slot->read_how, slot->group.nr);
	put(r, "perf.read_ns", &exact, (double)slot->read_ns, "ns", "clock", -1, note);
}

void perf_report(const struct perf_plan *p, const struct perf_worker *w, unsigned workers,
		 uint64_t ops, struct value_sink *out)
{
	const struct reporter r = { p, w, workers, (double)ops, out };

	for (unsigned i = 0; i < p->nr_items; i++)
		report_item(&r, &p->item[i]);
	for (unsigned d = 0; p->derived && p->derived[d]; d++)
		for (int side = PERF_USER; side <= PERF_BOTH; side++)
			report_derived(&r, p->derived[d], (enum perf_side)side);
	for (unsigned i = 0; i < p->nr_items; i++)
		report_empty(&r, &p->item[i]);
	report_read(&r);
}
