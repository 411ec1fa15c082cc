/* SPDX-License-Identifier: GPL-2.0-or-later */
/* perf's words: see parse.h. */
#include "collectors/perfctl/parse.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

struct span {
	const char *at;
	size_t len;
};

static struct span trim(struct span s)
{
	while (s.len && isspace((unsigned char)s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len && isspace((unsigned char)s.at[s.len - 1]))
		s.len--;
	return s;
}

/* Cut the text up to the next @sep, or to the end, off @rest. */
static struct span cut(struct span *rest, char sep)
{
	const char *end = rest->len ? memchr(rest->at, sep, rest->len) : NULL;
	struct span s = { rest->at, end ? (size_t)(end - rest->at) : rest->len };

	rest->at += s.len + (end != NULL);
	rest->len -= s.len + (end != NULL);
	return s;
}

static int is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && !memcmp(s.at, word, s.len);
}

/* A plain decimal number of at least 0, and nothing else; the process is in the C locale. */
static int number(struct span s, double *v)
{
	char text[64], *end;

	s = trim(s);
	if (!s.len || s.len >= sizeof(text) || !isdigit((unsigned char)s.at[0]))
		return -1;
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.at[i]) && s.at[i] != '.')
			return -1;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	*v = strtod(text, &end);
	return *end || !isfinite(*v) ? -1 : 0;
}

static void copy(char *to, size_t size, struct span s)
{
	size_t n = s.len < size ? s.len : size - 1;

	memcpy(to, s.at, n);
	to[n] = '\0';
}

/* Names go into a file of values and of text: printable, without blanks. */
static int is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isgraph((unsigned char)s.at[i]))
			return 0;
	return s.len > 0;
}

static int parse_row(struct span line, char sep, struct perfctl_count *c)
{
	struct span value = trim(cut(&line, sep)), unit = trim(cut(&line, sep));
	struct span event = trim(cut(&line, sep)), time = cut(&line, sep), share = cut(&line, sep);
	double ran = 0, percent = 100;

	if (!is_name(event) || (unit.len && !is_name(unit)))
		return -1;
	*c = (struct perfctl_count){ .state = VALUE_EXACT, .share = 1 };
	copy(c->event, sizeof(c->event), event);
	copy(c->unit, sizeof(c->unit), unit);
	if (is_word(value, "<not supported>") || is_word(value, "<not counted>")) {
		c->state = VALUE_UNAVAILABLE;
		c->word = is_word(value, "<not counted>") ? "not counted" : "not supported";
		return 0;
	}
	if (number(value, &c->value))
		return -1;
	/* older ones leave these columns out where there was no multiplexing */
	if (share.len && number(share, &percent))
		return -1;
	if (percent <= 0 || (share.len && !number(time, &ran) && ran <= 0)) {
		c->state = VALUE_UNAVAILABLE; /* never ran: its 0 is no count */
		c->word = "not counted";
	} else if (percent < 100) {
		c->state = VALUE_SCALED;
		c->share = percent / 100;
	}
	return 0;
}

unsigned perfctl_parse_stat(const char *text, size_t len, char sep, struct perfctl_count *out,
			    unsigned most)
{
	struct span rest = { text, len };
	unsigned n = 0;

	while (rest.len && n < most) {
		struct span line = trim(cut(&rest, '\n'));

		if (line.len && line.at[0] != '#' && !parse_row(line, sep, &out[n]))
			n++;
	}
	return n;
}

static int starts(struct span s, const char *head)
{
	size_t n = strlen(head);

	return s.len >= n && !memcmp(s.at, head, n);
}

/* Sentences that say nothing of what went wrong. */
static int is_chatter(struct span s)
{
	static const char *const heads[] = { "Events enabled", "Events disabled", "[ perf",
					     "Usage:",	       "Run 'perf list'", "\\___" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (starts(s, heads[i]))
			return 1;
	return is_word(s, "Error:");
}

char *perfctl_say(const char *text, size_t len, char *buf, size_t size)
{
	struct span rest = { text, len };
	size_t n = 0;

	if (!size)
		return buf;
	while (rest.len && n + 1 < size) {
		struct span line = trim(cut(&rest, '\n'));

		if (!line.len || is_chatter(line))
			continue;
		if (n && n + 3 >= size)
			break;
		if (n) {
			buf[n++] = ';';
			buf[n++] = ' ';
		}
		for (size_t i = 0; i < line.len && n + 1 < size; i++)
			buf[n++] = isprint((unsigned char)line.at[i]) ? line.at[i] : ' ';
	}
	buf[n] = '\0';
	return buf;
}

long long perfctl_parse_samples(const char *text, size_t len)
{
	static const char tail[] = " samples)";
	struct span rest = { text, len };
	long long found = -1;

	while (rest.len) {
		struct span line = cut(&rest, '\n');
		const char *at = memmem(line.at, line.len, tail, sizeof(tail) - 1), *p = at;
		long long v = 0;

		while (p && p > line.at && isdigit((unsigned char)p[-1]))
			p--;
		if (!p || p == at || p == line.at || p[-1] != '(' || at - p > 18)
			continue; /* "(~12 samples)" is a guess */
		for (; p < at; p++)
			v = v * 10 + (*p - '0');
		found = v;
	}
	return found;
}

int perfctl_metric(const char *event, const char *asked, char *buf, size_t size)
{
	const char *colon = strrchr(event, ':');
	size_t len = strlen(event), n;
	int added = 0;

	if (colon && colon[1] && strspn(colon + 1, "ukhGHpPSDIWeb") == strlen(colon + 1) &&
	    !strstr(asked, event)) {
		added = 1;
		len = (size_t)(colon - event);
	}
	n = (size_t)snprintf(buf, size, "perfctl.%.*s", (int)len, event);
	if (n >= size)
		n = size - 1;
	for (size_t i = strlen("perfctl."); i < n; i++)
		buf[i] = isalnum((unsigned char)buf[i]) ? (char)tolower((unsigned char)buf[i]) :
							  '_';
	return added;
}
