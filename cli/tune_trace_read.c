/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/tune_trace.h"
#include "lib/kmemtrace/count.h"
#include "lib/kmemtrace/pack.h"
#include "lib/tempdir.h"

static int asked_partial(const struct tune_request *q)
{
	for (unsigned i = q->given.nr; i--;)
		if (!strcmp(q->given.set[i].name, "partial"))
			return !strcmp(q->given.set[i].text, "on");
	return 0;
}

/* The only cache that is asked for, or NULL. */
static const char *asked_only(const struct tune_request *q)
{
	for (unsigned i = q->given.nr; i--;)
		if (!strcmp(q->given.set[i].name, "only") && *q->given.set[i].text)
			return q->given.set[i].text;
	return NULL;
}

/* A copy that each of many trials reads in a tenth of the time. */
static int pack(struct tune_trace *t, struct err *e)
{
	struct kmempack *p;
	struct kmemtrace *in;
	int rc;

	rc = tempdir_make(t->folder, sizeof(t->folder), "tune", "/tmp", e);
	if (rc)
		return rc;
	snprintf(t->path, sizeof(t->path), "%s/trace", t->folder);
	rc = kmemtrace_open(&in, t->q->trace, asked_partial(t->q), e);
	if (rc)
		return rc;
	snprintf(t->form, sizeof(t->form), "%s", kmemtrace_form(in));
	rc = kmempack_begin(&p, t->path, e);
	if (!rc) {
		rc = kmempack_copy(p, in, e);
		if (rc)
			kmempack_abort(p);
		else
			rc = kmempack_commit(p, e);
	}
	kmemtrace_close(in);
	return rc;
}

static struct tune_traced *find(struct tune_trace *t, const char *name)
{
	for (unsigned i = 0; i < t->nr; i++)
		if (!strcmp(t->cache[i].a.cache, name))
			return &t->cache[i];
	return NULL;
}

static double quantile(const struct hist *h, uint64_t percent)
{
	return h->count ? (double)hist_quantile(h, percent, 100) / 1e3 : NAN;
}

/* Caches of one name are replayed as one: the one with most records says how large its objects are. */
static void take(struct tune_trace *t, const struct kmemtrace_cache *c, const struct kmemcount *n)
{
	struct tune_traced *x = find(t, c->name);
	uint64_t frees = n->frees + n->implicit;

	if (!n->allocs)
		return;
	if (!x) {
		x = &t->cache[t->nr++];
		snprintf(x->a.cache, sizeof(x->a.cache), "%s", c->name);
		x->whole = x->alone = NAN;
	}
	if (n->allocs + frees > x->allocs + x->frees) {
		x->a.size = c->req;
		x->life_p50 = quantile(n->lifetime, 50);
		x->life_p99 = quantile(n->lifetime, 99);
	}
	x->allocs += n->allocs;
	x->frees += frees;
	x->cross += n->cross;
	x->peak += n->peak;
	x->at_end += n->live;
	x->length += n->allocs + frees + n->live;
	t->length += n->allocs + frees + n->live;
}

static int by_records(const void *a, const void *b)
{
	const struct tune_traced *x = a, *y = b;
	uint64_t m = x->allocs + x->frees, n = y->allocs + y->frees;

	if (m != n)
		return m < n ? 1 : -1;
	return strcmp(x->a.cache, y->a.cache);
}

/* Those that are tuned stay. */
static int choose(struct tune_trace *t, struct err *e)
{
	const char *only = asked_only(t->q);
	unsigned n = 0;

	qsort(t->cache, t->nr, sizeof(*t->cache), by_records);
	for (unsigned i = 0; i < t->nr; i++) {
		const struct tune_traced *x = &t->cache[i];

		if (only && strcmp(only, x->a.cache) != 0)
			continue;
		if (!only && x->allocs + x->frees < TUNE_TRACE_LEAST)
			t->nr_few++;
		else if (t->q->top && n == t->q->top)
			t->nr_left++;
		else
			t->cache[n++] = *x;
	}
	t->nr = n;
	if (only && !n)
		return err_set(e, -EINVAL, "only: no cache of the trace is called '%.80s'", only);
	return 0;
}

static int count(struct tune_trace *t, struct err *e)
{
	struct kmemcounts counts = { .cache = NULL };
	const struct kmemtrace_cache *cache;
	struct kmemtrace_record r;
	struct kmemtrace *in;
	uint32_t nr;
	int rc = kmemtrace_open(&in, t->path, false, e);

	if (rc)
		return rc;
	while ((rc = kmemtrace_next(in, &r, e)) > 0) {
		rc = kmemcount_add(&counts, in, &r, e);
		if (rc)
			break;
	}
	t->totals = *kmemtrace_totals(in);
	cache = kmemtrace_cache(in, &nr);
	t->cache = calloc(counts.nr + 1, sizeof(*t->cache));
	if (!rc && !t->cache)
		rc = err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < counts.nr && !rc; i++)
		take(t, &cache[i], &counts.cache[i]);
	kmemcounts_fini(&counts);
	kmemtrace_close(in);
	if (!rc && !t->length)
		return err_set(e, -EINVAL, "%s: no records", t->q->trace);
	return rc ? rc : choose(t, e);
}

int tune_trace_read(struct tune_trace *t, struct err *e)
{
	int rc = pack(t, e);

	return rc ? rc : count(t, e);
}

void tune_trace_release(struct tune_trace *t)
{
	struct dirent *d;
	DIR *dir = *t->folder ? opendir(t->folder) : NULL;

	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			unlinkat(dirfd(dir), d->d_name, 0);
	if (dir)
		closedir(dir);
	if (*t->folder)
		rmdir(t->folder);
	free(t->cache);
	memset(t, 0, sizeof(*t));
}
