/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading address traces: a buffer over a stream, and for each format what takes records out of it. */
#include "collectors/model/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/trace_bin.h"

#define BUFFER (256u << 10) /* the longest line, too */

const char *const trace_format_names[] = { "auto", "din", "lackey", "bin", "words", NULL };

struct trace_reader {
	FILE *f;
	bool owned, eof;
	const char *name;
	enum trace_format format;
	unsigned char *buf;
	size_t pos, len;
	uint64_t base; /* offset in the file of buf[0] */
	uint64_t line; /* lines taken */
	uint64_t skipped;
	struct trace_bin bin;
	int failed;
	struct err why; /* when it failed */
};

/* ---- the buffer ---- */

/* Make at least @want bytes lie there, if the stream has them. */
static int fill(struct trace_reader *r, size_t want, struct err *e)
{
	if (r->len - r->pos >= want || r->eof)
		return 0;
	memmove(r->buf, r->buf + r->pos, r->len - r->pos);
	r->base += r->pos;
	r->len -= r->pos;
	r->pos = 0;
	while (r->len < want && !r->eof) {
		size_t n = fread(r->buf + r->len, 1, BUFFER - r->len, r->f);

		r->len += n;
		if (!n && ferror(r->f))
			return err_set(e, -EIO, "%s: %s", r->name, strerror(errno));
		r->eof = !n;
	}
	return 0;
}

/* The next line without its end in [*p, *end). 1, 0 at the end, or -errno. */
static int next_line(struct trace_reader *r, const unsigned char **p, const unsigned char **end,
		     struct err *e)
{
	unsigned char *nl = r->len > r->pos ? memchr(r->buf + r->pos, '\n', r->len - r->pos) : NULL;

	if (!nl) {
		int rc = fill(r, BUFFER, e);

		if (rc)
			return rc;
		if (r->len == r->pos)
			return 0;
		nl = memchr(r->buf + r->pos, '\n', r->len - r->pos);
		if (!nl && !r->eof)
			return err_set(e, -EINVAL, "%s: line %llu: longer than %u bytes", r->name,
				       (unsigned long long)r->line + 1, BUFFER);
	}
	*p = r->buf + r->pos;
	*end = nl ? nl : r->buf + r->len;
	r->pos = (size_t)(*end - r->buf) + (nl != NULL);
	if (*end > *p && (*end)[-1] == '\r')
		--*end;
	r->line++;
	return 1;
}

/* ---- lines ---- */

struct cursor {
	const struct trace_reader *r;
	const unsigned char *begin, *p, *end;
	struct err *e;
};

static int blank(int c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && blank(*c->p))
		c->p++;
}

/* "line L, column C: expected WHAT, got '...'": up to the next blank or comma, made printable. */
static int expected(struct cursor *c, const char *what)
{
	char got[24];
	size_t n = 0;

	for (const unsigned char *p = c->p; p < c->end && n < sizeof(got) - 1 && !blank(*p); p++)
		got[n++] = *p >= ' ' && *p < 127 ? (char)*p : '?';
	got[n] = '\0';
	return err_set(c->e, -EINVAL, "%s: line %llu, column %zu: expected %s, got %s%s%s",
		       c->r->name, (unsigned long long)c->r->line, (size_t)(c->p - c->begin) + 1,
		       what, n ? "'" : "", n ? got : "the end of the line", n ? "'" : "");
}

static int digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* A number of base 10 or 16 (0x allowed), at most @max, that ends before a blank, @stop or the line's end. */
static int number(struct cursor *c, int base, uint64_t max, int stop, const char *what,
		  uint64_t *out)
{
	struct cursor at = *c;
	uint64_t v = 0;
	const unsigned char *first;

	if (base == 16 && c->end - c->p > 2 && c->p[0] == '0' && (c->p[1] | 0x20) == 'x')
		c->p += 2;
	for (first = c->p; c->p < c->end && digit(*c->p) < base; c->p++) {
		unsigned d = (unsigned)digit(*c->p);

		if (v > (max - d) / (unsigned)base)
			return expected(&at, what);
		v = v * (unsigned)base + d;
	}
	if (c->p == first || (c->p < c->end && !blank(*c->p) && *c->p != stop))
		return expected(&at, what);
	*out = v;
	return 0;
}

static int line_end(struct cursor *c)
{
	skip_blanks(c);
	return c->p < c->end ? expected(c, "the end of the line") : 0;
}

/* An access must not go around the end of the address space. */
static int fits(struct cursor *c, const struct trace_ref *ref)
{
	if (ref->size && ref->addr <= UINT64_MAX - (ref->size - 1))
		return 0;
	return expected(c, ref->size ? "a size within the address space" : "a size of 1 or more");
}

#define WHAT_ADDR "a hexadecimal address of at most 64 bits"

/* Returns how many accesses the line has. */
static int din_line(struct cursor *c, struct trace_ref *ref)
{
	static const char what[] = "a label: 0, 1, 2, r, w or i";
	uint64_t size = 1, cpu = 0;
	struct cursor at;
	int label, rc;

	skip_blanks(c);
	if (c->p == c->end || *c->p == '#')
		return 0;
	label = *c->p;
	if (!strchr("012rwi", label) || !label)
		return expected(c, what);
	if (c->p + 1 < c->end && !blank(c->p[1]))
		return expected(c, what);
	c->p++;
	skip_blanks(c);
	rc = number(c, 16, UINT64_MAX, 0, WHAT_ADDR, &ref->addr);
	skip_blanks(c);
	at = *c;
	if (!rc && c->p < c->end)
		rc = number(c, 16, TRACE_SIZE_MAX, 0, "a hexadecimal size of at most 1000000",
			    &size);
	ref->size = (uint32_t)size;
	if (!rc)
		rc = fits(&at, ref);
	skip_blanks(c);
	if (!rc && c->p < c->end)
		rc = number(c, 10, TRACE_CPU_MAX, 0, "a CPU of at most 255", &cpu);
	if (!rc)
		rc = line_end(c);
	ref->cpu = (uint16_t)cpu;
	ref->write = label == '1' || label == 'w';
	if (rc)
		return rc;
	return label != '2' && label != 'i' ? 1 : -EAGAIN;
}

static int lackey_line(struct cursor *c, struct trace_ref *ref)
{
	size_t n = (size_t)(c->end - c->p);
	struct cursor at;
	uint64_t size = 0;
	int label, rc;

	if (!n || *c->p == '#' || (n > 1 && (!memcmp(c->p, "==", 2) || !memcmp(c->p, "--", 2))))
		return 0;
	skip_blanks(c);
	if (c->p == c->end)
		return 0;
	label = *c->p;
	if (!label || !strchr("ILSM", label) || c->p + 1 == c->end || !blank(c->p[1]))
		return expected(c, "I, L, S or M");
	c->p++;
	skip_blanks(c);
	rc = number(c, 16, UINT64_MAX, ',', WHAT_ADDR, &ref->addr);
	if (!rc && (c->p == c->end || *c->p != ','))
		rc = expected(c, "a comma and a size");
	if (rc)
		return rc;
	c->p++;
	at = *c;
	rc = number(c, 10, TRACE_SIZE_MAX, 0, "a size of at most 16777216", &size);
	if (rc)
		return rc;
	ref->size = (uint32_t)size;
	ref->cpu = 0;
	ref->write = label == 'S';
	rc = fits(&at, ref);
	if (!rc)
		rc = line_end(c);
	if (rc || label == 'I')
		return rc ? rc : -EAGAIN;
	if (label != 'M')
		return 1;
	ref[1] = ref[0];
	ref[1].write = true;
	return 2;
}

static long read_lines(struct trace_reader *r, struct trace_ref *ref, size_t most, struct err *e)
{
	size_t n = 0;

	while (n + 2 <= most) {
		struct cursor c = { .r = r, .e = e };
		int rc = next_line(r, &c.begin, &c.end, e);

		if (rc <= 0)
			return rc ? rc : (long)n;
		c.p = c.begin;
		rc = r->format == TRACE_DIN ? din_line(&c, ref + n) : lackey_line(&c, ref + n);
		if (rc == -EAGAIN)
			r->skipped++;
		else if (rc < 0)
			return rc;
		else
			n += (size_t)rc;
	}
	return (long)n;
}

/* ---- records ---- */

static long read_records(struct trace_reader *r, struct trace_ref *ref, size_t most, struct err *e)
{
	size_t n = 0;

	while (n < most) {
		const char *why = NULL;
		int rc = fill(r, TRACE_RECORD_MAX, e), used;

		if (rc)
			return rc;
		used = trace_bin_get(&r->bin, r->buf + r->pos, r->len - r->pos, ref + n, &why);
		if (used < 0)
			return err_set(e, -EINVAL, "%s: offset %llu: %s", r->name,
				       (unsigned long long)(r->base + r->pos), why);
		r->pos += (size_t)used;
		if (!r->bin.ended) {
			n++;
			continue;
		}
		rc = fill(r, 1, e);
		if (!rc && r->len > r->pos)
			rc = err_set(e, -EINVAL, "%s: offset %llu: bytes behind the end mark",
				     r->name, (unsigned long long)(r->base + r->pos));
		return rc ? rc : (long)n;
	}
	return (long)n;
}

long trace_read(struct trace_reader *r, struct trace_ref *ref, size_t most, struct err *e)
{
	long n;

	if (r->failed)
		return err_set(e, r->failed, "%s", r->why.text);
	if (r->bin.ended)
		return 0;
	n = r->format == TRACE_BIN ? read_records(r, ref, most, &r->why) :
				     read_lines(r, ref, most, &r->why);
	if (n >= 0)
		return n;
	r->failed = (int)n;
	return err_set(e, (int)n, "%s", r->why.text);
}

/* ---- opening ---- */

/* The first line that says something decides: lackey's begin with I or a blank and L, S, M. */
static enum trace_format guess_text(const unsigned char *p, const unsigned char *end)
{
	while (p < end) {
		const unsigned char *nl = memchr(p, '\n', (size_t)(end - p));
		const unsigned char *stop = nl ? nl : end;

		while (p < stop && (blank(*p) || *p == '\r'))
			p++;
		if (p < stop && strchr("ILSM=-", *p) && *p)
			return TRACE_LACKEY;
		if (p < stop && *p != '#')
			break;
		p = stop + (nl != NULL);
	}
	return TRACE_DIN;
}

static int begin(struct trace_reader *r, struct err *e)
{
	int rc = fill(r, BUFFER, e), used;
	const char *why;

	if (rc)
		return rc;
	if (r->format == TRACE_WORDS)
		r->format = TRACE_BIN;
	if (r->format == TRACE_AUTO)
		r->format = trace_bin_is(r->buf, r->len) ? TRACE_BIN :
							   guess_text(r->buf, r->buf + r->len);
	if (r->format != TRACE_BIN)
		return 0;
	used = trace_bin_begin(&r->bin, r->buf, r->len, &why);
	if (used < 0)
		return err_set(e, -EINVAL, "%s: offset 0: %s", r->name, why);
	r->pos = (size_t)used;
	return 0;
}

int trace_open_stream(struct trace_reader **out, FILE *f, const char *name,
		      enum trace_format format, struct err *e)
{
	struct trace_reader *r = calloc(1, sizeof(*r));
	int rc;

	if (r)
		r->buf = malloc(BUFFER);
	if (!r || !r->buf) {
		free(r);
		return err_set(e, -ENOMEM, "out of memory");
	}
	r->f = f;
	r->name = name;
	r->format = format;
	rc = begin(r, e);
	if (rc) {
		trace_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

int trace_open(struct trace_reader **r, const char *path, enum trace_format format, struct err *e)
{
	FILE *f = !strcmp(path, "-") ? stdin : fopen(path, "rb");
	int rc;

	if (!f)
		return err_set(e, -errno, "%s: %s", path, strerror(errno));
	setvbuf(f, NULL, _IONBF, 0); /* ours is enough */
	rc = trace_open_stream(r, f, f == stdin ? "standard input" : path, format, e);
	if (!rc)
		(*r)->owned = f != stdin;
	else if (f != stdin)
		fclose(f);
	return rc;
}

enum trace_format trace_reader_format(const struct trace_reader *r)
{
	return r->format;
}

uint64_t trace_skipped(const struct trace_reader *r)
{
	return r->skipped;
}

void trace_close(struct trace_reader *r)
{
	if (!r)
		return;
	if (r->owned)
		fclose(r->f);
	free(r->buf);
	free(r);
}
