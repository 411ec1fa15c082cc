/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resctrl: L3 occupancy and memory traffic of the workers, from the kernel's monitoring groups.
 *
 *	mkdir mon_groups/slabscope-PID		one hardware monitoring id for our threads
 *	echo TID > .../tasks			each worker
 *	cat .../mon_data/mon_L3_*\/...		before and after
 *	rmdir
 *
 * There are few ids in hardware, so what a killed trial left is removed first: groups of our name
 * whose process is gone and which have no threads.
 */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collectors/resctrl.h"

#define ROOT "/sys/fs/resctrl"
#define GROUP_BEGIN "slabscope-"
#define DOMAINS_MAX 64

enum { OCCUPANCY, LOCAL, TOTAL, NR_FILES };

static const struct {
	const char *file, *metric;
	bool level; /* what it is, not what came on top */
} files[NR_FILES] = {
	[OCCUPANCY] = { "llc_occupancy", "resctrl.llc_occupancy", true },
	[LOCAL] = { "mbm_local_bytes", "resctrl.mbm_local", false },
	[TOTAL] = { "mbm_total_bytes", "resctrl.mbm_total", false },
};

struct reading {
	uint64_t value;
	int error;	/* errno; EREMOTEIO stands for the kernel's "Error" */
	bool no_answer; /* the kernel's "Unavailable" */
};

struct domain {
	char name[32]; /* "mon_L3_00" */
	unsigned id;
	struct reading at[2][NR_FILES];
};

struct resctrl {
	struct hostfs fs;
	char group[64]; /* "slabscope-4711" */
	bool made;
	char why[512];	      /* nothing is measured, because; "" */
	pthread_mutex_t lock; /* of join_why */
	char join_why[256];
	struct domain domain[DOMAINS_MAX];
	unsigned nr;
};

/* ---- making the group ---- */

static void no_mount(struct resctrl *r)
{
	char all[8192];

	if (hostfs_read(&r->fs, all, sizeof(all), "/proc/filesystems") > 0 &&
	    !strstr(all, "resctrl"))
		snprintf(
			r->why, sizeof(r->why),
			"this kernel or CPU has no resctrl (ENOENT): it wants cache and bandwidth monitoring, "
			"which guests seldom have");
	else
		snprintf(r->why, sizeof(r->why),
			 "resctrl is not mounted (ENOENT). Remedy: mount -t resctrl resctrl " ROOT);
}

/* What the kernel says of the last refusal, on one line. */
static void last_status(const struct resctrl *r, char *buf, size_t len)
{
	if (hostfs_read(&r->fs, buf, len, ROOT "/info/last_cmd_status") <= 0 || !strcmp(buf, "ok"))
		buf[0] = '\0';
	for (char *c = buf; *c; c++)
		*c = iscntrl((unsigned char)*c) ? ' ' : *c;
}

static void refused(struct resctrl *r, int error, const char *doing)
{
	char status[160];

	last_status(r, status, sizeof(status));
	snprintf(r->why, sizeof(r->why), "%s: %s%s%s%s", doing, strerror(error),
		 *status ? " (" : "", status, *status ? ")" : "");
	if (error == EACCES || error == EPERM)
		snprintf(r->why + strlen(r->why), sizeof(r->why) - strlen(r->why),
			 ". Remedy: run as root, or give yourself " ROOT);
	else if (error == ENOSPC)
		snprintf(r->why + strlen(r->why), sizeof(r->why) - strlen(r->why),
			 ". Remedy: remove other groups: every monitoring id is taken");
}

/* A group of ours whose process is gone and which is empty. */
static bool is_stale(const struct resctrl *r, const char *name)
{
	char text[16], *end;
	long pid;
	int n;

	if (strncmp(name, GROUP_BEGIN, strlen(GROUP_BEGIN)))
		return false;
	pid = strtol(name + strlen(GROUP_BEGIN), &end, 10);
	if (*end || pid <= 1 || pid > INT_MAX || (!kill((pid_t)pid, 0) || errno != ESRCH))
		return false;
	n = hostfs_read(&r->fs, text, sizeof(text), ROOT "/mon_groups/%s/tasks", name);
	return n == 0 || n == -ENOENT;
}

static void remove_stale(const struct resctrl *r)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = NULL;

	if (!hostfs_path(&r->fs, path, sizeof(path), ROOT "/mon_groups"))
		dir = opendir(path);
	while (dir && (entry = readdir(dir)) != NULL)
		if (is_stale(r, entry->d_name) &&
		    !hostfs_path(&r->fs, path, sizeof(path), ROOT "/mon_groups/%s", entry->d_name))
			rmdir(path);
	if (dir)
		closedir(dir);
}

static void make_group(struct resctrl *r)
{
	char path[PATH_MAX], text[64];
	struct stat st;

	if (hostfs_path(&r->fs, path, sizeof(path), ROOT "/mon_groups") || stat(path, &st)) {
		if (hostfs_path(&r->fs, path, sizeof(path), ROOT "/info") || stat(path, &st))
			no_mount(r);
		else
			snprintf(r->why, sizeof(r->why),
				 "this CPU allocates caches and does not monitor them (ENOENT)");
		return;
	}
	if (hostfs_read(&r->fs, text, sizeof(text), ROOT "/info/L3_MON/mon_features") < 0) {
		snprintf(r->why, sizeof(r->why), "this CPU does not monitor its L3 (ENOENT)");
		return;
	}
	remove_stale(r);
	if (hostfs_path(&r->fs, path, sizeof(path), ROOT "/mon_groups/%s", r->group)) {
		refused(r, ENAMETOOLONG, "making a monitoring group");
		return;
	}
	if (mkdir(path, 0755) && errno != EEXIST)
		refused(r, errno, "making a monitoring group");
	else
		r->made = true;
}

int resctrl_open(struct resctrl **out, const struct hostfs *fs, pid_t pid, struct err *e)
{
	struct resctrl *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(e, -ENOMEM, "no memory");
	r->fs = *fs;
	pthread_mutex_init(&r->lock, NULL);
	snprintf(r->group, sizeof(r->group), GROUP_BEGIN "%d", (int)pid);
	make_group(r);
	*out = r;
	return 0;
}

void resctrl_close(struct resctrl *r)
{
	char path[PATH_MAX];

	if (!r)
		return;
	if (r->made && !hostfs_path(&r->fs, path, sizeof(path), ROOT "/mon_groups/%s", r->group))
		rmdir(path);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

/* ---- threads ---- */

static int write_task(const struct resctrl *r, pid_t tid)
{
	char path[PATH_MAX], text[16];
	int len = snprintf(text, sizeof(text), "%d\n", (int)tid), fd, error = 0;

	if (hostfs_path(&r->fs, path, sizeof(path), ROOT "/mon_groups/%s/tasks", r->group))
		return ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, (size_t)len) != len)
		error = errno ? errno : EIO;
	close(fd);
	return error;
}

void resctrl_join(struct resctrl *r, pid_t tid)
{
	char status[120];
	int error;

	if (!r->made)
		return;
	error = write_task(r, tid);
	if (!error)
		return;
	pthread_mutex_lock(&r->lock);
	last_status(r, status, sizeof(status));
	if (!*r->join_why)
		snprintf(r->join_why, sizeof(r->join_why),
			 "thread %d cannot be put into the group: %s%s%s%s", (int)tid,
			 strerror(error), *status ? " (" : "", status, *status ? ")" : "");
	pthread_mutex_unlock(&r->lock);
}

/* ---- reading ---- */

static void read_file(const struct resctrl *r, const struct domain *d, int file,
		      struct reading *out)
{
	char text[64], *end;
	int rc = hostfs_read(&r->fs, text, sizeof(text), ROOT "/mon_groups/%s/mon_data/%s/%s",
			     r->group, d->name, files[file].file);

	*out = (struct reading){ .value = 0 };
	if (rc < 0) {
		out->error = -rc;
		return;
	}
	if (!strcmp(text, "Unavailable")) {
		out->no_answer = true;
		return;
	}
	errno = 0;
	out->value = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno)
		out->error = EREMOTEIO;
}

static int by_id(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static void find_domains(struct resctrl *r)
{
	char path[PATH_MAX], *end;
	struct dirent *entry;
	DIR *dir = NULL;

	r->nr = 0;
	if (!hostfs_path(&r->fs, path, sizeof(path), ROOT "/mon_groups/%s/mon_data", r->group))
		dir = opendir(path);
	while (dir && r->nr < DOMAINS_MAX && (entry = readdir(dir)) != NULL) {
		struct domain *d = &r->domain[r->nr];
		unsigned long id;

		if (strncmp(entry->d_name, "mon_L3_", 7) ||
		    !isdigit((unsigned char)entry->d_name[7]))
			continue;
		id = strtoul(entry->d_name + 7, &end, 10);
		if (*end || strlen(entry->d_name) >= sizeof(d->name) || id > UINT_MAX)
			continue;
		memcpy(d->name, entry->d_name, strlen(entry->d_name) + 1);
		d->id = (unsigned)id;
		r->nr++;
	}
	if (dir)
		closedir(dir);
	qsort(r->domain, r->nr, sizeof(r->domain[0]), by_id);
}

static void read_all(struct resctrl *r, int at)
{
	for (unsigned i = 0; i < r->nr; i++)
		for (int f = 0; f < NR_FILES; f++)
			read_file(r, &r->domain[i], f, &r->domain[i].at[at][f]);
}

void resctrl_start(struct resctrl *r)
{
	if (!r->made)
		return;
	find_domains(r);
	read_all(r, 0);
}

void resctrl_stop(struct resctrl *r)
{
	if (r->made)
		read_all(r, 1);
}

/* ---- values ---- */

/* One domain's number, or why there is none: 0, or -1 with @why. */
static int domain_value(const struct domain *d, int file, double *v, char *why, size_t len)
{
	for (int at = files[file].level; at < 2; at++) {
		const struct reading *r = &d->at[at][file];

		if (r->no_answer)
			snprintf(why, len,
				 "%s: the kernel says Unavailable: the hardware has no value yet",
				 d->name);
		else if (r->error == ENOENT)
			snprintf(why, len, "%s: this CPU has no %s (ENOENT)", d->name,
				 files[file].file);
		else if (r->error == EREMOTEIO)
			snprintf(why, len, "%s: the kernel says Error", d->name);
		else if (r->error)
			snprintf(why, len, "%s: %s", d->name, strerror(r->error));
		else
			continue;
		return -1;
	}
	if (files[file].level) {
		*v = (double)d->at[1][file].value;
		return 0;
	}
	/* the counter may begin anew at 2^64; half of that in one trial is nothing but a step back */
	if (d->at[1][file].value - d->at[0][file].value > UINT64_MAX / 2) {
		snprintf(why, len, "%s: the counter went back from %" PRIu64 " to %" PRIu64,
			 d->name, d->at[0][file].value, d->at[1][file].value);
		return -1;
	}
	*v = (double)(d->at[1][file].value - d->at[0][file].value);
	return 0;
}

/* Why there is nothing at all; NULL. */
static const char *nothing(const struct resctrl *r)
{
	if (*r->why)
		return r->why;
	if (*r->join_why)
		return r->join_why;
	return r->nr ? NULL : "the group has no monitoring data";
}

static int put_file(const struct resctrl *r, int file, struct value_sink *s, double *sum)
{
	char why[256] = "", metric[64];
	bool whole = true;

	*sum = 0;
	for (unsigned i = 0; i < r->nr; i++) {
		double v;

		snprintf(metric, sizeof(metric), "%s_d%u", files[file].metric, r->domain[i].id);
		if (domain_value(&r->domain[i], file, &v, why, sizeof(why))) {
			value_put_unavailable(s, metric, "bytes", "hardware", why);
			whole = false;
			continue;
		}
		value_put(s, metric, v, "bytes", "hardware", -1);
		*sum += v;
	}
	if (whole)
		value_put(s, files[file].metric, *sum, "bytes", "hardware", -1);
	else
		value_put_unavailable(s, files[file].metric, "bytes", "hardware", why);
	return whole ? 0 : -1;
}

void resctrl_emit(const struct resctrl *r, struct value_sink *s)
{
	static const char remote[] = "resctrl.mbm_remote";
	const char *why = nothing(r);
	double sum[NR_FILES];
	int bad[NR_FILES];

	for (int f = 0; f < NR_FILES; f++) {
		if (why)
			value_put_unavailable(s, files[f].metric, "bytes", "hardware", why);
		else
			bad[f] = put_file(r, f, s, &sum[f]);
	}
	if (why)
		value_put_unavailable(s, remote, "bytes", "hardware", why);
	else if (bad[LOCAL] || bad[TOTAL])
		value_put_unavailable(s, remote, "bytes", "hardware",
				      "it is total less local, and one of them is missing");
	else if (sum[TOTAL] < sum[LOCAL])
		value_put_unavailable(
			s, remote, "bytes", "hardware",
			"less total than local traffic: they are not read at one moment");
	else
		value_put(s, remote, sum[TOTAL] - sum[LOCAL], "bytes", "hardware", -1);
}

/* ---- the collector ---- */

static int open_hook(struct collect_ctx *c, struct err *e)
{
	struct resctrl *r = NULL;
	struct hostfs fs;
	int rc;

	hostfs_init(&fs);
	rc = resctrl_open(&r, &fs, getpid(), e);
	c->priv = r;
	return rc;
}

static int thread_hook(struct collect_ctx *c, unsigned worker, struct err *e)
{
	(void)worker;
	(void)e;
	resctrl_join(c->priv, (pid_t)syscall(SYS_gettid));
	return 0;
}

static void start_hook(struct collect_ctx *c)
{
	resctrl_start(c->priv);
}

static void stop_hook(struct collect_ctx *c)
{
	resctrl_stop(c->priv);
}

static void emit_hook(struct collect_ctx *c, struct value_sink *s)
{
	resctrl_emit(c->priv, s);
}

static void close_hook(struct collect_ctx *c)
{
	resctrl_close(c->priv);
	c->priv = NULL;
}

const struct collector collector_resctrl = {
	.name = "resctrl",
	.help = "L3 occupancy and memory traffic of the workers, from the kernel's resctrl groups",
	.open = open_hook,
	.thread_open = thread_hook,
	.start = start_hook,
	.stop = stop_hook,
	.emit = emit_hook,
	.close = close_hook,
};
