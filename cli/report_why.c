/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explains a verdict: what the settings came to, what their geometry means for the cache, and
 * which other numbers changed in the same launches. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"
#include "cli/report.h"

#define MOST_EXPLAINED 3 /* verdicts of a family */
#define MOST_SETTINGS 12

/* What is of the launch and not of the config. */
static int is_of_the_launch(const char *metric)
{
	static const char *const names[] = { "effective.ops", "effective.warmup_ops",
					     "effective.cpus", NULL };
	unsigned i;

	for (i = 0; names[i]; i++)
		if (!strcmp(metric, names[i]))
			return 1;
	return 0;
}

/* What the request came to and is not the same in both. */
static unsigned settings(struct table *t, const struct comparison *x)
{
	const struct results *r = x->a.run;
	char a[40], b[40];
	unsigned m, n = 0;

	for (m = 0; m < r->nr_metrics && n < MOST_SETTINGS; m++) {
		const char *name = r->metric[m].name;
		double of_a, of_b;

		if (strncmp(name, "effective.", 10) || is_of_the_launch(name))
			continue;
		of_a = picture_median(r, x->a.config, name);
		of_b = picture_median(r, x->b.config, name);
		if (isnan(of_a) || isnan(of_b) || of_a == of_b)
			continue;
		n++;
		table_cell(t, "%s", name);
		table_cell(t, "%s", results_number(of_b, b, sizeof(b)));
		table_cell(t, "%s", results_number(of_a, a, sizeof(a)));
		table_cell(t, "what the setting came to");
	}
	return n;
}

static void changed(struct table *t, const struct results *r, const struct explanation *e)
{
	char a[40], b[40];

	table_cell(t, "%s", r->metric[e->metric].name);
	table_cell(t, "%s", results_number(e->from, b, sizeof(b)));
	table_cell(t, "%s", results_number(e->to, a, sizeof(a)));
	if (isnan(e->rho))
		table_cell(t, "%s",
			   e->exact ? "exact: counted, not measured" :
				      "does not vary from launch to launch");
	else
		table_cell(
			t,
			"from launch to launch: Spearman %.2f over %u (by chance so far from 0: %.2g)",
			e->rho, e->n, e->p);
}

/*
 * Where one way of the L1 is no larger than a page, all slabs begin in the same sets but for their
 * colour: how many lines those sets hold, against how many are hot.
 */
static void cache_sets(struct report *r, const struct comparison *x)
{
	const struct results *run = x->a.run;
	const struct judge_side *side[2] = { &x->b, &x->a };
	double hot = strtod(picture_requested(run, x->a.config, "n"), NULL), lines[2];
	unsigned i;

	if (strcmp(picture_requested(run, x->a.config, "workload"), "hot-header") ||
	    strcmp(picture_requested(run, x->a.config, "lines"), "1") || !(hot > 0))
		return;
	for (i = 0; i < 2; i++) {
		unsigned c = side[i]->config;
		double size = picture_median(run, c, "effective.l1d_size");
		double ways = picture_median(run, c, "effective.l1d_ways");
		double slab = picture_median(run, c, "effective.page_size") *
			      exp2(picture_median(run, c, "effective.gfporder"));
		double colours = picture_median(run, c, "effective.colours_seen");
		double line = picture_median(run, c, "effective.cache_line");

		if (!(size > 0 && ways > 0 && size / ways <= slab) || !(colours >= 0) ||
		    !(line > 0 && picture_median(run, c, "effective.colour_off") >= line))
			return;
		lines[i] = fmin(ways * fmax(colours, 1), size / line);
	}
	if (lines[0] == lines[1])
		return;
	doc_text(
		&r->d,
		"By its geometry: slabs begin on the same sets of the L1, but for their colour. The sets that the "
		"colours of %s reach hold %.0f first lines, those of %s %.0f; %.0f are hot.",
		run->config[x->b.config].label, lines[0], run->config[x->a.config].label, lines[1],
		hot);
}

static void one(struct report *r, const struct family *f, const struct comparison *x)
{
	struct explanation e[EXPLAIN_MOST];
	struct table t = { .columns = 4 };
	char text[900];
	unsigned n, k, all = 0;

	compare_sentence(&f->c, x, text, sizeof(text));
	doc_text(&r->d, "%s.", text);
	cache_sets(r, x);
	table_cell(&t, "number");
	table_cell(&t, "baseline");
	table_cell(&t, "config");
	table_cell(&t, "how it goes along");
	n = settings(&t, x);
	k = explain(x, f->c.confidence, e, &all);
	for (unsigned i = 0; i < k; i++)
		changed(&t, x->a.run, &e[i]);
	if (n + k)
		doc_table(&r->d, &t, 0, "What else differs between %s and %s",
			  x->b.run->config[x->b.config].label, x->a.run->config[x->a.config].label);
	if (all > k)
		doc_text(&r->d, "%u more changed; slabscope stat --all has them.", all - k);
	if (!all)
		doc_text(&r->d, "No other number that was measured changed with it.");
	table_release(&t);
}

void report_why(struct report *r, const struct family *f)
{
	unsigned *order, i, told = 0;

	if (!f->c.nr)
		return;
	report_family_heading(r, f);
	if (f->exp < 0) {
		doc_text(
			&r->d,
			"Launches of two runs make no pairs, so what moves together cannot be told. What is "
			"different between the runs stands under Environment.");
		return;
	}
	order = report_order(f);
	for (i = 0; order && i < f->c.nr && told < MOST_EXPLAINED; i++) {
		const struct comparison *x = &f->c.item[order[i]];

		if (!report_is_decided(x) || x->kind == JUDGE_EXACT)
			continue;
		one(r, f, x);
		told++;
	}
	if (!told)
		doc_text(&r->d, "Nothing was told apart, so there is nothing to explain.");
	free(order);
}
