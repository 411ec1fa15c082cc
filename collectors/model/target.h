/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_TARGET_H
#define SLABSCOPE_MODEL_TARGET_H

/*
 * A target: the memory hierarchy of a CPU as data. Plain values, no pointers but the texts' own
 * arrays; read from targets/NAME.ini, an hwloc XML, this host, or a line of text.
 *
 *	CPU (thread) --- core --- L1D, dTLB, STLB      private to the core's threads
 *	                  |
 *	                 L2   shared by l2.shared_by CPUs
 *	                  |
 *	                 L3   shared by l3.shared_by CPUs, in `slices`
 *	                  |
 *	                node  memory, distance[from][to]
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/err.h"

#define MT_LEVELS 3
#define MT_NAME 64
#define MT_TEXT 160
#define MT_CPUS 256
#define MT_NODES 8
#define MT_WAYS 64
#define MT_PAGE_SIZES 4
#define MT_SOURCES 64 /* more than there are figures */

enum mt_policy { MT_LRU, MT_PLRU, MT_QLRU, MT_RANDOM };
extern const char *const mt_policy_names[]; /* "lru", "plru", "qlru", "random", NULL */

/* QLRU_Hxy_Mm_Rr_Uu of nanoBench (Abel and Reineke): h[age 3], h[age 2] after a hit, age on insert, which way is
 * replaced, how ages are raised when none is 3. */
struct mt_qlru {
	unsigned h3, h2, insert, replace, update;
};

enum mt_inclusion {
	MT_NINE,      /* neither inclusive nor exclusive: filled on the way, evicts on its own */
	MT_INCLUSIVE, /* of the levels above: what leaves it leaves them */
	MT_EXCLUSIVE, /* a line is here or above, never both; filled by what leaves the level above */
	MT_VICTIM,    /* filled by what leaves the level above, keeps a line that is read again */
};
extern const char *const mt_inclusion_names[]; /* "nine", "inclusive", "exclusive", "victim", NULL */

struct mt_cache {
	uint64_t size; /* bytes == sets x ways x line x slices; 0: there is no such level */
	unsigned line, ways, sets; /* sets of one slice; need not be a power of two */
	unsigned slices;	   /* >= 1 */
	bool hash;		   /* slice = XOR of address bits, not the next bits */
	enum mt_policy policy;
	struct mt_qlru qlru;
	enum mt_inclusion inclusion;
	bool write_through, no_write_allocate;
	unsigned shared_by; /* CPUs that share one; L1: threads of a core */
	double latency;	    /* cycles, load to use; NaN unknown */
	/* what accesses that do not wait for each other get of it; NaN unknown */
	double outstanding; /* misses of one CPU that it keeps under way at once */
	double per_cycle;   /* hits that it serves a CPU in one cycle */
};

struct mt_tlb {
	unsigned entries, ways; /* entries 0: none; ways == entries: fully associative */
};

struct mt_page {
	uint64_t size;
	struct mt_tlb dtlb, stlb;
	int stlb_with; /* index of the page size whose STLB array it shares, or -1 */
};

struct mt_target {
	char name[MT_NAME];		  /* "zen4", "host", "inline" */
	char cpu[MT_TEXT];		  /* "EPYC 9654 (Zen 4)" */
	unsigned version;		  /* of the file */
	struct mt_cache cache[MT_LEVELS]; /* l1d, l2, l3 */
	unsigned nr_levels;
	struct mt_page page[MT_PAGE_SIZES]; /* ascending; [0]: the base page */
	unsigned nr_pages;
	unsigned cpus, nodes; /* of the machine; a line of text: 1 and 1 */
	unsigned node_of[MT_CPUS];
	unsigned distance[MT_NODES][MT_NODES]; /* as in SLIT, 10 is local */
	double ghz, dram_ns[2];		       /* local, remote; NaN unknown */
	double walk_cycles;		       /* of a page walk; NaN unknown */
	double stlb_cycles;		       /* that looking in the STLB adds; NaN unknown */
	double walks;			       /* page walks of one CPU at once; NaN unknown */
	/* where each figure is from: its name as in the file ("l2.size", "page 4K.dtlb", "machine.ghz"), and
	 * a mark with a text: "C: CPUID dump ..." (docs/formats.md has the marks). Figures of a line of text have none. */
	char source[MT_SOURCES][2][MT_TEXT];
	unsigned nr_sources;
	char aliases[MT_TEXT]; /* other names, by blanks */
	char match[MT_TEXT];   /* which CPUs it is: see target_match.c */
	char note[MT_TEXT];
};

/*
 * @spec, the first that fits:
 *	host			this machine, as hwloc reads it
 *	l1d=32K/8/64,...	a line of text: begins with one of its words and '=' (grammar below)
 *	FILE.ini FILE.xml DIR/FILE	a file: XML when it begins with '<', else INI
 *	zen4			a name or alias: $XDG_CONFIG_HOME/slabscope/targets/zen4.ini (~/.config where that is not
 *				set), then the ones that are built in
 * @fill (may be NULL): what gaps of an XML or of the host are filled from; without it the target
 * that names the CPU in `match`, if there is one. Whatever is read has passed mt_check().
 * -ENOENT with the nearest names; -EINVAL with file, line and field, or the column of a line of text.
 *
 * A line of text:
 *	line	= item { "," item }
 *	item	= ("l1d" | "l2" | "l3") "=" SIZE "/" WAYS "/" LINE { ":" word }
 *		| "page=" SIZE			the first names the base page (else 4K), each further one begins
 *						a larger page, to which the TLBs behind it belong
 *		| "dtlb=" TLB | "stlb=" TLB | "stlb=shared"	the base page's array
 *		| "cpus=" N | "nodes=" N | "distance=" N	to each other node; else 20
 *		| "ghz=" X | "dram=" LOCAL [ "/" REMOTE ] | "walk=" CYCLES | "walks=" N | "stlb-lat=" CYCLES
 *	word	= "lru" | "plru" | "random" | "qlru" | "QLRU_Hxy_Mm_Rr_Uu"	else lru
 *		| "nine" | "inclusive" | "exclusive" | "victim"			else nine
 *		| "shared=" N | "slices=" N | "hash" | "lat=" CYCLES | "outstanding=" N | "per-cycle=" X
 *		| "write-through" | "no-write-allocate"
 *	TLB	= ENTRIES [ "/" WAYS ]		without ways: fully associative
 *	SIZE	= digits [ K | M | G [ [i]B ] ]	powers of 1024
 * A level is shared by one CPU, the last one by all, unless it says otherwise; of `shared`, no more count than there are
 * CPUs. CPUs stand in contiguous blocks on the nodes.
 */
int mt_read(struct mt_target *t, const char *spec, const char *fill, struct err *e);
/* Equations above, powers of two where a policy needs them, sharing that divides the CPUs, ... */
int mt_check(const struct mt_target *t, struct err *e);

/* As INI, which reads back to the same target. 0 or -errno of the stream. */
int mt_print(const struct mt_target *t, FILE *f);
/* Each figure as text, part by part ("l2", "page 4K", "machine"): a call with @name NULL begins a part. @source may be
 * NULL. */
typedef void mt_figure(void *ctx, const char *part, const char *name, const char *value,
		       const char *source);
void mt_each(const struct mt_target *t, mt_figure *call, void *ctx);
/* "QLRU_H00_M1_R0_U1", "plru"; a policy as it is written. */
void mt_policy_text(const struct mt_cache *c, char *buf, size_t len);
/* Source of a figure ("l2.size"), or NULL. */
const char *mt_source(const struct mt_target *t, const char *figure);
/* Names that mt_read() takes besides files: of the folder of the user, then those that are built in, each once,
 * sorted. Malloc'd, NULL ends; NULL: no memory. mt_names_free() frees it. */
char **mt_names(void);
void mt_names_free(char **names);

/* One form only, from memory; @file is its name in messages. For tests, and for files inside of others. */
int mt_read_ini(struct mt_target *t, const char *text, size_t len, const char *file, struct err *e);
int mt_read_line(struct mt_target *t, const char *line, struct err *e);
int mt_read_xml(struct mt_target *t, const char *text, size_t len, const char *file,
		const char *fill, struct err *e);

#endif
