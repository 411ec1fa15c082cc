/* SPDX-License-Identifier: GPL-2.0-or-later */
/* slabscope compare --json. */

#include <math.h>
#include <stdio.h>

#include "cli/compare.h"

#define FORMAT 1

static json_t *maybe(int have, double v)
{
	return have && isfinite(v) ? json_real(v) : json_null();
}

static json_t *run_object(const struct results *r)
{
	return json_pack("{s:s, s:o?, s:o?, s:i}", "path", r->path, "began",
			 json_incref(json_object_get(r->run, "began")), "plan_hash",
			 json_incref(json_object_get(r->run, "plan_hash")), "launches",
			 (int)r->blocks);
}

static json_t *side_object(const struct judge_side *s)
{
	const struct res_config *c = &s->run->config[s->config];

	return json_pack("{s:s, s:s, s:s, s:i, s:o, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "run",
			 s->run->path, "experiment", s->run->exp[c->exp].name, "label", c->label,
			 "n", (int)s->s.n, "median", maybe(s->s.n, s->s.median), "ok", (int)c->ok,
			 "invalid", (int)c->invalid, "disturbed", (int)c->disturbed, "failed",
			 (int)c->failed, "crashed", (int)c->crashed, "timeout", (int)c->timeout,
			 "not_run", (int)results_not_run(s->run, s->config), "repeated",
			 (int)c->repeated);
}

static json_t *explain_array(const struct comparison *x, double confidence)
{
	struct explanation e[EXPLAIN_MOST];
	unsigned changed, i, n = explain(x, confidence, e, &changed);
	json_t *list = json_array();

	for (i = 0; i < n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:i}", "metric",
				  x->a.run->metric[e[i].metric].name, "from", maybe(1, e[i].from),
				  "to", maybe(1, e[i].to), "ratio", maybe(1, e[i].ratio), "exact",
				  e[i].exact, "spearman", maybe(1, e[i].rho), "p",
				  maybe(!isnan(e[i].rho), e[i].p), "n", (int)e[i].n));
	return json_pack("{s:i, s:o}", "changed", (int)changed, "first", list);
}

static json_t *item_object(const struct compare *c, const struct compare_request *q,
			   const struct comparison *x)
{
	const struct verdict_result *v = &x->v;
	int ratio = !v->difference;
	char sentence[900];
	json_t *o;

	compare_sentence(c, x, sentence, sizeof(sentence));
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "metric", x->metric, "unit", x->unit,
		      "verdict", judge_words[x->word], "sentence", sentence, "kind",
		      judge_kind_names[x->kind], "config", side_object(&x->a), "against",
		      side_object(&x->b));
	if (!o)
		return json_null(); /* a label that is no UTF-8 */
	json_object_set_new(o, "better", x->better ? json_boolean(x->better > 0) : json_null());
	json_object_set_new(o, ratio ? "ratio" : "difference", maybe(1, v->ratio));
	json_object_set_new(o, "lo", maybe(v->have_interval, v->lo));
	json_object_set_new(o, "hi", maybe(v->have_interval, v->hi));
	json_object_set_new(o, "delta", maybe(1, compare_delta(c, x)));
	json_object_set_new(o, "confidence", maybe(1, v->confidence));
	json_object_set_new(o, "coverage", maybe(v->have_interval, v->coverage));
	json_object_set_new(o, "pairs",
			    x->kind == JUDGE_UNPAIRED ? json_null() : json_integer(v->pairs));
	json_object_set_new(o, "sd", maybe(x->kind != JUDGE_EXACT, v->sd));
	json_object_set_new(o, "further",
			    x->word == WORD_INCONCLUSIVE && v->further ? json_integer(v->further) :
									 json_null());
	json_object_set_new(o, "reason", *x->reason ? json_string(x->reason) : json_null());
	json_object_set_new(o, "warning", *x->warning ? json_string(x->warning) : json_null());
	if (q->explain && x->kind == JUDGE_PAIRED)
		json_object_set_new(o, "explain", explain_array(x, c->confidence));
	return o;
}

static json_t *environment_array(const struct compare *c)
{
	json_t *list = json_array();
	unsigned i;

	for (i = 0; i < c->nr_env; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:b}", "name", c->env[i].name,
						"against", c->env[i].base, "config", c->env[i].mine,
						"unlike", c->env[i].unlike));
	return list;
}

static json_t *noise_object(const struct compare *c)
{
	const struct hostnoise *n = &c->noise;

	if (!c->have_noise)
		return json_pack("{s:s}", "unavailable", c->noise_line);
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o}", "when", n->when, "workload",
			 n->workload, "metric", n->metric, "pairs", (int)n->pairs, "comparisons",
			 (int)n->comparisons, "false_alarms", (int)n->false_alarms, "noise_floor",
			 maybe(1, expm1(n->noise_floor)), "smallest_effect",
			 maybe(1, n->smallest_effect));
}

static json_t *gates_array(const struct compare *c, const struct compare_request *q)
{
	json_t *list = json_array();
	unsigned g, i;

	for (g = 0; g < q->nr_gates; g++) {
		unsigned fails = 0;

		for (i = 0; i < c->nr; i++)
			fails += (unsigned)gate_fails(&q->gate[g], &c->item[i]);
		json_array_append_new(list, json_pack("{s:s, s:i}", "rule", q->gate[g].text,
						      "comparisons", (int)fails));
	}
	return list;
}

int compare_json(const struct compare *c, const struct compare_request *q, FILE *f)
{
	json_t *results = json_array(), *warnings = json_array(), *o;
	unsigned i;
	int bad;

	for (i = 0; i < c->nr; i++)
		json_array_append_new(results, item_object(c, q, &c->item[i]));
	for (i = 0; i < c->nr_warnings; i++)
		json_array_append_new(warnings, json_string(c->warning[i]));
	o = json_pack("{s:i, s:o, s:o, s:b, s:f, s:i, s:f, s:f, s:o, s:o, s:o, s:o, s:o}", "format",
		      FORMAT, "against", run_object(c->base), "config", run_object(c->mine),
		      "interleaved", c->base == c->mine, "confidence", c->confidence, "comparisons",
		      (int)c->together, "confidence_each", c->each, "delta", c->delta, "noise",
		      noise_object(c), "results", results, "fail_on", gates_array(c, q),
		      "environment", environment_array(c), "warnings", warnings);
	bad = !o || json_dumpf(o, f, JSON_INDENT(1) | JSON_REAL_PRECISION(15)) ||
	      fputc('\n', f) == EOF;
	json_decref(o);
	return bad;
}
