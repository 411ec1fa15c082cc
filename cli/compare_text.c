/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope compare: what people read, on a terminal or as Markdown. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/table.h"
#include "lib/escape.h"

#define MOST_SENTENCES 12

/* Names of runs and configs may hold anything. */
static void say(const struct compare_request *q, FILE *f, const char *text)
{
	if (q->markdown)
		escape_markdown(f, text, 0);
	else
		escape_terminal(f, text, 0);
}

static void sentences(const struct compare *c, const struct compare_request *q, FILE *f)
{
	char text[900];
	unsigned i;
	int n = 0;

	if (c->nr > 1) {
		fprintf(f, "%u comparisons:", c->nr);
		for (i = 0; i < NR_WORDS; i++)
			if (compare_count(c, (enum judge_word)i))
				fprintf(f, "%s %u %s", n++ ? "," : "",
					compare_count(c, (enum judge_word)i), judge_words[i]);
		fputs("\n", f);
	}
	for (i = 0; i < c->nr && c->nr <= MOST_SENTENCES; i++) {
		const struct comparison *x = &c->item[i];

		compare_sentence(c, x, text, sizeof(text));
		fputs(q->markdown ? "- " : "", f);
		if (q->nr_metrics > 1 && x->kind != JUDGE_EXACT) {
			say(q, f, x->metric);
			fputs(": ", f);
		}
		fputs(q->markdown ? "**" : "", f);
		say(q, f, text);
		fputs(q->markdown ? "**\n" : "\n", f);
	}
	fputc('\n', f);
}

/* ---- the table ---- */

/* What all comparisons share needs no column. */
static int one_base(const struct compare *c)
{
	for (unsigned i = 1; i < c->nr; i++)
		if (c->item[i].b.config != c->item[0].b.config)
			return 0;
	return 1;
}

static int one_metric(const struct compare *c)
{
	for (unsigned i = 1; i < c->nr; i++)
		if (strcmp(c->item[i].metric, c->item[0].metric))
			return 0;
	return 1;
}

static void median_cell(struct table *t, const struct judge_side *s)
{
	char b[32];

	table_cell(t, "%s", s->s.n ? results_number(s->s.median, b, sizeof(b)) : "-");
}

static void row(struct table *t, const struct compare *c, const struct comparison *x, int metric,
		int against)
{
	char a[160], effect[64], interval[80];

	if (metric)
		table_cell(t, "%s%s%s", x->metric, strcmp(x->unit, "1") && *x->unit ? " " : "",
			   strcmp(x->unit, "1") ? x->unit : "");
	table_cell(t, "%s", compare_name(c, &x->a, a, sizeof(a)));
	if (against)
		table_cell(t, "%s", compare_name(c, &x->b, a, sizeof(a)));
	compare_effect(x, effect, sizeof(effect));
	compare_interval(x, interval, sizeof(interval));
	median_cell(t, &x->b);
	median_cell(t, &x->a);
	table_cell(t, "%s", effect);
	table_cell(t, "%s", interval);
	if (x->kind == JUDGE_UNPAIRED)
		table_cell(t, "%zu, %zu", x->v.pairs, x->v.others);
	else
		table_cell(t, "%zu", x->v.pairs);
	table_cell(t, "%s", judge_words[x->word]);
}

static void table(const struct compare *c, const struct compare_request *q, FILE *f)
{
	int metric = !one_metric(c), against = !one_base(c);
	struct table t = { .columns = 7 + (unsigned)metric + (unsigned)against };
	const char *unit = c->item[0].unit;
	char name[160], sure[32];
	unsigned i;

	if (!metric) {
		say(q, f, c->item[0].metric);
		fputs(strcmp(unit, "1") && *unit ? ", " : "", f);
		say(q, f, strcmp(unit, "1") ? unit : "");
		fputs(against ? "" : ", ", f);
	}
	if (!against)
		fputs("against ", f);
	if (!against)
		say(q, f, compare_name(c, &c->item[0].b, name, sizeof(name)));
	if (!metric || !against)
		fputs(q->markdown ? ":\n\n" : ":\n", f);
	if (metric)
		table_cell(&t, "metric");
	table_cell(&t, "config");
	if (against)
		table_cell(&t, "against");
	table_cell(&t, "its median");
	table_cell(&t, "median");
	table_cell(&t, "ratio");
	table_cell(&t, "%s %% interval", percent_text(c->each, sure));
	table_cell(&t, c->base == c->mine ? "pairs" : "launches");
	table_cell(&t, "verdict");
	for (i = 0; i < c->nr; i++)
		row(&t, c, &c->item[i], metric, against);
	if (q->markdown)
		table_print_markdown(&t, f);
	else
		table_print(&t, f);
	table_release(&t);
	fputc('\n', f);
}

/* ---- what stands below ---- */

struct notes {
	const struct compare *c;
	const struct compare_request *q;
	FILE *f;
};

static void line(const struct notes *n, const char *text)
{
	fputs(n->q->markdown ? "- " : "", n->f);
	say(n->q, n->f, text);
	fputc('\n', n->f);
}

/* Was the config on side @k of comparison @i (0: what it is compared with) there before? */
static int said(const struct compare *c, unsigned i, unsigned k)
{
	const struct judge_side *s = k ? &c->item[i].a : &c->item[i].b;
	unsigned j;

	for (j = 0; j <= i; j++) {
		const struct comparison *x = &c->item[j];

		if (x->b.run == s->run && x->b.config == s->config && (j < i || k))
			return 1;
		if (j < i && x->a.run == s->run && x->a.config == s->config)
			return 1;
	}
	return 0;
}

/* Each config's launches that do not count. */
static void set_aside(const struct notes *n)
{
	const struct compare *c = n->c;
	char aside[160], name[160], text[400];
	unsigned i;

	for (i = 0; i < 2 * c->nr; i++) {
		const struct comparison *x = &c->item[i / 2];
		const struct judge_side *s = i % 2 ? &x->a : &x->b;
		unsigned again = s->run->config[s->config].repeated;

		if ((!judge_aside(s->run, s->config, aside, sizeof(aside)) && !again) ||
		    said(c, i / 2, i % 2))
			continue;
		snprintf(text, sizeof(text), "%s: %s%s", compare_name(c, s, name, sizeof(name)),
			 aside, *aside && again ? "; " : "");
		if (again)
			snprintf(text + strlen(text), sizeof(text) - strlen(text),
				 "%u disturbed attempt%s repeated", again,
				 again == 1 ? " was" : "s were");
		line(n, text);
	}
}

static void explanation_line(const struct notes *n, const struct results *r,
			     const struct explanation *e)
{
	char text[400], ratio[32], from[32], to[32];
	int len, endless = !(e->ratio > 0) || isinf(e->ratio);

	results_number(e->from, from, sizeof(from));
	results_number(e->to, to, sizeof(to));
	results_number(e->ratio, ratio, sizeof(ratio));
	len = snprintf(text, sizeof(text), "%s%s: %s%s%s", n->q->markdown ? "" : "  ",
		       r->metric[e->metric].name, endless ? from : ratio, endless ? " -> " : " x",
		       endless ? to : "");

	if (isnan(e->rho))
		snprintf(text + len, sizeof(text) - (size_t)len,
			 ", without variation to correlate%s", e->exact ? " (exact)" : "");
	else
		snprintf(text + len, sizeof(text) - (size_t)len,
			 ", Spearman %.2f over %u launches (by chance so far from 0: %.2g)", e->rho,
			 e->n, e->p);
	line(n, text);
}

static void model_reasons(const struct notes *n, const struct comparison *x)
{
	struct model_reason w;
	unsigned i;

	if (explain_model(n->c, x, x->metric, &w)) {
		fputc('\n', n->f);
		(n->q->markdown ? table_print_markdown : table_print)(&w.table, n->f);
		for (i = 0; i < w.nr_sets; i++)
			line(n, w.sets[i]);
	}
	table_release(&w.table);
}

static void explanations(const struct notes *n)
{
	const struct compare *c = n->c;
	unsigned i, k, changed;

	if (!n->q->explain)
		return;
	for (i = 0; i < c->nr; i++)
		model_reasons(n, &c->item[i]);
	if (c->base != c->mine)
		line(n, "--explain: needs pairs, and two runs have none");
	for (i = 0; i < c->nr && c->base == c->mine; i++) {
		const struct comparison *x = &c->item[i];
		struct explanation e[EXPLAIN_MOST];
		char a[160];
		unsigned nr;

		if (x->kind == JUDGE_EXACT || x->word == WORD_INVALID)
			continue;
		nr = explain(x, c->confidence, e, &changed);
		fputc('\n', n->f);
		say(n->q, n->f, x->metric);
		fputs(" of ", n->f);
		say(n->q, n->f, compare_name(c, &x->a, a, sizeof(a)));
		fprintf(n->f, ": %u other metric%s changed%s\n%s", changed, changed == 1 ? "" : "s",
			nr ? "; first those that move with it from launch to launch:" : "",
			n->q->markdown ? "\n" : "");
		for (k = 0; k < nr; k++)
			explanation_line(n, x->a.run, &e[k]);
	}
}

static void environment(const struct notes *n)
{
	const struct compare *c = n->c;
	char text[600];
	unsigned i;

	if (c->base == c->mine)
		return;
	line(n,
	     "the runs were not interleaved: what drifted between them cannot be told from an "
	     "effect; faster and slower are said only where the whole interval lies beyond delta");
	for (i = 0; i < c->nr_env; i++) {
		snprintf(text, sizeof(text), "differs: %s: %s -> %s", c->env[i].name,
			 *c->env[i].base ? c->env[i].base : "(none)",
			 *c->env[i].mine ? c->env[i].mine : "(none)");
		line(n, text);
	}
	if (!c->nr_env)
		line(n, "host, build and settings are the same in both runs");
	if (*c->left_out) {
		snprintf(text, sizeof(text), "only in one of the runs: %s", c->left_out);
		line(n, text);
	}
}

static void confidence(const struct notes *n)
{
	const struct compare *c = n->c;
	char all[32], each[32], delta[32], floor[32], text[400];
	double widest = c->delta;
	unsigned i, wide = 0;

	for (i = 0; i < c->nr; i++)
		if (compare_delta(c, &c->item[i]) > c->delta && ++wide)
			widest = compare_delta(c, &c->item[i]);
	percent_text(c->confidence, all);
	percent_text(c->each, each);
	percent_text(wide && wide == c->nr ? widest : c->delta, delta);
	if (c->together > 1)
		snprintf(text, sizeof(text),
			 "confidence: %s %% for %u comparisons together, so %s %% for each; "
			 "equivalent: within %s %%",
			 all, c->together, each, delta);
	else
		snprintf(text, sizeof(text), "confidence: %s %%; equivalent: within %s %%", all,
			 delta);
	if (wide && wide == c->nr)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 ", the noise floor of this host");
	else if (wide)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "; times: within %s %%, the noise floor of this host",
			 percent_text(widest, floor));
	line(n, text);
}

static void warnings(const struct notes *n)
{
	const struct compare *c = n->c;
	char text[300];
	unsigned i;

	for (i = 0; i < c->nr; i++)
		if (*c->item[i].warning &&
		    (!i || strcmp(c->item[i].warning, c->item[i - 1].warning))) {
			snprintf(text, sizeof(text), "warning: %s", c->item[i].warning);
			line(n, text);
		}
	for (i = 0; i < c->nr_warnings; i++) {
		snprintf(text, sizeof(text), "warning: %s", c->warning[i]);
		line(n, text);
	}
}

void compare_text(const struct compare *c, const struct compare_request *q, FILE *f)
{
	const struct notes n = { c, q, f };

	sentences(c, q, f);
	table(c, q, f);
	set_aside(&n);
	warnings(&n);
	environment(&n);
	confidence(&n);
	line(&n, c->noise_line);
	explanations(&n);
}
