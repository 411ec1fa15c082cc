/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/perf/userread.h"
#include "collectors/perf/worker.h"
#include "lib/clock.h"

static void open_slot(struct perf_slot *s, const struct perf_plan *p, const struct perf_set *set,
		      enum perf_read_by by)
{
	unsigned flags = (!set->software && !p->multiplex ? PERF_PINNED : 0) |
			 (p->inherit ? PERF_INHERIT : 0);
	struct perf_group *g = &s->group;

	if (perf_group_open(g, p->sys, set->event, set->nr, set->side, flags, &p->place, &s->why,
			    NULL))
		return;
	s->open = true;
	if (by == PERF_READ_CALL)
		perf_user_unmap(g);
	if (by != PERF_READ_RDPMC || set->software || g->page[0])
		return;
	perf_group_close(g);
	s->open = false;
	if (p->inherit) {
		s->why = (struct perf_refusal){
			.reason = "nobody reads the counters of other processes from user space",
			.remedy = "perf_read=auto",
		};
		return;
	}
	s->why = (struct perf_refusal){
		.reason = "the kernel does not let these counters be read from user space",
		.remedy = "x86: echo 1 >/sys/bus/event_source/devices/cpu/rdpmc; arm64: sysctl -w "
			  "kernel.perf_user_access=1; or perf_read=auto",
	};
}

/* In the order of the plan, the software's first and the hardware's nearest the region; stopped in
 * the reverse. */
static bool in_pass(const struct perf_worker *w, const struct perf_plan *p, unsigned i,
		    unsigned pass, bool software)
{
	return w->slot[i].open && p->set[i].pass == pass && p->set[i].software == software;
}

void perf_worker_start(struct perf_worker *w, const struct perf_plan *p, unsigned pass)
{
	for (unsigned software = 2; software-- > 0;)
		for (unsigned i = 0; i < w->nr; i++)
			if (in_pass(w, p, i, pass, software))
				perf_group_start(&w->slot[i].group);
}

void perf_worker_stop(struct perf_worker *w, const struct perf_plan *p, unsigned pass)
{
	for (unsigned software = 0; software < 2; software++)
		for (unsigned i = w->nr; i-- > 0;)
			if (in_pass(w, p, i, pass, software))
				perf_group_stop(&w->slot[i].group);
}

/* ---- what an empty region counts, and what a reading costs ---- */

static void take_empty(struct perf_slot *s)
{
	struct perf_count count[PERF_GROUP_MAX];
	bool exact = true;

	perf_group_result(&s->group, count);
	for (unsigned i = 0; i < s->group.nr; i++)
		exact &= count[i].state == VALUE_EXACT;
	if (!exact)
		return;
	for (unsigned i = 0; i < s->group.nr; i++)
		if (!s->calibrated || count[i].value < s->empty[i])
			s->empty[i] = count[i].value;
	s->calibrated = true;
}

static void time_reading(struct perf_slot *s)
{
	struct perf_reading r;
	bool user;

	for (unsigned i = 0; i < PERF_EMPTY_REGIONS; i++) {
		uint64_t before = clock_ns(), ns;

		if (perf_group_read(&s->group, &r, &user))
			return;
		ns = clock_ns() - before;
		if (!s->read_ns || ns < s->read_ns) {
			s->read_ns = ns ? ns : 1;
			s->read_how = user ? "rdpmc" : "read";
		}
	}
}

/* Forget the last one: a region that was not run must not be taken for an empty one. */
static void forget(struct perf_slot *s)
{
	memset(s->group.at, 0, sizeof(s->group.at));
	s->group.failed = NULL;
	s->group.error[0] = s->group.error[1] = 0;
}

static void calibrate(struct perf_worker *w, const struct perf_plan *p)
{
	for (unsigned pass = 0; pass < p->passes; pass++) {
		for (unsigned n = 0; n < PERF_EMPTY_REGIONS; n++) {
			perf_worker_start(w, p, pass);
			perf_worker_stop(w, p, pass);
			for (unsigned i = 0; i < w->nr; i++)
				if (w->slot[i].open && p->set[i].pass == pass)
					take_empty(&w->slot[i]);
		}
		perf_worker_start(w, p, pass);
		for (unsigned i = 0; i < w->nr; i++)
			if (w->slot[i].open && p->set[i].pass == pass)
				time_reading(&w->slot[i]);
		perf_worker_stop(w, p, pass);
	}
	for (unsigned i = 0; i < w->nr; i++)
		forget(&w->slot[i]);
}

int perf_worker_open(struct perf_worker *w, const struct perf_plan *p, enum perf_read_by by,
		     struct err *e)
{
	size_t size = (p->nr_sets * sizeof(*w->slot) + 255) & ~(size_t)255;

	w->nr = 0;
	w->slot = aligned_alloc(256, size ? size : 256);
	if (!w->slot)
		return err_set(e, -ENOMEM, "no memory for the counters of a worker");
	memset(w->slot, 0, size);
	w->nr = p->nr_sets;
	for (unsigned i = 0; i < w->nr; i++)
		open_slot(&w->slot[i], p, &p->set[i], by);
	calibrate(w, p);
	return 0;
}

void perf_worker_close(struct perf_worker *w)
{
	for (unsigned i = 0; i < w->nr; i++)
		perf_group_close(&w->slot[i].group);
	free(w->slot);
	w->slot = NULL;
	w->nr = 0;
}
