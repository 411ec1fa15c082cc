/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/perf_plan_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is wanted ---- */

struct perf_wants wants;

struct perf_event raw_event(uint64_t config)
{
	struct perf_event e = { .type = PERF_TYPE_RAW, .config = config };

	snprintf(e.name, sizeof(e.name), "r%x", (unsigned)config);
	return e;
}

struct perf_event soft_event(uint64_t config)
{
	struct perf_event e = { .type = PERF_TYPE_SOFTWARE, .config = config };

	snprintf(e.name, sizeof(e.name), "sw%x", (unsigned)config);
	return e;
}

struct ev_candidate *want(const char *quantity, const char *unit)
{
	struct perf_want *t = &wants.want[wants.nr++];

	memset(t, 0, sizeof(*t));
	perf_metric_name(t->metric, sizeof(t->metric), quantity);
	snprintf(t->quantity, sizeof(t->quantity), "%s", quantity);
	snprintf(t->unit, sizeof(t->unit), "%s", unit);
	t->per_op = true;
	t->cand = calloc(EV_CANDIDATES_MAX, sizeof(*t->cand));
	assert_non_null(t->cand);
	t->nr = 1;
	return t->cand;
}

void want_one(const char *quantity, struct perf_event ev)
{
	struct ev_candidate *c = want(quantity, "lines");

	c->origin = perf_event_software(&ev) ? EV_SOFTWARE : EV_ROW;
	snprintf(c->pmu, sizeof(c->pmu), "fake");
	snprintf(c->expression, sizeof(c->expression), "%s", ev.name);
	c->nr_terms = 1;
	c->term[0] = (struct ev_term){ 1, ev };
}

const char *const usual[NR_USUAL] = {
	"cycles",    "instructions", "l1d-accesses", "l1d-misses",
	"l2-misses", "llc-accesses", "llc-misses",   "dtlb-walks",
};

void want_usual(void)
{
	perf_wants_release(&wants);
	for (unsigned i = 0; i < NR_USUAL; i++)
		want_one(usual[i], raw_event(i));
}

void want_mixed(void)
{
	want_one("cycles", raw_event(0));
	want_one("l1d-misses", raw_event(3));
	want_one("page-faults", soft_event(PERF_COUNT_SW_PAGE_FAULTS));
	want_one("context-switches", soft_event(PERF_COUNT_SW_CONTEXT_SWITCHES));
	want_one("task-clock", soft_event(PERF_COUNT_SW_TASK_CLOCK));
}

static const struct ev_derived d_ipc = { .name = "ipc",
					 .unit = "instructions/cycles",
					 .formula = "instructions / cycles" };
static const struct ev_derived d_l1 = { .name = "l1d-miss-rate",
					.unit = "1",
					.formula = "l1d-misses / l1d-accesses" };
static const struct ev_derived d_llc = { .name = "llc-miss-rate",
					 .unit = "1",
					 .formula = "llc-misses / llc-accesses" };
const struct ev_derived *const formulas[] = { &d_ipc, &d_l1, &d_llc, NULL };

/* ---- what is reported ---- */

struct caught caught[400];
unsigned nr_caught;

static void catch_value(struct value_sink *s, const struct value *v)
{
	struct caught *c = &caught[nr_caught++];

	(void)s;
	assert_true(nr_caught <= LEN(caught));
	assert_null(strpbrk(v->metric, " \n"));
	assert_null(strpbrk(v->unit, " \n"));
	assert_true(!v->note || !strchr(v->note, '\n'));
	snprintf(c->metric, sizeof(c->metric), "%s", v->metric);
	snprintf(c->unit, sizeof(c->unit), "%s", v->unit);
	snprintf(c->source, sizeof(c->source), "%s", v->source);
	snprintf(c->note, sizeof(c->note), "%s", v->note ? v->note : "");
	c->value = v->value;
	c->share = v->share;
	c->state = v->state;
	c->worker = v->worker;
}

const struct caught *value_of(const char *metric, int of_worker)
{
	for (unsigned i = 0; i < nr_caught; i++)
		if (caught[i].worker == of_worker && !strcmp(caught[i].metric, metric))
			return &caught[i];
	return NULL;
}

void assert_exact(const char *metric, int of_worker, double value)
{
	const struct caught *c = value_of(metric, of_worker);

	if (!c)
		fail_msg("%s is not there", metric);
	if (c->state != VALUE_EXACT || c->value != value || c->share != 1)
		fail_msg("%s: %g, not %g, state %d, %s", metric, c->value, value, c->state,
			 c->note);
}

void assert_unavailable(const char *metric, const char *reason)
{
	const struct caught *c = value_of(metric, -1);

	if (!c)
		fail_msg("%s is not there", metric);
	if (c->state != VALUE_UNAVAILABLE || c->value != 0 || !strstr(c->note, reason))
		fail_msg("%s: %g, state %d, '%s' has no '%s'", metric, c->value, c->state, c->note,
			 reason);
}

/* ---- a whole trial ---- */

struct perf_plan plan;
struct perf_worker worker[3];

void make_plan(enum perf_sides sides)
{
	const struct ev_derived *const *derived = plan.derived;
	bool multiplex = plan.multiplex, pmu = plan.place.pmu;

	plan = (struct perf_plan){ .sys = &perf_fake_sys,
				   .place = { .paranoid = 2, .pmu = pmu, .open_files = 99 },
				   .multiplex = multiplex,
				   .derived = derived };
	assert_int_equal(perf_plan_make(&plan, &wants, sides, NULL), 0);
	assert_int_equal(perf_fake_leaks(), 0);
}

void fresh(unsigned counters)
{
	perf_fake_reset();
	perf_fake.step = 10;
	perf_fake.counters = counters;
	plan = (struct perf_plan){ .derived = formulas, .place = { .pmu = true } };
	perf_wants_release(&wants);
	nr_caught = 0;
}

void open_workers(unsigned n, enum perf_read_by by)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(perf_worker_open(&worker[i], &plan, by, NULL), 0);
}

/* Pass p is units + p long. */
void run_passes(unsigned n, uint64_t units)
{
	for (unsigned pass = 0; pass < plan.passes; pass++) {
		for (unsigned i = 0; i < n; i++)
			perf_worker_start(&worker[i], &plan, pass);
		perf_fake_run(units + pass);
		for (unsigned i = 0; i < n; i++)
			perf_worker_stop(&worker[i], &plan, pass);
	}
}

void report(unsigned n, uint64_t ops)
{
	struct value_sink sink = { .put = catch_value };

	nr_caught = 0;
	perf_report(&plan, worker, n, ops, &sink);
}

void finish(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		perf_worker_close(&worker[i]);
	assert_int_equal(perf_fake_leaks(), 0);
	perf_plan_release(&plan);
	perf_wants_release(&wants);
}

const struct perf_item *item(const char *metric)
{
	for (unsigned i = 0; i < plan.nr_items; i++)
		if (!strcmp(plan.item[i].metric, metric))
			return &plan.item[i];
	fail_msg("no item %s", metric);
	return NULL;
}
