/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A comparison in words. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/compare.h"

#define NAME_MAX_LEN 160
#define MUCH 1.5 /* from here on as a factor, below as a percentage */

const char *percent_text(double part, char buf[32])
{
	snprintf(buf, 32, "%.4g", 100 * part);
	/* rounding may not promise more than there is */
	if (part < 1 && !strcmp(buf, "100"))
		snprintf(buf, 32, "%.8g", 100 * part);
	return buf;
}

const char *compare_name(const struct compare *c, const struct judge_side *s, char *buf, size_t len)
{
	const struct results *r = s->run;
	const struct res_config *config = &r->config[s->config];
	int alone = r->nr_configs == 1, many = r->nr_exp > 1 && !c->one_experiment;

	snprintf(buf, len, "%s%s%s%s%s", c->base != c->mine ? r->path : "",
		 c->base != c->mine && !alone ? ":" : "", many ? r->exp[config->exp].name : "",
		 many ? "/" : "", c->base != c->mine && alone ? "" : config->label);
	return buf;
}

static const char *unit_of(const struct comparison *x)
{
	return strcmp(x->unit, "1") ? x->unit : "";
}

static const char *space(const char *unit)
{
	return *unit ? " " : "";
}

void compare_effect(const struct comparison *x, char *buf, size_t len)
{
	char n[32];

	if (isnan(x->v.ratio))
		snprintf(buf, len, "-");
	else if (x->v.difference)
		snprintf(buf, len, "%s%s%s%s", x->v.ratio > 0 ? "+" : "",
			 results_number(x->v.ratio, n, sizeof(n)), space(unit_of(x)), unit_of(x));
	else
		snprintf(buf, len, "%.4g", x->v.ratio);
}

void compare_interval(const struct comparison *x, char *buf, size_t len)
{
	char lo[32], hi[32];

	if (x->kind == JUDGE_EXACT && x->v.have_interval)
		snprintf(buf, len, "exact");
	else if (!x->v.have_interval)
		snprintf(buf, len, "-");
	else if (x->v.difference)
		snprintf(buf, len, "%s to %s", results_number(x->v.lo, lo, sizeof(lo)),
			 results_number(x->v.hi, hi, sizeof(hi)));
	else
		snprintf(buf, len, "%.4g to %.4g", x->v.lo, x->v.hi);
}

/* "ratio 0.2352, 95 % interval 0.2321 to 0.2377, 12 pairs" */
static void numbers(const struct comparison *x, char *buf, size_t len)
{
	char effect[64], interval[80], sure[32], many[64], with[128] = "";

	compare_effect(x, effect, sizeof(effect));
	compare_interval(x, interval, sizeof(interval));
	if (x->kind == JUDGE_UNPAIRED)
		snprintf(many, sizeof(many), "%zu against %zu launches, not paired", x->v.pairs,
			 x->v.others);
	else
		snprintf(many, sizeof(many), "%zu pair%s", x->v.pairs, x->v.pairs == 1 ? "" : "s");
	if (x->v.have_interval)
		snprintf(with, sizeof(with), ", %s %% interval %s",
			 percent_text(x->v.confidence, sure), interval);
	snprintf(buf, len, "%s %s%s, %s", x->v.difference ? "difference" : "ratio", effect, with,
		 many);
}

/* By how much, as one says it. */
static void how_much(const struct comparison *x, char *buf, size_t len)
{
	double factor = x->v.ratio, part = fabs(factor - 1);
	int time = x->direction->speed && x->direction->better < 0;

	compare_effect(x, buf, len);
	if (x->v.difference)
		return;
	if (factor >= MUCH || factor <= 1 / MUCH) {
		/* faster and slower by the factor of the speed; amounts by their own */
		if (x->direction->speed)
			factor = fmax(factor, 1 / factor);
		snprintf(buf, len, "%.*f x", factor < 0.095 ? 4 : 2, factor);
	} else {
		snprintf(buf, len, "%.2g %% %s%s", 100 * part, x->v.ratio < 1 ? "less" : "more",
			 time ? " time" : "");
	}
}

static void say_exact(const struct comparison *x, const char *a, const char *b, char *buf,
		      size_t len)
{
	char na[32], nb[32], by[64];
	const char *unit = unit_of(x);

	results_number(x->a.s.median, na, sizeof(na));
	results_number(x->b.s.median, nb, sizeof(nb));
	if (x->word == WORD_SAME) {
		snprintf(buf, len, "%s and %s have the same %s: %s%s%s (exact)", a, b, x->metric,
			 na, space(unit), unit);
		return;
	}
	how_much(x, by, sizeof(by));
	if (x->direction->speed)
		snprintf(buf, len, "%s is %s than %s: %s against %s%s%s, %s (exact)", a,
			 judge_words[x->word], b, na, nb, space(unit), unit, by);
	else
		snprintf(buf, len, "%s has %s %s than %s: %s against %s%s%s, %s (exact)", a,
			 x->word == WORD_LESS ? x->direction->less : x->direction->more, x->metric,
			 b, na, nb, space(unit), unit, by);
}

static void say_equivalent(const struct compare *c, const struct comparison *x, const char *a,
			   const char *b, char *buf, size_t len)
{
	char delta[32], n[256];
	int apart = x->v.difference ? x->v.lo > 0 || x->v.hi < 0 : x->v.lo > 1 || x->v.hi < 1;

	numbers(x, n, sizeof(n));
	snprintf(buf, len, "%s and %s are equivalent: within %s %%%s (%s)", a, b,
		 percent_text(compare_delta(c, x), delta), apart ? ", though not the same" : "", n);
}

void compare_sentence(const struct compare *c, const struct comparison *x, char *buf, size_t len)
{
	char a[NAME_MAX_LEN], b[NAME_MAX_LEN], n[256], by[64];

	compare_name(c, &x->a, a, sizeof(a));
	compare_name(c, &x->b, b, sizeof(b));
	if (x->word == WORD_INVALID) {
		snprintf(buf, len, "invalid: %s against %s: %s", a, b, x->reason);
		return;
	}
	if (x->kind == JUDGE_EXACT) {
		say_exact(x, a, b, buf, len);
		return;
	}
	if (x->word == WORD_EQUIVALENT) {
		say_equivalent(c, x, a, b, buf, len);
		return;
	}
	numbers(x, n, sizeof(n));
	how_much(x, by, sizeof(by));
	if (x->word == WORD_INCONCLUSIVE)
		snprintf(buf, len, "inconclusive: %s against %s: %s; %s", a, b, n, x->reason);
	else if (x->direction->speed)
		snprintf(buf, len, "%s is %s than %s: %s (%s)", a, judge_words[x->word], b, by, n);
	else
		snprintf(buf, len, "%s has %s %s than %s: %s (%s)", a,
			 x->word == WORD_LESS ? x->direction->less : x->direction->more, x->metric,
			 b, by, n);
}
