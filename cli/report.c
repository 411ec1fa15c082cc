/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is compared, and what came of it. */

#include "cli/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"

#define FEW 8	   /* comparisons that are all told in sentences */
#define MOST_FEW 6 /* sentences of larger families, beside those by value */

/* ---- which against which ---- */

/* The first value of the setting of an experiment, in its own words. */
static void own_baseline(const struct results *r, unsigned exp, char *buf, size_t len)
{
	int a = picture_setting(r, exp);

	*buf = '\0';
	if (a >= 0)
		snprintf(buf, len, "%s=%s", r->exp[exp].axis[a].name, r->exp[exp].axis[a].value[0]);
}

static int add_experiment(struct family *f, const struct report_request *q, const struct results *r,
			  unsigned exp, struct err *e)
{
	const struct res_exp *x = &r->exp[exp];
	unsigned i;
	int rc = 0;

	f->exp = (int)exp;
	f->c.base = f->c.mine = r;
	f->c.one_experiment = 1;
	own_baseline(r, exp, f->baseline, sizeof(f->baseline));
	if (q->ask.baseline && results_baseline(r, x->first, q->ask.baseline) >= 0)
		snprintf(f->baseline, sizeof(f->baseline), "%s", q->ask.baseline);
	for (i = x->first; i < x->first + x->nr_configs && !rc && *f->baseline; i++) {
		int b = results_baseline(r, i, f->baseline);

		if (b >= 0 && (unsigned)b != i)
			rc = compare_add(&f->c, &q->ask, i, (unsigned)b, e);
	}
	if (rc == -EINVAL) { /* it has no such metric */
		snprintf(f->why_not, sizeof(f->why_not), "%.290s", e->text);
		rc = 0;
	} else if (!rc && !f->c.nr) {
		if (x->nr_configs == 1)
			snprintf(f->why_not, sizeof(f->why_not),
				 "it has one config, and so nothing to compare it with");
		else
			snprintf(
				f->why_not, sizeof(f->why_not),
				"no config is the baseline of another, '%.200s' (--baseline says which)",
				f->baseline);
	}
	return rc;
}

static int add_runs(struct family *f, const struct report_request *q, const struct results *base,
		    const struct results *mine, struct err *e)
{
	int rc;

	f->exp = -1;
	f->c.base = base;
	f->c.mine = mine;
	rc = compare_add_runs(&f->c, &q->ask, e);
	/* one config each: whatever they are called, they are what is compared */
	if (rc == -EINVAL && base->nr_configs == 1 && mine->nr_configs == 1)
		rc = compare_add(&f->c, &q->ask, 0, 0, e);
	if (rc == -EINVAL) {
		snprintf(f->why_not, sizeof(f->why_not), "%.290s", e->text);
		rc = 0;
	}
	return rc ? rc : compare_environment(&f->c, e);
}

int report_choose(struct report *r, struct err *e)
{
	const struct compare_request *q = &r->q->ask;
	unsigned i, x, n = r->nr;
	int rc = 0;

	for (i = 0; i < r->nr; i++)
		n += r->run[i].nr_exp;
	r->family = calloc(n ? n : 1, sizeof(*r->family));
	if (!r->family)
		return err_set(e, -ENOMEM, "out of memory");
	for (i = 1; i < r->nr && !rc; i++)
		rc = add_runs(&r->family[r->families++], r->q, &r->run[0], &r->run[i], e);
	for (i = 0; i < r->nr; i++)
		for (x = 0; x < r->run[i].nr_exp && !rc; x++)
			rc = add_experiment(&r->family[r->families++], r->q, &r->run[i], x, e);
	for (i = 0, n = 0; i + 1 < r->nr && !rc; i++)
		n += compare_testable(&r->family[i].c);
	for (i = 0; i < r->families && !rc; i++) {
		struct compare *c = &r->family[i].c;

		/* what is between runs is judged together; each experiment by itself */
		if (i + 1 < r->nr)
			c->beside = n - compare_testable(c);
		if (c->nr)
			compare_judge(c, q);
	}
	return rc;
}

void report_release(struct report *r)
{
	unsigned i;

	for (i = 0; i < r->families; i++)
		compare_release(&r->family[i].c);
	free(r->family);
	r->family = NULL;
	r->families = 0;
}

int report_is_decided(const struct comparison *x)
{
	return x->word <= WORD_MORE;
}

static double strength(const struct comparison *x)
{
	if (!report_is_decided(x) || !(x->v.ratio > 0) || x->v.difference)
		return report_is_decided(x) ? 0 : -1;
	return fabs(log(x->v.ratio));
}

unsigned *report_order(const struct family *f)
{
	unsigned *order = calloc(f->c.nr + 1, sizeof(*order)), i, k;

	for (i = 0; order && i < f->c.nr; i++) {
		for (k = i; k && strength(&f->c.item[order[k - 1]]) < strength(&f->c.item[i]); k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	return order;
}

/* ---- verdicts ---- */

static enum doc_tone tone_of(const struct comparison *x)
{
	if (x->word == WORD_INVALID || x->word == WORD_INCONCLUSIVE)
		return DOC_OPEN;
	return x->better > 0 ? DOC_GOOD : x->better < 0 ? DOC_BAD : DOC_PLAIN;
}

static void sentence(struct report *r, const struct family *f, unsigned item)
{
	const struct comparison *x = &f->c.item[item];
	char text[900];

	report_sentence(f, x, text, sizeof(text));
	doc_item(&r->d, tone_of(x), "", "%s", text);
}

/* "28 comparisons: 12 faster, 3 slower, 13 inconclusive", of those with value @value of @axis; -1: all. */
static unsigned count_words(const struct family *f, int axis, unsigned value, char *buf, size_t len)
{
	unsigned i, w, all = 0, n[NR_WORDS] = { 0 };
	size_t at = 0;

	for (i = 0; i < f->c.nr; i++) {
		const struct judge_side *a = &f->c.item[i].a;

		if (axis >= 0 && a->run->config[a->config].at[axis] != value)
			continue;
		n[f->c.item[i].word]++;
		all++;
	}
	*buf = '\0';
	for (w = 0; w < NR_WORDS && at < len; w++)
		if (n[w])
			at += (size_t)snprintf(buf + at, len - at, "%s%u %s", at ? ", " : "", n[w],
					       judge_words[w]);
	return all;
}

/* A line for each value of the setting: how often what, and its largest effect. */
static void by_value(struct report *r, const struct family *f, const unsigned *order)
{
	const struct results *run = f->c.mine;
	int axis = picture_setting(run, (unsigned)f->exp);
	const struct res_axis *x = &run->exp[f->exp].axis[axis];
	char counts[200], text[900];
	unsigned v, i, all;

	for (v = 0; v < x->nr; v++) {
		const struct comparison *c = NULL;

		all = count_words(f, axis, v, counts, sizeof(counts));
		for (i = 0; i < f->c.nr; i++) {
			c = &f->c.item[order[i]];
			if (run->config[c->a.config].at[axis] == v)
				break;
		}
		if (!all || !c || i == f->c.nr)
			continue;
		report_sentence(f, c, text, sizeof(text));
		doc_item(&r->d, tone_of(c), "", "%s=%s: of %u comparisons %s. %s: %s", x->name,
			 x->value[v], all, counts,
			 report_is_decided(c) ? "The largest difference" : "The first", text);
	}
}

static void sure(struct report *r, const struct family *f)
{
	char all[32], each[32], delta[32], together[160];

	percent_text(f->c.confidence, all);
	percent_text(f->c.each, each);
	if (f->c.together > 1)
		snprintf(together, sizeof(together),
			 "%s %% for all %u comparisons together, so %s %% for each", all,
			 f->c.together, each);
	else
		snprintf(together, sizeof(together), "%s %%", all);
	doc_text(
		&r->d,
		"How sure: the confidence is %s. A ratio is the config's number over the baseline's. Equivalent means "
		"that its whole interval lies within %s %% of 1; inconclusive, that it allows both a difference that "
		"matters and none, or that there are too few launches: then nothing is claimed.",
		together, percent_text(f->c.delta, delta));
}

static void axes_text(const struct results *r, unsigned exp, char *buf, size_t len)
{
	const struct res_exp *x = &r->exp[exp];
	size_t n = 0;
	unsigned a, v;

	*buf = '\0';
	for (a = 0; a < x->nr_axes && n < len; a++) {
		n += (size_t)snprintf(buf + n, len - n, "%s%.60s (", a ? ", by " : "",
				      x->axis[a].name);
		for (v = 0; v < x->axis[a].nr && v < 8 && n < len; v++)
			n += (size_t)snprintf(buf + n, len - n, "%s%.40s", v ? ", " : "",
					      x->axis[a].value[v]);
		if (n < len)
			n += (size_t)snprintf(buf + n, len - n, "%s)",
					      x->axis[a].nr > 8 ? ", ..." : "");
	}
}

static void what_was_compared(struct report *r, const struct family *f)
{
	const struct results *run = f->c.mine;
	const struct res_exp *x;
	const char *metric = f->c.nr ? f->c.item[0].metric : PICTURE_METRIC;
	char axes[700];

	if (f->exp < 0) {
		const struct env_diff *unlike = compare_unlike(&f->c);

		doc_text(
			&r->d,
			"Configs of the same name in two runs, %s against %s, in %s. The runs were not interleaved: "
			"what drifted between them cannot be told from an effect, so a stricter rule holds.",
			f->c.mine->path, f->c.base->path, metric);
		if (unlike)
			doc_item(
				&r->d, DOC_BAD, "unlike hosts",
				"%s: %s, then %s. What is between the hosts is in every one of these ratios.",
				unlike->name, unlike->base, unlike->mine);
		return;
	}
	x = &run->exp[f->exp];
	axes_text(run, (unsigned)f->exp, axes, sizeof(axes));
	doc_text(&r->d, "Workload %s, %u config%s%s%s, %u launches each%s%s%s%s%s.",
		 picture_requested(run, x->first, "workload"), x->nr_configs,
		 x->nr_configs == 1 ? "" : "s", *axes ? ": " : "", axes, run->blocks,
		 f->c.nr ? "; compared with " : "", f->c.nr ? f->baseline : "",
		 f->c.nr ? " and otherwise the same, in " : "", f->c.nr ? metric : "",
		 f->c.nr && r->q->ask.nr_metrics > 1 ? " and other metrics" : "");
}

void report_family_heading(struct report *r, const struct family *f)
{
	if (f->exp < 0)
		doc_heading(&r->d, 3, "", "%s against %s", f->c.mine->path, f->c.base->path);
	else
		doc_heading(&r->d, 3, "", "%s%s%s", f->c.mine->exp[f->exp].name,
			    r->nr > 1 ? " of " : "", r->nr > 1 ? f->c.mine->path : "");
}

static void verdicts(struct report *r, const struct family *f)
{
	unsigned *order = report_order(f), i;
	char counts[200];

	report_family_heading(r, f);
	what_was_compared(r, f);
	if (*f->why_not || !f->c.nr || !order) {
		doc_text(&r->d, "Not compared: %s.", *f->why_not ? f->why_not : "out of memory");
		free(order);
		return;
	}
	if (f->c.nr > 1) {
		unsigned n = count_words(f, -1, 0, counts, sizeof(counts));

		doc_text(&r->d, "%u comparisons: %s.", n, counts);
	}
	if (f->c.nr > FEW && f->exp >= 0) {
		by_value(r, f, order);
	} else {
		for (i = 0; i < f->c.nr && (f->c.nr <= FEW || i < MOST_FEW); i++)
			sentence(r, f, order[i]);
	}
	sure(r, f);
	if (f->exp >= 0)
		report_axes(r, f->c.mine, (unsigned)f->exp, f->c.item[0].metric);
	for (i = 0; i < f->c.nr_warnings; i++)
		doc_item(&r->d, DOC_BAD, "warning", "%s", f->c.warning[i]);
	free(order);
}

/* ---- numbers ---- */

static void side_cells(struct table *t, const struct judge_side *s)
{
	char m[40], lo[40], hi[40];

	if (!s->s.n) {
		table_cell(t, "-");
		return;
	}
	results_number(s->s.median, m, sizeof(m));
	if (s->s.have_interval)
		table_cell(t, "%s [%s, %s]", m, results_number(s->s.interval.lo, lo, sizeof(lo)),
			   results_number(s->s.interval.hi, hi, sizeof(hi)));
	else
		table_cell(t, "%s", m);
}

static void numbers(struct report *r, const struct family *f)
{
	struct table t = { .columns = 8 };
	const struct comparison *x = f->c.item;
	int metric = r->q->ask.nr_metrics > 1;
	char effect[64], interval[80], name[200], sure[32];
	unsigned i;

	if (!f->c.nr)
		return;
	t.columns += (unsigned)metric;
	table_cell(&t, "config");
	if (metric)
		table_cell(&t, "metric");
	table_cell(&t, "verdict");
	table_cell(&t, "%s", f->exp < 0 ? "first run" : "its baseline");
	table_cell(&t, "config itself");
	table_cell(&t, "ratio");
	table_cell(&t, "%s %% interval", percent_text(f->c.each, sure));
	table_cell(&t, f->exp < 0 ? "launches" : "pairs");
	table_cell(&t, "reason");
	for (i = 0; i < f->c.nr; i++, x++) {
		table_cell(&t, "%s", compare_name(&f->c, &x->a, name, sizeof(name)));
		if (metric)
			table_cell(&t, "%s", x->metric);
		table_cell(&t, "%s", judge_words[x->word]);
		side_cells(&t, &x->b);
		side_cells(&t, &x->a);
		compare_effect(x, effect, sizeof(effect));
		compare_interval(x, interval, sizeof(interval));
		table_cell(&t, "%s", effect);
		table_cell(&t, "%s", interval);
		table_cell(&t, "%zu", x->v.pairs);
		table_cell(&t, "%s", x->reason);
	}
	x = f->c.item;
	doc_table(&r->d, &t, 0, "%s%s%s: %s%s%s, medians with their 95 %% intervals, against %s",
		  f->exp < 0 ? "" : f->c.mine->exp[f->exp].name,
		  f->exp >= 0 && r->nr > 1 ? " of " : "",
		  f->exp >= 0 && r->nr == 1 ? "" : f->c.mine->path,
		  metric ? "all metrics" : x->metric, metric || !strcmp(x->unit, "1") ? "" : ", ",
		  metric || !strcmp(x->unit, "1") ? "" : x->unit,
		  f->exp < 0 ? f->c.base->path : f->baseline);
	table_release(&t);
}

/* ---- the whole ---- */

static void all_verdicts(struct report *r)
{
	for (unsigned i = 0; i < r->families; i++)
		verdicts(r, &r->family[i]);
}

static void all_numbers(struct report *r)
{
	for (unsigned i = 0; i < r->families; i++)
		numbers(r, &r->family[i]);
}

static void all_reasons(struct report *r)
{
	for (unsigned i = 0; i < r->families; i++)
		report_why(r, &r->family[i]);
}

static const struct {
	struct doc_section head;
	void (*tell)(struct report *r);
} sections[] = {
	{ { "verdicts", "What came of it" }, all_verdicts },
	{ { "numbers", "The numbers of both sides" }, all_numbers },
	{ { "why", "What explains it" }, all_reasons },
	{ { "pictures", "Pictures" }, report_pictures },
	{ { "method", "How it was measured" }, report_method },
	{ { "noise", "Noise floor" }, report_noise },
	{ { "interference", "What was in the way" }, report_ledger },
	{ { "environment", "Environment" }, report_environment },
	{ { "repeat", "To do it again" }, report_repeat },
	{ { "data", "Raw data" }, report_files },
	{ { "missing", "What could not be measured" }, report_missing },
	{ { "words", "What the words mean" }, report_words },
};
#define NR_SECTIONS (sizeof(sections) / sizeof(sections[0]))

static int is_left_out(const struct report *r, unsigned section)
{
	return sections[section].tell == report_pictures && r->q->no_pictures;
}

void report_write(struct report *r)
{
	struct doc_section heads[NR_SECTIONS];
	char title[200];
	unsigned i, n = 0;

	snprintf(title, sizeof(title), "slabscope: %.150s%s", r->run[r->nr - 1].path,
		 r->nr > 1 ? " and others" : "");
	doc_begin(&r->d, title);
	report_introduce(r);
	for (i = 0; i < NR_SECTIONS; i++)
		if (!is_left_out(r, i))
			heads[n++] = sections[i].head;
	doc_contents(&r->d, heads, n);
	for (i = 0; i < NR_SECTIONS; i++) {
		if (is_left_out(r, i))
			continue;
		doc_heading(&r->d, 2, sections[i].head.id, "%s", sections[i].head.title);
		sections[i].tell(r);
	}
	doc_end(&r->d);
}
