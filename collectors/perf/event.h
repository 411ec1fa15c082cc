/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_PERF_EVENT_H
#define SLABSCOPE_PERF_EVENT_H

/*
 * An event as perf_event_open wants it, and what a refused one means. Plain data: events come from
 * collectors/perf/choose.h (quantities of the data files) or are written down as constants.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERF_NAME_MAX 192
#define PERF_REASON_MAX 200

enum perf_side { PERF_USER, PERF_KERNEL, PERF_BOTH };
extern const char *const perf_side_names[]; /* "user", "kernel", "both", NULL */

struct perf_event {
	char name[PERF_NAME_MAX]; /* as the data say: "skx::L1D:REPLACEMENT", "perf::PAGE-FAULTS" */
	uint32_t type;		  /* PERF_TYPE_* or a PMU's number from sysfs */
	uint64_t config, config1, config2;
	unsigned precise; /* precise_ip wanted, for samples */
	bool no_exclude;  /* uncore: the PMU refuses exclude bits */
	bool cpu_wide;	  /* uncore: pid -1, on `cpu` */
	int cpu;
};

/* Is it one of the kernel's own software events? */
bool perf_event_software(const struct perf_event *ev);
/* Are its counts the same whichever side is asked for: the clocks, context switches, migrations? */
bool perf_event_sideless(const struct perf_event *ev);
/* The side to open it on when @asked is wanted. Switches and migrations happen in the kernel, so
 * they read 0 with the kernel left out, and need permission for its side; clocks need none. */
enum perf_side perf_event_side(const struct perf_event *ev, enum perf_side asked);
/* Would both count the same? */
bool perf_event_same(const struct perf_event *a, const struct perf_event *b);

/* Why there is no number: always all three. */
struct perf_refusal {
	int error; /* errno, positive; 0: not a system call's */
	char reason[PERF_REASON_MAX];
	char remedy[PERF_REASON_MAX]; /* what its user can do; "" if nothing can be done */
};

/* What is known of the machine that decides which reason is the right one. */
struct perf_place {
	int paranoid;		  /* kernel.perf_event_paranoid; PERF_PARANOID_UNKNOWN */
	bool perfmon;		  /* CAP_PERFMON or CAP_SYS_ADMIN is ours, and not a container's */
	bool pmu;		  /* sysfs has a PMU of the core */
	bool hypervisor;	  /* this is a virtual machine: lib/virt.h */
	bool emulated;		  /* and one whose instructions a program executes */
	char hypervisor_name[32]; /* "KVM", ...; "" unknown */
	unsigned open_files;	  /* RLIMIT_NOFILE, soft */
};
#define PERF_PARANOID_UNKNOWN 99

struct hostfs;
void perf_place_read(struct perf_place *p, const struct hostfs *h);

/* Fill @r for @error (positive errno) of opening @ev on @side; the table of all errors is here. */
void perf_refusal_of(struct perf_refusal *r, int error, const struct perf_event *ev,
		     enum perf_side side, const struct perf_place *p);

/* "reason (ENOENT). Remedy: ...", for a value's note; one line. Returns @buf. */
char *perf_refusal_text(const struct perf_refusal *r, char *buf, size_t len);

/* "ENOENT" for 2; "errno 4711" for one without a name (into @buf of at least 24). */
const char *perf_errno_name(int error, char *buf, size_t len);

#endif
