/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: chosen for this machine, opened, proved. */

#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor_parts.h"
#include "collectors/perf/pick.h"

#define BOXES_MAX 256
#define SAMPLES "latency-sample" /* the one that is sampled, and not counted */

const char *const quantity_state_names[] = { "exact", "scaled",	     "approximate",
					     "wrong", "unavailable", NULL };

struct doctor_quantity *doctor_add(struct doctor *d, const char *name, const char *source,
				   const char *help)
{
	struct doctor_quantity *q;

	if (d->nr_quantities == DOCTOR_QUANTITIES)
		return NULL;
	q = &d->quantity[d->nr_quantities++];
	memset(q, 0, sizeof(*q));
	snprintf(q->name, sizeof(q->name), "%s", name);
	snprintf(q->help, sizeof(q->help), "%s", help);
	q->source = source;
	return q;
}

void doctor_say(struct doctor_quantity *q, enum quantity_state state, int error, const char *remedy,
		const char *fmt, ...)
{
	va_list args;

	q->state = state;
	q->why.error = error;
	snprintf(q->why.remedy, sizeof(q->why.remedy), "%s", remedy);
	va_start(args, fmt);
	vsnprintf(q->why.reason, sizeof(q->why.reason), fmt, args);
	va_end(args);
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

struct doctor_quantity *doctor_find(struct doctor *d, const char *name)
{
	for (unsigned i = 0; i < d->nr_quantities; i++)
		if (same_name(d->quantity[i].name, name))
			return &d->quantity[i];
	return NULL;
}

bool doctor_asked(const struct doctor *d, const char *name)
{
	for (unsigned i = 0; i < d->request.nr_names; i++)
		if (same_name(d->request.name[i], name))
			return true;
	return !d->request.nr_names;
}

bool doctor_measurable(const struct doctor_quantity *q)
{
	return q->state != Q_WRONG && q->state != Q_UNAVAILABLE;
}

/* ---- one event ---- */

static void take_codes(struct doctor_quantity *q, const struct ev_candidate *c)
{
	for (unsigned i = 0; i < c->nr_terms && i < EV_TERMS_MAX; i++) {
		const struct perf_event *e = &c->term[i].event;

		q->code[i].type = e->type;
		q->code[i].config = e->config;
		q->code[i].config1 = e->config1;
		q->code[i].config2 = e->config2;
		q->nr_codes++;
	}
}

/* What a proof says, as the quantity's state. */
static void take_proof(struct doctor_quantity *q)
{
	static const enum quantity_state state[NR_PROOF_VERDICTS] = {
		[PROOF_EXACT] = Q_EXACT,
		[PROOF_APPROXIMATE] = Q_APPROXIMATE,
		[PROOF_WRONG] = Q_WRONG,
		[PROOF_UNCOUNTED] = Q_UNAVAILABLE,
	};
	const struct proof_result *r = &q->proof;

	q->state = state[r->verdict];
	q->why = r->why;
	if (r->verdict == PROOF_EXACT && r->scaled)
		doctor_say(q, Q_SCALED, 0, "count fewer events at a time",
			   "it had a counter for %.0f %% of the time, and was scaled up",
			   100 * r->share);
}

/* It opens, and nothing more is known. What the kernel itself counts is believed; a PMU's event is
 * not called exact on its name alone. */
static void unproved(struct doctor_quantity *q, const char *why, const char *note)
{
	bool hard = !strcmp(q->source, "hardware");

	doctor_say(q, hard ? Q_APPROXIMATE : Q_EXACT, 0, "", "it opens; not proved: %s%s%s", why,
		   hard && *note ? "; " : "", hard ? note : "");
}

static void prove(struct doctor *d, struct doctor_quantity *q, const struct ev_candidate *c,
		  const struct proof_machine *m)
{
	if (!strcmp(q->name, SAMPLES))
		unproved(q, "what it samples is not counted", c->note);
	else if (q->wide)
		unproved(q, "it counts what the whole machine does", c->note);
	else if (d->request.no_proof || !doctor_asked(d, q->name))
		unproved(q, "--no-proof", c->note);
	else if (!q->row)
		unproved(q, "no known count to hold it against", c->note);
	else {
		proof_run(&q->proof, q->row, &perf_sys_kernel, m, c->term, c->nr_terms, &d->place);
		q->proved = true;
		if (q->proof.verdict == PROOF_SKIPPED)
			unproved(q, q->proof.why.reason, c->note);
		else
			take_proof(q);
	}
}

int doctor_try_sampling(const struct perf_event *ev)
{
	struct perf_event_attr a = { .type = ev->type,
				     .size = sizeof(a),
				     .config = ev->config,
				     .config1 = ev->config1,
				     .config2 = ev->config2,
				     .sample_period = 1000,
				     .sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_ADDR,
				     .disabled = 1,
				     .exclude_kernel = !ev->no_exclude,
				     .exclude_hv = !ev->no_exclude,
				     .precise_ip = ev->precise & 3 };
	int fd = perf_sys_kernel.open(&a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return fd;
	perf_sys_kernel.close(fd);
	return 0;
}

/* Samples of loads: the quantity is not a count. */
static int try_samplers(struct doctor *d, const struct ev_candidate *c, unsigned n,
			struct perf_refusal *why)
{
	for (unsigned i = 0; i < n; i++) {
		int rc = doctor_try_sampling(&c[i].term[0].event);

		if (!rc)
			return (int)i;
		if (!i)
			perf_refusal_of(why, -rc, &c[i].term[0].event, PERF_USER, &d->place);
	}
	return -1;
}

/* A PMU outside of the cores has boxes (one for each memory controller, L3, link), each of which is
 * opened on a CPU of its socket. All of them have to open. */
static int try_boxes(struct doctor *d, const struct ev_candidate *c, struct perf_refusal *why)
{
	struct ev_box *box = calloc(BOXES_MAX, sizeof(*box));
	int n = box ? ev_expand(d->host, c, box, BOXES_MAX) : -ENOMEM, rc = n < 0 ? n : 0;

	if (rc)
		perf_refusal_of(why, -rc, &c->term[0].event, PERF_BOTH, &d->place);
	for (int i = 0; !rc && i < n && i < BOXES_MAX; i++)
		rc = perf_probe(&perf_sys_kernel, &box[i].event, PERF_BOTH, &d->place, why);
	free(box);
	return rc;
}

/* Which of the candidates opens; -1: none, and ->why is filled. */
static int choose(struct doctor *d, struct doctor_quantity *q, const struct ev_candidate *c,
		  unsigned n)
{
	const struct perf_refusal *why;
	struct perf_pick pick;

	if (!strcmp(q->name, SAMPLES))
		return try_samplers(d, c, n, &q->why);
	for (unsigned i = 0; q->wide && i < n; i++)
		if (!try_boxes(d, &c[i], &q->why))
			return (int)i;
	if (q->wide)
		return -1;
	if (perf_pick(&pick, &perf_sys_kernel, c, n, PERF_USER, &d->place) >= 0)
		return pick.chosen;
	why = perf_pick_why(&pick);
	if (why)
		q->why = *why;
	return -1;
}

static void one_event(struct doctor *d, const struct ev_quantity *eq, const struct proof_machine *m)
{
	struct ev_candidate c[EV_CANDIDATES_MAX];
	struct doctor_quantity *q = doctor_add(d, eq->name, "hardware", eq->help);
	int n, chosen;

	if (!q)
		return;
	q->counter = true;
	q->wide = eq->machine_wide;
	q->row = proof_find(eq->name);
	n = ev_candidates(d->db, d->host, eq, c, &q->why);
	q->state = Q_UNAVAILABLE;
	if (n <= 0) {
		if (!strcmp(q->name, SAMPLES) && !*q->why.remedy)
			snprintf(q->why.remedy, sizeof(q->why.remedy),
				 "page-fault-samples need no PMU");
		return;
	}
	chosen = choose(d, q, c, (unsigned)n);
	n = chosen < 0 ? 0 : chosen;
	if (c[n].nr_terms && perf_event_software(&c[n].term[0].event))
		q->source = "software";
	snprintf(q->expression, sizeof(q->expression), "%s", c[n].expression);
	take_codes(q, &c[n]);
	if (chosen >= 0)
		prove(d, q, &c[n], m);
}

int doctor_counters(struct doctor *d, struct err *e)
{
	const struct ev_quantity *const *all = ev_db_quantities(d->db);
	struct proof_machine m;
	int rc = proof_machine_init(&m, d->machine.native ? doctor_llc(&d->machine) : 0, e);

	if (rc)
		return rc;
	m.quick = d->request.quick;
	for (; *all; all++)
		one_event(d, *all, &m);
	return 0;
}
