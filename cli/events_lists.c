/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `slabscope events`: the PMUs, the groups, and the check of event files. */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/events.h"
#include "cli/table.h"
#include "collectors/perf/ev.h"

static void print_json(json_t *j)
{
	json_dumpf(j, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(j);
}

/* ---- PMUs ---- */

struct pmu_count {
	const char *name, *file, *source;
	unsigned rows, none;
};

/* In the order of the files; how many. */
static unsigned count_pmus(const struct ev_db *db, struct pmu_count *c)
{
	unsigned nr = 0;

	for (unsigned i = 0; i < db->nr_rows; i++) {
		const struct ev_row *r = &db->row[i];
		unsigned k;

		for (k = 0; k < nr && strcmp(c[k].name, r->pmu); k++)
			;
		if (k == nr)
			c[nr++] = (struct pmu_count){ r->pmu, r->file, r->source, 0, 0 };
		if (*r->expression)
			c[k].rows++;
		else
			c[k].none++;
	}
	return nr;
}

int events_pmus(const struct events *s)
{
	static const char *const headings[] = { "PMU", "events", "none", "table", "file" };
	struct pmu_count *c = calloc(s->db->nr_rows, sizeof(*c));
	struct table t = { .columns = 5 };
	json_t *all = json_array();
	unsigned nr = c ? count_pmus(s->db, c) : 0;

	for (unsigned i = 0; i < t.columns; i++)
		table_cell(&t, "%s", headings[i]);
	for (unsigned i = 0; i < nr; i++) {
		bool here = !strcmp(c[i].name, ev_host_pmu(s->host));

		table_cell(&t, "%s%s", c[i].name, here ? " (this CPU)" : "");
		table_cell(&t, "%u", c[i].rows);
		table_cell(&t, "%u", c[i].none);
		table_cell(&t, "%s", c[i].source);
		table_cell(&t, "%s", c[i].file);
		json_array_append_new(all, json_pack("{s:s, s:i, s:i, s:s, s:s, s:b}", "pmu",
						     c[i].name, "events", (int)c[i].rows, "none",
						     (int)c[i].none, "table", c[i].source, "file",
						     c[i].file, "here", (int)here));
	}
	if (s->request->json)
		print_json(json_incref(all));
	else
		table_print(&t, stdout);
	json_decref(all);
	table_release(&t);
	free(c);
	return nr ? 0 : EXIT_FAILURE;
}

/* ---- groups ---- */

static json_t *group_json(const struct events *s, const struct ev_group *g)
{
	const struct ev_derived *const *d = ev_db_derived(s->db);
	json_t *names = json_array(), *derived = json_array();

	for (unsigned i = 0; i < g->nr; i++)
		json_array_append_new(names, json_string(g->quantity[i]));
	for (; *d; d++)
		if (!strcmp((*d)->group, g->name))
			json_array_append_new(derived,
					      json_pack("{s:s, s:s, s:s, s:s}", "name", (*d)->name,
							"formula", (*d)->formula, "unit",
							(*d)->unit, "help", (*d)->help));
	return json_pack("{s:s, s:s, s:o, s:o}", "name", g->name, "help", g->help, "quantities",
			 names, "derived", derived);
}

static void print_group(const struct events *s, const struct ev_group *g)
{
	const struct ev_derived *const *d = ev_db_derived(s->db);

	printf("%s: %s\n ", g->name, g->help);
	for (unsigned i = 0; i < g->nr; i++)
		printf("%s %s", i ? "," : "", g->quantity[i]);
	putchar('\n');
	for (; *d; d++)
		if (!strcmp((*d)->group, g->name))
			printf("  %s = %s [%s]: %s\n", (*d)->name, (*d)->formula, (*d)->unit,
			       (*d)->help);
}

int events_groups(const struct events *s)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < s->db->nr_groups; i++) {
		if (s->request->json)
			json_array_append_new(all, group_json(s, s->db->group[i]));
		else
			print_group(s, s->db->group[i]);
	}
	if (s->request->json)
		print_json(json_incref(all));
	json_decref(all);
	return 0;
}

/* ---- lint ---- */

static void print_problem(void *ctx, const char *text)
{
	const struct events_request *q = ctx;

	if (!q->json)
		puts(text);
}

static void keep_problem(void *ctx, const char *text)
{
	json_array_append_new(ctx, json_string(text));
}

/* The operands as one list, as ev_db_open() takes it. */
static char *join(const struct events_request *q)
{
	size_t len = 1, n = 0;
	char *all;

	for (int i = 0; i < q->nr_names; i++)
		len += strlen(q->name[i]) + 1;
	all = calloc(1, len);
	for (int i = 0; all && i < q->nr_names; i++)
		n += (size_t)snprintf(all + n, len - n, "%s%s", i ? ":" : "", q->name[i]);
	return all;
}

static void print_summary(const struct ev_lint *l, const struct ev_pfm *pfm)
{
	printf("%u rows of %u PMUs, %u of them without an event; %u quantities, %u groups, "
	       "%u formulas\n",
	       l->rows, l->pmus, l->unavailable, l->quantities, l->groups, l->derived);
	if (*pfm->version)
		printf("%u events: %u are what libpfm4 %s makes of them, %u of this architecture it does not "
		       "know here\n(boxes of the uncore that this machine does not have), %u are "
		       "well-formed\n",
		       l->terms, l->agree, pfm->version, l->unknown, l->other);
	else
		printf("%u events, none compared with libpfm4: %s\n", l->terms, pfm->missing);
	printf("%u problem%s\n", l->problems, l->problems == 1 ? "" : "s");
}

static json_t *lint_json(const struct ev_lint *l, const struct ev_pfm *pfm, json_t *problems)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:o}", "rows",
			 (int)l->rows, "pmus", (int)l->pmus, "without_event", (int)l->unavailable,
			 "terms", (int)l->terms, "agree", (int)l->agree, "not_asked",
			 (int)l->unknown, "others", (int)l->other, "quantities", (int)l->quantities,
			 "groups", (int)l->groups, "derived", (int)l->derived, "libpfm4",
			 pfm->version, "problems", problems);
}

int events_lint(const struct events_request *q)
{
	struct events_request copy = *q;
	json_t *problems = json_array();
	struct ev_db *db = NULL;
	struct ev_lint l;
	struct ev_pfm pfm;
	char *path = join(q);
	struct err e = { "no memory" };
	int rc;

	rc = path ? ev_db_open_lint(&db, path, q->json ? keep_problem : print_problem,
				    q->json ? (void *)problems : &copy, &e) :
		    -1;
	free(path);
	if (rc) {
		fprintf(stderr, "slabscope events: %s\n", e.text);
		json_decref(problems);
		return EXIT_FAILURE;
	}
	ev_pfm_open(&pfm, EV_PFM_LIBRARY);
	ev_lint(db, &pfm, &l);
	ev_pfm_close(&pfm);
	if (q->json)
		print_json(lint_json(&l, &pfm, json_incref(problems)));
	else
		print_summary(&l, &pfm);
	json_decref(problems);
	ev_db_close(db);
	return l.problems ? EXIT_FAILURE : 0;
}
