/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "collectors/perf/userread.h"

/* The page changes below us, but only by an interrupt of this CPU or while we are not running: what
 * the compiler does is all that has to be held back. */
#define barrier() __asm__ volatile("" : : : "memory")

#define user_page volatile struct perf_event_mmap_page

bool perf_user_possible(const struct perf_sys *sys, const struct perf_event *ev)
{
	return sys->rdpmc && !perf_event_software(ev) && !ev->cpu_wide && !ev->no_exclude;
}

static size_t page_len(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* The bits as they are since Linux 3.12; before, one of them meant both things. */
static bool page_allows(const user_page *p)
{
	return p->cap_bit0_is_deprecated && p->cap_user_rdpmc && p->cap_user_time;
}

void perf_user_map(struct perf_group *g)
{
	for (unsigned i = 0; i < g->nr; i++)
		if (!perf_user_possible(g->sys, &g->event[i]))
			return;
	for (unsigned i = 0; i < g->nr; i++) {
		g->page[i] = g->sys->mmap(page_len(), PROT_READ, g->fd[i]);
		if (!g->page[i] || !page_allows(g->page[i])) {
			perf_user_unmap(g);
			return;
		}
	}
	g->how = "rdpmc";
}

void perf_user_unmap(struct perf_group *g)
{
	for (unsigned i = 0; i < g->nr; i++)
		if (g->page[i]) {
			g->sys->munmap(g->page[i], page_len());
			g->page[i] = NULL;
		}
	g->how = "read";
}

static uint64_t ticks(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#elif defined(__aarch64__)
	uint64_t t;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
	return t;
#else
	return 0;
#endif
}

/* ns since the kernel wrote the page's times, by the formula of perf_event.h. */
static uint64_t since_update(const user_page *p)
{
	uint64_t now = ticks(), mult = p->time_mult, shift = p->time_shift;

	if (shift > 63)
		return 0;
	if (p->cap_user_time_short)
		now = p->time_cycles + ((now - p->time_cycles) & p->time_mask);
	return p->time_offset + (now >> shift) * mult +
	       (((now & ((UINT64_C(1) << shift) - 1)) * mult) >> shift);
}

/* The counter has `width` bits and may have gone past their end since the kernel last looked: as a
 * signed number of that width it is the distance from `offset`. */
static int page_value(const struct perf_sys *sys, const user_page *p, uint64_t *value)
{
	uint32_t index = p->index;
	unsigned width = p->pmc_width;
	uint64_t pmc;

	if (!index || !page_allows(p) || !width || width > 64)
		return -EOPNOTSUPP;
	pmc = sys->rdpmc(index - 1);
	pmc <<= 64 - width;
	*value = (uint64_t)p->offset + (uint64_t)((int64_t)pmc >> (64 - width));
	return 0;
}

static int read_once(const struct perf_group *g, struct perf_reading *r)
{
	const user_page *lead = g->page[0];
	uint32_t lock[PERF_GROUP_MAX];
	uint64_t since;
	int rc = 0;

	for (unsigned i = 0; i < g->nr; i++) {
		lock[i] = ((const user_page *)g->page[i])->lock;
		if (lock[i] & 1) /* being written */
			return -EAGAIN;
	}
	barrier();
	since = since_update(lead);
	r->enabled = lead->time_enabled + since;
	r->running = lead->time_running + since;
	for (unsigned i = 0; i < g->nr && !rc; i++)
		rc = page_value(g->sys, g->page[i], &r->value[i]);
	barrier();
	/* also where it seems not to be on a counter: that may have been half an update */
	for (unsigned i = 0; i < g->nr; i++)
		if (((const user_page *)g->page[i])->lock != lock[i])
			return -EAGAIN;
	return rc;
}

int perf_user_read(const struct perf_group *g, struct perf_reading *r)
{
	int rc = -EAGAIN;

	if (!g->page[0])
		return -EOPNOTSUPP;
	for (unsigned i = 0; i < PERF_USER_TRIES && rc == -EAGAIN; i++)
		rc = read_once(g, r);
	return rc;
}
