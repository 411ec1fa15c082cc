/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/group.h"
#include "collectors/perf/pick.h"

static int try_terms(const struct perf_sys *sys, const struct ev_candidate *c, enum perf_side side,
		     const struct perf_place *p, struct perf_refusal *why, unsigned *bad)
{
	int rc = 0;

	if (!c->nr_terms) {
		snprintf(why->reason, sizeof(why->reason), "'%.100s' has no events", c->expression);
		return -EINVAL;
	}
	for (*bad = 0; *bad < c->nr_terms; ++*bad) {
		rc = perf_probe(sys, &c->term[*bad].event, side, p, why);
		if (rc)
			break;
	}
	return rc;
}

int perf_pick(struct perf_pick *out, const struct perf_sys *sys, const struct ev_candidate *cand,
	      unsigned nr, enum perf_side side, const struct perf_place *p)
{
	memset(out, 0, sizeof(*out));
	out->chosen = -1;
	for (unsigned i = 0; i < nr && i < EV_CANDIDATES_MAX; i++) {
		if (!try_terms(sys, &cand[i], side, p, &out->why[i], &out->bad[i])) {
			out->chosen = (int)i;
			break;
		}
		out->nr++;
	}
	return out->chosen;
}

/* How much its user can do about it. */
static int rank(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
	case ENOSYS:
		return 3;
	case EMFILE:
	case ENFILE:
	case EBUSY:
	case ENOSPC:
		return 2;
	case EINVAL:
	case ENOENT:
		return 0;
	default:
		return 1;
	}
}

const struct perf_refusal *perf_pick_why(const struct perf_pick *pick)
{
	const struct perf_refusal *best = NULL;

	for (unsigned i = 0; i < pick->nr; i++)
		if (!best || rank(pick->why[i].error) > rank(best->error))
			best = &pick->why[i];
	return best;
}
