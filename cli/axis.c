/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/axis.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/opt.h"

static const char *const split_names[] = { "workload", "allocator", "profile", NULL };

int axis_is_early(const char *name)
{
	return !strcmp(name, "workload") || !strcmp(name, "profile");
}

static int out_of_memory(struct err *e)
{
	return err_set(e, -ENOMEM, "out of memory");
}

/* ---- building ---- */

static void settings_release(struct plan_setting *set, unsigned nr)
{
	unsigned i;

	for (i = 0; i < nr; i++) {
		free(set[i].name);
		free(set[i].text);
		free(set[i].where);
	}
	free(set);
}

static void axis_release(struct plan_axis *a)
{
	unsigned i;

	for (i = 0; i < a->nr; i++) {
		free(a->value[i].label);
		settings_release(a->value[i].set, a->value[i].nr);
	}
	free(a->value);
	free(a->name);
}

void axis_experiment_release(struct plan_exp *x)
{
	unsigned i;

	for (i = 0; i < x->nr_axes; i++)
		axis_release(&x->axis[i]);
	settings_release(x->fixed, x->nr_fixed);
	free(x->axis);
	free(x->name);
	memset(x, 0, sizeof(*x));
}

static int add_setting(struct plan_setting **set, unsigned *nr, const char *name, const char *text,
		       const char *where, struct err *e)
{
	struct plan_setting *p = realloc(*set, (*nr + 1) * sizeof(*p));

	if (!p)
		return out_of_memory(e);
	*set = p;
	p += *nr;
	*p = (struct plan_setting){ strdup(name), strdup(text), strdup(where) };
	++*nr;
	return p->name && p->text && p->where ? 0 : out_of_memory(e);
}

static int add_value(struct plan_axis *a, const char *label, const char *where, struct err *e)
{
	struct plan_value *v;
	unsigned i;

	for (i = 0; i < a->nr; i++)
		if (!strcmp(a->value[i].label, label))
			return err_set(e, -EINVAL, "%s: %s: '%s' is given twice", where, a->name,
				       label);
	if (a->nr == AXIS_MOST_VALUES)
		return err_set(e, -E2BIG, "%s: %s: more than %d values", where, a->name,
			       AXIS_MOST_VALUES);
	v = realloc(a->value, (a->nr + 1) * sizeof(*v));
	if (!v)
		return out_of_memory(e);
	a->value = v;
	v[a->nr] = (struct plan_value){ .label = strdup(label) };
	return v[a->nr++].label ? 0 : out_of_memory(e);
}

/* A value that is one setting of the axis's own name. */
static int add_plain(struct plan_axis *a, const char *text, const char *where, struct err *e)
{
	struct plan_value *v;
	int rc = add_value(a, text, where, e);

	if (rc)
		return rc;
	v = &a->value[a->nr - 1];
	return add_setting(&v->set, &v->nr, a->name, text, where, e);
}

/* ---- the four kinds of values ---- */

static int split_values(struct plan_axis *a, const struct job_setting *s, struct err *e)
{
	char *text = strdup(s->text), *save, *t;
	int rc = text ? 0 : out_of_memory(e);

	for (t = text ? strtok_r(text, ", ", &save) : NULL; t && !rc;
	     t = strtok_r(NULL, ", ", &save))
		rc = add_plain(a, t, s->where, e);
	free(text);
	return rc;
}

static int option_values(struct plan_axis *a, const struct job_setting *s, const struct opt *row,
			 struct err *e)
{
	char **list;
	int i, rc = 0, n = opt_list(row, s->text, AXIS_MOST_VALUES, &list, e);

	if (n < 0)
		return err_prefix(e, n, "%s", s->where);
	for (i = 0; i < n && !rc; i++)
		rc = add_plain(a, list[i], s->where, e);
	opt_list_free(list, n);
	return rc;
}

/* A name that may begin a line of a job file, which has its own use for '[', ';' and '#'. */
static int check_name(const char *what, const char *name, const char *where, struct err *e)
{
	if (isalnum((unsigned char)*name) || *name == '_')
		return 0;
	return err_set(e, -EINVAL,
		       "%s: %s '%s': expected a name that begins with a letter, digit or '_'",
		       where, what, name);
}

static int one_cache(struct plan_axis *a, char *t, int with_n, const char *where, struct err *e)
{
	char *size = strchr(t, ':'), *count = size ? strchr(size + 1, ':') : NULL;
	struct plan_value *v;
	int rc;

	if (!size || size == t)
		return err_set(e, -EINVAL, "%s: cache: expected NAME:SIZE[:COUNT], got '%s'", where,
			       t);
	*size++ = '\0';
	if (count)
		*count++ = '\0';
	rc = check_name("cache", t, where, e);
	if (!rc)
		rc = add_value(a, t, where, e);
	if (rc)
		return rc;
	v = &a->value[a->nr - 1];
	rc = add_setting(&v->set, &v->nr, "object_size", size, where, e);
	if (!rc && count && with_n)
		rc = add_setting(&v->set, &v->nr, "n", count, where, e);
	return rc;
}

static int cache_values(struct plan_axis *a, const struct job_setting *s, int with_n, struct err *e)
{
	char *text = strdup(s->text), *save, *t;
	int rc = text ? 0 : out_of_memory(e);

	for (t = text ? strtok_r(text, ", ", &save) : NULL; t && !rc;
	     t = strtok_r(NULL, ", ", &save))
		rc = one_cache(a, t, with_n, s->where, e);
	free(text);
	return rc;
}

static int one_variant(struct plan_axis *a, char *t, const char *where, struct err *e)
{
	char *name = t + strspn(t, " \t"), *save = name + strcspn(name, ": \t"), *word;
	struct plan_value *v;
	int rc;

	if (save == name)
		return err_set(e, -EINVAL, "%s: variant: expected a name and settings between '|'",
			       where);
	if (*save)
		*save++ = '\0';
	rc = check_name("variant", name, where, e);
	if (!rc)
		rc = add_value(a, name, where, e);
	if (rc)
		return rc;
	v = &a->value[a->nr - 1];
	while (!rc && (word = strtok_r(NULL, " \t", &save))) {
		size_t len = strcspn(word, "=:");

		if (!len || !word[len])
			return err_set(e, -EINVAL, "%s: variant '%s': expected KEY=VALUE, got '%s'",
				       where, v->label, word);
		word[len] = '\0';
		rc = add_setting(&v->set, &v->nr, word, word + len + 1, where, e);
	}
	return rc;
}

static int variant_values(struct plan_axis *a, const struct job_setting *s, struct err *e)
{
	char *text = strdup(s->text), *save, *t;
	int rc = text ? 0 : out_of_memory(e);

	for (t = text ? strtok_r(text, "|", &save) : NULL; t && !rc; t = strtok_r(NULL, "|", &save))
		rc = one_variant(a, t, s->where, e);
	free(text);
	return rc;
}

/* ---- one experiment ---- */

struct builder {
	struct plan_exp *x;
	const struct job *job;
	const struct job_section *section;
	const struct workload *wl[64];
	unsigned nr_wl;
};

static int is_split(const char *name)
{
	unsigned i;

	for (i = 0; split_names[i]; i++)
		if (!strcmp(split_names[i], name))
			return 1;
	return 0;
}

/* The experiment's workloads: the options that it may set are theirs. */
static int find_workloads(struct builder *b, struct err *e)
{
	const struct job_setting *s = job_find(b->job, b->section, "workload");
	const char *deflt = opt_find(trial_opts_table, "workload")->def;
	char *text = strdup(s ? s->text : deflt), *save, *t;
	int rc = text ? 0 : out_of_memory(e);

	for (t = text ? strtok_r(text, ", ", &save) : NULL; t && !rc;
	     t = strtok_r(NULL, ", ", &save)) {
		const struct workload *wl = workload_find(t);

		if (!wl)
			rc = err_set(e, -EINVAL, "%s: no workload '%s' (slabscope list workloads)",
				     s ? s->where : "default", t);
		else if (b->nr_wl < sizeof(b->wl) / sizeof(b->wl[0]))
			b->wl[b->nr_wl++] = wl;
	}
	free(text);
	if (!rc && !b->nr_wl)
		rc = err_set(e, -EINVAL, "%s: workload: expected a name", s ? s->where : "default");
	return rc;
}

/* The row of @name if all of the experiment's workloads know it. */
static const struct opt *find_row(const struct builder *b, const char *name)
{
	const struct opt *row = NULL;
	unsigned i;

	for (i = 0; i < b->nr_wl; i++) {
		row = job_option(name, b->wl[i]);
		if (!row)
			return NULL;
	}
	return row;
}

static int fill_axis(struct builder *b, struct plan_axis *a, const struct job_setting *s,
		     struct err *e)
{
	const struct opt *row = find_row(b, s->name);

	if (!strcmp(s->name, "cache"))
		return cache_values(a, s, find_row(b, "n") && !job_find(b->job, b->section, "n"),
				    e);
	if (!strcmp(s->name, "variant"))
		return variant_values(a, s, e);
	if (is_split(s->name))
		return split_values(a, s, e);
	if (!row)
		return err_set(e, -EINVAL, "%s: workload '%s' has no option '%s'", s->where,
			       b->wl[b->nr_wl - 1]->name, s->name);
	return option_values(a, s, row, e);
}

/* One setting: an axis if it has more than one value, else fixed. */
static int add_job_setting(struct builder *b, const struct job_setting *s, struct err *e)
{
	struct plan_exp *x = b->x;
	struct plan_axis a = { .name = strdup(s->name) }, *p;
	int rc = a.name ? fill_axis(b, &a, s, e) : out_of_memory(e);
	unsigned i;

	if (!rc && !a.nr)
		rc = err_set(e, -EINVAL, "%s: %s: expected a value", s->where, s->name);
	if (!rc && a.nr > 1) {
		p = realloc(x->axis, (x->nr_axes + 1) * sizeof(*p));
		if (p) {
			x->axis = p;
			p[x->nr_axes++] = a;
			return 0;
		}
		rc = out_of_memory(e);
	}
	for (i = 0; !rc && i < a.value[0].nr; i++)
		rc = add_setting(&x->fixed, &x->nr_fixed, a.value[0].set[i].name,
				 a.value[0].set[i].text, s->where, e);
	axis_release(&a);
	return rc;
}

static int same_setting_in(const struct plan_axis *a, const struct plan_axis *b)
{
	unsigned i, j, k, l;

	for (i = 0; i < a->nr; i++)
		for (j = 0; j < a->value[i].nr; j++)
			for (k = 0; k < b->nr; k++)
				for (l = 0; l < b->value[k].nr; l++)
					if (!strcmp(a->value[i].set[j].name,
						    b->value[k].set[l].name))
						return 1;
	return 0;
}

/* Two axes that set the same option would make labels that lie. */
static int check_overlap(const struct plan_exp *x, struct err *e)
{
	unsigned i, j;

	for (i = 0; i < x->nr_axes; i++)
		for (j = i + 1; j < x->nr_axes; j++)
			if (same_setting_in(&x->axis[i], &x->axis[j]))
				return err_set(
					e, -EINVAL,
					"experiment '%s': axes %s and %s set the same option",
					x->name, x->axis[i].name, x->axis[j].name);
	return 0;
}

static int from_global(struct builder *b, struct err *e)
{
	const struct job *j = b->job;
	unsigned i;
	int rc = 0;

	for (i = 0; i < j->global.nr && !rc; i++) {
		const struct job_setting *s = &j->global.set[i];

		if (opt_find(run_opts_table, s->name) || job_find(j, b->section, s->name) != s)
			continue; /* the run's, or the section says otherwise */
		if (!find_row(b, s->name) && job_option(s->name, NULL))
			continue; /* another experiment's workload has it: axis_check_global() */
		rc = add_job_setting(b, s, e);
	}
	return rc;
}

int axis_experiment(struct plan_exp *x, const struct job *j, const struct job_section *s,
		    struct err *e)
{
	struct builder b = { .x = x, .job = j, .section = s };
	unsigned i;
	int rc;

	x->name = strdup(s->name);
	rc = x->name ? find_workloads(&b, e) : out_of_memory(e);
	if (!rc)
		rc = from_global(&b, e);
	for (i = 0; i < s->nr && !rc; i++) {
		if (opt_find(run_opts_table, s->set[i].name))
			return err_set(e, -EINVAL,
				       "%s: %s: belongs to the whole run: put it into [global]",
				       s->set[i].where, s->set[i].name);
		rc = add_job_setting(&b, &s->set[i], e);
	}
	return rc ? rc : check_overlap(x, e);
}

/* Does the experiment @s run a workload that has an option @name? */
static int has_use(const struct job *j, const struct job_section *s, const char *name)
{
	struct plan_exp none = { 0 };
	struct builder b = { .x = &none, .job = j, .section = s };

	return !find_workloads(&b, NULL) && find_row(&b, name);
}

int axis_check_global(const struct job *j, struct err *e)
{
	unsigned i, k;

	for (i = 0; i < j->global.nr; i++) {
		const struct job_setting *s = &j->global.set[i];
		int used = !job_option(s->name, NULL) || (!j->nr_exp && has_use(j, NULL, s->name));

		for (k = 0; k < j->nr_exp && !used; k++)
			used = has_use(j, &j->exp[k], s->name);
		if (!used)
			return err_set(e, -EINVAL,
				       "%s: %s: no workload of this job has this option", s->where,
				       s->name);
	}
	return 0;
}
