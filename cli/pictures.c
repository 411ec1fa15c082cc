/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/pictures.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/direction.h"

const struct picture_row pictures[] = {
	{ "cost", PICTURE_LINES, "cost over the axes", "an axis with more than one value",
	  "A point is the median of the launches, the bar its interval.", 1, picture_cost },
	{ "pareto", PICTURE_DOTS, "space against speed",
	  "slabinfo.bytes_held and a time, of more than one config",
	  "Left holds less memory, down takes less time; where the lines cross is the baseline. Front: the settings (means of "
	  "their points) that no other beats in both. Points of different settings stand a little apart.",
	  1, picture_pareto },
	{ "offsets", PICTURE_GRID, "colour_off by slab order", "the axes colour_off and order",
	  "Light is little; the number is the median of the launches.", 1, picture_offsets },
	{ "sets", PICTURE_STEPS, "load and misses by cache set",
	  "model.LEVEL_sets_0_31 and so on: --collect +model --model-sets on",
	  "A peak is a set that many lines have to share; flat is spread over all sets.", 0,
	  picture_sets },
	{ "kinds", PICTURE_STACK, "misses by kind",
	  "model.LEVEL_compulsory and its like: --collect +model --model-kinds on",
	  "Conflict misses are those that more colours can save; capacity misses are not.", 0,
	  picture_kinds },
	{ "structures", PICTURE_STACK, "misses by whose memory it was",
	  "model.LEVEL_misses_STRUCTURE: --collect +model",
	  "Objects, or what the allocator itself keeps: header and index of slabs, queues (array, shared, alien).",
	  0, picture_structures },
	{ "modelled", PICTURE_DOTS, "modelled against measured",
	  "model.memory_time_per_op beside time.ns_per_op",
	  "On the dashed line both are equal; the model is of another CPU unless its target is this one, and knows memory only.",
	  0, picture_modelled },
	{ "traffic", PICTURE_GRID, "traffic from node to node",
	  "numa.traffic_FROM_TO or model.traffic_FROM_TO of several nodes",
	  "On the diagonal memory is on the CPU's own node. Light is little.", 0, picture_traffic },
	{ "pages", PICTURE_STACK, "pages by node", "numa.nodeN of several nodes",
	  "Where the kernel says that the pages of the slabs lie.", 0, picture_pages },
	{ "latency", PICTURE_DOTS, "latency of single operations",
	  "latency.KIND_p50 and its like: --collect +latency",
	  "p99: of 100 operations 99 take no longer. Times are multiples of the clock's step.", 0,
	  picture_latency },
	{ "space", PICTURE_STACK, "where the bytes of the slabs went",
	  "slabinfo.bytes_asked and its like",
	  "What was asked for is in use; all above it is the price.", 0, picture_space },
	{ "launches", PICTURE_DOTS, "every launch", "launches with a number",
	  "Each point is one process; beside them the median and its interval.", 1,
	  picture_launches },
	{ "trials", PICTURE_DOTS, "trials in the order in which they ran", "trials with a number",
	  "Without drift the points lie about 1 from left to right. What was disturbed or set aside is marked and does not "
	  "count.",
	  1, picture_trials },
	{ NULL, 0, NULL, NULL, NULL, 0, NULL },
};

const struct picture_row *picture_find(const char *name)
{
	const struct picture_row *row;

	for (row = pictures; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

static void file_name(struct picture *p, const struct picture_row *row, const struct picture_ask *a)
{
	char *s;

	/* what fill() leaves there tells several pictures of one row apart */
	char part[sizeof(p->name)];

	memcpy(part, p->name, sizeof(part));
	part[sizeof(part) - 1] = '\0';
	if (a->name)
		snprintf(p->name, sizeof(p->name), "%.120s%.120s", a->name, part);
	else if (row->fill == picture_cost)
		snprintf(p->name, sizeof(p->name), "%.120s%.120s", a->r->exp[a->exp].name, part);
	else
		snprintf(p->name, sizeof(p->name), "%.100s-%s%.100s", a->r->exp[a->exp].name,
			 row->name, part);
	for (s = p->name; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("-_.", *s))
			*s = '_';
	if (*p->name == '.')
		*p->name = '_';
}

int picture_make(const struct picture_row *row, const struct picture_ask *a, unsigned index,
		 struct picture *p, struct err *e)
{
	int rc;

	memset(p, 0, sizeof(*p));
	p->kind = row->kind;
	rc = row->fill(p, a, index, e);
	if (rc != 1)
		return rc;
	if (!picture_points(p))
		return err_set(e, -ENODATA, "%s: no valid value: no picture",
			       a->r->exp[a->exp].name);
	file_name(p, row, a);
	return 1;
}

/* ---- what rows share ---- */

void picture_axis_label(char *buf, size_t len, const char *prefix, const char *metric,
			const char *unit)
{
	const struct direction *d = direction_of(metric, unit);
	int has_unit = !*prefix && *unit && strcmp(unit, "1");

	snprintf(buf, len, "%s%s%s%s%s", prefix, metric, has_unit ? ", " : "", has_unit ? unit : "",
		 d->better < 0 ? " (lower is better)" :
		 d->better > 0 ? " (higher is better)" :
				 "");
}

const char *picture_requested(const struct results *r, unsigned config, const char *option)
{
	const char *s = json_string_value(json_object_get(
		json_object_get(json_array_get(json_object_get(r->run, "configs"), config),
				"requested"),
		option));

	return s ? s : "";
}

void picture_title(struct picture *p, const struct picture_ask *a, const char *what, int stats)
{
	const struct results *r = a->r;
	const struct res_exp *x = &r->exp[a->exp];
	const char *workload = picture_requested(r, x->first, "workload");
	size_t n;

	snprintf(p->title, sizeof(p->title), "%.60s%s%.40s%s%s%.200s%s", x->name,
		 *workload ? " (" : "", workload, *workload ? ")" : "", *what ? ": " : "", what,
		 results_emulated(r) ? " (emulated nodes)" : "");
	n = strlen(p->title);
	if (stats)
		snprintf(p->title + n, sizeof(p->title) - n, "; median of %u launches%s", r->blocks,
			 r->blocks < stat_sign_least(RESULTS_CONFIDENCE) ?
				 " (too few for intervals)" :
				 ", 95 % intervals");
}

int picture_setting(const struct results *r, unsigned exp)
{
	const struct res_exp *x = &r->exp[exp];
	int any = -1;
	unsigned a;

	for (a = 0; a < x->nr_axes; a++) {
		if (x->axis[a].nr < 2)
			continue;
		if (strcmp(x->axis[a].name, "n") && strcmp(x->axis[a].name, "cache"))
			return (int)a;
		any = any < 0 ? (int)a : any;
	}
	return any;
}

double picture_median(const struct results *r, unsigned config, const char *metric)
{
	int m = results_metric(r, metric, NULL);
	struct res_summary s = { 0 };

	if (m < 0)
		return NAN;
	results_summary(r, config, (unsigned)m, &s);
	return s.n ? s.median : NAN;
}

/* The last values of all axes but @setting's? */
static int is_last(const struct results *r, const struct res_exp *x, unsigned config, int setting)
{
	unsigned a;

	for (a = 0; a < x->nr_axes; a++)
		if ((int)a != setting && r->config[config].at[a] + 1 != x->axis[a].nr)
			return 0;
	return 1;
}

unsigned picture_configs(const struct results *r, unsigned exp, unsigned out[PICTURE_MOST_GROUPS])
{
	const struct res_exp *x = &r->exp[exp];
	int setting = picture_setting(r, exp), all = x->nr_configs <= PICTURE_MOST_GROUPS;
	unsigned i, n = 0;

	for (i = x->first; i < x->first + x->nr_configs && n < PICTURE_MOST_GROUPS; i++)
		if (all || is_last(r, x, i, setting))
			out[n++] = i;
	return n;
}

unsigned picture_values(const struct results *r, unsigned exp, unsigned most,
			unsigned out[PICTURE_MOST_GROUPS])
{
	const struct res_exp *x = &r->exp[exp];
	int setting = picture_setting(r, exp);
	unsigned i, n = 0;

	for (i = x->first; i < x->first + x->nr_configs && n < most; i++)
		if (is_last(r, x, i, setting))
			out[n++] = i;
	return n;
}

void picture_others(const struct results *r, unsigned config, char *buf, size_t len)
{
	unsigned exp = r->config[config].exp, a;
	int setting = picture_setting(r, exp);
	size_t n = 0;

	*buf = '\0';
	for (a = 0; a < r->exp[exp].nr_axes && n < len; a++)
		if ((int)a != setting)
			n += (size_t)snprintf(buf + n, len - n, "%s%s=%s", n ? ", " : "",
					      r->exp[exp].axis[a].name,
					      results_axis_value(r, config, a));
}

int picture_stack(struct picture *p, const struct picture_ask *a, const struct picture_part *part,
		  unsigned nr, const double *scale)
{
	unsigned config[PICTURE_MOST_GROUPS], configs = picture_configs(a->r, a->exp, config), i, k;
	double top[PICTURE_MOST_GROUPS] = { 0 };
	int rc = picture_config_groups(p, a->r, config, configs);

	for (k = 0; k < nr && !rc; k++) {
		struct picture_series *s = picture_begin(p, k, part[k].name);

		if (!s)
			break;
		for (i = 0; i < configs && !rc; i++) {
			double v = picture_median(a->r, config[i], part[k].metric) * scale[i];

			if (!(v > 0) || isinf(v))
				continue;
			rc = picture_add(p, i, v, top[i], top[i] + v);
			top[i] += v;
		}
		if (!s->nr)
			p->nr_series--; /* nothing of it anywhere: no entry in the legend */
	}
	return rc;
}

/* The config's values on the axes that have more than one: the setting's first. */
static void short_name(const struct results *r, unsigned config, int setting, char *buf, size_t len)
{
	const struct res_exp *x = &r->exp[r->config[config].exp];
	size_t n = 0;
	unsigned a;

	snprintf(buf, len, "%s",
		 setting >= 0 ? results_axis_value(r, config, (unsigned)setting) : x->name);
	for (a = 0; setting >= 0 && a < x->nr_axes; a++) {
		n = strlen(buf);
		if ((int)a != setting && x->axis[a].nr > 1)
			snprintf(buf + n, len - n, " %s", results_axis_value(r, config, a));
	}
}

int picture_config_groups(struct picture *p, const struct results *r, const unsigned *config,
			  unsigned nr)
{
	unsigned i, a, exp = nr ? r->config[config[0]].exp : 0;
	int setting = nr ? picture_setting(r, exp) : -1, rc = 0;
	char name[200];
	size_t n;

	for (i = 0; i < nr && !rc; i++) {
		short_name(r, config[i], setting, name, sizeof(name));
		rc = picture_group(p, name);
	}
	snprintf(p->xlabel, sizeof(p->xlabel), "config%s%s", setting >= 0 ? ": " : "",
		 setting >= 0 ? r->exp[exp].axis[setting].name : "");
	for (a = 0; setting >= 0 && a < r->exp[exp].nr_axes; a++) {
		n = strlen(p->xlabel);
		if ((int)a != setting && r->exp[exp].axis[a].nr > 1)
			snprintf(p->xlabel + n, sizeof(p->xlabel) - n, ", %s",
				 r->exp[exp].axis[a].name);
	}
	return rc;
}

double picture_axis_number(const char *t)
{
	return strcmp(t, "off") ? strtod(t, NULL) : 0;
}

int picture_wants_log_y(const struct picture *p)
{
	double lo = INFINITY, hi = 0;
	unsigned i, k;

	for (i = 0; i < p->nr_series; i++)
		for (k = 0; k < p->series[i].nr; k++) {
			lo = fmin(lo, p->series[i].point[k].lo);
			hi = fmax(hi, p->series[i].point[k].hi);
		}
	return lo > 0 && hi / lo > 20;
}
