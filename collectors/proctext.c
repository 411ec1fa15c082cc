/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of names and numbers, read out of /proc and /sys. */
#include "collectors/proctext.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"

int proctext_number(const char **text, uint64_t *v)
{
	const char *t = *text;
	uint64_t n = 0;

	if (!isdigit((unsigned char)*t))
		return -EINVAL;
	for (; isdigit((unsigned char)*t); t++)
		if (__builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*t - '0'), &n))
			return -ERANGE;
	*text = t;
	*v = n;
	return 0;
}

const char *proctext_next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end && end[1] ? end + 1 : NULL;
}

int proctext_field(const char *text, const char *name, uint64_t *v)
{
	size_t len = strlen(name);

	for (const char *l = *text ? text : NULL; l; l = proctext_next_line(l)) {
		const char *at = l + len;

		if (strncmp(l, name, len) || !*at || !strchr(" \t:", *at))
			continue;
		at += strspn(at, " \t:");
		return proctext_number(&at, v);
	}
	return -ENOENT;
}

int proctext_head_fd(int fd, char *buf, size_t len)
{
	size_t n = 0;

	while (n + 1 < len) {
		ssize_t got = pread(fd, buf + n, len - 1 - n, (off_t)n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		n += (size_t)got;
	}
	if (n + 1 == len) /* perhaps cut: the last line may not be whole */
		while (n && buf[n - 1] != '\n')
			n--;
	buf[n] = '\0';
	return (int)n;
}

int proctext_head(const struct hostfs *h, char *buf, size_t len, const char *path)
{
	char full[PATH_MAX];
	int fd, ret = hostfs_path(h, full, sizeof(full), "%s", path);

	if (ret)
		return ret;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = proctext_head_fd(fd, buf, len);
	close(fd);
	return ret;
}

char *proctext_all(const struct hostfs *h, const char *path, struct err *e)
{
	char full[PATH_MAX], *text = NULL;
	size_t len;

	if (hostfs_path(h, full, sizeof(full), "%s", path))
		err_set(e, -ENAMETOOLONG, "%s: %s", path, strerror(ENAMETOOLONG));
	else if (!file_read(full, (size_t)1 << 28, &text, &len, e) && strlen(text) == len)
		return text;
	else if (text)
		err_set(e, -EINVAL, "%s: there are zero bytes in it", path);
	free(text);
	return NULL;
}

void proctext_put(struct value_sink *s, const char *metric, double value, const char *unit,
		  const char *source, int worker, const char *note)
{
	struct value v = {
		.metric = metric,
		.value = value,
		.unit = unit,
		.state = VALUE_EXACT,
		.share = 1,
		.source = source,
		.worker = worker,
		.note = note,
	};

	s->put(s, &v);
}

void proctext_missing(struct value_sink *s, const char *metric, const char *unit,
		      const char *source, int worker, const char *note)
{
	struct value v = {
		.metric = metric,
		.unit = unit,
		.state = VALUE_UNAVAILABLE,
		.share = 1,
		.source = source,
		.worker = worker,
		.note = note,
	};

	s->put(s, &v);
}

const char *proctext_why(char *buf, size_t len, const char *path, int error, const char *remedy)
{
	snprintf(buf, len, "%s: %s%s%s", path, strerror(error < 0 ? -error : error),
		 remedy ? "; " : "", remedy ? remedy : "");
	return buf;
}
