/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/caches.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/data.h"

int caches_read(const char *name, struct slablist *l, char source[256], struct err *e)
{
	char path[PATH_MAX];
	int rc;

	if (strcmp(name, "auto")) {
		if (source)
			snprintf(source, 256, "%s", strcmp(name, "-") ? name : "standard input");
		return slablist_read(name, l, e);
	}
	if (!slablist_read("/proc/slabinfo", l, NULL)) {
		if (source)
			snprintf(source, 256, "/proc/slabinfo");
		return 0;
	}
	rc = data_path(CACHES_SHIPPED, path, e);
	if (rc)
		return rc;
	if (source)
		snprintf(source, 256, "%s (shipped: /proc/slabinfo cannot be read)",
			 CACHES_SHIPPED);
	return slablist_read(path, l, e);
}

static int by_bytes(const void *a, const void *b)
{
	const struct slablist_row *x = *(const struct slablist_row *const *)a;
	const struct slablist_row *y = *(const struct slablist_row *const *)b;
	uint64_t p = x->active_objs * x->objsize, q = y->active_objs * y->objsize;

	if (p != q)
		return p < q ? 1 : -1;
	return strcmp(x->name, y->name);
}

const struct slablist_row **caches_by_bytes(const struct slablist *l)
{
	const struct slablist_row **r = calloc(l->n + 1, sizeof(*r));
	size_t i;

	if (!r)
		return NULL;
	for (i = 0; i < l->n; i++)
		r[i] = &l->row[i];
	qsort(r, l->n, sizeof(*r), by_bytes);
	return r;
}

/* NAME:SIZE:COUNT, with what the list's grammar takes for itself (',' ':' and blanks) as '_'. */
static void print_cache(FILE *f, const struct slablist_row *r, int first)
{
	const char *p;

	if (!first)
		fputc(',', f);
	for (p = r->name; *p; p++)
		fputc(strchr(",: \t|=;#\"", *p) ? '_' : *p, f);
	fprintf(f, ":%u", r->objsize);
	if (r->active_objs)
		fprintf(f, ":%" PRIu64, r->active_objs);
}

static int print_named(FILE *f, const struct slablist *l, char *names, const char *source,
		       struct err *e)
{
	char *save, *t;
	int first = 1;

	for (t = strtok_r(names, ",", &save); t; t = strtok_r(NULL, ",", &save), first = 0) {
		const struct slablist_row *r = slablist_find(l, t);

		if (!r)
			return err_set(e, -EINVAL, "caches: no cache '%s' in %s", t, source);
		print_cache(f, r, first);
	}
	return first ? err_set(e, -EINVAL, "caches: expected names behind ':'") : 0;
}

static int print_largest(FILE *f, const struct slablist *l, unsigned top, struct err *e)
{
	const struct slablist_row **r = caches_by_bytes(l);
	size_t i;

	if (!r)
		return err_set(e, -ENOMEM, "out of memory");
	for (i = 0; i < l->n && i < top && r[i]->active_objs; i++)
		print_cache(f, r[i], !i);
	free(r);
	return i ? 0 : err_set(e, -EINVAL, "caches: no cache with objects in the listing");
}

/* `FILE`, `FILE:NAMES`, `auto`, `auto:NAMES` as the text of a `cache` setting. */
static int list_text(const char *text, unsigned top, char **out, struct err *e)
{
	char *file = strdup(text), *names = file ? strrchr(file, ':') : NULL, source[256];
	struct slablist l;
	size_t len;
	FILE *f;
	int rc;

	*out = NULL;
	if (!file)
		return err_set(e, -ENOMEM, "out of memory");
	if (names && access(file, F_OK)) /* a file's name may hold a ':' itself */
		*names++ = '\0';
	else
		names = NULL;
	rc = caches_read(file, &l, source, e);
	if (rc) {
		free(file);
		return rc;
	}
	f = open_memstream(out, &len);
	rc = !f	   ? err_set(e, -ENOMEM, "out of memory") :
	     names ? print_named(f, &l, names, source, e) :
		     print_largest(f, &l, top, e);
	if (f)
		fclose(f);
	slablist_release(&l);
	free(file);
	return rc;
}

static int resolve_section(struct job *j, struct job_section *s, struct err *e)
{
	static const struct opt top_opt = { .name = "top", .type = OPT_UINT, .min = 1, .max = 1000 };
	const struct job_section *in = s == &j->global ? NULL : s;
	const struct job_setting *c = NULL, *t = job_find(j, in, "top");
	unsigned top = 6, i;
	char *text, *where;
	int rc = t ? opt_parse(&top_opt, &top, t->text, e) : 0;

	if (rc)
		return err_prefix(e, rc, "%s", t->where);
	for (i = 0; i < s->nr; i++)
		if (!strcmp(s->set[i].name, "caches"))
			c = &s->set[i];
	if (!c)
		return 0;
	rc = list_text(c->text, top, &text, e);
	where = strdup(c->where);
	if (rc)
		err_prefix(e, rc, "%s", c->where);
	else if (!where)
		rc = err_set(e, -ENOMEM, "out of memory");
	else
		rc = job_set(s, "cache", text, where, e);
	job_unset(s, "caches");
	free(text);
	free(where);
	return rc;
}

int caches_resolve(struct job *j, struct err *e)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < j->nr_exp && !rc; i++)
		rc = resolve_section(j, &j->exp[i], e);
	if (!rc)
		rc = resolve_section(j, &j->global, e);
	for (i = 0; i < j->nr_exp; i++)
		job_unset(&j->exp[i], "top");
	job_unset(&j->global, "top");
	return rc;
}
