/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/doc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doc_style.h"
#include "lib/escape.h"

const char *const doc_formats[] = { "html", "markdown", "terminal", NULL };

#define LONG_CELL 60   /* characters of a cell that stays on its line or breaks between words */
#define SHORT_TABLE 16 /* rows that stay on one page of paper */
#define WIDTH 100      /* columns, where the terminal's are not known */

static const char *const tone_class[] = { "plain", "good", "bad", "open" };
static const char *const tone_colour[] = { "1", "1;32", "1;31", "1;33" }; /* of ECMA-48 */

/* ---- pieces ---- */

static void put(const struct doc *d, const char *s)
{
	if (d->format == DOC_HTML)
		escape_html(d->f, s, 0);
	else if (d->format == DOC_MARKDOWN)
		escape_markdown(d->f, s, 0);
	else
		escape_terminal(d->f, s, 0);
}

static char *format_text(const char *fmt, va_list ap)
{
	char *text = NULL;

	return vasprintf(&text, fmt, ap) < 0 ? NULL : text;
}

#define FORMAT(text, fmt)                        \
	do {                                     \
		va_list ap;                      \
		va_start(ap, fmt);               \
		(text) = format_text((fmt), ap); \
		va_end(ap);                      \
	} while (0)

/* A terminal's paragraph: words up to the edge, lines behind the first @indent columns to the right. */
static void wrap(const struct doc *d, const char *s, unsigned at, unsigned indent)
{
	unsigned width = d->width ? d->width : WIDTH, begun = at;

	while (*s) {
		size_t len = strcspn(s, " "), columns;
		char word[512];

		if (!len) {
			s++;
			continue;
		}
		if (len >= sizeof(word))
			len = sizeof(word) - 1;
		memcpy(word, s, len);
		word[len] = '\0';
		columns = escape_columns(word, 0);
		if (at > indent && at + 1 + columns > width) {
			fprintf(d->f, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent && at != begun) {
			fputc(' ', d->f);
			at++;
		}
		escape_terminal(d->f, word, 0);
		at += (unsigned)columns;
		s += len;
	}
	fputc('\n', d->f);
}

static void begin_list(struct doc *d)
{
	if (!d->in_list && d->format == DOC_HTML)
		fputs("<ul>\n", d->f);
	d->in_list = 1;
}

static void end_list(struct doc *d)
{
	if (!d->in_list)
		return;
	fputs(d->format == DOC_HTML ? "</ul>\n" : "\n", d->f);
	d->in_list = 0;
}

/* ---- document ---- */

void doc_begin(struct doc *d, const char *title)
{
	if (d->format == DOC_HTML) {
		fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'\">\n<title>",
		      d->f);
		put(d, title);
		fprintf(d->f, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>",
			doc_style);
		put(d, title);
		fputs("</h1>\n", d->f);
		return;
	}
	fputs(d->format == DOC_MARKDOWN ? "# " : d->colour ? "\033[1m" : "", d->f);
	put(d, title);
	fputs(d->format == DOC_TERMINAL && d->colour ? "\033[0m\n\n" : "\n\n", d->f);
}

void doc_end(struct doc *d)
{
	end_list(d);
	if (d->format == DOC_HTML)
		fputs("</main>\n</body>\n</html>\n", d->f);
}

void doc_heading(struct doc *d, int level, const char *id, const char *fmt, ...)
{
	char *text;

	end_list(d);
	FORMAT(text, fmt);
	if (d->format == DOC_HTML) {
		fprintf(d->f, "<h%d", level);
		if (*id)
			fprintf(d->f, " id=\"%s\"", id);
		fputs(">", d->f);
		put(d, text ? text : "");
		fprintf(d->f, "</h%d>\n", level);
	} else if (d->format == DOC_MARKDOWN) {
		fprintf(d->f, "%.*s ", level, "######");
		put(d, text ? text : "");
		fputs("\n\n", d->f);
	} else {
		fputs(d->colour ? "\033[1m" : "", d->f);
		put(d, text ? text : "");
		fputs(d->colour ? "\033[0m\n" : "\n", d->f);
		if (level <= 2) {
			for (size_t i = escape_columns(text ? text : "", 0); i; i--)
				fputc('-', d->f);
			fputc('\n', d->f);
		}
	}
	free(text);
}

void doc_contents(struct doc *d, const struct doc_section *s, unsigned nr)
{
	end_list(d);
	if (d->format != DOC_HTML)
		return;
	fputs("<nav aria-label=\"Contents\"><ul>\n", d->f);
	for (unsigned i = 0; i < nr; i++) {
		fprintf(d->f, "<li><a href=\"#%s\">", s[i].id);
		put(d, s[i].title);
		fputs("</a></li>\n", d->f);
	}
	fputs("</ul></nav>\n", d->f);
}

void doc_text(struct doc *d, const char *fmt, ...)
{
	char *text;

	end_list(d);
	FORMAT(text, fmt);
	if (d->format == DOC_TERMINAL) {
		wrap(d, text ? text : "", 0, 0);
		fputc('\n', d->f);
	} else {
		fputs(d->format == DOC_HTML ? "<p>" : "", d->f);
		put(d, text ? text : "");
		fputs(d->format == DOC_HTML ? "</p>\n" : "\n\n", d->f);
	}
	free(text);
}

static void item_word(const struct doc *d, enum doc_tone tone, const char *word)
{
	if (d->format == DOC_HTML) {
		fprintf(d->f, "<strong class=\"%s\">", tone_class[tone]);
		put(d, word);
		fputs("</strong> ", d->f);
	} else if (d->format == DOC_MARKDOWN) {
		fputs("**", d->f);
		put(d, word);
		fputs("**: ", d->f);
	} else {
		if (d->colour)
			fprintf(d->f, "\033[%sm", tone_colour[tone]);
		put(d, word);
		fputs(d->colour ? "\033[0m: " : ": ", d->f);
	}
}

void doc_item(struct doc *d, enum doc_tone tone, const char *word, const char *fmt, ...)
{
	char *text;

	begin_list(d);
	FORMAT(text, fmt);
	if (d->format == DOC_HTML)
		fprintf(d->f, "<li class=\"%s\">", tone_class[tone]);
	else
		fputs("- ", d->f);
	if (*word)
		item_word(d, tone, word);
	if (d->format == DOC_TERMINAL) {
		if (d->colour && !*word && tone != DOC_PLAIN)
			fprintf(d->f, "\033[%sm", tone_colour[tone] + 2);
		wrap(d, text ? text : "", 2 + (*word ? (unsigned)escape_columns(word, 0) + 2 : 0),
		     2);
		fputs(d->colour ? "\033[0m" : "", d->f);
	} else {
		put(d, text ? text : "");
		fputs(d->format == DOC_HTML ? "</li>\n" : "\n", d->f);
	}
	free(text);
}

/* A path as a URL: what could mean anything else in one is written as %XX. */
static void put_url(FILE *f, const char *path)
{
	/* a colon before any slash would be a scheme */
	if (strcspn(path, ":") < strcspn(path, "/"))
		fputs("./", f);
	for (; *path; path++)
		if ((*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') ||
		    (*path >= '0' && *path <= '9') || strchr("-_./~", *path))
			fputc(*path, f);
		else
			fprintf(f, "%%%02X", (unsigned)(unsigned char)*path);
}

static void link_to(const struct doc *d, const char *path, const char *text)
{
	if (d->format == DOC_HTML) {
		fputs("<a href=\"", d->f);
		put_url(d->f, path);
		fputs("\">", d->f);
		put(d, text);
		fputs("</a>", d->f);
	} else if (d->format == DOC_MARKDOWN) {
		fputc('[', d->f);
		put(d, text);
		fputs("](", d->f);
		put_url(d->f, path);
		fputc(')', d->f);
	} else {
		put(d, text);
	}
}

void doc_link(struct doc *d, const char *path, const char *fmt, ...)
{
	char *text;

	begin_list(d);
	FORMAT(text, fmt);
	fputs(d->format == DOC_HTML ? "<li>" : "- ", d->f);
	link_to(d, path, path);
	fputs(text && *text ? ": " : "", d->f);
	put(d, text ? text : "");
	fputs(d->format == DOC_HTML ? "</li>\n" : "\n", d->f);
	free(text);
}

/* ---- tables ---- */

/* A long text gets a box of its own, so that it does not push the rest away. */
static void html_cell(const struct doc *d, const char *s)
{
	int is_long = escape_columns(s, LONG_CELL + 1) > LONG_CELL;

	fputs(is_long ? "<div class=\"long\">" : "", d->f);
	put(d, s);
	fputs(is_long ? "</div>" : "", d->f);
}

static void html_rows(const struct doc *d, const struct table *t)
{
	unsigned rows = table_rows(t), r, c;

	fputs("<thead><tr>", d->f);
	for (c = 0; c < t->columns; c++) {
		fprintf(d->f, "<th scope=\"col\"%s>",
			table_is_number_column(t, c) ? " class=\"n\"" : "");
		html_cell(d, table_at(t, 0, c));
		fputs("</th>", d->f);
	}
	fputs("</tr></thead>\n<tbody>\n", d->f);
	for (r = 1; r < rows; r++) {
		fputs("<tr>", d->f);
		for (c = 0; c < t->columns; c++) {
			fprintf(d->f, c ? "<td%s>" : "<th scope=\"row\"%s>",
				table_is_number_column(t, c) ? " class=\"n\"" : "");
			html_cell(d, table_at(t, r, c));
			fputs(c ? "</td>" : "</th>", d->f);
		}
		fputs("</tr>\n", d->f);
	}
	fputs("</tbody>\n", d->f);
}

static void html_table(struct doc *d, const struct table *t, int fold, const char *caption)
{
	if (fold) {
		fputs("<details><summary>", d->f);
		put(d, caption);
		fprintf(d->f, " (%u rows)</summary>\n", table_rows(t) ? table_rows(t) - 1 : 0);
	}
	/* scrolled with the keyboard, so it takes the focus and has a name */
	fprintf(d->f, "<div class=\"scroll%s\" tabindex=\"0\" role=\"region\" aria-label=\"",
		table_rows(t) <= SHORT_TABLE ? " short" : "");
	put(d, caption);
	fputs("\">\n<table>\n<caption>", d->f);
	put(d, caption);
	fputs("</caption>\n", d->f);
	html_rows(d, t);
	fputs(fold ? "</table>\n</div>\n</details>\n" : "</table>\n</div>\n", d->f);
}

static void write_table(struct doc *d, const struct table *t, int fold, const char *caption)
{
	end_list(d);
	if (d->format == DOC_HTML) {
		html_table(d, t, fold, caption);
		return;
	}
	put(d, caption);
	fputs(d->format == DOC_MARKDOWN ? ":\n\n" : ":\n", d->f);
	if (d->format == DOC_MARKDOWN)
		table_print_markdown(t, d->f);
	else
		table_print(t, d->f);
	fputc('\n', d->f);
}

void doc_table(struct doc *d, const struct table *t, int fold, const char *caption, ...)
{
	char *text;

	FORMAT(text, caption);
	write_table(d, t, fold, text ? text : "");
	free(text);
}

/* ---- code ---- */

void doc_code(struct doc *d, const char *text)
{
	size_t len;

	end_list(d);
	fputs(d->format == DOC_HTML ?
		      "<pre tabindex=\"0\" role=\"region\" aria-label=\"Lines to copy\"><code>" :
		      "",
	      d->f);
	for (; *text; text += len + (text[len] == '\n')) {
		char *line;

		len = strcspn(text, "\n");
		line = strndup(text, len);
		if (!line)
			return;
		/* indented, which no content can end, as it could a fence */
		if (d->format == DOC_HTML)
			escape_html(d->f, line, 0);
		else {
			fputs("    ", d->f);
			escape_terminal(d->f, line, 0);
		}
		fputc('\n', d->f);
		free(line);
	}
	fputs(d->format == DOC_HTML ? "</code></pre>\n" : "\n", d->f);
}

/* ---- figures ---- */

static void html_figure(struct doc *d, const struct doc_figure *g)
{
	char prefix[24];
	struct err e;

	snprintf(prefix, sizeof(prefix), "p%u-", ++d->figures);
	fprintf(d->f, "<figure id=\"%sfigure\" data-points=\"%u\">\n", prefix, g->points);
	if (g->svg) {
		fputs("<div class=\"scroll picture\" tabindex=\"0\" role=\"img\" aria-label=\"",
		      d->f);
		put(d, g->alt);
		fputs("\">\n", d->f);
		if (doc_svg(d->f, g->svg, prefix, &e))
			put(d, e.text);
		fputs("</div>\n", d->f);
	}
	fputs("<figcaption>", d->f);
	put(d, g->title);
	fputs(*g->reads ? ". " : ".", d->f);
	put(d, g->reads);
	if (*g->data) {
		fputs(" Drawn by ", d->f);
		link_to(d, g->script, g->script);
		fputs(" from ", d->f);
		link_to(d, g->data, g->data);
		fputc('.', d->f);
	}
	fputs("</figcaption>\n", d->f);
	if (g->numbers)
		html_table(d, g->numbers, g->svg != NULL, "Numbers of this picture");
	fputs("</figure>\n", d->f);
}

void doc_figure(struct doc *d, const struct doc_figure *g)
{
	end_list(d);
	if (d->format == DOC_HTML) {
		html_figure(d, g);
		return;
	}
	if (d->format == DOC_MARKDOWN && *g->path) {
		fputs("![", d->f);
		put(d, g->alt);
		fputs("](", d->f);
		put_url(d->f, g->path);
		fputs(")\n\n", d->f);
	}
	if (d->format == DOC_TERMINAL && g->text)
		fputs(g->text, d->f); /* gnuplot's, of escaped texts */
	if (d->format == DOC_TERMINAL && g->text) {
		doc_text(d, "%s", g->reads);
	} else if (d->format == DOC_TERMINAL || !*g->path) {
		doc_text(d, "%s. %s", g->title, g->reads);
	} else {
		put(d, g->title);
		fputs(". ", d->f);
		put(d, g->reads);
		fputs(" Drawn by ", d->f);
		link_to(d, g->script, g->script);
		fputs(" from ", d->f);
		link_to(d, g->data, g->data);
		fputs(".\n\n", d->f);
	}
	if (g->numbers && !g->text && !*g->path)
		write_table(d, g->numbers, 0, "Numbers");
	fputc('\n', d->f);
}
