/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_COMPARE_H
#define SLABSCOPE_COMPARE_H

/*
 * slabscope compare: which configs against which, in which metrics, and what is said of them.
 *
 *	cmd_compare.c	the command line
 *	compare.c	pairs of configs, verdicts corrected for their number, what drifts
 *	compare_env.c	what differs between the two runs' hosts, builds and settings
 *	compare_gate.c	--fail-on
 *	compare_say.c	a verdict as a sentence, and its numbers as text
 *	compare_text.c	the table, for people and as Markdown
 *	compare_json.c	the same for programs
 *	explain.c	what moved together with the time
 *	explain_model.c	whose misses make the difference, in what, in which sets
 */

#include <stdio.h>

#include "cli/hostnoise.h"
#include "cli/judge.h"
#include "cli/table.h"

#define COMPARE_MOST_METRICS 32
#define COMPARE_MOST_GATES 16
#define COMPARE_MOST_WARNINGS 8
#define COMPARE_MOST_RUNS 16

/* One --fail-on. */
struct gate {
	const char *text;     /* as it was given */
	enum judge_word word; /* NR_WORDS: of a metric, by sign */
	char metric[64];      /* "" */
	int sign;	      /* 1: "METRIC>PCT", -1: "METRIC<PCT" */
	int have_percent;
	double percent;
};

struct compare_request {
	const char *metric[COMPARE_MOST_METRICS];
	unsigned nr_metrics;
	const char *baseline;
	double delta, confidence;
	struct gate gate[COMPARE_MOST_GATES];
	unsigned nr_gates;
	int require_verdict, json, markdown, explain, force;
};

/* A difference between the two runs. */
struct env_diff {
	char name[64], base[200], mine[200];
	int unlike; /* it makes the hosts unlike */
};

struct compare {
	const struct results *base, *mine; /* the same one within a run */
	struct comparison *item;
	unsigned nr;
	unsigned beside; /* comparisons of other runs that are told with these: set before judging */
	unsigned together;  /* comparisons that the confidence holds for, those included */
	int one_experiment; /* all items are of one: names need not say which */
	double confidence, each;
	double delta;	    /* as asked for; compare_delta() */
	char left_out[200]; /* configs that only one of two runs has; "" */
	char warning[COMPARE_MOST_WARNINGS][256];
	unsigned nr_warnings;
	struct env_diff *env;
	unsigned nr_env;
	int have_noise; /* of the host that both ran on */
	struct hostnoise noise;
	char noise_line[256]; /* the same in words, or why there is none */
};

/* Configs @a of c->mine against @b of c->base, in each metric of @q. */
int compare_add(struct compare *c, const struct compare_request *q, unsigned a, unsigned b,
		struct err *e);
/* All other configs of a run against --baseline; both configs of a run that has two. */
int compare_add_run(struct compare *c, const struct compare_request *q, struct err *e);
/* Configs of the same name in two runs. */
int compare_add_runs(struct compare *c, const struct compare_request *q, struct err *e);
/* How many of @c need statistics: what other runs' `beside` has of it. */
unsigned compare_testable(const struct compare *c);
/* The verdicts, and what has to be said beside them. */
void compare_judge(struct compare *c, const struct compare_request *q);
void compare_release(struct compare *c);
/* What does not matter to @x: of two runs at least the host's noise floor, where that is of it. */
double compare_delta(const struct compare *c, const struct comparison *x);

/* How many comparisons have this verdict. */
unsigned compare_count(const struct compare *c, enum judge_word word);

/* ---- compare_env.c ---- */

/* c->env, from both run.json. -ENOMEM. */
int compare_environment(struct compare *c, struct err *e);
/* The first that makes the hosts unlike, or NULL. */
const struct env_diff *compare_unlike(const struct compare *c);

/* ---- compare_gate.c ---- */

/* "slower:2%", "invalid", "slabinfo.bytes_held>5%". -EINVAL saying what may stand there. */
int gate_parse(struct gate *g, const char *text, struct err *e);
/* 1: this comparison is what @g is there for. */
int gate_fails(const struct gate *g, const struct comparison *c);
/* "5", "2.5%" as a part of 1; -EINVAL for what is not in [@lo, @hi] percent. */
int percent_parse(const char *text, double lo, double hi, double *out, struct err *e);

/* ---- compare_say.c ---- */

/* What a config is called here: with its run or experiment where that is needed. */
const char *compare_name(const struct compare *c, const struct judge_side *s, char *buf,
			 size_t len);
/* "colour=1 is faster than colour=0: 4.25 x (ratio 0.2352, ...)". */
void compare_sentence(const struct compare *c, const struct comparison *x, char *buf, size_t len);
/* "0.2352", or a difference with its unit; "-". */
void compare_effect(const struct comparison *x, char *buf, size_t len);
/* "0.2321 to 0.2377"; "exact"; "-". */
void compare_interval(const struct comparison *x, char *buf, size_t len);
/* 0.95 as "95". */
const char *percent_text(double part, char buf[32]);

/* ---- output ---- */

void compare_text(const struct compare *c, const struct compare_request *q, FILE *f);
/* Returns the exit status of writing it. */
int compare_json(const struct compare *c, const struct compare_request *q, FILE *f);

/* ---- explain.c ---- */

#define EXPLAIN_MOST 8

struct explanation {
	int metric;	 /* of both runs: only within one run */
	double from, to; /* medians of the two configs */
	double ratio;	 /* 0 or infinite: exact, and to or from nothing */
	int exact;
	double rho; /* Spearman's, of the log ratios per launch; NaN: one of them does not vary */
	double p;   /* by chance so much or more */
	unsigned n;
};

/* What changed in the same launches as @x's metric did, those first that moved along with it.
 * Returns how many are in out[EXPLAIN_MOST]; *@changed: how many there are. */
unsigned explain(const struct comparison *x, double confidence, struct explanation *out,
		 unsigned *changed);

/* ---- explain_model.c ---- */

struct model_reason {
	struct table
		table; /* misses per operation of both sides: by structure, by operation, by kind */
	char sets[4][256]; /* in which sets, in words */
	unsigned nr_sets;
	const char *level;
};

/*
 * What stands behind modelled misses of @metric ("model.l1d_misses_per_op", any level) in the two configs of @x. 1; or 0
 * for other metrics and where nothing misses. The caller releases @w->table whatever comes back.
 */
int explain_model(const struct compare *c, const struct comparison *x, const char *metric,
		  struct model_reason *w);

#endif
