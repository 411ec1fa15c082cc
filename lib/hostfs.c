/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/hostfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBER_MAX 64 /* characters of a file that is a number */

void hostfs_init(struct hostfs *h)
{
	const char *env = getenv("SLABSCOPE_HOSTFS");

	if (snprintf(h->root, sizeof(h->root), "%s", env ? env : "") >= (int)sizeof(h->root))
		h->root[0] = '\0';
}

static int path_of(const struct hostfs *h, char *buf, size_t len, const char *fmt, va_list args)
{
	int n = snprintf(buf, len, "%s", h->root), m;

	if (n < 0 || (size_t)n >= len)
		return -ENAMETOOLONG;
	m = vsnprintf(buf + n, len - (size_t)n, fmt, args);
	return m < 0 || (size_t)m >= len - (size_t)n ? -ENAMETOOLONG : 0;
}

int hostfs_path(const struct hostfs *h, char *buf, size_t len, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = path_of(h, buf, len, fmt, args);
	va_end(args);
	return rc;
}

static int read_path(const char *path, char *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	/* a file of /proc may come in pieces */
	while (n < len && got > 0) {
		got = read(fd, buf + n, len - n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			n += (size_t)got;
	}
	if (got < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	close(fd);
	if (n == len)
		return -EFBIG;
	while (n && isspace((unsigned char)buf[n - 1]))
		n--;
	buf[n] = '\0';
	return (int)n;
}

static int read_file(const struct hostfs *h, char *buf, size_t len, const char *fmt, va_list args)
{
	char path[PATH_MAX];
	int rc = path_of(h, path, sizeof(path), fmt, args);

	return rc ? rc : read_path(path, buf, len);
}

int hostfs_read(const struct hostfs *h, char *buf, size_t len, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = read_file(h, buf, len, fmt, args);
	va_end(args);
	return rc;
}

static int parse_u64(const char *text, uint64_t *v)
{
	char *end;
	uint64_t n;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10);
	if (*end || errno)
		return -EINVAL;
	*v = n;
	return 0;
}

static int parse_s64(const char *text, int64_t *v)
{
	char *end;
	int64_t n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (end == text || *end || errno)
		return -EINVAL;
	*v = n;
	return 0;
}

int hostfs_u64(const struct hostfs *h, uint64_t *v, const char *fmt, ...)
{
	char text[NUMBER_MAX];
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = read_file(h, text, sizeof(text), fmt, args);
	va_end(args);
	return rc < 0 ? rc : parse_u64(text, v);
}

int hostfs_s64(const struct hostfs *h, int64_t *v, const char *fmt, ...)
{
	char text[NUMBER_MAX];
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = read_file(h, text, sizeof(text), fmt, args);
	va_end(args);
	return rc < 0 ? rc : parse_s64(text, v);
}

/* A number at *@text, which moves behind it; below 2^20, so that no list is without end. */
static int list_number(const char **text, unsigned *v)
{
	unsigned n = 0;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	for (; isdigit((unsigned char)**text); ++*text) {
		n = n * 10 + (unsigned)(**text - '0');
		if (n >= 1u << 20)
			return -EINVAL;
	}
	*v = n;
	return 0;
}

int hostfs_parse_list(const char *text, unsigned *cpu, unsigned most)
{
	unsigned n = 0, from, to, next = 0;

	if (!*text)
		return 0;
	for (;;) {
		if (list_number(&text, &from))
			return -EINVAL;
		to = from;
		if (*text == '-') {
			text++;
			if (list_number(&text, &to) || to < from)
				return -EINVAL;
		}
		if (from < next)
			return -EINVAL; /* ascending, and none twice */
		for (next = from; next <= to; next++, n++)
			if (n < most)
				cpu[n] = next;
		if (!*text)
			return (int)n;
		if (*text++ != ',')
			return -EINVAL;
	}
}
