/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Red zones, poison, the last caller; double and foreign frees.
 *
 * Layout of one stride with all three on (obj_offset = where the user's part begins):
 *
 *	| front pad | red zone 8 | object | to a word: red too | red zone 8 | caller | padding to align |
 *	                         ^ obj
 *
 * Red zones say INACTIVE while the object is free (also while it waits in a queue) and ACTIVE while it is out.
 * The caller word holds who allocated it last, or with CALLER_FREED set who freed it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdarg.h>

#include "engine/internal.h"

#define RED_INACTIVE 0x09F911029D74E35BULL
#define RED_ACTIVE 0xD84156C5635688C0ULL
#define POISON_INUSE 0x5a /* allocated, not initialised */
#define POISON_FREE 0x6b
#define POISON_END 0xa5
#define CALLER_FREED ((uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1)) /* no user address has it */

static uint64_t *red1(void *obj)
{
	return (uint64_t *)((char *)obj - sizeof(uint64_t));
}

static uint64_t *red2(const struct slab_geometry *g, void *obj)
{
	return (uint64_t *)((char *)obj + ((g->object_size + 7u) & ~7u));
}

static uintptr_t *caller_word(const struct slab_geometry *g, void *obj)
{
	size_t at = (g->object_size + sizeof(uintptr_t) - 1) & ~(sizeof(uintptr_t) - 1);

	return (uintptr_t *)(g->red_zone ? (char *)(red2(g, obj) + 1) : (char *)obj + at);
}

static void set_red(const struct slab_geometry *g, void *obj, uint64_t v)
{
	if (!g->red_zone)
		return;
	*red1(obj) = *red2(g, obj) = v;
	/* up to the word: else an overflow by a byte or two would go unseen */
	memset((char *)obj + g->object_size, (uint8_t)v,
	       (size_t)((char *)red2(g, obj) - (char *)obj) - g->object_size);
}

static bool red_behind_is(const struct slab_geometry *g, void *obj, uint64_t v)
{
	for (const uint8_t *p = (uint8_t *)obj + g->object_size; p < (uint8_t *)red2(g, obj); p++)
		if (*p != (uint8_t)v)
			return false;
	return *red2(g, obj) == v;
}

void debug_poison_free(const struct slab_geometry *g, void *obj)
{
	memset(obj, POISON_FREE, g->object_size - 1);
	((uint8_t *)obj)[g->object_size - 1] = POISON_END;
}

/* Offset of the first byte that is not free poison, or object_size. */
static unsigned poison_broken(const struct slab_geometry *g, const void *obj)
{
	const uint8_t *p = obj;
	unsigned i = 0;

	while (i + 1 < g->object_size && p[i] == POISON_FREE)
		i++;
	if (i + 1 == g->object_size && p[i] == POISON_END)
		i++;
	return i;
}

/* ---- reports ---- */

struct text {
	char s[2048];
	size_t n;
};

static void say(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->n, sizeof(t->s) - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n = t->n + (size_t)n < sizeof(t->s) ? t->n + (size_t)n : sizeof(t->s) - 1;
}

static void say_caller(struct text *t, const char *what, const void *at)
{
	Dl_info d;

	if (!at)
		say(t, "  %s: unknown\n", what);
	else if (dladdr(at, &d) && d.dli_sname)
		say(t, "  %s: %p (%s+0x%zx)\n", what, at, d.dli_sname,
		    (size_t)((const char *)at - (const char *)d.dli_saddr));
	else if (dladdr(at, &d) && d.dli_fname)
		say(t, "  %s: %p (%s+0x%zx)\n", what, at, d.dli_fname,
		    (size_t)((const char *)at - (const char *)d.dli_fbase));
	else
		say(t, "  %s: %p\n", what, at);
}

/* Up to five lines of 16 bytes around byte @at of the object. */
static void say_bytes(struct text *t, const struct slab_geometry *g, const void *obj, unsigned at)
{
	const uint8_t *p = obj;
	unsigned from = at & ~15u;

	for (unsigned line = 0; line < 5 && from < g->object_size; line++, from += 16) {
		say(t, "  %04x:", from);
		for (unsigned i = from; i < from + 16 && i < g->object_size; i++)
			say(t, " %02x", p[i]);
		say(t, "\n");
	}
}

static void say_object(struct text *t, struct kmem_cache_core *core, const struct slab *slab,
		       const struct slab_geometry *g, void *obj, const char *wrong,
		       const void *caller)
{
	uintptr_t last;

	say(t, "slabscope: %s: cache %s, object %p", wrong, core->name, obj);
	if (slab)
		say(t, " (number %u), slab at %p (colour %u, offset %u, node %u)",
		    obj_to_index(slab, g, obj), slab_page(slab, g), slab->colour, slab->colouroff,
		    slab->nodeid);
	say(t, "\n");
	if (caller)
		say_caller(t, "now", caller);
	if (!slab)
		return;
	if (!g->store_user) {
		say(t, "  before: unknown (store_user is off)\n");
		return;
	}
	last = *caller_word(g, obj);
	say_caller(t, last & CALLER_FREED ? "freed before by" : "allocated by",
		   (void *)(last & ~CALLER_FREED));
}

static void report(struct kmem_cache_core *core, const struct text *t)
{
	count(&core->count.errors);
	core->sys->report(core->sys->report_arg, t->s);
}

void report_bad_free(struct kmem_cache_core *core, void *obj, const void *caller)
{
	struct kmem_page *p = pages_lookup(core->sys->map, obj);
	struct text t = { .n = 0 };

	say_object(&t, core, NULL, NULL, obj, "foreign free", caller);
	if (!p)
		say(&t, "  the address is not this allocator's\n");
	else if (!p->cache)
		say(&t, "  the address is in no slab\n");
	else
		say(&t, "  the object belongs to cache %s, slab colour %u, node %u\n",
		    p->cache->core->name, p->slab->colour, p->slab->nodeid);
	report(core, &t);
}

/* ---- checks ---- */

/* NULL, or what is wrong with the red zones of an object that should be @want. */
static const char *red_wrong(const struct slab_geometry *g, void *obj, uint64_t want)
{
	uint64_t a, b;

	if (!g->red_zone)
		return NULL;
	a = *red1(obj);
	b = *red2(g, obj);
	if (a == want && red_behind_is(g, obj, want))
		return NULL;
	if (want == RED_ACTIVE && a == RED_INACTIVE && b == RED_INACTIVE)
		return "double free";
	if (a != RED_ACTIVE && a != RED_INACTIVE)
		return b == want ? "red zone in front overwritten" : "both red zones overwritten";
	return "red zone behind overwritten";
}

void debug_init_obj(struct kmem_cache_core *core, const struct slab_geometry *g, void *obj)
{
	(void)core;
	set_red(g, obj, RED_INACTIVE);
	if (g->store_user)
		*caller_word(g, obj) = CALLER_FREED;
	if (g->poison)
		debug_poison_free(g, obj);
}

static void check_poison(struct kmem_cache_core *core, const struct slab *slab,
			 const struct slab_geometry *g, void *obj, const void *caller)
{
	unsigned at = poison_broken(g, obj);
	struct text t = { .n = 0 };
	uint8_t diff;

	if (at == g->object_size)
		return;
	diff = ((uint8_t *)obj)[at] ^ (at + 1 == g->object_size ? POISON_END : POISON_FREE);
	say_object(&t, core, slab, g, obj, "written after free", caller);
	say(&t, "  byte %u of %u is the first changed one%s\n", at, g->object_size,
	    __builtin_popcount(diff) == 1 ? " (a single bit: perhaps bad memory)" : "");
	say_bytes(&t, g, obj, at);
	report(core, &t);
}

void debug_alloc(struct kmem_cache_core *core, const struct slab_geometry *g, void *obj,
		 const void *caller)
{
	struct slab *slab = pages_lookup(core->sys->map, obj)->slab;
	const char *wrong = red_wrong(g, obj, RED_INACTIVE);
	struct text t = { .n = 0 };

	if (wrong) {
		say_object(&t, core, slab, g, obj, wrong, caller);
		report(core, &t);
	}
	if (g->poison) {
		check_poison(core, slab, g, obj, caller);
		memset(obj, POISON_INUSE, g->object_size - 1);
		((uint8_t *)obj)[g->object_size - 1] = POISON_END;
	}
	set_red(g, obj, RED_ACTIVE);
	if (g->store_user)
		*caller_word(g, obj) = (uintptr_t)caller & ~CALLER_FREED;
	if (core->ctor && g->poison)
		core->ctor(obj);
}

/* Poison alone: an object full of free poison is free, unless so short that a user may have written just that. The
 * one that holds its slab's index is not full of it. */
static bool poison_says_free(struct kmem_cache_core *core, const struct slab *slab,
			     const struct slab_geometry *g, const void *obj)
{
	struct kmem_list3 *l3 = core->l3[slab->nodeid];
	bool holds_index;

	if (g->object_size >= sizeof(uint64_t) && poison_broken(g, obj) == g->object_size)
		return true;
	if (!g->objfreelist)
		return false;
	list_lock(l3);
	holds_index = slab->freelist == obj;
	kmem_unlock(&l3->lock);
	return holds_index;
}

static const char *free_wrong(struct kmem_cache_core *core, const struct slab *slab,
			      const struct slab_geometry *g, void *obj)
{
	const char *wrong;
	unsigned i = obj_to_index(slab, g, obj);

	if (i >= g->num || index_to_obj(slab, g, i) != obj)
		return "free of an address that is not an object's start";
	wrong = red_wrong(g, obj, RED_ACTIVE);
	if (!wrong && g->store_user && (*caller_word(g, obj) & CALLER_FREED))
		wrong = "double free";
	if (!wrong && g->poison && !g->red_zone && !g->store_user &&
	    poison_says_free(core, slab, g, obj))
		wrong = "double free";
	return wrong;
}

int debug_free(struct kmem_cache_core *core, const struct slab *slab, const struct slab_geometry *g,
	       void *obj, const void *caller)
{
	const char *wrong = free_wrong(core, slab, g, obj);
	struct text t = { .n = 0 };

	if (wrong) {
		unsigned i = obj_to_index(slab, g, obj);
		int start = i < g->num && index_to_obj(slab, g, i) == obj;

		say_object(&t, core, slab, g,
			   start ? obj : index_to_obj(slab, g, i < g->num ? i : 0), wrong, caller);
		if (!start)
			say(&t, "  the address is %p\n", obj);
		report(core, &t);
		return -EINVAL;
	}
	set_red(g, obj, RED_INACTIVE);
	if (g->store_user)
		*caller_word(g, obj) = (uintptr_t)caller | CALLER_FREED;
	if (g->poison)
		debug_poison_free(g, obj);
	return 0;
}

void debug_destroy_obj(struct kmem_cache_core *core, const struct slab *slab,
		       const struct slab_geometry *g, void *obj, int holds_index)
{
	const char *wrong = red_wrong(g, obj, RED_INACTIVE);
	struct text t = { .n = 0 };

	if (wrong) {
		say_object(&t, core, slab, g, obj, wrong, NULL);
		report(core, &t);
	}
	if (g->poison && !holds_index)
		check_poison(core, slab, g, obj, NULL);
}

int debug_check_free(const struct slab_geometry *g, const void *obj, int holds_index, struct err *e)
{
	const char *wrong = red_wrong(g, (void *)(uintptr_t)obj, RED_INACTIVE);

	if (wrong)
		return err_set(e, -EINVAL, "free object %p: %s", obj, wrong);
	if (g->poison && !holds_index && poison_broken(g, obj) != g->object_size)
		return err_set(e, -EINVAL, "free object %p: byte %u written after free", obj,
			       poison_broken(g, obj));
	return 0;
}
