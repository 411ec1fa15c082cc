/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_JUDGE_H
#define SLABSCOPE_JUDGE_H

/*
 * One comparison: a config against another, in one metric, with a verdict.
 *
 * It is invalid, whatever the numbers say, where
 *	the metric was not measured, or only for a share of the time (scaled), in one of the two;
 *	it is a time, a rate or cycles, and the CPU of one of the two was emulated (lib/virt.h);
 *	more than half of a config's launches were set aside: invalid, disturbed, failed, crashed,
 *	timed out (by their last attempt);
 *	the pairs would have been enough for an interval, and are not for what was set aside.
 *
 * Numbers that are counted or computed (direction_exact_source()) and the same in every launch are
 * exact: no statistics, any difference is real. Where such a number varies between the launches of a
 * config, that is said, and it is treated as measured.
 */

#include "cli/direction.h"
#include "cli/results.h"
#include "lib/verdict.h"

#define JUDGE_DELTA 0.01 /* what does not matter, unless something else is said */

enum judge_kind { JUDGE_PAIRED, JUDGE_UNPAIRED, JUDGE_EXACT };
extern const char *const judge_kind_names[]; /* "paired", "unpaired", "exact", NULL */

/* Verdicts as people and --json read them. */
enum judge_word {
	WORD_FASTER,
	WORD_SLOWER,
	WORD_LESS,
	WORD_MORE,
	WORD_SAME,
	WORD_EQUIVALENT,
	WORD_INCONCLUSIVE,
	WORD_INVALID,
	NR_WORDS
};
extern const char *const judge_words[]; /* "faster", ..., NULL */

struct judge_side {
	const struct results *run;
	unsigned config;
	int metric; /* -1: its run does not have it */
	struct res_summary s;
};

struct comparison {
	struct judge_side a, b; /* a is looked at, b is what it is compared with */
	const char *metric, *unit;
	const struct direction *direction;
	enum judge_kind kind;
	int testable; /* statistics are needed, and there are numbers: it counts as a comparison */
	struct verdict_result v;
	enum judge_word word;
	int better;	   /* 1: a is better than b, -1: worse, 0: neither, or not known */
	char reason[256];  /* invalid: why; inconclusive: what is missing */
	char warning[256]; /* "" */
};

/* Fill in all that does not depend on the other comparisons. The two are of one run (pairs within
 * blocks) or of two. */
void judge_begin(struct comparison *c, const struct results *ra, unsigned a,
		 const struct results *rb, unsigned b, const char *metric);
/* The verdict. `higher_is_better` and `beyond_delta` of @rules are set from the comparison. */
void judge(struct comparison *c, const struct verdict_rules *rules);

/* How many configs of experiment @exp are compared in @metric with a baseline, by statistics: what a
 * verdict's confidence has to be corrected for. At least 1. */
unsigned judge_together(const struct results *r, unsigned exp, const char *metric,
			const char *baseline);

/* The log ratios of a to b, block by block, into r[blocks]; NaN where there is none. Returns 0, or
 * 1 if a block has a number that is not above 0: then they are the differences. */
int judge_ratios(const struct comparison *c, double *r);

/* "18 of 20 launches set aside (run_delay)"; "" if none. Returns how many. */
unsigned judge_aside(const struct results *r, unsigned config, char *buf, size_t len);

#endif
