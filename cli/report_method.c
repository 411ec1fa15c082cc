/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How it was measured, how noisy the host is, and what was in the way. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/noise_line.h"
#include "cli/pictures.h"
#include "cli/report.h"

#define MOST_RULES 24
#define RULE_LEN 48

/* ---- method ---- */

static void settings(struct report *r, const struct results *run)
{
	static const char *const shown[] = { "workload", "allocator",	"profile", "workers",
					     "collect",	 "duration_ms", "ops",	   "warmup_ops",
					     "populate", "rules",	NULL };
	struct table t = { .columns = run->nr_exp + 1 };
	unsigned i, x;

	table_cell(&t, "setting");
	for (x = 0; x < run->nr_exp; x++)
		table_cell(&t, "%s", run->exp[x].name);
	for (i = 0; shown[i]; i++) {
		table_cell(&t, "%s", shown[i]);
		for (x = 0; x < run->nr_exp; x++)
			table_cell(&t, "%s",
				   results_axis(run, x, shown[i]) >= 0 ?
					   "(an axis)" :
					   picture_requested(run, run->exp[x].first, shown[i]));
	}
	doc_table(&r->d, &t, run->nr_exp > 8,
		  "Settings of each experiment of %s; run.json has all of them", run->path);
	table_release(&t);
}

void report_method(struct report *r)
{
	unsigned i;

	doc_text(
		&r->d,
		"A launch is a fresh process with fresh pages, and the unit of all statistics: what is repeated "
		"inside one does not count as more. Set-up, warm-up and verification lie outside the measured "
		"region. In each block every config of an experiment is launched once, next to the others, in an "
		"order that is balanced over the blocks, so drift falls on all alike. Ratios are taken within blocks, "
		"of launches next to each other; their median is the effect, and the interval is the exact one of "
		"the sign test. Launches that something disturbed, by rules fixed before the run, are repeated and "
		"not counted. Numbers that are counted and not measured get no statistics: they are exact.");
	for (i = 0; i < r->nr; i++) {
		const struct results *run = &r->run[i];
		const char *seed = json_string_value(json_object_get(run->run, "seed"));
		const char *hash = json_string_value(json_object_get(run->run, "plan_hash"));
		const json_t *reached = json_object_get(run->run, "reached");
		const char *end = json_string_value(json_object_get(reached, "end"));

		doc_text(&r->d, "%s: %u blocks, seed %s, plan %s, ended by: %s.", run->path,
			 run->blocks, seed ? seed : "unknown", hash ? hash : "unknown",
			 end ? end : "not known to have ended");
		settings(r, run);
	}
}

/* Of the launches of one config, of a metric that is a time: how far apart they are. */
static double scatter_of(const struct results *run, unsigned config, unsigned metric)
{
	double v[run->blocks];
	const double *x = results_values(run, config, metric);
	size_t n = 0;
	unsigned b;

	for (b = 0; b < run->blocks; b++)
		if (x[b] > 0)
			v[n++] = log(x[b]);
	n = stat_sort(v, n);
	return n > 2 ? exp(1.4826 * stat_mad(v, n)) - 1 : NAN;
}

static void scatter(struct report *r, const struct results *run)
{
	const char *name = r->q->ask.nr_metrics ? r->q->ask.metric[0] : PICTURE_METRIC;
	int metric = results_metric(run, name, NULL);
	double *s = calloc(run->nr_configs + 1, sizeof(*s));
	unsigned c, most = 0;
	size_t n = 0;

	for (c = 0; s && metric >= 0 && c < run->nr_configs; c++) {
		double one = scatter_of(run, c, (unsigned)metric);

		if (isnan(one))
			continue;
		if (!n || one > scatter_of(run, most, (unsigned)metric))
			most = c;
		s[n++] = one;
	}
	if (n) {
		stat_sort(s, n);
		doc_item(
			&r->d, DOC_PLAIN, "",
			"%s%sin this run %s of launches of one and the same config scatters by %.2g %% (robust "
			"standard deviation, median of %zu configs; most: %.2g %%, %s)",
			r->nr > 1 ? run->path : "", r->nr > 1 ? ": " : "", name,
			100 * stat_median(s, n), n, 100 * s[n - 1], run->config[most].label);
	}
	free(s);
}

void report_noise(struct report *r)
{
	struct hostnoise n;
	char line[256];
	unsigned i;

	doc_text(
		&r->d,
		"What this host shows where there is no difference, by comparing one config with itself.");
	for (i = 0; i < r->nr; i++)
		scatter(r, &r->run[i]);
	for (i = 0; i < r->nr; i++) {
		noise_line(r->run[i].run, &n, line, sizeof(line));
		doc_item(&r->d, DOC_PLAIN, "", "%s%s%s", r->nr > 1 ? r->run[i].path : "",
			 r->nr > 1 ? ": " : "", line);
	}
}

/* ---- what was in the way ---- */

struct rule {
	char name[RULE_LEN];
	unsigned repeated, aside;
};

struct tally {
	struct rule rule[MOST_RULES];
	unsigned nr, attempts, ok, repeated, aside;
};

static void count_rule(struct tally *t, const char *name, size_t len, int superseded)
{
	unsigned i;

	if (len >= RULE_LEN)
		len = RULE_LEN - 1;
	for (i = 0; i < t->nr; i++)
		if (strlen(t->rule[i].name) == len && !strncmp(t->rule[i].name, name, len))
			break;
	if (i == MOST_RULES)
		return;
	if (i == t->nr) {
		memcpy(t->rule[i].name, name, len);
		t->rule[i].name[len] = '\0';
		t->nr++;
	}
	*(superseded ? &t->rule[i].repeated : &t->rule[i].aside) += 1;
}

/* Reasons are parted by "; " and begin with the name of a rule and a colon. */
static void count_reasons(struct tally *t, const struct sample *s)
{
	const char *p = s->note;

	if (!*p)
		count_rule(t, s->state, strlen(s->state), s->superseded);
	while (*p) {
		const char *end = strstr(p, "; ");
		size_t len = end ? (size_t)(end - p) : strlen(p), name = strcspn(p, ":");

		count_rule(t, p, name < len ? name : len, s->superseded);
		p += len + (end ? 2 : 0);
	}
}

static void count(struct tally *t, const struct results *run)
{
	size_t i;

	for (i = 0; i < run->samples.nr; i++) {
		const struct sample *s = &run->samples.row[i];

		if (!samples_is_status(s))
			continue;
		t->attempts++;
		if (!strcmp(s->state, "ok")) {
			t->ok++;
			continue;
		}
		*(s->superseded ? &t->repeated : &t->aside) += 1;
		count_reasons(t, s);
	}
}

static void rules(struct report *r, const struct results *run)
{
	struct table t = { .columns = 3 };
	struct tally n = { .nr = 0 };
	unsigned i;

	count(&n, run);
	doc_text(
		&r->d,
		"%s: %u launches: %u count, %u were disturbed and repeated, %u stay set aside (disturbed each time, "
		"invalid, failed). None of these was chosen by its result.",
		run->path, n.attempts, n.ok, n.repeated, n.aside);
	if (!n.nr)
		return;
	table_cell(&t, "reason");
	table_cell(&t, "repeated");
	table_cell(&t, "set aside");
	for (i = 0; i < n.nr; i++) {
		table_cell(&t, "%s", n.rule[i].name);
		table_cell(&t, "%u", n.rule[i].repeated);
		table_cell(&t, "%u", n.rule[i].aside);
	}
	doc_table(&r->d, &t, 0, "Why launches of %s do not count", run->path);
	table_release(&t);
}

static int by_size(const void *a, const void *b)
{
	const double *p = a, *q = b;

	return *p < *q ? -1 : *p > *q;
}

/* Of one metric over all launches of all configs: median, and the largest. */
static unsigned over_all(const struct results *run, unsigned metric, double *median, double *most)
{
	size_t n = 0, most_n = (size_t)run->nr_configs * run->blocks;
	double *v = calloc(most_n + 1, sizeof(*v));
	unsigned c, b;

	for (c = 0; v && c < run->nr_configs; c++)
		for (b = 0; b < run->blocks; b++) {
			double x = results_values(run, c, metric)[b];

			if (!isnan(x))
				v[n++] = x;
		}
	if (n) {
		qsort(v, n, sizeof(*v), by_size);
		*median = stat_median(v, n);
		*most = v[n - 1];
	}
	free(v);
	return (unsigned)n;
}

static void figures(struct report *r, const struct results *run)
{
	struct table t = { .columns = 4 };
	double median = NAN, most = NAN;
	unsigned m, rows = 0;
	char b[2][40];

	table_cell(&t, "what was in the way");
	table_cell(&t, "unit");
	table_cell(&t, "median");
	table_cell(&t, "most");
	for (m = 0; m < run->nr_metrics; m++) {
		const char *name = run->metric[m].name;

		if (strncmp(name, "interference.", 13) || !strncmp(name + 13, "rules_", 6) ||
		    !over_all(run, m, &median, &most))
			continue;
		rows++;
		table_cell(&t, "%s", name + 13);
		table_cell(&t, "%s", run->metric[m].unit);
		table_cell(&t, "%s", results_number(median, b[0], sizeof(b[0])));
		table_cell(&t, "%s", results_number(most, b[1], sizeof(b[1])));
	}
	if (rows)
		doc_table(&r->d, &t, 1, "The ledger of %s, over the launches that count",
			  run->path);
	else
		doc_text(&r->d, "%s has no ledger: the collector `interference` was not asked for.",
			 run->path);
	table_release(&t);
}

void report_ledger(struct report *r)
{
	unsigned i;

	for (i = 0; i < r->nr; i++) {
		rules(r, &r->run[i]);
		figures(r, &r->run[i]);
	}
}
