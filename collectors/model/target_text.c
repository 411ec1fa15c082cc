/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts to values of a target, and back. */

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "collectors/model/target_impl.h"

const char *const mt_policy_names[] = { "lru", "plru", "qlru", "random", NULL };
const char *const mt_inclusion_names[] = { "nine", "inclusive", "exclusive", "victim", NULL };
const char *const mt_level_names[] = { "l1d", "l2", "l3", NULL };

static const struct mt_qlru default_qlru = { 0, 0, 1, 0, 1 }; /* Ice Lake's L2 */

/* Digits at *@text, which is moved behind them: false if there are none or too many. */
static bool digits(const char **text, uint64_t *v)
{
	const char *s = *text;

	for (*v = 0; isdigit((unsigned char)*s); s++) {
		if (*v > (UINT64_MAX - 9) / 10)
			return false;
		*v = *v * 10 + (uint64_t)(*s - '0');
	}
	if (s == *text)
		return false;
	*text = s;
	return true;
}

int mt_parse_size(const char *text, uint64_t *v, struct err *e)
{
	const char *s = text, *unit = " kmg", *u;
	unsigned shift = 0;
	uint64_t n;

	if (!digits(&s, &n))
		goto bad;
	u = *s ? strchr(unit, tolower((unsigned char)*s)) : NULL;
	if (u && u > unit) {
		shift = 10 * (unsigned)(u - unit);
		s++;
		if (tolower((unsigned char)*s) == 'i' && tolower((unsigned char)s[1]) == 'b')
			s++;
	}
	if (tolower((unsigned char)*s) == 'b')
		s++;
	if (*s || !n || n > UINT64_MAX >> shift)
		goto bad;
	*v = n << shift;
	return 0;
bad:
	return err_set(e, -EINVAL, "expected a size such as 32K, 1M or 64, got '%.40s'", text);
}

void mt_size_text(uint64_t v, char *buf, size_t len)
{
	static const char *const unit[] = { "", "K", "M", "G" };
	unsigned i = 0;

	for (; i < 3 && v && !(v & 1023); i++)
		v >>= 10;
	snprintf(buf, len, "%llu%s", (unsigned long long)v, unit[i]);
}

int mt_parse_uint(const char *text, unsigned min, unsigned max, unsigned *v, struct err *e)
{
	const char *s = text;
	uint64_t n;

	if (!digits(&s, &n) || *s || n < min || n > max)
		return err_set(e, -EINVAL, "expected a number from %u to %u, got '%.40s'", min, max,
			       text);
	*v = (unsigned)n;
	return 0;
}

int mt_parse_number(const char *text, double *v, struct err *e)
{
	uint64_t whole, part = 0;
	const char *s = text;
	unsigned scale = 1000;

	if (!digits(&s, &whole))
		goto bad;
	if (*s == '.') {
		for (s++; isdigit((unsigned char)*s) && scale > 1; s++)
			part += (uint64_t)(*s - '0') * (scale /= 10);
		if (scale == 1000)
			goto bad;
	}
	if (*s || whole > 1000000)
		goto bad;
	*v = (double)(whole * 1000 + part) / 1000;
	return 0;
bad:
	return err_set(e, -EINVAL,
		       "expected a number up to 1000000 with at most 3 places, got '%.40s'", text);
}

void mt_number_text(double v, char *buf, size_t len)
{
	uint64_t n = (uint64_t)llround(v * 1000);
	unsigned part = (unsigned)(n % 1000);
	int places = 3;

	for (; part && part % 10 == 0; places--)
		part /= 10;
	if (part)
		snprintf(buf, len, "%llu.%0*u", (unsigned long long)(n / 1000), places, part);
	else
		snprintf(buf, len, "%llu", (unsigned long long)(n / 1000));
}

static int name_index(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], text))
			return i;
	return -1;
}

/* One digit of a QLRU's name behind @what, at most @max. */
static bool qlru_digit(const char **s, const char *what, unsigned max, unsigned *v)
{
	size_t n = strlen(what);

	if (strncmp(*s, what, n) || !isdigit((unsigned char)(*s)[n]))
		return false;
	*v = (unsigned)((*s)[n] - '0');
	*s += n + 1;
	return *v <= max;
}

int mt_parse_policy(const char *text, struct mt_cache *c, struct err *e)
{
	int i = name_index(mt_policy_names, text);
	struct mt_qlru q = default_qlru;
	const char *s = text;

	if (i < 0) {
		if (!qlru_digit(&s, "QLRU_H", 2, &q.h3) || !qlru_digit(&s, "", 1, &q.h2) ||
		    !qlru_digit(&s, "_M", 3, &q.insert) || !qlru_digit(&s, "_R", 2, &q.replace) ||
		    !qlru_digit(&s, "_U", 3, &q.update) || *s)
			return err_set(e, -EINVAL,
				       "expected lru, plru, random, qlru or QLRU_Hxy_Mm_Rr_Uu "
				       "(x, r to 2, y to 1, m, u to 3), got '%.40s'",
				       text);
		i = MT_QLRU;
	}
	c->policy = (enum mt_policy)i;
	c->qlru = i == MT_QLRU ? q : (struct mt_qlru){ 0 };
	return 0;
}

void mt_policy_text(const struct mt_cache *c, char *buf, size_t len)
{
	const struct mt_qlru *q = &c->qlru;

	if (c->policy == MT_QLRU)
		snprintf(buf, len, "QLRU_H%u%u_M%u_R%u_U%u", q->h3, q->h2, q->insert, q->replace,
			 q->update);
	else
		snprintf(buf, len, "%s", mt_policy_names[c->policy]);
}

int mt_parse_inclusion(const char *text, enum mt_inclusion *v, struct err *e)
{
	int i = name_index(mt_inclusion_names, text);

	if (i < 0)
		return err_set(e, -EINVAL,
			       "expected nine, inclusive, exclusive or victim, got '%.40s'", text);
	*v = (enum mt_inclusion)i;
	return 0;
}

int mt_parse_tlb(const char *text, struct mt_tlb *v, struct err *e)
{
	const char *s = text;
	uint64_t entries, ways;

	if (!digits(&s, &entries))
		goto bad;
	ways = entries;
	if (*s == '/') {
		s++;
		if (!strcmp(s, "fa"))
			s += 2;
		else if (!digits(&s, &ways))
			goto bad;
	}
	if (*s || !entries || entries > 65536 || !ways || ways > entries)
		goto bad;
	*v = (struct mt_tlb){ (unsigned)entries, (unsigned)ways };
	return 0;
bad:
	return err_set(e, -EINVAL,
		       "expected ENTRIES/WAYS such as 64/4, or 64 (fully associative), got '%.40s'",
		       text);
}

void mt_clean(const char *text, char *buf, size_t len)
{
	size_t n = 0;

	text += strspn(text, " \t\r\n\v\f");
	for (; *text && n + 1 < len; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			c = ' ';
		if (c == ';' && (!n || buf[n - 1] == ' ')) /* would begin a comment */
			c = ',';
		buf[n++] = (char)c;
	}
	while (n && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
}
