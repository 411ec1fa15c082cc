/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tags of an XML text, one after the other: as much XML as hwloc writes, and any text may be given. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.' || c == ':';
}

/* Behind the next @what, or NULL; counts lines. */
static const char *behind(struct mt_tags *s, const char *from, const char *what)
{
	size_t n = strlen(what);

	for (const char *p = from; p + n <= s->end; p++) {
		if (!memcmp(p, what, n))
			return p + n;
		s->line += *p == '\n';
	}
	return NULL;
}

/* Over a comment, <?...?> or <!...>; false: it is none. */
static bool skip(struct mt_tags *s, const char **p)
{
	if (s->end - *p >= 4 && !memcmp(*p, "<!--", 4))
		*p = behind(s, *p + 4, "-->");
	else if (s->end - *p >= 2 && (*p)[1] == '?')
		*p = behind(s, *p + 2, "?>");
	else if (s->end - *p >= 2 && (*p)[1] == '!')
		*p = behind(s, *p + 2, ">");
	else
		return false;
	return true;
}

/* Over name="value"; NULL: not well-formed. */
static const char *attribute(struct mt_tags *s, const char *p)
{
	char quote;

	while (p < s->end && is_name(*p))
		p++;
	if (p == s->end || *p++ != '=' || p == s->end || (*p != '"' && *p != '\''))
		return NULL;
	quote = *p++;
	for (; p < s->end && *p != quote && *p != '<'; p++)
		s->line += *p == '\n';
	return p < s->end && *p == quote ? p + 1 : NULL;
}

static int bad(const struct mt_tags *s, struct err *e, const char *what)
{
	return err_set(e, -EINVAL, "line %u: %s", s->line, what);
}

int mt_tag_next(struct mt_tags *s, struct err *e)
{
	const char *p = s->at;

	s->text = p;
	for (;;) {
		for (; p < s->end && *p != '<'; p++)
			s->line += *p == '\n';
		s->text_end = p;
		if (p == s->end)
			return 0;
		if (!skip(s, &p))
			break;
		if (!p)
			return bad(s, e, "a comment or declaration that does not end");
		s->text = p;
	}
	p++;
	s->closes = p < s->end && *p == '/';
	p += s->closes;
	s->empty = false;
	s->name = p;
	while (p < s->end && is_name(*p))
		p++;
	s->name_len = (size_t)(p - s->name);
	s->attributes = p;
	if (!s->name_len)
		return bad(s, e, "expected a tag's name behind '<'");
	for (;;) {
		for (; p < s->end && is_blank(*p); p++)
			s->line += *p == '\n';
		s->attributes_end = p;
		if (p == s->end)
			return bad(s, e, "the text ends within a tag");
		if (*p == '/' && p + 1 < s->end && p[1] == '>' && !s->closes) {
			s->empty = true;
			s->at = p + 2;
			return 1;
		}
		if (*p == '>') {
			s->at = p + 1;
			return 1;
		}
		if (!is_name(*p) || !is_blank(p[-1]) || s->closes || !(p = attribute(s, p)))
			return bad(s, e, "expected name=\"value\", '>' or '/>' in a tag");
	}
}

bool mt_tag_is(const struct mt_tags *s, const char *name)
{
	return strlen(name) == s->name_len && !memcmp(name, s->name, s->name_len);
}

/* One character of a value at *@p, entities decoded; what is not ASCII becomes '?'. */
static char decode(const char **p, const char *end)
{
	static const struct {
		const char *name;
		char is;
	} entity[] = { { "&quot;", '"' },
		       { "&apos;", '\'' },
		       { "&lt;", '<' },
		       { "&gt;", '>' },
		       { "&amp;", '&' } };
	const char *s = *p;

	if (*s == '&') {
		const char *semi = memchr(s, ';', (size_t)(end - s));

		for (unsigned i = 0; i < sizeof(entity) / sizeof(entity[0]); i++) {
			size_t n = strlen(entity[i].name);

			if ((size_t)(end - s) >= n && !memcmp(s, entity[i].name, n)) {
				*p += n;
				return entity[i].is;
			}
		}
		if (semi && semi - s < 8) { /* &#10; */
			*p = semi + 1;
			return ' ';
		}
	}
	++*p;
	return *s < ' ' || *s > '~' ? '?' : *s;
}

bool mt_tag_get(const struct mt_tags *s, const char *name, char *buf, size_t len)
{
	size_t n = strlen(name), at = 0;
	const char *p = s->attributes, *end = s->attributes_end;

	while (p < end) {
		const char *from, *value, *close;

		while (p < end && is_blank(*p))
			p++;
		if (p == end)
			return false;
		for (from = p; is_name(*p); p++)
			;
		value = p + 2; /* behind =" */
		close = memchr(value, p[1], (size_t)(end - value));
		if ((size_t)(p - from) == n && !memcmp(from, name, n)) {
			while (value < close && at + 1 < len)
				buf[at++] = decode(&value, close);
			buf[at] = '\0';
			return true;
		}
		p = close + 1;
	}
	return false;
}
