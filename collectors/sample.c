/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sample: which address was touched, and what of the allocator lay there.
 *
 * Each worker samples itself into a ring of its own; nobody reads it before the region is over, so
 * reading disturbs nothing, and a ring that is too small shows as lost samples. Meanwhile the engine
 * tells a log of every slab that is grown or freed. Both have the same clock,
 * and are joined by it afterwards.
 *
 *	page faults, each one	where memory is touched first: headers, colours and objects of slabs,
 *				queues, page map. With populate=off and no warm-up this is exact: as many
 *				samples as faults, each in a slab or in another part that is known
 *	loads, stores, ibs	where memory is accessed, from which level, how long it took
 *
 * Values: collectors/sample/report.h.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "collectors/collector.h"
#include "collectors/sample/join.h"
#include "collectors/sample/report.h"
#include "collectors/sample/ring.h"
#include "collectors/sample/source.h"
#include "lib/clock.h"

#define WHY_MAX 480

struct sample_params {
	unsigned event, ldlat, slabs;
	uint64_t period, ring;
};

static const struct opt sample_opts[] = {
	{ .name = "sample_event",
	  .type = OPT_ENUM,
	  .offset = offsetof(struct sample_params, event),
	  .names = sample_event_names,
	  .def = "auto",
	  .help = "what is sampled; auto: loads or ibs where there is one, else page-faults" },
	{ .name = "sample_period",
	  .type = OPT_U64,
	  .offset = offsetof(struct sample_params, period),
	  .min = 1,
	  .max = UINT64_C(1) << 40,
	  .unit = "events",
	  .flags = OPT_AUTO,
	  .def = "auto",
	  .help = "one sample per so many; auto: every fault, every 1009th load or store, 65536th "
		  "operation" },
	{ .name = "sample_ring",
	  .type = OPT_SIZE,
	  .offset = offsetof(struct sample_params, ring),
	  .min = 4096,
	  .max = 1u << 30,
	  .flags = OPT_POW2,
	  .def = "512k",
	  .help = "each worker's room for samples, of 32 to 48 bytes each" },
	{ .name = "sample_ldlat",
	  .type = OPT_UINT,
	  .offset = offsetof(struct sample_params, ldlat),
	  .min = 1,
	  .max = 65535,
	  .unit = "cycles",
	  .def = "30",
	  .help = "loads: only those that take at least so long" },
	{ .name = "sample_slabs",
	  .type = OPT_UINT,
	  .offset = offsetof(struct sample_params, slabs),
	  .min = 1,
	  .max = 1u << 26,
	  .unit = "slabs",
	  .def = "65536",
	  .help = "room for slabs that live at the start or are grown in the region" },
	{ .name = NULL },
};

struct sample_worker {
	struct sample_source source;
	int fd, leader; /* -1: not open */
	struct sample_ring ring;
	struct sample_reader read;
	struct sample *kept;
	size_t nr;
	uint64_t counted;
	char why[WHY_MAX]; /* "" while it samples */
} __attribute__((aligned(256)));

struct sample_priv {
	struct kmem_watch watch; /* first: the watcher gets the rest by it */
	struct slab_log *log;	 /* NULL: no slabs here */
	struct kmem_system *watching;
	const struct perf_sys *sys;
	struct perf_place place;
	struct sample_source source;
	struct kmem_cache **cache; /* the workload's, while they lived */
	unsigned nr_caches;
	struct sample_worker *worker;
	struct join_map map; /* of what lived at the stop */
	int joined;
	char why[WHY_MAX]; /* "" or why nothing is sampled */
	char remark[160];
};

/* ---- open ---- */

static void explain(char why[WHY_MAX], const struct perf_refusal *r)
{
	perf_refusal_text(r, why, WHY_MAX);
}

/* 0 when @which can be opened here; tried on the main thread, so that all workers do the same. */
static int try_source(struct sample_priv *s, enum sample_event which, const struct sample_params *p,
		      const struct hostfs *h)
{
	uint64_t period = p->period == OPT_AUTO_U64 ? 0 : p->period;
	struct perf_refusal why;
	int rc = sample_source_describe(which, period, p->ldlat, h, &s->source, &why), leader = -1;

	if (!rc)
		rc = sample_source_open(&s->source, s->sys, &s->place, &leader, &why);
	if (rc < 0) {
		explain(s->why, &why);
		return rc;
	}
	s->sys->close(rc);
	if (leader >= 0)
		s->sys->close(leader);
	*s->why = '\0';
	return 0;
}

static void choose(struct sample_priv *s, const struct sample_params *p)
{
	static const enum sample_event in_order[] = { SAMPLE_LOADS, SAMPLE_IBS,
						      SAMPLE_PAGE_FAULTS };
	struct hostfs h;

	hostfs_init(&h);
	perf_place_read(&s->place, &h);
	if (p->event != SAMPLE_AUTO) {
		try_source(s, (enum sample_event)p->event, p, &h);
	} else {
		for (size_t i = 0; i < sizeof(in_order) / sizeof(in_order[0]); i++)
			if (!try_source(s, in_order[i], p, &h))
				break;
	}
	if (s->source.side == PERF_USER && !strcmp(s->source.source, "software"))
		snprintf(s->remark, sizeof(s->remark),
			 "without faults of the kernel's own accesses: perf_event_paranoid is %d",
			 s->place.paranoid);
}

static void slab_event(struct kmem_watch *w, enum kmem_watch_event event, struct kmem_cache *c,
		       const struct kmem_slab_view *v)
{
	slab_log_tell(((struct sample_priv *)w)->log, event, c, v, clock_ns());
}

static int sample_open(struct collect_ctx *c, struct err *e)
{
	const struct sample_params *p = c->params;
	struct sample_priv *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(e, -ENOMEM, "no memory");
	c->priv = s;
	s->watch.slab = slab_event;
	s->sys = &perf_sys_kernel;
	s->worker = aligned_alloc(_Alignof(struct sample_worker), c->workers * sizeof(*s->worker));
	if (!s->worker)
		return err_set(e, -ENOMEM, "no memory for %u workers", c->workers);
	memset(s->worker, 0, c->workers * sizeof(*s->worker));
	for (unsigned i = 0; i < c->workers; i++)
		s->worker[i].fd = s->worker[i].leader = -1;
	choose(s, p);
	if (*s->why || !c->env->ops->is_slab)
		return 0;
	if (slab_log_create(&s->log, p->slabs))
		return err_set(e, -ENOMEM, "no memory for a log of %u slabs", p->slabs);
	return 0;
}

/* ---- workers ---- */

static void worker_ioctl(const struct sample_priv *s, const struct sample_worker *w,
			 unsigned long request)
{
	int group = w->leader >= 0;

	s->sys->ioctl(group ? w->leader : w->fd, request, group ? PERF_IOC_FLAG_GROUP : 0);
}

/* What is in the ring now goes; the counter starts from 0. */
static void forget(struct sample_priv *s, struct sample_worker *w)
{
	struct sample_reader r;

	sample_ring_read(&w->ring, &r);
	r.tail = r.head;
	sample_ring_done(&w->ring, &r);
	worker_ioctl(s, w, PERF_EVENT_IOC_RESET);
}

static int sample_thread_open(struct collect_ctx *c, unsigned worker, struct err *e)
{
	const struct sample_params *p = c->params;
	struct sample_priv *s = c->priv;
	struct sample_worker *w = &s->worker[worker];
	struct perf_refusal why;
	int rc;

	(void)e;
	w->source = s->source;
	snprintf(w->why, sizeof(w->why), "%s", s->why);
	if (*w->why)
		return 0;
	rc = sample_source_open(&w->source, s->sys, &s->place, &w->leader, &why);
	if (rc < 0) {
		explain(w->why, &why);
		return 0;
	}
	w->fd = rc;
	rc = sample_ring_map(&w->ring, s->sys, w->fd, p->ring, w->source.sample_type);
	if (rc) {
		snprintf(w->why, sizeof(w->why),
			 "worker %u: a ring of %llu bytes: %s. Remedy: a smaller sample_ring, or "
			 "more by ulimit -l or kernel.perf_event_mlock_kb",
			 worker, (unsigned long long)p->ring, strerror(-rc));
		return 0;
	}
	/* what enabling touches for the first time is touched now */
	worker_ioctl(s, w, PERF_EVENT_IOC_ENABLE);
	worker_ioctl(s, w, PERF_EVENT_IOC_DISABLE);
	forget(s, w);
	return 0;
}

static void sample_thread_start(struct collect_ctx *c, unsigned worker)
{
	struct sample_priv *s = c->priv;

	if (!*s->worker[worker].why)
		worker_ioctl(s, &s->worker[worker], PERF_EVENT_IOC_ENABLE);
}

static void sample_thread_stop(struct collect_ctx *c, unsigned worker)
{
	struct sample_priv *s = c->priv;

	if (!*s->worker[worker].why)
		worker_ioctl(s, &s->worker[worker], PERF_EVENT_IOC_DISABLE);
}

/* ---- start, stop ---- */

struct listing {
	struct slab_log *log;
	struct kmem_cache *cache;
	uint64_t ns;
};

static void list_slab(const struct kmem_slab_view *v, void *arg)
{
	const struct listing *l = arg;

	slab_log_live(l->log, l->cache, v, l->ns);
}

static void list_cache(struct kmem_cache *c, void *arg)
{
	struct listing *l = arg;

	l->cache = c;
	kmem_for_each_slab(c, list_slab, l);
}

static void sample_start(struct collect_ctx *c)
{
	struct sample_priv *s = c->priv;
	struct listing l = { .log = s->log, .ns = clock_ns() };

	if (!s->log)
		return;
	/* first the watcher, so that nothing falls between the two */
	s->watching = c->env->system;
	kmem_system_watch(s->watching, &s->watch);
	kmem_for_each_cache(s->watching, list_cache, &l);
}

static void read_worker(struct sample_priv *s, struct sample_worker *w)
{
	size_t most;
	struct sample one;

	if (s->sys->read(w->fd, &w->counted, sizeof(w->counted)) != (ssize_t)sizeof(w->counted))
		w->counted = SAMPLE_NO_COUNT;
	sample_ring_read(&w->ring, &w->read);
	most = (size_t)((w->read.head - w->read.tail) /
			(sizeof(struct perf_event_header) + sample_bytes(w->ring.sample_type)));
	w->kept = calloc(most + 1, sizeof(*w->kept));
	if (!w->kept) {
		snprintf(w->why, sizeof(w->why), "no memory for %zu samples", most);
		return;
	}
	while (w->nr < most && sample_next(&w->read, &one))
		w->kept[w->nr++] = one;
	while (sample_next(&w->read, &one))
		w->read.malformed++; /* cannot be: counted all the same */
	sample_ring_done(&w->ring, &w->read);
}

/* The caches live until verify is over, so what they are is found out here. */
static int remember_caches(struct sample_priv *s, const struct wl_env *env)
{
	s->cache = calloc(env->nr_caches + 1, sizeof(struct kmem_cache *));
	if (!s->cache)
		return -ENOMEM;
	for (unsigned i = 0; i < env->nr_caches; i++)
		s->cache[s->nr_caches++] = env->cache[i].slab;
	return 0;
}

static void sample_stop(struct collect_ctx *c)
{
	struct sample_priv *s = c->priv;
	const struct wl_env *env = c->env;
	int rc;

	if (s->watching)
		kmem_system_watch(s->watching, NULL);
	for (unsigned i = 0; i < c->workers; i++)
		if (!*s->worker[i].why)
			read_worker(s, &s->worker[i]);
	if (!s->watching)
		return;
	s->watching = NULL;
	rc = slab_log_settle(s->log);
	if (!rc)
		rc = remember_caches(s, env);
	if (!rc)
		rc = join_map_init(&s->map, s->log, env->system, s->cache, s->nr_caches,
				   env->machine->cache_line, env->machine->nr_nodes);
	s->joined = !rc;
	if (rc)
		snprintf(s->why, sizeof(s->why), "no memory to join samples with slabs");
}

/* ---- emit ---- */

/* Is the event precise about each single occurrence, so that it must have as many samples? */
static int every_one(const struct sample_source *src)
{
	return src->period == 1 && !strcmp(src->source, "software");
}

static void add_worker(const struct sample_priv *s, const struct sample_worker *w,
		       struct sample_result *r)
{
	uint64_t lost = w->read.lost;

	for (size_t i = 0; i < w->nr; i++) {
		join_add(&s->map, &r->counts, &w->kept[i], w->ring.sample_type);
		if (w->ring.sample_type & PERF_SAMPLE_WEIGHT && w->kept[i].weight)
			r->latency[r->nr_latency++] = w->kept[i].weight;
	}
	/* a record of lost samples is written with the next one that fits: the last are told by the
	 * counter alone */
	if (every_one(&w->source) && w->counted != SAMPLE_NO_COUNT && w->counted > w->nr &&
	    w->counted - w->nr > lost)
		lost = w->counted - w->nr;
	r->lost += lost;
	r->throttled += w->read.throttled;
	r->malformed += w->read.malformed;
	if (w->counted == SAMPLE_NO_COUNT || r->counted == SAMPLE_NO_COUNT)
		r->counted = SAMPLE_NO_COUNT;
	else
		r->counted += w->counted;
}

static void sample_emit(struct collect_ctx *c, struct value_sink *out)
{
	struct sample_priv *s = c->priv;
	struct sample_result r = { .source = &s->source, .remark = s->remark };
	const char *why = s->why;
	size_t most = 0;

	for (unsigned i = 0; i < c->workers; i++) {
		if (*s->worker[i].why && !*why)
			why = s->worker[i].why;
		most += s->worker[i].nr;
	}
	r.latency = calloc(most + 1, sizeof(*r.latency));
	if (!r.latency)
		why = "no memory";
	if (*why) {
		sample_report_unavailable(
			s->source.word, s->source.source ? s->source.source : "hardware", why, out);
		free(r.latency);
		return;
	}
	if (s->log) {
		r.slabs = s->log->nr;
		r.slabs_lost = s->log->lost;
	}
	for (unsigned i = 0; i < c->workers; i++)
		add_worker(s, &s->worker[i], &r);
	sample_report(&r, &s->map,
		      s->joined ? "" :
				  "this allocator has no slabs to look into; use allocator=slab",
		      out);
	free(r.latency);
}

static void sample_close(struct collect_ctx *c)
{
	struct sample_priv *s = c->priv;

	if (!s)
		return;
	if (s->watching)
		kmem_system_watch(s->watching, NULL);
	for (unsigned i = 0; s->worker && i < c->workers; i++) {
		struct sample_worker *w = &s->worker[i];

		sample_ring_unmap(&w->ring);
		if (w->fd >= 0)
			s->sys->close(w->fd);
		if (w->leader >= 0)
			s->sys->close(w->leader);
		free(w->kept);
	}
	join_map_release(&s->map);
	slab_log_destroy(s->log);
	free(s->cache);
	free(s->worker);
	free(s);
	c->priv = NULL;
}

const struct collector collector_sample = {
	.name = "sample",
	.help = "sampled addresses joined with the slabs that lay there: part, colour, line, field",
	.opts = sample_opts,
	.params_size = sizeof(struct sample_params),
	.open = sample_open,
	.thread_open = sample_thread_open,
	.start = sample_start,
	.thread_start = sample_thread_start,
	.thread_stop = sample_thread_stop,
	.stop = sample_stop,
	.emit = sample_emit,
	.close = sample_close,
};
