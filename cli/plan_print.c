/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as text, before anything runs. */

#include "cli/plan_print.h"

#include <inttypes.h>

#include "cli/order.h"
#include "cli/precision.h"
#include "cli/progress.h"
#include "cli/trial.h"

/* Process start, set-up and tear-down of one trial: what a null trial takes on a slow machine,
 * roughly. */
#define TRIAL_EXTRA_S 0.03

struct estimate {
	double seconds;
	uint64_t memory;
	unsigned by_ops;	 /* configs whose length is a count of operations: time unknown */
	unsigned unknown_memory; /* configs whose workload does not say */
};

static int estimate(const struct plan *p, struct estimate *s, struct err *e)
{
	unsigned c;

	memset(s, 0, sizeof(*s));
	for (c = 0; c < p->nr_configs; c++) {
		struct trial_spec t;
		uint64_t memory = 0;
		int rc = plan_spec(p, c, &t, e);

		if (rc)
			return rc;
		if (t.run.ops != OPT_AUTO_U64)
			s->by_ops++;
		else
			s->seconds += p->blocks *
				      (t.run.duration_ms / 1000.0 * (t.run.warmup_ops ? 2 : 1) +
				       TRIAL_EXTRA_S);
		if (t.wl->memory)
			memory = t.wl->memory(t.params, &t.config) * t.run.workers;
		else
			s->unknown_memory++;
		if (memory > s->memory)
			s->memory = memory;
		trial_spec_release(&t);
	}
	return 0;
}

static void print_experiment(const struct plan_exp *x, FILE *f)
{
	unsigned a, v;

	fprintf(f, "experiment %s: %u config%s\n", x->name, x->nr_configs,
		x->nr_configs == 1 ? "" : "s");
	for (a = 0; a < x->nr_fixed; a++)
		fprintf(f, "  %-16s %s\n", x->fixed[a].name, x->fixed[a].text);
	for (a = 0; a < x->nr_axes; a++) {
		fprintf(f, "  %-16s", x->axis[a].name);
		for (v = 0; v < x->axis[a].nr; v++)
			fprintf(f, " %s", x->axis[a].value[v].label);
		fputs("   (axis)\n", f);
	}
}

static void print_order(const struct plan *p, FILE *f, unsigned blocks)
{
	unsigned b, i;

	for (b = 0; b < blocks; b++)
		for (i = 0; i < p->nr_configs; i++) {
			unsigned c = p->order[(size_t)b * p->nr_configs + i];
			char id[PLAN_ID_MAX];

			plan_trial_id(b, c, id);
			fprintf(f, "  %s  %s %s\n", id, p->exp[p->config[c].exp].name,
				p->config[c].label);
		}
}

/* Does the run end in whole groups, so that the balance is exact? */
static void print_balance(const struct plan *p, FILE *f)
{
	unsigned i, group, most = 1;

	for (i = 0; i < p->nr_exp; i++) {
		group = order_group(p->exp[i].nr_configs);
		most = group > most ? group : most;
	}
	if (most == 1)
		return;
	fprintf(f, "balance: drift over a block cancels in each 2 launches");
	if (p->blocks % 2)
		fputs(" (the last one stands alone)", f);
	fprintf(f, "; every place and neighbour equally often in each %u\n", most);
}

static void print_ends(const struct plan *p, const struct precision *x, FILE *f)
{
	unsigned i;

	if (p->run.budget_s > 0)
		fprintf(f, "time budget: %s: no launch is begun that would not end in it\n",
			p->run.time_budget);
	if (!x->nr_looks)
		return;
	fprintf(f, "precision: %s for %u comparison%s of " PRECISION_METRIC ", looked at after",
		p->run.precision, x->nr, x->nr == 1 ? "" : "s");
	for (i = 0; i < x->nr_looks; i++)
		fprintf(f, "%s%u", i ? ", " : " ", x->look[i]);
	fprintf(f, " launches, each interval at %.4g %%\n", x->confidence * 100);
}

static void print_cost(const struct plan *p, const struct estimate *s, FILE *f)
{
	char t[40];

	fputs("passes: the region is run at least once per trial, and once more for each set of counters beyond what this "
	      "machine counts at the same time\n",
	      f);
	if (p->run.repeats)
		fprintf(f,
			"repeats: a disturbed trial is repeated up to %u time%s, at the end of its block\n",
			p->run.repeats, p->run.repeats == 1 ? "" : "s");
	if (s->unknown_memory == p->nr_configs)
		fputs("memory: not known (the workload does not say)\n", f);
	else
		fprintf(f, "memory: up to %.1f MiB in one trial%s\n", s->memory / 1048576.0,
			s->unknown_memory ? ", without those whose workload does not say" : "");
	if (s->by_ops == p->nr_configs)
		fputs("time: not known, ops is given\n", f);
	else
		fprintf(f,
			"time: about %s%s (regions, warm-up, and %g s more per trial, by assumption; further passes and repeats come on top)\n",
			progress_duration(s->seconds, t, sizeof(t)),
			s->by_ops ? ", without the configs whose ops is given" : "", TRIAL_EXTRA_S);
}

int plan_print(const struct plan *p, FILE *f, int verbose, struct err *e)
{
	unsigned i, shown = verbose ? p->blocks : 1;
	struct precision x;
	struct estimate s;
	int rc = estimate(p, &s, e);

	if (!rc)
		rc = precision_init(&x, p, e);
	if (rc)
		return rc;
	for (i = 0; i < p->nr_exp; i++)
		print_experiment(&p->exp[i], f);
	fprintf(f, "order of trials%s:\n", shown < p->blocks ? " (first block; -v shows all)" : "");
	print_order(p, f, shown);
	fprintf(f, "trials: %u = %u configs x %u launches; seed %" PRIu64 "; plan %s\n",
		p->nr_configs * p->blocks, p->nr_configs, p->blocks, p->seed, p->hash);
	print_balance(p, f);
	print_ends(p, &x, f);
	print_cost(p, &s, f);
	precision_release(&x);
	return 0;
}
