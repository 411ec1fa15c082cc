/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules: fixed before the run, one row each; a trial that breaks one is set aside and repeated.
 * */
#include "collectors/interference/interference.h"

#include <stdio.h>
#include <string.h>

#include "collectors/proctext.h"

#define PARAM(field) .offset = offsetof(struct interference_params, field)

const struct opt interference_opts[] = {
	{ .name = "interference_run_delay",
	  .type = OPT_DOUBLE,
	  PARAM(run_delay),
	  .dmin = 0,
	  .dmax = 1,
	  .def = "0.1",
	  .help = "share of the region that a worker may wait for its CPU, else the trial is disturbed; 0: any" },
	{ .name = "interference_switches",
	  .type = OPT_DOUBLE,
	  PARAM(switches),
	  .dmin = 0,
	  .dmax = 1e9,
	  .unit = "1/s",
	  .def = "0",
	  .help = "times per second that a worker may be switched out against its will; 0: any" },
	{ .name = "interference_steal",
	  .type = OPT_DOUBLE,
	  PARAM(steal),
	  .dmin = 0,
	  .dmax = 1,
	  .def = "0.05",
	  .help = "share of the region that the hypervisor may take from a worker's CPU; 0: any" },
	{ .name = "interference_psi",
	  .type = OPT_DOUBLE,
	  PARAM(psi),
	  .dmin = 0,
	  .dmax = 1,
	  .def = "0",
	  .help = "share of the region that any task of the machine may stall for CPU, memory or I/O; 0: any" },
	{ .name = "interference_migrations",
	  .type = OPT_UINT,
	  PARAM(migrations),
	  .flags = OPT_OFF,
	  .def = "1",
	  .help = "from so many moves of a worker to another CPU on, the trial is disturbed" },
	{ .name = "interference_throttle",
	  .type = OPT_UINT,
	  PARAM(throttle),
	  .flags = OPT_OFF,
	  .def = "1",
	  .help = "from so many thermal throttlings of a worker's CPU on, the trial is disturbed" },
	{ .name = "interference_major_faults",
	  .type = OPT_UINT,
	  PARAM(major_faults),
	  .unit = "faults",
	  .flags = OPT_OFF,
	  .def = "1",
	  .help = "from so many page faults that read from disk in a worker on, the trial is disturbed" },
	{ .name = NULL },
};

enum judged { RULE_OFF, RULE_UNKNOWN, RULE_KEPT, RULE_BROKEN };

/* The worker that is worst off; RULE_UNKNOWN when no worker has the figure. */
static enum judged worst(const struct interference *p, enum figure f, int per_second, double *v,
			 unsigned *worker)
{
	char why[FIGURE_WHY];
	int have = 0;

	*v = 0;
	*worker = 0;
	for (unsigned i = 0; i < p->workers; i++) {
		double one;

		if (figure_of(p, f, i, &one, why))
			continue;
		if (per_second) {
			if (!(figure_region_ns(p, i) > 0))
				continue;
			one *= 1e9 / figure_region_ns(p, i);
		}
		if (!have || one > *v) {
			*v = one;
			*worker = i;
		}
		have = 1;
	}
	return have ? RULE_KEPT : RULE_UNKNOWN;
}

/* Shares, as "worker 0 waited 18.3 % of the region for its CPU, more than 10 %". */
static enum judged by_share(const struct interference *p, enum figure f, double limit,
			    const char *what, char *text, size_t len)
{
	double v;
	unsigned worker;
	enum judged j;

	if (!(limit > 0))
		return RULE_OFF;
	j = worst(p, f, 0, &v, &worker);
	if (j == RULE_UNKNOWN || !(v > limit))
		return j;
	snprintf(text, len, what, worker, 100 * v, 100 * limit);
	return RULE_BROKEN;
}

static enum judged by_count(const struct interference *p, enum figure f, unsigned from,
			    const char *what, char *text, size_t len)
{
	double v;
	unsigned worker;
	enum judged j;

	if (!from)
		return RULE_OFF;
	j = worst(p, f, 0, &v, &worker);
	if (j == RULE_UNKNOWN || v < from)
		return j;
	snprintf(text, len, what, worker, v, from);
	return RULE_BROKEN;
}

/* ---- one function per rule ---- */

typedef enum judged rule_fn(const struct interference *p, const struct interference_params *params,
			    char *text, size_t len);

static enum judged rule_run_delay(const struct interference *p,
				  const struct interference_params *params, char *text, size_t len)
{
	return by_share(
		p, FIGURE_RUN_DELAY_SHARE, params->run_delay,
		"run_delay: worker %u waited %.1f %% of the region for its CPU, more than %g %%",
		text, len);
}

static enum judged rule_switches(const struct interference *p,
				 const struct interference_params *params, char *text, size_t len)
{
	double v;
	unsigned worker;
	enum judged j;

	if (!(params->switches > 0))
		return RULE_OFF;
	j = worst(p, FIGURE_INVOLUNTARY, 1, &v, &worker);
	if (j == RULE_UNKNOWN || !(v > params->switches))
		return j;
	snprintf(text, len,
		 "switches: worker %u was switched out %.1f times per second, more than %g", worker,
		 v, params->switches);
	return RULE_BROKEN;
}

static enum judged rule_steal(const struct interference *p,
			      const struct interference_params *params, char *text, size_t len)
{
	return by_share(
		p, FIGURE_STEAL_SHARE, params->steal,
		"steal: the hypervisor took the CPU of worker %u for at least %.1f %% of the "
		"region, more than %g %%",
		text, len);
}

static enum judged rule_migrations(const struct interference *p,
				   const struct interference_params *params, char *text, size_t len)
{
	return by_count(
		p, FIGURE_MIGRATIONS, params->migrations,
		"migrations: worker %u was moved to another CPU, %.0f times; from %u on it is too "
		"often",
		text, len);
}

static enum judged rule_throttle(const struct interference *p,
				 const struct interference_params *params, char *text, size_t len)
{
	static const char core[] =
		"throttle: the core of worker %u was throttled for heat, %.0f times; "
		"from %u on it is too often";
	static const char package[] =
		"throttle: the package of worker %u was throttled for heat, %.0f "
		"times; from %u on it is too often";
	enum judged a = by_count(p, FIGURE_CORE_THROTTLE, params->throttle, core, text, len), b;

	if (a == RULE_BROKEN)
		return a;
	b = by_count(p, FIGURE_PACKAGE_THROTTLE, params->throttle, package, text, len);
	return a > b ? a : b;
}

static enum judged rule_major_faults(const struct interference *p,
				     const struct interference_params *params, char *text,
				     size_t len)
{
	return by_count(
		p, FIGURE_MAJOR, params->major_faults,
		"major_faults: worker %u waited for pages from disk, %.0f times; from %u on it is "
		"too often",
		text, len);
}

static enum judged rule_psi(const struct interference *p, const struct interference_params *params,
			    char *text, size_t len)
{
	enum judged j = RULE_UNKNOWN;
	double most = 0;

	if (!(params->psi > 0))
		return RULE_OFF;
	for (unsigned k = 0; k < PSI_NR; k++) {
		double ns, avg10, share;
		char why[FIGURE_WHY];

		if (figure_pressure(p, k, "some", &ns, &avg10, why) || !(figure_main_ns(p) > 0))
			continue;
		share = ns / figure_main_ns(p);
		j = j == RULE_UNKNOWN ? RULE_KEPT : j;
		if (!(share > params->psi) || share <= most)
			continue;
		most = share;
		j = RULE_BROKEN;
		snprintf(
			text, len,
			"psi: some task of the machine stalled for %s in %.1f %% of the region, more "
			"than %g %%",
			psi_names[k], 100 * share, 100 * params->psi);
	}
	return j;
}

static const struct {
	const char *name;
	rule_fn *judge;
} rules[] = {
	{ "run_delay", rule_run_delay },
	{ "switches", rule_switches },
	{ "steal", rule_steal },
	{ "migrations", rule_migrations },
	{ "throttle", rule_throttle },
	{ "major_faults", rule_major_faults },
	{ "psi", rule_psi },
};

#define NR_RULES (sizeof(rules) / sizeof(rules[0]))

static void add_name(char *list, size_t len, const char *head, const char *name)
{
	size_t at = strlen(list);

	snprintf(list + at, len - at, "%s%s", at ? ", " : head, name);
}

void rules_apply(const struct interference *p, const struct interference_params *params,
		 struct value_sink *out)
{
	char text[256], off[128] = "", unknown[160] = "", note[320];
	unsigned judged = 0, broken = 0;

	for (size_t i = 0; i < NR_RULES; i++) {
		switch (rules[i].judge(p, params, text, sizeof(text))) {
		case RULE_OFF:
			add_name(off, sizeof(off), "off: ", rules[i].name);
			break;
		case RULE_UNKNOWN:
			add_name(unknown, sizeof(unknown),
				 "not to be judged here: ", rules[i].name);
			break;
		case RULE_BROKEN:
			out->flag(out, FLAG_DISTURBED, text);
			broken++;
			judged++;
			break;
		case RULE_KEPT:
			judged++;
			break;
		}
	}
	snprintf(note, sizeof(note), "%s%s%s", unknown, *unknown && *off ? "; " : "", off);
	proctext_put(out, "interference.rules_judged", judged, "1", "kernel", -1,
		     *note ? note : NULL);
	value_put(out, "interference.rules_broken", broken, "1", "kernel", -1);
}
