/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SLABSCOPE_STREAM_H
#define SLABSCOPE_STREAM_H

/*
 * A file read from its beginning to its end, in pieces or lines, unpacked on the way where it is packed (gzip, bzip2,
 * xz, zstd, lz4: seen by its content, by libarchive). Memory: two buffers, whatever the file's size.
 *
 * A file that cannot be unpacked to its end gives what comes before the damage, and then the error.
 * One thread at a time.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define STREAM_LINE_MAX (64u << 10) /* bytes of the longest line */

struct stream;

/* "-" is standard input. Errors name the file. */
int stream_open(struct stream **out, const char *path, struct err *e);
/* @len bytes at @data, which the caller keeps until it closes the stream. */
int stream_open_memory(struct stream **out, const void *data, size_t len, struct err *e);
void stream_close(struct stream *s); /* NULL is harmless */

/* The next bytes without taking them: up to @want (at most STREAM_LINE_MAX), fewer only at the end. */
size_t stream_peek(struct stream *s, const unsigned char **p, size_t want, struct err *e);
/* Exactly @len bytes: 1; 0 if none were left; -ENODATA if some but not all; -EIO: it cannot be read or unpacked. */
int stream_read(struct stream *s, void *to, size_t len, struct err *e);
/* A line without its newline, NUL behind it, the caller's until the next call: 1, or 0 at the end, -EIO, -EMSGSIZE
 * (longer than STREAM_LINE_MAX; the rest of it is skipped). A NUL in a line stays: *@len tells. */
int stream_line(struct stream *s, char **line, size_t *len, struct err *e);

/* Of what was taken, unpacked: bytes, and lines. */
uint64_t stream_offset(const struct stream *s);
uint64_t stream_lines(const struct stream *s);

#endif
