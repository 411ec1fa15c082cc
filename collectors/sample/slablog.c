/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log of slabs: see slablog.h. */
#include "collectors/sample/slablog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

int slab_log_create(struct slab_log **out, unsigned cap)
{
	struct slab_log *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (!l)
		return -ENOMEM;
	l->cap = cap;
	l->slots = 2;
	while (l->slots < 2 * cap)
		l->slots *= 2;
	l->rec = malloc(((size_t)cap + 1) * sizeof(*l->rec));
	l->last = malloc(l->slots * sizeof(*l->last));
	pthread_mutex_init(&l->lock, NULL);
	if (!l->rec || !l->last) {
		slab_log_destroy(l);
		return -ENOMEM;
	}
	/* 0xff first: a compiler may make one calloc of malloc and zeroing, and touch nothing */
	memset(l->rec, 0xff, ((size_t)cap + 1) * sizeof(*l->rec));
	memset(l->last, 0xff, l->slots * sizeof(*l->last));
	__asm__ volatile("" ::: "memory");
	memset(l->last, 0, l->slots * sizeof(*l->last));
	*out = l;
	return 0;
}

void slab_log_destroy(struct slab_log *l)
{
	if (!l)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->rec);
	free(l->last);
	free(l->by_mgmt);
	free(l);
}

/* ---- logging ---- */

/* Where the newest record of @page is noted; the slot is free (0) if there is none. */
static uint32_t *slot_of(struct slab_log *l, uintptr_t page)
{
	uint64_t h = (uint64_t)page * UINT64_C(0x9e3779b97f4a7c15);
	unsigned i = (unsigned)(h >> 32) & (l->slots - 1);

	while (l->last[i] && l->rec[l->last[i] - 1].page != page)
		i = (i + 1) & (l->slots - 1);
	return &l->last[i];
}

/* The copy of @g; geometries are the engine's to reuse. The last place takes what finds no other. */
static uint16_t geometry_of(struct slab_log *l, const struct slab_geometry *g)
{
	unsigned i = 0;

	while (i < l->nr_geometries && memcmp(&l->geometry[i], g, sizeof(*g)) != 0)
		i++;
	if (i == l->nr_geometries && i < SLAB_LOG_GEOMETRIES)
		l->geometry[l->nr_geometries++] = *g;
	return (uint16_t)i;
}

static struct slab_record *append(struct slab_log *l, const struct kmem_cache *c,
				  const struct kmem_slab_view *v, uint64_t ns)
{
	uint32_t *slot = slot_of(l, (uintptr_t)v->page);
	uint16_t geometry = geometry_of(l, v->geometry);
	struct slab_record *r;

	if (l->nr == l->cap || geometry == SLAB_LOG_GEOMETRIES) {
		l->lost++;
		return NULL;
	}
	r = &l->rec[l->nr++];
	*r = (struct slab_record){
		.page = (uintptr_t)v->page,
		.mgmt = (uintptr_t)v->mgmt,
		.s_mem = (uintptr_t)v->s_mem,
		.born = ns,
		.died = UINT64_MAX,
		.cache = c,
		.bytes = (uint32_t)v->bytes,
		.colouroff = v->colouroff,
		.colour = (uint16_t)v->colour,
		.node = (uint16_t)v->node,
		.geometry = geometry,
	};
	*slot = l->nr;
	return r;
}

/* The living slab at @page. */
static struct slab_record *living(struct slab_log *l, const void *page)
{
	uint32_t at = *slot_of(l, (uintptr_t)page);

	return at && l->rec[at - 1].died == UINT64_MAX ? &l->rec[at - 1] : NULL;
}

void slab_log_tell(struct slab_log *l, enum kmem_watch_event event, const struct kmem_cache *c,
		   const struct kmem_slab_view *v, uint64_t ns)
{
	struct slab_record *r;

	pthread_mutex_lock(&l->lock);
	r = event == KMEM_WATCH_PAGES ? NULL : living(l, v->page);
	switch (event) {
	case KMEM_WATCH_PAGES:
		append(l, c, v, ns);
		break;
	case KMEM_WATCH_GROWN:
		if (r)
			r->mgmt = (uintptr_t)v->mgmt;
		break;
	case KMEM_WATCH_FREED:
		if (r)
			r->died = ns;
		break;
	}
	pthread_mutex_unlock(&l->lock);
}

void slab_log_live(struct slab_log *l, const struct kmem_cache *c, const struct kmem_slab_view *v,
		   uint64_t ns)
{
	pthread_mutex_lock(&l->lock);
	if (!living(l, v->page))
		append(l, c, v, ns);
	pthread_mutex_unlock(&l->lock);
}

/* ---- settling ---- */

static int by_page(const void *a, const void *b)
{
	const struct slab_record *x = a, *y = b;

	if (x->page != y->page)
		return x->page < y->page ? -1 : 1;
	return (x->born > y->born) - (x->born < y->born);
}

static int by_mgmt(const void *a, const void *b, void *arg)
{
	const struct slab_log *l = arg;
	const struct slab_record *x = &l->rec[*(const uint32_t *)a],
				 *y = &l->rec[*(const uint32_t *)b];

	if (x->mgmt != y->mgmt)
		return x->mgmt < y->mgmt ? -1 : 1;
	return (x->born > y->born) - (x->born < y->born);
}

int slab_log_settle(struct slab_log *l)
{
	free(l->by_mgmt);
	l->by_mgmt = calloc((size_t)l->nr + 1, sizeof(*l->by_mgmt));
	l->nr_mgmt = 0;
	l->sizes = 0;
	if (!l->by_mgmt)
		return -ENOMEM;
	qsort(l->rec, l->nr, sizeof(*l->rec), by_page);
	for (unsigned i = 0; i < l->nr; i++) {
		const struct slab_record *r = &l->rec[i];

		if (r->bytes)
			l->sizes |= UINT64_C(1) << (31 - __builtin_clz(r->bytes));
		if (r->mgmt && r->mgmt - r->page >= r->bytes)
			l->by_mgmt[l->nr_mgmt++] = i;
	}
	qsort_r(l->by_mgmt, l->nr_mgmt, sizeof(*l->by_mgmt), by_mgmt, l);
	return 0;
}

/* ---- finding ---- */

static int alive(const struct slab_record *r, uint64_t t, uint64_t slack)
{
	return r->born <= t + slack && (r->died == UINT64_MAX || t < r->died + slack);
}

/* The last one of those at @page that began by @t. */
static const struct slab_record *last_at(const struct slab_log *l, uintptr_t page, uint64_t t)
{
	unsigned lo = 0, hi = l->nr;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;
		const struct slab_record *r = &l->rec[mid];

		if (r->page < page || (r->page == page && r->born <= t))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && l->rec[lo - 1].page == page ? &l->rec[lo - 1] : NULL;
}

static const struct slab_record *find(const struct slab_log *l, uintptr_t addr, uint64_t t,
				      uint64_t slack)
{
	for (uint64_t sizes = l->sizes; sizes; sizes &= sizes - 1) {
		uint64_t bytes = sizes & -sizes;
		const struct slab_record *r = last_at(l, addr & ~(uintptr_t)(bytes - 1), t + slack);

		if (r && r->bytes == bytes && alive(r, t, slack))
			return r;
	}
	return NULL;
}

const struct slab_record *slab_log_find(const struct slab_log *l, uintptr_t addr, uint64_t t)
{
	const struct slab_record *r = find(l, addr, t, 0);

	return r ? r : find(l, addr, t, SLAB_LOG_SLACK_NS);
}

const struct slab_record *slab_log_find_mgmt(const struct slab_log *l, uintptr_t mgmt, uint64_t t)
{
	unsigned lo = 0, hi = l->nr_mgmt;
	uint64_t until = t + SLAB_LOG_SLACK_NS;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;
		const struct slab_record *r = &l->rec[l->by_mgmt[mid]];

		if (r->mgmt < mgmt || (r->mgmt == mgmt && r->born <= until))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || l->rec[l->by_mgmt[lo - 1]].mgmt != mgmt)
		return NULL;
	return alive(&l->rec[l->by_mgmt[lo - 1]], t, SLAB_LOG_SLACK_NS) ?
		       &l->rec[l->by_mgmt[lo - 1]] :
		       NULL;
}
