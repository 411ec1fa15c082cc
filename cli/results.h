/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_RESULTS_H
#define SLABSCOPE_RESULTS_H

/*
 * A run's folder, read: configs with their axes' values, and for each config and metric one number
 * per block (launch). Everything that prints or draws starts from this.
 *
 *	value[(config * nr_metrics + metric) * blocks + block]	NaN: none
 *
 * Only values of a whole trial (worker -1) of trials that are ok. A trial that was invalid (not what
 * was asked for) or disturbed (something else was in its way) is counted and its values are left
 * out; where a disturbed one was repeated, its last attempt is the trial.
 */

#include <jansson.h>
#include <limits.h>
#include <stddef.h>

#include "cli/samples.h"
#include "lib/err.h"
#include "lib/stat.h"

#define RESULTS_CONFIDENCE 0.95

struct res_axis {
	const char *name;
	const char **value;
	unsigned nr;
	int numeric; /* every value is a number, "off" read as 0 */
};

struct res_exp {
	const char *name;
	unsigned first, nr_configs;
	struct res_axis *axis;
	unsigned nr_axes;
};

struct res_config {
	unsigned exp;
	const char *label;
	unsigned *at; /* [nr_axes of its experiment]: index of its value */
	unsigned ok, failed, crashed, timeout, invalid,
		disturbed; /* trials, by their last attempt */
	unsigned repeated; /* attempts before it, all of them disturbed */
};

struct res_metric {
	const char *name, *unit, *source;
};

struct results {
	char path[PATH_MAX];
	json_t *run;
	struct samples samples;
	struct res_exp *exp;
	unsigned nr_exp;
	struct res_config *config;
	unsigned nr_configs, blocks;
	struct res_metric *metric;
	unsigned nr_metrics;
	double *value;
	const struct sample *
		*row; /* [config * nr_metrics + metric]: a row that stands for its state and note */
	const struct sample **status; /* [config * blocks + block], of what counts; NULL: not run */
};

/* -ENOENT, -EINVAL as run_json_read() and samples_read(); @r holds nothing then. */
int results_read(struct results *r, const char *path, struct err *e);
/* The same of a run.json and a samples.csv in memory: takes a reference to @run, and owns @text
 * (malloc'd, @len bytes, text[len] writable) whatever happens. @path is for messages. */
int results_make(struct results *r, const char *path, json_t *run, char *text, size_t len,
		 struct err *e);
void results_release(struct results *r);

/* Trials of @config that have not been run (yet). */
unsigned results_not_run(const struct results *r, unsigned config);

/* Index of metric @name; -EINVAL listing the nearest names. */
int results_metric(const struct results *r, const char *name, struct err *e);
/* Index of axis @name in experiment @exp, or -1. */
int results_axis(const struct results *r, unsigned exp, const char *name);
const double *results_values(const struct results *r, unsigned config, unsigned metric);

/* How it was measured: exact, scaled, unavailable (of any of its launches, the worst); "missing"
 * if there is no row. */
const char *results_state(const struct results *r, unsigned config, unsigned metric);
/* Has any launch of @config that counts a row of @metric? */
int results_has(const struct results *r, unsigned config, unsigned metric);
/* 1: some trial ran on nodes that the machine does not have. */
int results_emulated(const struct results *r);
/* "emulated (QEMU TCG)": a program executed the run's instructions, and how long that took says nothing; NULL: no. */
const char *results_cpu_emulated(const struct results *r);
/* Why it is unavailable, or "". */
const char *results_note(const struct results *r, unsigned config, unsigned metric);

/* One config's numbers for one metric. */
struct res_summary {
	unsigned n; /* launches with a number; 0: nothing else below means anything */
	double median, min, max;
	int have_interval;
	struct stat_interval interval;
};

void results_summary(const struct results *r, unsigned config, unsigned metric,
		     struct res_summary *s);

/* Median of the ratios of @config to @base, launch by launch (blocks in which both have a number
 * above 0), by their logarithms: the interval is exact, and the ratio the other way round is the
 * reciprocal. */
void results_ratio(const struct results *r, unsigned config, unsigned base, unsigned metric,
		   struct res_summary *s);

/*
 * The config that @config is compared with when the baseline is @text ("colour=0", or a whole
 * label): the one with the same values on all axes that @text does not name. -1: its experiment has
 * no such axis or value.
 */
int results_baseline(const struct results *r, unsigned config, const char *text);

/*
 * The config that @text means: a label ("colour=0,n=16"), any of its settings that only one config
 * has ("colour=0"), each with "EXPERIMENT/" in front if need be, or an experiment that has only one.
 * -EINVAL saying what is there, or what else has to be named.
 */
int results_config(const struct results *r, const char *text, struct err *e);

/* A number that people read: four significant digits, no exponent below a billion; "-" for NaN.
 * Returns @buf. */
const char *results_number(double v, char *buf, size_t len);

/* The value of @config on the experiment's axis @axis, as text. */
const char *results_axis_value(const struct results *r, unsigned config, unsigned axis);

#endif
