/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PICTURES_H
#define SLABSCOPE_PICTURES_H

/*
 * The pictures of a run: one row each. A row says what its picture needs, and makes the numbers of it;
 * cli/picture.h draws them.
 *
 *	pictures.c		the rows, words that they share
 *	pictures_cost.c		a metric over the axes of an experiment
 *	pictures_model.c	misses by set, kind and structure; modelled against measured
 *	pictures_place.c	nodes: traffic, pages
 *	pictures_run.c		launches, trials in their order, latency
 *	pictures_space.c	bytes: parts, and against time
 */

#include "cli/picture.h"
#include "cli/results.h"

/* What is to be drawn; of one experiment. NULL: the row's own choice. */
struct picture_ask {
	const struct results *r;
	unsigned exp;
	const char *x, *y, *by, *baseline, *name;
	int linear;
};

struct picture_row {
	const char *name;
	enum picture_kind kind;
	const char *title;
	const char *needs; /* in words, for when it is not there */
	const char *reads; /* how to read it, one sentence, for who sees one for the first time */
	int of_metric;	   /* it is of picture_ask.y */
	/*
	 * Fill @p, whose kind and title are set, with the @index'th picture of this row. 1: done;
	 * 0: there are no more; -ENODATA: it cannot be drawn of this experiment, and why; else an error.
	 */
	int (*fill)(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
};

extern const struct picture_row pictures[]; /* name NULL ends */
const struct picture_row *picture_find(const char *name);

/* As row->fill(); @p has the name of its files, too, and at least one point. The caller releases @p
 * whatever comes back. */
int picture_make(const struct picture_row *row, const struct picture_ask *a, unsigned index,
		 struct picture *p, struct err *e);

/* ---- what rows share ---- */

#define PICTURE_METRIC "time.ns_per_op"

/* "time.ns_per_op, ns (lower is better)". With a @prefix ("ratio to x: ") there is no unit. */
void picture_axis_label(char *buf, size_t len, const char *prefix, const char *metric,
			const char *unit);
/* "cliff (hot-header): WHAT; median of 9 launches, 95 % intervals". @stats 0: without what follows ;. */
void picture_title(struct picture *p, const struct picture_ask *a, const char *what, int stats);
/* The axis whose values are the series, where nothing else is said: not n, and no caches. -1. */
int picture_setting(const struct results *r, unsigned exp);
/* The median of @metric ("" for a NaN if there is none) of @config. */
double picture_median(const struct results *r, unsigned config, const char *metric);
/* The requested value of an option; "" where there is none. */
const char *picture_requested(const struct results *r, unsigned config, const char *option);
/* The configs of the experiment that have one place in a picture with a place for each: all, or, of
 * more than PICTURE_MOST_GROUPS, those with the last values of the axes other than the setting. */
unsigned picture_configs(const struct results *r, unsigned exp, unsigned out[PICTURE_MOST_GROUPS]);
/* At most @most configs that differ in the setting only; picture_others() says what they share. */
unsigned picture_values(const struct results *r, unsigned exp, unsigned most,
			unsigned out[PICTURE_MOST_GROUPS]);
void picture_others(const struct results *r, unsigned config, char *buf, size_t len);

/* Parts of a whole, on top of each other, for each of picture_configs(): medians of the metrics times
 * the config's @scale. */
struct picture_part {
	char metric[64], name[64];
};

int picture_stack(struct picture *p, const struct picture_ask *a, const struct picture_part *part,
		  unsigned nr, const double *scale);

/* A group for each config. */
int picture_config_groups(struct picture *p, const struct results *r, const unsigned *config,
			  unsigned nr);
double picture_axis_number(const char *text);
int picture_wants_log_y(const struct picture *p);

int picture_cost(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_offsets(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_sets(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_kinds(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_structures(struct picture *p, const struct picture_ask *a, unsigned index,
		       struct err *e);
int picture_modelled(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_traffic(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_pages(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_latency(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_launches(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_trials(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_space(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);
int picture_pareto(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e);

#endif
