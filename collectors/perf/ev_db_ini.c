/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups, a user's own events, and formulas:
 *
 *	[group NAME]    quantities = A, B, ...    help = ...
 *	[event NAME]    expression = ...  unit = ...  help = ...  pmu = skx clx  scope = thread|machine
 *	[derived NAME]  group = ...  formula = ...  unit = ...  help = ...
 *
 * Sections are gathered setting by setting and checked when the next one begins.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"
#include "lib/ini.h"

enum kind { NOTHING, GROUP, EVENT, DERIVED };
static const char *const kind_names[] = { "", "group ", "event ", "derived " };

enum key {
	K_QUANTITIES,
	K_EXPRESSION,
	K_UNIT,
	K_HELP,
	K_PMU,
	K_SCOPE,
	K_GROUP,
	K_FORMULA,
	NR_KEYS
};
static const struct {
	const char *name;
	unsigned kinds; /* bits */
} keys[NR_KEYS] = {
	[K_QUANTITIES] = { "quantities", 1u << GROUP },
	[K_EXPRESSION] = { "expression", 1u << EVENT },
	[K_UNIT] = { "unit", 1u << EVENT | 1u << DERIVED },
	[K_HELP] = { "help", 1u << GROUP | 1u << EVENT | 1u << DERIVED },
	[K_PMU] = { "pmu", 1u << EVENT },
	[K_SCOPE] = { "scope", 1u << EVENT },
	[K_GROUP] = { "group", 1u << DERIVED },
	[K_FORMULA] = { "formula", 1u << DERIVED },
};

struct section {
	struct ev_db *db;
	const char *file;
	enum kind kind;
	char name[48];
	unsigned line;
	const char *value[NR_KEYS]; /* the db's copies */
};

#define problem(s, e, ...) ev_db_problem((s)->db, (s)->file, (s)->line, e, __VA_ARGS__)

static const char *value(const struct section *s, enum key k)
{
	return s->value[k] ? s->value[k] : "";
}

/* ---- groups ---- */

static int add_name(struct ev_db *db, struct ev_group *g, const char *text, size_t len)
{
	char *name = ev_db_keep(db, text, len);

	if (!name || !ev_db_room(&g->quantity, g->nr, sizeof(*g->quantity)))
		return -ENOMEM;
	g->quantity[g->nr++] = name;
	return 0;
}

/* "a, b c" */
static int add_names(struct ev_db *db, struct ev_group *g, const char *list)
{
	while (*(list += strspn(list, ", \t"))) {
		size_t n = strcspn(list, ", \t");
		int rc = add_name(db, g, list, n);

		if (rc)
			return rc;
		list += n;
	}
	return 0;
}

static int end_group(struct section *s, struct err *e)
{
	struct ev_group *g;

	if (ev_db_find_group(s->db, s->name))
		return problem(s, e, "[group %s] is there already", s->name);
	if (strlen(value(s, K_HELP)) >= sizeof(g->help))
		return problem(s, e, "[group %s]: help: at most 159 bytes", s->name);
	g = calloc(1, sizeof(*g));
	if (!g || !ev_db_room(&s->db->group, s->db->nr_groups, sizeof(*s->db->group))) {
		free(g);
		return err_set(e, -ENOMEM, "no memory for %s", s->file);
	}
	s->db->group[s->db->nr_groups++] = g;
	snprintf(g->name, sizeof(g->name), "%s", s->name);
	snprintf(g->help, sizeof(g->help), "%s", value(s, K_HELP));
	g->file = s->file;
	g->line = s->line;
	if (add_names(s->db, g, value(s, K_QUANTITIES)))
		return err_set(e, -ENOMEM, "no memory for %s", s->file);
	return 0;
}

/* ---- events ---- */

static int check_event(const struct section *s, struct err *why)
{
	struct ev_part part[EV_TERMS_MAX];
	const char *scope = value(s, K_SCOPE), *unit = value(s, K_UNIT);
	int n;

	if (strlen(value(s, K_EXPRESSION)) >= sizeof(((struct ev_candidate *)0)->expression))
		return err_set(why, -EINVAL, "expression: longer than 255 bytes");
	n = ev_parse(value(s, K_EXPRESSION), part, why);
	if (n < 0)
		return err_prefix(why, n, "expression");
	if (!*unit || strlen(unit) >= sizeof(((struct ev_quantity *)0)->unit))
		return err_set(why, -EINVAL, "unit: expected one of at most 23 bytes");
	if (ev_unit_check(unit, why))
		return err_prefix(why, -EINVAL, "unit");
	if (*scope && strcmp(scope, "thread") && strcmp(scope, "machine"))
		return err_set(why, -EINVAL, "scope: expected thread or machine, got '%s'", scope);
	if (strlen(value(s, K_HELP)) >= sizeof(((struct ev_quantity *)0)->help))
		return err_set(why, -EINVAL, "help: at most 159 bytes");
	if (strspn(value(s, K_PMU), "abcdefghijklmnopqrstuvwxyz0123456789_* ") <
	    strlen(value(s, K_PMU)))
		return err_set(why, -EINVAL, "pmu: expected names with blanks between them");
	return 0;
}

static int end_event(struct section *s, struct err *e)
{
	struct ev_row row = { .pmu = *value(s, K_PMU) ? value(s, K_PMU) : "*",
			      .expression = value(s, K_EXPRESSION),
			      .encoding = "",
			      .unit = "",
			      .source = "user",
			      .note = "",
			      .file = s->file,
			      .line = s->line };
	struct err why = { "" };
	struct ev_quantity *q;

	if (check_event(s, &why))
		return problem(s, e, "[event %s]: %s", s->name, why.text);
	if (ev_db_quantity(s->db, s->name))
		return problem(s, e,
			       "[event %s]: there is a quantity of this name already; rows of a "
			       ".csv file may say what it is on a PMU",
			       s->name);
	q = ev_db_add_quantity(s->db, s->name);
	if (!q || !ev_db_room(&s->db->row, s->db->nr_rows, sizeof(*s->db->row)))
		return err_set(e, -ENOMEM, "no memory for %s", s->file);
	snprintf(q->unit, sizeof(q->unit), "%s", value(s, K_UNIT));
	snprintf(q->help, sizeof(q->help), "%s", value(s, K_HELP));
	q->machine_wide = !strcmp(value(s, K_SCOPE), "machine");
	row.quantity = q->name;
	s->db->row[s->db->nr_rows++] = row;
	return 0;
}

/* ---- formulas ---- */

static int end_derived(struct section *s, struct err *e)
{
	struct ev_derived *d;
	struct err why = { "" };

	if (!*value(s, K_GROUP) || strlen(value(s, K_GROUP)) >= sizeof(d->group))
		return problem(s, e, "[derived %s]: expected group = NAME", s->name);
	if (!*value(s, K_FORMULA) || strlen(value(s, K_FORMULA)) >= sizeof(d->formula))
		return problem(s, e, "[derived %s]: expected formula = ... of at most 255 bytes",
			       s->name);
	if (strlen(value(s, K_UNIT)) >= sizeof(d->unit) || ev_unit_check(value(s, K_UNIT), &why))
		return problem(s, e, "[derived %s]: unit: expected one of at most 47 bytes: %s",
			       s->name, why.text);
	if (strlen(value(s, K_HELP)) >= sizeof(d->help))
		return problem(s, e, "[derived %s]: help: at most 159 bytes", s->name);
	for (unsigned i = 0; i < s->db->nr_derived; i++)
		if (!strcmp(s->db->derived[i]->name, s->name))
			return problem(s, e, "[derived %s] is there already", s->name);
	if (ev_db_quantity(s->db, s->name))
		return problem(s, e, "[derived %s]: there is a quantity of this name", s->name);
	d = calloc(1, sizeof(*d));
	if (!d || !ev_db_room(&s->db->derived, s->db->nr_derived, sizeof(*s->db->derived))) {
		free(d);
		return err_set(e, -ENOMEM, "no memory for %s", s->file);
	}
	d->file = s->file;
	d->line = s->line;
	snprintf(d->name, sizeof(d->name), "%s", s->name);
	snprintf(d->group, sizeof(d->group), "%s", value(s, K_GROUP));
	snprintf(d->unit, sizeof(d->unit), "%s", value(s, K_UNIT));
	snprintf(d->help, sizeof(d->help), "%s", value(s, K_HELP));
	snprintf(d->formula, sizeof(d->formula), "%s", value(s, K_FORMULA));
	s->db->derived[s->db->nr_derived++] = d;
	s->db->derived[s->db->nr_derived] = NULL;
	return 0;
}

/* ---- sections ---- */

static int end_section(struct section *s, struct err *e)
{
	int rc = 0;

	if (s->kind == GROUP)
		rc = end_group(s, e);
	else if (s->kind == EVENT)
		rc = end_event(s, e);
	else if (s->kind == DERIVED)
		rc = end_derived(s, e);
	s->kind = NOTHING;
	memset(s->value, 0, sizeof(s->value));
	return rc;
}

static int begin_section(struct section *s, const struct ini_item *item, struct err *e)
{
	int rc = end_section(s, e);
	const char *name;

	if (rc)
		return rc;
	s->line = item->line;
	for (enum kind k = GROUP; k <= DERIVED; k++) {
		size_t n = strlen(kind_names[k]);

		if (strncmp(item->section, kind_names[k], n))
			continue;
		name = item->section + n + strspn(item->section + n, " ");
		if (!ev_word(name, sizeof(s->name)))
			break;
		snprintf(s->name, sizeof(s->name), "%s", name);
		s->kind = k;
		return 0;
	}
	return problem(s, e, "expected [group NAME], [event NAME] or [derived NAME], got [%s]",
		       item->section);
}

static int take_item(void *ctx, const struct ini_item *item, struct err *e)
{
	struct section *s = ctx;

	if (!item->name)
		return begin_section(s, item, e);
	if (s->kind == NOTHING)
		return *item->section ? 0 : /* a section that was told of as a whole */
					ev_db_problem(s->db, s->file, item->line, e,
						      "expected a section before '%s'", item->name);
	for (enum key k = 0; k < NR_KEYS; k++) {
		if (strcmp(keys[k].name, item->name) || !(keys[k].kinds & 1u << s->kind))
			continue;
		s->value[k] = ev_db_keep(s->db, item->value, strlen(item->value));
		return s->value[k] ? 0 : err_set(e, -ENOMEM, "no memory for %s", s->file);
	}
	return ev_db_problem(s->db, s->file, item->line, e, "a [%s...] has no '%s'",
			     kind_names[s->kind], item->name);
}

int ev_db_ini(struct ev_db *db, const char *name, const char *text, size_t len, struct err *e)
{
	static const struct ini_reader_ops ops = { take_item };
	struct section s = { .db = db, .file = name };
	unsigned before = db->nr_problems;
	struct err why = { "" };
	int rc = ini_read_text(text, len, name, &ops, &s, &why);

	if (!rc)
		rc = end_section(&s, &why);
	if (!rc)
		return 0;
	/* the reader put file and line in front of what was told with both already */
	if (rc == -EINVAL && (db->problem || db->nr_problems == before))
		return ev_db_problem(db, "", 0, e, "%s", why.text);
	if (!strncmp(why.text, name, strlen(name))) {
		const char *again = strstr(why.text + 1, name);

		return err_set(e, rc, "%s", again ? again : why.text);
	}
	return err_set(e, rc, "%s", why.text);
}
