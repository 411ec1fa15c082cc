/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/kmemtrace/event.h"

#include <errno.h>
#include <string.h>

struct at {
	const char *p, *end;
};

static void skip_blanks(struct at *a)
{
	while (a->p < a->end && (*a->p == ' ' || *a->p == '\t'))
		a->p++;
}

/* Digits of a number; false if there are none or it is too large. */
static bool take_decimal(struct at *a, uint64_t *v)
{
	const char *begin = a->p;

	*v = 0;
	for (; a->p < a->end && *a->p >= '0' && *a->p <= '9'; a->p++) {
		unsigned digit = (unsigned)(*a->p - '0');

		if (*v > (UINT64_MAX - digit) / 10)
			return false;
		*v = *v * 10 + digit;
	}
	return a->p > begin;
}

static bool whole_decimal(struct kmem_text t, uint64_t *v)
{
	struct at a = { t.p, t.p + t.len };

	return take_decimal(&a, v) && a.p == a.end;
}

static bool whole_hex(struct kmem_text t, uint64_t *v)
{
	size_t i = t.len > 2 && t.p[0] == '0' && (t.p[1] == 'x' || t.p[1] == 'X') ? 2 : 0;

	*v = 0;
	if (t.len == 5 && !memcmp(t.p, "(nil)", 5))
		return true;
	if (t.len == i || t.len - i > 16)
		return false;
	for (; i < t.len; i++) {
		char c = t.p[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (unsigned)(c - 'A') + 10;
		else
			return false;
		*v = *v << 4 | digit;
	}
	return true;
}

/* SECONDS.FRACTION: with one to nine digits of fraction. */
static bool take_time(struct at *a, uint64_t *ns)
{
	uint64_t s, fraction;
	const char *begin;

	if (!take_decimal(a, &s) || a->p == a->end || *a->p++ != '.')
		return false;
	begin = a->p;
	if (!take_decimal(a, &fraction) || a->p - begin > 9 || s > UINT64_MAX / 1000000000 - 1)
		return false;
	for (long i = a->p - begin; i < 9; i++)
		fraction *= 10;
	*ns = s * 1000000000 + fraction;
	return a->p < a->end && *a->p++ == ':';
}

static bool take_word(struct at *a, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(a->end - a->p) < len || memcmp(a->p, word, len) != 0)
		return false;
	a->p += len;
	return true;
}

/* "CPU] FLAGS TIME: " from behind a bracket. */
static bool take_head(struct at *a, struct kmem_event *ev)
{
	uint64_t cpu;

	if (!take_decimal(a, &cpu) || cpu > 65535 || !take_word(a, "]"))
		return false;
	ev->cpu = (unsigned)cpu;
	for (int words = 0; words < 2; words++) {
		struct at time;

		skip_blanks(a);
		time = *a;
		if (take_time(&time, &ev->ns)) {
			*a = time;
			skip_blanks(a);
			return true;
		}
		while (a->p < a->end && *a->p != ' ' && *a->p != '\t')
			a->p++;
	}
	return false;
}

/* What begins at @a: an event of ours, with its colon taken, or NONE. */
static enum kmem_event_type take_event(struct at *a)
{
	static const struct {
		const char *name;
		enum kmem_event_type type;
	} events[] = {
		{ "kmem_cache_alloc:", KMEM_EVENT_ALLOC },
		{ "kmem_cache_alloc_node:", KMEM_EVENT_ALLOC },
		{ "kmem_cache_free:", KMEM_EVENT_FREE },
		{ "kfree:", KMEM_EVENT_KFREE },
	};

	take_word(a, "kmem:");
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (take_word(a, events[i].name))
			return events[i].type;
	return KMEM_EVENT_NONE;
}

/* "KEY=" at the beginning of a word: the length with the '='. */
static size_t key_length(const struct at *a)
{
	const char *p = a->p;

	while (p < a->end && ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '_'))
		p++;
	return p > a->p && p < a->end && *p == '=' ? (size_t)(p - a->p) + 1 : 0;
}

/* A value reaches to the next " KEY=" or to the end: names of caches and sites may hold blanks. */
static struct kmem_text take_value(struct at *a)
{
	struct kmem_text t = { a->p, 0 };

	while (a->p < a->end) {
		struct at next;

		if (*a->p != ' ') {
			a->p++;
			continue;
		}
		next = *a;
		skip_blanks(&next);
		if (next.p == next.end || key_length(&next))
			break;
		a->p = next.p;
	}
	t.len = (size_t)(a->p - t.p);
	return t;
}

struct fields {
	struct kmem_text ptr, req, alloc, node, name, site;
};

static void take_fields(struct at *a, struct fields *f)
{
	const struct {
		const char *key;
		struct kmem_text *to;
	} keys[] = {
		{ "ptr=", &f->ptr },   { "bytes_req=", &f->req }, { "bytes_alloc=", &f->alloc },
		{ "node=", &f->node }, { "name=", &f->name },	  { "call_site=", &f->site },
	};

	while (skip_blanks(a), a->p < a->end) {
		size_t len = key_length(a);
		struct kmem_text value;
		const char *key = a->p;

		if (!len) { /* trace-cmd's "(function)" */
			while (a->p < a->end && *a->p != ' ')
				a->p++;
			continue;
		}
		a->p += len;
		value = take_value(a);
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			if (len == strlen(keys[i].key) && !memcmp(key, keys[i].key, len))
				*keys[i].to = value;
	}
}

static int read_alloc(const struct fields *f, struct kmem_event *ev, struct err *e)
{
	uint64_t node = 0;

	if (!whole_decimal(f->req, &ev->req) || !whole_decimal(f->alloc, &ev->alloc))
		return err_set(e, -EINVAL, "an allocation without bytes_req and bytes_alloc");
	if (!ev->req || ev->req > KMEM_EVENT_SIZE_MAX || ev->alloc < ev->req ||
	    ev->alloc > KMEM_EVENT_SIZE_MAX)
		return err_set(e, -EINVAL,
			       "bytes_req=%.*s bytes_alloc=%.*s is no object of a cache",
			       (int)f->req.len, f->req.p, (int)f->alloc.len, f->alloc.p);
	ev->node = -1;
	if (!f->node.len || (f->node.len == 2 && !memcmp(f->node.p, "-1", 2)))
		return 0;
	if (!whole_decimal(f->node, &node) || node > 1023)
		return err_set(e, -EINVAL, "node=%.*s is no node",
			       (int)(f->node.len < 20 ? f->node.len : 20), f->node.p);
	ev->node = (int)node;
	return 0;
}

/* "CPU:1 [LOST 123 EVENTS]", "... PERF_RECORD_LOST lost 123" */
static bool is_lost(const char *line, size_t len, uint64_t *lost)
{
	static const char *const words[] = { "[LOST ", "PERF_RECORD_LOST lost ",
					     "PERF_RECORD_LOST_SAMPLES lost " };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *p = memmem(line, len, words[i], strlen(words[i]));
		struct at a = { p, line + len };

		if (!p)
			continue;
		a.p += strlen(words[i]);
		if (!take_decimal(&a, lost))
			*lost = 0;
		return true;
	}
	return false;
}

int kmem_event_parse(const char *line, size_t len, struct kmem_event *ev, struct err *e)
{
	const char *end = line + len;
	struct fields f = { .ptr = { NULL, 0 } };
	struct at a = { line, end };

	memset(ev, 0, sizeof(*ev));
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\r'))
		end = line + --len;
	if (is_lost(line, len, &ev->lost)) {
		ev->type = KMEM_EVENT_LOST;
		return 0;
	}
	while (!ev->type) {
		const char *p = memchr(a.p, '[', (size_t)(end - a.p));

		if (!p)
			return 0;
		a = (struct at){ p + 1, end };
		if (take_head(&a, ev))
			ev->type = take_event(&a);
		if (!ev->type)
			a.p = p + 1;
	}
	take_fields(&a, &f);
	ev->name = f.name;
	ev->site = f.site;
	if (!whole_hex(f.ptr, &ev->ptr))
		return err_set(e, -EINVAL, "an event of a cache without an address");
	return ev->type == KMEM_EVENT_ALLOC ? read_alloc(&f, ev, e) : 0;
}
