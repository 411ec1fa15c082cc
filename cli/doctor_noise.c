/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How still this machine is: what an A/A run found, and what a moment's look shows. */

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor_parts.h"

#define SPIN_MS 200
#define QUICK_SPIN_MS 20
#define GAP_NS 10000 /* a hole in time that long: the thread was not running, or not at speed */

static void stored(struct doctor_noise *n)
{
	char host[64];
	struct err e = { "" };

	if (hostnoise_fingerprint(host, sizeof(host), &e)) {
		snprintf(n->aa_why, sizeof(n->aa_why), "%s", e.text);
		return;
	}
	switch (hostnoise_read(&n->aa, host, &e)) {
	case 0:
		n->have_aa = true;
		break;
	case -ENOENT:
		snprintf(n->aa_why, sizeof(n->aa_why), "not measured on this host");
		break;
	default:
		snprintf(n->aa_why, sizeof(n->aa_why), "%s", e.text);
	}
}

/* "12 ns", "1.2 us", "17 ms". */
static const char *ns_text(double ns, char buf[32])
{
	if (ns < 1000)
		snprintf(buf, 32, "%.3g ns", ns);
	else if (ns < 1e6)
		snprintf(buf, 32, "%.3g us", ns / 1e3);
	else
		snprintf(buf, 32, "%.3g ms", ns / 1e6);
	return buf;
}

static void clocks(struct doctor *d, struct facts *f)
{
	const struct clock_facts *c = &d->clock;
	double empty = clock_ticks_ns(c, c->ticks_cost), step = clock_ticks_ns(c, c->ticks_step);
	/* 1000 steps, and 20 times the cost: a per cent and less of the reading is the clock's own */
	double least = fmax(1000 * step, 20 * empty);
	char text[32];

	fact_number(f, "clock_cost_ns", c->ns_cost, "%s to read clock_gettime",
		    ns_text(c->ns_cost, text));
	fact_number(f, "empty_region_ns", empty, "%s are measured of nothing (%s)",
		    ns_text(empty, text), c->ticks_source);
	fact_number(f, "clock_step_ns", step, "%s: differences of times are multiples of it",
		    ns_text(step, text));
	fact_number(f, "shortest_region_ns", least, "%s: in a shorter one the clock itself is seen",
		    ns_text(least, text));
}

static void load_average(struct doctor *d, struct facts *f)
{
	char text[128];
	double one, cpus = d->machine.cpus ? d->machine.cpus : 1;

	if (hostfs_read(&d->fs, text, sizeof(text), "/proc/loadavg") < 0 ||
	    sscanf(text, "%lf", &one) != 1)
		fact_unknown(f, "load", "/proc/loadavg cannot be read");
	else
		fact_number(f, "load", one, "%.2f threads wanted a CPU in the last minute, of %.0f",
			    one, cpus);
}

static void pressure(struct doctor *d, struct facts *f)
{
	char text[512], *at;
	double share;

	if (hostfs_read(&d->fs, text, sizeof(text), "/proc/pressure/cpu") < 0 ||
	    !(at = strstr(text, "some avg10=")) || sscanf(at, "some avg10=%lf", &share) != 1)
		fact_unknown(f, "cpu_pressure", "/proc/pressure/cpu cannot be read");
	else
		fact_number(f, "cpu_pressure", share,
			    "%.1f %% of the last 10 s somebody waited for a CPU", share);
}

/* Share of all CPU time since boot that the hypervisor gave to others. */
static void steal(struct doctor *d, struct facts *f)
{
	double v[8], sum = 0;
	char path[PATH_MAX], line[512] = "";
	FILE *in = hostfs_path(&d->fs, path, sizeof(path), "/proc/stat") ? NULL : fopen(path, "re");

	if (in && !fgets(line, sizeof(line), in)) /* the first line is all CPUs together */
		*line = '\0';
	if (in)
		fclose(in);
	if (sscanf(line, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &v[0], &v[1], &v[2], &v[3], &v[4],
		   &v[5], &v[6], &v[7]) != 8) {
		fact_unknown(f, "steal", "/proc/stat does not say");
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		sum += v[i];
	fact_number(f, "steal", sum > 0 ? 100 * v[7] / sum : 0,
		    "%.2g %% of the CPU time since boot went to other guests",
		    sum > 0 ? 100 * v[7] / sum : 0);
}

/* "max 100000" or "50000 100000" of the cgroup that we are in (cgroup v2). */
static void cpu_limit(struct doctor *d, struct facts *f)
{
	char own[512], text[64], *path;
	double quota, period;

	if (hostfs_read(&d->fs, own, sizeof(own), "/proc/self/cgroup") < 0 ||
	    !(path = strstr(own, "0::/"))) {
		fact_unknown(f, "cpu_limit", "/proc/self/cgroup does not say");
		return;
	}
	path += 3;
	path[strcspn(path, "\n")] = '\0';
	if (hostfs_read(&d->fs, text, sizeof(text), "/sys/fs/cgroup%s/cpu.max",
			path[1] ? path : "") < 0)
		fact_bool(f, "cpu_limit", false, "none seen");
	else if (sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0)
		fact_number(f, "cpu_limit", quota / period,
			    "%.3g CPUs: beyond it, this cgroup is stopped until the next %.0f ms",
			    quota / period, period / 1000);
	else
		fact_bool(f, "cpu_limit", false, "none");
}

/* Look at the clock all the time: where it jumps, the thread did not run. */
static void stalls(struct doctor *d, struct facts *f)
{
	const unsigned ms = d->request.quick ? QUICK_SPIN_MS : SPIN_MS;
	const uint64_t begin = clock_ns(), end = begin + (uint64_t)ms * 1000000;
	uint64_t last = begin, longest = 0, lost = 0, now;
	unsigned n = 0;
	char text[32];

	do {
		now = clock_ns();
		if (now - last >= GAP_NS) {
			n++;
			lost += now - last;
		}
		if (now - last > longest)
			longest = now - last;
		last = now;
	} while (now < end);
	fact_number(f, "longest_stall_ns", (double)longest,
		    "%s: so long a busy thread stood still, in %u ms",
		    ns_text((double)longest, text), ms);
	fact_number(f, "stalls", n, "%u of %u us or more, together %.2g %% of the time", n,
		    GAP_NS / 1000, 100 * (double)lost / (double)(now - begin));
}

void doctor_noise(struct doctor *d)
{
	struct facts *f = &d->noise.facts;

	stored(&d->noise);
	clocks(d, f);
	load_average(d, f);
	pressure(d, f);
	steal(d, f);
	cpu_limit(d, f);
	stalls(d, f);
}
