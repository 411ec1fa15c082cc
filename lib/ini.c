/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/ini.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

#define NAME_MAX_LEN 49		     /* libinih cuts longer names off without a word */
#define FILE_MOST ((size_t)16 << 20) /* no job file is near this; a device or a wrong file is */

/* A name that has been used: "section\nname", or "section\n" for the section itself. */
struct seen {
	char *key;
	unsigned line;
};

struct reader {
	const char *text, *end, *file;
	const struct ini_reader_ops *ops;
	void *ctx;
	struct err *e;
	int ret; /* first error, after which nothing more is read */
	unsigned line;
	int continues; /* the line just handed to libinih goes on with the value before */
	int expects;   /* ... should come back as a name and a value: libinih reads on where it does
			  not */
	char section[NAME_MAX_LEN + 1];
	/* the setting whose value may still go on */
	char name[NAME_MAX_LEN + 1], *value;
	unsigned name_line;
	struct seen *seen;
	size_t nr_seen, room;
};

#define fail(r, at, code, ...) \
	((r)->ret = err_prefix((r)->e, err_set((r)->e, code, __VA_ARGS__), "%s:%u", (r)->file, at))

/* Returns 0, or the line where @name was used before; -1 when out of memory. */
static long note_seen(struct reader *r, const char *name)
{
	size_t n = strlen(r->section);
	char *key = malloc(n + strlen(name) + 2);

	if (!key)
		return -1;
	memcpy(key, r->section, n);
	key[n] = '\n';
	strcpy(key + n + 1, name);
	for (char *c = key + n + 1; *c; c++)
		if (*c == '-')
			*c = '_';
	for (size_t i = 0; i < r->nr_seen; i++) {
		if (!strcmp(r->seen[i].key, key)) {
			free(key);
			return r->seen[i].line;
		}
	}
	if (r->nr_seen == r->room) {
		size_t room = r->room ? r->room * 2 : 32;
		struct seen *more = realloc(r->seen, room * sizeof(*more));

		if (!more) {
			free(key);
			return -1;
		}
		r->seen = more;
		r->room = room;
	}
	r->seen[r->nr_seen++] = (struct seen){ key, r->line };
	return 0;
}

/* Hand out the setting that was held back in case its value goes on. */
static void flush(struct reader *r)
{
	struct ini_item item = { r->section, r->name, r->value, r->name_line };

	if (r->value && !r->ret) {
		r->ret = r->ops->item(r->ctx, &item, r->e);
		if (r->ret)
			err_prefix(r->e, r->ret, "%s:%u", r->file, r->name_line);
	}
	free(r->value);
	r->value = NULL;
}

/* @s begins with '['. */
static void begin_section(struct reader *r, const char *s)
{
	const char *close = strchr(s, ']'), *after;
	struct ini_item item = { r->section, NULL, NULL, r->line };
	size_t len;
	long line;

	flush(r);
	if (r->ret)
		return;
	if (!close) {
		fail(r, r->line, -EINVAL, "expected ']' after the section's name");
		return;
	}
	len = (size_t)(close - s) - 1;
	if (!len || len > NAME_MAX_LEN) {
		fail(r, r->line, -EINVAL, "a section's name has 1 to %d bytes, this one has %zu",
		     NAME_MAX_LEN, len);
		return;
	}
	if (memchr(s, ';', len + 1)) {
		fail(r, r->line, -EINVAL, "a section's name may not contain ';'");
		return;
	}
	after = close + 1 + strspn(close + 1, " \t\r");
	if (*after && *after != ';' && *after != '#') {
		fail(r, r->line, -EINVAL, "expected the line to end after [...], got '%s'", after);
		return;
	}
	memcpy(r->section, s + 1, len);
	r->section[len] = '\0';
	line = note_seen(r, "");
	if (line > 0)
		fail(r, r->line, -EINVAL, "section [%s] stands already at line %ld", r->section,
		     line);
	else if (line < 0)
		fail(r, r->line, -ENOMEM, "out of memory");
	else if ((r->ret = r->ops->item(r->ctx, &item, r->e)))
		err_prefix(r->e, r->ret, "%s:%u", r->file, r->line);
}

/* What libinih would let pass, on one line without its newline. */
static void check_line(struct reader *r, const char *line)
{
	const char *s = line + strspn(line, " \t\r\v\f");

	r->continues = r->expects = 0;
	if (!*s || *s == ';' || *s == '#')
		return;
	if (s > line && !r->value)
		fail(r, r->line, -EINVAL,
		     "an indented line goes on with a value, and there is none before it");
	else if (s > line && (strchr(s, '=') || *s == '['))
		fail(r, r->line, -EINVAL,
		     "indented, so it would go on with the value of '%s'; "
		     "sections and settings begin at the start of a line",
		     r->name);
	else if (s > line)
		r->continues = 1;
	else if (*s == '[')
		begin_section(r, s);
	else
		r->expects = 1;
}

/* libinih's fgets: the next line, checked. */
static char *next_line(char *buf, int num, void *stream)
{
	struct reader *r = stream;
	const char *newline;
	size_t len;

	if (r->expects && !r->ret)
		fail(r, r->line, -EINVAL, "expected [section], name = value or a comment");
	if (r->ret || r->text == r->end)
		return NULL;
	r->line++;
	newline = memchr(r->text, '\n', (size_t)(r->end - r->text));
	len = (size_t)((newline ? newline : r->end) - r->text);
	if (len + 3 > (size_t)num) {
		fail(r, r->line, -EINVAL,
		     "a line may have %d bytes, this one has %zu (an indented line goes on with "
		     "the value above it)",
		     num - 3, len);
		return NULL;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)r->text[i];

		if ((c < ' ' && c != '\t' && !(c == '\r' && i + 1 == len)) || c == 0x7f) {
			fail(r, r->line, -EINVAL, "a control character (0x%02x) in column %zu", c,
			     i + 1);
			return NULL;
		}
	}
	if (r->line == 1 && len >= 3 && !memcmp(r->text, "\xef\xbb\xbf", 3)) {
		r->text += 3;
		len -= 3;
	}
	memcpy(buf, r->text, len);
	buf[len] = '\0';
	r->text = newline ? newline + 1 : r->end;
	check_line(r, buf);
	if (r->ret)
		return NULL;
	strcpy(buf + len, "\n");
	return buf;
}

static int append(struct reader *r, const char *more)
{
	size_t n = strlen(r->value);
	char *longer = realloc(r->value, n + strlen(more) + 1);

	if (!longer) {
		fail(r, r->line, -ENOMEM, "out of memory");
		return 0;
	}
	strcpy(longer + n, more);
	r->value = longer;
	return 1;
}

/* libinih's callback: non-zero is success. */
static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reader *r = user;
	long line;

	(void)section; /* r->section, which is not cut off */
	if (r->ret)
		return 0;
	r->expects = 0;
	if (r->continues)
		return append(r, value);
	flush(r);
	if (r->ret)
		return 0;
	if (!*name || strlen(name) > NAME_MAX_LEN) {
		fail(r, r->line, -EINVAL, "expected a name of 1 to %d bytes before '='",
		     NAME_MAX_LEN);
		return 0;
	}
	line = note_seen(r, name);
	if (line > 0) {
		fail(r, r->line, -EINVAL, "%s is set already at line %ld", name, line);
		return 0;
	}
	r->value = line ? NULL : strdup(value);
	if (!r->value) {
		fail(r, r->line, -ENOMEM, "out of memory");
		return 0;
	}
	strcpy(r->name, name);
	r->name_line = r->line;
	return 1;
}

int ini_read_text(const char *text, size_t len, const char *file, const struct ini_reader_ops *ops,
		  void *ctx, struct err *e)
{
	struct reader r = {
		.text = text, .end = text + len, .file = file, .ops = ops, .ctx = ctx, .e = e
	};
	int bad = ini_parse_stream(next_line, &r, on_pair, &r);

	if (bad > 0 && !r.ret)
		fail(&r, (unsigned)bad, -EINVAL, "not a line of an INI file");
	else if (bad < 0 && !r.ret)
		fail(&r, r.line, -ENOMEM, "out of memory");
	flush(&r);
	for (size_t i = 0; i < r.nr_seen; i++)
		free(r.seen[i].key);
	free(r.seen);
	return r.ret;
}

int ini_read(const char *path, const struct ini_reader_ops *ops, void *ctx, struct err *e)
{
	char *text;
	size_t len;
	int ret = file_read(path, FILE_MOST, &text, &len, e);

	if (ret)
		return ret;
	ret = ini_read_text(text, len, strcmp(path, "-") ? path : "standard input", ops, ctx, e);
	free(text);
	return ret;
}
