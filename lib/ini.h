/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_INI_H
#define SLABSCOPE_INI_H

/*
 * Job and target files, read by libinih and held to a stricter form than it asks for, so that
 * nothing that a user wrote is dropped without a word:
 *
 *	; comment	(or #), alone on its line; behind a value only as " ;"
 *	[section]	at the start of its line; each section once
 *	name = value	at the start of its line; each name once per section ('-' is '_')
 *	    more	an indented line goes on with the value above, joined without a blank; it
 *			may not contain '=', so that an indented setting is not swallowed
 *
 * A line may have 197 bytes, a name and a section 49 each. Everything else is an error that
 * names file and line.
 */

#include <stddef.h>

#include "lib/err.h"

/* What is handed to the callback; all of it is valid only during the call. */
struct ini_item {
	const char *section; /* "" before the first section */
	const char *name;  /* NULL: a section begins (so that one without settings is seen, too) */
	const char *value; /* without blanks around it; may be empty */
	unsigned line;	   /* from 1; of a value over several lines, the first */
};

/* Returns 0 or -errno with @e filled; the reader puts file and line in front and stops. Unknown
 * names and bad values are the callback's to report. */
struct ini_reader_ops {
	int (*item)(void *ctx, const struct ini_item *item, struct err *e);
};

/* Read @text[len]; @file is its name in messages. -EINVAL on bad form, or what the callback
 * returned. Items before the error have been handed out: a caller that must not be half-changed
 * works on a copy. */
int ini_read_text(const char *text, size_t len, const char *file, const struct ini_reader_ops *ops,
		  void *ctx, struct err *e);

/* The same for a file ("-": standard input). */
int ini_read(const char *path, const struct ini_reader_ops *ops, void *ctx, struct err *e);

#endif
