/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel lets this process do. What decides is tried; the files are read to say why. The tries
 * use software events, so that a machine without a PMU does not look like a missing permission.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/doctor_parts.h"

static void level(struct doctor *d, struct facts *f, bool may)
{
	static const char *const means[] = {
		"users may count everything but raw tracepoints",
		"users may count whole CPUs, and their own threads on both sides",
		"users may count their own threads, in the kernel too",
		"users may count their own threads outside of the kernel",
	};
	const char *text;
	int p = d->place.paranoid;

	/* kernels differ in what is above 2; who is not bound by it cannot tell */
	if (p <= 2)
		text = means[p < 0 ? 0 : p + 1];
	else if (d->place.perfmon)
		text = "users may count nothing on Debian's and Ubuntu's kernels; on others it is as 2";
	else
		text = may ? "this kernel takes it as 2: users may count their own threads outside of it" :
			     "users may count nothing";
	if (p == PERF_PARANOID_UNKNOWN)
		fact_unknown(f, "perf_event_paranoid",
			     "/proc/sys/kernel/perf_event_paranoid cannot be read");
	else
		fact_number(f, "perf_event_paranoid", p, "%d (%s)", p, text);
}

/* Open a software event so, and close it. */
static bool can_open(struct doctor *d, enum perf_side side, bool wide, struct perf_refusal *why)
{
	struct perf_event ev = { .name = "page-faults",
				 .type = PERF_TYPE_SOFTWARE,
				 .config = PERF_COUNT_SW_PAGE_FAULTS,
				 .cpu_wide = wide };

	return !perf_probe(&perf_sys_kernel, &ev, side, &d->place, why);
}

static void try_open(struct doctor *d, struct facts *f, const char *name, enum perf_side side,
		     bool wide, const char *yes)
{
	char text[PERF_REASON_MAX + 64];
	struct perf_refusal why;

	if (can_open(d, side, wide, &why)) {
		fact_bool(f, name, true, "yes: %s", yes);
		return;
	}
	why.remedy[0] = '\0'; /* the advice has it */
	fact_bool(f, name, false, "no: %s", perf_refusal_text(&why, text, sizeof(text)));
}

static void capabilities(struct doctor *d, struct facts *f)
{
	unsigned uid = (unsigned)geteuid();

	fact_number(f, "user", uid, uid ? "%u, not root" : "%u, root", uid);
	fact_bool(f, "capable", d->place.perfmon, "%s",
		  d->place.perfmon ?
			  "yes: CAP_PERFMON or CAP_SYS_ADMIN, which lifts the level above" :
			  "no: neither CAP_PERFMON nor CAP_SYS_ADMIN");
}

static void user_reads(struct doctor *d, struct facts *f)
{
	uint64_t v;

	if (!hostfs_u64(&d->fs, &v, "/sys/bus/event_source/devices/cpu/rdpmc"))
		fact_number(f, "user_space_reads", (double)v, "%s (rdpmc is %u)",
			    v ? "yes: counters are read without a system call" :
				"no: each reading is a system call",
			    (unsigned)v);
	else if (!hostfs_u64(&d->fs, &v, "/proc/sys/kernel/perf_user_access"))
		fact_number(f, "user_space_reads", (double)v, "%s (kernel.perf_user_access is %u)",
			    v ? "yes: counters are read without a system call" :
				"no: each reading is a system call",
			    (unsigned)v);
	else
		fact_unknown(f, "user_space_reads", "%s",
			     d->place.pmu ? "the kernel has no such setting for this PMU" :
					    "there is no PMU to read");
}

static void kernel_names(struct doctor *d, struct facts *f)
{
	uint64_t v;

	if (hostfs_u64(&d->fs, &v, "/proc/sys/kernel/kptr_restrict"))
		fact_unknown(f, "kptr_restrict", "/proc/sys/kernel/kptr_restrict cannot be read");
	else
		fact_number(f, "kptr_restrict", (double)v, "%u (%s)", (unsigned)v,
			    !v ? "perf can name functions of the kernel, where the level allows" :
			    v == 1 ? "perf can name functions of the kernel only for root" :
				     "perf cannot name functions of the kernel");
}

static void ptrace(struct doctor *d, struct facts *f)
{
	uint64_t v;

	if (hostfs_u64(&d->fs, &v, "/proc/sys/kernel/yama/ptrace_scope"))
		fact_unknown(f, "ptrace_scope", "no Yama here: nothing restricts attaching");
	else
		fact_number(f, "ptrace_scope", (double)v,
			    "%u (debuggers only: perf attaches to slabscope at any value)",
			    (unsigned)v);
}

/* What move_pages says of a page of our own. */
static void placement(struct facts *f)
{
#ifdef SYS_move_pages
	int status = -1; /* on the stack, so its page is there */
	void *page = &status;

	if (!syscall(SYS_move_pages, 0, 1ul, &page, NULL, &status, 0) && status >= 0)
		fact_bool(f, "move_pages", true, "yes: the kernel says on which node a page is");
	else
		fact_bool(f, "move_pages", false, "no: %s",
			  strerror(status < 0 && status != -1 ? -status : errno));
#else
	fact_unknown(f, "move_pages", "not on this architecture");
#endif
}

static void resctrl(struct doctor *d, struct facts *f)
{
	char text[8192];
	bool flag = doctor_cpu_flag(&d->fs, "cqm_llc") || doctor_cpu_flag(&d->fs, "cqm_mbm_total");
	bool known = hostfs_read(&d->fs, text, sizeof(text), "/proc/filesystems") >= 0 &&
		     strstr(text, "\tresctrl");

	if (hostfs_read(&d->fs, text, sizeof(text), "/sys/fs/resctrl/info/L3_MON/mon_features") >=
	    0)
		fact_bool(f, "resctrl", true, "yes: %s", strtok(text, "\n") ? text : "nothing");
	else if (!flag)
		fact_bool(f, "resctrl", false, "no: the CPU does not offer to monitor its L3");
	else
		fact_bool(f, "resctrl", false, "no: %s",
			  known ? "it is not mounted" :
				  "the kernel was built without CONFIG_X86_CPU_RESCTRL");
}

static void limit(struct facts *f, const char *name, int resource, unsigned unit, const char *what)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)resource, &r))
		fact_unknown(f, name, "getrlimit: %s", strerror(errno));
	else if (r.rlim_cur == RLIM_INFINITY)
		fact_text(f, name, "unlimited");
	else
		fact_number(f, name, (double)r.rlim_cur, "%llu%s",
			    (unsigned long long)r.rlim_cur / unit, what);
}

static void sandbox(struct doctor *d, struct facts *f)
{
	char text[8192], *at;

	if (hostfs_read(&d->fs, text, sizeof(text), "/proc/self/status") < 0 ||
	    !(at = strstr(text, "\nSeccomp:"))) {
		fact_unknown(f, "seccomp", "/proc/self/status does not say");
		return;
	}
	at += strcspn(at, "012");
	fact_bool(f, "seccomp", *at == '2' || *at == '1', "%s",
		  *at == '0' ?
			  "none: no system call is filtered" :
			  "a filter: a container may refuse system calls whatever the level says");
}

void doctor_permissions(struct doctor *d)
{
	struct facts *f = &d->permissions;
	struct perf_refusal why;

	perf_place_read(&d->place, &d->fs);
	level(d, f, can_open(d, PERF_USER, false, &why));
	capabilities(d, f);
	try_open(d, f, "count_own_threads", PERF_USER, false, "outside of the kernel");
	try_open(d, f, "count_in_kernel", PERF_BOTH, false, "own threads, in the kernel too");
	try_open(d, f, "count_whole_cpus", PERF_BOTH, true, "everything that runs on a CPU");
	user_reads(d, f);
	kernel_names(d, f);
	ptrace(d, f);
	placement(f);
	resctrl(d, f);
	sandbox(d, f);
	limit(f, "open_files", RLIMIT_NOFILE, 1, "");
	limit(f, "locked_memory", RLIMIT_MEMLOCK, 1024, " KiB");
}
