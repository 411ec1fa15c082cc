/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/kmemtrace/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kmemtrace/source_impl.h"

/* Of the beginning, what tells the forms apart. */
#define LOOK 4096

int kmemtrace_guess(struct kmemtrace *t, const unsigned char *p, size_t len, struct err *e)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *what, *remedy;
	} others[] = {
		{ "PERFILE2", 8, "perf's binary data",
		  "perf script -i FILE --ns -F comm,tid,cpu,time,event,trace" },
		{ "\x17\x08\x44tracing", 10, "trace-cmd's binary data",
		  "trace-cmd report -i FILE" },
	};

	if (len >= 8 && !memcmp(p, KMEMTRACE_MAGIC, 8)) {
		t->next = kmemtrace_next_packed;
		t->form = "slabscope trace, version 1";
		return stream_read(t->s, (char[8]){ 0 }, 8, e) == 1 ? 0 : -EIO;
	}
	if (len >= 7 && !memcmp(p, KMEMTRACE_MAGIC, 7))
		return err_set(e, -EINVAL,
			       "%s: a trace of a version that this program does not know", t->name);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (len >= others[i].len && !memcmp(p, others[i].magic, others[i].len))
			return err_set(e, -EINVAL, "%s: this is %s; make it text with '%s'",
				       t->name, others[i].what, others[i].remedy);
	if (memchr(p, '\0', len))
		return err_set(e, -EINVAL, "%s: neither text nor a trace of ours", t->name);
	t->next = kmemtrace_next_text;
	t->form = "text of tracepoints";
	return 0;
}

static int start(struct kmemtrace *t, struct err *e)
{
	const unsigned char *p;
	struct err why = { "" };
	size_t len = stream_peek(t->s, &p, LOOK, &why);

	if (!len && *why.text)
		return err_set(e, -EIO, "%s", why.text);
	return kmemtrace_guess(t, p, len, e);
}

int kmemtrace_stream(const struct kmemtrace *t, struct stream **s, struct err *e)
{
	return t->data ? stream_open_memory(s, t->data, t->len, e) : stream_open(s, t->path, e);
}

static int open_any(struct kmemtrace **out, const char *path, const void *data, size_t len,
		    bool partial, struct err *e)
{
	struct kmemtrace *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return err_set(e, -ENOMEM, "no memory");
	t->partial = partial;
	t->path = strdup(path);
	t->name = !strcmp(path, "-") ? "standard input" : t->path;
	t->data = data;
	t->len = len;
	err = t->path ? kmemtrace_stream(t, &t->s, e) : err_set(e, -ENOMEM, "no memory");
	if (!err)
		err = start(t, e);
	if (err) {
		kmemtrace_close(t);
		return err;
	}
	*out = t;
	return 0;
}

int kmemtrace_open(struct kmemtrace **out, const char *path, bool partial, struct err *e)
{
	return open_any(out, path, NULL, 0, partial, e);
}

int kmemtrace_open_memory(struct kmemtrace **out, const void *data, size_t len, bool partial,
			  struct err *e)
{
	return open_any(out, "input", data, len, partial, e);
}

void kmemtrace_close(struct kmemtrace *t)
{
	if (!t)
		return;
	stream_close(t->s);
	live_fini(&t->live);
	intern_fini(&t->caches);
	kmemtrace_names_fini(&t->names);
	free(t->path);
	free(t->cache);
	free(t->slot);
	free(t->block);
	free(t);
}

int64_t kmemtrace_add_cache(struct kmemtrace *t, const char *name, size_t len, uint64_t req,
			    uint64_t alloc, struct err *e)
{
	struct kmemtrace_cache *c;

	if (t->nr_caches == KMEMTRACE_CACHES)
		return err_set(e, -EINVAL, "more than %u caches", KMEMTRACE_CACHES);
	if (t->nr_caches == t->cache_room) {
		uint32_t room = t->cache_room ? 2 * t->cache_room : 64;

		c = realloc(t->cache, room * sizeof(*c));
		if (!c)
			return err_set(e, -ENOMEM, "no memory for caches");
		t->cache = c;
		t->cache_room = room;
	}
	c = &t->cache[t->nr_caches];
	memset(c, 0, sizeof(*c));
	if (len > sizeof(c->name) - 1)
		len = sizeof(c->name) - 1;
	for (size_t i = 0; i < len;
	     i++) /* names go into tables and files: control characters do not */
		c->name[i] = (char)((unsigned char)name[i] < ' ' || name[i] == 127 ? '?' : name[i]);
	c->req = (uint32_t)req;
	c->alloc = (uint32_t)alloc;
	return t->nr_caches++;
}

static int slot_room(struct kmemtrace *t, uint32_t slot, struct err *e)
{
	struct kmemtrace_slot *more;
	uint32_t room = t->slot_room ? t->slot_room : 1024;

	if (slot < t->slot_room)
		return 0;
	while (room <= slot)
		room *= 2;
	more = slot < UINT32_C(1) << 30 ? realloc(t->slot, room * sizeof(*more)) : NULL;
	if (!more)
		return err_set(e, -ENOMEM, "no memory for %" PRIu32 " objects", room);
	memset(more + t->slot_room, 0, (room - t->slot_room) * sizeof(*more));
	t->slot = more;
	t->slot_room = room;
	return 0;
}

int kmemtrace_account(struct kmemtrace *t, struct kmemtrace_record *r, struct err *e)
{
	struct kmemtrace_slot *s;

	if (r->kind == KMEMTRACE_ALLOC) {
		int err;

		/* a slot is new only when all others are in use, so their number is the peak */
		if (r->slot > t->n.slots || (r->slot == t->n.slots && t->n.live != t->n.slots))
			return err_set(e, -EINVAL, "object %" PRIu32 " of %" PRIu32, r->slot,
				       t->n.slots);
		err = slot_room(t, r->slot, e);
		if (err)
			return err;
		s = &t->slot[r->slot];
		if (s->live)
			return err_set(e, -EINVAL, "object %" PRIu32 " is allocated twice",
				       r->slot);
		*s = (struct kmemtrace_slot){ r->cache, true };
		t->n.allocs++;
		t->n.slots += r->slot == t->n.slots;
		t->n.live++;
		t->n.peak = t->n.live > t->n.peak ? t->n.live : t->n.peak;
	} else {
		if (r->slot >= t->n.slots || !t->slot[r->slot].live)
			return err_set(e, -EINVAL, "object %" PRIu32 " is freed, but is not live",
				       r->slot);
		s = &t->slot[r->slot];
		s->live = false;
		r->cache = s->cache;
		t->n.live--;
		if (r->kind == KMEMTRACE_FREE)
			t->n.frees++;
		else
			t->n.implicit++;
	}
	if (r->ns > t->n.ns && r->ns <= INT64_MAX)
		t->n.ns = r->ns;
	if (r->cpu >= t->n.cpus)
		t->n.cpus = r->cpu + 1u;
	return 0;
}

int kmemtrace_next(struct kmemtrace *t, struct kmemtrace_record *r, struct err *e)
{
	struct err why = { "" };
	int err;

	if (t->over)
		return 0;
	err = t->next(t, r, &why);
	if (err > 0)
		return 1;
	t->over = true;
	if (!err)
		return 0;
	if (t->partial && err != -ENOMEM && err != -ESPIPE) {
		t->n.damage = why;
		return 0;
	}
	return err_set(e, err, "%s", why.text);
}

const struct kmemtrace_cache *kmemtrace_cache(const struct kmemtrace *t, uint32_t *nr)
{
	*nr = t->nr_caches;
	return t->cache;
}

const struct kmemtrace_totals *kmemtrace_totals(const struct kmemtrace *t)
{
	return &t->n;
}

const char *kmemtrace_form(const struct kmemtrace *t)
{
	return t->form;
}
