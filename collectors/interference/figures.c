/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger: differences between both ends, and why there is none. */
#include "collectors/interference/interference.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/proctext.h"

#define TICK_COUNTED "counted in ticks of /proc/stat, for the whole CPU"

enum whole { WHOLE_SUM, WHOLE_MAX, WHOLE_MEAN };

static const struct {
	const char *metric, *unit;
	enum whole whole; /* what the trial's value is made of the workers' */
	const char *note;
} rows[FIGURE_NR] = {
	[FIGURE_RUN_DELAY] = { "interference.run_delay", "ns", WHOLE_SUM, NULL },
	[FIGURE_RUN_DELAY_SHARE] = { "interference.run_delay_share", "1", WHOLE_MAX, NULL },
	[FIGURE_INVOLUNTARY] = { "interference.involuntary_switches", "switches", WHOLE_SUM, NULL },
	[FIGURE_VOLUNTARY] = { "interference.voluntary_switches", "switches", WHOLE_SUM, NULL },
	[FIGURE_MIGRATIONS] = { "interference.migrations", "1", WHOLE_SUM, NULL },
	[FIGURE_MINOR] = { "interference.minor_faults", "faults", WHOLE_SUM, NULL },
	[FIGURE_MAJOR] = { "interference.major_faults", "faults", WHOLE_SUM, NULL },
	[FIGURE_STEAL] = { "interference.steal", "ns", WHOLE_SUM, TICK_COUNTED },
	[FIGURE_STEAL_SHARE] = { "interference.steal_share", "1", WHOLE_MAX,
				 "at least: a tick less than was counted, so that it was surely so" },
	[FIGURE_IRQ] = { "interference.irq", "ns", WHOLE_SUM, TICK_COUNTED },
	[FIGURE_SOFTIRQ] = { "interference.softirq", "ns", WHOLE_SUM, TICK_COUNTED },
	[FIGURE_INTERRUPTS] = { "interference.interrupts", "1", WHOLE_SUM, NULL },
	[FIGURE_CORE_THROTTLE] = { "interference.core_throttle", "1", WHOLE_SUM, NULL },
	[FIGURE_PACKAGE_THROTTLE] = { "interference.package_throttle", "1", WHOLE_MAX, NULL },
	[FIGURE_HZ_BEFORE] = { "interference.frequency_before", "Hz", WHOLE_MEAN,
			       "the CPU stood still when it was read" },
	[FIGURE_HZ_AFTER] = { "interference.frequency_after", "Hz", WHOLE_MEAN,
			      "read just after the region" },
};

double figure_region_ns(const struct interference *p, unsigned worker)
{
	const struct worker_ledger *w = &p->worker[worker];

	return w->ns[1] > w->ns[0] ? (double)(w->ns[1] - w->ns[0]) : 0;
}

double figure_main_ns(const struct interference *p)
{
	return p->ns[1] > p->ns[0] ? (double)(p->ns[1] - p->ns[0]) : 0;
}

static int missing(char *why, const char *path, int error, const char *remedy)
{
	proctext_why(why, FIGURE_WHY, path, error, remedy);
	return error;
}

/* @to - @from; -ERANGE when it went backwards. */
static int difference(uint64_t from, uint64_t to, double *v, const char *what, char *why)
{
	if (to < from) {
		snprintf(why, FIGURE_WHY, "%s went backwards, from %llu to %llu", what,
			 (unsigned long long)from, (unsigned long long)to);
		return -ERANGE;
	}
	*v = (double)(to - from);
	return 0;
}

static int share_of(double part, double whole, double *v, char *why)
{
	if (!(whole > 0)) {
		snprintf(why, FIGURE_WHY, "the region took no time by the clock");
		return -ERANGE;
	}
	*v = part / whole;
	return 0;
}

/* ---- each kind of figure ---- */

static int run_delay(const struct worker_ledger *w, double *v, char *why)
{
	static const char path[] = "/proc/thread-self/schedstat";
	struct schedstat s[2];

	if (w->schedstat_error)
		return missing(why, path, w->schedstat_error,
			       "it needs a kernel with CONFIG_SCHED_INFO (SCHEDSTATS or "
			       "TASK_DELAY_ACCT)");
	for (int i = 0; i < 2; i++)
		if (schedstat_parse(w->schedstat[i], &s[i])) {
			snprintf(why, FIGURE_WHY, "%s: expected three numbers, got '%.40s'", path,
				 w->schedstat[i]);
			return -EINVAL;
		}
	if (!s[1].slices) { /* a thread that runs has had one */
		snprintf(why, FIGURE_WHY,
			 "%s: this kernel does not count (all zero): boot with delayacct, or "
			 "sysctl kernel.task_delayacct=1",
			 path);
		return -ENODATA;
	}
	return difference(s[0].wait, s[1].wait, v, path, why);
}

static int usage(const struct worker_ledger *w, enum figure f, double *v, char *why)
{
	const struct rusage *a = &w->usage[0], *b = &w->usage[1];

	if (w->usage_error)
		return missing(why, "getrusage(RUSAGE_THREAD)", w->usage_error, NULL);
	switch (f) {
	case FIGURE_INVOLUNTARY:
		*v = (double)(b->ru_nivcsw - a->ru_nivcsw);
		break;
	case FIGURE_VOLUNTARY:
		*v = (double)(b->ru_nvcsw - a->ru_nvcsw);
		break;
	case FIGURE_MINOR:
		*v = (double)(b->ru_minflt - a->ru_minflt);
		break;
	default:
		*v = (double)(b->ru_majflt - a->ru_majflt);
		break;
	}
	return 0;
}

/* The kernel's count; where it keeps none, what both ends show: a move and back is not seen. */
static int migrations(const struct worker_ledger *w, double *v, char *why)
{
	if (!w->migrations_error)
		return difference(w->migrations[0], w->migrations[1], v,
				  "/proc/thread-self/sched: nr_migrations", why);
	if (w->at_cpu_error)
		return missing(why, "sched_getcpu", w->at_cpu_error, NULL);
	*v = w->at_cpu[0] != w->at_cpu[1];
	return 0;
}

static int ticks(const struct interference *p, const struct worker_ledger *w, enum figure f,
		 uint64_t *n, char *why)
{
	struct cpu_ticks t[2];
	uint64_t from, to;
	double v;
	int err;

	for (int i = 0; i < 2; i++) {
		if (p->stat_error[i])
			return missing(why, "/proc/stat", p->stat_error[i], "is /proc mounted?");
		err = cpu_ticks_parse(p->stat[i], w->cpu, &t[i]);
		if (err) {
			snprintf(why, FIGURE_WHY,
				 "/proc/stat has no line of eight numbers for cpu%u", w->cpu);
			return err;
		}
	}
	from = f == FIGURE_IRQ ? t[0].irq : f == FIGURE_SOFTIRQ ? t[0].softirq : t[0].steal;
	to = f == FIGURE_IRQ ? t[1].irq : f == FIGURE_SOFTIRQ ? t[1].softirq : t[1].steal;
	err = difference(from, to, &v, "a count of /proc/stat", why);
	*n = err ? 0 : to - from;
	return err;
}

static int ticks_figure(const struct interference *p, const struct worker_ledger *w, enum figure f,
			double *v, char *why)
{
	uint64_t n;
	int err = ticks(p, w, f, &n, why);

	if (err)
		return err;
	if (f != FIGURE_STEAL_SHARE) {
		*v = (double)n * (double)p->tick_ns;
		return 0;
	}
	/* n ticks read as more than n - 1 of them, and less than n + 1 */
	return share_of(n ? (double)(n - 1) * (double)p->tick_ns : 0, figure_main_ns(p), v, why);
}

static int interrupts(const struct worker_ledger *w, double *v, char *why)
{
	int err = w->interrupts_error[0] ? w->interrupts_error[0] : w->interrupts_error[1];

	if (!err)
		return difference(w->interrupts[0], w->interrupts[1], v, "/proc/interrupts", why);
	if (err == -EIO)
		return missing(why, "/proc/interrupts", err,
			       "it cannot be read: is /proc mounted?");
	snprintf(why, FIGURE_WHY, "/proc/interrupts has no column of numbers for CPU%u", w->cpu);
	return err;
}

static int throttle(const struct worker_ledger *w, int package, double *v, char *why)
{
	const uint64_t *n = package ? w->package_throttle : w->core_throttle;
	int err = package ? w->package_throttle_error : w->core_throttle_error;
	char path[96];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%u/thermal_throttle/%s_throttle_count", w->cpu,
		 package ? "package" : "core");
	if (err)
		return missing(why, path, err, "only x86 kernels on real hardware have it");
	return difference(n[0], n[1], v, path, why);
}

static int frequency(const struct worker_ledger *w, int at, double *v, char *why)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq",
		 w->cpu);
	if (w->khz_error[at])
		return missing(why, path, w->khz_error[at],
			       "there is no cpufreq driver (a virtual machine?)");
	*v = (double)w->khz[at] * 1000;
	return 0;
}

int figure_of(const struct interference *p, enum figure f, unsigned worker, double *v, char *why)
{
	const struct worker_ledger *w = &p->worker[worker];
	int err;

	switch (f) {
	case FIGURE_RUN_DELAY:
		return run_delay(w, v, why);
	case FIGURE_RUN_DELAY_SHARE:
		err = run_delay(w, v, why);
		return err ? err : share_of(*v, figure_region_ns(p, worker), v, why);
	case FIGURE_MIGRATIONS:
		return migrations(w, v, why);
	case FIGURE_STEAL:
	case FIGURE_STEAL_SHARE:
	case FIGURE_IRQ:
	case FIGURE_SOFTIRQ:
		return ticks_figure(p, w, f, v, why);
	case FIGURE_INTERRUPTS:
		return interrupts(w, v, why);
	case FIGURE_CORE_THROTTLE:
	case FIGURE_PACKAGE_THROTTLE:
		return throttle(w, f == FIGURE_PACKAGE_THROTTLE, v, why);
	case FIGURE_HZ_BEFORE:
	case FIGURE_HZ_AFTER:
		return frequency(w, f == FIGURE_HZ_AFTER, v, why);
	default:
		return usage(w, f, v, why);
	}
}

int figure_pressure(const struct interference *p, unsigned kind, const char *line, double *ns,
		    double *avg10, char *why)
{
	struct pressure at[2];
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/pressure/%s", psi_names[kind]);
	for (int i = 0; i < 2; i++) {
		if (p->pressure_error[i][kind])
			return missing(why, path, p->pressure_error[i][kind],
				       "it needs a kernel with CONFIG_PSI, booted with psi=1");
		err = pressure_parse(p->pressure[i][kind], line, &at[i]);
		if (err) {
			snprintf(why, FIGURE_WHY, "%s: there is no line '%s avg10=... total=...'",
				 path, line);
			return err;
		}
	}
	err = difference(at[0].total_us, at[1].total_us, ns, path, why);
	*ns *= err ? 0 : 1000;
	*avg10 = at[1].avg10 / 100;
	return err;
}

/* ---- values ---- */

static const char *note_of(const struct interference *p, enum figure f, char *buf, size_t len)
{
	if (rows[f].note && !strcmp(rows[f].note, TICK_COUNTED)) {
		snprintf(buf, len, TICK_COUNTED "; resolution %g ms", (double)p->tick_ns / 1e6);
		return buf;
	}
	for (unsigned i = 0; f == FIGURE_MIGRATIONS && i < p->workers; i++)
		if (p->worker[i].migrations_error)
			return "only whether the CPU was another one at the end: this kernel has no "
			       "nr_migrations in /proc/PID/sched";
	return rows[f].note;
}

static void emit_figure(const struct interference *p, enum figure f, struct value_sink *out)
{
	double whole = 0;
	char note[160], why[FIGURE_WHY], first[FIGURE_WHY] = "";
	const char *remark = note_of(p, f, note, sizeof(note));

	for (unsigned i = 0; i < p->workers; i++) {
		double v = 0;

		if (figure_of(p, f, i, &v, why)) {
			if (!*first)
				memcpy(first, why, sizeof(first));
			continue;
		}
		whole = rows[f].whole == WHOLE_MAX ? (v > whole ? v : whole) : whole + v;
		if (p->workers > 1)
			proctext_put(out, rows[f].metric, v, rows[f].unit, "kernel", (int)i,
				     remark);
	}
	if (rows[f].whole == WHOLE_MEAN)
		whole /= p->workers;
	if (*first)
		value_put_unavailable(out, rows[f].metric, rows[f].unit, "kernel", first);
	else
		proctext_put(out, rows[f].metric, whole, rows[f].unit, "kernel", -1, remark);
}

static void emit_pressure(const struct interference *p, unsigned kind, const char *line,
			  struct value_sink *out)
{
	char metric[3][64], why[FIGURE_WHY];
	double ns = 0, avg10 = 0, share = 0;
	int err;

	snprintf(metric[0], sizeof(metric[0]), "interference.psi_%s_%s", psi_names[kind], line);
	snprintf(metric[1], sizeof(metric[1]), "interference.psi_%s_%s_share", psi_names[kind],
		 line);
	snprintf(metric[2], sizeof(metric[2]), "interference.psi_%s_%s_avg10", psi_names[kind],
		 line);
	err = figure_pressure(p, kind, line, &ns, &avg10, why);
	if (!err)
		err = share_of(ns, figure_main_ns(p), &share, why);
	if (err) {
		for (int i = 0; i < 3; i++)
			value_put_unavailable(out, metric[i], i ? "1" : "ns", "kernel", why);
		return;
	}
	proctext_put(out, metric[0], ns, "ns", "kernel", -1, "machine-wide");
	proctext_put(out, metric[1], share, "1", "kernel", -1,
		     "machine-wide, of the region's time");
	proctext_put(out, metric[2], avg10, "1", "kernel", -1,
		     "machine-wide, of the ten seconds before the region's end");
}

void figures_emit(const struct interference *p, struct value_sink *out)
{
	for (int f = 0; f < FIGURE_NR; f++)
		emit_figure(p, (enum figure)f, out);
	for (unsigned k = 0; k < PSI_NR; k++) {
		emit_pressure(p, k, "some", out);
		if (k != PSI_CPU) /* no task at all can wait for a CPU */
			emit_pressure(p, k, "full", out);
	}
	value_put_unavailable(out, "interference.smi", "1", "kernel",
			      "system management interrupts are in a model-specific register only: "
			      "perf stat -e msr/smi/ counts them where that PMU is");
}
