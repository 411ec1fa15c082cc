/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a refused event means. The kernel says little more than a number, and the same number for
 * things that need different remedies, so a rule looks at the error, at what was asked and where.
 */

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "collectors/perf/event.h"

const char *const perf_side_names[] = { "user", "kernel", "both", NULL };

bool perf_event_software(const struct perf_event *ev)
{
	return ev->type == PERF_TYPE_SOFTWARE;
}

static bool is_clock(const struct perf_event *ev)
{
	return perf_event_software(ev) &&
	       (ev->config == PERF_COUNT_SW_CPU_CLOCK || ev->config == PERF_COUNT_SW_TASK_CLOCK);
}

/* Context switches (also those between cgroups) and migrations. */
static bool is_switch(const struct perf_event *ev)
{
	return perf_event_software(ev) && (ev->config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
					   ev->config == PERF_COUNT_SW_CPU_MIGRATIONS ||
					   ev->config == PERF_COUNT_SW_CGROUP_SWITCHES);
}

bool perf_event_sideless(const struct perf_event *ev)
{
	return is_clock(ev) || is_switch(ev);
}

enum perf_side perf_event_side(const struct perf_event *ev, enum perf_side asked)
{
	return is_switch(ev) ? PERF_BOTH : is_clock(ev) ? PERF_USER : asked;
}

bool perf_event_same(const struct perf_event *a, const struct perf_event *b)
{
	return a->type == b->type && a->config == b->config && a->config1 == b->config1 &&
	       a->config2 == b->config2 && a->cpu_wide == b->cpu_wide &&
	       (!a->cpu_wide || a->cpu == b->cpu);
}

/* ---- names of errors ---- */

#define ERRNO(e)      \
	{             \
		e, #e \
	}
static const struct {
	int error;
	const char *name;
} names[] = {
	ERRNO(EPERM),	   ERRNO(ENOENT),    ERRNO(ESRCH),    ERRNO(EINTR),	ERRNO(EIO),
	ERRNO(ENXIO),	   ERRNO(E2BIG),     ERRNO(EBADF),    ERRNO(EAGAIN),	ERRNO(ENOMEM),
	ERRNO(EACCES),	   ERRNO(EFAULT),    ERRNO(EBUSY),    ERRNO(EEXIST),	ERRNO(EXDEV),
	ERRNO(ENODEV),	   ERRNO(ENOTDIR),   ERRNO(EISDIR),   ERRNO(EINVAL),	ERRNO(ENFILE),
	ERRNO(EMFILE),	   ERRNO(ENOTTY),    ERRNO(EFBIG),    ERRNO(ENOSPC),	ERRNO(EROFS),
	ERRNO(EPIPE),	   ERRNO(EDOM),	     ERRNO(ERANGE),   ERRNO(ENOSYS),	ERRNO(ENAMETOOLONG),
	ERRNO(ENODATA),	   ERRNO(EPROTO),    ERRNO(EBADMSG),  ERRNO(EOVERFLOW), ERRNO(EILSEQ),
	ERRNO(EOPNOTSUPP), ERRNO(ETIMEDOUT), ERRNO(EALREADY), ERRNO(ECANCELED), ERRNO(ENOEXEC),
	ERRNO(ECHILD),	   ERRNO(ENOTEMPTY), ERRNO(ELOOP),    ERRNO(ESTALE),	ERRNO(EDQUOT),
	ERRNO(ENOBUFS),	   ERRNO(ENOMSG),
};

const char *perf_errno_name(int error, char *buf, size_t len)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].error == error)
			return names[i].name;
	snprintf(buf, len, "errno %d", error);
	return buf;
}

/* ---- the rules ---- */

/* What was asked, and where. */
enum fact {
	SOFT = 1 << 0,	  /* a software event */
	WIDE = 1 << 1,	  /* a whole CPU, or a PMU outside of the cores */
	KERNEL = 1 << 2,  /* the kernel's side too */
	SWITCH = 1 << 3,  /* context switches, migrations */
	PRECISE = 1 << 4, /* precise_ip */
	NO_PMU = 1 << 5,
	GUEST = 1 << 6,
	CAPABLE = 1 << 7,
	LEVEL3 = 1 << 8, /* perf_event_paranoid 3 or 4: Debian's and Ubuntu's */
	EMULATED = 1 << 9,
};

static unsigned facts_of(const struct perf_event *ev, enum perf_side side,
			 const struct perf_place *p)
{
	unsigned f = 0;

	f |= perf_event_software(ev) ? SOFT : 0;
	f |= ev->cpu_wide || ev->no_exclude ? WIDE : 0;
	f |= perf_event_side(ev, side) != PERF_USER ? KERNEL : 0;
	f |= is_switch(ev) ? SWITCH : 0;
	f |= ev->precise ? PRECISE : 0;
	f |= p->pmu ? 0 : NO_PMU;
	f |= p->hypervisor ? GUEST : 0;
	f |= p->emulated ? EMULATED : 0;
	f |= p->perfmon ? CAPABLE : 0;
	f |= p->paranoid >= 3 && p->paranoid != PERF_PARANOID_UNKNOWN ? LEVEL3 : 0;
	return f;
}

/*
 * The first that fits is taken. In the texts: %H name of the hypervisor, %P perf_event_paranoid, %F
 * limit of open files, %E what the C library says of the error.
 */
static const struct rule {
	int error;
	unsigned with, without; /* facts */
	const char *reason, *remedy;
} rules[] = {
	{ ENOENT, SOFT, 0, "this kernel does not know the software event",
	  "a newer kernel, or another quantity" },
	{ ENOENT, WIDE, 0, "no such PMU: its driver is not loaded, or the machine has none",
	  "see /sys/bus/event_source/devices; load the driver of the uncore (intel_uncore, "
	  "amd_uncore, arm_cmn)" },
	{ ENOENT, NO_PMU | EMULATED, 0, "no hardware PMU in this %H guest, which is emulated",
	  "run on bare metal, or under KVM with a virtual PMU (-cpu host,pmu=on)" },
	{ ENOENT, NO_PMU | GUEST, 0, "no hardware PMU in this %H guest",
	  "give the guest a virtual PMU (QEMU: -cpu host,pmu=on), or run on bare metal" },
	{ ENOENT, NO_PMU, 0,
	  "no hardware PMU: the kernel has no driver for this CPU's, or a "
	  "virtual machine hides it",
	  "see `dmesg | grep -i -e pmu -e perf`; enable the virtual PMU, or run on bare metal" },
	{ ENOENT, 0, 0, "this PMU does not have the event",
	  "ask for another quantity, or name an event of this PMU in perf_events" },

	{ EACCES, WIDE, CAPABLE, "kernel.perf_event_paranoid=%P forbids counting whole CPUs",
	  "sysctl -w kernel.perf_event_paranoid=0, or setcap cap_perfmon+ep on slabscope" },
	{ EACCES, SWITCH, CAPABLE,
	  "kernel.perf_event_paranoid=%P forbids counting in the kernel, where switches are counted",
	  "sysctl -w kernel.perf_event_paranoid=1, or setcap cap_perfmon+ep on slabscope; "
	  "collect=rusage has the switches" },
	{ EACCES, KERNEL, CAPABLE,
	  "kernel.perf_event_paranoid=%P forbids counting the kernel's side",
	  "sysctl -w kernel.perf_event_paranoid=1, or setcap cap_perfmon+ep on slabscope, or "
	  "perf_side=user" },
	{ EACCES, LEVEL3, CAPABLE,
	  "kernel.perf_event_paranoid=%P forbids all counting to users (Debian and Ubuntu)",
	  "sysctl -w kernel.perf_event_paranoid=2, or setcap cap_perfmon+ep on slabscope" },
	{ EACCES, CAPABLE, 0, "refused although CAP_PERFMON is there: by a security module",
	  "look for perf_event in the audit log (SELinux, AppArmor, kernel lockdown)" },
	{ EACCES, 0, 0,
	  "not permitted (kernel.perf_event_paranoid=%P), or refused by a security module",
	  "sysctl -w kernel.perf_event_paranoid=2, or setcap cap_perfmon+ep on slabscope; see the "
	  "audit log" },

	{ EPERM, 0, 0,
	  "perf_event_open is refused by a container's seccomp filter or a security module",
	  "docker: --cap-add PERFMON and a --security-opt seccomp=PROFILE that allows "
	  "perf_event_open; else see the audit log" },
	{ ENOSYS, 0, 0, "this kernel has no perf_event_open (no CONFIG_PERF_EVENTS, or a sandbox)",
	  "run outside of the sandbox; collect=time,rusage needs no counters" },
	{ ENODEV, WIDE, 0, "the CPU is off line, or it is not one that this PMU counts on",
	  "bring the CPU on line, or see the PMU's cpumask below /sys/bus/event_source/devices" },
	{ ENODEV, 0, 0, "the CPU or its PMU lacks what the event asks for",
	  "another event; bare metal, where this is a guest" },
	{ EOPNOTSUPP, PRECISE, 0, "this PMU does not offer precise samples of the event",
	  "sample without precision, or another event" },
	{ EOPNOTSUPP, WIDE, 0, "this PMU cannot tell user and kernel apart, or cannot count so",
	  "count both sides, on one of the PMU's CPUs" },
	{ EOPNOTSUPP, 0, 0, "this PMU does not offer what the event asks for",
	  "another event; bare metal, where this is a guest" },
	{ EINVAL, PRECISE, 0, "this PMU refuses the event's code or so much precision",
	  "sample with less precision, or check the code against the CPU's manual" },
	{ EINVAL, WIDE, 0, "this PMU refuses the event's code, or to count it for one thread",
	  "check the code against /sys/bus/event_source/devices/*/format; collect=uncore" },
	{ EINVAL, 0, 0,
	  "this PMU refuses the event's code, or it can never count beside the others",
	  "check the code against the CPU's manual; count fewer events at a time" },
	{ EMFILE, 0, 0, "too many open files: each event of each worker is one (limit: %F)",
	  "raise the limit (ulimit -n), or count fewer events or sides" },
	{ ENFILE, 0, 0, "too many open files in the whole system",
	  "sysctl -w fs.file-max=N, or count fewer events" },
	{ ENOSPC, 0, 0, "no counter is left for the event",
	  "stop what else uses the counters, or count fewer events at a time" },
	{ EBUSY, 0, 0, "somebody else has the PMU for himself",
	  "stop the other profiler (or the NMI watchdog: sysctl -w kernel.nmi_watchdog=0)" },
	{ E2BIG, 0, 0, "this kernel is too old for what is asked of the event",
	  "a newer kernel, or another event" },
	{ EINTR, 0, 0, "signals interrupted the call each time that it was tried",
	  "stop the timer or profiler that sends them, and run again" },
	{ ENOMEM, 0, 0, "the kernel has no memory for the event", "free memory, or count less" },
	{ ESRCH, 0, 0, "the thread that is to be counted is gone", "" },
};

struct text {
	char *buf;
	size_t len, n;
};

static void append(struct text *t, const char *s, size_t n)
{
	for (size_t i = 0; i < n && t->n + 1 < t->len; i++)
		t->buf[t->n++] = s[i];
	t->buf[t->n] = '\0';
}

static void expand(char *buf, size_t len, const char *fmt, int error, const struct perf_place *p)
{
	struct text t = { buf, len, 0 };
	char word[96];

	*buf = '\0';
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			append(&t, fmt, 1);
			continue;
		}
		fmt++;
		if (*fmt == 'H')
			snprintf(word, sizeof(word), "%s",
				 *p->hypervisor_name ? p->hypervisor_name : "virtual");
		else if (*fmt == 'P' && p->paranoid == PERF_PARANOID_UNKNOWN)
			snprintf(word, sizeof(word), "(unknown)");
		else if (*fmt == 'P')
			snprintf(word, sizeof(word), "%d", p->paranoid);
		else if (*fmt == 'F')
			snprintf(word, sizeof(word), "%u", p->open_files);
		else
			snprintf(word, sizeof(word), "%s", strerror(error));
		append(&t, word, strlen(word));
	}
}

void perf_refusal_of(struct perf_refusal *r, int error, const struct perf_event *ev,
		     enum perf_side side, const struct perf_place *p)
{
	static const struct rule other = { 0, 0, 0, "perf_event_open failed: %E", "" };
	const struct rule *rule = &other;
	unsigned facts = facts_of(ev, side, p);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].error == error && (facts & rules[i].with) == rules[i].with &&
		    !(facts & rules[i].without)) {
			rule = &rules[i];
			break;
		}
	r->error = error;
	expand(r->reason, sizeof(r->reason), rule->reason, error, p);
	expand(r->remedy, sizeof(r->remedy), rule->remedy, error, p);
}

char *perf_refusal_text(const struct perf_refusal *r, char *buf, size_t len)
{
	struct text t = { buf, len, 0 };
	char number[24];

	*buf = '\0';
	append(&t, r->reason, strlen(r->reason));
	if (r->error) {
		const char *name = perf_errno_name(r->error, number, sizeof(number));

		append(&t, " (", 2);
		append(&t, name, strlen(name));
		append(&t, ")", 1);
	}
	if (*r->remedy) {
		append(&t, ". Remedy: ", 10);
		append(&t, r->remedy, strlen(r->remedy));
	}
	for (char *c = buf; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	return buf;
}
