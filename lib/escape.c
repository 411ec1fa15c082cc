/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/escape.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One character as it is shown. */
struct shown {
	size_t bytes;  /* of the text that it stands for */
	char text[12]; /* the character, or what is shown in its place */
	size_t len, columns;
	int plain; /* 1: the character itself */
};

/* Length of the UTF-8 character at @s and its code; 0: the bytes are none. */
static size_t decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2, i;

	*code = n == 1 ? *s : *s & (0x7fu >> n);
	if (n > 1 && (*s < 0xc2 || *s > 0xf4))
		return 0;
	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0; /* the NUL at the end is none either */
		*code = *code << 6 | (s[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return n;
}

/* Invisible, or of effect on what stands around it. */
static int is_active(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
	       (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) || c >= 0xe0000;
}

static void show(const char *s, struct shown *u)
{
	uint32_t c = 0;
	size_t n = decode((const unsigned char *)s, &c);

	u->bytes = n ? n : 1;
	u->plain = n && !is_active(c);
	if (u->plain) {
		memcpy(u->text, s, n);
		u->text[n] = '\0';
		u->len = n;
		u->columns = 1;
		return;
	}
	if (c == '\n' || c == '\t' || c == '\r')
		u->len = (size_t)snprintf(u->text, sizeof(u->text), "\\%c",
					  c == '\n' ? 'n' :
					  c == '\t' ? 't' :
						      'r');
	else if (n > 1)
		u->len = (size_t)snprintf(u->text, sizeof(u->text), "\\u%04x", (unsigned)c);
	else
		u->len = (size_t)snprintf(u->text, sizeof(u->text), "\\x%02x",
					  (unsigned)(unsigned char)*s);
	u->columns = u->len;
}

/* Writes one of them; it stands @at in the text that begins at @begin. */
typedef void put_fn(FILE *f, const struct shown *u, const char *at, const char *begin);

static void put_all(FILE *f, const char *s, size_t most, put_fn *put)
{
	static const struct shown more = { .text = "...", .len = 3, .columns = 3 };
	const char *begin = s;
	size_t n = 0;

	while (*s) {
		struct shown u;

		show(s, &u);
		if (most && n++ == most) {
			put(f, &more, s, begin);
			return;
		}
		put(f, &u, s, begin);
		s += u.bytes;
	}
}

static void put_html(FILE *f, const struct shown *u, const char *at, const char *begin)
{
	(void)at;
	(void)begin;
	switch (u->len == 1 ? *u->text : '\0') {
	case '&':
		fputs("&amp;", f);
		return;
	case '<':
		fputs("&lt;", f);
		return;
	case '>':
		fputs("&gt;", f);
		return;
	case '"':
		fputs("&quot;", f);
		return;
	case '\'':
		fputs("&#39;", f);
		return;
	default:
		fputs(u->text, f);
	}
}

void escape_html(FILE *f, const char *s, size_t most)
{
	put_all(f, s, most, put_html);
}

/* Does the character at @at mean something to Markdown there? An underscore inside a word does not. */
static int marks_up(const char *at, const char *begin)
{
	if (*at == '_')
		return at == begin || !isalnum((unsigned char)at[-1]) ||
		       !isalnum((unsigned char)at[1]);
	/* lists, headings, rules: where a line begins */
	if (strchr("#+-=", *at))
		return at == begin && !isdigit((unsigned char)at[1]);
	if (strchr(".)", *at))
		return (at[1] == ' ' || !at[1]) &&
		       strspn(begin, "0123456789") == (size_t)(at - begin);
	/* @: whoever has that name would be told */
	return strchr("\\`*[]<>|~&$@", *at) != NULL;
}

static void put_markdown(FILE *f, const struct shown *u, const char *at, const char *begin)
{
	const char *p;

	if (u->plain && u->len == 1) {
		if (*at == '@') /* no backslash keeps it from being a mention */
			fputs("&#64;", f);
		else if (*at == '&')
			fputs("&amp;", f);
		else if (*at == '<')
			fputs("&lt;", f);
		else
			fprintf(f, marks_up(at, begin) ? "\\%c" : "%c", *at);
		return;
	}
	for (p = u->text; *p; p++)
		fprintf(f, *p == '\\' ? "\\%c" : "%c", *p);
}

void escape_markdown(FILE *f, const char *s, size_t most)
{
	put_all(f, s, most, put_markdown);
}

/* Single quotes take everything but themselves. */
static void put_gnuplot(FILE *f, const struct shown *u, const char *at, const char *begin)
{
	/* gnuplot's svg leaves > as it is, and "]]>" must not stand in a text of XML */
	if (*at == '>' && at - begin >= 2 && at[-1] == ']' && at[-2] == ']')
		fputc(' ', f);
	fputs(u->len == 1 && *u->text == '\'' ? "''" : u->text, f);
}

static void put_gnuplot_format(FILE *f, const struct shown *u, const char *at, const char *begin)
{
	if (u->len == 1 && *u->text == '%')
		fputs("%%", f);
	else
		put_gnuplot(f, u, at, begin);
}

void escape_gnuplot(FILE *f, const char *s, size_t most, int format)
{
	fputc('\'', f);
	put_all(f, s, most, format ? put_gnuplot_format : put_gnuplot);
	fputc('\'', f);
}

static void put_terminal(FILE *f, const struct shown *u, const char *at, const char *begin)
{
	(void)at;
	(void)begin;
	fputs(u->text, f);
}

void escape_terminal(FILE *f, const char *s, size_t most)
{
	put_all(f, s, most, put_terminal);
}

void escape_print(FILE *f, const char *fmt, ...)
{
	size_t n = strlen(fmt);
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	if (n && fmt[n - 1] == '\n') {
		text[len - 1] = '\0';
		escape_terminal(f, text, 0);
		fputc('\n', f);
	} else {
		escape_terminal(f, text, 0);
	}
	free(text);
}

size_t escape_columns(const char *s, size_t most)
{
	size_t columns = 0, n = 0;

	while (*s) {
		struct shown u;

		if (most && n++ == most)
			return columns + 3;
		show(s, &u);
		columns += u.columns;
		s += u.bytes;
	}
	return columns;
}
