/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TRIAL_H
#define SLABSCOPE_TRIAL_H

/*
 * One trial = one config x workload x repetition in one fresh process.
 *
 * The parent writes a specification to the child's standard input and reads values from descriptor
 * TRIAL_OUT_FD. Both are text, one item per line, in the C locale:
 *
 *	spec:	key=value	any option by its C name; unknown keys are an error; `profile` and
 *				`workload` reset what they name, so they come first; blank lines and
 *				lines that start with # are skipped
 *	out:	value METRIC VALUE UNIT STATE SHARE SOURCE WORKER [NOTE...]
 *				VALUE is "-" when STATE is unavailable, %.17g otherwise; SHARE is 1
 *				unless scaled; WORKER is -1 for the whole trial; NOTE: rest of line
 *		effective NAME VALUE...
 *				what the request came to: colour, num, left_over, gfporder, ops, ...;
 *				VALUE: rest of line
 *		invalid REASON	the trial is not what was asked for: kept, not counted
 *		disturbed REASON	something was in its way, by a rule fixed beforehand: kept, repeated
 *		phase NAME	spec, setup, warmup, measure, verify, emit, teardown: about to begin;
 *				the last one says where a crash or a hang happened
 *		error TEXT	the trial failed: exit status 1 follows; 2 for a bad spec
 *		end		everything is out; a trial without it is not whole
 *
 * Each line is one write(), so that what a crashing child has said is whole lines;
 * trial_line_parse() reads them. Files: trial_spec.c (options), trial_line.c (protocol),
 * trial_cpus.c (who runs where), trial_crew.c (threads), trial_exec.c (what they do),
 * trial_effective.c (what came out), trial_model.c (workers of a simulated machine), trial.c (the
 * whole).
 */

#include <stdint.h>
#include <stdio.h>

#include "collectors/collector.h"
#include "engine/slab_config.h"
#include "lib/err.h"
#include "workloads/workload.h"

#define TRIAL_OUT_FD 3
#define TRIAL_LINE_MAX 2048

/* Options of a run that are neither toggles of the cache nor the workload's own. */
struct trial_opts {
	char workload[OPT_STR_MAX];  /* default "hot-header" */
	char allocator[OPT_STR_MAX]; /* default "slab" */
	char profile[OPT_STR_MAX]; /* the toggles that the others change; default "kernel-2.6.22" */
	char collect[OPT_STR_MAX]; /* comma list of collectors */
	unsigned workers;	   /* threads, one pinned per CPU of `cpus` in order */
	char cpus[OPT_STR_MAX];	   /* "0,2-3" or "auto": one per core, nodes in turn */
	unsigned nodes;		   /* emulated nodes; 0: the machine's */
	uint64_t ops; /* measured, of each worker; OPT_AUTO_U64: as many as fill duration_ms */
	unsigned duration_ms; /* measured region when ops=auto */
	uint64_t warmup_ops; /* OPT_AUTO_U64: as many as measured, but no longer than duration_ms */
	unsigned reap_ms;    /* period of the engine's reaper; 0: it does not run */
	unsigned populate;   /* touch pages when they are committed */
	unsigned allow_debug; /* a debug or sanitizer build may measure */
	uint64_t seed;	      /* of everything random; found before slab_config's own `seed` */
};
extern const struct opt trial_opts_table[];

struct trial_spec {
	struct trial_opts run;
	struct slab_config config;
	const struct workload
		*wl;	  /* NULL until `workload` names one that exists (the default does) */
	void *params;	  /* malloc'd, wl->params_size; NULL when the workload has no options */
	void **collector; /* [nr_collectors]: their options, NULL where one has none; malloc'd */
};

int trial_spec_init(struct trial_spec *s, struct err *e); /* defaults */
void trial_spec_release(struct trial_spec *s);
int trial_spec_copy(struct trial_spec *to, const struct trial_spec *from,
		    struct err *e); /* @to is fresh */

/*
 * The row of @name wherever it lives, run options first, then toggles, then the workload's, then the
 * collectors'; NULL if nowhere. *@base (may be NULL) is the struct it describes, inside @s; *@table (may be NULL) the
 * table. '-' and '_' are the same.
 */
const struct opt *trial_spec_find(const struct trial_spec *s, const char *name,
				  const struct opt **table, const void **base);

/* Set one option. `workload` resets the workload's options, `profile` all toggles. -EINVAL and why
 * leaves @s as it was. */
int trial_spec_set(struct trial_spec *s, const char *name, const char *text, struct err *e);
/* The same with "name=value". */
int trial_spec_set_pair(struct trial_spec *s, const char *pair, struct err *e);

/* Everything that can be known before the trial runs: names, options against each other, the CPUs
 * of this machine. */
int trial_spec_validate(const struct trial_spec *s, struct err *e);
/* The same for many specifications: @m is from kmem_machine_native(), which takes some 10 ms, and @target (zeroed before the
 * first one) keeps the target that was read last, which takes as long (cli/trial_model.h). */
struct kmem_machine;
struct trial_model_target;
int trial_spec_validate_on(const struct trial_spec *s, const struct kmem_machine *m,
			   struct trial_model_target *target, struct err *e);

/* All options as spec lines, in an order that reads back to the same spec. 0 or -errno. */
int trial_spec_print(const struct trial_spec *s, FILE *f);
/* Read such lines; the line number is in the text of an error. */
int trial_spec_read(struct trial_spec *s, FILE *f, struct err *e);

/* The CPUs that the workers of @run will use, in order, into cpu[run->workers]. -EINVAL: too few,
 * or a bad list. */
int trial_cpus(const struct trial_opts *run, const struct kmem_machine *m, unsigned *cpu,
	       struct err *e);
/* The same on an invented machine, in which each core has @threads CPUs in a row. */
int trial_cpus_model(const struct trial_opts *run, const struct kmem_machine *m, unsigned threads,
		     unsigned *cpu, struct err *e);
/* The same, but only whether there are such CPUs: does not look at cores. */
int trial_cpus_check(const struct trial_opts *run, const struct kmem_machine *m, struct err *e);

/* ---- protocol, for parent and child ---- */

enum trial_line_kind {
	TRIAL_VALUE,
	TRIAL_EFFECTIVE,
	TRIAL_PHASE,
	TRIAL_ERROR,
	TRIAL_END,
	TRIAL_INVALID,
	TRIAL_DISTURBED,
};

struct trial_line {
	enum trial_line_kind kind;
	struct value value; /* TRIAL_VALUE; strings point into the parsed line */
	const char *name;   /* TRIAL_EFFECTIVE, TRIAL_PHASE */
	const char *text;   /* TRIAL_EFFECTIVE, TRIAL_ERROR, TRIAL_INVALID, TRIAL_DISTURBED */
};

/* Cuts @line (modified; without its newline) into @out. -EINVAL: not a line of this protocol. */
int trial_line_parse(char *line, struct trial_line *out, struct err *e);
/* Writes one line to @fd with one write(); longer lines are cut at TRIAL_LINE_MAX. 0 or -errno. */
int trial_line_write(int fd, const struct trial_line *l);

/* ---- running ---- */

/* "" for a build whose figures count; else why not ("address sanitizer", "not optimised"). */
const char *trial_build_flaw(void);

/* Run @s in this process, writing to @out. Returns the exit status. */
int trial_run(const struct trial_spec *s, int out);

/* The child: read a spec from @in, run it, write to @out. Returns the process's exit status. */
int trial_main(int in, int out);

#endif
