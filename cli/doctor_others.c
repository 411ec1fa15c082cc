/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quantities that are not events of perf: clocks, the kernel's files, where pages lie, samples. */

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor_parts.h"

#define INSTALL_PERF "apt-get install linux-perf"

static void say_expression(struct doctor_quantity *q, const char *text)
{
	snprintf(q->expression, sizeof(q->expression), "%s", text);
}

/* ---- clocks ---- */

static void see_time(struct doctor *d, struct doctor_quantity *q)
{
	const struct clock_facts *c = &d->clock;

	snprintf(q->expression, sizeof(q->expression),
		 "%s, %.6g ticks in a nanosecond, in steps of %.3g ns", c->ticks_source,
		 c->ticks_per_ns, clock_ticks_ns(c, c->ticks_step));
	if (!c->constant)
		doctor_say(q, Q_APPROXIMATE, 0,
			   "fix the CPU's frequency: cpupower frequency-set -g performance",
			   "the CPU does not say that its clock runs at one rate");
}

static void see_latency(struct doctor *d, struct doctor_quantity *q)
{
	const struct clock_facts *c = &d->clock;

	see_time(d, q);
	snprintf(q->expression, sizeof(q->expression), "%s, an empty region reads as %.3g ns",
		 c->ticks_source, clock_ticks_ns(c, c->ticks_cost));
}

/* ---- files ---- */

/* @path is there and can be read: exact; else why not. */
static void see_file(struct doctor *d, struct doctor_quantity *q, const char *path,
		     const char *remedy)
{
	char full[512], one;
	FILE *f = NULL;
	int error = 0;

	say_expression(q, path);
	if (hostfs_path(&d->fs, full, sizeof(full), "%s", path))
		error = ENAMETOOLONG;
	else if (!(f = fopen(full, "re")) || (fread(&one, 1, 1, f) != 1 && ferror(f)))
		error = errno; /* where PSI is switched off, opening succeeds and reading does not */
	if (f)
		fclose(f);
	if (error)
		doctor_say(q, Q_UNAVAILABLE, error, remedy, "%s: %s", path, strerror(error));
}

static void see_numastat(struct doctor *d, struct doctor_quantity *q)
{
	see_file(d, q, "/sys/devices/system/node/node0/numastat",
		 "a kernel with CONFIG_NUMA; on one node nothing is lost");
}

static void see_numa_maps(struct doctor *d, struct doctor_quantity *q)
{
	see_file(d, q, "/proc/self/numa_maps",
		 "a kernel with CONFIG_NUMA; numa-census needs no such file");
}

static void see_psi(struct doctor *d, struct doctor_quantity *q)
{
	see_file(d, q, "/proc/pressure/cpu",
		 "a kernel with CONFIG_PSI, started without psi=0 (on some: with psi=1)");
}

static void see_run_delay(struct doctor *d, struct doctor_quantity *q)
{
	see_file(d, q, "/proc/self/schedstat", "a kernel with CONFIG_SCHED_INFO");
}

static void see_steal(struct doctor *d, struct doctor_quantity *q)
{
	see_file(d, q, "/proc/stat", "mount /proc");
}

static void see_throttle(struct doctor *d, struct doctor_quantity *q)
{
	see_file(d, q, "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
		 d->place.hypervisor ? "ask the host: a virtual machine does not see it" :
				       "Intel CPUs only; watch the frequency instead");
}

static void see_interrupts(struct doctor *d, struct doctor_quantity *q)
{
	see_file(d, q, "/proc/interrupts", "mount /proc");
}

/* ---- where pages lie ---- */

static void see_census(struct doctor *d, struct doctor_quantity *q)
{
	const struct fact *f = fact_known(&d->permissions, "move_pages");

	say_expression(q, "move_pages");
	if (!f || !f->number)
		doctor_say(q, Q_UNAVAILABLE, ENOSYS,
			   "a kernel with CONFIG_NUMA, and a sandbox that allows move_pages",
			   "move_pages %.150s", f ? f->text : "is not on this architecture");
}

static void see_traffic(struct doctor *d, struct doctor_quantity *q)
{
	const struct doctor_quantity *census = doctor_find(d, "numa-census");

	say_expression(q, "where pages lie x accesses from each node");
	if (census && !doctor_measurable(census))
		doctor_say(q, Q_UNAVAILABLE, census->why.error, census->why.remedy,
			   "it is made of numa-census, which is not to be had");
	else /* a trial has no such state: what it says of a prediction is its source */
		doctor_say(
			q, Q_APPROXIMATE, 0, "",
			"predicted, not counted: caches are left out%s; in samples.csv its source is "
			"placement and its state exact, which there means not scaled",
			d->machine.nr_nodes == 1 ? "; with one node it is all local" : "");
}

/* ---- samples ---- */

static void see_fault_samples(struct doctor *d, struct doctor_quantity *q)
{
	const struct perf_event ev = { .name = "page-faults",
				       .type = PERF_TYPE_SOFTWARE,
				       .config = PERF_COUNT_SW_PAGE_FAULTS };
	int rc = doctor_try_sampling(&ev);

	say_expression(q, "perf::PAGE-FAULTS with addresses");
	if (!rc)
		return;
	q->state = Q_UNAVAILABLE;
	perf_refusal_of(&q->why, -rc, &ev, PERF_USER, &d->place);
}

/* ---- the rest ---- */

static void see_resctrl(struct doctor *d, struct doctor_quantity *q)
{
	const struct fact *f = fact_known(&d->permissions, "resctrl");

	say_expression(q, "/sys/fs/resctrl");
	if (f && f->number)
		return;
	doctor_say(q, Q_UNAVAILABLE, ENOENT,
		   f && strstr(f->text, "mounted") ? "mount -t resctrl resctrl /sys/fs/resctrl" :
		   d->place.hypervisor		   ? "bare metal: virtual machines do not get it" :
					 "a CPU that monitors its L3 (Intel RDT, AMD QoS)",
		   "resctrl: %s", f ? f->text : "unknown");
}

static void see_perfctl(struct doctor *d, struct doctor_quantity *q)
{
	const struct doctor_program *p = &d->program[PROGRAM_PERF];

	if (p->works)
		snprintf(q->expression, sizeof(q->expression), "perf %s, steered by --control",
			 p->version);
	else
		doctor_say(q, Q_UNAVAILABLE, p->found ? 0 : ENOENT, INSTALL_PERF, "%s", p->why);
}

static void see_nothing(struct doctor *d, struct doctor_quantity *q)
{
	(void)d;
	(void)q;
}

static const struct {
	const char *name, *source, *help;
	void (*see)(struct doctor *d, struct doctor_quantity *q);
} others[] = {
	{ "time", "clock", "time of a region", see_time },
	{ "latency", "clock", "time of single operations, sampled", see_latency },
	{ "rusage", "kernel", "faults, switches, user and system time of each worker",
	  see_nothing },
	{ "slabinfo", "engine", "slabs, objects, bytes, refills: the allocator's own counters",
	  see_nothing },
	{ "numa-census", "kernel", "on which node each page lies", see_census },
	{ "numa-traffic", "placement", "accesses from node to node", see_traffic },
	{ "numastat", "kernel", "pages given by each node, machine-wide", see_numastat },
	{ "numa-maps", "kernel", "pages of each mapping by node and size", see_numa_maps },
	{ "psi", "kernel", "share of time that somebody waited for a CPU", see_psi },
	{ "run-delay", "kernel", "time that a worker was ready and not on a CPU", see_run_delay },
	{ "steal", "kernel", "time that the hypervisor took", see_steal },
	{ "throttle", "kernel", "times that the CPU was slowed down for heat", see_throttle },
	{ "interrupts", "kernel", "interrupts on the workers' CPUs", see_interrupts },
	{ "page-fault-samples", "software", "addresses of page faults", see_fault_samples },
	{ "resctrl", "hardware", "L3 occupancy and memory bandwidth of a group", see_resctrl },
	{ "perfctl", "software", "the same region by the system's own perf", see_perfctl },
};

void doctor_others(struct doctor *d)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct doctor_quantity *q =
			doctor_add(d, others[i].name, others[i].source, others[i].help);

		if (q)
			others[i].see(d, q);
	}
}
