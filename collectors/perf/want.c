/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/ev.h"
#include "collectors/perf/want.h"

struct reader {
	struct perf_wants *w;
	const struct ev_db *db;
	const struct ev_host *host;
	struct err *e;
};

void perf_metric_name(char *out, size_t len, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < len; text++)
		if (isalnum((unsigned char)*text))
			out[n++] = (char)tolower((unsigned char)*text);
		else if (n && out[n - 1] != '_')
			out[n++] = '_';
	while (n && out[n - 1] == '_')
		n--;
	out[n] = '\0';
}

/* Something that grows with the operations: not a share, not a rate. */
static bool is_count(const char *unit)
{
	return strcmp(unit, "1") && strcmp(unit, "ratio") && !strpbrk(unit, "/%");
}

static bool has_metric(const struct perf_wants *w, const char *metric)
{
	for (unsigned i = 0; i < w->nr; i++)
		if (!strcmp(w->want[i].metric, metric))
			return true;
	return false;
}

/* Different expressions can come out as the same word, or have the same beginning. */
static void own_metric(const struct perf_wants *w, char *metric, size_t len, const char *text)
{
	char plain[PERF_METRIC_MAX - 4]; /* room for the number */

	perf_metric_name(plain, sizeof(plain), text);
	snprintf(metric, len, "%s", *plain ? plain : "event");
	for (unsigned n = 2; has_metric(w, metric); n++)
		snprintf(metric, len, "%s_%u", *plain ? plain : "event", n);
}

/* A new one called @text; *@out is NULL when it is there already. */
static int want_add(struct reader *r, const char *text, struct perf_want **out)
{
	struct perf_want *t;

	*out = NULL;
	for (unsigned i = 0; i < r->w->nr; i++)
		if (!strcmp(r->w->want[i].asked, text))
			return 0;
	if (r->w->nr == PERF_WANTS_MAX)
		return err_set(r->e, -EINVAL, "perf_events: more than %u quantities",
			       PERF_WANTS_MAX);
	t = &r->w->want[r->w->nr];
	memset(t, 0, sizeof(*t));
	snprintf(t->asked, sizeof(t->asked), "%s", text);
	own_metric(r->w, t->metric, sizeof(t->metric), text);
	r->w->nr++;
	*out = t;
	return 0;
}

static int add_quantity(struct reader *r, const struct ev_quantity *q)
{
	struct perf_want *t;
	int rc = want_add(r, q->name, &t);

	if (rc || !t)
		return rc;
	snprintf(t->quantity, sizeof(t->quantity), "%s", q->name);
	snprintf(t->unit, sizeof(t->unit), "%s", *q->unit ? q->unit : "events");
	t->per_op = is_count(t->unit);
	if (!r->host)
		return 0;
	t->cand = calloc(EV_CANDIDATES_MAX, sizeof(*t->cand));
	if (!t->cand)
		return err_set(r->e, -ENOMEM, "no memory for the events of %s", q->name);
	rc = ev_candidates(r->db, r->host, q, t->cand, &t->why);
	t->nr = rc > 0 ? (unsigned)rc : 0;
	return 0;
}

/* Could it be meant as an event, and not as the name of a quantity? */
static bool looks_like_event(const char *text)
{
	const char *hex = text + 1;

	if (strpbrk(text, ":/*+ "))
		return true;
	return *text == 'r' && *hex && hex[strspn(hex, "0123456789abcdefABCDEF")] == '\0';
}

/* An event that this machine does not have is no mistake: a job may be from another. */
static void no_candidate(struct perf_want *t, const char *reason, const char *remedy)
{
	t->nr = 0;
	snprintf(t->why.reason, sizeof(t->why.reason), "%.*s", PERF_REASON_MAX - 1, reason);
	snprintf(t->why.remedy, sizeof(t->why.remedy), "%s", remedy);
}

static void encode(struct reader *r, const char *text, struct perf_want *t)
{
	struct err e = { "" };

	if (ev_expression(r->host, text, t->cand, &e)) {
		no_candidate(t, e.text, "an event of this machine: `slabscope events` lists them");
		return;
	}
	for (unsigned i = 0; i < t->cand->nr_terms; i++)
		if (t->cand->term[i].event.cpu_wide) {
			no_candidate(t, "it is a whole socket's", "collect=uncore counts these");
			return;
		}
	t->nr = 1;
}

static int add_expression(struct reader *r, const char *text)
{
	struct ev_part part[EV_TERMS_MAX];
	struct perf_want *t;
	int rc;

	if (!looks_like_event(text))
		return err_set(r->e, -EINVAL,
			       "perf_events: '%s' is no quantity, no group and no event "
			       "(`slabscope events` lists them)",
			       text);
	rc = ev_parse(text, part, r->e);
	if (rc < 0)
		return err_prefix(r->e, rc, "perf_events: '%s'", text);
	rc = want_add(r, text, &t);
	if (rc || !t)
		return rc;
	/* what sums of events count, as long as nobody says what they are */
	snprintf(t->unit, sizeof(t->unit), "events");
	t->per_op = true;
	if (!r->host)
		return 0;
	t->cand = calloc(1, sizeof(*t->cand));
	if (!t->cand)
		return err_set(r->e, -ENOMEM, "no memory for '%s'", text);
	encode(r, text, t);
	return 0;
}

/* As it is written, or with '-' for '_'. */
static const struct ev_quantity *find_quantity(const struct ev_db *db, const char *name)
{
	const struct ev_quantity *q = ev_db_quantity(db, name);
	char other[PERF_ASKED_MAX];

	if (q)
		return q;
	snprintf(other, sizeof(other), "%s", name);
	for (char *c = other; *c; c++)
		if (*c == '_')
			*c = '-';
	return ev_db_quantity(db, other);
}

static int add_member(struct reader *r, const char *name)
{
	const struct ev_quantity *q = find_quantity(r->db, name);

	if (q)
		return q->machine_wide ? 0 : add_quantity(r, q);
	return add_expression(r, name);
}

static int add_name(struct reader *r, const char *name)
{
	const struct ev_quantity *q = find_quantity(r->db, name);
	const char *member[PERF_WANTS_MAX];
	int n, rc = 0;

	if (!*name)
		return err_set(r->e, -EINVAL, "perf_events: expected a name, got nothing");
	if (q && q->machine_wide)
		return err_set(r->e, -EINVAL,
			       "perf_events: '%s' is a whole socket's, and is counted by "
			       "collect=uncore",
			       name);
	if (q)
		return add_quantity(r, q);
	n = ev_db_group(r->db, name, member, PERF_WANTS_MAX);
	if (n < 0)
		return add_expression(r, name);
	for (int i = 0; i < n && i < PERF_WANTS_MAX && !rc; i++)
		rc = add_member(r, member[i]);
	return rc;
}

/* The next name of *@text into @out without blanks and quotes around it; *@text behind its comma,
 * or NULL behind the last. */
static int next_name(const char **text, char *out, size_t len, struct err *e)
{
	const char *c = *text;
	bool slash = false, quote = false;
	size_t n = 0;

	for (; *c && (*c != ',' || slash || quote); c++) {
		if (*c == '"') {
			quote = !quote;
			continue;
		}
		slash ^= *c == '/';
		if (!n && isspace((unsigned char)*c))
			continue;
		if (n + 1 >= len)
			return err_set(e, -EINVAL,
				       "perf_events: a name of more than %zu characters", len - 1);
		out[n++] = *c;
	}
	if (slash || quote)
		return err_set(e, -EINVAL, "perf_events: '%s' lacks its closing '%c'", *text,
			       quote ? '"' : '/');
	while (n && isspace((unsigned char)out[n - 1]))
		n--;
	out[n] = '\0';
	*text = *c ? c + 1 : NULL;
	return 0;
}

/* Cycles and instructions go along in each set of hardware events. */
static int add_extra(struct reader *r)
{
	static const char *const names[] = { "cycles", "instructions" };
	unsigned asked = r->w->nr;
	bool hardware = false;
	int rc = 0;

	for (unsigned i = 0; i < asked; i++)
		hardware |= !r->w->want[i].nr || r->w->want[i].cand[0].origin != EV_SOFTWARE;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && hardware && !rc; i++) {
		const struct ev_quantity *q = ev_db_quantity(r->db, names[i]);

		if (q && r->w->nr < PERF_WANTS_MAX)
			rc = add_quantity(r, q);
	}
	for (unsigned i = asked; i < r->w->nr; i++)
		r->w->want[i].extra = true;
	return rc;
}

int perf_wants_read(struct perf_wants *w, const struct ev_db *db, const struct ev_host *host,
		    const char *text, struct err *e)
{
	struct reader r = { w, db, host, e };
	char name[PERF_ASKED_MAX];
	int rc = 0;

	memset(w, 0, sizeof(*w));
	while (text && !rc) {
		rc = next_name(&text, name, sizeof(name), e);
		if (!rc)
			rc = add_name(&r, name);
	}
	return rc ? rc : add_extra(&r);
}

void perf_wants_release(struct perf_wants *w)
{
	for (unsigned i = 0; i < w->nr; i++)
		free(w->want[i].cand);
	w->nr = 0;
}
