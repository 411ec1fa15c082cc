/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing address traces. What runs per access calls nothing but write(2): see trace_bin.c. */
#include "collectors/model/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/model/trace_bin.h"

#define BUFFER (64u << 10)
#define LINE_MAX_BYTES 64 /* no line of text is longer */

struct trace_writer {
	int fd;
	enum trace_format format;
	int error; /* errno of the first failure */
	struct trace_bin bin;
	uint64_t count;
	size_t len;
	char *path;
	unsigned char buf[BUFFER];
};

static void drain(struct trace_writer *w)
{
	size_t at = 0;

	while (at < w->len && !w->error) {
		ssize_t n = write(w->fd, w->buf + at, w->len - at);

		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno != EINTR)
			w->error = errno;
		else if (!n)
			w->error = EIO;
	}
	w->len = 0;
}

static int put_text(unsigned char *p, const char *text)
{
	int n = 0;

	for (; text[n]; n++)
		p[n] = (unsigned char)text[n];
	return n;
}

static int put_number(unsigned char *p, uint64_t v, unsigned base)
{
	unsigned char digit[20];
	int n = 0, i;

	do
		digit[n++] = (unsigned char)"0123456789abcdef"[v % base];
	while (v /= base);
	for (i = 0; i < n; i++)
		p[i] = digit[n - 1 - i];
	return n;
}

static int put_line(unsigned char *p, bool din, const struct trace_ref *ref)
{
	int n = put_text(p, din ? ref->write ? "1 " : "0 " : ref->write ? " S " : " L ");

	n += put_number(p + n, ref->addr, 16);
	n += put_text(p + n, din ? " " : ",");
	n += put_number(p + n, ref->size, din ? 16 : 10);
	if (ref->cpu) { /* din only */
		n += put_text(p + n, " ");
		n += put_number(p + n, ref->cpu, 10);
	}
	p[n++] = '\n';
	return n;
}

static void put_one(struct trace_writer *w, const struct trace_ref *ref)
{
	unsigned char *p;

	if (w->len + LINE_MAX_BYTES > BUFFER)
		drain(w);
	p = w->buf + w->len;
	if (w->format == TRACE_BIN || w->format == TRACE_WORDS)
		w->len += (size_t)trace_bin_put(&w->bin, p, ref);
	else
		w->len += (size_t)put_line(p, w->format == TRACE_DIN, ref);
	w->count++;
}

void trace_writer_put(void *arg, unsigned cpu, uint64_t addr, unsigned size, int write)
{
	struct trace_writer *w = arg;

	if (w->error)
		return;
	if (cpu > TRACE_CPU_MAX || (cpu && w->format == TRACE_LACKEY)) {
		w->error = EDOM;
		return;
	}
	while (size) {
		/* pieces end where the largest size divides the address: within no line */
		uint64_t room = TRACE_SIZE_MAX - (addr & (TRACE_SIZE_MAX - 1));
		unsigned n = size <= TRACE_SIZE_MAX ? size : (unsigned)room;
		struct trace_ref ref = { addr, n, (uint16_t)cpu, write != 0 };

		if (addr > UINT64_MAX - (n - 1)) {
			w->error = ERANGE;
			return;
		}
		put_one(w, &ref);
		addr += n;
		size -= n;
	}
}

uint64_t trace_writer_count(const struct trace_writer *w)
{
	return w->count;
}

int trace_writer_open(struct trace_writer **out, const char *path, enum trace_format format,
		      struct err *e)
{
	struct trace_writer *w = calloc(1, sizeof(*w));

	if (w)
		w->path = strdup(path);
	if (!w || !w->path) {
		free(w);
		return err_set(e, -ENOMEM, "out of memory");
	}
	w->format = format == TRACE_AUTO ? TRACE_BIN : format;
	w->fd = !strcmp(path, "-") ? STDOUT_FILENO :
				     open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->fd < 0) {
		int code = err_set(e, -errno, "%s: %s", path, strerror(errno));

		free(w->path);
		free(w);
		return code;
	}
	if (w->format == TRACE_BIN || w->format == TRACE_WORDS)
		w->len = (size_t)trace_bin_header(
			&w->bin, w->format == TRACE_BIN ? TRACE_ENC_PACKED : TRACE_ENC_WORDS,
			w->buf);
	*out = w;
	return 0;
}

/* What a kept errno means. */
static int complain(const struct trace_writer *w, struct err *e)
{
	const char *name = w->fd == STDOUT_FILENO ? "standard output" : w->path;

	if (w->error == EDOM)
		return err_set(e, -EINVAL,
			       w->format == TRACE_LACKEY ?
				       "%s: a lackey trace has no column for the CPU" :
				       "%s: a trace numbers CPUs up to 255",
			       name);
	if (w->error == ERANGE)
		return err_set(e, -EINVAL, "%s: an access beyond the end of the address space",
			       name);
	return err_set(e, -w->error, "%s: %s", name, strerror(w->error));
}

int trace_writer_close(struct trace_writer *w, struct err *e)
{
	int rc = 0;

	if (!w)
		return 0;
	drain(w);
	if (!w->error && (w->format == TRACE_BIN || w->format == TRACE_WORDS)) {
		w->len = (size_t)trace_bin_end(&w->bin, w->buf);
		drain(w);
	}
	if (w->fd != STDOUT_FILENO && close(w->fd) && !w->error)
		w->error = errno;
	if (w->error)
		rc = complain(w, e);
	free(w->path);
	free(w);
	return rc;
}
