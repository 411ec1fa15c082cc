/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice for each cache of a slabinfo listing, by the model, sorted by what it would gain. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/caches.h"
#include "cli/tune_advice.h"
#include "cli/tune_many.h"

#define LIST_LEAST 8u
#define LIST_OPS "20000"
#define MOST_OBJECTS 20000u /* live objects of a trial: larger caches are as cold as these */

struct entry {
	struct tune_advice a;
	const struct slablist_row *row;
	uint64_t n;    /* live objects of its trials */
	unsigned like; /* the entry that is tuned for it: itself, or an earlier one */
};

/* The whole listing. */
struct list {
	const struct tune_request *q;
	struct entry *entry;
	unsigned nr;
	unsigned *tuned; /* entries that are */
	unsigned nr_tuned;
};

/* Two significant bits: caches of one size and about as many objects get one tuning. */
static uint64_t round_number(uint64_t n)
{
	unsigned drop = 0;

	while (n >> drop >= 4)
		drop++;
	return n >> drop << drop;
}

static int given(struct job_section *to, const struct tune_request *q, const struct entry *x,
		 struct err *e)
{
	const struct slablist_row *row = x->row;
	char text[32];
	int rc = job_set(to, "workload", "churn", "--caches", e);

	if (!rc)
		rc = job_set(to, "ops", LIST_OPS, "--caches", e);
	for (unsigned i = 0; i < q->given.nr && !rc; i++)
		rc = job_set(to, q->given.set[i].name, q->given.set[i].text, "command line", e);
	snprintf(text, sizeof(text), "%" PRIu32, row->objsize);
	if (!rc)
		rc = job_set(to, "object_size", text, row->name, e);
	snprintf(text, sizeof(text), "%" PRIu64, x->n);
	return rc ? rc : job_set(to, "n", text, row->name, e);
}

static int work(void *arg, unsigned piece, void *result, struct launcher *l, struct err *e)
{
	const struct list *list = arg;
	const struct tune_request *q = list->q;
	struct job j = { 0 };
	int rc = given(&j.global, q, &list->entry[list->tuned[piece]], e);

	if (!rc)
		rc = tune_advise(result, q, &j.global, q->nr_targets ? q->target[0] : "host", l, e);
	job_release(&j);
	return rc;
}

static void ended(void *arg, unsigned done, unsigned nr)
{
	const struct list *list = arg;

	if (!list->q->quiet)
		tune_advice_progress(done, nr);
}

/* The caches to ask about, most bytes first; those of one size with about as many objects share an answer. */
static void enter(struct list *list, const struct slablist_row **row, size_t n)
{
	for (size_t i = 0; i < n && !(list->q->top && list->nr == list->q->top); i++) {
		struct entry *x = &list->entry[list->nr];
		uint64_t active = row[i]->active_objs;

		if (!active)
			continue;
		x->row = row[i];
		x->n = round_number(active < MOST_OBJECTS ? active : MOST_OBJECTS);
		for (x->like = 0; x->like < list->nr; x->like++)
			if (list->entry[x->like].row->objsize == row[i]->objsize &&
			    list->entry[x->like].n == x->n)
				break;
		if (x->like == list->nr)
			list->tuned[list->nr_tuned++] = list->nr;
		list->nr++;
	}
}

static int tune_all(struct list *list, struct launcher *l, struct err *e)
{
	struct tune_advice *a = calloc(list->nr_tuned + 1, sizeof(*a));
	const struct tune_many m = { .nr = list->nr_tuned,
				     .at_once = list->q->jobs,
				     .size = sizeof(*a),
				     .work = work,
				     .arg = list,
				     .ended = ended };
	int rc = a ? tune_many(&m, l, a, e) : err_set(e, -ENOMEM, "out of memory");

	for (unsigned i = 0; i < list->nr_tuned && !rc; i++)
		list->entry[list->tuned[i]].a = a[i];
	for (unsigned i = 0; i < list->nr && !rc; i++) {
		struct entry *x = &list->entry[i];

		x->a = list->entry[x->like].a;
		snprintf(x->a.cache, sizeof(x->a.cache), "%s", x->row->name);
		x->a.size = x->row->objsize;
		/* the share saved, times how many objects there are */
		x->a.gain = x->a.failed ? 0 : (1 - x->a.ratio) * (double)x->row->active_objs;
	}
	free(a);
	return rc;
}

static int by_gain(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->a.gain != b->a.gain)
		return a->a.gain > b->a.gain ? -1 : 1;
	return a->row->line < b->row->line ? -1 : 1;
}

static void text(const struct list *list, FILE *f)
{
	const struct entry *x = list->entry;
	unsigned same = 0, n = list->nr;

	fprintf(f,
		"advice for %u cache%s, by what it would gain; the model alone: no hardware was asked\n",
		n, n == 1 ? "" : "s");
	tune_advice_terms(list->q, f);
	fprintf(f, "%-24s %8s %9s %8s %9s  %s\n", "cache", "bytes", "objects", "objective",
		"memory", "advice");
	for (unsigned i = 0; i < n; i++) {
		if (x[i].a.failed || x[i].a.verdict != TUNE_CHANGE) {
			same += !x[i].a.failed;
			continue;
		}
		fprintf(f, "%-24.24s %8u %9" PRIu64 " %+8.1f%% %+8.1f%%  %s\n", x[i].a.cache,
			x[i].a.size, x[i].row->active_objs, (x[i].a.ratio - 1) * 100,
			(x[i].a.bytes / x[i].a.was - 1) * 100, x[i].a.pick);
	}
	fprintf(f, "%skeep the default: %u\n", same == n ? "" : "\n", same);
	for (unsigned i = 0; i < n; i++)
		if (x[i].a.failed)
			fprintf(f, "%s could not be tried: %s\n", x[i].a.cache, x[i].a.why);
}

static int json(const struct list *list, FILE *f, struct err *e)
{
	json_t *all = json_array();
	int rc;

	for (unsigned i = 0; i < list->nr; i++) {
		const struct entry *x = &list->entry[i];
		json_t *o = tune_advice_json(&x->a);

		json_object_set_new(o, "active_objects",
				    json_integer((json_int_t)x->row->active_objs));
		json_array_append_new(all, o);
	}
	rc = all ? json_dumpf(all, f, JSON_INDENT(2) | JSON_REAL_PRECISION(12)) : -1;
	fputs("\n", f);
	json_decref(all);
	return rc ? err_set(e, -EIO, "the JSON cannot be written") : 0;
}

static int write_config(const struct list *list, struct err *e)
{
	const struct tune_advice **a = calloc(list->nr + 1, sizeof(*a));
	int rc = a ? 0 : err_set(e, -ENOMEM, "out of memory");

	for (unsigned i = 0; i < list->nr && !rc; i++)
		a[i] = &list->entry[i].a;
	if (!rc)
		rc = tune_advice_write(list->q->config_file, a, list->nr, tune_profile(list->q), e);
	free(a);
	return rc;
}

int tune_listing(const struct tune_request *q, struct launcher *launcher, FILE *f, struct err *e)
{
	struct tune_request each = *q;
	struct list list = { .q = &each };
	const struct slablist_row **row;
	struct slablist l;
	char source[256];
	int rc = caches_read(q->caches, &l, source, e);

	if (rc)
		return rc;
	each.model_only = each.no_sense = 1;
	each.least = LIST_LEAST;
	each.effort = 0;
	row = caches_by_bytes(&l);
	list.entry = calloc(l.n + 1, sizeof(*list.entry));
	list.tuned = calloc(l.n + 1, sizeof(*list.tuned));
	if (!row || !list.entry || !list.tuned)
		rc = err_set(e, -ENOMEM, "out of memory");
	if (!rc) {
		enter(&list, row, l.n);
		rc = tune_all(&list, launcher, e);
	}
	if (!rc) {
		qsort(list.entry, list.nr, sizeof(*list.entry), by_gain);
		if (q->config_file)
			rc = write_config(&list, e);
		if (!rc && q->json)
			rc = json(&list, f, e);
		else if (!rc)
			text(&list, f);
	}
	free(list.entry);
	free(list.tuned);
	free(row);
	slablist_release(&l);
	return rc;
}
