/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose memory missed: see who.h. */
#include "collectors/model/who.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/who_map.h"

const char *const who_names[] = { "object", "header",  "index", "array",    "shared", "alien",
				  "head",   "pagemap", "meta",	"workload", "other",  NULL };
_Static_assert(sizeof(who_names) / sizeof(who_names[0]) == WHO_NR + 1, "one name per structure");

#define NOTE_BYTES 64 /* the engine's pieces begin at a multiple of twice that */

struct who_slab {
	uintptr_t page, s_mem, mgmt;
	uint32_t bytes, stride, num;
	uint32_t header, slab_size, obj_offset;
	uint32_t cache;
};

/* Misses at a line of memory that is in no slab. */
struct note {
	uint64_t misses[SIM_LEVELS];
};

struct who {
	struct kmem_watch watch; /* first */
	struct kmem_system *system;
	unsigned page_shift, line;
	bool lost;	      /* no memory for a slab or a note */
	struct who_map pages; /* page number -> slab + 1 */
	struct who_map mgmt;  /* management in another cache's object -> header << 32 | all bytes */
	struct who_map notes; /* line number -> note + 1 */
	struct who_slab *slab;
	size_t nr_slabs, cap_slabs;
	uint32_t *spare; /* slabs that went away */
	size_t nr_spare, cap_spare;
	struct note *note;
	size_t nr_notes, cap_notes;
	struct who_counts count;
};

/* Room for one more in an array of @cap elements; 0 or -ENOMEM. */
static int room(void *array, size_t nr, size_t *cap, size_t size)
{
	size_t n = *cap ? *cap * 2 : 64;
	void *p, *grown;

	if (nr < *cap)
		return 0;
	memcpy(&p, array, sizeof(p));
	grown = realloc(p, n * size);
	if (!grown)
		return -ENOMEM; /* the old one is still in the array */
	memcpy(array, &grown, sizeof(grown));
	*cap = n;
	/* cppcheck-suppress memleak ; the array has it */
	return 0;
}

/* ---- slabs ---- */

static uint32_t cache_of(struct who *w, const struct kmem_cache *c)
{
	struct who_counts *n = &w->count;
	unsigned i = 0;

	while (i < n->nr_caches && n->cache[i].cache != c)
		i++;
	if (i == WHO_CACHES)
		return WHO_CACHES - 1;
	if (i == n->nr_caches) {
		struct who_cache *new = &n->cache[n->nr_caches++];

		memset(new, 0, sizeof(*new));
		new->cache = c;
		snprintf(new->name, sizeof(new->name), "%s", kmem_cache_name(c));
	}
	return i;
}

static int map_slab(struct who *w, const struct who_slab *s, uint64_t value)
{
	int err = 0;

	for (uintptr_t at = s->page; at < s->page + s->bytes && !err;
	     at += (uintptr_t)1 << w->page_shift)
		err = who_map_set(&w->pages, at >> w->page_shift, value);
	if (!err && s->mgmt && (s->mgmt < s->page || s->mgmt >= s->page + s->bytes))
		err = who_map_set(&w->mgmt, s->mgmt,
				  value ? (uint64_t)s->header << 32 | s->slab_size : 0);
	return err;
}

static void forget_slab(struct who *w, const void *page)
{
	uint64_t at = who_map_get(&w->pages, (uintptr_t)page >> w->page_shift);

	if (!at)
		return;
	if (map_slab(w, &w->slab[at - 1], 0) ||
	    room(&w->spare, w->nr_spare, &w->cap_spare, sizeof(*w->spare)))
		w->lost = true;
	else
		w->spare[w->nr_spare++] = (uint32_t)(at - 1);
}

static void learn_slab(struct who *w, const struct kmem_cache *c, const struct kmem_slab_view *v)
{
	const struct slab_geometry *g = v->geometry;
	size_t i = w->nr_slabs;

	forget_slab(w, v->page); /* told twice */
	if (w->nr_spare)
		i = w->spare[--w->nr_spare];
	else if (room(&w->slab, w->nr_slabs, &w->cap_slabs, sizeof(*w->slab)))
		goto lost;
	else
		w->nr_slabs++;
	w->slab[i] = (struct who_slab){
		.page = (uintptr_t)v->page,
		.s_mem = (uintptr_t)v->s_mem,
		.mgmt = (uintptr_t)v->mgmt,
		.bytes = (uint32_t)v->bytes,
		.stride = g->size,
		.num = g->num,
		.header = g->header_bytes,
		.slab_size = g->slab_size,
		.obj_offset = g->obj_offset,
		.cache = cache_of(w, c),
	};
	if (!map_slab(w, &w->slab[i], i + 1))
		return;
lost:
	w->lost = true;
}

static void told(struct kmem_watch *watch, enum kmem_watch_event event, struct kmem_cache *c,
		 const struct kmem_slab_view *v)
{
	struct who *w = (struct who *)watch;
	unsigned was = model_pause();

	if (event == KMEM_WATCH_FREED)
		forget_slab(w, v->page);
	else /* PAGES, too: what growing touches is the slab's already */
		learn_slab(w, c, v);
	model_resume(was);
}

struct asking {
	struct who *w;
	struct kmem_cache *cache;
};

static void ask_slab(const struct kmem_slab_view *v, void *arg)
{
	const struct asking *a = arg;

	learn_slab(a->w, a->cache, v);
}

struct cache_list {
	struct kmem_cache **cache;
	size_t nr, cap;
	int error;
};

static void list_cache(struct kmem_cache *c, void *arg)
{
	struct cache_list *l = arg;

	if (!l->error)
		l->error = room(&l->cache, l->nr, &l->cap, sizeof(struct kmem_cache *));
	if (!l->error)
		l->cache[l->nr++] = c;
}

int who_watch(struct who *w, struct err *e)
{
	struct cache_list l = { NULL, 0, 0, 0 };

	if (!w->system)
		return 0;
	kmem_system_watch(w->system, &w->watch);
	kmem_for_each_cache(w->system, list_cache, &l);
	for (size_t i = 0; i < l.nr && !l.error; i++) {
		struct asking a = { w, l.cache[i] };

		kmem_for_each_slab(l.cache[i], ask_slab, &a);
	}
	free(l.cache);
	if (l.error || w->lost)
		return err_set(e, -ENOMEM, "no memory for the map of slabs");
	return 0;
}

/* ---- misses ---- */

static enum who_part in_management(uintptr_t off, uint32_t header)
{
	return off < header ? WHO_HEADER : WHO_INDEX;
}

/* @addr is in @s; *line: of an object, its line. */
static enum who_part in_slab(const struct who *w, const struct who_slab *s, uintptr_t addr,
			     unsigned *line)
{
	uintptr_t off, in;
	uint64_t off_slab;

	if (s->mgmt && addr - s->mgmt < s->slab_size)
		return in_management(addr - s->mgmt, s->header);
	off = addr - s->s_mem;
	if (addr < s->s_mem || off / s->stride >= s->num)
		return WHO_OTHER;
	in = off % s->stride;
	off_slab = who_map_get(&w->mgmt, addr - in + s->obj_offset);
	if (off_slab && in >= s->obj_offset && in - s->obj_offset < (uint32_t)off_slab)
		return in_management(in - s->obj_offset, (uint32_t)(off_slab >> 32));
	*line = (unsigned)(in / w->line);
	return WHO_OBJECT;
}

static void note_miss(struct who *w, enum sim_level level, uint64_t addr)
{
	uint64_t key = addr / NOTE_BYTES, at = who_map_get(&w->notes, key);

	if (!at) {
		if (room(&w->note, w->nr_notes, &w->cap_notes, sizeof(*w->note)) ||
		    who_map_set(&w->notes, key, w->nr_notes + 1)) {
			w->lost = true;
			return;
		}
		memset(&w->note[w->nr_notes++], 0, sizeof(*w->note));
		at = w->nr_notes;
	}
	w->note[at - 1].misses[level]++;
}

void who_miss(void *arg, enum sim_level level, unsigned cpu, uint64_t addr, bool write,
	      enum sim_kind kind)
{
	struct who *w = arg;
	struct who_counts *n = &w->count;
	uint64_t at = who_map_get(&w->pages, addr >> w->page_shift);
	const struct who_slab *s;
	unsigned line = 0;
	enum who_part part;

	(void)cpu;
	(void)write;
	(void)kind;
	n->op[level][model_state.op < MODEL_OPS ? model_state.op : MODEL_OTHER]++;
	if (!at) {
		note_miss(w, level, addr);
		return;
	}
	s = &w->slab[at - 1];
	part = in_slab(w, s, addr, &line);
	n->part[level][part]++;
	if (part == WHO_OTHER && level == SIM_L1D)
		n->hidden++;
	if (part < WHO_IN_SLAB && level == SIM_L1D)
		n->set[part][addr / w->line % n->sets]++;
	if (part != WHO_OBJECT)
		return;
	n->cache[s->cache].misses[level]++;
	n->cache[s->cache].line[level][line < WHO_LINES ? line : WHO_LINES - 1]++;
}

/* ---- afterwards ---- */

struct piece {
	uintptr_t addr;
	size_t bytes;
	enum who_part part;
};

struct pieces {
	struct piece *piece;
	size_t nr, cap;
	int error;
};

static void take_piece(enum kmem_part part, const void *addr, size_t bytes, void *arg)
{
	static const enum who_part parts[] = {
		[KMEM_PART_HEAD] = WHO_HEAD,   [KMEM_PART_NODE] = WHO_HEAD,
		[KMEM_PART_ARRAY] = WHO_ARRAY, [KMEM_PART_SHARED] = WHO_SHARED,
		[KMEM_PART_ALIEN] = WHO_ALIEN,
	};
	struct pieces *p = arg;

	if (!p->error)
		p->error = room(&p->piece, p->nr, &p->cap, sizeof(*p->piece));
	if (!p->error)
		p->piece[p->nr++] = (struct piece){ (uintptr_t)addr, bytes, parts[part] };
}

static int by_addr(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Where the memory of the program itself is: code and data, this thread's stack and those of the
 * workers, the thread's own variables. */
static bool is_program(uintptr_t addr)
{
	extern char __executable_start[], _end[];
	uintptr_t stack = (uintptr_t)__builtin_frame_address(0), tls = (uintptr_t)&kmem_tls_slot;
	const uintptr_t stack_bytes = 8u << 20, tls_bytes = 16u << 10;

	return addr - (uintptr_t)__executable_start <
		       (uintptr_t)_end - (uintptr_t)__executable_start ||
	       addr - (stack - stack_bytes) < 2 * stack_bytes ||
	       addr - model_state.stacks < model_state.stacks_bytes ||
	       addr - (tls - tls_bytes) < 2 * tls_bytes;
}

static enum who_part part_of(const struct who *w, const struct pieces *p, uintptr_t addr)
{
	size_t low = 0, high = p->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		/* a piece counts for all of the last line that it has a part of */
		if (addr < p->piece[mid].addr / NOTE_BYTES * NOTE_BYTES)
			high = mid;
		else if (addr >= p->piece[mid].addr + p->piece[mid].bytes)
			low = mid + 1;
		else
			return p->piece[mid].part;
	}
	switch (w->system ? kmem_system_where(w->system, (const void *)addr) : KMEM_ELSEWHERE) {
	case KMEM_IN_ACCOUNT:
		return WHO_PAGEMAP;
	case KMEM_IN_META:
		return WHO_META;
	case KMEM_IN_PAGES:
		return WHO_OTHER;
	default:
		return is_program(addr) ? WHO_OTHER : WHO_WORKLOAD;
	}
}

int who_settle(struct who *w, struct err *e)
{
	struct cache_list l = { NULL, 0, 0, 0 };
	struct pieces p = { NULL, 0, 0, 0 };
	uint64_t key, at;
	size_t i;

	if (w->system)
		kmem_for_each_cache(w->system, list_cache, &l);
	p.error = l.error;
	for (i = 0; i < l.nr && !p.error; i++)
		kmem_for_each_part(l.cache[i], take_piece, &p);
	if (!p.error && p.nr)
		qsort(p.piece, p.nr, sizeof(*p.piece), by_addr);
	for (i = 0; !p.error && who_map_next(&w->notes, &i, &key, &at);) {
		struct note *n = &w->note[at - 1];
		enum who_part part = part_of(w, &p, (uintptr_t)key * NOTE_BYTES);

		for (unsigned level = 0; level < SIM_LEVELS; level++)
			w->count.part[level][part] += n->misses[level];
		memset(n, 0, sizeof(*n));
	}
	free(l.cache);
	free(p.piece);
	if (p.error || w->lost)
		return err_set(e, -ENOMEM, "no memory to tell whose memory missed");
	return 0;
}

/* ---- the whole ---- */

int who_create(struct who **out, struct kmem_system *s, unsigned page_size, unsigned line,
	       unsigned sets, struct err *e)
{
	struct who *w = calloc(1, sizeof(*w));

	if (!w)
		return err_set(e, -ENOMEM, "no memory");
	w->watch.slab = told;
	w->system = s;
	w->page_shift = (unsigned)__builtin_ctz(page_size);
	w->line = line;
	w->count.sets = sets;
	*out = w;
	for (unsigned i = 0; i < WHO_IN_SLAB; i++) {
		w->count.set[i] = calloc(sets, sizeof(*w->count.set[i]));
		if (!w->count.set[i])
			return err_set(e, -ENOMEM, "no memory for %u sets", sets);
	}
	return 0;
}

void who_destroy(struct who *w)
{
	if (!w)
		return;
	if (w->system)
		kmem_system_watch(w->system, NULL);
	who_map_release(&w->pages);
	who_map_release(&w->mgmt);
	who_map_release(&w->notes);
	for (unsigned i = 0; i < WHO_IN_SLAB; i++)
		free(w->count.set[i]);
	free(w->slab);
	free(w->spare);
	free(w->note);
	free(w);
}

void who_reset(struct who *w)
{
	struct who_counts *n = &w->count;

	memset(n->part, 0, sizeof(n->part));
	memset(n->op, 0, sizeof(n->op));
	n->hidden = 0;
	for (unsigned i = 0; i < WHO_IN_SLAB; i++)
		memset(n->set[i], 0, n->sets * sizeof(*n->set[i]));
	for (unsigned i = 0; i < n->nr_caches; i++) {
		memset(n->cache[i].misses, 0, sizeof(n->cache[i].misses));
		memset(n->cache[i].line, 0, sizeof(n->cache[i].line));
	}
	if (w->nr_notes)
		memset(w->note, 0, w->nr_notes * sizeof(*w->note));
}

const struct who_counts *who_counts(const struct who *w)
{
	return &w->count;
}
