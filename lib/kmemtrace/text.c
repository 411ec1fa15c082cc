/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text of tracepoints, line by line, into records. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/kmemtrace/source_impl.h"

void kmemtrace_key(char key[KMEMTRACE_KEY_MAX], const char *text, size_t len,
		   const struct kmem_event *ev)
{
	int n = len < KMEMTRACE_NAME_MAX ? (int)len : (int)KMEMTRACE_NAME_MAX - 1;

	snprintf(key, KMEMTRACE_KEY_MAX, "%.*s\1%" PRIu64 "\1%" PRIu64, n, text, ev->req,
		 ev->alloc);
}

/* The cache that an allocation is from: one per name and sizes. */
static int64_t cache_of(struct kmemtrace *t, const struct kmem_event *ev, struct err *e)
{
	char key[KMEMTRACE_KEY_MAX], made[KMEMTRACE_NAME_MAX];
	const char *name = ev->name.p;
	size_t len = ev->name.len;
	bool guess = false;
	int64_t id;
	int fresh;

	if (!len) {
		if (!t->names.learnt) {
			int err = kmemtrace_learn(t, e);

			if (err)
				return err;
		}
		name = kmemtrace_name(t, t->ordinal, ev, made, &guess);
		len = strlen(name);
		t->n.renamed += guess;
	}
	kmemtrace_key(key, name, len, ev);
	id = intern(&t->caches, key, &fresh);
	if (id < 0)
		return err_set(e, -ENOMEM, "no memory for caches");
	return fresh ? kmemtrace_add_cache(t, name, len, ev->req, ev->alloc, e) : id;
}

/* 1: @r is a record (and t->wait another one); 0: nothing came of this event. */
static int on_alloc(struct kmemtrace *t, const struct kmem_event *ev, struct kmemtrace_record *r,
		    struct err *e)
{
	int64_t cache, slot;
	uint32_t old;
	int err;

	cache = cache_of(t, ev, e);
	if (cache < 0)
		return (int)cache;
	t->ordinal++;
	t->waiting = live_remove(&t->live, ev->ptr, &old);
	slot = live_add(&t->live, ev->ptr);
	if (slot < 0)
		return err_set(e, -ENOMEM, "no memory for live objects");
	*r = (struct kmemtrace_record){ .ns = ev->ns - t->first,
					.kind = KMEMTRACE_ALLOC,
					.cache = (uint32_t)cache,
					.slot = (uint32_t)slot,
					.cpu = (uint16_t)ev->cpu,
					.node = (int16_t)ev->node };
	if (t->waiting) {
		t->wait = *r;
		r->kind = KMEMTRACE_IMPLICIT;
		r->slot = old;
		r->node = -1;
	}
	err = kmemtrace_account(t, r, e);
	return err ? err : 1;
}

static int on_free(struct kmemtrace *t, const struct kmem_event *ev, struct kmemtrace_record *r,
		   struct err *e)
{
	uint32_t slot;
	int err;

	if (!live_remove(&t->live, ev->ptr, &slot)) {
		/* of kfree's frees most are not of these caches */
		if (ev->type == KMEM_EVENT_FREE)
			t->n.unmatched++;
		else
			t->n.other++;
		return 0;
	}
	*r = (struct kmemtrace_record){ .ns = ev->ns - t->first,
					.kind = KMEMTRACE_FREE,
					.slot = slot,
					.cpu = (uint16_t)ev->cpu,
					.node = -1 };
	err = kmemtrace_account(t, r, e);
	return err ? err : 1;
}

static int on_event(struct kmemtrace *t, const struct kmem_event *ev, struct kmemtrace_record *r,
		    struct err *e)
{
	switch (ev->type) {
	case KMEM_EVENT_NONE:
		t->n.other++;
		return 0;
	case KMEM_EVENT_LOST:
		t->n.lost += ev->lost ? ev->lost : 1;
		return 0;
	default:
		break;
	}
	if (!ev->ptr) {
		t->n.failed++;
		return 0;
	}
	if (!t->any)
		t->first = ev->ns;
	t->any = true;
	return ev->type == KMEM_EVENT_ALLOC ? on_alloc(t, ev, r, e) : on_free(t, ev, r, e);
}

int kmemtrace_next_text(struct kmemtrace *t, struct kmemtrace_record *r, struct err *e)
{
	if (t->waiting) {
		int err;

		t->waiting = false;
		*r = t->wait;
		err = kmemtrace_account(t, r, e);
		return err ? err : 1;
	}
	for (;;) {
		struct kmem_event ev;
		char *line;
		size_t len;
		int got = stream_line(t->s, &line, &len, e);

		if (!got && !t->any && t->n.other)
			return err_set(e, -EINVAL,
				       "%s: none of its %" PRIu64
				       " lines is a kmem_cache_alloc or kmem_cache_free event",
				       t->name, stream_lines(t->s));
		if (!got && !t->any)
			return err_set(e, -EINVAL, "%s: no events", t->name);
		if (got == -EIO)
			return err_prefix(e, got, "behind line %" PRIu64, stream_lines(t->s));
		if (got <= 0)
			return got;
		got = kmem_event_parse(line, len, &ev, e);
		if (!got)
			got = on_event(t, &ev, r, e);
		if (got < 0)
			return got == -ESPIPE ? got :
						err_prefix(e, got, "%s: line %" PRIu64, t->name,
							   stream_lines(t->s));
		if (got)
			return 1;
	}
}
