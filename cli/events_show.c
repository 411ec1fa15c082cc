/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `slabscope events`: the table of quantities, one quantity in full, one expression. */

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/events.h"
#include "cli/table.h"
#include "collectors/perf/ev.h"
#include "collectors/perf/sys.h"

#define EXPRESSION_SHOWN 44
#define FOOTNOTES 16

/* ---- what is known of one ---- */

void events_view(struct events_view *v, const struct events *s, const struct ev_quantity *q)
{
	const struct perf_refusal *why;
	int n;

	memset(v, 0, sizeof(*v));
	v->quantity = q;
	n = ev_candidates(s->db, s->host, q, v->cand, &v->why);
	v->nr = n > 0 ? (unsigned)n : 0;
	v->works = v->nr > 0;
	if (!v->nr || !s->tries)
		return;
	perf_pick(&v->pick, &perf_sys_kernel, v->cand, v->nr, PERF_USER, &s->place);
	v->works = v->pick.chosen >= 0;
	v->chosen = v->works ? (unsigned)v->pick.chosen : 0;
	why = v->works ? NULL : perf_pick_why(&v->pick);
	if (why)
		v->why = *why;
}

static int code_text(const struct perf_event *ev, char *buf, size_t len)
{
	if (ev->cpu_wide && !ev->type) /* another machine's: who knows its number */
		return snprintf(buf, len, "t=sysfs c=0x%" PRIx64, ev->config);
	if (ev->type == PERF_TYPE_RAW && !ev->config1 && !ev->config2 && !ev->precise)
		return snprintf(buf, len, "0x%" PRIx64, ev->config);
	return ev_code_print(ev, buf, len);
}

char *events_codes(const struct ev_candidate *c, char *buf, size_t len)
{
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < c->nr_terms && n < len; i++) {
		char code[128];

		code_text(&c->term[i].event, code, sizeof(code));
		n += (size_t)snprintf(buf + n, len - n, "%s%s", i ? ", " : "", code);
	}
	return buf;
}

/* ---- JSON ---- */

static json_t *candidate_json(const struct ev_candidate *c)
{
	json_t *terms = json_array();

	for (unsigned i = 0; i < c->nr_terms; i++) {
		const struct perf_event *ev = &c->term[i].event;
		char code[128];

		ev_code_print(ev, code, sizeof(code));
		json_array_append_new(terms, json_pack("{s:f, s:s, s:s, s:b}", "factor",
						       c->term[i].factor, "event", ev->name, "code",
						       code, "machine_wide", (int)ev->cpu_wide));
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "expression", c->expression, "from",
			 ev_origin_names[c->origin], "pmu", c->pmu, "unit", c->unit, "note",
			 c->note, "terms", terms);
}

static void put_refusal(json_t *j, const struct perf_refusal *why)
{
	char buf[24];

	json_object_set_new(j, "errno",
			    why->error ?
				    json_string(perf_errno_name(why->error, buf, sizeof(buf))) :
				    json_null());
	json_object_set_new(j, "reason", json_string(why->reason));
	json_object_set_new(j, "remedy", json_string(why->remedy));
}

static json_t *view_json(const struct events *s, const struct events_view *v)
{
	const struct ev_quantity *q = v->quantity;
	json_t *list = json_array(), *j;

	for (unsigned i = 0; i < v->nr; i++) {
		json_t *c = candidate_json(&v->cand[i]);

		if (s->tries && i < v->pick.nr)
			put_refusal(c, &v->pick.why[i]);
		json_array_append_new(list, c);
	}
	j = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "name", q->name, "unit", q->unit, "scope",
		      q->machine_wide ? "machine" : "thread", "help", q->help, "state",
		      !v->works ? "unavailable" :
		      s->tries	? "available" :
				  "not tried",
		      "candidates", list);
	if (v->works)
		json_object_set_new(j, "expression", json_string(v->cand[v->chosen].expression));
	else
		put_refusal(j, &v->why);
	return j;
}

static void print_json(json_t *j)
{
	json_dumpf(j, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(j);
}

/* ---- the table ---- */

/* The texts below the table that its rows point to. */
struct footnotes {
	char text[FOOTNOTES][3 * PERF_REASON_MAX];
	unsigned nr;
};

static unsigned footnote(struct footnotes *f, const struct perf_refusal *why)
{
	char text[3 * PERF_REASON_MAX];
	unsigned i;

	perf_refusal_text(why, text, sizeof(text));
	for (i = 0; i < f->nr; i++)
		if (!strcmp(f->text[i], text))
			return i + 1;
	if (i == FOOTNOTES)
		return 0;
	snprintf(f->text[f->nr++], sizeof(f->text[0]), "%s", text);
	return f->nr;
}

static void table_row(struct table *t, struct footnotes *notes, const struct events_view *v)
{
	const struct ev_candidate *c = &v->cand[v->chosen];
	char codes[256] = "";
	unsigned note;

	table_cell(t, "%s", v->quantity->name);
	table_cell(t, "%s", v->nr ? c->unit : v->quantity->unit);
	table_cell(t, "%s", v->works ? ev_origin_names[c->origin] : "none");
	if (!v->nr) {
		table_cell(t, "-");
		table_cell(t, "-");
	} else {
		events_codes(c, codes, sizeof(codes));
		table_cell(t, "%.*s%s", EXPRESSION_SHOWN, c->expression,
			   strlen(c->expression) > EXPRESSION_SHOWN ? "..." : "");
		table_cell(t, "%.*s%s", EXPRESSION_SHOWN, codes,
			   strlen(codes) > EXPRESSION_SHOWN ? "..." : "");
	}
	if (v->works) {
		table_cell(t, "%s", c->note);
	} else if (!v->why.error && !*v->why.remedy) {
		table_cell(t, "%s", v->why.reason);
	} else {
		note = footnote(notes, &v->why);
		table_cell(t, note ? "see [%u]" : "%.0u", note);
	}
}

static void print_head(const struct events *s)
{
	const char *pmu = ev_host_pmu(s->host), *pfm = ev_host_libpfm(s->host);

	printf("PMU %s%s, %s%s%s%s\n", *pmu ? pmu : "unknown",
	       s->request->pmu ? " (not opened)" : "", *pfm ? "libpfm4 " : "no libpfm4 (",
	       *pfm ? pfm : ev_host_libpfm_missing(s->host), *pfm ? "" : "): raw codes of the rows",
	       s->tries || s->request->pmu ? "" : "; a described machine, nothing is opened");
	if (s->host->hybrid)
		for (unsigned i = 0; i < s->host->nr_cores; i++)
			printf("  %s: %s, type %" PRIu32 "%s\n", s->host->core[i].device,
			       *s->host->core[i].pmu ? s->host->core[i].pmu : "unknown",
			       s->host->core[i].type,
			       s->host->core[i].wanted ? "" : ", not where this may run");
	putchar('\n');
}

static const char *const headings[] = { "quantity", "unit", "from", "event", "code", "note" };

int events_table(const struct events *s)
{
	const struct ev_quantity *const *q = ev_db_quantities(s->db);
	struct table t = { .columns = sizeof(headings) / sizeof(headings[0]) };
	struct events_view *v = malloc(sizeof(*v));
	struct footnotes *notes = calloc(1, sizeof(*notes));
	json_t *all = s->request->json ? json_array() : NULL;
	unsigned works = 0, nr = 0;

	if (!v || !notes) {
		free(v);
		free(notes);
		json_decref(all);
		return EXIT_FAILURE;
	}
	for (unsigned i = 0; i < t.columns; i++)
		table_cell(&t, "%s", headings[i]);
	for (; *q; q++, nr++) {
		events_view(v, s, *q);
		works += v->works;
		if (all)
			json_array_append_new(all, view_json(s, v));
		else
			table_row(&t, notes, v);
	}
	if (all) {
		print_json(all);
	} else {
		print_head(s);
		table_print(&t, stdout);
		for (unsigned i = 0; i < notes->nr; i++)
			printf("%s[%u] %s\n", i ? "" : "\n", i + 1, notes->text[i]);
		printf("\n%u of %u quantities %s\n", works, nr,
		       s->tries ? "can be counted here" : "have events there; none was opened");
	}
	table_release(&t);
	free(v);
	free(notes);
	return 0;
}

/* ---- one ---- */

static void print_candidate(const struct events *s, const struct events_view *v, unsigned i)
{
	const struct ev_candidate *c = &v->cand[i];
	char text[3 * PERF_REASON_MAX];

	printf("  %u. %s\n     from %s, in %s\n", i + 1, c->expression, ev_origin_names[c->origin],
	       c->unit);
	for (unsigned k = 0; k < c->nr_terms; k++) {
		char code[128];

		ev_code_print(&c->term[k].event, code, sizeof(code));
		printf("     %s%.10g x %s: %s\n", c->term[k].factor < 0 ? "" : "+",
		       c->term[k].factor, c->term[k].event.name, code);
	}
	if (*c->note)
		printf("     note: %s\n", c->note);
	if (!s->tries)
		return;
	if (v->works && i == v->chosen)
		puts("     opens here: this one is used");
	else if (i < v->pick.nr)
		printf("     %s\n", perf_refusal_text(&v->pick.why[i], text, sizeof(text)));
}

static void print_elsewhere(const struct events *s, const char *quantity)
{
	bool head = false;

	for (unsigned i = 0; i < s->db->nr_rows; i++) {
		const struct ev_row *r = &s->db->row[i];

		if (strcmp(r->quantity, quantity))
			continue;
		if (!head)
			puts("rows:");
		head = true;
		printf("  %-24s %s%s%s%s\n", r->pmu, *r->expression ? r->expression : "none: ",
		       *r->expression && *r->note ? "  (" : "", r->note,
		       *r->expression && *r->note ? ")" : "");
	}
}

int events_quantity(const struct events *s, const struct ev_quantity *q)
{
	struct events_view *v = malloc(sizeof(*v));
	char text[3 * PERF_REASON_MAX];

	if (!v)
		return EXIT_FAILURE;
	events_view(v, s, q);
	if (s->request->json) {
		print_json(view_json(s, v));
		free(v);
		return 0;
	}
	printf("%s: %s\nunit %s, %s\n", q->name, q->help, q->unit,
	       q->machine_wide ? "of the whole machine: collect=uncore" : "of a thread");
	if (!v->nr)
		printf("%s: none: %s\n", s->request->pmu ? s->request->pmu : "here",
		       perf_refusal_text(&v->why, text, sizeof(text)));
	else
		printf("%s:\n", s->request->pmu ? s->request->pmu : "here, in order of trust");
	for (unsigned i = 0; i < v->nr; i++)
		print_candidate(s, v, i);
	if (!s->request->pmu)
		print_elsewhere(s, q->name);
	free(v);
	return 0;
}

int events_expression(const struct events *s, const char *text)
{
	struct events_view *v = calloc(1, sizeof(*v));
	struct err e;
	int rc;

	if (!v)
		return EXIT_FAILURE;
	rc = ev_expression(s->host, text, v->cand, &e);
	if (rc) {
		fprintf(stderr, "slabscope events: '%s': %s\n", text, e.text);
		free(v);
		return EXIT_FAILURE;
	}
	v->nr = 1;
	if (s->tries)
		perf_pick(&v->pick, &perf_sys_kernel, v->cand, 1, PERF_USER, &s->place);
	v->works = s->tries && v->pick.chosen == 0;
	if (s->request->json) {
		json_t *j = candidate_json(v->cand);

		if (v->pick.nr)
			put_refusal(j, &v->pick.why[0]);
		print_json(j);
	} else {
		print_candidate(s, v, 0);
	}
	free(v);
	return 0;
}
