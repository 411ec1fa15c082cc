/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The doctor's findings as one JSON object; what is not known or does not apply is null. */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "cli/doctor_parts.h"

/* Names of machines and files come from outside and may be anything: bytes that are not UTF-8 become
 * '?'. */
static json_t *text_or_null(const char *text)
{
	json_t *j = *text ? json_string(text) : json_null();
	char clean[512];
	size_t i;

	if (j)
		return j;
	for (i = 0; text[i] && i + 1 < sizeof(clean); i++)
		clean[i] = (unsigned char)text[i] < 0x80 ? text[i] : '?';
	clean[i] = '\0';
	return json_string(clean);
}

/* JSON has no infinity and no NaN. */
static json_t *number_or_null(double v)
{
	if (!isfinite(v))
		return json_null();
	if (v == floor(v) && fabs(v) < 9e15)
		return json_integer((json_int_t)v);
	return json_real(v);
}

static json_t *fact_json(const struct fact *f)
{
	switch (f->type) {
	case FACT_NUMBER:
		return number_or_null(f->number);
	case FACT_BOOL:
		return json_boolean(f->number != 0);
	case FACT_TEXT:
		return text_or_null(f->value);
	default:
		return json_pack("{s:o}", "unknown", text_or_null(f->text));
	}
}

static json_t *facts_json(const struct facts *f)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < f->nr; i++)
		json_object_set_new(o, f->f[i].name, fact_json(&f->f[i]));
	return o;
}

static json_t *caches_json(const struct doctor_machine *m)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->nr_caches; i++) {
		const struct doctor_cache *c = &m->cache[i];

		json_array_append_new(list,
				      json_pack("{s:i, s:b, s:i, s:I, s:o, s:b, s:o, s:i}", "level",
						(int)c->level, "data_only", (int)c->data, "count",
						(int)c->count, "size", (json_int_t)c->size, "ways",
						c->ways > 0 ? json_integer(c->ways) : json_null(),
						"fully_associative", c->ways < 0, "line",
						c->line ? json_integer(c->line) : json_null(),
						"shared_by_cpus", (int)c->shared));
	}
	return list;
}

static json_t *nodes_json(const struct doctor_machine *m)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < m->nr_nodes; i++) {
		const struct doctor_node *n = &m->node[i];
		json_t *d = json_array();

		for (unsigned j = 0; j < m->nr_nodes; j++)
			json_array_append_new(d, n->distance[j] ? json_integer(n->distance[j]) :
								  json_null());
		json_array_append_new(list,
				      json_pack("{s:i, s:i, s:o, s:o}", "node", (int)n->os, "cpus",
						(int)n->cpus, "bytes",
						n->bytes > 0 ? json_integer((json_int_t)n->bytes) :
							       json_null(),
						"distances", d));
	}
	return list;
}

static json_t *machine_json(const struct doctor_machine *m)
{
	json_t *o = facts_json(&m->facts);

	json_object_set_new(o, "topology_native", json_boolean(m->native));
	json_object_set_new(o, "caches", caches_json(m));
	json_object_set_new(o, "nodes", nodes_json(m));
	return o;
}

static json_t *errno_json(int error)
{
	char number[24];

	return error ? json_string(perf_errno_name(error, number, sizeof(number))) : json_null();
}

static json_t *quantities_json(const struct doctor *d)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < d->nr_quantities; i++) {
		const struct doctor_quantity *q = &d->quantity[i];

		if (!doctor_asked(d, q->name))
			continue;
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "name", q->name, "state",
				  quantity_state_names[q->state], "source", q->source, "expression",
				  text_or_null(q->expression), "errno", errno_json(q->why.error),
				  "reason", text_or_null(q->why.reason), "remedy",
				  text_or_null(q->why.remedy)));
	}
	return list;
}

/* Codes that were opened, or that were refused; above 2^63 they do not fit a JSON integer. */
static json_t *codes_json(const struct doctor_quantity *q)
{
	json_t *list = json_array();
	char config[3][24];

	for (unsigned i = 0; i < q->nr_codes; i++) {
		snprintf(config[0], sizeof(config[0]), "0x%" PRIx64, q->code[i].config);
		snprintf(config[1], sizeof(config[1]), "0x%" PRIx64, q->code[i].config1);
		snprintf(config[2], sizeof(config[2]), "0x%" PRIx64, q->code[i].config2);
		json_array_append_new(list,
				      json_pack("{s:I, s:s, s:s, s:s}", "type",
						(json_int_t)q->code[i].type, "config", config[0],
						"config1", config[1], "config2", config[2]));
	}
	return list;
}

static json_t *events_json(const struct doctor *d)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < d->nr_quantities; i++)
		if (d->quantity[i].nr_codes && doctor_asked(d, d->quantity[i].name))
			json_object_set_new(o, d->quantity[i].name, codes_json(&d->quantity[i]));
	return o;
}

static json_t *proofs_json(const struct doctor *d)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < d->nr_quantities; i++) {
		const struct doctor_quantity *q = &d->quantity[i];
		const struct proof_result *r = &q->proof;

		if (!q->proved)
			continue;
		json_array_append_new(
			list,
			json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
				  "quantity", q->name, "kernel", q->row->kernel->name, "does",
				  q->row->kernel->help, "verdict", proof_verdict_names[r->verdict],
				  "known", number_or_null(r->known), "counted",
				  number_or_null(r->counted), "off", number_or_null(r->off),
				  "share", isnan(r->counted) ? json_null() : json_real(r->share),
				  "exact_within",
				  number_or_null(q->row->at_least ? NAN : q->row->exact),
				  "approximate_within",
				  number_or_null(q->row->at_least ? NAN : q->row->approximate),
				  "reason", text_or_null(r->why.reason)));
	}
	return list;
}

static json_t *aa_json(const struct doctor_noise *n)
{
	const struct hostnoise *a = &n->aa;

	if (!n->have_aa)
		return json_pack("{s:o}", "unknown", text_or_null(n->aa_why));
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "when", a->when,
			 "workload", a->workload, "metric", a->metric, "comparisons",
			 (int)a->comparisons, "pairs", (int)a->pairs, "false_alarms",
			 (int)a->false_alarms, "confidence", number_or_null(a->confidence), "sd",
			 number_or_null(a->sd), "noise_floor", number_or_null(a->noise_floor),
			 "smallest_effect", number_or_null(a->smallest_effect));
}

static json_t *noise_json(const struct doctor_noise *n)
{
	json_t *o = facts_json(&n->facts);

	json_object_set_new(o, "aa", aa_json(n));
	return o;
}

static json_t *programs_json(const struct doctor *d)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < NR_PROGRAMS; i++) {
		const struct doctor_program *p = &d->program[i];

		json_object_set_new(o, p->name,
				    json_pack("{s:b, s:b, s:o, s:s, s:s, s:o}", "found",
					      (int)p->found, "works", (int)p->works, "version",
					      text_or_null(p->version), "for", p->purpose,
					      "package", p->package, "reason",
					      text_or_null(p->why)));
	}
	return o;
}

static json_t *advice_json(const struct doctor *d)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < d->nr_advice; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:o}", "what", d->advice[i].what, "command",
						text_or_null(d->advice[i].command)));
	return list;
}

int doctor_json(const struct doctor *d, FILE *f, struct err *e)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "machine",
			      machine_json(&d->machine), "permissions", facts_json(&d->permissions),
			      "programs", programs_json(d), "quantities", quantities_json(d),
			      "events", events_json(d), "proofs", proofs_json(d), "noise",
			      noise_json(&d->noise), "advice", advice_json(d));
	int bad;

	if (!o)
		return err_set(e, -ENOMEM, "out of memory");
	bad = json_dumpf(o, f, JSON_INDENT(1)) || fputc('\n', f) == EOF;
	json_decref(o);
	return bad ? err_set(e, -EIO, "cannot write JSON") : 0;
}
