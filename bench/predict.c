/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the model predict? Spearman's rank correlation over the configs of a run between what was modelled and what was
 * measured, for each value of an axis and for all configs together, and where the ranks differ most.
 *
 *	predict [--by AXIS] [--worst N] [--csv FILE] SUMMARY
 *
 * SUMMARY is a run's summary.csv. Modelled: the median over launches (seeds) of model.memory_time_per_op. Measured: the
 * least over launches of time.cpu_ns_per_op, and again their median: what else runs on the machine only ever adds.
 *
 * FILE gets config,group,modelled_ns,measured_ns,measured_median_ns,modelled_rank,measured_rank, ordered as SUMMARY.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/csv.h"
#include "lib/rank.h"
#include "lib/stat.h"

#define NAME 160
#define GROUPS 16

enum { MODELLED, LEAST, MEDIAN, VALUES };

struct point {
	char label[NAME], group[NAME];
	double v[VALUES], rank[VALUES]; /* NaN: not there */
};

struct points {
	struct point *p;
	size_t n, room;
};

struct columns {
	int label, metric, state, median, min;
};

static const char *const column_names[] = { "label", "metric", "state", "median", "min" };

/* ---- reading ---- */

static struct point *point_of(struct points *all, const char *label, const char *by)
{
	char key[NAME];
	const char *at;
	struct point *p;

	for (size_t i = all->n; i-- > 0;)
		if (!strcmp(all->p[i].label, label))
			return &all->p[i];
	if (all->n == all->room) {
		size_t room = all->room ? all->room * 2 : 256;
		struct point *more = realloc(all->p, room * sizeof(*more));

		if (!more)
			return NULL;
		all->p = more;
		all->room = room;
	}
	p = &all->p[all->n++];
	*p = (struct point){ .v = { NAN, NAN, NAN } };
	snprintf(p->label, sizeof(p->label), "%s", label);
	/* labels are "colour=1,n=8,access=load" */
	snprintf(key, sizeof(key), "%s=", by);
	at = strncmp(label, key, strlen(key)) ? strstr(label, key) : label;
	if (at && (at == label || at[-1] == ','))
		snprintf(p->group, sizeof(p->group), "%.*s", (int)strcspn(at, ","), at);
	return p;
}

static int find_columns(const struct csv_reader *r, struct columns *c, struct err *e)
{
	int *to[] = { &c->label, &c->metric, &c->state, &c->median, &c->min };

	for (unsigned k = 0; k < sizeof(to) / sizeof(*to); k++) {
		*to[k] = -1;
		for (unsigned i = 0; i < r->nr; i++)
			if (!strcmp(r->cell[i].text, column_names[k]))
				*to[k] = (int)i;
		if (*to[k] < 0)
			return err_set(e, -EINVAL, "line %u: no column '%s'", r->line,
				       column_names[k]);
	}
	return 0;
}

static double number(const struct csv_reader *r, int column)
{
	const char *text = r->cell[column].text;
	char *end;
	double v = strtod(text, &end);

	return *text && !*end ? v : NAN;
}

static int take_row(const struct csv_reader *r, const struct columns *c, const char *by,
		    struct points *all, struct err *e)
{
	int last = c->min > c->median ? c->min : c->median, modelled, measured;
	struct point *p;

	if ((int)r->nr <= last || (int)r->nr <= c->state)
		return err_set(e, -EINVAL, "line %u: a row of %u columns", r->line, r->nr);
	modelled = !strcmp(r->cell[c->metric].text, "model.memory_time_per_op");
	measured = !strcmp(r->cell[c->metric].text, "time.cpu_ns_per_op");
	if ((!modelled && !measured) || !strcmp(r->cell[c->state].text, "unavailable"))
		return 0;
	p = point_of(all, r->cell[c->label].text, by);
	if (!p)
		return err_set(e, -ENOMEM, "no memory for %zu configs", all->n + 1);
	if (modelled) {
		p->v[MODELLED] = number(r, c->median);
	} else {
		p->v[LEAST] = number(r, c->min);
		p->v[MEDIAN] = number(r, c->median);
	}
	return 0;
}

static int read_summary(const char *path, const char *by, struct points *all, struct err *e)
{
	FILE *f = fopen(path, "r");
	struct csv_reader r;
	struct columns c;
	size_t kept = 0;
	int err;

	if (!f)
		return err_set(e, -errno, "%s", strerror(errno));
	csv_reader_init(&r, f, path, 1);
	err = csv_read(&r, e);
	if (!err)
		err = err_set(e, -EINVAL, "empty");
	if (err > 0)
		err = find_columns(&r, &c, e);
	while (!err && (err = csv_read(&r, e)) > 0)
		err = take_row(&r, &c, by, all, e);
	csv_reader_release(&r);
	fclose(f);
	for (size_t i = 0; i < all->n; i++) {
		int whole = 1;

		for (int k = 0; k < VALUES; k++)
			whole &= !isnan(all->p[i].v[k]);
		if (whole)
			all->p[kept++] = all->p[i];
		else
			fprintf(stderr, "predict: %s: not both modelled and measured, left out\n",
				all->p[i].label);
	}
	all->n = kept;
	return err;
}

/* ---- ranks ---- */

/* Values @k of the points of @group (NULL: of all), into @to; how many. */
static size_t values_of(const struct points *all, const char *group, int k, double *to)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (!group || !strcmp(all->p[i].group, group))
			to[n++] = all->p[i].v[k];
	return n;
}

static void print_correlation(const struct points *all, const char *group, double *room)
{
	double *x = room, *y = room + all->n, *scratch = y + all->n, rho[VALUES];
	size_t n = values_of(all, group, MODELLED, x);

	for (int k = LEAST; k < VALUES; k++) {
		values_of(all, group, k, y);
		rho[k] = rank_spearman(x, y, n, scratch);
	}
	printf("%-24s %7zu  %8.3f  %8.3f\n", group ? group : "all", n, rho[LEAST], rho[MEDIAN]);
}

static void set_ranks(struct points *all, double *room)
{
	for (int k = 0; k < VALUES; k++) {
		size_t n = values_of(all, NULL, k, room);

		stat_sort(room, n);
		for (size_t i = 0; i < n; i++)
			all->p[i].rank[k] = rank_mean(room, n, all->p[i].v[k]);
	}
}

static void print_correlations(const struct points *all, double *room)
{
	const char *seen[GROUPS];
	size_t nr = 0;

	printf("%-24s %7s  %8s  %8s\n", "Spearman's correlation", "configs", "least", "median");
	for (size_t i = 0; i < all->n; i++) {
		size_t g = 0;

		while (g < nr && strcmp(seen[g], all->p[i].group) != 0)
			g++;
		if (g < nr || nr == GROUPS || !*all->p[i].group)
			continue;
		seen[nr++] = all->p[i].group;
		print_correlation(all, all->p[i].group, room);
	}
	print_correlation(all, NULL, room);
}

static double residual(const struct point *p)
{
	return p->rank[LEAST] - p->rank[MODELLED];
}

static int by_residual(const void *a, const void *b)
{
	const struct point *const *pa = a, *const *pb = b;
	double x = fabs(residual(*pa)), y = fabs(residual(*pb));

	return (x < y) - (x > y);
}

static int print_worst(const struct points *all, size_t worst)
{
	const struct point **by = malloc(all->n * sizeof(*by));

	if (!by)
		return -ENOMEM;
	for (size_t i = 0; i < all->n; i++)
		by[i] = &all->p[i];
	qsort(by, all->n, sizeof(*by), by_residual);
	printf("\n%-44s %11s %11s  ranks (of %zu)\n", "furthest apart", "modelled ns",
	       "measured ns", all->n);
	for (size_t i = 0; i < worst && i < all->n; i++)
		printf("%-44s %11.3f %11.3f  %.1f and %.1f\n", by[i]->label, by[i]->v[MODELLED],
		       by[i]->v[LEAST], by[i]->rank[MODELLED], by[i]->rank[LEAST]);
	free(by);
	return 0;
}

static int write_csv(const char *path, const struct points *all)
{
	FILE *f = fopen(path, "w");
	int bad;

	if (!f)
		return -errno;
	fputs("config,group,modelled_ns,measured_ns,measured_median_ns,modelled_rank,measured_rank\n",
	      f);
	for (size_t i = 0; i < all->n; i++) {
		const struct point *p = &all->p[i];

		csv_write_cell(f, p->label, 0);
		fputc(',', f);
		csv_write_cell(f, p->group, 0);
		fprintf(f, ",%.6g,%.6g,%.6g,%.1f,%.1f\n", p->v[MODELLED], p->v[LEAST], p->v[MEDIAN],
			p->rank[MODELLED], p->rank[LEAST]);
	}
	bad = ferror(f);
	return fclose(f) || bad ? -EIO : 0;
}

static int report(struct points *all, size_t worst, const char *csv)
{
	double *room = malloc(all->n * 4 * sizeof(*room));
	int err = room ? 0 : -ENOMEM;

	if (!err) {
		set_ranks(all, room);
		print_correlations(all, room);
		err = worst ? print_worst(all, worst) : 0;
	}
	if (!err && csv)
		err = write_csv(csv, all);
	if (err)
		fprintf(stderr, "predict: %s\n", strerror(-err));
	free(room);
	return err;
}

int main(int argc, char **argv)
{
	const char *by = "access", *csv = NULL;
	struct points all = { .n = 0 };
	struct err e = { "" };
	size_t worst = 10;
	int i = 1, err;

	for (; i + 1 < argc && !strncmp(argv[i], "--", 2); i += 2) {
		if (!strcmp(argv[i], "--by"))
			by = argv[i + 1];
		else if (!strcmp(argv[i], "--csv"))
			csv = argv[i + 1];
		else if (!strcmp(argv[i], "--worst"))
			worst = strtoul(argv[i + 1], NULL, 10);
		else
			break;
	}
	if (i + 1 != argc || !strncmp(argv[i], "--", 2)) {
		fputs("usage: predict [--by AXIS] [--worst N] [--csv FILE] SUMMARY\n", stderr);
		return 2;
	}
	err = read_summary(argv[i], by, &all, &e);
	if (err)
		fprintf(stderr, "predict: %s: %s\n", argv[i], e.text);
	else if (all.n < 2)
		err = fprintf(stderr, "predict: %s: fewer than two configs to compare\n", argv[i]);
	else
		err = report(&all, worst, csv);
	free(all.p);
	return err ? 1 : 0;
}
