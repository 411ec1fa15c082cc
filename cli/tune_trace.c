/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune_trace.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/tune_many.h"
#include "collectors/model/params.h"

#define LEAST_TRIALS 12u
#define LEAST_OPS 6000u /* of a trial, in whole passes through the cache's records */
#define MOST_OPS 60000u /* longer ones are cut off */
#define GAINS 0.0005	/* in the whole trace: less is how addresses happen to fall */

/* ---- settings ---- */

static int set_number(struct job_section *s, const char *name, uint64_t v, struct err *e)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	return job_set(s, name, text, "--trace", e);
}

static int ours(const char *name)
{
	static const char *const names[] = { "workload", "trace", "only", "partial" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name))
			return 1;
	return 0;
}

/* Trials of @ops records of one cache, or of all (NULL). What was given on the command line stands. */
static int given(const struct tune_trace *t, const char *only, uint64_t ops, struct job_section *to,
		 struct err *e)
{
	const struct tune_request *q = t->q;
	int rc = job_set(to, "workload", "replay", "--trace", e);

	if (!rc)
		rc = job_set(to, "trace", t->path, "--trace", e);
	if (!rc && only)
		rc = job_set(to, "only", only, "--trace", e);
	if (!rc)
		rc = set_number(to, "workers", t->workers, e);
	if (!rc)
		rc = set_number(to, "ops", ops, e);
	if (!rc)
		rc = set_number(to, "warmup_ops", ops, e);
	for (unsigned i = 0; i < q->given.nr && !rc; i++)
		if (!ours(q->given.set[i].name))
			rc = job_set(to, q->given.set[i].name, q->given.set[i].text, "command line",
				     e);
	return rc;
}

/* Whole passes, so that what grows and goes in one is there as often as it should be. */
static uint64_t ops_of(const struct tune_traced *x)
{
	uint64_t passes = (LEAST_OPS + x->length - 1) / x->length, ops = x->length * passes;

	return ops > MOST_OPS ? MOST_OPS : ops;
}

/* A worker for each CPU of the trace, as far as the target has them. */
static int find_workers(struct tune_trace *t, struct err *e)
{
	struct model_params p = { .frames = 0 };
	struct kmem_machine *m = malloc(sizeof(*m));
	struct mt_target target;
	unsigned cores;
	int rc;

	if (!m)
		return err_set(e, -ENOMEM, "out of memory");
	snprintf(p.target, sizeof(p.target), "%s", t->target);
	rc = model_target(&target, &p, e);
	if (!rc)
		rc = model_machine(m, &target, e);
	if (!rc) {
		cores = m->nr_cpus / model_core_threads(&target);
		t->workers = t->totals.cpus < cores ? t->totals.cpus : cores;
		t->workers = t->workers ? t->workers : 1;
	}
	free(m);
	return rc;
}

/* ---- each alone ---- */

static int alone(void *arg, unsigned piece, void *result, struct launcher *l, struct err *e)
{
	const struct tune_trace *t = arg;
	const struct tune_traced *x = &t->cache[piece];
	struct tune_request each = *t->q;
	struct job j = { 0 };
	int rc = given(t, x->a.cache, ops_of(x), &j.global, e);

	each.object_size = x->a.size;
	if (!rc)
		rc = tune_advise(result, &each, &j.global, t->target, l, e);
	job_release(&j);
	return rc;
}

static void ended(void *arg, unsigned done, unsigned nr)
{
	const struct tune_trace *t = arg;

	if (!t->q->quiet)
		tune_advice_progress(done, nr);
}

static int tune_alone(struct tune_trace *t, struct launcher *l, struct err *e)
{
	struct tune_advice *a = calloc(t->nr + 1, sizeof(*a));
	const struct tune_many m = { .nr = t->nr,
				     .at_once = t->q->jobs,
				     .size = sizeof(*a),
				     .work = alone,
				     .arg = t,
				     .ended = ended };
	int rc = a ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (unsigned i = 0; i < t->nr && !rc; i++)
		a[i] = t->cache[i].a;
	if (!rc)
		rc = tune_many(&m, l, a, e);
	for (unsigned i = 0; i < t->nr && !rc; i++) {
		t->cache[i].a = a[i];
		t->cache[i].alone = a[i].failed ? NAN : a[i].ratio;
	}
	free(a);
	return rc;
}

/* ---- in the whole trace ---- */

struct whole {
	struct tune_trace *t;
	struct tune_objective objective;
	struct tune_values base;
	unsigned *cache; /* [nr]: whose picks are tried */
	unsigned nr;
};

/* Bytes of all caches at their peaks; with the picks of @with[n]. */
static double bytes(const struct tune_trace *t, const struct tune_advice *const *with, unsigned n)
{
	double sum = 0;

	for (unsigned i = 0; i < t->nr; i++) {
		const struct tune_traced *x = &t->cache[i];
		double each = x->a.was;

		for (unsigned k = 0; k < n; k++)
			if (with[k] == &x->a)
				each = x->a.bytes;
		if (!x->a.failed)
			sum += (double)x->peak * each;
	}
	return sum;
}

/* One trial of the whole trace with the picks of @with[n], each for its own cache. */
static int try_whole(const struct whole *w, const struct tune_advice *const *with, unsigned n,
		     struct launcher *l, struct tune_values *out, struct err *e)
{
	const struct tune_trace *t = w->t;
	struct trial_spec s;
	struct job j = { 0 };
	char file[128];
	int rc = given(t, NULL, t->length, &j.global, e);

	snprintf(file, sizeof(file), "%s/toggles-%d", t->folder, (int)getpid());
	if (!rc && n)
		rc = tune_advice_write(file, with, n, tune_profile(t->q), e);
	if (!rc && n)
		rc = job_set(&j.global, "cache_toggles", file, "--trace", e);
	if (!rc) {
		rc = tune_read_given(&s, &j.global, e);
		if (!rc)
			rc = trial_spec_set(&s, "target", t->target, e);
		if (!rc)
			rc = tune_model_launch(l, &s, out, e);
		trial_spec_release(&s);
	}
	job_release(&j);
	return rc;
}

static double score(const struct whole *w, const struct tune_advice *const *with, unsigned n,
		    const struct tune_values *now)
{
	return tune_objective_score(&w->objective, 1, now, &w->base,
				    bytes(w->t, with, n) / bytes(w->t, NULL, 0));
}

static int in_whole(void *arg, unsigned piece, void *result, struct launcher *l, struct err *e)
{
	const struct whole *w = arg;
	const struct tune_advice *a = &w->t->cache[w->cache[piece]].a;
	struct tune_values now;
	int rc = try_whole(w, &a, 1, l, &now, e);

	*(double *)result = NAN;
	if (rc == -ECANCELED)
		return 0;
	if (rc)
		return rc;
	*(double *)result = score(w, &a, 1, &now);
	tune_values_release(&now);
	return 0;
}

/* What gains only while nothing else is there is no advice. */
static void believe_whole(struct tune_traced *x, double ratio)
{
	x->whole = ratio;
	if (!(ratio > 1 - GAINS))
		return;
	x->a.verdict = TUNE_KEEP;
	snprintf(x->a.why, sizeof(x->a.why),
		 "alone %.80s gains %.2g %%, but nothing in the whole trace", x->a.pick,
		 (1 - x->alone) * 100);
	x->a.ratio = 1;
	x->a.bytes = x->a.was;
	x->a.config = x->a.base;
	snprintf(x->a.pick, sizeof(x->a.pick), "nothing changed");
}

static int try_each(struct whole *w, struct launcher *l, struct err *e)
{
	double *ratio = calloc(w->nr + 1, sizeof(*ratio));
	const struct tune_many m = { .nr = w->nr,
				     .at_once = w->t->q->jobs,
				     .size = sizeof(*ratio),
				     .work = in_whole,
				     .arg = w,
				     .ended = NULL };
	int rc = ratio ? tune_many(&m, l, ratio, e) : err_set(e, -ENOMEM, "out of memory");

	for (unsigned i = 0; i < w->nr && !rc; i++)
		believe_whole(&w->t->cache[w->cache[i]], ratio[i]);
	free(ratio);
	return rc;
}

/* What is advised, all of it at once. */
static int try_together(struct whole *w, struct launcher *l, struct err *e)
{
	struct tune_trace *t = w->t;
	const struct tune_advice **with = calloc(t->nr + 1, sizeof(*with));
	struct tune_values now;
	unsigned n = 0;
	int rc;

	if (!with)
		return err_set(e, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < t->nr; i++)
		if (!t->cache[i].a.failed && t->cache[i].a.verdict == TUNE_CHANGE)
			with[n++] = &t->cache[i].a;
	t->was = bytes(t, NULL, 0);
	t->bytes = bytes(t, with, n);
	rc = n ? try_whole(w, with, n, l, &now, e) : -ECANCELED;
	if (!rc) {
		t->together = score(w, with, n, &now);
		tune_values_release(&now);
	}
	free(with);
	return rc == -ECANCELED ? 0 : rc;
}

/* Bytes that slabs hold are known of one cache, not of many. */
static int known_in_whole(const struct tune_objective *o)
{
	for (unsigned i = 0; i < o->nr; i++)
		if (!strcmp(o->term[i].name, "held"))
			return 0;
	return 1;
}

static int tune_whole(struct tune_trace *t, struct launcher *l, struct err *e)
{
	struct whole w = { .t = t };
	int rc = tune_objective_parse(&w.objective, t->q->objective, e);

	if (rc || !known_in_whole(&w.objective))
		return rc;
	w.cache = calloc(t->nr + 1, sizeof(*w.cache));
	if (!w.cache)
		return err_set(e, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < t->nr; i++)
		if (!t->cache[i].a.failed && t->cache[i].a.verdict == TUNE_CHANGE)
			w.cache[w.nr++] = i;
	if (w.nr)
		rc = try_whole(&w, NULL, 0, l, &w.base, e);
	if (!rc && w.nr)
		rc = try_each(&w, l, e);
	if (!rc && w.nr)
		rc = try_together(&w, l, e);
	tune_values_release(&w.base);
	free(w.cache);
	return rc;
}

/* ---- all of it ---- */

static int by_gain(const void *a, const void *b)
{
	const struct tune_traced *x = a, *y = b;

	if (x->a.gain != y->a.gain)
		return x->a.gain > y->a.gain ? -1 : 1;
	if (x->allocs + x->frees != y->allocs + y->frees)
		return x->allocs + x->frees > y->allocs + y->frees ? -1 : 1;
	return strcmp(x->a.cache, y->a.cache);
}

static int write_config(const struct tune_trace *t, struct err *e)
{
	const struct tune_advice **a = calloc(t->nr + 1, sizeof(*a));
	int rc;

	if (!a)
		return err_set(e, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < t->nr; i++)
		a[i] = &t->cache[i].a;
	rc = tune_advice_write(t->q->config_file, a, t->nr, tune_profile(t->q), e);
	free(a);
	return rc;
}

static int print(const struct tune_trace *t, FILE *f, struct err *e)
{
	json_t *o;
	int rc;

	if (!t->q->json) {
		tune_trace_text(t, f);
		return 0;
	}
	o = tune_trace_json(t);
	rc = o ? json_dumpf(o, f, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : -1;
	fputs("\n", f);
	json_decref(o);
	return rc ? err_set(e, -EIO, "the JSON cannot be written") : 0;
}

int tune_trace(const struct tune_request *q, struct launcher *l, FILE *f, struct err *e)
{
	struct tune_request each = *q;
	struct tune_trace t = { .q = &each,
				.target = q->nr_targets ? q->target[0] : "host",
				.together = NAN };
	int rc;

	each.model_only = each.no_sense = 1;
	each.least = LEAST_TRIALS;
	each.effort = 0;
	rc = tune_trace_read(&t, e);
	if (!rc)
		rc = find_workers(&t, e);
	if (!rc)
		rc = tune_alone(&t, l, e);
	if (!rc)
		rc = tune_whole(&t, l, e);
	for (unsigned i = 0; i < t.nr && !rc; i++) {
		struct tune_traced *x = &t.cache[i];

		/* by the whole trace where that is known, else by the part saved of so many records */
		x->a.gain = x->a.failed || x->a.verdict != TUNE_CHANGE ? 0 :
			    !isnan(x->whole)			       ? 1 - x->whole :
					       (1 - x->alone) * (double)(x->allocs + x->frees) /
						       (double)t.length;
	}
	if (!rc) {
		qsort(t.cache, t.nr, sizeof(*t.cache), by_gain);
		rc = q->config_file ? write_config(&t, e) : 0;
	}
	if (!rc)
		rc = print(&t, f, e);
	tune_trace_release(&t);
	return rc;
}
