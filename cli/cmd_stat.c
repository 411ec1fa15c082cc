/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope stat: a run's samples as medians with exact intervals. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/results.h"
#include "cli/stat_tables.h"
#include "cli/summary.h"
#include "cli/with_run.h"
#include "lib/escape.h"

enum plain_id { P_METRIC, P_ALL, P_BASELINE, P_ACROSS, P_EXP, P_JSON, P_CSV };

/* What is shown unless --metric says otherwise: those of them that the run has. The first gets
 * its interval shown. */
static const char *const default_metrics[] = {
	"time.ns_per_op",	   "latency.alloc_p99",	       "latency.visit_p99",
	"slabinfo.utilisation",	   "slabinfo.bytes_held",      "rusage.involuntary_switches",
	"perf.l1d_misses_per_op",  "perf.llc_misses_per_op",   "perf.dtlb_walks_per_op",
	"model.l1d_misses_per_op", "model.memory_time_per_op", NULL,
};

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct stat_request *q = arg;

	switch (p->id) {
	case P_METRIC:
		if (q->nr_metrics == STAT_MOST_METRICS)
			return err_set(e, -E2BIG, "--metric: more than %d", STAT_MOST_METRICS);
		q->metric[q->nr_metrics++] = text;
		return 0;
	case P_BASELINE:
		q->baseline = text;
		return 0;
	case P_ACROSS:
		q->across = text;
		return 0;
	case P_EXP:
		q->exp = text;
		return 0;
	case P_ALL:
		return q->all = 1, 0;
	case P_JSON:
		return q->json = 1, 0;
	default:
		return q->csv = 1, 0;
	}
}

static const struct cli_plain options[] = {
	{ "metric", 'm', "NAME", "metric to show; may be given several times", P_METRIC },
	{ "all", 'a', NULL, "every metric, one per row", P_ALL },
	{ "baseline", 'b', "AXIS=VALUE,...",
	  "also the ratio to the config with these values and otherwise the same, launch by launch, and a verdict",
	  P_BASELINE },
	{ "across", 0, "AXIS", "one metric only, the axis's values side by side; medians",
	  P_ACROSS },
	{ "experiment", 'e', "NAME", "only this experiment", P_EXP },
	{ "json", 0, NULL, "everything, as JSON", P_JSON },
	{ "csv", 0, NULL, "everything, as CSV (what summary.csv gets)", P_CSV },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope stat",
	.usage = "RUN [OPTION]...",
	.about =
		"Medians over the launches of each config in a results folder, with exact sign-test intervals (95 %).\n"
		"Only columns that vary are shown. Writes summary.csv into the folder.",
	.plain = options,
	.option = take_plain,
};

/* ---- the command ---- */

/* Of every run: what settings came to, and where the pages went. */
static int of_every_run(const char *metric)
{
	return !strncmp(metric, "effective.", 10) || !strncmp(metric, "placement.", 10);
}

/* The first metric that a collector measured. */
static unsigned measured(const struct results *r)
{
	unsigned m, c, other = 0;

	for (m = 0; m < r->nr_metrics; m++) {
		if (of_every_run(r->metric[m].name))
			continue;
		for (c = 0; c < r->nr_configs; c++) {
			struct res_summary s;

			results_summary(r, c, m, &s);
			if (s.n)
				return m;
		}
		other = other ? other : m; /* its reason is told */
	}
	return other;
}

static int choose_metrics(const struct results *r, const struct stat_request *q, int *metric,
			  unsigned *nr, struct err *e)
{
	unsigned i;

	*nr = 0;
	for (i = 0; i < q->nr_metrics; i++) {
		metric[*nr] = results_metric(r, q->metric[i], e);
		if (metric[(*nr)++] < 0)
			return -EINVAL;
	}
	for (i = 0; !q->nr_metrics && default_metrics[i]; i++) {
		int m = results_metric(r, default_metrics[i], NULL);

		if (m >= 0)
			metric[(*nr)++] = m;
	}
	if (!*nr && r->nr_metrics)
		metric[(*nr)++] = (int)measured(r);
	return 0;
}

static int check_baseline(const struct results *r, const char *baseline, struct err *e)
{
	unsigned c;

	for (c = 0; baseline && c < r->nr_configs; c++)
		if (results_baseline(r, c, baseline) >= 0)
			return 0;
	return baseline ?
		       err_set(e, -EINVAL,
			       "--baseline: no config has '%s' (AXIS=VALUE,... as the table shows them)",
			       baseline) :
		       0;
}

static int check_names(const struct results *r, const struct stat_request *q, struct err *e)
{
	unsigned i, exp = 0, axis = 0;

	for (i = 0; i < r->nr_exp; i++) {
		exp |= !q->exp || !strcmp(q->exp, r->exp[i].name);
		axis |= !q->across || results_axis(r, i, q->across) >= 0;
	}
	if (!exp)
		return err_set(e, -EINVAL, "--experiment: %s has no '%s'", r->path, q->exp);
	return axis ? 0 :
		      err_set(e, -EINVAL, "--across: no experiment of %s has an axis '%s'", r->path,
			      q->across);
}

static int show(const struct results *r, const void *request)
{
	const struct stat_request *q = request;
	int metric[STAT_MOST_METRICS];
	unsigned nr;
	struct err e;

	if (choose_metrics(r, q, metric, &nr, &e) || check_baseline(r, q->baseline, &e) ||
	    check_names(r, q, &e))
		return cli_usage_error(&spec, &e);
	if (summary_write(r, q->baseline, &e))
		escape_print(stderr, "slabscope stat: %s (the table is whole all the same)\n",
			     e.text);
	if (r->samples.torn_lines)
		escape_print(
			stderr,
			"slabscope stat: %s: %u line(s) of a trial that is not whole are left out\n",
			r->path, r->samples.torn_lines);
	if (q->json)
		return summary_json(r, q->baseline, stdout);
	if (q->csv)
		summary_csv(r, q->baseline, stdout);
	else
		stat_tables(r, metric, nr, q);
	return 0;
}

int cmd_stat(int argc, char **argv)
{
	struct stat_request q = { .nr_metrics = 0 };

	return with_run(&spec, argc, argv, &q, show);
}
