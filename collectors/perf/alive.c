/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collectors/perf/alive.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collectors/perf/proof.h"

/* ---- the code ---- */

#define PAGES 256u
#define LINES 4u /* of each page */

/* Out of every cache; 0: this CPU has no instruction for it that a process may use. */
#if defined(__x86_64__)
#define CAN_FLUSH 1
static inline void flush(const volatile char *p)
{
	__asm__ volatile("clflush %0" : : "m"(*p) : "memory");
}
static inline void flushed(void)
{
	__asm__ volatile("mfence" : : : "memory");
}
#elif defined(__aarch64__)
#define CAN_FLUSH 1
static inline void flush(const volatile char *p)
{
	__asm__ volatile("dc civac, %0" : : "r"(p) : "memory");
}
static inline void flushed(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}
#else
#define CAN_FLUSH 0
static inline void flush(const volatile char *p)
{
	(void)p;
}
static inline void flushed(void)
{
}
#endif

PROOF_PLAIN void perf_alive_work(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len = PAGES * page, step = page / LINES;
	volatile char *p =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t at = 0;

	if (p == MAP_FAILED)
		return;
	madvise((void *)(uintptr_t)p, len, MADV_NOHUGEPAGE); /* EINVAL: there are none */
	for (size_t i = 0; i < len; i += step)
		p[i] = 0;
	for (size_t i = 0; i < len; i += step)
		flush(p + i);
	flushed();
	/* each waits for the one before, and the way is not one that is foreseen */
	for (unsigned i = 0; i < PAGES * LINES; i++)
		at = (at + 97 + (size_t)p[at * step]) % (PAGES * LINES);
	munmap((void *)(uintptr_t)p, len);
}

/* ---- the verdict ---- */

/* Does the code certainly do some of what @quantity counts? */
static bool certain(const char *quantity)
{
	const struct proof_row *row = proof_find(quantity);

	if (!row || row->kernel == &proof_chase_remote)
		return false;
	return CAN_FLUSH || row->what != KNOWN_LINES;
}

/* Events of one set that read 0, as bits; also of those that had no counter: nothing is known of them. */
static unsigned zeros(const struct perf_plan *p, const struct perf_set *set, void (*work)(void))
{
	struct perf_count count[PERF_GROUP_MAX];
	struct perf_refusal why;
	struct perf_group g;
	unsigned bits = 0;

	if (perf_group_open(&g, p->sys, set->event, set->nr, set->side,
			    p->multiplex ? 0 : PERF_PINNED, &p->place, &why, NULL))
		return 0;
	perf_group_start(&g);
	work();
	perf_group_stop(&g);
	perf_group_result(&g, count);
	for (unsigned i = 0; i < set->nr; i++)
		if (count[i].state != VALUE_UNAVAILABLE && count[i].value == 0)
			bits |= 1u << i;
	perf_group_close(&g);
	return bits;
}

/* None of its events counted anything. */
static bool dead(const struct perf_item *it, const unsigned *zero)
{
	for (unsigned t = 0; t < it->cand.nr_terms; t++)
		if (!(zero[it->at[t].set] >> it->at[t].event & 1))
			return false;
	return it->counted && it->cand.nr_terms;
}

static void mark(const struct perf_plan *p, struct perf_item *it, bool sure)
{
	it->counted = false;
	memset(&it->why, 0, sizeof(it->why));
	if (sure)
		snprintf(
			it->why.reason, sizeof(it->why.reason),
			"it opens and counts nothing: it read 0 over %u new pages and %u lines from memory%s",
			PAGES, PAGES * LINES, p->place.hypervisor ? " (a virtual PMU?)" : "");
	else
		snprintf(
			it->why.reason, sizeof(it->why.reason),
			"it opens and read 0, as events of this PMU do that cannot be 0: so it is not counted either");
	snprintf(it->why.remedy, sizeof(it->why.remedy),
		 "bare metal, or a PMU that counts it; slabscope doctor proves every event");
}

void perf_plan_alive(struct perf_plan *p, void (*work)(void))
{
	unsigned zero[p->nr_sets + 1];
	bool some = false;

	work(); /* code and data are there when it counts */
	for (unsigned i = 0; i < p->nr_sets; i++) {
		const struct perf_set *set = &p->set[i];

		zero[i] = set->software || set->side == PERF_KERNEL ? 0 : zeros(p, set, work);
	}
	for (unsigned i = 0; i < p->nr_items; i++)
		some |= dead(&p->item[i], zero) && certain(p->item[i].quantity);
	for (unsigned i = 0; i < p->nr_items && some; i++)
		if (dead(&p->item[i], zero))
			mark(p, &p->item[i], certain(p->item[i].quantity));
}
