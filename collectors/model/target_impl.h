/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_MODEL_TARGET_IMPL_H
#define SLABSCOPE_MODEL_TARGET_IMPL_H

/* What collectors/model/target*.c tell each other. */

#include "collectors/model/target.h"

#define MT_FORMAT 1
#define MT_LONGEST 2048 /* text of a figure: node_of of 256 CPUs */

/* Texts to values: 0, or -EINVAL with "expected ..., got '...'" (target_text.c). */
int mt_parse_size(const char *text, uint64_t *v, struct err *e);
int mt_parse_uint(const char *text, unsigned min, unsigned max, unsigned *v, struct err *e);
/* A number with at most 3 places, so that what is printed is what was read. */
int mt_parse_number(const char *text, double *v, struct err *e);
int mt_parse_policy(const char *text, struct mt_cache *c, struct err *e);
int mt_parse_inclusion(const char *text, enum mt_inclusion *v, struct err *e);
int mt_parse_tlb(const char *text, struct mt_tlb *v, struct err *e);
void mt_size_text(uint64_t v, char *buf, size_t len);
void mt_number_text(double v, char *buf, size_t len);

/* A figure of a level, a page size or the machine: how it stands in a file (target_field.c). */
struct mt_field {
	const char *name;
	/* @part: the struct mt_cache or struct mt_page; of the machine the target itself. */
	int (*set)(struct mt_target *t, void *part, const char *text, struct err *e);
	/* "" where there is nothing to write. */
	void (*get)(const struct mt_target *t, const void *part, char *buf, size_t len);
};
extern const struct mt_field mt_cache_fields[], mt_page_fields[], mt_machine_fields[];
extern const char *const mt_level_names[]; /* "l1d", "l2", "l3", NULL */

/* An empty target: unknown is NaN, one CPU, one node. */
void mt_init(struct mt_target *t);
void mt_default_cache(struct mt_cache *c);
void mt_default_page(struct mt_page *p, uint64_t size);
/* Contiguous blocks of CPUs on the nodes, the others at @remote. */
void mt_default_nodes(struct mt_target *t, unsigned remote);
/* What follows from the rest: sets, the number of levels. */
void mt_complete(struct mt_target *t);
/* No level shared by more CPUs than divide into those of the next: lowers what does not fit; true
 * if it did for level @which (a mask of levels is returned). */
unsigned mt_fit_sharing(struct mt_target *t);
/* Where the figure @part.@name is from: one mark and a text; replaces what was said before. */
void mt_mark(struct mt_target *t, const char *part, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void mt_page_part(const struct mt_page *p, char *buf, size_t len); /* "page 4K" */
/* @text as a value of a file may be: no control characters, no " ;", no blanks around it; cut at @len. */
void mt_clean(const char *text, char *buf, size_t len);

/* The built-in or user's target called @name (target_find.c). */
int mt_find(struct mt_target *t, const char *name, struct err *e);
/* The built-in target whose `match` has this CPU: 0 or -ENOENT. */
struct mt_cpu {
	char vendor[32]; /* x86 */
	unsigned family, model, stepping;
	unsigned implementer, part; /* Arm */
	char power[32];		    /* "POWER9" */
};
int mt_find_cpu(struct mt_target *t, const struct mt_cpu *cpu);
bool mt_match(const char *match, const struct mt_cpu *cpu); /* target_match.c */
int mt_match_check(const char *match, struct err *e);

/* The files of targets/, in the program (target_data.c). */
struct mt_file {
	const char *name, *text, *end;
};
extern const struct mt_file mt_shipped[]; /* NULL ends */

/* ---- hwloc's XML ---- */

enum mt_xml_type { MT_XML_OTHER, MT_XML_PU, MT_XML_CORE, MT_XML_NODE, MT_XML_CACHE };

struct mt_xml_object {
	enum mt_xml_type type;
	unsigned level; /* of a cache: 1..; of data or unified */
	int parent;	/* -1: none */
	unsigned os_index;
	bool have_memory, gpu;
	uint64_t size, line;
	int64_t ways; /* 0 unknown, -1 fully associative */
};

struct mt_xml {
	struct mt_xml_object *object;
	unsigned nr, room;
	char cpu_model[MT_TEXT];
	struct mt_cpu cpu;
	uint64_t page;		     /* the smallest; 0: not said */
	unsigned *index, nr_index;   /* NUMALatency: the kernel's numbers of nodes, */
	uint64_t *value;	     /* and from each to each */
	unsigned nr_value, nr_nodes; /* nr_nodes: as the matrix says */
};

/* Objects, distances and the CPU out of the text (target_xml.c). */
int mt_xml_parse(struct mt_xml *x, const char *text, size_t len, const char *file, struct err *e);
void mt_xml_release(struct mt_xml *x);

/* A tag scanner that knows what hwloc writes, and refuses what is not well-formed (target_tag.c). */
struct mt_tags {
	const char *at, *end;
	unsigned line;
	/* of the tag just read */
	const char *name;
	size_t name_len;
	bool closes, empty; /* </x>, <x/> */
	const char *attributes, *attributes_end;
	const char *text, *text_end; /* what stands in front of it */
};
/* 1: a tag, 0: the end, -EINVAL. */
int mt_tag_next(struct mt_tags *s, struct err *e);
bool mt_tag_is(const struct mt_tags *s, const char *name);
/* The attribute's value, entities decoded, cut at @len: true if it is there. */
bool mt_tag_get(const struct mt_tags *s, const char *name, char *buf, size_t len);

int mt_read_host(struct mt_target *t, const char *fill, struct err *e);

#endif
