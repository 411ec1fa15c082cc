/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * perf: hardware and software counters of the workers' regions, by perf_event_open. What is counted
 * is said in portable quantities; which events these are on this CPU is data (perf/choose.h), and
 * which of them fit together is tried (perf/plan.h). What cannot be counted is a value too: the
 * reason why.
 *
 * Where the workload launches programs, the counts are of these, of all that they start, and of the worker's own fork and
 * wait.
 */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "collectors/collector.h"
#include "collectors/perf/alive.h"
#include "collectors/perf/report.h"

struct perf_params {
	char events[OPT_STR_MAX], files[OPT_STR_MAX];
	unsigned side, multiplex, read;
};

static const char *const sides_names[] = { "user", "kernel", "both", "split", NULL };
static const char *const read_names[] = { "auto", "rdpmc", "read", NULL };

#define EVENTS_DEFAULT "default,software"
#define FIELD(f) offsetof(struct perf_params, f)
static const struct opt perf_opts[] = {
	{ .name = "perf_events",
	  .type = OPT_STR,
	  .offset = FIELD(events),
	  .def = EVENTS_DEFAULT,
	  .help = "quantities, groups or events to count, with commas between (`slabscope events` "
		  "lists them)" },
	{ .name = "perf_side",
	  .type = OPT_ENUM,
	  .offset = FIELD(side),
	  .names = sides_names,
	  .def = "user",
	  .help = "whose execution is counted; split: user, and the kernel's in passes of its own" },
	{ .name = "perf_multiplex",
	  .type = OPT_BOOL,
	  .offset = FIELD(multiplex),
	  .def = "off",
	  .help = "let events that do not fit take turns in one pass, and scale their counts, instead "
		  "of running the region once for each set" },
	{ .name = "perf_files",
	  .type = OPT_STR,
	  .offset = FIELD(files),
	  .def = "",
	  .help = "files or folders of your own events and groups, with colons between" },
	{ .name = "perf_read",
	  .type = OPT_ENUM,
	  .offset = FIELD(read),
	  .names = read_names,
	  .def = "auto",
	  .help = "how counters are read: in user space, by a system call, or as it can be done" },
	{ .name = NULL },
};

struct perf_priv {
	struct ev_db *db; /* the plan's formulas live there */
	struct perf_plan plan;
	struct perf_worker *worker;
};

static int open_db(struct ev_db **db, const struct perf_params *o, struct err *e)
{
	return ev_db_open(db, *o->files ? o->files : NULL, e);
}

/* Names, before any trial runs. The shipped default needs no look. */
static int perf_validate(const void *params, struct err *e)
{
	const struct perf_params *o = params;
	struct perf_wants *w;
	struct ev_db *db;
	int rc;

	if (!*o->files && !strcmp(o->events, EVENTS_DEFAULT))
		return 0;
	rc = open_db(&db, o, e);
	if (rc)
		return rc;
	w = calloc(1, sizeof(*w));
	rc = w ? perf_wants_read(w, db, NULL, o->events, e) : err_set(e, -ENOMEM, "no memory");
	if (w)
		perf_wants_release(w);
	free(w);
	ev_db_close(db);
	return rc;
}

/* Each event of each worker is a descriptor: up to the hard limit if it takes as many. */
static void raise_limit(struct perf_plan *p, unsigned workers)
{
	rlim_t need = (rlim_t)perf_plan_events(p) * workers + 64;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur >= need)
		return;
	l.rlim_cur = l.rlim_max < need ? l.rlim_max : need;
	if (!setrlimit(RLIMIT_NOFILE, &l))
		p->place.open_files = (unsigned)l.rlim_cur;
}

/* A hybrid's events are of one type of core: those that the workers run on. */
static int limit_host(struct ev_host *host, const struct collect_ctx *c, struct err *e)
{
	unsigned *cpu = calloc(c->workers, sizeof(*cpu));
	int rc;

	if (!cpu)
		return err_set(e, -ENOMEM, "no memory for %u workers", c->workers);
	for (unsigned i = 0; i < c->workers; i++)
		cpu[i] = c->env->worker[i].cpu;
	rc = ev_host_limit(host, cpu, c->workers);
	free(cpu);
	return rc ? err_set(e, rc, "the list of the workers' CPUs: %s", strerror(-rc)) : 0;
}

/* What fits is tried where the first worker will run; if this thread may not go there, where it is. */
static int try_plan(struct perf_plan *p, const struct perf_wants *w, enum perf_sides sides,
		    unsigned cpu, struct err *e)
{
	cpu_set_t home, there;
	bool moved = false;
	int rc;

	CPU_ZERO(&there);
	if (cpu < CPU_SETSIZE && !sched_getaffinity(0, sizeof(home), &home)) {
		CPU_SET(cpu, &there);
		moved = !sched_setaffinity(0, sizeof(there), &there);
	}
	rc = perf_plan_make(p, w, sides, e);
	if (!rc)
		perf_plan_alive(p, perf_alive_work);
	if (moved)
		sched_setaffinity(0, sizeof(home), &home);
	return rc;
}

static int make_plan(struct perf_priv *p, const struct collect_ctx *c, struct err *e)
{
	const struct perf_params *o = c->params;
	struct perf_wants *w = calloc(1, sizeof(*w));
	struct ev_host *host = NULL;
	struct hostfs fs;
	int rc;

	if (!w)
		return err_set(e, -ENOMEM, "no memory for the list of events");
	hostfs_init(&fs);
	perf_place_read(&p->plan.place, &fs);
	rc = open_db(&p->db, o, e);
	if (!rc)
		rc = ev_host_open(&host, &fs, e);
	if (!rc)
		rc = limit_host(host, c, e);
	if (!rc)
		rc = perf_wants_read(w, p->db, host, o->events, e);
	if (!rc) {
		p->plan.derived = ev_db_derived(p->db);
		rc = try_plan(&p->plan, w, (enum perf_sides)o->side, c->env->worker[0].cpu, e);
	}
	perf_wants_release(w);
	free(w);
	if (host)
		ev_host_close(host);
	return rc;
}

static int perf_open(struct collect_ctx *c, struct err *e)
{
	const struct perf_params *o = c->params;
	struct perf_priv *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = p;
	p->plan.sys = &perf_sys_kernel;
	p->plan.multiplex = o->multiplex;
	p->plan.inherit = c->wl->children;
	rc = make_plan(p, c, e);
	if (rc)
		return rc;
	p->worker = aligned_alloc(_Alignof(struct perf_worker), c->workers * sizeof(*p->worker));
	if (!p->worker)
		return err_set(e, -ENOMEM, "no memory for %u workers", c->workers);
	memset(p->worker, 0, c->workers * sizeof(*p->worker));
	raise_limit(&p->plan, c->workers);
	return 0;
}

static unsigned perf_passes(struct collect_ctx *c)
{
	return ((const struct perf_priv *)c->priv)->plan.passes;
}

static int perf_thread_open(struct collect_ctx *c, unsigned worker, struct err *e)
{
	const struct perf_params *o = c->params;
	struct perf_priv *p = c->priv;

	return perf_worker_open(&p->worker[worker], &p->plan, (enum perf_read_by)o->read, e);
}

static void perf_thread_start(struct collect_ctx *c, unsigned worker)
{
	struct perf_priv *p = c->priv;

	perf_worker_start(&p->worker[worker], &p->plan, c->pass);
}

static void perf_thread_stop(struct collect_ctx *c, unsigned worker)
{
	struct perf_priv *p = c->priv;

	perf_worker_stop(&p->worker[worker], &p->plan, c->pass);
}

static void perf_emit(struct collect_ctx *c, struct value_sink *out)
{
	const struct perf_priv *p = c->priv;

	perf_report(&p->plan, p->worker, c->workers, c->ops, out);
}

static void perf_close(struct collect_ctx *c)
{
	struct perf_priv *p = c->priv;

	if (!p)
		return;
	for (unsigned i = 0; p->worker && i < c->workers; i++)
		perf_worker_close(&p->worker[i]);
	free(p->worker);
	perf_plan_release(&p->plan);
	if (p->db)
		ev_db_close(p->db);
	free(p);
	c->priv = NULL;
}

const struct collector collector_perf = {
	.name = "perf",
	.help = "hardware and software counters: cache misses, instructions, remote memory, faults",
	.opts = perf_opts,
	.params_size = sizeof(struct perf_params),
	.children = true,
	.validate = perf_validate,
	.open = perf_open,
	.passes = perf_passes,
	.thread_open = perf_thread_open,
	.thread_start = perf_thread_start,
	.thread_stop = perf_thread_stop,
	.emit = perf_emit,
	.close = perf_close,
};
