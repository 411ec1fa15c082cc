/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One config against another. */

#include "cli/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_REASONS 8
#define REASON_MAX 48

const char *const judge_kind_names[] = { "paired", "unpaired", "exact", NULL };
const char *const judge_words[] = { "faster",	  "slower",	  "less",    "more", "same",
				    "equivalent", "inconclusive", "invalid", NULL };

/* ---- what was set aside ---- */

/* A note without its figures: "run_delay 12 % of ..." is "run_delay". */
static void kind_of_note(const struct sample *s, char out[REASON_MAX])
{
	const char *note = s->note && *s->note ? s->note : s->state;
	int n = (int)strcspn(note, ":;(0123456789");

	while (n && note[n - 1] == ' ')
		n--;
	if (n >= REASON_MAX)
		n = REASON_MAX - 1;
	snprintf(out, REASON_MAX, "%.*s", n, note);
	if (!n)
		snprintf(out, REASON_MAX, "%.*s", REASON_MAX - 1, s->state);
}

unsigned judge_aside(const struct results *r, unsigned config, char *buf, size_t len)
{
	char reason[MOST_REASONS][REASON_MAX], one[REASON_MAX];
	unsigned times[MOST_REASONS] = { 0 }, nr = 0, most = 0, aside = 0, b, i;

	*buf = '\0';
	for (b = 0; b < r->blocks; b++) {
		const struct sample *s = r->status[(size_t)config * r->blocks + b];

		if (!s || !strcmp(s->state, "ok"))
			continue;
		aside++;
		kind_of_note(s, one);
		for (i = 0; i < nr && strcmp(reason[i], one); i++)
			;
		if (i == MOST_REASONS)
			continue;
		if (i == nr)
			memcpy(reason[nr++], one, sizeof(one));
		times[i]++;
		most = times[i] > times[most] ? i : most;
	}
	if (aside)
		snprintf(buf, len, "%u of %u launches set aside (%s%s)", aside,
			 r->blocks - results_not_run(r, config), reason[most],
			 nr > 1 ? ", and other reasons" : "");
	return aside;
}

/* ---- before the verdict ---- */

static struct judge_side side(const struct results *r, unsigned config, const char *metric)
{
	struct judge_side s = { .run = r,
				.config = config,
				.metric = results_metric(r, metric, NULL) };

	if (s.metric >= 0)
		results_summary(r, config, (unsigned)s.metric, &s.s);
	return s;
}

static const char *state_of(const struct judge_side *s)
{
	return s->metric < 0 ? "missing" : results_state(s->run, s->config, (unsigned)s->metric);
}

static int from_exact_source(const struct judge_side *s)
{
	return s->metric >= 0 && direction_exact_source(s->run->metric[s->metric].source);
}

static int constant(const struct judge_side *s)
{
	return s->s.n && s->s.min == s->s.max;
}

/* Does one of them vary that should not? The number of operations may: then all counts do. */
static void warn_if_varying(struct comparison *c, const struct judge_side *s)
{
	struct judge_side ops = side(s->run, s->config, "effective.ops");
	char lo[32], hi[32];

	if (!from_exact_source(s) || !s->s.n || constant(s) || *c->warning)
		return;
	snprintf(c->warning, sizeof(c->warning),
		 "%s varies between launches of %s (%s to %s): not exact%s", c->metric,
		 s->run->config[s->config].label, results_number(s->s.min, lo, sizeof(lo)),
		 results_number(s->s.max, hi, sizeof(hi)),
		 ops.s.n && !constant(&ops) ?
			 "; so does the number of operations, which ops=N would fix" :
			 ", a defect unless random, or modelled workers take turns");
}

void judge_begin(struct comparison *c, const struct results *ra, unsigned a,
		 const struct results *rb, unsigned b, const char *metric)
{
	const struct judge_side *with;

	memset(c, 0, sizeof(*c));
	c->a = side(ra, a, metric);
	c->b = side(rb, b, metric);
	with = c->a.metric >= 0 ? &c->a : &c->b;
	c->metric = metric;
	c->unit = with->metric >= 0 ? with->run->metric[with->metric].unit : "";
	c->direction = direction_of(metric, c->unit);
	c->kind = ra == rb ? JUDGE_PAIRED : JUDGE_UNPAIRED;
	if (from_exact_source(&c->a) && from_exact_source(&c->b) && constant(&c->a) &&
	    constant(&c->b))
		c->kind = JUDGE_EXACT;
	c->testable = c->kind != JUDGE_EXACT && c->a.s.n && c->b.s.n;
	warn_if_varying(c, &c->a);
	warn_if_varying(c, &c->b);
}

unsigned judge_together(const struct results *r, unsigned exp, const char *metric,
			const char *baseline)
{
	const struct res_exp *x = &r->exp[exp];
	unsigned i, n = 0;

	for (i = x->first; i < x->first + x->nr_configs; i++) {
		int base = results_baseline(r, i, baseline);
		struct comparison c;

		if (base < 0 || (unsigned)base == i)
			continue;
		judge_begin(&c, r, i, r, (unsigned)base, metric);
		n += (unsigned)c.testable;
	}
	return n ? n : 1;
}

int judge_ratios(const struct comparison *c, double *r)
{
	const double *a = results_values(c->a.run, c->a.config, (unsigned)c->a.metric);
	const double *b = results_values(c->b.run, c->b.config, (unsigned)c->b.metric);
	unsigned i, blocks = c->a.run->blocks;
	int differences = 0;

	for (i = 0; i < blocks; i++)
		differences |= a[i] <= 0 || b[i] <= 0; /* false for NaN */
	for (i = 0; i < blocks; i++)
		r[i] = differences ? a[i] - b[i] : log(a[i] / b[i]);
	return differences;
}

/* ---- the verdict ---- */

/* Is it a time, or a number of cycles, that was measured? */
static int tells_time(const struct comparison *c, const struct judge_side *s)
{
	return !from_exact_source(s) &&
	       (c->direction->speed || strstr(c->metric, "cycle") || strstr(c->metric, "stall"));
}

/* Does @s make the comparison invalid? Says why. */
static int spoils(struct comparison *c, const struct judge_side *s)
{
	const char *label = s->run->config[s->config].label, *state = state_of(s);
	char aside[160];
	unsigned ran = s->run->blocks - results_not_run(s->run, s->config);

	if (2 * judge_aside(s->run, s->config, aside, sizeof(aside)) > ran)
		return snprintf(c->reason, sizeof(c->reason), "%s: %s", label, aside);
	if (!ran)
		return 0; /* nothing is wrong, there is nothing yet */
	if (!strcmp(state, "missing"))
		return snprintf(c->reason, sizeof(c->reason), "%s: %s was not measured", label,
				c->metric);
	if (!strcmp(state, "scaled"))
		return snprintf(c->reason, sizeof(c->reason),
				"%s: %s was counted for only a share of the time (multiplexed)",
				label, c->metric);
	if (s->s.n && tells_time(c, s) && results_cpu_emulated(s->run))
		return snprintf(c->reason, sizeof(c->reason),
				"%s: %s is of a CPU that was %s: no time of it means anything",
				label, c->metric, results_cpu_emulated(s->run));
	/* unavailable in some launches, in all, or in half of them */
	if (2 * s->s.n < s->run->config[s->config].ok)
		return snprintf(c->reason, sizeof(c->reason), "%s: %s is unavailable: %.120s",
				label, c->metric,
				results_note(s->run, s->config, (unsigned)s->metric));
	return 0;
}

static void judge_exact(struct comparison *c)
{
	double a = c->a.s.median, b = c->b.s.median;
	const struct direction *d = c->direction;

	c->v.difference = !(a > 0 && b > 0);
	c->v.ratio = c->v.lo = c->v.hi = c->v.difference ? a - b : a / b;
	c->v.have_interval = 1;
	c->v.coverage = c->v.confidence = 1;
	c->v.pairs = c->a.s.n < c->b.s.n ? c->a.s.n : c->b.s.n;
	if (a == b)
		c->word = WORD_SAME;
	else if (d->speed)
		c->word = (a < b) == (d->better < 0) ? WORD_FASTER : WORD_SLOWER;
	else
		c->word = a < b ? WORD_LESS : WORD_MORE;
	c->better = a == b ? 0 : a < b ? -d->better : d->better;
}

/* @v's word: for amounts, faster stands for less (higher_is_better is 0 for them). */
static void take_verdict(struct comparison *c)
{
	static const enum judge_word word[2][VERDICT_INVALID + 1] = {
		{ WORD_LESS, WORD_MORE, WORD_EQUIVALENT, WORD_INCONCLUSIVE, WORD_INVALID },
		{ WORD_FASTER, WORD_SLOWER, WORD_EQUIVALENT, WORD_INCONCLUSIVE, WORD_INVALID },
	};
	const struct direction *d = c->direction;

	c->word = word[d->speed][c->v.verdict];
	c->better = c->word == WORD_FASTER ? 1 :
		    c->word == WORD_SLOWER ? -1 :
		    c->word == WORD_LESS   ? -d->better :
		    c->word == WORD_MORE   ? d->better :
					     0;
}

static void judge_paired(struct comparison *c, const struct verdict_rules *rules)
{
	unsigned blocks = c->a.run->blocks;
	double r[blocks];

	if (judge_ratios(c, r))
		verdict_differences(r, blocks, rules->delta * fabs(c->b.s.median), rules, &c->v);
	else
		verdict_ratios(r, blocks, rules, &c->v);
}

static int copy_values(const struct judge_side *s, double *v)
{
	const double *from = results_values(s->run, s->config, (unsigned)s->metric);
	int all_positive = 1;
	unsigned i;

	for (i = 0; i < s->run->blocks; i++) {
		v[i] = from[i];
		all_positive &= !(from[i] <= 0);
	}
	return all_positive;
}

static void judge_unpaired(struct comparison *c, const struct verdict_rules *rules)
{
	double a[c->a.run->blocks], b[c->b.run->blocks];
	int ratios = copy_values(&c->a, a);

	ratios &= copy_values(&c->b, b);
	if (ratios)
		verdict_unpaired(a, c->a.run->blocks, b, c->b.run->blocks, rules, &c->v);
	else
		verdict_unpaired_differences(a, c->a.run->blocks, b, c->b.run->blocks,
					     rules->delta * fabs(c->b.s.median), rules, &c->v);
}

/* Enough launches were made for an interval, and too few count. */
static int starved(struct comparison *c)
{
	const struct judge_side *worst = NULL;
	char aside[160];
	unsigned most = 0, i;

	for (i = 0; i < 2; i++) {
		const struct judge_side *s = i ? &c->b : &c->a;
		unsigned n = judge_aside(s->run, s->config, aside, sizeof(aside));
		unsigned ran = s->run->blocks - results_not_run(s->run, s->config);

		if (ran < c->v.least)
			return 0;
		if (n > most) {
			most = n;
			worst = s;
		}
	}
	if (!worst)
		return 0;
	judge_aside(worst->run, worst->config, aside, sizeof(aside));
	return snprintf(c->reason, sizeof(c->reason),
			"%zu pairs are left, an interval needs %zu: %s: %s", c->v.pairs, c->v.least,
			worst->run->config[worst->config].label, aside);
}

/* Two digits are all that the guess is worth. */
static size_t about(size_t n)
{
	size_t unit = 1;

	while (n / unit >= 100)
		unit *= 10;
	return (n + unit - 1) / unit * unit;
}

static void say_what_is_missing(struct comparison *c)
{
	const char *one = c->kind == JUDGE_UNPAIRED ? "launch" : "pair";
	const char *many = c->kind == JUDGE_UNPAIRED ? "launches" : "pairs";
	size_t n = c->v.pairs;

	if (c->kind == JUDGE_UNPAIRED && c->v.others < n)
		n = c->v.others;
	if (!c->v.have_interval)
		snprintf(c->reason, sizeof(c->reason), "%zu %s: an interval needs %zu", n,
			 n == 1 ? one : many, c->v.least);
	else if (c->v.further)
		snprintf(c->reason, sizeof(c->reason),
			 "about %zu further %s%s would probably decide", about(c->v.further),
			 c->v.further == 1 ? one : many,
			 c->kind == JUDGE_UNPAIRED ? " of each" : "");
	else
		snprintf(c->reason, sizeof(c->reason),
			 "how many more would decide cannot be said from these");
}

void judge(struct comparison *c, const struct verdict_rules *rules)
{
	struct verdict_rules mine = *rules;

	mine.higher_is_better = c->direction->speed && c->direction->better > 0;
	mine.beyond_delta = c->kind == JUDGE_UNPAIRED;
	if (c->kind == JUDGE_EXACT && !spoils(c, &c->a) && !spoils(c, &c->b)) {
		judge_exact(c);
		return;
	}
	verdict_ratios(NULL, 0, &mine, &c->v);
	if (c->a.metric >= 0 && c->b.metric >= 0) {
		if (c->kind == JUDGE_PAIRED)
			judge_paired(c, &mine);
		else if (c->kind == JUDGE_UNPAIRED)
			judge_unpaired(c, &mine);
	}
	if (*c->reason || spoils(c, &c->a) || spoils(c, &c->b) ||
	    (!c->v.have_interval && starved(c)))
		c->v.verdict = VERDICT_INVALID;
	else if (!c->testable)
		c->v.verdict = VERDICT_INCONCLUSIVE;
	take_verdict(c);
	if (c->word == WORD_INCONCLUSIVE)
		say_what_is_missing(c);
}
