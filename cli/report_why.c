/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What explains a verdict: what the settings came to, what their geometry means for the cache, and
 * which other numbers changed in the same launches. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"
#include "cli/report.h"
#include "collectors/model/sim.h"

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
		table_cell(t, "%s", report_setting_words(name));
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

static const char *fit_words(int in_first, int in_second)
{
	if (in_first != in_second)
		return in_second ? "too many for the first, not for the second" :
				   "too many for the second, not for the first";
	return in_first ? "they fit in both" : "more than either holds";
}

/*
 * Where one way of the L1 is no larger than a page, all slabs begin in the same sets but for their
 * colour: how many lines those sets hold, of the baseline in lines[0], against how many are hot. 1; 0: that cannot be said,
 * or is the same.
 */
static int room_in_sets(const struct comparison *x, double lines[2], double *hot)
{
	const struct results *run = x->a.run;
	const struct judge_side *side[2] = { &x->b, &x->a };
	unsigned i;

	*hot = strtod(picture_requested(run, x->a.config, "n"), NULL);
	if (x->a.run != x->b.run || !(*hot > 0) ||
	    strcmp(picture_requested(run, x->a.config, "workload"), "hot-header") ||
	    strcmp(picture_requested(run, x->a.config, "lines"), "1"))
		return 0;
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
			return 0;
		lines[i] = fmin(ways * fmax(colours, 1), size / line);
	}
	return lines[0] != lines[1];
}

static void cache_sets(struct report *r, const struct comparison *x)
{
	const struct results *run = x->a.run;
	double hot, lines[2];

	if (!room_in_sets(x, lines, &hot))
		return;
	doc_text(
		&r->d,
		"By its geometry: slabs begin on the same sets of the L1, but for their colour. The sets that the "
		"colours of %s reach hold %.0f first lines, those of %s %.0f; %.0f are hot: %s.",
		run->config[x->b.config].label, lines[0], run->config[x->a.config].label, lines[1],
		hot, fit_words(hot <= lines[0], hot <= lines[1]));
}

/* Modelled misses per operation of the first level in which they differ the way that the verdict goes. */
static int modelled_reason(const struct comparison *x, char *buf, size_t len)
{
	char metric[64], was[40], is[40];

	for (unsigned i = 0; sim_level_names[i]; i++) {
		double a, b;

		snprintf(metric, sizeof(metric), "model.%s_misses_per_op", sim_level_names[i]);
		a = picture_median(x->a.run, x->a.config, metric);
		b = picture_median(x->b.run, x->b.config, metric);
		if (!(x->better > 0 ? a < b : a > b) || !strcmp(metric, x->metric))
			continue;
		snprintf(buf, len, "; on the model %s misses per operation are %s against %s",
			 sim_level_names[i], results_number(a, is, sizeof(is)),
			 results_number(b, was, sizeof(was)));
		return 1;
	}
	return 0;
}

void report_sentence(const struct family *f, const struct comparison *x, char *buf, size_t len)
{
	double hot, lines[2];
	size_t n;

	compare_sentence(&f->c, x, buf, len);
	n = strlen(buf);
	if (!report_is_decided(x) || !x->better || n >= len)
		return;
	if (room_in_sets(x, lines, &hot) && (x->better > 0) == (lines[1] > lines[0]) &&
	    hot > fmin(lines[0], lines[1]))
		snprintf(
			buf + n, len - n,
			"; of %.0f hot lines the L1 sets that its colours reach hold %.0f, its baseline's "
			"%.0f",
			hot, fmin(hot, lines[1]), fmin(hot, lines[0]));
	else
		modelled_reason(x, buf + n, len - n);
}

/* The target that the model was of. */
static const char *modelled_cpu(const struct comparison *x)
{
	const char *target = picture_requested(x->a.run, x->a.config, "target");

	return *target ? target : "CPU";
}

/* Of modelled misses, level by level: whose they are. Returns whether there were any. */
static int modelled(struct report *r, const struct family *f, const struct comparison *x)
{
	struct model_reason w;
	char metric[64];
	unsigned i, k;
	int any = 0;

	for (i = 0; sim_level_names[i]; i++) {
		snprintf(metric, sizeof(metric), "model.%s_misses_per_op", sim_level_names[i]);
		if (explain_model(&f->c, x, metric, &w)) {
			any = 1;
			doc_table(
				&r->d, &w.table, 0,
				"%s misses per operation of the modelled %s: whose memory, in what, of what kind; each "
				"part adds up to all of them",
				w.level, modelled_cpu(x));
			for (k = 0; k < w.nr_sets; k++)
				doc_item(&r->d, DOC_PLAIN, "", "%s", w.sets[k]);
		}
		table_release(&w.table);
	}
	return any;
}

static void others(struct report *r, const struct family *f, const struct comparison *x,
		   int have_model)
{
	struct explanation e[EXPLAIN_MOST];
	struct table t = { .columns = 4 };
	unsigned n, k, i, told = 0, all = 0;

	table_cell(&t, "number");
	table_cell(&t, "baseline");
	table_cell(&t, "config");
	table_cell(&t, "what it is, or how it goes along");
	n = settings(&t, x);
	k = x->kind == JUDGE_EXACT ? 0 : explain(x, f->c.confidence, e, &all);
	for (i = 0; i < k; i++) {
		if (have_model && !strncmp(x->a.run->metric[e[i].metric].name, "model.", 6))
			continue; /* in the tables above */
		changed(&t, x->a.run, &e[i]);
		told++;
	}
	if (n + told)
		doc_table(&r->d, &t, 0, "What else differs between %s and %s",
			  x->b.run->config[x->b.config].label, x->a.run->config[x->a.config].label);
	if (all > told)
		doc_text(&r->d,
			 "%u more changed; slabscope compare --explain and stat --all have them.",
			 all - told);
	if (!all && !have_model)
		doc_text(&r->d, "No other number that was measured changed with it.");
	table_release(&t);
}

static void one(struct report *r, const struct family *f, const struct comparison *x)
{
	char text[900];
	int have_model;

	compare_sentence(&f->c, x, text, sizeof(text));
	doc_text(&r->d, "%s.", text);
	if (f->exp >= 0)
		cache_sets(r, x);
	have_model = modelled(r, f, x);
	if (f->exp >= 0)
		others(r, f, x, have_model);
}

/* Is there more to say of it than that it is so? */
static int can_explain(const struct family *f, const struct comparison *x)
{
	struct model_reason w;
	int can = f->exp >= 0 && x->kind != JUDGE_EXACT;

	for (unsigned i = 0; sim_level_names[i] && !can; i++) {
		char metric[64];

		snprintf(metric, sizeof(metric), "model.%s_misses_per_op", sim_level_names[i]);
		can = explain_model(&f->c, x, metric, &w);
		table_release(&w.table);
	}
	return can && report_is_decided(x);
}

void report_why(struct report *r, const struct family *f)
{
	unsigned *order, i, told = 0;

	if (!f->c.nr)
		return;
	report_family_heading(r, f);
	if (f->exp < 0)
		doc_text(
			&r->d,
			"Launches of two runs make no pairs, so what moves together cannot be told. What is "
			"different between the runs stands under Environment.");
	order = report_order(f);
	for (i = 0; order && i < f->c.nr && told < MOST_EXPLAINED; i++) {
		if (!can_explain(f, &f->c.item[order[i]]))
			continue;
		one(r, f, &f->c.item[order[i]]);
		told++;
	}
	if (!told && f->exp >= 0)
		doc_text(&r->d, "Nothing was told apart, so there is nothing to explain.");
	free(order);
}
