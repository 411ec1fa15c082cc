/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_REPORT_H
#define SLABSCOPE_REPORT_H

/*
 * slabscope report: runs told from the verdicts to the raw data, as a document (cli/doc.h).
 *
 *	cmd_report.c		the command line
 *	report.c		which comparisons; the sections in their order; verdicts and numbers
 *	report_why.c		what explains a verdict
 *	report_pictures.c	the pictures (cli/pictures.h)
 *	report_words.c		what names and words mean
 *	report_method.c		how it was measured: method, noise, what was in the way
 *	report_facts.c		environment, how to repeat it, files, what could not be measured
 *
 * Verdicts, sentences, explanations and differences are those of compare (cli/compare.h): nothing is
 * judged here.
 */

#include "cli/compare.h"
#include "cli/doc.h"
#include "cli/gnuplot.h"

#define REPORT_MOST_RUNS COMPARE_MOST_RUNS

struct report_request {
	struct compare_request ask; /* metrics, baseline, delta, confidence */
	enum doc_format format;
	struct gnuplot_how how;
	const char *out; /* NULL: the last run's report.html or report.md; "-": standard output */
	int no_pictures;
};

/* Comparisons that are judged together and told together. */
struct family {
	struct compare c;
	int exp; /* of c.mine: within an experiment; -1: between two runs */
	char baseline[160];
	char why_not[300]; /* nothing could be compared, and why; "" */
};

struct report {
	struct doc d;
	const struct report_request *q;
	const struct results *run;
	unsigned nr;
	struct family *family;
	unsigned families;
	char folder[PATH_MAX]; /* in which the document will lie; "": none, it goes to a stream */
};

/* What is compared; -ENOMEM. report_release() whatever comes back. */
int report_choose(struct report *r, struct err *e);
void report_release(struct report *r);
/* All of it, to r->d. */
void report_write(struct report *r);

/* Is it told one way or the other: faster, slower, less, more? */
int report_is_decided(const struct comparison *x);
/* The comparisons of @f, the largest decided ones first: an index into f->c.item each. NULL: out of
 * memory. */
unsigned *report_order(const struct family *f);
/* What a family is called, as a heading. */
void report_family_heading(struct report *r, const struct family *f);
/* @path, which lies in or below the folder of @run, as the document would name it. */
const char *report_path(const struct report *r, const struct results *run, const char *path,
			char buf[PATH_MAX]);

/* What @metric (NULL: none) and the axes of an experiment mean, as items. */
void report_axes(struct report *r, const struct results *run, unsigned exp, const char *metric);
const char *report_metric_words(const char *metric);
const char *report_setting_words(const char *metric); /* of "effective.colour" and its like */
void report_words(struct report *r);
/* compare_sentence(), and a reason where there is a short one. */
void report_sentence(const struct family *f, const struct comparison *x, char *buf, size_t len);
void report_why(struct report *r, const struct family *f);
void report_pictures(struct report *r);
void report_method(struct report *r);
void report_noise(struct report *r);
void report_ledger(struct report *r);
void report_introduce(struct report *r); /* of each run where and when, in a paragraph */
void report_environment(struct report *r);
void report_repeat(struct report *r);
void report_files(struct report *r);
void report_missing(struct report *r);

#endif
