/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_EV_H
#define SLABSCOPE_PERF_EV_H

/*
 * What the parts of collectors/perf/choose.h (ev_*.c) tell each other, `slabscope events` and the
 * tests: rows as they stand in the files, texts taken apart, libpfm4, sysfs.
 */

#include "collectors/perf/choose.h"

/* ---- data (ev_db.c, ev_db_file.c, ev_data.c) ---- */

/* A row of a CSV file. Strings are the db's. */
struct ev_row {
	const char *pmu; /* "skx"; "perf": any CPU; "sysfs": aliases of any CPU */
	const char *quantity;
	const char *expression; /* "": the PMU has none, and the note says why */
	const char *encoding;	/* "t=4 c=0x151", one per term; "": asked of sysfs or libpfm4 */
	const char *unit;	/* "": the quantity's */
	const char *source;	/* enum ev_source */
	const char *note;
	const char *file;
	unsigned line;
};

/* Whose table the row's events come from. */
enum ev_source {
	EV_FROM_NONE,
	EV_FROM_PFM,
	EV_FROM_RAW,
	EV_FROM_SYSFS,
	EV_FROM_GENERIC,
	EV_FROM_USER
};
/* Of a row: "pfm-ARCH" is EV_FROM_PFM with @arch = "amd64"; -EINVAL. */
int ev_source_of(const char *text, const char **arch);

struct ev_group {
	char name[48], help[160];
	const char **quantity;
	unsigned nr;
	const char *file;
	unsigned line;
};

struct ev_db {
	struct ev_quantity **quantity; /* NULL ends */
	unsigned nr_quantities;
	struct ev_row *row;
	unsigned nr_rows, shipped_rows; /* the user's stand behind */
	struct ev_group **group;
	unsigned nr_groups;
	struct ev_derived **derived; /* NULL ends */
	unsigned nr_derived;
	char **text; /* all memory of strings */
	unsigned nr_texts;
	/* NULL: the first problem is an error. Else all are told and reading goes on. */
	void (*problem)(void *ctx, const char *text);
	void *problem_ctx;
	unsigned nr_problems;
};

struct ev_file {
	const char *name, *text, *end;
};
extern const struct ev_file ev_shipped[]; /* in the order in which they are read; NULL ends */
extern const unsigned ev_nr_shipped;

/* ev_db_open() that tells every problem. -ENOMEM, or what cannot be read at all. */
int ev_db_open_lint(struct ev_db **db, const char *path, void (*problem)(void *, const char *),
		    void *ctx, struct err *e);
/* One file's text, by the ending of its name. @text[@len] is not changed. */
int ev_db_text(struct ev_db *db, const char *name, const char *text, size_t len, struct err *e);
int ev_db_check(struct ev_db *db, struct err *e); /* what only all files together can tell */
int ev_db_csv(struct ev_db *db, const char *name, char *text, size_t len, struct err *e);
int ev_db_ini(struct ev_db *db, const char *name, const char *text, size_t len, struct err *e);
char *ev_db_keep(struct ev_db *db, const char *text, size_t len); /* a copy; NULL */
/* Room for one more behind *@list[@nr], and for a NULL behind that; NULL. */
void *ev_db_room(void *list, unsigned nr, size_t each);
struct ev_quantity *ev_db_add_quantity(struct ev_db *db, const char *name);
const struct ev_group *ev_db_find_group(const struct ev_db *db, const char *name);
/* The next row of @pmu for @quantity behind @after (NULL: the first), the user's first. */
const struct ev_row *ev_db_row(const struct ev_db *db, const char *pmu, const char *quantity,
			       const struct ev_row *after);
bool ev_row_is_for(const struct ev_row *r, const char *pmu); /* "*", and lists of the user's */
/* A problem of FILE:LINE: 0 if it was told and reading goes on, else -EINVAL in @e. */
int ev_db_problem(struct ev_db *db, const char *file, unsigned line, struct err *e, const char *fmt,
		  ...) __attribute__((format(printf, 5, 6)));
#define EV_SHOWN 48
/* The beginning of a text from outside, as it can stand in a message. Returns @buf. */
const char *ev_shown(const char *text, char buf[EV_SHOWN]);
bool ev_word(const char *text, size_t most); /* a name: letters, digits, - _ . */

/* ---- expressions and encodings (ev_parse.c) ---- */

struct ev_part {
	double factor;
	char text[PERF_NAME_MAX];
	unsigned at; /* column of the text, from 1 */
};
/* "2*A - B" into parts; how many, or -EINVAL with the column. */
int ev_parse(const char *text, struct ev_part part[EV_TERMS_MAX], struct err *e);

struct ev_code {
	char device[32]; /* "": ->type counts */
	uint32_t type;
	uint64_t config, config1, config2;
	unsigned precise;
};
/* "t=4 c=0x81d0 t=4 c=0x1d1 c1=0x20": how many, or -EINVAL. "" is none. */
int ev_codes(const char *text, struct ev_code code[EV_TERMS_MAX], struct err *e);
void ev_code_put(const struct ev_code *c, struct perf_event *ev);
/* "t=4 c=0x151", as the files have it. */
int ev_code_print(const struct perf_event *ev, char *buf, size_t len);

/* ---- without any library (ev_raw.c) ---- */

/* "r01b7", "perf_raw::r01b7", "perf::PAGE-FAULTS": 0, -ENOENT for what is neither, -EINVAL. */
int ev_raw(const char *text, struct perf_event *ev, struct err *e);

/* ---- formulas and units (ev_formula.c) ---- */

/* The unit that @formula has over the quantities that @unit_of knows (NULL: not one of the group),
 * compared with @unit. */
int ev_formula_check(const char *formula, const char *unit,
		     const char *(*unit_of)(void *ctx, const char *name), void *ctx, struct err *e);
int ev_unit_check(const char *unit, struct err *e); /* is it one? */

/* ---- sysfs (ev_sysfs.c) ---- */

struct ev_format {
	unsigned reg; /* config, config1, config2: 0..2 */
	uint64_t bits;
};
int ev_format_parse(const char *text, struct ev_format *f, struct err *e); /* "config:0-7,21" */
int ev_format_put(const struct ev_format *f, const char *name, uint64_t value,
		  struct perf_event *ev, struct err *e);

struct ev_scale {
	double factor; /* of an alias's scale and unit: a count x factor is in ->unit */
	char unit[24]; /* "": the alias has none */
};
/* "event=0x51,umask=1", "cas_count_read" of the PMU @device into @ev (type, config*). */
int ev_sysfs_term(const struct hostfs *fs, const char *device, const char *text,
		  struct perf_event *ev, struct ev_scale *scale, struct err *e);
int ev_sysfs_type(const struct hostfs *fs, const char *device, uint32_t *type);
/* CPUs of `cpumask` (@file) into @cpu[@most]: how many there are, or -errno. */
int ev_sysfs_cpus(const struct hostfs *fs, const char *device, const char *file, unsigned *cpu,
		  unsigned most);
/* Do two names differ in their numbers only? "uncore_imc" is like "uncore_imc_0" and "uncore_imc_1". */
bool ev_sysfs_like(const char *a, const char *b);
/* Devices like @device (NULL: all), sorted, into @name[@most]; how many there are. */
int ev_sysfs_devices(const struct hostfs *fs, const char *device, char name[][64], unsigned most);

/* ---- libpfm4 (ev_pfm.c) ---- */

struct ev_pfm {
	void *lib;
	void *fn[6];
	char version[16];
	char missing[160];
};
void ev_pfm_open(struct ev_pfm *p, const char *library);
void ev_pfm_close(struct ev_pfm *p);
/* -ENOENT: it has no such event or PMU here; -EINVAL. @text in @e. */
int ev_pfm_encode(const struct ev_pfm *p, const char *text, struct perf_event *ev, struct err *e);
/* The core PMU that it takes this CPU for; "" if it does not know. */
void ev_pfm_present(const struct ev_pfm *p, char *name, size_t len);
const char *ev_pfm_arch(void); /* whose tables a libpfm4 for this program has: "amd64" */
#define EV_PFM_LIBRARY "libpfm.so.4"

/* ---- the machine (ev_host.c, ev_cpu.c) ---- */

#define EV_CORES_MAX 4

struct ev_core {
	char device[64]; /* of sysfs; "" */
	char pmu[32];	 /* of the rows; "" */
	uint32_t type;	 /* PERF_TYPE_RAW unless the CPUs are of several types */
	bool wanted;	 /* may what is counted run there? */
};

struct ev_host {
	struct hostfs fs;
	struct ev_pfm pfm;
	struct ev_core core[EV_CORES_MAX];
	unsigned nr_cores;
	bool hybrid;
	bool pretended; /* a CPU that is not this one: nothing is asked of sysfs */
};

int ev_host_open_with(struct ev_host **host, const struct hostfs *fs, const char *library,
		      struct err *e);
/* A host whose CPU has the PMU @pmu: rows can be looked up, nothing opened. */
int ev_host_pretend(struct ev_host **host, const char *pmu, const char *library, struct err *e);

/* What the rows call the PMU of a CPU; "" if nothing is known. For hybrids the P core's; @little
 * (may be NULL) then is the E core's, else "". */
const char *ev_cpu_x86(const char *vendor, unsigned family, unsigned model, unsigned stepping,
		       const char **little);
const char *ev_cpu_arm(uint64_t midr);
const char *ev_cpu_power(const char *name);

/* ---- all of it together (ev_choose.c, ev_lint.c) ---- */

struct ev_lint {
	unsigned rows, unavailable, pmus, terms;
	unsigned agree;	  /* terms that libpfm4 encodes as the row says */
	unsigned unknown; /* of its architecture, that it does not know or has not active */
	unsigned other;	  /* terms of other architectures: well-formed, not encoded */
	unsigned quantities, groups, derived, problems;
};
void ev_lint(struct ev_db *db, const struct ev_pfm *pfm, struct ev_lint *out);

#endif
