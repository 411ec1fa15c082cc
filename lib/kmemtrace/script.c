/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lib/kmemtrace/script.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Who allocated what is in a slot, while the trace is read. */
struct holder {
	uint32_t cache;
	uint16_t worker;
	bool live;
};

struct loader {
	struct kmemscript *s;
	struct holder *holder; /* [room] */
	uint32_t room;
	const char *only;
};

void kmemscript_fini(struct kmemscript *s)
{
	for (unsigned w = 0; s->part && w < s->workers; w++)
		spill_fini(&s->part[w].file);
	free(s->part);
	free(s->turns);
	free(s->cache);
	memset(s, 0, sizeof(*s));
}

static int room_for(struct loader *l, uint32_t slot, struct err *e)
{
	uint32_t room = l->room ? l->room : 1024;
	struct holder *h;
	uint32_t *turns;

	if (slot < l->room)
		return 0;
	while (room <= slot)
		room *= 2;
	h = realloc(l->holder, room * sizeof(*h));
	if (h)
		l->holder = h;
	turns = realloc(l->s->turns, room * sizeof(*turns));
	if (turns)
		l->s->turns = turns;
	if (!h || !turns)
		return err_set(e, -ENOMEM, "no memory for %u objects", room);
	memset(h + l->room, 0, (room - l->room) * sizeof(*h));
	memset(turns + l->room, 0, (room - l->room) * sizeof(*turns));
	l->room = room;
	return 0;
}

static int append(struct kmemscript *s, unsigned worker, struct kmemscript_event ev, struct err *e)
{
	struct kmemscript_part *p = &s->part[worker];
	int err;

	if (s->length == UINT32_MAX)
		return err_set(e, -EFBIG, "more than %u records", UINT32_MAX);
	err = spill_grow(&p->file, (p->nr + 1) * sizeof(ev), e);
	if (err)
		return err;
	ev.at = (uint32_t)s->length++;
	((struct kmemscript_event *)p->file.p)[p->nr++] = ev;
	return 0;
}

static int add_free(struct loader *l, unsigned worker, uint32_t slot, struct err *e)
{
	struct holder *h = &l->holder[slot];

	h->live = false;
	return append(l->s, worker,
		      (struct kmemscript_event){ .slot = slot,
						 .turn = l->s->turns[slot] - 1,
						 .cache = (uint16_t)h->cache,
						 .op = KMEMSCRIPT_FREE,
						 .node = KMEMSCRIPT_ANY },
		      e);
}

static int add_alloc(struct loader *l, unsigned worker, const struct kmemtrace_record *r,
		     struct err *e)
{
	uint8_t node = KMEMSCRIPT_ANY;

	if (r->node >= 0)
		node = r->node < KMEMSCRIPT_ANY ? (uint8_t)r->node : KMEMSCRIPT_ANY - 1;
	l->holder[r->slot] = (struct holder){ r->cache, (uint16_t)worker, true };
	if (r->slot >= l->s->slots)
		l->s->slots = r->slot + 1;
	return append(l->s, worker,
		      (struct kmemscript_event){ .slot = r->slot,
						 .turn = l->s->turns[r->slot]++,
						 .cache = (uint16_t)r->cache,
						 .op = KMEMSCRIPT_ALLOC,
						 .node = node },
		      e);
}

static int add(struct loader *l, const struct kmemtrace *t, const struct kmemtrace_record *r,
	       struct err *e)
{
	unsigned worker = r->cpu % l->s->workers;
	uint32_t nr;
	int err;

	if (*l->only && strcmp(kmemtrace_cache(t, &nr)[r->cache].name, l->only) != 0)
		return 0;
	err = room_for(l, r->slot, e);
	if (err)
		return err;
	if (r->kind == KMEMTRACE_ALLOC) {
		l->s->allocs++;
		return add_alloc(l, worker, r, e);
	}
	if (r->kind == KMEMTRACE_FREE)
		l->s->frees++;
	else
		l->s->implicit++;
	return add_free(l, worker, r->slot, e);
}

static int drain(struct loader *l, struct err *e)
{
	for (uint32_t slot = 0; l->holder && slot < l->s->slots; slot++) {
		int err;

		if (!l->holder[slot].live)
			continue;
		err = add_free(l, l->holder[slot].worker, slot, e);
		if (err)
			return err;
		l->s->drained++;
	}
	return 0;
}

static int finish(struct kmemscript *s, const struct kmemtrace *t, const char *only, struct err *e)
{
	const struct kmemtrace_cache *cache = kmemtrace_cache(t, &s->nr_caches);

	s->totals = *kmemtrace_totals(t);
	if (!s->length && *only)
		return err_set(e, -ENOENT, "no cache of the trace is called '%s'", only);
	if (!s->length)
		return err_set(e, -ENODATA, "no records");
	s->cache = malloc(s->nr_caches * sizeof(*cache));
	if (!s->cache)
		return err_set(e, -ENOMEM, "no memory for caches");
	memcpy(s->cache, cache, s->nr_caches * sizeof(*cache));
	for (unsigned w = 0; w < s->workers; w++)
		s->part[w].ev = s->part[w].file.p;
	return 0;
}

int kmemscript_load(struct kmemscript *s, const char *path, bool partial, const char *only,
		    unsigned workers, struct err *e)
{
	struct loader l = { .s = s, .only = only ? only : "" };
	struct kmemtrace_record r;
	struct kmemtrace *t;
	int err;

	memset(s, 0, sizeof(*s));
	err = kmemtrace_open(&t, path, partial, e);
	if (err)
		return err;
	s->workers = workers;
	s->part = calloc(workers, sizeof(*s->part));
	if (!s->part)
		err = err_set(e, -ENOMEM, "no memory for %u workers", workers);
	while (!err && (err = kmemtrace_next(t, &r, e)) > 0)
		err = add(&l, t, &r, e);
	if (!err)
		err = drain(&l, e);
	if (!err)
		err = finish(s, t, l.only, e);
	free(l.holder);
	kmemtrace_close(t);
	if (err)
		kmemscript_fini(s);
	return err;
}

/* The events of all parts in the order of `at`, one by one, each against its slot. */
static bool check_order(const struct kmemscript *s, uint32_t *turn, uint64_t *next)
{
	for (uint64_t at = 0; at < s->length; at++) {
		const struct kmemscript_event *ev = NULL;
		uint32_t *t;

		for (unsigned w = 0; w < s->workers && !ev; w++)
			if (next[w] < s->part[w].nr && s->part[w].ev[next[w]].at == at)
				ev = &s->part[w].ev[next[w]++];
		if (!ev || ev->slot >= s->slots || ev->cache >= s->nr_caches)
			return false;
		/* even: not live, after turn/2 turns */
		t = &turn[ev->slot];
		if (*t != 2 * ev->turn + (ev->op == KMEMSCRIPT_FREE))
			return false;
		++*t;
	}
	for (uint32_t i = 0; i < s->slots; i++)
		if (turn[i] != 2 * s->turns[i])
			return false;
	return true;
}

bool kmemscript_check(const struct kmemscript *s)
{
	uint32_t *turn = calloc(s->slots + 1, sizeof(*turn));
	uint64_t *next = calloc(s->workers, sizeof(*next));
	bool ok = turn && next && check_order(s, turn, next) &&
		  s->length == s->allocs + s->frees + s->implicit + s->drained;

	free(turn);
	free(next);
	return ok;
}
