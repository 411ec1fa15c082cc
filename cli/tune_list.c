/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice for each cache of a slabinfo listing, by the model, sorted by what it would gain. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/caches.h"
#include "cli/tune.h"

#define LIST_LEAST 8u
#define LIST_OPS "20000"
#define MOST_OBJECTS 20000u /* live objects of a trial: larger caches are as cold as these */

struct advice {
	const struct slablist_row *row;
	uint64_t n; /* live objects of its trials */
	enum tune_verdict verdict;
	double ratio, bytes, was, gain; /* gain: what sorts: the part saved x active objects */
	char pick[256], why[256];
	int failed;
};

/* Two significant bits: caches of one size and about as many objects get one tuning. */
static uint64_t round_number(uint64_t n)
{
	unsigned drop = 0;

	while (n >> drop >= 4)
		drop++;
	return n >> drop << drop;
}

static int given(struct job_section *to, const struct tune_request *q, const struct advice *a,
		 struct err *e)
{
	const struct slablist_row *row = a->row;
	char text[32];
	int rc = job_set(to, "workload", "churn", "--caches", e);

	if (!rc)
		rc = job_set(to, "ops", LIST_OPS, "--caches", e);
	for (unsigned i = 0; i < q->given.nr && !rc; i++)
		rc = job_set(to, q->given.set[i].name, q->given.set[i].text, "command line", e);
	snprintf(text, sizeof(text), "%" PRIu32, row->objsize);
	if (!rc)
		rc = job_set(to, "object_size", text, row->name, e);
	snprintf(text, sizeof(text), "%" PRIu64, a->n);
	return rc ? rc : job_set(to, "n", text, row->name, e);
}

static int advise(struct advice *a, const struct tune_request *q, const char *target,
		  struct launcher *l, struct err *e)
{
	struct tuning *t = calloc(1, sizeof(*t));
	struct job j = { 0 };
	int rc = t ? given(&j.global, q, a, e) : err_set(e, -ENOMEM, "out of memory");

	if (!rc)
		rc = tune_one(t, q, &j.global, target, l, e);
	if (!rc) {
		a->verdict = t->verdict;
		a->ratio = t->pick ? t->gain.ratio : 1;
		a->bytes = t->space.point[t->pick].bytes_per_object;
		a->was = t->space.point[0].bytes_per_object;
		tune_point_text(&t->space, t->pick, " ", a->pick, sizeof(a->pick));
	}
	if (t)
		tuning_release(t);
	free(t);
	job_release(&j);
	if (rc && rc != -EINTR && rc != -ENOMEM) {
		a->failed = 1;
		snprintf(a->why, sizeof(a->why), "%.250s", e->text);
		rc = 0;
	}
	return rc;
}

/* The same size and number as an earlier one's: the same advice. */
static int known(struct advice *a, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (a[k].row->objsize == a[i].row->objsize && a[k].n == a[i].n) {
			const struct slablist_row *row = a[i].row;

			a[i] = a[k];
			a[i].row = row;
			return 1;
		}
	return 0;
}

/* The share saved, times how many objects there are. */
static void weigh(struct advice *a, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		a[i].gain = a[i].failed ? 0 : (1 - a[i].ratio) * (double)a[i].row->active_objs;
}

static int by_gain(const void *x, const void *y)
{
	const struct advice *a = x, *b = y;

	if (a->gain != b->gain)
		return a->gain > b->gain ? -1 : 1;
	return a->row->line < b->row->line ? -1 : 1;
}

static void text(const struct advice *a, unsigned n, FILE *f)
{
	unsigned same = 0;

	fprintf(f,
		"advice for %u caches, by what it would gain; the model alone: no hardware was asked\n\n",
		n);
	fprintf(f, "%-24s %8s %9s %8s %9s  %s\n", "cache", "bytes", "objects", "time", "memory",
		"advice");
	for (unsigned i = 0; i < n; i++) {
		if (a[i].failed || a[i].verdict != TUNE_CHANGE) {
			same += !a[i].failed;
			continue;
		}
		fprintf(f, "%-24.24s %8" PRIu32 " %9" PRIu64 " %+7.1f%% %+8.1f%%  %s\n",
			a[i].row->name, a[i].row->objsize, a[i].row->active_objs,
			(a[i].ratio - 1) * 100, (a[i].bytes / a[i].was - 1) * 100, a[i].pick);
	}
	fprintf(f, "%skeep the default: %u\n", same == n ? "" : "\n", same);
	for (unsigned i = 0; i < n; i++)
		if (a[i].failed)
			fprintf(f, "%s could not be tried: %s\n", a[i].row->name, a[i].why);
}

static int json(const struct advice *a, unsigned n, FILE *f, struct err *e)
{
	json_t *all = json_array();
	int rc;

	for (unsigned i = 0; i < n; i++) {
		json_t *o = json_pack("{s:s, s:i, s:f}", "cache", a[i].row->name, "object_size",
				      (int)a[i].row->objsize, "active_objects",
				      (double)a[i].row->active_objs);

		if (a[i].failed)
			json_object_set_new(o, "failed", json_string(a[i].why));
		else
			json_object_update_new(o, json_pack("{s:s, s:s, s:f, s:f, s:f}", "verdict",
							    tune_verdict_names[a[i].verdict],
							    "pick", a[i].pick, "ratio", a[i].ratio,
							    "bytes_per_object", a[i].bytes, "was",
							    a[i].was));
		json_array_append_new(all, o);
	}
	rc = all ? json_dumpf(all, f, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : -1;
	fputs("\n", f);
	json_decref(all);
	return rc ? err_set(e, -EIO, "the JSON cannot be written") : 0;
}

int tune_listing(const struct tune_request *q, struct launcher *launcher, FILE *f, struct err *e)
{
	struct tune_request each = *q;
	const struct slablist_row **row;
	struct advice *a = NULL;
	struct slablist l;
	char source[256];
	unsigned n = 0;
	int rc = caches_read(q->caches, &l, source, e);

	if (rc)
		return rc;
	each.model_only = each.no_sense = each.quiet = 1;
	each.least = LIST_LEAST;
	each.effort = 0;
	row = caches_by_bytes(&l);
	a = calloc(l.n, sizeof(*a));
	if (!row || !a)
		rc = err_set(e, -ENOMEM, "out of memory");
	for (unsigned i = 0; i < l.n && !rc && !(q->top && n == q->top); i++) {
		if (!row[i]->active_objs)
			continue;
		a[n].row = row[i];
		a[n].n = round_number(row[i]->active_objs < MOST_OBJECTS ? row[i]->active_objs :
									   MOST_OBJECTS);
		if (!q->quiet)
			fprintf(stderr, "\r%u caches: %-24.24s", n + 1, row[i]->name);
		rc = known(a, n) ? 0 :
				   advise(&a[n], &each, q->nr_targets ? q->target[0] : "host",
					  launcher, e);
		n++;
	}
	if (!q->quiet)
		fprintf(stderr, "\r%50s\r", "");
	if (!rc) {
		weigh(a, n);
		qsort(a, n, sizeof(*a), by_gain);
		if (q->json)
			rc = json(a, n, f, e);
		else
			text(a, n, f);
	}
	free(a);
	free(row);
	slablist_release(&l);
	return rc;
}
