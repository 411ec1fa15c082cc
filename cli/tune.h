/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TUNE_H
#define SLABSCOPE_TUNE_H

/*
 * slabscope tune: which toggles are best for a workload, on this machine or on a modelled CPU.
 *
 *	cmd_tune.c		the command line
 *	tune_space.c		candidates, and which of them come to the same
 *	tune_sketch.c		a guess that costs no trial, for the order of trials
 *	tune_search.c		which trials; knows nothing of what is tried
 *	tune_model.c		trials on the model
 *	tune_objective.c	what is to become small
 *	tune_check.c		whether the objective can be had
 *	tune_host*.c		trials on this machine: halving, then fresh launches against what stands
 *	tune.c			one tuning, from its parts
 *	tune_reason.c		why, from whose misses fell where
 *	tune_sense.c		which toggle matters; how far the advice moves
 *	tune_pareto.c		memory against misses
 *	tune_text.c, tune_json.c, tune_write.c	output; the config file; C source
 *	tune_list.c		a whole listing of caches
 *	tune_trace*.c		a recorded trace (tune_trace.h)
 *	tune_advice.c		what both say of a cache
 *	tune_many.c		many tunings, some at a time
 */

#include "cli/job.h"
#include "cli/tune_model.h"
#include "cli/tune_search.h"

#include <jansson.h>

#define TUNE_DELTA 0.01
#define TUNE_EFFORT 0.05
#define TUNE_LEAST 16u
#define TUNE_BRIEF (1.0 / 16)
#define TUNE_SENSE_MOST 12u
#define TUNE_PARETO_MOST 24u

enum tune_verdict { TUNE_CHANGE, TUNE_KEEP, TUNE_INCONCLUSIVE };
extern const char *const tune_verdict_names[]; /* "change", "keep-default", "inconclusive" */

struct tune_request {
	struct job_section given; /* settings of the trials, as they were said */
	const char *target[16];
	unsigned nr_targets; /* 0: this machine */
	const char *objective;
	const char *vary[TUNE_TOGGLES_MOST];
	unsigned nr_vary;
	const char *out, *config_file, *c_file; /* NULL: none */
	const char *caches, *trace, *hot;
	unsigned top;	      /* of a listing or a trace; 0: all */
	unsigned jobs;	      /* tunings at a time, of these; 0: one for each CPU */
	unsigned object_size; /* 0: the workload says */
	unsigned least;	      /* modelled trials */
	double delta, effort;
	double memory; /* bytes per object at most, as a ratio to what stands; INFINITY: any */
	int json, exhaust, no_sense, model_only, hardware_only, quiet, verbose;
};

struct tune_gain {
	char metric[64];
	double ratio, low, high;
	const char *source; /* "model", "hardware", "sketch" */
	unsigned pairs;	    /* of launches; 0: counted, not measured */
};

/* What a toggle of the winner is worth: all else as in the winner, this one at another value. */
struct tune_sense {
	unsigned toggle, value;
	double ratio; /* score there against the winner's; > 1: worse */
};

/* The winner and what stands, under other conditions. */
struct tune_move {
	char what[64]; /* "n=32" */
	double ratio;  /* of the winner to what stands; NaN: it could not be tried */
	const char *source;
};

struct tuning {
	const struct tune_request *q;
	const char *target; /* as it was said; "host" */
	int on_host;	    /* trials on this machine decide */
	struct trial_spec spec;
	struct mt_target mt;
	struct kmem_machine *machine; /* the target's */
	struct tune_space space;
	struct tune_objective objective;
	double *prior;
	struct launcher *launcher;
	struct tune_model model;
	struct tune_found found;
	/* what came of it */
	enum tune_verdict verdict;
	unsigned pick; /* 0 unless TUNE_CHANGE */
	struct tune_gain gain;
	struct tune_values base,
		best; /* who missed what: what stands, and the pick; n 0: not known */
	char reason[1024], why_not[512];
	char folder[256]; /* of the launches that confirmed it; "" */
	const char *
		region_ms; /* launches were shortened to this, since longer ones were disturbed; "" or NULL */
	struct tune_sense sense[TUNE_TOGGLES_MOST * TUNE_SENSE_MOST];
	unsigned nr_sense;
	struct tune_move move[TUNE_SENSE_MOST];
	unsigned nr_moves;
	unsigned *pareto, nr_pareto;
	unsigned *alike, nr_alike; /* points within delta of the pick */
	double cpu_seconds;	   /* of all trials and of ours */
};

/* One tuning of @given on q->target[which]. 0, -EINTR, or -errno. tuning_release() either way. */
int tune_one(struct tuning *t, const struct tune_request *q, const struct job_section *given,
	     const char *target, struct launcher *launcher, struct err *e);
void tuning_release(struct tuning *t);

/* The space's in-slab machine and candidates, the model's target: all that comes before trials. */
int tune_prepare(struct tuning *t, struct err *e);

/* ---- parts of it ---- */

/* Before anything is tried: -EINVAL, an objective that nobody can give; -EOPNOTSUPP, a metric that is unavailable on
 * this machine, with reason and remedy. tune_check_model(): when what stands was tried. */
int tune_check_objective(const struct tuning *t, struct err *e);
int tune_check_host(struct tuning *t, struct err *e);
int tune_check_model(const struct tuning *t, struct err *e);
int tune_host(struct tuning *t, struct err *e);
int tune_reason(struct tuning *t, struct err *e);
int tune_sensitivity(struct tuning *t, struct err *e);
/* t->pareto: what was tried at full length and is beaten by nothing in both; t->alike. */
int tune_pareto(struct tuning *t, struct err *e);

/* What a point holds of memory and misses: bytes per object; L1 misses per operation. */
double tune_point_misses(const struct tuning *t, unsigned p);

/* ---- output ---- */

void tune_text(const struct tuning *t, FILE *f);
json_t *tune_json(const struct tuning *t); /* NULL: no memory */
/* Toggles as a job's [global], the workload as its one experiment: `run` reads all of it, slab_config_read()
 * the first part. */
void tune_write_config(const struct tuning *t, FILE *f);
void tune_write_c(const struct tuning *t, FILE *f);

/* ---- a listing ---- */

/* A trial from settings: profile and workload come first, and those of the run as a whole are left out. @s is to be
 * released either way. */
int tune_read_given(struct trial_spec *s, const struct job_section *given, struct err *e);
/* The profile that was asked for. */
const char *tune_profile(const struct tune_request *q);
int tune_listing(const struct tune_request *q, struct launcher *launcher, FILE *f, struct err *e);

#endif
