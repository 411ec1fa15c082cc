/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope stat: the tables. */

#include <stdio.h>
#include <string.h>

#include "cli/judge.h"
#include "cli/noise_line.h"
#include "cli/stat_tables.h"
#include "cli/table.h"
#include "lib/escape.h"

static int any_bad(const struct results *r)
{
	unsigned c, bad = 0;

	for (c = 0; c < r->nr_configs; c++)
		bad |= r->config[c].ok != r->blocks;
	return bad;
}

/* "10", or "7 ok, 2 crashed, 1 timeout", or with what has not been run; what was disturbed and
 * repeated is in brackets. */
static void launches_cell(struct table *t, const struct results *r, unsigned config)
{
	const struct res_config *c = &r->config[config];
	const struct {
		unsigned n;
		const char *name;
	} parts[] = {
		{ c->failed, "failed" },       { c->crashed, "crashed" },
		{ c->timeout, "timeout" },     { c->invalid, "invalid" },
		{ c->disturbed, "disturbed" }, { results_not_run(r, config), "not run" },
	};
	char text[192];
	unsigned i;

	snprintf(text, sizeof(text), "%u%s", c->ok, c->ok == r->blocks ? "" : " ok");
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (parts[i].n)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %u %s",
				 parts[i].n, parts[i].name);
	if (c->repeated)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " (%u repeated)",
			 c->repeated);
	table_cell(t, "%s", text);
}

static void interval_cells(struct table *t, const struct res_summary *s)
{
	char b[3][32];

	if (!s->n)
		table_cell(t, "-");
	else
		table_cell(t, "%s", results_number(s->median, b[0], sizeof(b[0])));
	if (s->n && s->have_interval)
		table_cell(t, "[%s, %s]", results_number(s->interval.lo, b[1], sizeof(b[1])),
			   results_number(s->interval.hi, b[2], sizeof(b[2])));
	else
		table_cell(t, "-");
}

static void ratio_cells(struct table *t, const struct results *r, unsigned config, unsigned metric,
			const char *baseline)
{
	int base = results_baseline(r, config, baseline);
	struct res_summary s = { 0 };

	if (base >= 0 && (unsigned)base == config) {
		table_cell(t, "baseline");
		table_cell(t, "%s", "");
		return;
	}
	if (base >= 0)
		results_ratio(r, config, base, metric, &s);
	interval_cells(t, &s);
}

/* A verdict for each config of an experiment, its interval corrected for all of them together. */
static void verdict_cell(struct table *t, const struct results *r, unsigned config,
			 const struct res_metric *metric, const char *baseline,
			 const struct verdict_rules *rules)
{
	int base = results_baseline(r, config, baseline);
	struct comparison c;

	if (base < 0 || (unsigned)base == config) {
		table_cell(t, "%s", base < 0 ? "-" : "");
		return;
	}
	judge_begin(&c, r, config, r, (unsigned)base, metric->name);
	judge(&c, rules);
	table_cell(t, "%s", judge_words[c.word]);
}

/* The baseline if it says anything of this experiment. */
static const char *baseline_of(const struct results *r, const struct res_exp *x,
			       const struct stat_request *q)
{
	unsigned c;

	for (c = x->first; q->baseline && c < x->first + x->nr_configs; c++)
		if (results_baseline(r, c, q->baseline) >= 0)
			return q->baseline;
	return NULL;
}

static const char *unit_text(const char *unit)
{
	return unit && strcmp(unit, "1") ? unit : "";
}

static void heading(struct table *t, const struct results *r, const struct res_exp *x,
		    const int *metric, unsigned nr, const char *baseline)
{
	unsigned a, m;

	for (a = 0; a < x->nr_axes; a++)
		table_cell(t, "%s", x->axis[a].name);
	for (m = 0; m < nr; m++) {
		const struct res_metric *w = &r->metric[metric[m]];
		const char *unit = unit_text(w->unit);

		table_cell(t, "%s%s%s", w->name, *unit ? " " : "", unit);
		if (m)
			continue;
		table_cell(t, "95 %% interval");
		if (baseline) {
			table_cell(t, "ratio");
			table_cell(t, "95 %% interval");
			table_cell(t, "verdict");
		}
	}
	table_cell(t, "launches");
}

/* Is the metric's median the same number in all configs of the experiment, or nowhere there? It
 * goes to @same then. */
static int is_constant(const struct results *r, const struct res_exp *x, unsigned metric,
		       struct res_summary *same)
{
	unsigned c;

	results_summary(r, x->first, metric, same);
	for (c = x->first + 1; c < x->first + x->nr_configs; c++) {
		struct res_summary s;

		results_summary(r, c, metric, &s);
		if (!s.n != !same->n || (s.n && s.median != same->median))
			return 0;
	}
	return 1;
}

/* The metrics of @from that are worth a column: the first, and those that vary or were asked
 * for. The others' one value is printed in a line of its own. */
static unsigned varying(const struct results *r, const struct res_exp *x, const int *from,
			unsigned nr, int *to, const struct stat_request *q)
{
	unsigned m, n = 0, printed = 0;
	char b[32];

	for (m = 0; m < nr; m++) {
		struct res_summary s;

		if (!m || q->nr_metrics || !is_constant(r, x, from[m], &s)) {
			to[n++] = from[m];
		} else if (s.n) {
			escape_print(stdout, "%s%s %s %s", printed++ ? ", " : "the same in all: ",
				     r->metric[from[m]].name,
				     results_number(s.median, b, sizeof(b)),
				     unit_text(r->metric[from[m]].unit));
		}
	}
	if (printed)
		putchar('\n');
	return n;
}

/* One experiment: a row per config. */
static void print_experiment(const struct results *r, unsigned exp, const int *all, unsigned nr_all,
			     const struct stat_request *q)
{
	const struct res_exp *x = &r->exp[exp];
	int metric[STAT_MOST_METRICS];
	unsigned nr = varying(r, x, all, nr_all, metric, q);
	const char *baseline = baseline_of(r, x, q);
	struct table t = { .columns = x->nr_axes + 1 + (nr ? nr + 1 + (baseline ? 3 : 0) : 0) };
	struct verdict_rules rules = { .confidence = RESULTS_CONFIDENCE,
				       .delta = JUDGE_DELTA,
				       .no_further = 1 };
	unsigned c, a, m;

	if (nr && baseline)
		rules.comparisons = judge_together(r, exp, r->metric[metric[0]].name, baseline);

	heading(&t, r, x, metric, nr, baseline);
	for (c = x->first; c < x->first + x->nr_configs; c++) {
		for (a = 0; a < x->nr_axes; a++)
			table_cell(&t, "%s", results_axis_value(r, c, a));
		for (m = 0; m < nr; m++) {
			struct res_summary s;
			char b[32];

			results_summary(r, c, metric[m], &s);
			if (m) {
				table_cell(&t, "%s",
					   s.n ? results_number(s.median, b, sizeof(b)) : "-");
				continue;
			}
			interval_cells(&t, &s);
			if (!baseline)
				continue;
			ratio_cells(&t, r, c, metric[0], baseline);
			verdict_cell(&t, r, c, &r->metric[metric[0]], baseline, &rules);
		}
		launches_cell(&t, r, c);
	}
	table_print(&t, stdout);
	table_release(&t);
	if (rules.comparisons > 1)
		printf("verdicts: 95 %% for the %u comparisons together, so %.4g %% for each, which takes %zu pairs; "
		       "the intervals are of one by itself\n",
		       rules.comparisons,
		       100 - (100 - 100 * RESULTS_CONFIDENCE) / rules.comparisons,
		       stat_sign_least(1 - (1 - RESULTS_CONFIDENCE) / rules.comparisons));
}

/* The median, or with a baseline the ratio to it, of the config that stands in this row and
 * column. */
static void across_cell(struct table *t, const struct results *r, unsigned config, unsigned metric,
			const char *baseline)
{
	int base = baseline ? results_baseline(r, config, baseline) : -1;
	struct res_summary s = { 0 };
	char b[32];

	if (!baseline)
		results_summary(r, config, metric, &s);
	else if (base >= 0)
		results_ratio(r, config, base, metric, &s);
	/* a ratio without its interval would be read as a finding */
	if (baseline && base != (int)config && s.n && s.have_interval)
		table_cell(t, "%.3f [%.3f, %.3f]", s.median, s.interval.lo, s.interval.hi);
	else
		table_cell(t, "%s", s.n ? results_number(s.median, b, sizeof(b)) : "-");
}

static int same_but(const struct results *r, unsigned a, unsigned b, unsigned nr_axes, unsigned but)
{
	unsigned i;

	for (i = 0; i < nr_axes; i++)
		if (i != but && r->config[a].at[i] != r->config[b].at[i])
			return 0;
	return 1;
}

/* --across: a row per config of the other axes, a column per value of this one. */
static void print_across(const struct results *r, unsigned exp, unsigned axis, int metric,
			 const struct stat_request *q)
{
	const struct res_exp *x = &r->exp[exp];
	const char *baseline = baseline_of(r, x, q);
	struct table t = { .columns = x->nr_axes - 1 + x->axis[axis].nr };
	unsigned c, d, a, end = x->first + x->nr_configs;

	escape_print(stdout, "%s%s%s by %s\n", r->metric[metric].name,
		     *unit_text(r->metric[metric].unit) ? ", " : "",
		     baseline ? "as a ratio" : unit_text(r->metric[metric].unit),
		     x->axis[axis].name);
	for (a = 0; a < x->nr_axes; a++)
		if (a != axis)
			table_cell(&t, "%s", x->axis[a].name);
	for (a = 0; a < x->axis[axis].nr; a++)
		table_cell(&t, "%s%s%s", a ? "" : x->axis[axis].name, a ? "" : "=",
			   x->axis[axis].value[a]);
	for (c = x->first; c < end; c++) {
		if (r->config[c].at[axis])
			continue;
		for (a = 0; a < x->nr_axes; a++)
			if (a != axis)
				table_cell(&t, "%s", results_axis_value(r, c, a));
		/* the cross product is whole and in order, so the columns come in the axis's
		 * order */
		for (d = c; d < end; d++)
			if (same_but(r, c, d, x->nr_axes, axis))
				across_cell(&t, r, d, metric, baseline);
	}
	table_print(&t, stdout);
	table_release(&t);
	if (baseline)
		puts("medians of the blocks' ratios, with 95 % intervals; one that holds 1 shows no difference");
}

/* --all: a row per config and metric. */
static void print_all(const struct results *r, unsigned exp, const struct stat_request *q)
{
	const struct res_exp *x = &r->exp[exp];
	const char *baseline = baseline_of(r, x, q);
	struct table t = { .columns = x->nr_axes + 5 + (baseline ? 2 : 0) };
	unsigned c, a, m;

	for (a = 0; a < x->nr_axes; a++)
		table_cell(&t, "%s", x->axis[a].name);
	table_cell(&t, "metric");
	table_cell(&t, "unit");
	table_cell(&t, "median");
	table_cell(&t, "95 %% interval");
	table_cell(&t, "n");
	if (baseline) {
		table_cell(&t, "ratio");
		table_cell(&t, "95 %% interval");
	}
	for (c = x->first; c < x->first + x->nr_configs; c++)
		for (m = 0; m < r->nr_metrics; m++) {
			struct res_summary s;

			results_summary(r, c, m, &s);
			for (a = 0; a < x->nr_axes; a++)
				table_cell(&t, "%s", results_axis_value(r, c, a));
			table_cell(&t, "%s", r->metric[m].name);
			table_cell(&t, "%s", unit_text(r->metric[m].unit));
			interval_cells(&t, &s);
			table_cell(&t, "%u", s.n);
			if (baseline)
				ratio_cells(&t, r, c, m, baseline);
		}
	table_print(&t, stdout);
	table_release(&t);
}

static int has_values(const struct results *r, unsigned metric)
{
	struct res_summary s = { 0 };
	unsigned c;

	for (c = 0; c < r->nr_configs && !s.n; c++)
		results_summary(r, c, metric, &s);
	return s.n > 0;
}

/* ---- what a reader has to know ---- */

/* Why @metric is unavailable: of the first config where it is; NULL: nowhere. *@more: there are other
 * reasons elsewhere. */
static const char *why_unavailable(const struct results *r, unsigned metric, int *more)
{
	const char *why = NULL;
	unsigned c;

	*more = 0;
	for (c = 0; c < r->nr_configs; c++) {
		if (strcmp(results_state(r, c, metric), "unavailable"))
			continue;
		if (!why)
			why = results_note(r, c, metric);
		*more |= strcmp(why, results_note(r, c, metric)) != 0;
	}
	return why;
}

#define MOST_NAMES 4

/* Figures that are not there: one line per reason, with the metrics that it is the reason of. */
static void print_unavailable(const struct results *r, const unsigned char *of_interest)
{
	const char *why[r->nr_metrics + 1];
	unsigned m, k, n;
	int more[r->nr_metrics + 1];

	for (m = 0; m < r->nr_metrics; m++)
		why[m] = of_interest[m] ? why_unavailable(r, m, &more[m]) : NULL;
	for (m = 0; m < r->nr_metrics; m++) {
		const char *reason = why[m];

		if (!reason)
			continue;
		fputs("unavailable: ", stdout);
		for (k = m, n = 0; k < r->nr_metrics; k++) {
			if (!why[k] || strcmp(why[k], reason))
				continue;
			if (++n <= MOST_NAMES) {
				fputs(n > 1 ? ", " : "", stdout);
				escape_terminal(stdout, r->metric[k].name, 0);
			}
			more[m] |= more[k];
			why[k] = NULL;
		}
		if (n > MOST_NAMES)
			printf(", ... (%u)", n);
		fputs(": ", stdout);
		escape_terminal(stdout, reason, 0);
		puts(more[m] ? " (elsewhere other reasons: --json has them)" : "");
	}
}

/* Those that the reader may miss: the first metric, what was asked for, what has a column, and the
 * counters, which are missing on many machines. */
static void print_missed(const struct results *r, const int *metric, unsigned nr,
			 const struct stat_request *q)
{
	unsigned char of_interest[r->nr_metrics + 1];
	unsigned m;

	for (m = 0; m < r->nr_metrics; m++)
		of_interest[m] = !q->nr_metrics && !strncmp(r->metric[m].name, "perf.", 5);
	for (m = 0; m < nr; m++)
		of_interest[metric[m]] |= !m || q->nr_metrics || has_values(r, metric[m]);
	print_unavailable(r, of_interest);
}

static void print_notes(const struct results *r, const int *metric, unsigned nr,
			const struct stat_request *q)
{
	struct hostnoise noise;
	char line[256];

	print_missed(r, metric, nr, q);
	if (r->blocks < stat_sign_least(RESULTS_CONFIDENCE))
		printf("%u launches: an exact 95 %% interval needs at least %zu\n", r->blocks,
		       stat_sign_least(RESULTS_CONFIDENCE));
	if (results_cpu_emulated(r))
		printf("the CPU was %s: no time here means anything, and none is judged\n",
		       results_cpu_emulated(r));
	if (results_emulated(r))
		puts("nodes are emulated: their pages all lie on this machine's own; the figures say nothing of NUMA");
	if (any_bad(r))
		puts("not every trial is ok: the figures are those of the ok ones; samples.csv says what happened");
	noise_line(r->run, &noise, line, sizeof(line));
	escape_print(stdout, "%s\n", line);
}

void stat_tables(const struct results *r, const int *metric, unsigned nr,
		 const struct stat_request *q)
{
	unsigned x, shown = 0;

	for (x = 0; x < r->nr_exp; x++) {
		const char *baseline = baseline_of(r, &r->exp[x], q);
		int across = q->across ? results_axis(r, x, q->across) : -1;

		if ((q->exp && strcmp(q->exp, r->exp[x].name)) || (q->across && across < 0))
			continue;
		fputs(shown++ ? "\n" : "", stdout);
		escape_terminal(stdout, r->exp[x].name, 0);
		escape_print(stdout, ": %u config%s x %u launches%s%s\n", r->exp[x].nr_configs,
			     r->exp[x].nr_configs == 1 ? "" : "s", r->blocks,
			     baseline ? "; ratios to " : "", baseline ? baseline : "");
		if (q->all)
			print_all(r, x, q);
		else if (across >= 0 && nr)
			print_across(r, x, across, metric[0], q);
		else
			print_experiment(r, x, metric, nr, q);
	}
	print_notes(r, metric, nr, q);
}
