/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/opt.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One value of any type, as a field would hold it. */
union value {
	unsigned u;
	uint64_t q;
	double d;
	char s[OPT_STR_MAX];
};

static void *field(const struct opt *row, void *base)
{
	return (char *)base + row->offset;
}

static const void *cfield(const struct opt *row, const void *base)
{
	return (const char *)base + row->offset;
}

static size_t field_size(const struct opt *row)
{
	switch (row->type) {
	case OPT_BOOL:
	case OPT_UINT:
	case OPT_ENUM:
		return sizeof(unsigned);
	case OPT_SIZE:
	case OPT_U64:
		return sizeof(uint64_t);
	case OPT_DOUBLE:
		return sizeof(double);
	case OPT_STR:
		break;
	}
	return row->max ? row->max + 1 : OPT_STR_MAX;
}

/* Whether the row's numbers may carry k, M, G: sizes, and unsigned fields that count bytes. */
static int takes_suffix(const struct opt *row)
{
	return row->type == OPT_SIZE ||
	       (row->type == OPT_UINT && row->unit && !strcmp(row->unit, "bytes"));
}

/* Highest value that is no sentinel. */
static uint64_t highest(const struct opt *row)
{
	uint64_t top = row->type == OPT_UINT ? UINT_MAX : UINT64_MAX;

	if (row->flags & OPT_AUTO)
		top--;
	return row->max && row->max < top ? row->max : top;
}

/* Append to @buf as snprintf would; *@at counts what would have been written. */
static void __attribute__((format(printf, 4, 5)))
append(char *buf, size_t len, size_t *at, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(*at < len ? buf + *at : NULL, *at < len ? len - *at : 0, fmt, ap);
	va_end(ap);
	if (n > 0)
		*at += (size_t)n;
}

static void append_names(const struct opt *row, const char *sep, char *buf, size_t len, size_t *at)
{
	size_t i;

	for (i = 0; row->names[i]; i++)
		append(buf, len, at, "%s%s", i ? sep : "", row->names[i]);
}

static void expect_integer(const struct opt *row, char *buf, size_t len, size_t *at)
{
	const char *what = takes_suffix(row) ? "a size (64, 4k, 1M)" : "a number";

	if (row->flags & OPT_POW2)
		append(buf, len, at, "a power of two, ");
	append(buf, len, at, "%s", what);
	if (row->max)
		append(buf, len, at, " from %llu to %llu", (unsigned long long)row->min,
		       (unsigned long long)highest(row));
	else if (row->min)
		append(buf, len, at, " from %llu up", (unsigned long long)row->min);
	if (row->flags & OPT_AUTO)
		append(buf, len, at, ", or auto");
	if (row->flags & OPT_OFF)
		append(buf, len, at, ", or off");
}

/* -EINVAL, with what the row would have taken. */
static int refuse(const struct opt *row, const char *text, struct err *e)
{
	char buf[ERR_TEXT_MAX] = "";
	size_t at = 0;

	switch (row->type) {
	case OPT_BOOL:
		append(buf, sizeof(buf), &at, "on or off");
		break;
	case OPT_ENUM:
		append(buf, sizeof(buf), &at, "one of ");
		append_names(row, ", ", buf, sizeof(buf), &at);
		break;
	case OPT_UINT:
	case OPT_SIZE:
	case OPT_U64:
		expect_integer(row, buf, sizeof(buf), &at);
		break;
	case OPT_DOUBLE:
		append(buf, sizeof(buf), &at, "a decimal number");
		if (row->dmin < row->dmax)
			append(buf, sizeof(buf), &at, " from %g to %g", row->dmin, row->dmax);
		break;
	case OPT_STR:
		append(buf, sizeof(buf), &at, "at most %zu bytes of printable text",
		       field_size(row) - 1);
		break;
	}
	return err_set(e, -EINVAL, "%s: expected %.300s, got '%.100s'", row->name, buf, text);
}

static int parse_bool(const char *text, union value *v)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true", "0", "1" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(text, words[i])) {
			v->u = i % 2;
			return 0;
		}
	return -EINVAL;
}

static int parse_enum(const struct opt *row, const char *text, union value *v)
{
	unsigned i;

	for (i = 0; row->names[i]; i++)
		if (!strcmp(text, row->names[i])) {
			v->u = i;
			return 0;
		}
	return -EINVAL;
}

/* k, M, G, T, each alone, with B or with iB; powers of 1024. Returns the shift, or -1. */
static int suffix_shift(const char *s)
{
	static const char letters[] = "kMGT";
	const char *at;

	if (!*s || !strcmp(s, "B"))
		return 0;
	at = strchr(letters, *s == 'K' ? 'k' : *s == 'm' ? 'M' : *s == 'g' ? 'G' : *s);
	if (!at || (s[1] && strcmp(s + 1, "B") && strcmp(s + 1, "iB")))
		return -1;
	return (int)(at - letters + 1) * 10;
}

/* Digits (0x.. too for OPT_U64: seeds) and perhaps a suffix; no sign, no blanks. */
static int parse_number(const struct opt *row, const char *text, uint64_t *v)
{
	int base = row->type == OPT_U64 && text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10;
	const char *digits = base == 16 ? text + 2 : text;
	char *end;
	int shift;

	if (base == 16 ? !isxdigit((unsigned char)*digits) : !(*digits >= '0' && *digits <= '9'))
		return -EINVAL;
	errno = 0;
	*v = strtoull(digits, &end, base);
	if (errno)
		return -EINVAL;
	shift = takes_suffix(row) ? suffix_shift(end) : *end ? -1 : 0;
	if (shift < 0 || *v > UINT64_MAX >> shift)
		return -EINVAL;
	*v <<= shift;
	return 0;
}

static int check_number(const struct opt *row, uint64_t v)
{
	if (v < row->min || v > highest(row))
		return -EINVAL;
	if ((row->flags & OPT_POW2) && (v & (v - 1)))
		return -EINVAL;
	return 0;
}

static int parse_integer(const struct opt *row, const char *text, union value *v)
{
	uint64_t n;

	if ((row->flags & OPT_AUTO) && !strcmp(text, "auto"))
		n = row->type == OPT_UINT ? OPT_AUTO_UINT : OPT_AUTO_U64;
	else if ((row->flags & OPT_OFF) && !strcmp(text, "off"))
		n = 0;
	else if (parse_number(row, text, &n) || check_number(row, n))
		return -EINVAL;
	if (row->type == OPT_UINT)
		v->u = (unsigned)n;
	else
		v->q = n;
	return 0;
}

/* Run strtod or snprintf in the C locale, whatever the process has set. */
static locale_t enter_c_locale(locale_t *c)
{
	*c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return *c ? uselocale(*c) : (locale_t)0;
}

static void leave_c_locale(locale_t c, locale_t old)
{
	if (!c)
		return;
	uselocale(old);
	freelocale(c);
}

static int parse_double(const struct opt *row, const char *text, union value *v)
{
	locale_t c, old;
	char *end;
	double d;

	/* digits, point, exponent: strtod's inf, nan, hexadecimal and leading blanks are no
	 * settings */
	if (!*text || text[strspn(text, "0123456789.+-eE")])
		return -EINVAL;
	old = enter_c_locale(&c);
	d = strtod(text, &end);
	leave_c_locale(c, old);
	if (end == text || *end || !isfinite(d))
		return -EINVAL;
	if (row->dmin < row->dmax && (d < row->dmin || d > row->dmax))
		return -EINVAL;
	v->d = d == 0 ? 0 : d; /* no -0: equal values have equal text */
	return 0;
}

/* Control characters would break the line-based files that values travel in. */
static int parse_str(const struct opt *row, const char *text, union value *v)
{
	size_t n = strlen(text), i;

	if (n >= field_size(row))
		return -EINVAL;
	for (i = 0; i < n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return -EINVAL;
	memset(v->s, 0, sizeof(v->s));
	memcpy(v->s, text, n);
	return 0;
}

static int parse_value(const struct opt *row, const char *text, union value *v, struct err *e)
{
	int ret = -EINVAL;

	switch (row->type) {
	case OPT_BOOL:
		ret = parse_bool(text, v);
		break;
	case OPT_ENUM:
		ret = parse_enum(row, text, v);
		break;
	case OPT_UINT:
	case OPT_SIZE:
	case OPT_U64:
		ret = parse_integer(row, text, v);
		break;
	case OPT_DOUBLE:
		ret = parse_double(row, text, v);
		break;
	case OPT_STR:
		ret = parse_str(row, text, v);
		break;
	}
	return ret ? refuse(row, text, e) : 0;
}

int opt_parse(const struct opt *row, void *base, const char *text, struct err *e)
{
	union value v;
	int ret = parse_value(row, text, &v, e);

	if (!ret)
		memcpy(field(row, base), &v, field_size(row));
	return ret;
}

void opt_defaults(const struct opt *table, void *base)
{
	const struct opt *row;

	for (row = table; row->name; row++)
		if (!row->def || opt_parse(row, base, row->def, NULL))
			memset(field(row, base), 0, field_size(row));
}

const struct opt *opt_find(const struct opt *table, const char *name)
{
	const struct opt *row;
	size_t i;

	for (row = table; row->name; row++) {
		for (i = 0; row->name[i] == name[i] || (row->name[i] == '_' && name[i] == '-'); i++)
			if (!name[i])
				return row;
	}
	return NULL;
}

/* The shortest decimal text that reads back as @d. */
static int format_double(double d, char *buf, size_t len)
{
	locale_t c, old = enter_c_locale(&c);
	char text[40];
	int digits;

	for (digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	leave_c_locale(c, old);
	return snprintf(buf, len, "%s", text);
}

int opt_format(const struct opt *row, const void *base, char *buf, size_t len)
{
	union value v;

	memcpy(&v, cfield(row, base), field_size(row));
	switch (row->type) {
	case OPT_BOOL:
		return snprintf(buf, len, "%s", v.u ? "on" : "off");
	case OPT_ENUM:
		return snprintf(buf, len, "%s", row->names[v.u]);
	case OPT_UINT:
		if ((row->flags & OPT_AUTO) && v.u == OPT_AUTO_UINT)
			return snprintf(buf, len, "auto");
		return snprintf(buf, len, "%u",
				v.u); /* 0 too where "off" is a value: axes stay numbers */
	case OPT_SIZE:
	case OPT_U64:
		if ((row->flags & OPT_AUTO) && v.q == OPT_AUTO_U64)
			return snprintf(buf, len, "auto");
		return snprintf(buf, len, "%llu", (unsigned long long)v.q);
	case OPT_DOUBLE:
		return format_double(v.d, buf, len);
	case OPT_STR:
		break;
	}
	return snprintf(buf, len, "%.*s", (int)field_size(row) - 1, v.s);
}

int opt_equal(const struct opt *row, const void *a, const void *b)
{
	union value x, y;

	memcpy(&x, cfield(row, a), field_size(row));
	memcpy(&y, cfield(row, b), field_size(row));
	switch (row->type) {
	case OPT_BOOL:
		return !x.u == !y.u;
	case OPT_UINT:
	case OPT_ENUM:
		return x.u == y.u;
	case OPT_SIZE:
	case OPT_U64:
		return x.q == y.q;
	case OPT_DOUBLE:
		return x.d == y.d;
	case OPT_STR:
		break;
	}
	return !strncmp(x.s, y.s, field_size(row));
}

int opt_metavar(const struct opt *row, char *buf, size_t len)
{
	size_t at = 0;

	if (len)
		*buf = '\0';
	switch (row->type) {
	case OPT_BOOL:
		append(buf, len, &at, "on|off");
		break;
	case OPT_ENUM:
		append_names(row, "|", buf, len, &at);
		break;
	case OPT_UINT:
	case OPT_U64:
	case OPT_SIZE:
		append(buf, len, &at, takes_suffix(row) ? "SIZE" : "N");
		if (row->flags & OPT_AUTO)
			append(buf, len, &at, "|auto");
		if (row->flags & OPT_OFF)
			append(buf, len, &at, "|off");
		break;
	case OPT_DOUBLE:
		append(buf, len, &at, "X");
		break;
	case OPT_STR:
		append(buf, len, &at, "TEXT");
		break;
	}
	return (int)at;
}
