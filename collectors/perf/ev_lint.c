/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every event, term and unit of the data: what reading the files could not tell. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/ev.h"

struct lint {
	struct ev_db *db;
	const struct ev_pfm *pfm;
	struct ev_lint *out;
};

#define problem(l, r, ...) ev_db_problem((l)->db, (r)->file, (r)->line, NULL, __VA_ARGS__)

static void check_pfm(struct lint *l, const struct ev_row *r, const struct ev_part *p,
		      const struct ev_code *c)
{
	struct perf_event ev = { .type = 0 }, row = { .type = 0 };
	char is[128], says[128];
	struct err e;

	/* uncore boxes of libpfm4 are there only where the machine has them */
	if (*c->device || ev_pfm_encode(l->pfm, p->text, &ev, &e)) {
		l->out->unknown++;
		return;
	}
	ev_code_put(c, &row);
	ev_code_print(&ev, is, sizeof(is));
	ev_code_print(&row, says, sizeof(says));
	if (strcmp(is, says))
		problem(l, r, "%s: libpfm4 encodes it as '%s', the row says '%s'", p->text, is,
			says);
	else
		l->out->agree++;
}

/* The code of a sum that Linux itself names has to be what we take it for. */
static void check_generic(struct lint *l, const struct ev_row *r, const struct ev_part *p,
			  const struct ev_code *c)
{
	struct perf_event ev = { .type = 0 };
	struct err e = { "" };

	if (ev_raw(p->text, &ev, &e))
		problem(l, r, "%s", e.text);
	else if (ev.type != c->type || ev.config != c->config)
		problem(l, r, "%s: the row's code is another", p->text);
}

/* "PMU/fields/", whose fields only the machine knows. */
static bool is_sysfs(const char *text)
{
	const char *slash = strchr(text, '/');
	size_t n = strlen(text);

	return slash && slash > text && n > 2 && text[n - 1] == '/' && slash < text + n - 1;
}

static void check_term(struct lint *l, const struct ev_row *r, const struct ev_part *p,
		       const struct ev_code *c)
{
	struct perf_event ev = { .type = 0 };
	const char *arch;
	int source = ev_source_of(r->source, &arch);

	l->out->terms++;
	if (!is_sysfs(p->text) && !strstr(p->text, "::") && ev_raw(p->text, &ev, NULL))
		problem(l, r, "%s: expected PMU::EVENT, PMU/fields/, or r and hexadecimal digits",
			p->text);
	else if (source == EV_FROM_SYSFS || source == EV_FROM_USER || is_sysfs(p->text))
		l->out->other++;
	else if (!c)
		problem(l, r, "%s: the row has no encoding", p->text);
	else if (source == EV_FROM_GENERIC || !strncmp(p->text, "perf::", 6) ||
		 !strncmp(p->text, "perf_raw::", 10))
		check_generic(l, r, p, c);
	else if (source == EV_FROM_PFM && !strcmp(arch, ev_pfm_arch()))
		check_pfm(l, r, p, c);
	else
		l->out->other++;
}

static void check_row(struct lint *l, unsigned i)
{
	const struct ev_row *r = &l->db->row[i];
	struct ev_part part[EV_TERMS_MAX];
	struct ev_code code[EV_TERMS_MAX];
	bool new_pmu = true;
	int parts, codes;

	for (unsigned k = 0; k < i; k++) {
		const struct ev_row *other = &l->db->row[k];

		if (strcmp(other->pmu, r->pmu))
			continue;
		new_pmu = false;
		if (!strcmp(other->quantity, r->quantity) &&
		    !strcmp(other->expression, r->expression)) {
			problem(l, r, "the same row is at %s:%u", other->file, other->line);
			break;
		}
	}
	l->out->rows++;
	l->out->pmus += new_pmu;
	if (!*r->expression) {
		l->out->unavailable++;
		return;
	}
	parts = ev_parse(r->expression, part, NULL);
	codes = ev_codes(r->encoding, code, NULL);
	for (int p = 0; p < parts; p++)
		check_term(l, r, &part[p], p < codes ? &code[p] : NULL);
}

void ev_lint(struct ev_db *db, const struct ev_pfm *pfm, struct ev_lint *out)
{
	struct lint l = { db, pfm, out };

	memset(out, 0, sizeof(*out));
	for (unsigned i = 0; i < db->nr_rows; i++)
		check_row(&l, i);
	for (unsigned i = 0; i < db->nr_quantities; i++) {
		bool found = false;

		for (unsigned k = 0; k < db->nr_rows && !found; k++)
			found = !strcmp(db->row[k].quantity, db->quantity[i]->name);
		if (!found)
			ev_db_problem(db, "quantities", 0, NULL, "no row is for '%s'",
				      db->quantity[i]->name);
	}
	out->quantities = db->nr_quantities;
	out->groups = db->nr_groups;
	out->derived = db->nr_derived;
	out->problems = db->nr_problems;
}
