/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The modelled machine: made of a target, and taken apart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/model/sim_impl.h"

static int no_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "no memory for the modelled machine");
}

static bool power_of_two(uint64_t n)
{
	return n && !(n & (n - 1));
}

/* ---- is it a machine that can be modelled ---- */

static int check_level(const struct mt_target *t, unsigned i, struct err *e)
{
	const struct mt_cache *c = &t->cache[i], *above = i ? c - 1 : NULL;
	const char *name = sim_level_names[i];
	bool by_eviction = c->inclusion == MT_EXCLUSIVE || c->inclusion == MT_VICTIM;

	if (!c->sets || !c->ways || c->ways > MT_WAYS || !c->slices)
		return err_set(e, -EINVAL, "%s: %s: %u sets, %u ways, %u slices", t->name, name,
			       c->sets, c->ways, c->slices);
	if (!power_of_two(c->line) || c->line > t->page[0].size || (above && c->line < above->line))
		return err_set(e, -EINVAL,
			       "%s: %s: a line of %u bytes: powers of two are modelled, up to a "
			       "page, and no smaller than those of the level above",
			       t->name, name, c->line);
	if (!c->shared_by || t->cpus % c->shared_by || (above && c->shared_by % above->shared_by))
		return err_set(e, -EINVAL,
			       "%s: %s: shared by %u CPUs, which does not divide the machine's %u "
			       "or is no multiple of the level above",
			       t->name, name, c->shared_by, t->cpus);
	if (!above)
		return 0;
	if (by_eviction && (c->line != above->line || above->write_through ||
			    above->no_write_allocate || c->write_through))
		return err_set(e, -EINVAL,
			       "%s: %s: an exclusive or victim level takes lines of the same size "
			       "from a level that writes back and allocates on stores",
			       t->name, name);
	if (c->inclusion == MT_INCLUSIVE && c->no_write_allocate && !above->no_write_allocate)
		return err_set(e, -EINVAL,
			       "%s: %s: inclusive of a level that allocates on stores, and does "
			       "not itself",
			       t->name, name);
	return 0;
}

static int check_target(const struct mt_target *t, struct err *e)
{
	if (!t->cpus || t->cpus > MT_CPUS || !t->nodes || t->nodes > MT_NODES || !t->nr_pages ||
	    !t->nr_levels || t->nr_levels > MT_LEVELS)
		return err_set(e, -EINVAL, "%s: %u CPUs, %u nodes, %u levels, %u page sizes",
			       t->name, t->cpus, t->nodes, t->nr_levels, t->nr_pages);
	for (unsigned i = 0; i < t->cpus; i++)
		if (t->node_of[i] >= t->nodes)
			return err_set(e, -EINVAL, "%s: CPU %u is on node %u of %u", t->name, i,
				       t->node_of[i], t->nodes);
	for (unsigned i = 0; i < t->nr_levels; i++) {
		int rc = check_level(t, i, e);

		if (rc)
			return rc;
	}
	return 0;
}

/* ---- caches ---- */

/* A stream of its own for each instance. */
uint64_t sim_seed(uint64_t seed, unsigned level, unsigned nr)
{
	uint64_t state = seed ^ ((uint64_t)(level + 1) << 32 | nr);

	return rng_splitmix64(&state);
}

static void make_conf(struct sim *s, unsigned i)
{
	const struct mt_cache *c = &s->t.cache[i];
	struct sim_conf *f = &s->conf[i];

	f->shift = (unsigned)(__builtin_ctz(c->line) - __builtin_ctz(s->t.cache[0].line));
	f->sets = c->sets;
	f->slices = c->slices;
	f->total = c->sets * c->slices;
	f->hash = c->hash && c->slices > 1;
	if (f->hash && power_of_two(c->slices))
		f->slice_bits = (unsigned)__builtin_ctz(c->slices);
	f->mask = !f->hash && power_of_two(f->total) && f->total > 1 ? f->total - 1 : 0;
	f->inclusion = i ? c->inclusion : MT_NINE;
	f->by_eviction = i && (c->inclusion == MT_EXCLUSIVE || c->inclusion == MT_VICTIM);
	f->wt = c->write_through;
	f->nwa = c->no_write_allocate;
	f->shared = c->shared_by;
	f->nr = s->t.cpus / c->shared_by;
	if (f->shift > s->unit)
		s->unit = f->shift;
}

#define MOST_LINES 4096u /* of a page, to keep what is known of each */

static int make_sets(struct sim *s, unsigned i, struct err *e)
{
	struct sim_conf *f = &s->conf[i];

	if (!i || s->lines_mask >= MOST_LINES || !power_of_two(f->sets) ||
	    (f->hash ? !f->slice_bits : !power_of_two(f->total)))
		return 0;
	f->of_line = calloc(s->lines_mask + 1, sizeof(*f->of_line));
	if (!f->of_line)
		return no_memory(e);
	for (uint32_t j = 0; j <= s->lines_mask; j++)
		f->of_line[j] = sim_set(f, j >> f->shift);
	return 0;
}

static int make_level(struct sim *s, unsigned i, struct err *e)
{
	const struct mt_cache *c = &s->t.cache[i];
	const struct sim_conf *f = &s->conf[i];

	s->inst[i] = calloc(f->nr, sizeof(*s->inst[i]));
	if (!s->inst[i])
		return no_memory(e);
	for (unsigned x = 0; x < f->nr; x++) {
		struct sim_inst *in = &s->inst[i][x];
		int rc = level_init(&in->l, f->total, c->ways, c->policy, &c->qlru,
				    sim_seed(s->o.seed, i, x), e);

		if (rc)
			return err_prefix(e, rc, "%s: %s: ", s->t.name, sim_level_names[i]);
		in->node = s->t.node_of[x * f->shared];
		if (s->o.kinds && sim_twin_init(&in->twin, (uint64_t)f->total * c->ways))
			return no_memory(e);
	}
	return 0;
}

/* ---- TLBs ---- */

/* The page size that translations are of: 2 MiB where frames are, if the target says anything of such pages. */
static const struct mt_page *page_of(struct sim *s)
{
	const struct mt_target *t = &s->t;

	if (s->frames.huge_shift)
		for (unsigned i = 1; i < t->nr_pages; i++)
			if (t->page[i].size == UINT64_C(2) << 20 ||
			    t->page[i].size == UINT64_C(4) << 20) {
				s->huge_tlb = true;
				return &t->page[i];
			}
	return &t->page[0];
}

static const struct mt_tlb *stlb_of(const struct sim *s, const struct mt_page *p)
{
	if (p->stlb_with >= 0 && (unsigned)p->stlb_with < s->t.nr_pages)
		p = &s->t.page[p->stlb_with];
	return &p->stlb;
}

static int make_tlb(struct sim *s, struct sim_tlb *t, const struct mt_tlb *of, unsigned *sets,
		    struct err *e)
{
	int rc = 0;

	if (!of->entries)
		return 0;
	if (!of->ways || of->entries % of->ways)
		return err_set(e, -EINVAL, "%s: a TLB of %u entries in %u ways", s->t.name,
			       of->entries, of->ways);
	*sets = of->entries / of->ways;
	t->any = *sets == 1 && of->ways > 16;
	if (t->any)
		rc = fa_init(&t->fa, of->entries) ? no_memory(e) : 0;
	else
		rc = level_init(&t->l, *sets, of->ways, MT_LRU, NULL, 0, e);
	if (!rc && s->o.kinds && !t->any && sim_twin_init(&t->twin, of->entries))
		rc = no_memory(e);
	return rc;
}

int sim_make_room(struct sim *s, struct sim_core *k)
{
	unsigned pages = s->alone != k && s->nr_cores > 8 ? SIM_TRANSLATIONS_EACH :
							    SIM_TRANSLATIONS;

	if (k->seen)
		return 0;
	if (!k->last)
		k->last = level_alloc((k->last_mask + 1) * sizeof(*k->last));
	if (!k->last_page)
		k->last_page = level_alloc((k->last_page_mask + 1) * sizeof(*k->last_page));
	if (k->last && k->last_page)
		k->seen = level_alloc(pages * sizeof(*k->seen));
	if (!k->seen)
		return -ENOMEM;
	memset(k->last, 0xff, (k->last_mask + 1) * sizeof(*k->last));
	memset(k->last_page, 0xff, (k->last_page_mask + 1) * sizeof(*k->last_page));
	for (unsigned i = 0; i < pages; i++)
		k->seen[i].page = SIM_NONE;
	k->seen_mask = pages - 1;
	return 0;
}

static int make_core(struct sim *s, unsigned id, const struct mt_page *p, struct err *e)
{
	struct sim_core *k = &s->core[id];
	unsigned cpu = id * s->conf[0].shared;
	int rc;

	k->id = id;
	k->node = s->t.node_of[cpu];
	k->path = s->masks + (size_t)id * s->words;
	for (unsigned i = 0; i < s->nr_levels; i++) {
		unsigned bit;

		k->nr[i] = cpu / s->conf[i].shared;
		k->inst[i] = &s->inst[i][k->nr[i]];
		bit = s->conf[i].bit + k->nr[i];
		k->path[bit / 64] |= UINT64_C(1) << bit % 64;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every target has an L1 */
	k->l1 = k->inst[0]->l.row;
	k->l1_last = UINT32_C(1) << (k->inst[0]->l.ways - 1) % 32;
	rc = make_tlb(s, &k->dtlb, &p->dtlb, &s->dtlb_sets, e);
	/* of many pages in one order another page is mostly the last */
	k->last_mask = s->watched || k->dtlb.any ? 0 : s->conf[0].mask;
	if (!s->watched && !s->huge_tlb && power_of_two(s->dtlb_sets))
		k->last_page_mask = s->dtlb_sets - 1;
	return rc ? rc : make_tlb(s, &k->stlb, stlb_of(s, p), &s->stlb_sets, e);
}

/* ---- all of it ---- */

static int make_directory(struct sim *s, struct err *e)
{
	for (unsigned i = 0; i < s->nr_levels; i++) {
		s->conf[i].bit = s->bits;
		s->bits += s->conf[i].nr;
	}
	s->words = (s->bits + 63) / 64;
	s->masks = calloc((size_t)s->nr_cores * s->words, sizeof(*s->masks));
	s->bit_level = calloc(s->bits, sizeof(*s->bit_level));
	s->bit_inst = calloc(s->bits, sizeof(*s->bit_inst));
	if (!s->masks || !s->bit_level || !s->bit_inst)
		return no_memory(e);
	for (unsigned i = 0; i < s->nr_levels; i++)
		for (unsigned x = 0; x < s->conf[i].nr; x++) {
			s->bit_level[s->conf[i].bit + x] = (uint8_t)i;
			s->bit_inst[s->conf[i].bit + x] = (uint16_t)x;
		}
	return 0;
}

static int make_histograms(struct sim *s, struct err *e)
{
	for (unsigned i = 0; i < SIM_LEVELS; i++) {
		unsigned sets = i < s->nr_levels ? s->conf[i].total :
				i == SIM_DTLB	 ? s->dtlb_sets :
				i == SIM_STLB	 ? s->stlb_sets :
						   0;

		s->hist_sets[i] = sets;
		if (!s->o.sets || !sets)
			continue;
		for (unsigned j = 0; j < 2; j++) {
			s->hist[i][j] = calloc(sets, sizeof(uint64_t));
			if (!s->hist[i][j])
				return no_memory(e);
		}
	}
	return 0;
}

static int make_cpus(struct sim *s, struct err *e)
{
	const struct mt_page *p = page_of(s);

	s->core = calloc(s->nr_cores, sizeof(*s->core));
	s->cpu = calloc(s->nr_cpus, sizeof(*s->cpu));
	if (!s->core || !s->cpu)
		return no_memory(e);
	for (unsigned i = 0; i < s->nr_cores; i++) {
		int rc = make_core(s, i, p, e);

		if (rc)
			return rc;
	}
	s->dtlb = s->dtlb_sets;
	s->stlb = s->stlb_sets;
	if (s->dtlb_sets > 1 && power_of_two(s->dtlb_sets) && p->dtlb.ways <= 8 && !s->huge_tlb)
		s->tlb_mask = s->dtlb_sets - 1;
	for (unsigned i = 0; i < s->nr_cpus; i++)
		s->cpu[i] = (struct sim_cpu){ .core = &s->core[i / s->conf[0].shared],
					      .access = sim_arrive,
					      .again = { &s->never, 0, &s->never, 0, 0 },
					      .id = i,
					      .node = s->t.node_of[i] };
	return 0;
}

/* While a core is alone: nothing that happens below can change L1, and nobody is told of each miss. */
static bool can_wait(const struct sim *s)
{
	if (s->o.general || s->noting || s->wt || s->conf[0].nwa || s->nr_levels < 2 ||
	    s->conf[1].by_eviction)
		return false;
	for (unsigned i = 1; i < s->nr_levels; i++)
		if (s->conf[i].inclusion == MT_INCLUSIVE)
			return false;
	return true;
}

static int make(struct sim *s, struct err *e)
{
	int rc = check_target(&s->t, e);

	if (rc)
		return rc;
	rc = frames_init(&s->frames, &s->o, s->t.page[0].size, s->t.nodes, e);
	if (rc)
		return rc;
	s->nr_levels = s->t.nr_levels;
	s->nr_cpus = s->t.cpus;
	s->line_shift = (unsigned)__builtin_ctz(s->t.cache[0].line);
	s->page_shift = (unsigned)__builtin_ctzll(s->t.page[0].size);
	s->lines_shift = s->page_shift - s->line_shift;
	s->lines_mask = (UINT32_C(1) << s->lines_shift) - 1;
	for (unsigned i = 0; i < s->nr_levels; i++)
		make_conf(s, i);
	s->nr_cores = s->conf[0].nr;
	s->wt = s->conf[0].wt;
	s->store_flags = LEVEL_OWN | (s->wt ? 0 : LEVEL_DIRTY);
	s->watched = s->o.kinds || s->o.sets;
	s->noting = s->watched || s->o.miss;
	for (unsigned i = 0; i < s->nr_levels && !rc; i++)
		rc = make_level(s, i, e);
	for (unsigned i = 0; i < s->nr_levels && !rc; i++)
		rc = make_sets(s, i, e);
	if (!rc)
		rc = make_directory(s, e);
	if (!rc)
		rc = make_cpus(s, e);
	if (!rc)
		rc = make_histograms(s, e);
	s->queued = can_wait(s);
	return rc;
}

int sim_create(struct sim **out, const struct mt_target *t, const struct sim_options *o,
	       struct err *e)
{
	struct sim *s = calloc(1, sizeof(*s));
	int rc;

	*out = NULL;
	if (!s)
		return no_memory(e);
	s->t = *t;
	s->o = *o;
	s->never = SIM_NONE;
	s->frames.fd = -1;
	rc = make(s, e);
	if (rc) {
		sim_destroy(s);
		return rc;
	}
	*out = s;
	return 0;
}

static void tlb_fini(struct sim_tlb *t)
{
	level_fini(&t->l);
	fa_fini(&t->fa);
	fa_fini(&t->twin);
}

void sim_destroy(struct sim *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->nr_levels; i++) {
		for (unsigned x = 0; s->inst[i] && x < s->conf[i].nr; x++) {
			level_fini(&s->inst[i][x].l);
			fa_fini(&s->inst[i][x].twin);
		}
		free(s->inst[i]);
		free(s->conf[i].of_line);
	}
	for (unsigned i = 0; s->core && i < s->nr_cores; i++) {
		tlb_fini(&s->core[i].dtlb);
		tlb_fini(&s->core[i].stlb);
		free(s->core[i].last);
		free(s->core[i].last_page);
		free(s->core[i].seen);
	}
	for (unsigned i = 0; i < SIM_LEVELS; i++) {
		free(s->hist[i][0]);
		free(s->hist[i][1]);
	}
	frames_fini(&s->frames);
	free(s->core);
	free(s->cpu);
	free(s->dir);
	free(s->masks);
	free(s->bit_level);
	free(s->bit_inst);
	free(s);
}
