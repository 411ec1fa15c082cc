/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every invariant, by looking at every word of every cache: slow, for tests and for doubts.
 *
 *	a set has a line at most once, in the set that is its own, of a page that is there; LRU: empty ways last
 *	the directory says exactly what the caches hold
 *	a core that may write is the owner, and nobody outside its path has the line
 *	a dirty line has an owner, or is said to be dirty below
 *	inclusive levels have what is above; exclusive ones what is not
 *	what was the last of its set, and could be done again without a change, is in front there
 *	misses of the last level are fills from memory and other caches
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/sim_impl.h"

struct walk {
	const struct sim *s;
	uint64_t *held; /* as the directory should be */
	struct err *e;
};

static int broken(const struct walk *w, unsigned level, unsigned nr, uint32_t lid, const char *what)
{
	return err_set(w->e, -EILSEQ, "%s %u: line %u (%#llx): %s", sim_level_names[level], nr, lid,
		       (unsigned long long)(w->s->frames.page[lid >> w->s->lines_shift].page
					    << w->s->page_shift),
		       what);
}

static int check_set(struct walk *w, unsigned level, unsigned nr, unsigned set)
{
	const struct sim *s = w->s;
	const struct level *l = &s->inst[level][nr].l;
	const uint32_t *row = l->row + (size_t)set * l->stride;
	bool empty = false;

	for (unsigned i = 0; i < l->ways; i++) {
		uint32_t lid = level_id(row[i]) << s->conf[level].shift, dense;

		if (row[i] == LEVEL_EMPTY) {
			empty = true;
			continue;
		}
		dense = lid >> s->lines_shift;
		if (dense >= s->frames.map.nr ||
		    frames_find(&s->frames, s->frames.page[dense].page) != dense)
			return err_set(w->e, -EILSEQ, "%s %u: a line of page %u, which is not",
				       sim_level_names[level], nr, dense);
		if (empty && l->policy == MT_LRU)
			return broken(w, level, nr, lid, "an empty way in front of it");
		if (sim_set_worked_out(s, level, lid) != set)
			return broken(w, level, nr, lid, "it is in another line's set");
		for (unsigned j = 0; j < i; j++)
			if (((row[i] ^ row[j]) & ~LEVEL_FLAGS) == 0)
				return broken(w, level, nr, lid, "it is there twice");
		if (level && row[i] & LEVEL_OWN)
			return broken(w, level, nr, lid, "a flag of L1");
		if (s->mesi) {
			unsigned bit = s->conf[level].bit + nr;
			size_t at = (size_t)(lid >> s->unit) * (s->words + 1) + bit / 64;

			w->held[at] |= UINT64_C(1) << bit % 64;
		}
	}
	return 0;
}

static bool holds(const struct sim *s, unsigned level, unsigned nr, uint32_t lid)
{
	return level_find(&s->inst[level][nr].l, sim_set_of(s, level, lid), sim_tag(s, level, lid));
}

static int check_inclusion(struct walk *w, unsigned level, unsigned nr, uint32_t lid)
{
	const struct sim *s = w->s;

	for (unsigned j = level + 1; j < s->nr_levels; j++) {
		unsigned below = nr * s->conf[level].shared / s->conf[j].shared;

		if (s->conf[j].inclusion == MT_INCLUSIVE && !holds(s, j, below, lid))
			return broken(w, level, nr, lid, "an inclusive level below has it not");
		if (j == level + 1 && s->conf[j].inclusion == MT_EXCLUSIVE &&
		    holds(s, j, below, lid))
			return broken(w, level, nr, lid, "an exclusive level below has it too");
	}
	return 0;
}

static int check_rights(struct walk *w, unsigned level, unsigned nr, uint32_t lid, uint32_t word)
{
	const struct sim *s = w->s;
	const uint64_t *d = sim_dir(s, lid);
	uint64_t others = 0;

	if (word & LEVEL_OWN) {
		for (unsigned i = 0; i < s->words; i++)
			others |= d[i] & ~s->core[nr].path[i];
		if (others)
			return broken(w, level, nr, lid, "its owner is not alone with it");
		if ((d[s->words] & SIM_OWNER) != nr + 1)
			return broken(w, level, nr, lid, "it may be written by two");
	}
	if (word & LEVEL_DIRTY && !d[s->words])
		return broken(w, level, nr, lid,
			      "it is dirty, and the directory knows nothing of it");
	if (word & LEVEL_DIRTY && !level && !(word & LEVEL_OWN) && !(d[s->words] & SIM_LOWER))
		return broken(w, level, nr, lid, "it is dirty in L1 and shared");
	return 0;
}

static int each_word(struct walk *w, unsigned level, unsigned nr)
{
	const struct sim *s = w->s;
	const struct level *l = &s->inst[level][nr].l;

	for (unsigned set = 0; set < l->sets; set++) {
		for (unsigned i = 0; i < l->ways; i++) {
			uint32_t word = l->row[(size_t)set * l->stride + i];
			uint32_t lid = level_id(word) << s->conf[level].shift;
			int rc;

			if (word == LEVEL_EMPTY)
				continue;
			rc = check_inclusion(w, level, nr, lid);
			if (!rc && s->mesi)
				rc = check_rights(w, level, nr, lid, word);
			if (rc)
				return rc;
		}
	}
	return 0;
}

static int check_directory(const struct walk *w)
{
	const struct sim *s = w->s;
	size_t stride = s->words + 1;

	for (size_t i = 0; i < s->dir_room; i++)
		if (i % stride != s->words && s->dir[i] != w->held[i])
			return err_set(w->e, -EILSEQ,
				       "directory entry %zu, word %zu: %#llx, the caches say %#llx",
				       i / stride, i % stride, (unsigned long long)s->dir[i],
				       (unsigned long long)w->held[i]);
	return 0;
}

/* What sim_again() goes by. */
static int check_last(const struct walk *w, const struct sim_core *k)
{
	const struct sim *s = w->s;
	const struct level *l = &k->inst[0]->l;

	for (uint64_t i = 0; k->seen && i <= k->last_mask; i++) {
		uint64_t line = k->last[i] >> 1;
		uint32_t dense = frames_find(&s->frames, line >> s->lines_shift), lid, *at;

		if (k->last[i] == SIM_NONE)
			continue;
		if (dense == FRAMES_NONE)
			return err_set(w->e, -EILSEQ, "core %u: its last line's page is not there",
				       k->id);
		lid = dense << s->lines_shift | ((uint32_t)line & s->lines_mask);
		at = level_find(l, sim_set_of(s, 0, lid), level_word(lid, 0));
		if (!at || (l->policy == MT_LRU && (size_t)(at - l->row) % l->stride))
			return broken(w, 0, k->id, lid, "not in front, but was the last");
		if (k->last[i] & 1 && ~*at & (LEVEL_OWN | LEVEL_DIRTY))
			return broken(w, 0, k->id, lid, "not dirty, but was stored to last");
	}
	for (uint64_t i = 0; k->seen && i <= k->last_page_mask; i++)
		if (k->last_page[i] != SIM_NONE &&
		    frames_find(&s->frames, k->last_page[i]) == FRAMES_NONE)
			return err_set(w->e, -EILSEQ, "core %u: its last page is not there", k->id);
	return 0;
}

static int check_fills(const struct walk *w)
{
	struct sim_counts n;
	uint64_t traffic = 0;

	sim_counts(w->s, -1, &n);
	for (unsigned i = 0; i < MT_NODES; i++)
		for (unsigned j = 0; j < MT_NODES; j++)
			traffic += w->s->traffic[i][j];
	if (n.misses[w->s->nr_levels - 1] != n.local + n.remote + n.cache_local + n.cache_remote)
		return err_set(w->e, -EILSEQ, "misses of the last level are not the fills");
	if (traffic != n.local + n.remote)
		return err_set(w->e, -EILSEQ, "the matrix is not the fills from memory");
	return 0;
}

int sim_check(const struct sim *s, struct err *e)
{
	struct walk w = { .s = s, .e = e };
	int rc = s->failed ? err_set(e, s->failed, "the model ran out of memory or lines") : 0;

	sim_settle(s);
	w.held = calloc(s->dir_room ? s->dir_room : 1, sizeof(*w.held));
	if (!w.held)
		return err_set(e, -ENOMEM, "no memory to check with");
	for (unsigned j = 0; j < s->nr_levels && !rc; j++)
		for (unsigned x = 0; x < s->conf[j].nr && !rc; x++)
			for (unsigned set = 0; set < s->inst[j][x].l.sets && !rc; set++)
				rc = check_set(&w, j, x, set);
	if (!rc)
		rc = check_directory(&w);
	for (unsigned j = 0; j < s->nr_levels && !rc; j++)
		for (unsigned x = 0; x < s->conf[j].nr && !rc; x++)
			rc = each_word(&w, j, x);
	for (unsigned i = 0; i < s->nr_cores && !rc; i++)
		rc = check_last(&w, &s->core[i]);
	if (!rc)
		rc = check_fills(&w);
	free(w.held);
	return rc;
}
