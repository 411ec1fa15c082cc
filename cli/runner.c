/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/runner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/launch_model.h"
#include "cli/missing.h"
#include "cli/progress.h"
#include "cli/record.h"
#include "collectors/model/params.h"
#include "lib/clock.h"
#include "lib/escape.h"

const char *const run_end_names[] = { "all", "precision", "time_budget", "signal", NULL };

struct running {
	const struct plan *p;
	const struct rundir *d;
	const struct run_request *q;
	struct launcher launcher;
	struct progress progress;
	struct run_states states;
	struct run_result *r;
	uint64_t begin;	  /* ns */
	unsigned settled; /* trials, by us */
	int fd, said_missing;
};

static double elapsed(const struct running *g)
{
	return (clock_ns() - g->begin) * 1e-9;
}

/* ---- one trial ---- */

static int launch_text(struct running *g, unsigned block, unsigned config,
		       const struct trial_spec *s, struct launch *l, struct err *e)
{
	char *text = plan_spec_text(s);
	int rc;

	if (!text)
		return err_set(e, -ENOMEM, "out of memory");
	if (g->q->launch)
		rc = g->q->launch(g->q->launch_arg, block, config, text, l, e);
	else
		rc = launch_trial(&g->launcher, text, l, e);
	free(text);
	return rc;
}

/* The config's specification with the block's seed. */
static int launch(struct running *g, unsigned block, unsigned config, struct launch *l,
		  struct err *e)
{
	struct trial_spec s;
	int rc = plan_spec(g->p, config, &s, e);

	if (rc)
		return rc;
	s.run.seed = plan_trial_seed(g->p, block);
	if (!g->q->launch && model_in_list(s.run.collect))
		rc = launch_modelled(&g->launcher, &s, l, e);
	else
		rc = launch_text(g, block, config, &s, l, e);
	trial_spec_release(&s);
	return rc;
}

static void report(struct running *g, unsigned block, unsigned config, const struct launch *l)
{
	const struct plan *p = g->p;
	int again = states_pending(&g->states, block, config);
	char id[PLAN_ID_MAX];

	if (l->status == LAUNCH_OK || g->q->quiet > 1 || (g->q->quiet && again))
		return;
	plan_trial_id(block, config, id);
	progress_clear(&g->progress);
	escape_print(stderr, "slabscope run: trial %s (%s %s): %s: %s%s\n", id,
		     p->exp[p->config[config].exp].name, p->config[config].label,
		     launch_status_names[l->status], l->note, again ? " (is repeated)" : "");
}

/* Once, of the first trial that measured anything, disturbed or not. Before record_trial() cuts up
 * what it said. */
static void say_missing(struct running *g, const struct launch *l)
{
	if (g->said_missing || l->status != LAUNCH_OK || !l->out)
		return;
	progress_clear(&g->progress);
	g->said_missing = missing_report(stderr, "slabscope run", l->out, l->out_len) > 0;
}

static int keep_trial(struct running *g, unsigned block, unsigned config, struct launch *l,
		      struct err *e)
{
	struct samples_buf rows = { 0 };
	int rc, again;

	say_missing(g, l);
	record_trial(&rows, g->p, block, config, l);
	rc = samples_append(g->fd, &rows, e);
	samples_buf_release(&rows);
	if (rc)
		return rc;
	g->r->ran++;
	states_put(&g->states, block, config, l->status, l->note);
	report(g, block, config, l);
	again = states_pending(&g->states, block, config);
	g->settled += !again;
	progress_step(&g->progress,
		      again		     ? PROGRESS_AGAIN :
		      l->status == LAUNCH_OK ? PROGRESS_OK :
					       PROGRESS_BAD,
		      g->states.of[(size_t)block * g->p->nr_configs + config].attempts > 1,
		      g->p->config[config].label);
	return 0;
}

static int one_trial(struct running *g, unsigned block, unsigned config, struct err *e)
{
	struct launch l;
	int rc = launch(g, block, config, &l, e);

	if (rc)
		return rc;
	if (l.status == LAUNCH_INTERRUPTED)
		g->r->signal = l.code;
	else
		rc = keep_trial(g, block, config, &l, e);
	launch_release(&l);
	return rc;
}

/* ---- one block ---- */

/* The trials of one round: 0 the plan's own, then repeats of what was disturbed in all before. */
static int one_round(struct running *g, unsigned block, unsigned round, struct err *e)
{
	const struct plan *p = g->p;
	unsigned i;
	int rc = 0;

	for (i = 0; i < p->nr_configs && !rc && !g->r->signal; i++) {
		unsigned config = p->order[(size_t)block * p->nr_configs + i];
		const struct trial_state *t = &g->states.of[(size_t)block * p->nr_configs + config];

		if (states_pending(&g->states, block, config) && t->attempts <= round)
			rc = one_trial(g, block, config, e);
	}
	return rc;
}

/* Would @left trials more end within the budget, at the mean (repeats included) of those that we
 * settled? Nothing is known before the first block, so that one is run. */
static int over_budget(const struct running *g, unsigned left)
{
	double now = elapsed(g);

	return g->r->budget_s > 0 && left && g->settled &&
	       now + now / g->settled * left > g->r->budget_s;
}

static int look(struct running *g, unsigned launches, struct err *e)
{
	double *v;
	int rc = rundir_values(g->d, g->p, PRECISION_METRIC, &v, e);

	if (!rc)
		rc = precision_look(&g->r->precision, g->p, v, launches, e);
	free(v);
	return rc;
}

static int all_blocks(struct running *g, struct err *e)
{
	struct run_result *r = g->r;
	unsigned b, round;
	int rc = 0;

	for (b = 0; b < g->p->blocks && !rc; b++) {
		if (over_budget(g, states_left(&g->states, b))) {
			r->end = RUN_BUDGET;
			return 0;
		}
		for (round = 0; round <= g->states.repeats && !rc && !r->signal; round++)
			rc = one_round(g, b, round, e);
		if (r->signal) {
			r->end = RUN_SIGNAL;
			return rc;
		}
		if (!rc && precision_has_look(&r->precision, b + 1))
			rc = look(g, b + 1, e);
		if (!rc && precision_reached(&r->precision)) {
			r->end = RUN_PRECISION;
			return 0;
		}
	}
	return rc;
}

/* ---- the whole ---- */

static void begin(struct running *g)
{
	const struct run_request *q = g->q;
	struct run_result *r = g->r;
	unsigned b, left = 0;

	for (b = 0; b < g->p->blocks; b++)
		left += states_left(&g->states, b);
	r->planned = g->p->blocks * g->p->nr_configs;
	r->there = r->planned - left;
	r->budget_s = q->budget_s ? q->budget_s : g->p->run.budget_s;
	g->said_missing = r->there || q->quiet;
	g->begin = clock_ns();
	progress_begin(&g->progress, left, q->quiet);
}

static int run_all(struct running *g, struct err *e)
{
	int rc = g->q->launch ? 0 : launcher_init(&g->launcher, e);

	if (rc)
		return rc;
	g->launcher.timeout = g->q->timeout > 0 ? g->q->timeout : g->p->run.timeout;
	g->launcher.verbose = g->q->verbose;
	begin(g);
	rc = all_blocks(g, e);
	if (!rc)
		rc = states_empty(&g->states, &g->r->empty, &g->r->nr_empty, e);
	progress_clear(&g->progress);
	g->r->seconds = elapsed(g);
	g->r->blocks = states_blocks(&g->states);
	states_count(&g->states, &g->r->count);
	if (!g->q->launch)
		launcher_release(&g->launcher);
	return rc;
}

int run_trials(const struct plan *p, const struct rundir *d, const struct run_request *q,
	       struct run_result *r, struct err *e)
{
	struct running g = { .p = p, .d = d, .q = q, .r = r };
	char path[PATH_MAX];
	int rc;

	memset(r, 0, sizeof(*r));
	rc = states_init(&g.states, p, e);
	if (!rc)
		rc = precision_init(&r->precision, p, e);
	if (!rc)
		rc = rundir_states(d, p, &g.states, e);
	if (!rc)
		rc = samples_open(rundir_file(d, SAMPLES_FILE, path), &g.fd, e);
	if (!rc) {
		rc = run_all(&g, e);
		close(g.fd);
	}
	states_release(&g.states);
	return rc;
}

void run_result_release(struct run_result *r)
{
	precision_release(&r->precision);
	free(r->empty);
	r->empty = NULL;
}
