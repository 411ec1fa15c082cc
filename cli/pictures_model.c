/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures of the modelled memory hierarchy. */

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/pictures.h"

#define MOST_VALUES 6	 /* series of one picture of sets */
#define MOST_SETS 16384u /* of a cache */
#define FIRST_SETS "model.%s_sets_0_31"

static const char *const levels[] = { "l1d", "l2", "l3" };
#define NR_LEVELS (sizeof(levels) / sizeof(levels[0]))

/* Did @level miss at all in this experiment? A picture of nothing but zeroes says nothing. */
static int has_misses(const struct picture_ask *a, const char *level)
{
	const struct res_exp *x = &a->r->exp[a->exp];
	char name[64];
	unsigned i;

	snprintf(name, sizeof(name), "model.%s_misses", level);
	for (i = x->first; i < x->first + x->nr_configs; i++)
		if (picture_median(a->r, i, name) > 0)
			return 1;
	return 0;
}

/* The @index'th level that missed and has a metric model.LEVEL@suffix; NULL: none. */
static const char *level_with(const struct picture_ask *a, const char *suffix, unsigned index)
{
	char name[64];
	unsigned i;

	for (i = 0; i < NR_LEVELS; i++) {
		snprintf(name, sizeof(name), "model.%s%s", levels[i], suffix);
		if (results_metric(a->r, name, NULL) >= 0 && has_misses(a, levels[i]) && !index--)
			return levels[i];
	}
	return NULL;
}

/* 0: the pictures before were all; or why there is none. */
static int none(const struct picture_ask *a, unsigned index, const char *what, struct err *e)
{
	return index ? 0 : err_set(e, -ENODATA, "%s: no %s", a->r->exp[a->exp].name, what);
}

/* ---- sets ---- */

/* What every set did in every launch of a config that counts: v[set * launches + launch]. */
struct set_counts {
	double *v;
	unsigned sets, launches;
	int *launch; /* of a block; -1: it does not count */
};

/* "13:2040:204 14:3:3": which set was looked in how often, and missed how often; what is not there was not touched. */
static void take_list(struct set_counts *n, unsigned launch, const char *list, int want_misses)
{
	char *end;

	for (; *list; list = end) {
		unsigned long set = strtoul(list, &end, 10);
		double accesses = *end == ':' ? strtod(end + 1, &end) : NAN;
		double misses = *end == ':' ? strtod(end + 1, &end) : NAN;

		if (end == list || isnan(misses))
			return;
		if (set < n->sets)
			n->v[set * n->launches + launch] = want_misses ? misses : accesses;
	}
}

static int counts_begin(struct set_counts *n, const struct results *r, unsigned config,
			unsigned metric, unsigned sets)
{
	const double *has = results_values(r, config, metric);
	unsigned b;

	*n = (struct set_counts){ .sets = sets };
	n->launch = malloc(r->blocks * sizeof(*n->launch));
	for (b = 0; n->launch && b < r->blocks; b++)
		n->launch[b] = isnan(has[b]) ? -1 : (int)n->launches++;
	n->v = calloc((size_t)sets * n->launches + 1, sizeof(*n->v));
	return n->launch && n->v ? 0 : -ENOMEM;
}

/* From the rows of 32 sets each. */
static void read_counts(struct set_counts *n, const struct results *r, unsigned config,
			const char *level, int want_misses)
{
	char prefix[64];
	size_t len = (size_t)snprintf(prefix, sizeof(prefix), "model.%s_sets_", level), i;

	for (i = 0; i < r->samples.nr; i++) {
		const struct sample *s = &r->samples.row[i];

		if (s->config == config && s->worker < 0 && !s->superseded &&
		    n->launch[s->block] >= 0 && !strncmp(s->metric, prefix, len) &&
		    isdigit((unsigned char)s->metric[len]))
			take_list(n, (unsigned)n->launch[s->block], s->note, want_misses);
	}
}

static int put_sets(struct picture *p, const struct results *r, unsigned config, const char *level,
		    unsigned sets, int want_misses)
{
	struct set_counts n;
	char name[64];
	unsigned s;
	double v = 0;
	int rc, metric;

	snprintf(name, sizeof(name), FIRST_SETS, level);
	metric = results_metric(r, name, NULL);
	if (metric < 0)
		return 0;
	rc = counts_begin(&n, r, config, (unsigned)metric, sets);
	if (!rc)
		read_counts(&n, r, config, level, want_misses);
	for (s = 0; s < sets && n.launches && !rc; s++) {
		double *of_set = n.v + (size_t)s * n.launches;

		stat_sort(of_set, n.launches);
		v = stat_median(of_set, n.launches);
		rc = picture_add(p, s, v, v, v);
	}
	if (!rc && n.launches) /* the last step has an end */
		rc = picture_add(p, sets, v, v, v);
	free(n.v);
	free(n.launch);
	return rc;
}

int picture_sets(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	unsigned config[PICTURE_MOST_GROUPS], n, i;
	const struct results *r = a->r;
	const char *level = level_with(a, "_sets_0_31", index / 2);
	char name[64], others[120];
	double sets;
	int setting = picture_setting(r, a->exp), rc = 0, want_misses = index % 2;

	if (!level)
		return none(a, index, "misses by set (--collect +model --model-sets on)", e);
	n = picture_values(r, a->exp, MOST_VALUES, config);
	for (i = 0; i < n && !rc; i++) {
		snprintf(name, sizeof(name), "model.%s_sets", level);
		sets = picture_median(r, config[i], name);
		if (!(sets > 0 && sets <= MOST_SETS))
			continue;
		picture_begin(p, i,
			      setting >= 0 ? results_axis_value(r, config[i], (unsigned)setting) :
					     r->exp[a->exp].name);
		rc = put_sets(p, r, config[i], level, (unsigned)sets, want_misses);
	}
	if (n)
		picture_others(r, config[0], others, sizeof(others));
	snprintf(name, sizeof(name), "%s each set of the modelled %s",
		 want_misses ? "misses in" : "load of", level);
	picture_title(p, a, name, 0);
	if (n && *others)
		snprintf(p->title + strlen(p->title), sizeof(p->title) - strlen(p->title), ", %s",
			 others);
	snprintf(p->xlabel, sizeof(p->xlabel), "set of the %s", level);
	snprintf(p->ylabel, sizeof(p->ylabel), "%s in the region (%s is better)",
		 want_misses ? "misses" : "accesses", want_misses ? "lower" : "more even");
	if (setting >= 0)
		snprintf(p->keytitle, sizeof(p->keytitle), "%s", r->exp[a->exp].axis[setting].name);
	snprintf(p->name, sizeof(p->name), "-%s%s", level, want_misses ? "" : "-load");
	return rc ? err_set(e, rc, "out of memory") : 1;
}

/* ---- kinds and structures ---- */

/* Parts of the misses per operation of one level: each part's metric is LEVEL + its suffix. */
static int put_parts(struct picture *p, const struct picture_ask *a, const char *level,
		     const char *prefix, const char *const *part, const char *what, struct err *e)
{
	struct picture_part parts[PICTURE_MOST_SERIES] = { { "", "" } };
	unsigned config[PICTURE_MOST_GROUPS], n = picture_configs(a->r, a->exp, config), i, nr;
	double scale[PICTURE_MOST_GROUPS];
	char misses[64], per_op[64], text[120];
	int rc;

	snprintf(misses, sizeof(misses), "model.%s_misses", level);
	snprintf(per_op, sizeof(per_op), "model.%s_misses_per_op", level);
	for (i = 0; i < n; i++)
		scale[i] = picture_median(a->r, config[i], per_op) /
			   picture_median(a->r, config[i], misses);
	for (nr = 0; part[nr]; nr++) {
		snprintf(parts[nr].metric, sizeof(parts[nr].metric), "model.%s_%s%s", level, prefix,
			 part[nr]);
		snprintf(parts[nr].name, sizeof(parts[nr].name), "%s", part[nr]);
	}
	rc = picture_stack(p, a, parts, nr, scale);
	if (rc)
		return err_set(e, rc, "out of memory");
	snprintf(text, sizeof(text), "misses of the modelled %s by %s", level, what);
	picture_title(p, a, text, 0);
	snprintf(p->ylabel, sizeof(p->ylabel), "%s misses per operation (lower is better)", level);
	snprintf(p->keytitle, sizeof(p->keytitle), "%s", what);
	snprintf(p->name, sizeof(p->name), "-%s", level);
	return 1;
}

int picture_kinds(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	static const char *const kinds[] = { "compulsory", "capacity", "conflict", "coherence",
					     NULL };
	const char *level = level_with(a, "_compulsory", index);

	if (!level)
		return none(a, index, "misses by kind (--collect +model --model-kinds on)", e);
	return put_parts(p, a, level, "", kinds, "kind", e);
}

int picture_structures(struct picture *p, const struct picture_ask *a, unsigned index,
		       struct err *e)
{
	static const char *const structures[] = { "object", "header",	"index", "array",
						  "shared", "alien",	"head",	 "pagemap",
						  "meta",   "workload", "other", NULL };
	const char *level = level_with(a, "_misses_object", index);

	if (!level)
		return none(a, index, "misses by structure (--collect +model)", e);
	return put_parts(p, a, level, "misses_", structures, "structure", e);
}

/* ---- modelled against measured ---- */

int picture_modelled(struct picture *p, const struct picture_ask *a, unsigned index, struct err *e)
{
	static const char modelled[] = "model.memory_time_per_op";
	const struct results *r = a->r;
	const struct res_exp *x = &r->exp[a->exp];
	int m = results_metric(r, PICTURE_METRIC, NULL), setting = picture_setting(r, a->exp);
	unsigned i, v, values = setting >= 0 ? x->axis[setting].nr : 1;
	int rc = 0;

	if (index)
		return 0;
	if (m < 0 || results_metric(r, modelled, NULL) < 0)
		return none(a, 0, "modelled time beside a measured one (--collect time,model)", e);
	for (v = 0; v < values && !rc; v++) {
		struct picture_series *s =
			picture_begin(p, v, setting >= 0 ? x->axis[setting].value[v] : x->name);

		for (i = x->first; s && i < x->first + x->nr_configs && !rc; i++) {
			double at = picture_median(r, i, modelled);
			struct res_summary y;

			if (setting >= 0 && r->config[i].at[setting] != v)
				continue;
			results_summary(r, i, (unsigned)m, &y);
			if (y.n && at > 0)
				rc = picture_add(p, at, y.median,
						 y.have_interval ? y.interval.lo : y.median,
						 y.have_interval ? y.interval.hi : y.median);
		}
		if (s && !s->nr)
			p->nr_series--;
	}
	picture_title(p, a, "modelled memory time and measured time", 1);
	picture_axis_label(p->xlabel, sizeof(p->xlabel), "", modelled, "ns");
	picture_axis_label(p->ylabel, sizeof(p->ylabel), "", PICTURE_METRIC, "ns");
	if (setting >= 0)
		snprintf(p->keytitle, sizeof(p->keytitle), "%s", x->axis[setting].name);
	p->diagonal = 1;
	p->ylog = p->xlog2 = !a->linear && picture_wants_log_y(p);
	return rc ? err_set(e, rc, "out of memory") : 1;
}
