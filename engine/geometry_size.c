/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Size, alignment and debug words of an object, width of an index entry, colour step: what is known
 * before an order is looked for. Where the formulas are from: see geometry.c.
 */
#include "engine/geometry_impl.h"

#include <errno.h>

/* A debugging kernel keeps red zones and callers away from large objects that they would push over
 * the next power of two; poison would break objects that RCU readers may still look at. */
static void choose_debug(struct geometry_work *w)
{
	unsigned raw = w->in->object_size;
	unsigned words = 2 * 8 + (w->in->word > 8 ? w->in->word : 8);
	unsigned small = raw < 4096 || __builtin_clz(raw - 1) == __builtin_clz(raw - 1 + words);

	w->red_zone = w->c->red_zone && small;
	w->store_user = w->c->store_user && small;
	w->poison = w->c->poison && !w->c->rcu;
}

/* The line, halved while two objects of @size would fit in it (SLAB_HWCACHE_ALIGN); a word without
 * the flag. */
static unsigned hwcache_align(const struct geometry_work *w, unsigned size)
{
	unsigned align = w->in->cache_line;

	if (!w->c->hwcache_align)
		return w->in->word;
	while (size <= align / 2)
		align /= 2;
	return align;
}

static void choose_align(struct geometry_work *w, unsigned size)
{
	unsigned red = w->in->word > 8 ? w->in->word : 8;
	unsigned align = hwcache_align(w, size);

	/* 2.6.22: debugging overrules the line, and is overruled by the caller. 6.1: the line
	 * counts as the caller's wish, so that it drops debugging. */
	if (!w->three_modes && w->store_user)
		align = w->in->word;
	if (!w->three_modes && w->red_zone)
		align = red;
	if (w->three_modes && w->red_zone && align < red)
		align = red;
	if (align < w->in->word)
		align = w->in->word;
	if (align < w->c->align)
		align = w->c->align;
	if (align > 8)
		w->red_zone = w->store_user = 0;
	w->align = align;
}

/* From the bytes asked for to the stride. */
static void choose_size(struct geometry_work *w)
{
	unsigned word = w->in->word, red = word > 8 ? word : 8;
	unsigned size = geometry_round_up(w->in->object_size, word);

	choose_debug(w);
	if (w->red_zone)
		size = geometry_round_up(size,
					 red); /* stays, even if the alignment drops the red zone */
	choose_align(w, size);
	w->red_align_word = !w->store_user ? 0 : w->red_zone ? red : word;
	size += (w->red_zone ? 2 * 8 : 0) + w->red_align_word;
	w->unrounded = size;
	size = geometry_round_up(size, w->align);
	if (!w->r->index && w->index == 1 && size < 16)
		size = geometry_round_up(
			16, w->align); /* so that a byte names every object of a page */
	w->size = size + geometry_round_up(w->c->stride_pad, w->align);
}

static int choose_index(struct geometry_work *w, struct err *e)
{
	static const unsigned bytes[] = {
		[INDEX_AUTO] = 0, [INDEX_1] = 1, [INDEX_2] = 2, [INDEX_4] = 4, [INDEX_BITS] = 0
	};
	unsigned bits = w->c->index == INDEX_BITS;

	if (bits && w->c->rules != RULES_2_6_22)
		return err_set(
			e, -EINVAL,
			"index: bits are an index for rules 2.6.22 only (which has one header and "
			"one index per slab)");

	w->header = w->in->word == 4 ? w->r->header32 : w->r->header;
	w->index = bytes[w->c->index];
	if (!w->index && !bits)
		w->index = w->r->index;
	if (!w->index && !bits)
		w->index = w->in->page_size / 256 <= 16 ? 1 : 2;
	w->max_num = w->index == 4 || bits ? ~0u : (1u << 8 * w->index) - 1;
	if (geometry_caps_num(w))
		w->max_num -= 3; /* END, FREE and ACTIVE are no objects: SLAB_LIMIT */
	return 0;
}

static int choose_colour_off(struct geometry_work *w, struct err *e)
{
	w->colour_off = w->c->colour_off;
	if (w->colour_off == KMEM_AUTO)
		w->colour_off = w->align > w->in->cache_line ? w->align : w->in->cache_line;
	if (!w->colour_off || w->colour_off % w->align)
		return err_set(e, -EINVAL,
			       "colour_off: expected a multiple of the alignment, %u, got '%u'",
			       w->align, w->colour_off);
	return 0;
}

int geometry_size(struct geometry_work *w, struct err *e)
{
	int ret = choose_index(w, e);

	if (ret)
		return ret;
	choose_size(w);
	if (w->t)
		w->t->unrounded = w->unrounded;
	return choose_colour_off(w, e);
}
