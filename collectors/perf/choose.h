/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_CHOOSE_H
#define SLABSCOPE_PERF_CHOOSE_H

/*
 * From a portable quantity ("l1d-misses") to events of this machine.
 *
 *	ev_db       the data: quantities, and rows (PMU, quantity, expression, unit, note, source);
 *	            shipped (collectors/events/, compiled in) and the user's files
 *	ev_host     the machine's PMUs: from sysfs, CPUID, libpfm4 if it is there
 *	ev_choose() candidates in order of trust: the PMU's own row through libpfm4, the same row's raw
 *	            encoding where libpfm4 lacks the PMU or is not installed, the sysfs alias, the generic
 *	            event with its caveat. The first whose terms all open wins (perf/pick.h).
 */

#include "collectors/perf/event.h"
#include "lib/err.h"
#include "lib/hostfs.h"

#define EV_TERMS_MAX 8
#define EV_CANDIDATES_MAX 8

/* What the quantity is, whichever events it comes from: one row of the quantities' file. */
struct ev_quantity {
	char name[48];	   /* "l1d-misses" */
	char unit[24];	   /* "lines", "cycles", "bytes" */
	char help[160];	   /* one sentence */
	bool machine_wide; /* uncore: the whole socket's, not the thread's */
};

enum ev_origin { EV_ROW, EV_RAW, EV_SYSFS, EV_GENERIC, EV_SOFTWARE };
extern const char *const ev_origin_names[]; /* "libpfm4", "raw", "sysfs", "generic", "software" */

/* value = sum of factor x count. Machine-wide (event.cpu_wide): of the first box and CPU, for trying;
 * ev_expand() has all of them. */
struct ev_term {
	double factor;
	struct perf_event event;
};

struct ev_candidate {
	const struct ev_quantity *quantity;
	enum ev_origin origin;
	char pmu[32];
	char expression[256]; /* as the row says */
	char unit[24];
	char note[256]; /* the row's caveat, one line */
	struct ev_term term[EV_TERMS_MAX];
	unsigned nr_terms;
};

struct ev_db;
struct ev_host;

/* The shipped data, then the user's: files of $XDG_CONFIG_HOME/slabscope/events/ if there are any, then
 * those of @path (colon-separated files or folders; NULL: none). *.csv hold rows, *.ini and *.events
 * groups, events and formulas. -EINVAL with file, line and what was expected. */
int ev_db_open(struct ev_db **db, const char *path, struct err *e);
void ev_db_close(struct ev_db *db);
/* All quantities, in the order of the file; NULL ends. */
const struct ev_quantity *const *ev_db_quantities(const struct ev_db *db);
const struct ev_quantity *ev_db_quantity(const struct ev_db *db, const char *name);
/* The names of a group ("cache", or a user's) into @name[most]; how many; -ENOENT. */
int ev_db_group(const struct ev_db *db, const char *group, const char *name[], unsigned most);

/* What is computed of quantities of a group. */
struct ev_derived {
	char name[48], group[48];
	char unit[48]; /* "lines/accesses"; checked against the formula */
	char help[160];
	char formula[256]; /* + - * / and parentheses over quantities of the group, and numbers */
	const char *file;  /* and line, where it stands */
	unsigned line;
};
/* All of them; NULL ends. */
const struct ev_derived *const *ev_db_derived(const struct ev_db *db);
/* Its value with @get for the quantities; NAN if one is NAN, or by division by 0. */
double ev_derived_value(const struct ev_derived *d, double (*get)(void *ctx, const char *name),
			void *ctx);

int ev_host_open(struct ev_host **host, const struct hostfs *fs, struct err *e);
void ev_host_close(struct ev_host *host);
const char *ev_host_pmu(const struct ev_host *host);	/* "amd64_fam19h_zen4"; "" none known */
const char *ev_host_libpfm(const struct ev_host *host); /* "4.13.0"; "" not installed */
const char *ev_host_libpfm_missing(const struct ev_host *host); /* why not; "" if it is there */

/* Hybrids: where what is counted may run, if not wherever this thread may; a core type that is none of
 * these CPUs' gives no candidates. */
int ev_host_limit(struct ev_host *host, const unsigned *cpu, unsigned nr);

/*
 * Candidates for @quantity on @host in order of trust, into @out[EV_CANDIDATES_MAX]; how many. 0
 * with @why filled when there is none (the PMU has no such event: the row's own reason).
 */
int ev_candidates(const struct ev_db *db, const struct ev_host *host,
		  const struct ev_quantity *quantity, struct ev_candidate *out,
		  struct perf_refusal *why);

/* One PMU of the machine (a memory controller, an L3) on one CPU. */
struct ev_box {
	char device[64]; /* "uncore_imc_0" */
	unsigned term;	 /* of the candidate */
	struct perf_event event;
};
/* What @c has to be opened as: each term on each box of its kind, on each CPU of the box's cpumask, into
 * @out[@most]; how many there are (possibly more than @most). -ENOENT if there are none. */
int ev_expand(const struct ev_host *host, const struct ev_candidate *c, struct ev_box *out,
	      unsigned most);

/* One expression as a user writes it ("skx::L1D:REPLACEMENT + 2*cpu/event=0x51,umask=1/", "r0151").
 * -EINVAL with the position. */
int ev_expression(const struct ev_host *host, const char *text, struct ev_candidate *out,
		  struct err *e);

#endif
