/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rusage: what the kernel says that the region used. Per worker by RUSAGE_THREAD, so that nothing
 * of set-up or of other threads is in it; the resident set is the whole process's, there is no
 * other.
 *
 * Where the workload launches programs: what those used that have ended, and their children that they waited for; the
 * resident set is that of the largest.
 *
 * user_ns and system_ns are exact only as a sum on kernels that sample them at ticks.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collectors/collector.h"

struct rusage_worker {
	struct rusage at[2];
	int error; /* errno */
} __attribute__((aligned(256)));

struct rusage_priv {
	struct rusage at[2]; /* the process */
	int error;
	struct rusage_worker *worker;
};

static int rusage_open(struct collect_ctx *c, struct err *e)
{
	struct rusage_priv *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = r;
	r->worker = aligned_alloc(_Alignof(struct rusage_worker), c->workers * sizeof(*r->worker));
	if (!r->worker)
		return err_set(e, -ENOMEM, "no memory for %u workers", c->workers);
	memset(r->worker, 0, c->workers * sizeof(*r->worker));
	return 0;
}

static void read_process(struct collect_ctx *c, int at)
{
	struct rusage_priv *r = c->priv;

	if (getrusage(c->wl->children ? RUSAGE_CHILDREN : RUSAGE_SELF, &r->at[at]))
		r->error = errno;
}

static void read_thread(struct collect_ctx *c, unsigned worker, int at)
{
	struct rusage_worker *w = &((struct rusage_priv *)c->priv)->worker[worker];

	if (getrusage(c->wl->children ? RUSAGE_CHILDREN : RUSAGE_THREAD, &w->at[at]))
		w->error = errno;
}

static void rusage_start(struct collect_ctx *c)
{
	read_process(c, 0);
}

static void rusage_stop(struct collect_ctx *c)
{
	read_process(c, 1);
}

static void rusage_thread_start(struct collect_ctx *c, unsigned worker)
{
	read_thread(c, worker, 0);
}

static void rusage_thread_stop(struct collect_ctx *c, unsigned worker)
{
	read_thread(c, worker, 1);
}

static double get_minflt(const struct rusage *r)
{
	return (double)r->ru_minflt;
}

static double get_majflt(const struct rusage *r)
{
	return (double)r->ru_majflt;
}

static double get_nvcsw(const struct rusage *r)
{
	return (double)r->ru_nvcsw;
}

static double get_nivcsw(const struct rusage *r)
{
	return (double)r->ru_nivcsw;
}

static double get_user(const struct rusage *r)
{
	return (double)r->ru_utime.tv_sec * 1e9 + (double)r->ru_utime.tv_usec * 1e3;
}

static double get_system(const struct rusage *r)
{
	return (double)r->ru_stime.tv_sec * 1e9 + (double)r->ru_stime.tv_usec * 1e3;
}

static const struct {
	const char *metric, *unit;
	double (*get)(const struct rusage *r);
} per_thread[] = {
	{ "rusage.minor_faults", "faults", get_minflt },
	{ "rusage.major_faults", "faults", get_majflt },
	{ "rusage.voluntary_switches", "switches", get_nvcsw },
	{ "rusage.involuntary_switches", "switches", get_nivcsw },
	{ "rusage.user_ns", "ns", get_user },
	{ "rusage.system_ns", "ns", get_system },
};

static void emit_threads(struct collect_ctx *c, struct value_sink *out)
{
	const struct rusage_priv *r = c->priv;

	for (size_t m = 0; m < sizeof(per_thread) / sizeof(per_thread[0]); m++) {
		double sum = 0;
		int error = 0;

		for (unsigned i = 0; i < c->workers; i++) {
			const struct rusage_worker *w = &r->worker[i];
			double v = per_thread[m].get(&w->at[1]) - per_thread[m].get(&w->at[0]);

			if (w->error)
				error = w->error;
			else if (c->workers > 1)
				value_put(out, per_thread[m].metric, v, per_thread[m].unit,
					  "kernel", (int)i);
			sum += v;
		}
		if (error)
			value_put_unavailable(out, per_thread[m].metric, per_thread[m].unit,
					      "kernel", strerror(error));
		else
			value_put(out, per_thread[m].metric, sum, per_thread[m].unit, "kernel", -1);
	}
}

static void rusage_emit(struct collect_ctx *c, struct value_sink *out)
{
	const struct rusage_priv *r = c->priv;

	emit_threads(c, out);
	if (r->error) {
		value_put_unavailable(out, "rusage.maxrss", "bytes", "kernel", strerror(r->error));
		value_put_unavailable(out, "rusage.maxrss_growth", "bytes", "kernel",
				      strerror(r->error));
		return;
	}
	/* Linux counts ru_maxrss in KiB */
	value_put(out, "rusage.maxrss", (double)r->at[1].ru_maxrss * 1024, "bytes", "kernel", -1);
	value_put(out, "rusage.maxrss_growth",
		  (double)(r->at[1].ru_maxrss - r->at[0].ru_maxrss) * 1024, "bytes", "kernel", -1);
}

static void rusage_close(struct collect_ctx *c)
{
	struct rusage_priv *r = c->priv;

	if (!r)
		return;
	free(r->worker);
	free(r);
	c->priv = NULL;
}

const struct collector collector_rusage = {
	.name = "rusage",
	.help = "page faults, switches, user and system time of the workers; peak memory",
	.children = true,
	.open = rusage_open,
	.start = rusage_start,
	.thread_start = rusage_thread_start,
	.thread_stop = rusage_thread_stop,
	.stop = rusage_stop,
	.emit = rusage_emit,
	.close = rusage_close,
};
