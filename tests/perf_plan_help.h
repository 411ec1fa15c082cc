/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_TESTS_PERF_PLAN_HELP_H
#define SLABSCOPE_TESTS_PERF_PLAN_HELP_H

/* What tests of plans and of reports share: quantities that are wanted, a whole trial over the
 * invented kernel of perf_fake.h, and the values that it put. */

#include "collectors/perf/report.h"
#include "tests/perf_fake.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ---- what is wanted ---- */

extern struct perf_wants wants;

struct perf_event raw_event(uint64_t config);
struct perf_event soft_event(uint64_t config);
/* Another one, with one candidate to be filled, of room for all. */
struct ev_candidate *want(const char *quantity, const char *unit);
void want_one(const char *quantity, struct perf_event ev); /* that counts @ev */

/* Eight quantities: usual[i] is raw event i, which counts i + 1 in a unit of work. */
extern const char *const usual[];
#define NR_USUAL 8
void want_usual(void);
void want_mixed(void); /* cycles, l1d-misses, and three software events */

/* ---- a trial ---- */

extern struct perf_plan plan;
extern struct perf_worker worker[3];
extern const struct ev_derived *const formulas[];

void fresh(unsigned counters);	       /* a kernel with a PMU of so many, nothing wanted */
void make_plan(enum perf_sides sides); /* plan.derived, .multiplex and .place.pmu are taken over */
void open_workers(unsigned n, enum perf_read_by by);
void run_passes(unsigned n, uint64_t units); /* pass p is units + p long */
void report(unsigned n, uint64_t ops);
void finish(unsigned n); /* and nothing is left open */
const struct perf_item *item(const char *metric);

/* ---- what was reported ---- */

struct caught {
	char metric[128], unit[48], source[24], note[1300];
	double value, share;
	enum value_state state;
	int worker;
};
extern struct caught caught[400];
extern unsigned nr_caught;

const struct caught *value_of(const char *metric, int of_worker);
void assert_exact(const char *metric, int of_worker, double value);
void assert_unavailable(const char *metric, const char *reason);

#endif
