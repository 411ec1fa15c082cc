/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between two runs but their configs: host, build, settings. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"
#include "cli/trial.h"

/* A section of run.json, and its facts that make two hosts unlike or that always differ. */
static const struct section {
	const char *name;
	const char *const *unlike, *const *skip;
} sections[] = {
	{ "host",
	  (const char *const[]){ "hostname", "arch", "cpu_model", "hypervisor", "cpus_online",
				 "page_size", "l1d_size", "l1d_ways", "l1d_line", NULL },
	  (const char *const[]){ "load_average", NULL } },
	{ "machine", (const char *const[]){ "nodes", "cpus", "l2_size", "l2_ways", NULL },
	  /* of the host too */
	  (const char *const[]){ "page_size", "cache_line", "l1d_size", "l1d_ways", NULL } },
	{ "allocators", (const char *const[]){ NULL }, (const char *const[]){ NULL } },
};

static int listed(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp(*list, name))
			return 1;
	return 0;
}

/* A fact as text; what is not known, and why, is an object. */
static void fact(const json_t *v, char *buf, size_t len)
{
	if (json_is_string(v))
		snprintf(buf, len, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(buf, len, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else if (json_is_boolean(v))
		snprintf(buf, len, "%s", json_is_true(v) ? "yes" : "no");
	else
		snprintf(buf, len, "unknown");
}

static int add(struct compare *c, const char *prefix, const char *name, const json_t *base,
	       const json_t *mine, int unlike, struct err *e)
{
	struct env_diff d = { .unlike = unlike }, *p;

	fact(base, d.base, sizeof(d.base));
	fact(mine, d.mine, sizeof(d.mine));
	if (!strcmp(d.base, d.mine))
		return 0;
	snprintf(d.name, sizeof(d.name), "%s%s", prefix, name);
	for (unsigned i = 0; i < c->nr_env; i++) /* a setting of several configs */
		if (!strcmp(c->env[i].name, d.name) && !strcmp(c->env[i].base, d.base) &&
		    !strcmp(c->env[i].mine, d.mine))
			return 0;
	p = realloc(c->env, (c->nr_env + 1) * sizeof(*p));
	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	c->env = p;
	c->env[c->nr_env++] = d;
	return 0;
}

/* Both objects' members that are not the same in both. */
static int add_object(struct compare *c, const char *prefix, json_t *base, json_t *mine,
		      const struct section *s, struct err *e)
{
	const char *name;
	json_t *v;
	int rc = 0;

	json_object_foreach(mine, name, v)
	{
		if (!rc && !listed(s->skip, name))
			rc = add(c, prefix, name, json_object_get(base, name), v,
				 listed(s->unlike, name), e);
	}
	json_object_foreach(base, name, v)
	{
		if (!rc && !json_object_get(mine, name) && !listed(s->skip, name))
			rc = add(c, prefix, name, v, NULL, listed(s->unlike, name), e);
	}
	return rc;
}

/* ---- options ---- */

/* The option's row, and which collector's it is (-1: none's). NULL: nobody has it any more. */
static const struct opt *row_of(const char *name, const char *workload, int *collector)
{
	const struct workload *wl = workload ? workload_find(workload) : NULL;
	const struct opt *row = opt_find(trial_opts_table, name);
	unsigned at;

	*collector = -1;
	if (!row)
		row = opt_find(slab_config_opts, name);
	if (!row && wl && wl->opts)
		row = opt_find(wl->opts, name);
	if (!row) {
		row = collector_option(name, &at);
		*collector = row ? (int)at : -1;
	}
	return row;
}

static const char *setting(const json_t *requested, const char *name)
{
	return json_string_value(json_object_get(requested, name));
}

/* Is @text, as it was recorded, what the row has without being asked? Both in their canonical form. */
static int is_default(const struct opt *row, const char *text)
{
	char **a = NULL, **b = NULL;
	int n = opt_list(row, text, 1, &a, NULL), m = opt_list(row, row->def, 1, &b, NULL);
	int same = n == 1 && m == 1 && !strcmp(a[0], b[0]);

	if (n > 0)
		opt_list_free(a, n);
	if (m > 0)
		opt_list_free(b, m);
	return same;
}

/* Did the trials have this collector? A run that does not say may have had it. */
static int collected(const json_t *requested, const char *collector)
{
	const char *list = setting(requested, "collect"), *at = list;
	size_t n = strlen(collector);

	for (; at && (at = strstr(at, collector)); at++)
		if ((at == list || at[-1] == ',') && (!at[n] || at[n] == ','))
			return 1;
	return !list;
}

/* What one run did not know and the other left as it is, and what a collector would have done that
 * was not there, is no difference. */
static int tells(const char *name, const json_t *base, const json_t *mine)
{
	const char *a = setting(base, name), *b = setting(mine, name);
	const json_t *known = a ? base : mine;
	int collector;
	const struct opt *row = row_of(name, setting(known, "workload"), &collector);

	if (collector >= 0 && (!collected(base, collectors[collector]->name) ||
			       !collected(mine, collectors[collector]->name)))
		return 0;
	return (a && b) || !row || !row->def || !is_default(row, a ? a : b);
}

static int add_options(struct compare *c, json_t *base, json_t *mine, struct err *e)
{
	const char *name;
	json_t *v;
	int rc = 0;

	json_object_foreach(mine, name, v)
	{
		if (!rc && tells(name, base, mine))
			rc = add(c, "option ", name, json_object_get(base, name), v, 0, e);
	}
	json_object_foreach(base, name, v)
	{
		if (!rc && !json_object_get(mine, name) && tells(name, base, mine))
			rc = add(c, "option ", name, v, NULL, 0, e);
	}
	return rc;
}

static json_t *requested(const struct results *r, unsigned config)
{
	return json_object_get(json_array_get(json_object_get(r->run, "configs"), config),
			       "requested");
}

int compare_environment(struct compare *c, struct err *e)
{
	unsigned i;
	int rc = 0;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]) && !rc; i++)
		rc = add_object(c, strcmp(sections[i].name, "allocators") ? "" : "allocator ",
				json_object_get(c->base->run, sections[i].name),
				json_object_get(c->mine->run, sections[i].name), &sections[i], e);
	for (i = 0; i < c->nr && !rc; i++)
		if (!i || c->item[i].a.config != c->item[i - 1].a.config ||
		    c->item[i].b.config != c->item[i - 1].b.config)
			rc = add_options(c, requested(c->base, c->item[i].b.config),
					 requested(c->mine, c->item[i].a.config), e);
	return rc;
}

const struct env_diff *compare_unlike(const struct compare *c)
{
	for (unsigned i = 0; i < c->nr_env; i++)
		if (c->env[i].unlike)
			return &c->env[i];
	return NULL;
}
