/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A target as a line of text; target.h has the grammar. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/target_impl.h"

struct line {
	struct mt_target *t;
	bool shared[MT_LEVELS]; /* says by how many */
	bool base_named;
	unsigned remote;
	bool seen[8];
};

/* A number behind "name=" of @word; 0 when it is another word. */
static int word_number(const char *word, const char *name, unsigned max, unsigned *v, bool *is,
		       struct err *e)
{
	size_t n = strlen(name);

	*is = !strncmp(word, name, n) && word[n] == '=';
	return *is ? mt_parse_uint(word + n + 1, 1, max, v, e) : 0;
}

static int cache_word(struct line *l, unsigned level, const char *word, struct err *e)
{
	struct mt_cache *c = &l->t->cache[level];
	bool is;
	int r;

	r = word_number(word, "shared", 1u << 20, &c->shared_by, &is, e);
	if (is) {
		l->shared[level] = true;
		return r;
	}
	r = word_number(word, "slices", MT_CPUS, &c->slices, &is, e);
	if (is)
		return r;
	if (!strncmp(word, "lat=", 4))
		return mt_parse_number(word + 4, &c->latency, e);
	if (!strncmp(word, "outstanding=", 12))
		return mt_parse_number(word + 12, &c->outstanding, e);
	if (!strncmp(word, "per-cycle=", 10))
		return mt_parse_number(word + 10, &c->per_cycle, e);
	if (!strcmp(word, "hash"))
		c->hash = true;
	else if (!strcmp(word, "write-through"))
		c->write_through = true;
	else if (!strcmp(word, "no-write-allocate"))
		c->no_write_allocate = true;
	else if (mt_parse_policy(word, c, NULL) && mt_parse_inclusion(word, &c->inclusion, NULL))
		return err_set(e, -EINVAL,
			       "expected a policy (lru, plru, random, qlru, QLRU_Hxy_Mm_Rr_Uu), "
			       "nine, inclusive, exclusive, victim, shared=N, slices=N, hash, "
			       "lat=CYCLES, outstanding=N, per-cycle=X, write-through or "
			       "no-write-allocate, got '%.40s'",
			       word);
	return 0;
}

/* "32K/8/64:lru:shared=2" */
static int cache_item(struct line *l, unsigned level, char *text, struct err *e)
{
	struct mt_cache *c = &l->t->cache[level];
	char *word = strsep(&text, ":"), *size = strsep(&word, "/"), *ways = strsep(&word, "/");
	int r;

	if (c->size)
		return err_set(e, -EINVAL, "%s stands there twice", mt_level_names[level]);
	if (!ways || !word)
		return err_set(e, -EINVAL, "expected SIZE/WAYS/LINE such as 32K/8/64");
	r = mt_parse_size(size, &c->size, e);
	if (!r)
		r = mt_parse_uint(ways, 1, MT_WAYS, &c->ways, e);
	if (!r)
		r = mt_parse_uint(word, 4, 4096, &c->line, e);
	while (!r && (word = strsep(&text, ":")))
		r = cache_word(l, level, word, e);
	return r;
}

static int page_item(struct line *l, const char *text, struct err *e)
{
	struct mt_target *t = l->t;
	uint64_t size;

	if (mt_parse_size(text, &size, e))
		return -EINVAL;
	if (!l->base_named) {
		l->base_named = true;
		t->page[0].size = size;
		return 0;
	}
	if (t->nr_pages == MT_PAGE_SIZES)
		return err_set(e, -EINVAL, "more than %u page sizes", MT_PAGE_SIZES);
	mt_default_page(&t->page[t->nr_pages++], size);
	return 0;
}

static int tlb_item(struct line *l, bool second, const char *text, struct err *e)
{
	struct mt_page *p = &l->t->page[l->t->nr_pages - 1];
	struct mt_tlb *v = second ? &p->stlb : &p->dtlb;

	if (v->entries || (second && p->stlb_with >= 0))
		return err_set(e, -EINVAL,
			       "a TLB of this page size stands there already; "
			       "'page=SIZE' begins another");
	if (second && !strcmp(text, "shared")) {
		if (l->t->nr_pages == 1)
			return err_set(e, -EINVAL, "the base page has none to share it with");
		p->stlb_with = 0;
		return 0;
	}
	return mt_parse_tlb(text, v, e);
}

static int machine_word(struct line *l, const char *name, char *text, struct err *e)
{
	static const char *const words[] = { "cpus", "nodes", "distance", "ghz",
					     "dram", "walk",  "walks",	  "stlb-lat" };
	const unsigned nr = sizeof(words) / sizeof(words[0]);
	struct mt_target *t = l->t;
	unsigned i = 0;
	char *local;
	int r;

	while (i < nr && strcmp(words[i], name))
		i++;
	if (i == nr)
		return err_set(
			e, -EINVAL,
			"expected l1d, l2, l3, dtlb, stlb, page, cpus, nodes, distance, ghz, "
			"dram, walk, walks or stlb-lat and '=', got '%.40s'",
			name);
	if (l->seen[i])
		return err_set(e, -EINVAL, "%s stands there twice", name);
	l->seen[i] = true;
	switch (i) {
	case 0:
		return mt_parse_uint(text, 1, MT_CPUS, &t->cpus, e);
	case 1:
		return mt_parse_uint(text, 1, MT_NODES, &t->nodes, e);
	case 2:
		return mt_parse_uint(text, 10, 255, &l->remote, e);
	case 3:
		return mt_parse_number(text, &t->ghz, e);
	case 4:
		local = strsep(&text, "/");
		r = mt_parse_number(local, &t->dram_ns[0], e);
		return r || !text ? r : mt_parse_number(text, &t->dram_ns[1], e);
	case 5:
		return mt_parse_number(text, &t->walk_cycles, e);
	case 6:
		return mt_parse_number(text, &t->walks, e);
	default:
		return mt_parse_number(text, &t->stlb_cycles, e);
	}
}

static int take_item(struct line *l, char *item, struct err *e)
{
	char *text = item, *name = strsep(&text, "=");

	if (!text)
		return err_set(e, -EINVAL,
			       "expected NAME=..., such as l2=1M/8/64 or dtlb=64/4, "
			       "got '%.40s'",
			       item);
	for (unsigned i = 0; i < MT_LEVELS; i++)
		if (!strcmp(name, mt_level_names[i]))
			return cache_item(l, i, text, e);
	if (!strcmp(name, "page"))
		return page_item(l, text, e);
	if (!strcmp(name, "dtlb") || !strcmp(name, "stlb"))
		return tlb_item(l, *name == 's', text, e);
	return machine_word(l, name, text, e);
}

static int finish(struct line *l, struct err *e)
{
	struct mt_target *t = l->t;

	strcpy(t->name, "inline");
	mt_complete(t);
	for (unsigned i = 0; i < t->nr_levels; i++)
		if (!l->shared[i] && i && i == t->nr_levels - 1)
			t->cache[i].shared_by = t->cpus;
		else if (t->cache[i].shared_by > t->cpus)
			t->cache[i].shared_by = t->cpus;
	mt_default_nodes(t, l->remote);
	return mt_check(t, e);
}

int mt_read_line(struct mt_target *t, const char *text, struct err *e)
{
	struct line l = { .t = t };
	char *copy = strdup(text), *s = copy, *item;
	int r = 0;

	if (!copy)
		return err_set(e, -ENOMEM, "out of memory");
	mt_init(t);
	mt_default_page(&t->page[t->nr_pages++], 4096);
	while (!r && (item = strsep(&s, ","))) {
		size_t column = (size_t)(item - copy) + 1;

		r = take_item(&l, item, e);
		if (r)
			err_prefix(e, r, "target: column %zu", column);
	}
	if (!r) {
		r = finish(&l, e);
		if (r)
			err_prefix(e, r, "target '%.100s'", text);
	}
	free(copy);
	return r;
}
