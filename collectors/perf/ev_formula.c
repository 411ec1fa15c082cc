/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formulas over quantities, and their units. One walk over the text gives value and unit together:
 *
 *	sum     = product { (" + " | " - ") product }
 *	product = factor { ("*" | "/") factor }
 *	factor  = number | name | "(" sum ")" | "-" factor
 *
 * A name may contain '-': a minus begins a new word only behind a blank or a parenthesis. A unit is
 * words with * and / between them ("lines/accesses"), 1 for none; sums want equal units.
 */

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"

#define WORDS_MAX 8
#define WORD_MAX 24
#define DEPTH_MAX 32
#define POWER_MAX 64

struct unit {
	char word[WORDS_MAX][WORD_MAX];
	int power[WORDS_MAX]; /* none is 0 */
	unsigned nr;
};

struct result {
	double value;
	struct unit unit;
};

/* ---- units ---- */

static int unit_times(struct unit *u, const char *word, size_t len, int power)
{
	unsigned i;

	for (i = 0; i < u->nr; i++)
		if (strlen(u->word[i]) == len && !memcmp(u->word[i], word, len))
			break;
	if (i == u->nr) {
		if (u->nr == WORDS_MAX || len >= WORD_MAX)
			return -EINVAL;
		memcpy(u->word[i], word, len);
		u->word[i][len] = '\0';
		u->power[i] = 0;
		u->nr++;
	}
	u->power[i] += power;
	if (abs(u->power[i]) > POWER_MAX)
		return -EINVAL;
	if (!u->power[i]) {
		u->nr--;
		memmove(u->word[i], u->word[u->nr], WORD_MAX);
		u->power[i] = u->power[u->nr];
	}
	return 0;
}

static int unit_multiply(struct unit *u, const struct unit *by, int sign)
{
	for (unsigned i = 0; i < by->nr; i++)
		if (unit_times(u, by->word[i], strlen(by->word[i]), sign * by->power[i]))
			return -EINVAL;
	return 0;
}

static bool unit_equal(const struct unit *a, const struct unit *b)
{
	struct unit quotient = *a;

	return !unit_multiply(&quotient, b, -1) && !quotient.nr;
}

/* "lines/accesses", "1/cycles", "1" */
static int unit_parse(const char *text, struct unit *u)
{
	int power = 1;

	u->nr = 0;
	for (;;) {
		size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_");

		if (n ? unit_times(u, text, n, power) : *text != '1')
			return -EINVAL;
		text += n ? n : 1;
		if (!*text)
			return 0;
		if (*text != '/' && *text != '*')
			return -EINVAL;
		power = *text++ == '/' ? -1 : 1;
	}
}

static void unit_print(const struct unit *u, char *buf, size_t len)
{
	size_t n = 0;

	snprintf(buf, len, "1");
	for (int sign = 1; sign >= -1; sign -= 2)
		for (unsigned i = 0; i < u->nr; i++)
			for (int k = 0; k < abs(u->power[i]) && u->power[i] * sign > 0; k++) {
				if (!n && sign < 0)
					n = 1; /* the 1 that stands there */
				n += (size_t)snprintf(buf + n, n < len ? len - n : 0, "%s%s",
						      sign < 0 ? "/" :
						      n	       ? "*" :
								 "",
						      u->word[i]);
				if (n >= len)
					return;
			}
}

int ev_unit_check(const char *unit, struct err *e)
{
	char shown[EV_SHOWN];
	struct unit u;

	if (strlen(unit) < 48 && !unit_parse(unit, &u))
		return 0;
	return err_set(e, -EINVAL, "expected words with * and / between them, or 1, got '%s'",
		       ev_shown(unit, shown));
}

/* ---- the walk ---- */

struct walk {
	const char *text, *at;
	unsigned depth;
	/* value and unit of a name: 0, or -ENOENT */
	int (*name)(struct walk *w, const char *name, struct result *out, struct err *e);
	void *ctx;
	double (*get)(void *ctx, const char *name);
	const char *(*unit_of)(void *ctx, const char *name);
};

static int sum(struct walk *w, struct result *out, struct err *e);

static int refuse(const struct walk *w, struct err *e, const char *what)
{
	return err_set(e, -EINVAL, "column %u: %s", (unsigned)(w->at - w->text) + 1, what);
}

static void skip(struct walk *w)
{
	w->at += strspn(w->at, " \t");
}

static int name(struct walk *w, struct result *out, struct err *e)
{
	char word[48];
	size_t n =
		strspn(w->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
	int rc;

	while (n && w->at[n - 1] == '-')
		n--;
	if (!n || n >= sizeof(word))
		return refuse(w, e, "expected the name of a quantity, a number or '('");
	memcpy(word, w->at, n);
	word[n] = '\0';
	rc = w->name(w, word, out, e);
	if (rc)
		return err_prefix(e, rc, "column %u", (unsigned)(w->at - w->text) + 1);
	w->at += n;
	return 0;
}

static int constant(struct walk *w, struct result *out, struct err *e)
{
	double v = 0, digit = 1;
	const char *begin = w->at;

	for (; isdigit((unsigned char)*w->at); w->at++)
		v = v * 10 + (*w->at - '0');
	if (*w->at == '.')
		for (w->at++; isdigit((unsigned char)*w->at); w->at++)
			v += (digit /= 10) * (*w->at - '0');
	if (w->at - begin > 24 || isalpha((unsigned char)*w->at))
		return refuse(w, e, "expected a number of at most 24 digits");
	out->value = v;
	out->unit.nr = 0;
	return 0;
}

static int factor(struct walk *w, struct result *out, struct err *e)
{
	int rc;

	skip(w);
	if (*w->at != '(' && *w->at != '-')
		return isdigit((unsigned char)*w->at) ? constant(w, out, e) : name(w, out, e);
	if (++w->depth > DEPTH_MAX)
		return refuse(w, e, "too many parentheses");
	if (*w->at++ == '-') {
		rc = factor(w, out, e);
		out->value = -out->value;
	} else {
		rc = sum(w, out, e);
		if (!rc && *w->at != ')')
			return refuse(w, e, "expected ')'");
		w->at += !rc;
	}
	w->depth--;
	return rc;
}

static int product(struct walk *w, struct result *out, struct err *e)
{
	int rc = factor(w, out, e);

	while (!rc && (skip(w), *w->at == '*' || *w->at == '/')) {
		bool times = *w->at++ == '*';
		struct result by;

		rc = factor(w, &by, e);
		if (rc)
			break;
		if (times)
			out->value *= by.value;
		else
			out->value = by.value == 0 ? (double)NAN : out->value / by.value;
		if (unit_multiply(&out->unit, &by.unit, times ? 1 : -1))
			return refuse(w, e, "the unit has too many words");
	}
	return rc;
}

static int sum(struct walk *w, struct result *out, struct err *e)
{
	int rc = product(w, out, e);

	while (!rc && (*w->at == '+' || *w->at == '-')) {
		double sign = *w->at == '+' ? 1 : -1;
		const char *at = w->at++;
		struct result more;

		rc = product(w, &more, e);
		if (!rc && !unit_equal(&out->unit, &more.unit)) {
			char a[64], b[64];

			unit_print(&out->unit, a, sizeof(a));
			unit_print(&more.unit, b, sizeof(b));
			return err_set(e, -EINVAL, "column %u: %s and %s cannot be added",
				       (unsigned)(at - w->text) + 1, a, b);
		}
		if (!rc)
			out->value += sign * more.value;
	}
	return rc;
}

static int whole(struct walk *w, struct result *out, struct err *e)
{
	int rc;

	w->at = w->text;
	w->depth = 0;
	rc = sum(w, out, e);
	if (!rc && *w->at)
		return refuse(w, e, "expected + - * / or the end");
	return rc;
}

/* ---- what it is for ---- */

static int name_unit(struct walk *w, const char *word, struct result *out, struct err *e)
{
	const char *unit = w->unit_of(w->ctx, word);

	out->value = 1;
	if (!unit)
		return err_set(e, -ENOENT, "'%s' is no quantity of the group", word);
	if (unit_parse(unit, &out->unit))
		return err_set(e, -EINVAL, "the unit of '%s' is none: '%s'", word, unit);
	return 0;
}

int ev_formula_check(const char *formula, const char *unit,
		     const char *(*unit_of)(void *ctx, const char *name), void *ctx, struct err *e)
{
	struct walk w = { .text = formula, .name = name_unit, .ctx = ctx, .unit_of = unit_of };
	struct result r;
	struct unit want;
	int rc = whole(&w, &r, e);

	if (rc)
		return -EINVAL;
	if (unit_parse(unit, &want))
		return ev_unit_check(unit, e);
	if (!unit_equal(&r.unit, &want)) {
		char is[64];

		unit_print(&r.unit, is, sizeof(is));
		return err_set(e, -EINVAL, "its unit is %s, not %s", is, unit);
	}
	return 0;
}

/* Units were checked when the file was read: here every name has the same, none. */
static int name_value(struct walk *w, const char *word, struct result *out, struct err *e)
{
	(void)e;
	out->value = w->get(w->ctx, word);
	out->unit.nr = 0;
	return 0;
}

double ev_derived_value(const struct ev_derived *d, double (*get)(void *ctx, const char *name),
			void *ctx)
{
	struct walk w = { .text = d->formula, .name = name_value, .ctx = ctx, .get = get };
	struct result r;

	return whole(&w, &r, NULL) || !isfinite(r.value) ? (double)NAN : r.value;
}
