/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV files of the event data: a version line, then rows of events, or of quantities
 * (quantities.csv). A line that begins with # is a comment.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/ev.h"
#include "lib/csv.h"

#define EVENTS_HEAD "# slabscope events 1"
#define QUANTITIES_HEAD "# slabscope quantities 1"

enum { PMU, QUANTITY, EXPRESSION, ENCODING, UNIT, SOURCE, NOTE, NR_COLUMNS };
static const char *const event_columns[] = { "pmu",  "quantity", "expression", "encoding",
					     "unit", "source",	 "note",       NULL };
static const char *const quantity_columns[] = { "quantity", "unit", "scope", "help", NULL };

int ev_source_of(const char *text, const char **arch)
{
	static const struct {
		const char *name;
		enum ev_source source;
	} known[] = {
		{ "none", EV_FROM_NONE },   { "raw", EV_FROM_RAW },
		{ "sysfs", EV_FROM_SYSFS }, { "generic", EV_FROM_GENERIC },
		{ "user", EV_FROM_USER },
	};

	*arch = "";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(text, known[i].name))
			return (int)known[i].source;
	if (strncmp(text, "pfm-", 4) || !ev_word(text + 4, 16))
		return -EINVAL;
	*arch = text + 4;
	return EV_FROM_PFM;
}

/* ---- one row ---- */

static const char *check_names(const struct ev_row *r)
{
	const char *arch;
	int source = ev_source_of(r->source, &arch);

	if (!ev_word(r->pmu, sizeof(((struct ev_core *)0)->pmu)) && strcmp(r->pmu, "*"))
		return "pmu: expected a PMU's name of at most 31 letters, digits, - and _";
	if (!ev_word(r->quantity, sizeof(((struct ev_quantity *)0)->name)))
		return "quantity: expected a name of at most 47 letters, digits, - and _";
	if (source < 0)
		return "source: expected pfm-ARCH, raw, sysfs, generic, user or none";
	if ((source == EV_FROM_NONE) != !*r->expression)
		return "source: 'none' is for rows without an expression, and only for them";
	if (!*r->expression && !*r->note)
		return "note: a row without an expression says why there is none";
	if (strlen(r->expression) >= sizeof(((struct ev_candidate *)0)->expression))
		return "expression: longer than 255 bytes";
	if (strlen(r->note) >= PERF_REASON_MAX)
		return "note: longer than 199 bytes";
	if (strlen(r->unit) >= sizeof(((struct ev_candidate *)0)->unit))
		return "unit: longer than 23 bytes";
	return NULL;
}

/* What is wrong with it into @e: 0 or -EINVAL. */
static int check_row(const struct ev_row *r, struct err *e)
{
	struct ev_part part[EV_TERMS_MAX];
	struct ev_code code[EV_TERMS_MAX];
	const char *what = check_names(r);
	int parts = 0, codes;

	if (what)
		return err_set(e, -EINVAL, "%s", what);
	if (*r->unit && ev_unit_check(r->unit, e))
		return err_prefix(e, -EINVAL, "unit");
	if (*r->expression) {
		parts = ev_parse(r->expression, part, e);
		if (parts < 0)
			return err_prefix(e, parts, "expression");
	}
	codes = ev_codes(r->encoding, code, e);
	if (codes < 0)
		return err_prefix(e, codes, "encoding");
	if (codes && codes != parts)
		return err_set(e, -EINVAL, "encoding: %d of them for %d events", codes, parts);
	return 0;
}

static int take_event(struct ev_db *db, const struct csv_reader *c, const char *file, struct err *e)
{
	struct ev_row row = {
		.pmu = c->cell[PMU].text,
		.quantity = c->cell[QUANTITY].text,
		.expression = c->cell[EXPRESSION].text,
		.encoding = c->cell[ENCODING].text,
		.unit = c->cell[UNIT].text,
		.source = c->cell[SOURCE].text,
		.note = c->cell[NOTE].text,
		.file = file,
		.line = c->line,
	};
	struct err why = { "" };

	if (check_row(&row, &why))
		return ev_db_problem(db, file, c->line, e, "%s", why.text);
	if (!ev_db_room(&db->row, db->nr_rows, sizeof(*db->row)))
		return err_set(e, -ENOMEM, "no memory for %s", file);
	db->row[db->nr_rows++] = row;
	return 0;
}

static int take_quantity(struct ev_db *db, const struct csv_reader *c, const char *file,
			 struct err *e)
{
	const char *name = c->cell[0].text, *unit = c->cell[1].text, *scope = c->cell[2].text,
		   *help = c->cell[3].text;
	struct err why = { "" };
	struct ev_quantity *q;
	char shown[EV_SHOWN];

	if (!ev_word(name, sizeof(q->name)))
		return ev_db_problem(
			db, file, c->line, e,
			"quantity: expected a name of at most 47 letters, digits, - and _");
	if (ev_db_quantity(db, name))
		return ev_db_problem(db, file, c->line, e, "'%s' is there already", name);
	if (strlen(unit) >= sizeof(q->unit) || ev_unit_check(unit, &why))
		return ev_db_problem(db, file, c->line, e,
				     "unit: expected one of at most 23 bytes: %s", why.text);
	if (strcmp(scope, "thread") && strcmp(scope, "machine"))
		return ev_db_problem(db, file, c->line, e,
				     "scope: expected thread or machine, got '%s'",
				     ev_shown(scope, shown));
	if (!*help || strlen(help) >= sizeof(q->help))
		return ev_db_problem(db, file, c->line, e,
				     "help: expected a sentence of at most 159 bytes");
	q = ev_db_add_quantity(db, name);
	if (!q)
		return err_set(e, -ENOMEM, "no memory for %s", file);
	snprintf(q->unit, sizeof(q->unit), "%s", unit);
	snprintf(q->help, sizeof(q->help), "%s", help);
	q->machine_wide = !strcmp(scope, "machine");
	return 0;
}

/* ---- the file ---- */

static bool same_columns(const struct csv_reader *c, const char *const *want)
{
	unsigned i;

	for (i = 0; want[i]; i++)
		if (i >= c->nr || strcmp(c->cell[i].text, want[i]))
			return false;
	return i == c->nr;
}

static bool is_comment(const struct csv_reader *c)
{
	return c->nr && c->cell[0].text[0] == '#' && !c->cell[0].quoted;
}

static unsigned count(const char *const *columns)
{
	unsigned n = 0;

	while (columns[n])
		n++;
	return n;
}

static int read_rows(struct ev_db *db, struct csv_reader *c, const char *file,
		     const char *const *columns, struct err *e)
{
	const unsigned want = count(columns);
	bool head = false;
	struct err why = { "" };
	int got, rc = 0;

	while (!rc && (got = csv_read(c, &why)) != 0) {
		if (got == -EINVAL)
			rc = ev_db_problem(db, "", 0, e, "%s", why.text);
		else if (got < 0)
			rc = err_set(e, got, "%s", why.text);
		else if (is_comment(c))
			continue;
		else if (!head && !(head = same_columns(c, columns)))
			return ev_db_problem(
				db, file, c->line, e, "expected the columns %s",
				columns == event_columns ?
					"pmu,quantity,expression,encoding,unit,source,note" :
					"quantity,unit,scope,help");
		else if (same_columns(c, columns))
			continue;
		else if (c->nr != want)
			rc = ev_db_problem(db, file, c->line, e, "expected %u columns, got %u",
					   want, c->nr);
		else
			rc = columns == event_columns ? take_event(db, c, file, e) :
							take_quantity(db, c, file, e);
	}
	if (!rc && !head)
		rc = ev_db_problem(db, file, 0, e, "the line with the columns' names is missing");
	return rc;
}

int ev_db_csv(struct ev_db *db, const char *name, char *text, size_t len, struct err *e)
{
	const char *const *columns;
	size_t head = strcspn(text, "\r\n");
	struct csv_reader c;
	int rc;

	if (strlen(text) != len)
		return ev_db_problem(db, name, 0, e, "a zero byte in it");
	if (head == strlen(EVENTS_HEAD) && !memcmp(text, EVENTS_HEAD, head))
		columns = event_columns;
	else if (head == strlen(QUANTITIES_HEAD) && !memcmp(text, QUANTITIES_HEAD, head))
		columns = quantity_columns;
	else
		return ev_db_problem(db, name, 1, e,
				     "expected '" EVENTS_HEAD "' or '" QUANTITIES_HEAD "'");
	csv_reader_init_text(&c, text + head, len - head, name, 1);
	rc = read_rows(db, &c, name, columns, e);
	csv_reader_release(&c);
	return rc;
}
