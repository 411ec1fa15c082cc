/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope plot: pictures of a run. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/pictures.h"
#include "cli/with_run.h"

enum plain_id { P_PICTURE, P_X, P_Y, P_BY, P_EXP, P_BASELINE, P_FORMAT, P_NAME, P_LINEAR };

#define MOST_PICTURES 64

struct request {
	const char *x, *y, *by, *exp, *baseline, *name;
	const struct picture_row *row;
	struct gnuplot_how how;
	int linear;
};

/* --picture: a row; what there is, for an error. */
static int take_picture(struct request *q, const char *text, struct err *e)
{
	char names[300] = "";
	const struct picture_row *row;

	q->row = picture_find(text);
	if (q->row)
		return 0;
	for (row = pictures; row->name; row++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 *names ? ", " : "", row->name);
	return err_set(e, -EINVAL, "--picture: expected one of %s; got '%.60s'", names, text);
}

static int take_plain(void *arg, const struct cli_plain *p, const char *text, struct err *e)
{
	struct request *q = arg;
	unsigned i;

	switch (p->id) {
	case P_PICTURE:
		return take_picture(q, text, e);
	case P_X:
		q->x = text;
		return 0;
	case P_Y:
		q->y = text;
		return 0;
	case P_BY:
		q->by = text;
		return 0;
	case P_EXP:
		q->exp = text;
		return 0;
	case P_BASELINE:
		q->baseline = text;
		return 0;
	case P_NAME:
		q->name = text;
		return 0;
	case P_LINEAR:
		return q->linear = 1, 0;
	default:
		for (i = 0; picture_formats[i]; i++)
			if (!strcmp(picture_formats[i], text))
				return q->how.format = (enum picture_format)i, 0;
		return err_set(e, -EINVAL, "--format: expected svg, png, pdf or terminal, got '%s'",
			       text);
	}
}

static const struct cli_plain options[] = {
	{ "picture", 'p', "NAME", "one of these [cost]", P_PICTURE },
	{ "x", 'x', "AXIS",
	  "axis to the right [n, or the longest numeric axis; else the longest of names]", P_X },
	{ "y", 'y', "METRIC", "metric upwards [time.ns_per_op]", P_Y },
	{ "by", 0, "AXIS",
	  "axis of the series [the next one]; what is left over gives a picture each", P_BY },
	{ "experiment", 'e', "NAME", "only this experiment [all that have an axis]", P_EXP },
	{ "baseline", 'b', "AXIS=VALUE,...",
	  "ratio to the config with these values and otherwise the same, launch by launch",
	  P_BASELINE },
	{ "format", 'f', "FORMAT", "svg, png, pdf or terminal [svg]", P_FORMAT },
	{ "name", 0, "NAME", "of the files, without suffix [the experiment's]", P_NAME },
	{ "linear", 0, NULL, "no logarithmic axes", P_LINEAR },
	{ NULL, 0, NULL, NULL, 0 },
};

static const struct cli_spec spec = {
	.command = "slabscope plot",
	.usage = "RUN [OPTION]...",
	.about =
		"Draws a picture of RUN, a folder that slabscope run made, for each of its experiments. Puts NAME.svg,\n"
		"NAME.gp and NAME.dat into the folder's plots/ and prints the pictures' paths; gnuplot NAME.gp there\n"
		"draws it again. slabscope report has all of them.\n"
		"\n"
		"Pictures, with medians and exact intervals where launches vary:\n"
		"  cost        a metric over the axes: lines over numbers, bars over names\n"
		"  pareto      memory held against time, as ratios to the baseline, and the front of the settings\n"
		"  offsets     a metric over colour_off and order (or --x and --by) as a field\n"
		"  sets        accesses and misses of each set of a modelled cache (needs --model-sets on)\n"
		"  kinds       modelled misses: compulsory, capacity, conflict, coherence (--model-kinds on)\n"
		"  structures  modelled misses by whose memory it was\n"
		"  modelled    what the model says of time, against what was measured\n"
		"  traffic     lines from node to node\n"
		"  pages       the slabs' pages by node\n"
		"  latency     p50 to p99.9 of single operations (--collect +latency)\n"
		"  space       where the bytes of the slabs went\n"
		"  launches    every launch, by config\n"
		"  trials      every trial in the order in which they ran, with those that do not count",
	.plain = options,
	.option = take_plain,
};

/* ---- the command ---- */

/* 0 or an exit status. */
static int draw(const struct results *r, const struct picture *p, const struct request *q)
{
	struct picture_made made;
	char dir[PATH_MAX];
	struct err e;
	int rc;

	if (snprintf(dir, sizeof(dir), "%s/plots", r->path) >= (int)sizeof(dir))
		return EXIT_FAILURE;
	rc = picture_write(p, dir, &q->how, &made, &e);
	if (rc == -ENOSYS) {
		/* the files are there all the same: say so */
		err_prefix(&e, rc, "%s/%s.gp and its data are written", dir, p->name);
		cli_failure(&spec, &e);
		return EXIT_CANNOT;
	}
	if (rc)
		return cli_failure(&spec, &e);
	if (q->how.format == FORMAT_TERMINAL)
		fputs(made.text, stdout);
	else
		puts(made.file);
	free(made.text);
	return 0;
}

/* Every picture of the row; *@drawn counts them. What cannot be drawn is in @e, with its code in *@why. */
static int draw_experiment(const struct picture_ask *a, const struct request *q, unsigned *drawn,
			   int *why, struct err *e)
{
	struct picture *p = malloc(sizeof(*p));
	unsigned i;
	int rc = 1, status = 0;

	for (i = 0; p && rc == 1 && !status && i < MOST_PICTURES; i++) {
		rc = picture_make(q->row, a, i, p, e);
		if (rc == 1) {
			status = draw(a->r, p, q);
			++*drawn;
		}
		picture_release(p);
	}
	free(p);
	if (rc == 1 && i == MOST_PICTURES)
		fprintf(stderr, "slabscope plot: %s: only the first %d pictures are drawn\n",
			a->r->exp[a->exp].name, MOST_PICTURES);
	if (rc < 0)
		*why = rc;
	return status;
}

/* Is this experiment meant? */
static int is_meant(const struct results *r, unsigned exp, const struct request *q)
{
	if (q->exp)
		return !strcmp(q->exp, r->exp[exp].name);
	if (q->baseline && results_baseline(r, r->exp[exp].first, q->baseline) < 0)
		return 0;
	/* an axis that was asked for need not be in every experiment */
	return (!q->x || results_axis(r, exp, q->x) >= 0) &&
	       (!q->by || results_axis(r, exp, q->by) >= 0);
}

static int draw_all(const struct results *r, const void *request)
{
	const struct request *q = request;
	const char *metric = q->y ? q->y : PICTURE_METRIC;
	unsigned i, drawn = 0, meant = 0;
	int status = 0, why = 0;
	struct err e = { "" };

	if (!q->y && q->row->of_metric && results_metric(r, metric, NULL) < 0) {
		err_set(&e, -ENODATA,
			"%s: no trial that is ok has %s: no picture (--y names another metric)",
			r->path, metric);
		return cli_failure(&spec, &e);
	}
	if ((q->y || q->row->of_metric) && results_metric(r, metric, &e) < 0)
		return cli_usage_error(&spec, &e);
	for (i = 0; i < r->nr_exp && !status; i++) {
		struct picture_ask a = { .r = r,
					 .exp = i,
					 .x = q->x,
					 .y = q->y,
					 .by = q->by,
					 .baseline = q->baseline,
					 .name = q->name,
					 .linear = q->linear };

		if (!is_meant(r, i, q))
			continue;
		meant++;
		status = draw_experiment(&a, q, &drawn, &why, &e);
	}
	if (drawn || status)
		return status;
	if (why == -ENODATA)
		return cli_failure(&spec, &e);
	if (!meant || !why)
		err_set(&e, -EINVAL, "no experiment of %s has %s", r->path,
			q->exp || q->x || q->by || q->baseline ? "what was asked for" :
								 "an axis to draw over");
	return cli_usage_error(&spec, &e);
}

int cmd_plot(int argc, char **argv)
{
	struct request q = { .row = pictures };

	gnuplot_terminal(&q.how, STDOUT_FILENO);
	return with_run(&spec, argc, argv, &q, draw_all);
}
