/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of a guest whose instructions are counted by its emulator: exactly what was executed, or nothing at all. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "collectors/perf/proof.h"
#include "collectors/sample/ring.h"
#include "lib/hostfs.h"
#include "tests/guest/help.h"

#define L1D_CACHE 0x04 /* architected events of Arm's PMU, as raw codes */
#define L1D_TLB_REFILL 0x05
#define INST_RETIRED 0x08

static const struct perf_event cycles = { .name = "cycles",
					  .type = PERF_TYPE_HARDWARE,
					  .config = PERF_COUNT_HW_CPU_CYCLES };
static const struct perf_event instructions = { .name = "instructions",
						.type = PERF_TYPE_HARDWARE,
						.config = PERF_COUNT_HW_INSTRUCTIONS };

static struct perf_place place;
static struct perf_sys sys;

static ssize_t read_zero(int fd, void *buf, size_t len)
{
	ssize_t n = perf_sys_kernel.read(fd, buf, len);

	/* nr, time enabled, time running, and the values: see PERF_FORMAT_GROUP */
	if (n > 24)
		memset((char *)buf + 24, 0, (size_t)n - 24);
	return n;
}

/* Two instructions a round. */
__attribute__((noinline)) static void rounds(uint64_t n)
{
#if defined(__aarch64__)
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n) : : "cc");
#elif defined(__x86_64__)
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
#else
	while (n--)
		__asm__ volatile("");
#endif
}

/* What a group counts of @n rounds: the least of some, since the emulator's counter runs on while another CPU of the
 * guest has something to do. */
static void count_rounds(struct perf_group *g, uint64_t n, double least[])
{
	struct perf_count c[PERF_GROUP_MAX];
	bool exact = true;

	for (unsigned attempt = 0; attempt < 5; attempt++) {
		perf_group_start(g);
		rounds(n);
		perf_group_stop(g);
		perf_group_result(g, c);
		for (unsigned i = 0; i < g->nr; i++) {
			exact = exact && c[i].state == VALUE_EXACT;
			if (!attempt || c[i].value < least[i])
				least[i] = c[i].value;
		}
	}
	check(exact, "counters: the group was counted all the time");
}

/* A group of both; the difference between two numbers of rounds is free of what starting and stopping costs. */
static void check_exact(void)
{
	const struct perf_event ev[] = { cycles, instructions };
	static const uint64_t n[] = { 1000, 10000, 1000000, 1234567 };
	struct perf_refusal why;
	struct perf_group g;
	double base[2], count[2];

	if (perf_group_open(&g, &sys, ev, 2, PERF_USER, PERF_PINNED, &place, &why, NULL))
		die("counters: a group of cycles and instructions does not open: %s", why.reason);
	count_rounds(&g, 1000, base);
	check(base[0] > 0 && base[1] > 0,
	      "counters: cycles and instructions open and do not read 0 (%.0f and %.0f for 2000 instructions)",
	      base[0], base[1]);
	for (unsigned i = 0; i < 4; i++) {
		count_rounds(&g, n[i], count);
		for (unsigned k = 0; k < 2; k++)
			check(count[k] - base[k] == 2.0 * (double)(n[i] - 1000),
			      "counters: %s of %llu rounds are %+.0f, known are exactly %+.0f",
			      g.event[k].name, (unsigned long long)n[i], count[k] - base[k],
			      2.0 * (double)(n[i] - 1000));
	}
	perf_group_close(&g);
}

/* The project's own proofs. */
static void check_proof(const char *quantity, const struct perf_event *ev, enum proof_verdict want)
{
	const struct ev_term term = { .factor = 1, .event = *ev };
	const struct proof_row *row = proof_find(quantity);
	struct proof_machine m;
	struct proof_result r;
	struct err e = { "" };

	if (!row || proof_machine_init(&m, 0, &e))
		die("no proof of %s: %s", quantity, e.text);
	proof_run(&r, row, &sys, &m, &term, 1, &place);
	check(r.verdict == want,
	      "counters: the proof of %s (%s) says %s, expected %s; counted %.0f, known %.0f; %s",
	      quantity, ev->name, proof_verdict_names[r.verdict], proof_verdict_names[want],
	      r.counted, r.known, r.verdict == PROOF_EXACT ? "" : r.why.reason);
}

static struct perf_event raw(const char *name, uint64_t config)
{
	struct perf_event ev = { .type = PERF_TYPE_RAW, .config = config };

	strcpy(ev.name, name);
	return ev;
}

static void check_proofs(void)
{
	struct perf_event retired = raw("INST_RETIRED", INST_RETIRED),
			  loads = raw("L1D_CACHE", L1D_CACHE),
			  walks = raw("L1D_TLB_REFILL", L1D_TLB_REFILL);

	check_proof("instructions", &instructions, PROOF_EXACT);
	check_proof("instructions", &retired, PROOF_EXACT);
	/* start and stop cost instructions, and a cycle is one: more than the 32 that wait in a round */
	check_proof("cycles", &cycles, PROOF_APPROXIMATE);
	/* these open, and the emulator never counts them: that has to be noticed */
	check_proof("l1d-loads", &loads, PROOF_WRONG);
	check_proof("dtlb-misses", &walks, PROOF_WRONG);
}

enum { PERIOD = 1000000, SAMPLES = 40 };

/* How many samples there were; *elsewhere: of code other than the loop. */
static unsigned samples(struct sample_ring *ring, unsigned *elsewhere)
{
	struct sample_reader r;
	struct sample s;
	unsigned seen = 0;

	sys.ioctl(ring->fd, PERF_EVENT_IOC_RESET, 0);
	sys.ioctl(ring->fd, PERF_EVENT_IOC_ENABLE, 0);
	rounds((uint64_t)PERIOD * SAMPLES / 2 + PERIOD / 4);
	sys.ioctl(ring->fd, PERF_EVENT_IOC_DISABLE, 0);
	sample_ring_read(ring, &r);
	*elsewhere = 0;
	while (sample_next(&r, &s)) {
		seen++;
		*elsewhere += s.ip - (uintptr_t)rounds > 64;
	}
	check(!r.lost && !r.malformed, "counters: %llu samples lost, %llu malformed",
	      (unsigned long long)r.lost, (unsigned long long)r.malformed);
	sample_ring_done(ring, &r);
	return seen;
}

/* An overflow of the cycle counter is a sample each time. The first of a run has a whole period before it. */
static void check_sampling(void)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = cycles.type,
					.config = cycles.config,
					.sample_period = PERIOD,
					.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID,
					.disabled = 1,
					.exclude_kernel = 1,
					.exclude_hv = 1 };
	int fd = sys.open(&attr, 0, -1, -1, 0);
	struct sample_ring ring = { .sys = NULL };
	unsigned seen, elsewhere;

	if (fd < 0)
		die("counters: sampling of cycles does not open: %s", strerror(-fd));
	if (sample_ring_map(&ring, &sys, fd, 65536, attr.sample_type))
		die("counters: no ring for samples");
	seen = samples(&ring, &elsewhere);
	check(seen == SAMPLES && !elsewhere,
	      "counters: %u samples of cycles, expected %u; %u elsewhere than in the loop", seen,
	      (unsigned)SAMPLES, elsewhere);
	sample_ring_unmap(&ring);
	sys.close(fd);
}

void check_counters(void)
{
	struct hostfs fs;

	hostfs_init(&fs);
	perf_place_read(&place, &fs);
	sys = perf_sys_kernel;
	if (fault("zero"))
		sys.read = read_zero;
	guest_pin(0);
	check_exact();
	check_proofs();
	check_sampling();
}
