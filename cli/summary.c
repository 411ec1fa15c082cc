/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/judge.h"
#include "lib/csv.h"
#include "lib/file.h"

#define SUMMARY_VERSION 3

static void field(FILE *f, const char *text, char end)
{
	csv_write_cell(f, text, 0);
	fputc(end, f);
}

/* A number, or nothing for none. */
static void number(FILE *f, int have, double v, char end)
{
	char t[CSV_NUMBER_MAX];

	fprintf(f, "%s%c", have ? csv_number(t, v) : "", end);
}

struct line {
	unsigned config, metric;
	struct res_summary s, ratio;
	int base;	     /* -1: none */
	const char *verdict; /* "": none */
};

/* The baseline of each config, and for how many comparisons the verdicts of each experiment and
 * metric are corrected. */
struct against {
	int *base;	    /* [config]; -1: none. NULL: no baseline at all, or no memory */
	unsigned *together; /* [exp * nr_metrics + metric] */
};

static void against_release(struct against *g)
{
	free(g->base);
	free(g->together);
	*g = (struct against){ NULL, NULL };
}

static void against_init(struct against *g, const struct results *r, const char *baseline)
{
	unsigned c, m;

	*g = (struct against){ NULL, NULL };
	if (!baseline)
		return;
	g->base = malloc(r->nr_configs * sizeof(*g->base));
	g->together = calloc((size_t)r->nr_exp * r->nr_metrics + 1, sizeof(*g->together));
	if (!g->base || !g->together) {
		against_release(g);
		return;
	}
	for (c = 0; c < r->nr_configs; c++) {
		g->base[c] = results_baseline(r, c, baseline);
		for (m = 0; m < r->nr_metrics && g->base[c] >= 0 && g->base[c] != (int)c; m++) {
			struct comparison x;

			judge_begin(&x, r, c, r, (unsigned)g->base[c], r->metric[m].name);
			g->together[r->config[c].exp * r->nr_metrics + m] += (unsigned)x.testable;
		}
	}
}

static const char *verdict_of(const struct results *r, const struct line *l, unsigned together)
{
	const struct verdict_rules rules = { .confidence = RESULTS_CONFIDENCE,
					     .delta = JUDGE_DELTA,
					     .comparisons = together,
					     .no_further = 1 };
	struct comparison c;

	judge_begin(&c, r, l->config, r, (unsigned)l->base, r->metric[l->metric].name);
	judge(&c, &rules);
	return judge_words[c.word];
}

static void make_line(const struct results *r, const struct against *g, unsigned config,
		      unsigned metric, struct line *l)
{
	memset(l, 0, sizeof(*l));
	l->config = config;
	l->metric = metric;
	l->base = g->base ? g->base[config] : -1;
	results_summary(r, config, metric, &l->s);
	l->verdict = "";
	if (l->base < 0 || (unsigned)l->base == config)
		return;
	results_ratio(r, config, l->base, metric, &l->ratio);
	if (g->together)
		l->verdict = verdict_of(
			r, l, g->together[r->config[config].exp * r->nr_metrics + metric]);
}

static void csv_line(const struct results *r, const struct line *l, FILE *f)
{
	const struct res_config *c = &r->config[l->config];
	const struct res_metric *m = &r->metric[l->metric];
	const struct res_summary *s = &l->s, *q = &l->ratio;

	field(f, r->exp[c->exp].name, ',');
	fprintf(f, "%u,", l->config);
	field(f, c->label, ',');
	field(f, m->name, ',');
	field(f, m->unit, ',');
	field(f, m->source, ',');
	fprintf(f, "%s,%u,", results_state(r, l->config, l->metric), s->n);
	number(f, s->n, s->median, ',');
	number(f, s->have_interval, s->interval.lo, ',');
	number(f, s->have_interval, s->interval.hi, ',');
	number(f, s->have_interval, s->interval.coverage, ',');
	number(f, s->n, s->min, ',');
	number(f, s->n, s->max, ',');
	field(f, l->base >= 0 ? r->config[l->base].label : "", ',');
	if (q->n)
		fprintf(f, "%u", q->n);
	fputc(',', f);
	number(f, q->n, q->median, ',');
	number(f, q->have_interval, q->interval.lo, ',');
	number(f, q->have_interval, q->interval.hi, ',');
	fprintf(f, "%s,%u,%u,%u,%u,%u,%u,%u,", l->verdict, c->ok, c->failed, c->crashed, c->timeout,
		c->invalid, c->disturbed, c->repeated);
	field(f, results_note(r, l->config, l->metric), '\n');
}

void summary_csv(const struct results *r, const char *baseline, FILE *f)
{
	struct against g;
	unsigned c, m;

	against_init(&g, r, baseline);
	fprintf(f,
		"# slabscope summary %d\n"
		"experiment,config,label,metric,unit,source,state,n,median,lo,hi,confidence,min,max,"
		"baseline,pairs,ratio,ratio_lo,ratio_hi,verdict,ok,failed,crashed,timeout,invalid,"
		"disturbed,repeated,note\n",
		SUMMARY_VERSION);
	for (c = 0; c < r->nr_configs; c++)
		for (m = 0; m < r->nr_metrics; m++) {
			struct line l;

			if (!results_has(r, c, m))
				continue; /* of another experiment, or nothing of it was run */
			make_line(r, &g, c, m, &l);
			csv_line(r, &l, f);
		}
	against_release(&g);
}

int summary_write(const struct results *r, const char *baseline, struct err *e)
{
	char path[PATH_MAX];
	struct file_out f;
	int rc;

	if (snprintf(path, sizeof(path), "%s/summary.csv", r->path) >= (int)sizeof(path))
		return err_set(e, -ENAMETOOLONG, "%.60s...: name too long", r->path);
	rc = file_begin(&f, path, e);
	if (rc)
		return rc;
	summary_csv(r, baseline, f.stream);
	return file_commit(&f, e);
}

/* ---- JSON ---- */

static json_t *maybe(int have, double v)
{
	return have && isfinite(v) ? json_real(v) : json_null();
}

static json_t *summary_object(const struct res_summary *s)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "n", (int)s->n, "median",
			 maybe(s->n, s->median), "lo", maybe(s->have_interval, s->interval.lo),
			 "hi", maybe(s->have_interval, s->interval.hi), "confidence",
			 maybe(s->have_interval, s->interval.coverage), "min", maybe(s->n, s->min),
			 "max", maybe(s->n, s->max));
}

static json_t *metric_object(const struct results *r, const struct line *l)
{
	const struct res_metric *m = &r->metric[l->metric];
	const char *note = results_note(r, l->config, l->metric);
	json_t *o = summary_object(&l->s);

	json_object_set_new(o, "metric", json_string(m->name));
	json_object_set_new(o, "unit", json_string(m->unit));
	json_object_set_new(o, "source", json_string(m->source));
	json_object_set_new(o, "state", json_string(results_state(r, l->config, l->metric)));
	if (*note)
		json_object_set_new(o, "note", json_string(note));
	if (l->base >= 0 && (unsigned)l->base != l->config) {
		json_object_set_new(o, "baseline", json_string(r->config[l->base].label));
		json_object_set_new(o, "ratio", summary_object(&l->ratio));
		json_object_set_new(o, "verdict", json_string(l->verdict));
	}
	return o;
}

static json_t *config_object(const struct results *r, const struct against *g, unsigned config)
{
	const struct res_config *c = &r->config[config];
	json_t *metrics = json_array(), *axes = json_object();
	unsigned a, m;

	for (a = 0; a < r->exp[c->exp].nr_axes; a++)
		json_object_set_new(axes, r->exp[c->exp].axis[a].name,
				    json_string(results_axis_value(r, config, a)));
	for (m = 0; m < r->nr_metrics; m++) {
		struct line l;

		if (!results_has(r, config, m))
			continue;
		make_line(r, g, config, m, &l);
		json_array_append_new(metrics, metric_object(r, &l));
	}
	return json_pack("{s:s, s:i, s:s, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o}",
			 "experiment", r->exp[c->exp].name, "config", (int)config, "label",
			 c->label, "axes", axes, "ok", (int)c->ok, "failed", (int)c->failed,
			 "crashed", (int)c->crashed, "timeout", (int)c->timeout, "invalid",
			 (int)c->invalid, "disturbed", (int)c->disturbed, "repeated",
			 (int)c->repeated, "metrics", metrics);
}

int summary_json(const struct results *r, const char *baseline, FILE *f)
{
	json_t *o = json_object(), *list = json_array();
	struct against g;
	unsigned c;
	int bad;

	against_init(&g, r, baseline);
	for (c = 0; c < r->nr_configs; c++)
		json_array_append_new(list, config_object(r, &g, c));
	against_release(&g);
	json_object_set_new(o, "format", json_integer(SUMMARY_VERSION));
	json_object_set_new(o, "launches", json_integer(r->blocks));
	json_object_set_new(o, "configs", list);
	bad = json_dumpf(o, f, JSON_INDENT(1)) || fputc('\n', f) == EOF;
	json_decref(o);
	return bad;
}
