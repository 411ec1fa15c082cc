/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One group: open, bracket a region, say what was counted.
 *
 * A reading in user space and one by read(2) may be subtracted from each other (->how is "mixed"
 * then): both give the event's total and its two times by the kernel's clocks. The user-space one
 * adds the same time to `enabled` and `running`, so their difference, on which it depends whether
 * a count is exact, is the kernel's own in either.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/group.h"
#include "collectors/perf/userread.h"

#define READ_FORMAT \
	(PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING)

/* ---- open, close ---- */

static void fill_attr(struct perf_event_attr *a, const struct perf_event *ev, enum perf_side asked)
{
	enum perf_side side = perf_event_side(ev, asked);

	memset(a, 0, sizeof(*a));
	a->size = sizeof(*a);
	a->type = ev->type;
	a->config = ev->config;
	a->config1 = ev->config1;
	a->config2 = ev->config2;
	a->read_format = READ_FORMAT;
	if (ev->no_exclude)
		return;
	/* the hypervisor's side goes with the kernel's: some Arm kernels refuse one without the
	 * other */
	a->exclude_user = side == PERF_KERNEL;
	a->exclude_kernel = side == PERF_USER;
	a->exclude_hv = side == PERF_USER;
}

static int open_attr(const struct perf_sys *sys, struct perf_event_attr *a,
		     const struct perf_event *ev, int leader)
{
	int fd = -EINTR;

	for (unsigned i = 0; i < PERF_INTR_TRIES && fd == -EINTR; i++)
		fd = sys->open(a, ev->cpu_wide ? -1 : 0, ev->cpu_wide ? ev->cpu : -1, leader,
			       PERF_FLAG_FD_CLOEXEC);
	return fd;
}

static int open_event(const struct perf_group *g, const struct perf_event *ev, unsigned flags)
{
	int leader = ev == g->event ? -1 : g->fd[0], fd;
	struct perf_event_attr a;

	fill_attr(&a, ev, g->side);
	a.disabled = leader < 0;
	a.pinned = leader < 0 && (flags & PERF_PINNED);
	a.inherit = (flags & PERF_INHERIT) && !ev->cpu_wide;
	if (PERF_USER_CONFIG1 && !a.inherit && perf_user_possible(g->sys, ev)) {
		a.config1 |= PERF_USER_CONFIG1;
		fd = open_attr(g->sys, &a, ev, leader);
		if (fd != -EINVAL && fd != -EOPNOTSUPP)
			return fd;
		a.config1 = ev->config1; /* an older kernel */
	}
	return open_attr(g->sys, &a, ev, leader);
}

int perf_group_open(struct perf_group *g, const struct perf_sys *sys, const struct perf_event *ev,
		    unsigned nr, enum perf_side side, unsigned flags, const struct perf_place *p,
		    struct perf_refusal *why, unsigned *bad)
{
	memset(g, 0, sizeof(*g));
	g->sys = sys;
	g->side = side;
	g->how = "read";
	if (!nr || nr > PERF_GROUP_MAX) {
		*why = (struct perf_refusal){ .error = EINVAL };
		snprintf(why->reason, sizeof(why->reason), "a group has 1 to %d events, not %u",
			 PERF_GROUP_MAX, nr);
		if (bad)
			*bad = 0;
		return -EINVAL;
	}
	memcpy(g->event, ev, nr * sizeof(*ev));
	for (unsigned i = 0; i < nr; i++) {
		g->fd[i] = open_event(g, &g->event[i], flags);
		if (g->fd[i] < 0) {
			int error = g->fd[i];

			perf_refusal_of(why, -error, &ev[i], side, p);
			if (bad)
				*bad = i;
			perf_group_close(g);
			return error;
		}
		g->nr++;
	}
	if (!(flags & PERF_INHERIT)) /* the kernel refuses to map those */
		perf_user_map(g);
	return 0;
}

void perf_group_close(struct perf_group *g)
{
	if (!g->sys)
		return;
	perf_user_unmap(g);
	while (g->nr) /* the leader last */
		g->sys->close(g->fd[--g->nr]);
}

int perf_probe(const struct perf_sys *sys, const struct perf_event *ev, enum perf_side side,
	       const struct perf_place *p, struct perf_refusal *why)
{
	struct perf_group g;
	int rc = perf_group_open(&g, sys, ev, 1, side, 0, p, why, NULL);

	if (!rc)
		perf_group_close(&g);
	return rc;
}

/* ---- readings ---- */

static int read_call(const struct perf_group *g, struct perf_reading *r)
{
	uint64_t buf[3 + PERF_GROUP_MAX];
	size_t want = (3 + g->nr) * sizeof(buf[0]);
	ssize_t got = -EINTR;

	for (unsigned i = 0; i < PERF_INTR_TRIES && got == -EINTR; i++)
		got = g->sys->read(g->fd[0], buf, want);
	if (got < 0)
		return (int)got;
	if (!got)
		return -ENODATA;
	if ((size_t)got != want || buf[0] != g->nr)
		return -EBADMSG;
	r->enabled = buf[1];
	r->running = buf[2];
	memcpy(r->value, buf + 3, g->nr * sizeof(buf[0]));
	return 0;
}

int perf_group_read(const struct perf_group *g, struct perf_reading *r, bool *user)
{
	bool without = g->page[0] && !perf_user_read(g, r);

	if (user)
		*user = without;
	return without ? 0 : read_call(g, r);
}

/*
 * The leader alone: members are never off, and follow it. Switching each of them as well
 * (PERF_IOC_FLAG_GROUP) leaves clocks that are members off from the second time on (seen with Linux
 * 6.18), and they then read as 0 in a group that ran.
 */
static int control(const struct perf_group *g, unsigned long request)
{
	int rc = -EINTR;

	for (unsigned i = 0; i < PERF_INTR_TRIES && rc == -EINTR; i++)
		rc = g->sys->ioctl(g->fd[0], request, 0);
	return rc;
}

static void failed(struct perf_group *g, int at, int error, const char *what)
{
	if (!error || g->failed)
		return;
	g->error[at] = error;
	g->failed = what;
}

void perf_group_start(struct perf_group *g)
{
	bool user = false;

	g->failed = NULL;
	g->error[0] = g->error[1] = 0;
	memset(&g->at[1], 0, sizeof(g->at[1]));
	failed(g, 0, control(g, PERF_EVENT_IOC_ENABLE), "enabling the counters");
	if (!g->failed)
		failed(g, 0, perf_group_read(g, &g->at[0], &user), "the first reading");
	g->how = user ? "rdpmc" : "read";
}

void perf_group_stop(struct perf_group *g)
{
	bool user = false;

	failed(g, 1, perf_group_read(g, &g->at[1], &user), "the second reading");
	failed(g, 1, control(g, PERF_EVENT_IOC_DISABLE), "disabling the counters");
	if (strcmp(g->how, user ? "rdpmc" : "read"))
		g->how = "mixed";
}

/* ---- results ---- */

static void refuse(struct perf_refusal *r, int error, const char *reason, const char *remedy)
{
	r->error = error;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	snprintf(r->remedy, sizeof(r->remedy), "%s", remedy);
}

static void failure(const struct perf_group *g, struct perf_refusal *r)
{
	int error = g->error[0] ? g->error[0] : g->error[1];

	switch (error) {
	case -ENODATA:
		refuse(r, 0,
		       "did not fit: the counters were not free for all events of the group at once",
		       "count fewer events at a time; stop what else counts (another profiler, the "
		       "NMI watchdog: sysctl -w kernel.nmi_watchdog=0)");
		break;
	case -EBADMSG:
		refuse(r, 0, "short reading: the kernel gave less than the group has",
		       "report it, with the kernel's version");
		break;
	default:
		refuse(r, -error, "", "");
		snprintf(r->reason, sizeof(r->reason), "%s failed: %s", g->failed,
			 strerror(-error));
	}
}

/* What is wrong with the two times, for all events of the group; false: nothing. */
static bool bad_times(const struct perf_group *g, struct perf_refusal *r)
{
	int64_t enabled = (int64_t)(g->at[1].enabled - g->at[0].enabled);
	int64_t running = (int64_t)(g->at[1].running - g->at[0].running);

	if (g->failed)
		failure(g, r);
	else if (enabled < 0 || running < 0 || running > enabled)
		refuse(r, 0, "the kernel's times of the event contradict each other",
		       "perf_read=read; if it stays, report it with the kernel's version");
	else if (!running)
		refuse(r, 0, "never on a counter while the region ran",
		       "count fewer events at a time, make the region longer, or stop what else "
		       "uses the counters");
	else
		return false;
	return true;
}

static void result_of(const struct perf_group *g, unsigned i, struct perf_count *out)
{
	uint64_t enabled = g->at[1].enabled - g->at[0].enabled;
	uint64_t running = g->at[1].running - g->at[0].running;
	int64_t value = (int64_t)(g->at[1].value[i] - g->at[0].value[i]);

	if (value < 0) {
		refuse(&out->why, 0, "the counter ran backwards",
		       "perf_read=read; if it stays, report it with the kernel's version");
		return;
	}
	out->state = running == enabled ? VALUE_EXACT : VALUE_SCALED;
	out->share = running == enabled ? 1 : (double)running / (double)enabled;
	out->value = (double)value;
	if (out->state == VALUE_SCALED)
		out->value *= (double)enabled / (double)running;
}

void perf_group_result(const struct perf_group *g, struct perf_count out[])
{
	struct perf_refusal why;
	bool bad = bad_times(g, &why);

	for (unsigned i = 0; i < g->nr; i++) {
		memset(&out[i], 0, sizeof(out[i]));
		out[i].state = VALUE_UNAVAILABLE;
		if (bad)
			out[i].why = why;
		else
			result_of(g, i, &out[i]);
	}
}
