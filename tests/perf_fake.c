/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/perf_fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"

#define EVENTS_MAX 512
#define FIRST_FD 1000

struct fake_event {
	bool open, enabled, error; /* error: pinned, and did not fit */
	struct perf_event_attr attr;
	int leader; /* index; its own: it leads */
	double count;
	uint64_t t_enabled, t_running;
	struct perf_event_mmap_page *page;
};

struct perf_fake perf_fake;
static struct fake_event event[EVENTS_MAX];
static unsigned pages;
static uint64_t now, last_ticks;

static bool hardware(const struct fake_event *e)
{
	return e->attr.type != PERF_TYPE_SOFTWARE;
}

static enum perf_side side_of(const struct perf_event_attr *a)
{
	return a->exclude_kernel ? PERF_USER : a->exclude_user ? PERF_KERNEL : PERF_BOTH;
}

double perf_fake_rate(uint32_t type, uint64_t config, enum perf_side side)
{
	double rate = 1 + (double)(config % 13) + (type == PERF_TYPE_SOFTWARE ? 100 : 0);

	if (type == PERF_TYPE_RAW && config < 64 && perf_fake.dead >> config & 1)
		return 0;
	return side == PERF_USER ? rate : side == PERF_KERNEL ? rate * 1000 : rate * 1001;
}

static unsigned group_size(int leader)
{
	unsigned n = 0;

	for (int i = 0; i < EVENTS_MAX; i++)
		n += event[i].open && event[i].leader == leader && hardware(&event[i]);
	return n;
}

/* Does the group get counters at all? */
static bool placed(const struct fake_event *lead)
{
	unsigned size = group_size(lead->leader);

	if (!size)
		return true;
	return !perf_fake.stopped && size + perf_fake.taken <= perf_fake.counters;
}

static double share_of(const struct fake_event *lead)
{
	if (!group_size(lead->leader))
		return 1;
	if (!placed(lead) || lead->error)
		return 0;
	return lead->attr.pinned ? 1 : perf_fake.share;
}

/* ---- the mapped page ---- */

static uint64_t raw_counter(const struct fake_event *e)
{
	uint64_t mask = perf_fake.pmc_width >= 64 ? ~UINT64_C(0) :
						    (UINT64_C(1) << perf_fake.pmc_width) - 1;

	return (perf_fake.pmc_start + (uint64_t)e->count) & mask;
}

static int64_t sign_extend(uint64_t v)
{
	unsigned up = 64 - perf_fake.pmc_width;

	return (int64_t)(v << up) >> up;
}

/* As the kernel does when the event comes on or off a counter. */
static void page_update(struct fake_event *e)
{
	struct perf_event_mmap_page *p = e->page;
	struct fake_event *lead = &event[e->leader];
	bool on = lead->enabled && share_of(lead) == 1;

	if (!p)
		return;
	p->lock++;
	p->cap_bit0_is_deprecated = 1;
	p->cap_user_rdpmc = perf_fake.rdpmc;
	p->cap_user_time = perf_fake.user_time;
	p->pmc_width = (uint16_t)perf_fake.pmc_width;
	p->index = on ? (uint32_t)(e - event) + 1 : 0;
	p->offset = (int64_t)e->count - (on ? sign_extend(raw_counter(e)) : 0);
	p->time_enabled = e->t_enabled;
	p->time_running = e->t_running;
	p->time_shift = 0;
	p->time_mult = perf_fake.live;
	p->time_offset = perf_fake.live ? (uint64_t)0 - last_ticks : 0;
	p->lock++;
}

/* ---- time ---- */

static void advance(uint64_t ns, uint64_t units)
{
	now += ns;
	for (int i = 0; i < EVENTS_MAX; i++) {
		struct fake_event *e = &event[i], *lead = &event[e->leader];
		double share;

		if (!e->open || !lead->enabled)
			continue;
		share = share_of(lead);
		e->t_enabled += ns;
		e->t_running += (uint64_t)((double)ns * share);
		e->count += (double)units * share *
			    perf_fake_rate(e->attr.type, e->attr.config, side_of(&e->attr));
		/* the clock goes on; the page is not written for it */
		if (e->page && !perf_fake.live)
			e->page->time_offset += ns;
	}
}

/* What has passed since the last look. */
static void tick(void)
{
	uint64_t t = clock_ticks_begin();

	if (perf_fake.live && last_ticks)
		advance(t - last_ticks, 0);
	else
		advance(perf_fake.step, 0);
	last_ticks = t;
}

void perf_fake_run(uint64_t units)
{
	if (perf_fake.live)
		tick();
	advance(perf_fake.live ? 0 : units, units);
}

void perf_fake_nudge(int64_t n)
{
	for (int i = 0; i < EVENTS_MAX; i++)
		if (event[i].open) {
			event[i].count += (double)n;
			return;
		}
}

void perf_fake_warp(int64_t ns)
{
	for (int i = 0; i < EVENTS_MAX; i++)
		event[i].t_running += (uint64_t)ns;
}

/* ---- the calls ---- */

static int refused(const struct perf_event_attr *a, int group)
{
	const struct perf_fake_rule *r = perf_fake.rule;

	for (; r && r->error; r++)
		if ((r->type < 0 || (uint32_t)r->type == a->type) &&
		    (r->config < 0 || (uint64_t)r->config == a->config) &&
		    (r->side < 0 || (enum perf_side)r->side == side_of(a)) &&
		    (!r->only_member || group >= 0))
			return r->error;
	return 0;
}

static unsigned nr_open(void)
{
	unsigned n = 0;

	for (int i = 0; i < EVENTS_MAX; i++)
		n += event[i].open;
	return n;
}

static int fake_open(struct perf_event_attr *a, pid_t pid, int cpu, int group, unsigned long flags)
{
	int at = 0, lead = group < 0 ? -1 : group - FIRST_FD;

	(void)flags;
	(void)cpu;
	(void)pid;
	tick();
	perf_fake.opens++;
	perf_fake.last = *a;
	if (perf_fake.open_eintr) {
		perf_fake.open_eintr -= perf_fake.open_eintr != ~0u;
		return -EINTR;
	}
	if (refused(a, group))
		return -refused(a, group);
	if (nr_open() >= perf_fake.open_max)
		return -EMFILE;
	while (event[at].open)
		at++;
	event[at] = (struct fake_event){ .open = true,
					 .attr = *a,
					 .leader = lead < 0 ? at : lead,
					 .enabled = !a->disabled && lead < 0 };
	if (hardware(&event[at]) && group_size(event[at].leader) > perf_fake.counters) {
		event[at].open = false;
		return -EINVAL;
	}
	return FIRST_FD + at;
}

static struct fake_event *find(int fd)
{
	int i = fd - FIRST_FD;

	return i >= 0 && i < EVENTS_MAX && event[i].open ? &event[i] : NULL;
}

static int switch_group(struct fake_event *lead, bool on)
{
	lead->enabled = on;
	lead->error = on && lead->attr.pinned && !placed(lead);
	for (int i = 0; i < EVENTS_MAX; i++)
		if (event[i].open && event[i].leader == lead->leader)
			page_update(&event[i]);
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, unsigned long arg)
{
	struct fake_event *e = find(fd);

	(void)arg;
	tick();
	perf_fake.ioctls++;
	if (!e)
		return -EBADF;
	if (request == PERF_EVENT_IOC_ENABLE) {
		if (perf_fake.enable_eintr) {
			perf_fake.enable_eintr -= perf_fake.enable_eintr != ~0u;
			return -EINTR;
		}
		return perf_fake.enable_error ? -perf_fake.enable_error : switch_group(e, true);
	}
	if (request == PERF_EVENT_IOC_DISABLE)
		return perf_fake.disable_error ? -perf_fake.disable_error : switch_group(e, false);
	return -ENOTTY;
}

static ssize_t whole_read(const struct fake_event *lead, uint64_t *out, size_t len)
{
	unsigned n = 0;

	for (int i = 0; i < EVENTS_MAX; i++)
		if (event[i].open && event[i].leader == lead->leader) {
			if ((3 + n + 1) * sizeof(*out) > len)
				return -ENOSPC;
			out[3 + n++] = (uint64_t)event[i].count;
		}
	out[0] = perf_fake.read_nr ? perf_fake.read_nr : n;
	out[1] = lead->t_enabled;
	out[2] = lead->t_running;
	return (ssize_t)((3 + n) * sizeof(*out));
}

static ssize_t fake_read(int fd, void *buf, size_t len)
{
	struct fake_event *e = find(fd);
	bool fails = perf_fake.reads++ >= perf_fake.read_from;

	tick();
	if (!e)
		return -EBADF;
	if (perf_fake.read_eintr) {
		perf_fake.read_eintr -= perf_fake.read_eintr != ~0u;
		return -EINTR;
	}
	if (fails && perf_fake.read_error)
		return -perf_fake.read_error;
	if (e->error)
		return 0;
	if (fails && perf_fake.read_bytes >= 0) {
		memset(buf, 0x5a, (size_t)perf_fake.read_bytes);
		return perf_fake.read_bytes;
	}
	return whole_read(e, buf, len);
}

static void *fake_mmap(size_t len, int prot, int fd)
{
	struct fake_event *e = find(fd);

	(void)prot;
	perf_fake.mmaps++;
	if (!e || perf_fake.mmap_error) {
		errno = e ? perf_fake.mmap_error : EBADF;
		return NULL;
	}
	e->page = calloc(1, len);
	if (e->page) {
		pages++;
		page_update(e);
	}
	return e->page;
}

static int fake_munmap(void *p, size_t len)
{
	(void)len;
	for (int i = 0; i < EVENTS_MAX; i++)
		if (event[i].page == p)
			event[i].page = NULL;
	pages--;
	free(p);
	return 0;
}

static int fake_close(int fd)
{
	struct fake_event *e = find(fd);

	if (!e)
		return -EBADF;
	e->open = false;
	return 0;
}

static uint64_t fake_rdpmc(unsigned counter)
{
	struct fake_event *e = &event[counter];
	uint64_t v = raw_counter(e);

	perf_fake.rdpmcs++;
	if (perf_fake.lock_changes) {
		perf_fake.lock_changes -= perf_fake.lock_changes != ~0u;
		page_update(e);
		return v + 12345; /* torn: a number of another time */
	}
	if (perf_fake.no_index && e->page) {
		perf_fake.no_index -= perf_fake.no_index != ~0u;
		e->page->lock += 2;
		e->page->index = 0;
	}
	return v;
}

const struct perf_sys perf_fake_sys = {
	.open = fake_open,
	.ioctl = fake_ioctl,
	.read = fake_read,
	.mmap = fake_mmap,
	.munmap = fake_munmap,
	.close = fake_close,
	.rdpmc = fake_rdpmc,
};

void perf_fake_reset(void)
{
	for (int i = 0; i < EVENTS_MAX; i++)
		free(event[i].page);
	memset(event, 0, sizeof(event));
	pages = 0;
	now = last_ticks = 0;
	perf_fake = (struct perf_fake){
		.counters = 6,
		.share = 1,
		.pmc_width = 48,
		.open_max = EVENTS_MAX - 1,
		.read_bytes = -1,
	};
}

unsigned perf_fake_leaks(void)
{
	return nr_open() + pages;
}
