/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What to do: a table of rules, the most useful first; those that apply are told. */

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor_parts.h"

static void advise(struct doctor *d, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void advise(struct doctor *d, const char *what, const char *fmt, ...)
{
	struct doctor_advice *a = &d->advice[d->nr_advice];
	va_list args;

	if (d->nr_advice == DOCTOR_ADVICE)
		return;
	d->nr_advice++;
	snprintf(a->what, sizeof(a->what), "%s", what);
	va_start(args, fmt);
	vsnprintf(a->command, sizeof(a->command), fmt, args);
	va_end(args);
}

static bool fact_is(const struct facts *f, const char *name, double value)
{
	const struct fact *x = fact_known(f, name);

	return x && x->number == value && x->type != FACT_TEXT;
}

/* @wide: those of the whole machine; else those of a thread. */
static bool refused(const struct doctor *d, int error, bool wide)
{
	for (unsigned i = 0; i < d->nr_quantities; i++)
		if (d->quantity[i].counter && d->quantity[i].state == Q_UNAVAILABLE &&
		    d->quantity[i].why.error == error && d->quantity[i].wide == wide)
			return true;
	return false;
}

static void own_path(char *path, size_t len)
{
	ssize_t n = readlink("/proc/self/exe", path, len - 1);

	if (n <= 0)
		snprintf(path, len, "slabscope");
	else
		path[n] = '\0';
}

/* ---- counting ---- */

static void permissions(struct doctor *d)
{
	const struct facts *f = &d->permissions;
	char path[150];

	own_path(path, sizeof(path));
	if (refused(d, EPERM, false) || refused(d, EPERM, true))
		advise(d,
		       "This container filters perf_event_open: start it with the right to count, and with a "
		       "seccomp profile that allows that call.",
		       "docker run --cap-add PERFMON --security-opt seccomp=PROFILE.json ...");
	if (refused(d, EACCES, true))
		advise(d,
		       "Let users count whole CPUs, which memory controllers need, until the next boot.",
		       "sudo sysctl -w kernel.perf_event_paranoid=0");
	else if (refused(d, EACCES, false) || fact_is(f, "count_in_kernel", 0))
		advise(d,
		       "Let users count their threads, in the kernel too, until the next boot: context "
		       "switches, migrations and the kernel's side of all else happen there.",
		       "sudo sysctl -w kernel.perf_event_paranoid=1");
	else
		return;
	advise(d, "Or give slabscope alone the right to count everything.",
	       "sudo setcap cap_perfmon+ep %s", path);
}

static void pmu(struct doctor *d)
{
	if (d->place.pmu)
		return;
	if (d->place.hypervisor)
		advise(d,
		       "Give this virtual machine a PMU, which is done on its host (libvirt: "
		       "<pmu state='on'/> in <features>; in clouds: a metal instance type).",
		       "qemu-system-%s -enable-kvm -cpu host,pmu=on ...",
		       fact_known(&d->machine.facts, "architecture") ?
			       fact_known(&d->machine.facts, "architecture")->text :
			       "x86_64");
	else
		advise(d, "The kernel found no PMU: it says why when it boots.",
		       "sudo dmesg | grep -i -E 'perf|pmu'");
}

static void packages(struct doctor *d)
{
	static const struct {
		int program;
		const char *what;
	} wanted[] = {
		{ PROGRAM_LIBPFM,
		  "Install libpfm4: it knows more names of events (without it, the codes that are "
		  "built in are used)." },
		{ PROGRAM_GNUPLOT, "Install gnuplot: `slabscope plot` draws with it." },
		{ PROGRAM_PERF,
		  "Install perf: it counts or samples the same region as a check (collect=perfctl)." },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!d->program[wanted[i].program].works)
			advise(d, wanted[i].what, "sudo apt-get install %s",
			       d->program[wanted[i].program].package);
}

static void counters(struct doctor *d)
{
	if (d->place.pmu && fact_is(&d->machine.facts, "nmi_watchdog", 1))
		advise(d, "Stop the NMI watchdog: it holds one of the few hardware counters.",
		       "sudo sysctl -w kernel.nmi_watchdog=0");
	if (fact_is(&d->permissions, "user_space_reads", 0))
		advise(d,
		       "Let a thread read its own counters: some tens of cycles, no system call.",
#if defined(__aarch64__)
		       "sudo sysctl -w kernel.perf_user_access=1"
#else
		       "echo 1 | sudo tee /sys/bus/event_source/devices/cpu/rdpmc"
#endif
		);
	if (doctor_cpu_flag(&d->fs, "cqm_mbm_total") && fact_is(&d->permissions, "resctrl", 0))
		advise(d, "Mount resctrl: this CPU measures memory bandwidth and L3 occupancy.",
		       "sudo mount -t resctrl resctrl /sys/fs/resctrl");
}

/* ---- noise ---- */

static void clock_rate(struct doctor *d)
{
	const struct fact *g = fact_known(&d->machine.facts, "governor");
	const struct fact *source = fact_known(&d->machine.facts, "clocksource");

	if (g && strncmp(g->text, "performance", 11))
		advise(d,
		       "Keep the clock of the CPU high: with this governor it changes while one measures "
		       "(package linux-cpupower).",
		       "sudo cpupower frequency-set -g performance");
	if (fact_is(&d->machine.facts, "tsc_steady", 0))
		advise(d,
		       "The time stamp counter is not promised to keep one rate, so look at counts where "
		       "times disagree with them.",
		       "%s", "");
	if (source && (!strcmp(source->text, "hpet") || !strcmp(source->text, "acpi_pm")))
		advise(d,
		       "The kernel does not use the time stamp counter as its clock, and says why when it "
		       "boots.",
		       "sudo dmesg | grep -i -E 'tsc|clocksource'");
}

static void boost(struct doctor *d)
{
	uint64_t v;

	if (!fact_is(&d->machine.facts, "boost", 1))
		return;
	advise(d, "Switch boost off for comparisons: it depends on heat and on the other cores.",
	       "%s",
	       !hostfs_u64(&d->fs, &v, "/sys/devices/system/cpu/intel_pstate/no_turbo") ?
		       "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo" :
		       "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost");
}

static void balancing(struct doctor *d)
{
	if (d->machine.nr_nodes > 1 && fact_is(&d->machine.facts, "numa_balancing", 1))
		advise(d,
		       "Stop NUMA balancing: it moves pages while placement is measured, and costs "
		       "faults.",
		       "sudo sysctl -w kernel.numa_balancing=0");
}

static void quiet(struct doctor *d)
{
	const struct facts *f = &d->noise.facts;

	if (fact_value(f, "cpu_pressure", 0) >= 5 ||
	    fact_value(f, "load", 0) > d->machine.cpus / 2.0)
		advise(d, "Others use the CPUs now: see who, and wait or stop them.",
		       "ps -eo pid,pcpu,comm --sort=-pcpu | head");
	if (fact_value(f, "longest_stall_ns", 0) >= 1e6)
		advise(d,
		       "A busy thread stood still for a millisecond or more. Use more launches: their "
		       "medians outvote it.",
		       "slabscope run --launches 30 ...");
	if (fact_value(f, "cpu_limit", 0) > 0)
		advise(d,
		       "This cgroup has a CPU limit, and is stopped when it is used up: run with fewer "
		       "workers than that, or lift it.",
		       "%s", "");
}

static void noise_floor(struct doctor *d)
{
	if (!d->noise.have_aa)
		advise(d,
		       "Measure the noise floor: equal settings against each other say how small a "
		       "difference this machine can show.",
		       "slabscope run --aa");
}

void doctor_advice(struct doctor *d)
{
	static void (*const rules[])(struct doctor * d) = {
		permissions, pmu,	 noise_floor, packages, quiet,
		balancing,   clock_rate, boost,	      counters,
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](d);
}
