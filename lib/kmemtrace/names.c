/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Kernels whose kmem_cache_alloc does not name the cache: a pass through the whole text before the one that counts
 * finds each allocation's free, which does.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/kmemtrace/source_impl.h"

void kmemtrace_names_fini(struct kmemtrace_names *n)
{
	intern_fini(&n->name);
	intern_fini(&n->site);
	spill_fini(&n->of_alloc);
	free(n->of_site);
}

/* What is known of a live object. */
struct born {
	uint64_t ordinal;
	uint32_t site;
};

struct pass {
	struct kmemtrace_names *n;
	struct live live;
	struct born *born; /* by slot */
	uint32_t room;
};

static int64_t site_of(struct kmemtrace_names *n, const struct kmem_event *ev)
{
	char key[KMEMTRACE_KEY_MAX];
	int64_t site;

	kmemtrace_key(key, ev->site.p, ev->site.len, ev);
	site = intern(&n->site, key, NULL);
	if (site >= n->site_room) {
		uint32_t room = n->site_room ? 2 * n->site_room : 256;
		uint32_t *more = realloc(n->of_site, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		memset(more + n->site_room, 0, (room - n->site_room) * sizeof(*more));
		n->of_site = more;
		n->site_room = room;
	}
	return site;
}

static int learn_alloc(struct pass *p, const struct kmem_event *ev, struct err *e)
{
	struct kmemtrace_names *n = p->n;
	int64_t slot, site = site_of(n, ev);
	uint32_t old;
	int err;

	live_remove(&p->live, ev->ptr, &old);
	slot = live_add(&p->live, ev->ptr);
	if (slot < 0 || site < 0)
		return err_set(e, -ENOMEM, "no memory for live objects");
	if (slot >= p->room) {
		uint32_t room = p->room ? 2 * p->room : 1024;
		struct born *more = realloc(p->born, room * sizeof(*more));

		if (!more)
			return err_set(e, -ENOMEM, "no memory for live objects");
		p->born = more;
		p->room = room;
	}
	p->born[slot] = (struct born){ n->allocs, (uint32_t)site };
	err = spill_grow(&n->of_alloc, (n->allocs + 1) * sizeof(uint32_t), e);
	n->allocs++;
	return err;
}

static int learn_free(struct pass *p, const struct kmem_event *ev, struct err *e)
{
	struct kmemtrace_names *n = p->n;
	char text[KMEMTRACE_NAME_MAX];
	uint32_t slot;
	int64_t name;

	if (!live_remove(&p->live, ev->ptr, &slot) || !ev->name.len)
		return 0;
	snprintf(text, sizeof(text), "%.*s",
		 (int)(ev->name.len < sizeof(text) ? ev->name.len : sizeof(text) - 1), ev->name.p);
	name = intern(&n->name, text, NULL);
	if (name < 0)
		return err_set(e, -ENOMEM, "no memory for names");
	((uint32_t *)n->of_alloc.p)[p->born[slot].ordinal] = (uint32_t)name + 1;
	if (!n->of_site[p->born[slot].site])
		n->of_site[p->born[slot].site] = (uint32_t)name + 1;
	return 0;
}

/* Damage ends the pass quietly: the one that counts will meet it again. */
static int read_all(struct pass *p, struct stream *s, struct err *e)
{
	for (;;) {
		struct kmem_event ev;
		char *line;
		size_t len;
		int err;

		if (stream_line(s, &line, &len, NULL) <= 0 ||
		    kmem_event_parse(line, len, &ev, NULL))
			return 0;
		if (!ev.ptr || ev.type == KMEM_EVENT_NONE || ev.type == KMEM_EVENT_LOST)
			continue;
		err = ev.type == KMEM_EVENT_ALLOC ? learn_alloc(p, &ev, e) : learn_free(p, &ev, e);
		if (err)
			return err;
	}
}

int kmemtrace_learn(struct kmemtrace *t, struct err *e)
{
	struct pass p = { .n = &t->names };
	struct stream *s;
	int err;

	if (!strcmp(t->path, "-"))
		return err_set(
			e, -ESPIPE,
			"the kernel's allocations have no cache name, so the text has to be read twice: "
			"give it as a file, not on standard input");
	err = kmemtrace_stream(t, &s, e);
	if (err)
		return err;
	err = read_all(&p, s, e);
	stream_close(s);
	live_fini(&p.live);
	free(p.born);
	t->names.learnt = true;
	return err;
}

const char *kmemtrace_name(struct kmemtrace *t, uint64_t ordinal, const struct kmem_event *ev,
			   char buf[KMEMTRACE_NAME_MAX], bool *guess)
{
	struct kmemtrace_names *n = &t->names;
	uint32_t name = ordinal < n->allocs ? ((const uint32_t *)n->of_alloc.p)[ordinal] : 0;
	int64_t site;

	*guess = !name;
	if (name)
		return n->name.text[name - 1];
	site = site_of(n, ev);
	if (site >= 0 && n->of_site[site])
		return n->name.text[n->of_site[site] - 1];
	snprintf(buf, KMEMTRACE_NAME_MAX, "unnamed-%" PRIu64, ev->alloc);
	return buf;
}
