/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "cli/tune.h"

double tune_point_misses(const struct tuning *t, unsigned p)
{
	return t->model.values ? tune_value(&t->model.values[p], "model.l1d_misses_per_op") : NAN;
}

struct row {
	unsigned point, changes;
	double bytes, misses;
};

/* Fewer bytes first, then fewer misses, then fewer changes. */
static int before(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	if (x->misses != y->misses)
		return x->misses < y->misses ? -1 : 1;
	return x->changes < y->changes ? -1 : x->changes > y->changes;
}

static unsigned tried(struct tuning *t, struct row *r)
{
	unsigned n = 0;

	for (unsigned p = 0; p < t->space.nr_points; p++) {
		const struct tune_point *x = &t->space.point[p];
		double misses = tune_point_misses(t, p);

		if (isnan(t->found.full[p]) || isnan(misses))
			continue;
		r[n++] = (struct row){ p, x->changes, x->bytes_per_object, misses };
		if (p != t->pick && isfinite(t->found.full[p]) &&
		    fabs(t->found.full[p] / t->found.full[t->pick] - 1) <= t->q->delta)
			t->alike[t->nr_alike++] = p;
	}
	return n;
}

int tune_pareto(struct tuning *t, struct err *e)
{
	struct row *r = calloc(t->space.nr_points, sizeof(*r));
	double least = INFINITY;
	unsigned n;

	t->pareto = calloc(t->space.nr_points, sizeof(*t->pareto));
	t->alike = calloc(t->space.nr_points, sizeof(*t->alike));
	if (!r || !t->pareto || !t->alike) {
		free(r);
		return err_set(e, -ENOMEM, "out of memory");
	}
	n = tried(t, r);
	qsort(r, n, sizeof(*r), before);
	for (unsigned i = 0; i < n; i++)
		if (r[i].misses < least * (1 - TUNE_SAME)) {
			t->pareto[t->nr_pareto++] = r[i].point;
			least = r[i].misses;
		}
	free(r);
	return 0;
}
