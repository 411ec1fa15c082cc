/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_SIM_IMPL_H
#define SLABSCOPE_MODEL_SIM_IMPL_H

/*
 * The inside of the modelled machine, shared by its files:
 *
 *	sim.c        fed, emptied               access_step.h   the path of a hit, once per kind of row
 *	sim_make.c   made of a target             sim_alone.[ch], sim_below.c    both, for one core alone with rows in vectors
 *	                                          sim_many.c      what a miss of one of several does, with rows in vectors
 *	walk.c       what a miss does           directory.c     who else has the line
 *	level.c ...  one cache                  frames.c        pages      kinds.c  twins, histograms
 *	counts.c     what was counted           sim_check.c     every invariant
 *
 * A line is named by its dense number in lines of L1 (`lid`): page number x lines of a page + which. A level with
 * larger lines drops low bits. Coherence is kept in units of the largest line of any level (`uid`).
 */

#include "collectors/model/fa.h"
#include "collectors/model/frames.h"
#include "collectors/model/level.h"
#include "collectors/model/sim.h"

#define SIM_NONE UINT64_MAX
/* Pages that a core finds without the map: many where there are few cores. Powers of two. */
#define SIM_TRANSLATIONS 16384
#define SIM_TRANSLATIONS_EACH 1024 /* on a machine of more than 8 cores */

/* One cache of level L1D, L2 or L3. */
struct sim_inst {
	struct level l;
	struct fa twin; /* what a fully associative LRU of the same capacity would hold */
	unsigned node;
};

struct sim_tlb {
	struct level l;
	struct fa fa;
	bool any;	/* fully associative, in `fa` */
	struct fa twin; /* unless it is that itself */
};

/* What is the same for all instances of a level. */
struct sim_conf {
	unsigned shift; /* of its line above L1's */
	unsigned sets, total, slices, slice_bits;
	uint64_t mask; /* total - 1, or 0: not a power of two, or hashed */
	bool hash, wt, nwa;
	bool by_eviction; /* exclusive or victim: what leaves the level above fills it */
	enum mt_inclusion inclusion;
	unsigned shared, nr; /* CPUs of one; how many there are */
	unsigned bit;	     /* the first one's in the directory */
	/* Where sets are bits of the line's number, or exclusive ors of them, a line's is its page's ^ that of which line of a
	 * page it is: [lines of a page]. NULL: it has to be worked out. */
	uint32_t *of_line;
};

struct sim_seen {
	uint64_t page;
	uint32_t dense;
};

struct sim;
struct sim_cpu;
typedef void sim_access_fn(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t size,
			   bool write);

/* Threads that share an L1 and TLBs. */
struct sim_core {
	/* By set of L1, sim_use() of the access that was its last, if the line is still there as that left it: the same
	 * again changes nothing. Likewise by set of the dTLB, the page. One entry each, the last of all, where order across
	 * sets is kept (twins), or sets are not bits of the number. */
	uint64_t *last, *last_page;
	uint64_t last_mask, last_page_mask;
	uint32_t *l1;	  /* rows of inst[0] */
	uint32_t l1_last; /* 1 << its last way, if it has no more than 32 */
	struct sim_inst *inst[MT_LEVELS];
	unsigned nr[MT_LEVELS]; /* which instance */
	unsigned id, node;
	struct sim_tlb dtlb, stlb;
	uint64_t *path;	       /* directory bits of inst[] */
	struct sim_seen *seen; /* [seen_mask + 1], by page; NULL: it has not touched memory yet */
	uint32_t seen_mask;
};

/* What sim_touch() asks: its core's `last` and `last_page`, where they say enough; else what is never true. */
struct sim_again {
	const uint64_t *line;
	uint64_t line_mask;
	const uint64_t *page;
	uint64_t page_mask, page_care; /* 0: there is no dTLB */
};

struct sim_cpu {
	struct sim_core *core;
	sim_access_fn *access; /* one load or store, of a byte or more: what fits this machine now */
	struct sim_again again;
	uint64_t single; /* accesses of one line on the short path: of L1 and the dTLB */
	unsigned id, node;
	struct sim_counts n;
};

/* A miss of L1 that has still to go down: where nothing below can change L1, L1 goes on, and the rows that are needed
 * come from far away meanwhile. */
#define SIM_WAIT 64
struct sim_wait {
	struct sim_cpu *cpu;
	uint32_t lid, out; /* out: the word that left L1 for it */
	unsigned set[MT_LEVELS];
	bool write;
};

/* What L3 has still to see of a core that is alone: its rows are the furthest away, and nothing above changes by what
 * they hold but for a mark of dirt, which is brought after (sim_alone.c). */
#define SIM_L3_WAIT 64
enum sim_l3_what { SIM_L3_LOAD, SIM_L3_STORE, SIM_L3_GIVE, SIM_L3_SINK };
struct sim_l3_wait {
	struct sim_cpu *cpu;
	uint64_t addr;
	unsigned set;
	enum sim_l3_what what;
};

/* What an L3 that has a line has still to do about it: refresh it, or take its data (sim_many.c). */
#define SIM_LATE 16
struct sim_late {
	struct level *l;
	unsigned set;
	uint32_t tag;
	bool data;
};

struct sim {
	/* the path of a hit */
	unsigned line_shift, page_shift, lines_shift; /* lines_shift: lines of a page */
	uint32_t store_flags, lines_mask;
	uint64_t tlb_mask;    /* sets - 1 of a dTLB that the short path looks up itself; 0: not */
	bool wt;	      /* L1 writes through */
	bool watched, noting; /* twins or histograms; these or a function to call */
	bool mesi;	      /* there is a directory: two cores have touched memory */
	bool dtlb, stlb;
	struct sim_cpu *cpu;
	uint64_t never; /* SIM_NONE */
	struct sim_conf conf[MT_LEVELS];
	unsigned nr_levels, nr_cpus, nr_cores, unit; /* unit: shift of the largest line */
	struct frames frames;

	struct sim_core *core;
	struct sim_core *alone; /* the only one that has touched memory so far */
	struct sim_inst *inst[MT_LEVELS];
	unsigned dtlb_sets, stlb_sets; /* 0: none, or fully associative */
	bool huge_tlb;		       /* TLBs go by huge page */

	uint64_t *dir; /* by uid: words of bits, and one of SIM_OWNER and SIM_LOWER */
	size_t dir_room;
	unsigned words, bits;
	uint64_t *masks;    /* the cores' paths */
	uint8_t *bit_level; /* by directory bit */
	uint16_t *bit_inst;

	uint64_t *hist[SIM_LEVELS][2]; /* accesses, misses by set */
	unsigned hist_sets[SIM_LEVELS];
	uint64_t traffic[MT_NODES][MT_NODES];
	struct sim_options o;
	struct mt_target t;
	int failed;
	bool queued; /* misses of L1 wait */
	bool quick;  /* sim_alone.c is at work */
	bool many;   /* sim_many.c is */
	unsigned nr_late;
	struct sim_late late[SIM_LATE];
	unsigned nr_waiting;
	struct sim_wait wait[SIM_WAIT];
	unsigned nr_l3;
	struct sim_l3_wait l3[SIM_L3_WAIT];
	uint32_t l3_word[SIM_L3_WAIT] __attribute__((aligned(32))); /* gives: LEVEL_DIRTY */
};

/* The last word of a directory entry: the core that may write + 1, and whether a cache below it that others share may
 * be newer than memory. Both 0: no cache is newer than memory. */
#define SIM_OWNER UINT64_C(0xffff)
#define SIM_LOWER UINT64_C(0x10000)

static inline uint64_t *sim_dir(const struct sim *s, uint32_t lid)
{
	return s->dir + (size_t)(lid >> s->unit) * (s->words + 1);
}

/* The set of line number @n (of this level's lines; virtual for L1, else of the frame). */
static inline unsigned sim_set(const struct sim_conf *f, uint64_t n)
{
	unsigned slice = 0;

	if (f->mask)
		return (unsigned)(n & f->mask);
	if (!f->hash)
		return (unsigned)(n % f->total);
	if (f->slice_bits) {
		for (uint64_t x = n; x; x >>= f->slice_bits)
			slice ^= (unsigned)x & (f->slices - 1);
	} else {
		uint64_t x = n ^ n >> 32;

		x ^= x >> 16;
		slice = (unsigned)((x & 0xffff) % f->slices);
	}
	return slice * f->sets + (unsigned)(n % f->sets);
}

/* The same for a line by its dense number, worked out. */
static inline unsigned sim_set_worked_out(const struct sim *s, unsigned level, uint32_t lid)
{
	const struct frames_page *p = &s->frames.page[lid >> s->lines_shift];
	uint64_t n = level ? p->frame : p->page;

	n = n << s->lines_shift | (lid & s->lines_mask);
	return sim_set(&s->conf[level], n >> s->conf[level].shift);
}

static inline unsigned sim_set_of(const struct sim *s, unsigned level, uint32_t lid)
{
	const uint32_t *of_line = s->conf[level].of_line;

	if (!level || !of_line)
		return sim_set_worked_out(s, level, lid);
	return s->frames.page[lid >> s->lines_shift].set[level - 1] ^ of_line[lid & s->lines_mask];
}

static inline uint32_t sim_tag(const struct sim *s, unsigned level, uint32_t lid)
{
	return level_word(lid >> s->conf[level].shift, 0);
}

/* ---- the same again ---- */

#define SIM_LINE 6 /* lines and pages of most machines: 64 bytes, 4 KiB */
#define SIM_PAGE 12

static inline uint64_t sim_use(uint64_t line, bool write)
{
	return line << 1 | write;
}

/* @line, virtual, is the newest of its set, and nothing is new about it. */
static inline bool sim_again(const struct sim_core *k, uint64_t line, bool write)
{
	return (k->last[line & k->last_mask] | !write) == sim_use(line, true);
}

static inline void sim_not_again(const struct sim *s, struct sim_core *k, uint32_t lid)
{
	k->last[sim_set_of(s, 0, lid) & k->last_mask] = SIM_NONE;
}

/* sim_access() of one byte or more, where it is called: most references are of a line that was the last of its set. */
static inline __attribute__((always_inline)) void
sim_touch(struct sim *s, unsigned cpu, uint64_t addr, uint64_t size, bool write)
{
	struct sim_cpu *c = &s->cpu[cpu];
	uint64_t line = addr >> SIM_LINE, page = addr >> SIM_PAGE;

	if ((c->again.line[line & c->again.line_mask] | !write) == sim_use(line, true) &&
	    (addr & ((1 << SIM_LINE) - 1)) + size <= 1 << SIM_LINE &&
	    !((c->again.page[page & c->again.page_mask] ^ page) & c->again.page_care)) {
		c->single++;
		return;
	}
	c->access(s, c, addr, size, write);
}

/* sim.c: the access of a core that has not touched memory yet */
sim_access_fn sim_arrive;
/* Any size, on any machine: once per line, and translated once per page. */
sim_access_fn sim_span;
/* The CPUs of a core take what fits this machine as it is now. */
void sim_choose(struct sim *s, const struct sim_core *k);
/* The page's dense number, FRAMES_NONE: no memory. */
uint32_t sim_translate(struct sim *s, struct sim_cpu *c, uint64_t page);
/* sim_alone.c: the access of one core that is alone; NULL: not on this machine. */
sim_access_fn *sim_alone(const struct sim *s);
/* All that waits on such a machine. */
void sim_alone_settle(struct sim *s);
/* sim_many.c: several cores: whether this machine is one for it, and what sim_miss() and sim_upgrade() do then. */
bool sim_many(const struct sim *s);
void sim_many_settle(struct sim *s);
void sim_many_miss(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write);
void sim_many_upgrade(struct sim *s, struct sim_cpu *c, uint32_t lid);
/* sim_make.c: a core's tables for the first touch; -ENOMEM */
int sim_make_room(struct sim *s, struct sim_core *k);

/* walk.c */
void sim_miss(struct sim *s, struct sim_cpu *c, uint64_t addr, uint32_t lid, bool write);
/* What waits goes down. Reading the counts of a machine does it too, so it takes one that is const. */
void sim_settle(const struct sim *s);
/* One lookup of the TLBs; the access to the first is counted by the caller. */
void sim_tlb(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t page, uint32_t dense,
	     bool write);
/* The same for base pages that the short path did not find in the dTLB. */
void sim_tlb_missed(struct sim *s, struct sim_cpu *c, uint64_t addr, uint64_t page, uint32_t dense,
		    bool write);
/* A store's data goes on to the first level from @level on that keeps it. */
void sim_sink(struct sim *s, struct sim_cpu *c, unsigned level, struct sim_inst *const *inst,
	      uint32_t lid);
/* Take a line out of an instance without further ado (directory too): its word or LEVEL_EMPTY. */
uint32_t sim_take(struct sim *s, unsigned level, unsigned nr, uint32_t lid);
void sim_forget_page(struct sim *s, uint32_t dense, uint32_t first, uint32_t last);

/* directory.c */
/* Room for all pages up to @dense; -ENOMEM. */
int sim_dir_room(struct sim *s, uint32_t dense);
/* A second core comes: what the directory would say, had it been kept for the one that was alone. */
int sim_dir_start(struct sim *s);
void sim_dir_set(struct sim *s, unsigned level, unsigned nr, uint32_t lid);
void sim_dir_clear(struct sim *s, unsigned level, unsigned nr, uint32_t lid);
/* A core misses, @from is the level that had it (nr_levels: none). LEVEL_OWN if nobody else has it now.
 * *@elsewhere: 0 no other cache had it, 1 one on the same node, 2 on others only. */
uint32_t sim_coherence(struct sim *s, struct sim_cpu *c, uint32_t lid, bool write, unsigned from,
		       unsigned *elsewhere);
/* A store hit a line that others may have. */
void sim_upgrade(struct sim *s, struct sim_cpu *c, uint32_t lid);
bool sim_held_above(const struct sim *s, unsigned level, unsigned nr, uint32_t lid);

/* kinds.c */
int sim_twin_init(struct fa *t, uint64_t lines);
enum sim_kind sim_twin_access(struct sim *s, struct fa *t, uint32_t id, bool miss);
void sim_twin_lose(struct fa *t, uint32_t id);
void sim_twin_forget(struct fa *t, uint32_t id);
/* Twins, histograms and the caller's function, for one lookup. */
void sim_note(struct sim *s, struct sim_cpu *c, enum sim_level level, struct fa *t, uint32_t id,
	      unsigned set, uint64_t addr, bool write, bool miss);
/* The same where the kind of a miss is known; SIM_KINDS: it is not asked for. */
void sim_tell(struct sim *s, struct sim_cpu *c, enum sim_level level, enum sim_kind kind,
	      unsigned set, uint64_t addr, bool write, bool miss);

#endif
