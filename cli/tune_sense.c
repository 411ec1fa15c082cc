/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which toggle matters, and how far the advice moves when the workload or the pages are others. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/tune.h"

#define TRIALS \
	40u /* for toggles: where there are more values, only one of each toggle that is not known */

/* The winner with toggle @i at its value @v; TUNE_NONE: that is the winner, or not possible. */
static unsigned beside(const struct tuning *t, unsigned i, unsigned v)
{
	return v == t->space.point[t->pick].at[i] ? TUNE_NONE :
						    tune_space_step(&t->space, t->pick, i, v);
}

static double known(const struct tuning *t, unsigned p)
{
	double full = t->found.full[p] / t->found.full[t->pick];

	return isnan(full) ? t->found.brief[p] / t->found.brief[t->pick] : full;
}

static int try_toggle(struct tuning *t, unsigned i, bool all, struct err *e)
{
	const struct tune_toggle *x = &t->space.toggle[i];
	bool some = false;
	int rc = 0;

	for (unsigned v = 0; v < x->nr; v++) {
		unsigned p = beside(t, i, v);

		some |= p != TUNE_NONE && !isnan(known(t, p));
	}
	for (unsigned v = 0; v < x->nr && !rc; v++) {
		unsigned p = beside(t, i, v);

		if (p == TUNE_NONE || !isnan(known(t, p)) || (some && v && !all))
			continue;
		rc = tune_model_eval(&t->model, p, 1, &t->found.full[p], e);
		some = true;
	}
	return rc;
}

/* The winner with one toggle at another value, for each toggle and, unless they are many, each value. */
static int toggles(struct tuning *t, struct err *e)
{
	const struct tune_space *x = &t->space;
	unsigned unknown = 0;
	int rc = 0;

	for (unsigned i = 0; i < x->nr_toggles; i++)
		for (unsigned v = 0; v < x->toggle[i].nr; v++) {
			unsigned p = beside(t, i, v);

			unknown += p != TUNE_NONE && isnan(known(t, p));
		}
	for (unsigned i = 0; i < x->nr_toggles && !rc; i++)
		rc = try_toggle(t, i, unknown <= TRIALS, e);
	for (unsigned i = 0; i < x->nr_toggles && !rc; i++)
		for (unsigned v = 0; v < x->toggle[i].nr; v++) {
			unsigned p = beside(t, i, v);

			if (p == TUNE_NONE || isnan(known(t, p)) ||
			    t->nr_sense == sizeof(t->sense) / sizeof(*t->sense))
				continue;
			t->sense[t->nr_sense++] = (struct tune_sense){ i, v, known(t, p) };
		}
	return rc;
}

static struct tune_move *move(struct tuning *t, double ratio, const char *source)
{
	struct tune_move *m = &t->move[t->nr_moves++];

	m->ratio = ratio;
	m->source = source;
	return m;
}

/* One option of the workload at @v, modelled. */
static int workload_move(struct tuning *t, const char *name, uint64_t v, struct err *e)
{
	char text[64];
	const char *const more[] = { text, NULL };
	struct tune_values was, now;
	double ratio = NAN;
	int rc;

	snprintf(text, sizeof(text), "%s=%" PRIu64, name, v);
	rc = tune_model_trial(&t->model, 0, 0.25, more, &was, e);
	if (rc == -ECANCELED || rc == -EINVAL)
		return 0; /* there is no such workload, and the advice does not reach it */
	if (rc)
		return rc;
	rc = tune_model_trial(&t->model, t->pick, 0.25, more, &now, e);
	if (!rc) {
		const struct tune_point *p = t->space.point;

		ratio = tune_objective_score(&t->objective, 1, &now, &was,
					     p[t->pick].bytes_per_object / p->bytes_per_object);
		tune_values_release(&now);
	}
	tune_values_release(&was);
	if (rc && rc != -ECANCELED)
		return rc;
	snprintf(move(t, ratio, "model")->what, sizeof(text), "%s", text);
	return 0;
}

/* A number of the workload at a quarter, half, twice and four times what it is. */
static int around(struct tuning *t, const char *name, unsigned turns, uint64_t least, struct err *e)
{
	const struct opt *row = t->spec.wl->opts ? opt_find(t->spec.wl->opts, name) : NULL;
	uint64_t v = 0;
	unsigned one;
	int rc = 0;

	if (!row)
		return 0;
	if (row->type == OPT_UINT) {
		memcpy(&one, (const char *)t->spec.params + row->offset, sizeof(one));
		v = one == OPT_AUTO_UINT ? 0 : one;
	} else if (row->type == OPT_U64) {
		memcpy(&v, (const char *)t->spec.params + row->offset, sizeof(v));
	}
	for (unsigned k = turns; k && v && !rc; k--)
		if (v >> k >= least)
			rc = workload_move(t, name, v >> k, e);
	for (unsigned k = 1; k <= turns && v && v < UINT32_MAX && !rc; k++)
		rc = workload_move(t, name, v << k, e);
	return rc;
}

/* Larger pages, by the sketch: another target's pages are not this host's. */
static void pages(struct tuning *t)
{
	struct slab_geometry_in in;

	slab_geometry_in_init(&in, t->space.point[0].geometry.object_size);
	in.cpus = t->machine->nr_cpus;
	in.cache_line = t->machine->cache_line;
	for (in.page_size = 4096; in.page_size <= 65536; in.page_size *= 4) {
		struct slab_geometry g[2];
		double v[2];

		if (in.page_size == t->machine->page_size)
			continue;
		for (unsigned i = 0; i < 2; i++) {
			const struct slab_config *c = &t->space.point[i ? t->pick : 0].config;

			v[i] = slab_geometry(&in, c, &g[i], NULL) ?
				       NAN :
				       tune_sketch_one(&g[i], c, &t->spec, &t->mt);
		}
		if (isnan(v[0]) || isnan(v[1]))
			continue;
		snprintf(move(t,
			      v[0] > 0 ? v[1] / v[0] :
			      v[1] > 0 ? 1 + v[1] :
					 1,
			      "sketch")
				 ->what,
			 sizeof(t->move[0].what), "pages of %u KiB", in.page_size / 1024);
	}
}

int tune_sensitivity(struct tuning *t, struct err *e)
{
	int rc;

	rc = toggles(t, e);
	if (rc || !t->pick)
		return rc;
	rc = around(t, "n", 2, 1, e);
	if (!rc)
		rc = around(t,
			    t->spec.wl && opt_find(t->spec.wl->opts, "lines") ? "lines" : "touch",
			    1, 1, e);
	if (!rc)
		pages(t);
	return rc;
}
