/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --fail-on: what makes compare exit with 3.
 *
 *	WORD		a comparison has this verdict
 *	WORD:PCT	faster, slower, less, more; and the whole interval lies beyond PCT
 *	METRIC>PCT	the metric's whole interval lies above +PCT; METRIC<PCT: below -PCT
 *
 * Beyond PCT means by a factor of 1 + PCT (slower, more, >) or 1 - PCT (less, <); faster is the same
 * as slower the other way round: B is slower than A by more than PCT. A number that was 0 and is not
 * any more is beyond every PCT.
 */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/suggest.h"

int percent_parse(const char *text, double lo, double hi, double *out, struct err *e)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%")) || !(v >= lo && v <= hi))
		return err_set(e, -EINVAL,
			       "expected a percentage from %g to %g, as 2%%, got '%.40s'", lo, hi,
			       text);
	*out = v / 100;
	return 0;
}

static int parse_metric(struct gate *g, const char *text, const char *sign, struct err *e)
{
	if ((size_t)(sign - text) >= sizeof(g->metric))
		return err_set(e, -EINVAL, "a metric's name is shorter than '%.70s'", text);
	memcpy(g->metric, text, (size_t)(sign - text));
	g->sign = *sign == '>' ? 1 : -1;
	g->word = NR_WORDS;
	g->have_percent = 1;
	return percent_parse(sign + 1, 0, 1e6, &g->percent, e);
}

static int bad_word(const char *word, struct err *e)
{
	const char *near = suggest(word, judge_words);

	return err_set(e, -EINVAL,
		       "expected slower[:PCT], faster[:PCT], more[:PCT], less[:PCT], invalid, "
		       "inconclusive, METRIC>PCT or METRIC<PCT, got '%.40s'%s%s%s",
		       word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

int gate_parse(struct gate *g, const char *text, struct err *e)
{
	const char *sign = strpbrk(text, "<>"), *colon;
	char word[32];
	unsigned i;

	*g = (struct gate){ .text = text };
	if (sign && sign > text)
		return parse_metric(g, text, sign, e);
	colon = strchrnul(text, ':');
	if ((size_t)(colon - text) >= sizeof(word))
		return bad_word(text, e);
	snprintf(word, sizeof(word), "%.*s", (int)(colon - text), text);
	for (i = 0; i < NR_WORDS && strcmp(judge_words[i], word); i++)
		;
	if (i == NR_WORDS || i == WORD_SAME || i == WORD_EQUIVALENT)
		return bad_word(word, e);
	g->word = (enum judge_word)i;
	if (!*colon)
		return 0;
	if (i > WORD_MORE)
		return err_set(e, -EINVAL, "'%s' takes no percentage", word);
	g->have_percent = 1;
	return percent_parse(colon + 1, 0, 1e6, &g->percent, e);
}

/* The interval as ratios; a difference in parts of what it is compared with. */
static void bounds(const struct comparison *c, double *lo, double *hi)
{
	double base = c->b.s.median;

	*lo = c->v.lo;
	*hi = c->v.hi;
	if (!c->v.difference)
		return;
	*lo = base ? 1 + *lo / fabs(base) : *lo > 0 ? INFINITY : *lo < 0 ? -INFINITY : 1;
	*hi = base ? 1 + *hi / fabs(base) : *hi > 0 ? INFINITY : *hi < 0 ? -INFINITY : 1;
}

int gate_fails(const struct gate *g, const struct comparison *c)
{
	double lo, hi, up = 1 + g->percent, down = 1 - g->percent;
	int more_is_faster = c->direction->better > 0;

	if (*g->metric ? strcmp(g->metric, c->metric) != 0 : !g->have_percent && c->word != g->word)
		return 0;
	if (!g->have_percent)
		return 1;
	if (c->word == WORD_INVALID || !c->v.have_interval)
		return 0;
	bounds(c, &lo, &hi);
	if (*g->metric)
		return g->sign > 0 ? lo > up : hi < down;
	if (c->direction->speed != (g->word == WORD_FASTER || g->word == WORD_SLOWER))
		return 0;
	switch (g->word) {
	case WORD_MORE:
		return lo > up;
	case WORD_LESS:
		return hi < down;
	case WORD_SLOWER:
		return more_is_faster ? hi < 1 / up : lo > up;
	default:
		return more_is_faster ? lo > up : hi < 1 / up;
	}
}
