/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of rows and users taken apart: sums of events, and the encoding column. */

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"

const char *ev_shown(const char *text, char buf[EV_SHOWN])
{
	size_t n = strnlen(text, EV_SHOWN);

	for (size_t i = 0; i < EV_SHOWN - 1 && i < n; i++)
		buf[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
	buf[n < EV_SHOWN ? n : EV_SHOWN - 1] = '\0';
	if (n == EV_SHOWN)
		memcpy(buf + EV_SHOWN - 4, "...", 3);
	return buf;
}

static const char *skip(const char *s)
{
	return s + strspn(s, " \t");
}

static int column_error(const char *text, const char *at, struct err *e, const char *what)
{
	return err_set(e, -EINVAL, "column %u: %s", (unsigned)(at - text) + 1, what);
}

/* Digits with a dot among them, without sign or exponent: no locale and no surprise. */
static int number(const char **s, double *v)
{
	double n = 0, unit = 1;
	const char *p = *s;

	if (!isdigit((unsigned char)*p))
		return -EINVAL;
	for (; isdigit((unsigned char)*p); p++)
		n = n * 10 + (*p - '0');
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++)
			n += (unit /= 10) * (*p - '0');
	if (p - *s > 24)
		return -EINVAL;
	*s = p;
	*v = n;
	return 0;
}

/* "64*" or "64/9 *" before an event; without one the factor stays as it is. */
static int factor(const char *text, const char **s, double *f, struct err *e)
{
	double v, by = 1;

	if (!isdigit((unsigned char)**s))
		return 0;
	if (number(s, &v))
		return column_error(text, *s, e, "the factor is too long");
	if (**s == '/') {
		++*s;
		if (number(s, &by) || by <= 0)
			return column_error(text, *s, e,
					    "expected a number other than 0 after '/'");
	}
	*s = skip(*s);
	if (**s != '*')
		return column_error(text, *s, e, "expected '*' and an event after the factor");
	*s = skip(*s + 1);
	*f *= v / by;
	return 0;
}

static int event(const char *text, const char **s, struct ev_part *p, struct err *e)
{
	size_t n = strcspn(*s, " \t");

	if (!n)
		return column_error(text, *s, e, "expected an event");
	if (strchr("+*", **s))
		return column_error(text, *s, e, "expected an event, not an operator");
	if (n >= sizeof(p->text))
		return column_error(text, *s, e, "the event's name is too long");
	for (size_t i = 0; i < n; i++)
		if (!isgraph((unsigned char)(*s)[i]))
			return column_error(text, *s + i, e, "not a character of an event's name");
	memcpy(p->text, *s, n);
	p->text[n] = '\0';
	p->at = (unsigned)(*s - text) + 1;
	*s = skip(*s + n);
	return 0;
}

int ev_parse(const char *text, struct ev_part part[EV_TERMS_MAX], struct err *e)
{
	const char *s = skip(text);
	unsigned n = 0;
	double sign = 1;
	int rc;

	if (*s == '-') {
		sign = -1;
		s = skip(s + 1);
	}
	for (;;) {
		if (n == EV_TERMS_MAX)
			return err_set(e, -EINVAL, "column %u: more than %d events",
				       (unsigned)(s - text) + 1, EV_TERMS_MAX);
		part[n].factor = sign;
		rc = factor(text, &s, &part[n].factor, e);
		if (rc)
			return rc;
		rc = event(text, &s, &part[n], e);
		if (rc)
			return rc;
		n++;
		if (!*s)
			return (int)n;
		if ((*s != '+' && *s != '-') || (s[1] != ' ' && s[1] != '\t'))
			return column_error(text, s, e,
					    "expected '+' or '-' with blanks around, or the end");
		sign = *s == '-' ? -1 : 1;
		s = skip(s + 1);
	}
}

/* ---- the encoding column ---- */

static int hex(const char **s, uint64_t *v)
{
	char *end;

	if ((*s)[0] != '0' || (*s)[1] != 'x' || !isxdigit((unsigned char)(*s)[2]))
		return -EINVAL;
	errno = 0;
	*v = strtoull(*s, &end, 16);
	*s = end;
	return errno ? -EINVAL : 0;
}

static int code_type(const char **s, struct ev_code *c)
{
	size_t n = strcspn(*s, " ");

	if (isdigit((unsigned char)**s)) {
		if (n > 9 || strspn(*s, "0123456789") < n)
			return -EINVAL;
		c->type = (uint32_t)strtoul(*s, NULL, 10);
	} else {
		if (!n || n >= sizeof(c->device) ||
		    strspn(*s, "abcdefghijklmnopqrstuvwxyz0123456789_*") < n)
			return -EINVAL;
		memcpy(c->device, *s, n);
	}
	*s += n;
	return 0;
}

/* One word "key=value" of a code that has begun. */
static int code_word(const char **s, struct ev_code *c, unsigned *seen)
{
	static const char *const keys[] = { "c=", "c1=", "c2=", "p=" };
	uint64_t *to[] = { &c->config, &c->config1, &c->config2 };

	for (unsigned k = 0; k < 4; k++) {
		if (strncmp(*s, keys[k], strlen(keys[k])) || (*seen & 1u << k))
			continue;
		*s += strlen(keys[k]);
		*seen |= 1u << k;
		if (k < 3)
			return hex(s, to[k]);
		if (**s < '1' || **s > '3')
			return -EINVAL;
		c->precise = (unsigned)(*(*s)++ - '0');
		return 0;
	}
	return -EINVAL;
}

int ev_codes(const char *text, struct ev_code code[EV_TERMS_MAX], struct err *e)
{
	unsigned n = 0, seen = 1;
	const char *s = text;
	int rc;

	while (*s) {
		const char *at = s;

		if (!strncmp(s, "t=", 2)) {
			if (n == EV_TERMS_MAX || !(seen & 1))
				return column_error(text, at, e,
						    "expected c=0x... of the event before");
			memset(&code[n], 0, sizeof(code[n]));
			s += 2;
			rc = code_type(&s, &code[n++]);
			seen = 0;
		} else {
			rc = n ? code_word(&s, &code[n - 1], &seen) : -EINVAL;
		}
		if (rc || (*s && *s != ' '))
			return column_error(
				text, at, e,
				"expected t=NUMBER or t=PMU, c=0x..., c1=0x..., c2=0x... or p=1..3");
		s += *s == ' ';
	}
	if (!(seen & 1))
		return column_error(text, s, e, "expected c=0x... of the last event");
	return (int)n;
}

void ev_code_put(const struct ev_code *c, struct perf_event *ev)
{
	ev->type = c->type;
	ev->config = c->config;
	ev->config1 = c->config1;
	ev->config2 = c->config2;
	ev->precise = c->precise;
}

int ev_code_print(const struct perf_event *ev, char *buf, size_t len)
{
	char more[64] = "";
	int n = 0;

	if (ev->config1)
		n = snprintf(more, sizeof(more), " c1=0x%" PRIx64, ev->config1);
	if (ev->config2)
		n += snprintf(more + n, sizeof(more) - (size_t)n, " c2=0x%" PRIx64, ev->config2);
	if (ev->precise)
		snprintf(more + n, sizeof(more) - (size_t)n, " p=%u", ev->precise);
	return snprintf(buf, len, "t=%" PRIu32 " c=0x%" PRIx64 "%s", ev->type, ev->config, more);
}
