/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proofs of events: which quantity by which kernel, running it, and the verdict. */

#include "collectors/perf/proof.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/machine.h"

const char *const proof_what_names[] = {
	[KNOWN_FAULTS] = "page faults",
	[KNOWN_SWITCHES] = "context switches",
	[KNOWN_MOVES] = "migrations",
	[KNOWN_CPU_NS] = "nanoseconds on the CPU",
	[KNOWN_INSTRUCTIONS] = "instructions",
	[KNOWN_BRANCHES] = "branches",
	[KNOWN_CYCLES] = "cycles",
	[KNOWN_LOADS] = "loads",
	[KNOWN_STORES] = "stores",
	[KNOWN_LINES] = "cache lines",
	[KNOWN_PAGES] = "page walks",
	[KNOWN_WAITS] = "cycles of waiting",
};

const char *const proof_verdict_names[] = { "exact",	 "approximate", "wrong",
					    "uncounted", "skipped",	NULL };

/*
 * Tolerances. Software events count what happens, so nothing may be off, but for time. Instructions are
 * written down; what starts and stops the counter adds some dozens. Loads and lines: what the CPU
 * counts is defined differently from maker to maker (retired, dispatched, with or without prefetches
 * and page walks), and replacement keeps a few of the lines, so "approximate" is wide: it says by how
 * much, and beyond it the event counts something else.
 */
const struct proof_row proof_rows[] = {
	{ "page-faults", &proof_touch, KNOWN_FAULTS, PERF_USER, 0, 0.02, false },
	{ "minor-faults", &proof_touch, KNOWN_FAULTS, PERF_USER, 0, 0.02, false },
	{ "context-switches", &proof_sleep, KNOWN_SWITCHES, PERF_BOTH, 0, 0.1, false },
	{ "cpu-migrations", &proof_move, KNOWN_MOVES, PERF_BOTH, 0, 0.1, false },
	{ "task-clock", &proof_spin, KNOWN_CPU_NS, PERF_BOTH, 0.02, 0.1, false },
	{ "instructions", &proof_loop, KNOWN_INSTRUCTIONS, PERF_USER, 0.005, 0.05, false },
	{ "branches", &proof_loop, KNOWN_BRANCHES, PERF_USER, 0.01, 0.1, false },
	{ "cycles", &proof_loop, KNOWN_CYCLES, PERF_USER, 0.03, 0.4, false },
	{ "l1d-loads", &proof_loads, KNOWN_LOADS, PERF_USER, 0.01, 0.25, false },
	{ "l1d-accesses", &proof_loads, KNOWN_LOADS, PERF_USER, 0.01, 0.25, false },
	{ "l1d-stores", &proof_stores, KNOWN_STORES, PERF_USER, 0.01, 0.25, false },
	{ "l1d-misses", &proof_chase_l2, KNOWN_LINES, PERF_USER, 0.03, 0.4, false },
	{ "l1d-load-misses", &proof_chase_l2, KNOWN_LINES, PERF_USER, 0.03, 0.4, false },
	{ "l2-misses", &proof_chase_l2, KNOWN_LINES, PERF_USER, 0.05, 0.4, false },
	{ "llc-accesses", &proof_chase_l2, KNOWN_LINES, PERF_USER, 0.05, 0.5, false },
	{ "llc-misses", &proof_chase_memory, KNOWN_LINES, PERF_USER, 0.05, 0.5, false },
	{ "llc-load-misses", &proof_chase_memory, KNOWN_LINES, PERF_USER, 0.05, 0.5, false },
	{ "dram-local", &proof_chase_memory, KNOWN_LINES, PERF_USER, 0.05, 0.5, false },
	{ "dram-remote", &proof_chase_remote, KNOWN_LINES, PERF_USER, 0.05, 0.5, false },
	{ "stalls-mem", &proof_chase_memory, KNOWN_WAITS, PERF_USER, 0, 0, true },
	{ "stalls-llc-miss", &proof_chase_memory, KNOWN_WAITS, PERF_USER, 0, 0, true },
	{ "dtlb-misses", &proof_pages, KNOWN_PAGES, PERF_USER, 0.03, 0.5, false },
	{ "dtlb-walks", &proof_pages, KNOWN_PAGES, PERF_USER, 0.03, 0.5, false },
	{ NULL, NULL, 0, 0, 0, 0, false },
};

const struct proof_row *proof_find(const char *quantity)
{
	for (const struct proof_row *r = proof_rows; r->quantity; r++)
		if (!strcmp(r->quantity, quantity))
			return r;
	return NULL;
}

/* ---- the verdict ---- */

static void say(struct proof_result *out, enum proof_verdict verdict, int error, const char *reason,
		const char *remedy)
{
	out->verdict = verdict;
	out->why.error = error;
	snprintf(out->why.reason, sizeof(out->why.reason), "%s", reason);
	snprintf(out->why.remedy, sizeof(out->why.remedy), "%s", remedy);
}

char *proof_off_text(double off, char *buf, size_t len)
{
	if (isinf(off))
		snprintf(buf, len, "all of it");
	else
		snprintf(buf, len, fabs(off) < 0.1 ? "%+.2g %%" : "%+.0f %%", 100 * off);
	return buf;
}

static double off_of(const struct proof_sample *s)
{
	return s->known > 0 ? s->count.value / s->known - 1 : s->count.value ? INFINITY : 0;
}

static int by_off(const void *a, const void *b)
{
	double x = off_of(a), y = off_of(b);

	return (x > y) - (x < y);
}

/* Nothing was counted of what is known to have happened. */
static void counts_nothing(struct proof_result *out, const struct proof_row *row,
			   const struct perf_place *place)
{
	char reason[PERF_REASON_MAX];
	bool guest = place && place->hypervisor;

	if (guest)
		snprintf(reason, sizeof(reason),
			 "it opens and counts nothing: of %.0f %s it saw none (hypervisor %s?)",
			 out->known, proof_what_names[row->what],
			 *place->hypervisor_name ? place->hypervisor_name : "unknown");
	else
		snprintf(reason, sizeof(reason),
			 "it opens and counts nothing: of %.0f %s it saw none", out->known,
			 proof_what_names[row->what]);
	say(out, PROOF_WRONG, 0, reason,
	    guest ? "have the hypervisor pass this event on, or use bare metal" :
		    "name another event for it in a file of your own (--files)");
}

static void judge_least(struct proof_result *out, const struct proof_row *row)
{
	char reason[PERF_REASON_MAX];
	bool enough = out->counted >= out->known;

	snprintf(reason, sizeof(reason), "%s: %.3g counted, at least %.3g %s are known",
		 enough ? "plausible" : "too few", out->counted, out->known,
		 proof_what_names[row->what]);
	out->off = enough ? NAN : out->off;
	say(out, enough ? PROOF_APPROXIMATE : PROOF_WRONG, 0, reason,
	    enough ? "" : "name another event for it in a file of your own (--files)");
}

static bool within(const struct proof_result *out, double tolerance)
{
	return fabs(out->counted - out->known) <= tolerance * out->known;
}

static void judge_off(struct proof_result *out, const struct proof_row *row)
{
	char reason[PERF_REASON_MAX], off[32];
	bool near = within(out, row->approximate);

	if (within(out, row->exact)) {
		say(out, PROOF_EXACT, 0, "", "");
		return;
	}
	snprintf(reason, sizeof(reason), "off by %s: %.0f counted, %.0f %s are known",
		 proof_off_text(out->off, off, sizeof(off)), out->counted, out->known,
		 proof_what_names[row->what]);
	say(out, near ? PROOF_APPROXIMATE : PROOF_WRONG, 0, reason,
	    near ? "" : "name another event for it in a file of your own (--files)");
}

/* The counted repetitions come first, in @s; how many. What kept the others back goes to @why. */
static unsigned keep_counted(struct proof_sample *s, unsigned n, struct perf_refusal *why)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (s[i].count.state != VALUE_UNAVAILABLE && !isnan(s[i].known))
			s[kept++] = s[i];
		else
			*why = s[i].count.why;
	return kept;
}

void proof_judge(struct proof_result *out, const struct proof_row *row,
		 const struct proof_sample *s, unsigned n, const struct perf_place *place)
{
	struct proof_sample copy[PROOF_REPEATS];
	const struct proof_sample *middle;
	unsigned kept;

	memset(out, 0, sizeof(*out));
	out->known = out->counted = out->off = NAN;
	n = n < PROOF_REPEATS ? n : PROOF_REPEATS;
	memcpy(copy, s, n * sizeof(*s));
	kept = keep_counted(copy, n, &out->why);
	out->verdict = PROOF_UNCOUNTED;
	if (!kept) /* ->why is what the counter said */
		return;
	memset(&out->why, 0, sizeof(out->why));
	qsort(copy, kept, sizeof(*copy), by_off);
	middle = &copy[kept / 2];
	out->known = middle->known;
	out->counted = middle->count.value;
	out->off = off_of(middle);
	out->scaled = middle->count.state == VALUE_SCALED;
	out->share = out->scaled ? middle->count.share : 1;
	if (out->known > 0 && out->counted == 0)
		counts_nothing(out, row, place);
	else if (row->at_least)
		judge_least(out, row);
	else
		judge_off(out, row);
}

/* ---- running it ---- */

/* The CPUs that this thread may use, and no topology's: the kernels run here. */
static void find_cpus(struct proof_machine *m)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set)) {
		m->nr_cpus = 1;
		return;
	}
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set) && m->nr_cpus++ < 2)
			m->cpu[m->nr_cpus - 1] = i;
}

static void find_remote(struct proof_machine *m, const struct kmem_machine *k)
{
	unsigned node = k->cpu_node[m->cpu[0]], far = 0;

	m->node_of_cpu = k->os_node[node];
	for (unsigned i = 0; i < k->nr_nodes; i++)
		if (i != node && k->distance[node][i] > far) {
			far = k->distance[node][i];
			m->remote = k->os_node[i];
		}
}

int proof_machine_init(struct proof_machine *m, size_t llc, struct err *e)
{
	struct kmem_machine *k = malloc(sizeof(*k));
	int rc = k ? kmem_machine_native(k, e) : err_set(e, -ENOMEM, "out of memory");
	long pages = sysconf(_SC_AVPHYS_PAGES);

	memset(m, 0, sizeof(*m));
	m->remote = -1;
	if (rc) {
		free(k);
		return rc;
	}
	find_cpus(m);
	m->page = (size_t)sysconf(_SC_PAGESIZE);
	m->memory = pages > 0 ? (size_t)pages / 4 * m->page : 0;
	/* of an invented topology nothing is here */
	if (!k->emulated && m->cpu[0] < k->nr_cpus) {
		m->line = k->cache_line;
		m->l1d = k->l1d_size;
		m->l2 = k->l2_size;
		m->llc = llc;
		find_remote(m, k);
	}
	free(k);
	return 0;
}

static void sum_terms(struct perf_count *sum, const struct perf_count *count,
		      const struct ev_term *term, unsigned nr)
{
	memset(sum, 0, sizeof(*sum));
	sum->share = 1;
	for (unsigned i = 0; i < nr; i++) {
		if (count[i].state == VALUE_UNAVAILABLE) {
			*sum = count[i];
			return;
		}
		sum->value += term[i].factor * count[i].value;
		if (count[i].state == VALUE_SCALED) {
			sum->state = VALUE_SCALED;
			sum->share = fmin(sum->share, count[i].share);
		}
	}
}

static void repeat(struct proof_result *out, const struct proof_row *row, struct proof_run *r,
		   struct perf_group *g, const struct ev_term *term, const struct perf_place *place)
{
	struct proof_sample s[PROOF_REPEATS];
	struct perf_count count[PERF_GROUP_MAX];
	unsigned i, n = row->kernel->slow ? 1 : r->machine->quick ? 3 : PROOF_REPEATS;

	for (i = 0; i < n; i++) {
		if (row->kernel->before)
			row->kernel->before(r);
		perf_group_start(g);
		row->kernel->go(r);
		perf_group_stop(g);
		perf_group_result(g, count);
		s[i].known = r->known[row->what];
		sum_terms(&s[i].count, count, term, g->nr);
	}
	proof_judge(out, row, s, n, place);
}

/* On the CPU that the machine's node is of, unless the kernel moves by itself. */
static void run_bound(struct proof_result *out, const struct proof_row *row, struct proof_run *r,
		      const struct perf_sys *sys, const struct ev_term *term, unsigned nr,
		      const struct perf_place *place)
{
	struct perf_event ev[EV_TERMS_MAX];
	struct perf_group g;
	cpu_set_t old, one;
	bool bound = !sched_getaffinity(0, sizeof(old), &old);
	unsigned i;

	if (bound && !row->kernel->any_cpu) {
		CPU_ZERO(&one);
		CPU_SET(r->machine->cpu[0], &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	for (i = 0; i < nr; i++)
		ev[i] = term[i].event;
	memset(&g, 0, sizeof(g));
	if (perf_group_open(&g, sys, ev, nr, row->side, 0, place, &out->why, NULL)) {
		out->verdict = PROOF_UNCOUNTED;
	} else {
		repeat(out, row, r, &g, term, place);
		perf_group_close(&g);
	}
	if (bound)
		sched_setaffinity(0, sizeof(old), &old);
}

void proof_run(struct proof_result *out, const struct proof_row *row, const struct perf_sys *sys,
	       const struct proof_machine *m, const struct ev_term *term, unsigned nr,
	       const struct perf_place *place)
{
	struct proof_run r = { .machine = m };
	struct err e = { "" };
	int rc;

	memset(out, 0, sizeof(*out));
	out->known = out->counted = out->off = NAN;
	for (unsigned i = 0; i < NR_PROOF_WHAT; i++)
		r.known[i] = NAN;
	if (m->quick && row->kernel->slow) {
		say(out, PROOF_SKIPPED, 0, "the proof takes longer than --quick allows",
		    "leave --quick out");
		return;
	}
	rc = row->kernel->prepare(&r, &e);
	if (rc)
		say(out, PROOF_SKIPPED, -rc, e.text, "");
	else
		run_bound(out, row, &r, sys, term, nr < EV_TERMS_MAX ? nr : EV_TERMS_MAX, place);
	row->kernel->release(&r);
}
