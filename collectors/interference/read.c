/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes what is in the files at both ends of the region. See interference.h. */
#include "collectors/interference/interference.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/proctext.h"
#include "lib/clock.h"

const char *const psi_names[] = { "cpu", "memory", "io" };

static int native_usage(struct rusage *u)
{
	return getrusage(RUSAGE_THREAD, u) ? -errno : 0;
}

static int native_cpu(unsigned *cpu)
{
	int n = sched_getcpu();

	if (n < 0)
		return -errno;
	*cpu = (unsigned)n;
	return 0;
}

const struct interference_sys interference_sys_native = {
	.usage = native_usage,
	.cpu = native_cpu,
};

int interference_create(struct interference **out, const struct wl_env *env, struct err *e)
{
	struct interference *p = calloc(1, sizeof(*p));
	long hz = sysconf(_SC_CLK_TCK);

	if (!p)
		return err_set(e, -ENOMEM, "no memory");
	p->sys = &interference_sys_native;
	p->tick_ns = 1000000000u / (uint64_t)(hz > 0 ? hz : 100);
	p->worker =
		aligned_alloc(_Alignof(struct worker_ledger), env->workers * sizeof(*p->worker));
	p->stat[0] = calloc(1, STAT_TEXT);
	p->stat[1] = calloc(1, STAT_TEXT);
	p->scratch = malloc(SCHED_TEXT);
	p->interrupts = calloc(1, sizeof(*p->interrupts));
	if (!p->worker || !p->stat[0] || !p->stat[1] || !p->scratch || !p->interrupts) {
		interference_destroy(p);
		return err_set(e, -ENOMEM, "no memory for %u workers", env->workers);
	}
	memset(p->worker, 0, env->workers * sizeof(*p->worker));
	for (unsigned i = 0; i < env->workers; i++) {
		p->worker[i].cpu = env->worker[i].cpu;
		p->worker[i].fd_schedstat = p->worker[i].fd_sched = -EBADF;
	}
	p->workers = env->workers;
	hostfs_init(&p->host);
	*out = p;
	return 0;
}

void interference_destroy(struct interference *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->workers; i++) {
		if (p->worker[i].fd_schedstat >= 0)
			close(p->worker[i].fd_schedstat);
		if (p->worker[i].fd_sched >= 0)
			close(p->worker[i].fd_sched);
	}
	free(p->worker);
	free(p->stat[0]);
	free(p->stat[1]);
	free(p->scratch);
	free(p->interrupts);
	free(p);
}

static int open_own(const struct interference *p, const char *path)
{
	char full[PATH_MAX];
	int fd = hostfs_path(&p->host, full, sizeof(full), "%s", path);

	if (fd)
		return fd;
	fd = open(full, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* By the thread that they are about: they stay about it, whoever reads them. */
void interference_thread_open(struct interference *p, unsigned worker)
{
	struct worker_ledger *w = &p->worker[worker];

	w->fd_schedstat = open_own(p, "/proc/thread-self/schedstat");
	w->fd_sched = open_own(p, "/proc/thread-self/sched");
}

static void read_schedstat(struct worker_ledger *w, int at)
{
	int n = w->fd_schedstat < 0 ?
			w->fd_schedstat :
			proctext_head_fd(w->fd_schedstat, w->schedstat[at], SCHEDSTAT_TEXT);

	if (n < 0)
		w->schedstat_error = n;
}

static void read_usage(struct interference *p, struct worker_ledger *w, int at)
{
	int err = p->sys->usage(&w->usage[at]);

	if (err)
		w->usage_error = err;
	err = p->sys->cpu(&w->at_cpu[at]);
	if (err)
		w->at_cpu_error = err;
}

/* The clock is innermost: what is read here is no part of the region's length. */
void interference_thread_read(struct interference *p, unsigned worker, int at)
{
	struct worker_ledger *w = &p->worker[worker];

	if (at)
		w->ns[1] = clock_ns();
	read_schedstat(w, at);
	read_usage(p, w, at);
	if (!at)
		w->ns[0] = clock_ns();
}

/* ---- by the main thread ---- */

static void read_migrations(struct interference *p, struct worker_ledger *w, int at)
{
	int n = w->fd_sched < 0 ? w->fd_sched :
				  proctext_head_fd(w->fd_sched, p->scratch, SCHED_TEXT);

	if (n >= 0)
		n = proctext_field(p->scratch, "se.nr_migrations", &w->migrations[at]);
	if (n < 0)
		w->migrations_error = n;
}

static void read_cpu_files(struct interference *p, struct worker_ledger *w, int at)
{
	static const char dir[] = "/sys/devices/system/cpu/cpu";
	int err = hostfs_u64(&p->host, &w->core_throttle[at],
			     "%s%u/thermal_throttle/core_throttle_count", dir, w->cpu);

	if (err)
		w->core_throttle_error = err;
	err = hostfs_u64(&p->host, &w->package_throttle[at],
			 "%s%u/thermal_throttle/package_throttle_count", dir, w->cpu);
	if (err)
		w->package_throttle_error = err;
	w->khz_error[at] =
		hostfs_u64(&p->host, &w->khz[at], "%s%u/cpufreq/scaling_cur_freq", dir, w->cpu);
}

static void read_interrupts(struct interference *p, int at)
{
	struct err e;
	char *text = proctext_all(&p->host, "/proc/interrupts", &e);
	int err = text ? interrupts_parse(text, p->interrupts) : -EIO;

	free(text);
	for (unsigned i = 0; i < p->workers; i++) {
		struct worker_ledger *w = &p->worker[i];

		w->interrupts_error[at] =
			err ? err : interrupts_of(p->interrupts, w->cpu, &w->interrupts[at]);
	}
}

static void read_machine(struct interference *p, int at)
{
	int n = proctext_head(&p->host, p->stat[at], STAT_TEXT, "/proc/stat");

	p->stat_error[at] = n < 0 ? n : 0;
	for (int k = 0; k < PSI_NR; k++) {
		n = hostfs_read(&p->host, p->pressure[at][k], PRESSURE_TEXT, "/proc/pressure/%s",
				psi_names[k]);
		p->pressure_error[at][k] = n < 0 ? n : 0;
	}
	p->ns[at] = clock_ns();
}

/* What ages while other files are read is nearest the region. */
void interference_read(struct interference *p, int at)
{
	if (at)
		read_machine(p, 1);
	for (unsigned i = 0; i < p->workers; i++) {
		read_migrations(p, &p->worker[i], at);
		read_cpu_files(p, &p->worker[i], at);
	}
	read_interrupts(p, at);
	if (!at)
		read_machine(p, 0);
}
