/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_DOC_H
#define SLABSCOPE_DOC_H

/*
 * A document said once and written as one self-contained HTML file, as Markdown, or for a terminal.
 * All texts are plain; what they hold is escaped for the language (lib/escape.h).
 *
 *	doc_begin, then headings, paragraphs, lists, tables, code and figures, then doc_end
 *
 * The HTML needs nothing from anywhere and runs nothing (its policy forbids both), follows light and
 * dark, prints, and is read with a keyboard: wide tables and pictures scroll in regions of their own.
 */

#include <stdio.h>

#include "cli/table.h"
#include "lib/err.h"

enum doc_format { DOC_HTML, DOC_MARKDOWN, DOC_TERMINAL };
extern const char *const doc_formats[]; /* "html", "markdown", "terminal", NULL */

enum doc_tone { DOC_PLAIN, DOC_GOOD, DOC_BAD, DOC_OPEN }; /* OPEN: nothing could be told */

struct doc {
	FILE *f;
	enum doc_format format;
	int colour;	/* the terminal's */
	unsigned width; /* of it, in columns; 0: 100 */
	/* private */
	int in_list;
	unsigned figures;
};

void doc_begin(struct doc *d, const char *title);
void doc_end(struct doc *d);
/* @level 2 and 3; @id: "" or what a link can name. */
void doc_heading(struct doc *d, int level, const char *id, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct doc_section {
	const char *id, *title;
};

/* Links to the headings of these ids: for HTML only, others are read from the top. */
void doc_contents(struct doc *d, const struct doc_section *s, unsigned nr);
void doc_text(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An item of a list, which begins with the first one and ends with whatever else comes next. @word:
 * what it is, in front; "": the text says so itself. */
void doc_item(struct doc *d, enum doc_tone tone, const char *word, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* An item that is a link to @path, which is relative to the document. */
void doc_link(struct doc *d, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The first column names the row. @fold: closed until somebody opens it. */
void doc_table(struct doc *d, const struct table *t, int fold, const char *caption, ...)
	__attribute__((format(printf, 4, 5)));
/* Lines as they are. */
void doc_code(struct doc *d, const char *text);

struct doc_figure {
	const char *name, *title, *alt; /* alt: what is to be seen, for those who cannot */
	const char *reads;		/* how to read it, whole sentences; "" */
	unsigned points;
	const char *svg;  /* gnuplot's picture, or NULL: there is none */
	const char *text; /* of the terminal dumb, or NULL */
	const char *path; /* of the picture, relative; "" for none */
	const char *data, *script;
	const struct table *numbers; /* or NULL: too many */
};

void doc_figure(struct doc *d, const struct doc_figure *f);

/* ---- doc_svg.c ---- */

/* @svg as an element of a document: without prolog and background, ids begin with @prefix, and grey
 * and black follow the document's light or dark (classes s-ink, s-dim, s-grid). -EINVAL: not an SVG
 * of gnuplot's. */
int doc_svg(FILE *f, const char *svg, const char *prefix, struct err *e);

#endif
