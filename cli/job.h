/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_JOB_H
#define SLABSCOPE_JOB_H

/*
 * A job: what is to be run, as it was said, on the command line or in an INI file. Both fill the
 * same struct, and job_print() writes either as INI.
 *
 *	[global]		every experiment's settings, and the run's own (launches, seed)
 *	[cliff]			one experiment per section: a name and its settings
 *	workload = hot-header
 *	n = 8-1024*2		a list or a range: an axis
 *
 * A setting is kept as text, with the place it came from for messages; the plan parses it. Names
 * are stored in their C spelling. A section's setting stands before the same one of [global].
 */

#include <stdint.h>
#include <stdio.h>

#include "lib/err.h"
#include "lib/opt.h"

struct workload;

struct job_setting {
	char *name, *text;
	char *where; /* "cliff.ini:12" or "command line" */
};

struct job_section {
	char *name;
	struct job_setting *set;
	unsigned nr;
};

struct job {
	struct job_section global;
	struct job_section *exp;
	unsigned nr_exp;
};

/* The run's own options, settable in [global] and on the command line: how often, from what
 * seed, how long. */
struct run_opts {
	unsigned launches; /* OPT_AUTO_UINT never: job_run_opts() puts a number in its place */
	uint64_t seed;	   /* OPT_AUTO_U64: drawn when the run starts, and recorded */
	double timeout;	   /* s */
	unsigned repeats;  /* of a trial that was disturbed */
	char time_budget[OPT_STR_MAX], precision[OPT_STR_MAX]; /* as given */
	double budget_s;				       /* what they mean; 0: none */
	double half_width;				       /* ratio: 0.01 is 1 % */
};
#define RUN_LAUNCHES 10		  /* unless said otherwise */
#define RUN_LAUNCHES_PRECISION 64 /* the same with a precision: as many as it may take */
extern const struct opt run_opts_table[];

/* Settings that no option table has: what they are and where they may stand. */
struct job_special {
	const char *name, *metavar, *help;
};
extern const struct job_special job_specials[]; /* NULL ends */

void job_release(struct job *j);

/* Set @name (either spelling) in @s, in place of an earlier one. -EINVAL if no table has it.
 * @where is kept. */
int job_set(struct job_section *s, const char *name, const char *text, const char *where,
	    struct err *e);
/* The same for the whole job: set in [global], taken out of the sections, so that it holds
 * everywhere. */
int job_override(struct job *j, const char *name, const char *text, const char *where,
		 struct err *e);
/* A new section, or -EINVAL if the name is taken or holds anything but letters, digits, '-', '_'
 * and '.'. */
int job_section(struct job *j, const char *name, struct err *e);
void job_unset(struct job_section *s, const char *name);

/* Read an INI file ("-": standard input) into @j. -EINVAL with file:line and key; @j is released
 * then. */
int job_read(struct job *j, const char *path, struct err *e);
/* The same from text; @name is what messages call it. */
int job_read_text(struct job *j, const char *text, const char *name, struct err *e);

void job_print(const struct job *j, FILE *f);
/* The same as a malloc'd string; NULL: no memory. */
char *job_text(const struct job *j);

/* The setting @name of section @exp (NULL: [global] only), [global]'s behind it; NULL: not set. */
const struct job_setting *job_find(const struct job *j, const struct job_section *exp,
				   const char *name);

/* A length of time ("90s", "10m", "1.5h", "off": 0) in s; a ratio ("1%", "0.01", "off": 0). -EINVAL
 * and what was expected. */
int job_duration(const char *text, double *seconds, struct err *e);
int job_ratio(const char *text, double *ratio, struct err *e);

/* Fill @o from [global]. */
int job_run_opts(const struct job *j, struct run_opts *o, struct err *e);

/* The row for @name among run, trial, toggle and (@wl, or any workload's if NULL) workload
 * options, or NULL. */
const struct opt *job_option(const char *name, const struct workload *wl);

#endif
