/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "cli/results.h"
#include "cli/tune.h"

#define SHOWN 6 /* of a list that could be long */

static const char *point(const struct tuning *t, unsigned p, char buf[512])
{
	return tune_point_text(&t->space, p, " ", buf, 512);
}

/* Paragraphs, broken at blanks. */
static void wrapped(FILE *f, const char *text)
{
	const unsigned width = 100;
	unsigned at = 0;

	while (*text) {
		unsigned n = (unsigned)strcspn(text, " ");

		if (at && at + 1 + n > width) {
			fputs("\n", f);
			at = 0;
		}
		fprintf(f, "%s%.*s", at ? " " : "  ", (int)n, text);
		at += n + 1;
		text += n + (text[n] == ' ');
	}
	fputs("\n", f);
}

static void percent_fewer(FILE *f, double ratio)
{
	if (fabs(ratio - 1) < 1e-4)
		fputs("the same", f);
	else if (ratio > 0 && ratio < 0.5)
		fprintf(f, "%.3g x less", 1 / ratio);
	else if (ratio <= 1)
		fprintf(f, "%.3g %% less", (1 - ratio) * 100);
	else
		fprintf(f, "%.3g %% more", (ratio - 1) * 100);
}

static void gain(const struct tuning *t, FILE *f)
{
	const struct tune_gain *g = &t->gain;

	if (!g->source || isnan(g->ratio))
		return;
	fprintf(f, "  %s: ", g->metric);
	percent_fewer(f, g->ratio);
	if (g->pairs)
		fprintf(f,
			" (ratio %.4g, 95 %% interval %.4g to %.4g, %u pairs of launches on this machine)\n",
			g->ratio, g->low, g->high, g->pairs);
	else
		fprintf(f, " (ratio %.4g, counted on the model)\n", g->ratio);
}

static void price(const struct tuning *t, FILE *f)
{
	const struct tune_point *a = &t->space.point[0], *b = &t->space.point[t->pick];

	fprintf(f, "  memory: %.1f bytes per object, %+.1f %% (was %.1f)\n", b->bytes_per_object,
		(b->bytes_per_object / a->bytes_per_object - 1) * 100, a->bytes_per_object);
}

static void verdict(const struct tuning *t, FILE *f)
{
	char text[512];

	switch (t->verdict) {
	case TUNE_CHANGE:
		fprintf(f, "Change: %s\n", point(t, t->pick, text));
		gain(t, f);
		price(t, f);
		break;
	case TUNE_KEEP:
		fprintf(f, "Keep the default: %s.\n", t->why_not);
		break;
	default:
		fprintf(f, "Inconclusive, so keep the default: %s.\n", t->why_not);
	}
	if (t->region_ms && *t->region_ms)
		fprintf(f,
			"  launches measured %s ms each: of longer ones too many were disturbed by other work here\n",
			t->region_ms);
	if (t->folder[0])
		fprintf(f, "  the launches are in %s\n", t->folder);
	if (t->reason[0]) {
		fprintf(f, "\nWhy (the model):\n");
		wrapped(f, t->reason);
	}
}

static void pareto(const struct tuning *t, FILE *f)
{
	char text[512], number[32];

	if (!t->nr_pareto)
		return;
	fprintf(f, "\nMemory against misses (nothing that was tried is better in both):\n"
		   "  bytes/object  L1 misses/op  setting\n");
	for (unsigned i = 0; i < t->nr_pareto; i++) {
		unsigned p = t->pareto[i];

		fprintf(f, "  %12.1f  %12s  %s%s\n", t->space.point[p].bytes_per_object,
			results_number(tune_point_misses(t, p), number, sizeof(number)),
			point(t, p, text), p == t->pick && p ? "   <- the pick" : "");
	}
}

static void alike(const struct tuning *t, FILE *f)
{
	char text[512];
	unsigned shown = 0;

	if (!t->nr_alike)
		return;
	fprintf(f, "\nNot distinguishable from %s (within %.2g %% on the model):\n",
		t->pick ? "the pick" : "what stands", t->q->delta * 100);
	for (; shown < t->nr_alike && shown < SHOWN; shown++)
		fprintf(f, "  %s\n", point(t, t->alike[shown], text));
	if (shown < t->nr_alike)
		fprintf(f, "  and %u more\n", t->nr_alike - shown);
}

static void sense(const struct tuning *t, FILE *f)
{
	char none[256] = "";

	if (!t->nr_sense)
		return;
	fprintf(f, "\nWhich toggle matters (all else as in %s):\n",
		t->pick ? "the pick" : "what stands");
	for (unsigned i = 0; i < t->nr_sense;) {
		unsigned toggle = t->sense[i].toggle, n = 0;
		const struct tune_toggle *x = &t->space.toggle[toggle];

		for (; i < t->nr_sense && t->sense[i].toggle == toggle; i++) {
			const struct tune_sense *s = &t->sense[i];

			if (fabs(s->ratio - 1) <= t->q->delta)
				continue;
			if (!n++)
				fprintf(f, "  %-14s", x->row->name);
			fprintf(f, "%s %s: ", n > 1 ? "," : "", x->value[s->value]);
			if (isinf(s->ratio))
				fputs("cannot be run", f);
			else
				fprintf(f, "%+.3g %%", (s->ratio - 1) * 100);
		}
		if (n)
			fputs("\n", f);
		else if (strlen(none) + strlen(x->row->name) + 3 < sizeof(none))
			snprintf(none + strlen(none), sizeof(none) - strlen(none), "%s%s",
				 *none ? ", " : "", x->row->name);
	}
	if (*none)
		fprintf(f, "  makes no difference: %s\n", none);
}

static void moves(const struct tuning *t, FILE *f)
{
	if (!t->nr_moves)
		return;
	fprintf(f, "\nHow far the advice reaches (the pick against what stands):\n");
	for (unsigned i = 0; i < t->nr_moves; i++) {
		const struct tune_move *m = &t->move[i];

		fprintf(f, "  %-20s ", m->what);
		if (isnan(m->ratio) || isinf(m->ratio))
			fputs("cannot be told\n", f);
		else {
			percent_fewer(f, m->ratio);
			fprintf(f, " (%s)\n", m->source);
		}
	}
}

void tune_text(const struct tuning *t, FILE *f)
{
	fprintf(f, "%s, objects of %u bytes, %s\n", t->spec.run.workload,
		t->space.point[0].geometry.object_size,
		t->on_host ? "on this machine" : "on the model alone: no hardware was asked");
	fprintf(f, "target %s%s%s%s\n\n", t->target, *t->mt.cpu ? " (" : "", t->mt.cpu,
		*t->mt.cpu ? ")" : "");
	verdict(t, f);
	pareto(t, f);
	alike(t, f);
	sense(t, f);
	moves(t, f);
	fprintf(f, "\n%u settings are possible, %u of them differ in what they come to",
		t->space.possible, t->space.nr_points);
	if (t->space.over)
		fprintf(f, " (%u would take too much memory)", t->space.over);
	if (t->found.full)
		fprintf(f, "; %u modelled trials of full length, %u brief ones", t->found.fulls,
			t->found.briefs);
	fprintf(f, "; %.2f s of processor time\n", t->cpu_seconds);
	if (t->model.failed)
		fprintf(f, "%u settings could not be run, the last one: %s\n", t->model.failed,
			t->model.why.text);
}
