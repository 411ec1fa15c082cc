/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SLABSCOPE_INTERFERENCE_H
#define SLABSCOPE_INTERFERENCE_H

/*
 * Private to the interference collector and its tests: a ledger of what else happened while a
 * region ran, and the rules that say when it was too much.
 *
 *	text.c      what the files say
 *	read.c      takes them, at both ends of the region
 *	figures.c   the ledger: differences, per worker, or why there is none
 *	rules.c     thresholds, fixed before the run
 *
 * A worker reads its own schedstat and rusage just outside its steps, from descriptors that are
 * open long before; all else the main thread reads when the workers stand still.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "collectors/collector.h"
#include "engine/machine.h"
#include "lib/hostfs.h"

/* ---- text.c: each 0 or -errno, and never beyond the text ---- */

/* "RUNNING WAITING SLICES" in ns, ns, 1. */
struct schedstat {
	uint64_t run, wait, slices;
};
int schedstat_parse(const char *text, struct schedstat *s);

/* A line of a file of /proc/pressure: "some avg10=1.50 avg60=... total=MICROSECONDS". -ENOENT: no
 * such line. */
struct pressure {
	double avg10; /* percent */
	uint64_t total_us;
};
int pressure_parse(const char *text, const char *line, struct pressure *p);

/* The line "cpuN ..." of /proc/stat, in ticks. -ENOENT: that CPU is not there. */
struct cpu_ticks {
	uint64_t user, nice, system, idle, iowait, irq, softirq, steal;
};
int cpu_ticks_parse(const char *text, unsigned cpu, struct cpu_ticks *t);

/* Interrupts that each CPU took, over all lines of /proc/interrupts. */
struct interrupts {
	unsigned nr;
	unsigned cpu[KMEM_MAX_CPUS];
	uint64_t sum[KMEM_MAX_CPUS];
};
int interrupts_parse(const char *text, struct interrupts *t);
int interrupts_of(const struct interrupts *t, unsigned cpu, uint64_t *n); /* -ENOENT */

/* ---- read.c ---- */

enum { PSI_CPU, PSI_MEMORY, PSI_IO, PSI_NR };
extern const char *const psi_names[]; /* "cpu", "memory", "io" */

/* System calls of a worker about itself; tests answer themselves. 0 or -errno. */
struct interference_sys {
	int (*usage)(struct rusage *u);
	int (*cpu)(unsigned *cpu);
};
extern const struct interference_sys interference_sys_native;

#define SCHEDSTAT_TEXT 128

/* Index 0: at the start, 1: at the stop. Errors are -errno. */
struct worker_ledger {
	/* by the worker */
	uint64_t ns[2];
	char schedstat[2][SCHEDSTAT_TEXT];
	struct rusage usage[2];
	unsigned at_cpu[2];
	int schedstat_error, usage_error, at_cpu_error;
	int fd_schedstat, fd_sched; /* -errno: could not be opened */
	/* by the main thread */
	unsigned cpu;
	uint64_t migrations[2], interrupts[2], core_throttle[2], package_throttle[2], khz[2];
	int migrations_error, interrupts_error[2], core_throttle_error, package_throttle_error,
		khz_error[2];
} __attribute__((aligned(256)));

#define PRESSURE_TEXT 512
#define STAT_TEXT (1u << 19)
#define SCHED_TEXT (1u << 16)

struct interference {
	struct hostfs host;
	const struct interference_sys *sys;
	uint64_t tick_ns; /* step of what /proc/stat counts */
	unsigned workers;
	struct worker_ledger *worker;
	uint64_t ns[2]; /* when the main thread read /proc/stat and pressure */
	char *stat[2];	/* STAT_TEXT each */
	int stat_error[2];
	char pressure[2][PSI_NR][PRESSURE_TEXT];
	int pressure_error[2][PSI_NR];
	char *scratch; /* SCHED_TEXT */
	struct interrupts *interrupts;
};

int interference_create(struct interference **out, const struct wl_env *env, struct err *e);
void interference_destroy(struct interference *p); /* NULL is allowed */
void interference_thread_open(struct interference *p, unsigned worker);
void interference_thread_read(struct interference *p, unsigned worker, int at);
void interference_read(struct interference *p, int at);

/* ---- figures.c ---- */

enum figure {
	FIGURE_RUN_DELAY,
	FIGURE_RUN_DELAY_SHARE,
	FIGURE_INVOLUNTARY,
	FIGURE_VOLUNTARY,
	FIGURE_MIGRATIONS,
	FIGURE_MINOR,
	FIGURE_MAJOR,
	FIGURE_STEAL,
	FIGURE_STEAL_SHARE, /* whatever the ticks' phase: at least this much */
	FIGURE_IRQ,
	FIGURE_SOFTIRQ,
	FIGURE_INTERRUPTS,
	FIGURE_CORE_THROTTLE,
	FIGURE_PACKAGE_THROTTLE,
	FIGURE_HZ_BEFORE,
	FIGURE_HZ_AFTER,
	FIGURE_NR
};

#define FIGURE_WHY 320

/* What worker @worker of the ledger has; -errno and why not in @why[FIGURE_WHY]. */
int figure_of(const struct interference *p, enum figure f, unsigned worker, double *v, char *why);
/* Stalled time by pressure @kind and line ("some", "full"): ns, and what the last 10 s were (0..1).
 * */
int figure_pressure(const struct interference *p, unsigned kind, const char *line, double *ns,
		    double *avg10, char *why);
double figure_region_ns(const struct interference *p, unsigned worker);
double figure_main_ns(const struct interference *p);

void figures_emit(const struct interference *p, struct value_sink *out);

/* ---- rules.c ---- */

/* 0: the rule is off. */
struct interference_params {
	double run_delay, switches, steal, psi;
	unsigned migrations, throttle, major_faults;
};
extern const struct opt interference_opts[];

/* Flags what is broken, and says how many rules could be judged. */
void rules_apply(const struct interference *p, const struct interference_params *params,
		 struct value_sink *out);

#endif
