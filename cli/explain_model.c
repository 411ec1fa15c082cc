/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands behind a difference in modelled misses: whose memory, in what, in which sets. The model counts every miss once
 * for each of these questions, so this is a sum, and no correlation is asked.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/table.h"
#include "collectors/model/model.h"
#include "collectors/model/sim.h"
#include "collectors/model/who.h"

/* Both sides of a figure. */
struct pair {
	double was, is;
};

static double median_of(const struct judge_side *s, const char *name)
{
	struct res_summary sum;
	struct err e;
	int m = results_metric(s->run, name, &e);

	if (m < 0)
		return NAN;
	results_summary(s->run, s->config, (unsigned)m, &sum);
	return sum.n ? sum.median : NAN;
}

static struct pair both(const struct comparison *x, const char *level, const char *what,
			const char *name)
{
	char metric[128];

	snprintf(metric, sizeof(metric), "model.%s_%s%s", level, what, name);
	return (struct pair){ median_of(&x->b, metric), median_of(&x->a, metric) };
}

/* Of "model.l1d_misses" and "model.l1d_misses_per_op" the level; NULL: neither. */
static const char *level_of(const char *metric)
{
	for (unsigned i = 0; sim_level_names[i]; i++) {
		size_t n = strlen(sim_level_names[i]);

		if (!strncmp(metric, "model.", 6) && !strncmp(metric + 6, sim_level_names[i], n) &&
		    (!strcmp(metric + 6 + n, "_misses") ||
		     !strcmp(metric + 6 + n, "_misses_per_op")))
			return sim_level_names[i];
	}
	return NULL;
}

/* A row for each of @names that misses on either side; @what and the name are the metric's, @as stands in front of it. */
static unsigned rows(struct table *t, const struct comparison *x, const char *level,
		     const char *what, const char *as, const char *const *names,
		     const struct pair *ops)
{
	unsigned n = 0;

	for (; *names; names++) {
		struct pair p = both(x, level, what, *names);
		char text[3][32];

		p.was = isnan(p.was) ? 0 : p.was / ops->was;
		p.is = isnan(p.is) ? 0 : p.is / ops->is;
		if (!(p.was + p.is > 0))
			continue;
		n++;
		table_cell(t, "%s%s", as, *names);
		table_cell(t, "%s", results_number(p.was, text[0], sizeof(text[0])));
		table_cell(t, "%s", results_number(p.is, text[1], sizeof(text[1])));
		table_cell(t, "%s%s", p.is > p.was ? "+" : "",
			   results_number(p.is - p.was, text[2], sizeof(text[2])));
	}
	return n;
}

/* "2 sets, most of them in set 5". */
static void side_sets(const struct judge_side *s, const char *level, const char *part, char *buf,
		      size_t len)
{
	char metric[128];
	double sets, hot;

	snprintf(metric, sizeof(metric), "model.%s_%s_miss_sets", level, part);
	sets = median_of(s, metric);
	snprintf(metric, sizeof(metric), "model.%s_%s_hot_set", level, part);
	hot = median_of(s, metric);
	if (isnan(sets))
		snprintf(buf, len, "none");
	else
		snprintf(buf, len, "%.0f set%s, most of them in set %.0f", sets,
			 sets == 1 ? "" : "s", hot);
}

static void say_sets(struct model_reason *w, const struct comparison *x)
{
	static const char *const parts[] = { "header", "index", "object" };
	struct pair share = both(x, w->level, "sets_max_share", ""),
		    hot = both(x, w->level, "hot_set_", "1");
	char was[80], is[80];

	for (unsigned i = 0; i < 3; i++) {
		struct pair p = both(x, w->level, parts[i], "_miss_sets");

		if (isnan(p.was) && isnan(p.is))
			continue;
		side_sets(&x->b, w->level, parts[i], was, sizeof(was));
		side_sets(&x->a, w->level, parts[i], is, sizeof(is));
		snprintf(w->sets[w->nr_sets++], sizeof(w->sets[0]), "misses of %s: in %s; now %s",
			 parts[i], was, is);
	}
	if (!isnan(hot.was) && !isnan(hot.is))
		snprintf(
			w->sets[w->nr_sets++], sizeof(w->sets[0]),
			"hottest set of all: %.0f with %.1f %% of the misses; now %.0f with %.1f %%",
			hot.was, 100 * share.was, hot.is, 100 * share.is);
}

int explain_model(const struct compare *c, const struct comparison *x, const char *metric,
		  struct model_reason *w)
{
	struct pair ops, total, per;
	char a[160], b[160];
	unsigned n;

	*w = (struct model_reason){ .table = { .columns = 4 }, .level = level_of(metric) };
	if (!w->level || x->word == WORD_INVALID)
		return 0;
	total = both(x, w->level, "accesses", "");
	per = both(x, w->level, "accesses_per_op", "");
	ops = (struct pair){ total.was / per.was, total.is / per.is };
	if (!(ops.was > 0 && ops.is > 0))
		return 0;
	compare_name(c, &x->a, a, sizeof(a));
	compare_name(c, &x->b, b, sizeof(b));
	table_cell(&w->table, "%s misses per operation", w->level);
	table_cell(&w->table, "%s", b);
	table_cell(&w->table, "%s", a);
	table_cell(&w->table, "change");
	n = rows(&w->table, x, w->level, "misses_", "of ", who_names, &ops);
	n += rows(&w->table, x, w->level, "op_", "in ", model_op_names, &ops);
	n += rows(&w->table, x, w->level, "", "kind: ", sim_kind_names, &ops);
	if (n)
		say_sets(w, x);
	return n > 0;
}
