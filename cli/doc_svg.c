/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gnuplot's SVG on its way into an HTML file, next to others of its kind. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doc.h"

/* Colours of plots/common.gp that would not be seen on both white and black: the sheet's names for
 * them. Blanks between numbers do not count. */
static const struct {
	const char *colour, *name;
} themed[] = {
	{ "black", "--ink" },
	{ "rgb(0,0,0)", "--ink" },
	{ "rgb(34,34,34)", "--ink" },
	{ "#000000", "--ink" },
	{ "rgb(51,51,51)", "--ink" },
	{ "rgb(85,85,85)", "--dim" },
	{ "rgb(119,119,119)", "--dim" },
	{ "rgb(221,221,221)", "--grid" },
	{ "rgb(228,228,228)", "--grid" },
	{ "rgb(0,114,178)", "--blue" },
	{ "rgb(140,140,0)", "--olive" },
};

/* An attribute that is a colour, or a name within the picture. */
static int is_colour(const char *name, size_t len)
{
	return (len == 4 && !strncmp(name, "fill", 4)) ||
	       (len == 5 && !strncmp(name, "color", 5)) ||
	       (len == 6 && !strncmp(name, "stroke", 6));
}

static void put_colour(FILE *f, const char *value, size_t len)
{
	char bare[40];
	size_t n = 0, i;

	for (i = 0; i < len && n + 1 < sizeof(bare); i++)
		if (value[i] != ' ')
			bare[n++] = value[i];
	bare[n] = '\0';
	for (i = 0; i < sizeof(themed) / sizeof(themed[0]); i++)
		if (!strcmp(themed[i].colour, bare)) {
			fprintf(f, "var(%s)", themed[i].name);
			return;
		}
	fwrite(value, 1, len, f);
}

static void put_value(FILE *f, const char *name, size_t name_len, const char *value, size_t len,
		      const char *prefix)
{
	if (name_len == 2 && !strncmp(name, "id", 2))
		fprintf(f, "%s%.*s", prefix, (int)len, value);
	else if (len > 1 && *value == '#' && name_len >= 4 &&
		 !strncmp(name + name_len - 4, "href", 4))
		fprintf(f, "#%s%.*s", prefix, (int)len - 1, value + 1);
	else if (len > 5 && !strncmp(value, "url(#", 5))
		fprintf(f, "url(#%s%.*s", prefix, (int)len - 5, value + 5);
	else if (is_colour(name, name_len))
		put_colour(f, value, len);
	else
		fwrite(value, 1, len, f);
}

/* gnuplot's white behind everything: the document has its own. */
static int is_background(const char *tag)
{
	return !strncmp(tag, "<rect x=\"0\" y=\"0\" ", 18);
}

/* One tag, from < to >; returns what is behind it, or NULL if it does not end. */
static const char *put_tag(FILE *f, const char *tag, const char *prefix)
{
	const char *p = tag, *end = strchr(tag, '>'), *name;

	if (!end)
		return NULL;
	if (is_background(tag))
		return end + 1;
	while (*p && *p != '>') {
		size_t len;
		char quote;

		name = p;
		p += strcspn(p, "=>");
		if (*p != '=' || (p[1] != '"' && p[1] != '\'')) {
			p += *p == '=';
			fwrite(name, 1, (size_t)(p - name), f);
			continue;
		}
		quote = p[1];
		p += 2;
		fwrite(name, 1, (size_t)(p - name), f);
		len = strcspn(p, quote == '"' ? "\"" : "'");
		if (!p[len])
			return NULL;
		while (name < p && strchr(" \t\n", *name))
			name++;
		if (*name == '<')
			name += strcspn(name, " \t\n") + 1;
		put_value(f, name, (size_t)(p - 2 - name), p, len, prefix);
		fputc(quote, f);
		p += len + 1;
	}
	if (*p != '>')
		return NULL;
	fputc('>', f);
	return p + 1;
}

int doc_svg(FILE *f, const char *svg, const char *prefix, struct err *e)
{
	const char *p = strstr(svg, "<svg");

	if (!p)
		return err_set(e, -EINVAL, "no <svg> in gnuplot's picture");
	while (*p) {
		size_t len = strcspn(p, "<");

		fwrite(p, 1, len, f);
		p += len;
		/* names of series, which show as tooltips that nobody asked for */
		if (!strncmp(p, "<title>", 7)) {
			const char *end = strstr(p, "</title>");

			if (end) {
				p = end + 8;
				continue;
			}
		}
		if (!*p)
			return 0;
		p = put_tag(f, p, prefix);
		if (!p)
			return err_set(e, -EINVAL, "gnuplot's picture is cut off");
	}
	return 0;
}
