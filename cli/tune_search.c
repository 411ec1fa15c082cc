/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/tune_search.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define STARTS 6u	 /* by the prior, before anything is known */
#define EXPLORE 0.8	 /* of the effort is for finding, the rest for finalists and simplifying */
#define EXPLORE_FULL 0.9 /* where there are no finalists, since all trials are of full length */
#define ECONOMIES 4u
#define FINALISTS 8u
#define PATIENCE 24u /* further ones by the prior in a row that gained nothing: then it is found */
#define BRIEF_MOST 0.4	 /* brief trials that cost more of a full one save nothing */
#define PRIOR_SAME 0.005 /* priors closer than this say the same: one of them is tried first */

struct state {
	const struct tune_search *q;
	struct tune_found *f;
	unsigned *by_prior; /* points, best first */
	double limit;	    /* effort that exploring may use */
	double enough;	    /* scores up to this are as good as the best */
};

/* ---- trials ---- */

static double known(const struct state *s, unsigned p)
{
	return isnan(s->f->full[p]) ? s->f->brief[p] : s->f->full[p];
}

static int try_full(struct state *s, unsigned p, struct err *e)
{
	if (!isnan(s->f->full[p]))
		return 0;
	s->f->fulls++;
	s->f->used += 1;
	return s->q->eval(s->q->arg, p, 1, &s->f->full[p], e);
}

/* The length that exploring takes. */
static int try_brief(struct state *s, unsigned p, struct err *e)
{
	if (s->f->brief == s->f->full)
		return try_full(s, p, e);
	if (!isnan(s->f->brief[p]))
		return 0;
	s->f->briefs++;
	s->f->used += s->f->brief_cost;
	return s->q->eval(s->q->arg, p, s->q->brief, &s->f->brief[p], e);
}

static bool spent_out(const struct state *s)
{
	return s->f->used >= s->limit;
}

/* What stands; whether brief trials are worth it, and then that, too. */
static int begin(struct state *s, struct err *e)
{
	struct tune_found *f = s->f;
	double ratio = 1;
	int rc = try_full(s, 0, e);

	if (!rc && s->q->brief < 1)
		ratio = s->q->cost(s->q->arg, s->q->brief) / s->q->cost(s->q->arg, 1);
	if (rc || ratio > BRIEF_MOST) {
		free(f->brief);
		f->brief = f->full;
		f->brief_cost = 1;
		s->limit = f->may * EXPLORE_FULL;
		return rc;
	}
	f->brief_cost = ratio;
	return try_brief(s, 0, e);
}

/* ---- finding ---- */

struct ranked {
	unsigned point, changes;
	double prior;
};

static int better_prior(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->prior != y->prior && !(isnan(x->prior) && isnan(y->prior)))
		return isnan(y->prior) || x->prior < y->prior ? -1 : 1;
	if (x->changes != y->changes)
		return x->changes < y->changes ? -1 : 1;
	return x->point < y->point ? -1 : 1;
}

static void rank(const struct tune_search *q, struct ranked *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		r[i].changes = q->space->point[r[i].point].changes;
		r[i].prior = q->prior ? q->prior[r[i].point] : NAN;
	}
	qsort(r, n, sizeof(*r), better_prior);
}

/* Each toggle of @p changed alone, most promising first. Returns how many are in @r. */
static unsigned neighbours(const struct state *s, unsigned p, struct ranked *r)
{
	const struct tune_space *x = s->q->space;
	unsigned n = 0;

	for (unsigned t = 0; t < x->nr_toggles; t++)
		for (unsigned v = 0; v < x->toggle[t].nr; v++) {
			unsigned to = v == x->point[p].at[t] ? TUNE_NONE :
							       tune_space_step(x, p, t, v);

			if (to != TUNE_NONE && to != p)
				r[n++].point = to;
		}
	rank(s->q, r, n);
	return n;
}

/* From @p downhill; *@at is where it ends. */
static int descend(struct state *s, unsigned p, unsigned *at, struct err *e)
{
	struct ranked r[TUNE_TOGGLES_MOST * TUNE_VALUES_MOST];
	bool moved = true;
	int rc = 0;

	while (moved && !rc && !spent_out(s)) {
		unsigned n = neighbours(s, p, r);

		moved = false;
		for (unsigned i = 0; i < n && !rc && !moved && !spent_out(s); i++) {
			rc = try_brief(s, r[i].point, e);
			moved = !rc && known(s, r[i].point) < known(s, p) * (1 - TUNE_SAME);
			if (moved)
				p = r[i].point;
		}
	}
	*at = p;
	return rc;
}

static unsigned best_known(const struct state *s)
{
	unsigned best = 0;

	for (unsigned p = 1; p < s->q->space->nr_points; p++)
		if (known(s, p) < known(s, best)) /* never of what is not known */
			best = p;
	return best;
}

/* @p with those toggles of @best about which the prior says nothing. */
static unsigned like(const struct state *s, unsigned p, unsigned best)
{
	const struct tune_space *x = s->q->space;
	const uint8_t *at = x->point[best].at;
	unsigned now = p;

	for (unsigned t = 0; t < x->nr_toggles && s->q->prior; t++) {
		unsigned to = tune_space_step(x, now, t, at[t]);

		if (to != TUNE_NONE && s->q->prior[to] == s->q->prior[p])
			now = to;
	}
	return now;
}

/* The next by the prior that was not tried, like @best, and whose prior was not either; then any. */
static unsigned next_by_prior(const struct state *s, unsigned best, bool any)
{
	const double *prior = s->q->prior;
	double last = NAN;

	for (unsigned i = 0; i < s->q->space->nr_points; i++) {
		unsigned p = like(s, s->by_prior[i], best);
		bool tried = !isnan(known(s, p));

		if (!tried && (any || !(prior && fabs(prior[p] - last) <= PRIOR_SAME * last)))
			return p;
		if (tried && prior)
			last = prior[p];
	}
	return TUNE_NONE;
}

/* Down the list of the prior, and downhill from whatever gains. */
static int follow_prior(struct state *s, struct err *e)
{
	unsigned at, p;
	int rc = 0;

	for (unsigned idle = 0; !rc && idle < PATIENCE && !spent_out(s); idle++) {
		unsigned best = best_known(s);

		p = next_by_prior(s, best, false);
		if (p == TUNE_NONE)
			p = next_by_prior(s, best, true);
		if (p == TUNE_NONE)
			break;
		rc = try_brief(s, p, e);
		if (!rc && known(s, p) < known(s, best) * (1 - TUNE_SAME)) {
			rc = descend(s, p, &at, e);
			idle = 0;
		}
	}
	return rc;
}

static int explore(struct state *s, struct err *e)
{
	unsigned at = 0, p;
	int rc = 0;

	for (unsigned i = 0; i < STARTS && s->q->prior && !rc && !spent_out(s); i++) {
		p = next_by_prior(s, 0, false);
		if (p == TUNE_NONE)
			break;
		rc = try_brief(s, p, e);
	}
	if (!rc)
		rc = descend(s, best_known(s), &at, e);
	if (!rc && s->q->prior)
		rc = follow_prior(s, e);
	if (!rc)
		rc = descend(s, 0, &at, e);
	return rc || s->q->prior ? rc : follow_prior(s, e);
}

/* ---- deciding ---- */

/* The best ones of the brief trials at full length. */
static int finals(struct state *s, struct err *e)
{
	struct tune_found *f = s->f;
	unsigned most = (unsigned)(f->may * (1 - EXPLORE));
	int rc = 0;

	if (f->brief == f->full)
		return 0;
	most = most < 2 ? 2 : most > FINALISTS ? FINALISTS : most;
	for (unsigned i = 0; i < most && !rc; i++) {
		unsigned best = TUNE_NONE;

		for (unsigned p = 0; p < s->q->space->nr_points; p++)
			if (isnan(f->full[p]) && !isnan(f->brief[p]) &&
			    (best == TUNE_NONE || f->brief[p] < f->brief[best]))
				best = p;
		if (best == TUNE_NONE)
			break;
		rc = try_full(s, best, e);
	}
	return rc;
}

static double bytes(const struct state *s, unsigned p)
{
	return s->q->space->point[p].bytes_per_object;
}

/* Of two that score and cost about the same: fewer changes, then less memory, then the score after all. */
static bool simpler(const struct state *s, unsigned a, unsigned b)
{
	const struct tune_point *x = &s->q->space->point[a], *y = &s->q->space->point[b];

	if (x->changes != y->changes)
		return x->changes < y->changes;
	if (x->bytes_per_object != y->bytes_per_object)
		return x->bytes_per_object < y->bytes_per_object;
	return s->f->full[a] < s->f->full[b];
}

/* Of all that score as the best: what takes least memory, and of those the simplest. */
static void choose(struct state *s)
{
	const double *full = s->f->full;
	double best = full[0], cheapest = INFINITY;
	unsigned pick = 0, n = s->q->space->nr_points;

	for (unsigned p = 1; p < n; p++)
		if (full[p] < best)
			best = full[p];
	s->enough = best * (1 + TUNE_ENOUGH);
	for (unsigned p = 1; p < n; p++)
		if (full[p] <= s->enough && bytes(s, p) < cheapest)
			cheapest = bytes(s, p);
	for (unsigned p = 1; p < n && full[0] > s->enough; p++)
		if (full[p] <= s->enough && bytes(s, p) <= cheapest * (1 + TUNE_PRICE) &&
		    (!pick || simpler(s, p, pick)))
			pick = p;
	s->f->pick = pick;
}

/* Neighbours of the winner that take less memory, most promising first, in case one of them does as well. */
static int economise(struct state *s, struct err *e)
{
	struct ranked r[TUNE_TOGGLES_MOST * TUNE_VALUES_MOST];
	unsigned left = ECONOMIES;
	bool again = s->f->pick != 0;
	int rc = 0;

	while (again && !rc) {
		unsigned n = neighbours(s, s->f->pick, r);

		again = false;
		for (unsigned i = 0; i < n && left && !rc && !again; i++) {
			unsigned p = r[i].point;

			if (!isnan(s->f->full[p]) ||
			    bytes(s, p) >= bytes(s, s->f->pick) * (1 - TUNE_PRICE))
				continue;
			rc = try_full(s, p, e);
			left--;
			again = !rc && s->f->full[p] <= s->enough;
			if (again)
				s->f->pick = p;
		}
	}
	return rc;
}

/* Toggles of the winner that do nothing go back to what stands, if that costs neither score nor memory. */
static int simplify(struct state *s, struct err *e)
{
	const struct tune_space *x = s->q->space;
	bool again = true;
	int rc = 0;

	while (again && !rc) {
		again = false;
		for (unsigned t = 0; t < x->nr_toggles && !rc && !again; t++) {
			unsigned pick = s->f->pick;
			unsigned to = x->point[pick].at[t] ? tune_space_step(x, pick, t, 0) :
							     TUNE_NONE;

			if (to == TUNE_NONE || to == pick ||
			    bytes(s, to) > bytes(s, pick) * (1 + TUNE_PRICE))
				continue;
			rc = try_full(s, to, e);
			again = !rc && s->f->full[to] <= s->enough &&
				x->point[to].changes < x->point[pick].changes;
			if (again)
				s->f->pick = to;
		}
	}
	return rc;
}

static int state_init(struct state *s, const struct tune_search *q, struct tune_found *f,
		      struct err *e)
{
	unsigned n = q->space->nr_points;
	struct ranked *r = calloc(n, sizeof(*r));

	memset(f, 0, sizeof(*f));
	*s = (struct state){ .q = q, .f = f };
	f->brief = malloc(n * sizeof(*f->brief));
	f->full = malloc(n * sizeof(*f->full));
	s->by_prior = malloc(n * sizeof(*s->by_prior));
	if (!r || !f->brief || !f->full || !s->by_prior) {
		free(r);
		return err_set(e, -ENOMEM, "no memory for %u settings", n);
	}
	for (unsigned p = 0; p < n; p++) {
		f->brief[p] = f->full[p] = NAN;
		r[p].point = p;
	}
	rank(q, r, n);
	for (unsigned p = 0; p < n; p++)
		s->by_prior[p] = r[p].point;
	f->may = q->effort * n;
	if (f->may < q->least)
		f->may = q->least;
	s->limit = f->may * EXPLORE;
	free(r);
	return 0;
}

int tune_search(const struct tune_search *q, struct tune_found *f, struct err *e)
{
	struct state s;
	int rc = state_init(&s, q, f, e);

	if (!rc)
		rc = begin(&s, e);
	if (!rc)
		rc = explore(&s, e);
	if (!rc)
		rc = finals(&s, e);
	if (!rc) {
		choose(&s);
		rc = economise(&s, e);
	}
	if (!rc)
		rc = simplify(&s, e);
	free(s.by_prior);
	if (rc)
		tune_found_release(f);
	return rc;
}

int tune_exhaust(const struct tune_search *q, struct tune_found *f, struct err *e)
{
	struct state s;
	int rc = state_init(&s, q, f, e);

	free(f->brief);
	f->brief = f->full;
	f->brief_cost = 1;
	for (unsigned p = 0; p < q->space->nr_points && !rc; p++)
		rc = try_full(&s, p, e);
	if (!rc)
		choose(&s);
	free(s.by_prior);
	if (rc)
		tune_found_release(f);
	return rc;
}

void tune_found_release(struct tune_found *f)
{
	if (f->brief != f->full)
		free(f->brief);
	free(f->full);
	f->brief = f->full = NULL;
}
