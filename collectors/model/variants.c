/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many layouts in one pass: what a layout is, and the windows that are made once for all of them. */
#include "collectors/model/variants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/variants_impl.h"
#include "engine/internal.h"

#define SLABS_MOST (UINT64_C(1) << 26)
#define OBJECTS_MOST (UINT64_C(1) << 31)

const char *const variants_part_names[] = { "object", "header", "index", "raw", NULL };

struct variants {
	struct caches caches;
	variants_run_fn *run;
	unsigned n;
	struct variant *v;
	uint64_t sets[2];
	unsigned piece; /* log2 of the bytes that lie in one line in all variants */
	uint64_t refs;
	uint64_t top;	/* highest object + 1 */
	uint64_t ready; /* objects that have a place in all variants */
	int failed;
	struct lineid ids;
	/* the window: pieces in order of first touch, and their numbers in order of last touch */
	unsigned width, used, nr; /* lines that it may have and may have got; entries */
	uint64_t key[WINDOW];	  /* of an entry's first piece */
	unsigned count[WINDOW];	  /* pieces in a row */
	unsigned row;		  /* at most: a line of them */
	struct op first[WINDOW];
	uint8_t last[WINDOW];
	struct ops ops;
};

/* ---- layouts ---- */

/* Draw colours until slab @slab has one. */
static int colours(struct variant *v, uint64_t slab)
{
	struct kmem_conf conf = { .config = v->layout.c };
	uint64_t room = v->slabs ? v->slabs : 64;
	uint32_t *more;

	while (room <= slab)
		room *= 2;
	more = realloc(v->colour_off, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	v->colour_off = more;
	while (v->slabs < room)
		more[v->slabs++] =
			colour_of(&conf, &v->layout.g, &v->colour_next) * v->layout.g.colour_off;
	return 0;
}

static bool too_far(const struct variants *v, const struct variant *one, uint64_t slab)
{
	uint64_t most = one->slab_bytes > one->desc_stride ? one->slab_bytes : one->desc_stride;

	return slab >= SLABS_MOST || (slab + 1) * most >> v->caches.shift >= AREA_LINES;
}

static bool is_small(const struct variant *one)
{
	uint64_t pages = (uint64_t)PAGE_DESCRIPTOR << one->layout.g.gfporder;
	uint64_t most = one->slab_bytes > one->desc_stride ? one->slab_bytes : one->desc_stride;

	return one->slabs * (most > pages ? most : pages) < UINT32_MAX;
}

/* Every variant has a place for object @k. */
static int reach(struct variants *v, uint64_t k)
{
	int rc = k < OBJECTS_MOST ? 0 : -E2BIG;
	uint64_t ready = OBJECTS_MOST;

	for (unsigned i = 0; i < v->n && !rc; i++) {
		struct variant *one = &v->v[i];
		uint64_t slab = k / one->layout.g.num;

		if (too_far(v, one, slab))
			rc = -E2BIG;
		else if (slab >= one->slabs)
			rc = colours(one, slab);
		one->small = is_small(one);
		if (one->slabs * one->layout.g.num < ready)
			ready = one->slabs * one->layout.g.num;
	}
	if (!rc && v->ready <= k)
		v->ready = ready;
	return rc;
}

/* Where the parts of an object lie. Raw ones: nowhere. */
static void parts(struct variant *v)
{
	const struct slab_geometry *g = &v->layout.g;
	struct variant_part *object = &v->part[VARIANTS_OBJECT],
			    *header = &v->part[VARIANTS_HEADER];
	struct variant_part *index = &v->part[VARIANTS_INDEX];

	*object = (struct variant_part){ v->slab_bytes, ~0u, g->size, slab_front(g) + g->obj_offset,
					 AREA_SLABS };
	*index = (struct variant_part){ v->slab_bytes, 0, g->index_bytes, g->header_bytes,
					AREA_SLABS };
	if (g->off_slab) {
		index->slab = v->desc_stride;
		index->area = AREA_OFF_SLAB;
	} else if (g->header_bytes) {
		index->colour = g->colour_header ? ~0u : 0;
	} else if (g->objfreelist) {
		index->colour = ~0u;
		index->add = (g->num - 1) * g->size;
	} else {
		index->add = v->slab_bytes - g->slab_size;
	}
	*header = *index;
	header->object = 0;
	header->add = 0;
	if (!g->header_bytes) {
		header->slab = (uint64_t)PAGE_DESCRIPTOR << g->gfporder;
		header->colour = 0;
		header->area = AREA_PAGES;
	}
	v->part[VARIANTS_RAW].area = AREA_RAW;
	for (unsigned i = 0; i < VARIANTS_PARTS; i++)
		v->part[i].area <<= AREA_BITS;
}

static unsigned low_bit(unsigned v)
{
	return v ? v & -v : ~0u;
}

/* Bytes, a power of two, that divide all distances of a layout. */
static unsigned divides(const struct variant *v)
{
	const struct slab_geometry *g = &v->layout.g;
	unsigned all[] = { g->size,
			   slab_front(g),
			   g->obj_offset,
			   v->desc_stride,
			   g->colour > 1 ? g->colour_off : 0,
			   v->slab_bytes,
			   g->header_bytes ? 0 : PAGE_DESCRIPTOR };
	unsigned least = ~0u;

	for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (low_bit(all[i]) < least)
			least = low_bit(all[i]);
	return least;
}

static int layout_init(struct variants *v, unsigned i, const struct variants_layout *l,
		       struct err *e)
{
	struct variant *one = &v->v[i];
	const struct slab_geometry *g = &one->layout.g;
	unsigned bytes, piece;

	one->layout = *l;
	if (!g->num || !g->size || g->gfporder > KMALLOC_MAX_ORDER || !g->page_size)
		return err_set(e, -EINVAL, "variant %u: a geometry without objects or pages", i);
	if (l->c.colour_seq == SEQ_RUNS && !l->c.colour_run)
		return err_set(e, -EINVAL, "variant %u: colours in runs of 0 slabs", i);
	one->slab_bytes = g->page_size << g->gfporder;
	bytes = g->slab_size;
	one->desc_stride = g->off_slab ? kmalloc_size_for(bytes, 1u << v->caches.shift) : 0;
	if (g->off_slab && !one->desc_stride)
		return err_set(e, -EINVAL, "variant %u: management of %u bytes", i, bytes);
	if (g->num > 1)
		one->num_m = UINT64_MAX / g->num + 1;
	parts(one);
	piece = divides(one);
	if (piece < 1u << v->piece)
		v->piece = (unsigned)__builtin_ctz(piece);
	return colours(one, 0) ? err_set(e, -ENOMEM, "out of memory") : 0;
}

static int caches_init(struct variants *v, struct variant *one, struct err *e)
{
	const struct caches *c = &v->caches;
	size_t n1 = (size_t)v->sets[0] * c->l1_depth * sizeof(uint32_t);
	size_t n2 = (size_t)v->sets[1] * c->l2_depth * sizeof(uint32_t);

	one->l1 = aligned_alloc(64, (n1 + 63) & ~(size_t)63);
	one->l1_set = calloc(v->sets[0], sizeof(uint64_t));
	if (c->l2) {
		one->l2 = aligned_alloc(64, (n2 + 63) & ~(size_t)63);
		one->l2_access_set = calloc(v->sets[1], sizeof(uint64_t));
		one->l2_miss_set = calloc(v->sets[1], sizeof(uint64_t));
	}
	if (!one->l1 || !one->l1_set ||
	    (c->l2 && (!one->l2 || !one->l2_access_set || !one->l2_miss_set)))
		return err_set(e, -ENOMEM, "out of memory");
	memset(one->l1, 0xff, n1); /* a tag that no line has */
	if (c->l2)
		memset(one->l2, 0xff, n2);
	return 0;
}

/* ---- windows ---- */

static void drain(struct variants *v)
{
	for (unsigned i = 0; i < v->n; i += 2)
		v->run(&v->v[i], &v->v[i + 1 < v->n ? i + 1 : i], &v->caches, &v->ops);
	v->ops.n = 0;
}

static void put(struct ops *o, const struct op *op, uint32_t what)
{
	unsigned n = o->n++;

	o->object[n] = op->object;
	o->offset[n] = op->offset;
	o->more[n] = op->more;
	o->raw_line[n] = op->raw_line;
	o->raw_tag[n] = op->raw_tag;
	o->what[n] = what;
}

/*
 * First touches in their order; then those that are out of order once more. What may stay as it is
 * are the oldest, as long as their numbers rise: all others are touched after them.
 */
static void close_window(struct variants *v)
{
	unsigned i;

	for (i = 0; i < v->nr; i++)
		put(&v->ops, &v->first[i], v->first[i].what | 1u << KEEP_SHIFT);
	for (i = 1; i < v->nr && v->last[i] > v->last[i - 1]; i++)
		;
	for (; i < v->nr; i++)
		put(&v->ops, &v->first[v->last[i]], v->first[v->last[i]].what);
	v->nr = v->used = 0;
	if (v->ops.n >= BATCH)
		drain(v);
}

/* Piece number @j of the window is the last one touched. */
static void move_last(struct variants *v, unsigned j)
{
	unsigned i = 0;

	while (v->last[i] != j)
		i++;
	for (; i + 1 < v->nr; i++)
		v->last[i] = v->last[i + 1];
	v->last[i] = (uint8_t)j;
}

/*
 * The piece is the last one of what was touched last: nothing to do; or the next one, and nothing else
 * was touched since that came into the window: it grows by a piece. 1: done.
 */
static inline int goes_on(struct variants *v, uint64_t key, unsigned part)
{
	unsigned l = v->last[v->nr - 1];
	uint64_t after = v->key[l] + v->count[l];

	if (key == after - 1)
		return 1;
	if (key != after || l != v->nr - 1 || part == VARIANTS_RAW || v->count[l] == v->row)
		return 0;
	if (v->count[l] == 1 && v->used++ == v->width) {
		v->used--;
		return 0;
	}
	v->count[l]++;
	v->first[l].more += 1u << v->piece;
	return 1;
}

/* The 32-bit tag of a raw line. */
static int raw_tag(struct variants *v, uint64_t line, uint32_t *tag)
{
	int rc = lineid_get(&v->ids, line >> LINEID_BITS, tag);

	if (!rc && *tag >= (AREA_LINES >> LINEID_BITS) - 1)
		rc = -E2BIG;
	*tag = *tag << LINEID_BITS | (uint32_t)(line & ((1u << LINEID_BITS) - 1));
	return rc;
}

static inline void touch(struct variants *v, uint64_t key, uint64_t where, uint32_t offset,
			 unsigned part)
{
	struct op *op;

	if (v->nr && goes_on(v, key, part))
		return;
	for (unsigned j = 0; j < v->nr; j++)
		if (v->key[j] == key && v->count[j] == 1) {
			move_last(v, j);
			return;
		}
	if (v->used == v->width)
		close_window(v);
	op = &v->first[v->nr];
	*op = (struct op){ .what = part << PART_SHIFT };
	if (part == VARIANTS_RAW) {
		v->failed = raw_tag(v, where, &op->raw_tag);
		op->raw_line = (uint32_t)where;
	} else {
		op->object = (uint32_t)where;
		op->offset = offset;
	}
	v->key[v->nr] = key;
	v->count[v->nr] = 1;
	v->last[v->nr] = (uint8_t)v->nr;
	v->used++;
	v->nr++;
}

/* Keys are told apart by their two top bits; a raw line has at most 60, an object 32 and a piece 30. */
static void one_ref(struct variants *v, const struct variants_ref *r)
{
	uint64_t tell = (uint64_t)r->part << 62;
	uint32_t piece, end;

	if (r->part >= VARIANTS_PARTS || !r->size || r->offset >= 1u << 29 ||
	    (r->part == VARIANTS_RAW && r->where > UINT64_MAX - (r->size - 1u))) {
		v->failed = -EINVAL;
		return;
	}
	if (r->part == VARIANTS_RAW) {
		uint64_t line = r->where >> v->caches.shift;
		uint64_t to = (r->where + (r->size - 1u)) >> v->caches.shift;

		for (touch(v, tell | line, line, 0, VARIANTS_RAW); line != to && !v->failed;) {
			line++;
			touch(v, tell | line, line, 0, VARIANTS_RAW);
		}
		return;
	}
	if (r->where >= v->ready) {
		v->failed = reach(v, r->where);
		if (v->failed)
			return;
	}
	if (r->where >= v->top)
		v->top = r->where + 1;
	tell |= r->where << 30;
	if (r->part == VARIANTS_INDEX) {
		touch(v, tell, r->where, 0, VARIANTS_INDEX);
		return;
	}
	end = (r->offset + r->size - 1u) >> v->piece;
	for (piece = r->offset >> v->piece; piece <= end; piece++)
		touch(v, tell | piece, r->where, piece << v->piece, r->part);
}

void variants_refs(struct variants *v, const struct variants_ref *ref, size_t n)
{
	for (size_t i = 0; i < n && !v->failed; i++)
		one_ref(v, ref + i);
	v->refs += n;
}

int variants_flush(struct variants *v, struct err *e)
{
	close_window(v);
	drain(v);
	if (v->failed == -ENOMEM)
		return err_set(e, -ENOMEM, "out of memory");
	if (v->failed == -EINVAL)
		return err_set(e, -EINVAL, "an access with no size, or to no part that there is");
	if (v->failed)
		return err_set(e, v->failed, "more memory is touched than the variants can number");
	return 0;
}

void variants_counts(const struct variants *v, unsigned variant, struct variants_counts *out)
{
	const struct variant *one = &v->v[variant];

	*out = (struct variants_counts){
		.refs = v->refs,
		.slabs = (v->top + one->layout.g.num - 1) / one->layout.g.num,
		.l1_set = one->l1_set,
		.l2_access_set = one->l2_access_set,
		.l2_miss_set = one->l2_miss_set,
	};
	memcpy(out->l1_misses, one->l1_misses, sizeof(out->l1_misses));
	memcpy(out->l2_misses, one->l2_misses, sizeof(out->l2_misses));
}

uint64_t variants_address(struct variants *v, unsigned variant, const struct variants_ref *ref)
{
	const struct variant *one = &v->v[variant];
	const struct variant_part *p;
	uint64_t slab;

	if (ref->part == VARIANTS_RAW)
		return ref->where;
	if (ref->where >= v->ready && reach(v, ref->where))
		return 0;
	p = &one->part[ref->part];
	slab = ref->where / one->layout.g.num;
	return AREA_BASE(p->area >> AREA_BITS) + slab * p->slab +
	       (one->colour_off[slab] & p->colour) + ref->where % one->layout.g.num * p->object +
	       p->add + ref->offset;
}

/* ---- making them ---- */

static bool pow2(unsigned v, unsigned most)
{
	return v && v <= most && !(v & (v - 1));
}

static int check(const struct variants_options *o, unsigned n, struct err *e)
{
	if (!n || n > VARIANTS_MOST)
		return err_set(e, -EINVAL, "variants: expected 1 to %u, got %u", VARIANTS_MOST, n);
	if (!pow2(o->line, 4096) || o->line < 16)
		return err_set(e, -EINVAL, "line: expected a power of two of 16 to 4096, got %u",
			       o->line);
	if (!pow2(o->l1_sets, 1u << 20) || (o->l2_sets && !pow2(o->l2_sets, 1u << 20)))
		return err_set(e, -EINVAL, "sets: expected powers of two up to 2^20, got %u and %u",
			       o->l1_sets, o->l2_sets);
	if (!o->l1_ways || o->l1_ways > 16 || (o->l2_sets && (!o->l2_ways || o->l2_ways > 16)))
		return err_set(e, -EINVAL, "ways: expected 1 to 16, got %u and %u", o->l1_ways,
			       o->l2_ways);
	return 0;
}

int variants_create(struct variants **out, const struct variants_options *o,
		    const struct variants_layout *layout, unsigned n, struct err *e)
{
	struct variants *v;
	int rc = check(o, n, e);

	if (rc)
		return rc;
	v = calloc(1, sizeof(*v));
	if (v)
		v->v = calloc(n, sizeof(*v->v));
	if (!v || !v->v) {
		free(v);
		return err_set(e, -ENOMEM, "out of memory");
	}
	v->caches = (struct caches){
		.shift = (unsigned)__builtin_ctz(o->line),
		.l1_mask = o->l1_sets - 1,
		.l2_mask = o->l2_sets - 1,
		.l1_ways = o->l1_ways,
		.l2_ways = o->l2_ways,
		.l1_depth = o->l1_ways > 8 ? 16 : 8,
		.l2_depth = o->l2_ways > 8 ? 16 : 8,
		.l2 = o->l2_sets != 0,
	};
	v->sets[0] = o->l1_sets;
	v->sets[1] = o->l2_sets;
	v->piece = v->caches.shift;
	v->width = o->l1_ways < WINDOW ? o->l1_ways : WINDOW;
	v->run = variants_run_plain;
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
		v->run = variants_run_avx2;
#endif
	for (v->n = 0; v->n < n && !rc; v->n++) {
		rc = layout_init(v, v->n, layout + v->n, e);
		if (!rc)
			rc = caches_init(v, &v->v[v->n], e);
	}
	v->row = 1u << (v->caches.shift - v->piece);
	if (rc)
		variants_destroy(v);
	else
		*out = v;
	return rc;
}

void variants_plain(struct variants *v)
{
	v->run = variants_run_plain;
}

void variants_destroy(struct variants *v)
{
	if (!v)
		return;
	for (unsigned i = 0; i < v->n; i++) {
		free(v->v[i].colour_off);
		free(v->v[i].l1);
		free(v->v[i].l2);
		free(v->v[i].l1_set);
		free(v->v[i].l2_access_set);
		free(v->v[i].l2_miss_set);
	}
	lineid_release(&v->ids);
	free(v->v);
	free(v);
}
