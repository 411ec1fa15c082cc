/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PROCTEXT_H
#define SLABSCOPE_PROCTEXT_H

/*
 * Texts of /proc and /sys as collectors meet them: lines of names and numbers. Nothing here trusts
 * the text: it may be cut off, empty, or another file's. Any thread may call these.
 */

#include <stddef.h>
#include <stdint.h>

#include "collectors/collector.h"
#include "lib/hostfs.h"

/* A decimal number at *@text, which moves behind it. -EINVAL: none there; -ERANGE: above 2^64 - 1.
 * */
int proctext_number(const char **text, uint64_t *v);

/* The number behind @name at a line's start, with blanks or a colon between them ("numa_hit 12",
 * "se.nr_migrations :   3", "Rss:   8 kB"). -ENOENT: no such line; else as proctext_number(). */
int proctext_field(const char *text, const char *name, uint64_t *v);

/* The start of the line behind the one at @text; NULL at the end. */
const char *proctext_next_line(const char *text);

/* The first lines of @path: as many whole ones as fit. For files whose start is all that is wanted.
 * The length, or -errno. */
int proctext_head(const struct hostfs *h, char *buf, size_t len, const char *path);
/* The same from a descriptor, from its beginning. */
int proctext_head_fd(int fd, char *buf, size_t len);

/* All of @path, malloc'd; NULL and why in @e. */
char *proctext_all(const struct hostfs *h, const char *path, struct err *e);

/* value_put() with a remark, and value_put_unavailable() of one worker. */
void proctext_put(struct value_sink *s, const char *metric, double value, const char *unit,
		  const char *source, int worker, const char *note);
void proctext_missing(struct value_sink *s, const char *metric, const char *unit,
		      const char *source, int worker, const char *note);

/* Why a file or a line of it could not be used, with what can be done where something can. */
const char *proctext_why(char *buf, size_t len, const char *path, int error, const char *remedy);

#endif
