/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/stream.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for the longest line, its newline and a piece more. */
#define ROOM (2 * (STREAM_LINE_MAX + 1))

struct stream {
	struct archive *a;
	char *name;
	unsigned char *buf; /* [ROOM + 1] */
	size_t begin, end;  /* what is in it */
	const void *more;   /* unpacked, not yet in it */
	size_t nr_more;
	uint64_t taken, lines;
	bool over;  /* nothing more comes */
	int broken; /* -EIO: and here is why */
	struct err why;
};

static int failed(struct stream *s, struct err *e)
{
	const char *text = archive_error_string(s->a);

	s->over = true;
	s->broken = err_set(&s->why, -EIO, "%s: %s", s->name, text ? text : "it cannot be read");
	if (e)
		*e = s->why;
	return s->broken;
}

static struct stream *make(const char *name)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->name = strdup(name);
	s->buf = malloc(ROOM + 1);
	s->a = archive_read_new();
	if (!s->name || !s->buf || !s->a) {
		stream_close(s);
		return NULL;
	}
	/* those that libarchive unpacks itself: it never starts a program of what the file says */
	archive_read_support_filter_gzip(s->a);
	archive_read_support_filter_bzip2(s->a);
	archive_read_support_filter_xz(s->a);
	archive_read_support_filter_zstd(s->a);
	archive_read_support_filter_lz4(s->a);
	archive_read_support_format_raw(s->a);
	archive_read_support_format_empty(s->a);
	return s;
}

static int begin(struct stream *s, int opened, struct err *e)
{
	struct archive_entry *entry;
	int r = opened;

	if (r == ARCHIVE_OK)
		r = archive_read_next_header(s->a, &entry);
	if (r == ARCHIVE_EOF) {
		s->over = true;
		return 0;
	}
	return r == ARCHIVE_OK || r == ARCHIVE_WARN ? 0 : failed(s, e);
}

int stream_open(struct stream **out, const char *path, struct err *e)
{
	bool in = !strcmp(path, "-");
	struct stream *s = make(in ? "standard input" : path);
	struct stat st;
	int err;

	if (!s)
		return err_set(e, -ENOMEM, "no memory");
	if (!in && stat(path, &st))
		err = err_set(e, -errno, "%s: %s", path, strerror(errno));
	else if (!in && S_ISDIR(st.st_mode))
		err = err_set(e, -EISDIR, "%s: it is a folder", path);
	else
		err = begin(s,
			    in ? archive_read_open_fd(s->a, STDIN_FILENO, 64 << 10) :
				 archive_read_open_filename(s->a, path, 64 << 10),
			    e);
	if (err) {
		stream_close(s);
		return err;
	}
	*out = s;
	return 0;
}

int stream_open_memory(struct stream **out, const void *data, size_t len, struct err *e)
{
	struct stream *s = make("input");
	int err;

	if (!s)
		return err_set(e, -ENOMEM, "no memory");
	err = begin(s, archive_read_open_memory(s->a, data, len), e);
	if (err) {
		stream_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	archive_read_free(s->a);
	free(s->name);
	free(s->buf);
	free(s);
}

/* What libarchive has next; what it unpacked before an error comes first. */
static void next_piece(struct stream *s, struct err *e)
{
	la_int64_t offset;
	int r = archive_read_data_block(s->a, &s->more, &s->nr_more, &offset);

	if (r == ARCHIVE_EOF)
		s->over = true;
	else if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		failed(s, e);
	if (s->over)
		s->nr_more = 0;
}

/* At least @want bytes in the buffer, unless it is over. */
static void fill(struct stream *s, size_t want, struct err *e)
{
	if (s->end - s->begin >= want)
		return;
	if (s->begin) {
		memmove(s->buf, s->buf + s->begin, s->end - s->begin);
		s->end -= s->begin;
		s->begin = 0;
	}
	while (s->end < want && (s->nr_more || !s->over)) {
		size_t n = ROOM - s->end < s->nr_more ? ROOM - s->end : s->nr_more;

		if (!n) {
			next_piece(s, e);
			continue;
		}
		memcpy(s->buf + s->end, s->more, n);
		s->end += n;
		s->more = (const char *)s->more + n;
		s->nr_more -= n;
	}
}

static void take(struct stream *s, size_t n)
{
	s->begin += n;
	s->taken += n;
}

/* At the end: 0, or why it is no real end. */
static int ended(const struct stream *s, struct err *e)
{
	if (s->broken && e)
		*e = s->why;
	return s->broken;
}

size_t stream_peek(struct stream *s, const unsigned char **p, size_t want, struct err *e)
{
	size_t have;

	fill(s, want, e);
	*p = s->buf + s->begin;
	have = s->end - s->begin;
	return have < want ? have : want;
}

int stream_read(struct stream *s, void *to, size_t len, struct err *e)
{
	unsigned char *at = to;
	size_t got = 0;

	while (got < len) {
		size_t part = len - got < STREAM_LINE_MAX ? len - got : STREAM_LINE_MAX, have;

		fill(s, 1, e);
		have = s->end - s->begin;
		if (!have) {
			int err = ended(s, e);

			if (err || !got)
				return err;
			return err_set(e, -ENODATA,
				       "%s: it ends at byte %" PRIu64
				       ", in the middle of something",
				       s->name, s->taken);
		}
		if (part > have)
			part = have;
		memcpy(at + got, s->buf + s->begin, part);
		take(s, part);
		got += part;
	}
	return 1;
}

int stream_line(struct stream *s, char **line, size_t *len, struct err *e)
{
	unsigned char *p, *nl;
	size_t have, n;
	bool skipping = false;

	for (;;) {
		fill(s, STREAM_LINE_MAX + 1, e);
		p = s->buf + s->begin;
		have = s->end - s->begin;
		if (!have && !skipping)
			return ended(s, e);
		n = have < STREAM_LINE_MAX + 1 ? have : STREAM_LINE_MAX + 1;
		nl = n ? memchr(p, '\n', n) : NULL;
		if (nl || n <= STREAM_LINE_MAX)
			break;
		take(s, n);
		skipping = true;
	}
	n = nl ? (size_t)(nl - p) : n;
	take(s, n + (nl != NULL));
	s->lines++;
	if (skipping)
		return err_set(e, -EMSGSIZE, "%s: line %" PRIu64 ": longer than %u bytes", s->name,
			       s->lines, STREAM_LINE_MAX);
	p[n] = '\0'; /* the newline's place, or the one behind the buffer */
	*line = (char *)p;
	*len = n;
	return 1;
}

uint64_t stream_offset(const struct stream *s)
{
	return s->taken;
}

uint64_t stream_lines(const struct stream *s)
{
	return s->lines;
}
