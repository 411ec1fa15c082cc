/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the formulas are from: mm/slab.c of 2.6.22/23 (kmem_cache_create, calculate_slab_order,
 * cache_estimate, slab_mgmt_size, enable_cpucache) and of 6.1 (calculate_alignment in
 * mm/slab_common.c, __kmem_cache_create, set_objfreelist_slab_cache, set_off_slab_cache,
 * set_on_slab_cache, calculate_slab_order). The other generations are these with other constants:
 * rows of slab_rules[].
 */
#include "engine/geometry_impl.h"

#include <errno.h>
#include <string.h>

/* One way to fill a slab. */
struct fill {
	unsigned mode, order, num, left, slab_size;
};

static int is_pow2(unsigned v)
{
	return v && !(v & (v - 1));
}

static void trace(const struct geometry_work *w, const struct fill *f, enum slab_verdict verdict)
{
	struct slab_trace *t = w->t;

	if (!t)
		return;
	if (t->n == SLAB_TRACE_MAX) {
		t->dropped++;
		return;
	}
	t->step[t->n++] = (struct slab_step){
		.mode = f->mode,
		.order = f->order,
		.num = f->num,
		.left_over = f->left,
		.verdict = verdict,
	};
}

/* ---- one order ---- */

/* slab_mgmt_size(): header and index, padded so that the objects behind them are aligned. Up
 * to 2.6.7 it was padded to the L1 line instead, even where objects are aligned to more; there we
 * take the larger. */
static unsigned front_bytes(const struct geometry_work *w, unsigned num)
{
	unsigned to = w->align;

	if (w->r->mgmt_line_rounded && w->in->cache_line > to)
		to = w->in->cache_line;
	return geometry_round_up(w->header + geometry_index(w, num), to);
}

/* On-slab management for @num objects. 6.1 has its index at the slab's end, unpadded. */
static unsigned on_slab_bytes(const struct geometry_work *w, unsigned num)
{
	return w->three_modes ? geometry_index(w, num) : front_bytes(w, num);
}

/* Objects beside on-slab management: as if nothing were padded, then one less until they fit. */
static unsigned num_on_slab(const struct geometry_work *w, unsigned S)
{
	unsigned num = S > w->header ? (S - w->header) / (w->size + w->index) : 0;

	/* The padding costs at most one object as long as align <= size. Up to 2.6.7 it is a line
	 * and may be worth several small objects: there the kernel counted up, which finds the same
	 * as counting down. */
	while (num && (uint64_t)on_slab_bytes(w, num) + (uint64_t)num * w->size > S)
		num--;
	return num;
}

/* cache_estimate(): fill in num and left of a mode at an order. */
static void estimate(const struct geometry_work *w, struct fill *f)
{
	unsigned S = w->in->page_size << f->order;

	f->num = f->mode == MODE_ON_SLAB ? num_on_slab(w, S) : S / w->size;
	if (geometry_caps_num(w) && f->num > w->max_num)
		f->num = w->max_num;
	f->left = S - f->num * w->size;
	if (f->mode == MODE_ON_SLAB && f->num)
		f->left -= on_slab_bytes(w, f->num);
}

/* ---- the order ---- */

/*
 * Whether a descriptor may live off-slab. What all the conditions are for: that a descriptor's own
 * cache does not need, in the end, that same cache. For a general cache we ask for it directly: its
 * descriptor must fit in a smaller general cache. Where mgmt=off forces the matter, the heuristics
 * are left out and this stays.
 */
static int off_slab_refused(const struct geometry_work *w, const struct fill *f,
			    enum slab_verdict *why)
{
	unsigned bytes = w->header + geometry_index(w, f->num);
	unsigned general = kmalloc_size_for(bytes, w->in->cache_line);

	*why = STEP_OFF_LIMIT;
	if (!general || (w->in->kmalloc_self && general >= w->in->object_size))
		return 1;
	if (w->c->mgmt == MGMT_OFF)
		return 0;
	if (!w->three_modes)
		return w->size < w->header || geometry_index(w, f->num) > w->size - w->header;
	*why = STEP_OFF_NO_GAIN;
	return general > w->in->object_size / 2;
}

/* Reasons to stop at an order that was accepted: the kernel's three, any will do, and our cap for
 * index widths that the kernel did not have. */
static enum slab_verdict stop_reason(const struct geometry_work *w, const struct fill *f)
{
	uint64_t S = (uint64_t)w->in->page_size << f->order;

	if (f->num < w->c->min_objects && f->order < w->c->break_order)
		return STEP_FEW;
	if ((uint64_t)f->left * 8 <= S)
		return STEP_TAKEN_WASTE;
	if (geometry_caps_num(w) &&
	    f->num == w->max_num) /* a larger slab would not hold one more */
		return STEP_TAKEN_CAPPED;
	if (w->c->reclaim)
		return STEP_TAKEN_RECLAIM;
	if (f->order >= w->c->break_order)
		return STEP_TAKEN_BREAK;
	return STEP_WASTEFUL;
}

/* calculate_slab_order() over orders @first to @last. Leaves the last order accepted in @best; 0 if
 * none. */
static int search(const struct geometry_work *w, unsigned mode, unsigned first, unsigned last,
		  struct fill *best)
{
	struct fill f = { .mode = mode };
	enum slab_verdict verdict;
	int found = 0;

	for (f.order = first; f.order <= last; f.order++) {
		estimate(w, &f);
		verdict = STEP_NOTHING_FITS;
		if (f.num > w->max_num)
			verdict = STEP_TOO_MANY;
		else if (f.num && (mode != MODE_OFF_SLAB || !off_slab_refused(w, &f, &verdict))) {
			verdict = first == last ? STEP_TAKEN_FIXED : stop_reason(w, &f);
			*best = f;
			found = 1;
		}
		trace(w, &f, verdict);
		if (verdict != STEP_NOTHING_FITS && verdict != STEP_OFF_NO_GAIN &&
		    verdict != STEP_WASTEFUL && verdict != STEP_FEW)
			break;
	}
	return found;
}

/* 2.6.x and 3.x: a first guess by size, which the descriptor may undo where it fits into what is
 * left. */
static int fill_by_guess(const struct geometry_work *w, unsigned first, unsigned last,
			 struct fill *f)
{
	unsigned guess = w->unrounded >= w->in->page_size / w->r->off_slab_div &&
			 !w->in->no_off_slab;
	unsigned off = w->c->mgmt == MGMT_AUTO ? guess : w->c->mgmt == MGMT_OFF;
	int found = search(w, off ? MODE_OFF_SLAB : MODE_ON_SLAB, first, last, f);

	if (!found && off && w->c->mgmt == MGMT_AUTO && w->c->order != KMEM_AUTO) {
		/* an order that the kernel would not have come to: better on-slab than no cache */
		found = search(w, MODE_ON_SLAB, first, last, f);
		if (found)
			trace(w, f, MODE_LIMIT_ON_SLAB);
	}
	if (!found)
		return 0;
	f->slab_size = front_bytes(w, f->num);
	if (f->mode == MODE_OFF_SLAB && w->c->mgmt == MGMT_AUTO && f->left >= f->slab_size) {
		f->mode = MODE_ON_SLAB;
		f->left -= f->slab_size;
		trace(w, f, MODE_PULLED_BACK);
	}
	if (f->mode == MODE_OFF_SLAB)
		f->slab_size = w->header + geometry_index(w, f->num);
	return 1;
}

/* 6.1: index inside a free object, else off-slab, else at the slab's end. */
static int fill_by_mode(const struct geometry_work *w, unsigned first, unsigned last,
			struct fill *f)
{
	unsigned mgmt = w->c->mgmt;
	int found = 0;

	if (mgmt == MGMT_AUTO && !w->in->ctor && !w->c->rcu) {
		found = search(w, MODE_OBJFREELIST, first, last, f);
		if (found && f->num * w->index > w->in->object_size) {
			trace(w, f, MODE_REFUSED_SIZE);
			found = 0;
		}
	}
	if (!found && mgmt != MGMT_ON && !w->in->no_off_slab) {
		found = search(w, MODE_OFF_SLAB, first, last, f);
		if (found && mgmt == MGMT_AUTO && f->left >= f->num * w->index) {
			trace(w, f, MODE_REFUSED_ROOM);
			found = 0;
		}
	}
	if (!found && mgmt != MGMT_OFF)
		found = search(w, MODE_ON_SLAB, first, last, f);
	f->slab_size = f->num * w->index;
	return found;
}

static int fill_slab(const struct geometry_work *w, unsigned first, unsigned last, struct fill *f)
{
	memset(f, 0, sizeof(*f));
	return w->three_modes ? fill_by_mode(w, first, last, f) : fill_by_guess(w, first, last, f);
}

/* ---- slack bought for colours ---- */

static void give_up_object(const struct geometry_work *w, struct fill *f)
{
	f->num--;
	f->left += w->size;
	if (f->mode == MODE_ON_SLAB) {
		f->left += f->slab_size;
		f->slab_size = on_slab_bytes(w, f->num);
		f->left -= f->slab_size;
	} else {
		f->slab_size = w->header + geometry_index(w, f->num);
	}
	trace(w, f, SLACK_OBJECT_GIVEN);
}

static void slack_by_objects(const struct geometry_work *w, unsigned wanted, struct fill *f)
{
	do {
		if (f->num == 1)
			return;
		give_up_object(w, f);
	} while (w->c->colour != KMEM_AUTO && f->left / w->colour_off < wanted);
}

static void slack_by_order(const struct geometry_work *w, unsigned wanted, struct fill *f)
{
	struct slab_trace *t = w->t;
	struct geometry_work quiet = *w;
	struct fill higher;
	unsigned order;

	quiet.t = NULL; /* one line per order tried is enough */
	for (order = f->order + 1; order <= KMALLOC_MAX_ORDER; order++) {
		if (!fill_slab(&quiet, order, order, &higher))
			continue;
		if (t)
			trace(w, &higher,
			      higher.left / w->colour_off >= wanted ? SLACK_ORDER_TAKEN :
								      SLACK_ORDER_SHORT);
		if (higher.left / w->colour_off < wanted)
			continue;
		*f = higher;
		return;
	}
}

/* Where the classic result has too few colours, buy room as the toggle says. */
static void buy_slack(const struct geometry_work *w, struct fill *f)
{
	unsigned wanted = w->c->colour == KMEM_AUTO ? 2 : w->c->colour;

	if (f->left / w->colour_off >= wanted)
		return;
	if (w->c->colour_slack == SLACK_OBJECT)
		slack_by_objects(w, wanted, f);
	else if (w->c->colour_slack == SLACK_ORDER)
		slack_by_order(w, wanted, f);
}

/* ---- putting it together ---- */

static int check_in(const struct slab_geometry_in *in, const struct slab_config *c, struct err *e)
{
	if (!in->object_size || in->object_size > KMALLOC_MAX_SIZE)
		return err_set(e, -EINVAL, "object_size: expected 1 to %u bytes, got '%u'",
			       KMALLOC_MAX_SIZE, in->object_size);
	if (in->word != 4 && in->word != 8)
		return err_set(e, -EINVAL, "word: expected 4 or 8, got '%u'", in->word);
	if (!is_pow2(in->page_size) || in->page_size < 1024 || in->page_size > (2u << 20))
		return err_set(e, -EINVAL,
			       "page_size: expected a power of two from 1024 to 2097152, got '%u'",
			       in->page_size);
	if (!is_pow2(in->cache_line) || in->cache_line < 8 || in->cache_line > in->page_size)
		return err_set(
			e, -EINVAL,
			"cache_line: expected a power of two from 8 to the page size, got '%u'",
			in->cache_line);
	if (!in->cpus)
		return err_set(e, -EINVAL, "cpus: expected 1 or more, got '0'");
	if (c->align && (!is_pow2(c->align) || c->align > KMALLOC_MAX_SIZE))
		return err_set(e, -EINVAL, "align: expected 0 or a power of two up to %u, got '%u'",
			       KMALLOC_MAX_SIZE, c->align);
	if (c->order != KMEM_AUTO && c->order > KMALLOC_MAX_ORDER)
		return err_set(e, -EINVAL, "order: expected auto or 0 to %d, got '%u'",
			       KMALLOC_MAX_ORDER, c->order);
	if (c->mgmt == MGMT_OFF && in->no_off_slab)
		return err_set(e, -EINVAL,
			       "mgmt: off-slab is not possible this early: no general caches yet");
	return 0;
}

/* Why no order would do. */
static int no_fit(const struct geometry_work *w, struct err *e)
{
	unsigned top = w->c->order == KMEM_AUTO ? KMALLOC_MAX_ORDER : w->c->order;
	unsigned first = w->c->order == KMEM_AUTO ? 0 : w->c->order;
	struct fill f = { .mode = MODE_OFF_SLAB, .order = top };

	estimate(w, &f);
	if (!f.num)
		return err_set(
			e, -E2BIG,
			"an object of %u bytes does not fit in a slab of %u pages (order %u)",
			w->size, 1u << top, top);
	f.order = first;
	estimate(w, &f);
	if (f.num > w->max_num)
		return err_set(
			e, -EINVAL,
			"index: a slab of order %u has more than %u objects of %u bytes, which "
			"%u-byte entries cannot name",
			first, w->max_num, w->size, w->index);
	if (w->c->mgmt == MGMT_OFF)
		return err_set(
			e, -EINVAL,
			"mgmt: cannot be off-slab: no %sgeneral cache holds a descriptor of %u "
			"bytes",
			w->in->kmalloc_self ? "smaller " : "",
			w->header + geometry_index(w, f.num));
	return err_set(
		e, -E2BIG,
		"an object of %u bytes and on-slab management do not fit in a slab of %u pages "
		"(order %u)",
		w->size, 1u << top, top);
}

static void choose_queues(const struct geometry_work *w, struct slab_geometry *g)
{
	const struct slab_config *c = w->c;

	slab_tunables(w->size, w->in->page_size, w->in->cpus, &g->limit, &g->batchcount,
		      &g->shared);
	if (c->limit != KMEM_AUTO) {
		g->limit = c->limit;
		g->batchcount = (c->limit + 1) / 2;
	}
	if (c->batchcount != KMEM_AUTO)
		g->batchcount = c->batchcount < g->limit ? c->batchcount : g->limit;
	if (c->shared != KMEM_AUTO)
		g->shared = c->shared;
}

static unsigned colours(const struct geometry_work *w, const struct fill *f)
{
	unsigned n = f->left / w->colour_off;

	if (w->c->colour < n) /* KMEM_AUTO is more than any */
		n = w->c->colour;
	/* a slab notes its colour in 16 bits; the classic step never comes near */
	if (w->c->colour_off != KMEM_AUTO && n > 65535)
		n = 65535;
	return n;
}

static void fill_geometry(const struct geometry_work *w, const struct fill *f,
			  const struct fill *classic, struct slab_geometry *g)
{
	*g = (struct slab_geometry){
		.object_size = w->in->object_size,
		.obj_offset = w->red_zone ? 8 : 0,
		.size = w->size,
		.align = w->align,
		.gfporder = f->order,
		.num = f->num,
		.slab_size = f->slab_size,
		.left_over = f->left,
		.colour = colours(w, f),
		.colour_off = w->colour_off,
		.off_slab = f->mode == MODE_OFF_SLAB,
		.objfreelist = f->mode == MODE_OBJFREELIST,
		.index_bytes = w->index,
		.header_bytes = w->header,
		.red_zone = w->red_zone,
		.poison = w->poison,
		.store_user = w->store_user,
		.red_align_word = w->red_align_word,
		.rules = w->c->rules,
		.colour_header = w->c->colour_header && f->mode == MODE_ON_SLAB && !w->three_modes,
		.slack_objects = f->order == classic->order ? classic->num - f->num : 0,
		.slack_orders = f->order - classic->order,
		.recip_m = (uint32_t)(((UINT64_C(1) << 32) + w->size - 1) / w->size),
		.page_size = w->in->page_size,
	};
	choose_queues(w, g);
}

int slab_geometry_trace(const struct slab_geometry_in *in, const struct slab_config *c,
			struct slab_geometry *out, struct slab_trace *t, struct err *e)
{
	struct geometry_work w = { .in = in, .c = c, .r = &slab_rules[c->rules], .t = t };
	unsigned first = c->order == KMEM_AUTO ? 0 : c->order;
	unsigned last = c->order == KMEM_AUTO ? KMALLOC_MAX_ORDER : c->order;
	struct fill f, classic;
	int ret;

	if (t)
		memset(t, 0, sizeof(*t));
	ret = check_in(in, c, e);
	if (ret)
		return ret;
	w.three_modes = !w.r->off_slab_div;
	ret = geometry_size(&w, e);
	if (ret)
		return ret;
	if (!fill_slab(&w, first, last, &f))
		return no_fit(&w, e);
	classic = f;
	buy_slack(&w, &f);
	fill_geometry(&w, &f, &classic, out);
	return 0;
}

int slab_geometry(const struct slab_geometry_in *in, const struct slab_config *c,
		  struct slab_geometry *out, struct err *e)
{
	return slab_geometry_trace(in, c, out, NULL, e);
}
