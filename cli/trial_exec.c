/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the crew does: fill the caches, warm up, find how many operations to measure, measure. */

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "cli/trial_model.h"
#include "lib/clock.h"

/* ---- preparing ---- */

static int job_setup(struct trial_exec *x, struct trial_hand *h, struct err *e)
{
	return x->spec->wl->setup_worker(&x->env, h->w, e);
}

static int job_settle(struct trial_exec *x, struct trial_hand *h, struct err *e)
{
	return x->spec->wl->settle_worker(&x->env, h->w, e);
}

static int job_open(struct trial_exec *x, struct trial_hand *h, struct err *e)
{
	for (unsigned i = 0; i < x->nr_collectors; i++) {
		const struct collector *c = x->collector[i];
		int err = c->thread_open ? c->thread_open(&x->ctx[i], h->w->id, e) : 0;

		if (err)
			return err_prefix(e, err, "collector %s", c->name);
	}
	return 0;
}

int trial_prepare_workers(struct trial_exec *x, struct err *e)
{
	const struct workload *wl = x->spec->wl;
	int err = wl->setup_worker ? trial_crew_turns(x, job_setup, e) : 0;

	if (!err && wl->settle_worker)
		err = trial_crew_turns(x, job_settle, e);
	if (err)
		return err_prefix(e, err, "workload %s", wl->name);
	return trial_crew_turns(x, job_open, e);
}

/* ---- stepping ---- */

/* Exactly @n operations. A blocked worker gives its CPU away and tries again: what it waits for is
 * another worker's turn, which may be on the same CPU. */
static int steps(struct trial_exec *x, struct trial_hand *h, uint64_t n, struct err *e)
{
	while (n) {
		uint64_t done = 0;
		enum wl_status s = wl_step(x->spec->wl, &x->env, h->w, n, &done);

		if (s == WL_FAILED) {
			__atomic_store_n(&x->failed, 1, __ATOMIC_RELEASE);
			return err_set(e, h->w->error, "%s", h->w->err.text);
		}
		n -= done;
		if (s != WL_BLOCKED)
			continue;
		if (__atomic_load_n(&x->failed, __ATOMIC_ACQUIRE))
			return err_set(e, -ECANCELED, "worker %u waits for one that failed",
				       h->w->id);
		sched_yield();
	}
	return 0;
}

static int job_steps(struct trial_exec *x, struct trial_hand *h, struct err *e)
{
	uint64_t start = clock_ns();
	int err = steps(x, h, x->steps, e);

	h->ns = clock_ns() - start;
	return err;
}

/* All workers do @n operations; *ns is what the slowest took. The same number for each, so that
 * workers that wait for each other all get through. */
static int round_of(struct trial_exec *x, uint64_t n, uint64_t *ns, struct err *e)
{
	int err;

	x->steps = n;
	err = x->model ? trial_model_steps(x, n, e) : trial_crew_all(x, job_steps, e);
	x->warmup_ops += n;
	*ns = 0;
	for (unsigned i = 0; i < x->nr_hands; i++)
		if (x->hand[i].ns > *ns)
			*ns = x->hand[i].ns;
	return err;
}

/* Two digits and zeroes: a number that people can read and repeat. */
static uint64_t round_number(double v)
{
	uint64_t unit = 1;

	if (v < 1)
		return 1;
	if (v > 1e18)
		v = 1e18;
	while (v / (double)unit >= 100)
		unit *= 10;
	return (uint64_t)(v / (double)unit) * unit;
}

/* Rounds of twice as many operations each, until one takes an eighth of the wanted region. */
static int calibrate(struct trial_exec *x, double want_ns, struct err *e)
{
	uint64_t n = 1, ns;

	for (;;) {
		int err = round_of(x, n, &ns, e);

		if (err)
			return err;
		if ((double)ns >= want_ns / 8 || n > UINT64_C(1) << 60)
			break;
		n *= 2;
	}
	x->ops = round_number((double)n * want_ns / (double)(ns ? ns : 1));
	return 0;
}

/*
 * Go on warming up until `warmup_ops` are done; if that is auto, until as many as will be measured
 * are done, or duration_ms are over. Rounds are timed one by one, so the last one is cut to what is
 * left.
 */
static int warm(struct trial_exec *x, uint64_t since, double want_ns, struct err *e)
{
	const struct trial_opts *run = &x->spec->run;
	int timed = run->warmup_ops == OPT_AUTO_U64;
	uint64_t target = timed ? x->ops : run->warmup_ops;
	uint64_t n = timed ? 1 : target;

	while (x->warmup_ops < target) {
		uint64_t left = target - x->warmup_ops, ns;
		double ns_left = want_ns - (double)(clock_ns() - since);
		int err;

		if (timed && ns_left <= 0)
			break;
		n = n < left ? n : left;
		err = round_of(x, n, &ns, e);
		if (err)
			return err;
		n = (double)ns * 4 < ns_left ? n * 2 : n > 1 ? n / 2 : 1;
	}
	return 0;
}

/* There is no clock to go by. */
static int model_warm_up(struct trial_exec *x, struct err *e)
{
	const struct trial_opts *run = &x->spec->run;
	uint64_t ns;

	x->ops = run->ops == OPT_AUTO_U64 ? trial_model_ops(x) : run->ops;
	return round_of(x, run->warmup_ops == OPT_AUTO_U64 ? x->ops : run->warmup_ops, &ns, e);
}

int trial_warm_up(struct trial_exec *x, struct err *e)
{
	const struct trial_opts *run = &x->spec->run;
	double want_ns = (double)run->duration_ms * 1e6;
	uint64_t since = clock_ns();
	int err = 0;

	if (x->model)
		return model_warm_up(x, e);
	x->ops = run->ops;
	if (run->ops == OPT_AUTO_U64)
		err = calibrate(x, want_ns, e);
	return err ? err : warm(x, since, want_ns, e);
}

/* ---- the measured region ---- */

/* All workers leave together, within a cache line's way from one CPU to another. They are on CPUs
 * of their own, so turning costs nobody; the yield is for machines where something else runs there
 * too. */
static void meet(struct trial_exec *x)
{
	unsigned turns = 0;

	__atomic_add_fetch(&x->arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&x->arrived, __ATOMIC_ACQUIRE) < x->nr_hands)
		if (++turns % 4096 == 0)
			sched_yield();
}

/* Does collector @i take part in this pass? */
static int takes_part(const struct trial_exec *x, unsigned i)
{
	return x->pass >= x->first_pass[i] && x->pass - x->first_pass[i] < x->passes_of[i];
}

static int job_measure(struct trial_exec *x, struct trial_hand *h, struct err *e)
{
	unsigned id = h->w->id;
	int err;

	meet(x);
	for (unsigned i = 0; i < x->nr_collectors; i++)
		if (x->collector[i]->thread_start && takes_part(x, i))
			x->collector[i]->thread_start(&x->ctx[i], id);
	err = steps(x, h, x->steps, e);
	for (unsigned i = x->nr_collectors; i-- > 0;)
		if (x->collector[i]->thread_stop && takes_part(x, i))
			x->collector[i]->thread_stop(&x->ctx[i], id);
	return err;
}

static int one_pass(struct trial_exec *x, struct err *e)
{
	int err;

	for (unsigned i = 0; i < x->nr_collectors; i++)
		x->ctx[i].pass = x->pass;
	for (unsigned i = 0; i < x->nr_collectors; i++)
		if (x->collector[i]->start && takes_part(x, i))
			x->collector[i]->start(&x->ctx[i]);
	x->steps = x->ops;
	x->arrived = 0;
	err = x->model ? trial_model_steps(x, x->ops, e) : trial_crew_all(x, job_measure, e);
	for (unsigned i = x->nr_collectors; i-- > 0;)
		if (x->collector[i]->stop && takes_part(x, i))
			x->collector[i]->stop(&x->ctx[i]);
	return err;
}

int trial_measure(struct trial_exec *x, struct err *e)
{
	int err = 0;

	for (x->pass = 0; x->pass < x->passes && !err; x->pass++)
		err = one_pass(x, e);
	for (unsigned i = 0; i < x->nr_collectors; i++) {
		x->ctx[i].worker_ops = x->ops;
		x->ctx[i].ops = x->ops * x->env.workers;
		x->spec->wl->cost(&x->env, &x->ctx[i].cost);
	}
	return err;
}
